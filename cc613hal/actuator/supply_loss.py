"""A locked plug and a failing supply: see to it, or at least tell, that the plug is released.

Sources: Bender CC613 manual D00381 (a built-in emergency opener unlocks on loss of supply; the 12 V supply is monitored); chargebyte's
Charge Control C documentation (stored energy drives the plug open on shutdown). The order, contactor off before the plug is released, and
all times are inferred.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from typing_extensions import TypeForm

from cc613hal.actuator.preset import ActuatorPreset, MotorLockOptions, OnSupplyLoss
from cc613hal.errors import ConfigError, HalError, NotOnBoard
from cc613hal.events import EventSource, Subscription
from cc613hal.interfaces.contactor import Contactor, ContactorState
from cc613hal.interfaces.lock import LockPosition, LockReading, ReleaseReport
from cc613hal.interfaces.supply import SupplyMonitor, SupplyReading, SupplyState
from cc613hal.plugins.context import DeviceContext

__all__ = ["SupplyLoss"]

_LOOK_S = 0.02
_DRIVEN = "a stroke of the driver"
T = TypeVar("T")


class SupplyLoss:
    """What a lock does about a failing supply. It only helps: releasing the plug must not depend on a program that is losing its power.

    Args:
        context: the lock's place.
        options: its options.
        preset: its actuator.
        read: the bolt now.
        busy: whether a command is under way.
        give_up: ends a command that is under way.
        unlock: drives the bolt back at once, whatever else is going on.

    Raises:
        ConfigError: ``unlock`` is asked for without a contactor to switch off before, or with a stroke that cannot fit.
    """

    def __init__(
        self,
        context: DeviceContext,
        options: MotorLockOptions,
        preset: ActuatorPreset,
        *,
        read: Callable[[], LockReading],
        busy: Callable[[], bool],
        give_up: Callable[[], Awaitable[None]],
        unlock: Callable[[], Awaitable[None]],
    ) -> None:
        self._context = context
        self._options = options
        self._preset = preset
        self._read = read
        self._busy = busy
        self._give_up = give_up
        self._unlock = unlock
        self._task: asyncio.Task[None] | None = None
        self._supply: SupplyMonitor | None = _connected(context, "supply", SupplyMonitor)
        self._contactor: Contactor | None = _connected(context, "contactor", Contactor)
        self.reports: EventSource[ReleaseReport] = EventSource(f"{context.device}.releases")
        self.last: ReleaseReport | None = None
        self.failing = False
        """The supply is failing now."""
        if options.on_supply_loss is OnSupplyLoss.UNLOCK:
            self._check()

    def watch(self) -> tuple[Subscription, ...]:
        """Listen to the supply; the subscriptions are the caller's to cancel."""
        if self._supply is None or self._options.on_supply_loss is OnSupplyLoss.IGNORE:
            return ()
        return (self._supply.changes.on(self._changed),)

    async def aclose(self) -> None:
        """Stop what is going on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=2.0)
            self._task = None

    def _check(self) -> None:
        device, budget_s, stroke_s = self._context.device, self._options.hold_up_s, self._preset.drive_s
        if self._supply is None or self._contactor is None:
            raise ConfigError(
                "on_supply_loss = unlock needs to know the supply and the contactor",
                device=device,
                hint='connect them: uses = { supply = "supply", contactor = "contactor1" }',
            )
        if stroke_s >= budget_s:
            raise ConfigError(
                f"a stroke of {stroke_s:g} s does not fit into a hold-up time of {budget_s:g} s", device=device, hint="raise hold_up_s"
            )

    def _changed(self, reading: SupplyReading) -> None:
        self.failing = reading.state is SupplyState.FAILING
        if not self.failing or (self._task is not None and not self._task.done()):
            return
        if self._read().position is LockPosition.UNLOCKED and not self._busy():
            return
        self._task = asyncio.create_task(self._release(), name=f"{self._context.device} release")

    async def _release(self) -> None:
        begun_s = self._context.clock.monotonic_s()
        if self._options.on_supply_loss is OnSupplyLoss.UNLOCK:
            detail = await self._drive_back(begun_s)
        else:
            await self._give_up()
            await self._wait_for_opener(begun_s)
            detail = "the emergency opener"
        reading = self._read()
        released = None if reading.position is LockPosition.UNKNOWN or not reading.verified else reading.position is LockPosition.UNLOCKED
        if released is None and detail == _DRIVEN:
            detail += ", and nothing tells whether it went back"
        self._report(begun_s, reading, released, detail)

    async def _wait_for_opener(self, begun_s: float) -> None:
        clock = self._context.clock
        while clock.monotonic_s() - begun_s < self._options.release_within_s:
            reading = self._read()
            if reading.verified and reading.position is LockPosition.UNLOCKED:
                return
            await clock.sleep(_LOOK_S)

    async def _drive_back(self, begun_s: float) -> str:
        """Contactor off, then one stroke, if there is time for it; says what was done."""
        assert self._contactor is not None
        try:
            result = await self._contactor.switch_off()
        except HalError as error:
            return f"the plug stays locked: the contactor is not proven open ({error})"
        if result.verified and result.state is not ContactorState.OFF:
            return "the plug stays locked: the contactor is not proven open"
        left_s = self._options.hold_up_s - (self._context.clock.monotonic_s() - begun_s)
        if left_s < self._preset.drive_s:
            return f"no stroke: {left_s:.2f} s of the hold-up time are left, it takes {self._preset.drive_s:g} s"
        try:
            await self._unlock()
        except HalError as error:
            return f"the motor could not be driven ({error})"
        return _DRIVEN

    def _report(self, begun_s: float, reading: LockReading, released: bool | None, detail: str) -> None:
        stamp = self._context.clock.stamp()
        report = ReleaseReport(
            stamp=stamp,
            source=self._context.device,
            released=released,
            position=reading.position,
            elapsed_s=stamp.monotonic_s - begun_s,
            detail=detail,
        )
        self.last = report
        if released:
            self._context.log.warning("%s: the supply failed; the plug was released by %s", self._context.device, detail)
        else:
            how = "not" if released is False else "not known to be"
            self._context.health.fault(f"the supply failed and the plug is {how} released: {detail}")
        self.reports.publish(report)


def _connected(context: DeviceContext, role: str, capability: TypeForm[T]) -> T | None:
    try:
        return context.uses(role, capability)
    except NotOnBoard:
        return None
