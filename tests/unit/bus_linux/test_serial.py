"""The serial adapter with real pyserial on real pseudo-terminals."""

from __future__ import annotations

import asyncio
import errno
import os
import termios
from pathlib import Path

import pytest
import serial

from cc613hal.bus.linux import serial_pyserial
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.bus.linux.serial_pyserial import LinuxSerial
from cc613hal.bus.serial import Parity, Rs485Settings, SerialSettings
from cc613hal.bus.sim.faults import Faults
from cc613hal.bus.sim.pty import PtyLine
from cc613hal.errors import BusBusy, BusClosed, BusMissing, BusTimeout


class Shouting:
    """An emulated part that says everything back in capitals."""

    def attach(self, send: object) -> None:
        self.say = send

    def receive(self, data: bytes) -> None:
        self.say(data.upper())


async def read_all(line: LinuxSerial, count: int) -> bytes:
    heard = b""
    async with asyncio.timeout(2):
        while len(heard) < count:
            heard += await line.read(0.5)
    return heard


async def test_bytes_go_out_and_come_back() -> None:
    async with PtyLine(Shouting()) as pty:
        line = LinuxSerial.open("reader", pty.path, SerialSettings(baud=115200))
        await line.write(b"hello")
        assert await read_all(line, 5) == b"HELLO"
        await line.write(b"0123456789" * 2000)
        assert await read_all(line, 20000) == b"0123456789" * 2000
        await line.aclose()


async def test_reading_waits_no_longer_than_told() -> None:
    async with PtyLine(Shouting()) as pty:
        line = LinuxSerial.open("reader", pty.path, SerialSettings())
        begun = asyncio.get_running_loop().time()
        assert await line.read(0.05) == b""
        assert 0.045 <= asyncio.get_running_loop().time() - begun < 0.5
        assert await line.read(0.0) == b""
        await line.aclose()


async def test_what_arrived_unread_can_be_thrown_away() -> None:
    peer = Shouting()
    async with PtyLine(peer) as pty:
        line = LinuxSerial.open("reader", pty.path, SerialSettings())
        peer.say(b"old news")
        await asyncio.sleep(0.02)
        peer.say(b"!!")
        assert line.discard_input() == 10
        assert await line.read(0.02) == b""
        await line.aclose()


async def test_the_speed_is_set_and_what_a_pty_cannot_keep_is_noted_not_refused() -> None:
    async with PtyLine(Shouting()) as pty:
        settings = SerialSettings(baud=19200, parity=Parity.EVEN, rs485=Rs485Settings())
        line = LinuxSerial.open("meter", pty.path, settings)
        told = line.capabilities
        assert not told.parity
        assert not told.rs485
        assert not told.modem_lines
        assert "8E" in told.notes[0] or "parity E" in told.notes[0]
        assert "RS-485" in told.notes[1]
        assert termios.tcgetattr(pty._slave)[4] == termios.B19200
        assert line.settings is settings
        await line.aclose()


async def test_plain_settings_need_no_notes() -> None:
    async with PtyLine(Shouting()) as pty:
        line = LinuxSerial.open("meter", pty.path, SerialSettings())
        assert line.capabilities.parity
        assert line.capabilities.notes == ()
        await line.aclose()


async def test_a_port_that_refuses_parity_is_opened_without(monkeypatch: pytest.MonkeyPatch) -> None:
    """glibc's tcsetattr reports EINVAL where a port does not keep parity; this C library may not."""
    real = serial.Serial

    def picky(*arguments: object, **settings: object) -> serial.Serial:
        if settings["parity"] != "N":
            raise termios.error(errno.EINVAL, "Invalid argument")
        return real(*arguments, **settings)

    monkeypatch.setattr(serial_pyserial.serial, "Serial", picky)
    async with PtyLine(Shouting()) as pty:
        line = LinuxSerial.open("meter", pty.path, SerialSettings(parity=Parity.ODD))
        assert not line.capabilities.parity
        assert "parity O" in line.capabilities.notes[0]
        await line.aclose()


