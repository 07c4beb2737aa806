"""From a raw number to a distance, and from a distance to a car: shared by everything that measures."""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.errors import ConfigError, ImplausibleReading
from cc613hal_banner.polled import PolledOptions

__all__ = ["WindowOptions", "distance_of", "in_window"]


@frozen(kw_only=True)
class WindowOptions(PolledOptions):
    """What a distance means, for a sensor that is asked.

    Attributes:
        scale_mm: mm per count.
        near_mm: nearer is no car: a hand on the sensor, dirt, mm.
        far_mm: farther is no car: the wall or ground behind, mm.
        hysteresis_mm: how far beyond the window a car must move to be gone, mm.
        no_target: raw values that mean that nothing is there.
        longest_mm: farther is no distance but a wrong register or a defect, mm. 40 m is the reach of Banner's farthest radar (Q130R).
    """

    scale_mm: float = field(default=1.0, validator=validators.gt(0))
    near_mm: float = field(default=200.0, validator=validators.ge(0))
    far_mm: float = field(default=2500.0, validator=validators.gt(0))
    hysteresis_mm: float = field(default=100.0, validator=validators.ge(0))
    no_target: tuple[int, ...] = (0, 65535)
    longest_mm: float = field(default=40_000.0, validator=validators.gt(0))

    def __attrs_post_init__(self) -> None:
        if self.near_mm >= self.far_mm:
            raise ConfigError(f"near_mm = {self.near_mm:g} is not below far_mm = {self.far_mm:g}")
        if self.far_mm > self.longest_mm:
            raise ConfigError(f"far_mm = {self.far_mm:g} is beyond longest_mm = {self.longest_mm:g}")


def distance_of(raw: int, options: WindowOptions, device: str) -> float | None:
    """How far something is, mm; ``None`` where nothing is there.

    Raises:
        ImplausibleReading: farther than any such sensor sees.
    """
    if raw in options.no_target or raw < 0:
        return None
    distance_mm = raw * options.scale_mm
    if distance_mm > options.longest_mm:
        raise ImplausibleReading(
            f"{raw} counts are {distance_mm:g} mm, and no such sensor sees farther than {options.longest_mm:g} mm",
            device=device,
            hint="check the register and scale_mm; a value that means 'nothing there' belongs in no_target",
        )
    return distance_mm


def in_window(distance_mm: float | None, options: WindowOptions, *, was_in: bool) -> bool:
    """Whether that is a car; one that was there may have moved a little beyond the window."""
    if distance_mm is None:
        return False
    slack_mm = options.hysteresis_mm if was_in else 0.0
    return options.near_mm - slack_mm <= distance_mm <= options.far_mm + slack_mm
