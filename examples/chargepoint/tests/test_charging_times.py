"""The times of a charge on the simulated board, against the public figures; and the page that shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cc613_chargepoint.timing import DUTIES, ROWS, Measured, Row, measured, page

PAGE = Path(__file__).parents[3] / "docs/reference/charging-times.md"


@pytest.fixture(scope="module")
def found() -> Measured:
    return measured()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_a_time_is_inside_its_figure(row: Row, found: Measured) -> None:
    seconds = found.times_s[ROWS.index(row)]
    assert row.met(seconds), f"{row.figure}, measured {seconds:.3f} s"
    assert row.source


@pytest.mark.timeout(300)
def test_every_limit_has_its_duty_cycle(found: Measured) -> None:
    for duty, seen in zip(DUTIES, found.duties, strict=True):
        if duty.percent is None:
            assert seen is None
        else:
            assert seen == pytest.approx(duty.percent, abs=0.5), "generated within half a percentage point"


@pytest.mark.timeout(300)
def test_the_page_shows_what_was_measured(found: Measured) -> None:
    assert PAGE.read_text("utf-8") == page(found), "python -m cc613_chargepoint.timing > docs/reference/charging-times.md"


def test_a_time_outside_its_figure_is_shown_as_such() -> None:
    late = Measured(times_s=tuple(1e6 for _ in ROWS), duties=tuple(None for _ in DUTIES))
    assert "| **no** |" in page(late)


@pytest.mark.parametrize(("seconds", "met"), [(0.0, False), (5.9, False), (6.0, True), (7.0, True), (7.1, False)])
def test_both_ends_of_a_figure_count(seconds: float, met: bool) -> None:
    async def never() -> float:
        raise AssertionError

    assert Row(what="", figure="", source="", measure=never, least_s=6.0, most_s=7.0).met(seconds) is met
