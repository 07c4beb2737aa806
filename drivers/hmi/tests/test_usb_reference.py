"""The driver and the example for firmware authors, two implementations that share no line, on a real pseudo-terminal."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cc613hal.board import open_board, parse_board
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.interfaces import Beep, Colour, Pattern
from cc613hal.plugins.manager import Plugins
from cc613hal_hmi.usb_frames import BODY, Frame, FrameReader, encode_frame

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "usb_hmi_device.py"

_spec = importlib.util.spec_from_file_location("usb_hmi_device", EXAMPLE)
example = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(example)

BOARD = """
schema = 1
name = "panel"
summary = "an HMI on a cable"
[bus.usb]
type = "serial"
path = "{path}"
settings = {{ baud = 115200 }}
[device.panel]
driver = "hmi.usb"
bus = "usb"
options = {{ heartbeat_s = 0.2, lost_after_s = 0.5, answer_s = 2.0 }}
"""


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=BODY))
def test_the_examples_frames_and_ours_are_the_same(kind, sequence, body):
    theirs = example.Hmi.frame(kind, sequence, body)
    assert theirs == encode_frame(Frame(kind, sequence, body))
    assert FrameReader().feed(theirs) == [Frame(kind, sequence, body)]


@given(st.binary(max_size=600))
def test_the_example_survives_noise_and_then_answers(noise):
    said = bytearray()
    hmi = example.Hmi(said.extend, lambda text: None, 0.0)
    hmi.receive(noise)
    said.clear()
    hmi.receive(encode_frame(Frame(0x01, 9, b"\1\1\0\5")))
    (answer,) = FrameReader().feed(bytes(said))
    assert (answer.kind, answer.sequence, answer.body[0]) == (0x81, 9, 1)


async def test_the_driver_speaks_with_the_example_on_a_real_terminal(tmp_path):
    link = tmp_path / "hmi"
    program = await asyncio.create_subprocess_exec(
        sys.executable, str(EXAMPLE), "--link", str(link), "--for", "30", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    shown = asyncio.Queue()

    async def watch():
        async for line in program.stdout:
            shown.put_nowait(line.decode().rstrip())

    async def see(words):
        async with asyncio.timeout(10):
            while words not in (line := await shown.get()):
                pass
        return line

    watching = asyncio.create_task(watch())
    try:
        await see("listening on")
        description = parse_board(BOARD.format(path=link), file="panel.toml", plugins=Plugins.discover())
        async with open_board(description, LinuxBuses(), sigterm=False) as board:
            panel = board.devices["panel"]
            assert (await panel.identify()).model == "usb_hmi_device"
            assert (panel.lights, panel.size) == (5, (16, 2))
            await panel.show(Pattern(colours=(Colour(0, 0, 1),)))
            assert "steady #0000ff" in await see("lights")
            await panel.show_text(["Grüß Gott"])
            await see("row 0: Grüß Gott")
            await panel.play((Beep(0.01, 0.0, 2700),))
            await see("10 ms at 2700 Hz")
            pressed = asyncio.Queue()
            panel.changes.on(lambda reading: pressed.put_nowait(reading.active))
            program.stdin.write(b"\n")
            async with asyncio.timeout(10):
                assert [await pressed.get(), await pressed.get()] == [True, False]
        await see("lights dark")
        await see("CONTROLLER LOST")
    finally:
        program.kill()
        await program.wait()
        await watching
