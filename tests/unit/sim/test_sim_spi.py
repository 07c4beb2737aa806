"""A simulated SPI bus insists on the part's mode, and reads ones where nobody is."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.bus.actor import BusActor
from cc613hal.bus.sim.spi import SimSpi
from cc613hal.bus.spi import SpiPort, SpiSettings
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusClosed, BusTimeout, ConfigError, Unsupported

MODE3 = SpiSettings(mode=3, speed_hz=500_000)


class Echo:
    """Answers every byte with its complement, one transfer later would be too easy."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def transfer(self, data: bytes) -> bytes:
        self.heard.append(data)
        return bytes(byte ^ 0xFF for byte in data)


class Picky(Echo):
    settings = SpiSettings(mode=1, speed_hz=1_000_000)


def exchange(bus: SimSpi, data: bytes = b"\x12\x34", settings: SpiSettings = MODE3, select: int = 0) -> bytes:
    return run_virtual(bus.transfer(select, data, settings))


def test_bytes_go_both_ways() -> None:
    bus, chip = SimSpi(), Echo()
    bus.attach(0, chip)
    assert exchange(bus) == b"\xed\xcb"
    assert chip.heard == [b"\x12\x34"]
    assert bus.used_settings == {0: MODE3}


def test_an_empty_select_reads_ones_as_the_real_wire() -> None:
    assert exchange(SimSpi(), select=2) == b"\xff\xff"


@pytest.mark.parametrize("fault", ["nack", "silence"])
def test_a_dead_part_reads_ones(fault: str) -> None:
    bus = SimSpi()
    setattr(bus.attach(0, Echo()), fault, True)
    assert exchange(bus) == b"\xff\xff"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (SpiSettings(mode=0), "mode 0 instead of 1"),
        (SpiSettings(mode=1, lsb_first=True), "least significant bit first instead of most"),
        (SpiSettings(mode=1, speed_hz=4_000_000), "4000000 Hz where the part takes 1000000 Hz"),
    ],
)
def test_wrong_settings_are_named_instead_of_read_as_rubbish(settings: SpiSettings, words: str) -> None:
    bus, chip = SimSpi("spi0"), Picky()
    bus.attach(1, chip)
    with pytest.raises(ConfigError, match=words):
        exchange(bus, settings=settings, select=1)
    assert chip.heard == []
    exchange(bus, settings=SpiSettings(mode=1, speed_hz=100_000), select=1)
    assert len(chip.heard) == 1


def test_settings_can_be_required_where_the_part_is_attached() -> None:
    bus = SimSpi()
    bus.attach(0, Echo(), settings=MODE3)
    with pytest.raises(ConfigError, match="mode 0 instead of 3"):
        exchange(bus, settings=SpiSettings())


@given(st.binary(min_size=1, max_size=16), st.booleans())
def test_the_part_sees_the_same_wire_whoever_reverses_the_bits(data: bytes, in_hardware: bool) -> None:
    bus, chip = SimSpi(lsb_first=in_hardware), Echo()
    bus.attach(0, chip)

    async def main() -> bytes:
        return await SpiPort(BusActor("spi0", Clock()), bus, 0, SpiSettings(lsb_first=True)).transfer(data)

    answer = run_virtual(main())
    assert answer == bytes(byte ^ 0xFF for byte in data)
    assert chip.heard == [bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)]


def test_noise_spoils_one_bit() -> None:
    bus = SimSpi()
    bus.attach(0, Echo()).noise = 1.0
    answer = exchange(bus)
    assert (int.from_bytes(answer, "big") ^ 0xEDCB).bit_count() == 1


def test_a_late_part_takes_its_time() -> None:
    bus = SimSpi()
    bus.attach(0, Echo()).late_s = 0.5

    async def main() -> float:
        await bus.transfer(0, b"\x00", MODE3)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(0.5)


def test_the_bus_as_a_whole_can_fail() -> None:
    bus = SimSpi()
    bus.attach(0, Echo())
    bus.faults.silence = True
    with pytest.raises(BusTimeout):
        exchange(bus)
    bus.faults.clear()
    bus.faults.unplug()
    with pytest.raises(BusClosed, match="unplugged"):
        exchange(bus)
    bus.faults.plug()
    assert exchange(bus) == b"\xed\xcb"
    run_virtual(bus.aclose())
    with pytest.raises(BusClosed, match="closed"):
        exchange(bus)


def test_limits_are_said() -> None:
    bus = SimSpi(max_length=4)
    with pytest.raises(Unsupported, match="a transfer of 5 bytes; the adapter takes 4"):
        exchange(bus, bytes(5))
    bus.attach(0, Echo())
    with pytest.raises(ConfigError, match="two chips at select 0"):
        bus.attach(0, Echo())
