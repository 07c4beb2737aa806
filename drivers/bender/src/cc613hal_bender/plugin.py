"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.plugins import BoardSpec, BusKind, Direction, DriverSpec, LineSpec, QualityLevel, SafeRank, UseSpec, hookimpl

_MANUAL = "Bender CC613 manual D00381_07 (02.2023)"
_DOCS = "Bender online documentation of the charge controllers (bender.de/docs/charge-controller)"

_CONTACTOR = DriverSpec(
    name="bender.contactor",
    summary="230 V contactor behind the control relay: feedback, weld check by mirror contact or mains sense, one or three phases.",
    implementation="cc613hal_bender.contactor:BenderContactor",
    options="cc613hal_bender.contactor:ContactorOptions",
    capabilities=("Contactor", "ImmediateOff", "WeldCheck", "PhaseSwitching", "SafeState"),
    lines=(
        LineSpec(role="coil", direction=Direction.OUTPUT, help="Control relay of the contactor's coil; true energises."),
        LineSpec(
            role="mirror", direction=Direction.INPUT, required=False, help="Feedback contact; true = contact closed (NC: surely open)."
        ),
        LineSpec(role="coil3", direction=Direction.OUTPUT, required=False, help="Control relay of a second contactor for L2 and L3."),
        LineSpec(role="mains_sense", direction=Direction.INPUT, required=False, help="WA/WB sense; true = voltage behind the contactor."),
    ),
    uses=(
        UseSpec(role="shunt", capability="Relay", help="Feeds the shunt release of the breaker upstream (K2).", required=False),
        UseSpec(role="supply", capability="SupplyMonitor", help="Tells whether the mains went when the breaker tripped.", required=False),
    ),
    emulator="cc613hal_bender.emulation:emulate_contactor",
    rank=SafeRank.CONTACTOR,
    quality=QualityLevel.SIMULATED,
    sources=(
        _MANUAL,
        _DOCS,
        "IEC 60947-4-1 annex F (mirror contacts)",
        "Phoenix Contact EV Charge Control Basic manual 106377_en_04 (200 ms until the check)",
        "EVerest EvseManager (10 s pause when the number of phases changes)",
    ),
)

_RCD_LINES = (
    LineSpec(role="dc", direction=Direction.INPUT, help="Pin DC; true (high, or open wire) = trip."),
    LineSpec(role="rms", direction=Direction.INPUT, help="Pin RMS; true (high, or open wire) = trip."),
    LineSpec(role="error", direction=Direction.INPUT, required=False, help="Pin Error; true (high) = system fault."),
    LineSpec(role="test", direction=Direction.OUTPUT, help="Pin Test; true pulls it to GND (active_low, open_drain)."),
)
_RCD_MANUAL = "Bender RCMB104 manual D00294_02 (11.2021), pages 4, 8, 13"

_RCD = DriverSpec(
    name="bender.rcmb104",
    summary="RCMB104 residual current monitor module through its Test, DC, RMS and Error pins.",
    implementation="cc613hal_bender.rcd:Rcmb104",
    options="cc613hal_bender.rcd:Rcmb104Options",
    capabilities=("ResidualCurrentMonitor", "SafeState"),
    lines=_RCD_LINES,
    emulator="cc613hal_bender.emulated_rcd:emulate_rcmb104",
    rank=SafeRank.RELAY,
    quality=QualityLevel.SIMULATED,
    sources=(_RCD_MANUAL,),
)

_RCD_MEASURING = DriverSpec(
    name="bender.rcmb104-measuring",
    summary="As bender.rcmb104, with the measured DC and RMS values through an MCP3208 in an inferred reference wiring.",
    implementation="cc613hal_bender.rcd_measuring:Rcmb104Measuring",
    options="cc613hal_bender.rcd_measuring:MeasuringOptions",
    capabilities=("ResidualCurrentMonitor", "SafeState"),
    buses=(BusKind.SPI,),
    lines=_RCD_LINES,
    emulator="cc613hal_bender.emulated_rcd:emulate_measuring",
    rank=SafeRank.RELAY,
    quality=QualityLevel.SIMULATED,
    sources=(_RCD_MANUAL, _MANUAL, "Microchip MCP3204/3208 data sheet DS21298"),
)

