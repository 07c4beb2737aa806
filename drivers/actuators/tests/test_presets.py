"""Every preset against an emulated actuator: drive time, rest, retries, what the contact tells, jams, supply loss."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from attrs import frozen

from cc613hal.actuator import FeedbackSense
from cc613hal.board import Board, open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import CommandFailed, ConfigError, ConnectFailed, SafetyRefused
from cc613hal.interfaces import LockPosition
from cc613hal.plant import Simulation
from cc613hal.plant.world import Outlet
from cc613hal.testing.bench import PART, board_for
from cc613hal_actuators.plugin import cc613hal_drivers
from cc613hal_actuators.presets import PRESETS

LOCKED, UNLOCKED, UNKNOWN = "closed-when-locked", "closed-when-unlocked", "none"

# Written out from the public tables, not taken from the code: drive s, rest s, contact.
TABLE = {
    "kuester-02s": (0.6, 3.0, LOCKED),
    "kuester-04s": (0.6, 3.0, LOCKED),
    "walther-9798999009": (0.4, 3.0, UNLOCKED),
    "scame-200.23260bs": (0.5, 3.0, LOCKED),
    "scame-200.23261bs": (0.5, 3.0, LOCKED),
    "scame-200.23261bp": (0.5, 3.0, LOCKED),
    "scame-200.23261bl": (0.5, 3.0, UNKNOWN),
    "harting-type2": (0.2, 1.6, UNKNOWN),
    "generic": (0.6, 5.0, LOCKED),
}
SETTLE_S = 0.15
WITH_CONTACT = [name for name, row in TABLE.items() if row[2] != UNKNOWN]
WITHOUT_CONTACT = [name for name, row in TABLE.items() if row[2] == UNKNOWN]
ALL = pytest.mark.parametrize("name", list(TABLE))
SENSED = pytest.mark.parametrize("name", WITH_CONTACT)
BELIEVED = pytest.mark.parametrize("name", WITHOUT_CONTACT)


@frozen
class Bench:
    lock: Any
    emulated: Any
    outlet: Outlet
    simulation: Simulation
    board: Board

    @property
    def contact_closed(self) -> bool:
        return self.simulation.line("PART_FEEDBACK").level.value

    @property
    def now_s(self) -> float:
        return self.simulation.clock.monotonic_s()


@asynccontextmanager
async def bench(
    name: str, *, options: Mapping[str, object] | None = None, lines: Mapping[str, Mapping[str, object] | None] | None = None
) -> AsyncIterator[Bench]:
    description = board_for(f"actuators.{name}", options=options, lines={"current_limit": None, **(lines or {})})
    async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
        yield Bench(board.devices[PART], simulation.plant.parts[PART], simulation.plant.outlet(1), simulation, board)


def test_the_table_and_the_package_name_the_same_actuators():
    assert set(TABLE) == set(PRESETS) == {spec.name.removeprefix("actuators.") for spec in cc613hal_drivers()}


@ALL
def test_presets_hold_the_published_figures_and_say_where_they_are_from(name):
    preset = PRESETS[name]
    assert (preset.drive_s, preset.pause_s, preset.feedback.value) == TABLE[name]
    assert preset.source


@ALL
def test_the_motor_is_powered_for_the_drive_time_and_no_longer(name):
    async def main():
        async with bench(name) as it:
            await it.lock.lock()
            await it.lock.unlock()
            assert it.emulated.motor.strokes == [1, -1]
            assert it.emulated.motor.longest_drive_s == pytest.approx(TABLE[name][0])
            assert not it.emulated.motor.powered

    run_virtual(main())


@ALL
def test_a_cancelled_caller_neither_shortens_nor_lengthens_a_stroke(name):
    async def main():
        async with bench(name) as it:
            locking = asyncio.create_task(it.lock.lock())
            await asyncio.sleep(TABLE[name][0] / 2)
            locking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await locking
            assert it.emulated.motor.longest_drive_s == pytest.approx(TABLE[name][0])
            assert it.outlet.bolt_locked.value == pytest.approx(1.0)

    run_virtual(main())


@ALL
def test_the_motor_rests_before_the_next_stroke(name):
    drive_s, rest_s, _ = TABLE[name]

    async def main():
        async with bench(name) as it:
            started_s = it.now_s
            await it.lock.lock()
            await it.lock.unlock()
            assert it.now_s - started_s == pytest.approx(drive_s + rest_s + drive_s + SETTLE_S)

    run_virtual(main())


@SENSED
def test_what_the_contact_confirms_is_verified(name):
    async def main():
        async with bench(name) as it:
            assert (await it.lock.position()).position is LockPosition.UNLOCKED
            assert (await it.lock.position()).verified
            locked = await it.lock.lock()
            assert (locked.position, locked.verified, locked.attempts) == (LockPosition.LOCKED, True, 1)
            assert it.contact_closed is (TABLE[name][2] == LOCKED)
            unlocked = await it.lock.unlock()
            assert (unlocked.position, unlocked.verified, unlocked.attempts) == (LockPosition.UNLOCKED, True, 1)

    run_virtual(main())


@BELIEVED
def test_what_no_contact_confirms_is_believed_by_time_and_says_so(name):
    async def main():
        async with bench(name) as it:
            before = await it.lock.position()
            assert (before.position, before.verified) == (LockPosition.UNKNOWN, False)
            locked = await it.lock.lock()
            assert (locked.position, locked.verified, locked.attempts) == (LockPosition.LOCKED, False, 1)
            assert not (await it.lock.position()).verified
            await it.lock.lock()
            assert it.emulated.motor.strokes == [1, 1], "nobody knows that it is locked already"

    run_virtual(main())


@SENSED
def test_an_unconnected_contact_is_no_contact(name):
    async def main():
        async with bench(name, lines={"feedback": None}) as it:
            locked = await it.lock.lock()
            assert (locked.position, locked.verified) == (LockPosition.LOCKED, False)

    run_virtual(main())


@SENSED
def test_a_jam_is_tried_three_times_and_then_the_motor_is_freed(name):
    drive_s, rest_s, _ = TABLE[name]

    async def main():
        async with bench(name) as it:
            it.outlet.bolt_blocked.set(True)
            started_s = it.now_s
            with pytest.raises(CommandFailed, match="not locked after 3 strokes") as failure:
                await it.lock.lock()
            assert failure.value.evidence.jammed
            assert it.emulated.motor.strokes == [1, 1, 1, -1]
            assert it.emulated.motor.longest_drive_s == pytest.approx(drive_s)
            assert it.now_s - started_s == pytest.approx(4 * drive_s + 3 * rest_s + SETTLE_S)
            assert it.board.health()[PART].state.value == "fault"
            it.outlet.bolt_blocked.set(False)
            assert (await it.lock.lock()).position is LockPosition.LOCKED
            assert it.board.health()[PART].state.value == "ok"

    run_virtual(main())


@SENSED
def test_a_bolt_freed_between_two_strokes_locks_with_the_second(name):
    drive_s, rest_s, _ = TABLE[name]

    async def main():
        async with bench(name) as it:
            it.outlet.bolt_blocked.set(True)
            locking = asyncio.create_task(it.lock.lock())
            await asyncio.sleep(drive_s + rest_s / 2)
            it.outlet.bolt_blocked.set(False)
            assert (await locking).attempts == 2

    run_virtual(main())


@ALL
def test_swapped_motor_wires_are_an_option(name):
    async def main():
        async with bench(name, options={"invert": True}) as it:
            await it.lock.lock()
            assert it.emulated.motor.strokes == [1]
            assert it.outlet.bolt_locked.value == pytest.approx(1.0)

    run_virtual(main())


@ALL
def test_nothing_is_locked_that_the_opener_could_not_open(name):
    async def main():
        async with bench(name) as it:
            it.outlet.opener_v.set(6.0)
            with pytest.raises(SafetyRefused):
                await it.lock.lock()
            assert not it.emulated.motor.strokes

    run_virtual(main())


@ALL
def test_on_supply_loss_the_opener_frees_the_plug_without_the_driver(name):
    async def main():
        async with bench(name) as it:
            await it.lock.lock()
            moved = []
            it.lock.unexpected.on(moved.append)
            before = it.lock.cycles
            it.simulation.plant.cabinet.supply_v.set(5.0)
            await asyncio.sleep(1.5)
            assert it.outlet.bolt_locked.value == 0.0
            assert it.lock.cycles == before
            assert [reading.position for reading in moved] == ([LockPosition.UNLOCKED] if name in WITH_CONTACT else [])
            it.simulation.plant.cabinet.supply_v.set(12.0)

    run_virtual(main())


@ALL
def test_an_orderly_stop_unlocks_within_one_stroke_also_while_the_motor_rests(name):
    async def main():
        async with bench(name, options={"unlock_when_safe": True}) as it:
            await it.lock.lock()  # ends inside the rest: a store that holds up for one stroke cannot wait for it
            started_s = it.now_s
            await it.lock.make_safe()
            assert it.outlet.bolt_locked.value == pytest.approx(0.0)
            assert it.now_s - started_s <= TABLE[name][0] + SETTLE_S + 1e-6
            assert not it.emulated.motor.powered

    run_virtual(main())


@ALL
def test_by_default_the_safe_state_moves_nothing(name):
    async def main():
        async with bench(name) as it:
            await it.lock.lock()
            started_s = it.now_s
            await it.lock.make_safe()
            assert (it.now_s, it.emulated.motor.powered) == (started_s, False)
            assert it.outlet.bolt_locked.value == pytest.approx(1.0)

    run_virtual(main())


def test_harting_is_never_driven_beyond_its_absolute_maximum():
    async def main():
        async with bench("harting-type2", options={"drive_s": 3.5}):
            pass

    with pytest.raises(ConnectFailed) as failure:
        run_virtual(main())
    error = failure.value.failures[PART]
    assert isinstance(error, ConfigError)
    assert "3.5 s is beyond the maker's maximum of 3 s" in str(error)


def test_harting_rests_eight_strokes_also_with_another_stroke():
    async def main():
        async with bench("harting-type2", options={"drive_s": 0.5}) as it:
            started_s = it.now_s
            await it.lock.lock()
            await it.lock.unlock()
            assert it.now_s - started_s == pytest.approx(0.5 + 8 * 0.5 + 0.5 + SETTLE_S)

    run_virtual(main())


def test_hartings_signal_wire_is_believed_once_its_sense_is_told():
    async def main():
        async with bench("harting-type2", options={"feedback": FeedbackSense.CLOSED_WHEN_UNLOCKED.value}) as it:
            assert (await it.lock.lock()).verified
            it.outlet.bolt_locked.set(0.0)
            assert (await it.lock.position()).position is LockPosition.UNLOCKED

    run_virtual(main())
