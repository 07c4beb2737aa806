"""Which variables the station has in OCPP 2.0.1: those of the parameter table, and those that only tell what it is.

Components and variables are those of the specification (edition 3, part 2, appendix 3 "Standardized components and variables").
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from attrs import evolve

from cc613_chargepoint.ocpp.engine.asked.local_list import LIST_LIMIT, SEND_LIMIT
from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.engine.transactions.measurands import DEFAULT
from cc613_chargepoint.ocpp.messages.v201_words import DataKind
from cc613_chargepoint.ocpp.v201.model import VALUE_LIMIT, Modelled, of_parameter
from cc613_chargepoint.ocpp.v201.words import connector_status
from cc613_chargepoint.settings import TABLE, Parameter, Settings, ocpp
from cc613_chargepoint.settings.table import INSTALLED_CURRENT_A

__all__ = ["BYTES_PER_MESSAGE", "ITEMS_PER_MESSAGE", "variables"]

ITEMS_PER_MESSAGE = 64
"""Variables that one GetVariables, SetVariables or GetReport may ask for."""
BYTES_PER_MESSAGE = 65_536
"""Longest GetVariables, SetVariables or GetReport, bytes."""

_INSTANCES = {"MessageTimeout": "Default", "MessageAttempts": "TransactionEvent", "MessageAttemptInterval": "TransactionEvent"}
"""Variables of the table that the specification wants with an instance."""
_AS = {ocpp.STOP_SAMPLE_S.key: ocpp.SAMPLE_S, ocpp.STOP_ALIGNED_S.key: ocpp.ALIGNED_S}
"""What counts while a parameter has no value."""
SET_LIMIT = 1000
"""Longest value that SetVariables may bring (SetVariableDataType)."""
_NOT_SET_LIKE_THIS = {"SecurityCtrlr.SecurityProfile"}
"""What changes with a network profile, and not by itself."""


def variables(engine: Engine) -> Iterable[Modelled]:
    """All of them, as they are now."""
    yield from _of_table(engine)
    yield from _of_program()
    yield from _of_station(engine)
    for number in engine.operations.connectors:
        yield from _of_outlet(engine, number)


def _of_table(engine: Engine) -> Iterator[Modelled]:
    for parameter in TABLE.values():
        if not parameter.ocpp201 or engine.offered.absent(parameter):
            continue
        component, _, name = parameter.ocpp201.partition(".")
        if (fixed := engine.offered.fixed(parameter)) is not None:
            yield _told(component, name, fixed, "boolean", instance=_INSTANCES.get(name))
            continue
        made = of_parameter(
            parameter,
            engine.settings,
            component=component,
            name=name,
            instance=_INSTANCES.get(name),
            writable=parameter.ocpp201 not in _NOT_SET_LIKE_THIS,
            objection=functools.partial(_objection, engine, parameter),
            values=_values(engine, parameter),
        )
        other = _AS.get(parameter.key)
        yield made if other is None else evolve(made, read=functools.partial(_or_as, engine.settings, parameter, other))


def _values(engine: Engine, parameter: Parameter[Any]) -> str | None:
    """What the entries of a list may be, with commas between."""
    if parameter is ocpp.NETWORK_PRIORITY:
        return ",".join(str(slot) for slot in sorted(engine.profiles.slots))
    if parameter in {ocpp.TX_START, ocpp.TX_STOP}:
        return ",".join(ocpp.POINTS)
    return ",".join(ocpp.MEASURANDS) if parameter.ocpp201.endswith("Measurands") else None


def _or_as(settings: Settings, which: Parameter[Any], other: Parameter[Any]) -> str:
    """A value in effect, which is another one's while it has none."""
    return str(settings.get(other if settings.get(which) is None else which))


def _objection(engine: Engine, parameter: Parameter[Any], value: str) -> str:
    return _unknown_slot(engine, value) if parameter is ocpp.NETWORK_PRIORITY else engine.offered.objection(parameter, value)


def _unknown_slot(engine: Engine, value: str) -> str:
    unknown = [each for each in value.split(",") if each.strip() and each.strip() not in {str(slot) for slot in engine.profiles.slots}]
    return f"there is no network profile {', '.join(unknown)}" if unknown else ""


def _told(component: str, name: str, value: str | Callable[[], str], data: DataKind = "string", **more: Any) -> Modelled:
    return Modelled(component=component, name=name, read=value if callable(value) else lambda: value, data=data, **more)


