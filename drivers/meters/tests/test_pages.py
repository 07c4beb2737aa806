"""The page of a meter says what an integrator needs, and nothing the map does not know."""

from __future__ import annotations

import re
import tomllib

import pytest

from cc613hal.modbus_map import CORE, Objective, make_plan
from cc613hal.plugins.spec import load_object
from cc613hal_meters.catalogue import map_named, model_names
from cc613hal_meters.pages import meter_page
from cc613hal_meters.plugin import cc613hal_drivers


def section(page: str, title: str) -> str:
    return page.partition(f"## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("model", model_names())
def test_every_meter_has_a_page(model: str) -> None:
    meter, page = map_named(model), meter_page(map_named(model))
    assert page.startswith(f"# {meter.vendor} {meter.model}\n")
    for title in ("Wiring", "Options", "What it tells", "Reads", "What is known about it"):
        assert section(page, title).strip(), title
    for register in meter.registers:
        assert register.quantity.startswith("exponent_") or f"| {register.quantity} |" in section(page, "What it tells")
    for told in (*meter.sources, *meter.notes, *(variant.help for variant in meter.variants)):
        assert told in page
    for table in re.findall(r"(?:^\|.*\n?)+", page, re.MULTILINE):
        assert len({row.count("|") - row.count(r"\|") for row in table.strip().splitlines()}) == 1, table


@pytest.mark.parametrize("model", model_names())
def test_the_board_file_on_the_page_is_right(model: str) -> None:
    meter = map_named(model)
    [text] = re.findall(r"```toml\n(.*?)```", meter_page(meter), re.DOTALL)
    board = tomllib.loads(text)
    [spec] = [spec for spec in cc613hal_drivers() if spec.name == board["device"]["meter1"]["driver"]]
    assert load_object(spec.options).model == model  # type: ignore[attr-defined]  # a class, not a plain callable
    assert board["device"]["meter1"]["address"] == meter.link.unit
    assert board["bus"]["meter"]["type"] == f"modbus-{meter.link.transports[0]}"


def test_reads_and_time_are_those_of_the_planner() -> None:
    plan = make_plan(map_named("sdm630"), CORE, Objective.LEAST_TIME)
    reads = section(meter_page(map_named("sdm630")), "Reads")
    assert f"on a serial line {len(plan.reads)} reads, {plan.registers} registers, 147 ms modelled at 9600 Bd" in reads
    assert "over TCP or a gateway 1 read, 76 registers" in reads
    assert "every 1 s" in reads


def test_what_is_missing_is_said() -> None:
    assert "nobody documents: frequency, energy_export." in meter_page(map_named("eem-350"))
    assert "It does not tell" not in meter_page(map_named("sdm120"))


def test_a_discovered_meter_names_its_option() -> None:
    page = meter_page(map_named("sunspec-203"))
    assert "`base`: where the text `SunS` is; without it 40000, 50000, 0 are tried." in page
    assert "| energy_import | Wh | holding 0x9cb4 | u32 | by its scale register | slowly |" in page


def test_little_word_order_and_text_are_named() -> None:
    assert "| energy_import | Wh | input 0x0500 | i64, low word first | 1 | slowly |" in meter_page(map_named("em580"))
    assert "ascii × 8" in meter_page(map_named("b23"))
