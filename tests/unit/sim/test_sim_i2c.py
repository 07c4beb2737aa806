"""A simulated I2C bus behaves like the wire, faults included."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cc613hal.bus.actor import BusActor
from cc613hal.bus.i2c import I2cPort, I2cRead, I2cWrite
from cc613hal.bus.sim.i2c import SimI2c
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusClosed, BusError, BusTimeout, ConfigError, NoAnswer, Unsupported


class Eeprom:
    """256 bytes behind a pointer, as the usual small memories."""

    def __init__(self) -> None:
        self.memory = bytearray(range(256))
        self.calls: list[str] = []
        self._pointer = 0

    def write(self, data: bytes) -> None:
        self.calls.append(f"write {data.hex()}")
        self._pointer = data[0]
        self.memory[self._pointer : self._pointer + len(data) - 1] = data[1:]

    def read(self, count: int) -> bytes:
        self.calls.append(f"read {count}")
        return bytes(self.memory[self._pointer : self._pointer + count])


@pytest.fixture
def bus() -> SimI2c:
    return SimI2c("i2c0")


@pytest.fixture
def chip(bus: SimI2c) -> Eeprom:
    chip = Eeprom()
    bus.attach(0x50, chip)
    return chip


def read(bus: SimI2c, address: int = 0x50, *, start: int = 16, count: int = 4) -> bytes:
    return run_virtual(bus.transfer(address, [I2cWrite(bytes([start])), I2cRead(count)]))


def seconds(operation: Callable[[], Awaitable[object]]) -> float:
    async def main() -> float:
        try:
            await operation()
        except BusError:
            pass
        return asyncio.get_running_loop().time()

    return run_virtual(main())


def test_write_and_read_are_two_calls_with_a_repeated_start(bus: SimI2c, chip: Eeprom) -> None:
    assert read(bus) == bytes([16, 17, 18, 19])
    assert chip.calls == ["write 10", "read 4"]


def test_several_reads_come_back_joined(bus: SimI2c, chip: Eeprom) -> None:
    answer = run_virtual(bus.transfer(0x50, [I2cWrite(b"\x00"), I2cRead(2), I2cWrite(b"\x80"), I2cRead(2)]))
    assert answer == bytes([0x00, 0x01, 0x80, 0x81])


def test_a_transfer_without_faults_takes_no_time(bus: SimI2c, chip: Eeprom) -> None:
    assert seconds(lambda: bus.transfer(0x50, [I2cRead(1)])) == 0.0


def test_nobody_at_an_address_says_where_to_look(bus: SimI2c, chip: Eeprom) -> None:
    with pytest.raises(NoAnswer, match=r"i2c0: nobody answers at 0x51 \(check address, supply and wiring of the part\)"):
        read(bus, 0x51)


def test_two_chips_cannot_share_an_address(bus: SimI2c, chip: Eeprom) -> None:
    with pytest.raises(ConfigError, match="two chips at 0x50"):
        bus.attach(0x50, Eeprom())
    bus.detach(0x50)
    bus.attach(0x50, Eeprom())
    assert bus.addresses == (0x50,)


def test_ten_bit_addresses_are_refused(bus: SimI2c) -> None:
    with pytest.raises(ConfigError, match="0x1A0 is no 7-bit"):
        bus.attach(0x1A0, Eeprom())


@pytest.mark.parametrize("fault", ["nack", "loss", "unplug"])
def test_a_part_that_is_not_there_does_not_acknowledge(bus: SimI2c, chip: Eeprom, fault: str) -> None:
    faults = bus.faults_at(0x50)
    if fault == "unplug":
        faults.unplug()
    else:
        setattr(faults, fault, True if fault == "nack" else 1.0)
    with pytest.raises(NoAnswer):
        read(bus)
    assert chip.calls == []
    faults.clear()
    assert read(bus) == bytes([16, 17, 18, 19])


def test_a_fault_of_one_part_leaves_the_others_alone(bus: SimI2c, chip: Eeprom) -> None:
    bus.attach(0x51, Eeprom())
    bus.faults_at(0x51).nack = True
    assert read(bus) == bytes([16, 17, 18, 19])


def test_a_part_with_two_addresses_fails_as_one(bus: SimI2c) -> None:
    chip = Eeprom()
    faults = bus.attach(0x40, chip)
    bus.attach(0x70, chip, faults=faults)
    faults.nack = True
    for address in (0x40, 0x70):
        with pytest.raises(NoAnswer):
            read(bus, address)


def test_a_part_that_holds_the_clock_times_out(bus: SimI2c, chip: Eeprom) -> None:
    bus.faults_at(0x50).silence = True
    with pytest.raises(BusTimeout, match="holds the clock"):
        read(bus)


def test_late_answers_come_late(bus: SimI2c, chip: Eeprom) -> None:
    bus.faults_at(0x50).late_s = 0.25
    assert seconds(lambda: bus.transfer(0x50, [I2cRead(1)])) == pytest.approx(0.25)


def test_noise_changes_bits_never_the_number_of_bytes(bus: SimI2c, chip: Eeprom) -> None:
    bus.faults.noise = 1.0
    for _ in range(50):
        answer = read(bus)
        assert len(answer) == 4
        assert sum((ours ^ theirs).bit_count() for ours, theirs in zip(answer, bytes([16, 17, 18, 19]), strict=True)) == 1


def test_a_wrong_check_sum_spoils_the_last_byte_only(bus: SimI2c, chip: Eeprom) -> None:
    bus.faults_at(0x50).crc = True
    answer = read(bus)
    assert answer[:3] == bytes([16, 17, 18])
    assert answer[3] != 19


def test_an_unplugged_bus_comes_back_when_plugged(bus: SimI2c, chip: Eeprom) -> None:
    bus.faults.unplug()
    with pytest.raises(BusClosed, match="unplugged") as caught:
        read(bus)
    assert caught.value.transient
    bus.faults.plug()
    assert read(bus) == bytes([16, 17, 18, 19])


def test_a_closed_bus_is_closed_until_opened_again(bus: SimI2c, chip: Eeprom) -> None:
    run_virtual(bus.aclose())
    with pytest.raises(BusClosed, match="after it was closed"):
        read(bus)
    bus.reopen()
    assert read(bus, count=1) == b"\x10"


def test_a_broken_emulation_is_not_taken_for_an_answer(bus: SimI2c) -> None:
    class Short:
        def write(self, data: bytes) -> None: ...

        def read(self, count: int) -> bytes:
            return b"\x00" * (count - 1)

    bus.attach(0x20, Short())
    with pytest.raises(AssertionError, match="Short at 0x20 returned 3 bytes, asked for 4"):
        read(bus, 0x20)


@pytest.mark.parametrize(
    ("messages", "possible"),
    [
        ([I2cWrite(b"")], True),
        ([I2cWrite(bytes(33))], True),
        ([I2cWrite(bytes(34))], False),
        ([I2cRead(1)], True),
        ([I2cRead(2)], False),
        ([I2cWrite(b"\x00"), I2cRead(32)], True),
        ([I2cWrite(b"\x00"), I2cRead(33)], False),
        ([I2cWrite(b"\x00\x00"), I2cRead(2)], False),
        ([I2cWrite(b"\x00"), I2cWrite(b"\x00")], False),
    ],
)
def test_an_smbus_only_bus_refuses_what_smbus_cannot_form(messages: list[I2cWrite | I2cRead], possible: bool) -> None:
    class Anything:
        def write(self, data: bytes) -> None: ...

        def read(self, count: int) -> bytes:
            return bytes(count)

    bus = SimI2c("i2c0", smbus_only=True)
    bus.attach(0x50, Anything())
    assert not bus.capabilities.plain
    if possible:
        run_virtual(bus.transfer(0x50, messages))
    else:
        with pytest.raises(Unsupported, match=r"SMBus-only adapter cannot form (write|read) of"):
            run_virtual(bus.transfer(0x50, messages))


def test_a_message_longer_than_the_adapter_takes_is_refused(chip: Eeprom) -> None:
    bus = SimI2c(max_length=64)
    bus.attach(0x50, chip)
    with pytest.raises(Unsupported, match="a message of 65 bytes; the adapter takes 64"):
        read(bus, count=65)


def test_a_port_on_the_bus_traces_and_counts(bus: SimI2c, chip: Eeprom) -> None:
    async def main() -> BusActor:
        actor = BusActor("i2c0", Clock())
        port = I2cPort(actor, bus, 0x50)
        await port.write(b"\x00\xaa")
        assert await port.write_read(b"\x00", 1) == b"\xaa"
        with pytest.raises(NoAnswer):
            await port.at(0x51).read(1)
        return actor

    actor = run_virtual(main())
    assert [(frame.unit, frame.direction, frame.data.hex()) for frame in actor.trace] == [
        ("0x50", ">", "00aa"),
        ("0x50", ">", "00"),
        ("0x50", "<", "aa"),
        ("0x51", ">", ""),
        ("0x51", "!", ""),
    ]
    assert actor.statistics.errors == {"no-answer": 1}
