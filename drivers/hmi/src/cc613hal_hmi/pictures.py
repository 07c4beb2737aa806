"""Pictures of the light language, made from its data: each light a row, time to the right."""

from __future__ import annotations

from cc613hal.interfaces import BLACK, Colour, Pattern
from cc613hal_hmi.frames import stills

__all__ = ["timeline_svg"]

_ROW, _GAP, _LEFT, _SECOND = 14, 4, 14, 100


def timeline_svg(pattern: Pattern, *, lights: int = 5, seconds: float = 4.0, title: str = "") -> str:
    """What lights do over time, as an SVG picture.

    Args:
        pattern: what is shown.
        lights: how many lights there are.
        seconds: how much time the picture covers, s.
        title: for who cannot see it.
    """
    width, height = round(_LEFT + seconds * _SECOND + 10), lights * (_ROW + _GAP) + _GAP + 14
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{title}</title>",
        f'<rect width="{width}" height="{height}" rx="4" fill="#20242a"/>',
    ]
    pictures = stills(pattern, lights)
    at_s, number = 0.0, 0
    while at_s < seconds:
        still = pictures[number % len(pictures)]
        until_s = min(at_s + still.duration_s, seconds) if still.duration_s else seconds
        span = f'width="{_x(until_s) - _x(at_s):.1f}"'
        parts += [
            f'<rect x="{_x(at_s)}" y="{_GAP + row * (_ROW + _GAP)}" {span} height="{_ROW}" fill="{_hex(colour)}"/>'
            for row, colour in enumerate(still.lights)
        ]
        at_s, number = until_s, number + 1
    parts += [
        f'<text x="{_x(second)}" y="{height - 4}" font-size="9" fill="#9aa4b0" font-family="sans-serif">{second} s</text>'
        for second in range(int(seconds) + 1)
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(at_s: float) -> float:
    return round(_LEFT + at_s * _SECOND, 1)


def _hex(colour: Colour) -> str:
    if colour == BLACK:
        return "#333a43"
    return "#" + "".join(f"{round(255 * part):02x}" for part in (colour.red, colour.green, colour.blue))
