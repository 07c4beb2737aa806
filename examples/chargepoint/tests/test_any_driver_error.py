"""Drivers that raise anything at any call: contactor off, a fault with a name, and the station serves when the part is well again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.evse.connector import Connector
from cc613_chargepoint.evse.heat import ClimateMode, HeatSettings
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.surroundings import BreakerInput, SurroundingsSettings
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.simulated import SimulatedStation
from cc613_chargepoint.store import Store
from cc613hal.board import load_board, open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BusError, CommandFailed, DeviceError, ImplausibleReading, NoAnswer
from cc613hal.interfaces import (
    CardReader,
    DigitalInput,
    Indicator,
    PresenceSensor,
    Relay,
    SnapshotMeter,
    SupplyMonitor,
    TemperatureSensor,
    TiltSensor,
)
from cc613hal.plant import Simulation

ERRORS: list[BaseException] = [
    BusError("line noise", device="part"),
    NoAnswer("silence", device="part"),
    ImplausibleReading("beyond everything", device="part"),
    CommandFailed("did not move", device="part"),
    DeviceError("out of order", device="part"),
    ValueError("a defect of the driver"),
    KeyError("missing"),
    TypeError("no such thing"),
    RuntimeError("dictionary changed size"),
    OSError(5, "Input/output error"),
    TimeoutError("too late"),
    ZeroDivisionError("division by zero"),
    AssertionError("cannot be"),
    UnicodeDecodeError("ascii", b"\xff", 0, 1, "ordinal not in range"),
    MemoryError("no room"),
    RecursionError("too deep"),
    StopAsyncIteration("over"),
    asyncio.QueueFull(),
    EOFError("end"),
    NotImplementedError("not done"),
]

CALLS = [
    ("pilot", "read"), ("pilot", "offer"), ("pilot", "steady"), ("pilot", "fault"), ("pilot", "check_diode"),
    ("contactor", "switch_on"), ("contactor", "switch_off"), ("contactor", "sense"),
    ("weld", "check_weld"), ("rcd", "read"), ("rcd", "self_test"), ("rcd", "reset"),
    ("lock", "lock"), ("lock", "unlock"), ("lock", "position"), ("proximity", "read_cable"), ("meter", "read_all"),
]  # fmt: skip


@define
class Breaking:
    """Stands before a part; a call that is named raises."""

    part: Any
    armed: dict[str, BaseException] = field(factory=dict)
    raised: int = 0

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.part, name)
        if name not in self.armed:
            return value
        error = self.armed[name]

        async def broken(*_: Any, **__: Any) -> Any:
            self.raised += 1
            error.__context__ = error.__cause__ = None  # one object is raised again and again: it would drag all its pasts along
            raise error.with_traceback(None)

        return broken


@define
class Scene:
    made: SimulatedStation
    parts: dict[str, Breaking]

    @property
    def connector(self) -> Connector:
        connector = self.made.station.connector
        assert isinstance(connector, Connector)
        return connector


@asynccontextmanager
async def breakable() -> AsyncIterator[Scene]:
    simulation = Simulation(load_board("bender.cc613"))
    async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
        station = Station(board, StationSettings(connector=ConnectorSettings(unlock_again_s=1.0, rcd_reset_s=1.0)))
        made = SimulatedStation(simulation, board, station)
        station.news.on(made.news.append)
        connector = station.connector
        assert isinstance(connector, Connector)
        parts: dict[str, Breaking] = {}
        for name in {part for part, _ in CALLS}:
            parts[name] = Breaking(getattr(connector.parts, name))
            object.__setattr__(connector.parts, name, parts[name])
        rewired = Connector(connector.parts, board.clock, connector.limits, station_settings(connector))
        rewired.news.on(made.news.append)
        station.connectors[1] = rewired
        for each in (station.customers, station._surroundings):
            each._connectors = station.connectors if each is station.customers else (rewired,)
        rewired.news.on(station.customers.hear)
        serving = asyncio.create_task(station.run())
        await made.sleep(1.0)
        try:
            yield Scene(made, parts)
            assert not serving.done(), "the station goes on serving"
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


def station_settings(connector: Connector) -> ConnectorSettings:
    return connector._settings


def play(story: Callable[[Scene], Awaitable[None]]) -> None:
    async def main() -> None:
        async with breakable() as scene:
            await story(scene)

    run_virtual(main())


async def one_charge(made: SimulatedStation) -> None:
    """Whatever happens in it."""
    await made.tap()
    if made.outlet.vehicle_ohm.value is None:
        made.plug()
    await made.sleep(20.0)
    made.station.connector.stop("enough")
    await made.sleep(10.0)


async def is_safe(scene: Scene) -> None:
    """After a broken charge: no power without everything proven, and what is broken has a name, or does not matter now."""
    made = scene.made
    if made.outlet.contacts.value and not made.outlet.welded.value:
        assert made.state in {State.ENERGISING, State.CHARGING, State.PAUSED, State.STOPPING}
        assert not scene.connector._stopping_faults()


@pytest.mark.parametrize(("part", "call"), CALLS, ids=lambda each: str(each))
def test_a_call_that_raises_anything_ends_in_a_safe_state_and_the_next_charge_works(part: str, call: str) -> None:
    """One station meets every error, one after the other, before and in a charge."""

    async def story(scene: Scene) -> None:
        made, broken = scene.made, scene.parts[part]
        for error in ERRORS:
            broken.armed[call] = error
            broken.raised = 0
            await one_charge(made)
            await is_safe(scene)
            assert broken.raised or call in {"reset", "fault"}, "it was asked"
            broken.armed.clear()
            if made.outlet.vehicle_ohm.value is not None:
                made.unplug(force=True)
            await made.sleep(45.0)
            for name in [fault.name for fault in scene.connector.faults]:  # those that need somebody: somebody comes
                scene.connector.clear_fault(name, "looked at")
            await made.until_state(State.AVAILABLE, within_s=90.0)
            assert made.outlet.contacts.value == 0
        await made.charge()
        assert made.state is State.CHARGING

    play(story)


@pytest.mark.parametrize(("part", "call"), [each for each in CALLS if each[1] in {"read", "sense", "read_cable", "read_all"}], ids=str)
@pytest.mark.parametrize("error", [ValueError("a defect"), OSError(5, "Input/output error"), NoAnswer("silence", device="part")], ids=repr)
def test_what_keeps_people_safe_and_raises_in_a_charge_opens_the_contactor(part: str, call: str, error: BaseException) -> None:
    async def story(scene: Scene) -> None:
        made = scene.made
        await made.charge()
        await made.sleep(5.0)
        scene.parts[part].armed[call] = error
        await made.until(lambda: made.outlet.contacts.value == 0, within_s=8.0)
        await made.until_state(State.FAULTED)
        known = {FaultName.DEVICE_LOST, FaultName.METER_LOST, FaultName.CABLE_FAULT}
        assert set(made.faults) & known
        await made.sleep(60.0)
        assert made.outlet.contacts.value == 0

    play(story)


def test_a_fault_of_a_part_that_still_raises_does_not_go_with_the_plug() -> None:
    async def story(scene: Scene) -> None:
        made = scene.made
        await made.charge()
        scene.parts["rcd"].armed["read"] = ValueError("a defect")
        await made.until_state(State.FAULTED, within_s=8.0)
        made.unplug(force=True)
        await made.sleep(120.0)
        assert [fault.name for fault in scene.connector.faults] == [FaultName.DEVICE_LOST], "by health, not by luck"
        scene.parts["rcd"].armed.clear()
        await made.until_state(State.AVAILABLE, within_s=35.0)
        await made.charge()

    play(story)


def test_a_coil_whose_line_raises_is_a_fault_and_the_contactor_is_switched_off_by_command() -> None:
    async def story(scene: Scene) -> None:
        made = scene.made
        await made.charge()
        real = scene.connector._coil

        class Broken:
            def off_now(self) -> None:
                raise BusError("the line is gone", device="contactor1")

        scene.connector._coil = Broken()  # type: ignore[assignment]
        made.station.connector.raise_fault(Fault(name=FaultName.MCB_TYPE2, detail="open"))
        await made.until(lambda: made.outlet.contacts.value == 0, within_s=1.0)
        scene.connector._coil = real

    play(story)


# -- at the start, in the store, and around the connector --------------------------------------------------------------------------------


@define
class BreakingBoard:
    """A board whose devices are behind :class:`Breaking`; ``armed`` says which call of which capability raises what."""

    board: Any
    armed: dict[str, BaseException]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.board, name)

    def get(self, kind: Any, *names: Any, **where: Any) -> Any:
        return Breaking(self.board.get(kind, *names, **where), self.armed)

    def optional(self, kind: Any, *names: Any, **where: Any) -> Any:
        found = self.board.optional(kind, *names, **where)
        return None if found is None else Breaking(found, self.armed)

    def all(self, kind: Any, **where: Any) -> dict[str, Any]:
        return {name: Breaking(each, self.armed) for name, each in self.board.all(kind, **where).items()}


AROUND = ["read", "switch_on", "read_tilt", "read_presence", "read_supply", "read_input", "start_polling", "stop_polling", "show"]
PARTS = {
    "read": TemperatureSensor, "switch_on": Relay, "read_tilt": TiltSensor, "read_presence": PresenceSensor, "read_supply": SupplyMonitor,
    "read_input": DigitalInput, "start_polling": CardReader, "stop_polling": CardReader, "show": Indicator,
}  # fmt: skip


@define
class BreakingAround(BreakingBoard):
    """As the whole board, and only devices of one capability break."""

    kind: Any = None

    def _of(self, kind: Any, found: Any) -> Any:
        return Breaking(found, self.armed) if kind is self.kind and found is not None else found

    def get(self, kind: Any, *names: Any, **where: Any) -> Any:
        return self._of(kind, self.board.get(kind, *names, **where))

    def optional(self, kind: Any, *names: Any, **where: Any) -> Any:
        return self._of(kind, self.board.optional(kind, *names, **where))

    def all(self, kind: Any, **where: Any) -> dict[str, Any]:
        return {name: self._of(kind, each) for name, each in self.board.all(kind, **where).items()}


@pytest.mark.parametrize("call", AROUND)
@pytest.mark.parametrize("error", [ValueError("a defect"), OSError(5, "Input/output error"), BusError("noise", device="part")], ids=repr)
def test_what_is_around_the_connector_may_raise_anything_and_the_station_still_charges(call: str, error: BaseException) -> None:
    async def main() -> None:
        simulation = Simulation(load_board("bender.cc613"))
        async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
            settings = StationSettings(
                heat=HeatSettings(climate=ClimateMode.FAN, upper_c=20.0, lower_c=-10.0, stale_s=5.0),
                surroundings=SurroundingsSettings(breaker_inputs={"input1": BreakerInput(fault=FaultName.EARTH_MISSING)}),
            )
            simulation.line("OPTO1").drive().set(False)
            breaking = BreakingAround(board, {call: error}, PARTS[call])
            station = Station(breaking, settings)  # type: ignore[arg-type]
            made = SimulatedStation(simulation, board, station)
            station.news.on(made.news.append)
            serving = asyncio.create_task(station.run())
            await made.sleep(2.0)
            made.plug()
            station.customers.present(Token(id="APP", source=TokenSource.REMOTE))
            await made.until_state(State.CHARGING)
            await made.sleep(120.0)
            assert made.state is State.CHARGING
            assert not serving.done()
            if call == "read":
                assert station.limits.effective().source.startswith("temperature ("), "a sensor that is not known means the safe value"
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving

    run_virtual(main())


@pytest.mark.parametrize("call", ["read", "check_weld", "position", "sense"])
@pytest.mark.parametrize("error", [ValueError("a defect"), NoAnswer("silence", device="part")], ids=repr)
def test_a_part_that_raises_at_the_start_is_out_of_order_and_no_end_of_the_station(call: str, error: BaseException) -> None:
    async def main() -> None:
        simulation = Simulation(load_board("bender.cc613"))
        async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as board:
            armed: dict[str, BaseException] = {call: error}
            simulation.plant.outlet(1).bolt_locked.set(1.0)
            station = Station(BreakingBoard(board, armed), StationSettings())  # type: ignore[arg-type]
            made = SimulatedStation(simulation, board, station)
            serving = asyncio.create_task(station.run())
            await made.sleep(5.0)
            assert not serving.done()
            assert made.state is State.FAULTED
            armed.clear()
            made.plug()
            await made.sleep(5.0)
            made.unplug(force=True)
            await made.until_state(State.AVAILABLE, within_s=60.0)
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving

    run_virtual(main())


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_a_session_whose_meter_raises_anything_still_has_one_begin_and_one_end(error: BaseException, tmp_path: Path) -> None:
    async def main() -> None:
        simulation = Simulation(load_board("bender.cc613"))
        async with (
            simulation,
            open_board(simulation.description, simulation.buses, clock=simulation.clock) as board,
            await Store.open(tmp_path / "station.db") as store,
        ):
            armed: dict[str, BaseException] = {}
            station = Station(BreakingAround(board, armed, SnapshotMeter), StationSettings(), store=store)  # type: ignore[arg-type]
            made = SimulatedStation(simulation, board, station)
            station.news.on(made.news.append)
            serving = asyncio.create_task(station.run())
            await made.sleep(2.0)
            await made.charge()
            await made.sleep(10.0)
            armed["read_all"] = error
            await made.until_state(State.FAULTED, within_s=15.0)
            await made.until(lambda: bool(made.sessions), within_s=30.0)
            assert await store.read(lambda tx: tx.sessions.open()) == []
            assert made.sessions[0].energy_wh is None
            armed.clear()
            made.unplug(force=True)
            await made.until_state(State.AVAILABLE, within_s=60.0)
            await made.sleep(3.0)
            await made.charge()
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving

    run_virtual(main())
