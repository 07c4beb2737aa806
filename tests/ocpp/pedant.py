"""What must hold of everything a station says in OCPP 1.6, whoever asks what in which order: the rules that no schema knows.

A rule looks at all the calls of a story and names what breaks it. §: OCPP 1.6 edition 2; E: its errata sheet.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from tests.ocpp.central import Heard

__all__ = ["broken_order"]

Rule = Callable[[Sequence[Heard]], Iterator[str]]

_LEGAL: dict[str, str] = {
    "Available": "Preparing Charging SuspendedEV SuspendedEVSE Reserved Unavailable Faulted",
    "Preparing": "Available Charging SuspendedEV SuspendedEVSE Finishing Unavailable Faulted",
    "Charging": "Available SuspendedEV SuspendedEVSE Finishing Unavailable Faulted",
    "SuspendedEV": "Available Charging SuspendedEVSE Finishing Unavailable Faulted",
    "SuspendedEVSE": "Available Charging SuspendedEV Finishing Unavailable Faulted",
    "Finishing": "Available Preparing Unavailable Faulted",
    "Reserved": "Available Preparing Unavailable Faulted",
    "Unavailable": "Available Preparing Charging SuspendedEV SuspendedEVSE Finishing Faulted",
    "Faulted": "Available Preparing Charging SuspendedEV SuspendedEVSE Finishing Reserved Unavailable",
}
"""Status → what may follow it (§4.9). Two are not in the table there, and have to be, since §5.2 asks for them: Preparing → Unavailable,
and Unavailable → Finishing where a plug was left behind."""
_EV_ERROR = {"Preparing", "SuspendedEV", "SuspendedEVSE", "Finishing"}
_QUEUED = {"StartTransaction", "MeterValues", "StopTransaction"}


def broken_order(heard: Sequence[Heard]) -> list[str]:
    """What breaks a rule, in words; nothing if all is well."""
    return [f"{rule.__name__}: {each}" for rule in RULES for each in rule(heard)]


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _once(heard: Sequence[Heard]) -> list[Heard]:
    """Without what was said again because its answer was lost, or it was refused: the same message is said with the same content."""
    found: list[Heard] = []
    for each in heard:
        before = next((other for other in reversed(found) if other.action == each.action), None)
        if each.action in _QUEUED and before is not None and before.payload == each.payload:
            found[found.index(before)] = each
        else:
            found.append(each)
    return found


def nothing_before_the_boot(heard: Sequence[Heard]) -> Iterator[str]:
    """§4.2: until the boot is accepted nothing else is said."""
    accepted = False
    for each in heard:
        if each.action == "BootNotification":
            accepted = isinstance(each.answer, dict) and each.answer.get("status") == "Accepted"
        elif not accepted:
            yield f"{each.action} at {each.at_s:.1f} s"


def statuses_follow_the_table(heard: Sequence[Heard]) -> Iterator[str]:
    """§4.9, within one connection; what happened without one is not told, and a boot tells everything anew."""
    last: dict[int, Heard] = {}
    for each in heard:
        if each.action == "BootNotification":
            last.clear()
        if each.action != "StatusNotification":
            continue
        said = each.payload
        connector, status, error = said["connectorId"], said["status"], said["errorCode"]
        before = last.get(connector)
        if connector == 0 and status not in {"Available", "Unavailable", "Faulted"}:
            yield f"connector 0 is {status}"
        if (status == "Faulted") and error == "NoError":
            yield "Faulted without an error"
        if error == "EVCommunicationError" and status not in _EV_ERROR:
            yield f"{error} with {status}"
        if before is not None and before.connection == each.connection:
            told = before.payload["status"]
            if told != status and status not in _LEGAL[told].split():
                yield f"connector {connector}: {told} → {status} at {each.at_s:.1f} s"
        if before is not None and _at(said["timestamp"]) < _at(before.payload["timestamp"]):
            yield f"connector {connector}: {status} of {said['timestamp']} after {before.payload['timestamp']}"
        last[connector] = each


def transactions_are_whole(heard: Sequence[Heard]) -> Iterator[str]:
    """§3.7, E 3.18: one transaction at a time on a connector; its values and its end carry its name, and nothing comes after the end."""
    running: dict[int, Any] = {}
    names: dict[Any, int] = {}
    lost: set[int] = set()
    for each in _once(heard):
        said = each.payload
        match each.action:
            case "StartTransaction":
                connector = said["connectorId"]
                if connector in running:
                    yield f"connector {connector}: a second begin at {each.at_s:.1f} s while {running[connector]} runs"
                named = each.answer["transactionId"] if isinstance(each.answer, dict) else -1
                running[connector] = named
                names[named] = connector
                lost |= {connector} if named == -1 else set()
            case "MeterValues" if "transactionId" in said and running.get(said["connectorId"]) != said["transactionId"]:
                yield f"values of {said['transactionId']} at {each.at_s:.1f} s, where {running.get(said['connectorId'])} runs"
            case "StopTransaction":
                name = said["transactionId"]
                connectors = [connector for connector, other in running.items() if other == name]
                if not connectors:
                    yield f"the end of {name} at {each.at_s:.1f} s, which does not run"
                for connector in connectors[:1]:
                    del running[connector]
            case _:
                pass


def times_and_registers_only_grow(heard: Sequence[Heard]) -> Iterator[str]:
    """§3.7, E 3.9: what is queued is told in the order in which it happened, and no energy is told back."""
    names: dict[Any, int] = {}
    times: dict[int, datetime] = {}
    registers: dict[int, float] = {}
    for each in _once(heard):
        if each.action not in _QUEUED:
            continue
        said = each.payload
        connector = said.get("connectorId", names.get(said.get("transactionId"), -1))
        if each.action == "StartTransaction" and isinstance(each.answer, dict):
            names[each.answer["transactionId"]] = connector
        for at, register in _measured(each.action, said):
            if at < times.get(connector, at):
                yield f"connector {connector}: {each.action} of {at} after {times[connector]}"
            if register < int(registers.get(connector, register)):
                yield f"connector {connector}: {register} Wh after {registers[connector]} Wh"
            times[connector], registers[connector] = at, max(register, registers.get(connector, register))


def _measured(action: str, said: dict[str, Any]) -> Iterator[tuple[datetime, float]]:
    if action == "StartTransaction":
        yield _at(said["timestamp"]), float(said["meterStart"])
    elif action == "StopTransaction":
        yield _at(said["timestamp"]), float(said["meterStop"])
    else:
        for value, sampled in itertools.chain.from_iterable(((each, one) for one in each["sampledValue"]) for each in said["meterValue"]):
            if sampled["measurand"] == "Energy.Active.Import.Register" and sampled["context"].startswith("Sample."):
                yield _at(value["timestamp"]), float(sampled["value"])


def who_charges_has_a_transaction(heard: Sequence[Heard]) -> Iterator[str]:
    """Energy is told of only within a transaction: its begin comes within moments of Charging, its end of whatever ends it."""
    charging: dict[int, Heard] = {}
    begun: dict[int, float] = {}
    for each in heard:
        said = each.payload
        if each.action == "BootNotification":
            charging.clear()
        elif each.action == "StartTransaction":
            begun[said["connectorId"]] = each.at_s
        elif each.action == "StatusNotification" and said["status"] == "Charging":
            charging.setdefault(said["connectorId"], each)
        elif each.action == "StatusNotification" and said["connectorId"] in charging:
            since = charging.pop(said["connectorId"])
            if each.connection == since.connection and each.at_s - since.at_s > 70.0 and said["connectorId"] not in begun:
                yield f"connector {said['connectorId']} charged from {since.at_s:.1f} s without any transaction"


RULES: tuple[Rule, ...] = (
    nothing_before_the_boot,
    statuses_follow_the_table,
    transactions_are_whole,
    times_and_registers_only_grow,
    who_charges_has_a_transaction,
)
