"""The boards this package ships: they load, they open in the simulation, and a vehicle charges."""

from __future__ import annotations

import asyncio
from importlib import resources

import pytest

from cc613hal.board import load_board, open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import NotOnBoard
from cc613hal.interfaces import (
    CableState,
    Contactor,
    ContactorState,
    ControlPilot,
    EnergyMeter,
    HouseholdSocket,
    ImmediateOff,
    LockPosition,
    PhaseSwitching,
    PilotState,
    PlugLock,
    PowerMeter,
    ProximityPilot,
    ResidualCurrentMonitor,
    SupplyMonitor,
    WeldCheck,
    WeldState,
)
from cc613hal.plant.leakage import Leakage
from cc613hal.plant.simulation import Simulation
from cc613hal.plant.vehicle import Vehicle
from cc613hal.plugins.manager import Plugins
from cc613hal.units import duty_for_current

DEVICES = {
    "pilot1", "contactor1", "rcd1", "lock1", "meter1", "reader", "leds", "temp-internal", "temp-relay", "tilt", "bay", "supply", "input1",
    "relay2",
}  # fmt: skip


VARIANTS = {
    "bender.cc613": (set(), set()),
    "bender.cc613-phoenix": (set(), set()),
    "bender.cc613-tethered": ({"lock1"}, set()),
    "bender.cc613-household": ({"input1", "relay2"}, {"contactor2", "household2"}),
    "bender.cc613-climate": ({"relay2"}, {"climate"}),
    "bender.cc613-shunt": (set(), set()),
    "bender.cc613-no-rcmb": ({"rcd1"}, set()),
    "bender.cc613-phases": (set(), set()),
    "bender.cc613-modem": (set(), {"modem"}),
    "bender.cc613-plc": (set(), {"plc1"}),
    "bender.cc613-h": ({"lock1", "input1", "relay2", "bay"}, set()),
    "bender.cc613-h-socket": ({"input1", "relay2", "bay"}, set()),
}
"""What each board lacks of the first, and what it has besides."""


def test_every_shipped_board_is_listed_here_and_is_an_overlay_of_the_first():
    assert set(VARIANTS) == {name for name in Plugins.discover().boards if name.startswith("bender.")}
    for board in resources.files("cc613hal_bender").joinpath("boards").iterdir():
        if board.name != "cc613.toml":
            assert 'base = "bender.cc613' in board.read_text("utf-8"), board.name


@pytest.mark.parametrize("name", VARIANTS)
def test_the_shipped_boards_open_with_every_device_well(name):
    async def main():
        missing, more = VARIANTS[name]
        description = load_board(name)
        assert set(description.devices) == DEVICES - missing | more
        async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
            assert not simulation.problems
            assert {device: health.state.value for device, health in board.health().items() if not health.usable} == {}

    run_virtual(main())


def test_the_household_socket_is_switched_watched_and_limited():
    async def main():
        description = load_board("bender.cc613-household")
        async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
            socket, contactor = board.get(HouseholdSocket), board.get(Contactor, "contactor2")
            outlet, seen = simulation.plant.outlet(2), []
            socket.changes.on(lambda reading: seen.append(reading.breaker_ok))
            assert socket.max_current_a == 10.0
            on = await contactor.switch_on()
            assert (outlet.contacts.value, on.verified) == (1, False)
            outlet.breaker_closed.set(False)
            await asyncio.sleep(0.1)
            assert seen == [False]
            assert simulation.plant.outlet(1).mains_v.value == (230.0, 230.0, 230.0)

    run_virtual(main())


def test_phases_are_switched_on_the_board_with_two_contactors():
    async def main():
        description = load_board("bender.cc613-phases")
        async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
            contactor, outlet = board.get(Contactor), simulation.plant.outlet(1)
            await board.get(PhaseSwitching).select_phases(1)
            await contactor.switch_on()
            assert outlet.contacts.value == 1

    run_virtual(main())


def test_the_fixed_cable_board_offers_neither_lock_nor_proximity_contact():
    async def main():
        description = load_board("bender.cc613-tethered")
        async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
            with pytest.raises(NotOnBoard):
                board.get(PlugLock)
            assert board.optional(ProximityPilot) is None
            assert (await board.get(ControlPilot).read()).state is PilotState.A

    run_virtual(main())


