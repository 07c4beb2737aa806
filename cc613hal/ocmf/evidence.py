"""One view on records of every format: what was signed, by whom, on which page, and the readings in it."""

from __future__ import annotations

import enum
import re
from datetime import datetime
from decimal import Decimal

from attrs import field, frozen

from cc613hal.ocmf.alfen import AlfenRecord, read_alfen
from cc613hal.ocmf.curves import Curve
from cc613hal.ocmf.edl import EdlRecord, EdlValue, read_edl
from cc613hal.ocmf.edl_files import read_mennekes, read_signature_only
from cc613hal.ocmf.errors import RecordUnreadable
from cc613hal.ocmf.fields import MeterState, PageContext, ReadingReason, ReadingUnit, TimeState
from cc613hal.ocmf.ocpp import unwrap
from cc613hal.ocmf.pcdf import PcdfRecord, read_pcdf
from cc613hal.ocmf.reader import read_record
from cc613hal.ocmf.signatures import SignatureAlgorithm, algorithm_of, decode_signature, is_bare
from cc613hal.ocmf.signed_value import SignedValue, ValueContext, ValueFormat
from cc613hal.ocmf.values import OcmfReading, OcmfRecord, Page

__all__ = ["Evidence", "FormatUnsupported", "Point", "Role", "evidence_of", "register_of"]

_OBIS = re.compile(r"0?1-(?:[0-9A-Fa-f]{1,2}):([0-9A-Fa-f]{1,2})\.0?8\.[0-9A-Fa-f]{1,2}(?:[*.][0-9A-Fa-f]{1,3})?", re.ASCII)
_IMPORT = {"1": 1, "98": 2, "9E": 1, "B0": 1, "B1": 2, "B2": 1, "B3": 2, "11": 1}
"""Third group of a register of imported energy → 2 if it is compensated for the loss of the cable (table 25; 98, 9E: in the field)."""
_EXPORT = {"2": 1, "C0": 1, "C1": 2, "C2": 1, "C3": 2}
_YEAR_KNOWN = 2000
"""A meter whose clock says an earlier year was never set and counts seconds since it was switched on."""


class FormatUnsupported(RecordUnreadable):
    """A known format that is not checked here."""


class Role(enum.Enum):
    """What a reading is to its transaction."""

    BEGIN = "begin"
    DURING = "during"
    END = "end"
    NONE = "none"
    """It belongs to no transaction."""


@frozen(kw_only=True)
class Point:
    """A reading, as far as rules look at it.

    Attributes:
        role: what it is to its transaction.
        when: time.
        time_state: how far it can be trusted; a text if the format does not know the word.
        register: of imported or exported energy that may be billed, and its unit; empty for anything else.
        wh: the energy, exact; ``None`` without.
        good: the meter was in order; the letter of its state otherwise.
        energy_error: marked as not usable.
        time_error: marked as not usable.
        exception: an error in the transaction.
        unknown: key and word of what the format does not define.
        reason: as the record says it.
    """

    role: Role
    when: datetime
    time_state: TimeState | str
    register: str
    wh: Decimal | None
    good: bool = True
    state: str = "G"
    energy_error: bool = False
    time_error: bool = False
    exception: bool = False
    unknown: tuple[tuple[str, str], ...] = ()
    reason: str = ""


@frozen(kw_only=True)
class Evidence:
    """A record, in the terms of the rules.

    Attributes:
        format: which.
        signed_bytes: what the signature covers.
        signature: its two numbers.
        algorithm: curve and hash.
        signer: serial numbers of gateway and meter, or the meter's server id.
        page: ``None`` if the record has none.
        points: the readings.
        customer: what identifies the customer, to compare begin and end.
        key_text: public key inside the record's text, unsigned.
        record: the OCMF record, if it is one.
        edl: the telegram, if it is one.
        alfen: the record of an Alfen station, if it is one.
        pcdf: the record of a Porsche station, if it is one.
        members: unknown members of the signature section.
        bare: the signature is two numbers, where the format wants them in DER.
    """

    format: ValueFormat
    signed_bytes: bytes = field(repr=False)
    signature: tuple[int, int] = field(repr=False)
    algorithm: SignatureAlgorithm
    signer: str
    page: Page | None
    points: tuple[Point, ...]
    customer: str
    key_text: str = ""
    record: OcmfRecord | None = None
    edl: EdlRecord | None = None
    alfen: AlfenRecord | None = None
    pcdf: PcdfRecord | None = None
    members: tuple[str, ...] = ()
    bare: bool = False

    @property
    def key_curves(self) -> tuple[Curve, ...]:
        """Curves whose bare points count as keys; OCMF always says the curve in its DER key, older formats never do."""
        return (self.algorithm.curve,)

    @property
    def roles(self) -> frozenset[Role]:
        """All roles of its readings."""
        return frozenset(point.role for point in self.points)


