"""The pages about OCPP say what the station does: every key, variable, message and case is on one of them."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cc613_chargepoint.ocpp.messages import v16, v201
from cc613_chargepoint.settings import TABLE

DOCS = Path(__file__).parents[2] / "docs"
PAGES = DOCS / "reference" / "ocpp"


@pytest.fixture(scope="module")
def made() -> tuple[ModuleType, dict[str, str]]:
    sys.path.insert(0, str(DOCS))
    try:
        module = importlib.import_module("ocpp_pages")
    finally:
        sys.path.remove(str(DOCS))
    return module, module.ocpp_pages()


def test_every_key_and_variable_of_the_table_is_on_the_page(made: tuple[ModuleType, dict[str, str]]) -> None:
    page = made[1]["ocpp/keys.md"]
    for each in TABLE.values():
        assert not each.ocpp16 or f"| `{each.ocpp16}`" in page, each.ocpp16
        component, _, variable = each.ocpp201.partition(".")
        by_signing_meters_only = each.key.startswith("ocpp.sign") or component == "FiscalMetering"
        if each.ocpp201 and not by_signing_meters_only:
            assert re.search(rf"\| `{component}` \| `{variable}( \(\w+\))?`", page), each.ocpp201


def test_what_the_station_tells_of_itself_is_on_the_page(made: tuple[ModuleType, dict[str, str]]) -> None:
    module, pages = made
    station = module.told()
    assert {"GetConfigurationMaxKeys", "SupportedFeatureProfiles", "NumberOfConnectors"} <= set(station.keys)
    for key in station.keys:
        assert f"| `{key}` | read" in pages["ocpp/keys.md"] or key in {each.ocpp16 for each in TABLE.values()}
    for variable, _ in station.variables:
        assert f"| `{variable.component}` | `{variable.name}" in pages["ocpp/keys.md"]


def test_no_secret_has_a_value_on_the_page(made: tuple[ModuleType, dict[str, str]]) -> None:
    page = made[1]["ocpp/keys.md"]
    assert "| `AuthorizationKey` | write |" in page
    assert "| `BasicAuthPassword` | write |" in page


def test_every_piece_is_included_where_it_belongs(made: tuple[ModuleType, dict[str, str]]) -> None:
    pattern = re.compile(r"\{include\} \.\./generated/(ocpp/[\w-]+\.txt)")
    included = {name for page in PAGES.glob("*.md") for name in pattern.findall(page.read_text("utf-8"))}
    assert included == {name for name in made[1] if name.endswith(".txt")}


def test_every_case_of_1_6_is_on_a_page(made: tuple[ModuleType, dict[str, str]]) -> None:
    module, pages = made
    told = "".join(text for name, text in pages.items() if name.startswith("ocpp/cases-"))
    assert all(f"| {case} |" in told for case in module._cases("ocpp16-compliance.md"))
    assert all(case in told for case in module._cases("ocpp201-compliance.md") if case.startswith("TC_"))


def test_the_totals_are_those_of_the_lists(made: tuple[ModuleType, dict[str, str]]) -> None:
    rows = re.findall(r"\((\S+)\) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|", made[1]["ocpp/totals.txt"])
    assert len(rows) == 3
    for link, *numbers in rows:
        total, passed, away, left = map(int, numbers)
        assert total == passed + away + left
        page = (PAGES / link).resolve().read_text("utf-8")
        assert f"{passed} passed, " in page
        assert f"{left} open" in page


def actions(module: Any) -> set[str]:
    return set(module.REQUESTS)


def test_every_message_of_1_6_is_on_a_page() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES.glob("*.md") if page.name != "v201.md")
    assert [each for each in sorted(actions(v16)) if each not in text] == []


def test_every_message_of_2_0_1_that_the_station_answers_is_on_the_page() -> None:
    """Read from the sources of the version: what is handled stands there as a name of a message in a table."""
    import cc613_chargepoint.ocpp.v201 as package

    handled: set[str] = set()
    for source in Path(package.__file__).parent.glob("*.py"):
        handled |= set(re.findall(r'^\s+"([A-Z][A-Za-z]+)": self\._', source.read_text("utf-8"), re.MULTILINE)) & actions(v201)
        handled |= set(re.findall(r'"(GetLog|UpdateFirmware)": self', source.read_text("utf-8")))
    page = (PAGES / "v201.md").read_text("utf-8")
    assert len(handled) > 25
    assert [each for each in sorted(handled) if each not in page] == []
