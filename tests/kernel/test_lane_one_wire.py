"""The 1-Wire bus of the lane, without a kernel: what its bus master and its sensor say to each other."""

from __future__ import annotations

from cc613hal.clock import Clock
from cc613hal.plant import Signal
from cc613hal_sensors.ds18b20 import Ds18b20Options
from cc613hal_sensors.ds18b20_scratchpad import Scratchpad, crc8
from cc613hal_sensors.emulated_sysfs import EmulatedDs18b20
from tests.kernel.bench.one_wire import Ds18b20OnWire, Ds2482


def bus(celsius: float = 25.0625) -> tuple[Ds2482, Ds18b20OnWire]:
    emulated = EmulatedDs18b20(Signal(celsius), Clock(), Ds18b20Options())
    sensor = Ds18b20OnWire(bytes.fromhex("ff4b79a21603"), emulated.scratchpad)
    return Ds2482(sensor), sensor


def ask(master: Ds2482, *commands: bytes) -> int:
    for command in commands:
        master.write(command)
    return master.read(1)[0]


def send(master: Ds2482, data: bytes) -> None:
    for byte in data:
        master.write(bytes((0xA5, byte)))


def receive(master: Ds2482, count: int) -> bytes:
    return bytes(ask(master, b"\x96", b"\xe1\xe1") for _ in range(count))


def test_the_master_says_after_its_reset_what_drivers_look_for() -> None:
    master, _ = bus()
    assert ask(master, b"\xf0") == 0x18
    assert ask(master, b"\xd2\xf0") == 0x00
    assert ask(master, b"\xc3\xf0") == 0x18, "no channels: that would be a DS2482-800"


def test_a_conversion_and_its_scratchpad() -> None:
    master, sensor = bus()
    assert ask(master, b"\xb4") & 0x02, "presence"
    send(master, b"\x55" + sensor.rom + b"\x44")
    ask(master, b"\xb4")
    send(master, b"\x55" + sensor.rom + b"\xbe")
    data = receive(master, 9)
    assert crc8(data) == 0
    assert Scratchpad(data[:8]).celsius == 25.0625
    assert sensor.conversions == 1


def test_a_search_finds_the_sensor_by_its_bits() -> None:
    master, sensor = bus()
    ask(master, b"\xb4")
    send(master, b"\xf0")
    found = 0
    for place in range(64):
        status = ask(master, b"\x78\x00")
        assert status >> 5 & 1 != status >> 6 & 1, "one sensor: never a conflict"
        found |= (status >> 7) << place
    assert found.to_bytes(8, "little") == sensor.rom
    assert sensor.name == "28-0316a2794bff"


def test_who_is_not_meant_or_not_there_leaves_the_wire_high() -> None:
    master, sensor = bus()
    ask(master, b"\xb4")
    send(master, b"\x55" + bytes(8) + b"\xbe")
    assert receive(master, 2) == b"\xff\xff"
    sensor.there = False
    assert not ask(master, b"\xb4") & 0x02
    send(master, b"\xcc\xbe")
    assert receive(master, 2) == b"\xff\xff"
    assert ask(master, b"\x87\x80") & 0x20
    assert ask(master, b"\x78\x80") >> 5 == 0b111


def test_it_says_that_it_has_a_supply_of_its_own() -> None:
    master, _ = bus()
    ask(master, b"\xb4")
    send(master, b"\xcc\xb4")
    assert ask(master, b"\x87\x80") & 0x20
    assert not ask(master, b"\x87\x00") & 0x20
