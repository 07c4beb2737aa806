"""Suites of indicators and relays."""

from __future__ import annotations

from cc613hal.interfaces import Colour, Indicator, Motion, Pattern, Relay
from cc613hal.testing.conformance.base import Bench, Suite, scenario

__all__ = ["IndicatorSuite", "RelaySuite"]

_GREEN = Colour(0.0, 1.0, 0.0)


class IndicatorSuite(Suite):
    """Lights."""

    capability = "Indicator"

    @scenario
    async def test_shows_patterns_until_the_next(self, bench: Bench) -> None:
        lights: Indicator = bench.device
        assert lights.lights >= 1
        for motion in Motion:
            pattern = Pattern(colours=(_GREEN,), motion=motion)
            await lights.show(pattern)
            await bench.board.clock.sleep(3.0)
            assert lights.shown == pattern

    @scenario
    async def test_goes_dark(self, bench: Bench) -> None:
        lights: Indicator = bench.device
        await lights.show(Pattern(colours=(_GREEN,), motion=Motion.BLINK))
        await lights.dark()
        assert lights.shown is None


class RelaySuite(Suite):
    """A relay."""

    capability = "Relay"

    @scenario
    async def test_switches(self, bench: Bench) -> None:
        relay: Relay = bench.device
        seen = [relay.is_on]
        await relay.switch_on()
        seen.append(relay.is_on)
        await relay.switch_off()
        seen.append(relay.is_on)
        assert seen == [False, True, False]
