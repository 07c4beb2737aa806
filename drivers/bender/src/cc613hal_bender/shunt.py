"""The shunt release: a relay trips the breaker upstream when a contactor hangs.

Source: Bender's online documentation, "electrical safety" (relay K2 may be closed on a welded contactor to fire a shunt release). Pulse and
confirmation are inferred.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cc613hal.errors import ConfigError, HalError, NotOnBoard
from cc613hal.interfaces import Relay, SupplyMonitor
from cc613hal.plugins import DeviceContext

__all__ = ["ShuntRelease"]

_LOOK_S = 0.1


class ShuntRelease:
    """Fires once for each weld, and looks whether the mains went.

    Args:
        context: the contactor's place; its uses ``shunt`` and, if connected, ``supply``.
        pulse_s: how long the relay is closed, s.
        confirm_s: how long the mains may take to go, s.
        voltage_behind: whether mains is sensed behind the contactor; ``None`` where nothing senses it.

    Raises:
        ConfigError: no relay is connected.
    """

    def __init__(
        self, context: DeviceContext, *, pulse_s: float, confirm_s: float, voltage_behind: Callable[[], Awaitable[bool | None]]
    ) -> None:
        self._context = context
        self._pulse_s = pulse_s
        self._confirm_s = confirm_s
        self._voltage_behind = voltage_behind
        try:
            self._relay = context.uses("shunt", Relay)
        except NotOnBoard as error:
            raise ConfigError(
                "shunt_release needs the relay that feeds the shunt release",
                device=context.device,
                hint='connect it: uses = { shunt = "relay2" }',
            ) from error
        self._supply = self._monitor()
        self._fired: str | None = context.memory.load("shunt_fired")

    def rearm(self) -> None:
        """The contacts are clear: the next weld fires again."""
        if self._fired is not None:
            self._fired = None
            self._context.memory.save("shunt_fired", None)

    async def fire(self) -> str:
        """Close the relay for a pulse, unless this weld was fired at before; says what came of it.

        Whether it fired is kept before the relay closes: the controller may lose its own supply with the breaker.
        """
        if self._fired is not None:
            return self._fired
        self._note("the shunt release was fired")
        self._context.log.error("%s: welded: the shunt release is fired to trip the breaker upstream", self._context.device)
        begun_s = self._context.clock.monotonic_s()
        try:
            await self._relay.switch_on()
            await self._context.clock.sleep(self._pulse_s)
        except HalError as error:
            return self._note(f"the shunt release could not be fired ({error})")
        finally:
            await self._relay.switch_off()
        return self._note(f"the shunt release was fired, {await self._outcome(begun_s)}")

    async def _outcome(self, begun_s: float) -> str:
        clock = self._context.clock
        while True:
            gone = await self._mains_gone()
            if gone is None:
                return "and nothing tells whether the breaker tripped"
            if gone:
                return f"the mains went {clock.monotonic_s() - begun_s:.1f} s after"
            if clock.monotonic_s() - begun_s >= self._confirm_s:
                return "but the mains is still there: the breaker did not trip"
            await clock.sleep(_LOOK_S)

    async def _mains_gone(self) -> bool | None:
        """Whether the mains is gone, as far as anything can tell: behind the hanging contacts, or at their input."""
        behind = await self._voltage_behind()
        before = None if self._supply is None else (await self._supply.read_supply()).mains_present
        if behind is None and before is None:
            return None
        return behind is not True and before is not True

    def _monitor(self) -> SupplyMonitor | None:
        try:
            return self._context.uses("supply", SupplyMonitor)
        except NotOnBoard:
            return None

    def _note(self, what: str) -> str:
        self._fired = what
        self._context.memory.save("shunt_fired", what)
        return what
