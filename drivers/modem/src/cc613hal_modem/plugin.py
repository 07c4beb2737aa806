"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.plugins import BusKind, DriverSpec, QualityLevel, hookimpl


@hookimpl
def cc613hal_drivers() -> tuple[DriverSpec, ...]:
    """The drivers of this package."""
    return (
        DriverSpec(
            name="modem.at",
            summary="Cellular modem by AT commands (Quectel, Telit, Gemalto/Thales, others by the standard)",
            implementation="cc613hal_modem.at:AtModem",
            options="cc613hal_modem.options:AtOptions",
            capabilities=("Modem", "Identified"),
            buses=(BusKind.SERIAL,),
            emulator="cc613hal_modem.emulation:emulate_modem",
            quality=QualityLevel.SIMULATED,
            sources=(
                "3GPP TS 27.007",
                "3GPP TS 27.005",
                "ITU-T V.250",
                "Quectel EC2x & EG9x AT commands manual",
                "Telit LE910 AT commands reference guide",
                "Gemalto/Thales ELS61 AT command set",
            ),
        ),
    )
