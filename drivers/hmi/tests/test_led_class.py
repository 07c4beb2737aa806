"""Lights of the kernel, on folders like sysfs's and on an emulated kernel."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, BusClosed, BusError, BusMissing, BusPermission, ConnectFailed
from cc613hal.interfaces import BLACK, Colour, Motion, Pattern
from cc613hal.testing.bench import PART, open_part
from cc613hal_hmi.led_class import KernelLed
from cc613hal_hmi.led_class_linux import LinuxLeds

GREEN, BLUE, YELLOW, WHITE = Colour(0, 1, 0), Colour(0, 0, 1), Colour(1, 0.6, 0), Colour(1, 1, 1)
STRIP = [[f"ws281x:{number}"] for number in range(5)]


def play(story, *, before=None, **options):
    async def main():
        async with open_part("hmi.led-class", options=options, before=before) as bench:
            return await story(bench)

    return run_virtual(main())


def seen(bench):
    return [light.value for light in bench.emulated.lights]


def test_a_strip_shows_the_light_language_and_only_changes_are_written():
    async def story(b):
        await b.device.show_state("free")
        assert seen(b) == [GREEN] * 3 + [BLACK] * 2
        before = b.emulated.writes
        await b.device.show(Pattern(colours=(GREEN,), lights=4))
        assert b.emulated.writes == before + 1
        await b.device.show(Pattern(colours=(WHITE,), motion=Motion.ROTATE, period_s=1.0))
        await asyncio.sleep(0.3)
        assert seen(b).count(WHITE) == 1
        assert (await b.device.identify()).model == "leds-emulated"
        return b.emulated

    leds = play(story, lights=STRIP)
    assert [light.value for light in leds.lights] == [BLACK] * 5


def test_three_leds_make_a_light_in_their_own_steps_and_one_plain_led_follows_the_brightest():
    async def story(b):
        await b.device.show(Pattern(colours=(YELLOW,)))
        assert seen(b)[0] == Colour(1.0, pytest.approx(0.6, abs=0.07), 0.0)
        await b.device.show(Pattern(colours=(BLUE,)))
        assert seen(b) == [BLUE]

    play(
        story,
        lights=[["r", "g", "b"]],
        before=lambda s: [s.plant.parts[PART].replace(name, most=most) for name, most in (("r", 1), ("g", 8), ("b", 65535))],
    )


def test_a_white_led_takes_over_what_the_colours_share():
    async def story(b):
        await b.device.show(Pattern(colours=(Colour(1.0, 0.5, 0.5),)))
        led = b.emulated.leds["rgbw"]
        assert b.emulated.read(led) == (0, 0, 127, 128)

    play(
        story,
        lights=[["rgbw"]],
        before=lambda s: s.plant.parts[PART].replace("rgbw", colours=("green", "blue", "red", "white")),
    )


def test_what_somebody_else_wrote_is_set_right():
    async def story(b):
        await b.device.show(Pattern(colours=(GREEN,)))
        b.emulated.power_cycle()
        await asyncio.sleep(31)
        assert seen(b) == [GREEN]

    play(story)


def test_a_driver_that_is_unloaded_and_loaded_again():
    async def story(b):
        await b.device.show(Pattern(colours=(GREEN,)))
        b.emulated.present = False
        with pytest.raises(BusClosed):
            await b.device.show(Pattern(colours=(BLUE,)))
        assert b.health == "offline"
        await asyncio.sleep(20)
        b.emulated.present = True
        b.emulated.power_cycle()
        await asyncio.sleep(40)
        assert (b.health, seen(b)) == ("ok", [BLUE])

    play(story)


@pytest.mark.parametrize("lights", [[], [[]], [["a", "b"]], ["a"], [["a"], ["a"]], [["../x"]], [[1]], "a"])
def test_lights_that_cannot_be_are_refused(lights):
    with pytest.raises(BoardFileError):
        play(None, lights=lights)


def test_a_multicolour_led_cannot_be_a_third_of_a_light():
    with pytest.raises(ConnectFailed, match="makes a light alone"):
        play(
            None,
            lights=[["r", "g", "b"]],
            before=lambda s: s.plant.parts[PART].replace("r", colours=("red", "green", "blue")),
        )


# -- sysfs --------------------------------------------------------------------------------------------------------------------------------


def led(folder: Path, name: str, **attributes: str) -> Path:
    place = folder / name
    place.mkdir(parents=True)
    for attribute, text in {"max_brightness": "255", "brightness": "0", "trigger": "[heartbeat] none", **attributes}.items():
        (place / attribute).write_text(text + "\n")
    return place


def test_a_multicolour_led_in_sysfs(tmp_path):
    place = led(tmp_path, "rgb:status", multi_index="red green blue", multi_intensity="0 0 0")
    (tmp_path / "ws2812").mkdir()
    (place / "device").mkdir()
    (place / "device" / "driver").symlink_to(tmp_path / "ws2812")
    leds = LinuxLeds(tmp_path)
    taken = leds.take("rgb:status")
    assert taken == KernelLed("rgb:status", 255, ("red", "green", "blue"), "ws2812")
    assert (place / "trigger").read_text() == "none"
    assert (place / "brightness").read_text() == "255"
    leds.write(taken, (255, 153, 0))
    assert (place / "multi_intensity").read_text() == "255 153 0"
    assert leds.read(taken) == (255, 153, 0)


def test_a_plain_led_in_sysfs(tmp_path):
    place = led(tmp_path, "green:power", max_brightness="1")
    leds = LinuxLeds(tmp_path)
    taken = leds.take("green:power")
    assert (taken.most, taken.colours) == (1, ())
    leds.write(taken, (1,))
    assert (place / "brightness").read_text() == "1"


def test_an_led_that_is_not_there_and_one_that_went(tmp_path):
    place = led(tmp_path, "green:power")
    leds = LinuxLeds(tmp_path)
    with pytest.raises(BusMissing, match="green:power"):
        leds.take("red:power")
    with pytest.raises(BusMissing, match="none"):
        LinuxLeds(tmp_path / "nowhere").take("red:power")
    taken = leds.take("green:power")
    for file in place.iterdir():
        file.unlink()
    place.rmdir()
    with pytest.raises(BusClosed, match="brightness"):
        leds.write(taken, (1,))
    with pytest.raises(BusClosed):
        leds.read(taken)


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.EACCES, BusPermission), (errno.EPERM, BusPermission), (errno.ENODEV, BusClosed), (errno.EINVAL, BusError)]
)
def test_what_the_kernel_says_is_translated(tmp_path, monkeypatch, number, kind):
    led(tmp_path, "green:power")
    leds = LinuxLeds(tmp_path)
    taken = leds.take("green:power")

    def refuse(*_: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(kind) as told:
        leds.write(taken, (1,))
    assert told.value.hint
