"""Opening a board, leaving it, and what happens in between when things go and come back."""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import cc613hal_test_parts as parts
import pytest

from cc613hal.board import BoardDescription, SafetyReport, open_board, parse_board
from cc613hal.bus.sim.factory import SimulatedBuses
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusClosed, CommandFailed, ConnectFailed, HalError, NotOnBoard
from cc613hal.health import Health, HealthState
from cc613hal.interfaces import Contactor, Relay, TemperatureSensor
from cc613hal.plugins.manager import Plugins

HEAD = """\
schema = 1
name = "test.board"
[bus.i2c0]
type = "i2c"
path = "/dev/i2c-1"
[bus.gpio]
type = "gpio"
chips = ["/dev/gpiochip0"]
lines = { K1 = "gpiochip0:1", K2 = "gpiochip0:2", K3 = "gpiochip0:3", K4 = "gpiochip0:4", K5 = "gpiochip0:5" }
"""
PROBE = '[device.probe]\ndriver = "test.probe"\nbus = "i2c0"\naddress = 0x48\n'


def switch(name: str, kind: str, coil: str, more: str = "") -> str:
    return f'[device.{name}]\ndriver = "test.{kind}"\nlines = {{ coil = "{coil}" }}\n{more}\n'


def usable(health: Health) -> bool:
    return health.usable


class Chip:
    def __init__(self) -> None:
        self.registers = {0: 0x5A, 1: 21}
        self.pointer = 0

    def write(self, data: bytes) -> None:
        self.pointer = data[0]

    def read(self, count: int) -> bytes:
        return bytes([self.registers[self.pointer]]) * count


@pytest.fixture
def buses() -> SimulatedBuses:
    return SimulatedBuses(Clock())


def board(plugins: Plugins, *devices: str) -> BoardDescription:
    return parse_board(HEAD + "".join(devices), plugins=plugins)


def virtually(work: Coroutine[Any, Any, None]) -> None:
    run_virtual(work)


def test_devices_are_found_by_what_they_can_do(plugins: Plugins, buses: SimulatedBuses) -> None:
    buses.i2c("i2c0").attach(0x48, Chip())
    description = board(plugins, PROBE, switch("k1", "relay", "K1", "connector = 1"), switch("k2", "relay", "K2", "connector = 2"))

    async def main() -> None:
        async with open_board(description, buses) as opened:
            assert (await opened.get(TemperatureSensor).read()).temperature_c == 21.0
            assert opened.get(Relay, connector=2) is opened.get(Relay, "k2")
            assert list(opened.all(Relay)) == ["k1", "k2"]
            assert opened.optional(Contactor) is None
            with pytest.raises(NotOnBoard, match="2 devices are a Relay: k1, k2"):
                opened.get(Relay)
            with pytest.raises(NotOnBoard, match=r"no device of test.board is a Contactor.*probe \(TemperatureSensor\)"):
                opened.get(Contactor)
            with pytest.raises(NotOnBoard, match=r"test.probe is no Relay.*it is TemperatureSensor"):
                opened.get(Relay, "probe")
            with pytest.raises(NotOnBoard, match="did you mean probe"):
                opened.get(TemperatureSensor, "prope")
            assert {name: health.state for name, health in opened.health().items()} == dict.fromkeys(description.devices, HealthState.OK)
            probe = opened.get(parts.Probe)
        assert probe.closed

    virtually(main())


def test_safe_states_are_reached_in_order_although_one_raises_and_one_hangs(plugins: Plugins, buses: SimulatedBuses) -> None:
    description = board(
        plugins,
        switch("light", "light", "K5"),
        switch("fan", "relay", "K4"),
        switch("lock", "lock", "K3"),
        switch("pilot", "pilot", "K2"),
        switch("contactor", "contactor", "K1"),
    )
    parts.Switch.broken.add("pilot.safe")
    parts.Switch.slow["lock"] = 60.0

    async def main() -> None:
        async def visit() -> None:
            async with open_board(description, buses) as opened:
                for relay in opened.all(Relay).values():
                    await relay.switch_on()

        with pytest.raises(CommandFailed, match=r"pilot: stuck.*lock: was not safe within 2 s") as caught:
            await visit()
        assert parts.Switch.story[:4] == ["contactor", "pilot", "fan", "light"]
        assert isinstance(caught.value.evidence, SafetyReport)
        assert set(caught.value.evidence.failed) == {"pilot", "lock"}
        assert not any(buses.gpio("gpio").wire(line).level.value for line in ("K1", "K2", "K3", "K4", "K5")), (
            "also those that failed are off"
        )

    virtually(main())