def register_of(obis: str | None) -> tuple[str, bool, bool] | None:
    """Register, whether it is imported energy, whether it is compensated for the cable's loss; ``None`` if it may not be billed."""
    match = _OBIS.fullmatch((obis or "").strip())
    if match is None:
        return None
    group = match[1].upper().lstrip("0")
    if group in _IMPORT:
        return match[0], True, _IMPORT[group] == 2
    return (match[0], False, _EXPORT[group] == 2) if group in _EXPORT else None


def evidence_of(value: SignedValue) -> Evidence:
    """Read the record in a value of a file.

    Raises:
        FormatUnsupported: a format that is not checked here.
        RecordUnreadable: it cannot be read.
    """
    content = value.content()
    if content.startswith(b"{") and value.format in {"", ValueFormat.OCMF.value}:
        content = unwrap(content.decode("utf-8", "replace")).encode("utf-8")
    name = value.format or _guess(content)
    if name == ValueFormat.OCMF.value:
        return _of_ocmf(read_record(content))
    if name in {ValueFormat.EDL_40_P.value, ValueFormat.ISA_EDL_40_P.value}:
        return _of_edl(read_edl(content, value.format or None), value.context)
    if name == ValueFormat.EDL_40_SIG.value:
        record, key = read_signature_only(content)
        return _of_edl(record, value.context, key)
    if name == ValueFormat.EDL_40_MENNEKES.value:
        return _of_edl(read_mennekes(content), value.context)
    if name == ValueFormat.ALFEN.value:
        return _of_alfen(read_alfen(content.decode("utf-8", "replace")))
    if name == ValueFormat.PCDF.value:
        return _of_pcdf(read_pcdf(content.decode("utf-8", "replace")))
    raise FormatUnsupported(name or "?")


def _guess(content: bytes) -> str:
    if content.startswith((b"\x1b\x1b\x1b\x1b", b"\x76")):
        return read_edl(content).format
    if content.lstrip(b'"').startswith(b"AP;"):
        return ValueFormat.ALFEN.value
    if content.startswith((b"128.8.0(", b"(ST:")) or b"(SP:" in content[:200]:
        return ValueFormat.PCDF.value
    if content.startswith(b"<"):
        return ValueFormat.EDL_40_SIG.value
    return ValueFormat.OCMF.value


def _of_ocmf(record: OcmfRecord) -> Evidence:
    payload = record.payload
    who = payload.identification
    in_transaction = payload.page is None or payload.page.context is PageContext.TRANSACTION
    return Evidence(
        format=ValueFormat.OCMF,
        signed_bytes=record.signed_bytes,
        signature=decode_signature(record.signature),
        algorithm=algorithm_of(record.signature),
        signer=payload.signer,
        page=payload.page,
        points=tuple(_point(reading, in_transaction=in_transaction) for reading in payload.readings),
        customer="" if who is None else f"{who.assigned}|{_said(who.type)}|{who.data or ''}",
        key_text=record.key_text,
        record=record,
        members=tuple(sorted(name for name in record.signature.extensions if name[:1] not in "ABCDEFUVWXYZ")),
        bare=is_bare(record.signature),
    )


def _point(reading: OcmfReading, *, in_transaction: bool) -> Point:
    register = register_of(reading.obis)
    state = reading.time.state
    words: list[tuple[str, object]] = [("TX", reading.reason), ("ST", reading.state), ("TM", state), ("RT", reading.current)]
    if register is not None or reading.obis is None:
        words.append(("RU", reading.unit))  # the unit of what nobody bills, as "sec" of a duration, does not matter
    unknown = [(key, word) for key, word in words if isinstance(word, str)]
    errors = reading.errors or ""
    if set(errors) - set("Et"):
        unknown.append(("EF", errors))
    return Point(
        role=_role(reading.reason) if in_transaction else Role.NONE,
        when=reading.time.when,
        time_state=TimeState.UNKNOWN if state is None else state,
        register=f"{register[0]} {reading.unit.value}"
        if register and isinstance(reading.unit, ReadingUnit) and reading.unit.energy
        else "",
        wh=reading.wh,
        good=reading.state is MeterState.GOOD,
        state=_said(reading.state) or "–",
        energy_error="E" in errors,
        time_error="t" in errors,
        exception=reading.reason is ReadingReason.EXCEPTION,
        unknown=tuple(unknown),
        reason=_said(reading.reason),
    )


