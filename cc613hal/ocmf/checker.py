"""Checks records and transactions, stricter than the official software, and explains each verdict.

A record is verified if its signature fits a key and nothing in it says that energy or time do not count. A transaction is verified
if all its records are, it has one begin and one end of one meter, customer and key, no page is missing, and neither time nor
energy runs backwards. Values come as a stream, verdicts go as one; a transaction is judged when it is complete and another one
begins, or at the end.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from attrs import define, evolve, field, frozen

from cc613hal.ocmf.errors import KeyUnusable, RecordUnreadable
from cc613hal.ocmf.evidence import Evidence, FormatUnsupported, Point, Role, evidence_of
from cc613hal.ocmf.fields import IdentificationLevel, PageContext, ReadingReason, TimeState
from cc613hal.ocmf.findings import Finding, FindingCode, Status, status_of
from cc613hal.ocmf.keys import PublicKey
from cc613hal.ocmf.pageranges import PageRanges
from cc613hal.ocmf.signatures import verify
from cc613hal.ocmf.signed_value import SignedValue
from cc613hal.ocmf.transaction_rules import Member, billed_energy, judge, shown
from cc613hal.ocmf.values import OcmfPayload

__all__ = ["Checker", "RecordVerdict", "Rules", "Summary", "TransactionVerdict"]

_NEWEST_KNOWN = (1, 4)
_MAX_OPEN = 10_000
"""Transactions that may be incomplete at the same time; the oldest is judged when more come."""


@frozen(kw_only=True)
class Rules:
    """How strict to be.

    Attributes:
        energy_only: the tariff counts energy and not time; unsynchronised or unusable time is then a note.
        records_only: check every record by itself; nothing is said about transactions.
        complete: the file claims to hold every record of its meters; a missing page between transactions refuses.
    """

    energy_only: bool = False
    records_only: bool = False
    complete: bool = False


@frozen(kw_only=True)
class RecordVerdict:
    """What a record proves.

    Attributes:
        value: as it stood in the file.
        findings: everything there is to say.
        evidence: what it says; ``None`` if it cannot be read.
        key: that verified it; ``None`` if none did.
    """

    value: SignedValue
    findings: tuple[Finding, ...]
    evidence: Evidence | None = None
    key: PublicKey | None = None

    @property
    def status(self) -> Status:
        """The verdict in one word."""
        return status_of(self.findings)


@frozen(kw_only=True)
class TransactionVerdict:
    """What a charge proves.

    Attributes:
        transaction: its number in the file, or meter and first page if the file has none.
        findings: everything there is to say.
        pages: of its records.
        lines: of its records in the file.
        begin: time of the begin; ``None`` without.
        end: time of the end; ``None`` without.
        energy_wh: charged, exact; ``None`` unless the transaction is verified.
    """

    transaction: str
    findings: tuple[Finding, ...]
    pages: tuple[str, ...]
    lines: tuple[int, ...]
    begin: datetime | None = None
    end: datetime | None = None
    energy_wh: Decimal | None = None

    @property
    def status(self) -> Status:
        """The verdict in one word."""
        return status_of(self.findings)


@define
class Summary:
    """How many of each.

    Attributes:
        records: by verdict.
        transactions: by verdict.
    """

    records: dict[Status, int] = field(factory=lambda: dict.fromkeys(Status, 0))
    transactions: dict[Status, int] = field(factory=lambda: dict.fromkeys(Status, 0))

    def count(self, verdict: RecordVerdict | TransactionVerdict) -> None:
        """Add a verdict."""
        counted = self.records if isinstance(verdict, RecordVerdict) else self.transactions
        counted[verdict.status] += 1

    @property
    def status(self) -> Status:
        """The whole in one word; a refusal outweighs what could not be read; nothing at all cannot be read."""
        for status in (Status.REFUSED, Status.UNREADABLE, Status.NO_KEY):
            if self.records[status] or self.transactions[status]:
                return status
        return Status.VERIFIED if self.records[Status.VERIFIED] else Status.UNREADABLE


@define
class _Open:
    """A transaction that may still get records."""

    name: str
    source: str = ""
    members: list[Member] = field(factory=list[Member])
    duplicate: bool = False

    @property
    def complete(self) -> bool:
        return {Role.BEGIN, Role.END} <= {role for member in self.members for role in member.roles}


class Checker:
    """Checks the values of one file or of several.

    Transactions that a file numbers are judged within that file; records without a number are put together by meter and page,
    wherever they stand.

    Args:
        keys: public keys that are trusted, from the housing or a register; without any, the keys in the file are used, and a note says so.
        rules: how strict to be.
    """

    def __init__(self, keys: Iterable[PublicKey] = (), rules: Rules | None = None) -> None:
        self.summary = Summary()
        self._keys = tuple(keys)
        self._rules = rules or Rules()
        self._open: dict[str, _Open] = {}
        self._by_signer: dict[str, str] = {}
        self._closed: set[bytes] = set()
        self._pages = PageRanges()
        self._last = ""

    def check(self, values: Iterable[SignedValue]) -> Iterator[RecordVerdict | TransactionVerdict]:
        """Verdicts on all records and, as they become complete, on their transactions.

        Args:
            values: from :func:`~cc613hal.ocmf.container.read_values` or made by hand.

        Raises:
            RecordUnreadable: the file that the values come from cannot be read any further.
        """
        for value in values:
            for verdict in self._judge(value):
                self.summary.count(verdict)
                yield verdict
        for name in tuple(self._open):
            closing = self._close(name)
            self.summary.count(closing)
            yield closing
        for missing in self._missing():
            self.summary.count(missing)
            yield missing

    def check_record(self, value: SignedValue) -> RecordVerdict:
        """A record by itself: signature, key, and what it says of its own energy and time."""
        try:
            evidence = evidence_of(value)
        except FormatUnsupported as error:
            return RecordVerdict(value=value, findings=(Finding(FindingCode.FORMAT_UNSUPPORTED, {"format": error.message}),))
        except RecordUnreadable as error:
            return RecordVerdict(value=value, findings=(Finding(FindingCode.UNREADABLE, {"why": error.message}),))
        findings: list[Finding] = []
        key = self._verify(evidence, value, findings)
        findings += self._content(evidence)
        return RecordVerdict(value=value, findings=tuple(findings), evidence=evidence, key=key)

    # signature and key

    def _verify(self, evidence: Evidence, value: SignedValue, findings: list[Finding]) -> PublicKey | None:
        if evidence.members:
            findings.append(Finding(FindingCode.SIGNATURE_MEMBERS, {"names": ", ".join(evidence.members)}))
        if evidence.bare:
            findings.append(Finding(FindingCode.SIGNATURE_BARE))
        text = value.key or evidence.key_text
        candidates = self._keys
        if text:
            try:
                own = PublicKey.from_text(text, evidence.key_curves)
            except KeyUnusable as error:
                findings.append(Finding(FindingCode.KEY_UNREADABLE, {"why": error.message}))
                return None
            if self._keys and own not in self._keys:
                findings.append(Finding(FindingCode.KEY_NOT_TRUSTED, {"found": own.hex}))
            candidates = (own,)
        if not candidates:
            findings.append(Finding(FindingCode.NO_KEY))
            return None
        fitting = [key for key in candidates if key.curve is evidence.algorithm.curve]
        if not fitting:
            values = {"said": evidence.algorithm.curve.value, "found": candidates[0].curve.value}
            findings.append(Finding(FindingCode.KEY_CURVE, values))
            return None
        for key in fitting:
            if verify(key, evidence.signed_bytes, evidence.signature, evidence.algorithm.hash_name):
                if not self._keys:
                    findings.append(Finding(FindingCode.KEY_FROM_FILE, {"found": key.hex}))
                return key
        findings.append(Finding(FindingCode.SIGNATURE_WRONG))
        return None

    # what a record says of itself

    def _content(self, evidence: Evidence) -> Iterator[Finding]:
        if evidence.page is None:
            yield Finding(FindingCode.NO_PAGE)
        if not evidence.signer:
            yield Finding(FindingCode.NO_SERIAL)
        if evidence.record is not None:
            yield from _of_payload(evidence.record.payload)
        said: set[str] = set()
        for point in evidence.points:
            for finding in self._of_point(point):
                words = finding.explain()
                if words not in said:  # readings of several registers at one moment say the same
                    said.add(words)
                    yield finding
        moments = {point.when for point in evidence.points if point.role in {Role.BEGIN, Role.END, Role.NONE} and point.good}
        for when in sorted(moments - {point.when for point in evidence.points if point.register and point.wh is not None}):
            yield Finding(FindingCode.ENERGY_MISSING, {"time": shown(when)})

    def _of_point(self, point: Point) -> Iterator[Finding]:
        time = {"time": shown(point.when)}
        for key, word in point.unknown:
            yield Finding(FindingCode.UNKNOWN_WORD, {"key": key, "word": repr(word)})
        if not point.good:
            yield Finding(FindingCode.METER_STATE, {**time, "state": point.state})
        if point.energy_error:
            yield Finding(FindingCode.ENERGY_ERROR, time)
        if point.exception:
            yield Finding(FindingCode.EXCEPTION, time)
        if point.wh is not None and point.wh < 0:
            yield Finding(FindingCode.ENERGY_NEGATIVE, time)
        if point.time_error and not self._rules.energy_only:
            yield Finding(FindingCode.TIME_ERROR, time)
        if point.time_state is TimeState.UNKNOWN and not self._rules.energy_only:
            yield Finding(FindingCode.TIME_UNKNOWN, {**time, "state": "U"})
        elif isinstance(point.time_state, TimeState) and point.time_state is not TimeState.SYNCHRONISED:
            yield Finding(FindingCode.TIME_INFORMATIVE, {**time, "state": point.time_state.value})

    # transactions

    def _judge(self, value: SignedValue) -> Iterator[RecordVerdict | TransactionVerdict]:
        verdict = self.check_record(value)
        evidence = verdict.evidence
        standalone = evidence is not None and evidence.roles == frozenset({Role.NONE})
        if self._rules.records_only or standalone or (evidence is None and not value.transaction_id):
            yield self._used_once(verdict) if standalone and not self._rules.records_only else verdict
            return
        yield verdict
        name = self._name(value, evidence)
        if self._last != name and self._last in self._open and self._open[self._last].complete:
            yield self._close(self._last)
        if _hashed(name) in self._closed:
            scattered = Finding(FindingCode.SCATTERED, {"transaction": value.transaction_id or name})
            yield TransactionVerdict(
                transaction=value.transaction_id or name, findings=(scattered,), pages=_paged(evidence), lines=(value.line,)
            )
            return
        if name not in self._open and len(self._open) >= _MAX_OPEN:
            yield self._close(next(iter(self._open)))
        self._last = name
        self._join(self._open.setdefault(name, _Open(value.transaction_id or name, value.source if value.transaction_id else "")), verdict)

    def _name(self, value: SignedValue, evidence: Evidence | None) -> str:
        """What binds records together: the number in the file, or else meter and first page."""
        if value.transaction_id or evidence is None:
            return f"#{value.source}#{value.transaction_id}"  # two files may both number from 1
        if Role.BEGIN in evidence.roles or evidence.signer not in self._by_signer:
            self._by_signer[evidence.signer] = f"{evidence.signer} {evidence.page or value.line}"
        return self._by_signer[evidence.signer]

    @staticmethod
    def _join(transaction: _Open, verdict: RecordVerdict) -> None:
        evidence = verdict.evidence
        digest = _hashed(verdict.value.data)
        if any(member.digest == digest for member in transaction.members):
            transaction.duplicate = True
            return
        if evidence is None:
            transaction.members.append(Member(line=verdict.value.line, digest=digest, status=verdict.status))
            return
        transaction.members.append(
            Member(
                line=verdict.value.line,
                digest=digest,
                status=verdict.status,
                context=verdict.value.context,
                format=evidence.format.value,
                signer=evidence.signer,
                page=evidence.page,
                key=verdict.key.fingerprint if verdict.key else "",
                customer=evidence.customer,
                points=evidence.points,
            )
        )

    def _close(self, name: str) -> TransactionVerdict:
        transaction = self._open.pop(name)
        self._closed.add(_hashed(name))
        for signer in [signer for signer, found in self._by_signer.items() if found == name]:
            del self._by_signer[signer]
        members = sorted(transaction.members, key=lambda member: (member.page is not None, member.page.number if member.page else 0))
        findings = list(judge(members, energy_only=self._rules.energy_only))
        if transaction.duplicate:
            findings.append(Finding(FindingCode.DUPLICATE))
        twice = {finding.values.get("page") for finding in findings if finding.code is FindingCode.PAGE_TWICE}
        findings.extend(
            Finding(FindingCode.PAGE_TWICE, {"page": str(member.page), "meter": member.signer})
            for member in members
            if member.page
            and member.key
            and not self._pages.add(member.signer, member.page, transaction.source)
            and str(member.page) not in twice
        )
        times = {role: [point.when for member in members for point in member.points if point.role is role] for role in Role}
        return TransactionVerdict(
            transaction=transaction.name,
            findings=tuple(findings),
            pages=tuple(str(member.page) for member in members if member.page),
            lines=tuple(member.line for member in transaction.members),
            begin=next(iter(times[Role.BEGIN]), None),
            end=next(iter(times[Role.END]), None),
            energy_wh=billed_energy(members) if status_of(tuple(findings)) is Status.VERIFIED else None,
        )

    def _used_once(self, verdict: RecordVerdict) -> RecordVerdict:
        evidence = verdict.evidence
        if evidence is None or evidence.page is None or verdict.key is None or self._pages.add(evidence.signer, evidence.page):
            return verdict
        twice = Finding(FindingCode.PAGE_TWICE, {"page": str(evidence.page), "meter": evidence.signer})
        return evolve(verdict, findings=(*verdict.findings, twice))

    def _missing(self) -> Iterator[TransactionVerdict]:
        for meter, first, second in self._pages.gaps() if self._rules.complete else ():
            values = {"meter": meter, "first": str(first), "second": str(second)}
            yield TransactionVerdict(
                transaction=meter, findings=(Finding(FindingCode.MISSING_PAGES, values),), pages=(str(first), str(second)), lines=()
            )


def _of_payload(payload: OcmfPayload) -> Iterator[Finding]:
    who = payload.identification
    if payload.page is not None:
        in_transaction = payload.page.context is PageContext.TRANSACTION
        for reading in payload.readings:
            if in_transaction != (reading.reason is not None):
                reason = reading.reason.value if isinstance(reading.reason, ReadingReason) else reading.reason or "–"
                yield Finding(FindingCode.REASON_MISPLACED, {"reason": reason, "page": str(payload.page)})
                break
        if in_transaction and (who is None or who.assigned is None):
            yield Finding(FindingCode.NO_ASSIGNMENT)
    if who is not None and isinstance(who.level, IdentificationLevel) and who.level.error:
        yield Finding(FindingCode.LEVEL_ERROR, {"level": who.level.value})
    if who is not None and isinstance(who.level, str):
        yield Finding(FindingCode.UNKNOWN_WORD, {"key": "IL", "word": repr(who.level)})
    if who is not None and who.assigned is False:
        yield Finding(FindingCode.NOT_ASSIGNED)
    version = re.fullmatch(r"(\d{1,4})(?:\.(\d{1,4}))?.*", payload.version or "1.0", re.ASCII)
    if version is None or (int(version[1]), int(version[2] or 0)) > _NEWEST_KNOWN:
        yield Finding(FindingCode.VERSION_NEW, {"version": repr(payload.version)})


def _paged(evidence: Evidence | None) -> tuple[str, ...]:
    return (str(evidence.page),) if evidence is not None and evidence.page else ()


def _hashed(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
