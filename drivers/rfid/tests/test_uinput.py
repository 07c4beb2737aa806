"""The keyboard-wedge reader on a real input device: the kernel makes it from /dev/uinput, and its keys come through evdev.

Runs where /dev/uinput may be opened, and in the kernel lane (``python -m tests.kernel.lane -- drivers/rfid/tests/test_uinput.py``).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from cc613hal.board import open_board
from cc613hal.board.reconnect import BackOff
from cc613hal.errors import BusBusy, BusClosed, ConnectFailed, WrongIdentity
from cc613hal.health import HealthState
from cc613hal.interfaces import CardReader, Identified
from cc613hal.testing.bench import PART, board_for
from cc613hal_rfid.keyboard_emulation import keys_for
from cc613hal_rfid.keys_port import EvdevKeys

UINPUT = Path("/dev/uinput")
pytestmark = pytest.mark.skipif(not os.access(UINPUT, os.W_OK), reason="/dev/uinput is not there or may not be written (modprobe uinput)")

# include/uapi/linux/uinput.h
UI_SET_EVBIT, UI_SET_KEYBIT, UI_DEV_SETUP, UI_DEV_CREATE, UI_DEV_DESTROY = 0x40045564, 0x40045565, 0x405C5503, 0x5501, 0x5502
UI_GET_SYSNAME = 0x8040552C
EVENT = struct.Struct("@llHHi")
KEYS = range(1, 120)
BUTTONS = range(0x110, 0x113)


class Device:
    """An input device of our own making."""

    def __init__(self, name: str, keys: range) -> None:
        self.fd = os.open(UINPUT, os.O_WRONLY | os.O_NONBLOCK)
        fcntl.ioctl(self.fd, UI_SET_EVBIT, 1)
        for key in keys:
            fcntl.ioctl(self.fd, UI_SET_KEYBIT, key)
        fcntl.ioctl(self.fd, UI_DEV_SETUP, struct.pack("@HHHH80sI", 3, 0xFFFF, 0x0035, 1, name.encode(), 0))
        fcntl.ioctl(self.fd, UI_DEV_CREATE)
        told = bytearray(64)
        fcntl.ioctl(self.fd, UI_GET_SYSNAME, told)
        system = Path("/sys/devices/virtual/input") / told.partition(b"\0")[0].decode()
        until_s = time.monotonic() + 10
        while not (nodes := [entry.name for entry in system.glob("event*") if Path("/dev/input", entry.name).exists()]):
            assert time.monotonic() < until_s, f"no event node below {system}"
            time.sleep(0.02)
        self.node = f"/dev/input/{nodes[0]}"

    def type(self, text: str) -> None:
        for event in keys_for(text):
            os.write(self.fd, EVENT.pack(0, 0, event.type, event.code, event.value))
        for value in (1, 0):
            os.write(self.fd, EVENT.pack(0, 0, 1, 28, value) + EVENT.pack(0, 0, 0, 0, 0))

    def destroy(self) -> None:
        if self.fd >= 0:
            fcntl.ioctl(self.fd, UI_DEV_DESTROY)
            os.close(self.fd)
            self.fd = -1


@contextmanager
def device(name="Reader", keys=KEYS):
    made = Device(name, keys)
    try:
        yield made
    finally:
        made.destroy()


async def eventually(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # the kernel's events come from a file descriptor
            await asyncio.sleep(0.02)


async def test_keys_of_the_kernel_are_cards_and_reach_nobody_else():
    with device() as typing:
        spy = os.open(typing.node, os.O_RDONLY | os.O_NONBLOCK)
        async with open_board(board_for("rfid.keyboard", options={"path": typing.node, "name": "Reader", "away_s": 0.3})) as board:
            reader, seen = board.get(CardReader, PART), []
            reader.cards.on(lambda event: seen.append(f"{'+' if event.present else '-'}{event.card.uid}"))
            await reader.start_polling()
            assert (await board.get(Identified, PART).identify()).hardware == "usb:ffff:0035"
            typing.type("04A1B2C3D4E5F6")
            await eventually(lambda: seen == ["+04A1B2C3D4E5F6", "-04A1B2C3D4E5F6"])
            with pytest.raises(BlockingIOError):
                os.read(spy, 4096)  # somebody else who reads the same node hears nothing
        typing.type("1")
        assert os.read(spy, 4096), "after the board was left it belongs to everybody again"
        os.close(spy)


async def test_a_taken_reader_is_busy_for_the_next():
    with device() as typing:
        first, second = EvdevKeys(typing.node, "first"), EvdevKeys(typing.node, "second")
        first.open(print, print)
        with pytest.raises(BusBusy):
            second.open(print, print)
        first.close()
        second.open(print, print)
        second.close()


async def test_a_mouse_is_no_reader():
    with device("Mouse", BUTTONS) as mouse, pytest.raises(WrongIdentity, match="no digit keys"):
        EvdevKeys(mouse.node, "reader").open(print, print)


async def test_another_device_in_its_place_is_refused():
    with device("Somebody's keyboard") as other, pytest.raises(ConnectFailed, match="calls itself"):
        async with open_board(board_for("rfid.keyboard", options={"path": other.node, "name": "Reader"})):
            pass


async def test_unplugged_and_back_the_same_object_reads_on(tmp_path):
    link = tmp_path / "by-id"  # as udev's link: the same name, whatever number the kernel gives
    with device() as typing:
        link.symlink_to(typing.node)
        description = board_for("rfid.keyboard", options={"path": str(link)})
        async with open_board(description, back_off=BackOff(first_s=0.1, longest_s=0.2)) as board:
            reader, seen = board.get(CardReader, PART), []
            reader.cards.on(lambda event: seen.append(event.card.uid))
            await reader.start_polling()
            typing.destroy()
            await eventually(lambda: board.health()[PART].state is HealthState.OFFLINE)
            with pytest.raises(BusClosed):
                await reader.poll_once()
            with device() as again:
                link.unlink()
                link.symlink_to(again.node)
                await eventually(lambda: board.health()[PART].state is HealthState.OK)
                again.type("DEADBEEF")
                await eventually(lambda: seen == ["DEADBEEF"])
