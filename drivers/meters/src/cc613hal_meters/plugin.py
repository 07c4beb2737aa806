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
    name: str,
    summary: str,
    options: str,
    sources: tuple[str, ...],
    *,
    unit: int = 1,
    probe: str = "",
    tested: bool = True,
    totals: bool = False,
    signs: str = "",
    also: tuple[str, ...] = (),
    emulator: str = "emulation:emulate_meter",
) -> DriverSpec:
    """A meter with a register map; one that signs has a module and a class of its own (``signs``)."""
    return DriverSpec(
        name=f"meters.{name}",
        summary=summary,
        implementation=f"cc613hal_meters.{signs or ('meter:TotalsMeter' if totals else 'meter:ModbusMeter')}",
        options=f"cc613hal_meters.options:{options}",
        capabilities=(*(name for name in _CAPABILITIES if not (totals and name == "PhaseMeter")), *also),
        buses=(BusKind.MODBUS,),
        emulator=f"cc613hal_meters.{emulator}",
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
        _meter(
            "em24-e1",
            "Carlo Gavazzi EM24 E1 with Ethernet, three phases",
            "Em24E1Options",
            (_GAVAZZI, _MBMD, _VICTRON),
            probe="probe_em24_e1",
        ),
        _meter("em340", "Carlo Gavazzi EM330, EM340, ET330, ET340, three phases", "Em340Options", (_GAVAZZI, _MBMD, _VICTRON)),
        _meter("eem-350", "Phoenix Contact EEM-350-D-MCB, three phases, import only", "Eem350Options", ("SmartEVSE meter table",)),
        _meter("em300", "TQ EM300 and Kostal KSEM over Modbus TCP, three phases", "Em300Options", ("OpenEMS bcontrol em300",)),
        _meter(
            "wm3m4",
            "Iskra WM3M4 and WM3M4C, three phases, signs OCMF",
            "Wm3m4Options",
            ("Iskra WM3M4 user manual V1.14, as EVerest's RsIskraMeter follows it",),
            unit=33,
            signs="signing.wm3m4:Wm3m4",
            also=("SignedMeter", "MeterClock"),
            emulator="signing.emulated_wm3m4:emulate_wm3m4",
        ),
        _meter(
            "b23",
            "ABB B23 and B24, three phases",
            "B23Options",
            (
                "ABB B-series manual (via mbmd)",
                "Victron dbus-modbus-client abb",
                "openWB core b23.py",
                "SmartEVSE meter table",
            ),
            probe="probe_b23",
        ),
        _meter(
            "bsm-ws36a",
            "Bauer BSM-WS36A, three phases, signs OCMF",
            "BsmWs36aOptions",
            ("chargeIT bsm-python register overview (CSV) and examples",),
            unit=42,
            probe="probe_bsm",
            signs="signing.bsm:BsmWs36a",
            also=("SignedMeter", "OnDemandSigner", "MeterClock"),
            emulator="signing.emulated_bsm:emulate_bsm",
        ),
        _meter(
            "em540",
            "Carlo Gavazzi EM530 and EM540, three phases",
            "Em540Options",
            (
                "evcc template cg-emt3xx (same driver as EM340)",
                "Victron cgwacs EM540 table",
            ),
        ),
        _meter(
            "em580",
            "Carlo Gavazzi EM580, three phases, signs OCMF",
            "Em580Options",
            ("EM580 Modbus communication protocol, as EVerest's CarloGavazzi_EM580 follows it",),
            signs="signing.em580:Em580",
            also=("SignedMeter", "MeterClock"),
            emulator="signing.emulated_em580:emulate_em580",
        ),
        _meter(
            "dvh4013",
            "DZG DVH4013, three phases, power as a total",
            "Dvh4013Options",
            (
                "DZG DVH4013 communication protocol (via mbmd)",
                "DZG WH4013 Modbus communication protocol (2014, title only)",
                "public OCMF records made by Bender/ebee gateways name MV DZG, MM DVH4013",
            ),
        ),
        _meter(
            "sdm72d-m",
            "Eastron SDM72D-M version 1, totals only",
            "Sdm72dmOptions",
            (
                "Eastron SDM72DM manual (via mbmd)",
                "EVerest GenericPowermeter model Eastron_SDM72DM",
                "evcc template eastron-sdm72",
            ),
            totals=True,
        ),
        _meter(
            "umg604",
            "Janitza UMG 604, three phases",
            "Umg604Options",
            (
                "Janitza common Modbus block (via mbmd)",
                "openWB janitza",
                "OpenEMS umg604",
            ),
        ),
        _meter(
            "umg605",
            "Janitza UMG 605, three phases",
            "Umg605Options",
            (
                "Janitza common Modbus block (via mbmd)",
                "openWB janitza",
                'a Mennekes manual: Bender firmware entry "Modbus Janitza UMG 605 PRO (TCP)"',
            ),
        ),
        _meter(
            "klefr-6924",
            "Klefr 6924, Inepro PRO380 and WAGO 879-30xx, three phases",
            "Klefr6924Options",
            (
                "Inepro PRO380 user manual V2.18 (via mbmd)",
                "a P1-dongle vendor page documenting 6924 emulation (9600 8N1, FC3, unit 1)",
                "SmartEVSE (WAGO 879-30x0, same map)",
            ),
        ),
        _meter(
            "klefr-6934",
            "Klefr 6934 and its family, one phase",
            "Klefr6934Options",
            (
                "KLEFR 6931/6933/6934 and 6941/6943/6944 user manual V2.19",
                "EVerest GenericPowermeter model Klefr_693x-694x",
                "mbmd inepro driver",
            ),
        ),
        _meter(
            "ma370",
            "Phoenix Contact EMpro MA370 and MB370, three phases",
            "Ma370Options",
            (
                "OpenEMS phoenixcontact meter (written for EEM-MB370-24DC)",
                "Phoenix EMpro user manual 109357 (data-type chapter)",
                "a Mennekes installation manual (EEM-MB371-EIP 2907976 over Modbus TCP)",
            ),
        ),
        _meter(
            "iem3155",
            "Schneider Electric iEM3155 and iEM3255, three phases",
            "Iem3155Options",
            (
                "Schneider DOCA0005 user guide (via mbmd)",
                "SmartEVSE meter table",
            ),
        ),
        _meter(
            "pac2200",
            "Siemens SENTRON PAC2200, three phases",
            "Pac2200Options",
            (
                "PAC2200 manual (via mbmd)",
                "OpenEMS pac2200",
                "openWB siemens_sentron",
                "a Mennekes manual for the order numbers Bender firmware accepts: 7KM2200-2EA30-1EA1, -2EA00-1JB1, -2EA40-1JA1/-1EA1/-1JB1",
            ),
        ),
        _meter("shm2", "SMA Sunny Home Manager 2.0 over Modbus TCP, three phases", "Shm2Options", ("OpenEMS MeterSmaShm20",)),
        _meter(
            "sunspec-203",
            "SunSpec meters with the models 201 to 204",
            "Sunspec203Options",
            (
                "SunSpec model files shipped in pysunspec2",
                "SunSpec Device Information Model Specification V1.1 (models, marker)",
                "evcc sunspec-meter template",
            ),
            probe="probe_sunspec_203",
        ),
        _meter(
            "sunspec-213",
            "SunSpec meters with the models 211 to 214 (floats)",
            "Sunspec213Options",
            (
                "SunSpec model files shipped in pysunspec2",
                "evcc kostal-ksem and sunspec-meter templates",
            ),
            probe="probe_sunspec_213",
        ),
        _meter("custom", "Any Modbus meter, with a register map of your own", "CustomOptions", ("the map's own sources",), tested=False),
    )
