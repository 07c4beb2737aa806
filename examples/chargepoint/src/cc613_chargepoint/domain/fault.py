"""Named faults, one catalogue for every adapter: what each stops, who clears it, and how people and backends read it.

Bits are those of error word 4 of the Modbus register set; the activation and cleared texts of the classic faults are those a Bender
controller sends to its backend. Both are public: the maker's documentation and the register lists quoted by open clients
(OpenEMS, evcc). Codes are spelt as OCPP 1.6 spells them; what no code fits is ``OtherError`` with the information text.
"""

from __future__ import annotations

import enum

from attrs import frozen

__all__ = ["Clearing", "Fault", "FaultKind", "FaultName", "Severity"]


class Clearing(enum.Enum):
    """Who clears a fault."""

    UNPLUG = "unplug"
    """Goes when the vehicle is unplugged and the cause is gone."""
    CAUSE = "cause"
    """Goes by itself when the cause is gone."""
    SERVICE = "service"
    """Stays until somebody has been there."""
    RESTART = "restart"
    """Stays until the controller starts again."""


class Severity(enum.Enum):
    """What a fault means for charging."""

    WARNING = "warning"
    """Charging goes on."""
    STOP = "stop"
    """The contactor opens, and no charge begins on this connector."""
    MAINTENANCE = "maintenance"
    """As ``STOP``, and somebody has to come."""


@frozen(kw_only=True)
class FaultKind:
    """What is known of a fault before it happens.

    Attributes:
        word: its name in logs, files and interfaces.
        bit: in error word 4 of the Modbus register set; ``None`` if it has none there.
        severity: what it means for charging.
        clearing: who clears it.
        en: for people, in English.
        de: for people, in German.
        ocpp: error code of OCPP 1.6.
        info: the text sent along when it comes.
        cleared: the text sent along when it goes.
    """

    word: str
    bit: int | None
    severity: Severity
    clearing: Clearing
    en: str
    de: str
    ocpp: str
    info: str
    cleared: str


def _stop(  # noqa: PLR0917 - a row of a table
    word: str, bit: int | None, ocpp: str, info: str, cleared: str, en: str, de: str, clearing: Clearing = Clearing.UNPLUG
) -> FaultKind:
    severity = Severity.MAINTENANCE if clearing is Clearing.SERVICE else Severity.STOP
    return FaultKind(word=word, bit=bit, severity=severity, clearing=clearing, en=en, de=de, ocpp=ocpp, info=info, cleared=cleared)


def _warning(  # noqa: PLR0917 - a row of a table
    word: str, bit: int | None, ocpp: str, info: str, cleared: str, en: str, de: str
) -> FaultKind:
    return FaultKind(
        word=word, bit=bit, severity=Severity.WARNING, clearing=Clearing.CAUSE, en=en, de=de, ocpp=ocpp, info=info, cleared=cleared
    )


