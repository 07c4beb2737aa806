"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.plugins import BusKind, Direction, DriverSpec, LineSpec, QualityLevel, hookimpl

_EASTRON_DOCS = "Eastron Modbus protocol document of the model"
_GAVAZZI = "Carlo Gavazzi communication protocol of the model"
_MBMD = "mbmd (github.com/volkszaehler/mbmd), meters/rs485"
_VICTRON = "Victron Energy register tables (dbus-cgwacs, dbus-modbus-client)"
_OTHERS = "meter tables of openWB, OpenEMS, SmartEVSE and EVerest, which agree"
_SML_RULES = "SML 1.04 (BSI TR-03109-1, annex IV) and OBIS (IEC 62056-61)"
_TOLD = ("PowerMeter", "EnergyMeter", "SnapshotMeter", "Identified")
_SIGNED = (*_TOLD, "SignedMeter", "MeterClock")
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


def _told(
    name: str,
    summary: str,
    where: str,
    options: str,
    *,
    emulator: str,
    sources: tuple[str, ...],
    buses: tuple[BusKind, ...] = (),
    lines: tuple[LineSpec, ...] = (),
    capabilities: tuple[str, ...] = _TOLD,
    probe: str = "",
) -> DriverSpec:
    """A meter without a register map; its driver is code."""
    return DriverSpec(
        name=f"meters.{name}",
        summary=summary,
        implementation=f"cc613hal_meters.{where}",
        options=f"cc613hal_meters.told_options:{options}",
        capabilities=capabilities,
        buses=buses,
        lines=lines,
        emulator=f"cc613hal_meters.{emulator if ':' in emulator else f'emulation_told:{emulator}'}",
        probe=f"cc613hal_meters.probe:{probe}" if probe else "",
        quality=QualityLevel.SIMULATED,
        sources=sources,
    )


_EASTRON = (
    _meter("sdm630", "Eastron SDM630-Modbus V2, three phases", "Sdm630Options", (_EASTRON_DOCS, _MBMD, _OTHERS), probe="probe_sdm630"),
    _meter("sdm72d-m-v2", "Eastron SDM72D-M-V2, three phases", "Sdm72dmV2Options", (_EASTRON_DOCS, _MBMD, _OTHERS)),
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
    _meter("sdm120", "Eastron SDM120-Modbus, one phase", "Sdm120Options", (_EASTRON_DOCS, _MBMD, _OTHERS)),
)
"""Eastron."""

