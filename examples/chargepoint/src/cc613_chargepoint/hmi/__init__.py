"""Status of the station on its lights."""

from __future__ import annotations

from cc613_chargepoint.hmi.lights import Lights

__all__ = ["Lights"]
