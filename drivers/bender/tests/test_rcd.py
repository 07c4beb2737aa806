"""The RCMB104: trips in the same loop iteration, latch, and a self-test that can fail in every step."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, CommandFailed, ImplausibleReading, NoAnswer
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


@pytest.mark.parametrize(
    ("order", "rms_late_s", "passes"),
    [
        ("any", 0.05, True),
        ("any", -0.05, True),
        ("dc-first", 0.05, True),
        ("dc-first", 0.0, True),
        ("dc-first", -0.05, False),
        ("rms-first", -0.05, True),
        ("rms-first", 0.05, False),
    ],
)
def test_the_order_of_the_outputs_counts_only_where_the_board_says_so(open_part, order, rms_late_s, passes):
    async def main():
        async with open_part(DRIVER, *LINES, options={"test_order": order}) as it:
            it.emulated.rms_late_s = rms_late_s
            result = await it.device.self_test()
            assert result.passed is passes, result.steps
            if not passes:
                assert "no later than" in failed_steps(result)[0]

    run_virtual(main())


@pytest.mark.parametrize("pulse_s", [0.03, 1.2])
def test_both_ends_of_the_allowed_pulse_start_a_test(open_part, pulse_s):
    async def main():
        async with open_part(DRIVER, *LINES, options={"test_pulse_s": pulse_s, "must_trip_within_s": 2.0}) as it:
            assert (await it.device.self_test()).passed

    run_virtual(main())


@pytest.mark.parametrize("pulse_s", [0.02, 1.3])
def test_a_pulse_outside_the_manuals_range_is_refused(open_part, pulse_s):
    async def main():
        with pytest.raises(BoardFileError, match="test_pulse_s"):
            async with open_part(DRIVER, *LINES, options={"test_pulse_s": pulse_s}):
                pass

    run_virtual(main())


def test_between_threshold_and_release_value_the_trip_stays_and_below_it_lets_go(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            it.outlet.residual_dc_ma.set(6.0)
            await asyncio.sleep(0.5)
            for dc_ma, tripped in ((5.9, True), (3.0, True), (2.9, False)):
                it.outlet.residual_dc_ma.set(dc_ma)
                assert (await it.device.read()).tripped is tripped, dc_ma
            it.outlet.residual_rms_ma.set(30.0)
            await asyncio.sleep(0.2)
            for rms_ma, tripped in ((29.0, True), (12.0, True), (11.9, False)):
                it.outlet.residual_rms_ma.set(rms_ma)
                assert (await it.device.read()).tripped is tripped, rms_ma

    run_virtual(main())


def test_a_ul_module_never_calls_a_trip_direct_current(open_part):
    async def main():
        async with open_part(DRIVER, *LINES, options={"variant": "ul"}) as it:
            trips = []
            it.device.trips.on(trips.append)
            it.emulated.dc.hold(True)
            assert [trip.cause for trip in trips] == [TripCause.RMS]

    run_virtual(main())


def test_a_module_that_measures_tells_both_currents(open_part):
    async def main():
        async with open_part("bender.rcmb104-measuring", *LINES) as it:
            it.outlet.residual_dc_ma.set(-4.2)
            it.outlet.residual_rms_ma.set(7.5)
            reading = await it.device.read()
            assert reading.dc_ma == pytest.approx(-4.2, abs=0.2)  # the module's own resolution
            assert reading.rms_ma == pytest.approx(7.5, abs=0.2)
            assert not reading.tripped

    run_virtual(main())


@pytest.mark.parametrize("rail", [0, 4095])
def test_a_broken_wire_of_the_values_is_no_current_and_hides_no_trip(open_part, rail):
    async def main():
        async with open_part("bender.rcmb104-measuring", *LINES) as it:
            trips = []
            it.device.trips.on(trips.append)
            it.emulated.rail = rail
            with pytest.raises(ImplausibleReading, match="wires"):
                await it.device.read()
            it.outlet.residual_dc_ma.set(10.0)
            await asyncio.sleep(0.5)
            assert [trip.cause for trip in trips] == [TripCause.DC]

    run_virtual(main())


def test_a_converter_that_is_gone_is_told_and_hides_no_trip(open_part):
    async def main():
        async with open_part("bender.rcmb104-measuring", *LINES) as it:
            trips = []
            it.device.trips.on(trips.append)
            it.emulated.absent = True
            with pytest.raises(NoAnswer):
                await it.device.read()
            it.emulated.dc.hold(True)
            assert trips

    run_virtual(main())