def _role(reason: ReadingReason | str | None) -> Role:
    if reason is ReadingReason.BEGIN:
        return Role.BEGIN
    if isinstance(reason, ReadingReason) and reason.ends:
        return Role.END
    return Role.NONE if reason is None else Role.DURING


def _said(word: enum.Enum | str | None) -> str:
    return str(word.value) if isinstance(word, enum.Enum) else word or ""


def _of_edl(record: EdlRecord, context: str, key_text: str = "") -> Evidence:
    # the telegram itself does not say where in a transaction it belongs; only the file does
    role = Role.NONE
    if context.startswith(ValueContext.BEGIN.value):
        role = Role.BEGIN
    elif context.startswith(ValueContext.END.value):
        role = Role.END
    if record.begin is None:
        points: tuple[Point, ...] = (_edl_point(record.value, role),)
    else:
        points = (_edl_point(record.begin, Role.BEGIN), _edl_point(record.value, Role.END))
    customer = record.contract
    if record.format != ValueFormat.ISA_EDL_40_P.value and record.curve is Curve.SECP256R1 and customer[:1] < b" ":
        customer = customer[1:]  # an eMOC says in front whether this is a begin (1) or an end (2)
    return Evidence(
        format=ValueFormat(record.format),
        signed_bytes=record.signed_bytes,
        signature=record.signature,
        algorithm=SignatureAlgorithm(record.curve),
        signer=record.server.hex().upper(),
        page=Page(PageContext.TRANSACTION, record.page),
        points=points,
        customer=customer.hex(),
        key_text=key_text,
        edl=record,
    )


def _edl_point(value: EdlValue, role: Role) -> Point:
    # these meters know no letter for their clock: what they show is informative, and a year long gone means it was never set
    when = value.time or datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    return Point(role=role, when=when, time_state=TimeState.INFORMATIVE, register="1-0:1.8.0 Wh", wh=value.wh)


_ALFEN_ROLES = {"0": Role.BEGIN, "1": Role.END, "2": Role.DURING}


def _of_alfen(record: AlfenRecord) -> Evidence:
    register = register_of(record.obis)
    return Evidence(
        format=ValueFormat.ALFEN,
        signed_bytes=record.signed_bytes,
        signature=record.signature,
        algorithm=SignatureAlgorithm(Curve.SECP192R1),
        signer=f"{record.adapter.hex().upper()}/{record.meter.hex().upper()}",
        page=Page(PageContext.TRANSACTION, record.page),
        points=(
            Point(
                role=_ALFEN_ROLES[record.kind],
                when=record.time,
                time_state=TimeState.INFORMATIVE,
                register=f"{register[0]} Wh" if register else "",
                wh=record.wh,
                energy_error=record.energy_error,
                time_error=record.clock_error,
            ),
        ),
        customer=f"{record.customer}|{record.session}",
        key_text=record.key_text,
        alfen=record,
    )


def _of_pcdf(record: PcdfRecord) -> Evidence:
    # the register counts within the session, so it began at nothing
    def point(role: Role, when: datetime, wh: Decimal) -> Point:
        return Point(
            role=role,
            when=when,
            time_state=TimeState.INFORMATIVE,
            register="1-0:1.8.0 Wh",
            wh=wh,
            energy_error=record.energy_error,
            time_error=record.time_error,
        )

    return Evidence(
        format=ValueFormat.PCDF,
        signed_bytes=record.signed_bytes,
        signature=record.signature,
        algorithm=SignatureAlgorithm(),
        signer=record.meter,
        page=Page(PageContext.TRANSACTION, record.count),
        points=(point(Role.BEGIN, record.begin, Decimal(0)), point(Role.END, record.end, record.wh)),
        customer=record.session,
        key_text=record.key_text,
        pcdf=record,
    )
