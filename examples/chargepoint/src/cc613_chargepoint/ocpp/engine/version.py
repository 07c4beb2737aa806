"""What a version of the protocol does for the engine: it gives facts their words, and carries out what the backend asks."""

from __future__ import annotations

from abc import ABC, abstractmethod

from cc613_chargepoint.domain.known_token import KnownToken
from cc613_chargepoint.ocpp.engine.facts import Registration, SecurityEvent, StatusReport
from cc613_chargepoint.ocpp.engine.sending import Settled
from cc613_chargepoint.ocpp.rpc import Call, Reply
from cc613_chargepoint.store import OutboxMessage

__all__ = ["Version"]


class Version(ABC):
    """One version on one connection. Every function that speaks raises :class:`~cc613_chargepoint.ocpp.rpc.RpcError`."""

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
    async def security_event(self, event: SecurityEvent) -> None:
        """Say that something happened that matters for security."""

    @abstractmethod
    async def handle(self, call: Call) -> Reply:
        """Carry out what the backend asks."""