def test_an_exception_reaches_the_safe_state_and_goes_on(plugins: Plugins, buses: SimulatedBuses) -> None:
    async def main() -> None:
        async def visit() -> None:
            async with open_board(board(plugins, switch("k1", "contactor", "K1")), buses) as opened:
                await opened.get(Relay).switch_on()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await visit()
        assert parts.Switch.story == ["k1", "k1 closed"]

    virtually(main())


def test_cancelling_again_and_again_does_not_stop_the_way_to_the_safe_state(plugins: Plugins, buses: SimulatedBuses) -> None:
    parts.Switch.slow["k1"] = 1.0

    async def hold() -> None:
        async with open_board(board(plugins, switch("k1", "contactor", "K1")), buses) as opened:
            await opened.get(Relay).switch_on()
            await asyncio.sleep(1000)

    async def main() -> None:
        task = asyncio.create_task(hold())
        for _ in range(4):
            await asyncio.sleep(0.3)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert parts.Switch.story == ["k1", "k1 closed"]
        assert not buses.gpio("gpio").wire("K1").level.value

    virtually(main())


def test_all_failures_of_required_devices_come_in_one_tree(plugins: Plugins, buses: SimulatedBuses) -> None:
    parts.Switch.broken.add("k1")
    follower = '[device.follower]\ndriver = "test.follower"\nuses = { sensor = "probe" }\n'
    broken = '[device.ghost]\ndriver = "test.broken"\n'
    description = board(plugins, PROBE, follower, broken, switch("k1", "contactor", "K1"), switch("k2", "relay", "K2"))

    async def main() -> None:
        with pytest.raises(ConnectFailed) as caught:
            async with open_board(description, buses):
                pytest.fail("must not open")
        assert set(caught.value.failures) == {"probe", "follower", "ghost", "k1"}
        text = str(caught.value)
        assert "probe: " in text
        assert "0x48" in text
        assert "follower: builds on probe, which did not connect" in text
        assert "ghost: driver test.broken: its driver class" in text
        assert {"k1", "k2", "k2 closed"} <= set(parts.Switch.story), "what was open is made safe and closed again"

    virtually(main())


def test_devices_connect_at_the_same_time(plugins: Plugins, buses: SimulatedBuses) -> None:
    chip_faults = buses.i2c("i2c0").attach(0x48, Chip())
    chip_faults.late_s = 0.5
    later = '[device.follower]\ndriver = "test.follower"\nuses = { sensor = "probe" }\n'

    async def main() -> None:
        async with open_board(board(plugins, later, PROBE), buses) as opened:
            assert opened.get(parts.Follower).sensor is opened.get(TemperatureSensor)

    virtually(main())


def test_an_optional_device_comes_when_it_comes_and_stays_the_same_object(plugins: Plugins, buses: SimulatedBuses) -> None:
    async def main() -> None:
        async with open_board(board(plugins, PROBE + "required = false\n"), buses) as opened:
            sensor, health = opened.get(parts.Probe), opened.health()["probe"]
            assert not usable(health)
            await asyncio.sleep(3)
            buses.i2c("i2c0").attach(0x48, Chip())
            await asyncio.sleep(31)
            assert usable(health)
            assert (await sensor.read()).temperature_c == 21.0
            assert opened.get(TemperatureSensor) is sensor

    virtually(main())


def test_an_unplugged_bus_comes_back_with_the_same_objects_and_one_line_each_way(
    plugins: Plugins, buses: SimulatedBuses, caplog: pytest.LogCaptureFixture
) -> None:
    buses.i2c("i2c0").attach(0x48, Chip())
    caplog.set_level("INFO", "cc613hal")

    async def main() -> None:
        async with open_board(board(plugins, PROBE), buses) as opened:
            sensor, health, actor = opened.get(parts.Probe), opened.health()["probe"], opened.buses["i2c0"][0]
            buses.i2c("i2c0").faults.unplug()
            with pytest.raises(BusClosed):
                await sensor.read()
            assert not usable(health), "at once, not after three failures"
            await asyncio.sleep(5)
            with pytest.raises(HalError):
                await sensor.read()
            buses.i2c("i2c0").faults.plug()
            await asyncio.sleep(31)
            assert usable(health)
            assert (await sensor.read()).temperature_c == 21.0
            assert sensor.connects == 2, "set up again"
            assert opened.buses["i2c0"][0] is actor

    virtually(main())
    said = [record.getMessage() for record in caplog.records if record.name.startswith("cc613hal")]
    assert sum("bus i2c0 is gone" in line for line in said) == 1
    assert sum("bus i2c0 is back" in line for line in said) == 1
    assert sum("probe: ok -> offline" in line for line in said) == 1
    assert sum("probe: offline -> ok" in line for line in said) == 1


