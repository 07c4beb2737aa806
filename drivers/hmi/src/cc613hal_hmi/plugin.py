"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.plugins import BusKind, DriverSpec, QualityLevel, SafeRank, hookimpl


@hookimpl
def cc613hal_drivers() -> tuple[DriverSpec, ...]:
    """The drivers of this package."""
    return (
        DriverSpec(
            name="hmi.pca9685",
            summary="up to five RGB lights on an NXP PCA9685, with Bender's light language",
            implementation="cc613hal_hmi.pca9685:Pca9685",
            options="cc613hal_hmi.pca9685:Pca9685Options",
            capabilities=("Indicator", "SafeState", "Identified"),
            buses=(BusKind.I2C,),
            emulator="cc613hal_hmi.emulation:emulate_pca9685",
            addresses=tuple(address for address in range(0x40, 0x78) if address != 0x70),  # 0x70 is the all-call address after power-on
            probe="cc613hal_hmi.probe:probe_pca9685",
            rank=SafeRank.INDICATOR,
            quality=QualityLevel.SIMULATED,
            sources=(
                "NXP PCA9685 data sheet",
                "Adafruit_CircuitPython_PCA9685",
                "Bender documentation of the HMI and RFID modules (LED meanings)",
            ),
        ),
    )
