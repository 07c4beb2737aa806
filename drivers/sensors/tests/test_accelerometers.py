"""What is special about each accelerometer on I2C: its numbers, its set-up, and how the driver notices that it lost its settings."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusError, BusTimeout, ImplausibleReading, NoAnswer
from cc613hal.health import HealthState
from cc613hal.plant import Signal
from cc613hal.readings import Quality
from cc613hal_sensors.emulated_tilt import Adxl345Chip, Lis2dh12Chip, Mma8451Chip

I2C = ["sensors.lis2dh12", "sensors.adxl345", "sensors.mma8451"]
CHIPS = {"sensors.lis2dh12": Lis2dh12Chip, "sensors.adxl345": Adxl345Chip, "sensors.mma8451": Mma8451Chip}
WIRES = {  # what starts it, where x is, order of bytes, unused low bits as a factor, steps per g
    "sensors.lis2dh12": (b"\x20\x27", b"\xa8", "little", 16, 1000.0),
    "sensors.adxl345": (b"\x2d\x08", b"\x32", "little", 1, 256.0),
    "sensors.mma8451": (b"\x2a\x29", b"\x01", "big", 4, 4096.0),
}
LEANING_30 = (0.5, 0.0, 0.866)


# -- numbers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("driver", "head", "axes", "gravity_g"),
    [
        # LIS2DH12, high resolution, ±2 g: twelve bits left-aligned, 1 mg each (data sheet, tables 4 and 10); low byte first
        ("sensors.lis2dh12", "0f", "0000 0000 803e", (0.0, 0.0, 1.0)),
        ("sensors.lis2dh12", "0f", "0000 0000 80c1", (0.0, 0.0, -1.0)),
        ("sensors.lis2dh12", "0f", "1000 f0ff 803e", (0.001, -0.001, 1.0)),
        ("sensors.lis2dh12", "0f", "803e 0000 0000", (1.0, 0.0, 0.0)),
        ("sensors.lis2dh12", "0f", "0000 403e 4006", (0.0, 0.996, 0.1)),
        ("sensors.lis2dh12", "0f", "0000 0f00 803e", (0.0, 0.0, 1.0)),
        # ADXL345, full resolution: 256 steps for 1 g, right-aligned; low byte first (data sheet, table 1)
        ("sensors.adxl345", "8208", "0000 0000 0001", (0.0, 0.0, 1.0)),
        ("sensors.adxl345", "8208", "0000 0000 00ff", (0.0, 0.0, -1.0)),
        ("sensors.adxl345", "8208", "0100 ffff 0001", (1 / 256, -1 / 256, 1.0)),
        ("sensors.adxl345", "8208", "8000 ddff 8000", (0.5, -35 / 256, 0.5)),
        # MMA8451, ±2 g: fourteen bits left-aligned, 4096 steps for 1 g; high byte first (data sheet, table 3)
        ("sensors.mma8451", "0f", "0000 0000 4000", (0.0, 0.0, 1.0)),
        ("sensors.mma8451", "0f", "0000 0000 c000", (0.0, 0.0, -1.0)),
        ("sensors.mma8451", "0f", "0004 fffc 4000", (1 / 4096, -1 / 4096, 1.0)),
        ("sensors.mma8451", "0f", "7ffc 0000 8000", (8191 / 4096, 0.0, -2.0)),
        ("sensors.mma8451", "0f", "0003 0000 4003", (0.0, 0.0, 1.0)),
    ],
)
def test_axes_are_g(bench, driver, head, axes, gravity_g):
    async def main():
        async with bench(driver) as it:
            it.chip.read = lambda count: bytes.fromhex(head + axes)
            assert (await it.part.read_tilt()).gravity_g == pytest.approx(gravity_g)

    run_virtual(main())


@pytest.mark.parametrize(
    ("driver", "registers", "identity"),
    [  # 10 Hz and all axes; block update, high resolution, ±2 g
        ("sensors.lis2dh12", {0x20: 0x27, 0x23: 0x88}, ("STMicroelectronics", "LIS2DH12", "0x33")),
        # 12.5 Hz; measure; full resolution, ±2 g
        ("sensors.adxl345", {0x2C: 0x07, 0x2D: 0x08, 0x31: 0x08}, ("Analog Devices", "ADXL345", "0xE5")),
        # 12.5 Hz and active; ±2 g; high resolution
        ("sensors.mma8451", {0x2A: 0x29, 0x0E: 0x00, 0x2B: 0x02}, ("NXP", "MMA8451", "0x1A")),
    ],
)
def test_the_chip_is_set_up_as_its_data_sheet_wants(bench, driver, registers, identity):
    async def main():
        async with bench(driver) as it:
            for register, value in registers.items():
                it.chip.write(bytes((register,)))
                assert it.chip.read(1) == bytes((value,)), hex(register)
            found = await it.part.identify()
            assert (found.vendor, found.model, found.hardware) == identity

    run_virtual(main())


def test_an_mma8451_takes_settings_in_standby_only_and_is_set_up_in_that_order(bench):
    async def main():
        async with bench("sensors.mma8451") as it:
            writes = []
            store = it.chip.write
            it.chip.write = lambda data: (writes.append(data) if len(data) > 1 else None, store(data))
            await it.part.connect()
            assert writes[0] == b"\x2a\x00"
            assert writes[-1] == b"\x2a\x29"

    run_virtual(main())


@given(st.sampled_from(I2C), st.floats(-1.9, 1.9))
def test_what_a_chip_feels_is_read_to_two_steps(driver, axis_g):
    async def main():
        chip = CHIPS[driver](Signal((axis_g, 0.0, 0.0)), Clock())
        start, address, order, alignment, per_g = WIRES[driver]
        chip.write(start)
        await asyncio.sleep(1.0)
        chip.write(address)
        x = int.from_bytes(chip.read(6)[:2], order, signed=True) // alignment
        assert x / per_g == pytest.approx(axis_g, abs=2 / per_g)

    run_virtual(main())


@pytest.mark.parametrize("driver", I2C)
def test_beyond_its_scale_a_chip_stays_at_the_end_and_that_is_no_attitude(bench, driver):
    async def main():
        async with bench(driver) as it:
            await it.part.take_reference()
            it.cabinet.gravity_g.set((9.0, -9.0, 1.0))
            await it.sleep(0.3)
            reading = await it.part.read_tilt()
            assert reading.gravity_g[:2] == pytest.approx((2.0, -2.0), abs=0.05)
            assert (reading.quality, reading.tilt_deg) == (Quality.SUSPECT, 0.0)

    run_virtual(main())


# -- settings that got lost --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", I2C)
def test_a_chip_that_never_measures_is_a_fault_until_it_does(bench, driver):
    async def main():
        async with bench(driver) as it:
            right = it.chip.read
            it.chip.read = bytes  # zeros: powered through its data lines
            with pytest.raises(ImplausibleReading, match="does not measure") as caught:
                await it.part.read_tilt()
            assert "supply" in caught.value.hint
            assert it.health.state is HealthState.FAULT
            it.chip.read = right
            assert (await it.part.read_tilt()).quality is Quality.GOOD
            assert it.health.state is HealthState.OK

    run_virtual(main())


def test_an_adxl345_with_another_range_is_set_up_again_before_its_numbers_are_used(bench):
    async def main():
        async with bench("sensors.adxl345") as it:
            it.chip.write(b"\x31\x00")  # somebody else: ten bits at ±2 g
            assert (await it.part.read_tilt()).gravity_g[2] == pytest.approx(1.0, abs=0.01)
            assert it.chip.register(0x31) == 0x08

    run_virtual(main())


def test_an_mma8451_put_into_standby_is_woken_up(bench):
    async def main():
        async with bench("sensors.mma8451") as it:
            await it.part.take_reference()
            it.chip.write(b"\x2a\x00")
            it.cabinet.gravity_g.set(LEANING_30)
            await it.sleep(2.0)
            assert (await it.part.read_tilt()).tilt_deg == pytest.approx(30.0, abs=0.5)
            assert it.chip.register(0x2A) & 0x01

    run_virtual(main())


@pytest.mark.parametrize("driver", I2C)
@pytest.mark.parametrize(("fault", "error"), [("nack", NoAnswer), ("silence", BusTimeout)])
def test_a_wire_that_fails_is_told_and_keeps_what_was_known(bench, driver, fault, error):
    async def main():
        async with bench(driver, latch=True) as it:
            await it.part.take_reference()
            it.cabinet.gravity_g.set(LEANING_30)
            for _ in range(20):
                await it.part.read_tilt()
                await it.sleep(0.1)
            setattr(it.faults, fault, True)
            for _ in range(3):
                with pytest.raises(error):
                    await it.part.read_tilt()
            with pytest.raises(BusError):
                await it.part.take_reference()
            assert it.health.state is HealthState.OFFLINE
            setattr(it.faults, fault, False)
            await it.sleep(61)
            assert (await it.part.read_tilt()).tilted

    run_virtual(main())


@pytest.mark.parametrize(("driver", "wrong"), [("sensors.adxl345", 0x00), ("sensors.mma8451", 0x2A), ("sensors.mma8451", 0x3A)])
def test_relatives_are_refused(bench, driver, wrong):
    """0x2A and 0x3A are the MMA8452 and MMA8453, with fewer bits in the same places."""

    async def main():
        async with bench(driver) as it:
            it.chip.identity = wrong
            with pytest.raises(Exception, match=f"0x{wrong:02X}"):
                await it.part.identify()

    run_virtual(main())


def test_an_emulated_mma8451_does_what_other_drivers_ask_of_it():
    async def main():
        chip = Mma8451Chip(Signal((0.0, 0.0, 1.0)), Clock())
        chip.write(b"\x2a\x29")
        chip.write(b"\x2b\x40")  # reset by software
        assert chip.register(0x2A) == 0x00
        assert chip.register(0x2B) == 0x00
        chip.write(b"\x0e\x02")
        assert chip.accelerometer.steps_per_g == 1024.0

    run_virtual(main())
