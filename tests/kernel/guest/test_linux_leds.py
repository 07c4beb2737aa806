"""Lights of the kernel's own LED class: the three LEDs of a keyboard that the test makes, as red, green and blue."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from cc613hal.board import open_board, parse_board
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.errors import BusClosed, ConnectFailed
from cc613hal.interfaces import Colour, Identified, Indicator, Motion, Pattern
from cc613hal.plugins.manager import Plugins

UI_SET_EVBIT, UI_SET_KEYBIT, UI_SET_LEDBIT = 0x40045564, 0x40045565, 0x40045569
UI_DEV_SETUP, UI_DEV_CREATE, UI_DEV_DESTROY = 0x405C5503, 0x5501, 0x5502
UI_GET_SYSNAME = 0x8040552C
EV_KEY, EV_LED = 0x01, 0x11
EVENT = struct.Struct("qqHHi")

BOARD = """
schema = 1
name = "keyboard-lights"
summary = "a light made of a keyboard's LEDs"
[device.light]
driver = "hmi.led-class"
options = {{ lights = [["{0}", "{1}", "{2}"]], check_s = 0.2 }}
"""


@attrs.frozen
class Keyboard:
    """A keyboard that the kernel believes in.

    Attributes:
        descriptor: its far side.
        leds: names of its LEDs in the LED class.
    """

    descriptor: int
    leds: tuple[str, str, str]

    def seen(self) -> list[tuple[int, int]]:
        """Which LEDs were switched since the last look."""
        events = []
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.descriptor, EVENT.size):
                _, _, kind, code, value = EVENT.unpack(data)
                if kind == EV_LED:
                    events.append((code, value))
        return events


@pytest.fixture
def keyboard() -> Iterator[Keyboard]:
    descriptor = os.open("/dev/uinput", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, UI_SET_EVBIT, EV_KEY)
    fcntl.ioctl(descriptor, UI_SET_KEYBIT, 30)
    fcntl.ioctl(descriptor, UI_SET_EVBIT, EV_LED)
    for code in range(3):
        fcntl.ioctl(descriptor, UI_SET_LEDBIT, code)
    fcntl.ioctl(descriptor, UI_DEV_SETUP, struct.pack("HHHH80sI", 3, 0x1209, 1, 1, b"cc613hal lights", 0))
    fcntl.ioctl(descriptor, UI_DEV_CREATE)
    name = bytearray(64)
    fcntl.ioctl(descriptor, UI_GET_SYSNAME, name)
    device = name.rstrip(b"\0").decode()
    found = {each.name.rpartition("::")[2]: each.name for each in Path("/sys/class/leds").glob(f"{device}::*")}
    yield Keyboard(descriptor, (found["numlock"], found["capslock"], found["scrolllock"]))
    with contextlib.suppress(OSError):
        fcntl.ioctl(descriptor, UI_DEV_DESTROY)
    os.close(descriptor)


async def test_the_light_language_moves_the_kernels_leds(keyboard: Keyboard) -> None:
    description = parse_board(BOARD.format(*keyboard.leds), file="lights.toml", plugins=Plugins.discover())
    async with open_board(description, LinuxBuses(), sigterm=False) as board:
        light = board.get(Indicator)
        assert "none" in (Path("/sys/class/leds") / keyboard.leds[1] / "trigger").read_text().split("[")[1].split("]")[0]
        assert (await board.get(Identified).identify()).vendor == "Linux"
        keyboard.seen()
        await light.show(Pattern(colours=(Colour(1, 1, 0),)))
        assert keyboard.seen() == [(0, 1), (1, 1)]
        await light.show(Pattern(colours=(Colour(0, 1, 1),)))
        assert keyboard.seen() == [(0, 0), (2, 1)], "only what differs"
        await light.show(Pattern(colours=(Colour(1, 0, 0),), motion=Motion.BLINK, period_s=0.2))
        await asyncio.sleep(0.5)
        assert keyboard.seen().count((0, 1)) >= 2
    assert all((Path("/sys/class/leds") / name / "brightness").read_text() == "0\n" for name in keyboard.leds)


async def test_leds_that_go_are_gone_and_leds_that_are_not_there_are_named(keyboard: Keyboard) -> None:
    description = parse_board(BOARD.format(*keyboard.leds), file="lights.toml", plugins=Plugins.discover())
    async with open_board(description, LinuxBuses(), sigterm=False) as board:
        fcntl.ioctl(keyboard.descriptor, UI_DEV_DESTROY)
        with pytest.raises(BusClosed):
            await board.get(Indicator).show(Pattern(colours=(Colour(1, 1, 1),)))
        assert not board.health()["light"].usable
    with pytest.raises(ConnectFailed, match="the kernel has no LED"):
        async with open_board(description, LinuxBuses(), sigterm=False):
            pass
