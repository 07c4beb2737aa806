"""A node of a DX80 gateway: which registers are asked, what they mean, and what a lost radio link does to the bay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.board import open_board, parse_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, ConnectFailed, DeviceRefused, ImplausibleReading
from cc613hal.health import HealthState
from cc613hal.interfaces import PresenceSensor
from cc613hal.plant import Simulation
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, board_for
from cc613hal_banner.dx80 import Dx80Options

DRIVER = "banner.dx80"
FREE, CAR = 6000.0, 600.0


def listen(it):
    heard = []
    it.part.changes.on(lambda reading: heard.append(reading.occupied))
    return heard


def requests(it):
    """Spies on what the gateway is asked: (address, count)."""
    asked, read = [], it.emulated.read

    def spy(table, address, count):
        asked.append((address, count))
        return read(table, address, count)

    it.emulated.read = spy
    return asked


# -- which registers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({}, (16, 8)),  # node 1: registers 17 to 24 in the manual's counting from one, the eighth is its status
        ({"node": 5}, (80, 8)),
        ({"node": 0}, (0, 8)),  # the gateway's own inputs
        ({"node": 47, "input": 3}, (47 * 16 + 2, 6)),
        ({"status_input": 0}, (16, 1)),
        ({"status_input": 0, "input": 3}, (18, 1)),
        ({"status_input": 0, "signal_input": 2, "input": 4}, (17, 3)),
        ({"first_register": 300}, (300, 8)),
    ],
)
def test_everything_about_a_node_is_read_in_one_request(bench, options, asked):
    async def main():
        async with bench(DRIVER, poll_s=3600.0, **options) as it:
            seen = requests(it)
            it.see(CAR)
            await it.part.read_presence()
            assert seen == [asked]
            await it.sleep(3)
            assert (await it.part.read_presence()).occupied is True

    run_virtual(main())


@given(st.integers(0, 47), st.integers(1, 7))
def test_no_two_nodes_share_a_register(node, number):
    options = Dx80Options(node=node, input=number)
    assert divmod(options.first + number - 1, 16) == (node, number - 1)


@pytest.mark.parametrize("unit", [1, 2, 247])
def test_every_unit_number(bench, unit):
    async def main():
        async with bench(DRIVER, address=unit) as it:
            assert (await it.part.read_presence()).occupied is None

    run_virtual(main())


# -- what they mean -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "raw", "car"),
    [
        ({}, 0, False),
        ({}, 1, True),
        ({}, 65535, True),
        ({"threshold": 400}, 399, False),
        ({"threshold": 400}, 400, True),
        ({"mask": 1}, 6, False),
        ({"mask": 1}, 7, True),
        ({"mask": 4, "threshold": 4}, 3, False),
        ({"active_low": True}, 0, True),
        ({"active_low": True}, 1, False),
    ],
)
def test_a_state_is_a_number_from_a_threshold_up(bench, options, raw, car):
    async def main():
        async with bench(DRIVER, **options) as it:
            it.emulated.stuck_raw = raw
            await it.sleep(30)
            reading = await it.part.read_presence()
            assert (reading.occupied, reading.distance_mm, reading.quality) == (car, None, Quality.GOOD)

    run_virtual(main())


def test_between_release_and_threshold_the_verdict_stays(bench):
    async def main():
        async with bench(DRIVER, threshold=400, release=300) as it:
            heard = listen(it)
            for raw in (399, 400, 350, 301, 300, 299, 350, 399):
                it.emulated.stuck_raw = raw
                await it.sleep(15)
            assert heard == [False, True, False]

    run_virtual(main())


@pytest.mark.parametrize(("scale_mm", "distance_mm", "car"), [(1.0, 1200.0, True), (2.0, 1200.0, True), (1.0, 2600.0, False)])
def test_a_node_that_measures_is_judged_by_the_window(bench, scale_mm, distance_mm, car):
    async def main():
        async with bench(DRIVER, meaning="distance", scale_mm=scale_mm) as it:
            it.see(distance_mm)
            await it.sleep(15)
            reading = await it.part.read_presence()
            assert (reading.occupied, reading.distance_mm) == (car, distance_mm)

    run_virtual(main())


def test_a_car_that_is_there_may_move_within_the_hysteresis(bench):
    async def main():
        async with bench(DRIVER, meaning="distance", hysteresis_mm=150.0) as it:
            heard = listen(it)
            for distance_mm in (2600.0, 2490.0, 2640.0, 2660.0):
                it.see(distance_mm)
                await it.sleep(15)
            assert heard == [False, True, False]

    run_virtual(main())


def test_nothing_within_reach_is_no_car_and_what_no_sensor_sees_is_no_distance(bench):
    async def main():
        async with bench(DRIVER, meaning="distance") as it:
            it.see(20_000.0)
            await it.sleep(15)
            reading = await it.part.read_presence()
            assert (reading.occupied, reading.distance_mm) == (False, None)
            it.emulated.stuck_raw = 60_000
            with pytest.raises(ImplausibleReading, match="60000"):
                await it.part.read_presence()
            assert it.health.state is HealthState.FAULT

    run_virtual(main())


def test_the_strength_goes_with_the_reading(bench):
    async def main():
        async with bench(DRIVER, signal_input=2) as it:
            it.emulated.signal = 41
            assert (await it.part.read_presence()).signal == 41.0

    run_virtual(main())


# -- a stream of events ---------------------------------------------------------------------------------------------------


def test_a_day_at_the_bay_is_a_stream_of_its_changes(bench):
    async def main():
        async with bench(DRIVER) as it:
            begin_s, heard = it.now_s, []
            it.part.changes.on(lambda reading: heard.append((reading.occupied, round(it.now_s - begin_s))))
            await it.sleep(100 - it.now_s + begin_s)
            it.see(CAR)  # parks
            await it.sleep(100)
            for _ in range(4):  # somebody loads the boot, in and out of the beam
                it.see(FREE)
                await it.sleep(5)
                it.see(CAR)
                await it.sleep(5)
            it.see(FREE)  # leaves
            await it.sleep(60)
            assert [occupied for occupied, _ in heard] == [False, True, False]
            for (_, at_s), due_s in zip(heard, (10, 103, 250), strict=True):
                assert due_s - 1 <= at_s <= due_s + 2

    run_virtual(main())


# -- several nodes ---------------------------------------------------------------------------------------------------------

TWO = """
schema = 1
name = "two-bays"
summary = "two bays, one gateway"

