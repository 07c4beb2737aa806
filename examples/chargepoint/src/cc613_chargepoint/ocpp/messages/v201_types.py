"""Types that several messages of OCPP 2.0.1 share (specification edition 3, part 2, chapter 2)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from attrs import field, frozen

from cc613_chargepoint.ocpp.messages.codec import Items, Text
from cc613_chargepoint.ocpp.messages.v201_words import (
    ApnAuthentication,
    AttributeKind,
    AuthorizationStatus,
    ChargingState,
    ClearMonitoringStatus,
    DataKind,
    EventNotification,
    EventTrigger,
    GetCertificateIdUse,
    GetVariableStatus,
    HashAlgorithm,
    IdTokenKind,
    Location,
    Measurand,
    MessageFormat,
    MessagePriority,
    MessageState,
    MonitorKind,
    Mutability,
    OcppInterface,
    OcppTransport,
    OcppVersion,
    Phase,
    ReadingContext,
    Reason,
    SetMonitoringStatus,
    SetVariableStatus,
    VpnKind,
)

__all__ = [
    "AdditionalInfo",
    "Apn",
    "AuthorizationData",
    "CertificateHashData",
    "CertificateHashDataChain",
    "ChargingStation",
    "ClearMonitoringResult",
    "Component",
    "ComponentVariable",
    "EventData",
    "Evse",
    "Extensible",
    "FirmwareToInstall",
    "GetVariableData",
    "GetVariableResult",
    "IdToken",
    "IdTokenInfo",
    "LogParameters",
    "MessageContent",
    "MessageInfo",
    "MeterValue",
    "Modem",
    "MonitoringData",
    "NetworkConnectionProfile",
    "OcspRequestData",
    "ReportData",
    "SampledValue",
    "SetMonitoringData",
    "SetMonitoringResult",
    "SetVariableData",
    "SetVariableResult",
    "SignedMeterValue",
    "StatusInfo",
    "Transaction",
    "UnitOfMeasure",
    "Variable",
    "VariableAttribute",
    "VariableCharacteristics",
    "VariableMonitoring",
    "Vpn",
]


@frozen(kw_only=True)
class Extensible:
    """Base of everything in 2.0.1: vendors may add what they like, and nobody has to understand it."""

    custom_data: Any | None = None


@frozen(kw_only=True)
class AdditionalInfo(Extensible):
    """A further identifier that came with a token."""

    additional_id_token: Annotated[str, Text(36)]
    type: Annotated[str, Text(50)]


@frozen(kw_only=True)
class Apn(Extensible):
    """How the modem reaches the network."""

    apn: Annotated[str, Text(512)]
    apn_authentication: ApnAuthentication
    apn_user_name: Annotated[str, Text(20)] | None = None
    apn_password: Annotated[str, Text(20)] | None = None
    sim_pin: int | None = None
    preferred_network: Annotated[str, Text(6)] | None = None
    use_only_preferred_network: bool | None = None


@frozen(kw_only=True)
class IdToken(Extensible):
    """What identifies a customer, and what kind it is."""

    id_token: Annotated[str, Text(36)]
    type: IdTokenKind
    additional_info: Annotated[tuple[AdditionalInfo, ...], Items(1)] | None = None


@frozen(kw_only=True)
class MessageContent(Extensible):
    """A text for the customer."""

    format: MessageFormat
    content: Annotated[str, Text(512)]
    language: Annotated[str, Text(8)] | None = None


@frozen(kw_only=True)
class IdTokenInfo(Extensible):
    """What a management system says of a token."""

    status: AuthorizationStatus
    cache_expiry_date_time: datetime | None = None
    charging_priority: int | None = None
    language1: Annotated[str, Text(8)] | None = None
    evse_id: Annotated[tuple[int, ...], Items(1)] | None = None
    group_id_token: IdToken | None = None
    language2: Annotated[str, Text(8)] | None = None
    personal_message: MessageContent | None = None


@frozen(kw_only=True)
class AuthorizationData(Extensible):
    """An entry of the local list; without ``id_token_info`` it is to be removed."""

    id_token: IdToken
    id_token_info: IdTokenInfo | None = None


@frozen(kw_only=True)
class CertificateHashData(Extensible):
    """What identifies a certificate, as OCSP does."""

    hash_algorithm: HashAlgorithm
    issuer_name_hash: Annotated[str, Text(128)]
    issuer_key_hash: Annotated[str, Text(128)]
    serial_number: Annotated[str, Text(40)]


@frozen(kw_only=True)
class CertificateHashDataChain(Extensible):
    """A certificate and those below it."""

    certificate_hash_data: CertificateHashData
    certificate_type: GetCertificateIdUse
    child_certificate_hash_data: Annotated[tuple[CertificateHashData, ...], Items(1, 4)] | None = None


@frozen(kw_only=True)
class Modem(Extensible):
    """The SIM of the station."""

    iccid: Annotated[str, Text(20)] | None = None
    imsi: Annotated[str, Text(20)] | None = None


@frozen(kw_only=True)
class ChargingStation(Extensible):
    """What the station is."""

    model: Annotated[str, Text(20)]
    vendor_name: Annotated[str, Text(50)]
    serial_number: Annotated[str, Text(25)] | None = None
    modem: Modem | None = None
    firmware_version: Annotated[str, Text(50)] | None = None


@frozen(kw_only=True)
class StatusInfo(Extensible):
    """Why, as a code and in words."""

    reason_code: Annotated[str, Text(20)]
    additional_info: Annotated[str, Text(512)] | None = None


@frozen(kw_only=True)
class ClearMonitoringResult(Extensible):
    """What became of a monitor."""

    status: ClearMonitoringStatus
    id: int
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class Evse(Extensible):
    """An outlet, and maybe one of its connectors."""

    id: int
    connector_id: int | None = None


@frozen(kw_only=True)
class Component(Extensible):
    """A part of the device model."""

    name: Annotated[str, Text(50)]
    evse: Evse | None = None
    instance: Annotated[str, Text(50)] | None = None


@frozen(kw_only=True)
class Variable(Extensible):
    """A variable of a component."""

    name: Annotated[str, Text(50)]
    instance: Annotated[str, Text(50)] | None = None


@frozen(kw_only=True)
class ComponentVariable(Extensible):
    """A part of the device model, or one of its variables."""

    component: Component
    variable: Variable | None = None


@frozen(kw_only=True)
class EventData(Extensible):
    """Something that a monitor saw."""

    event_id: int
    timestamp: datetime
    trigger: EventTrigger
    actual_value: Annotated[str, Text(2500)]
    component: Component
    event_notification_type: EventNotification
    variable: Variable
    cause: int | None = None
    tech_code: Annotated[str, Text(50)] | None = None
    tech_info: Annotated[str, Text(500)] | None = None
    cleared: bool | None = None
    transaction_id: Annotated[str, Text(36)] | None = None
    variable_monitoring_id: int | None = None


@frozen(kw_only=True)
class FirmwareToInstall(Extensible):
    """An image to be installed."""

    location: Annotated[str, Text(512)]
    retrieve_date_time: datetime
    install_date_time: datetime | None = None
    signing_certificate: Annotated[str, Text(5500)] | None = None
    signature: Annotated[str, Text(800)] | None = None


@frozen(kw_only=True)
class GetVariableData(Extensible):
    """A variable that is asked for."""

    component: Component
    variable: Variable
    attribute_type: AttributeKind | None = None


@frozen(kw_only=True)
class GetVariableResult(Extensible):
    """What a variable is, or why it is not told."""

    attribute_status: GetVariableStatus
    component: Component
    variable: Variable
    attribute_status_info: StatusInfo | None = None
    attribute_type: AttributeKind | None = None
    attribute_value: Annotated[str, Text(2500)] | None = None


@frozen(kw_only=True)
class LogParameters(Extensible):
    """Where a log shall go, and from which time."""

    remote_location: Annotated[str, Text(512)]
    oldest_timestamp: datetime | None = None
    latest_timestamp: datetime | None = None


@frozen(kw_only=True)
class MessageInfo(Extensible):
    """A message on the display, and when it is shown."""

    id: int
    priority: MessagePriority
    message: MessageContent
    display: Component | None = None
    state: MessageState | None = None
    start_date_time: datetime | None = None
    end_date_time: datetime | None = None
    transaction_id: Annotated[str, Text(36)] | None = None


@frozen(kw_only=True)
class SignedMeterValue(Extensible):
    """A value that the meter signed."""

    signed_meter_data: Annotated[str, Text(2500)]
    signing_method: Annotated[str, Text(50)]
    encoding_method: Annotated[str, Text(50)]
    public_key: Annotated[str, Text(2500)]


@frozen(kw_only=True)
class UnitOfMeasure(Extensible):
    """Unit and power of ten."""

    unit: Annotated[str, Text(20)] | None = None
    multiplier: int | None = None


@frozen(kw_only=True)
class SampledValue(Extensible):
    """One value."""

    value: float
    context: ReadingContext | None = None
    measurand: Measurand | None = None
    phase: Phase | None = None
    location: Location | None = None
    signed_meter_value: SignedMeterValue | None = None
    unit_of_measure: UnitOfMeasure | None = None


@frozen(kw_only=True)
class MeterValue(Extensible):
    """The values of one moment."""

    sampled_value: Annotated[tuple[SampledValue, ...], Items(1)]
    timestamp: datetime


@frozen(kw_only=True)
class VariableMonitoring(Extensible):
    """A monitor of a variable."""

    id: int
    transaction: bool
    value: float
    type: MonitorKind
    severity: int


@frozen(kw_only=True)
class MonitoringData(Extensible):
    """The monitors of a variable."""

    component: Component
    variable: Variable
    variable_monitoring: Annotated[tuple[VariableMonitoring, ...], Items(1)]


@frozen(kw_only=True)
class Vpn(Extensible):
    """A tunnel to the management system."""

    server: Annotated[str, Text(512)]
    user: Annotated[str, Text(20)]
    password: Annotated[str, Text(20)]
    key: Annotated[str, Text(255)]
    type: VpnKind
    group: Annotated[str, Text(20)] | None = None


@frozen(kw_only=True)
class NetworkConnectionProfile(Extensible):
    """How a management system is reached."""

    ocpp_version: OcppVersion
    ocpp_transport: OcppTransport
    ocpp_csms_url: Annotated[str, Text(512)]
    message_timeout: int
    security_profile: int
    ocpp_interface: OcppInterface
    apn: Apn | None = None
    vpn: Vpn | None = None


@frozen(kw_only=True)
class OcspRequestData(Extensible):
    """What an OCSP responder is asked about."""

    hash_algorithm: HashAlgorithm
    issuer_name_hash: Annotated[str, Text(128)]
    issuer_key_hash: Annotated[str, Text(128)]
    serial_number: Annotated[str, Text(40)]
    responder_url: Annotated[str, Text(512)] = field(metadata={"wire": "responderURL"})


@frozen(kw_only=True)
class VariableAttribute(Extensible):
    """One attribute of a variable: its value, and who may change it."""

    type: AttributeKind | None = None
    value: Annotated[str, Text(2500)] | None = None
    mutability: Mutability | None = None
    persistent: bool | None = None
    constant: bool | None = None


@frozen(kw_only=True)
class VariableCharacteristics(Extensible):
    """What values a variable takes."""

    data_type: DataKind
    supports_monitoring: bool
    unit: Annotated[str, Text(16)] | None = None
    min_limit: float | None = None
    max_limit: float | None = None
    values_list: Annotated[str, Text(1000)] | None = None


@frozen(kw_only=True)
class ReportData(Extensible):
    """A variable with its attributes and what is known of its kind."""

    component: Component
    variable: Variable
    variable_attribute: Annotated[tuple[VariableAttribute, ...], Items(1, 4)]
    variable_characteristics: VariableCharacteristics | None = None


@frozen(kw_only=True)
class SetMonitoringData(Extensible):
    """A monitor to be set."""

    value: float
    type: MonitorKind
    severity: int
    component: Component
    variable: Variable
    id: int | None = None
    transaction: bool | None = None


@frozen(kw_only=True)
class SetMonitoringResult(Extensible):
    """What became of a monitor to be set."""

    status: SetMonitoringStatus
    type: MonitorKind
    component: Component
    variable: Variable
    severity: int
    id: int | None = None
    status_info: StatusInfo | None = None


@frozen(kw_only=True)
class SetVariableData(Extensible):
    """A value to be set."""

    attribute_value: Annotated[str, Text(1000)]
    component: Component
    variable: Variable
    attribute_type: AttributeKind | None = None


@frozen(kw_only=True)
class SetVariableResult(Extensible):
    """What became of a value to be set."""

    attribute_status: SetVariableStatus
    component: Component
    variable: Variable
    attribute_type: AttributeKind | None = None
    attribute_status_info: StatusInfo | None = None


@frozen(kw_only=True)
class Transaction(Extensible):
    """The transaction that something happened to."""

    transaction_id: Annotated[str, Text(36)]
    charging_state: ChargingState | None = None
    time_spent_charging: int | None = None
    stopped_reason: Reason | None = None
    remote_start_id: int | None = None
