"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.plugins import BoardSpec, BusKind, Direction, DriverSpec, LineSpec, QualityLevel, SafeRank, hookimpl

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

_RCD = DriverSpec(
    name="bender.rcmb104",
    summary="RCMB104 residual current monitor module through its Test, DC, RMS and Error pins.",
    implementation="cc613hal_bender.rcd:Rcmb104",
    options="cc613hal_bender.rcd:Rcmb104Options",
    capabilities=("ResidualCurrentMonitor", "SafeState"),
    lines=(
        LineSpec(role="dc", direction=Direction.INPUT, help="Pin DC; true (high, or open wire) = trip."),
        LineSpec(role="rms", direction=Direction.INPUT, help="Pin RMS; true (high, or open wire) = trip."),
        LineSpec(role="error", direction=Direction.INPUT, required=False, help="Pin Error; true (high) = system fault."),
        LineSpec(role="test", direction=Direction.OUTPUT, help="Pin Test; true pulls it to GND (active_low, open_drain)."),
    ),
    emulator="cc613hal_bender.emulation:emulate_rcmb104",
    rank=SafeRank.RELAY,
    quality=QualityLevel.SIMULATED,
    sources=("Bender RCMB104 manual D00294_02 (11.2021), pages 4, 8, 13",),
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
    implementation="cc613hal_bender.extension:SupplySense",
    options="cc613hal_bender.extension:NoOptions",
    capabilities=("SupplyMonitor",),
    lines=(
        LineSpec(role="power_good", direction=Direction.INPUT, help="True = the 12 V supply is good."),
        LineSpec(role="mains", direction=Direction.INPUT, required=False, help="True = mains at the contactor's input."),
    ),
    emulator="cc613hal_bender.emulation:emulate_supply",
    quality=QualityLevel.SIMULATED,
    sources=(_MANUAL,),
)


@hookimpl
def cc613hal_drivers() -> tuple[DriverSpec, ...]:
    """The drivers of this package."""
    return _CONTACTOR, _RCD, _PILOT, _TETHERED, _INPUT, _RELAY, _SUPPLY


@hookimpl
def cc613hal_boards() -> tuple[BoardSpec, ...]:
    """The boards this package describes."""
    return (
        BoardSpec(
            name="bender.cc613",
            summary="CC613-class station: one type 2 socket with a Hella actuator, card reader, meter, lights, sensors.",
            package="cc613hal_bender",
            file="boards/cc613.toml",
        ),
        BoardSpec(
            name="bender.cc613-phoenix",
            summary="As bender.cc613, with a Phoenix Contact actuator.",
            package="cc613hal_bender",
            file="boards/cc613-phoenix.toml",
        ),
        BoardSpec(
            name="bender.cc613-tethered",
            summary="As bender.cc613, with a fixed cable: no lock, no proximity contact.",
            package="cc613hal_bender",
            file="boards/cc613-tethered.toml",
        ),
    )
