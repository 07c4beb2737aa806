"""smbus2 and periphery on a real i2c-dev node: what the adapters above them may rely on."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from periphery import I2C
from smbus2 import I2cFunc, SMBus, i2c_msg

from tests.kernel.bench.bridge import RegisterChip
from tests.kernel.guest.conftest import I2cBench


def test_combined_write_and_read_reaches_the_chip_without_a_stop_between(i2c: I2cBench) -> None:
    i2c.attach(0x48, RegisterChip.holding({0: 0x19, 1: 0x80}))
    with SMBus(i2c.path) as bus:
        read = i2c_msg.read(0x48, 2)
        bus.i2c_rdwr(i2c_msg.write(0x48, [0]), read)
    assert bytes(read) == b"\x19\x80"
    assert [(message.reads, message.count) for message in i2c.wiring.messages] == [(False, 1), (True, 2)]


def test_what_is_written_can_be_read_back(i2c: I2cBench) -> None:
    chip = RegisterChip()
    i2c.attach(0x50, chip)
    with SMBus(i2c.path) as bus:
        bus.i2c_rdwr(i2c_msg.write(0x50, [4, *range(200)]))
        read = i2c_msg.read(0x50, 200)
        bus.i2c_rdwr(i2c_msg.write(0x50, [4]), read)
    assert bytes(read) == bytes(range(200))
    assert chip.registers[4 + 199] == 199


def test_smbus_commands_are_emulated_on_a_plain_adapter(i2c: I2cBench) -> None:
    i2c.attach(0x21, RegisterChip.holding({0: 0x34, 1: 0x12}))
    with SMBus(i2c.path) as bus:
        assert bus.funcs & I2cFunc.I2C
        assert bus.read_word_data(0x21, 0) == 0x1234
        bus.write_i2c_block_data(0x21, 8, list(range(30)))
        assert bus.read_i2c_block_data(0x21, 8, 30) == list(range(30))


def test_periphery_speaks_to_the_same_chip(i2c: I2cBench) -> None:
    i2c.attach(0x48, RegisterChip.holding({0: 0x2A}))
    bus = I2C(i2c.path)
    messages = [I2C.Message([0]), I2C.Message([0], read=True)]
    bus.transfer(0x48, messages)
    bus.close()
    assert messages[1].data == [0x2A]


@pytest.mark.parametrize("code", [errno.ENXIO, errno.EREMOTEIO, errno.EIO, errno.ENODEV, errno.ETIMEDOUT], ids=errno.errorcode.get)
def test_no_chip_gives_the_error_of_the_adapter(i2c: I2cBench, code: int) -> None:
    i2c.wiring.nack_errno = code
    with SMBus(i2c.path) as bus, pytest.raises(OSError) as failure:
        bus.i2c_rdwr(i2c_msg.read(0x33, 1))
    assert failure.value.errno == code


class Stuck:
    """A chip that holds the clock for longer than the bus waits (1 s), by so much that a slow machine changes nothing."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def write(self, data: bytes) -> None:
        pass

    def read(self, count: int) -> bytes:
        time.sleep(3.0)
        self.over.set()
        return bytes(count)


def test_a_chip_that_does_not_answer_in_time_ends_in_a_timeout_and_spoils_nothing_after_it(i2c: I2cBench) -> None:
    stuck = Stuck()
    i2c.attach(0x40, stuck)
    i2c.attach(0x41, RegisterChip.holding({0: 7}))
    with SMBus(i2c.path) as bus:
        with pytest.raises(TimeoutError):
            bus.i2c_rdwr(i2c_msg.read(0x40, 1))
        assert stuck.over.wait(20.0)
        time.sleep(0.5)  # the late answer arrives now and belongs to nobody
        assert bus.read_byte_data(0x41, 0) == 7


def test_a_kernel_driver_reads_our_chip_and_keeps_its_address(i2c: I2cBench) -> None:
    i2c.attach(0x48, RegisterChip.holding({0: 0x2A, 1: 0x00}))
    bus = Path(f"/sys/bus/i2c/devices/i2c-{i2c.number}")
    (bus / "new_device").write_text("lm75 0x48")
    try:
        (sensor,) = Path(f"/sys/bus/i2c/devices/{i2c.number}-0048/hwmon").glob("hwmon*/temp1_input")
        assert int(sensor.read_text()) == 42_000
        with SMBus(i2c.path) as smbus, pytest.raises(OSError) as failure:
            smbus.read_byte_data(0x48, 0)
        assert failure.value.errno == errno.EBUSY
    finally:
        (bus / "delete_device").write_text("0x48")


def test_an_adapter_with_smbus_only_refuses_plain_i2c(smbus_only: str) -> None:
    with SMBus(smbus_only) as bus:
        bus.write_word_data(0x48, 0, 0x8019)
        assert bus.read_word_data(0x48, 0) == 0x8019
        with pytest.raises(OSError) as failure:
            bus.i2c_rdwr(i2c_msg.read(0x48, 1))
    assert failure.value.errno == errno.EOPNOTSUPP


def test_rate_is_enough_for_real_use(i2c: I2cBench, record_testsuite_property: Callable[[str, object], None]) -> None:
    i2c.attach(0x48, RegisterChip.holding({0: 0x19, 1: 0x80}))
    count = 300
    with SMBus(i2c.path) as bus:
        started = time.perf_counter()
        for _ in range(count):
            bus.i2c_rdwr(i2c_msg.write(0x48, [0]), i2c_msg.read(0x48, 2))
        rate = count / (time.perf_counter() - started)
    record_testsuite_property("combined transfers per second", round(rate))
    assert rate > 100
