"""What one hears, and what a finger does."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, ConfigError
from cc613hal.interfaces import Beep
from cc613hal.testing.bench import PART, open_part
from cc613hal_hmi.buzzer import ACCEPTED, FAULT, REJECTED


def heard_by(bench):
    heard = []
    clock = bench.board.clock
    bench.emulated.pitch_hz.on(lambda pitch_hz: heard.append((round(clock.monotonic_s() - start_s, 3), pitch_hz)))
    start_s = clock.monotonic_s()
    return heard


def test_rejection_is_three_tones_in_time():
    async def main():
        async with open_part("hmi.buzzer") as b:
            heard = heard_by(b)
            await b.device.play(REJECTED)
            assert [pitch_hz for _, pitch_hz in heard] == [2700, 0] * 3
            assert [at for at, _ in heard] == pytest.approx([0, 0.06, 0.12, 0.18, 0.24, 0.30], abs=0.002)

    run_virtual(main())


def test_cancelled_it_is_silent_at_once():
    async def main():
        async with open_part("hmi.buzzer") as b:
            playing = asyncio.create_task(b.device.play((Beep(on_s=5.0),)))
            await asyncio.sleep(1)
            assert b.emulated.pitch_hz.value == 2700
            playing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await playing
            assert b.emulated.pitch_hz.value == 0

    run_virtual(main())


def test_the_safe_state_ends_what_plays_and_what_waits_is_still_played():
    async def main():
        async with open_part("hmi.buzzer") as b:
            heard = heard_by(b)
            first = asyncio.create_task(b.device.play((Beep(on_s=5.0, frequency_hz=2000),) * 1))
            second = asyncio.create_task(b.device.play((Beep(on_s=1.0, off_s=0, frequency_hz=3000),)))
            await asyncio.sleep(1)
            await b.device.make_safe()
            assert b.emulated.pitch_hz.value == 0
            await asyncio.gather(first, second)
            assert [pitch_hz for _, pitch_hz in heard] == [2000, 0, 3000, 0]

    run_virtual(main())


def test_leaving_the_board_while_it_sounds_makes_it_silent():
    async def main():
        async with open_part("hmi.buzzer") as b:
            playing = asyncio.create_task(b.device.play((Beep(on_s=9.0),)))
            await asyncio.sleep(1)
            part = b.emulated
        assert part.pitch_hz.value == 0
        await asyncio.wait_for(playing, 1)

    run_virtual(main())


def test_two_sequences_follow_each_other():
    async def main():
        async with open_part("hmi.buzzer") as b:
            heard = heard_by(b)
            await asyncio.gather(b.device.play(ACCEPTED), b.device.play(FAULT))
            assert [at for at, _ in heard] == pytest.approx([0, 0.08, 0.08, 0.58], abs=0.002)

    run_virtual(main())


def test_a_buzzer_with_one_pitch_is_driven_at_that():
    async def main():
        async with open_part("hmi.buzzer", options={"frequency_hz": 4000, "duty": 0.1}) as b:
            heard = heard_by(b)
            await b.device.play((Beep(frequency_hz=500),))
            assert heard[0][1] == 4000

    run_virtual(main())


@pytest.mark.parametrize(
    "beep", [Beep(on_s=-1), Beep(off_s=-1), Beep(frequency_hz=0), Beep(frequency_hz=1e6), Beep(on_s=11), Beep(on_s=float("nan"))]
)
def test_tones_that_cannot_be_are_refused_in_silence(beep):
    async def main():
        async with open_part("hmi.buzzer") as b:
            heard = heard_by(b)
            with pytest.raises(ConfigError):
                await b.device.play((Beep(), beep))
            assert heard == []

    run_virtual(main())


def presses_of(bench):
    presses = []
    return presses, bench.device.changes.on(lambda reading: presses.append(reading.active))


def test_a_bouncing_press_is_one_press():
    async def main():
        async with open_part("hmi.button", low=("button",)) as b:
            presses, _ = presses_of(b)
            for _ in range(10):
                b.emulated.press()
                await asyncio.sleep(0.004)
                b.emulated.release()
                await asyncio.sleep(0.004)
            b.emulated.press()
            await asyncio.sleep(0.029)
            assert presses == []
            await asyncio.sleep(0.002)
            assert presses == [True]
            assert (await b.device.read_input()).active
            b.emulated.release()
            await asyncio.sleep(0.1)
            assert presses == [True, False]

    run_virtual(main())


def test_a_disturbance_is_no_press():
    async def main():
        async with open_part("hmi.button") as b:
            presses, _ = presses_of(b)
            b.emulated.press()
            await asyncio.sleep(0.02)
            b.emulated.release()
            await asyncio.sleep(1)
            assert presses == []
            assert not (await b.device.read_input()).active

    run_virtual(main())


def test_a_button_that_is_pressed_when_the_board_opens_is_read_but_no_event():
    async def main():
        async with open_part("hmi.button", before=lambda simulation: simulation.plant.parts[PART].stick(True)) as b:
            presses, _ = presses_of(b)
            assert (await b.device.read_input()).active
            await b.device.connect()
            await asyncio.sleep(1)
            assert presses == []
            b.emulated.stick(None)
            await asyncio.sleep(1)
            assert presses == [False]

    run_virtual(main())


def test_a_closed_button_says_nothing():
    async def main():
        async with open_part("hmi.button") as b:
            presses, _ = presses_of(b)
            b.emulated.press()
            await b.device.aclose()
            await asyncio.sleep(1)
            assert presses == []

    run_virtual(main())


@pytest.mark.parametrize(
    ("driver", "options"), [("hmi.button", {"press_s": 0.01}), ("hmi.buzzer", {"duty": 0.9}), ("hmi.buzzer", {"longest_s": 0})]
)
def test_options_that_cannot_be_are_refused(driver, options):
    async def main():
        async with open_part(driver, options=options):
            pass

    with pytest.raises(BoardFileError):
        run_virtual(main())
