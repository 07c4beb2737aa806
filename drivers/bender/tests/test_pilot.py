"""The pilots: windows, filter, diode, outputs, cables."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, CommandFailed, ConfigError, ConnectFailed, NoAnswer
from cc613hal.interfaces import CableState, PilotOutput, PilotState, ProximityPilot
from cc613hal_bender.mcp3208 import command, decode
from cc613hal_bender.pilot import PilotOptions, cable_for, state_for

DRIVER = "bender.pilot"
LINES = ("pwm", "fault", "alert")
STATE_OHM = {PilotState.A: None, PilotState.B: 2740.0, PilotState.C: 882.0, PilotState.D: 246.0}


@pytest.mark.parametrize(
    ("volts", "state"),
    [
        (13.0, "A"), (11.0, "A"), (10.99, None), (10.01, None), (10.0, "B"), (8.0, "B"), (7.99, None), (7.01, None), (7.0, "C"), (5.0, "C"),
        (4.5, None), (4.0, "D"), (2.0, "D"), (1.5, None), (1.0, "E"), (-1.0, "E"), (-5.0, None), (-11.0, "F"), (-13.0, "F"), (-13.1, None),
    ],
)  # fmt: skip
def test_the_windows_of_the_state_table(volts, state):
    assert state_for(volts) is (PilotState(state) if state else None)


@given(st.floats(-15.0, 15.0))
def test_every_level_means_one_state_or_none(volts):
    state = state_for(volts)
    nominal = {"A": 12, "B": 9, "C": 6, "D": 3, "E": 0, "F": -12}
    near = [name for name, value in nominal.items() if abs(volts - value) <= 1.0]
    assert near == ([state.value] if state else [])


@pytest.mark.parametrize(
    ("ohm", "cable", "ampacity_a"),
    [
        (0.0, CableState.FAULT, None),
        (59.9, CableState.FAULT, None),
        (79.9, CableState.FAULT, None),
        (80.0, CableState.CABLE, 63.0),
        (100.0, CableState.CABLE, 63.0),
        (140.0, CableState.CABLE, 63.0),
        (150.0, CableState.CABLE, 32.0),
        (220.0, CableState.CABLE, 32.0),
        (308.0, CableState.CABLE, 32.0),
        (350.0, CableState.CABLE, 20.0),
        (680.0, CableState.CABLE, 20.0),
        (1000.0, CableState.CABLE, 13.0),
        (1500.0, CableState.CABLE, 13.0),
        (2460.0, CableState.CABLE, 13.0),
        (2461.0, CableState.FAULT, None),
        (4500.0, CableState.FAULT, None),
        (4501.0, CableState.NO_CABLE, None),
        (None, CableState.NO_CABLE, None),
    ],
)
def test_the_resistor_table_and_its_gaps(ohm, cable, ampacity_a):
    assert cable_for(ohm) == (cable, ampacity_a)


@given(st.floats(0.0, 10000.0), st.floats(0.0, 10000.0))
def test_more_resistance_never_means_a_stronger_cable(first, second):
    (_, low), (_, high) = cable_for(min(first, second)), cable_for(max(first, second))
    if low is not None and high is not None:
        assert high <= low


@given(st.floats(-14.0, 14.0))
def test_converter_codes_carry_a_pilot_voltage(volts):
    options = PilotOptions()
    assert options.pilot_v(options.pilot_code(volts)) == pytest.approx(volts, abs=0.005)


@given(st.floats(50.0, 5000.0))
def test_converter_codes_carry_a_resistance(ohm):
    options = PilotOptions()
    assert options.proximity_ohm(options.proximity_code(ohm)) == pytest.approx(ohm, rel=0.01)


@pytest.mark.parametrize(("channel", "expected"), [(0, "060000"), (1, "064000"), (3, "06c000"), (4, "070000"), (7, "07c000")])
def test_the_converters_command_is_the_data_sheets(channel, expected):
    assert command(channel).hex() == expected


@given(st.integers(0, 4095))
def test_the_converters_answer_is_read_whatever_its_dont_care_bits_say(code):
    assert decode(bytes((0xFF, 0xE0 | code >> 8, code & 0xFF)), device="part") == code


def test_a_floating_data_line_is_nobody():
    with pytest.raises(NoAnswer, match="ff ff ff"):
        decode(b"\xff\xff\xff", device="part")
    with pytest.raises(ValueError, match="0 to 7"):
        command(8)


@pytest.mark.parametrize("state", STATE_OHM)
def test_a_vehicle_present_at_the_start_is_known_at_once(open_part, state):
    def park(simulation):
        simulation.plant.outlet(1).vehicle_ohm.set(STATE_OHM[state])

    async def main():
        async with open_part(DRIVER, *LINES, before=park) as it:
            reading = await it.device.read()
            assert (reading.state, reading.output, reading.low_v, reading.diode_ok) == (state, PilotOutput.STEADY, None, None)

    run_virtual(main())


def test_every_change_is_published_within_50_ms_also_a_short_toggle(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            seen = []
            it.device.changes.on(lambda reading: seen.append((reading.state.value, round(reading.stamp.monotonic_s - changed_s, 3))))
            for ohm in (2740.0, 882.0, 2740.0, 246.0, None):
                await asyncio.sleep(0.2)
                changed_s = it.simulation.clock.monotonic_s()
                it.outlet.vehicle_ohm.set(ohm)
            await asyncio.sleep(0.2)
            assert [state for state, _ in seen] == ["B", "C", "B", "D", "A"]
            assert all(delay_s <= 0.05 for _, delay_s in seen)

    run_virtual(main())


def test_without_an_alert_line_the_poll_is_fast_enough(open_part):
    async def main():
        async with open_part(DRIVER, "pwm") as it:
            seen = []
            it.device.changes.on(seen.append)
            await asyncio.sleep(0.201)
            changed_s = it.simulation.clock.monotonic_s()
            it.outlet.vehicle_ohm.set(2740.0)
            await asyncio.sleep(0.05)
            assert [reading.state for reading in seen] == [PilotState.B]
            assert seen[0].stamp.monotonic_s - changed_s <= 0.05

    run_virtual(main())


def test_a_deaf_alert_line_is_covered_by_the_slow_poll(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            it.emulated.deaf = True
            seen = []
            it.device.changes.on(seen.append)
            it.outlet.vehicle_ohm.set(2740.0)
            await asyncio.sleep(1.1)
            assert [reading.state for reading in seen] == [PilotState.B]

    run_virtual(main())


def test_a_spike_shorter_than_the_filter_is_no_state(open_part):
    async def main():
        async with open_part(DRIVER, *LINES, options={"samples": 4, "sample_s": 0.01}) as it:
            seen = []
            it.device.changes.on(seen.append)
            it.outlet.vehicle_ohm.set(882.0)
            await asyncio.sleep(0.015)
            it.outlet.vehicle_ohm.set(None)
            await asyncio.sleep(2)
            assert not seen

    run_virtual(main())


def test_between_the_windows_the_last_state_stays_and_the_time_is_counted(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            it.outlet.vehicle_ohm.set(2740.0)
            await asyncio.sleep(0.1)
            it.outlet.vehicle_ohm.set(1500.0)  # 7.5 V
            await asyncio.sleep(5)
            reading = await it.device.read()
            assert reading.state is PilotState.B
            assert reading.undefined_s == pytest.approx(5.0, abs=0.1)
            it.outlet.vehicle_ohm.set(882.0)
            await asyncio.sleep(0.1)
            reading = await it.device.read()
            assert (reading.state, reading.undefined_s) == (PilotState.C, 0.0)

    run_virtual(main())


def test_pwm_fault_and_steady_reach_the_wire(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            await it.device.offer(26.7)
            assert it.channel("pwm").value == (1000.0, pytest.approx(0.267))
            reading = await it.device.read()
            assert (reading.output, reading.duty_percent) == (PilotOutput.PWM, 26.7)
            assert reading.low_v == pytest.approx(-12.0, abs=0.02)
            await it.device.fault()
            assert it.wire("fault").level.value
            reading = await it.device.read()
            assert (reading.state, reading.output, reading.duty_percent) == (PilotState.F, PilotOutput.FAULT, None)
            await it.device.steady()
            assert not it.wire("fault").level.value
            assert (await it.device.read()).state is PilotState.A

    run_virtual(main())


def test_without_a_fault_line_a_duty_of_zero_makes_f(open_part):
    async def main():
        async with open_part(DRIVER, "pwm") as it:
            await it.device.fault()
            assert (await it.device.read()).state is PilotState.F

    run_virtual(main())


@pytest.mark.parametrize("duty", [0.0, 2.9, 97.1, 100.0, float("nan")])
def test_a_duty_that_offers_nothing_is_refused_and_changes_nothing(open_part, duty):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            await it.device.offer(10.0)
            with pytest.raises(ConfigError, match="offers nothing"):
                await it.device.offer(duty)
            assert (await it.device.read()).duty_percent == 10.0

    run_virtual(main())


def test_the_diode_is_proven_by_the_negative_half_wave(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            with pytest.raises(CommandFailed, match="PWM is not running"):
                await it.device.check_diode()
            await it.device.offer(50.0)
            with pytest.raises(CommandFailed, match="no vehicle"):
                await it.device.check_diode()
            it.outlet.vehicle_ohm.set(2740.0)
            await asyncio.sleep(0.1)
            assert await it.device.check_diode()
            it.outlet.vehicle_diode.set(False)
            assert not await it.device.check_diode()
            assert (await it.device.read()).diode_ok is False

    run_virtual(main())


def test_a_short_is_e_and_a_lost_earth_looks_like_no_vehicle(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            await it.device.offer(50.0)
            it.outlet.vehicle_ohm.set(882.0)
            await asyncio.sleep(0.1)
            it.outlet.pilot_shorted.set(True)
            await asyncio.sleep(0.1)
            assert (await it.device.read()).state is PilotState.E
            it.outlet.pilot_shorted.set(False)
            it.outlet.pe_connected.set(False)
            await asyncio.sleep(0.1)
            assert (await it.device.read()).state is PilotState.A

    run_virtual(main())


def test_the_cable_is_read_and_a_corroded_contact_is_a_fault(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            assert (await it.device.read_cable()).cable is CableState.NO_CABLE
            for ohm, ampacity_a in ((1500.0, 13.0), (680.0, 20.0), (220.0, 32.0), (100.0, 63.0)):
                it.outlet.cable_ohm.set(ohm)
                reading = await it.device.read_cable()
                assert (reading.cable, reading.ampacity_a) == (CableState.CABLE, ampacity_a)
                assert reading.resistance_ohm == pytest.approx(ohm, rel=0.01)
            for ohm in (10.0, 3000.0):
                it.emulated.pp_ohm = ohm
                reading = await it.device.read_cable()
                assert (reading.cable, reading.ampacity_a) == (CableState.FAULT, None)

    run_virtual(main())


def test_an_absent_converter_fails_to_connect_and_says_what_to_check(open_part):
    async def main():
        with pytest.raises(ConnectFailed, match="converter's supply"):
            async with open_part(DRIVER, *LINES, before=lambda simulation: setattr(simulation.plant.parts["part"], "absent", True)):
                pass

    run_virtual(main())


def test_a_converter_that_goes_away_raises_and_the_watch_goes_on(open_part):
    async def main():
        async with open_part(DRIVER, *LINES) as it:
            it.emulated.absent = True
            with pytest.raises(NoAnswer):
                await it.device.read()
            await asyncio.sleep(0.5)
            it.emulated.absent = False
            it.outlet.vehicle_ohm.set(2740.0)
            await asyncio.sleep(60)
            assert (await it.device.read()).state is PilotState.B

    run_virtual(main())


@pytest.mark.parametrize(("options", "state"), [({}, PilotState.A), ({"safe_fault": True}, PilotState.F)])
def test_the_safe_state_offers_nothing(open_part, options, state):
    async def main():
        async with open_part(DRIVER, *LINES, options=options) as it:
            await it.device.offer(50.0)
            await it.device.make_safe()
            assert (await it.device.read()).state is state

    run_virtual(main())


def test_a_tethered_pilot_has_no_proximity_contact(open_part):
    async def main():
        async with open_part("bender.pilot-tethered", *LINES) as it:
            assert not isinstance(it.device, ProximityPilot)
            assert (await it.device.read()).state is PilotState.A

    run_virtual(main())


def test_a_filter_that_is_too_slow_is_refused(open_part):
    async def main():
        with pytest.raises(BoardFileError, match=r"0\.05 s"):
            async with open_part(DRIVER, *LINES, options={"samples": 20, "sample_s": 0.01}):
                pass

    run_virtual(main())
