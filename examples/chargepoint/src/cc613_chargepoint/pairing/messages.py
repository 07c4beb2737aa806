"""What master and slave say to each other: frozen values as JSON lines, numbered in each direction.

The slave speaks first (``Hello``), the master answers (``Welcome``, or ``Refusal`` and the end). From then on the slave sends a ``Beat``
several times per lease; the master answers each with a ``Lease``, and sends one more whenever a limit changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import frozen

from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.domain.limit import Offer
from cc613_chargepoint.domain.token import Token
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.facade.codec import NotUnderstood, line, packed, read_line, unpacked_value
from cc613_chargepoint.store import SignedRecord, StoredSession
from cc613hal.clock import ClockState

__all__ = [
    "PROTOCOL",
    "Accept",
    "Beat",
    "Clear",
    "Hello",
    "Lease",
    "Message",
    "Mirror",
    "News",
    "NotTaken",
    "Presented",
    "Refusal",
    "Release",
    "SessionTold",
    "SignedTold",
    "Stop",
    "Taken",
    "Welcome",
    "read_message",
    "session_of",
    "session_text",
    "written",
]

PROTOCOL = 2
"""Both ends must speak the same version; a master and a slave are updated together."""


@frozen(kw_only=True)
class Message:
    """Base of all messages."""


@frozen(kw_only=True)
class Hello(Message):
    """The slave's first word.

    Attributes:
        protocol: version of these messages.
        software: version of the application.
        store: identity of the slave's database: its records are counted by it.
        board: name of its board.
        wall: its wall clock, UTC.
        clock: how far that can be trusted.
    """

    protocol: int
    software: str
    store: str
    board: str
    wall: datetime
    clock: ClockState


@frozen(kw_only=True)
class Welcome(Message):
    """The master's answer.

    Attributes:
        protocol: version of these messages.
        software: version of the application.
        connector: which connector of the station the slave is.
        beat_s: how often the slave shall send a ``Beat``, s.
    """

    protocol: int
    software: str
    connector: int
    beat_s: float


@frozen(kw_only=True)
class Refusal(Message):
    """The end of a conversation that cannot be held; ``reason`` is for people."""

    reason: str


@frozen(kw_only=True)
class Beat(Message):
    """The slave lives.

    Attributes:
        beat: counted from 1 in a conversation.
        lease: number of the last lease that it obeys; 0 for none of this conversation.
        allowed_a: what it may draw at most until that ends, A per phase.
        safe_a: what it will draw at most afterwards, A per phase: on its disk.
    """

    beat: int
    lease: int
    allowed_a: float
    safe_a: float


@frozen(kw_only=True)
class Lease(Message):
    """What the slave may do, and for how long; what the slave has not heard again in time is over.

    Attributes:
        lease: counted from 1 in a conversation.
        beat: the last beat that was heard. The lease counts from the moment *that* was sent, so no delay on the way can prolong it.
        answers: whether it answers that beat, rather than telling a change.
        current_a: A per phase.
        source: whose limit that is.
        phases: how many phases may be used, 1 or 3; ``None`` for all.
        for_s: how long it counts, s.
        safe_a: what may be drawn without a master from now on, A per phase.
        wall: the master's wall clock, UTC.
        clock: how far that can be trusted.
        faults: what the master's surroundings say against charging at the slave.
    """

    lease: int
    beat: int
    answers: bool
    current_a: float
    source: str
    phases: int | None
    for_s: float
    safe_a: float
    wall: datetime
    clock: ClockState
    faults: tuple[Fault, ...] = ()


@frozen(kw_only=True)
class Mirror(Message):
    """How the slave's connector is; sent whenever that changes.

    Attributes:
        heard: number of the last message of the master that this knows about.
        state: where the connector is.
        because: why it came there.
        token: whose turn it is.
        group: the group of whose turn it is.
        faults: what stands.
        offer: what the vehicle may draw.
        locks: whether a lock keeps the plug.
    """

    heard: int
    state: State
    because: str
    token: Token | None
    group: str | None
    faults: tuple[Fault, ...]
    offer: Offer
    locks: bool


@frozen(kw_only=True)
class News(Message):
    """An event of the slave that nobody has to remember, as the facade packs it."""

    event: Mapping[str, Any]


@frozen(kw_only=True)
class Presented(Message):
    """Somebody identified at the slave: the master decides."""

    token: Token
    random: bool


@frozen(kw_only=True)
class Accept(Message):
    """Let this customer charge, if nobody else does."""

    token: Token
    group: str | None


@frozen(kw_only=True)
class Stop(Message):
    """End the session; the plug may have to stay locked until whoever began comes back."""

    reason: str
    keep_plug: bool = False


@frozen(kw_only=True)
class Release(Message):
    """Release the plug."""

    because: str


@frozen(kw_only=True)
class Clear(Message):
    """Somebody has been there: clear a fault."""

    name: FaultName
    because: str


@frozen(kw_only=True)
class SessionTold(Message):
    """A session that the slave owes: its begin, or its end.

    Attributes:
        id: of the debt; answered with ``Taken``.
        kind: ``begun``, ``ended`` or ``recovered``.
        session: as the slave has stored it.
    """

    id: int
    kind: str
    session: StoredSession


@frozen(kw_only=True)
class SignedTold(Message):
    """A signed record that the slave owes.

    Attributes:
        record: as the slave has stored it, byte for byte; answered with ``Taken`` of its ``id``.
        uid: of its session; ``None`` for a record outside sessions.
    """

    record: SignedRecord
    uid: str | None


@frozen(kw_only=True)
class Taken(Message):
    """It is on the master's disk: the slave owes it no more."""

    id: int
    signed: bool


@frozen(kw_only=True)
class NotTaken(Message):
    """The master's store cannot take it now."""

    id: int
    signed: bool
    reason: str


_KNOWN: Mapping[str, type[Message]] = {
    each.__name__: each
    for each in (
        Hello, Welcome, Refusal, Beat, Lease, Mirror, News, Presented, Accept, Stop, Release, Clear, SessionTold, SignedTold, Taken,
        NotTaken,
    )
}  # fmt: skip


def written(number: int, message: Message) -> bytes:
    """A message as a line."""
    return line({"n": number, **packed(message)})


def read_message(raw: bytes) -> tuple[int, Message]:
    """Number and message of a line.

    Raises:
        NotUnderstood: it is none.
    """
    plain = read_line(raw)
    number = plain.get("n")
    if type(number) is not int:
        raise NotUnderstood(f"{number!r} numbers no message")
    return number, unpacked_value(plain, _KNOWN, "message")


def session_text(session: StoredSession) -> str:
    """A session as text for the outbox."""
    return json.dumps(packed(session)["data"])


def session_of(text: str) -> StoredSession:
    """The session of a text.

    Raises:
        NotUnderstood: it is none.
    """
    return unpacked_value({"type": "StoredSession", "data": json.loads(text)}, {"StoredSession": StoredSession}, "session")
