"""What matters for security: written into the station's log, and owed to the backend where a security profile is in use."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from cc613_chargepoint.ocpp.engine.asked.upkeep import SECURITY_EVENT
from cc613_chargepoint.ocpp.engine.owed.facts import SecurityEvent, packed
from cc613_chargepoint.settings import ocpp
from cc613_chargepoint.store import Transaction

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.engine.engine import Engine

__all__ = ["SECURITY_QUEUE", "SecurityNotes"]

_log = logging.getLogger(__name__)

SECURITY_QUEUE = "security"
"""Queue of what is told about security: its own, and guaranteed (whitepaper A04; 2.0.1 A04)."""
_ROUTINE = frozenset({"StartupOfTheDevice", "ResetOrReboot", "FirmwareUpdated", "SettingSystemTime"})
"""What is as it should be: the standard wants it told, and nobody need be warned."""


class SecurityNotes:
    """Takes them.

    Args:
        engine: whose station it is.
        wake: tells the sender that something waits.
    """

    def __init__(self, engine: Engine, wake: Callable[[], None]) -> None:
        self._engine, self._wake = engine, wake

    def started(self, reason: str) -> None:
        """The station has started, and perhaps because it was told to: both are critical events of the standard.

        Args:
            reason: why, as 2.0.1 calls it.
        """
        self.note("StartupOfTheDevice")
        if reason != "PowerUp":
            self.note("ResetOrReboot", reason)

    def note(self, kind: str, detail: str = "") -> None:
        """Something happened.

        Args:
            kind: as the standard names it.
            detail: in words; what is longer than 255 characters is cut.
        """
        _log.log(logging.INFO if kind in _ROUTINE else logging.WARNING, "security: %s %s", kind, detail)
        event = SecurityEvent(type=kind, at=self._engine.clock.wall(), detail=detail[:255])
        told = self._engine.settings.get(ocpp.SECURITY_PROFILE) >= 1
        self._engine.operations.spawn(self._keep(event, told=told))

    async def _keep(self, event: SecurityEvent, *, told: bool) -> None:
        def work(tx: Transaction) -> None:
            tx.audit.add(at=event.at, actor="ocpp", role="", action=SECURITY_EVENT, subject=event.type, after=event.detail or None)
            if told:
                tx.outbox.put(queue=SECURITY_QUEUE, kind=event.type, payload=packed(event), created=event.at)

        await self._engine.store.write(work, "keeping a security event")
        if told:
            self._wake()
