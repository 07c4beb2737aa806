"""A board description on simulated buses: wired as the file says, honest about what is not simulated."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import ModuleType

import pytest
from attrs import evolve

from cc613hal.board import BoardDescription, load_board, open_board
from cc613hal.board.model import DeviceDescription
from cc613hal.bus.actor import BusActor
from cc613hal.bus.gpio import GpioAdapter, LineRequest, Pull
from cc613hal.bus.options import GpioOptions, I2cOptions, ModbusRtuOptions, PwmOptions
from cc613hal.bus.replay import Recording, RecordingBuses, ReplayBuses
from cc613hal.bus.sim.modbus_units import RegisterUnit
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusError, ConfigError, NotOnBoard, PluginError, Unsupported
from cc613hal.health import HealthState
from cc613hal.interfaces import Contactor, ContactorState, EnergyMeter, LockPosition, PlugLock, ResidualCurrentMonitor, TemperatureSensor
from cc613hal.plant import EmulationSite, Plant, Simulation
from cc613hal.plugins.spec import BusKind, Direction, DriverSpec, LineSpec

RELAY = DriverSpec(
    name="bench.relay",
    summary="A coil and its mirror contact",
    implementation="bench_relay:Relay",
    emulator="bench_emulation:relay",
    lines=(
        LineSpec(role="coil", direction=Direction.OUTPUT, help="coil"),
        LineSpec(role="mirror", direction=Direction.INPUT, help="mirror contact"),
        LineSpec(role="hum", direction=Direction.PWM, help="economiser", required=False),
    ),
)
SENSOR = DriverSpec(
    name="bench.sensor", summary="A chip", implementation="bench_sensor:Sensor", emulator="bench_emulation:sensor", buses=(BusKind.I2C,)
)
METER = DriverSpec(
    name="bench.meter", summary="A meter", implementation="bench_meter:Meter", emulator="bench_emulation:meter", buses=(BusKind.MODBUS,)
)
BUSES = {
    "gpio": GpioOptions(chips=("/dev/gpiochip0",)),
    "pwm": PwmOptions(path="/sys/class/pwm/pwmchip0", channels={"HUM": 0}),
    "i2c0": I2cOptions(path="/dev/i2c-1"),
    "meter": ModbusRtuOptions(path="/dev/ttyS1"),
}


class Chip:
    def write(self, data: bytes) -> None: ...

    def read(self, count: int) -> bytes:
        return bytes(count)


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> dict[str, EmulationSite]:
    """Emulators of the bench parts; the sites they were given, by device."""
    seen: dict[str, EmulationSite] = {}

    def relay(site: EmulationSite, _options: object) -> None:
        seen[site.device] = site
        contact = site.drive("mirror")
        site.watch("coil").on(lambda level: contact.set(not level), now=True)

    def sensor(site: EmulationSite, _options: object) -> None:
        seen[site.device] = site
        site.attach_i2c(Chip())
        site.attach_i2c(Chip(), address=0x70)

    def meter(site: EmulationSite, _options: object) -> None:
        seen[site.device] = site
        site.attach_modbus(RegisterUnit({}))

    module = ModuleType("bench_emulation")
    vars(module).update(relay=relay, sensor=sensor, meter=meter)
    monkeypatch.setitem(sys.modules, "bench_emulation", module)
    return seen


def board(*devices: DeviceDescription) -> BoardDescription:
    return BoardDescription(name="bench", buses=dict(BUSES), devices={device.id: device for device in devices})


def relay(*, coil_active_low: bool = False) -> DeviceDescription:
    lines = {
        "coil": LineRequest(name="K1_COIL", active_low=coil_active_low),
        "mirror": LineRequest(name="K1_MIRROR", active_low=True, pull=Pull.UP),
        "hum": LineRequest(name="HUM"),
    }
    return DeviceDescription(id="k1", driver=RELAY, connector=2, lines=lines)


def sensor() -> DeviceDescription:
    return DeviceDescription(id="s1", driver=SENSOR, bus="i2c0", address=0x48)


def meter(name: str = "m1", unit: int = 1) -> DeviceDescription:
    return DeviceDescription(id=name, driver=METER, bus="meter", address=unit)


@pytest.mark.parametrize("active_low", [False, True])
def test_parts_see_levels_and_drivers_see_meanings(sites: dict[str, EmulationSite], active_low: bool) -> None:
    async def main() -> None:
        description = board(relay(coil_active_low=active_low))
        async with Simulation(description) as simulation:
            gpio = await simulation.buses.open("gpio", description.buses["gpio"], BusActor("gpio", simulation.clock))
            assert isinstance(gpio, GpioAdapter)
            coil = gpio.output(description.devices["k1"].lines["coil"], initial=False)
            gpio.input(description.devices["k1"].lines["mirror"])
            coil.write(True)
            assert sites["k1"].watch("coil").value is not active_low
            assert simulation.line("K1_COIL").level.value is not active_low
            assert simulation.line("K1_MIRROR").level.value is active_low

    run_virtual(main())


@pytest.mark.parametrize("active_low", [False, True])
def test_before_the_board_opens_nothing_is_energised(sites: dict[str, EmulationSite], active_low: bool) -> None:
    simulation = Simulation(board(relay(coil_active_low=active_low)))
    simulation.build()
    assert simulation.line("K1_COIL").level.value is active_low  # the inactive level
    assert sites["k1"].active_low("coil") is active_low


def test_a_site_knows_its_place(sites: dict[str, EmulationSite]) -> None:
    plant = Plant()
    simulation = Simulation(board(relay(), sensor()), plant)
    simulation.build()
    site = sites["k1"]
    assert site.plant is plant is simulation.plant
    assert site.outlet is plant.outlet(2)
    assert sites["s1"].outlet is plant.outlet(2)  # belongs to no connector: the board's first
    assert (site.has_bus("i2c"), sites["s1"].has_bus("i2c"), sites["s1"].has_bus("spi")) == (False, True, False)
    assert (site.has_line("coil"), site.has_line("coil3")) == (True, False)
    assert site.watch_pwm("hum") is simulation.channel("HUM")


def test_an_emulator_that_asks_for_what_the_board_does_not_connect_is_told(sites: dict[str, EmulationSite]) -> None:
    simulation = Simulation(board(relay(), sensor()))
    simulation.build()
    with pytest.raises(NotOnBoard, match="no line in the role coil3"):
        sites["k1"].watch("coil3")
    with pytest.raises(ConfigError, match="hum is a PWM line"):
        sites["k1"].watch("hum")
    with pytest.raises(ConfigError, match="sits on no bus, not on i2c"):
        sites["k1"].attach_i2c(Chip())
    with pytest.raises(ConfigError, match="sits on i2c, not on modbus"):
        sites["s1"].attach_modbus(RegisterUnit({}))


def test_faults_are_those_of_the_part_or_of_the_bus(sites: dict[str, EmulationSite]) -> None:
    simulation = Simulation(board(sensor(), meter("m1", 1), meter("m2", 2)))
    simulation.faults("m1").silence = True  # before the parts are made
    simulation.build()
    assert not simulation.faults("m2").any
    assert simulation.faults("m1") is simulation.buses.modbus("meter").faults_of(1)
    assert simulation.faults("i2c0") is simulation.buses.i2c("i2c0").faults
    simulation.faults("s1").unplug()
    assert not simulation.buses.i2c("i2c0").faults_at(0x48).plugged
    assert simulation.buses.i2c("i2c0").faults_at(0x70) is simulation.faults("s1")  # both addresses of the part


def test_faults_of_nobody_are_answered_with_who_there_is(sites: dict[str, EmulationSite]) -> None:
    simulation = Simulation(board(relay(), sensor()))
    with pytest.raises(NotOnBoard, match=r"no device or bus s2 \(there are: k1, s1, gpio, pwm, i2c0, meter"):
        simulation.faults("s2")
    with pytest.raises(NotOnBoard, match="k1 sits on no bus that could fail"):
        simulation.faults("k1")
    with pytest.raises(NotOnBoard, match="no line K9"):
        simulation.line("K9")
    with pytest.raises(NotOnBoard, match="no PWM channel CP9"):
        simulation.channel("CP9")


def test_a_driver_without_emulator_is_absent_and_said_so() -> None:
    device = DeviceDescription(id="s1", driver=evolve(SENSOR, emulator=""), bus="i2c0", address=0x48)
    simulation = Simulation(board(device))
    simulation.build()
    simulation.build()  # again: nothing happens twice
    (problem,) = simulation.problems
    assert isinstance(problem, Unsupported)
    assert str(problem).startswith("s1: driver bench.sensor brings no emulated part")
    assert problem.hint is not None
    assert simulation.buses.i2c("i2c0").addresses == ()


@pytest.mark.parametrize("emulator", ["bench_missing:part", "bench_emulation:missing"])
def test_a_broken_emulator_names_driver_and_device(sites: dict[str, EmulationSite], emulator: str) -> None:
    device = DeviceDescription(id="s1", driver=evolve(SENSOR, emulator=emulator), bus="i2c0", address=0x48)
    with pytest.raises(PluginError, match=f"s1: the emulator {emulator} of bench.sensor cannot be loaded"):
        Simulation(board(device)).build()


def test_two_units_with_one_number_are_refused(sites: dict[str, EmulationSite]) -> None:
    with pytest.raises(ConfigError, match="m2: two emulated units with number 1"):
        Simulation(board(meter("m1", 1), meter("m2", 1))).build()


def test_the_cc613_board_opens_on_simulated_buses_with_every_part() -> None:
    async def main() -> None:
        simulation = Simulation(load_board("bender.cc613"))
        async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
            assert simulation.problems == []
            assert {device: health.state for device, health in board.health().items()} == dict.fromkeys(board.devices, HealthState.OK)

    run_virtual(main())


async def test_the_cc613_board_opens_on_ptys_with_the_linux_adapters() -> None:
    simulation = Simulation(load_board("bender.cc613"), ptys=True)
    async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
        assert simulation.buses.path("meter") is not None
        energy = await board.get(EnergyMeter, "meter1").read_energy()
        assert energy.source == "meter1"


def test_a_session_with_the_board_is_recorded_and_played_back_without_any_part(tmp_path: Path) -> None:
    path = tmp_path / "board.jsonl"
    description = load_board("bender.cc613")
    wanted = {name: device for name, device in description.devices.items() if name in {"meter1", "temp-relay", "contactor1", "supply"}}
    description = evolve(description, devices=wanted)

    async def program(buses: RecordingBuses | ReplayBuses) -> tuple[object, float]:
        async with open_board(description, buses, clock=Clock()) as board:
            energy = await board.get(EnergyMeter, "meter1").read_energy()
            temperature = await board.get(TemperatureSensor, "temp-relay").read()
            return energy.imported, temperature.temperature_c

    async def record() -> tuple[object, float]:
        simulation = Simulation(description)
        simulation.plant.cabinet.temperature("relay").set(61.5)
        async with simulation:
            with Recording(path) as recording:
                return await program(RecordingBuses(simulation.buses, recording))

    async def play() -> tuple[object, float]:
        async with ReplayBuses.from_file(path) as buses:
            return await program(buses)

    then, now = run_virtual(record()), run_virtual(play())
    assert now == then
    assert then[1] == pytest.approx(61.5, abs=0.5)


def test_a_whole_switching_sequence_plays_back_with_the_timing_of_its_contacts(tmp_path: Path) -> None:
    path = tmp_path / "sequence.jsonl"
    description = load_board("bender.cc613")

    async def program(buses: RecordingBuses | ReplayBuses) -> list[tuple[object, float]]:
        async with open_board(description, buses, clock=Clock()) as board:
            lock, contactor = board.get(PlugLock), board.get(Contactor, "contactor1")
            test = await board.get(ResidualCurrentMonitor).self_test()
            locked, on, off, unlocked = await lock.lock(), await contactor.switch_on(), await contactor.switch_off(), await lock.unlock()
            return [
                (test.passed, round(test.steps[-1].elapsed_s, 3)),
                (locked.position, round(locked.elapsed_s, 3)),
                (on.state, round(on.elapsed_s, 3)),
                (off.state, round(off.elapsed_s, 3)),
                (unlocked.position, round(unlocked.elapsed_s, 3)),
            ]

    async def record() -> list[tuple[object, float]]:
        async with Simulation(description) as simulation:
            with Recording(path) as recording:
                return await program(RecordingBuses(simulation.buses, recording))

    async def play() -> list[tuple[object, float]]:
        async with ReplayBuses.from_file(path) as buses:
            return await program(buses)

    then, now = run_virtual(record()), run_virtual(play())
    assert now == then
    assert [result for result, _ in then] == [True, LockPosition.LOCKED, ContactorState.ON, ContactorState.OFF, LockPosition.UNLOCKED]


def test_a_part_that_is_unplugged_goes_offline_and_comes_back() -> None:
    async def main() -> list[HealthState]:
        simulation = Simulation(load_board("bender.cc613"))
        states: list[HealthState] = []
        async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
            sensor, health = board.get(TemperatureSensor, "temp-relay"), board.health()["temp-relay"]
            simulation.faults("temp-relay").unplug()
            for _ in range(3):
                with pytest.raises(BusError):
                    await sensor.read()
            states.append(health.state)
            simulation.faults("temp-relay").plug()
            await asyncio.sleep(120.0)
            states.append(health.state)
            assert (await sensor.read()).source == "temp-relay"
        return states

    assert run_virtual(main()) == [HealthState.OFFLINE, HealthState.OK]
