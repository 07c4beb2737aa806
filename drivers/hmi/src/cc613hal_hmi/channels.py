"""How RGB lights are wired to the channels of a LED driver chip: what options say, checked; shared by the chips of this package."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["FIVE_LIGHTS", "RgbChannels", "rgb_channels"]

RgbChannels = tuple[tuple[int, int, int], ...]
"""Red, green and blue channel of each light."""

FIVE_LIGHTS: RgbChannels = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11), (12, 13, 14))
"""Five lights on sixteen channels, in order."""


def rgb_channels(count: int) -> Callable[[object], RgbChannels]:
    """The converter of an option ``channels``.

    Args:
        count: how many channels the chip has.
    """

    def convert(value: object) -> RgbChannels:
        if not isinstance(value, list | tuple):
            raise TypeError("channels is a list of [red, green, blue]")
        lights = tuple(tuple(light) for light in value)
        used = [channel for light in lights for channel in light]
        if not lights or any(len(light) != 3 for light in lights):
            raise ValueError("each light needs three channels: [red, green, blue]")
        if any(not isinstance(channel, int) or not 0 <= channel < count for channel in used):
            raise ValueError(f"channels are numbered 0 to {count - 1}")
        if len(set(used)) != len(used):
            raise ValueError("a channel is used twice")
        return tuple((light[0], light[1], light[2]) for light in lights)

    return convert
