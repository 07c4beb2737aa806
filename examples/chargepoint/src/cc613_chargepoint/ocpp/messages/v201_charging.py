"""Messages of OCPP 2.0.1: Smart charging (functional block K)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from attrs import frozen

from cc613_chargepoint.ocpp.messages.codec import Items
from cc613_chargepoint.ocpp.messages.v201_charging_types import (
    ChargingLimit,
    ChargingNeeds,
    ChargingProfile,
    ChargingProfileCriterion,
    ChargingSchedule,
    CompositeSchedule,
    ProfilesToClear,
)
from cc613_chargepoint.ocpp.messages.v201_types import Extensible, StatusInfo
from cc613_chargepoint.ocpp.messages.v201_words import (
    ChargingLimitSource,
    ChargingProfileStatus,
    ChargingRateUnit,
    ClearChargingProfileStatus,
    GenericStatus,
    GetChargingProfileStatus,
    NotifyEVChargingNeedsStatus,
)

__all__ = [
    "ClearChargingProfile",
    "ClearChargingProfileResponse",
    "ClearedChargingLimit",
    "ClearedChargingLimitResponse",
    "GetChargingProfiles",
    "GetChargingProfilesResponse",
    "GetCompositeSchedule",
    "GetCompositeScheduleResponse",
    "NotifyChargingLimit",
    "NotifyChargingLimitResponse",
    "NotifyEVChargingNeeds",
    "NotifyEVChargingNeedsResponse",
    "NotifyEVChargingSchedule",
    "NotifyEVChargingScheduleResponse",
    "ReportChargingProfiles",
    "ReportChargingProfilesResponse",
    "SetChargingProfile",
    "SetChargingProfileResponse",
]


@frozen(kw_only=True)
class SetChargingProfile(Extensible):
    """A profile shall count."""

    evse_id: int
    charging_profile: ChargingProfile


@frozen(kw_only=True)
class SetChargingProfileResponse(Extensible):
    """What is answered to :class:`SetChargingProfile`."""

    status: ChargingProfileStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class GetChargingProfiles(Extensible):
    """Profiles shall be told."""

    request_id: int
    charging_profile: ChargingProfileCriterion
    evse_id: int | None = None


@frozen(kw_only=True)
class GetChargingProfilesResponse(Extensible):
    """What is answered to :class:`GetChargingProfiles`."""

    status: GetChargingProfileStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class ReportChargingProfiles(Extensible):
    """Profiles, in parts."""

    request_id: int
    charging_limit_source: ChargingLimitSource
    charging_profile: Annotated[tuple[ChargingProfile, ...], Items(1)]
    evse_id: int
    tbc: bool | None = None


@frozen(kw_only=True)
class ReportChargingProfilesResponse(Extensible):
    """What is answered to :class:`ReportChargingProfiles`."""


@frozen(kw_only=True)
class ClearChargingProfile(Extensible):
    """Profiles shall go."""

    charging_profile_id: int | None = None
    charging_profile_criteria: ProfilesToClear | None = None


@frozen(kw_only=True)
class ClearChargingProfileResponse(Extensible):
    """What is answered to :class:`ClearChargingProfile`."""

    status: ClearChargingProfileStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class GetCompositeSchedule(Extensible):
    """What all profiles together allow is asked for."""

    duration: int
    evse_id: int
    charging_rate_unit: ChargingRateUnit | None = None


@frozen(kw_only=True)
class GetCompositeScheduleResponse(Extensible):
    """What is answered to :class:`GetCompositeSchedule`."""

    status: GenericStatus
    status_info: StatusInfo | None = None
    schedule: CompositeSchedule | None = None


@frozen(kw_only=True)
class NotifyChargingLimit(Extensible):
    """A limit from elsewhere counts."""

    charging_limit: ChargingLimit
    charging_schedule: Annotated[tuple[ChargingSchedule, ...], Items(1)] | None = None
    evse_id: int | None = None


@frozen(kw_only=True)
class NotifyChargingLimitResponse(Extensible):
    """What is answered to :class:`NotifyChargingLimit`."""


@frozen(kw_only=True)
class ClearedChargingLimit(Extensible):
    """A limit from elsewhere is gone."""

    charging_limit_source: ChargingLimitSource
    evse_id: int | None = None


@frozen(kw_only=True)
class ClearedChargingLimitResponse(Extensible):
    """What is answered to :class:`ClearedChargingLimit`."""


@frozen(kw_only=True)
class NotifyEVChargingNeeds(Extensible):
    """What the vehicle wants."""

    charging_needs: ChargingNeeds
    evse_id: int
    max_schedule_tuples: int | None = None


@frozen(kw_only=True)
class NotifyEVChargingNeedsResponse(Extensible):
    """What is answered to :class:`NotifyEVChargingNeeds`."""

    status: NotifyEVChargingNeedsStatus
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class NotifyEVChargingSchedule(Extensible):
    """What the vehicle plans."""

    time_base: datetime
    charging_schedule: ChargingSchedule
    evse_id: int


@frozen(kw_only=True)
class NotifyEVChargingScheduleResponse(Extensible):
    """What is answered to :class:`NotifyEVChargingSchedule`."""

    status: GenericStatus
    status_info: StatusInfo | None = None
