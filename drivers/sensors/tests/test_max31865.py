"""PT1000 and PT100 at a MAX31865: codes, wires, filters, every fault the chip tells, and a supply that comes and goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, ConnectFailed, ImplausibleReading, NoAnswer, WrongIdentity
from cc613hal.health import HealthState
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, board_for
from cc613hal_sensors.max31865 import FAULTS, Max31865Options

DRIVER = "sensors.max31865"
PT100 = {"r0_ohm": 100.0, "reference_ohm": 430.0}

# -- codes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code", "celsius"),
    [  # PT1000 with 4300 Ω, computed by hand; PT100 with 400 Ω from the table of the data sheet (table 9)
        ({}, 7620, 0.0),
        ({}, 8362, 25.0),
        ({}, 9391, 60.0),
        ({"r0_ohm": 100.0, "reference_ohm": 400.0}, 8192, 0.0),
        ({"r0_ohm": 100.0, "reference_ohm": 400.0}, 4936, -100.0),
        ({"r0_ohm": 100.0, "reference_ohm": 400.0}, 6904, -40.0),
        ({"r0_ohm": 100.0, "reference_ohm": 400.0}, 11346, 100.0),
    ],
)
def test_codes_mean_temperatures(options, code, celsius):
    element = Max31865Options(**options)
    assert element.celsius(code) == pytest.approx(celsius, abs=0.04)
    assert element.code(celsius) == pytest.approx(code, abs=1)


@given(st.floats(-45.0, 130.0), st.sampled_from([{}, PT100, {"wires": 2, "lead_ohm": 3.0}]))
def test_a_temperature_survives_the_code(celsius, options):
    element = Max31865Options(**options)
    assert element.celsius(element.code(celsius)) == pytest.approx(celsius, abs=0.03)


@given(st.floats(-1e9, 1e9))
def test_thresholds_beyond_the_scale_are_held_at_its_ends(celsius):
    assert 0 <= Max31865Options().code(celsius) <= 0x7FFF


# -- measuring ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, PT100, {"filter_hz": 60}, {"wires": 3}, {"wires": 4}, {"wires": 2, "lead_ohm": 4.0}])
@pytest.mark.parametrize("celsius", [-40.0, 85.0])
def test_each_wiring_measures(bench, options, celsius):
    async def main():
        async with bench(DRIVER, **options) as it:
            it.cabinet.temperature("internal").set(celsius)
            await it.sleep(0.1)
            reading = await it.part.read()
            assert reading.temperature_c == pytest.approx(celsius, abs=0.05)
            assert (reading.quality, reading.source) == (Quality.GOOD, PART)

    run_virtual(main())


@pytest.mark.parametrize(("options", "configuration"), [({}, 0xC1), ({"filter_hz": 60}, 0xC0), ({"wires": 3}, 0xD1), ({"wires": 4}, 0xC1)])
def test_the_chip_is_set_up_as_its_data_sheet_wants(bench, options, configuration):
    async def main():
        async with bench(DRIVER, **options) as it:
            assert it.chip.register(0) == configuration  # bias, automatic, wires, filter
            settings = it.simulation.buses.spi("part-bus").used_settings[0]
            assert settings.mode == 1
            assert settings.speed_hz <= 5_000_000

    run_virtual(main())


def test_the_filter_is_chosen_before_conversions_start(bench):
    async def main():
        async with bench(DRIVER) as it:
            writes = []
            store = it.chip._store
            it.chip._store = lambda address, value: (writes.append((address, value)), store(address, value))
            it.chip.power_cycle()
            await it.part.connect()
            configurations = [value for address, value in writes if address == 0]
            assert configurations == [0x03, 0x81, 0xC1]

    run_virtual(main())


def test_two_long_wires_are_seen_and_three_are_not(bench):
    async def main(wires):
        async with bench(DRIVER, wires=wires) as it:
            it.chip.lead_ohm = 10.0
            await it.sleep(0.1)
            return (await it.part.read()).temperature_c

    assert run_virtual(main(2)) == pytest.approx(25.0 + 10.0 / 3.85, abs=0.2)
    assert run_virtual(main(3)) == pytest.approx(25.0, abs=0.05)
    assert run_virtual(main(4)) == pytest.approx(25.0, abs=0.05)


def test_a_reading_is_one_transfer(bench):
    async def main():
        async with bench(DRIVER) as it:
            before = it.wire_log().count(">")
            await it.part.read()
            assert it.wire_log().count(">") == before + 1

    run_virtual(main())


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "says"),
    [("open", "element is open"), ("short", "shorted"), ("wire", "wire is shorted to ground or open"), ("voltage", "overvoltage|over- or")],
)
def test_what_is_wrong_with_the_wires_is_told_and_ends(bench, broken, says):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.broken = broken
            await it.sleep(0.1)
            for _ in range(2):
                with pytest.raises(ImplausibleReading, match=says) as caught:
                    await it.part.read()
                assert caught.value.hint
                assert it.health.state is HealthState.FAULT
            it.chip.broken = ""
            await it.sleep(0.1)
            assert (await it.part.read()).temperature_c == pytest.approx(25.0, abs=0.05)
            assert it.health.state is HealthState.OK

    run_virtual(main())


def test_a_spark_costs_no_reading(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.broken = "voltage"
            await it.sleep(0.1)
            original = it.part._diagnose

            async def over():
                it.chip.broken = ""
                return await original()

            it.part._diagnose = over
            assert (await it.part.read()).quality is Quality.GOOD
            assert it.health.state is HealthState.OK

    run_virtual(main())


def test_every_fault_has_words():
    assert set(FAULTS) == {0x80, 0x40, 0x20, 0x10, 0x08, 0x04}
    assert all(FAULTS.values())


def test_limits_of_the_place_are_the_chips_thresholds(bench):
    async def main():
        async with bench(DRIVER, low_c=-30.0, high_c=90.0, offset_c=5.0) as it:
            high, low = (int.from_bytes(bytes(it.chip.register(at + n) for n in (0, 1)), "big") >> 1 for at in (3, 5))
            assert (high, low) == (Max31865Options().code(85.0), Max31865Options().code(-35.0))
            it.cabinet.temperature("internal").set(86.0)
            await it.sleep(0.1)
            with pytest.raises(ImplausibleReading, match="high threshold"):
                await it.part.read()

    run_virtual(main())


def test_a_supply_that_was_lost_is_noticed_by_the_next_reading(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.power_cycle()
            assert (await it.part.read()).temperature_c == pytest.approx(25.0, abs=0.05)
            assert it.chip.register(0) == 0xC1

    run_virtual(main())


def test_a_chip_without_supply_is_nobody_and_comes_back(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.powered = False
            for _ in range(3):
                with pytest.raises(NoAnswer, match="stays low"):
                    await it.part.read()
            assert it.health.state is HealthState.FAULT
            it.chip.powered = True
            it.chip.power_cycle()
            assert (await it.part.read()).quality is Quality.GOOD
            assert it.health.state is HealthState.OK

    run_virtual(main())


def test_another_chip_keeps_nothing_and_is_refused(bench):
    async def main():
        def swap(simulation):
            simulation.plant.parts[PART].forgets = True
            simulation.plant.parts[PART]._registers[2] = 0x55

        with pytest.raises(ConnectFailed) as caught:
            async with bench(DRIVER, before=swap):
                pass
        error = caught.value.failures[PART]
        assert isinstance(error, WrongIdentity)
        assert "no MAX31865" in error.hint

    run_virtual(main())


def test_a_configuration_that_does_not_stay_is_a_defect(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.forgets = True
            it.chip._registers[0] = 0x01
            with pytest.raises(ImplausibleReading, match="does not stay"):
                await it.part.read()
            it.chip.forgets = False
            assert (await it.part.read()).quality is Quality.GOOD

    run_virtual(main())


@pytest.mark.parametrize(
    "options", [{"wires": 5}, {"filter_hz": 55}, {"r0_ohm": 1.0}, {"reference_ohm": 0.0}, {"lead_ohm": -1.0}, {"low_c": 5.0, "high_c": 5.0}]
)
def test_wrong_options_are_told_by_name(options):
    with pytest.raises(BoardFileError, match=next(iter(options))):
        board_for(DRIVER, options=options)
