"""The MCP9808: its numbers, its identity, and its start."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.errors import ConnectFailed, ImplausibleReading, NoAnswer, WrongIdentity
from cc613hal.health import HealthState
from cc613hal.plugins import Certainty
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART
from cc613hal_sensors.mcp9808 import celsius_of, raw_of
from cc613hal_sensors.probe import probe_lis2dh12, probe_mcp9808

DRIVER = "sensors.mcp9808"


@pytest.mark.parametrize(
    ("raw", "celsius"),
    [  # sign, then 1/16 °C (data sheet, register 5-4 and its conversion)
        (0x0191, 25.0625), (0xC191, 25.0625), (0x0000, 0.0), (0x0001, 0.0625), (0x1FFF, -0.0625), (0xFFFE, -0.125), (0x1D80, -40.0),
        (0x07D0, 125.0), (0x2550, 85.0),
    ],
)  # fmt: skip
def test_register_contents_mean_what_the_data_sheet_says(raw, celsius):
    assert celsius_of(raw) == celsius


@given(st.floats(-40.0, 125.0), st.integers(0, 7))
def test_flags_do_not_change_the_temperature(celsius, flags):
    assert celsius_of(raw_of(celsius) | flags << 13) == pytest.approx(celsius, abs=1 / 32)


@given(st.floats(-1e6, 1e6))
def test_beyond_the_scale_the_chip_stays_at_its_end(celsius):
    assert celsius_of(raw_of(celsius)) == pytest.approx(max(-256.0, min(255.9375, celsius)), abs=1 / 32)


@pytest.mark.parametrize("celsius", [-40.0, -0.0625, 0.0, 25.0, 85.0625, 125.0])
def test_it_measures(bench, celsius):
    async def main():
        async with bench(DRIVER, place="relay", offset_c=0.0) as it:
            it.cabinet.temperature("relay").set(celsius)
            reading = await it.part.read()
            assert (reading.temperature_c, reading.quality, reading.source) == (celsius, Quality.GOOD, PART)

    run_virtual(main())


@pytest.mark.parametrize("address", range(0x18, 0x20))
def test_every_address(bench, address):
    async def main():
        async with bench(DRIVER, address=address) as it:
            assert (await it.part.read()).temperature_c == 25.0

    run_virtual(main())


def test_it_proves_who_it_is(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.identity = 0x0403
            identity = await it.part.identify()
            assert (identity.vendor, identity.model, identity.hardware) == ("Microchip", "MCP9808", "revision 3")
            evidence = await probe_mcp9808(it.part._context.i2c)
            assert evidence.certainty is Certainty.CERTAIN
            assert await probe_lis2dh12(it.part._context.i2c) is None, "they share addresses"

    run_virtual(main())


@pytest.mark.parametrize(("attribute", "value"), [("manufacturer", 0x0033), ("identity", 0x0201), ("identity", 0xFFFF)])
def test_another_chip_is_refused(bench, attribute, value):
    async def main():
        with pytest.raises(ConnectFailed) as caught:
            async with bench(DRIVER, before=lambda simulation: setattr(simulation.plant.parts[PART], attribute, value)):
                pass
        error = caught.value.failures[PART]
        assert isinstance(error, WrongIdentity)
        assert f"0x{value:04X}" in str(error)

    async def probed():
        async with bench(DRIVER) as it:
            setattr(it.chip, attribute, value)
            assert await probe_mcp9808(it.part._context.i2c) is None

    run_virtual(main())
    run_virtual(probed())


def test_the_value_from_before_the_first_conversion_is_never_given(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.power_cycle()
            await it.part.connect()
            assert (await it.part.read()).temperature_c == 25.0

    run_virtual(main())


def test_a_chip_that_was_shut_down_measures_again_and_keeps_its_other_settings(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.write(b"\x01\x02\x08")
            it.chip.shut()
            it.cabinet.temperature("internal").set(80.0)
            assert (await it.part.read()).temperature_c == 25.0  # what shutdown means
            await it.part.connect()
            assert (await it.part.read()).temperature_c == 80.0
            it.chip.write(b"\x01")
            assert it.chip.read(2) == b"\x02\x08"

    run_virtual(main())


def test_a_coarser_resolution_is_waited_for_and_understood(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.write(b"\x08\x00")
            it.cabinet.temperature("internal").set(25.4)
            before_s = it.board.clock.monotonic_s()
            await it.part.connect()
            assert it.board.clock.monotonic_s() - before_s < 0.1
            assert (await it.part.read()).temperature_c == 25.0

    run_virtual(main())


@pytest.mark.parametrize(("raw", "says"), [(0xFFFF, "not driven"), (0x0FFF, "255.9"), (0x1000, "-256"), (0x07D8, "125.5")])
def test_what_cannot_be_is_a_fault_until_it_measures_again(bench, raw, says):
    async def main():
        async with bench(DRIVER) as it:
            it.chip.stuck_raw = raw
            with pytest.raises(ImplausibleReading, match=says):
                await it.part.read()
            assert it.health.state is HealthState.FAULT
            it.chip.stuck_raw = None
            assert (await it.part.read()).quality is Quality.GOOD
            assert it.health.state is HealthState.OK

    run_virtual(main())


def test_unplugged_and_back(bench):
    async def main():
        async with bench(DRIVER) as it:
            it.faults.unplug()
            for _ in range(3):
                with pytest.raises(NoAnswer):
                    await it.part.read()
            assert it.health.state is HealthState.OFFLINE
            it.chip.power_cycle()
            it.faults.plug()
            await it.sleep(61)
            assert (await it.part.read()).temperature_c == 25.0

    run_virtual(main())
