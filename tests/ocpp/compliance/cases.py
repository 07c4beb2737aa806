"""The ids of the acceptance list of OCPP 1.6, and the page that says of each whether it passes.

Ids and titles: Open Charge Alliance, "Test case document OCTT for OCPP 1.6" (2024-04, and the ids that 2025 revisions split), public.
Ids that begin with ``X16`` are this project's own. Run as a program it writes the page.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "ocpp16-compliance.md"

CASES: dict[str, str] = {
    "TC_001_CS": "Cold boot",
    "TC_002_CS": "Cold boot, pending",
    "TC_003_CS": "Regular session, plug-in first",
    "TC_004_1_CS": "Regular session, identification first",
    "TC_004_2_CS": "Identification first, ConnectionTimeOut",
    "TC_068_CS": "Stop with the same idTag",
    "TC_069_CS": "Stop with the same parentIdTag",
    "TC_005_1_CS": "EV-side disconnect, stop=true unlock=true",
    "TC_005_2_CS": "EV-side disconnect, stop=true unlock=false",
    "TC_005_3_CS": "EV-side disconnect, stop=false unlock=false",
    "TC_007_1_CS": "Session with a cached id (local / remote)",
    "TC_007_2_CS": "Session with a cached id (local / remote)",
    "TC_061_1_CS": "Clear the cache (local / remote)",
    "TC_061_2_CS": "Clear the cache (local / remote)",
    "TC_010_CS": "Remote start, cable first",
    "TC_011_1_CS": "Remote start first",
    "TC_011_2_CS": "Remote start first, time-out",
    "TC_012_CS": "Remote stop",
    "TC_013_CS": "Hard reset, no transaction",
    "TC_014_CS": "Soft reset, no transaction",
    "TC_015_CS": "Hard reset with transaction",
    "TC_016_CS": "Soft reset with transaction",
    "TC_017_1_CS": "Unlock, no session, socket",
    "TC_017_2_CS": "Unlock, no session, fixed cable",
    "TC_018_1_CS": "Unlock during session, socket",
    "TC_018_2_CS": "Unlock during session, fixed cable",
    "TC_019_CS": "Read configuration",
    "TC_021_CS": "Change configuration",
    "TC_070_CS": "Sampled meter values",
    "TC_071_CS": "Clock-aligned meter values",
    "TC_023_4_CS": "Authorize invalid (local / remote)",
    "TC_023_5_CS": "Authorize invalid (local / remote)",
    "TC_024_CS": "Lock failure at start",
    "TC_026_CS": "Remote start rejected",
    "TC_027_CS": "Remote start on connector 0",
    "TC_028_CS": "Remote stop rejected",
    "TC_030_CS": "Unlock failure",
    "TC_031_CS": "Unlock unknown connector",
    "TC_032_1_CS": "Power failure, buffered",
    "TC_032_2_CS": "Power failure, unbuffered",
    "TC_034_CS": "Power failure while Unavailable",
    "TC_036_CS": "Connection loss during a transaction",
    "TC_037_1_CS": "Offline start, valid id",
    "TC_037_2_CS": "Offline start, invalid id, StopTransactionOnInvalidId=false",
    "TC_037_3_CS": "Offline start, invalid id, StopTransactionOnInvalidId=true",
    "TC_038_CS": "Offline stop",
    "TC_039_CS": "Complete offline transaction",
    "TC_040_1_CS": "Unknown key",
    "TC_040_2_CS": "Invalid value",
    "TC_041_CS": "Fault",
    "TC_042_1_CS": "List version, not supported / disabled",
    "TC_042_2_CS": "List version, empty",
    "TC_043_CS": "Send list",
    "TC_043_1_CS": "Send list, not supported",
    "TC_043_2_CS": "Send list, version mismatch",
    "TC_043_3_CS": "Send list, failed",
    "TC_008_1_CS": "Session with an id on the list (local / remote)",
    "TC_008_2_CS": "Session with an id on the list (local / remote)",
    "TC_044_1_CS": "Firmware update",
    "TC_044_2_CS": "Firmware download fails",
    "TC_044_3_CS": "Firmware installation fails",
    "TC_045_1_CS": "Diagnostics",
    "TC_045_2_CS": "Diagnostics upload fails",
    "TC_046_1_CS": "Reserve a connector (local / remote start)",
    "TC_046_2_CS": "Reserve a connector (local / remote start)",
    "TC_047_CS": "Reservation expires",
    "TC_048_1_CS": "Reserve, faulted",
    "TC_048_2_CS": "Reserve, occupied",
    "TC_048_3_CS": "Reserve, unavailable",
    "TC_048_4_CS": "Reserve, rejected",
    "TC_049_CS": "Reserve connector 0",
    "TC_050_1_CS": "Reserve connector 0, faulted",
    "TC_050_2_CS": "Reserve connector 0, all occupied",
    "TC_050_3_CS": "Reserve connector 0, unavailable",
    "TC_050_4_CS": "Reserve connector 0, rejected",
    "TC_051_CS": "Cancel reservation",
    "TC_052_CS": "Cancel reservation rejected",
    "TC_053_1_CS": "Use a reservation by parentIdTag (local / remote)",
    "TC_053_2_CS": "Use a reservation by parentIdTag (local / remote)",
    "TC_054_CS": "Trigger messages",
    "TC_055_CS": "Trigger rejected",
    "TC_056_CS": "TxDefaultProfile",
    "TC_057_CS": "TxProfile",
    "TC_058_1_CS": "TxProfile without transaction",
    "TC_058_2_CS": "TxProfile with wrong transactionId",
    "TC_082_CS": "TxDefaultProfile during a transaction",
    "TC_066_CS": "Composite schedule of three purposes",
    "TC_067_CS": "Clear charging profiles",
    "TC_072_CS": "Stacked profiles",
    "TC_059_CS": "Remote start with profile",
    "TC_060_CS": "Remote start with wrong profile",
    "TC_062_CS": "Data transfer to the charge point",
    "TC_073_CS": "New Basic-auth password",
    "TC_074_CS": "New charge point certificate",
    "TC_075_1_CS": "Install manufacturer root",
    "TC_075_2_CS": "Install central system root",
    "TC_076_CS": "Delete a certificate",
    "TC_077_CS": "Invalid charge point certificate",
    "TC_078_CS": "Invalid central system certificate",
    "TC_079_CS": "Security log",
    "TC_080_CS": "Secure firmware update",
    "TC_081_CS": "Secure firmware update, bad signature",
    "TC_083_CS": "Raise the security profile",
    "TC_084_CS": "Lower the security profile",
    "TC_085_CS": "Basic authentication",
    "TC_086_CS": "TLS, server certificate",
    "TC_087_CS": "TLS, client certificate",
    "X16-01": "StartTransaction never acknowledged",
    "X16-02": "CALLERROR on a transaction message",
    "X16-03": "kill -9 at any point of a session",
    "X16-04": "1,000 offline transactions, reboot in between",
    "X16-05": "transactionId 0 and negative from the central system",
    "X16-06": "clock jump (boot without time, then set by BootNotification/Heartbeat)",
    "X16-07": "reconnect after a lost link",
    "X16-08": "ping time-out, half-open TCP",
    "X16-09": "ReserveNow with a known reservationId",
    "X16-10": "GetCompositeSchedule: unknown connector / duration 0 / connector 0 / other unit",
    "X16-11": "Recurring Daily/Weekly over midnight, DST, month end; Relative; validFrom in the future; startSchedule in the past",
    "X16-12": "malformed JSON, unknown message type, duplicate message id, 40-character id",
    "X16-13": "MeterValues/StopTransaction with signed data",
    "X16-14": "TriggerMessage while Pending; RemoteStart while Pending",
    "X16-15": "PnC messages in DataTransfer (application note)",
    "X16-30": "TriggerMessage of a message that nobody knows",
    "X16-31": "TriggerMessage and other questions before the boot is answered; silence after Rejected",
    "X16-32": "members that nobody knows, at any depth of an answer",
    "X16-33": "an answer that is no object",
    "X16-34": "a server that accepts and drops at once",
    "X16-35": "intervals changed while they run",
    "X16-36": "ChangeConfiguration: values of the wrong form",
    "X16-37": "a restart with a vehicle plugged in: never Available in between",
    "X16-38": "whatever listens at the address and is no central system",
    "X16-40": "two RemoteStartTransactions in one breath",
    "X16-41": "the profile of a remote start that came to nothing",
    "X16-42": "remote start of a reservation's holder, and of a stranger, without authorisation",
    "X16-43": "remote start against a reservation of connector 0",
    "X16-44": "remote start against a reservation of a group, without authorisation",
    "X16-45": "a reservation's holder who identified and did not plug in",
    "X16-46": "AllowOfflineTxForUnknownId against a local list that does not accept",
    "X16-47": "MinimumStatusDuration",
    "X16-48": "ChangeAvailability during a transaction, and taken back",
    "X16-49": "ChangeAvailability of connector 0 with one of two connectors in use",
    "X16-51": "a reset while the meter takes its time to end the session",
    "X16-50": "random stories of backend, people, vehicles and links: rules of order, and the station is as new in the end",
}
"""Id → title."""

NOT_APPLICABLE: dict[str, str] = {
    "TC_005_3_CS": "StopTransactionOnEVSideDisconnect is read-only true, as German calibration law asks (errata 3.80)",
}
"""Id → why the case does not apply."""


def covered() -> dict[str, list[str]]:
    """Id → the tests that are named after it, by module and function."""
    found: dict[str, list[str]] = {each: [] for each in CASES}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for case in CASES:
                    if re.search(rf"(^test|_and)_{_named(case)}(?!\d)", node.name):
                        found[case].append(f"{path.stem}.{node.name}")
    return found


def _named(case: str) -> str:
    return case.lower().replace("-", "_")


def page() -> str:
    """The page, in Markdown."""
    tests = covered()
    passed = sum(bool(each) for each in tests.values())
    away = [each for each in NOT_APPLICABLE if not tests[each]]
    lines = [
        "# OCPP 1.6: the acceptance list",
        "",
        "Each id is a test on the wire: a central system on a real WebSocket against the application on the simulated board, on a virtual",
        "clock, for a socket and for a tethered cable where the outlet matters. `passed` means that the test of that name is part of the",
        "suite and is green. Every message of the station is held against the published schemas in every case.",
        "",
        f"{passed} passed, {len(away)} not applicable, {len(CASES) - passed - len(away)} open. Ids and titles: Open Charge",
        "Alliance, OCTT for OCPP 1.6; `X16` ids are this project's own.",
        "",
        "| id | case | state |",
        "|---|---|---|",
    ]
    for case, title in CASES.items():
        state = "passed" if tests[case] else f"not applicable: {NOT_APPLICABLE[case]}" if case in NOT_APPLICABLE else "open"
        lines.append(f"| {case} | {title} | {state} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
