"""What a checker can find, how heavy it is, and how it says so to a customer: English and German."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from attrs import field, frozen

from cc613hal.ocmf.german import GERMAN

__all__ = ["LANGUAGES", "Finding", "FindingCode", "Severity", "Status", "status_of"]

LANGUAGES = ("en", "de")
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Severity(enum.Enum):
    """What a finding does to the verdict."""

    REFUSES = "refuses"
    UNREADABLE = "unreadable"
    NO_KEY = "no-key"
    NOTE = "note"


class Status(enum.Enum):
    """A verdict in one word."""

    VERIFIED = "verified"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    NO_KEY = "no-key"


class FindingCode(enum.Enum):
    """Every finding; the value is its stable name."""

    UNREADABLE = "unreadable"
    FORMAT_UNSUPPORTED = "format-unsupported"
    NO_KEY = "no-key"
    KEY_UNREADABLE = "key-unreadable"
    KEY_NOT_TRUSTED = "key-not-trusted"
    KEY_CURVE = "key-curve"
    SIGNATURE_WRONG = "signature-wrong"
    SIGNATURE_MEMBERS = "signature-members"
    SIGNATURE_BARE = "signature-bare"
    KEY_FROM_FILE = "key-from-file"
    NO_PAGE = "no-page"
    NO_SERIAL = "no-serial"
    NO_ASSIGNMENT = "no-assignment"
    LEVEL_ERROR = "level-error"
    NOT_ASSIGNED = "not-assigned"
    UNKNOWN_WORD = "unknown-word"
    REASON_MISPLACED = "reason-misplaced"
    METER_STATE = "meter-state"
    ENERGY_ERROR = "energy-error"
    TIME_ERROR = "time-error"
    EXCEPTION = "exception"
    TIME_UNKNOWN = "time-unknown"
    TIME_INFORMATIVE = "time-informative"
    ENERGY_MISSING = "energy-missing"
    ENERGY_NEGATIVE = "energy-negative"
    VERSION_NEW = "version-new"
    NO_BEGIN = "no-begin"
    NO_END = "no-end"
    MANY_BEGINS = "many-begins"
    MANY_ENDS = "many-ends"
    CONTEXT_CONTRADICTS = "context-contradicts"
    FORMAT_CHANGED = "format-changed"
    METER_CHANGED = "meter-changed"
    KEY_CHANGED = "key-changed"
    CUSTOMER_CHANGED = "customer-changed"
    REGISTER_CHANGED = "register-changed"
    PAGE_ORDER = "page-order"
    PAGE_GAP = "page-gap"
    PAGE_TWICE = "page-twice"
    TIME_BACKWARDS = "time-backwards"
    TIME_RELATIVE_BEGIN = "time-relative-begin"
    ENERGY_BACKWARDS = "energy-backwards"
    DUPLICATE = "duplicate"
    RECORD_REFUSED = "record-refused"
    RECORD_UNREADABLE = "record-unreadable"
    RECORD_NO_KEY = "record-no-key"
    SCATTERED = "scattered"
    MISSING_PAGES = "missing-pages"


_REFUSES, _NOTE = Severity.REFUSES, Severity.NOTE
_WORDS: dict[FindingCode, tuple[Severity, str]] = {
    FindingCode.UNREADABLE: (Severity.UNREADABLE, "The record cannot be read: {why}."),
    FindingCode.FORMAT_UNSUPPORTED: (Severity.UNREADABLE, "Records of the format {format} are not checked here."),
    FindingCode.NO_KEY: (
        Severity.NO_KEY,
        "There is no public key to check the signature with. It is on the housing of the charging station.",
    ),
    FindingCode.KEY_UNREADABLE: (Severity.NO_KEY, "The public key cannot be used: {why}."),
    FindingCode.KEY_NOT_TRUSTED: (
        _REFUSES,
        "The file brings the public key {found}, which is not the one you trust: whoever changes a record can sign it again.",
    ),
    FindingCode.KEY_CURVE: (_REFUSES, "The record says that it is signed on the curve {said}, the public key is on {found}."),
    FindingCode.SIGNATURE_WRONG: (
        _REFUSES,
        "The signature does not fit: the record was changed after it was signed, or the public key is not the station's.",
    ),
    FindingCode.SIGNATURE_MEMBERS: (
        _REFUSES,
        "The signature section holds the unknown members {names}; what they mean for the signature is not known.",
    ),
    FindingCode.SIGNATURE_BARE: (
        _NOTE,
        "The signature is written as two bare numbers, not in DER as the format wants; other software may not read it.",
    ),
    FindingCode.KEY_FROM_FILE: (_NOTE, "The public key came with the record. Compare it with the one on the housing: {found}."),
    FindingCode.NO_PAGE: (_REFUSES, "The record has no page number, so nobody can tell whether one is missing."),
    FindingCode.NO_SERIAL: (_REFUSES, "The record names neither meter nor gateway."),
    FindingCode.NO_ASSIGNMENT: (_NOTE, "The record does not say whether a customer was assigned (IS)."),
    FindingCode.LEVEL_ERROR: (_REFUSES, "The assignment to the customer failed ({level})."),
    FindingCode.NOT_ASSIGNED: (_NOTE, "No customer is assigned in the record."),
    FindingCode.UNKNOWN_WORD: (_REFUSES, "{key} is {word}, which the format does not define."),
    FindingCode.REASON_MISPLACED: (
        _REFUSES,
        "The reason of a reading ({reason}) does not go with the page {page}: T pages have a reason, F pages have none.",
    ),
    FindingCode.METER_STATE: (_REFUSES, "The meter was not in order (state {state}) at {time}."),
    FindingCode.ENERGY_ERROR: (_REFUSES, "The energy of {time} is marked as not usable."),
    FindingCode.TIME_ERROR: (_REFUSES, "The time {time} is marked as not usable."),
    FindingCode.EXCEPTION: (_REFUSES, "An error during the charge is recorded at {time}; from then on energy or time do not count."),
    FindingCode.TIME_UNKNOWN: (_REFUSES, "The clock was not synchronised at {time} (state {state})."),
    FindingCode.TIME_INFORMATIVE: (
        _NOTE,
        "The time {time} is for information only (state {state}); energy counts, the time of day does not.",
    ),
    FindingCode.ENERGY_MISSING: (_REFUSES, "There is no energy value of a register that may be billed at {time}."),
    FindingCode.ENERGY_NEGATIVE: (_REFUSES, "The meter shows a negative energy at {time}."),
    FindingCode.VERSION_NEW: (_NOTE, "The record is written in format version {version}, newer than this checker knows."),
    FindingCode.NO_BEGIN: (_REFUSES, "The begin of the charge is missing."),
    FindingCode.NO_END: (_REFUSES, "The end of the charge is missing."),
    FindingCode.MANY_BEGINS: (_REFUSES, "The charge begins more than once."),
    FindingCode.MANY_ENDS: (_REFUSES, "The charge ends more than once."),
    FindingCode.CONTEXT_CONTRADICTS: (_REFUSES, "The file calls the record {context}, the record itself says {said}."),
    FindingCode.FORMAT_CHANGED: (_REFUSES, "The records of one charge have different formats."),
    FindingCode.METER_CHANGED: (_REFUSES, "Begin and end are from different meters: {first} and {second}."),
    FindingCode.KEY_CHANGED: (_REFUSES, "Begin and end are signed with different keys."),
    FindingCode.CUSTOMER_CHANGED: (_REFUSES, "Begin and end are assigned to different customers."),
    FindingCode.REGISTER_CHANGED: (_REFUSES, "The register {register} is not there at both begin and end, or with another unit."),
    FindingCode.PAGE_ORDER: (_REFUSES, "The pages run backwards: {first} before {second}."),
    FindingCode.PAGE_GAP: (_REFUSES, "Pages are missing between {first} and {second}: records of the charge were left out."),
    FindingCode.PAGE_TWICE: (_REFUSES, "The page {page} of meter {meter} is used twice; each may be used once."),
    FindingCode.TIME_BACKWARDS: (_REFUSES, "The time runs backwards: {first} before {second}."),
    FindingCode.TIME_RELATIVE_BEGIN: (
        _REFUSES,
        "The time at the begin is relative, the one at the end is not: the duration is not measured lawfully.",
    ),
    FindingCode.ENERGY_BACKWARDS: (_REFUSES, "The meter runs backwards: {first} Wh before {second} Wh."),
    FindingCode.DUPLICATE: (_NOTE, "The same record is in the file more than once and counts once."),
    FindingCode.RECORD_REFUSED: (_REFUSES, "The record in line {line} is refused."),
    FindingCode.RECORD_UNREADABLE: (Severity.UNREADABLE, "The record in line {line} cannot be read."),
    FindingCode.RECORD_NO_KEY: (Severity.NO_KEY, "The record in line {line} could not be checked for want of a key."),
    FindingCode.SCATTERED: (_REFUSES, "A further record carries the number {transaction} of a charge that was complete already."),
    FindingCode.MISSING_PAGES: (
        _REFUSES,
        "The file shall be complete, but pages of meter {meter} are missing: {first} is followed by {second}.",
    ),
}


@frozen
class Finding:
    """One thing a checker found.

    Attributes:
        code: what.
        values: what its words name.
    """

    code: FindingCode
    values: Mapping[str, str] = field(default=_NOTHING)

    @property
    def severity(self) -> Severity:
        """What it does to the verdict."""
        return _WORDS[self.code][0]

    def explain(self, language: str = "en") -> str:
        """The finding in words.

        Args:
            language: ``en`` or ``de``.
        """
        text = GERMAN[self.code.value] if LANGUAGES.index(language) else _WORDS[self.code][1]
        return text.format_map({name: _printable(value) for name, value in self.values.items()})


def _printable(text: str) -> str:
    """Words from a record as a terminal may show them: no control characters, no novels."""
    cleaned = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text[:301])
    return cleaned if len(cleaned) <= 300 else f"{cleaned[:300]}…"


def status_of(findings: tuple[Finding, ...]) -> Status:
    """The verdict that findings make; a refusal outweighs what could not be read, and that a missing key."""
    heaviest = {finding.severity for finding in findings}
    if Severity.REFUSES in heaviest:
        return Status.REFUSED
    if Severity.UNREADABLE in heaviest:
        return Status.UNREADABLE
    return Status.NO_KEY if Severity.NO_KEY in heaviest else Status.VERIFIED
