"""How good what a meter said is, and what its device's health says about it: the same for every meter, however it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import cast

from cc613hal.modbus_map import QUANTITIES, Shape, Value
from cc613hal.plugins import DeviceContext
from cc613hal.readings import Quality
from cc613hal_meters.options import MountedOptions
from cc613hal_meters.watch import CounterWatch

__all__ = ["Adjusted", "Judge", "adjustment", "source_of"]

Adjusted = tuple[float, Decimal]
"""Factor for values, exact factor for counters."""


class Judge:
    """Keeps what a meter's counters had reached, what is wrong with it at the moment, and the device's health.

    Args:
        context: the device's place on the board.
    """

    def __init__(self, context: DeviceContext) -> None:
        self._context = context
        self._counters = CounterWatch()
        self._complaints: dict[str, str] = {}

    def begin(self, counters: Mapping[str, Value]) -> None:
        """Take the counters of a meter that was just connected as they are; one that is lower than it was is logged as exchanged.

        Args:
            counters: energy counters by quantity, Wh; others and missing ones are left out.
        """
        self._counters = CounterWatch()
        before: object = self._context.memory.load("counters", {})
        known = cast("dict[str, object]", before) if isinstance(before, dict) else {}
        for name, wh in counters.items():
            if not isinstance(wh, Decimal):
                continue
            self._counters.highest[name] = wh
            reached = known.get(name)
            if isinstance(reached, str) and wh < Decimal(reached):
                self._context.log.warning(
                    "%s: %s is %s Wh, it was %s Wh before: the meter was exchanged or reset", self._context.device, name, wh, reached
                )
        self.remember()

    def remember(self) -> None:
        """Keep the counters for the next start."""
        if self._counters.highest:
            self._context.memory.save("counters", {name: str(wh) for name, wh in self._counters.highest.items()})

    def quality(self, verb: str, counters: Iterable[tuple[str, Value]], *, impossible: str | None, stuck: str | None) -> Quality:
        """How good a group of values is.

        Args:
            verb: who read it; a verb clears only what the same verb had found.
            counters: its energy counters by quantity, Wh.
            impossible: what is impossible about its values; ``None`` if nothing is.
            stuck: why the meter no longer measures; ``None`` if it does.
        """
        backwards = None
        for name, wh in counters:
            if isinstance(wh, Decimal):
                backwards = self._counters.complaint(name, wh) or backwards
        if impossible or stuck or backwards or self._complaints:
            self._complain(verb, impossible or backwards or stuck)
        if impossible or backwards:
            return Quality.SUSPECT
        return Quality.STALE if stuck else Quality.GOOD

    def _complain(self, verb: str, complaint: str | None) -> None:
        if complaint is None:
            self._complaints.pop(verb, None)
        else:
            self._complaints[verb] = complaint
        if self._complaints:
            self._context.health.degraded(next(reversed(self._complaints.values())))
        else:
            self._context.health.ok("values are plausible again")


def source_of(quantity: str, options: MountedOptions) -> str:
    """The quantity to read for the one that is wanted: import and export change places in a meter mounted the other way round."""
    return (QUANTITIES[quantity].opposite or quantity) if options.reversed else quantity


def adjustment(quantity: str, options: MountedOptions) -> Adjusted | None:
    """What a value is multiplied with because of mounting and transformers; ``None`` for nothing."""
    kind = QUANTITIES[quantity]
    sign = -1.0 if kind.directed and options.reversed else 1.0
    ratio = options.ct_ratio if kind.transformed else 1.0
    if kind.shape is Shape.COUNTER:
        return None if ratio == 1.0 else (ratio, Decimal(repr(ratio)))
    factor = sign * ratio
    return None if factor == 1.0 else (factor, Decimal(repr(factor)))
