"""The RCMB104: trips in the same loop iteration, latch, and a self-test that can fail in every step."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import CommandFailed
from cc613hal.interfaces import TripCause

DRIVER = "bender.rcmb104"
LINES = ("dc", "rms", "error", "test")


def failed_steps(result):
    return [step.what for step in result.steps if not step.passed]


@pytest.mark.parametrize(
    ("dc_ma", "rms_ma", "cause", "within_s"),
    [(6.5, 0.0, TripCause.DC, 0.48), (60.0, 0.0, TripCause.DC, 0.12), (0.0, 35.0, TripCause.RMS, 0.18), (0.0, 200.0, TripCause.RMS, 0.02)],
)
def test_residual_current_trips_latches_and_resets(open_part, dc_ma, rms_ma, cause, within_s):
    async def main():
        async with open_part(DRIVER, *LINES, low=("test",)) as it:
            trips = []
            it.device.trips.on(trips.append)
            it.outlet.residual_dc_ma.set(dc_ma)
            it.outlet.residual_rms_ma.set(rms_ma)
            await asyncio.sleep(within_s)
            assert {trip.cause for trip in trips} >= {cause}
            reading = await it.device.read()
            assert (reading.tripped, reading.latched, reading.dc_ma, reading.rms_ma) == (True, True, None, None)
            with pytest.raises(CommandFailed, match=f"still signals {cause.value}"):
                await it.device.reset()
            assert it.device.latched
            it.outlet.residual_dc_ma.set(0.0)
            it.outlet.residual_rms_ma.set(0.0)
            assert it.device.latched
            assert not (await it.device.reset()).latched
            assert it.health == "ok"

    run_virtual(main())


def test_below_the_thresholds_nothing_happens(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            trips = []
            it.device.trips.on(trips.append)
            it.outlet.residual_dc_ma.set(2.9)
            it.outlet.residual_rms_ma.set(11.0)
            await asyncio.sleep(60)
            assert not trips
            assert not (await it.device.read()).tripped

    run_virtual(main())


def test_a_trip_is_published_in_the_call_that_brings_the_edge(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            trips = []
            it.device.trips.on(trips.append)
            it.emulated.dc.hold(True)
            assert [trip.cause for trip in trips] == [TripCause.DC]
            assert trips[0].source == "part"
            assert trips[0].edge_s == pytest.approx(trips[0].seen.monotonic_s)

    run_virtual(main())


@pytest.mark.parametrize(("wire", "cause"), [("dc", TripCause.DC), ("rms", TripCause.RMS), ("error", TripCause.DEVICE)])
def test_an_open_wire_counts_as_a_trip(open_part, wire, cause):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            trips = []
            it.device.trips.on(trips.append)
            getattr(it.emulated, wire).hold(True)
            assert [trip.cause for trip in trips] == [cause]

    run_virtual(main())


def test_a_wire_open_since_the_start_is_a_trip_from_the_start(open_part):
    async def main():
        async with open_part(DRIVER, *LINES, before=lambda simulation: simulation.plant.parts["part"].dc.hold(True)) as it:
            assert it.device.latched
            assert it.health == "fault"

    run_virtual(main())


def test_a_good_part_passes_its_self_test_without_a_trip(open_part):
    async def main():
        async with open_part(DRIVER, *LINES, low=("test",)) as it:
            trips = []
            it.device.trips.on(trips.append)
            assert it.device.last_self_test is None
            result = await it.device.self_test()
            assert result.passed, failed_steps(result)
            assert it.device.last_self_test is result
            assert not trips
            assert not it.device.latched
            assert [step.what for step in result.steps] == [
                "outputs are low before the test",
                "DC goes high",
                "RMS goes high",
                "DC and RMS go low",
                "Error stays low",
            ]

    run_virtual(main())


@pytest.mark.parametrize(
    ("breaks", "step"),
    [
        ({"dead_dc": True}, "DC goes high"),
        ({"dead_rms": True}, "RMS goes high"),
        ({"sticks": True}, "DC and RMS go low"),
        ({"error_in_test": True}, "Error stays low"),
    ],
)
def test_a_bad_part_fails_in_the_step_that_shows_it(open_part, breaks, step):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            for name, value in breaks.items():
                setattr(it.emulated, name, value)
            result = await it.device.self_test()
            assert not result.passed
            assert step in failed_steps(result)
            assert it.health == "fault"
            assert not it.wire("test").level.value

    run_virtual(main())


def test_a_test_is_not_started_on_top_of_a_trip(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            it.emulated.dc.hold(True)
            result = await it.device.self_test()
            assert failed_steps(result) == ["outputs are low before the test"]
            assert len(result.steps) == 1

    run_virtual(main())


def test_outputs_that_do_not_let_go_after_the_test_stay_latched(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            it.emulated.sticks = True
            await it.device.self_test()
            assert it.device.latched
            with pytest.raises(CommandFailed):
                await it.device.reset()

    run_virtual(main())


def test_a_module_that_tests_dc_only_passes_when_told_so(open_part):
    async def main():
        async with open_part(DRIVER, "dc", "rms", "test", options={"rms_trips_in_test": False}) as it:
            it.emulated.dead_rms = True
            assert (await it.device.self_test()).passed

    run_virtual(main())


def test_a_cancelled_caller_leaves_the_test_to_end_without_a_false_trip(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            trips = []
            it.device.trips.on(trips.append)
            caller = asyncio.create_task(it.device.self_test())
            await asyncio.sleep(0.05)
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller
            await asyncio.sleep(5)
            assert not trips
            assert it.device.last_self_test.passed

    run_virtual(main())


def test_a_second_caller_joins_the_test_under_way(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            first, second = await asyncio.gather(it.device.self_test(), it.device.self_test())
            assert first is second

    run_virtual(main())


def test_leaving_in_the_middle_of_a_test_releases_the_test_pin(open_part):
    async def main():
        async with open_part(DRIVER, *LINES, options={"test_pulse_s": 1.0}) as it:
            caller = asyncio.create_task(it.device.self_test())
            await asyncio.sleep(0.05)
            wire = it.wire("test")
            assert wire.level.value
        assert not wire.level.value
        with pytest.raises(asyncio.CancelledError):
            await caller

    run_virtual(main())


def test_after_the_test_a_real_trip_is_seen_again(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            trips = []
            it.device.trips.on(trips.append)
            await it.device.self_test()
            it.outlet.residual_dc_ma.set(6.5)
            await asyncio.sleep(0.5)
            assert [trip.cause for trip in trips] == [TripCause.DC]

    run_virtual(main())
