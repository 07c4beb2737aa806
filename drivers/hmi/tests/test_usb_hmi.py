"""The HMI on a USB cable: what its owner sees, and what the station learns."""

from __future__ import annotations

import asyncio
import logging

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import (
    BoardFileError,
    BusClosed,
    BusTimeout,
    ConfigError,
    ConnectFailed,
    DeviceRefused,
    FrameError,
    ProtocolViolation,
    Unsupported,
    WrongIdentity,
)
from cc613hal.health import HealthState
from cc613hal.interfaces import Beep, Colour, Motion, Pattern
from cc613hal.testing.bench import PART, open_part
from cc613hal_hmi.emulated_usb import HmiModel
from cc613hal_hmi.usb_hmi import ButtonEvent
from cc613hal_hmi.usb_messages import Kind, Refusal

GREEN, BLUE = Colour(0, 1, 0), Colour(0, 0, 1)
CHARGING = Pattern(colours=(BLUE,), motion=Motion.BLINK, period_s=2.0)


def play(story, *, before=None, **options):
    async def main():
        async with open_part("hmi.usb", options=options, before=before) as bench:
            return await story(bench)

    return run_virtual(main())


def refused(before, match, cause, **options):
    with pytest.raises(ConnectFailed, match=match) as told:
        play(None, before=before, **options)
    assert isinstance(told.value.failures[PART], cause)
    assert told.value.failures[PART].hint


def hmi_of(simulation):
    return simulation.plant.parts[PART]


def test_a_state_is_one_frame_and_the_panel_moves_it_by_itself():
    async def story(b):
        before = len(b.emulated.commands)
        await b.device.show_state("charging")
        assert b.emulated.pattern.value == CHARGING
        assert b.emulated.commands[before:] == [Kind.LIGHTS]
        await b.device.dark()
        assert (b.emulated.pattern.value, b.device.shown) == (None, None)

    play(story)


def test_every_pattern_of_the_language_arrives_as_it_was_written():
    async def story(b):
        for state, pattern in b.device.patterns.items():
            await b.device.show_state(state)
            seen = b.emulated.pattern.value
            assert (seen.motion, seen.lights, len(seen.colours)) == (pattern.motion, pattern.lights, len(pattern.colours)), state
            for colour, wanted in zip(seen.colours, pattern.colours, strict=True):
                assert (colour.red, colour.green, colour.blue) == pytest.approx((wanted.red, wanted.green, wanted.blue), abs=1 / 255)
        assert b.emulated.brightness == pytest.approx(0.5, abs=0.01)

    play(story, brightness=0.5)


def test_only_rows_that_differ_are_sent():
    async def story(b):
        await b.device.show_text(["Grüß Gott", "22 kW\n€ 0,49", "x" * 100])
        assert b.emulated.rows == ["Grüß Gott", "22 kW € 0,49", "x" * 20, ""]
        before = b.emulated.commands.count(Kind.TEXT)
        await b.device.show_text(["Grüß Gott", "21 kW", "x" * 30])
        assert b.emulated.commands.count(Kind.TEXT) == before + 1
        await b.device.clear()
        assert b.emulated.rows == [""] * 4

    play(story)


def test_tones_are_played_and_a_cancelled_sequence_falls_silent():
    async def story(b):
        await b.device.play((Beep(0.08, 0.02, 2700), Beep(0.1, 0.0, 1000)))
        assert b.emulated.played == [(Beep(0.08, 0.02, 2700), Beep(0.1, 0.0, 1000))]
        playing = asyncio.create_task(b.device.play((Beep(30.0),)))
        await asyncio.sleep(1)
        playing.cancel()
        await asyncio.wait({playing})
        assert b.emulated.played[-1] == ()

    play(story)


