"""How RGB lights are wired to the channels of a LED driver chip: what options say, checked; shared by the chips of this package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

__all__ = ["FIVE_LIGHTS", "SIX_LIGHTS", "RgbChannels", "four_channels", "sixteen_channels", "thirty_six_channels"]

RgbChannels = tuple[tuple[int, int, int], ...]
"""Red, green and blue channel of each light."""

FIVE_LIGHTS: RgbChannels = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11), (12, 13, 14))
"""Five lights on sixteen channels, in order."""


def sixteen_channels(value: object) -> RgbChannels:
    """The converter of an option ``channels`` of a chip with sixteen of them."""
    return _rgb_channels(value, 16)


SIX_LIGHTS: RgbChannels = (*FIVE_LIGHTS, (15, 16, 17))
"""Six lights on eighteen channels, in order."""


def thirty_six_channels(value: object) -> RgbChannels:
    """The converter of an option ``channels`` of a chip with up to 36 of them."""
    return _rgb_channels(value, 36)


def four_channels(value: object) -> RgbChannels:
    """The converter of an option ``channels`` of a chip with four of them."""
    return _rgb_channels(value, 4)


def _rgb_channels(value: object, count: int) -> RgbChannels:
    if not isinstance(value, list | tuple):
        raise TypeError("channels is a list of [red, green, blue]")
    lights = [_light(entry, count) for entry in cast("Sequence[object]", value)]
    if not lights:
        raise ValueError("each light needs three channels: [red, green, blue]")
    used = [channel for light in lights for channel in light]
    if len(set(used)) != len(used):
        raise ValueError("a channel is used twice")
    return tuple(lights)


def _light(value: object, count: int) -> tuple[int, int, int]:
    channels = list(cast("Sequence[object]", value)) if isinstance(value, list | tuple) else []
    if len(channels) != 3:
        raise ValueError("each light needs three channels: [red, green, blue]")
    numbers = [channel for channel in channels if isinstance(channel, int) and 0 <= channel < count]
    if len(numbers) != 3:
        raise ValueError(f"channels are numbered 0 to {count - 1}")
    red, green, blue = numbers
    return red, green, blue
