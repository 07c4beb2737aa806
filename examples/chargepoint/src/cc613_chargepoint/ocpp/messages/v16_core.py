"""Messages of OCPP 1.6, feature profile Core (specification edition 2, chapter 6, with the errata)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from attrs import frozen

from cc613_chargepoint.ocpp.messages.codec import Items, Text
from cc613_chargepoint.ocpp.messages.v16_types import (
    ChargePointErrorCode,
    ChargePointStatus,
    ChargingProfile,
    IdTagInfo,
    IdToken,
    KeyValue,
    MeterValue,
)

__all__ = [
    "Authorize",
    "AuthorizeResponse",
    "BootNotification",
    "BootNotificationResponse",
    "ChangeAvailability",
    "ChangeAvailabilityResponse",
    "ChangeConfiguration",
    "ChangeConfigurationResponse",
    "ClearCache",
    "ClearCacheResponse",
    "DataTransfer",
    "DataTransferResponse",
    "GetConfiguration",
    "GetConfigurationResponse",
    "Heartbeat",
    "HeartbeatResponse",
    "MeterValues",
    "MeterValuesResponse",
    "RemoteStartTransaction",
    "RemoteStartTransactionResponse",
    "RemoteStopTransaction",
    "RemoteStopTransactionResponse",
    "Reset",
    "ResetResponse",
    "StartTransaction",
    "StartTransactionResponse",
    "StatusNotification",
    "StatusNotificationResponse",
    "StopTransaction",
    "StopTransactionResponse",
    "UnlockConnector",
    "UnlockConnectorResponse",
]


@frozen(kw_only=True)
class Authorize:
    """The central system is asked about an identifier."""

    id_tag: IdToken


@frozen(kw_only=True)
class AuthorizeResponse:
    """What is answered to :class:`Authorize`."""

    id_tag_info: IdTagInfo


@frozen(kw_only=True)
class BootNotification:
    """The station says what it is."""

    charge_point_vendor: Annotated[str, Text(20)]
    charge_point_model: Annotated[str, Text(20)]
    charge_point_serial_number: Annotated[str, Text(25)] | None = None
    charge_box_serial_number: Annotated[str, Text(25)] | None = None
    firmware_version: Annotated[str, Text(50)] | None = None
    iccid: Annotated[str, Text(20)] | None = None
    imsi: Annotated[str, Text(20)] | None = None
    meter_type: Annotated[str, Text(25)] | None = None
    meter_serial_number: Annotated[str, Text(25)] | None = None


@frozen(kw_only=True)
class BootNotificationResponse:
    """What is answered to :class:`BootNotification`."""

    status: Literal["Accepted", "Pending", "Rejected"]
    current_time: datetime
    interval: int


@frozen(kw_only=True)
class ChangeAvailability:
    """A connector, or the station, shall serve or not."""

    connector_id: int
    type: Literal["Inoperative", "Operative"]


@frozen(kw_only=True)
class ChangeAvailabilityResponse:
    """What is answered to :class:`ChangeAvailability`."""

    status: Literal["Accepted", "Rejected", "Scheduled"]


@frozen(kw_only=True)
class ChangeConfiguration:
    """A key shall have another value."""

    key: Annotated[str, Text(50)]
    value: Annotated[str, Text(500)]


@frozen(kw_only=True)
class ChangeConfigurationResponse:
    """What is answered to :class:`ChangeConfiguration`."""

    status: Literal["Accepted", "Rejected", "RebootRequired", "NotSupported"]


@frozen(kw_only=True)
class ClearCache:
    """The authorization cache shall be emptied."""


@frozen(kw_only=True)
class ClearCacheResponse:
    """What is answered to :class:`ClearCache`."""

    status: Literal["Accepted", "Rejected"]


@frozen(kw_only=True)
class DataTransfer:
    """Whatever two parties have agreed upon."""

    vendor_id: Annotated[str, Text(255)]
    message_id: Annotated[str, Text(50)] | None = None
    data: str | None = None


@frozen(kw_only=True)
class DataTransferResponse:
    """What is answered to :class:`DataTransfer`."""

    status: Literal["Accepted", "Rejected", "UnknownMessageId", "UnknownVendorId"]
    data: str | None = None


@frozen(kw_only=True)
class GetConfiguration:
    """Keys are asked for."""

    key: tuple[Annotated[str, Text(50)], ...] | None = None


@frozen(kw_only=True)
class GetConfigurationResponse:
    """What is answered to :class:`GetConfiguration`."""

    configuration_key: tuple[KeyValue, ...] | None = None
    unknown_key: tuple[Annotated[str, Text(50)], ...] | None = None


@frozen(kw_only=True)
class Heartbeat:
    """The station is there, and asks the time."""


@frozen(kw_only=True)
class HeartbeatResponse:
    """What is answered to :class:`Heartbeat`."""

    current_time: datetime


@frozen(kw_only=True)
class MeterValues:
    """Values of a meter."""

    connector_id: int
    meter_value: Annotated[tuple[MeterValue, ...], Items(1)]
    transaction_id: int | None = None


@frozen(kw_only=True)
class MeterValuesResponse:
    """What is answered to :class:`MeterValues`."""


@frozen(kw_only=True)
class RemoteStartTransaction:
    """A charge shall begin."""

    id_tag: IdToken
    connector_id: int | None = None
    charging_profile: ChargingProfile | None = None


@frozen(kw_only=True)
class RemoteStartTransactionResponse:
    """What is answered to :class:`RemoteStartTransaction`."""

    status: Literal["Accepted", "Rejected"]


@frozen(kw_only=True)
class RemoteStopTransaction:
    """A charge shall end."""

    transaction_id: int


@frozen(kw_only=True)
class RemoteStopTransactionResponse:
    """What is answered to :class:`RemoteStopTransaction`."""

    status: Literal["Accepted", "Rejected"]


@frozen(kw_only=True)
class Reset:
    """The station shall start again."""

    type: Literal["Hard", "Soft"]


@frozen(kw_only=True)
class ResetResponse:
    """What is answered to :class:`Reset`."""

    status: Literal["Accepted", "Rejected"]


@frozen(kw_only=True)
class StartTransaction:
    """A charge has begun."""

    connector_id: int
    id_tag: IdToken
    meter_start: int
    timestamp: datetime
    reservation_id: int | None = None


@frozen(kw_only=True)
class StartTransactionResponse:
    """What is answered to :class:`StartTransaction`."""

    id_tag_info: IdTagInfo
    transaction_id: int


@frozen(kw_only=True)
class StatusNotification:
    """How a connector, or the station, is."""

    connector_id: int
    error_code: ChargePointErrorCode
    status: ChargePointStatus
    info: Annotated[str, Text(50)] | None = None
    timestamp: datetime | None = None
    vendor_id: Annotated[str, Text(255)] | None = None
    vendor_error_code: Annotated[str, Text(50)] | None = None


@frozen(kw_only=True)
class StatusNotificationResponse:
    """What is answered to :class:`StatusNotification`."""


@frozen(kw_only=True)
class StopTransaction:
    """A charge has ended."""

    meter_stop: int
    timestamp: datetime
    transaction_id: int
    id_tag: IdToken | None = None
    reason: (
        Literal[
            "EmergencyStop",
            "EVDisconnected",
            "HardReset",
            "Local",
            "Other",
            "PowerLoss",
            "Reboot",
            "Remote",
            "SoftReset",
            "UnlockCommand",
            "DeAuthorized",
        ]
        | None
    ) = None
    transaction_data: tuple[MeterValue, ...] | None = None


@frozen(kw_only=True)
class StopTransactionResponse:
    """What is answered to :class:`StopTransaction`."""

    id_tag_info: IdTagInfo | None = None


@frozen(kw_only=True)
class UnlockConnector:
    """A plug shall be released."""

    connector_id: int


@frozen(kw_only=True)
class UnlockConnectorResponse:
    """What is answered to :class:`UnlockConnector`."""

    status: Literal["Unlocked", "UnlockFailed", "NotSupported"]
