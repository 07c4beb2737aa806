"""What is said in the words of 1.6, in those of 1.5, and the other way round. Pure; the content is that of the schemas.

1.5 has fewer words. Where it has none for something, it is said more coarsely (``Preparing`` is ``Occupied``), or not at all: a status of
an update that is on its way, a charging profile. What is measured on each phase is told as one value. Source: the two published service
descriptions, compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from cc613_chargepoint.ocpp.soap.schema import Payload

__all__ = ["from_15", "to_15"]

_STATUS = dict.fromkeys(("Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"), "Occupied")
_ERROR = {
    "EVCommunicationError": "Mode3Error",
    "InternalError": "OtherError",
    "LocalListConflict": "OtherError",
    "OverVoltage": "OtherError",
}
_UNIT = {"A": "Amp", "V": "Volt", "Celcius": "Celsius"}
_UNITS = frozenset({"Wh", "kWh", "varh", "kvarh", "W", "kW", "var", "kvar", "Amp", "Volt", "Celsius"})
_ENERGIES = tuple(
    f"Energy.{kind}.{way}.{how}" for kind in ("Active", "Reactive") for way in ("Export", "Import") for how in ("Register", "Interval")
)
_POWERS = tuple(f"Power.{kind}.{way}" for kind in ("Active", "Reactive") for way in ("Export", "Import"))
_MEASURANDS = frozenset({*_ENERGIES, *_POWERS, "Current.Export", "Current.Import", "Voltage", "Temperature"})
_CONTEXTS = frozenset({"Interruption.Begin", "Interruption.End", "Sample.Clock", "Sample.Periodic", "Transaction.Begin", "Transaction.End"})
_LOCATIONS = frozenset({"Inlet", "Outlet", "Body"})
_LARGEST = Decimal("1e9")
"""What is larger is no current and no voltage."""
_OVER_PHASES: dict[str, Callable[[Sequence[Decimal]], Decimal]] = {
    "Current.Import": max,
    "Current.Export": max,
    "Voltage": lambda them: _mean(them),
}
"""What one value says for all phases, since 1.5 cannot name one."""
_KEYS = {"HeartbeatInterval": "HeartBeatInterval"}
"""Keys that 1.5 spells otherwise."""
_UNSAID = {
    "FirmwareStatusNotification": frozenset({"Downloading", "Installing", "Idle"}),
    "DiagnosticsStatusNotification": frozenset({"Uploading", "Idle"}),
}
"""Statuses that 1.5 does not know."""
_KNOWN = frozenset(
    [
        "Authorize",
        "BootNotification",
        "CancelReservation",
        "ChangeAvailability",
        "ChangeConfiguration",
        "ClearCache",
        "DataTransfer",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "GetConfiguration",
        "GetDiagnostics",
        "GetLocalListVersion",
        "Heartbeat",
        "MeterValues",
        "RemoteStartTransaction",
        "RemoteStopTransaction",
        "ReserveNow",
        "Reset",
        "SendLocalList",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
        "UnlockConnector",
        "UpdateFirmware",
    ]
)


def to_15(action: str, content: Mapping[str, Any], *, answer: bool = False) -> Payload | None:
    """What the station says, in the words of 1.5.

    Args:
        action: name of the operation.
        content: in the words of 1.6.
        answer: it is a response.

    Returns:
        The content; ``None`` where 1.5 has nothing to say it with: then nothing is sent.
    """
    if action not in _KNOWN or (not answer and content.get("status") in _UNSAID.get(action, frozenset())):
        return None
    change = (_ANSWERS if answer else _REQUESTS).get(action)
    return dict(content) if change is None else change(content)


def from_15(action: str, content: Mapping[str, Any], *, answer: bool = False) -> Payload:
    """What a central system of 1.5 says, in the words of 1.6.

    Args:
        action: name of the operation.
        content: in the words of 1.5.
        answer: it is a response.
    """
    heard = dict(content)
    if action == "BootNotification" and answer:
        heard["interval"] = heard.pop("heartbeatInterval")
    elif action == "SendLocalList" and not answer:
        heard.pop("hash", None)  # how it is made is not said anywhere; the list's version says the same
        if "localAuthorisationList" in heard:
            heard["localAuthorizationList"] = heard.pop("localAuthorisationList")
    elif action in {"GetConfiguration", "ChangeConfiguration"} and not answer:
        spelt = {older: newer for newer, older in _KEYS.items()}
        key = heard.get("key")
        if isinstance(key, str):
            heard["key"] = spelt.get(key, key)
        elif key is not None:
            heard["key"] = [spelt.get(each, each) for each in key]
    return heard


def _status(content: Mapping[str, Any]) -> Payload:
    return {
        **content,
        "status": _STATUS.get(content["status"], content["status"]),
        "errorCode": _ERROR.get(content["errorCode"], content["errorCode"]),
    }


def _meter_values(content: Mapping[str, Any]) -> Payload | None:
    values = _readings(content.get("meterValue") or ())
    told = {name: value for name, value in content.items() if name != "meterValue"}
    return {**told, "values": values} if values else None


def _stop(content: Mapping[str, Any]) -> Payload:
    told = {name: value for name, value in content.items() if name not in {"reason", "transactionData"}}
    values = _readings(content.get("transactionData") or ())
    return {**told, "transactionData": [{"values": values}]} if values else told


def _readings(meter_values: Sequence[Mapping[str, Any]]) -> list[Payload]:
    told = [{"timestamp": each["timestamp"], "value": _values(each["sampledValue"])} for each in meter_values]
    return [each for each in told if each["value"]]


def _values(samples: Sequence[Mapping[str, Any]]) -> list[Payload]:
    """The values that 1.5 can tell: of no single phase, of a measurand and in a unit that it knows."""
    told: list[Payload] = []
    for sample in _of_all_phases(samples):
        unit = sample.get("unit")
        unit = _UNIT.get(unit, unit) if unit is not None else None
        measurand = sample.get("measurand")
        if "phase" in sample or (measurand is not None and measurand not in _MEASURANDS) or (unit is not None and unit not in _UNITS):
            continue
        value: Payload = {"value": sample["value"]}
        said = {"context": sample.get("context"), "location": sample.get("location"), "format": sample.get("format")}
        if said["context"] not in _CONTEXTS:
            said["context"] = None
        if said["location"] not in _LOCATIONS:
            said["location"] = None
        told.append({**value, **{name: word for name, word in {**said, "measurand": measurand, "unit": unit}.items() if word is not None}})
    return told


def _of_all_phases(samples: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Currents and voltages of phases as one value each, where the first of them stood: the highest current, the mean of the voltages."""
    phases: dict[str, list[Mapping[str, Any]]] = {}
    told: list[list[Mapping[str, Any]]] = []
    for sample in samples:
        measurand = sample.get("measurand", "")
        if "phase" not in sample or measurand not in _OVER_PHASES or _number(sample["value"]) is None:
            told.append([sample])
        elif measurand in phases:
            phases[measurand].append(sample)
        else:
            phases[measurand] = [sample]
            told.append(phases[measurand])
    return [_joined(each) if each[0].get("measurand", "") in phases and "phase" in each[0] else each[0] for each in told]


