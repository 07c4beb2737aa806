"""Resets that a backend wants: of the station or of one outlet, at once or when nobody charges, and why the station starts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import TYPE_CHECKING

from cc613_chargepoint.facade.commands import Restart, SetAvailability, StopCharge
from cc613_chargepoint.ocpp.engine.owed.facts import StopReason
from cc613_chargepoint.ocpp.engine.transactions.reasons import HARD_RESET, SOFT_RESET
from cc613_chargepoint.settings import ocpp
from cc613_chargepoint.store import Transaction
from cc613hal.errors import HalError

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.engine.engine import Engine

__all__ = ["Resets"]

_log = logging.getLogger(__name__)
_ROOM = "ocpp"
DRAIN_S = 30.0
"""How long a soft reset waits for what is owed to be answered, s."""


class Resets:
    """Carries them out.

    Args:
        engine: whose station it is.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._scheduled: set[int] = set()

    # -- the station --------------------------------------------------------------------------------------------------------------------

    async def when_idle(self) -> None:
        """Start again as soon as nobody charges; until then nobody new begins."""
        operations, ledger = self._engine.operations, self._engine.ledger
        for number in operations.connectors:
            if number not in ledger.transactions:
                await operations.ask(SetAvailability(connector=number, in_service=False))
        while ledger.transactions:
            await self._engine.clock.sleep(1.0)
        await self._engine.store.write(lambda tx: tx.memory.put(_ROOM, "boot_reason", "ScheduledReset"), "noting why the station restarts")
        await self.station(hard=False)

    async def boot_reason(self) -> str | None:
        """Why the station started, if the backend wanted it; asked once."""

        def work(tx: Transaction) -> str | None:
            found = tx.memory.get(_ROOM, "boot_reason")
            tx.memory.forget(_ROOM, "boot_reason")
            return None if found is None else str(found)

        return await self._engine.store.write(work, "reading why the station started")

    async def _note(self) -> None:
        """The next boot says that the backend wanted it."""

        def work(tx: Transaction) -> None:
            if tx.memory.get(_ROOM, "boot_reason") is None:
                tx.memory.put(_ROOM, "boot_reason", "RemoteReset")

        await self._engine.store.write(work, "noting why the station restarts")

    async def station(self, *, hard: bool) -> None:
        """Start again. A soft reset first ends what runs and has it answered, if the backend can be reached (OCPP 1.6, 5.14)."""
        if not hard:
            await self._end(self._engine.operations.connectors)
            if self._engine.connected:
                try:
                    async with asyncio.timeout(DRAIN_S):
                        await self._engine.sender.drained()
                except TimeoutError:
                    _log.warning("not everything was answered before the reset; it stays owed")
        await self._note()
        await self._restart(Restart(reason=HARD_RESET if hard else SOFT_RESET))

    # -- one outlet ---------------------------------------------------------------------------------------------------------------------

    async def outlet(self, connector: int) -> None:
        """Have one outlet start again; what runs there ends, and the others go on (2.0.1, B11)."""
        await self._end([connector])
        await self._restart(Restart(reason=SOFT_RESET, connector=connector))

    async def outlet_when_idle(self, connector: int) -> None:
        """As :meth:`outlet`, as soon as nobody charges there (2.0.1, B12); to ask for it twice changes nothing."""
        if connector in self._scheduled:
            return
        self._scheduled.add(connector)
        try:
            while connector in self._engine.ledger.transactions:
                await self._engine.clock.sleep(1.0)
        finally:
            self._scheduled.discard(connector)
        await self.outlet(connector)

    # -- both ---------------------------------------------------------------------------------------------------------------------------

    async def _end(self, connectors: Collection[int]) -> None:
        for connector in [each for each in connectors if each in self._engine.ledger.running]:
            try:
                await self._engine.operations.ask(StopCharge(connector=connector, reason=SOFT_RESET))
            except HalError as error:
                _log.warning("connector %d does not stop for the reset: %s", connector, error)
        try:
            # what is owed about the end is owed once that is recorded: a meter that signs takes its time
            async with asyncio.timeout(DRAIN_S):
                while any(each in self._engine.ledger.running for each in connectors):
                    await self._engine.clock.sleep(0.05)
        except TimeoutError:
            _log.warning("a session has not ended before the reset")
        for connector in connectors:
            self._engine.extents.close(connector, StopReason.SOFT_RESET)

    async def _restart(self, command: Restart) -> None:
        for tries in range(1 + self._engine.settings.get(ocpp.RESET_TRIES)):
            try:
                await self._engine.operations.ask(command)
            except HalError as error:
                _log.error("restart, attempt %d: %s", tries + 1, error)
            else:
                return
