"""A switching output over the bay: delays in virtual time, polarity, a wire that hangs and a chip that goes."""

from __future__ import annotations

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, BusClosed, ConnectFailed
from cc613hal.health import HealthState
from cc613hal.interfaces import PresenceSensor
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, board_for

DRIVER = "banner.discrete"
GPIO = "bench-gpio"
FREE, CAR = 6000.0, 600.0


async def settled(it, distance_mm):
    it.see(distance_mm)
    await it.sleep(60)
    heard = []
    it.part.changes.on(lambda reading: heard.append((reading.occupied, round(it.now_s - heard_from[0], 3))))
    heard_from = [it.now_s]
    return heard


def test_the_bay_is_not_known_before_its_delay(bench):
    async def main():
        async with bench(DRIVER) as it:
            reading = await it.part.read_presence()
            assert (reading.occupied, reading.quality, reading.source) == (None, Quality.SUSPECT, PART)
            await it.sleep(9.9)
            assert (await it.part.read_presence()).occupied is None
            await it.sleep(0.2)
            reading = await it.part.read_presence()
            assert (reading.occupied, reading.quality) == (False, Quality.GOOD)
            assert (reading.distance_mm, reading.signal) == (None, None)

    run_virtual(main())


@pytest.mark.parametrize(("on_s", "off_s"), [(3.0, 10.0), (0.0, 0.0), (0.5, 3600.0), (60.0, 1.0)])
def test_a_car_counts_after_the_delays(bench, on_s, off_s):
    async def main():
        async with bench(DRIVER, on_delay_s=on_s, off_delay_s=off_s) as it:
            await it.sleep(off_s + 1)
            heard = []
            it.part.changes.on(lambda reading: heard.append((reading.occupied, it.now_s)))
            came_s = it.now_s
            it.see(CAR)
            await it.sleep(on_s + 1)
            left_s = it.now_s
            it.see(FREE)
            await it.sleep(off_s + 1)
            assert [occupied for occupied, _ in heard] == [True, False]
            assert [heard[0][1] - came_s, heard[1][1] - left_s] == pytest.approx([on_s, off_s], abs=0.01)

    run_virtual(main())


def test_somebody_walking_by_is_no_car(bench):
    async def main():
        async with bench(DRIVER) as it:
            heard = await settled(it, FREE)
            for _ in range(10):
                it.see(CAR)
                await it.sleep(2.5)
                it.see(FREE)
                await it.sleep(1)
            assert not heard
            assert (await it.part.read_presence()).occupied is False

    run_virtual(main())


def test_a_gap_under_a_lorry_does_not_free_the_bay(bench):
    async def main():
        async with bench(DRIVER) as it:
            heard = await settled(it, CAR)
            it.see(FREE)
            await it.sleep(9)
            it.see(CAR)
            await it.sleep(60)
            assert not heard
            assert (await it.part.read_presence()).occupied is True

    run_virtual(main())


def test_nobody_has_to_ask(bench):
    async def main():
        async with bench(DRIVER) as it:
            heard = await settled(it, FREE)
            it.see(CAR)
            await it.sleep(3.1)
            assert heard == [(True, 3.0)]

    run_virtual(main())


@pytest.mark.parametrize("active_low", [False, True])
def test_the_board_file_says_which_level_means_a_car(bench, active_low):
    async def main():
        async with bench(DRIVER, lines={"occupied": {"active_low": active_low}}) as it:
            wire = it.simulation.line("PART_OCCUPIED").drive()
            wire.set(not active_low)
            await it.sleep(11)
            assert (await it.part.read_presence()).occupied is True
            wire.set(active_low)
            await it.sleep(11)
            assert (await it.part.read_presence()).occupied is False

    run_virtual(main())


@pytest.mark.parametrize(
    ("near_mm", "far_mm", "distance_mm", "seen"), [(200, 2500, 199, False), (200, 2500, 200, True), (0, 900, 901, False)]
)
def test_the_simulated_sensor_switches_in_its_window(bench, near_mm, far_mm, distance_mm, seen):
    async def main():
        async with bench(DRIVER, near_mm=near_mm, far_mm=far_mm) as it:
            it.see(distance_mm)
            await it.sleep(11)
            assert (await it.part.read_presence()).occupied is seen

    run_virtual(main())


@pytest.mark.parametrize("level", [True, False])
def test_a_hanging_output_says_what_it_hangs_at(bench, level):
    async def main():
        async with bench(DRIVER) as it:
            it.emulated.stuck = level
            it.see(FREE if level else CAR)
            await it.sleep(11)
            assert (await it.part.read_presence()).occupied is level
            it.emulated.stuck = None
            await it.sleep(11)
            assert (await it.part.read_presence()).occupied is not level

    run_virtual(main())


def test_a_gpio_chip_that_goes_is_an_error_and_comes_back_with_the_same_object(bench):
    async def main():
        async with bench(DRIVER) as it:
            heard = await settled(it, CAR)
            chip = it.simulation.faults(GPIO)
            chip.unplug()
            with pytest.raises(BusClosed) as caught:
                await it.part.read_presence()
            assert caught.value.hint
            assert it.health.state is HealthState.OFFLINE
            it.see(FREE)
            chip.plug()
            await it.sleep(61)
            assert it.board.get(PresenceSensor) is it.part
            assert it.health.state is HealthState.OK
            assert (await it.part.read_presence()).occupied is False
            assert [occupied for occupied, _ in heard] == [False]

    run_virtual(main())


def test_a_chip_that_goes_while_a_delay_runs_decides_nothing(bench):
    async def main():
        async with bench(DRIVER) as it:
            heard = await settled(it, FREE)
            it.see(CAR)
            await it.sleep(1)
            it.simulation.faults(GPIO).unplug()
            await it.sleep(120)
            assert not heard
            it.simulation.faults(GPIO).plug()
            await it.sleep(61)
            assert [occupied for occupied, _ in heard] == [True]

    run_virtual(main())


def test_an_absent_chip_is_told_when_the_board_opens(bench):
    async def main():
        with pytest.raises(ConnectFailed) as caught:
            async with bench(DRIVER, before=lambda simulation: simulation.faults(GPIO).unplug()):
                pass
        assert PART in caught.value.failures

    run_virtual(main())


def test_closed_means_silent(bench):
    async def main():
        async with bench(DRIVER) as it:
            heard = await settled(it, FREE)
            it.see(CAR)
            await it.sleep(1)
            await it.part.aclose()
            await it.sleep(60)
            it.see(FREE)
            await it.sleep(60)
            assert not heard
            await it.part.connect()
            await it.sleep(11)
            assert [occupied for occupied, _ in heard] == [False]

    run_virtual(main())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"on_delay_s": -1.0}, "on_delay_s"),
        ({"on_delay_s": 3601.0}, "on_delay_s"),
        ({"off_delay_s": -0.1}, "off_delay_s"),
        ({"off_delay_s": "long"}, "off_delay_s"),
        ({"near_mm": -1.0}, "near_mm"),
        ({"far_mm": 0.0}, "far_mm"),
        ({"near_mm": 3000.0}, "near_mm"),
        ({"delay_s": 3.0}, "delay_s"),
    ],
)
def test_wrong_options_are_told_by_name(options, says):
    with pytest.raises(BoardFileError, match=says):
        board_for(DRIVER, options=options)
