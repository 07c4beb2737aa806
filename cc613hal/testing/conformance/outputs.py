"""Suites of indicators, displays, sounders and relays."""

from __future__ import annotations

import asyncio

from cc613hal.interfaces import Beep, Colour, Display, Indicator, Motion, Pattern, Relay, Sounder
from cc613hal.testing.conformance.base import Bench, Suite, scenario

__all__ = ["DisplaySuite", "IndicatorSuite", "RelaySuite", "SounderSuite"]

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


class DisplaySuite(Suite):
    """A text display."""

    capability = "Display"

    @scenario
    async def test_takes_any_text(self, bench: Bench) -> None:
        display: Display = bench.device
        columns, rows = display.size
        assert columns >= 1
        assert rows >= 1
        for lines in ([], [""], ["Gerät frei", "22 kW, 21 °C"], ["x" * (columns + 5)] * (rows + 3), ["日本語 \U0001f50c\t\n\x00€"]):
            await display.show_text(lines)
        await display.clear()
        await display.clear()

    @scenario
    async def test_texts_from_several_callers_end_with_one_of_them(self, bench: Bench) -> None:
        display: Display = bench.device
        await asyncio.gather(*(display.show_text([f"caller {number}"]) for number in range(4)))
        await display.show_text(["the last"])


class SounderSuite(Suite):
    """A sounder."""

    capability = "Sounder"

    @scenario
    async def test_plays_to_the_end_in_the_time_it_takes(self, bench: Bench) -> None:
        sounder: Sounder = bench.device
        clock = bench.board.clock
        before_s = clock.monotonic_s()
        await sounder.play((Beep(on_s=0.1, off_s=0.2), Beep(on_s=0.3, off_s=0.1)))
        assert 0.39 <= clock.monotonic_s() - before_s <= 1.0, "0.6 s of tones and pauses; the last pause may be left out"

    @scenario
    async def test_nothing_to_play_is_no_error(self, bench: Bench) -> None:
        sounder: Sounder = bench.device
        await sounder.play(())

    @scenario
    async def test_can_be_cancelled_and_plays_again(self, bench: Bench) -> None:
        sounder: Sounder = bench.device
        playing = asyncio.create_task(sounder.play((Beep(on_s=5.0),)))
        await bench.board.clock.sleep(0.1)
        playing.cancel()
        await asyncio.wait({playing}, timeout=1.0)
        assert playing.cancelled()
        await asyncio.wait_for(sounder.play((Beep(),)), timeout=2.0)


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
