"""Record on simulated buses, play back without them: the same answers, the same failures, and a complaint about anything else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from attrs import frozen

from cc613hal.bus.actor import BusActor
from cc613hal.bus.factory import BusFactory
from cc613hal.bus.gpio import Edge, GpioAdapter, LineRequest, PwmAdapter
from cc613hal.bus.i2c import I2cAdapter, I2cPort
from cc613hal.bus.modbus import ModbusAdapter, ModbusPort, Table
from cc613hal.bus.options import GpioOptions, I2cOptions, ModbusRtuOptions, PwmOptions, SerialOptions, SpiOptions
from cc613hal.bus.replay import Recording, RecordingBuses, ReplayBuses, ReplayMismatchError
from cc613hal.bus.replay.lines import ReplayGpio
from cc613hal.bus.replay.script import read_recording
from cc613hal.bus.serial import SerialAdapter, SerialPort
from cc613hal.bus.sim.factory import SimulatedBuses
from cc613hal.bus.sim.modbus_units import RegisterUnit
from cc613hal.bus.spi import SpiAdapter, SpiPort, SpiSettings
from cc613hal.bus.trace import Frame
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusClosed, BusMissing, DeviceRefused, NoAnswer

I2C = I2cOptions(path="/dev/i2c-1")
SPI = SpiOptions(path="/dev/spidev0")
METER = ModbusRtuOptions(path="/dev/ttyS1")
READER = SerialOptions(path="/dev/ttyS2")
GPIO = GpioOptions(chips=("/dev/gpiochip0",))
PWM = PwmOptions(path="/sys/class/pwm/pwmchip0", channels={"CP1_PWM": 0})


class Counter:
    """An I2C part whose register counts reads, so that every answer is another one."""

    def __init__(self) -> None:
        self.count = 0

    def write(self, data: bytes) -> None: ...

    def read(self, count: int) -> bytes:
        self.count += 1
        return bytes([self.count] * count)


class Complement:
    def transfer(self, data: bytes) -> bytes:
        return bytes(byte ^ 0xFF for byte in data)


class Parrot:
    """A serial part that repeats what it hears in two pieces."""

    def attach(self, send: Callable[[bytes], None]) -> None:
        self.send = send

    def receive(self, data: bytes) -> None:
        self.send(data[:1])
        self.send(data[1:])


@frozen
class Bench:
    """All kinds of bus, opened through some factory."""

    i2c: I2cPort
    spi: SpiPort
    meter: ModbusPort
    reader: SerialPort
    gpio: GpioAdapter
    pwm: PwmAdapter

    @classmethod
    async def open(cls, buses: BusFactory) -> Bench:
        clock = Clock()
        i2c = await buses.open("i2c0", I2C, BusActor("i2c0", clock))
        spi = await buses.open("spi0", SPI, BusActor("spi0", clock))
        meter = await buses.open("meter", METER, BusActor("meter", clock))
        reader = await buses.open("reader", READER, BusActor("reader", clock))
        gpio = await buses.open("gpio", GPIO, BusActor("gpio", clock))
        pwm = await buses.open("pwm", PWM, BusActor("pwm", clock))
        assert isinstance(i2c, I2cAdapter)
        assert isinstance(spi, SpiAdapter)
        assert isinstance(meter, ModbusAdapter)
        assert isinstance(reader, SerialAdapter)
        assert isinstance(gpio, GpioAdapter)
        assert isinstance(pwm, PwmAdapter)
        return cls(
            I2cPort(BusActor("i2c0", clock), i2c, 0x40),
            SpiPort(BusActor("spi0", clock), spi, 0, SpiSettings(lsb_first=True)),
            ModbusPort(BusActor("meter", clock), meter, 1),
            SerialPort(BusActor("reader", clock), reader),
            gpio,
            pwm,
        )


def simulated() -> SimulatedBuses:
    buses = SimulatedBuses()
    buses.i2c("i2c0").attach(0x40, Counter())
    buses.spi("spi0").attach(0, Complement())
    buses.serial("reader").join(Parrot())
    buses.modbus("meter").attach(1, RegisterUnit({Table.INPUT: {0: 230, 1: 16}, Table.HOLDING: {10: 0}, Table.COILS: {0: 0, 1: 1}}))
    gpio = buses.gpio("gpio")
    coil, mirror = gpio.add("K1_COIL"), gpio.add("K1_MIRROR")
    contact = mirror.drive()

    def pull(level: bool) -> None:
        asyncio.get_running_loop().call_later(0.02, contact.set, level)

    coil.level.on(pull)
    return buses


def record(path: Path, program: Callable[[Bench], Awaitable[None]], buses: SimulatedBuses | None = None) -> Path:
    async def main() -> None:
        with Recording(path) as recording:
            await program(await Bench.open(RecordingBuses(buses or simulated(), recording)))

    run_virtual(main())
    return path


def play(path: Path, program: Callable[[Bench], Awaitable[None]], *, order: str = "bus") -> None:
    async def main() -> None:
        async with ReplayBuses.from_file(path, order=order) as buses:
            await program(await Bench.open(buses))

    run_virtual(main())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bench.jsonl"


async def use_everything(bench: Bench) -> None:
    assert await bench.i2c.write_read(b"\x00", 2) == b"\x01\x01"
    await bench.i2c.write(b"\x05\x06")
    assert await bench.i2c.read(1) == b"\x02"
    assert await bench.spi.transfer(b"\x01\x02") == b"\xfe\xfd"
    assert await bench.meter.read_registers(0, 2, table=Table.INPUT) == (230, 16)
    await bench.meter.write_registers(10, [7])
    await bench.meter.write_coils(0, [True, False])
    assert await bench.meter.read_bits(0, 2, table=Table.COILS) == (True, False)
    with pytest.raises(DeviceRefused, match="illegal data address"):
        await bench.meter.read_registers(99, 1)
    await bench.reader.write(b"hello")
    heard = await bench.reader.read(1.0)
    while len(heard) < 5:
        heard += await bench.reader.read(1.0)
    assert heard == b"hello"
    bench.pwm.pwm("CP1_PWM").set(1000.0, 0.267)


async def switch_with_feedback(bench: Bench) -> None:
    coil = bench.gpio.output(LineRequest(name="K1_COIL"), initial=False)
    mirror = bench.gpio.input(LineRequest(name="K1_MIRROR"))
    assert mirror.read() is False
    arrived = asyncio.Event()
    edges: list[Edge] = []
    mirror.edges.on(edges.append)
    mirror.edges.on(lambda _: arrived.set())
    for on in (True, False):
        began_s = asyncio.get_running_loop().time()
        coil.write(on)
        assert mirror.read() is not on  # contacts take their time
        async with asyncio.timeout(0.1):
            await arrived.wait()
        arrived.clear()
        assert asyncio.get_running_loop().time() - began_s == pytest.approx(0.02, abs=1e-4)
        assert mirror.read() is on
    assert [edge.active for edge in edges] == [True, False]


@pytest.mark.parametrize("order", ["bus", "unit"])
def test_a_program_runs_on_its_recording_as_it_did_on_the_bench(file: Path, order: str) -> None:
    record(file, use_everything)
    play(file, use_everything, order=order)


def test_contacts_follow_their_coil_as_they_did_on_the_bench(file: Path) -> None:
    record(file, switch_with_feedback)
    play(file, switch_with_feedback)


def test_every_kind_of_bus_is_in_the_file_in_the_documented_form(file: Path) -> None:
    record(file, use_everything)
    frames = [(frame.bus, frame.unit, frame.direction, frame.data.hex(" "), frame.note) for frame in read_recording(file)]
    assert ("i2c0", "0x40", ">", "00", "w1 r2") in frames
    assert ("i2c0", "0x40", "<", "01 01", "") in frames
    assert ("spi0", "0", ">", "01 02", "") in frames  # as the driver sees it, whoever reverses the bits
    assert ("meter", "1", ">", "04 00 00 00 02", "pdu") in frames
    assert ("meter", "1", "<", "04 04 00 e6 00 10", "pdu") in frames
    assert ("meter", "1", "<", "83 02", "pdu") in frames
    assert ("reader", "", ">", "68 65 6c 6c 6f", "") in frames
    assert ("pwm", "CP1_PWM", ">", "40 8f 40 00 00 00 00 00 3f d1 16 87 2b 02 0c 4a", "") in frames


def test_failures_are_raised_again_as_the_same_kind(file: Path) -> None:
    async def program(bench: Bench) -> None:
        with pytest.raises(NoAnswer):
            await bench.i2c.at(0x41).read(1)
        assert await bench.i2c.read(1) == b"\x01"

    record(file, program)
    play(file, program)


@pytest.mark.parametrize("when", ["write", "read"])
def test_an_unplugged_line_fails_in_the_same_call(file: Path, when: str) -> None:
    buses = simulated()

    async def program(bench: Bench) -> None:
        await bench.reader.write(b"x")
        assert await bench.reader.read(1.0) == b"x"
        buses.serial("reader").faults.unplug()
        with pytest.raises(BusClosed):
            await (bench.reader.write(b"y") if when == "write" else bench.reader.read(1.0))

    record(file, program, buses)
    buses.serial("reader").faults.plug()
    play(file, program)


def test_another_request_than_recorded_is_shown_with_the_difference(file: Path) -> None:
    async def recorded(bench: Bench) -> None:
        await bench.i2c.write(b"\x05\x06\x07")

    async def other(bench: Bench) -> None:
        await bench.i2c.write(b"\x05\xff\x07")

    record(file, recorded)
    with pytest.raises(ReplayMismatchError) as caught:
        play(file, other)
    assert str(caught.value).splitlines() == [
        "i2c0: transaction 1 (recorded at 0.000 s) is another one than recorded",
        "  recorded: unit 0x40  05 06 07  w3",
        "  asked:    unit 0x40  05 FF 07  w3",
        "                          ^^",
    ]


def test_another_unit_or_another_shape_is_another_request(file: Path) -> None:
    async def recorded(bench: Bench) -> None:
        await bench.i2c.write_read(b"\x00", 1)

    async def other_unit(bench: Bench) -> None:
        await bench.i2c.at(0x44).write_read(b"\x00", 1)

    async def longer(bench: Bench) -> None:
        await bench.i2c.write_read(b"\x00", 2)

    record(file, recorded)
    with pytest.raises(ReplayMismatchError, match="asked:    unit 0x44"):
        play(file, other_unit)
    with pytest.raises(ReplayMismatchError, match="asked:    unit 0x40  00  w1 r2"):
        play(file, longer)


def test_asking_on_after_the_end_is_a_mismatch(file: Path) -> None:
    async def recorded(bench: Bench) -> None:
        await bench.meter.read_registers(0, 1, table=Table.INPUT)

    async def twice(bench: Bench) -> None:
        await recorded(bench)
        await recorded(bench)

    record(file, recorded)
    with pytest.raises(ReplayMismatchError, match="meter: the recording has ended after 1 transactions"):
        play(file, twice)


@pytest.mark.parametrize(
    ("bus", "words"),
    [("i2c0", "3 recorded"), ("meter", "5 recorded"), ("reader", "1 recorded writes"), ("pwm", "1 recorded settings")],
)
def test_what_was_recorded_and_not_asked_is_told_at_the_end(file: Path, bus: str, words: str) -> None:
    async def nothing(bench: Bench) -> None: ...

    record(file, use_everything)
    with pytest.raises(ReplayMismatchError, match=f"{bus}: {words} .*did not happen; the first is"):
        play(file, nothing)


def test_a_mismatch_that_a_driver_swallows_is_told_at_the_end(file: Path) -> None:
    async def recorded(bench: Bench) -> None:
        await bench.spi.transfer(b"\x01")

    async def careless(bench: Bench) -> None:
        try:
            await bench.spi.transfer(b"\x02")
        except Exception:
            await bench.spi.transfer(b"\x01")

    record(file, recorded)
    with pytest.raises(ReplayMismatchError, match="spi0: transaction 1"):
        play(file, careless)


def test_order_between_units_matters_only_if_asked_for(file: Path) -> None:
    async def one_way(bench: Bench) -> None:
        await bench.i2c.write(b"\x01")
        with pytest.raises(NoAnswer):
            await bench.i2c.at(0x41).write(b"\x02")

    async def other_way(bench: Bench) -> None:
        with pytest.raises(NoAnswer):
            await bench.i2c.at(0x41).write(b"\x02")
        await bench.i2c.write(b"\x01")

    record(file, one_way)
    play(file, other_way, order="unit")
    with pytest.raises(ReplayMismatchError):
        play(file, other_way)


def test_serial_bytes_count_not_pieces(file: Path) -> None:
    async def at_once(bench: Bench) -> None:
        await bench.reader.write(b"abc")
        assert await bench.reader.read(0.1) != b""

    async def in_pieces(bench: Bench) -> None:
        await bench.reader.write(b"a")
        await bench.reader.write(b"bc")
        assert await bench.reader.read(0.1) != b""
        assert await bench.reader.read(5.0) == b""  # nothing more was recorded: this read times out

    async def wrong(bench: Bench) -> None:
        await bench.reader.write(b"aXc")

    record(file, at_once)
    play(file, in_pieces)
    with pytest.raises(ReplayMismatchError, match="reader: writes something else than recorded"):
        play(file, wrong)


def test_a_coil_that_is_switched_otherwise_is_a_mismatch(file: Path) -> None:
    record(file, switch_with_feedback)

    async def wrong_way(bench: Bench) -> None:
        bench.gpio.output(LineRequest(name="K1_COIL"), initial=False).write(False)

    async def wrong_start(bench: Bench) -> None:
        bench.gpio.output(LineRequest(name="K1_COIL"), initial=True)

    async def unknown(bench: Bench) -> None:
        bench.gpio.input(LineRequest(name="K2_MIRROR"))

    with pytest.raises(ReplayMismatchError, match=r"gpio: K1_COIL is written inactive, recorded at 0.000 s is active"):
        play(file, wrong_way)
    with pytest.raises(ReplayMismatchError, match="K1_COIL is requested active, in the recording inactive"):
        play(file, wrong_start)
    with pytest.raises(BusMissing, match="it knows: K1_COIL, K1_MIRROR"):
        play(file, unknown)


def test_a_trace_of_whole_rtu_frames_plays_too() -> None:
    frames = [
        Frame(0.0, "meter", "1", ">", bytes.fromhex("0104000000067008")),
        Frame(0.1, "meter", "1", "<", bytes.fromhex("FFFF")),  # noise
        Frame(0.1, "meter", "1", "!", b"", "frame"),
        Frame(1.0, "meter", "1", ">", bytes.fromhex("010400000001 31CA".replace(" ", ""))),
        Frame(1.1, "meter", "1", "<", bytes.fromhex("01040200E6 38BA".replace(" ", ""))),
    ]

    async def main() -> tuple[int, ...]:
        async with ReplayBuses(frames) as buses:
            adapter = await buses.open("meter", METER, BusActor("meter", Clock()))
            assert isinstance(adapter, ModbusAdapter)
            port = ModbusPort(BusActor("meter", Clock()), adapter, 1)
            with pytest.raises(Exception, match="failed so in the recording"):
                await port.read_registers(0, 6, table=Table.INPUT)
            return await port.read_registers(0, 1, table=Table.INPUT)

    assert run_virtual(main()) == (230,)


def test_a_recording_of_another_board_says_that_its_buses_were_never_opened() -> None:
    buses = ReplayBuses([Frame(0.0, "i2c7", "0x40", ">", b"\x00")])
    with pytest.raises(ReplayMismatchError, match="i2c7: was never opened"):
        buses.assert_finished()


def test_recording_goes_on_when_the_disk_is_full() -> None:
    record(Path("/dev/full"), use_everything)


def test_a_transaction_the_program_gave_up_ends_as_a_time_out(file: Path) -> None:
    buses = simulated()
    buses.i2c("i2c0").faults_at(0x40).late_s = 10.0

    async def impatient(bench: Bench) -> None:
        with pytest.raises(TimeoutError):  # of the program then, of the bus now
            async with asyncio.timeout(1.0):
                await bench.i2c.read(1)

    record(file, impatient, buses)
    assert [frame.note for frame in read_recording(file)] == ["r1", "cancelled"]
    play(file, impatient)


def test_a_board_opened_twice_plays_on_where_the_recording_is(file: Path) -> None:
    async def twice(buses: BusFactory) -> None:
        for count in (1, 2):
            bench = await Bench.open(buses)
            assert await bench.i2c.read(1) == bytes([count])
            bench.gpio.output(LineRequest(name="K1_COIL"), initial=False).write(True)
            await bench.gpio.aclose()

    async def main() -> None:
        with Recording(file) as recording:
            await twice(RecordingBuses(simulated(), recording))
        async with ReplayBuses.from_file(file) as buses:
            await twice(buses)

    run_virtual(main())


def test_an_edge_that_nothing_was_written_before_comes_when_it_was_recorded() -> None:
    frames = [
        Frame(at_s=5.0, bus="gpio", unit="BUTTON", direction="<", data=b"\0", note="level"),
        Frame(at_s=12.5, bus="gpio", unit="BUTTON", direction="<", data=b"\1", note="edge"),
    ]

    async def play() -> None:
        clock = Clock()
        gpio = ReplayGpio("gpio", frames, clock, [])
        begin_s, came = clock.monotonic_s(), list[float]()
        gpio.input(LineRequest(name="BUTTON")).edges.on(lambda _: came.append(clock.monotonic_s() - begin_s))
        await asyncio.sleep(20.0)
        await gpio.aclose()
        assert came == [pytest.approx(7.5)]

    run_virtual(play())