def _joined(samples: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    numbers = [number for sample in samples if (number := _number(sample["value"])) is not None]
    if not numbers:
        return samples[0]
    value = _OVER_PHASES[samples[0]["measurand"]](numbers)
    whole = {name: each for name, each in samples[0].items() if name != "phase"}
    return {**whole, "value": f"{value:.2f}".rstrip("0").rstrip(".")}


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < _LARGEST else None


def _mean(numbers: Sequence[Decimal]) -> Decimal:
    return sum(numbers, Decimal(0)) / len(numbers)


def _unlock(content: Mapping[str, Any]) -> Payload:
    return {"status": "Accepted" if content["status"] == "Unlocked" else "Rejected"}


def _changed(content: Mapping[str, Any]) -> Payload:
    return {"status": "Accepted" if content["status"] == "RebootRequired" else content["status"]}


def _configuration(content: Mapping[str, Any]) -> Payload:
    told = dict(content)
    if "configurationKey" in told:
        told["configurationKey"] = [{**each, "key": _KEYS.get(each["key"], each["key"])} for each in told["configurationKey"]]
    if "unknownKey" in told:
        told["unknownKey"] = [_KEYS.get(each, each) for each in told["unknownKey"]]
    return told


_REQUESTS: dict[str, Callable[[Mapping[str, Any]], Payload | None]] = {
    "StatusNotification": _status,
    "MeterValues": _meter_values,
    "StopTransaction": _stop,
}
_ANSWERS: dict[str, Callable[[Mapping[str, Any]], Payload | None]] = {
    "UnlockConnector": _unlock,
    "ChangeConfiguration": _changed,
    "GetConfiguration": _configuration,
}
