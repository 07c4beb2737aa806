"""Limits from outside: whose they are, and which change is worth a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613_chargepoint.domain.limit import CABLE, ENERGY_MANAGER, GRID_OPERATOR, HARDWARE, LOAD_MANAGEMENT, MODBUS
from cc613_chargepoint.facade.commands import ConnectorStatus, LimitView
from cc613_chargepoint.ocpp.engine.limits.outer import Outer, _outer, significant


@pytest.mark.parametrize(
    ("before", "after", "percent", "is_"),
    [
        (10.0, 10.4, 5.0, False),
        (10.0, 10.6, 5.0, True),
        (10.0, 9.4, 5.0, True),
        (0.0, 0.1, 100.0, True),
        (10.0, 0.0, 100.0, False),
        (10.0, 0.0, 99.0, True),
        (10.0, 10.0, 0.0, False),
    ],
)
def test_what_is_significant(before: float, after: float, percent: float, is_: bool) -> None:
    assert significant(before, after, percent) is is_


@given(st.floats(0.0, 80.0), st.floats(0.0, 80.0), st.floats(0.0, 100.0))
def test_the_same_is_never_significant_and_less_tolerance_hides_nothing(before: float, after: float, percent: float) -> None:
    assert not significant(before, before, percent)
    if significant(before, after, percent):
        assert significant(before, after, percent / 2.0)


def test_of_one_source_the_lowest_counts_and_the_stations_own_limits_are_nobodys() -> None:
    limits = [(HARDWARE, 80.0), (CABLE, 32.0), (ENERGY_MANAGER, 20.0), (LOAD_MANAGEMENT, 12.0), (GRID_OPERATOR, 8.0)]
    silent = LimitView(source=f"{MODBUS} (silent: fail-safe)", current_a=6.0)
    views = (*(LimitView(source=source, current_a=current_a) for source, current_a in limits), silent)
    found = _outer(ConnectorStatus(number=1, state="available", limits=views))
    assert found == {Outer.ENERGY_MANAGER: 12.0, Outer.GRID_OPERATOR: 8.0, Outer.OTHER: 6.0}
