"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.plugins import BusKind, DriverSpec, QualityLevel, hookimpl

_EASTRON = "Eastron Modbus protocol document of the model"
_GAVAZZI = "Carlo Gavazzi communication protocol of the model"
_MBMD = "mbmd (github.com/volkszaehler/mbmd), meters/rs485"
_VICTRON = "Victron Energy register tables (dbus-cgwacs, dbus-modbus-client)"
_OTHERS = "meter tables of openWB, OpenEMS, SmartEVSE and EVerest, which agree"
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
        _meter("sdm630", "Eastron SDM630-Modbus V2, three phases", "Sdm630Options", (_EASTRON, _MBMD, _OTHERS), probe="probe_sdm630"),
        _meter("sdm72d-m-v2", "Eastron SDM72D-M-V2, three phases", "Sdm72dmV2Options", (_EASTRON, _MBMD, _OTHERS)),
        _meter("sdm120", "Eastron SDM120-Modbus, one phase", "Sdm120Options", (_EASTRON, _MBMD, _OTHERS)),
        _meter("em24", "Carlo Gavazzi EM24-DIN with RS-485, three phases", "Em24Options", (_GAVAZZI, _MBMD, _VICTRON)),
        _meter("em24-e1", "Carlo Gavazzi EM24 E1 with Ethernet, three phases", "Em24E1Options", (_GAVAZZI, _MBMD, _VICTRON)),
        _meter("em340", "Carlo Gavazzi EM330, EM340, ET330, ET340, three phases", "Em340Options", (_GAVAZZI, _MBMD, _VICTRON)),
        _meter("eem-350", "Phoenix Contact EEM-350-D-MCB, three phases, import only", "Eem350Options", ("SmartEVSE meter table",)),
        _meter("em300", "TQ EM300 and Kostal KSEM over Modbus TCP, three phases", "Em300Options", ("OpenEMS bcontrol em300",)),
        _meter(
            "wm3m4",
            "Iskra WM3M4 and WM3M4C, three phases: the measured values, not the signatures",
            "Wm3m4Options",
            ("Iskra WM3M4 user manual V1.14, as EVerest's RsIskraMeter follows it",),
            unit=33,
        ),
        _meter("custom", "Any Modbus meter, with a register map of your own", "CustomOptions", ("the map's own sources",), tested=False),
    )
