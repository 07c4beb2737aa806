"""From a pattern to what each light does when: pure functions."""

from __future__ import annotations

from attrs import frozen

from cc613hal.interfaces import BLACK, Colour, Motion, Pattern

__all__ = ["Still", "stills"]


@frozen
class Still:
    """One picture of an animation.

    Attributes:
        lights: colour of each light.
        duration_s: how long it stays, s; 0 for ever.
    """

    lights: tuple[Colour, ...]
    duration_s: float = 0.0


def stills(pattern: Pattern, lights: int) -> tuple[Still, ...]:
    """The pictures of one period; a single one that stays for ever where nothing moves.

    One colour goes to every light that takes part, several colours go one to each light, over and over. Where there are fewer lights
    than colours, the colours follow each other within the period, so that a station with a single light can still say "all colours".

    Args:
        pattern: what to show.
        lights: how many lights there are.
    """
    taking_part = min(pattern.lights or lights, lights)
    colours = pattern.colours or (BLACK,)
    dark = Still((BLACK,) * lights, pattern.period_s / 2)
    if pattern.motion is Motion.ROTATE:
        return _rotating(pattern, colours, taking_part, lights)
    if len(colours) > taking_part:
        return _following(pattern, colours, taking_part, lights)
    if pattern.motion is Motion.TOGETHER and not pattern.lights:
        taking_part = len(colours)
    picture = tuple(colours[index % len(colours)] if index < taking_part else BLACK for index in range(lights))
    if pattern.motion is Motion.BLINK:
        return Still(picture, pattern.period_s / 2), dark
    return (Still(picture),)


def _rotating(pattern: Pattern, colours: tuple[Colour, ...], taking_part: int, lights: int) -> tuple[Still, ...]:
    if taking_part < 2:  # one light cannot rotate: it blinks, so that it does not look steady
        picture = tuple(colours[0] if index < taking_part else BLACK for index in range(lights))
        return Still(picture, pattern.period_s / 2), Still((BLACK,) * lights, pattern.period_s / 2)
    step_s = pattern.period_s / taking_part
    return tuple(
        Still(tuple(colours[step % len(colours)] if index == step else BLACK for index in range(lights)), step_s)
        for step in range(taking_part)
    )


def _following(pattern: Pattern, colours: tuple[Colour, ...], taking_part: int, lights: int) -> tuple[Still, ...]:
    period_s = pattern.period_s if pattern.period_s > 0 else 1.0
    share_s = period_s / len(colours)
    shown: list[Still] = []
    for colour in colours:
        picture = tuple(colour if index < taking_part else BLACK for index in range(lights))
        if pattern.motion is Motion.BLINK:
            shown += [Still(picture, share_s / 2), Still((BLACK,) * lights, share_s / 2)]
        else:
            shown.append(Still(picture, share_s))
    return tuple(shown)
