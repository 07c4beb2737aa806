"""What the store needs while a station serves: old records go, the file is looked through, and damage ends the program when it may."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from cc613_chargepoint.store import Store, StoreDamaged, StoreError
from cc613hal.clock import Clock, ClockState

__all__ = ["keep_house"]

_log = logging.getLogger(__name__)
FIRST_S, DAY_S = 600.0, 86_400.0


async def keep_house(store: Store, clock: Clock, busy: Callable[[], bool]) -> None:
    """Look after the store until cancelled.

    Args:
        store: open.
        clock: the station's clock.
        busy: whether a customer is being served.

    Raises:
        StoreDamaged: the file is damaged, and nobody is being served: the program ends, and with the next start the damaged file is kept
            aside and a new one begun with what can be read of it.
    """
    async with asyncio.TaskGroup() as group:
        group.create_task(_daily(store, clock), name="retention")
        group.create_task(_end_when_damaged(store, clock, busy), name="damage of the store")


async def _daily(store: Store, clock: Clock) -> None:
    """Once a day, first some minutes after the start, when nobody waits for the disk."""
    pause_s = FIRST_S
    while True:
        await clock.sleep(pause_s)
        pause_s = DAY_S
        try:
            await store.prune(clock.wall(), sure=clock.state is ClockState.SYNCHRONISED)
            await store.check()
        except StoreError as error:
            _log.error("the store is not looked after today: %s", error)


async def _end_when_damaged(store: Store, clock: Clock, busy: Callable[[], bool]) -> None:
    damage = await store.damaged()
    _log.critical("%s; the station starts anew as soon as nobody is being served", damage.message)
    while busy():
        await clock.sleep(1.0)
    raise StoreDamaged(damage.message, device="store", hint="start the station again: what can be read of the file is taken over")