_PILOT_LINES = (
    LineSpec(role="pwm", direction=Direction.PWM, help="Pilot generator; high = +12 V, low = −12 V."),
    LineSpec(role="fault", direction=Direction.OUTPUT, required=False, help="Forces −12 V whatever the PWM does."),
    LineSpec(role="alert", direction=Direction.INPUT, required=False, help="Window comparator; any edge = the level moved."),
)
_PILOT_SOURCES = (
    "TI design guide TIDA-010239 (TIDUF04), table 2-3",
    'EVerest documentation, "Basic BringUp"',
    "Microchip MCP3204/3208 data sheet DS21298",
)

_PILOT = DriverSpec(
    name="bender.pilot",
    summary="Control pilot and proximity contact in an inferred reference wiring with an MCP3208 converter.",
    implementation="cc613hal_bender.pilot:BenderPilot",
    options="cc613hal_bender.pilot:PilotOptions",
    capabilities=("ControlPilot", "ProximityPilot", "SafeState"),
    buses=(BusKind.SPI,),
    lines=_PILOT_LINES,
    emulator="cc613hal_bender.emulation:emulate_pilot",
    rank=SafeRank.PILOT,
    quality=QualityLevel.SIMULATED,
    sources=_PILOT_SOURCES,
)

_TETHERED = DriverSpec(
    name="bender.pilot-tethered",
    summary="Control pilot of an outlet with a fixed cable: as bender.pilot, without a proximity contact.",
    implementation="cc613hal_bender.pilot:TetheredPilot",
    options="cc613hal_bender.pilot:PilotOptions",
    capabilities=("ControlPilot", "SafeState"),
    buses=(BusKind.SPI,),
    lines=_PILOT_LINES,
    emulator="cc613hal_bender.emulation:emulate_pilot",
    rank=SafeRank.PILOT,
    quality=QualityLevel.SIMULATED,
    sources=_PILOT_SOURCES,
)

_INPUT = DriverSpec(
    name="bender.opto-input",
    summary="Optocoupler input In−/In+ of terminal J.",
    implementation="cc613hal_bender.extension:OptoInput",
    options="cc613hal_bender.extension:NoOptions",
    capabilities=("DigitalInput",),
    lines=(LineSpec(role="input", direction=Direction.INPUT, help="True = current flows through the optocoupler."),),
    emulator="cc613hal_bender.emulation:emulate_opto_input",
    quality=QualityLevel.SIMULATED,
    sources=(_MANUAL, _DOCS),
)

_RELAY = DriverSpec(
    name="bender.relay",
    summary="Auxiliary relay K2 (13/14) of terminal J.",
    implementation="cc613hal_bender.extension:AuxiliaryRelay",
    options="cc613hal_bender.extension:NoOptions",
    capabilities=("Relay", "SafeState"),
    lines=(LineSpec(role="coil", direction=Direction.OUTPUT, help="True energises."),),
    emulator="cc613hal_bender.emulation:emulate_relay",
    rank=SafeRank.RELAY,
    quality=QualityLevel.SIMULATED,
    sources=(_MANUAL, _DOCS),
)

_SUPPLY = DriverSpec(
    name="bender.supply",
    summary="Monitor of the controller's 12 V supply and of the mains at the contactor's input.",
    implementation="cc613hal_bender.supply:SupplySense",
    options="cc613hal_bender.supply:SupplyOptions",
    capabilities=("SupplyMonitor",),
    lines=(
        LineSpec(role="power_good", direction=Direction.INPUT, help="True = the 12 V supply is good."),
        LineSpec(role="mains", direction=Direction.INPUT, required=False, help="True = mains at the contactor's input."),
    ),
    emulator="cc613hal_bender.emulation:emulate_supply",
    quality=QualityLevel.SIMULATED,
    sources=(_MANUAL,),
)


_HOUSEHOLD = DriverSpec(
    name="bender.household-socket",
    summary="Household socket (CEE 7) beside the vehicle socket: plug, flap, MCB and RCD contacts, current limit.",
    implementation="cc613hal_bender.household:HouseholdSocketSense",
    options="cc613hal_bender.household:HouseholdOptions",
    capabilities=("HouseholdSocket",),
    lines=(
        LineSpec(role="breaker_ok", direction=Direction.INPUT, required=False, help="Auxiliary contact of its MCB; true = closed."),
        LineSpec(role="rcd_ok", direction=Direction.INPUT, required=False, help="Auxiliary contact of its RCD; true = closed."),
        LineSpec(role="plugged", direction=Direction.INPUT, required=False, help="Plug switch; true = a plug is in."),
        LineSpec(role="flap_closed", direction=Direction.INPUT, required=False, help="Flap switch; true = the flap is closed."),
    ),
    emulator="cc613hal_bender.emulation:emulate_household_socket",
    quality=QualityLevel.SIMULATED,
    sources=(_MANUAL, _DOCS, "elektrofachkraft.de on household plugs (continuous current)"),
)

