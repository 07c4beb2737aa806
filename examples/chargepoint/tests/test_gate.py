"""The gate in front of the contactor: all of it must hold, and each part alone keeps it open, with its reason."""

from __future__ import annotations

import math
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cc613_chargepoint.domain.limit import Offer
from cc613_chargepoint.evse.gate import ClosingFacts, objections

NOTHING = Offer(current_a=0.0, source="load management")
SIXTEEN = Offer(current_a=16.0, source="installation")

READY = ClosingFacts(
    asks=True,
    authorised=True,
    locked=True,
    diode=True,
    tested_ago_s=1.0,
    test_interval_s=86_400.0,
    clear=True,
    faults=(),
    offer=SIXTEEN,
    allowed=SIXTEEN,
)

ROWS: list[tuple[dict[str, Any], str]] = [
    ({"asks": False}, "the vehicle does not ask for energy"),
    ({"authorised": False}, "nobody is authorised"),
    ({"locked": False}, "the bolt is not proven home"),
    ({"diode": False}, "the vehicle's diode is not proven"),
    ({"tested_ago_s": 86_400.0}, "the self-test of the residual current monitor is too old"),
    ({"tested_ago_s": math.inf}, "the self-test of the residual current monitor is too old"),
    ({"tested_ago_s": math.nan}, "the self-test of the residual current monitor is too old"),
    ({"clear": False}, "the contacts were not seen open"),
    ({"faults": ("tilted", "residual-current")}, "faults stand: tilted, residual-current"),
    ({"offer": NOTHING}, "the pilot offers nothing"),
    ({"allowed": NOTHING}, "no current is allowed (0 A by load management)"),
    ({"allowed": Offer(current_a=5.9, source="cable")}, "no current is allowed (5.9 A by cable)"),
]


def test_with_everything_proven_nothing_speaks_against_it() -> None:
    assert objections(READY) == ()


def test_a_tethered_cable_needs_no_bolt() -> None:
    assert objections(evolve(READY, locked=None)) == ()


@pytest.mark.parametrize(("change", "words"), ROWS, ids=lambda each: each if isinstance(each, str) else "")
def test_each_missing_proof_alone_keeps_the_contactor_open(change: dict[str, Any], words: str) -> None:
    assert objections(evolve(READY, **change)) == (words,)


@given(st.lists(st.sampled_from(ROWS), unique_by=lambda row: next(iter(row[0])), max_size=8))
def test_every_objection_is_told(rows: list[tuple[dict[str, Any], str]]) -> None:
    facts = READY
    for change, _ in rows:
        facts = evolve(facts, **change)
    assert set(objections(facts)) == {words for _, words in rows}
