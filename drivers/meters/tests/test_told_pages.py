"""The pages of meters without a register map say what an integrator needs, and their board files are right."""

from __future__ import annotations

import re

import pytest

from cc613hal.board import parse_board
from cc613hal_meters.plugin import cc613hal_drivers
from cc613hal_meters.told_pages import TOLD, told_page

IN_CODE = [spec.name.removeprefix("meters.") for spec in cc613hal_drivers() if "told_options" in spec.options]


def test_every_meter_in_code_has_a_page() -> None:
    assert sorted(TOLD) == sorted(IN_CODE)


@pytest.mark.parametrize("name", IN_CODE)
def test_the_page_has_its_sections_and_sources(name: str) -> None:
    page = told_page(name)
    for title in ("Wiring", "Options", "What it tells", "Reads", "What is known about it"):
        assert page.partition(f"## {title}\n")[2].partition("\n## ")[0].strip(), title
    [spec] = [spec for spec in cc613hal_drivers() if spec.name == f"meters.{name}"]
    assert all(f"- {source}" in page for source in spec.sources)
    for table in re.findall(r"(?:^\|.*\n?)+", page, re.MULTILINE):
        assert len({row.count("|") for row in table.strip().splitlines()}) == 1, table


@pytest.mark.parametrize("name", IN_CODE)
def test_the_board_file_on_the_page_can_be_used(name: str) -> None:
    [text] = re.findall(r"```toml\n(.*?)```", told_page(name), re.DOTALL)
    board = parse_board(f'schema = 1\nname = "page"\n{text}', file=f"{name}.md")
    assert board.devices["meter1"].driver.name == f"meters.{name}"