class FaultName(enum.Enum):
    """The catalogue."""

    RESIDUAL_CURRENT = _stop(
        "residual-current", 0, "GroundFailure", "Residual current detected via sensor", "Residual current situation resolved",
        "Residual current. Unplug the vehicle.", "Fehlerstrom. Bitte Fahrzeug abstecken.",
    )  # fmt: skip
    PILOT_ERROR = _stop(
        "pilot-error", 1, "EVCommunicationError", "Vehicle signals error", "Vehicle error resolved",
        "The vehicle or its cable signals an error.", "Fahrzeug oder Kabel meldet einen Fehler.",
    )  # fmt: skip
    DIODE_MISSING = _stop(
        "diode-missing", 2, "EVCommunicationError", "Vehicle diode check failed - tamper detection",
        "Vehicle with diode problem disconnected",
        "What is plugged in does not behave like a vehicle.", "Das Eingesteckte verhält sich nicht wie ein Fahrzeug.",
    )  # fmt: skip
    MCB_TYPE2 = _stop(
        "mcb-type2", 3, "OverCurrentFailure", "MCB of type 2 socket triggered", "MCB type 2 reconnected",
        "The circuit breaker of the type 2 socket has tripped.", "Leitungsschutz der Typ-2-Dose hat ausgelöst.", Clearing.CAUSE,
    )  # fmt: skip
    MCB_HOUSEHOLD = _stop(
        "mcb-household", 4, "OverCurrentFailure", "MCB of domestic socket triggered", "MCB domestic socket reconnected",
        "The circuit breaker of the household socket has tripped.", "Leitungsschutz der Haushaltsdose hat ausgelöst.", Clearing.CAUSE,
    )  # fmt: skip
    RCD_TRIPPED = _stop(
        "rcd-tripped", 5, "GroundFailure", "RCD triggered", "RCD reconnected",
        "The residual current device has tripped.", "Der Fehlerstromschutzschalter hat ausgelöst.", Clearing.CAUSE,
    )  # fmt: skip
    RCD_SUSPECTED = _stop(
        "rcd-suspected", None, "GroundFailure", "RCD may be triggered (OCPP meter power loss)",
        "RCD may be reconnected (OCPP meter recovered)",
        "The residual current device may have tripped: the meter behind it is silent.",
        "Der Fehlerstromschutzschalter hat vielleicht ausgelöst: Der Zähler dahinter schweigt.",
    )  # fmt: skip
    CONTACTOR_WELDED = _stop(
        "contactor-welded", 6, "PowerSwitchFailure", "Contactor welded", "Contactor weld resolved",
        "The contactor hangs. The plug stays locked; service is needed.", "Schütz klebt. Stecker bleibt verriegelt; Service nötig.",
        Clearing.SERVICE,
    )  # fmt: skip
    BACKEND_LOST = _warning(
        "backend-lost", 7, "OtherError", "Backend disconnected", "Backend connected",
        "The backend cannot be reached.", "Backend nicht erreichbar.",
    )  # fmt: skip
    LOCK_FAILED = _stop(
        "lock-failed", 8, "ConnectorLockFailure", "Plug locking failed", "Plug locking possible again",
        "The plug cannot be locked. Plug in again.", "Stecker lässt sich nicht verriegeln. Bitte neu stecken.",
    )  # fmt: skip
    LOCKED_WITHOUT_PLUG = _stop(
        "locked-without-plug", 9, "ConnectorLockFailure", "Locking without plug error", "Locking without plug resolved",
        "There is no plug in the socket to lock.", "Es steckt kein Stecker, der verriegelt werden könnte.",
    )  # fmt: skip
    UNLOCK_FAILED = _stop(
        "unlock-failed", 10, "ConnectorLockFailure", "Actuator stuck cannot unlock", "Actuator unlocks again",
        "The plug cannot be released.", "Stecker lässt sich nicht freigeben.", Clearing.SERVICE,
    )  # fmt: skip
    ACTUATOR_MISSING = _stop(
        "actuator-missing", 11, "ConnectorLockFailure", "Actuator detection failed", "Actuator detected",
        "The lock's motor was not found.", "Verriegelungsmotor nicht gefunden.", Clearing.CAUSE,
    )  # fmt: skip
    UPDATE_RUNNING = _warning(
        "update-running", 12, "OtherError", "FW update in progress", "FW update finished",
        "Software is being updated.", "Software wird aktualisiert.",
    )  # fmt: skip
    TILTED = _stop(
        "tilted", 13, "OtherError", "The charge point is tilted", "The charge point is upright again",
        "The station is tilted.", "Die Station ist geneigt.", Clearing.CAUSE,
    )  # fmt: skip
    WRONG_WIRING = _stop(
        "wrong-wiring", 14, "OtherError", "CP/PR wiring issue", "CP/PR wiring issue resolved",
        "Pilot or proximity is wired wrongly.", "Pilot oder Proximity falsch verdrahtet.", Clearing.SERVICE,
    )  # fmt: skip
    OVER_CURRENT = _stop(
        "over-current", 15, "OverCurrentFailure", "Car current overload, charging stopped", "Car current overload resolved",
        "The vehicle drew more than it was offered.", "Das Fahrzeug zog mehr Strom als angeboten.",
    )  # fmt: skip
    UNLOCKED_WHILE_CHARGING = _stop(
        "unlocked-while-charging", 16, "ConnectorLockFailure", "Actuator unlocked while charging", "Actuator locked again",
        "The plug was unlocked during the charge.", "Stecker wurde während der Ladung entriegelt.",
    )  # fmt: skip
    TILTED_UNTIL_RESTART = _stop(
        "tilted-until-restart", 17, "OtherError", "Tilted, not allowed to charge until reboot",
        "The charge point may charge again",
        "The station was tilted and charges no more until it is started again.", "Station war geneigt, lädt erst nach Neustart wieder.",
        Clearing.RESTART,
    )  # fmt: skip
    SAFETY_PROCESSOR = _stop(
        "safety-processor", 18, "InternalError", "Safety processor not reachable", "Safety processor reachable",
        "The safety processor does not answer.", "Sicherheitsprozessor antwortet nicht.", Clearing.CAUSE,
    )  # fmt: skip
    USB_HANDLING = _warning(
        "usb-handling", 19, "OtherError", "USB stick handling in progress", "USB stick handling finished",
        "A USB stick is being read.", "USB-Stick wird verarbeitet.",
    )  # fmt: skip
    PHASE_ROTATION = _stop(
        "phase-rotation", 20, "OtherError", "Incorrect phase installation", "Phase installation correct",
        "The phases are connected wrongly.", "Phasen falsch angeschlossen.", Clearing.CAUSE,
    )  # fmt: skip
    EARTH_MISSING = _stop(
        "earth-missing", None, "GroundFailure", "Protective earth missing", "Protective earth is back",
        "Protective earth is missing.", "Schutzleiter fehlt.", Clearing.CAUSE,
    )  # fmt: skip
    NO_POWER = _stop(
        "no-power", 21, "UnderVoltage", "No power", "Power is back", "Mains voltage is missing.", "Netzspannung fehlt.", Clearing.CAUSE
    )
    SUPPLY_FAILING = _stop(
        "supply-failing", None, "UnderVoltage", "Supply of the controller fails", "Supply of the controller is good again",
        "The controller's supply fails.", "Versorgung der Steuerung fällt aus.", Clearing.CAUSE,
    )  # fmt: skip
    RCD_TEST_FAILED = _stop(
        "rcd-test-failed", None, "GroundFailure", "Residual current monitor self-test failed", "Residual current monitor self-test passed",
        "The residual current monitor failed its test.", "Selbsttest der Fehlerstromüberwachung nicht bestanden.",
    )  # fmt: skip
    CABLE_FAULT = _stop(
        "cable-fault", None, "OtherError", "Cable coding invalid", "Cable with invalid coding disconnected",
        "The cable is not valid.", "Kabel ungültig.",
    )  # fmt: skip
    VENTILATION_REFUSED = _stop(
        "ventilation-refused", None, "EVCommunicationError", "Vehicle needs ventilation", "Vehicle that needs ventilation disconnected",
        "The vehicle needs ventilation that there is none of.", "Fahrzeug benötigt Lüftung, die es hier nicht gibt.",
    )  # fmt: skip
    CONTACTOR_FAILED = _stop(
        "contactor-failed", None, "PowerSwitchFailure", "Contactor does not follow", "Contactor follows again",
        "The contactor does not follow its command.", "Schütz folgt dem Befehl nicht.", Clearing.SERVICE,
    )  # fmt: skip
    METER_LOST = _stop(
        "meter-lost", None, "PowerMeterFailure", "Meter cannot be read", "Meter can be read again",
        "The meter cannot be read.", "Zähler nicht lesbar.",
    )  # fmt: skip
    METER_SILENT = _warning(
        "meter-silent", None, "PowerMeterFailure", "Meter cannot be read, charging goes on", "Meter can be read again",
        "The meter cannot be read; charging goes on and is not billed.",
        "Zähler nicht lesbar; geladen wird weiter, abgerechnet wird nichts.",
    )  # fmt: skip
    METER_UNSIGNED = _stop(
        "meter-unsigned", None, "PowerMeterFailure", "Meter does not sign", "Meter signs again",
        "The meter does not sign its values; nothing can be sold.", "Zähler signiert nicht; nichts kann abgerechnet werden.",
    )  # fmt: skip
    DEVICE_LOST = _stop(
        "device-lost", None, "InternalError", "A device that charging needs does not answer", "The device answers again",
        "A part of the station does not answer.", "Ein Bauteil der Station antwortet nicht.",
    )  # fmt: skip
    STORE_FAILED = _stop(
        "store-failed", None, "InternalError", "Sessions cannot be recorded", "Sessions can be recorded again",
        "The station cannot record sessions.", "Ladevorgänge können nicht gespeichert werden.", Clearing.CAUSE,
    )  # fmt: skip
    SLAVE_UNREACHABLE = _stop(
        "slave-unreachable", None, "InternalError", "Slave controller not reachable", "Slave controller reachable",
        "The second controller of the station does not answer.", "Die zweite Steuerung der Station antwortet nicht.", Clearing.CAUSE,
    )  # fmt: skip
    MASTER_UNREACHABLE = _warning(
        "master-unreachable", None, "InternalError", "Master controller not reachable", "Master controller reachable",
        "The first controller of the station does not answer; the current is limited.",
        "Die erste Steuerung der Station antwortet nicht; der Strom ist begrenzt.",
    )  # fmt: skip
    STORE_RECOVERED = FaultKind(
        word="store-recovered", bit=None, severity=Severity.WARNING, clearing=Clearing.SERVICE, ocpp="InternalError",
        info="Database was damaged and begun anew", cleared="Damaged database was looked at",
        en="The database was damaged and begun anew; the damaged copy is kept.",
        de="Datenbank war beschädigt und wurde neu begonnen; die beschädigte Kopie bleibt erhalten.",
    )  # fmt: skip

    def __init__(self, kind: FaultKind) -> None:
        self.kind = kind

    @property
    def word(self) -> str:
        """Its name in logs, files and interfaces."""
        return self.kind.word

    @property
    def clearing(self) -> Clearing:
        """Who clears it."""
        return self.kind.clearing

    @classmethod
    def of(cls, word: str) -> FaultName:
        """The fault of a word.

        Raises:
            KeyError: there is none.
        """
        for name in cls:
            if name.word == word:
                return name
        raise KeyError(word)


@frozen(kw_only=True)
class Fault:
    """A fault that stands.

    Attributes:
        name: which.
        detail: what was seen, in words.
    """

    name: FaultName
    detail: str
