"""What a backend asks about smart charging (functional block K)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.engine.limits.outer import Outer, OuterLimit
from cc613_chargepoint.ocpp.engine.limits.schedules import KINDS, RECURRENCES, schedule_of
from cc613_chargepoint.ocpp.engine.version import Handler
from cc613_chargepoint.ocpp.messages import encoded
from cc613_chargepoint.ocpp.messages.v201_charging import (
    ClearChargingProfile,
    ClearChargingProfileResponse,
    ClearedChargingLimit,
    GetChargingProfiles,
    GetChargingProfilesResponse,
    GetCompositeSchedule,
    GetCompositeScheduleResponse,
    NotifyChargingLimit,
    ReportChargingProfiles,
    ReportChargingProfilesResponse,
    SetChargingProfile,
    SetChargingProfileResponse,
)
from cc613_chargepoint.ocpp.messages.v201_charging_types import (
    ChargingLimit,
    ChargingProfile,
    ChargingProfileCriterion,
    ChargingSchedule,
    ChargingSchedulePeriod,
    CompositeSchedule,
)
from cc613_chargepoint.ocpp.messages.v201_types import StatusInfo
from cc613_chargepoint.ocpp.messages.v201_words import ChargingLimitSource, ChargingProfileKind, ChargingProfilePurpose, RecurrencyKind
from cc613_chargepoint.ocpp.rpc import Reply
from cc613_chargepoint.ocpp.smart_charging import (
    Criteria,
    Kind,
    Objection,
    Period,
    Profile,
    Purpose,
    Recurrence,
    Refusal,
    Schedule,
    Unit,
)

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.v201.version import V201

__all__ = ["SmartCharging201", "limit_lifted", "limit_set", "profile_of", "told"]

_PURPOSES: Mapping[ChargingProfilePurpose, Purpose] = {
    "ChargingStationExternalConstraints": Purpose.EXTERNAL,
    "ChargingStationMaxProfile": Purpose.STATION_MAX,
    "TxDefaultProfile": Purpose.TX_DEFAULT,
    "TxProfile": Purpose.TX,
}
_SPOKEN: Mapping[Purpose, ChargingProfilePurpose] = {purpose: word for word, purpose in _PURPOSES.items()}
_KIND_WORDS: Mapping[Kind, ChargingProfileKind] = {kind: word for word, kind in KINDS.items()}
_RECURRENCE_WORDS: Mapping[Recurrence, RecurrencyKind] = {recurrence: word for word, recurrence in RECURRENCES.items()}
_REASONS: Mapping[Objection, str] = {
    Objection.CONNECTOR: "UnknownEvse",
    Objection.PROFILE: "InvalidProfile",
    Objection.PARAMETER: "MissingParam",
    Objection.TRANSACTION: "TxNotFound",
    Objection.LEVEL: "InvalidStackLevel",
    Objection.UNIT: "UnsupportedRateUnit",
    Objection.SCHEDULE: "InvalidSchedule",
    Objection.LENGTH: "TooManyElements",
    Objection.PHASE: "UnsupportedParam",
    Objection.DUPLICATE: "DuplicateProfile",
    Objection.ROOM: "OutOfStorage",
}
"""Standardized reason codes (specification edition 3, part 2, appendix 5)."""


def told(why: Refusal) -> StatusInfo:
    """Why a profile is refused, in the words of 2.0.1."""
    return StatusInfo(reason_code=_REASONS[why.kind], additional_info=why.words[:512])


def profile_of(said: ChargingProfile) -> Profile:
    """A profile of 2.0.1 without its words. Of several schedules (ISO 15118 offers a choice) the first counts."""
    return Profile(
        id=said.id,
        stack_level=said.stack_level,
        purpose=_PURPOSES[said.charging_profile_purpose],
        kind=KINDS[said.charging_profile_kind],
        schedule=schedule_of(said.charging_schedule[0]),
        recurrence=None if said.recurrency_kind is None else RECURRENCES[said.recurrency_kind],
        valid_from=said.valid_from,
        valid_to=said.valid_to,
        transaction=said.transaction_id,
    )


def _said(profile: Profile) -> ChargingProfile:
    """A profile in the words of 2.0.1."""
    schedule = profile.schedule
    return ChargingProfile(
        id=profile.id,
        stack_level=profile.stack_level,
        charging_profile_purpose=_SPOKEN[profile.purpose],
        charging_profile_kind=_KIND_WORDS[profile.kind],
        charging_schedule=(
            ChargingSchedule(
                id=profile.id if schedule.id is None else schedule.id,
                charging_rate_unit=schedule.unit.value,
                charging_schedule_period=tuple(
                    ChargingSchedulePeriod(start_period=each.start_s, limit=each.limit, number_phases=each.phases, phase_to_use=each.phase)
                    for each in schedule.periods
                ),
                start_schedule=schedule.start,
                duration=schedule.duration_s,
                min_charging_rate=schedule.min_rate,
            ),
        ),
        recurrency_kind=None if profile.recurrence is None else _RECURRENCE_WORDS[profile.recurrence],
        valid_from=profile.valid_from,
        valid_to=profile.valid_to,
        transaction_id=profile.transaction,
    )


_OUTER: Mapping[Outer, ChargingLimitSource] = {Outer.ENERGY_MANAGER: "EMS", Outer.GRID_OPERATOR: "SO", Outer.OTHER: "Other"}
OUTER_IDS = 2_000_000_000
"""From here on, ids are those of limits from outside: no backend's profile should have one."""