def test_a_silent_device_is_set_up_again_when_it_is_back(plugins: Plugins, buses: SimulatedBuses) -> None:
    faults = buses.i2c("i2c0").attach(0x48, Chip())

    async def main() -> None:
        async with open_board(board(plugins, PROBE), buses) as opened:
            sensor, health = opened.get(parts.Probe), opened.health()["probe"]
            faults.nack = True
            for _ in range(3):
                with pytest.raises(HalError):
                    await sensor.read()
            assert not usable(health)
            faults.nack = False
            await asyncio.sleep(10)
            assert usable(health)
            assert sensor.connects == 2

    virtually(main())


def test_a_device_is_set_up_again_when_one_it_builds_on_went_and_came_back(plugins: Plugins, buses: SimulatedBuses) -> None:
    faults = buses.i2c("i2c0").attach(0x48, Chip())
    follower = '[device.follower]\ndriver = "test.follower"\nuses = { sensor = "probe" }\n'

    async def main() -> None:
        async with open_board(board(plugins, follower, PROBE), buses) as opened:
            built, health = opened.get(parts.Follower), opened.health()["follower"]
            faults.nack = True
            for _ in range(3):
                with pytest.raises(HalError):
                    await opened.get(parts.Probe).read()
            assert health.state is HealthState.OFFLINE
            assert "builds on probe" in health.reason
            await opened.clock.sleep(60.0)
            faults.nack = False
            await opened.clock.sleep(40.0)
            assert usable(health)
            assert built.connects == 2

    virtually(main())


def test_a_missing_gpio_chip_is_told_as_such(plugins: Plugins, buses: SimulatedBuses) -> None:
    buses.gpio("gpio").faults.unplug()

    async def main() -> None:
        with pytest.raises(ConnectFailed, match="is unplugged") as failed:
            async with open_board(board(plugins, switch("k1", "relay", "K1")), buses):
                raise AssertionError("not reached")
        assert "as soon as" not in str(failed.value)

    virtually(main())


def test_a_foreign_exception_of_a_driver_is_told_with_its_type() -> None:
    failed = ConnectFailed("two did not connect:", failures={"a": KeyError("uid"), "b": ValueError()})
    assert "a: KeyError: 'uid'" in str(failed)
    assert "b: ValueError" in str(failed)


def test_a_full_disk_costs_what_is_remembered_and_nothing_else(
    plugins: Plugins, buses: SimulatedBuses, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    buses.i2c("i2c0").attach(0x48, Chip())

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("cc613hal.board.memory.tempfile.mkstemp", full)

    async def main() -> None:
        async with open_board(board(plugins, PROBE), buses, state_dir=tmp_path) as opened:
            assert (await opened.get(TemperatureSensor).read()).temperature_c == 21.0
            for number in range(5):
                opened.get(parts.Probe).context.memory.save("number", number)
            assert opened.get(parts.Probe).context.memory.load("number") == 4

    virtually(main())
    told = [record.message for record in caplog.records if "cannot be written" in record.message]
    assert len(told) == 1
    assert "No space left" in told[0]


def test_what_a_device_remembers_survives_a_restart(plugins: Plugins, buses: SimulatedBuses, tmp_path: Path) -> None:
    buses.i2c("i2c0").attach(0x48, Chip())

    async def once() -> None:
        async with open_board(board(plugins, PROBE), buses, state_dir=tmp_path):
            pass

    virtually(once())
    (tmp_path / ".test.board.json.cut.new").write_text('{"probe": {"conn')  # what a power cut leaves behind
    virtually(once())
    assert json.loads((tmp_path / "test.board.json").read_text()) == {"probe": {"connects": 2}}
    (tmp_path / "test.board.json").write_text("{ damaged")
    virtually(once())
    assert json.loads((tmp_path / "test.board.json").read_text()) == {"probe": {"connects": 1}}
    assert (tmp_path / "test.board.json.broken").read_text() == "{ damaged"
