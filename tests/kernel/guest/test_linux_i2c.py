"""The library's I2C adapter on a real bus."""

from __future__ import annotations

import asyncio
import errno
import time
from pathlib import Path

import pytest

from cc613hal.bus.i2c import I2cAdapter, I2cPort, I2cRead, I2cWrite
from cc613hal.errors import BusBusy, BusMissing, NoAnswer, Unsupported
from tests.kernel.bench.bridge import RegisterChip
from tests.kernel.guest.conftest import I2cBench, Opener


@pytest.fixture
async def adapter(i2c: I2cBench, open_bus: Opener) -> I2cAdapter:
    return await open_bus.i2c(i2c.path)


async def test_a_write_and_a_read_are_one_transaction(i2c: I2cBench, adapter: I2cAdapter) -> None:
    i2c.attach(0x48, RegisterChip.holding({0: 0x19, 1: 0x80}))
    assert await adapter.transfer(0x48, [I2cWrite(b"\0"), I2cRead(2)]) == b"\x19\x80"
    assert [message.reads for message in i2c.wiring.messages] == [False, True]
    assert adapter.capabilities.plain


async def test_long_messages_pass_whole(i2c: I2cBench, adapter: I2cAdapter) -> None:
    chip = RegisterChip()
    i2c.attach(0x50, chip)
    await adapter.transfer(0x50, [I2cWrite(bytes([0, *range(255)]))])
    assert await adapter.transfer(0x50, [I2cWrite(b"\0"), I2cRead(255)]) == bytes(range(255))


@pytest.mark.parametrize("code", [errno.ENXIO, errno.EREMOTEIO, errno.EIO, errno.ENODEV, errno.ETIMEDOUT], ids=errno.errorcode.get)
async def test_no_chip_is_one_error_whatever_the_adapter_calls_it(i2c: I2cBench, adapter: I2cAdapter, code: int) -> None:
    i2c.wiring.nack_errno = code
    with pytest.raises(NoAnswer, match="0x33"):
        await adapter.transfer(0x33, [I2cRead(1)])


async def test_a_chip_that_comes_back_is_read_again(i2c: I2cBench, adapter: I2cAdapter) -> None:
    i2c.attach(0x48, RegisterChip.holding({0: 5}))
    i2c.detach(0x48)
    with pytest.raises(NoAnswer):
        await adapter.transfer(0x48, [I2cWrite(b"\0"), I2cRead(1)])
    i2c.attach(0x48, RegisterChip.holding({0: 6}))
    assert await adapter.transfer(0x48, [I2cWrite(b"\0"), I2cRead(1)]) == b"\6"


async def test_the_address_of_a_kernel_driver_is_left_alone(i2c: I2cBench, adapter: I2cAdapter) -> None:
    i2c.attach(0x48, RegisterChip.holding({0: 0x2A, 1: 0}))
    bus = Path(f"/sys/bus/i2c/devices/i2c-{i2c.number}")
    (bus / "new_device").write_text("lm75 0x48")
    try:
        i2c.wiring.messages.clear()
        with pytest.raises(BusBusy, match="kernel driver"):
            await adapter.transfer(0x48, [I2cWrite(b"\0"), I2cRead(2)])
        assert not i2c.wiring.messages
    finally:
        (bus / "delete_device").write_text("0x48")
    assert await adapter.transfer(0x48, [I2cWrite(b"\0"), I2cRead(2)]) == b"\x2a\0"


class Slow(RegisterChip):
    """A chip that stretches the clock."""

    def read(self, count: int) -> bytes:
        time.sleep(0.4)
        return super().read(count)


async def test_a_slow_chip_does_not_hold_up_the_loop(i2c: I2cBench, adapter: I2cAdapter) -> None:
    i2c.attach(0x48, Slow({0: 1}))
    task = asyncio.create_task(adapter.transfer(0x48, [I2cWrite(b"\0"), I2cRead(1)]))
    turns, longest, last = 0, 0.0, time.monotonic()
    while not task.done():
        await asyncio.sleep(0.01)
        now = time.monotonic()
        turns, longest, last = turns + 1, max(longest, now - last), now
    assert await task == b"\1"
    assert turns >= 10
    assert longest < 0.3


async def test_a_cancelled_transfer_is_over_before_the_next_begins(i2c: I2cBench, adapter: I2cAdapter) -> None:
    i2c.attach(0x48, Slow({0: 1}))
    i2c.attach(0x49, RegisterChip.holding({0: 2}))
    task = asyncio.create_task(adapter.transfer(0x48, [I2cWrite(b"\0"), I2cRead(1)]))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await adapter.transfer(0x49, [I2cWrite(b"\0"), I2cRead(1)]) == b"\2"


async def test_many_devices_share_the_bus(i2c: I2cBench, open_bus: Opener) -> None:
    adapter = await open_bus.i2c(i2c.path)
    for address in range(0x20, 0x28):
        i2c.attach(address, RegisterChip.holding({0: address}))
    ports = [I2cPort(open_bus.actor, adapter, address) for address in range(0x20, 0x28)]
    answers = await asyncio.gather(*(port.write_read(b"\0", 1) for port in ports for _ in range(5)))
    assert answers == [bytes([port.address]) for port in ports for _ in range(5)]
    assert open_bus.actor.statistics.transfers == 40


async def test_an_smbus_only_adapter_reads_registers_and_refuses_the_rest(smbus_only: str, open_bus: Opener) -> None:
    adapter = await open_bus.i2c(smbus_only)
    assert not adapter.capabilities.plain
    await adapter.transfer(0x20, [I2cWrite(b"\x05\xab")])
    assert await adapter.transfer(0x20, [I2cWrite(b"\x05"), I2cRead(1)]) == b"\xab"
    await adapter.transfer(0x20, [I2cWrite(b"\x08\x34\x12")])
    assert await adapter.transfer(0x20, [I2cWrite(b"\x08"), I2cRead(2)]) == b"\x34\x12"
    with pytest.raises(Unsupported, match="SMBus"):
        await adapter.transfer(0x20, [I2cWrite(b"\0\0"), I2cRead(2)])


async def test_a_bus_that_is_not_there_is_named_with_its_neighbours(i2c: I2cBench, open_bus: Opener) -> None:
    with pytest.raises(BusMissing, match="/dev/i2c-99") as failure:
        await open_bus.i2c("/dev/i2c-99")
    assert i2c.path in str(failure.value.hint)
