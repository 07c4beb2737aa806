"""Types that several messages of OCPP 1.6 share (specification edition 2, chapter 7; security whitepaper edition 3, chapter 5)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from attrs import frozen

from cc613_chargepoint.ocpp.messages.codec import Items, Text

__all__ = [
    "AuthorizationData",
    "CertificateHashData",
    "CertificateUse",
    "ChargePointErrorCode",
    "ChargePointStatus",
    "ChargingProfile",
    "ChargingSchedule",
    "ChargingSchedulePeriod",
    "FirmwareToInstall",
    "IdTagInfo",
    "IdToken",
    "KeyValue",
    "LogParameters",
    "MeterValue",
    "ReadingContext",
    "SampledValue",
]

IdToken = Annotated[str, Text(20)]
AuthorizationStatus = Literal["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"]
ChargePointErrorCode = Literal[
    "ConnectorLockFailure", "EVCommunicationError", "GroundFailure", "HighTemperature", "InternalError", "LocalListConflict", "NoError",
    "OtherError", "OverCurrentFailure", "PowerMeterFailure", "PowerSwitchFailure", "ReaderFailure", "ResetFailure", "UnderVoltage",
    "OverVoltage", "WeakSignal",
]  # fmt: skip
ChargePointStatus = Literal[
    "Available", "Preparing", "Charging", "SuspendedEVSE", "SuspendedEV", "Finishing", "Reserved", "Unavailable", "Faulted"
]
ReadingContext = Literal[
    "Interruption.Begin", "Interruption.End", "Sample.Clock", "Sample.Periodic", "Transaction.Begin", "Transaction.End", "Trigger", "Other"
]
Measurand = Literal[
    "Energy.Active.Export.Register", "Energy.Active.Import.Register", "Energy.Reactive.Export.Register", "Energy.Reactive.Import.Register",
    "Energy.Active.Export.Interval", "Energy.Active.Import.Interval", "Energy.Reactive.Export.Interval", "Energy.Reactive.Import.Interval",
    "Power.Active.Export", "Power.Active.Import", "Power.Offered", "Power.Reactive.Export", "Power.Reactive.Import", "Power.Factor",
    "Current.Import", "Current.Export", "Current.Offered", "Voltage", "Frequency", "Temperature", "SoC", "RPM",
]  # fmt: skip
Phase = Literal["L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"]
Unit = Literal[
    "Wh", "kWh", "varh", "kvarh", "W", "kW", "VA", "kVA", "var", "kvar", "A", "V", "K", "Celcius", "Celsius", "Fahrenheit", "Percent",
    "Hertz",
]  # fmt: skip
CertificateUse = Literal["CentralSystemRootCertificate", "ManufacturerRootCertificate"]


@frozen(kw_only=True)
class IdTagInfo:
    """What a central system says of an identifier."""

    status: AuthorizationStatus
    expiry_date: datetime | None = None
    parent_id_tag: IdToken | None = None


@frozen(kw_only=True)
class AuthorizationData:
    """An entry of the local list; without ``id_tag_info`` it is to be removed."""

    id_tag: IdToken
    id_tag_info: IdTagInfo | None = None


@frozen(kw_only=True)
class KeyValue:
    """A configuration key."""

    key: Annotated[str, Text(50)]
    readonly: bool
    value: Annotated[str, Text(500)] | None = None


@frozen(kw_only=True)
class SampledValue:
    """One value; what has a default in the specification is always written out."""

    value: str
    context: ReadingContext | None = None
    format: Literal["Raw", "SignedData"] | None = None
    measurand: Measurand | None = None
    phase: Phase | None = None
    location: Literal["Cable", "EV", "Inlet", "Outlet", "Body"] | None = None
    unit: Unit | None = None


@frozen(kw_only=True)
class MeterValue:
    """The values of one moment."""

    timestamp: datetime
    sampled_value: Annotated[tuple[SampledValue, ...], Items(1)]


@frozen(kw_only=True)
class ChargingSchedulePeriod:
    """A limit from a second of the schedule on."""

    start_period: int
    limit: float
    number_phases: int | None = None


@frozen(kw_only=True)
class ChargingSchedule:
    """Limits over time."""

    charging_rate_unit: Literal["A", "W"]
    charging_schedule_period: Annotated[tuple[ChargingSchedulePeriod, ...], Items(1)]
    duration: int | None = None
    start_schedule: datetime | None = None
    min_charging_rate: float | None = None


@frozen(kw_only=True)
class ChargingProfile:
    """A schedule, what it is for, and when it counts."""

    charging_profile_id: int
    stack_level: int
    charging_profile_purpose: Literal["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]
    charging_profile_kind: Literal["Absolute", "Recurring", "Relative"]
    charging_schedule: ChargingSchedule
    transaction_id: int | None = None
    recurrency_kind: Literal["Daily", "Weekly"] | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@frozen(kw_only=True)
class CertificateHashData:
    """What identifies a certificate, as OCSP does."""

    hash_algorithm: Literal["SHA256", "SHA384", "SHA512"]
    issuer_name_hash: Annotated[str, Text(128)]
    issuer_key_hash: Annotated[str, Text(128)]
    serial_number: Annotated[str, Text(40)]


@frozen(kw_only=True)
class LogParameters:
    """Where a log shall go, and from which time."""

    remote_location: Annotated[str, Text(512)]
    oldest_timestamp: datetime | None = None
    latest_timestamp: datetime | None = None


@frozen(kw_only=True)
class FirmwareToInstall:
    """A signed image."""

    location: Annotated[str, Text(512)]
    retrieve_date_time: datetime
    signing_certificate: Annotated[str, Text(5500)]
    signature: Annotated[str, Text(800)]
    install_date_time: datetime | None = None
