"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.plugins import BusKind, Direction, DriverSpec, LineSpec, QualityLevel, hookimpl

_UNKNOWN_TO_BENDER = "Bender leaflet: 'External parking sensor (Banner)', without model, bus or register"


@hookimpl
def cc613hal_drivers() -> tuple[DriverSpec, ...]:
    """The drivers of this package."""
    return (
        DriverSpec(
            name="banner.discrete",
            summary="any Banner parking sensor with a switching output, on an opto-isolated input",
            implementation="cc613hal_banner.discrete:Discrete",
            options="cc613hal_banner.discrete:DiscreteOptions",
            capabilities=("PresenceSensor",),
            lines=(LineSpec(role="occupied", direction=Direction.INPUT, help="the sensor's output; active while something is in the bay"),),
            emulator="cc613hal_banner.emulation:emulate_discrete",
            quality=QualityLevel.SIMULATED,
            sources=(_UNKNOWN_TO_BENDER, "Banner R-GAGE QT50R, Q130R and T30R data sheets (discrete outputs)"),
        ),
        DriverSpec(
            name="banner.modbus-distance",
            summary="distance over Modbus from a wired sensor; every number is an option",
            implementation="cc613hal_banner.modbus_distance:ModbusDistance",
            options="cc613hal_banner.modbus_distance:ModbusDistanceOptions",
            capabilities=("PresenceSensor",),
            buses=(BusKind.MODBUS,),
            emulator="cc613hal_banner.emulation:emulate_distance",
            quality=QualityLevel.SIMULATED,
            sources=(_UNKNOWN_TO_BENDER, "Banner Q130R data sheet (reach); registers of wired sensors are not public"),
        ),
        DriverSpec(
            name="banner.dx80",
            summary="parking sensor by radio: a node of a Sure Cross DX80 gateway (M-GAGE, ultrasonic, radar)",
            implementation="cc613hal_banner.dx80:Dx80",
            options="cc613hal_banner.dx80:Dx80Options",
            capabilities=("PresenceSensor",),
            buses=(BusKind.MODBUS,),
            emulator="cc613hal_banner.emulation:emulate_dx80",
            shared=True,
            quality=QualityLevel.SIMULATED,
            sources=(_UNKNOWN_TO_BENDER, "Banner Sure Cross DX80 host communication manual (register numbering, status word)"),
        ),
    )