_CARLO_GAVAZZI = (
    _meter("em24", "Carlo Gavazzi EM24-DIN with RS-485, three phases", "Em24Options", (_GAVAZZI, _MBMD, _VICTRON)),
    _meter(
        "em24-e1",
        "Carlo Gavazzi EM24 E1 with Ethernet, three phases",
        "Em24E1Options",
        (_GAVAZZI, _MBMD, _VICTRON),
        probe="probe_em24_e1",
    ),
    _meter(
        "em340",
        "Carlo Gavazzi EM330, EM340, ET330, ET340, three phases",
        "Em340Options",
        (_GAVAZZI, _MBMD, _VICTRON),
        probe="probe_em340",
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
)
"""Carlo Gavazzi."""

_PHOENIX_CONTACT = (
    _meter("eem-350", "Phoenix Contact EEM-350-D-MCB, three phases, import only", "Eem350Options", ("SmartEVSE meter table",)),
    _meter(
        "ma370",
        "Phoenix Contact EMpro MA370 and MB370, three phases",
        "Ma370Options",
        (
            "OpenEMS phoenixcontact meter (written for EEM-MB370-24DC)",
            "Phoenix EMpro user manual 109357 (data-type chapter)",
            "a Mennekes installation manual (EEM-MB371-EIP 2907976 over Modbus TCP)",
        ),
        probe="probe_ma370",
    ),
)
"""Phoenix Contact."""

_KLEFR = (
    _meter(
        "klefr-6924",
        "Klefr 6924, Inepro PRO380 and WAGO 879-30xx, three phases",
        "Klefr6924Options",
        (
            "Inepro PRO380 user manual V2.18 (via mbmd)",
            "a P1-dongle vendor page documenting 6924 emulation (9600 8N1, FC3, unit 1)",
            "SmartEVSE (WAGO 879-30x0, same map)",
        ),
        probe="probe_klefr_6924",
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
)
"""Klefr, Inepro and their rebadges."""

_JANITZA = (
    _meter(
        "umg604",
        "Janitza UMG 604, three phases",
        "Umg604Options",
        (
            "Janitza common Modbus block (via mbmd)",
            "openWB janitza",
            "OpenEMS umg604",
        ),
        probe="probe_umg604",
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
)
"""Janitza."""

_EICHRECHT = (
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
        "dvh4013",
        "DZG DVH4013, three phases, power as a total",
        "Dvh4013Options",
        (
            "DZG DVH4013 communication protocol (via mbmd)",
            "DZG WH4013 Modbus communication protocol (2014, title only)",
            "public OCMF records made by Bender/ebee gateways name MV DZG, MM DVH4013",
        ),
        probe="probe_dvh4013",
    ),
)
"""Meters made for charging stations: Iskra, Bauer, DZG."""

_INDUSTRY = (
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
        "iem3155",
        "Schneider Electric iEM3155 and iEM3255, three phases",
        "Iem3155Options",
        (
            "Schneider DOCA0005 user guide (via mbmd)",
            "SmartEVSE meter table",
        ),
        probe="probe_iem3155",
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
        probe="probe_pac2200",
    ),
)
"""ABB, Schneider Electric, Siemens."""

_ENERGY_MANAGEMENT = (
    _meter("em300", "TQ EM300 and Kostal KSEM over Modbus TCP, three phases", "Em300Options", ("OpenEMS bcontrol em300",)),
    _meter("shm2", "SMA Sunny Home Manager 2.0 over Modbus TCP, three phases", "Shm2Options", ("OpenEMS MeterSmaShm20",)),
)
"""Meters of the house connection: TQ, SMA over Modbus."""

_SUNSPEC = (
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
)
"""Meters that say themselves where their registers are."""

_CUSTOM = (
    _meter("custom", "Any Modbus meter, with a register map of your own", "CustomOptions", ("the map's own sources",), tested=False),
)
"""A map of one's own."""

_SML = (
    _told(
        "emh-ehz",
        "EMH eHZ, mMe4.0, ED300 and other meters with an eHZ's telegrams, by optical head: the measured values, not the signatures",
        "sml_meter:SmlMeter",
        "EmhEhzOptions",
        emulator="emulate_sml",
        sources=(_SML_RULES, "Bender CC612 manual (EMH eHZ behind an optical head on RJ10)"),
        buses=(BusKind.SERIAL,),
        probe="probe_emh_ehz",
    ),
    _told(
        "edl40",
        "EMH eHZ, mMe4.0, ED300 and eMOC with customer identification (EDL40), by optical head, sign SML telegrams",
        "signing.edl40:Edl40",
        "Edl40Options",
        emulator="signing.emulated_edl40:emulate_edl40",
        sources=(_SML_RULES, "public samples of the S.A.F.E. transparency software (EDL40, eMOC, Mennekes)"),
        buses=(BusKind.SERIAL,),
        capabilities=(*_TOLD, "SignedMeter"),
    ),
    _told(
        "easymeter-q3",
        "EasyMeter Q3M and Q3D, by optical head or RS-485: the measured values, not the signatures",
        "sml_meter:SmlMeter",
        "EasymeterQ3Options",
        emulator="emulate_sml",
        sources=(_SML_RULES,),
        buses=(BusKind.SERIAL,),
        probe="probe_easymeter_q3",
    ),
)
"""Meters that push SML telegrams."""

_NETWORK = (
    _told(
        "speedwire",
        "SMA Energy Meter and Sunny Home Manager 2.0, heard in their multicast group",
        "speedwire_meter:SpeedwireMeter",
        "SpeedwireOptions",
        emulator="emulate_speedwire",
        sources=("SMA Energy Meter protocol (technical information)", "openWB speedwire decoder", "evcc template sma-energymeter"),
        buses=(BusKind.MULTICAST,),
        capabilities=_CAPABILITIES,
    ),
    _told(
        "lem-dcbm",
        "LEM DCBM 400 and 600, DC, over HTTP, signs OCMF",
        "signing.lem:LemDcbm",
        "LemDcbmOptions",
        emulator="signing.emulated_told:emulate_lem",
        capabilities=_SIGNED,
        sources=("EVerest driver LemDCBM400600, which follows LEM's communication protocols manual",),
        buses=(BusKind.HTTP,),
    ),
    _told(
        "iem-dcr",
        "Isabellenhütte IEM-DCR 125, 1000 and 1500, DC, over HTTP, signs OCMF",
        "signing.iem_dcr:IemDcr",
        "IemDcrOptions",
        emulator="signing.emulated_told:emulate_iem_dcr",
        capabilities=_SIGNED,
        sources=("EVerest driver IsabellenhuetteIemDcr",),
        buses=(BusKind.HTTP,),
    ),
)
"""Meters in the network."""

_OTHERS_IN_CODE = (
    _told(
        "gsh01",
        "DZG GSH01, DC, in SLIP frames over RS-485, signs OCMF",
        "signing.gsh01:Gsh01",
        "Gsh01Options",
        emulator="signing.emulated_told:emulate_gsh01",
        capabilities=_SIGNED,
        sources=("EVerest driver DZG_GSH01",),
        buses=(BusKind.SERIAL,),
    ),
    _told(
        "s0",
        "Any meter with an S0 pulse output, on a GPIO line",
        "s0:S0Meter",
        "S0Options",
        emulator="emulate_s0",
        sources=("IEC 62053-31 (S0: pulses of at least 30 ms)",),
        lines=(LineSpec(role="pulse", direction=Direction.INPUT, help="the pulse output, active while a pulse lasts"),),
        capabilities=("PowerMeter", "EnergyMeter"),
    ),
)
"""A line protocol of its own, and no protocol at all."""


@hookimpl
def cc613hal_drivers() -> tuple[DriverSpec, ...]:
    """The drivers of this package: with a register map, then in code."""
    mapped = (
        *_EASTRON,
        *_CARLO_GAVAZZI,
        *_PHOENIX_CONTACT,
        *_KLEFR,
        *_JANITZA,
        *_EICHRECHT,
        *_INDUSTRY,
        *_ENERGY_MANAGEMENT,
        *_SUNSPEC,
        *_CUSTOM,
    )
    return (*mapped, *_SML, *_NETWORK, *_OTHERS_IN_CODE)
