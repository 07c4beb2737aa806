"""Messages of the feature profiles of OCPP 1.6: firmware management, local list, reservation, smart charging, remote trigger."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from attrs import frozen

from cc613_chargepoint.ocpp.messages.codec import Text
from cc613_chargepoint.ocpp.messages.v16_types import (
    AuthorizationData,
    ChargingProfile,
    ChargingSchedule,
    IdToken,
)

__all__ = [
    "CancelReservation",
    "CancelReservationResponse",
    "ClearChargingProfile",
    "ClearChargingProfileResponse",
    "DiagnosticsStatusNotification",
    "DiagnosticsStatusNotificationResponse",
    "FirmwareStatusNotification",
    "FirmwareStatusNotificationResponse",
    "GetCompositeSchedule",
    "GetCompositeScheduleResponse",
    "GetDiagnostics",
    "GetDiagnosticsResponse",
    "GetLocalListVersion",
    "GetLocalListVersionResponse",
    "ReserveNow",
    "ReserveNowResponse",
    "SendLocalList",
    "SendLocalListResponse",
    "SetChargingProfile",
    "SetChargingProfileResponse",
    "TriggerMessage",
    "TriggerMessageResponse",
    "UpdateFirmware",
    "UpdateFirmwareResponse",
]


@frozen(kw_only=True)
class CancelReservation:
    """A reservation shall end."""

    reservation_id: int


@frozen(kw_only=True)
class CancelReservationResponse:
    """What is answered to :class:`CancelReservation`."""

    status: Literal["Accepted", "Rejected"]


@frozen(kw_only=True)
class ClearChargingProfile:
    """Charging profiles shall go."""

    id: int | None = None
    connector_id: int | None = None
    charging_profile_purpose: Literal["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"] | None = None
    stack_level: int | None = None


@frozen(kw_only=True)
class ClearChargingProfileResponse:
    """What is answered to :class:`ClearChargingProfile`."""

    status: Literal["Accepted", "Unknown"]


@frozen(kw_only=True)
class DiagnosticsStatusNotification:
    """How the upload of diagnostics is."""

    status: Literal["Idle", "Uploaded", "UploadFailed", "Uploading"]


@frozen(kw_only=True)
class DiagnosticsStatusNotificationResponse:
    """What is answered to :class:`DiagnosticsStatusNotification`."""


@frozen(kw_only=True)
class FirmwareStatusNotification:
    """How an update is."""

    status: Literal["Downloaded", "DownloadFailed", "Downloading", "Idle", "InstallationFailed", "Installing", "Installed"]


@frozen(kw_only=True)
class FirmwareStatusNotificationResponse:
    """What is answered to :class:`FirmwareStatusNotification`."""


@frozen(kw_only=True)
class GetCompositeSchedule:
    """What will be offered is asked."""

    connector_id: int
    duration: int
    charging_rate_unit: Literal["A", "W"] | None = None


@frozen(kw_only=True)
class GetCompositeScheduleResponse:
    """What is answered to :class:`GetCompositeSchedule`."""

    status: Literal["Accepted", "Rejected"]
    connector_id: int | None = None
    schedule_start: datetime | None = None
    charging_schedule: ChargingSchedule | None = None


@frozen(kw_only=True)
class GetDiagnostics:
    """Diagnostics shall be uploaded."""

    location: str
    retries: int | None = None
    retry_interval: int | None = None
    start_time: datetime | None = None
    stop_time: datetime | None = None


@frozen(kw_only=True)
class GetDiagnosticsResponse:
    """What is answered to :class:`GetDiagnostics`."""

    file_name: Annotated[str, Text(255)] | None = None


@frozen(kw_only=True)
class GetLocalListVersion:
    """The version of the local list is asked."""


@frozen(kw_only=True)
class GetLocalListVersionResponse:
    """What is answered to :class:`GetLocalListVersion`."""

    list_version: int


@frozen(kw_only=True)
class ReserveNow:
    """A connector shall be kept for somebody."""

    connector_id: int
    expiry_date: datetime
    id_tag: IdToken
    reservation_id: int
    parent_id_tag: IdToken | None = None


@frozen(kw_only=True)
class ReserveNowResponse:
    """What is answered to :class:`ReserveNow`."""

    status: Literal["Accepted", "Faulted", "Occupied", "Rejected", "Unavailable"]


@frozen(kw_only=True)
class SendLocalList:
    """A local list, or changes to it."""

    list_version: int
    update_type: Literal["Differential", "Full"]
    local_authorization_list: tuple[AuthorizationData, ...] | None = None


@frozen(kw_only=True)
class SendLocalListResponse:
    """What is answered to :class:`SendLocalList`."""

    status: Literal["Accepted", "Failed", "NotSupported", "VersionMismatch"]


@frozen(kw_only=True)
class SetChargingProfile:
    """A charging profile shall count."""

    connector_id: int
    cs_charging_profiles: ChargingProfile


@frozen(kw_only=True)
class SetChargingProfileResponse:
    """What is answered to :class:`SetChargingProfile`."""

    status: Literal["Accepted", "Rejected", "NotSupported"]


@frozen(kw_only=True)
class TriggerMessage:
    """A message is asked for."""

    requested_message: Literal[
        "BootNotification", "DiagnosticsStatusNotification", "FirmwareStatusNotification", "Heartbeat", "MeterValues", "StatusNotification"
    ]
    connector_id: int | None = None


@frozen(kw_only=True)
class TriggerMessageResponse:
    """What is answered to :class:`TriggerMessage`."""

    status: Literal["Accepted", "Rejected", "NotImplemented"]


@frozen(kw_only=True)
class UpdateFirmware:
    """An image shall be installed."""

    location: str
    retrieve_date: datetime
    retries: int | None = None
    retry_interval: int | None = None


@frozen(kw_only=True)
class UpdateFirmwareResponse:
    """What is answered to :class:`UpdateFirmware`."""
