"""The engine's facts in the words of OCPP 2.0.1. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import TypeVar, cast

from attrs import evolve

from cc613_chargepoint.domain.known_token import KnownToken
from cc613_chargepoint.domain.token import TokenSource
from cc613_chargepoint.ocpp.engine.owed.facts import (
    Cause,
    Measured,
    Quantity,
    Reading,
    Shifted,
    SignedValue,
    Standing,
    StatusReport,
    StopReason,
    TransactionBegan,
    TransactionClosed,
    TransactionEnded,
    TransactionStepped,
)
from cc613_chargepoint.ocpp.messages.v201_transactions import MeterValues, StatusNotification, TransactionEvent
from cc613_chargepoint.ocpp.messages.v201_types import (
    Evse,
    IdToken,
    IdTokenInfo,
    MeterValue,
    SampledValue,
    SignedMeterValue,
    Transaction,
    UnitOfMeasure,
)
from cc613_chargepoint.ocpp.messages.v201_words import (
    ChargingState,
    ConnectorStatus,
    IdTokenKind,
    Measurand,
    Phase,
    ReadingContext,
    Reason,
    TriggerReason,
)

__all__ = [
    "began",
    "charging_state",
    "closed",
    "connector_status",
    "ended",
    "fits",
    "id_token",
    "known",
    "measured",
    "meter_values",
    "outside",
    "shifted",
    "status",
    "stepped",
    "without_long_records",
]

FactT = TypeVar("FactT", Measured, TransactionEnded)
REGISTER: Measurand = "Energy.Active.Import.Register"
DATA_LIMIT = 2500
"""Longest signed record in one value (SignedMeterValueType); a longer one cannot be told in this version."""

_OCCUPIED = {Standing.PREPARING, Standing.CHARGING, Standing.SUSPENDED_EV, Standing.SUSPENDED_EVSE, Standing.FINISHING}
_CHARGING_STATES: Mapping[Standing, ChargingState] = {
    Standing.CHARGING: "Charging",
    Standing.SUSPENDED_EV: "SuspendedEV",
    Standing.SUSPENDED_EVSE: "SuspendedEVSE",
    Standing.PREPARING: "EVConnected",
    Standing.FINISHING: "EVConnected",
}
_MEASURED: Mapping[str, TriggerReason] = {"Sample.Clock": "MeterValueClock", "Trigger": "Trigger"}
_STOPPED: Mapping[StopReason, tuple[Reason, TriggerReason]] = {
    StopReason.DE_AUTHORIZED: ("DeAuthorized", "Deauthorized"),
    StopReason.EMERGENCY_STOP: ("EmergencyStop", "AbnormalCondition"),
    StopReason.EV_DISCONNECTED: ("EVDisconnected", "EVCommunicationLost"),
    StopReason.HARD_RESET: ("ImmediateReset", "ResetCommand"),
    StopReason.LOCAL: ("Local", "StopAuthorized"),
    StopReason.OTHER: ("Other", "AbnormalCondition"),
    StopReason.POWER_LOSS: ("PowerLoss", "AbnormalCondition"),
    StopReason.REBOOT: ("Reboot", "AbnormalCondition"),
    StopReason.REMOTE: ("Remote", "RemoteStop"),
    StopReason.SOFT_RESET: ("ImmediateReset", "ResetCommand"),
    StopReason.STOPPED_BY_EV: ("StoppedByEV", "ChargingStateChanged"),
    StopReason.TIMEOUT: ("Timeout", "EVConnectTimeout"),
    StopReason.UNLOCK_COMMAND: ("Other", "UnlockCommand"),
}
_CAUSES: Mapping[Cause, TriggerReason] = {
    Cause.PLUGGED_IN: "CablePluggedIn",
    Cause.AUTHORIZED: "Authorized",
    Cause.REMOTE_START: "RemoteStart",
    Cause.STANDING: "ChargingStateChanged",
}
_KINDS: Mapping[str, IdTokenKind] = {
    TokenSource.CARD.value: "ISO14443",
    TokenSource.SECURE_CARD.value: "ISO14443",
    TokenSource.CONTRACT.value: "eMAID",
    TokenSource.MAC.value: "MacAddress",
    TokenSource.FREE.value: "NoAuthorization",
    TokenSource.LOCAL.value: "Local",
    TokenSource.KEY_SWITCH.value: "Local",
    TokenSource.TERMINAL.value: "Local",
}
_EMAID = re.compile(r"[A-Z]{2}-?[0-9A-Z]{3}-?[0-9A-Z]{9}(-?[0-9A-Z])?")
_UID = re.compile(r"([0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})")


def id_token(identifier: str, source: str = "", kinds: Mapping[str, tuple[str, str]] | None = None) -> IdToken:
    """An identifier with its kind: as the backend itself named it, as it was presented, or else what its shape tells.

    Args:
        identifier: as the station has it.
        source: how the customer identified; a value of :class:`TokenSource`, or empty.
        kinds: folded identifier → as the backend itself wrote it, and its kind.
    """
    said = (kinds or {}).get(identifier.casefold())
    if said is not None:
        return IdToken(id_token=said[0], type=cast("IdTokenKind", said[1]))
    kind = _KINDS.get(source)
    if kind is None:
        if identifier.startswith("VID:"):
            kind = "MacAddress"
        elif _UID.fullmatch(identifier):
            kind = "ISO14443"
        else:
            kind = "eMAID" if _EMAID.fullmatch(identifier) else "Central"
    return IdToken(id_token="" if kind == "NoAuthorization" else identifier[:36], type=kind)


def known(identifier: str, info: IdTokenInfo) -> KnownToken:
    """What the backend says of a customer; the statuses that 1.6 has no word for refuse all the same."""
    parent = None if info.group_id_token is None else info.group_id_token.id_token
    return KnownToken(id=identifier, status=info.status, expires=info.cache_expiry_date_time, parent=parent)


def connector_status(standing: Standing) -> ConnectorStatus:
    """How a connector is; this version has fewer words than the station."""
    return "Occupied" if standing in _OCCUPIED else cast("ConnectorStatus", standing.value)


def charging_state(standing: Standing) -> ChargingState:
    """How a transaction charges."""
    return _CHARGING_STATES.get(standing, "Idle")


def status(report: StatusReport) -> StatusNotification:
    """How a connector is. Each outlet has one connector."""
    if report.at is None:
        raise ValueError("a report without its time")
    return StatusNotification(
        timestamp=report.at, connector_status=connector_status(report.standing), evse_id=report.connector, connector_id=1
    )


def began(fact: TransactionBegan, seq_no: int, *, token: IdToken, values: tuple[MeterValue, ...]) -> TransactionEvent:
    """The contactor closes: the begin of a transaction, unless that has begun before and has said who is there."""
    if fact.goes_on:
        return TransactionEvent(
            event_type="Updated",
            timestamp=fact.started,
            trigger_reason="ChargingStateChanged",
            seq_no=seq_no,
            transaction_info=Transaction(transaction_id=fact.uid, charging_state="Charging"),
            meter_value=values or None,
            offline=fact.offline,
            evse=Evse(id=fact.connector, connector_id=1),
        )
    return TransactionEvent(
        event_type="Started",
        timestamp=fact.started,
        trigger_reason="ChargingStateChanged",
        seq_no=seq_no,
        transaction_info=Transaction(transaction_id=fact.uid, charging_state="Charging", remote_start_id=fact.remote),
        meter_value=values or None,
        offline=fact.offline,
        reservation_id=fact.reservation,
        evse=Evse(id=fact.connector, connector_id=1),
        id_token=token,
    )


def stepped(fact: TransactionStepped, seq_no: int, *, token: IdToken | None) -> TransactionEvent:
    """What happened to a transaction before its session, or where it has none."""
    trigger = _CAUSES.get(fact.cause) or _STOPPED[fact.reason or StopReason.OTHER][1]
    return TransactionEvent(
        event_type="Started" if fact.opens else "Updated",
        timestamp=fact.at,
        trigger_reason=trigger,
        seq_no=seq_no,
        transaction_info=Transaction(transaction_id=fact.uid, charging_state=charging_state(fact.standing), remote_start_id=fact.remote),
        meter_value=meter_values(fact.readings) or None,
        offline=fact.offline,
        reservation_id=fact.reservation,
        evse=None if fact.connector is None else Evse(id=fact.connector, connector_id=1),
        id_token=token,
    )


def shifted(fact: Shifted, uid: str, seq_no: int) -> TransactionEvent:
    """A transaction goes from charging to waiting, or back; or somebody from outside has changed how fast it may."""
    return TransactionEvent(
        event_type="Updated",
        timestamp=fact.at,
        trigger_reason="ChargingRateChanged" if fact.rate else "ChargingStateChanged",
        seq_no=seq_no,
        transaction_info=Transaction(transaction_id=uid, charging_state=charging_state(fact.standing)),
        offline=fact.offline,
    )


def measured(fact: Measured, uid: str, seq_no: int) -> TransactionEvent:
    """Values in a transaction, in step with it or with the clock, or because the backend has asked for them."""
    state = None if fact.standing is None else charging_state(fact.standing)
    return TransactionEvent(
        event_type="Updated",
        timestamp=fact.readings[0].at,
        trigger_reason=_MEASURED.get(fact.readings[0].context, "MeterValuePeriodic"),
        seq_no=seq_no,
        transaction_info=Transaction(transaction_id=uid, charging_state=state),
        meter_value=meter_values(fact.readings),
        offline=fact.offline,
    )


def outside(fact: Measured) -> MeterValues:
    """Values outside of a transaction."""
    return MeterValues(evse_id=fact.connector, meter_value=meter_values(fact.readings))


def ended(fact: TransactionEnded, seq_no: int, *, token: IdToken | None) -> TransactionEvent:
    """The energy is over: the end of a transaction, with its signed records, unless that lasts until the vehicle leaves."""
    reason, trigger = _STOPPED[fact.reason]
    if fact.goes_on:
        return TransactionEvent(
            event_type="Updated",
            timestamp=fact.ended,
            trigger_reason=trigger,
            seq_no=seq_no,
            transaction_info=Transaction(transaction_id=fact.uid, charging_state="EVConnected"),
            offline=fact.offline,
            evse=Evse(id=fact.connector, connector_id=1),
            id_token=token,
        )
    return TransactionEvent(
        event_type="Ended",
        timestamp=fact.ended,
        trigger_reason="ChargingStateChanged" if fact.with_energy else trigger,
        seq_no=seq_no,
        transaction_info=Transaction(
            transaction_id=fact.uid, charging_state="Idle" if reason == "EVDisconnected" else "EVConnected", stopped_reason=reason
        ),
        meter_value=_values_of(fact) or None,
        offline=fact.offline,
        evse=Evse(id=fact.connector, connector_id=1),
        id_token=None if fact.with_energy else token,
    )


def closed(fact: TransactionClosed, seq_no: int) -> TransactionEvent:
    """The end of a transaction that was more than its session: with the values of the session, and why that ended, if it had one."""
    reason, trigger = _STOPPED[fact.reason]
    if fact.session is not None:
        reason = _STOPPED[fact.session.reason][0]
    return TransactionEvent(
        event_type="Ended",
        timestamp=fact.at,
        trigger_reason=trigger,
        seq_no=seq_no,
        transaction_info=Transaction(
            transaction_id=fact.uid, charging_state="EVConnected" if fact.plugged else "Idle", stopped_reason=reason
        ),
        meter_value=None if fact.session is None else _values_of(fact.session) or None,
        offline=fact.offline,
        evse=Evse(id=fact.connector, connector_id=1),
    )


def _values_of(fact: TransactionEnded) -> tuple[MeterValue, ...]:
    """The values of an end, in the order of time: a signed begin or end stands in the register's own value where there is one."""
    readings = fact.readings
    if not any(each.context == "Transaction.End" for each in readings) and fact.end_wh is not None:
        register = Quantity(measurand=REGISTER, value=fact.end_wh, unit="Wh")
        readings = (*readings, Reading(at=fact.ended, context="Transaction.End", quantities=(register,)))
    alone, placed = list(fact.signed), list[Reading]()
    for reading in readings:
        place = reading.context in {"Transaction.Begin", "Transaction.End"} and any(
            each.measurand == REGISTER for each in reading.quantities
        )
        record = next((each for each in alone if place and each.context == reading.context), None)
        if record is not None:
            alone.remove(record)
        placed.append(reading if record is None else evolve(reading, signed=record))
    begins = [each for each in alone if each.context == "Transaction.Begin"]
    return (*_signed(begins), *meter_values(placed), *_signed([each for each in alone if each not in begins]))