def test_buttons_are_events_and_one_of_them_is_the_input():
    async def story(b):
        presses, changes = [], []
        b.device.presses.on(presses.append)
        b.device.changes.on(lambda reading: changes.append(reading.active))
        b.emulated.press(0)
        b.emulated.press(1)
        b.emulated.release(1)
        await asyncio.sleep(0.01)
        assert presses == [ButtonEvent(0, True), ButtonEvent(1, True), ButtonEvent(1, False)]
        assert changes == [True, False]
        assert (await b.device.read_input()).active is False

    play(story, button=1)


def test_a_press_whose_event_got_lost_is_known_with_the_next_heartbeat():
    async def story(b):
        changes = []
        b.device.changes.on(lambda reading: changes.append(reading.active))
        b.emulated.press(silent=True)
        await asyncio.sleep(1.5)
        assert changes == [True]
        b.emulated.release(silent=True)
        assert (await b.device.read_input()).active is False
        assert changes == [True, False]

    play(story)


def test_the_heartbeat_keeps_the_panel_from_missing_its_controller_and_silence_does_not():
    async def story(b):
        await asyncio.sleep(600)
        assert b.emulated.missing.value is False
        hmi = b.emulated
        await b.device.aclose()
        await asyncio.sleep(3.5)
        assert hmi.missing.value is False
        await asyncio.sleep(2.0)
        assert hmi.missing.value is True
        await b.device.connect()
        assert hmi.missing.value is False

    play(story)


@pytest.mark.parametrize(("fault", "count"), [("deaf", 2), ("lost_answers", 2)])
def test_a_lost_command_and_a_lost_answer_are_made_up_for_and_nothing_is_done_twice(fault, count):
    async def story(b):
        setattr(b.emulated, fault, count)
        await b.device.play((Beep(0.1, 0.0),))
        assert len(b.emulated.played) == 1
        assert b.health == "ok"

    play(story)


def test_noise_on_the_cable_costs_repeats_and_nothing_else():
    async def story(b):
        faults = b.simulation.faults(PART)
        faults.noise = 0.15
        for number in range(20):
            try:
                await b.device.show_text([f"number {number}"])
            except (BusTimeout, FrameError):
                continue
            assert b.emulated.rows[0] == f"number {number}"
        faults.noise = 0.0
        await b.device.show_text(["quiet"])
        assert b.emulated.rows[0] == "quiet"

    play(story)


@pytest.mark.parametrize("silent", [False, True], ids=["says so", "says nothing"])
def test_an_hmi_that_starts_anew_shows_again_what_it_showed(silent):
    async def story(b):
        await b.device.show(CHARGING)
        await b.device.show_text(["22 kW"])
        await asyncio.sleep(30)
        b.emulated.restart(silent=silent)
        assert b.emulated.pattern.value is None
        await asyncio.sleep(2.5)
        assert b.emulated.pattern.value == CHARGING
        assert b.emulated.rows[0] == "22 kW"

    play(story)


def test_asked_before_it_is_known_that_it_started_anew_it_is_greeted_at_once():
    async def story(b):
        b.emulated.restart(silent=True)
        with pytest.raises(BusClosed, match="started anew"):
            await b.device.show(CHARGING)
        await asyncio.sleep(0.1)
        assert b.emulated.pattern.value == CHARGING

    play(story)


def test_pulled_and_plugged_the_same_object_shows_what_was_asked_for_meanwhile(caplog):
    async def story(b):
        caplog.set_level("INFO", "cc613hal")
        b.simulation.buses.announces_plugs = True
        await b.device.show(CHARGING)
        faults = b.simulation.faults(PART)
        faults.unplug()
        assert b.health == "offline"
        with pytest.raises(BusClosed):
            await b.device.show(Pattern(colours=(GREEN,)))
        b.emulated.restart(silent=True)
        await asyncio.sleep(100)
        faults.plug()
        await asyncio.sleep(0.5)
        assert b.health == "ok"
        assert b.emulated.pattern.value.colours == (GREEN,)
        assert b.board.devices[PART] is b.device

    play(story)
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.getMessage().split(":")[0] for record in said] == ["bus part-bus is gone", "part"], "one line each"


