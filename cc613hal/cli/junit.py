"""Hardware checks as JUnit XML, in the form CI servers read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from cc613hal.cli.hardware_checks import Check

__all__ = ["junit_xml"]

_FORBIDDEN = {code: None for code in range(32) if code not in {9, 10, 13}}
"""Control characters that XML 1.0 cannot hold (section 2.2)."""


def junit_xml(board: str, started: datetime, checks: Sequence[Check]) -> str:
    """The checks as one test suite.

    Args:
        board: name of the suite.
        started: when the checks began.
        checks: in the order they were made.
    """
    suite = ET.Element(
        "testsuite",
        name=f"cc613hal {board}",
        timestamp=started.isoformat(timespec="seconds"),
        tests=str(len(checks)),
        failures=str(sum(check.outcome == "failed" for check in checks)),
        skipped=str(sum(check.outcome == "skipped" for check in checks)),
        errors="0",
        time=f"{sum(check.took_s for check in checks):.6f}",
    )
    for check in checks:
        case = ET.SubElement(suite, "testcase", classname=f"{board}.{check.device}", name=check.name, time=f"{check.took_s:.6f}")
        detail = check.detail.translate(_FORBIDDEN)
        if check.outcome == "failed":
            ET.SubElement(case, "failure", message=detail).text = detail
        elif check.outcome == "skipped":
            ET.SubElement(case, "skipped", message=detail)
        elif detail:
            ET.SubElement(case, "system-out").text = detail
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