def _outer(limit: OuterLimit) -> Profile:
    """A limit from outside as the profile that stands for it (2.0.1, K11)."""
    return Profile(
        id=OUTER_IDS + limit.connector * len(Outer) + list(Outer).index(limit.source),
        stack_level=0,
        purpose=Purpose.EXTERNAL,
        kind=Kind.ABSOLUTE,
        schedule=Schedule(unit=Unit.AMPERE, periods=(Period(start_s=0, limit=round(limit.current_a, 1)),), start=limit.since),
    )


def limit_set(limit: OuterLimit, *, with_schedule: bool) -> NotifyChargingLimit:
    """Somebody else limits an outlet; how much they allow is said only where the backend wants to hear it (K11.FR.02, .04)."""
    return NotifyChargingLimit(
        charging_limit=ChargingLimit(charging_limit_source=_OUTER[limit.source]),
        charging_schedule=_said(_outer(limit)).charging_schedule if with_schedule else None,
        evse_id=limit.connector,
    )


def limit_lifted(limit: OuterLimit) -> ClearedChargingLimit:
    """They do so no more (K13.FR.02)."""
    return ClearedChargingLimit(charging_limit_source=_OUTER[limit.source], evse_id=limit.connector)


@frozen
class _Told:
    """A profile that can be told.

    Attributes:
        evse: of which outlet; 0 for the station.
        source: whose it is.
        profile: what it says.
    """

    evse: int
    source: ChargingLimitSource
    profile: Profile


