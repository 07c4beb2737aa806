"""The transition table: its rows, and what no row may ever do."""

from __future__ import annotations

import pytest

from cc613_chargepoint.evse.transitions import ALWAYS, TABLE, Action, Event, State, step

A, E, S = Action, Event, State


@pytest.mark.parametrize(
    ("state", "event", "following", "actions"),
    [
        (S.AVAILABLE, E.ACCEPTED, S.AUTHORISED, [A.EXPECT_VEHICLE]),
        (S.AVAILABLE, E.VEHICLE_B, S.CONNECTED, []),
        (S.AVAILABLE, E.VEHICLE_C, S.CONNECTED, []),
        (S.AUTHORISED, E.VEHICLE_B, S.STARTING, [A.START]),
        (S.AUTHORISED, E.AUTHORISATION_EXPIRED, S.AVAILABLE, [A.FORGET]),
        (S.AUTHORISED, E.STOP_REQUESTED, S.AVAILABLE, [A.FORGET]),
        (S.CONNECTED, E.ACCEPTED, S.STARTING, [A.START]),
        (S.STARTING, E.STARTED, S.READY, [A.OFFER]),
        (S.READY, E.VEHICLE_C, S.ENERGISING, [A.CLOSE]),
        (S.ENERGISING, E.CLOSED, S.CHARGING, [A.OFFER]),
        (S.ENERGISING, E.VEHICLE_B, S.READY, [A.OPEN]),
        (S.CHARGING, E.VEHICLE_B, S.READY, [A.OPEN]),
        (S.CHARGING, E.NOTHING_TO_OFFER, S.PAUSED, [A.WITHDRAW, A.WAIT_FOR_VEHICLE]),
        (S.PAUSED, E.STOP_TIMEOUT, S.PAUSED, [A.OPEN]),
        (S.PAUSED, E.SOMETHING_TO_OFFER, S.READY, [A.OFFER]),
        (S.CHARGING, E.STOP_REQUESTED, S.STOPPING, [A.WITHDRAW, A.WAIT_FOR_VEHICLE]),
        (S.STOPPING, E.VEHICLE_B, S.FINISHING, [A.OPEN, A.END_SESSION, A.RELEASE]),
        (S.STOPPING, E.STOP_TIMEOUT, S.FINISHING, [A.OPEN, A.END_SESSION, A.RELEASE]),
        (S.FINISHING, E.VEHICLE_A, S.AVAILABLE, [A.RELEASE, A.FORGET]),
        (S.FAULTED, E.CLEARED, S.AVAILABLE, [A.WITHDRAW, A.FORGET]),
    ],
)
def test_a_row(state: State, event: Event, following: State, actions: list[Action]) -> None:
    result = step(state, event)
    assert result is not None
    assert (result.next, list(result.actions)) == (following, actions)


ENERGISED = [S.ENERGISING, S.CHARGING, S.PAUSED, S.STOPPING]
"""States in which the contactor may be closed."""


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("event", [E.FAULT, E.PILOT_E, E.VEHICLE_D])
def test_every_danger_leads_to_an_open_contactor(state: State, event: Event) -> None:
    result = step(state, event)
    assert result is not None
    if result.next is S.FAULTED:
        assert result.actions[0] is A.OPEN
    else:
        assert (state, event) == (S.AVAILABLE, E.VEHICLE_D), "an unauthorised vehicle in D just stays connected"


@pytest.mark.parametrize("state", ENERGISED)
def test_unplugging_opens_first_and_ends_the_session_before_the_plug_is_released(state: State) -> None:
    result = step(state, E.VEHICLE_A)
    assert result is not None
    assert result.actions[0] is A.OPEN
    assert result.actions.index(A.END_SESSION) < result.actions.index(A.RELEASE)
    assert result.next is S.AVAILABLE


def test_only_a_ready_connector_closes_the_contactor() -> None:
    closing = {state for (state, _), row in TABLE.items() if A.CLOSE in row.actions} | (
        {"always"} if any(A.CLOSE in row.actions for row in ALWAYS.values()) else set()
    )
    assert closing == {S.READY}


def test_ready_is_only_reached_through_lock_and_self_test_or_from_a_charge_that_had_them() -> None:
    into_ready = {state for (state, _), row in TABLE.items() if row.next is S.READY}
    assert into_ready == {S.STARTING, S.ENERGISING, S.CHARGING, S.PAUSED}
    assert step(S.STARTING, E.VEHICLE_C) is None, "asking for energy does not skip lock and self-test"


def test_a_release_never_comes_before_the_contactor_is_open() -> None:
    for (state, _), row in TABLE.items():
        if A.RELEASE in row.actions and state in ENERGISED:
            assert row.actions.index(A.OPEN) < row.actions.index(A.RELEASE)


def test_a_faulted_connector_ignores_customers_and_vehicles() -> None:
    for event in (E.ACCEPTED, E.VEHICLE_B, E.VEHICLE_C, E.SOMETHING_TO_OFFER, E.STARTED, E.CLOSED):
        assert step(S.FAULTED, event) is None
