"""What is wrong with values that arrived: impossible, frozen, or a counter that ran backwards. Pure; no I/O, no clock of its own."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import define, field

from cc613hal.modbus_map import QUANTITIES, Value

__all__ = ["CounterWatch", "FrozenWatch", "RangeWatch"]


class RangeWatch:
    """Finds values outside what is physically possible.

    Args:
        quantities: what the values are, in their order.
        ct_ratio: current transformers in front of the meter widen the ranges.
    """

    def __init__(self, quantities: Sequence[str], ct_ratio: float = 1.0) -> None:
        self._bounds: list[tuple[float, float]] = []
        self._quantities = tuple(quantities)
        for name in quantities:
            quantity = QUANTITIES[name]
            factor = max(1.0, ct_ratio) if quantity.transformed else 1.0
            self._bounds.append((quantity.low * factor, quantity.high * factor))

    def complaint(self, values: Sequence[Value]) -> str | None:
        """The first impossible value in words; ``None`` if all are possible or not available."""
        for value, (low, high) in zip(values, self._bounds, strict=True):
            if value is not None and not isinstance(value, str) and not low <= value <= high:
                name = self._quantities[[item is value for item in values].index(True)]
                unit = QUANTITIES[name].unit
                return f"{name} reads {float(value):g} {unit}, possible is {low:g} to {high:g} {unit}"
        return None


@define
class FrozenWatch:
    """Finds a meter that answers and no longer measures.

    Registers that are all the same as before prove nothing by themselves: a steady load looks like that. They do when the power in
    them would have moved an energy counter that is among them, or when they stay longer than the mains ever is that steady.

    Attributes:
        stuck_wh: energy that moves a counter for certain, Wh.
        frozen_after_s: age that proves it whatever flows, s; ``None`` for never.
    """

    stuck_wh: float
    frozen_after_s: float | None = None
    _last: object = field(default=None, init=False)
    _since_s: float = field(default=0.0, init=False)

    def complaint(self, blocks: object, now_s: float, power_w: float | None) -> str | None:
        """Why the meter is stuck, in words; ``None`` if it is not.

        Args:
            blocks: the registers, anything that compares.
            now_s: monotonic time of the reading, s.
            power_w: power according to the registers; ``None`` if no counter is among them.
        """
        if blocks != self._last:
            self._last, self._since_s = blocks, now_s
            return None
        age_s = now_s - self._since_s
        if power_w is not None and abs(power_w) * age_s / 3600.0 > self.stuck_wh:
            return f"the energy counter has not moved for {age_s:.0f} s at {power_w:.0f} W: the meter is stuck"
        if self.frozen_after_s is not None and age_s >= self.frozen_after_s:
            return f"no register has changed for {age_s:.0f} s: the meter is stuck"
        return None

    def forget(self) -> None:
        """Start again, after the meter was gone."""
        self._last = None


@define
class CounterWatch:
    """Finds counters that run backwards: a reset, an exchanged meter, an overflow, or a disturbed register.

    Attributes:
        highest: what each counter had reached, Wh.
    """

    highest: dict[str, Decimal] = field(factory=dict)

    def complaint(self, name: str, wh: Decimal) -> str | None:
        """Why a counter cannot be right, in words; ``None`` if it only grew.

        Args:
            name: which counter.
            wh: its content, Wh.
        """
        before = self.highest.get(name)
        if before is None or wh >= before:
            self.highest[name] = wh
            return None
        return f"{name} went backwards from {before / 1000:.3f} to {wh / 1000:.3f} kWh: reset, exchanged or overflowed"
