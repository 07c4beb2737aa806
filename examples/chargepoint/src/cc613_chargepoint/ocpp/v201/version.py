"""OCPP 2.0.1 on one connection."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from attrs import evolve

from cc613_chargepoint.domain.known_token import ACCEPTED, KnownToken
from cc613_chargepoint.ocpp.engine.engine import BACKEND, Engine
from cc613_chargepoint.ocpp.engine.limits.outer import OuterLimit
from cc613_chargepoint.ocpp.engine.owed.facts import (
    BEGAN,
    CLOSED,
    ENDED,
    MEASURED,
    SHIFTED,
    STEPPED,
    Measured,
    Notice,
    Quantity,
    Reading,
    Registration,
    SecurityEvent,
    Shifted,
    SignedValue,
    StatusReport,
    TransactionBegan,
    TransactionClosed,
    TransactionEnded,
    TransactionStepped,
    unpacked,
)
from cc613_chargepoint.ocpp.engine.owed.sending import Settled, nothing
from cc613_chargepoint.ocpp.engine.transactions.ledger import Ledger
from cc613_chargepoint.ocpp.engine.transactions.measurands import DEFAULT
from cc613_chargepoint.ocpp.engine.transactions.signing import brings_key
from cc613_chargepoint.ocpp.engine.version import Version
from cc613_chargepoint.ocpp.messages import v201
from cc613_chargepoint.ocpp.messages.v201_charging import ClearedChargingLimitResponse, NotifyChargingLimitResponse
from cc613_chargepoint.ocpp.messages.v201_firmware import FirmwareStatusNotification, FirmwareStatusNotificationResponse
from cc613_chargepoint.ocpp.messages.v201_provisioning import (
    BootNotification,
    BootNotificationResponse,
    Heartbeat,
    HeartbeatResponse,
    LogStatusNotification,
    LogStatusNotificationResponse,
)
from cc613_chargepoint.ocpp.messages.v201_security import (
    SecurityEventNotification,
    SecurityEventNotificationResponse,
    SignCertificate,
    SignCertificateResponse,
)
from cc613_chargepoint.ocpp.messages.v201_transactions import (
    Authorize,
    AuthorizeResponse,
    MeterValuesResponse,
    ReservationStatusUpdate,
    ReservationStatusUpdateResponse,
    StatusNotificationResponse,
    TransactionEvent,
    TransactionEventResponse,
)
from cc613_chargepoint.ocpp.messages.v201_types import ChargingStation, IdToken, IdTokenInfo
from cc613_chargepoint.ocpp.messages.v201_words import (
    BootReason,
    ConnectorStatus,
    FirmwareStatus,
    ReservationUpdateStatus,
    UploadLogStatus,
)
from cc613_chargepoint.ocpp.rpc import OCPP201, Call, CallFailed, ErrorCode, Link, Priority, Reply
from cc613_chargepoint.ocpp.smart_charging import Rules
from cc613_chargepoint.ocpp.v201 import words
from cc613_chargepoint.ocpp.v201.customers import Customers
from cc613_chargepoint.ocpp.v201.device import Device
from cc613_chargepoint.ocpp.v201.inventory import variables
from cc613_chargepoint.ocpp.v201.model import DeviceModel
from cc613_chargepoint.ocpp.v201.operating import Operating
from cc613_chargepoint.ocpp.v201.security import Security201
from cc613_chargepoint.ocpp.v201.smart import SmartCharging201, limit_lifted, limit_set
from cc613_chargepoint.ocpp.v201.upkeep import Upkeep201
from cc613_chargepoint.settings import ocpp
from cc613_chargepoint.store import OutboxMessage, Transaction

__all__ = ["V201"]

_log = logging.getLogger(__name__)
_WHILE_PENDING = {"GetBaseReport", "GetReport", "GetVariables", "SetVariables", "TriggerMessage", "SetNetworkProfile", "DataTransfer"}
"""What a backend that has not accepted the station yet may ask (2.0.1, B02)."""
_REFUSED_WHILE_PENDING = {"RequestStartTransaction", "RequestStopTransaction"}
"""What it is refused with the message's own word (2.0.1, B02.FR.05), not with an error."""