_CLIMATE = DriverSpec(
    name="bender.climate",
    summary="Relay K2 as heater or fan switch with two thresholds, by a thermometer of the board.",
    implementation="cc613hal_bender.climate:ClimateRelay",
    options="cc613hal_bender.climate:ClimateOptions",
    capabilities=("ClimateControl", "Relay", "SafeState"),
    lines=(LineSpec(role="coil", direction=Direction.OUTPUT, help="True energises."),),
    uses=(UseSpec(role="sensor", capability="TemperatureSensor", help="The temperature it goes by."),),
    emulator="cc613hal_bender.emulation:emulate_climate",
    rank=SafeRank.RELAY,
    quality=QualityLevel.SIMULATED,
    sources=(_MANUAL, _DOCS),
)

_PLC = DriverSpec(
    name="bender.plc-qca7000",
    summary="Power line modem QCA7000 (HomePlug Green PHY) on SPI: identity, link, network key, reset; an inferred wiring.",
    implementation="cc613hal_bender.plc:Qca7000Modem",
    options="cc613hal_bender.plc:PlcOptions",
    capabilities=("PlcModem", "Identified"),
    buses=(BusKind.SPI,),
    lines=(LineSpec(role="reset", direction=Direction.OUTPUT, required=False, help="True holds the modem in reset."),),
    emulator="cc613hal_bender.emulated_plc:emulate_qca7000",
    quality=QualityLevel.SIMULATED,
    sources=(
        "Bender CC613 data sheet D00381_04 (09.2021): ISO 15118 power line variant",
        "Linux kernel, drivers/net/ethernet/qualcomm (QCA7000 SPI registers and framing)",
        "EVerest libslac and open-plc-utils (management messages)",
    ),
)

_FRONT_LED = DriverSpec(
    name="bender.front-led",
    summary="Status light on the controller's front: three on/off colours, its meanings as data.",
    implementation="cc613hal_bender.front_led:FrontLed",
    options="cc613hal_bender.front_led:FrontLedOptions",
    capabilities=("Indicator", "SafeState"),
    lines=tuple(
        LineSpec(role=colour, direction=Direction.OUTPUT, group="light", help=f"The {colour} light; true = on.")
        for colour in ("red", "green", "blue")
    ),
    emulator="cc613hal_bender.emulation:emulate_front_led",
    rank=SafeRank.INDICATOR,
    quality=QualityLevel.SIMULATED,
    sources=(f"{_DOCS}, LED meanings",),
)


@hookimpl
def cc613hal_drivers() -> tuple[DriverSpec, ...]:
    """The drivers of this package."""
    return _CONTACTOR, _RCD, _RCD_MEASURING, _PILOT, _TETHERED, _INPUT, _RELAY, _SUPPLY, _HOUSEHOLD, _CLIMATE, _PLC, _FRONT_LED


_BOARDS = (
    ("cc613", "CC613-class station: one type 2 socket with a Hella actuator, card reader, meter, lights, sensors."),
    ("cc613-phoenix", "As bender.cc613, with a Phoenix Contact actuator."),
    ("cc613-tethered", "As bender.cc613, with a fixed cable: no lock, no proximity contact."),
    ("cc613-household", "As bender.cc613, with a household socket on terminal J as connector 2."),
    ("cc613-climate", "As bender.cc613, with a fan on relay K2 by the relay's temperature."),
    ("cc613-shunt", "As bender.cc613, with a shunt release on relay K2 that a proven weld fires."),
    ("cc613-no-rcmb", "As bender.cc613, without a residual current module: the installation has an RCD type B."),
    ("cc613-phases", "As bender.cc613, with a second contactor for switching between one and three phases."),
    ("cc613-modem", "As bender.cc613, with a 4G modem."),
    ("cc613-plc", "As bender.cc613, with a power line modem for ISO 15118."),
    ("cc613-h", "CC613-H-class wallbox: fixed cable, no terminal J, no parking sensor."),
    ("cc613-h-socket", "CC613-H-class wallbox with a socket and a Hella actuator."),
)


@hookimpl
def cc613hal_boards() -> tuple[BoardSpec, ...]:
    """The boards this package describes."""
    return tuple(
        BoardSpec(name=f"bender.{name}", summary=summary, package="cc613hal_bender", file=f"boards/{name}.toml")
        for name, summary in _BOARDS
    )
