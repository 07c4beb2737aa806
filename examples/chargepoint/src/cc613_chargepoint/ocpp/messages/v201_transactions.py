"""Messages of OCPP 2.0.1: Authorization, transactions and availability (functional blocks C to G and J)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from attrs import frozen

from cc613_chargepoint.ocpp.messages.codec import Items, Text
from cc613_chargepoint.ocpp.messages.v201_charging_types import ChargingProfile
from cc613_chargepoint.ocpp.messages.v201_types import (
    AuthorizationData,
    Evse,
    Extensible,
    IdToken,
    IdTokenInfo,
    MessageContent,
    MeterValue,
    OcspRequestData,
    StatusInfo,
    Transaction,
)
from cc613_chargepoint.ocpp.messages.v201_words import (
    AuthorizeCertificateStatus,
    CancelReservationStatus,
    ChangeAvailabilityStatus,
    ClearCacheStatus,
    Connector,
    ConnectorStatus,
    OperationalStatus,
    RequestStartStopStatus,
    ReservationUpdateStatus,
    ReserveNowStatus,
    SendLocalListStatus,
    TransactionEventKind,
    TriggerReason,
    UnlockStatus,
    Update,
)

__all__ = [
    "Authorize",
    "AuthorizeResponse",
    "CancelReservation",
    "CancelReservationResponse",
    "ChangeAvailability",
    "ChangeAvailabilityResponse",
    "ClearCache",
    "ClearCacheResponse",
    "CostUpdated",
    "CostUpdatedResponse",
    "GetLocalListVersion",
    "GetLocalListVersionResponse",
    "GetTransactionStatus",
    "GetTransactionStatusResponse",
    "MeterValues",
    "MeterValuesResponse",
    "RequestStartTransaction",
    "RequestStartTransactionResponse",
    "RequestStopTransaction",
    "RequestStopTransactionResponse",
    "ReservationStatusUpdate",
    "ReservationStatusUpdateResponse",
    "ReserveNow",
    "ReserveNowResponse",
    "SendLocalList",
    "SendLocalListResponse",
    "StatusNotification",
    "StatusNotificationResponse",
    "TransactionEvent",
    "TransactionEventResponse",
    "UnlockConnector",
    "UnlockConnectorResponse",
]


@frozen(kw_only=True)
class Authorize(Extensible):
    """The management system is asked about a token."""

    id_token: IdToken
    certificate: Annotated[str, Text(5500)] | None = None
    iso15118_certificate_hash_data: Annotated[tuple[OcspRequestData, ...], Items(1, 4)] | None = None


@frozen(kw_only=True)
class AuthorizeResponse(Extensible):
    """What is answered to :class:`Authorize`."""

    id_token_info: IdTokenInfo
    certificate_status: AuthorizeCertificateStatus | None = None


@frozen(kw_only=True)
class ClearCache(Extensible):
    """What was kept of earlier answers shall be forgotten."""


@frozen(kw_only=True)
class ClearCacheResponse(Extensible):
    """What is answered to :class:`ClearCache`."""

    status: ClearCacheStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class SendLocalList(Extensible):
    """The local list, or changes of it."""

    version_number: int
    update_type: Update
    local_authorization_list: Annotated[tuple[AuthorizationData, ...], Items(1)] | None = None


@frozen(kw_only=True)
class SendLocalListResponse(Extensible):
    """What is answered to :class:`SendLocalList`."""

    status: SendLocalListStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class GetLocalListVersion(Extensible):
    """The version of the local list is asked for."""


@frozen(kw_only=True)
class GetLocalListVersionResponse(Extensible):
    """What is answered to :class:`GetLocalListVersion`."""

    version_number: int


@frozen(kw_only=True)
class TransactionEvent(Extensible):
    """Something happened to a transaction."""

    event_type: TransactionEventKind
    timestamp: datetime
    trigger_reason: TriggerReason
    seq_no: int
    transaction_info: Transaction
    meter_value: Annotated[tuple[MeterValue, ...], Items(1)] | None = None
    offline: bool | None = None
    number_of_phases_used: int | None = None
    cable_max_current: int | None = None
    reservation_id: int | None = None
    evse: Evse | None = None
    id_token: IdToken | None = None


@frozen(kw_only=True)
class TransactionEventResponse(Extensible):
    """What is answered to :class:`TransactionEvent`."""

    total_cost: float | None = None
    charging_priority: int | None = None
    id_token_info: IdTokenInfo | None = None
    updated_personal_message: MessageContent | None = None


@frozen(kw_only=True)
class GetTransactionStatus(Extensible):
    """Whether something is still owed of a transaction is asked for."""

    transaction_id: Annotated[str, Text(36)] | None = None


@frozen(kw_only=True)
class GetTransactionStatusResponse(Extensible):
    """What is answered to :class:`GetTransactionStatus`."""

    messages_in_queue: bool
    ongoing_indicator: bool | None = None


@frozen(kw_only=True)
class RequestStartTransaction(Extensible):
    """A transaction shall begin."""

    id_token: IdToken
    remote_start_id: int
    evse_id: int | None = None
    group_id_token: IdToken | None = None
    charging_profile: ChargingProfile | None = None


@frozen(kw_only=True)
class RequestStartTransactionResponse(Extensible):
    """What is answered to :class:`RequestStartTransaction`."""

    status: RequestStartStopStatus
    status_info: StatusInfo | None = None
    transaction_id: Annotated[str, Text(36)] | None = None


@frozen(kw_only=True)
class RequestStopTransaction(Extensible):
    """A transaction shall end."""

    transaction_id: Annotated[str, Text(36)]


@frozen(kw_only=True)
class RequestStopTransactionResponse(Extensible):
    """What is answered to :class:`RequestStopTransaction`."""

    status: RequestStartStopStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class MeterValues(Extensible):
    """Values outside of transactions."""

    evse_id: int
    meter_value: Annotated[tuple[MeterValue, ...], Items(1)]


@frozen(kw_only=True)
class MeterValuesResponse(Extensible):
    """What is answered to :class:`MeterValues`."""


@frozen(kw_only=True)
class CostUpdated(Extensible):
    """What the running transaction costs by now."""

    total_cost: float
    transaction_id: Annotated[str, Text(36)]


@frozen(kw_only=True)
class CostUpdatedResponse(Extensible):
    """What is answered to :class:`CostUpdated`."""


@frozen(kw_only=True)
class UnlockConnector(Extensible):
    """A plug shall be released."""

    evse_id: int
    connector_id: int


@frozen(kw_only=True)
class UnlockConnectorResponse(Extensible):
    """What is answered to :class:`UnlockConnector`."""

    status: UnlockStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class ChangeAvailability(Extensible):
    """The station, an outlet or a connector shall serve or not."""

    operational_status: OperationalStatus
    evse: Evse | None = None


@frozen(kw_only=True)
class ChangeAvailabilityResponse(Extensible):
    """What is answered to :class:`ChangeAvailability`."""

    status: ChangeAvailabilityStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class StatusNotification(Extensible):
    """How a connector is."""

    timestamp: datetime
    connector_status: ConnectorStatus
    evse_id: int
    connector_id: int


@frozen(kw_only=True)
class StatusNotificationResponse(Extensible):
    """What is answered to :class:`StatusNotification`."""


@frozen(kw_only=True)
class ReserveNow(Extensible):
    """An outlet shall be kept free for somebody."""

    id: int
    expiry_date_time: datetime
    id_token: IdToken
    connector_type: Connector | None = None
    evse_id: int | None = None
    group_id_token: IdToken | None = None


@frozen(kw_only=True)
class ReserveNowResponse(Extensible):
    """What is answered to :class:`ReserveNow`."""

    status: ReserveNowStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class CancelReservation(Extensible):
    """A reservation shall end."""

    reservation_id: int


@frozen(kw_only=True)
class CancelReservationResponse(Extensible):
    """What is answered to :class:`CancelReservation`."""

    status: CancelReservationStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class ReservationStatusUpdate(Extensible):
    """A reservation is over."""

    reservation_id: int
    reservation_update_status: ReservationUpdateStatus


@frozen(kw_only=True)
class ReservationStatusUpdateResponse(Extensible):
    """What is answered to :class:`ReservationStatusUpdate`."""
