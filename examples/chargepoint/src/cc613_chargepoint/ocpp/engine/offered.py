"""What a backend may do with the parameters of this very station: what its parts do not have is no setting."""

from __future__ import annotations

from typing import Any

from cc613_chargepoint.facade.commands import StationStatus
from cc613_chargepoint.ocpp.engine.transactions.signing import Offered
from cc613_chargepoint.settings import Parameter, hmi
from cc613_chargepoint.settings.charge_rows import UNLOCK_ON_EV_SIDE

__all__ = ["OfferedHere"]

_OF_LIGHTS = (hmi.BRIGHTNESS, hmi.BLINKS)


class OfferedHere(Offered):
    """Decides it for one backend.

    Args:
        signing: decides it for signed values.
        status: of the station, at the start.
    """

    def __init__(self, signing: Offered, status: StationStatus) -> None:
        self._signing = signing
        self._locks, self._lights = any(each.locks for each in status.connectors), status.lights

    def absent(self, which: Parameter[Any]) -> bool:
        """See :class:`Offered`: a station without lights for customers has nothing to dim."""
        return self._signing.absent(which) or (which in _OF_LIGHTS and not self._lights)

    def fixed(self, which: Parameter[Any]) -> str | None:
        """See :class:`Offered`: a fixed cable cannot be unlocked (OCPP 1.6 errata, 3.84)."""
        return "false" if which is UNLOCK_ON_EV_SIDE and not self._locks else self._signing.fixed(which)

    def objection(self, which: Parameter[Any], text: str) -> str:
        """See :class:`Offered`."""
        return self._signing.objection(which, text)
