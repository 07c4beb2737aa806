"""Pages and tables about OCPP, made from the parameter table, from a simulated station, and from the tables of compliance cases."""

from __future__ import annotations

import asyncio
import logging
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from cc613_chargepoint.answering import StationAnswers
from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.ocpp.service import backend_of
from cc613_chargepoint.ocpp.v16.told import told_keys
from cc613_chargepoint.ocpp.v201.inventory import variables
from cc613_chargepoint.ocpp.v201.model import Modelled
from cc613_chargepoint.settings import TABLE, Actor, Kind, Parameter, Settings
from cc613_chargepoint.store import Store
from cc613hal.board import load_board, open_board
from cc613hal.clock import run_virtual
from cc613hal.plant import Simulation

REFERENCE = Path(__file__).parent / "reference"
BOARD = "bender.cc613"
PROFILES: Mapping[str, str] = {
    "core": "Core",
    "firmware-management": "Firmware Management",
    "local-auth-list": "Local Auth List Management",
    "reservation": "Reservation",
    "smart-charging": "Smart Charging",
    "remote-trigger": "Remote Trigger",
    "security": "Security",
    "plug-and-charge": "Plug & Charge",
    "signed-meter-values": "Signed meter values",
}
_KEYS: Mapping[str, str] = {
    "firmware-management": r"SupportedFileTransferProtocols.*",
    "local-auth-list": r"LocalAuthList.*|SendLocalList.*",
    "reservation": r"Reserve.*",
    "smart-charging": r"ChargeProfile.*|ChargingSchedule.*|MaxChargingProfiles.*|ConnectorSwitch3to1.*",
    "security": r"AuthorizationKey|SecurityProfile|CpoName|AdditionalRoot.*|CertificateSignedMax.*|CertificateStore.*",
    "plug-and-charge": r"ISO15118.*|.*Contract.*|CertSigning.*",
    "signed-meter-values": r"MeterPublicKey.*|PublicKey.*|.*Sign.*Readings|StartTxnSampledData",
}
"""Which configuration keys belong to which profile; the others are Core's."""
_IDS: Mapping[str, str] = {
    "firmware-management": r"TC_04[45]_.*|TC_08[01]_CS",
    "local-auth-list": r"TC_04[23]_.*|TC_008_.*",
    "reservation": r"TC_04[6-9]_.*|TC_05[0-3]_.*|X16-09",
    "smart-charging": r"TC_05[6-9]_.*|TC_060_CS|TC_066_CS|TC_067_CS|TC_072_CS|TC_082_CS|X16-1[01]",
    "remote-trigger": r"TC_05[45]_.*|X16-14",
    "security": r"TC_07[3-9]_.*|TC_08[013-7]_.*",
    "plug-and-charge": r"X16-15",
    "signed-meter-values": r"X16-13",
}
"""Which cases show which profile; the others show Core."""
BLOCKS: Mapping[str, tuple[str, str]] = {
    "A": ("Security", r"SecurityCtrlr"),
    "B": ("Provisioning", r"DeviceDataCtrlr|OCPPCommCtrlr|ClockCtrlr|ChargingStation"),
    "C": ("Authorization", r"AuthCtrlr|AuthCacheCtrlr"),
    "D": ("Local authorization list", r"LocalAuthListCtrlr"),
    "E": ("Transactions", r"TxCtrlr"),
    "F": ("Remote control", r""),
    "G": ("Availability", r"EVSE|Connector"),
    "H": ("Reservation", r"ReservationCtrlr"),
    "J": ("Meter values", r"SampledDataCtrlr|AlignedDataCtrlr|FiscalMetering"),
    "K": ("Smart charging", r"SmartChargingCtrlr"),
    "L": ("Firmware", r""),
    "M": ("Certificates", r"ISO15118Ctrlr"),
    "N": ("Diagnostics", r"MonitoringCtrlr"),
    "P": ("Data transfer", r""),
}
"""Functional blocks of 2.0.1, and their components."""
_CHANGING = {"DateTime", "AvailabilityState", "Identity", "Model", "VendorName", "Entries", "CertificateEntries", "PublicKey"}
_KINDS = {
    Kind.BOOL: "boolean", Kind.INT: "integer", Kind.FLOAT: "decimal", Kind.TEXT: "text", Kind.CHOICE: "one of", Kind.LIST: "list",
}  # fmt: skip


@frozen
class Told:
    """What a simulated station tells of itself.

    Attributes:
        keys: configuration keys of 1.6 that are no settings, with their values.
        variables: those of 2.0.1.
    """

    keys: Mapping[str, str]
    variables: tuple[tuple[Modelled, str], ...]


def told() -> Told:
    """Start a station on the simulated board and ask it."""
    logging.disable(logging.WARNING)  # nobody answers at its address
    try:
        return run_virtual(_told())
    finally:
        logging.disable(logging.NOTSET)


