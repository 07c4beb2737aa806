"""The contactor: confirmed switching, welds, refusals, phases, wear."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.board import load_board, open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, CommandFailed, SafetyRefused, Unsupported
from cc613hal.interfaces import Contactor, ContactorState, WeldMethod, WeldState
from cc613hal.plant import Simulation

DRIVER = "bender.contactor"


def test_on_and_off_are_confirmed_by_the_mirror_contact(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror", low=("mirror",)) as it:
            assert (await it.device.sense()).state is ContactorState.OFF
            on = await it.device.switch_on()
            assert (on.state, on.verified) == (ContactorState.ON, True)
            assert on.elapsed_s == pytest.approx(0.03)
            assert it.outlet.contacts.value == 3
            off = await it.device.switch_off()
            assert (off.state, off.verified) == (ContactorState.OFF, True)
            assert it.outlet.contacts.value == 0

    run_virtual(main())


def test_an_auxiliary_contact_that_closes_with_the_main_contacts_serves_too(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror", options={"feedback": "no"}) as it:
            assert (await it.device.switch_on()).state is ContactorState.ON
            assert (await it.device.switch_off()).state is ContactorState.OFF

    run_virtual(main())


def test_without_feedback_nothing_is_claimed_to_be_verified(open_part):
    async def main():
        async with open_part(DRIVER, "coil") as it:
            on = await it.device.switch_on()
            assert (on.state, on.verified) == (ContactorState.UNKNOWN, False)
            assert on.elapsed_s == pytest.approx(0.1)
            assert not (await it.device.sense()).verified
            await it.device.switch_off()
            weld = await it.device.check_weld()
            assert (weld.state, weld.method) == (WeldState.UNKNOWN, WeldMethod.NONE)

    run_virtual(main())


def test_contacts_that_do_not_close_release_the_coil_and_say_so(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror") as it:
            it.outlet.stuck_open.set(True)
            with pytest.raises(CommandFailed, match="no feedback 100 ms after") as failure:
                await it.device.switch_on()
            assert failure.value.evidence.state is ContactorState.OFF
            assert not it.outlet.coil.value
            assert it.health == "fault"
            it.outlet.stuck_open.set(False)
            assert (await it.device.switch_on()).verified
            assert it.health == "ok"

    run_virtual(main())


def test_a_machine_that_was_busy_elsewhere_is_no_contactor_that_hangs():
    """The feedback came in time, and was heard late: the controller did not run for longer than the feedback may take."""

    async def main():
        description = load_board("bender.cc613")  # its mirror contact is debounced
        async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
            contactor, loop = board.get(Contactor, "contactor1"), asyncio.get_running_loop()

            def stand_still() -> None:
                loop.hands.now_s += 0.3

            loop.call_later(0.005, stand_still)
            assert (await contactor.switch_on()).verified
            await contactor.switch_off()
            simulation.plant.outlet(1).stuck_open.set(True)
            await asyncio.sleep(5.0)
            loop.call_later(0.005, stand_still)
            with pytest.raises(CommandFailed, match="no feedback"):  # and one that hangs is found all the same
                await contactor.switch_on()

    run_virtual(main())


def test_a_weld_is_found_at_switching_off_and_nothing_is_energised_until_it_is_cleared(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror") as it:
            await it.device.switch_on()
            it.outlet.welded.set(True)
            with pytest.raises(CommandFailed, match="welded") as failure:
                await it.device.switch_off()
            assert failure.value.evidence.state is ContactorState.ON
            assert not it.outlet.coil.value
            with pytest.raises(SafetyRefused):
                await it.device.switch_on()
            assert (await it.device.check_weld()).state is WeldState.WELDED
            it.outlet.welded.set(False)
            with pytest.raises(SafetyRefused, match="check_weld"):
                await it.device.switch_on()
            assert (await it.device.check_weld()).state is WeldState.CLEAR
            assert it.health == "ok"
            await it.device.switch_on()

    run_virtual(main())


def test_a_weld_from_before_the_start_is_found_when_the_board_opens(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror", before=lambda simulation: simulation.plant.outlet(1).welded.set(True)) as it:
            assert it.health == "fault"
            with pytest.raises(SafetyRefused):
                await it.device.switch_on()
            it.outlet.welded.set(False)

    run_virtual(main())


def test_mains_sense_finds_what_a_stuck_mirror_contact_hides(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror", "mains_sense") as it:
            it.emulated.mirror.hold(True)  # closed for ever: "surely open"
            it.outlet.welded.set(True)
            weld = await it.device.check_weld()
            assert (weld.state, weld.method) == (WeldState.WELDED, WeldMethod.MAINS_SENSE)
            it.outlet.welded.set(False)
            clear = await it.device.check_weld()
            assert (clear.state, clear.method) == (WeldState.CLEAR, WeldMethod.MAINS_SENSE)

    run_virtual(main())


def test_right_after_opening_what_the_vehicle_feeds_back_is_not_taken_for_a_weld(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mains_sense", options={"sense_after_s": 1.0}) as it:
            await it.device.switch_on()
            await it.device.switch_off()
            it.emulated.mains_sense.hold(True)  # capacitors
            early = await it.device.check_weld()
            assert (early.state, early.detail) == (WeldState.UNKNOWN, "too soon after opening for mains sense")
            it.emulated.mains_sense.hold(None)
            await asyncio.sleep(1.0)
            assert (await it.device.check_weld()).state is WeldState.CLEAR

    run_virtual(main())


def test_mains_sense_sees_half_waves_too(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mains_sense") as it:

            async def half_waves():
                while True:
                    it.emulated.mains_sense.set(True)
                    await asyncio.sleep(0.006)
                    it.emulated.mains_sense.set(False)
                    await asyncio.sleep(0.014)

            waves = asyncio.create_task(half_waves())
            await asyncio.sleep(0.007)
            assert (await it.device.check_weld()).state is WeldState.WELDED
            waves.cancel()

    run_virtual(main())


def test_off_now_releases_in_the_same_call_and_ends_a_switch_on_under_way(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror") as it:
            closing = asyncio.create_task(it.device.switch_on())
            await asyncio.sleep(0.01)
            assert it.outlet.coil.value
            it.device.off_now()
            assert not it.outlet.coil.value
            with pytest.raises(CommandFailed, match="switched off"):
                await closing
            await asyncio.sleep(5)
            assert it.outlet.contacts.value == 0

    run_virtual(main())


def test_a_switch_on_that_waits_for_the_rest_is_ended_by_an_off(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror", options={"min_off_s": 10.0}) as it:
            await it.device.switch_on()
            await it.device.switch_off()
            waiting = asyncio.create_task(it.device.switch_on())
            await asyncio.sleep(1)
            await asyncio.gather(it.device.make_safe(), asyncio.sleep(0))
            with pytest.raises(CommandFailed, match="before it closed"):
                await waiting
            assert it.outlet.contacts.value == 0

    run_virtual(main())


def test_a_cancelled_switch_on_leaves_the_coil_released(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror") as it:
            it.outlet.stuck_open.set(True)
            closing = asyncio.create_task(it.device.switch_on())
            await asyncio.sleep(0.05)
            closing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await closing
            assert not it.outlet.coil.value

    run_virtual(main())


def test_the_rest_between_off_and_on_is_kept(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror", options={"min_off_s": 2.5}) as it:
            await it.device.switch_on()
            await it.device.switch_off()
            opened_s = it.simulation.clock.monotonic_s()
            await it.device.switch_on()
            assert 2.5 <= it.simulation.clock.monotonic_s() - opened_s + 0.02 <= 2.6

    run_virtual(main())


def test_contacts_that_drop_out_are_reported_and_do_not_come_back_by_themselves(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror") as it:
            seen = []
            it.device.unexpected.on(seen.append)
            await it.device.switch_on()
            await asyncio.sleep(60)
            it.outlet.stuck_open.set(True)
            assert [(reading.state, reading.commanded_on) for reading in seen] == [(ContactorState.OFF, True)]
            assert not it.outlet.coil.value
            it.outlet.stuck_open.set(False)
            await asyncio.sleep(60)
            assert it.outlet.contacts.value == 0

    run_virtual(main())


def test_contacts_that_close_by_themselves_are_reported_and_taken_for_welded(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror") as it:
            seen = []
            it.device.unexpected.on(seen.append)
            await asyncio.sleep(60)
            it.outlet.welded.set(True)
            assert [(reading.state, reading.commanded_on) for reading in seen] == [(ContactorState.ON, False)]
            with pytest.raises(SafetyRefused):
                await it.device.switch_on()
            it.outlet.welded.set(False)

    run_virtual(main())


def test_ordinary_switching_reports_nothing_unexpected(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror") as it:
            seen = []
            it.device.unexpected.on(seen.append)
            for _ in range(3):
                await it.device.switch_on()
                await asyncio.sleep(10)
                it.device.off_now()
                await asyncio.sleep(10)
            assert not seen

    run_virtual(main())


def test_one_or_three_phases_are_chosen_only_while_off_and_with_a_pause(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror", "coil3") as it:
            await it.device.switch_on()
            assert it.outlet.contacts.value == 3
            with pytest.raises(SafetyRefused):
                await it.device.select_phases(1)
            await it.device.switch_off()
            opened_s = it.simulation.clock.monotonic_s()
            await it.device.select_phases(1)
            assert it.device.phases == 1
            await it.device.switch_on()
            assert it.simulation.clock.monotonic_s() - opened_s >= 9.9
            assert it.outlet.contacts.value == 1
            assert (await it.device.sense()).phases == 1
            with pytest.raises(Unsupported):
                await it.device.select_phases(2)

    run_virtual(main())


def test_a_single_contactor_cannot_change_its_phases(open_part):
    async def main():
        async with open_part(DRIVER, "coil", options={"phases": 1}) as it:
            await it.device.select_phases(1)
            with pytest.raises(Unsupported, match="3 phases"):
                await it.device.select_phases(3)

    run_virtual(main())


def test_wear_is_counted_across_restarts_and_reported(open_part):
    async def main():
        options = {"rated_operations": 3, "warn_share": 0.6, "min_off_s": 0.0}
        async with open_part(DRIVER, "coil", "mirror", options=options) as it:
            await it.device.switch_on()
            await it.device.switch_off(under_load=True)
            await it.device.switch_off(under_load=True)  # already open: not hot
            assert it.health == "ok"
        async with open_part(DRIVER, "coil", "mirror", options=options) as it:
            await it.device.switch_on()
            assert (it.device.counter.operations, it.device.counter.hot_openings, it.device.counter.rated) == (2, 1, 3)
            assert it.health == "degraded"

    run_virtual(main())


def test_leaving_the_board_opens_the_contactor(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror") as it:
            await it.device.switch_on()
            outlet = it.outlet
        assert outlet.contacts.value == 0

    run_virtual(main())


def test_the_safe_state_says_when_the_contacts_stay_closed(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror") as it:
            await it.device.switch_on()
            it.outlet.welded.set(True)
            with pytest.raises(CommandFailed, match="stay closed"):
                await it.device.make_safe()
            it.outlet.welded.set(False)

    run_virtual(main())


def test_impossible_options_are_refused_with_their_name(open_part):
    async def main():
        with pytest.raises(BoardFileError, match="phases"):
            async with open_part(DRIVER, "coil", options={"phases": 2}):
                pass

    run_virtual(main())
