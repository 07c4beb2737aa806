"""A locked plug and a failing supply: the plug is released within the energy there is, or somebody says that it is not."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.board import open_board, parse_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, CommandFailed, ConfigError, ConnectFailed, SafetyRefused
from cc613hal.interfaces import Contactor, LockPosition, PlugLock
from cc613hal.plant import Simulation

BOARD = """
schema = 1
name = "test.release"
summary = "a lock, a contactor and a supply"
[bus.gpio]
type = "gpio"
chips = ["/dev/gpiochip0"]
[bus.gpio.lines]
IN1 = "gpiochip0:0"
IN2 = "gpiochip0:1"
BOLT = "gpiochip0:2"
ENERGY = "gpiochip0:3"
LIMIT = "gpiochip0:4"
COIL = "gpiochip0:5"
MIRROR = "gpiochip0:6"
GOOD = "gpiochip0:7"
[device.supply]
driver = "bender.supply"
lines = {{ power_good = "GOOD" }}
[device.contactor1]
driver = "bender.contactor"
connector = 1
lines = {{ coil = "COIL", mirror = "MIRROR" }}
[device.lock1]
driver = "{driver}"
connector = 1
lines = {{ in1 = "IN1", in2 = "IN2", energy_ok = "ENERGY", {lines} }}
uses = {{ {uses} }}
options = {{ {options} }}
"""
ALL = 'supply = "supply", contactor = "contactor1"'
BOLT = 'feedback = "BOLT"'


@asynccontextmanager
async def station(options="", *, uses=ALL, lines=BOLT, locked=True, driver="phoenix_contact.ev-t2m3s"):
    description = parse_board(BOARD.format(options=options, uses=uses, lines=lines, driver=driver), file="test")
    async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
        lock = board.get(PlugLock)
        simulation.heard = []
        lock.releases.on(simulation.heard.append)
        if locked:
            await lock.lock()
        yield simulation, board, lock
        simulation.plant.outlet(1).welded.set(False)


def fail(simulation):
    simulation.plant.cabinet.supply_v.set(5.0)


def test_the_built_in_opener_is_watched_and_its_success_told():
    async def main():
        async with station() as (simulation, _, lock):
            fail(simulation)
            await asyncio.sleep(3.5)
            (report,) = simulation.heard
            assert (report.released, report.position, report.detail) == (True, LockPosition.UNLOCKED, "the emergency opener")
            assert report.elapsed_s < 0.5
            assert lock.last_release is report
            assert simulation.plant.parts["lock1"].motor.strokes == [1, -1]  # the driver itself drove nothing

    run_virtual(main())


@pytest.mark.parametrize("why", ["blocked", "uncharged"])
def test_an_opener_that_did_not_release_the_plug_is_a_fault(why):
    async def main():
        async with station() as (simulation, board, _):
            if why == "blocked":
                simulation.plant.outlet(1).bolt_blocked.set(True)
            else:
                simulation.plant.outlet(1).opener_v.set(5.5)
            fail(simulation)
            await asyncio.sleep(3.5)
            assert [report.released for report in simulation.heard] == [False]
            health = board.health()["lock1"]
            assert health.state.value == "fault"
            assert "not released" in health.reason

    run_virtual(main())


def test_the_driver_opens_the_contactor_before_it_releases_the_plug():
    async def main():
        async with station('on_supply_loss = "unlock"') as (simulation, board, _):
            await board.get(Contactor).switch_on()
            outlet, order = simulation.plant.outlet(1), []
            outlet.contacts.on(lambda phases: order.append(("contacts", phases)))
            simulation.plant.parts["lock1"].motor.unlocked_end.on(lambda at: order.append(("bolt back", at)))
            fail(simulation)
            await asyncio.sleep(2.0)
            assert order == [("contacts", 0), ("bolt back", True)]
            (report,) = simulation.heard
            assert (report.released, report.detail) == (True, "a stroke of the driver")
            assert report.elapsed_s < 1.0

    run_virtual(main())


def test_with_a_welded_contactor_the_plug_stays_locked_and_that_is_told():
    async def main():
        async with station('on_supply_loss = "unlock"') as (simulation, board, _):
            await board.get(Contactor).switch_on()
            simulation.plant.outlet(1).welded.set(True)
            fail(simulation)
            await asyncio.sleep(2.0)
            assert simulation.plant.outlet(1).bolt_locked.value == 1.0
            (report,) = simulation.heard
            assert report.released is False
            assert "not proven open" in report.detail

    run_virtual(main())


def test_no_stroke_begins_that_cannot_end_in_the_hold_up_time():
    async def main():
        async with station('on_supply_loss = "unlock", hold_up_s = 0.61') as (simulation, board, _):
            await board.get(Contactor).switch_on()
            simulation.plant.outlet(1).stuck_open.set(False)
            fail(simulation)
            await asyncio.sleep(2.0)
            (report,) = simulation.heard
            assert report.released is False
            assert "no stroke" in report.detail
            assert simulation.plant.parts["lock1"].motor.strokes == [1]

    run_virtual(main())


def test_a_locking_stroke_under_way_is_ended_and_turned_round():
    async def main():
        async with station('on_supply_loss = "unlock"', locked=False) as (simulation, _, lock):
            locking = asyncio.create_task(lock.lock())
            await asyncio.sleep(0.2)
            fail(simulation)
            with pytest.raises(CommandFailed, match="the supply fails"):
                await locking
            await asyncio.sleep(1.0)
            assert simulation.plant.outlet(1).bolt_locked.value == 0.0
            assert simulation.plant.parts["lock1"].motor.longest_drive_s <= 0.6001
            with pytest.raises(SafetyRefused, match="supply is failing"):
                await lock.lock()

    run_virtual(main())


def test_a_lock_that_waits_for_its_next_try_gives_up_at_once():
    async def main():
        async with station('on_supply_loss = "unlock"', locked=False) as (simulation, _, lock):
            simulation.plant.outlet(1).bolt_blocked.set(True)
            locking = asyncio.create_task(lock.lock())
            await asyncio.sleep(1.5)  # resting after the first stroke
            begun_s = simulation.clock.monotonic_s()
            fail(simulation)
            with pytest.raises(CommandFailed):
                await locking
            assert simulation.clock.monotonic_s() - begun_s < 0.5

    run_virtual(main())


def test_an_open_lock_has_nothing_to_report_and_ignoring_ignores():
    async def main():
        async with station(locked=False) as (simulation, _, _):
            fail(simulation)
            await asyncio.sleep(5.0)
            assert not simulation.heard
        async with station('on_supply_loss = "ignore"') as (simulation, _, _):
            fail(simulation)
            await asyncio.sleep(5.0)
            assert not simulation.heard

    run_virtual(main())


def test_without_a_contact_nobody_claims_that_the_plug_is_free():
    async def main():
        options = 'on_supply_loss = "unlock", feedback = "none"'
        async with station(options, lines='current_limit = "LIMIT"') as (simulation, _, _):
            fail(simulation)
            await asyncio.sleep(2.0)
            assert [report.released for report in simulation.heard] == [None]
            assert "nothing tells" in simulation.heard[0].detail

    run_virtual(main())


@pytest.mark.parametrize(
    ("uses", "options", "why"),
    [('supply = "supply"', 'on_supply_loss = "unlock"', "contactor"), (ALL, 'on_supply_loss = "unlock", hold_up_s = 0.5', "does not fit")],
)
def test_what_cannot_work_is_refused_when_the_board_opens(uses, options, why):
    async def main():
        with pytest.raises((ConfigError, BoardFileError, ConnectFailed), match=why):
            async with station(options, uses=uses):
                pass

    run_virtual(main())


@settings(max_examples=60, deadline=None)
@given(
    volts=st.floats(6.0, 12.0),
    capacity_f=st.floats(0.005, 0.3),
    travel_s=st.floats(0.1, 0.38),
    blocked=st.booleans(),
    automatic=st.booleans(),
    charging=st.booleans(),
)
def test_the_unlock_completes_before_the_store_is_empty_or_is_reported(volts, capacity_f, travel_s, blocked, automatic, charging):
    async def main():
        options = "" if automatic else 'on_supply_loss = "unlock"'
        # its contact is closed at the unlocked end, so it tells a bolt that stopped half-way from one that is back
        async with station(options, driver="hella.micro-actuator-1") as (simulation, board, _):
            outlet, part = simulation.plant.outlet(1), simulation.plant.parts["lock1"]
            part.store.capacity_f, part.motor.travel_s = capacity_f, travel_s
            if charging:
                await board.get(Contactor).switch_on()
            outlet.opener_v.set(volts)
            outlet.bolt_blocked.set(blocked)
            fail(simulation)
            await asyncio.sleep(6.0)
            (report,) = simulation.heard
            free = outlet.bolt_locked.value <= 0.1
            assert report.released is free
            assert report.elapsed_s <= 3.2
            if not free:
                assert board.health()["lock1"].state.value == "fault"
            if part.store.ran_empty and not blocked and free:
                assert part.store.capacity_f * (volts - 6.0) >= 0.25 * travel_s * 0.89  # it emptied only once the bolt was home
            assert outlet.contacts.value == 0 or automatic
            assert not part.motor.powered

    run_virtual(main())
