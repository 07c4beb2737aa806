"""Messages of OCPP 2.0.1: Provisioning and the device model (functional blocks B and N)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from attrs import frozen

from cc613_chargepoint.ocpp.messages.codec import Items, Text
from cc613_chargepoint.ocpp.messages.v201_types import (
    CertificateHashData,
    ChargingStation,
    ComponentVariable,
    Evse,
    Extensible,
    GetVariableData,
    GetVariableResult,
    IdToken,
    LogParameters,
    NetworkConnectionProfile,
    ReportData,
    SetVariableData,
    SetVariableResult,
    StatusInfo,
)
from cc613_chargepoint.ocpp.messages.v201_words import (
    BootReason,
    ComponentCriterion,
    CustomerInformationStatus,
    DataTransferStatus,
    GenericDeviceModelStatus,
    LogKind,
    LogStatus,
    MessageTrigger,
    RegistrationStatus,
    ReportBase,
    ResetKind,
    ResetStatus,
    SetNetworkProfileStatus,
    TriggerMessageStatus,
    UploadLogStatus,
)

__all__ = [
    "BootNotification",
    "BootNotificationResponse",
    "CustomerInformation",
    "CustomerInformationResponse",
    "DataTransfer",
    "DataTransferResponse",
    "GetBaseReport",
    "GetBaseReportResponse",
    "GetLog",
    "GetLogResponse",
    "GetReport",
    "GetReportResponse",
    "GetVariables",
    "GetVariablesResponse",
    "Heartbeat",
    "HeartbeatResponse",
    "LogStatusNotification",
    "LogStatusNotificationResponse",
    "NotifyCustomerInformation",
    "NotifyCustomerInformationResponse",
    "NotifyReport",
    "NotifyReportResponse",
    "Reset",
    "ResetResponse",
    "SetNetworkProfile",
    "SetNetworkProfileResponse",
    "SetVariables",
    "SetVariablesResponse",
    "TriggerMessage",
    "TriggerMessageResponse",
]


@frozen(kw_only=True)
class BootNotification(Extensible):
    """The station says what it is, and why it started."""

    charging_station: ChargingStation
    reason: BootReason


@frozen(kw_only=True)
class BootNotificationResponse(Extensible):
    """What is answered to :class:`BootNotification`."""

    current_time: datetime
    interval: int
    status: RegistrationStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class Heartbeat(Extensible):
    """The station is still there."""


@frozen(kw_only=True)
class HeartbeatResponse(Extensible):
    """What is answered to :class:`Heartbeat`."""

    current_time: datetime


@frozen(kw_only=True)
class GetBaseReport(Extensible):
    """The device model shall be told."""

    request_id: int
    report_base: ReportBase


@frozen(kw_only=True)
class GetBaseReportResponse(Extensible):
    """What is answered to :class:`GetBaseReport`."""

    status: GenericDeviceModelStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class GetReport(Extensible):
    """A part of the device model shall be told."""

    request_id: int
    component_variable: Annotated[tuple[ComponentVariable, ...], Items(1)] | None = None
    component_criteria: Annotated[tuple[ComponentCriterion, ...], Items(1, 4)] | None = None


@frozen(kw_only=True)
class GetReportResponse(Extensible):
    """What is answered to :class:`GetReport`."""

    status: GenericDeviceModelStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class NotifyReport(Extensible):
    """The device model, in parts."""

    request_id: int
    generated_at: datetime
    seq_no: int
    report_data: Annotated[tuple[ReportData, ...], Items(1)] | None = None
    tbc: bool | None = None


@frozen(kw_only=True)
class NotifyReportResponse(Extensible):
    """What is answered to :class:`NotifyReport`."""


@frozen(kw_only=True)
class GetVariables(Extensible):
    """Variables are asked for."""

    get_variable_data: Annotated[tuple[GetVariableData, ...], Items(1)]


@frozen(kw_only=True)
class GetVariablesResponse(Extensible):
    """What is answered to :class:`GetVariables`."""

    get_variable_result: Annotated[tuple[GetVariableResult, ...], Items(1)]


@frozen(kw_only=True)
class SetVariables(Extensible):
    """Variables shall have other values."""

    set_variable_data: Annotated[tuple[SetVariableData, ...], Items(1)]


@frozen(kw_only=True)
class SetVariablesResponse(Extensible):
    """What is answered to :class:`SetVariables`."""

    set_variable_result: Annotated[tuple[SetVariableResult, ...], Items(1)]


@frozen(kw_only=True)
class SetNetworkProfile(Extensible):
    """A way to a management system shall be kept."""

    configuration_slot: int
    connection_data: NetworkConnectionProfile


@frozen(kw_only=True)
class SetNetworkProfileResponse(Extensible):
    """What is answered to :class:`SetNetworkProfile`."""

    status: SetNetworkProfileStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class Reset(Extensible):
    """The station, or an outlet, shall start anew."""

    type: ResetKind
    evse_id: int | None = None


@frozen(kw_only=True)
class ResetResponse(Extensible):
    """What is answered to :class:`Reset`."""

    status: ResetStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class CustomerInformation(Extensible):
    """What is known of a customer shall be told, forgotten, or both."""

    request_id: int
    report: bool
    clear: bool
    customer_certificate: CertificateHashData | None = None
    id_token: IdToken | None = None
    customer_identifier: Annotated[str, Text(64)] | None = None


@frozen(kw_only=True)
class CustomerInformationResponse(Extensible):
    """What is answered to :class:`CustomerInformation`."""

    status: CustomerInformationStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class NotifyCustomerInformation(Extensible):
    """What is known of a customer, in parts."""

    data: Annotated[str, Text(512)]
    seq_no: int
    generated_at: datetime
    request_id: int
    tbc: bool | None = None


@frozen(kw_only=True)
class NotifyCustomerInformationResponse(Extensible):
    """What is answered to :class:`NotifyCustomerInformation`."""


@frozen(kw_only=True)
class GetLog(Extensible):
    """A log shall be sent somewhere."""

    log: LogParameters
    log_type: LogKind
    request_id: int
    retries: int | None = None
    retry_interval: int | None = None


@frozen(kw_only=True)
class GetLogResponse(Extensible):
    """What is answered to :class:`GetLog`."""

    status: LogStatus
    status_info: StatusInfo | None = None
    filename: Annotated[str, Text(255)] | None = None


@frozen(kw_only=True)
class LogStatusNotification(Extensible):
    """How far the sending of a log is."""

    status: UploadLogStatus
    request_id: int | None = None


@frozen(kw_only=True)
class LogStatusNotificationResponse(Extensible):
    """What is answered to :class:`LogStatusNotification`."""


@frozen(kw_only=True)
class TriggerMessage(Extensible):
    """A message shall be sent now."""

    requested_message: MessageTrigger
    evse: Evse | None = None


@frozen(kw_only=True)
class TriggerMessageResponse(Extensible):
    """What is answered to :class:`TriggerMessage`."""

    status: TriggerMessageStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class DataTransfer(Extensible):
    """Something between two vendors."""

    vendor_id: Annotated[str, Text(255)]
    message_id: Annotated[str, Text(50)] | None = None
    data: Any | None = None


@frozen(kw_only=True)
class DataTransferResponse(Extensible):
    """What is answered to :class:`DataTransfer`."""

    status: DataTransferStatus
    status_info: StatusInfo | None = None
    data: Any | None = None
