"""What a board offers: one file per concept, Protocols and frozen values, no I/O.

A driver inherits the Protocols it fulfils by name; a caller asks a board for the capability, not for the driver. A command that
changes the world returns evidence that it did, and raises :class:`~cc613hal.errors.CommandFailed` (with what was sensed instead)
when it did not; a test or measurement returns its outcome.
"""

from __future__ import annotations

from cc613hal.interfaces.card import (
    Card,
    CardEvent,
    CardReader,
    CardRefusal,
    CardRefusals,
    CardSecurity,
    CardTechnology,
    RefusalReason,
    SecureCardReader,
)
from cc613hal.interfaces.climate import ClimateControl, ClimateMode, ClimateReading
from cc613hal.interfaces.contactor import (
    Contactor,
    ContactorReading,
    ContactorState,
    ImmediateOff,
    PhaseSwitching,
    SwitchingCounter,
    SwitchResult,
)
from cc613hal.interfaces.digital import DigitalInput, DigitalOutput, DigitalReading
from cc613hal.interfaces.display import Display
from cc613hal.interfaces.household import HouseholdReading, HouseholdSocket
from cc613hal.interfaces.identity import Identified, Identity, SafeState
from cc613hal.interfaces.indicator import (
    BLACK,
    Colour,
    Indicator,
    Motion,
    Pattern,
)
from cc613hal.interfaces.lock import (
    EmergencyOpener,
    EmergencyRelease,
    LockPosition,
    LockReading,
    LockResult,
    OpenerReading,
    OpenerState,
    PlugLock,
    ReleaseReport,
)
from cc613hal.interfaces.meter import (
    EnergyMeter,
    EnergyReading,
    MeterReading,
    PhaseMeter,
    PhaseReading,
    PowerMeter,
    PowerReading,
    SnapshotMeter,
)
from cc613hal.interfaces.modem import (
    Modem,
    ModemIdentity,
    ModemReading,
    Registration,
    SimState,
)
from cc613hal.interfaces.pilot import ControlPilot, PilotOutput, PilotReading, PilotState
from cc613hal.interfaces.plc import PlcModem, PlcReading
from cc613hal.interfaces.presence import PresenceReading, PresenceSensor
from cc613hal.interfaces.proximity import CableState, ProximityPilot, ProximityReading
from cc613hal.interfaces.rcd import (
    ResidualCurrentMonitor,
    ResidualReading,
    ResidualTrip,
    SelfTestResult,
    SelfTestStep,
    TripCause,
)
from cc613hal.interfaces.relay import Relay
from cc613hal.interfaces.signed_meter import (
    EndReason,
    MeterClock,
    MeterClockReading,
    OnDemandSigner,
    SignedMeter,
    SignedReading,
    SignedTransaction,
    SigningEvent,
    TransactionPhase,
    TransactionReading,
    UserAssignment,
)
from cc613hal.interfaces.sounder import Beep, Sounder
from cc613hal.interfaces.supply import SupplyMonitor, SupplyReading, SupplyState
from cc613hal.interfaces.temperature import TemperatureReading, TemperatureSensor
from cc613hal.interfaces.tilt import TiltReading, TiltSensor
from cc613hal.interfaces.weld import WeldCheck, WeldMethod, WeldReading, WeldState

__all__ = [
    "BLACK",
    "Beep",
    "CableState",
    "Card",
    "CardEvent",
    "CardReader",
    "CardRefusal",
    "CardRefusals",
    "CardSecurity",
    "CardTechnology",
    "ClimateControl",
    "ClimateMode",
    "ClimateReading",
    "Colour",
    "Contactor",
    "ContactorReading",
    "ContactorState",
    "ControlPilot",
    "DigitalInput",
    "DigitalOutput",
    "DigitalReading",
    "Display",
    "EmergencyOpener",
    "EmergencyRelease",
    "EndReason",
    "EnergyMeter",
    "EnergyReading",
    "HouseholdReading",
    "HouseholdSocket",
    "Identified",
    "Identity",
    "ImmediateOff",
    "Indicator",
    "LockPosition",
    "LockReading",
    "LockResult",
    "MeterClock",
    "MeterClockReading",
    "MeterReading",
    "Modem",
    "ModemIdentity",
    "ModemReading",
    "Motion",
    "OnDemandSigner",
    "OpenerReading",
    "OpenerState",
    "Pattern",
    "PhaseMeter",
    "PhaseReading",
    "PhaseSwitching",
    "PilotOutput",
    "PilotReading",
    "PilotState",
    "PlcModem",
    "PlcReading",
    "PlugLock",
    "PowerMeter",
    "PowerReading",
    "PresenceReading",
    "PresenceSensor",
    "ProximityPilot",
    "ProximityReading",
    "RefusalReason",
    "Registration",
    "Relay",
    "ReleaseReport",
    "ResidualCurrentMonitor",
    "ResidualReading",
    "ResidualTrip",
    "SafeState",
    "SecureCardReader",
    "SelfTestResult",
    "SelfTestStep",
    "SignedMeter",
    "SignedReading",
    "SignedTransaction",
    "SigningEvent",
    "SimState",
    "SnapshotMeter",
    "Sounder",
    "SupplyMonitor",
    "SupplyReading",
    "SupplyState",
    "SwitchResult",
    "SwitchingCounter",
    "TemperatureReading",
    "TemperatureSensor",
    "TiltReading",
    "TiltSensor",
    "TransactionPhase",
    "TransactionReading",
    "TripCause",
    "UserAssignment",
    "WeldCheck",
    "WeldMethod",
    "WeldReading",
    "WeldState",
]