async def _told() -> Told:
    description = load_board(BOARD)
    with tempfile.TemporaryDirectory(prefix="docs-") as name:
        place = Path(name)
        async with (
            Simulation(description) as simulation,
            await Store.open(place / "station.db") as store,
            open_board(description, simulation.buses, clock=simulation.clock, state_dir=place) as board,
        ):
            settings = await Settings.load(store, simulation.clock)
            actor = Actor(name="documentation", role=Role.MANUFACTURER)
            await settings.set({"ocpp.url": "ws://central.example/", "ocpp.identity": "CP-0001"}, actor=actor)
            engine = backend_of(settings, store, simulation.clock, board=BOARD, data=place, unix_socket=str(place / "nobody"))
            assert engine is not None
            station = Station(board, StationSettings.of(settings), store=store, backend=engine)
            answers = StationAnswers(station, board, store, settings)
            running = asyncio.create_task(engine.run(answers.facade))
            await engine.listening.wait()
            try:
                keys = {key: value() or "" for key, value in told_keys(engine).items()}
                return Told(keys, tuple((each, "" if each.read is None else each.read()) for each in variables(engine)))
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)


def ocpp_pages() -> dict[str, str]:
    """Pages and pieces of pages by name; what ends in ``.txt`` is included by pages that people write."""
    station = told()
    cases = {name: _cases(f"{name}-compliance.md") for name in ("ocpp16", "ocpp201", "ocpp-soap")}
    rows = _rows_16(station)
    pages = {"ocpp/keys.md": _page(rows, station), "ocpp/totals.txt": _totals(cases)}
    for profile in PROFILES:
        pages[f"ocpp/keys-{profile}.txt"] = _table_16(row for key, row in rows.items() if profile_of(key, _KEYS) == profile)
        pages[f"ocpp/cases-{profile}.txt"] = _case_table({each: said for each, said in cases["ocpp16"].items() if _shows(each, profile)})
    for block in BLOCKS:
        mine = [each for each in station.variables if block_of(each[0].component) == block]
        pages[f"ocpp/variables-{block}.txt"] = _table_201(mine)
        ids = {each: said for each, said in cases["ocpp201"].items() if each.startswith(f"TC_{block}_")}
        pages[f"ocpp/cases-{block}.txt"] = _summary(ids)
    return pages


def profile_of(name: str, patterns: Mapping[str, str]) -> str:
    """Which profile a configuration key or case belongs to."""
    return next((profile for profile, pattern in patterns.items() if re.fullmatch(pattern, name)), "core")


def _shows(case: str, profile: str) -> bool:
    """Signed firmware is shown by the same cases in two profiles."""
    if profile == "core":
        return profile_of(case, _IDS) == "core"
    return re.fullmatch(_IDS.get(profile, ""), case) is not None


def block_of(component: str) -> str:
    """Which functional block a component belongs to."""
    return next((block for block, (_, pattern) in BLOCKS.items() if pattern and re.fullmatch(pattern, component)), "B")


# -- 1.6 ---------------------------------------------------------------------------------------------------------------------------------


def _rows_16(station: Told) -> dict[str, str]:
    rows = {each.ocpp16: _row_16(each) for each in TABLE.values() if each.ocpp16}
    for key, value in station.keys.items():
        shown = f"`{value}`" if value and not key.startswith("MeterPublicKey") else ""
        rows.setdefault(key, f"| `{key}` | read | | | {shown} | | told by the station |")
    return dict(sorted(rows.items(), key=lambda row: row[0].casefold()))


def _row_16(each: Parameter[Any]) -> str:
    access = "write" if each.secret else "read, write" if each.change is not None and each.change <= Role.OPERATOR else "read"
    default = "" if each.secret else f"`{each.text(each.default) or 'empty'}`"
    again = " ↻" if each.restart else ""
    values = _cell(_values(each, _KINDS[each.kind]))
    return f"| `{each.ocpp16}`{again} | {access} | {values} | {each.unit} | {_cell(default)} | `{each.key}` | {_cell(each.en)} |"


def _values(each: Parameter[Any], kind: str) -> str:
    """What a parameter may be."""
    if each.kind is Kind.LIST:
        return f"{kind}, at most {each.maximum:g}" if each.maximum else kind
    if each.kind is Kind.TEXT:
        return f"{kind}, at most {each.maximum:g} characters" if each.maximum else kind
    return f"{kind} {each.range_text()}".strip()


def _table_16(rows: Iterable[str]) -> str:
    found = list(rows)
    if not found:
        return "None.\n"
    return "\n".join(["| key | access | values | unit | default | setting | meaning |", "|---|---|---|---|---|---|---|", *found, ""])


# -- 2.0.1 -------------------------------------------------------------------------------------------------------------------------------


