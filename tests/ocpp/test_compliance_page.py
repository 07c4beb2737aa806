"""The pages in the documentation say what the suites show."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.ocpp.compliance import cases as v16
from tests.ocpp.compliance_soap import cases as soap
from tests.ocpp.compliance_v201 import cases as v201

VERSIONS = pytest.mark.parametrize("version", [v16, v201], ids=["1.6", "2.0.1"])


@pytest.mark.parametrize("version", [v16, v201, soap], ids=["1.6", "2.0.1", "SOAP"])
def test_the_page_is_current(version: ModuleType) -> None:
    assert version.PAGE.read_text("utf-8") == version.page(), f"run: python -m {version.__name__}"


@VERSIONS
def test_what_does_not_apply_is_known_and_has_a_reason(version: ModuleType) -> None:
    assert all(each in version.CASES and reason for each, reason in version.NOT_APPLICABLE.items())


def test_a_name_may_stand_for_several_cases() -> None:
    assert v201._cases("test_tc_c_21_to_24_cs") == ["TC_C_21", "TC_C_22", "TC_C_23", "TC_C_24"]
    assert v201._cases("test_tc_a_19_b_50_cs") == ["TC_A_19", "TC_B_50"]
