"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.plugins import BusKind, DriverSpec, QualityLevel, hookimpl

_CAPABILITIES = ("PowerMeter", "EnergyMeter", "PhaseMeter", "SnapshotMeter", "Identified")


def _meter(
    name: str, summary: str, options: str, sources: tuple[str, ...], *, unit: int = 1, probe: str = "", tested: bool = True
) -> DriverSpec:
    return DriverSpec(
        name=f"meters.{name}",
        summary=summary,
        implementation="cc613hal_meters.meter:ModbusMeter",
        options=f"cc613hal_meters.options:{options}",
        capabilities=_CAPABILITIES,
        buses=(BusKind.MODBUS,),
        emulator="cc613hal_meters.emulation:emulate_meter",
        addresses=(unit,),
        probe=f"cc613hal_meters.probe:{probe}" if probe else "",
        quality=QualityLevel.SIMULATED if tested else QualityLevel.EXPERIMENTAL,
        sources=sources,
    )


@hookimpl
def cc613hal_drivers() -> tuple[DriverSpec, ...]:
    """The drivers of this package."""
    return (
        _meter(
            "sdm630",
            "Eastron SDM630-Modbus V2, three phases",
            "Sdm630Options",
            (
                "Eastron SDM630-Modbus V2 protocol document",
                "https://github.com/volkszaehler/mbmd (meters/rs485/sdm.go)",
                "https://github.com/snaptec/openWB, OpenEMS, SmartEVSE and EVerest meter tables",
            ),
            probe="probe_sdm630",
        ),
        _meter(
            "custom",
            "Any Modbus meter, with a register map of your own",
            "CustomOptions",
            ("the map's own sources",),
            tested=False,
        ),
    )