def meter_values(readings: Sequence[Reading]) -> tuple[MeterValue, ...]:
    """Readings; every default of the specification is written out."""
    return tuple(
        MeterValue(
            timestamp=reading.at,
            sampled_value=tuple(
                _sampled(each, reading.context, reading.signed if each.measurand == REGISTER else None) for each in reading.quantities
            ),
        )
        for reading in readings
    )


def _sampled(quantity: Quantity, context: str, signed: SignedValue | None = None) -> SampledValue:
    return SampledValue(
        value=float(quantity.value),
        context=cast("ReadingContext", context),
        measurand=cast("Measurand", quantity.measurand),
        phase=cast("Phase | None", quantity.phase),
        location="Outlet",
        signed_meter_value=None if signed is None else _record(signed),
        unit_of_measure=None if quantity.unit is None else UnitOfMeasure(unit=quantity.unit, multiplier=0),
    )


def _signed(signed: Sequence[SignedValue]) -> tuple[MeterValue, ...]:
    """Signed records, each with the register that it is about."""
    return tuple(
        MeterValue(
            timestamp=each.at,
            sampled_value=(
                SampledValue(
                    value=0.0 if each.register_wh is None else float(each.register_wh),
                    context=cast("ReadingContext", each.context),
                    measurand=REGISTER,
                    location="Outlet",
                    signed_meter_value=_record(each),
                    unit_of_measure=UnitOfMeasure(unit="Wh", multiplier=0),
                ),
            ),
        )
        for each in signed
    )


def _record(signed: SignedValue) -> SignedMeterValue:
    return SignedMeterValue(
        signed_meter_data=_data(signed),
        signing_method=signed.method,
        encoding_method=signed.format[:50],
        public_key=signed.key if len(signed.key) <= DATA_LIMIT else "",
    )


def _data(signed: SignedValue) -> str:
    return base64.b64encode(signed.content).decode("ascii")


def fits(signed: SignedValue | None) -> bool:
    """Whether a signed record can be told in this version; one that is too long is left to the station's own store."""
    return signed is None or len(_data(signed)) <= DATA_LIMIT


def without_long_records(fact: FactT) -> FactT:
    """A fact without the signatures that are too long for this version; the values themselves stay."""
    readings = tuple(each if fits(each.signed) else evolve(each, signed=None) for each in fact.readings)
    if isinstance(fact, TransactionEnded):
        return evolve(fact, readings=readings, signed=tuple(each for each in fact.signed if fits(each)))
    return evolve(fact, readings=readings)
