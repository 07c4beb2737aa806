"""The closed vocabularies of OCMF: every letter and word that a record may carry, with what it means.

Source: Open Charge Metering Format 1.0 to 1.4, tables 7, 10, 11 and 13 to 21 (S.A.F.E. e.V.).
"""

from __future__ import annotations

import enum

from cc613hal.clock import ClockState

__all__ = [
    "ChargePointType",
    "CurrentType",
    "IdentificationFlag",
    "IdentificationLevel",
    "IdentificationType",
    "MeterState",
    "PageContext",
    "ReadingReason",
    "ReadingUnit",
    "ResistanceUnit",
    "TimeState",
]


class PageContext(enum.Enum):
    """Which counter a page belongs to (the letter before the number in ``PG``)."""

    TRANSACTION = "T"
    FISCAL = "F"


class TimeState(enum.Enum):
    """How far a time can be trusted (the letter behind ``TM``)."""

    UNKNOWN = "U"
    """Not synchronised."""
    INFORMATIVE = "I"
    """An information clock: shown to people, not lawful."""
    SYNCHRONISED = "S"
    RELATIVE = "R"
    """The duration since the begin is measured lawfully; the calendar is that of the begin."""

    @classmethod
    def of(cls, state: ClockState) -> TimeState:
        """The letter for the library's clock state."""
        return _OF_CLOCK[state]


_OF_CLOCK = {
    ClockState.UNKNOWN: TimeState.UNKNOWN,
    ClockState.INFORMATIVE: TimeState.INFORMATIVE,
    ClockState.SYNCHRONISED: TimeState.SYNCHRONISED,
    ClockState.RELATIVE: TimeState.RELATIVE,
}


class ReadingReason(enum.Enum):
    """Why a value was read (``TX``); absent in fiscal records."""

    BEGIN = "B"
    CHARGING = "C"
    EXCEPTION = "X"
    """An error while charging; the transaction goes on, energy or time are no longer usable from here."""
    END = "E"
    END_LOCAL = "L"
    END_REMOTE = "R"
    END_ABORT = "A"
    """Ended by an error."""
    END_POWER_FAILURE = "P"
    SUSPENDED = "S"
    TARIFF_CHANGE = "T"

    @property
    def ends(self) -> bool:
        """Whether a transaction ends with it."""
        return self in _ENDS


_ENDS = frozenset(
    {
        ReadingReason.END,
        ReadingReason.END_LOCAL,
        ReadingReason.END_REMOTE,
        ReadingReason.END_ABORT,
        ReadingReason.END_POWER_FAILURE,
    }
)


class MeterState(enum.Enum):
    """State of the meter when the value was read (``ST``)."""

    NOT_PRESENT = "N"
    GOOD = "G"
    TIMEOUT = "T"
    DISCONNECTED = "D"
    REMOVED = "R"
    """Found before, no longer found."""
    MANIPULATED = "M"
    EXCHANGED = "X"
    """The serial number is another one than before."""
    INCOMPATIBLE = "I"
    OUT_OF_RANGE = "O"
    SUBSTITUTE = "S"
    """The value was formed, not measured."""
    OTHER_ERROR = "E"
    READ_ERROR = "F"


class IdentificationLevel(enum.Enum):
    """How sure it is who the customer was (``IL``)."""

    NONE = "NONE"
    HEARSAY = "HEARSAY"
    """Unsecured; for instance the UID of a card, which anybody can copy."""
    TRUSTED = "TRUSTED"
    """Trusted to some extent, for instance authorised by the backend."""
    VERIFIED = "VERIFIED"
    """Verified by the signing component with special measures."""
    CERTIFIED = "CERTIFIED"
    """Verified by the signing component with a signature that certifies the assignment."""
    SECURE = "SECURE"
    """A secure feature: a secure card, Plug & Charge."""
    MISMATCH = "MISMATCH"
    INVALID = "INVALID"
    OUTDATED = "OUTDATED"
    UNKNOWN = "UNKNOWN"

    @property
    def error(self) -> bool:
        """Whether it says that the assignment failed."""
        return self in _LEVEL_ERRORS