class SmartCharging201:
    """Carries it out.

    Args:
        engine: knows the station.
        version: tells what is asked for.
    """

    def __init__(self, engine: Engine, version: V201) -> None:
        self._engine, self._version = engine, version

    def handlers(self) -> Mapping[str, Handler]:
        """Action → who carries it out."""
        return {
            "ClearChargingProfile": self._clear,
            "GetChargingProfiles": self._get,
            "GetCompositeSchedule": self._composite,
            "SetChargingProfile": self._set,
        }

    async def _set(self, request: SetChargingProfile) -> Reply:
        profile = profile_of(request.charging_profile)
        if profile.id in {_outer(each).id for each in self._engine.outer_limits.present.values()}:  # K01.FR.05
            why: Refusal | None = Refusal(Objection.DUPLICATE, f"{profile.id} is the limit of somebody else")
        else:
            why = await self._engine.charging.install(profile, request.evse_id)
        if why is None:
            return Reply(encoded(SetChargingProfileResponse(status="Accepted")))
        return Reply(encoded(SetChargingProfileResponse(status="Rejected", status_info=told(why))))

    async def _clear(self, request: ClearChargingProfile) -> Reply:
        asked = request.charging_profile_criteria
        if asked is not None and asked.charging_profile_purpose == "ChargingStationExternalConstraints":  # K10.FR.06
            info = StatusInfo(reason_code="InvalidValue", additional_info="limits of external systems are not for backends to clear")
            return Reply(encoded(ClearChargingProfileResponse(status="Unknown", status_info=info)))
        purpose = None if asked is None or asked.charging_profile_purpose is None else _PURPOSES[asked.charging_profile_purpose]
        criteria = Criteria(
            id=request.charging_profile_id,
            connector=None if asked is None else asked.evse_id,
            purpose=purpose,
            stack_level=None if asked is None else asked.stack_level,
        )
        count = await self._engine.charging.clear(criteria)
        return Reply(encoded(ClearChargingProfileResponse(status="Accepted" if count else "Unknown")))

    async def _get(self, request: GetChargingProfiles) -> Reply:
        book, outer = self._engine.charging.keeper.book, self._engine.outer_limits.present.values()
        present = [_Told(each.connector, "CSO", each.profile) for each in book]
        present += [_Told(each.connector, _OUTER[each.source], _outer(each)) for each in outer]
        found = [each for each in present if _fits(each, request.charging_profile, request.evse_id)]
        if not found:
            return Reply(encoded(GetChargingProfilesResponse(status="NoProfiles")))
        return Reply(encoded(GetChargingProfilesResponse(status="Accepted")), lambda: self._report(request.request_id, found))

    async def _report(self, request: int, found: Sequence[_Told]) -> None:
        """One message for each outlet and source: that is what the message can be about."""
        groups: dict[tuple[int, ChargingLimitSource], list[ChargingProfile]] = {}
        for each in found:
            groups.setdefault((each.evse, each.source), []).append(_said(each.profile))
        for number, ((evse, source), profiles) in enumerate(groups.items()):
            message = ReportChargingProfiles(
                request_id=request,
                charging_limit_source=source,
                charging_profile=tuple(profiles),
                evse_id=evse,
                tbc=number + 1 < len(groups),
            )
            await self._version.call(message, ReportChargingProfilesResponse)

    async def _composite(self, request: GetCompositeSchedule) -> Reply:
        if request.evse_id not in {0, *self._engine.operations.connectors} or request.duration < 0:
            reason = "InvalidValue" if request.duration < 0 else "UnknownEvse"
            return Reply(encoded(GetCompositeScheduleResponse(status="Rejected", status_info=StatusInfo(reason_code=reason))))
        found = await self._engine.charging.composite(request.evse_id, request.duration, Unit(request.charging_rate_unit or "A"))
        schedule = CompositeSchedule(
            charging_schedule_period=tuple(
                ChargingSchedulePeriod(start_period=each.start_s, limit=each.limit, number_phases=each.phases) for each in found.steps
            ),
            evse_id=found.connector,
            duration=found.duration_s,
            schedule_start=found.start,
            charging_rate_unit=found.unit.value,
        )
        return Reply(encoded(GetCompositeScheduleResponse(status="Accepted", schedule=schedule)))


def _fits(told: _Told, asked: ChargingProfileCriterion, evse: int | None) -> bool:
    """Whether a profile is meant: by its id, or by everything else that was said."""
    profile = told.profile
    if evse is not None and told.evse != evse:
        return False
    if asked.charging_limit_source is not None and told.source not in asked.charging_limit_source:
        return False
    if asked.charging_profile_id is not None:
        return profile.id in asked.charging_profile_id
    purpose = None if asked.charging_profile_purpose is None else _PURPOSES[asked.charging_profile_purpose]
    return purpose in {None, profile.purpose} and asked.stack_level in {None, profile.stack_level}
