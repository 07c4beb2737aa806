"""What a version of the protocol does for the engine: it gives facts their words, and carries out what the backend asks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from cc613_chargepoint.domain.known_token import KnownToken
from cc613_chargepoint.ocpp.engine.owed.facts import Notice, Registration, SecurityEvent, StatusReport
from cc613_chargepoint.ocpp.engine.owed.sending import Settled
from cc613_chargepoint.ocpp.messages import Invalid, decoded, encoded
from cc613_chargepoint.ocpp.rpc import OCPP16, Call, CallFailed, Dialect, ErrorCode, Link, Priority, Reply
from cc613_chargepoint.ocpp.smart_charging import Rules
from cc613_chargepoint.settings import table
from cc613_chargepoint.store import OutboxMessage, Transaction
from cc613hal.errors import Unsupported

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.engine.engine import Engine
    from cc613_chargepoint.ocpp.engine.limits.outer import OuterLimit

__all__ = ["Handler", "Version"]

T = TypeVar("T")
Handler = Callable[[Any], Awaitable[Reply]]
"""Carries out one request, and says what is answered."""


class Version(ABC):
    """One version on one connection. Every function that speaks raises :class:`~cc613_chargepoint.ocpp.rpc.RpcError`.

    Args:
        engine: whose words it gives.
        link: the connection.

    Attributes:
        requests: action → class of its request, for everything the version knows.
        wants_shifts: it tells whenever a transaction goes from charging to waiting or back.
        by_points: in it a transaction begins and ends at points that are set, and may be more than its session.
        tells_outer_limits: it has words for limits that others set on the station.
        tells_all_after_absence: after a long time without a connection every connector's status is told, changed or not.
        begins_apart: a begin has no place for values: what is wanted of it is a message of its own.
        own_names: the station names transactions itself; otherwise the backend does.
        answers_when_rejected: a backend that rejected the boot still gets an answer, though a refusal.
        dialect: how it refuses over JSON.
        profile_rules: which charging profiles are taken, and what they mean together.
        energy_before_end: a charge whose refused customer still gets energy ends after that, not before.
        handlers: action → who carries it out, for everything that is done here.
    """

    requests: ClassVar[Mapping[str, type[Any]]]
    wants_shifts: ClassVar[bool] = False
    by_points: ClassVar[bool] = False
    tells_outer_limits: ClassVar[bool] = False
    tells_all_after_absence: ClassVar[bool] = False
    begins_apart: ClassVar[bool] = False
    own_names: ClassVar[bool] = False
    answers_when_rejected: ClassVar[bool] = False
    dialect: ClassVar[Dialect] = OCPP16
    profile_rules: ClassVar[Rules] = Rules()
    energy_before_end: ClassVar[bool] = False
    handlers: Mapping[str, Handler]

    def __init__(self, engine: Engine, link: Link) -> None:
        self._engine, self._link = engine, link
        engine.charging.keeper.rules = self.profile_rules

    async def call(self, request: Any, answer: type[T], *, priority: Priority = Priority.NORMAL, owed: OutboxMessage | None = None) -> T:
        """Ask the backend.

        Args:
            request: the message.
            answer: class of its answer.
            priority: whose turn comes first; what is owed is stored.
            owed: what of the outbox this says: it goes out under the name that it has there.

        Raises:
            RpcError: as :meth:`Link.call` says; an answer that its message does not allow is a failure too.
        """
        action = type(request).__name__
        if owed is None:
            payload = await self._link.call(action, encoded(request), priority=priority)
        else:
            payload = await self._link.call(action, encoded(request), priority=Priority.STORED, identifier=owed.sent_as)
        try:
            return decoded(answer, payload, lenient=True)
        except Invalid as invalid:
            self._engine.note_security("InvalidMessages", f"answer to {action}: {invalid.message}")
            raise CallFailed(invalid.code, f"the answer to {action} makes no sense: {invalid.message}") from invalid

    async def handle(self, call: Call) -> Reply:
        """Carry out what the backend asks.

        Raises:
            CallFailed: there is no such action, it is not done here, or its payload breaks a rule.
        """
        kind = self.requests.get(call.action)
        if kind is None:
            raise CallFailed(ErrorCode.NOT_IMPLEMENTED, f"there is no action {call.action[:50]!r}")
        handler = self.handlers.get(call.action)
        if handler is None:
            raise CallFailed(ErrorCode.NOT_SUPPORTED, f"{call.action} is not done here")
        try:
            request = decoded(kind, call.payload)
        except Invalid as invalid:
            self._engine.note_security("InvalidMessages", f"{call.action}: {invalid.message}")
            raise CallFailed(invalid.code, invalid.message) from invalid
        return await handler(request)

    def remember(self, known: KnownToken) -> Settled:
        """Keep in the cache what the backend said of a customer, unless the local list knows better."""
        at, settings = self._engine.clock.wall(), self._engine.settings
        enabled, size = settings.get(table.CACHE), settings.get(table.CACHE_SIZE)

        def settled(tx: Transaction) -> None:
            if enabled and tx.token_list.find(known.id) is None:
                tx.token_cache.put(known, heard=at, limit=size)

        return settled

    @abstractmethod
    async def boot(self) -> Registration:
        """Say what the station is."""

    @abstractmethod
    async def heartbeat(self) -> None:
        """Say that it is there, and take the time."""

    @abstractmethod
    async def status(self, report: StatusReport) -> None:
        """Say how a connector is."""

    @abstractmethod
    async def authorize(self, identifier: str) -> KnownToken:
        """Ask about a customer."""

    @abstractmethod
    async def deliver(self, message: OutboxMessage) -> Settled:
        """Say what was owed about a transaction, and what the answer means for the store."""

    @abstractmethod
    async def security_event(self, event: SecurityEvent, owed: OutboxMessage) -> None:
        """Say that something happened that matters for security."""

    @abstractmethod
    async def notice(self, notice: Notice, owed: OutboxMessage | None = None) -> None:
        """Say how an update or an upload is."""

    async def outer_limit(self, limit: OuterLimit) -> None:
        """Say that somebody else limits; only where the version has a word for that."""
        raise Unsupported(f"there is no word for a limit by {limit.source.value} in this version")

    async def outer_limit_lifted(self, limit: OuterLimit) -> None:
        """Say that they do so no more."""
        raise Unsupported(f"there is no word for a limit by {limit.source.value} in this version")

    @abstractmethod
    async def sign_certificate(self, request: str) -> bool:
        """Ask for a certificate; whether the backend will have it signed."""
