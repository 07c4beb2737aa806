"""Every tilt sensor of the package: attitude, delays, latch, shocks, frozen and dead chips, a reference that outlives the program."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, CommandFailed, ConnectFailed, ImplausibleReading, NoAnswer, WrongIdentity
from cc613hal.health import HealthState
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, board_for
from cc613hal_sensors.adxl345 import Adxl345Options
from cc613hal_sensors.lis2dh12 import Lis2dh12Options
from cc613hal_sensors.mma8451 import Mma8451Options
from cc613hal_sensors.scl3300 import Scl3300Options

DRIVERS = ["sensors.lis2dh12", "sensors.adxl345", "sensors.mma8451", "sensors.scl3300"]
OPTIONS = {
    "sensors.lis2dh12": Lis2dh12Options,
    "sensors.adxl345": Adxl345Options,
    "sensors.mma8451": Mma8451Options,
    "sensors.scl3300": Scl3300Options,
}


@pytest.fixture(params=DRIVERS)
def driver(request):
    return request.param


def leaning(degrees, length_g=1.0):
    return (length_g * math.sin(math.radians(degrees)), 0.0, length_g * math.cos(math.radians(degrees)))


async def watch(it, seconds, every_s=0.1):
    """Read as an owner would; when ``tilted`` was first seen, s from now."""
    start_s, seen_s = it.board.clock.monotonic_s(), None
    while (now_s := it.board.clock.monotonic_s() - start_s) < seconds:
        if (await it.part.read_tilt()).tilted and seen_s is None:
            seen_s = now_s
        await it.sleep(every_s)
    return seen_s


# -- attitude -----------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(DRIVERS), st.floats(0.0, 180.0), st.floats(0.0, 360.0))
def test_any_attitude_is_measured_within_a_degree(driver, degrees, turn):
    from cc613hal.board import open_board
    from cc613hal.plant import Simulation

    async def main():
        description = board_for(driver)
        async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
            part = board.devices[PART]
            await part.take_reference()
            tilt, around = math.radians(degrees), math.radians(turn)
            simulation.plant.cabinet.gravity_g.set((math.sin(tilt) * math.cos(around), math.sin(tilt) * math.sin(around), math.cos(tilt)))
            await board.clock.sleep(0.2)
            reading = await part.read_tilt()
            # cos is flat at 0° and 180°: a few milli-g of noise across are a quarter of a degree
            assert reading.tilt_deg == pytest.approx(degrees, abs=1.0)
            assert math.hypot(*reading.gravity_g) == pytest.approx(1.0, abs=0.01)

    run_virtual(main())


# -- tilted ------------------------------------------------------------------------------------------------------------


def test_without_a_reference_there_is_no_angle_and_no_verdict(bench, driver):
    async def main():
        async with bench(driver) as it:
            it.cabinet.gravity_g.set(leaning(80))
            assert await watch(it, 5) is None
            reading = await it.part.read_tilt()
            assert (reading.tilt_deg, reading.tilted, reading.quality) == (None, False, Quality.GOOD)

    run_virtual(main())


@pytest.mark.parametrize("hold_s", [0.0, 1.0, 4.0])
def test_tilted_needs_its_time(bench, driver, hold_s):
    async def main():
        async with bench(driver, hold_s=hold_s) as it:
            await it.part.take_reference()
            heard = []
            it.part.changes.on(heard.append)
            it.cabinet.gravity_g.set(leaning(20))
            assert await watch(it, hold_s + 2) == pytest.approx(hold_s, abs=0.25)
            assert [(reading.tilted, reading.source) for reading in heard] == [(True, PART)]

    run_virtual(main())


@pytest.mark.parametrize(
    ("threshold_deg", "degrees", "tilted"), [(15, 14, False), (15, 16, True), (5, 6, True), (45, 44, False), (45, 46, True)]
)
def test_the_threshold_decides(bench, driver, threshold_deg, degrees, tilted):
    async def main():
        async with bench(driver, threshold_deg=threshold_deg, clear_deg=5) as it:
            await it.part.take_reference()
            it.cabinet.gravity_g.set(leaning(degrees))
            assert (await watch(it, 5) is not None) is tilted

    run_virtual(main())


def test_a_short_push_is_no_tilt_and_starts_the_delay_anew(bench, driver):
    async def main():
        async with bench(driver, hold_s=1.0) as it:
            await it.part.take_reference()
            for _ in range(5):
                it.cabinet.gravity_g.set(leaning(30))
                assert await watch(it, 0.8) is None
                it.cabinet.gravity_g.set(leaning(0))
                assert await watch(it, 0.5) is None

    run_virtual(main())


def test_upright_again_after_its_own_angle_and_time(bench, driver):
    async def main():
        async with bench(driver, clear_deg=8.0, clear_s=10.0) as it:
            await it.part.take_reference()
            heard = []
            it.part.changes.on(heard.append)
            it.cabinet.gravity_g.set(leaning(30))
            await watch(it, 2)
            it.cabinet.gravity_g.set(leaning(12))  # between the two angles: stays
            await watch(it, 60)
            assert (await it.part.read_tilt()).tilted
            it.cabinet.gravity_g.set(leaning(2))
            await watch(it, 9.5)
            assert (await it.part.read_tilt()).tilted
            await watch(it, 1)
            assert not (await it.part.read_tilt()).tilted
            assert [reading.tilted for reading in heard] == [True, False]

    run_virtual(main())


def test_latched_stays_until_a_new_reference(bench, driver):
    async def main():
        async with bench(driver, latch=True) as it:
            await it.part.take_reference()
            heard = []
            it.part.changes.on(heard.append)
            it.cabinet.gravity_g.set(leaning(30))
            await watch(it, 2)
            it.cabinet.gravity_g.set(leaning(0))
            await watch(it, 60)
            await it.part.connect()  # power came back: no reboot of the program
            assert (await it.part.read_tilt()).tilted
            await it.part.take_reference()
            assert not (await it.part.read_tilt()).tilted
            assert [reading.tilted for reading in heard] == [True, False]

    run_virtual(main())


def test_latched_outlives_the_program_and_ends_with_the_next_boot(bench, driver, monkeypatch):
    async def hit(boot):
        monkeypatch.setattr("cc613hal_sensors.tilt.boot_id", lambda: boot)
        async with bench(driver, latch=True) as it:
            before = (await it.part.read_tilt()).tilted
            await it.part.take_reference()
            it.cabinet.gravity_g.set(leaning(30))
            await watch(it, 2)
            return before

    async def later(boot, **options):
        monkeypatch.setattr("cc613hal_sensors.tilt.boot_id", lambda: boot)
        async with bench(driver, **options) as it:
            return (await it.part.read_tilt()).tilted

    assert run_virtual(hit("boot-1")) is False
    assert run_virtual(later("boot-1", latch=True)) is True, "the program crashed and started again"
    assert run_virtual(later("boot-1", latch=False)) is False, "somebody changed the board's options"
    assert run_virtual(later("boot-1", latch=True)) is True
    assert run_virtual(later("boot-2", latch=True)) is False, "the station was restarted"
    assert run_virtual(later(None, latch=True)) is False, "a system that does not tell its boots"


def test_a_new_reference_ends_what_the_last_program_latched(bench, driver, monkeypatch):
    monkeypatch.setattr("cc613hal_sensors.tilt.boot_id", lambda: "boot-1")

    async def main():
        async with bench(driver, latch=True) as it:
            await it.part.take_reference()
            it.cabinet.gravity_g.set(leaning(30))
            await watch(it, 2)
        async with bench(driver, latch=True) as it:
            assert (await it.part.read_tilt()).tilted
            await it.part.take_reference()
        async with bench(driver, latch=True) as it:
            assert not (await it.part.read_tilt()).tilted

    run_virtual(main())


# -- reference ---------------------------------------------------------------------------------------------------------


def test_the_reference_outlives_the_program(bench, driver):
    async def main():
        async with bench(driver) as it:
            it.cabinet.gravity_g.set(leaning(10))
            await it.sleep(0.2)
            await it.part.take_reference()
        async with bench(driver) as it:
            assert (await it.part.read_tilt()).tilt_deg == pytest.approx(10.0, abs=0.5)

    run_virtual(main())


@pytest.mark.parametrize("stored", [None, [], [0.0, 0.0], [0.0, 0.0, 0.0], [9.0, 9.0, 9.0], ["0", "0", "1"], [True, False, False], "up"])
def test_a_reference_that_cannot_be_is_none(bench, driver, tmp_path, stored):
    async def main():
        async with bench(driver) as it:
            await it.part.take_reference()
        (file,) = [path for path in tmp_path.rglob("*") if path.is_file()]
        content = json.loads(file.read_text())
        file.write_text(json.dumps(spoilt(content)))
        async with bench(driver) as it:
            assert (await it.part.read_tilt()).tilt_deg is None

    def spoilt(value):
        if isinstance(value, dict):
            return {key: stored if key == "reference_g" else spoilt(entry) for key, entry in value.items()}
        return value

    run_virtual(main())


def test_no_reference_is_taken_of_a_station_that_moves(bench, driver):
    async def main():
        async with bench(driver) as it:
            await it.part.take_reference()
            it.cabinet.gravity_g.set(leaning(30, 1.3))
            await it.sleep(0.2)
            with pytest.raises(CommandFailed, match="not at rest") as caught:
                await it.part.take_reference()
            assert caught.value.evidence == pytest.approx(1.3, abs=0.01)
            assert caught.value.transient
            it.cabinet.gravity_g.set(leaning(30))
            await it.sleep(0.2)
            assert (await it.part.read_tilt()).tilt_deg == pytest.approx(30.0, abs=1.0)  # the old one stays

    run_virtual(main())


@pytest.mark.parametrize("samples", [1, 8, 30])
def test_taking_it_needs_as_many_samples_as_said(bench, driver, samples):
    async def main():
        async with bench(driver, reference_samples=samples) as it:
            before_s = it.board.clock.monotonic_s()
            await it.part.take_reference()
            assert it.board.clock.monotonic_s() - before_s == pytest.approx(samples * it.part.sample_s, abs=0.05)

    run_virtual(main())


# -- shocks ------------------------------------------------------------------------------------------------------------


def test_a_shock_is_counted_and_says_nothing_about_attitude(bench, driver):
    async def main():
        async with bench(driver) as it:
            await it.part.take_reference()
            await watch(it, 1)
            it.cabinet.gravity_g.set((1.5, 0.0, 1.0))
            await it.sleep(0.2)
            reading = await it.part.read_tilt()
            assert (reading.quality, reading.tilted) == (Quality.SUSPECT, False)
            assert reading.tilt_deg == pytest.approx(0.0, abs=0.5)  # the last good one
            it.cabinet.gravity_g.set(leaning(0))
            await watch(it, 2)
            assert it.part.shocks == 1
            it.cabinet.gravity_g.set((0.0, 0.0, 0.2))
            await watch(it, 0.5)
            assert it.part.shocks == 2
            assert it.health.state is HealthState.OK

    run_virtual(main())


@pytest.mark.parametrize(("shock_g", "shocks"), [(0.05, 1), (0.15, 0)])
def test_how_much_is_a_shock_can_be_said(bench, driver, shock_g, shocks):
    async def main():
        async with bench(driver, shock_g=shock_g) as it:
            it.cabinet.gravity_g.set((0.0, 0.0, 1.1))
            await watch(it, 0.5)
            assert it.part.shocks == shocks

    run_virtual(main())


@pytest.mark.parametrize("gravity_g", [(2.5, 2.5, 2.5), (0.05, 0.0, 0.0)])
def test_never_about_1_g_is_a_defect_until_it_is(bench, driver, gravity_g):
    async def main():
        async with bench(driver, shock_limit_s=5.0) as it:
            it.cabinet.gravity_g.set(gravity_g)
            assert await watch(it, 4.5) is None
            await it.sleep(1)
            with pytest.raises(ImplausibleReading, match=r"g for \d s") as caught:
                await it.part.read_tilt()
            assert caught.value.hint
            assert it.health.state is HealthState.FAULT
            it.cabinet.gravity_g.set(leaning(0))
            await it.sleep(0.2)
            assert (await it.part.read_tilt()).quality is Quality.GOOD
            assert it.health.state is HealthState.OK

    run_virtual(main())


# -- frozen, powerless, gone -------------------------------------------------------------------------------------------


def test_samples_without_a_bit_of_change_are_suspect(bench, driver):
    async def main():
        async with bench(driver, frozen_samples=50) as it:
            await watch(it, 1)
            it.chip.stuck = True
            qualities = []
            for _ in range(60):
                qualities.append((await it.part.read_tilt()).quality)
                await it.sleep(0.1)
            assert qualities.index(Quality.SUSPECT) == pytest.approx(50, abs=1)
            assert set(qualities[51:]) == {Quality.SUSPECT}
            assert it.health.state is HealthState.DEGRADED
            it.chip.stuck = False
            await it.sleep(0.2)
            assert (await it.part.read_tilt()).quality is Quality.GOOD
            assert it.health.state is HealthState.OK

    async def never():
        async with bench(driver, frozen_samples=0) as it:
            await watch(it, 1)
            it.chip.stuck = True
            await watch(it, 60)
            assert (await it.part.read_tilt()).quality is Quality.GOOD

    run_virtual(main())
    run_virtual(never())


def test_reading_faster_than_the_chip_samples_is_not_frozen(bench, driver):
    async def main():
        async with bench(driver, frozen_samples=5) as it:
            for _ in range(200):
                assert (await it.part.read_tilt()).quality is Quality.GOOD
                await it.sleep(0.005)

    run_virtual(main())


@pytest.mark.parametrize("pause_s", [0.05, 5.0])
def test_a_chip_that_lost_its_supply_is_set_up_again_and_nobody_counts_a_shock(bench, driver, pause_s):
    async def main():
        async with bench(driver) as it:
            await it.part.take_reference()
            it.chip.power_cycle()
            await it.sleep(pause_s)
            reading = await it.part.read_tilt()
            assert reading.tilt_deg == pytest.approx(0.0, abs=0.5)
            assert (reading.quality, it.part.shocks) == (Quality.GOOD, 0)

    run_virtual(main())


def test_another_chip_is_refused(bench, driver):
    async def main():
        def swap(simulation):
            simulation.plant.parts[PART].identity = 0x6A

        with pytest.raises(ConnectFailed) as caught:
            async with bench(driver, before=swap):
                pass
        assert isinstance(caught.value.failures[PART], WrongIdentity)
        assert "0x6A" in str(caught.value)
        async with bench(driver) as it:
            it.chip.identity = 0x32
            with pytest.raises(WrongIdentity, match="0x32"):
                await it.part.identify()

    run_virtual(main())


def test_unplugged_and_back_with_the_same_object(bench, driver):
    async def main():
        async with bench(driver) as it:
            part = it.part
            await part.take_reference()
            it.faults.unplug()
            for _ in range(3):
                with pytest.raises(NoAnswer):
                    await part.read_tilt()
            it.chip.power_cycle()
            it.faults.plug()
            await it.sleep(61)
            assert it.board.devices[PART] is part
            assert (await part.read_tilt()).tilt_deg == pytest.approx(0.0, abs=0.5)
            assert (it.health.state, part.shocks) == (HealthState.OK, 0)

    run_virtual(main())


def test_a_slow_bus_is_only_slow(bench, driver):
    async def main():
        async with bench(driver) as it:
            it.faults.late_s = 0.3
            await it.part.take_reference()
            assert (await it.part.read_tilt()).quality is Quality.GOOD

    run_virtual(main())


# -- options -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("threshold_deg", 4.0), ("threshold_deg", 46.0), ("hold_s", -1.0), ("hold_s", 61.0), ("clear_deg", 0.5), ("clear_deg", 15.5),
        ("clear_s", -1.0), ("shock_g", 0.0), ("shock_g", 1.0), ("shock_limit_s", 0.0), ("frozen_samples", -1), ("reference_samples", 0),
        ("reference_samples", 101), ("latch", "yes"), ("tilt_deg", 3),
    ],
)  # fmt: skip
def test_wrong_options_are_told_by_name(driver, name, wrong):
    with pytest.raises(BoardFileError, match=name):
        board_for(driver, options={name: wrong})


@given(st.sampled_from(sorted(OPTIONS)), st.floats(5, 45), st.floats(1, 45))
def test_clearing_must_be_below_tilting(driver, threshold_deg, clear_deg):
    if clear_deg <= threshold_deg:
        OPTIONS[driver](threshold_deg=threshold_deg, clear_deg=clear_deg)
    else:
        with pytest.raises(ValueError, match="clear_deg"):
            OPTIONS[driver](threshold_deg=threshold_deg, clear_deg=clear_deg)