_LEVEL_ERRORS = frozenset(
    {IdentificationLevel.MISMATCH, IdentificationLevel.INVALID, IdentificationLevel.OUTDATED, IdentificationLevel.UNKNOWN}
)


class IdentificationFlag(enum.Enum):
    """How the customer was identified (``IF``), at most one of each family."""

    RFID_NONE = "RFID_NONE"
    RFID_PLAIN = "RFID_PLAIN"
    """An external card reader."""
    RFID_RELATED = "RFID_RELATED"
    """A protected card reader."""
    RFID_PSK = "RFID_PSK"
    """A key known to both sides before, for instance with a secured card."""
    OCPP_NONE = "OCPP_NONE"
    OCPP_RS = "OCPP_RS"
    """RemoteStart."""
    OCPP_AUTH = "OCPP_AUTH"
    OCPP_RS_TLS = "OCPP_RS_TLS"
    OCPP_AUTH_TLS = "OCPP_AUTH_TLS"
    OCPP_CACHE = "OCPP_CACHE"
    OCPP_WHITELIST = "OCPP_WHITELIST"
    """The local authorisation list."""
    OCPP_CERTIFIED = "OCPP_CERTIFIED"
    ISO15118_NONE = "ISO15118_NONE"
    ISO15118_PNC = "ISO15118_PNC"
    PLMN_NONE = "PLMN_NONE"
    PLMN_RING = "PLMN_RING"
    PLMN_SMS = "PLMN_SMS"

    @property
    def family(self) -> str:
        """``RFID``, ``OCPP``, ``ISO15118`` or ``PLMN``."""
        return self.value.split("_", 1)[0]


class IdentificationType(enum.Enum):
    """What kind of identification ``ID`` holds (``IT``)."""

    NONE = "NONE"
    DENIED = "DENIED"
    """Not available for now, for instance with two-factor authorisation."""
    UNDEFINED = "UNDEFINED"
    ISO14443 = "ISO14443"
    """UID of a card, 4 or 7 bytes in hexadecimal."""
    ISO15693 = "ISO15693"
    """UID of a card, 8 bytes in hexadecimal."""
    EMAID = "EMAID"
    """Contract of ISO 15118, 14 or 15 characters."""
    EVCCID = "EVCCID"
    EVCOID = "EVCOID"
    ISO7812 = "ISO7812"
    """Number of a bank card."""
    CARD_TXN_NR = "CARD_TXN_NR"
    CENTRAL = "CENTRAL"
    CENTRAL_1 = "CENTRAL_1"
    CENTRAL_2 = "CENTRAL_2"
    LOCAL = "LOCAL"
    LOCAL_1 = "LOCAL_1"
    LOCAL_2 = "LOCAL_2"
    PHONE_NUMBER = "PHONE_NUMBER"
    KEY_CODE = "KEY_CODE"


class ChargePointType(enum.Enum):
    """What kind of identification ``CI`` holds (``CT``)."""

    EVSEID = "EVSEID"
    CBIDC = "CBIDC"
    """OCPP's charge box id and connector, with one blank between."""


class CurrentType(enum.Enum):
    """What the meter measures (``RT``)."""

    AC = "AC"
    DC = "DC"


class ReadingUnit(enum.Enum):
    """Unit of a value (``RU``)."""

    KWH = "kWh"
    WH = "Wh"
    MOHM = "mOhm"
    UOHM = "uOhm"
    SECONDS = "s"
    """Not in the format's table; in use for durations (OBIS 1-0:0.8.6)."""

    @property
    def energy(self) -> bool:
        """Whether it is a unit of energy."""
        return self in {ReadingUnit.KWH, ReadingUnit.WH}


class ResistanceUnit(enum.Enum):
    """Unit of the cable's resistance (``LU``)."""

    MOHM = "mOhm"
    UOHM = "uOhm"
