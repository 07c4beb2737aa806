"""Messages of OCPP 2.0.1: Monitors of variables, and what they see (functional block N)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from attrs import frozen

from cc613_chargepoint.ocpp.messages.codec import Items
from cc613_chargepoint.ocpp.messages.v201_types import (
    ClearMonitoringResult,
    ComponentVariable,
    EventData,
    Extensible,
    MonitoringData,
    SetMonitoringData,
    SetMonitoringResult,
    StatusInfo,
)
from cc613_chargepoint.ocpp.messages.v201_words import GenericDeviceModelStatus, GenericStatus, MonitoringBase, MonitoringCriterion

__all__ = [
    "ClearVariableMonitoring",
    "ClearVariableMonitoringResponse",
    "GetMonitoringReport",
    "GetMonitoringReportResponse",
    "NotifyEvent",
    "NotifyEventResponse",
    "NotifyMonitoringReport",
    "NotifyMonitoringReportResponse",
    "SetMonitoringBase",
    "SetMonitoringBaseResponse",
    "SetMonitoringLevel",
    "SetMonitoringLevelResponse",
    "SetVariableMonitoring",
    "SetVariableMonitoringResponse",
]


@frozen(kw_only=True)
class SetVariableMonitoring(Extensible):
    """Variables shall be watched."""

    set_monitoring_data: Annotated[tuple[SetMonitoringData, ...], Items(1)]


@frozen(kw_only=True)
class SetVariableMonitoringResponse(Extensible):
    """What is answered to :class:`SetVariableMonitoring`."""

    set_monitoring_result: Annotated[tuple[SetMonitoringResult, ...], Items(1)]


@frozen(kw_only=True)
class ClearVariableMonitoring(Extensible):
    """Monitors shall go."""

    id: Annotated[tuple[int, ...], Items(1)]


@frozen(kw_only=True)
class ClearVariableMonitoringResponse(Extensible):
    """What is answered to :class:`ClearVariableMonitoring`."""

    clear_monitoring_result: Annotated[tuple[ClearMonitoringResult, ...], Items(1)]


@frozen(kw_only=True)
class SetMonitoringBase(Extensible):
    """Which monitors there are shall begin anew."""

    monitoring_base: MonitoringBase


@frozen(kw_only=True)
class SetMonitoringBaseResponse(Extensible):
    """What is answered to :class:`SetMonitoringBase`."""

    status: GenericDeviceModelStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class SetMonitoringLevel(Extensible):
    """From which severity on something is told."""

    severity: int


@frozen(kw_only=True)
class SetMonitoringLevelResponse(Extensible):
    """What is answered to :class:`SetMonitoringLevel`."""

    status: GenericStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class GetMonitoringReport(Extensible):
    """Monitors shall be told."""

    request_id: int
    component_variable: Annotated[tuple[ComponentVariable, ...], Items(1)] | None = None
    monitoring_criteria: Annotated[tuple[MonitoringCriterion, ...], Items(1, 3)] | None = None


@frozen(kw_only=True)
class GetMonitoringReportResponse(Extensible):
    """What is answered to :class:`GetMonitoringReport`."""

    status: GenericDeviceModelStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class NotifyMonitoringReport(Extensible):
    """Monitors, in parts."""

    request_id: int
    seq_no: int
    generated_at: datetime
    monitor: Annotated[tuple[MonitoringData, ...], Items(1)] | None = None
    tbc: bool | None = None


@frozen(kw_only=True)
class NotifyMonitoringReportResponse(Extensible):
    """What is answered to :class:`NotifyMonitoringReport`."""


@frozen(kw_only=True)
class NotifyEvent(Extensible):
    """Monitors saw something."""

    generated_at: datetime
    seq_no: int
    event_data: Annotated[tuple[EventData, ...], Items(1)]
    tbc: bool | None = None


@frozen(kw_only=True)
class NotifyEventResponse(Extensible):
    """What is answered to :class:`NotifyEvent`."""
