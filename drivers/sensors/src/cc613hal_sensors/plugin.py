"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.plugins import BusKind, DriverSpec, QualityLevel, hookimpl


@hookimpl
def cc613hal_drivers() -> tuple[DriverSpec, ...]:
    """The drivers of this package."""
    return (
        DriverSpec(
            name="sensors.lm75",
            summary="temperature from an LM75, LM75B, PCT2075, TMP102, TMP1075 or TMP117",
            implementation="cc613hal_sensors.lm75:Lm75",
            options="cc613hal_sensors.lm75:Lm75Options",
            capabilities=("TemperatureSensor", "Identified"),
            buses=(BusKind.I2C,),
            emulator="cc613hal_sensors.emulation:emulate_lm75",
            addresses=tuple(range(0x48, 0x50)),
            probe="cc613hal_sensors.probe:probe_lm75",
            quality=QualityLevel.SIMULATED,
            sources=(
                "TI LM75A data sheet SNOS808",
                "NXP LM75B data sheet",
                "NXP PCT2075 data sheet",
                "TI TMP102 data sheet SBOS397",
                "TI TMP1075 data sheet SBOS854",
                "TI TMP117 data sheet SNOSD82",
                "Linux drivers/hwmon/lm75.c and tmp102.c",
                "Adafruit_CircuitPython_PCT2075 and _TMP117",
            ),
        ),
        DriverSpec(
            name="sensors.lis2dh12",
            summary="tilt and shock from an ST LIS2DH12 accelerometer",
            implementation="cc613hal_sensors.lis2dh12:Lis2dh12",
            options="cc613hal_sensors.lis2dh12:Lis2dh12Options",
            capabilities=("TiltSensor", "Identified"),
            buses=(BusKind.I2C,),
            emulator="cc613hal_sensors.emulated_tilt:emulate_lis2dh12",
            addresses=(0x18, 0x19),
            probe="cc613hal_sensors.probe:probe_lis2dh12",
            quality=QualityLevel.SIMULATED,
            sources=("ST LIS2DH12 data sheet DocID025056", "Adafruit_CircuitPython_LIS3DH", "Linux drivers/iio/accel/st_accel_core.c"),
        ),
        DriverSpec(
            name="sensors.adxl345",
            summary="tilt and shock from an Analog Devices ADXL345 accelerometer",
            implementation="cc613hal_sensors.adxl345:Adxl345",
            options="cc613hal_sensors.adxl345:Adxl345Options",
            capabilities=("TiltSensor", "Identified"),
            buses=(BusKind.I2C,),
            emulator="cc613hal_sensors.emulated_tilt:emulate_adxl345",
            addresses=(0x53, 0x1D),
            probe="cc613hal_sensors.probe:probe_adxl345",
            quality=QualityLevel.SIMULATED,
            sources=(
                "Analog Devices ADXL345 data sheet rev. E",
                "Adafruit_CircuitPython_ADXL34x",
                "Linux drivers/iio/accel/adxl345_core.c",
            ),
        ),
        DriverSpec(
            name="sensors.mma8451",
            summary="tilt and shock from an NXP MMA8451 accelerometer",
            implementation="cc613hal_sensors.mma8451:Mma8451",
            options="cc613hal_sensors.mma8451:Mma8451Options",
            capabilities=("TiltSensor", "Identified"),
            buses=(BusKind.I2C,),
            emulator="cc613hal_sensors.emulated_tilt:emulate_mma8451",
            addresses=(0x1D, 0x1C),
            probe="cc613hal_sensors.probe:probe_mma8451",
            quality=QualityLevel.SIMULATED,
            sources=("NXP MMA8451Q data sheet rev. 10", "Adafruit_CircuitPython_MMA8451", "Linux drivers/iio/accel/mma8452.c"),
        ),
        DriverSpec(
            name="sensors.scl3300",
            summary="tilt and shock from a Murata SCL3300 inclinometer",
            implementation="cc613hal_sensors.scl3300:Scl3300",
            options="cc613hal_sensors.scl3300:Scl3300Options",
            capabilities=("TiltSensor", "Identified"),
            buses=(BusKind.SPI,),
            emulator="cc613hal_sensors.emulated_scl3300:emulate_scl3300",
            quality=QualityLevel.SIMULATED,
            sources=("Murata SCL3300-D01 data sheet rev. 2", "Linux drivers/iio/accel/sca3300.c"),
        ),
    )
