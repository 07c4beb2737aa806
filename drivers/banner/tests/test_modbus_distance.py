"""Distance over Modbus: numbers, window, delays, a sensor that is unwell, refuses, goes silent or comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, BusTimeout, ConnectFailed, DeviceRefused, FrameError
from cc613hal.health import HealthState
from cc613hal.interfaces import PresenceSensor
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, board_for
from cc613hal_banner.modbus_distance import ModbusDistanceOptions, RegisterType, _number

DRIVER = "banner.modbus-distance"
FREE, CAR = 6000.0, 600.0
words16 = st.integers(0, 0xFFFF)


def listen(it):
    heard = []
    it.part.changes.on(lambda reading: heard.append(reading.occupied))
    return heard


async def settled(it, distance_mm):
    it.see(distance_mm)
    await it.sleep(60)
    return listen(it)


# -- numbers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "words", "number"),
    [
        ("u16", (0x1234,), 0x1234),
        ("u16", (0xFFFF,), 65535),
        ("s16", (0x7FFF,), 32767),
        ("s16", (0x8000,), -32768),
        ("s16", (0xFFFF,), -1),
        ("u32", (0x0001, 0x86A0), 100_000),
        ("u32-swapped", (0x86A0, 0x0001), 100_000),
    ],
)
def test_registers_are_numbers(kind, words, number):
    assert _number(words, RegisterType(kind)) == number
    assert RegisterType(kind).words == len(words)


@given(words16, words16)
def test_the_word_order_is_the_only_difference(high, low):
    assert _number((high, low), RegisterType.U32) == _number((low, high), RegisterType.U32_SWAPPED) == int(f"{high:04x}{low:04x}", 16)


@given(words16)
def test_signed_and_unsigned_agree_modulo_a_word(word):
    assert _number((word,), RegisterType.S16) % 0x10000 == _number((word,), RegisterType.U16)


@pytest.mark.parametrize("kind", ["u16", "s16", "u32", "u32-swapped"])
@pytest.mark.parametrize("table", ["holding", "input"])
@pytest.mark.parametrize("scale_mm", [0.1, 1.0, 25.4])
def test_every_layout_measures(bench, kind, table, scale_mm):
    async def main():
        async with bench(DRIVER, type=kind, table=table, scale_mm=scale_mm, register=7) as it:
            it.see(1270.0)
            reading = await it.part.read_presence()
            assert reading.distance_mm == pytest.approx(1270.0, abs=scale_mm / 2)
            assert reading.source == PART

    run_virtual(main())


@pytest.mark.parametrize("unit", [1, 17, 247])
def test_every_unit_number(bench, unit):
    async def main():
        async with bench(DRIVER, address=unit) as it:
            assert (await it.part.read_presence()).distance_mm == FREE

    run_virtual(main())


@pytest.mark.parametrize(
    ("options", "raw", "distance_mm"),
    [
        ({}, 0, None),
        ({}, 65535, None),
        ({"longest_mm": 70_000.0}, 65534, 65534.0),
        ({"no_target": [32767]}, 32767, None),
        ({"no_target": [32767]}, 0, 0.0),
        ({"type": "s16"}, 0xFFF6, None),  # a negative distance is none
        ({"type": "u32", "no_target": [0xFFFFFFFF]}, 0xFFFFFFFF, None),
    ],
)
def test_values_that_mean_nothing_there(bench, options, raw, distance_mm):
    async def main():
        async with bench(DRIVER, **options) as it:
            it.emulated.stuck_raw = raw
            assert (await it.part.read_presence()).distance_mm == distance_mm
            await it.sleep(20)
            assert (await it.part.read_presence()).occupied is False

    run_virtual(main())


def test_the_emulated_sensor_stays_at_the_end_of_its_scale(bench):
    async def main():
        async with bench(DRIVER, scale_mm=0.1, no_target=[]) as it:
            it.see(7000.0)  # 70000 counts do not fit in a register
            assert (await it.part.read_presence()).distance_mm == pytest.approx(6553.5)

    run_virtual(main())


# -- window and delays ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("distance_mm", "occupied"), [(0.0, False), (199.0, False), (200.0, True), (2500.0, True), (2501.0, False), (20_000.0, False)]
)
def test_a_car_is_what_is_in_the_window(bench, distance_mm, occupied):
    async def main():
        async with bench(DRIVER) as it:
            it.see(distance_mm)
            await it.sleep(30)
            assert (await it.part.read_presence()).occupied is occupied

    run_virtual(main())


@pytest.mark.parametrize(("hysteresis_mm", "beyond_mm", "stays"), [(100.0, 99.0, True), (100.0, 101.0, False), (0.0, 1.0, False)])
@pytest.mark.parametrize("side", ["near", "far"])
def test_a_car_that_is_there_may_move_a_little(bench, hysteresis_mm, beyond_mm, stays, side):
    async def main():
        async with bench(DRIVER, hysteresis_mm=hysteresis_mm) as it:
            heard = await settled(it, 1000.0)
            it.see(2500.0 + beyond_mm if side == "far" else 200.0 - beyond_mm)
            await it.sleep(30)
            assert heard == ([] if stays else [False])

    run_virtual(main())


@pytest.mark.parametrize(("on_s", "off_s", "poll_s"), [(3.0, 10.0, 1.0), (0.0, 0.0, 0.5), (5.0, 2.0, 0.1)])
def test_changes_come_after_their_delay_without_asking(bench, on_s, off_s, poll_s):
    async def main():
        async with bench(DRIVER, on_delay_s=on_s, off_delay_s=off_s, poll_s=poll_s) as it:
            await it.sleep(off_s + 2)
            heard = []
            it.part.changes.on(lambda reading: heard.append((reading.occupied, it.now_s)))
            for distance_mm, wanted, delay_s in ((CAR, True, on_s), (FREE, False, off_s)):
                start_s = it.now_s
                it.see(distance_mm)
                await it.sleep(delay_s + 2 * poll_s + 0.1)
                occupied, at_s = heard.pop()
                assert occupied is wanted
                assert delay_s - 0.01 <= at_s - start_s <= delay_s + 2 * poll_s + 0.01
                assert not heard

    run_virtual(main())


def test_a_pedestrian_is_no_car(bench):
    async def main():
        async with bench(DRIVER) as it:
            heard = await settled(it, FREE)
            for _ in range(5):
                it.see(CAR)
                await it.sleep(2)
                it.see(FREE)
                await it.sleep(2)
            assert not heard

    run_virtual(main())


def test_the_first_seconds_know_nothing(bench):
    async def main():
        async with bench(DRIVER) as it:
            reading = await it.part.read_presence()
            assert (reading.occupied, reading.quality, reading.distance_mm) == (None, Quality.SUSPECT, FREE)

    run_virtual(main())


# -- unwell, refusing, silent ---------------------------------------------------------------------------------------------


def test_a_sensor_that_says_it_is_unwell_makes_the_bay_unknown(bench):
    async def main():
        async with bench(DRIVER, status_register=23, status_ok=128) as it:
            heard = await settled(it, CAR)
            it.emulated.status = 53
            reading = await it.part.read_presence()
            assert (reading.occupied, reading.quality, reading.distance_mm) == (None, Quality.BAD, None)
            assert it.health.state is HealthState.FAULT
            assert "53" in it.health.reason
            assert "128" in it.health.reason
            await it.sleep(30)
            assert heard == [None]  # once, not with every look
            it.emulated.status = None
            await it.sleep(5)
            assert heard == [None, True]
            assert it.health.state is HealthState.OK

    run_virtual(main())


@pytest.mark.parametrize("options", [{}, {"status_register": 23}])
def test_a_refusal_is_a_fault_until_it_answers_again(bench, options):
    async def main():
        async with bench(DRIVER, **options) as it:
            heard = await settled(it, CAR)
            it.emulated.refuse = 4
            with pytest.raises(DeviceRefused) as caught:
                await it.part.read_presence()
            assert caught.value.code == 4
            await it.sleep(10)
            assert it.health.state is HealthState.FAULT
            assert heard == [None]
            it.emulated.refuse = 0
            await it.sleep(10)
            assert it.health.state is HealthState.OK
            assert heard == [None, True]

    run_virtual(main())


@pytest.mark.parametrize(("missed_polls", "unknown"), [(1, True), (3, True), (20, False)])
def test_so_many_missed_looks_make_the_bay_unknown(bench, missed_polls, unknown):
    async def main():
        async with bench(DRIVER, missed_polls=missed_polls) as it:
            heard = await settled(it, CAR)
            it.faults.silence = True
            await it.sleep(8)
            assert heard == ([None] if unknown else [])

    run_virtual(main())


def test_one_lost_frame_changes_nothing(bench):
    async def main():
        async with bench(DRIVER) as it:
            heard = await settled(it, CAR)
            for _ in range(5):
                it.faults.crc = True
                await it.sleep(1)
                it.faults.crc = False
                await it.sleep(5)
            assert not heard
            assert it.health.state is HealthState.OK
            assert (await it.part.read_presence()).occupied is True

    run_virtual(main())


@pytest.mark.parametrize(("fault", "error"), [("silence", BusTimeout), ("crc", FrameError)])
def test_who_asks_is_told(bench, fault, error):
    async def main():
        async with bench(DRIVER, poll_s=3600.0) as it:
            setattr(it.faults, fault, True)
            with pytest.raises(error):
                await it.part.read_presence()

    run_virtual(main())


def test_unplugged_and_back_with_the_same_object(bench):
    async def main():
        async with bench(DRIVER) as it:
            heard = await settled(it, CAR)
            it.faults.unplug()
            await it.sleep(60)
            assert it.health.state is HealthState.OFFLINE
            assert heard == [None]
            it.faults.plug()
            await it.sleep(120)
            assert it.health.state is HealthState.OK
            assert it.board.get(PresenceSensor) is it.part
            assert heard == [None, True]

    run_virtual(main())


def test_a_slow_sensor_is_only_slow(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.faults.late_s = 0.2
            heard = await settled(it, FREE)
            it.see(CAR)
            await it.sleep(8)
            assert heard == [True]
            assert it.health.state is HealthState.OK

    run_virtual(main())


def unplug(simulation):
    simulation.faults(PART).unplug()


def refuse(simulation):
    simulation.plant.parts[PART].refuse = 2


@pytest.mark.parametrize(("fault", "error"), [(unplug, BusTimeout), (refuse, DeviceRefused)])
def test_absent_or_another_device_is_told_when_the_board_opens(bench, fault, error):
    async def main():
        with pytest.raises(ConnectFailed) as caught:
            async with bench(DRIVER, before=fault):
                pass
        assert isinstance(caught.value.failures[PART], error)

    run_virtual(main())


def test_closed_means_silent_and_connecting_looks_again(bench):
    async def main():
        async with bench(DRIVER) as it:
            heard = await settled(it, FREE)
            await it.part.aclose()
            await it.part.aclose()
            it.see(CAR)
            await it.sleep(60)
            assert not heard
            await it.part.connect()
            await it.part.connect()
            await it.sleep(10)
            assert heard == [True]

    run_virtual(main())


# -- options --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"register": -1}, "register"),
        ({"register": 65536}, "register"),
        ({"register": 65535, "type": "u32"}, "register"),
        ({"table": "coils"}, "table"),
        ({"type": "u64"}, "type"),
        ({"scale_mm": 0.0}, "scale_mm"),
        ({"near_mm": -1.0}, "near_mm"),
        ({"near_mm": 2500.0}, "near_mm"),
        ({"far_mm": 0.0}, "far_mm"),
        ({"hysteresis_mm": -1.0}, "hysteresis_mm"),
        ({"status_register": 70_000}, "status_register"),
        ({"status_ok": 65536}, "status_ok"),
        ({"on_delay_s": -1.0}, "on_delay_s"),
        ({"off_delay_s": 4000.0}, "off_delay_s"),
        ({"poll_s": 0.01}, "poll_s"),
        ({"missed_polls": 0}, "missed_polls"),
        ({"baud": 9600}, "baud"),
    ],
)
def test_wrong_options_are_told_by_name(options, says):
    with pytest.raises(BoardFileError, match=says):
        board_for(DRIVER, options=options)


def test_the_defaults_are_the_first_input_of_the_first_node_of_a_gateway():
    options = ModbusDistanceOptions()
    assert (options.register, options.type, options.status_register, options.status_ok) == (16, RegisterType.U16, None, 128)
