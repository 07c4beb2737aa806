"""When is a station tilted? The rules alone: angle over time, shocks, and a sensor that no longer moves. No bus, no clock of their own.

No maker publishes the figures; the defaults are ours (inferred) and every one is an option. Bender's controller knows both "tilted" and
"tilted, no charging until reboot": option ``latch``.
"""

from __future__ import annotations

import math
from typing import Any, cast

from attrs import define, field, frozen, validators

from cc613hal.errors import ConfigError

__all__ = ["Shocks", "Stillness", "TiltLatch", "TiltOptions", "Vector", "stored_vector"]

Vector = tuple[float, float, float]
"""Acceleration along the sensor's axes, g."""

SHOCK_APART_S = 1.0
"""Rejected samples closer together than this belong to the same shock, s."""


@frozen(kw_only=True)
class TiltOptions:
    """What counts as tilted.

    Attributes:
        threshold_deg: more than this, for ``hold_s``, is tilted, degrees.
        hold_s: how long, s.
        clear_deg: less than this, for ``clear_s``, is upright again, degrees.
        clear_s: how long, s.
        latch: once tilted, tilted until the machine boots anew (Bender: "no charging until reboot") or a new reference is taken; starting
            the program again is not enough where the board keeps a state.
        shock_g: a sample whose length differs from 1 g by more than this is a shock, g.
        shock_limit_s: samples that are never about 1 g for this long are a defect, s.
        frozen_samples: this many new samples without a single bit of change are SUSPECT (a live sensor is never that quiet); 0 never.
        reference_samples: samples averaged for the reference.
    """

    threshold_deg: float = field(default=15.0, validator=[validators.ge(5), validators.le(45)])
    hold_s: float = field(default=1.0, validator=[validators.ge(0), validators.le(60)])
    clear_deg: float = field(default=10.0, validator=[validators.ge(1), validators.le(45)])
    clear_s: float = field(default=10.0, validator=[validators.ge(0), validators.le(3600)])
    latch: bool = False
    shock_g: float = field(default=0.15, validator=[validators.gt(0), validators.le(0.9)])
    shock_limit_s: float = field(default=5.0, validator=[validators.gt(0), validators.le(3600)])
    frozen_samples: int = field(default=100, validator=validators.ge(0))
    reference_samples: int = field(default=8, validator=[validators.ge(1), validators.le(100)])

    def __attrs_post_init__(self) -> None:
        if self.clear_deg > self.threshold_deg:
            raise ConfigError(f"clear_deg = {self.clear_deg:g} is above threshold_deg = {self.threshold_deg:g}")


@define
class TiltLatch:
    """Tilted or upright, by angle and time.

    Attributes:
        options: the thresholds.
        tilted: the verdict so far.
    """

    options: TiltOptions
    tilted: bool = False
    _crossed_s: float | None = None

    def follow(self, angle_deg: float, now_s: float) -> bool:
        """Take the angle at a moment; whether ``tilted`` changed with it.

        Args:
            angle_deg: to the mounting reference, degrees.
            now_s: monotonic, s.
        """
        if self.tilted and self.options.latch:
            return False
        crossed = angle_deg < self.options.clear_deg if self.tilted else angle_deg > self.options.threshold_deg
        if not crossed:
            self._crossed_s = None
            return False
        if self._crossed_s is None:
            self._crossed_s = now_s
        if now_s - self._crossed_s < (self.options.clear_s if self.tilted else self.options.hold_s):
            return False
        self.tilted, self._crossed_s = not self.tilted, None
        return True

    def reset(self) -> bool:
        """Upright, because there is a new reference; whether that changed anything. A latched verdict ends as well."""
        was, self.tilted, self._crossed_s = self.tilted, False, None
        return was


@define
class Shocks:
    """Samples that are not about 1 g: counted, and a defect when they never end.

    Attributes:
        options: how far from 1 g, and for how long.
        count: shocks so far.
    """

    options: TiltOptions
    count: int = 0
    _last_s: float = -math.inf
    _since_s: float | None = None

    def is_shock(self, gravity_g: Vector) -> bool:
        """Whether this vector says nothing about attitude."""
        return abs(math.hypot(*gravity_g) - 1.0) > self.options.shock_g

    def reject(self, now_s: float) -> float | None:
        """Count a shock's sample; for how long it has been going on, s, once that is too long to be a shock."""
        if now_s - self._last_s > SHOCK_APART_S:
            self.count += 1
        self._last_s = now_s
        if self._since_s is None:
            self._since_s = now_s
        going_on_s = now_s - self._since_s
        return going_on_s if going_on_s >= self.options.shock_limit_s else None

    def accept(self) -> bool:
        """A sample about 1 g came; whether it ends a series of others."""
        was, self._since_s = self._since_s, None
        return was is not None


@define
class Stillness:
    """New samples that repeat themselves to the bit.

    Attributes:
        options: how many are too many.
        same: repetitions in a row.
    """

    options: TiltOptions
    same: int = 0
    _last: bytes = b""

    @property
    def frozen(self) -> bool:
        """Whether no live sensor would be so quiet."""
        return bool(self.options.frozen_samples) and self.same >= self.options.frozen_samples

    def see(self, raw: bytes) -> None:
        """Take the bits of a new sample."""
        self.same = self.same + 1 if raw == self._last else 0
        self._last = raw


def stored_vector(stored: Any) -> Vector | None:
    """A reference from memory; one that cannot be is none."""
    if not isinstance(stored, list):
        return None
    parts = cast("list[object]", stored)
    numbers = [float(part) for part in parts if isinstance(part, int | float) and not isinstance(part, bool)]
    if len(parts) != 3 or len(numbers) != 3:
        return None
    vector = (numbers[0], numbers[1], numbers[2])
    return vector if 0.5 < math.hypot(*vector) < 1.5 else None
