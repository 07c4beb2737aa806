"""What the slave may draw: what its master leased it, and its safe current as soon as that is over. Nothing has to run for it to end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from cc613_chargepoint.limits import LimitBook
from cc613_chargepoint.pairing.deliveries import ROOM
from cc613_chargepoint.pairing.messages import Lease
from cc613_chargepoint.store import Store, StoreError
from cc613hal.clock import Clock

__all__ = ["MASTER", "Allowance"]

_log = logging.getLogger(__name__)

MASTER = "master"
"""Source name of the limit that the master sets; who set it there is named behind it."""


class Allowance:
    """Keeps the master's limit in the book of the slave's connector.

    Args:
        book: of the connector.
        store: the slave's: the safe current is on its disk before it counts.
        clock: the station's clock.
        over: is called when a lease ends without a new one.
    """

    def __init__(self, book: LimitBook, store: Store, clock: Clock, over: Callable[[], None]) -> None:
        self._book, self._store, self._clock, self._over = book, store, clock, over
        self._source = MASTER
        self._current_a = 0.0
        self._until_s = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self.safe_a = 0.0
        """What may be drawn without a master, A per phase; nothing, until a master has said it once."""

    async def begin(self, within_s: float) -> None:
        """From the start on the safe current of the last run counts.

        Args:
            within_s: if no master is heard within this time, the lease counts as ended, s.
        """
        known = await self._store.read(lambda tx: tx.memory.get(ROOM, "safe"), "looking at the safe current")
        self.safe_a = 0.0 if known is None else float(known)
        self._book.set(self._source, self.safe_a)
        self._timer = asyncio.get_running_loop().call_later(within_s, self._ended)

    @property
    def allowed_a(self) -> float:
        """What may be drawn now, A per phase."""
        return self._current_a if self._clock.monotonic_s() < self._until_s else self.safe_a

    @property
    def stands(self) -> bool:
        """Whether a lease counts now."""
        return self._clock.monotonic_s() < self._until_s

    async def obey(self, lease: Lease, sent_s: float) -> bool:
        """Take over a lease.

        Args:
            lease: of the master.
            sent_s: monotonic time when the beat that it is based on was sent, s.

        Returns:
            Whether it still counts: one that was too long on its way is over.
        """
        if lease.safe_a != self.safe_a:
            try:
                await self._store.write(lambda tx: tx.memory.put(ROOM, "safe", lease.safe_a), "keeping the safe current")
            except StoreError as error:
                _log.error("the safe current stays %g A: %s", self.safe_a, error)
            else:
                self.safe_a = lease.safe_a
        until_s = sent_s + lease.for_s
        for_s = until_s - self._clock.monotonic_s()
        if for_s <= 0.0:
            return False
        source, before = f"{MASTER}: {lease.source}", self._source
        self._book.set(source, lease.current_a, for_s=for_s, then_a=self.safe_a, phases=lease.phases)
        if before != source:
            self._book.withdraw(before)
        self._source, self._current_a, self._until_s = source, lease.current_a, until_s
        self.end()
        self._timer = asyncio.get_running_loop().call_later(for_s, self._ended)
        return True

    def end(self) -> None:
        """Tell nobody any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ended(self) -> None:
        self._timer = None
        self._over()
