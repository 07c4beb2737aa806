"""Discovery: sensors are recognised by reading alone, and nobody claims more certainty than the chip gives."""

from __future__ import annotations

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import NoAnswer
from cc613hal.plugins import Certainty
from cc613hal_sensors.plugin import cc613hal_drivers
from cc613hal_sensors.probe import probe_ads1115, probe_adxl345, probe_lis2dh12, probe_lm75, probe_mcp9808, probe_mma8451
from cc613hal_sensors.variants import VARIANTS


def port_of(it):
    return it.part._context.i2c


@pytest.mark.parametrize(
    ("word", "certainty", "proposed"),
    [
        ("tmp117", Certainty.CERTAIN, "tmp117"),
        ("tmp1075", Certainty.CERTAIN, "tmp1075"),
        ("lm75b", Certainty.LIKELY, "lm75b"),
        ("lm75", Certainty.LIKELY, "lm75b"),
        ("tmp102", Certainty.LIKELY, "lm75b"),
        ("pct2075", Certainty.LIKELY, "lm75b"),
    ],
)
def test_a_thermometer_is_found(bench, word, certainty, proposed):
    async def main():
        async with bench("sensors.lm75", variant=word) as it:
            evidence = await probe_lm75(port_of(it))
            assert (evidence.certainty, evidence.options) == (certainty, {"variant": proposed})
            assert evidence.text

    run_virtual(main())


def test_an_accelerometer_is_found_and_is_no_thermometer(bench):
    async def main():
        async with bench("sensors.lis2dh12") as it:
            assert (await probe_lis2dh12(port_of(it))).certainty is Certainty.CERTAIN
            assert await probe_lm75(port_of(it)) is None
            it.chip.identity = 0x6A
            assert await probe_lis2dh12(port_of(it)) is None

    run_virtual(main())


def test_a_thermometer_is_no_accelerometer(bench):
    async def main():
        async with bench("sensors.lm75", variant="tmp117") as it:
            assert await probe_lis2dh12(port_of(it)) is None

    run_virtual(main())


@pytest.mark.parametrize(
    ("driver", "probe", "other"),
    [
        ("sensors.lis2dh12", probe_lis2dh12, 0x6A),
        ("sensors.adxl345", probe_adxl345, 0x1A),
        ("sensors.mma8451", probe_mma8451, 0xE5),
    ],
)
def test_accelerometers_at_one_address_are_told_apart_by_their_identity(bench, driver, probe, other):
    async def main():
        async with bench(driver, address=0x1D if driver != "sensors.lis2dh12" else 0x19) as it:
            evidence = await probe(port_of(it))
            assert evidence.certainty is Certainty.CERTAIN
            assert f"0x{it.chip.identity:02X}" in evidence.text
            it.chip.identity = other
            assert await probe(port_of(it)) is None

    run_virtual(main())


@pytest.mark.parametrize(
    ("driver", "probe"),
    [
        ("sensors.lm75", probe_lm75),
        ("sensors.lis2dh12", probe_lis2dh12),
        ("sensors.adxl345", probe_adxl345),
        ("sensors.mma8451", probe_mma8451),
        ("sensors.mcp9808", probe_mcp9808),
        ("sensors.ads1115", probe_ads1115),
    ],
)
def test_probing_writes_nothing_but_register_addresses(bench, driver, probe):
    async def main():
        async with bench(driver) as it:
            written = []
            write = it.chip.write
            it.chip.write = lambda data: (written.append(data), write(data))
            await probe(port_of(it))
            assert written
            assert all(len(data) == 1 for data in written)
            it.faults.unplug()
            with pytest.raises(NoAnswer):
                await probe(port_of(it))

    run_virtual(main())


def test_a_converter_is_likely_and_no_thermometer_and_the_other_way_round(bench):
    async def main():
        async with bench("sensors.ads1115") as it:
            evidence = await probe_ads1115(port_of(it))
            assert (evidence.certainty, dict(evidence.options)) == (Certainty.LIKELY, {})
            assert await probe_lm75(port_of(it)) is None
            it.chip.write(b"\x02\x12\x34")  # somebody uses its comparator: then nothing tells
            assert await probe_ads1115(port_of(it)) is None

    async def others():
        for word in VARIANTS:
            async with bench("sensors.lm75", variant=word) as it:
                assert await probe_ads1115(port_of(it)) is None, word

    run_virtual(main())
    run_virtual(others())


def test_nothing_of_this_package_is_proposed_by_its_address_alone():
    for spec in cc613hal_drivers():
        assert not spec.addresses or spec.probe, spec.name
