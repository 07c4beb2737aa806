"""The page in the documentation says what the suite shows."""

from __future__ import annotations

from tests.ocpp.compliance.cases import CASES, NOT_APPLICABLE, PAGE, covered, page


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m tests.ocpp.compliance.cases"


def test_what_does_not_apply_is_not_tested_and_has_a_reason() -> None:
    found = covered()
    assert all(each in CASES and reason and not found[each] for each, reason in NOT_APPLICABLE.items())