class V201(Version):
    """Speaks 2.0.1 for an engine.

    Args:
        engine: whose words it gives.
        link: the connection.
    """

    requests = v201.REQUESTS
    wants_shifts = True
    by_points = True
    own_names = True
    tells_all_after_absence = True
    tells_outer_limits = True
    answers_when_rejected = True
    dialect = OCPP201
    profile_rules = Rules().later()
    energy_before_end = True

    def __init__(self, engine: Engine, link: Link) -> None:
        super().__init__(engine, link)
        self.model = DeviceModel(lambda: variables(engine), engine.settings, BACKEND)
        self._said: dict[int, ConnectorStatus] = {}
        self.handlers = {
            **Device(engine, self).handlers(),
            **Operating(engine).handlers(),
            **Customers(engine, self).handlers(),
            **SmartCharging201(engine, self).handlers(),
            **Upkeep201(engine).handlers(),
            **Security201(engine).handlers(),
        }

    @property
    def kinds(self) -> Mapping[str, tuple[str, str]]:
        """What the backend itself called customers; see :class:`~cc613_chargepoint.ocpp.engine.named.Named`."""
        return self._engine.named.said

    async def handle(self, call: Call) -> Reply:
        """See :class:`Version`."""
        registered = self._engine.registration
        if registered == "Pending" and call.action in _REFUSED_WHILE_PENDING:
            return Reply({"status": "Rejected", "statusInfo": {"reasonCode": "CSNotAccepted"}})
        if registered != ACCEPTED and not (registered == "Pending" and call.action in _WHILE_PENDING):
            raise CallFailed(ErrorCode.SECURITY_ERROR, "the station is not registered yet")
        return await super().handle(call)

    # -- what the station says --------------------------------------------------------------------------------------------------------

    async def boot(self) -> Registration:
        """See :class:`Version`."""
        identity = self._engine.identity
        station = ChargingStation(
            model=identity.model[:20],
            vendor_name=identity.vendor[:50],
            serial_number=identity.serial[:25] or None,
            firmware_version=identity.firmware[:50],
        )
        reason = "Triggered" if self._engine.boot_triggered else self._engine.boot_reason
        answer = await self.call(BootNotification(charging_station=station, reason=cast("BootReason", reason)), BootNotificationResponse)
        return Registration(status=answer.status, time=answer.current_time, interval_s=answer.interval)

    async def heartbeat(self) -> None:
        """See :class:`Version`."""
        answer = await self.call(Heartbeat(), HeartbeatResponse)
        self._engine.heard_time(answer.current_time)

    async def status(self, report: StatusReport) -> None:
        """See :class:`Version`; the station as a whole has no status here, and what was just said is not said again."""
        if report.connector and words.connector_status(report.standing) != self._said.get(report.connector):
            await self.say_status(report)

    async def say_status(self, report: StatusReport) -> None:
        """Say how a connector is, whether or not that is new."""
        notification = words.status(report)
        await self.call(notification, StatusNotificationResponse)
        self._said[report.connector] = notification.connector_status

    async def authorize(self, identifier: str) -> KnownToken:
        """See :class:`Version`."""
        request = Authorize(id_token=words.id_token(identifier, kinds=self.kinds))
        answer = await self.call(request, AuthorizeResponse, priority=Priority.URGENT)
        return words.known(identifier, answer.id_token_info)

    async def security_event(self, event: SecurityEvent, owed: OutboxMessage) -> None:
        """See :class:`Version`."""
        request = SecurityEventNotification(type=event.type[:50], timestamp=event.at, tech_info=event.detail[:255] or None)
        await self.call(request, SecurityEventNotificationResponse, owed=owed)

    async def notice(self, notice: Notice, owed: OutboxMessage | None = None) -> None:
        """See :class:`Version`; logs and diagnostics are one message here, and so is firmware with and without a signature."""
        if notice.kind == "reservation":
            if notice.request is not None:
                over = cast("ReservationUpdateStatus", notice.status)
                update = ReservationStatusUpdate(reservation_id=notice.request, reservation_update_status=over)
                await self.call(update, ReservationStatusUpdateResponse, owed=owed)
        elif notice.kind.endswith("firmware"):
            said = FirmwareStatusNotification(status=cast("FirmwareStatus", notice.status), request_id=notice.request)
            await self.call(said, FirmwareStatusNotificationResponse, owed=owed)
        else:
            told = LogStatusNotification(status=cast("UploadLogStatus", notice.status), request_id=notice.request)
            await self.call(told, LogStatusNotificationResponse, owed=owed)

    async def outer_limit(self, limit: OuterLimit) -> None:
        """See :class:`Version`."""
        await self.call(limit_set(limit, with_schedule=self._engine.settings.get(ocpp.LIMITS_WITH_SCHEDULES)), NotifyChargingLimitResponse)

    async def outer_limit_lifted(self, limit: OuterLimit) -> None:
        """See :class:`Version`."""
        await self.call(limit_lifted(limit), ClearedChargingLimitResponse)

    async def sign_certificate(self, request: str) -> bool:
        """See :class:`Version`."""
        answer = await self.call(SignCertificate(csr=request, certificate_type="ChargingStationCertificate"), SignCertificateResponse)
        return answer.status == "Accepted"

    async def deliver(self, message: OutboxMessage) -> Settled:
        """See :class:`Version`."""
        deliver: Mapping[str, Callable[[OutboxMessage], Awaitable[Settled]]] = {
            STEPPED: self._deliver_step,
            BEGAN: self._deliver_begin,
            MEASURED: self._deliver_values,
            SHIFTED: self._deliver_shift,
            ENDED: self._deliver_end,
            CLOSED: self._deliver_close,
        }
        return await deliver[message.kind](message)

    async def _event(self, event: TransactionEvent, message: OutboxMessage) -> TransactionEventResponse:
        return await self.call(event, TransactionEventResponse, owed=message)

    def _called(self, message: OutboxMessage, identifier: str, source: str = "") -> IdToken:
        """A customer as a message calls them, the first time and whenever it is said again."""
        said = self._engine.named.for_message(message.id, identifier)
        return words.id_token(identifier, source, {} if said is None else {identifier.casefold(): said})

    async def _deliver_step(self, message: OutboxMessage) -> Settled:
        fact = unpacked(TransactionStepped, message.payload)
        token = None if fact.token is None else self._called(message, fact.token, fact.source)
        answer = await self._event(words.stepped(fact, await self._engine.ledger.told(fact.uid), token=token), message)
        info = answer.id_token_info
        if info is not None and info.status != ACCEPTED and fact.reason is None:
            _log.warning("the backend does not accept %s: %s", fact.token, info.status)
            self._engine.operations.spawn(self._engine.operations.refused_early(fact.uid))
        return self._passed(fact.uid, fact.token, token, info)

    async def _deliver_begin(self, message: OutboxMessage) -> Settled:
        fact = unpacked(TransactionBegan, message.payload)
        token = self._called(message, fact.token, fact.source)
        register: tuple[Reading, ...] = ()
        if fact.begin_wh is not None:
            quantity = Quantity(measurand=DEFAULT, value=fact.begin_wh, unit="Wh")
            register = (Reading(at=fact.started, context="Transaction.Begin", quantities=(quantity,), signed=await self._begin_of(fact)),)
        seq_no = await self._engine.ledger.told(fact.uid)
        if fact.register_told and not any(each.signed for each in register):
            register = ()  # what was told with the begin is not told again, unless it is signed now
        answer = await self._event(words.began(fact, seq_no, token=token, values=words.meter_values(register)), message)
        if answer.id_token_info is not None and answer.id_token_info.status != ACCEPTED:
            _log.warning("the backend does not accept %s for the transaction it began: %s", fact.token, answer.id_token_info.status)
            self._engine.operations.spawn(self._engine.operations.refused(fact.connector, fact.session))
        passed = self._passed(fact.uid, fact.token, token, answer.id_token_info)
        return _with_key(passed, fact.session, told=any(each.signed is not None and each.signed.key != "" for each in register))

    async def _begin_of(self, fact: TransactionBegan) -> SignedValue | None:
        """The signed begin, as it is told with the begin."""
        signing = self._engine.signing
        signed = await signing.awaited_begin(fact)
        return None if signed is None or not words.fits(signed) else await signing.began(fact.session, signed)

    async def _deliver_values(self, message: OutboxMessage) -> Settled:
        fact = await self._engine.signing.measured(words.without_long_records(unpacked(Measured, message.payload)))
        uid = fact.uid if fact.session is None else await self._engine.ledger.uid_of(fact.session)
        if not uid:
            await self.call(words.outside(fact), MeterValuesResponse, owed=message)
            return nothing
        await self._event(words.measured(fact, uid, await self._engine.ledger.told(uid)), message)
        passed = self._passed(uid)
        return passed if fact.session is None else _with_key(passed, fact.session, told=brings_key(fact))

    async def _deliver_shift(self, message: OutboxMessage) -> Settled:
        fact = unpacked(Shifted, message.payload)
        uid = await self._engine.ledger.uid_of(fact.session)
        await self._event(words.shifted(fact, uid, await self._engine.ledger.told(uid)), message)
        return self._passed(uid)

    async def _deliver_end(self, message: OutboxMessage) -> Settled:
        fact = unpacked(TransactionEnded, message.payload)
        if not fact.goes_on:
            fact = await self._engine.signing.ended(words.without_long_records(fact))
        token = None if fact.token is None else self._called(message, fact.token)
        answer = await self._event(words.ended(fact, await self._engine.ledger.told(fact.uid), token=token), message)
        if fact.goes_on:
            return self._passed(fact.uid, fact.token, token, answer.id_token_info)
        remember, over = self._remember(fact.token, token, answer.id_token_info), self._over(fact.uid, fact.session)

        def settled(tx: Transaction) -> None:
            over(tx)
            remember(tx)

        return settled

    async def _deliver_close(self, message: OutboxMessage) -> Settled:
        fact = unpacked(TransactionClosed, message.payload)
        if fact.session is not None:
            fact = evolve(fact, session=await self._engine.signing.ended(words.without_long_records(fact.session)))
        await self._event(words.closed(fact, await self._engine.ledger.told(fact.uid)), message)
        return self._over(fact.uid, None if fact.session is None else fact.session.session)

    def _over(self, uid: str, session: int | None) -> Settled:
        """The last message about a transaction was taken, with everything that is signed."""
        at = self._engine.clock.wall()

        def settled(tx: Transaction) -> None:
            Ledger.forget(tx, session, uid)
            for each in () if session is None else tx.signed.of_session(session):
                tx.signed.delivered(each.id, at)

        return settled

    def _passed(self, uid: str, identifier: str | None = None, token: IdToken | None = None, info: IdTokenInfo | None = None) -> Settled:
        remember = self._remember(identifier, token, info)

        def settled(tx: Transaction) -> None:
            Ledger.passed(tx, uid)
            remember(tx)

        return settled

    def _remember(self, identifier: str | None, token: IdToken | None, info: IdTokenInfo | None) -> Settled:
        """Keep in the cache what the backend said, unless the local list knows better; nobody in particular is not kept."""
        if identifier is None or info is None or token is None or token.type in {"NoAuthorization", "Local"}:
            return nothing
        return self.remember(words.known(identifier, info))


def _with_key(settled: Settled, session: int, *, told: bool) -> Settled:
    """What an answer means, and that the public key of the session was told with it."""
    if not told:
        return settled

    def both(tx: Transaction) -> None:
        settled(tx)
        Ledger.key_told(tx, session)

    return both
