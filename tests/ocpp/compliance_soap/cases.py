"""The cases of OCPP over SOAP, and the page that says of each whether it passes. All ids are this project's own.

``S15`` is 1.5, ``S`` holds in both versions. Run as a program it writes the page.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "ocpp-soap-compliance.md"

CASES: dict[str, str] = {
    "S15_01": "Boot: heartbeatInterval is obeyed, every connector is told",
    "S15_02": "Boot rejected: nothing but the next boot goes out",
    "S15_03": "Preparing, Charging, SuspendedEV, SuspendedEVSE and Finishing are one Occupied, told once",
    "S15_04": "Available, Unavailable, Reserved and Faulted keep their names",
    "S15_05": "Errors in the words of 1.5",
    "S15_06": "Session by card: no reason of the stop",
    "S15_07": "MeterValues: values with attributes; currents and voltages without phase, in Amp and Volt",
    "S15_08": "StopTransaction: transactionData with values",
    "S15_09": "Card refused",
    "S15_10": "Remote start and remote stop",
    "S15_11": "UnlockConnector: Accepted or Rejected",
    "S15_12": "Reset, hard and soft",
    "S15_13": "ChangeAvailability: Accepted, Scheduled",
    "S15_14": "ChangeConfiguration knows no RebootRequired",
    "S15_15": "Keys as 1.5 spells them; ChargePointId; no keys of later features",
    "S15_16": "SendLocalList with localAuthorisationList and hash; GetLocalListVersion",
    "S15_17": "ReserveNow and CancelReservation",
    "S15_18": "DataTransfer",
    "S15_19": "ClearCache",
    "S15_20": "GetDiagnostics: Uploaded or UploadFailed, nothing before",
    "S15_21": "UpdateFirmware: Downloaded, Installed or the failure, nothing before",
    "S15_22": "What 1.5 does not have is no operation",
    "S_01": "Transaction while the central system is away: everything in order, nothing twice",
    "S_02": "A fault to a message of a transaction: again after TransactionMessageRetryInterval × attempts, then given up",
    "S_03": "A fault to another message: not said again",
    "S_04": "The identity of another station: IdentityMismatch",
    "S_05": "A central system that speaks WS-Addressing 2004/08 is answered in kind",
    "S_06": "A peer's prefixes, empty headers, nil elements; a document type is refused",
    "S_07": "A power cut: boot, then what is owed",
}


def covered() -> dict[str, list[str]]:
    """The tests of each case."""
    found: dict[str, list[str]] = {each: [] for each in CASES}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (name := re.match(r"test_(s(15)?_\d\d)", node.name)):
                found[name[1].upper()].append(f"{path.stem}.{node.name}")
    return found


def page() -> str:
    """The page, in Markdown."""
    tests = covered()
    passed = sum(bool(each) for each in tests.values())
    lines = [
        "# OCPP over SOAP: the cases",
        "",
        "Each id is a test on the wire: a central system over SOAP and HTTP against the application on the simulated board, on a virtual",
        "clock; what goes either way is held against the published service descriptions. `passed` means that the test of that name is part",
        "of the suite and is green. `S15` is OCPP 1.5; `S` is 1.5 and 1.6 alike.",
        "",
        "Over SOAP 1.6 the [acceptance list of OCPP 1.6](ocpp16-compliance.md) is played once more as it stands, but for the cases of JSON",
        "frames, of pings and of the security whitepaper, which is for JSON alone.",
        "",
        f"{passed} passed, {len(CASES) - passed} open. Ids and titles are this project's own.",
        "",
        "| id | case | state |",
        "|---|---|---|",
    ]
    lines += [f"| {case} | {title} | {'passed' if tests[case] else 'open'} |" for case, title in CASES.items()]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
