"""OCPP 1.6 on one connection."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from attrs import evolve

from cc613_chargepoint.domain.known_token import ACCEPTED, KnownToken
from cc613_chargepoint.ocpp.engine.engine import BACKEND, Engine, Offline
from cc613_chargepoint.ocpp.engine.owed.facts import (
    BEGAN,
    ENDED,
    MEASURED,
    Measured,
    Notice,
    Registration,
    SecurityEvent,
    StatusReport,
    TransactionBegan,
    TransactionEnded,
    unpacked,
)
from cc613_chargepoint.ocpp.engine.owed.sending import Settled, nothing
from cc613_chargepoint.ocpp.engine.transactions.ledger import LOST, Ledger
from cc613_chargepoint.ocpp.engine.transactions.signing import brings_key
from cc613_chargepoint.ocpp.engine.version import Handler, Version
from cc613_chargepoint.ocpp.messages import Invalid, v16
from cc613_chargepoint.ocpp.messages.v16_types import IdTagInfo
from cc613_chargepoint.ocpp.rpc import Call, CallFailed, ErrorCode, Link, Priority, Reply
from cc613_chargepoint.ocpp.v16 import words
from cc613_chargepoint.ocpp.v16.contracts import Contracts16
from cc613_chargepoint.ocpp.v16.core import Core
from cc613_chargepoint.ocpp.v16.keys import Keys
from cc613_chargepoint.ocpp.v16.local_list import LocalLists
from cc613_chargepoint.ocpp.v16.reservation import Reservation
from cc613_chargepoint.ocpp.v16.security import Security16
from cc613_chargepoint.ocpp.v16.smart import SmartCharging16
from cc613_chargepoint.ocpp.v16.told import told_keys
from cc613_chargepoint.ocpp.v16.trigger import Trigger
from cc613_chargepoint.ocpp.v16.upkeep import Upkeep16
from cc613_chargepoint.settings import ocpp
from cc613_chargepoint.store import OutboxMessage, Transaction

__all__ = ["V16"]

_log = logging.getLogger(__name__)


_TRIGGERS = {"TriggerMessage", "ExtendedTriggerMessage"}


def _unknown_wish(why: Invalid) -> bool:
    return why.path == "requestedMessage" and why.code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


class V16(Version):
    """Speaks 1.6 for an engine.

    Args:
        engine: whose words it gives.
        link: the connection.
    """

    requests = v16.REQUESTS
    begins_apart = True

    def __init__(self, engine: Engine, link: Link) -> None:
        super().__init__(engine, link)
        self.contracts = Contracts16(engine, self)
        self.keys = Keys(engine.settings, BACKEND, told_keys(engine), engine.offered)
        trigger = Trigger(engine, self)
        self.handlers: Mapping[str, Handler] = {
            **Core(engine, self.keys, self.contracts).handlers(),
            **LocalLists(engine).handlers(),
            **Reservation(engine).handlers(),
            **SmartCharging16(engine).handlers(),
            **trigger.handlers(),
            **Upkeep16(engine).handlers(),
            **Security16(engine, trigger).handlers(),
        }

    async def handle(self, call: Call) -> Reply:
        """See :class:`Version`. A wish for a message that nobody knows is no mistake of form: it has its own answer (1.6, 5.17)."""
        try:
            return await super().handle(call)
        except CallFailed as failed:
            if call.action in _TRIGGERS and isinstance(why := failed.__cause__, Invalid) and _unknown_wish(why):
                return Reply({"status": "NotImplemented"})
            raise

    # -- what the station says --------------------------------------------------------------------------------------------------------

    async def boot(self) -> Registration:
        """See :class:`Version`."""
        identity = self._engine.identity
        request = v16.BootNotification(
            charge_point_vendor=identity.vendor[:20],
            charge_point_model=identity.model[:20],
            charge_point_serial_number=identity.serial[:25] or None,
            firmware_version=identity.firmware[:50],
        )
        answer = await self.call(request, v16.BootNotificationResponse)
        return Registration(status=answer.status, time=answer.current_time, interval_s=answer.interval)

    async def heartbeat(self) -> None:
        """See :class:`Version`."""
        answer = await self.call(v16.Heartbeat(), v16.HeartbeatResponse)
        self._engine.heard_time(answer.current_time)

    async def status(self, report: StatusReport) -> None:
        """See :class:`Version`."""
        await self.call(words.status(report), v16.StatusNotificationResponse)

    async def authorize(self, identifier: str) -> KnownToken:
        """See :class:`Version`."""
        if len(identifier) > words.ID_LIMIT:
            raise Offline(f"{identifier} is too long for OCPP 1.6: {words.ID_LIMIT} characters")
        answer = await self.call(v16.Authorize(id_tag=identifier), v16.AuthorizeResponse, priority=Priority.URGENT)
        return words.known(identifier, answer.id_tag_info)

    async def security_event(self, event: SecurityEvent, owed: OutboxMessage) -> None:
        """See :class:`Version`."""
        request = v16.SecurityEventNotification(type=event.type[:50], timestamp=event.at, tech_info=event.detail[:255] or None)
        await self.call(request, v16.SecurityEventNotificationResponse, owed=owed)

    async def notice(self, notice: Notice, owed: OutboxMessage | None = None) -> None:
        """See :class:`Version`."""
        status: Any = notice.status
        match notice.kind:
            case "firmware":
                await self.call(v16.FirmwareStatusNotification(status=status), v16.FirmwareStatusNotificationResponse, owed=owed)
            case "signed-firmware":
                said = v16.SignedFirmwareStatusNotification(status=status, request_id=notice.request)
                await self.call(said, v16.SignedFirmwareStatusNotificationResponse, owed=owed)
            case "reservation":
                _log.debug("reservation %s is over: the connector's status says so in this version", notice.request)
            case "diagnostics":
                await self.call(v16.DiagnosticsStatusNotification(status=status), v16.DiagnosticsStatusNotificationResponse, owed=owed)
            case _:
                await self.call(
                    v16.LogStatusNotification(status=status, request_id=notice.request), v16.LogStatusNotificationResponse, owed=owed
                )

    async def sign_certificate(self, request: str) -> bool:
        """See :class:`Version`."""
        answer = await self.call(v16.SignCertificate(csr=request), v16.SignCertificateResponse)
        return answer.status == "Accepted"

    async def deliver(self, message: OutboxMessage) -> Settled:
        """See :class:`Version`."""
        deliver: Mapping[str, Callable[[OutboxMessage], Awaitable[Settled]]] = {
            BEGAN: self._deliver_begin,
            MEASURED: self._deliver_values,
            ENDED: self._deliver_end,
        }
        # a change of how a transaction charges was owed to a backend of another version: 1.6 has no message for it
        return await deliver[message.kind](message) if message.kind in deliver else nothing

    async def _deliver_begin(self, message: OutboxMessage) -> Settled:
        began = unpacked(TransactionBegan, message.payload)
        answer = await self.call(words.start(began), v16.StartTransactionResponse, owed=message)
        remember = self.remember(words.known(began.token, answer.id_tag_info))

        def settled(tx: Transaction) -> None:
            Ledger.name(tx, began.session, answer.transaction_id)
            remember(tx)

        if answer.id_tag_info.status != ACCEPTED:
            _log.warning("the backend does not accept %s for the transaction it began: %s", began.token, answer.id_tag_info.status)
            self._engine.operations.spawn(self._refused(began, answer.id_tag_info))
        return settled

    async def _refused(self, began: TransactionBegan, info: IdTagInfo) -> None:
        listed = await self._engine.store.read(lambda tx: tx.token_list.find(began.token), "looking at the local list")
        if listed is not None and listed.status == ACCEPTED and info.status != "ConcurrentTx":
            await self.status(evolve(self._engine.view.report(0), error="LocalListConflict"))
        await self._engine.operations.refused(began.connector, began.session)

    async def _deliver_values(self, message: OutboxMessage) -> Settled:
        fact = await self._engine.signing.measured(unpacked(Measured, message.payload))
        await self.say_values(fact, None if fact.session is None else await self._name(fact.session), owed=message)
        return self._told_key(fact)

    async def say_values(self, fact: Measured, transaction: int | None, *, owed: OutboxMessage | None = None) -> None:
        """Say what a meter tells, now.

        Args:
            fact: the values, with the keys that go along.
            transaction: the backend's name for it.
            owed: what lay in the outbox, if it did.
        """
        said = words.measured(fact, transaction, bare=self._engine.settings.get(ocpp.SIGNED_BARE))
        await self.call(said, v16.MeterValuesResponse, owed=owed)

    @staticmethod
    def _told_key(fact: Measured) -> Settled:
        session = fact.session
        return nothing if session is None or not brings_key(fact) else lambda tx: Ledger.key_told(tx, session)

    async def _deliver_end(self, message: OutboxMessage) -> Settled:
        ended = await self._engine.signing.ended(unpacked(TransactionEnded, message.payload))
        settings = self._engine.settings
        request = words.stop(
            ended, await self._name(ended.session), most=settings.get(ocpp.STOP_VALUES), bare=settings.get(ocpp.SIGNED_BARE)
        )
        answer = await self.call(request, v16.StopTransactionResponse, owed=message)
        info, token = answer.id_tag_info, ended.token
        remember = None if info is None or token is None else self.remember(words.known(token, info))
        at = self._engine.clock.wall()

        def settled(tx: Transaction) -> None:
            Ledger.forget(tx, ended.session, ended.uid)
            for each in tx.signed.of_session(ended.session):
                tx.signed.delivered(each.id, at)
            if remember is not None:
                remember(tx)

        return settled

    async def _name(self, session: int) -> int:
        """The backend's name of a transaction; its begin was settled before, or given up."""
        name = await self._engine.ledger.name_of(session)
        return LOST if name is None else name