def _table_201(found: Iterable[tuple[Modelled, str]]) -> str:
    rows: dict[str, str] = {}
    for each, value in found:
        name = each.name + (f" ({each.instance})" if each.instance else "")
        rows.setdefault(f"{each.component}.{name}", _row_201(each, name, value))
    if not rows:
        return "None.\n"
    head = ["| component | variable | access | type | unit | default or value | setting | meaning |", "|---|---|---|---|---|---|---|---|"]
    return "\n".join([*head, *(rows[key] for key in sorted(rows, key=str.casefold)), ""])


def _row_201(each: Modelled, name: str, value: str) -> str:
    access = {"ReadOnly": "read", "WriteOnly": "write", "ReadWrite": "read, write"}[each.mutability]
    parameter = each.parameter
    if parameter is None:
        shown = "" if each.name in _CHANGING else f"`{value}`"
        return f"| `{each.component}` | `{name}` | {access} | {each.data} | {each.unit or ''} | {_cell(shown)} | | told by the station |"
    default = "" if parameter.secret else f"`{parameter.text(parameter.default) or 'empty'}`"
    again = " ↻" if parameter.restart else ""
    kind, unit = _cell(_values(parameter, each.data)), each.unit or ""
    row = f"| `{each.component}` | `{name}`{again} | {access} | {kind} | {unit} | {_cell(default)} | `{parameter.key}` |"
    return f"{row} {_cell(parameter.en)} |"


# -- pages -------------------------------------------------------------------------------------------------------------------------------


def _page(rows: Mapping[str, str], station: Told) -> str:
    lines = [
        "# Configuration keys and variables",
        "",
        f"Made from the parameter table, and from what a station on the board `{BOARD}` tells. ↻ takes effect with the next start. What a",
        "backend changes goes into the backend's layer of the [settings](../settings.md). Keys of 1.6 may be written in any case; a value",
        "has at most 500 characters there, and 2500 in 2.0.1. Keys about signatures are there if a meter signs.",
        "",
        "## OCPP 1.6",
        "",
    ]
    for profile, title in PROFILES.items():
        found = [row for key, row in rows.items() if profile_of(key, _KEYS) == profile]
        if found:
            lines += [f"### {title}", "", _table_16(found)]
    lines += ["## OCPP 2.0.1", ""]
    for block, (title, _) in BLOCKS.items():
        mine = [each for each in station.variables if block_of(each[0].component) == block]
        if mine:
            lines += [f"### {block}: {title}", "", _table_201(mine)]
    return "\n".join(lines)


def _cases(page: str) -> dict[str, tuple[str, str]]:
    """Id → title and state, from a page of cases."""
    found: dict[str, tuple[str, str]] = {}
    for line in (REFERENCE / page).read_text("utf-8").splitlines():
        cells = [each.strip() for each in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) >= 3 and re.fullmatch(r"[A-Z][A-Z0-9]*[-_].*", cells[0]):
            found[cells[0]] = cells[-2], cells[-1]
    return found


def _case_table(cases: Mapping[str, tuple[str, str]]) -> str:
    if not cases:
        return "None of the published list.\n"
    rows = [f"| {each} | {title} | {state} |" for each, (title, state) in cases.items()]
    return "\n".join(["| id | case | state |", "|---|---|---|", *rows, ""])


def _summary(cases: Mapping[str, tuple[str, str]]) -> str:
    """In one sentence: the ids that pass, and those that do not with their reasons."""
    if not cases:
        return "The certification list has no cases of this block.\n"
    passed = [each for each, (_, state) in cases.items() if state == "passed"]
    left = {each: state for each, (_, state) in cases.items() if state != "passed"}
    lines = [f"{len(passed)} of {len(cases)} cases of this block pass: {', '.join(passed)}."]
    by_reason: dict[str, list[str]] = {}
    for each, state in left.items():
        by_reason.setdefault(state, []).append(each)
    lines += [f"- {', '.join(ids)}: {state}" for state, ids in by_reason.items()]
    return "\n\n".join([lines[0], "\n".join(lines[1:])]).rstrip() + "\n"


def _totals(cases: Mapping[str, Mapping[str, tuple[str, str]]]) -> str:
    names = {
        "ocpp16": "[OCPP 1.6, JSON](../ocpp16-compliance.md)",
        "ocpp201": "[OCPP 2.0.1](../ocpp201-compliance.md)",
        "ocpp-soap": "[OCPP 1.5 and 1.6 over SOAP](../ocpp-soap-compliance.md)",
    }
    lines = ["| list | cases | passed | not applicable | open |", "|---|---|---|---|---|"]
    for name, found in cases.items():
        states = [state for _, state in found.values()]
        passed, away = states.count("passed"), sum(each.startswith("not applicable") for each in states)
        lines.append(f"| {names[name]} | {len(states)} | {passed} | {away} | {len(states) - passed - away} |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