def test_a_silent_hmi_is_offline_after_three_heartbeats_and_back_when_it_speaks():
    async def story(b):
        b.emulated.mute = True
        await asyncio.sleep(7)
        assert b.board.health()[PART].state is HealthState.OFFLINE
        assert isinstance(b.board.health()[PART].last_error, BusTimeout)
        b.emulated.mute = False
        await asyncio.sleep(40)
        assert b.health == "ok"

    play(story)


def test_what_is_at_the_other_end_must_be_an_hmi_we_know():
    refused(lambda s: setattr(hmi_of(s), "mute", True), "does not answer", BusTimeout)
    refused(lambda s: setattr(hmi_of(s), "babble", b"\r\nERROR\r\n"), "no frames of a USB HMI", FrameError)
    refused(lambda s: setattr(hmi_of(s), "babble", b"\0\0\xff\0"), "no frames of a USB HMI", FrameError)
    refused(lambda s: setattr(hmi_of(s), "model", HmiModel(version=9)), "no version of the protocol", WrongIdentity)
    refused(lambda s: setattr(hmi_of(s), "model", HmiModel(model="Kettle")), "a Acme Kettle, not a Panel 7", WrongIdentity, model="Panel 7")
    refused(lambda s: setattr(hmi_of(s), "cut", 3), "WELCOME", ProtocolViolation)


def test_what_the_hmi_does_not_have_is_said_and_not_sent():
    bare = HmiModel(lights=0, columns=0, rows=0, buttons=0, sound=False)

    async def story(b):
        assert (b.device.lights, b.device.size) == (0, (0, 0))
        before = list(b.emulated.commands)
        for attempt in (b.device.show(CHARGING), b.device.show_text(["x"]), b.device.play((Beep(),))):
            with pytest.raises(Unsupported, match="this HMI has no"):
                await attempt
        assert b.emulated.commands == before
        await b.device.make_safe()

    play(story, before=lambda s: setattr(hmi_of(s), "model", bare))


@pytest.mark.parametrize("reason", list(Refusal)[:4])
def test_a_refusal_has_its_reason(reason):
    async def story(b):
        b.emulated.refuses = reason
        with pytest.raises(DeviceRefused, match="refuses LIGHTS") as told:
            await b.device.show(CHARGING)
        assert told.value.code == reason

    play(story)


def test_leaving_the_board_leaves_no_promise_on_the_panel():
    async def story(b):
        await b.device.show(CHARGING)
        await b.device.show_text(["22 kW"])
        return b.emulated

    hmi = play(story)
    assert hmi.pattern.value is None
    assert hmi.rows == [""] * 4


@pytest.mark.parametrize(
    "what",
    [
        lambda hmi: hmi.show(Pattern(colours=())),
        lambda hmi: hmi.show(Pattern(colours=(GREEN,) * 17)),
        lambda hmi: hmi.play((Beep(61.0),)),
        lambda hmi: hmi.play((Beep(),) * 33),
        lambda hmi: hmi.play((Beep(frequency_hz=5),)),
        lambda hmi: hmi.show_state("dancing"),
    ],
)
def test_what_no_frame_can_say_is_refused_here(what):
    async def story(b):
        before = list(b.emulated.commands)
        with pytest.raises(ConfigError):
            await what(b.device)
        assert b.emulated.commands == before

    play(story)


def test_a_heartbeat_slower_than_the_patience_is_a_mistake():
    with pytest.raises(ConnectFailed, match="less than two heartbeats"):
        play(None, heartbeat_s=3.0, lost_after_s=5.0)
    with pytest.raises(BoardFileError):
        play(None, button=16)


def test_identity_is_what_the_panel_says():
    async def story(b):
        identity = await b.device.identify()
        assert (identity.vendor, identity.model, identity.serial, identity.firmware) == ("Acme", "Panel 5", "A-0001", "1.2.3")

    play(story)