async def test_a_line_has_one_user() -> None:
    async with PtyLine(Shouting()) as pty:
        line = LinuxSerial.open("meter", pty.path, SerialSettings())
        with pytest.raises(BusBusy, match=r"another program"):
            LinuxSerial.open("other", pty.path, SerialSettings())
        await line.aclose()
        again = LinuxSerial.open("other", pty.path, SerialSettings())
        await again.aclose()


def test_a_missing_node_says_which_are_there(tmp_path: Path) -> None:
    (tmp_path / "ttyUSB1").touch()
    with pytest.raises(BusMissing, match=r"ttyUSB1"):
        LinuxSerial.open("meter", str(tmp_path / "ttyUSB0"), SerialSettings())


async def test_unplugging_ends_a_waiting_read_and_plugging_in_again_is_noticed(tmp_path: Path) -> None:
    faults = Faults()
    async with PtyLine(Shouting(), faults=faults, link=tmp_path / "ttyReader") as pty:
        line = LinuxSerial.open("reader", pty.path, SerialSettings())
        waiting = asyncio.create_task(line.read(10.0))
        await asyncio.sleep(0.02)
        faults.unplug()
        async with asyncio.timeout(1):
            with pytest.raises(BusClosed, match="gone"):
                await waiting
        with pytest.raises(BusClosed, match="plug the adapter in again"):
            await line.write(b"x")
        faults.plug()
        await asyncio.sleep(0.25)
        await line.write(b"back")
        assert await read_all(line, 4) == b"BACK"
        await line.aclose()


async def test_while_it_is_unplugged_the_node_is_missing(tmp_path: Path) -> None:
    faults = Faults()
    async with PtyLine(Shouting(), faults=faults, link=tmp_path / "ttyReader") as pty:
        line = LinuxSerial.open("reader", pty.path, SerialSettings())
        faults.unplug()
        await asyncio.sleep(0.25)
        with pytest.raises((BusMissing, BusClosed)):
            await line.write(b"x")
        await asyncio.sleep(0.21)
        with pytest.raises(BusMissing):
            await line.read(0.1)
        await line.aclose()


async def test_a_closed_line_refuses_and_stays_closed() -> None:
    async with PtyLine(Shouting()) as pty:
        line = LinuxSerial.open("reader", pty.path, SerialSettings())
        waiting = asyncio.create_task(line.read(10.0))
        await asyncio.sleep(0)
        await line.aclose()
        await line.aclose()
        with pytest.raises(BusClosed, match="closed"):
            await waiting
        await asyncio.sleep(0.25)
        with pytest.raises(BusClosed):
            await line.write(b"x")


async def test_a_line_that_takes_no_bytes_is_a_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_pyserial, "_WRITE_S", 0.05)
    master, slave = os.openpty()
    line = LinuxSerial.open("reader", os.ttyname(slave), SerialSettings(baud=921600))
    with pytest.raises(BusTimeout, match="takes no more bytes"):
        await line.write(bytes(70_000))
    await line.aclose()
    os.close(master)
    os.close(slave)


async def test_a_cancelled_read_loses_nothing() -> None:
    peer = Shouting()
    async with PtyLine(peer) as pty:
        line = LinuxSerial.open("reader", pty.path, SerialSettings())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await line.read(5.0)
        peer.say(b"LATE")
        assert await line.read(1.0) == b"LATE"
        await line.aclose()


async def test_the_factory_opens_it() -> None:
    from cc613hal.bus.actor import BusActor
    from cc613hal.bus.options import SerialOptions
    from cc613hal.clock import Clock

    async with PtyLine(Shouting()) as pty:
        line = await LinuxBuses().open("reader", SerialOptions(path=pty.path), BusActor("reader", Clock()))
        await line.write(b"x")
        assert await line.read(1.0) == b"X"
        await line.aclose()
