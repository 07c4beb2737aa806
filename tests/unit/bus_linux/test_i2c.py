"""The I2C adapter over a stand-in for smbus2's bus; the real one is tested on a real kernel in ``tests/kernel``."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smbus2 import I2cFunc

from cc613hal.bus.i2c import I2cRead, I2cWrite
from cc613hal.bus.linux import i2c_smbus2
from cc613hal.bus.linux.i2c_smbus2 import LinuxI2c
from cc613hal.bus.linux.worker import Worker
from cc613hal.errors import BusBusy, BusClosed, BusMissing, NoAnswer, Unsupported

PLAIN = I2cFunc.I2C | I2cFunc.SMBUS_EMUL
SMBUS = I2cFunc.SMBUS_BYTE | I2cFunc.SMBUS_BYTE_DATA | I2cFunc.SMBUS_WORD_DATA | I2cFunc.SMBUS_I2C_BLOCK
SMALL = I2cFunc.SMBUS_BYTE | I2cFunc.SMBUS_BYTE_DATA | I2cFunc.SMBUS_WORD_DATA


class Bus:
    """A register chip at 0x48 as smbus2 shows it, with and without plain messages."""

    def __init__(self, funcs: int, fails: int = 0) -> None:
        self.funcs = funcs
        self.fails = fails
        self.memory = bytearray(range(256))
        self.calls: list[str] = []
        self.pointer = 0

    def _use(self, call: str) -> None:
        self.calls.append(call)
        if self.fails:
            raise OSError(self.fails, os.strerror(self.fails))

    def i2c_rdwr(self, *messages: object) -> None:
        self._use("rdwr")
        for message in messages:
            if message.flags & 1:
                for index in range(message.len):
                    message.buf[index] = self.memory[self.pointer + index : self.pointer + index + 1]
            else:
                data = bytes(message)
                self.pointer = data[0]
                self.memory[self.pointer : self.pointer + len(data) - 1] = data[1:]

    def write_quick(self, address: int) -> None:
        self._use("quick")

    def read_byte(self, address: int) -> int:
        self._use("read_byte")
        return self.memory[self.pointer]

    def write_byte(self, address: int, value: int) -> None:
        self._use("write_byte")
        self.pointer = value

    def read_byte_data(self, address: int, register: int) -> int:
        self._use("read_byte_data")
        return self.memory[register]

    def write_byte_data(self, address: int, register: int, value: int) -> None:
        self._use("write_byte_data")
        self.memory[register] = value

    def read_word_data(self, address: int, register: int) -> int:
        self._use("read_word_data")
        return int.from_bytes(self.memory[register : register + 2], "little")

    def write_word_data(self, address: int, register: int, value: int) -> None:
        self._use("write_word_data")
        self.memory[register : register + 2] = value.to_bytes(2, "little")

    def read_i2c_block_data(self, address: int, register: int, count: int) -> list[int]:
        self._use("read_block")
        return [self.memory[(register + index) % 256] for index in range(count)]

    def write_i2c_block_data(self, address: int, register: int, data: list[int]) -> None:
        self._use("write_block")
        self.memory[register : register + len(data)] = bytes(data)

    def close(self) -> None:
        self.calls.append("close")


async def test_an_adapter_that_was_pulled_out_is_gone_and_not_just_silent(tmp_path: Path) -> None:
    node = tmp_path / "i2c-9"
    node.touch()
    bus = Bus(SMBUS, errno.ENODEV)
    adapter = LinuxI2c("i2c0", str(node), bus, Worker("i2c0"))
    try:
        with pytest.raises(NoAnswer):
            await adapter.transfer(0x48, (I2cWrite(b"\x00"),))
        node.rename(tmp_path / "pulled-out")  # kept, or the file system might give its number to the next one
        with pytest.raises(BusClosed, match="is gone"):
            await adapter.transfer(0x48, (I2cWrite(b"\x00"),))
        node.touch()
        with pytest.raises(BusClosed, match="is gone"):
            await adapter.transfer(0x48, (I2cWrite(b"\x00"),))
    finally:
        await adapter.aclose()


async def run(bus: Bus, *messages: I2cWrite | I2cRead) -> bytes:
    adapter = LinuxI2c("i2c0", "/dev/i2c-9", bus, Worker("i2c0"))
    try:
        return await adapter.transfer(0x48, messages)
    finally:
        await adapter.aclose()
        assert bus.calls[-1] == "close"


@pytest.mark.parametrize("funcs", [PLAIN, SMBUS], ids=["plain", "smbus"])
@pytest.mark.parametrize("count", [1, 2, 3, 32])
async def test_a_register_reads_the_same_with_and_without_plain_messages(funcs: int, count: int) -> None:
    assert await run(Bus(funcs), I2cWrite(b"\x10"), I2cRead(count)) == bytes(range(0x10, 0x10 + count))


@pytest.mark.parametrize("funcs", [PLAIN, SMBUS], ids=["plain", "smbus"])
@pytest.mark.parametrize("data", [b"", b"\xaa", b"\xaa\xbb", bytes(range(32))])
async def test_a_register_is_written_the_same_with_and_without_plain_messages(funcs: int, data: bytes) -> None:
    bus = Bus(funcs)
    await run(bus, I2cWrite(b"\x20" + data))
    assert bus.memory[0x20 : 0x20 + len(data)] == data


async def test_the_byte_at_the_pointer_can_be_read_with_smbus() -> None:
    assert await run(Bus(SMBUS), I2cRead(1)) == b"\0"


async def test_an_empty_write_only_looks_for_somebody() -> None:
    bus = Bus(SMBUS)
    assert await run(bus, I2cWrite(b"")) == b""
    assert bus.calls[0] == "quick"


@pytest.mark.parametrize(
    ("funcs", "messages"),
    [
        (SMBUS, (I2cRead(2),)),
        (SMBUS, (I2cWrite(b"\1\2"), I2cRead(2))),
        (SMBUS, (I2cWrite(b"\1"), I2cRead(33))),
        (SMBUS, (I2cWrite(bytes(34)),)),
        (SMBUS, (I2cWrite(b"\1"), I2cRead(1), I2cRead(1))),
        (SMALL, (I2cWrite(b"\1"), I2cRead(3))),
        (SMALL, (I2cWrite(bytes(4)),)),
    ],
)
async def test_what_smbus_cannot_form_is_refused_and_not_approximated(funcs: int, messages: tuple[object, ...]) -> None:
    bus = Bus(funcs)
    with pytest.raises(Unsupported, match="speaks SMBus only"):
        await run(bus, *messages)
    assert bus.calls == ["close"], "something was put on the wire"


async def test_the_limit_is_told_by_the_capabilities() -> None:
    adapters = [LinuxI2c("i2c0", "/dev/i2c-9", Bus(funcs), Worker("i2c0")) for funcs in (PLAIN, SMBUS, SMALL)]
    assert [(adapter.capabilities.plain, adapter.capabilities.max_length) for adapter in adapters] == [
        (True, 8192),
        (False, 33),
        (False, 3),
    ]
    assert adapters[1].capabilities.note.startswith("SMBus only")
    for adapter in adapters:
        await adapter.aclose()


@pytest.mark.parametrize("number", [errno.ENXIO, errno.EREMOTEIO, errno.EIO, errno.ENODEV, errno.ETIMEDOUT])
@pytest.mark.parametrize("funcs", [PLAIN, SMBUS], ids=["plain", "smbus"])
async def test_nobody_there_is_one_error_whatever_the_adapter_calls_it(number: int, funcs: int) -> None:
    with pytest.raises(NoAnswer, match=r"nobody acknowledges 0x48 on /dev/i2c-9"):
        await run(Bus(funcs, number), I2cWrite(b"\0"), I2cRead(1))


async def test_an_address_owned_by_a_kernel_driver_says_so() -> None:
    with pytest.raises(BusBusy, match=r"belongs to a kernel driver.*unbind it"):
        await run(Bus(SMBUS, errno.EBUSY), I2cWrite(b"\0"), I2cRead(1))


async def test_plain_messages_leave_an_address_owned_by_a_kernel_driver_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """I2C_RDWR would go through; the kernel only checks the SMBus way."""
    (tmp_path / "9-0048" / "driver").mkdir(parents=True)
    monkeypatch.setattr(i2c_smbus2, "_DEVICES", tmp_path)
    bus = Bus(PLAIN)
    with pytest.raises(BusBusy, match="kernel driver"):
        await run(bus, I2cWrite(b"\0"), I2cRead(1))
    assert bus.calls == ["close"]


async def test_opening_a_bus_that_is_not_there_says_which_are() -> None:
    with pytest.raises(BusMissing, match="opening /dev/i2c-4711"):
        await LinuxI2c.open("i2c0", "/dev/i2c-4711")


@given(
    st.lists(
        st.one_of(st.builds(I2cWrite, st.binary(min_size=1, max_size=40)), st.builds(I2cRead, st.integers(1, 40))), min_size=1, max_size=3
    )
)
async def test_smbus_returns_exactly_what_was_asked_for_or_refuses(messages: list[I2cWrite | I2cRead]) -> None:
    try:
        answer = await run(Bus(SMBUS), *messages)
    except Unsupported:
        return
    assert len(answer) == sum(message.count for message in messages if isinstance(message, I2cRead))