@pytest.mark.parametrize("name", ["bender.cc613", "bender.cc613-phoenix"])
def test_a_vehicle_charges_and_what_the_meter_counts_is_what_flowed(name):
    async def main():
        description = load_board(name)
        async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
            pilot, contactor, lock = board.get(ControlPilot), board.get(Contactor), board.get(PlugLock)
            outlet = simulation.plant.outlet(1)
            vehicle = Vehicle(outlet, battery_wh=2000.0)
            vehicle.plug_in(cable_ohm=220.0)
            await asyncio.sleep(0.1)
            assert (await pilot.read()).state is PilotState.B
            assert (await board.get(ProximityPilot).read_cable()).cable is CableState.CABLE
            assert (await lock.lock()).verified
            assert (await board.get(ResidualCurrentMonitor).self_test()).passed
            before = (await board.get(EnergyMeter, "meter1").read_energy()).imported
            await pilot.offer(duty_for_current(16.0) or 0.0)
            await asyncio.sleep(1.1)
            assert (await pilot.read()).state is PilotState.C
            assert await pilot.check_diode()
            assert (await contactor.switch_on()).verified
            await asyncio.sleep(5)
            power_w = (await board.get(PowerMeter, "meter1").read_power()).power_w
            assert power_w == pytest.approx(3 * 230 * 15.2, rel=0.01)
            await asyncio.sleep(3600)
            assert (await pilot.read()).state is PilotState.B  # full: it opened S2 by itself
            await pilot.steady()
            assert (await contactor.switch_off()).state is ContactorState.OFF
            after = (await board.get(EnergyMeter, "meter1").read_energy()).imported
            assert float(after.wh - before.wh) == pytest.approx(2000.0, abs=10.0)
            assert (await lock.unlock()).position is LockPosition.UNLOCKED
            vehicle.unplug()
            await asyncio.sleep(1)
            assert (await board.get(WeldCheck).check_weld()).state is WeldState.CLEAR

    run_virtual(main())


def test_a_leak_opens_the_contactor_through_the_trip_event_and_can_be_reset_after():
    async def main():
        description = load_board("bender.cc613")
        async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
            rcd, contactor, outlet = board.get(ResidualCurrentMonitor), board.get(Contactor), simulation.plant.outlet(1)
            leak = Leakage(outlet)
            await contactor.switch_on()
            rcd.trips.on(lambda _: board.get(ImmediateOff).off_now())
            leak.leak(dc_ma=7.0)
            await asyncio.sleep(0.5)
            assert outlet.contacts.value == 0
            assert rcd.latched
            assert not (await rcd.reset()).latched  # the leak sits behind the contacts: nothing flows any more

    run_virtual(main())


def test_leaving_the_board_in_the_middle_of_a_charge_is_safe():
    async def main():
        description = load_board("bender.cc613")
        async with Simulation(description) as simulation:
            outlet = simulation.plant.outlet(1)
            async with open_board(description, simulation.buses, clock=simulation.clock) as board:
                vehicle = Vehicle(outlet)
                vehicle.plug_in()
                await board.get(PlugLock).lock()
                await board.get(ControlPilot).offer(26.7)
                await asyncio.sleep(2)
                await board.get(Contactor).switch_on()
                await asyncio.sleep(10)
                assert outlet.current_a.value[0] > 0.0
            assert outlet.contacts.value == 0
            assert outlet.current_a.value == (0.0, 0.0, 0.0)
            assert outlet.bolt_locked.value == 1.0  # nobody pulls a plug because a program ended
            vehicle.unplug(force=True)

    run_virtual(main())


def test_a_failing_supply_is_told_at_once():
    async def main():
        description = load_board("bender.cc613")
        async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
            seen = []
            board.get(SupplyMonitor).changes.on(lambda reading: seen.append(reading.state.value))
            simulation.plant.cabinet.supply_v.set(8.0)
            assert seen == ["failing"]
            simulation.plant.cabinet.supply_v.set(12.0)

    run_virtual(main())
