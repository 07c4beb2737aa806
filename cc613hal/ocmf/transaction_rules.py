"""What makes records a transaction: pure rules on what they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from attrs import frozen

from cc613hal.ocmf.evidence import Point, Role, register_of
from cc613hal.ocmf.fields import TimeState
from cc613hal.ocmf.findings import Finding, FindingCode, Status
from cc613hal.ocmf.signed_value import ValueContext
from cc613hal.ocmf.values import Page

__all__ = ["Member", "billed_energy", "judge", "shown"]


@frozen(kw_only=True)
class Member:
    """What is kept of a record until its transaction is judged.

    Attributes:
        line: in the file.
        digest: tells it from others.
        status: the verdict on the record itself.
        context: as the file calls it.
        format: of the record.
        signer: serial numbers.
        page: its page.
        key: fingerprint of the key that verified it.
        customer: what identifies the customer.
        points: its readings.
    """

    line: int
    digest: bytes
    status: Status
    context: str = ""
    format: str = ""
    signer: str = ""
    page: Page | None = None
    key: str = ""
    customer: str = ""
    points: tuple[Point, ...] = ()

    @property
    def roles(self) -> frozenset[Role]:
        """All roles of its readings."""
        return frozenset(point.role for point in self.points)


_OF_STATUS = {
    Status.REFUSED: FindingCode.RECORD_REFUSED,
    Status.UNREADABLE: FindingCode.RECORD_UNREADABLE,
    Status.NO_KEY: FindingCode.RECORD_NO_KEY,
}


def judge(members: Sequence[Member], *, energy_only: bool) -> Iterator[Finding]:
    """Everything there is to say about the records of a transaction together.

    Args:
        members: its records, in the order of their pages.
        energy_only: unusable time is no reason to refuse.
    """
    for member in members:
        if member.status in _OF_STATUS:
            yield Finding(_OF_STATUS[member.status], {"line": str(member.line)})
        yield from _context(member)
    readable = [member for member in members if member.status is not Status.UNREADABLE]
    yield from _sameness(readable)
    yield from _pages(readable)
    if len(readable) == len(members):
        # a record that cannot be read may be the begin or the end; what is missing is then not known
        yield from _completeness(readable)
    points = [point for member in readable for point in member.points]
    yield from _time(readable, energy_only=energy_only)
    yield from _energy(points)


def billed_energy(members: Sequence[Member]) -> Decimal | None:
    """Energy between begin and end, in Wh.

    Of several registers the one counts that is compensated for the cable's loss, and imported energy before exported.
    """
    points = [point for member in members for point in member.points]
    best: tuple[bool, bool, Decimal] | None = None
    for register in dict.fromkeys(point.register for point in points if point.register):
        begin = next((point.wh for point in points if point.register == register and point.role is Role.BEGIN), None)
        end = next((point.wh for point in points if point.register == register and point.role is Role.END), None)
        kind = register_of(register.partition(" ")[0])
        if begin is not None and end is not None and kind is not None:
            found = (kind[1], kind[2], end - begin)
            best = found if best is None or found[:2] > best[:2] else best
    return None if best is None else best[2]


def _context(member: Member) -> Iterator[Finding]:
    for context, role in ((ValueContext.BEGIN, Role.BEGIN), (ValueContext.END, Role.END)):
        if member.points and member.context.startswith(context.value) and role not in member.roles:
            said = ", ".join(point.reason or "–" for point in member.points)
            yield Finding(FindingCode.CONTEXT_CONTRADICTS, {"context": member.context, "said": said})


def _sameness(members: Sequence[Member]) -> Iterator[Finding]:
    if len({member.format for member in members}) > 1:
        yield Finding(FindingCode.FORMAT_CHANGED)
    signers = list(dict.fromkeys(member.signer for member in members))
    if len(signers) > 1:
        yield Finding(FindingCode.METER_CHANGED, {"first": signers[0] or "–", "second": signers[1] or "–"})
    if len({member.key for member in members if member.key}) > 1:
        yield Finding(FindingCode.KEY_CHANGED)
    if len({member.customer for member in members}) > 1:
        yield Finding(FindingCode.CUSTOMER_CHANGED)


def _pages(members: Sequence[Member]) -> Iterator[Finding]:
    paged = [(member.page, member) for member in members if member.page is not None]
    for (first, one), (second, two) in pairwise(paged):
        values = {"first": str(first), "second": str(second)}
        if second.number == first.number:
            yield Finding(FindingCode.PAGE_TWICE, {"page": str(first), "meter": one.signer})
        elif second.number != first.number + 1:
            yield Finding(FindingCode.PAGE_GAP, values)
        if Role.BEGIN in two.roles or (Role.END in one.roles and Role.BEGIN not in one.roles):
            yield Finding(FindingCode.PAGE_ORDER, values)


def _completeness(members: Sequence[Member]) -> Iterator[Finding]:
    for role, none, many in (
        (Role.BEGIN, FindingCode.NO_BEGIN, FindingCode.MANY_BEGINS),
        (Role.END, FindingCode.NO_END, FindingCode.MANY_ENDS),
    ):
        points = [point for member in members for point in member.points if point.role is role]
        registers = [point.register for point in points]
        if not points:
            yield Finding(none)
        elif len(registers) != len(set(registers)) or sum(role in member.roles for member in members) > 1:
            yield Finding(many)
    begun = {point.register for member in members for point in member.points if point.role is Role.BEGIN and point.register}
    ended = {point.register for member in members for point in member.points if point.role is Role.END and point.register}
    if begun and ended:
        for register in sorted(begun ^ ended):
            yield Finding(FindingCode.REGISTER_CHANGED, {"register": register})


def _time(members: Sequence[Member], *, energy_only: bool) -> Iterator[Finding]:
    # within a record register by register: some meters list all readings of one register before those of the next
    sequences = [member.points for member in members]
    orders = [list(pairwise(point for point in points if point.register == register)) for points in sequences for register in _of(points)]
    for one, two in pairwise(points for points in sequences if points):
        orders.append([(max(one, key=lambda point: point.when), min(two, key=lambda point: point.when))])
    said: set[tuple[datetime, datetime]] = set()
    for first, second in (pair for order in orders for pair in order):
        forgiven = energy_only and (first.time_error or second.time_error)
        if second.when < first.when and not forgiven and (first.when, second.when) not in said:
            said.add((first.when, second.when))
            yield Finding(FindingCode.TIME_BACKWARDS, {"first": shown(first.when), "second": shown(second.when)})
    points = [point for member in members for point in member.points]
    relative = {role: any(point.time_state is TimeState.RELATIVE for point in points if point.role is role) for role in Role}
    if relative[Role.BEGIN] and not relative[Role.END]:
        yield Finding(FindingCode.TIME_RELATIVE_BEGIN)


def _of(points: Sequence[Point]) -> Iterable[str]:
    return dict.fromkeys(point.register for point in points)


def _energy(points: Sequence[Point]) -> Iterator[Finding]:
    for register in filter(None, _of(points)):
        values = [point.wh for point in points if point.register == register and point.wh is not None]
        for first, second in pairwise(values):
            if second < first:
                yield Finding(FindingCode.ENERGY_BACKWARDS, {"first": str(first), "second": str(second)})


def shown(when: datetime) -> str:
    """A time as people read it, in its own zone."""
    return when.isoformat(sep=" ", timespec="seconds")