def _of_program() -> Iterator[Modelled]:
    """What the program can."""
    for message in ("GetReport", "GetVariables", "SetVariables"):
        yield _told("DeviceDataCtrlr", "ItemsPerMessage", str(ITEMS_PER_MESSAGE), "integer", instance=message)
        yield _told("DeviceDataCtrlr", "BytesPerMessage", str(BYTES_PER_MESSAGE), "integer", instance=message)
    yield _told("DeviceDataCtrlr", "ConfigurationValueSize", str(SET_LIMIT), "integer", maximum=SET_LIMIT)
    yield _told("DeviceDataCtrlr", "ReportingValueSize", str(VALUE_LIMIT), "integer", maximum=VALUE_LIMIT)
    yield _told("AuthCtrlr", "Enabled", "true", "boolean")
    yield _told("AuthCacheCtrlr", "Available", "true", "boolean")
    yield _told("LocalAuthListCtrlr", "Available", "true", "boolean")
    yield _told("LocalAuthListCtrlr", "ItemsPerMessage", str(SEND_LIMIT), "integer")
    yield _told("LocalAuthListCtrlr", "BytesPerMessage", str(BYTES_PER_MESSAGE), "integer")
    yield _told("ReservationCtrlr", "Available", "true", "boolean")
    yield _told("AlignedDataCtrlr", "Available", "true", "boolean")
    yield _told("SampledDataCtrlr", "Available", "true", "boolean")
    # a vehicle that unplugs at its side has ended the charge: nothing else may be billed (German calibration law)
    yield _told("TxCtrlr", "StopTxOnEVSideDisconnect", "true", "boolean")
    yield _told("SampledDataCtrlr", "TxStartedMeasurands", DEFAULT, "MemberList", values=DEFAULT)
    yield _told("OCPPCommCtrlr", "FileTransferProtocols", "FTP,FTPS,HTTP,HTTPS,SFTP", "MemberList", values="FTP,FTPS,HTTP,HTTPS,SFTP")


def _of_station(engine: Engine) -> Iterator[Modelled]:
    """What the station is, and how it is."""
    clock = engine.clock
    yield _told("ChargingStation", "Available", "true", "boolean")
    yield _told("ChargingStation", "AvailabilityState", lambda: _state(engine, 0), "OptionList", values=_STATES)
    yield _told("ChargingStation", "Problem", lambda: _problem(engine, 0), "boolean")
    yield _told("ChargingStation", "Model", engine.identity.model)
    yield _told("ChargingStation", "VendorName", engine.identity.vendor)
    yield _told("ChargingStation", "SupplyPhases", "3", "integer")
    yield _told("ClockCtrlr", "DateTime", lambda: clock.wall().isoformat().replace("+00:00", "Z"), "dateTime")
    yield _told(
        "ClockCtrlr",
        "TimeSource",
        "Heartbeat,NTP",
        "SequenceList",
        values="Heartbeat,NTP,GPS,RealTimeClock,MobileNetwork,RadioTimeTransmitter",
    )
    yield _told("LocalAuthListCtrlr", "Entries", lambda: str(engine.listed), "integer", maximum=LIST_LIMIT)
    yield _told("OCPPCommCtrlr", "ActiveNetworkProfile", lambda: str(engine.profiles.current.slot), "integer")
    rules = engine.charging.keeper.rules
    yield _told("SmartChargingCtrlr", "Available", "true", "boolean")
    yield _told("SmartChargingCtrlr", "Enabled", "true", "boolean")
    installed, most = (lambda: str(len(engine.charging.keeper.book))), rules.max_profiles
    yield _told("SmartChargingCtrlr", "Entries", installed, "integer", instance="ChargingProfiles", maximum=most)
    yield _told("SmartChargingCtrlr", "PeriodsPerSchedule", str(rules.max_periods), "integer")
    yield _told("SmartChargingCtrlr", "ProfileStackLevel", str(rules.max_stack_level), "integer")
    yield _told("SmartChargingCtrlr", "RateUnit", "A,W", "MemberList", values="A,W")
    if engine.security is not None:
        roots = engine.security.roots
        yield _told("SecurityCtrlr", "CertificateEntries", lambda: str(sum(1 for _ in roots)), "integer", maximum=roots.max_length)
        yield _told("SecurityCtrlr", "MaxCertificateChainSize", "10000", "integer")
    yield _told("SecurityCtrlr", "Identity", lambda: engine.settings.get(ocpp.IDENTITY) or engine.identity.serial)


def _of_outlet(engine: Engine, number: int) -> Iterator[Modelled]:
    """What an outlet and its one connector are, and how they are."""
    for component, place in (("EVSE", {"evse": number}), ("Connector", {"evse": number, "connector": 1})):
        yield _told(component, "Available", "true", "boolean", **place)
        yield _told(component, "AvailabilityState", lambda: _state(engine, number), "OptionList", values=_STATES, **place)
        yield _told(component, "Problem", lambda: _problem(engine, number), "boolean", **place)
        yield _told(component, "SupplyPhases", "3", "integer", **place)
    restarts = "true" if number in engine.operations.restartable else "false"
    yield _told("EVSE", "AllowReset", restarts, "boolean", evse=number)
    yield _told("EVSE", "Power", "0", "decimal", unit="W", maximum=_most_w(engine), evse=number)
    if (key := engine.signing.key_of(number, VALUE_LIMIT)) is not None:
        yield _told("FiscalMetering", "PublicKey", key, evse=number)
    socket = "sType2" if engine.operations.locks(number) else "cType2"
    yield _told("Connector", "ConnectorType", socket, evse=number, connector=1)


_STATES = "Available,Occupied,Reserved,Unavailable,Faulted"
_NOMINAL_V = 230.0
"""Of the mains between phase and neutral, V."""


def _state(engine: Engine, number: int) -> str:
    return connector_status(engine.view.connectors[number].standing())


def _problem(engine: Engine, number: int) -> str:
    """Whether a fault stands there, be it a warning; the station has a problem where one of its outlets has."""
    views = engine.view.connectors
    concerned = views.values() if number == 0 else [views[number]]
    return "true" if any(each.faults for each in concerned) else "false"


def _most_w(engine: Engine) -> float:
    """What the installation may give at one outlet, W."""
    return round(3 * _NOMINAL_V * engine.settings.get(INSTALLED_CURRENT_A), 1)
