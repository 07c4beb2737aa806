"""The SCL3300: frames, check sums, answers that come one frame later, return status, and the flags behind it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import ConnectFailed, FrameError, ImplausibleReading, NoAnswer, WrongIdentity
from cc613hal.health import HealthState
from cc613hal.plant import Signal
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART
from cc613hal_sensors.emulated_scl3300 import Scl3300Chip
from cc613hal_sensors.scl3300_frames import Register, ReturnStatus, answer_frame, crc8, parse, request
from cc613hal_sensors.spi_doubt import nobody_there

DRIVER = "sensors.scl3300"

# -- frames ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("register", "value", "printed"),
    [  # the commands as the data sheet prints them (table 15)
        (Register.ACC_X, None, "040000F7"),
        (Register.ACC_Y, None, "080000FD"),
        (Register.ACC_Z, None, "0C0000FB"),
        (Register.STATUS, None, "180000E5"),
        (Register.WHO_AM_I, None, "40000091"),
        (Register.COMMAND, 0x0020, "B4002098"),
        (Register.COMMAND, 0x0000, "B400001F"),
        (Register.COMMAND, 0x0001, "B4000102"),
        (Register.COMMAND, 0x0002, "B4000225"),
        (Register.COMMAND, 0x0003, "B4000338"),
    ],
)
def test_requests_are_those_of_the_data_sheet(register, value, printed):
    assert request(register, value).hex().upper() == printed


def test_an_answer_of_the_data_sheet_is_understood():
    answer = parse(bytes.fromhex("0500DC1C"))  # X axis, normal, 220 steps
    assert (answer.answers(Register.ACC_X), answer.status, answer.signed) == (True, ReturnStatus.NORMAL, 220)


@given(st.sampled_from(Register), st.sampled_from(ReturnStatus), st.integers(-32768, 32767))
def test_answers_survive_the_wire(register, status, value):
    answer = parse(answer_frame(register, status, value))
    assert (answer.answers(register), answer.status, answer.signed) == (True, status, value)


@given(st.binary(min_size=3, max_size=3))
def test_one_to_three_wrong_bits_in_a_row_are_always_found(head):
    good = head + bytes((crc8(head),))
    for width in (1, 3, 7):
        for shift in range(32 - 3):
            spoilt = (int.from_bytes(good, "big") ^ (width << shift)) & 0xFFFFFFFF
            with pytest.raises(FrameError, match="check sum"):
                parse(spoilt.to_bytes(4, "big"))


@given(st.binary(max_size=8))
def test_whatever_comes_is_an_answer_or_a_frame_error(data):
    if len(data) == 4 and crc8(data[:3]) == data[3]:
        assert 0 <= parse(data).value <= 0xFFFF
    else:
        with pytest.raises(FrameError) as caught:
            parse(data)
        assert caught.value.hint


@pytest.mark.parametrize(("frame", "says"), [("ffffffff", "high"), ("00000000", "low")])
def test_a_line_that_nobody_drives_is_nobody(frame, says):
    assert says in nobody_there("part", bytes.fromhex(frame)).message
    assert nobody_there("part", bytes.fromhex("0500DC1C")) is None


# -- the dialogue ------------------------------------------------------------------------------------------------------


def test_an_answer_comes_with_the_next_frame():
    chip = Scl3300Chip(Signal((0.0, 0.0, 1.0)), Clock())
    chip.transfer(request(Register.STATUS))
    told = parse(chip.transfer(request(Register.WHO_AM_I)))
    assert told.answers(Register.STATUS)
    assert told.status is ReturnStatus.ERROR, "it has just started"
    assert parse(chip.transfer(request(Register.ACC_Z))).value == 0xC1


def test_a_poll_is_four_frames_and_the_clock_suits_the_part(bench):
    async def main():
        async with bench(DRIVER) as it:
            before = it.chip.requests
            await it.part.read_tilt()
            assert it.chip.requests - before == 4
            settings = it.simulation.buses.spi("part-bus").used_settings[0]
            assert (settings.mode, settings.speed_hz) == (0, 2_000_000)

    run_virtual(main())


@pytest.mark.parametrize(("mode", "per_g"), [(1, 6000), (2, 3000)])
def test_each_mode_has_its_scale(bench, mode, per_g):
    async def main():
        async with bench(DRIVER, mode=mode) as it:
            it.cabinet.gravity_g.set((0.6, 0.0, 0.8))
            reading = await it.part.read_tilt()
            assert reading.gravity_g == pytest.approx((0.6, 0.0, 0.8), abs=2 / per_g)
            assert (await it.part.identify()).model == "SCL3300"

    run_virtual(main())


def test_readers_at_the_same_time_do_not_take_each_others_answers(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.cabinet.gravity_g.set((0.6, 0.0, 0.8))
            readings = await asyncio.gather(*(it.part.read_tilt() for _ in range(5)), it.part.identify())
            for reading in readings[:-1]:
                assert reading.gravity_g == pytest.approx((0.6, 0.0, 0.8), abs=0.001)

    run_virtual(main())


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_a_wrong_check_sum_costs_a_reading_and_three_in_a_row_are_a_fault(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.spoilt = 2
            with pytest.raises(FrameError, match="check sum"):
                await it.part.read_tilt()
            assert it.health.state is HealthState.OK
            it.chip.spoilt = 100
            for _ in range(3):
                with pytest.raises(FrameError):
                    await it.part.read_tilt()
            assert it.health.state is HealthState.FAULT
            it.chip.spoilt = 0
            assert (await it.part.read_tilt()).quality is Quality.GOOD
            assert it.health.state is HealthState.OK

    run_virtual(main())


def test_an_answer_to_something_else_is_refused(bench):
    async def main():
        async with bench(DRIVER) as it:
            answer = it.chip._answer
            it.chip._answer = lambda asked: answer_frame(Register.ACC_Y, ReturnStatus.NORMAL, 1)
            with pytest.raises(FrameError, match="ACC_X"):
                await it.part.read_tilt()
            it.chip._answer = answer
            assert (await it.part.read_tilt()).quality is Quality.GOOD

    run_virtual(main())


def test_saturation_is_a_shock_even_where_the_vector_looks_right(bench):
    async def main():
        async with bench(DRIVER) as it:
            await it.part.take_reference()
            it.chip.flags = 0x0040
            reading = await it.part.read_tilt()
            assert (reading.quality, it.part.shocks) == (Quality.SUSPECT, 1)
            assert (await it.part.read_tilt()).quality is Quality.GOOD, "reading the status cleared it"

    run_virtual(main())


def test_a_flag_that_comes_once_sets_the_chip_up_again_and_one_that_stays_is_a_defect(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.flags = 0x0008
            assert (await it.part.read_tilt()).quality is Quality.GOOD
            it.chip.broken_flags = 0x0001
            with pytest.raises(ImplausibleReading, match="does not measure"):
                await it.part.read_tilt()
            assert it.health.state is HealthState.FAULT
            it.chip.broken_flags = 0
            assert (await it.part.read_tilt()).quality is Quality.GOOD
            assert it.health.state is HealthState.OK

    run_virtual(main())


def test_a_chip_that_never_ends_starting_is_a_defect(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.starting = True
            with pytest.raises(ImplausibleReading):
                await it.part.read_tilt()
            it.chip.starting = False
            assert (await it.part.read_tilt()).quality is Quality.GOOD

    run_virtual(main())


def test_a_lost_supply_takes_the_mode_with_it_and_is_noticed(bench):
    async def main():
        async with bench(DRIVER, mode=2) as it:
            await it.part.take_reference()
            it.chip.power_cycle()  # mode 1 again: the same numbers would mean half as much
            reading = await it.part.read_tilt()
            assert reading.gravity_g[2] == pytest.approx(1.0, abs=0.01)
            assert (reading.quality, it.part.shocks) == (Quality.GOOD, 0)

    run_virtual(main())


def test_its_sister_is_refused(bench):
    async def main():
        def swap(simulation):
            simulation.plant.parts[PART].identity = 0x51  # SCA3300: other scales in the same places

        with pytest.raises(ConnectFailed) as caught:
            async with bench(DRIVER, before=swap):
                pass
        assert isinstance(caught.value.failures[PART], WrongIdentity)

    run_virtual(main())


def test_nobody_there_is_told_with_what_to_look_at(bench):
    async def main():
        with pytest.raises(ConnectFailed) as caught:
            async with bench(DRIVER, before=lambda simulation: simulation.faults(PART).unplug()):
                pass
        error = caught.value.failures[PART]
        assert isinstance(error, NoAnswer)
        assert "chip select" in error.hint

    run_virtual(main())
