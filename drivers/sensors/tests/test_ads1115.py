"""A platinum element in a divider at an ADS1115: ratio, ranges, open and shorted wires, and others who use the chip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, ConnectFailed, ImplausibleReading, NoAnswer, WrongIdentity
from cc613hal.health import HealthState
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART, board_for
from cc613hal_sensors.ads1115 import Ads1115Options

DRIVER = "sensors.ads1115"
RATIO = {"supply_input": 3}


@given(st.floats(-45.0, 130.0), st.floats(100.0, 10000.0), st.sampled_from([100.0, 1000.0]))
def test_the_divider_both_ways(celsius, series_ohm, r0_ohm):
    divider = Ads1115Options(series_ohm=series_ohm, r0_ohm=r0_ohm)
    assert divider.celsius(divider.share(celsius)) == pytest.approx(celsius, abs=1e-6)


def test_the_divider_by_hand():
    """2200 Ω above a PT1000 at 3.3 V: 1000 Ω at 0 °C is 1.03125 V."""
    divider = Ads1115Options()
    assert divider.share(0.0) * 3.3 == pytest.approx(1.03125)
    assert divider.celsius(1.03125 / 3.3) == pytest.approx(0.0, abs=1e-9)
    assert divider.celsius(1.0) == float("inf")


@pytest.mark.parametrize("options", [{}, RATIO, {"input": 2, "supply_input": 0}, {"r0_ohm": 100.0, "series_ohm": 390.0}])
@pytest.mark.parametrize("celsius", [-40.0, 25.0, 125.0])
def test_it_measures(bench, options, celsius):
    async def main():
        async with bench(DRIVER, **options) as it:
            it.cabinet.temperature("internal").set(celsius)
            reading = await it.part.read()
            assert reading.temperature_c == pytest.approx(celsius, abs=0.15)
            assert (reading.quality, reading.source) == (Quality.GOOD, PART)

    run_virtual(main())


@pytest.mark.parametrize(("options", "error_k"), [({}, 25.0), (RATIO, 0.2)])
def test_a_supply_that_is_not_what_it_should_be_matters_unless_it_is_measured(bench, options, error_k):
    async def main():
        async with bench(DRIVER, **options) as it:
            volts = it.chip._volts
            it.chip._volts = lambda source: 0.95 * volts(source)  # 3.135 V instead of 3.3 V
            return abs((await it.part.read()).temperature_c - 25.0)

    off = run_virtual(main())
    assert (off > 10.0) if error_k > 1 else (off < error_k)


@pytest.mark.parametrize(
    ("options", "words"),
    [  # start, input against ground, range, single shot, 8 per second, no comparator (data sheet, table 8)
        ({}, ["C503"]),
        ({"input": 3, "range_v": 0.256}, ["FB03"]),
        ({"input": 1, "supply_input": 2, "range_v": 6.144}, ["D103", "E303"]),
    ],
)
def test_conversions_are_started_as_the_data_sheet_wants(bench, options, words):
    async def main():
        async with bench(DRIVER, **options) as it:
            written = []
            write = it.chip.write
            it.chip.write = lambda data: (written.append(data), write(data))
            if options.get("range_v") == 0.256:
                it.chip.stuck_raw = 0x2000
                with pytest.raises(ImplausibleReading):
                    await it.part.read()
            else:
                await it.part.read()
            assert [data[1:].hex().upper() for data in written if len(data) == 3] == words

    run_virtual(main())


# -- what goes wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, RATIO, {"range_v": 1.024}])
@pytest.mark.parametrize(("broken", "says"), [("open", "open"), ("short", "temperature"), ("supply", "temperature|no supply")])
def test_broken_wires_are_no_temperature(bench, options, broken, says):
    async def main():
        async with bench(DRIVER, **options) as it:
            it.chip.broken = broken
            with pytest.raises(ImplausibleReading, match=says) as caught:
                await it.part.read()
            assert caught.value.hint
            assert it.health.state is HealthState.FAULT
            it.chip.broken = ""
            if options.get("range_v") != 1.024:
                assert (await it.part.read()).quality is Quality.GOOD
                assert it.health.state is HealthState.OK

    run_virtual(main())


def test_somebody_else_who_uses_the_chip_once_is_got_over_and_always_is_told(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.meddler = True
            with pytest.raises(ImplausibleReading, match="not the one that ended"):
                await it.part.read()
            write, count = it.chip.write, []

            def once(data):
                it.chip.meddler = len(data) == 3 and not count
                count.extend(data[2:])
                write(data)

            it.chip.write = once
            assert (await it.part.read()).temperature_c == pytest.approx(25.0, abs=0.1)

    run_virtual(main())


def test_a_power_cycle_costs_nothing_for_every_reading_starts_its_own_conversion(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.power_cycle()
            assert (await it.part.read()).temperature_c == pytest.approx(25.0, abs=0.1)

    run_virtual(main())


def test_another_chip_at_the_address_is_refused(bench):
    async def main():
        with pytest.raises(ConnectFailed) as caught:
            async with bench(DRIVER, before=lambda simulation: setattr(simulation.plant.parts[PART], "forgets", True)):
                pass
        error = caught.value.failures[PART]
        assert isinstance(error, WrongIdentity)
        assert "TMP102" in error.hint

    run_virtual(main())


def test_unplugged_and_back(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.faults.unplug()
            for _ in range(3):
                with pytest.raises(NoAnswer):
                    await it.part.read()
            assert it.health.state is HealthState.OFFLINE
            it.faults.plug()
            await it.sleep(61)
            assert (await it.part.read()).temperature_c == pytest.approx(25.0, abs=0.1)

    run_virtual(main())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"input": 4}, "input"),
        ({"supply_input": 0}, "supply_input"),
        ({"supply_input": 4}, "supply_input"),
        ({"range_v": 3.3}, "range_v"),
        ({"supply_v": 0.0}, "supply_v"),
        ({"series_ohm": 1.0}, "series_ohm"),
        ({"low_c": 5.0, "high_c": 5.0}, "low_c"),
    ],
)
def test_wrong_options_are_told_by_name(options, says):
    with pytest.raises(BoardFileError, match=says):
        board_for(DRIVER, options=options)