[bus.radio]
type = "modbus-rtu"
path = "/dev/ttyS3"
settings = { baud = 19200, parity = "N" }

[device.bay1]
driver = "banner.dx80"
bus = "radio"
address = 1
options = { node = 1 }

[device.bay2]
driver = "banner.dx80"
bus = "radio"
address = 1
options = { node = 2, meaning = "distance" }
"""


def test_one_gateway_watches_several_bays_and_one_lost_node_is_not_the_others():
    async def main():
        description = parse_board(TWO)
        async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
            first, second = (board.get(PresenceSensor, name) for name in ("bay1", "bay2"))
            simulation.plant.cabinet.bay_distance_mm.set(CAR)
            simulation.plant.parts["bay1"].stuck_raw = 0
            await board.clock.sleep(30)
            assert (await first.read_presence()).occupied is False
            assert (await second.read_presence()).distance_mm == CAR
            simulation.plant.parts["bay2"].status = 53
            await board.clock.sleep(5)
            assert {name: health.state for name, health in board.health().items()} == {
                "bay1": HealthState.OK,
                "bay2": HealthState.FAULT,
            }
            assert (await first.read_presence()).occupied is False

    run_virtual(main())


def test_another_driver_at_the_gateways_address_is_a_mistake():
    text = TWO.replace('driver = "banner.dx80"\nbus = "radio"\naddress = 1\noptions = { node = 2, meaning = "distance" }', OTHER)
    with pytest.raises(BoardFileError, match="belongs to bay1"):
        parse_board(text)


OTHER = 'driver = "banner.modbus-distance"\nbus = "radio"\naddress = 1'


# -- the radio link -------------------------------------------------------------------------------------------------------


def test_a_node_that_lost_its_radio_link_makes_the_bay_unknown_once(bench):
    async def main():
        async with bench(DRIVER, node=3) as it:
            it.see(CAR)
            await it.sleep(30)
            heard = listen(it)
            it.emulated.status = 53
            reading = await it.part.read_presence()
            assert (reading.occupied, reading.quality) == (None, Quality.BAD)
            assert it.health.state is HealthState.FAULT
            for word in ("node 3", "53", "128"):
                assert word in it.health.reason
            await it.sleep(30)
            assert heard == [None]
            it.emulated.status = None
            await it.sleep(5)
            assert heard == [None, True]
            assert it.health.state is HealthState.OK

    run_virtual(main())


def test_without_a_status_input_the_gateways_last_word_is_believed(bench):
    async def main():
        async with bench(DRIVER, status_input=0) as it:
            it.emulated.status = 0
            it.see(CAR)
            await it.sleep(5)
            assert (await it.part.read_presence()).occupied is True

    run_virtual(main())


def test_a_node_the_gateway_does_not_have_is_told_when_the_board_opens(bench):
    def without_nodes(simulation):
        simulation.plant.parts[PART].read = refusing

    def refusing(*_):
        raise DeviceRefused("no such register", code=2)

    async def main():
        with pytest.raises(ConnectFailed) as caught:
            async with bench(DRIVER, before=without_nodes):
                pass
        assert isinstance(caught.value.failures[PART], DeviceRefused)

    run_virtual(main())


def test_a_node_that_is_not_bound_yet_opens_as_a_fault_and_comes_later(bench):
    async def main():
        async with bench(DRIVER, before=lambda simulation: setattr(simulation.plant.parts[PART], "status", 0)) as it:
            assert it.health.state is HealthState.FAULT
            assert (await it.part.read_presence()).occupied is None
            it.emulated.status = None
            await it.sleep(15)
            assert it.health.state is HealthState.OK
            assert (await it.part.read_presence()).occupied is False

    run_virtual(main())


def test_a_gateway_that_is_silent_makes_the_bay_unknown_and_comes_back_as_the_same_object(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.see(CAR)
            await it.sleep(30)
            heard = listen(it)
            it.faults.unplug()
            await it.sleep(60)
            assert (heard, it.health.state) == ([None], HealthState.OFFLINE)
            it.faults.plug()
            await it.sleep(120)
            assert (heard, it.health.state) == ([None, True], HealthState.OK)
            assert it.board.devices[PART] is it.part

    run_virtual(main())


# -- options --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"node": 48}, "node"),
        ({"node": -1}, "node"),
        ({"input": 0}, "input"),
        ({"input": 9}, "input"),
        ({"input": 8}, "different inputs"),
        ({"signal_input": 1}, "different inputs"),
        ({"meaning": "weight"}, "meaning"),
        ({"threshold": 0}, "threshold"),
        ({"threshold": 10, "release": 11}, "release"),
        ({"threshold": 8, "mask": 7}, "mask"),
        ({"status_ok": -1}, "status_ok"),
        ({"first_register": 65_535}, "first_register"),
        ({"near_mm": 3000.0}, "near_mm"),
        ({"far_mm": 50_000.0}, "longest_mm"),
        ({"missed_polls": 0}, "missed_polls"),
        ({"register": 16}, "register"),
    ],
)
def test_wrong_options_are_told_by_name(options, says):
    with pytest.raises(BoardFileError, match=says):
        board_for(DRIVER, options=options)
