"""The transition table: its rows, and what no row may ever do."""

from __future__ import annotations

import pytest

from cc613_chargepoint.evse.transitions import ALWAYS, HOUSEHOLD, TABLE, Action, Event, State, household_step, step

A, E, S = Action, Event, State


VEHICLE = {
    (S.AVAILABLE, E.ACCEPTED): (S.AUTHORISED, [A.EXPECT_VEHICLE]),
    (S.AVAILABLE, E.VEHICLE_B): (S.CONNECTED, [A.EXPECT_CUSTOMER]),
    (S.AVAILABLE, E.VEHICLE_C): (S.CONNECTED, [A.EXPECT_CUSTOMER]),
    (S.AVAILABLE, E.VEHICLE_D): (S.CONNECTED, [A.EXPECT_CUSTOMER]),
    (S.AVAILABLE, E.VEHICLE_A): (S.AVAILABLE, []),
    (S.AUTHORISED, E.AUTHORISATION_EXPIRED): (S.AVAILABLE, [A.FORGET]),
    (S.AUTHORISED, E.STOP_REQUESTED): (S.AVAILABLE, [A.FORGET]),
    (S.AUTHORISED, E.CUSTOMER_REFUSED): (S.AVAILABLE, [A.FORGET]),
    (S.AUTHORISED, E.VEHICLE_B): (S.STARTING, [A.START]),
    (S.AUTHORISED, E.VEHICLE_C): (S.STARTING, [A.START]),
    (S.AUTHORISED, E.VEHICLE_A): (S.AUTHORISED, []),
    (S.CONNECTED, E.ACCEPTED): (S.STARTING, [A.START]),
    (S.CONNECTED, E.NOBODY_CAME): (S.UNCLAIMED, []),
    (S.UNCLAIMED, E.ACCEPTED): (S.STARTING, [A.START]),
    (S.STARTING, E.STARTED): (S.READY, [A.OFFER]),
    (S.STARTING, E.STOP_REQUESTED): (S.FINISHING, [A.OPEN, A.WITHDRAW, A.END_SESSION, A.RELEASE]),
    (S.STARTING, E.CUSTOMER_REFUSED): (S.FINISHING, [A.OPEN, A.WITHDRAW, A.END_SESSION, A.RELEASE]),
    (S.READY, E.VEHICLE_C): (S.ENERGISING, [A.CLOSE]),
    (S.READY, E.NOTHING_TO_OFFER): (S.PAUSED, [A.WITHDRAW]),
    (S.READY, E.STOP_REQUESTED): (S.FINISHING, [A.OPEN, A.WITHDRAW, A.END_SESSION, A.RELEASE]),
    (S.READY, E.CUSTOMER_REFUSED): (S.HELD, [A.OPEN, A.WITHDRAW, A.END_SESSION, A.HOLD]),
    (S.READY, E.VEHICLE_LEFT): (S.HELD, [A.OPEN, A.WITHDRAW, A.END_SESSION, A.HOLD]),
    (S.ENERGISING, E.CLOSED): (S.CHARGING, [A.OFFER]),
    (S.ENERGISING, E.VEHICLE_B): (S.READY, [A.OPEN]),
    (S.ENERGISING, E.STOP_REQUESTED): (S.FINISHING, [A.OPEN, A.WITHDRAW, A.END_SESSION, A.RELEASE]),
    (S.ENERGISING, E.CUSTOMER_REFUSED): (S.HELD, [A.OPEN, A.WITHDRAW, A.END_SESSION, A.HOLD]),
    (S.ENERGISING, E.VEHICLE_LEFT): (S.HELD, [A.OPEN, A.WITHDRAW, A.END_SESSION, A.HOLD]),
    (S.ENERGISING, E.NOTHING_TO_OFFER): (S.PAUSED, [A.OPEN, A.WITHDRAW]),
    (S.CHARGING, E.VEHICLE_B): (S.READY, [A.OPEN]),
    (S.CHARGING, E.NOTHING_TO_OFFER): (S.PAUSED, [A.WITHDRAW, A.WAIT_FOR_VEHICLE]),
    (S.CHARGING, E.STOP_REQUESTED): (S.STOPPING, [A.WITHDRAW, A.WAIT_FOR_VEHICLE]),
    (S.CHARGING, E.CUSTOMER_REFUSED): (S.REFUSING, [A.WITHDRAW, A.WAIT_FOR_VEHICLE]),
    (S.CHARGING, E.VEHICLE_LEFT): (S.HELD, [A.OPEN, A.WITHDRAW, A.END_SESSION, A.HOLD]),
    (S.PAUSED, E.VEHICLE_B): (S.PAUSED, [A.OPEN]),
    (S.PAUSED, E.STOP_TIMEOUT): (S.PAUSED, [A.OPEN]),
    (S.PAUSED, E.SOMETHING_TO_OFFER): (S.READY, [A.OFFER]),
    (S.PAUSED, E.STOP_REQUESTED): (S.FINISHING, [A.OPEN, A.WITHDRAW, A.END_SESSION, A.RELEASE]),
    (S.PAUSED, E.CUSTOMER_REFUSED): (S.HELD, [A.OPEN, A.WITHDRAW, A.END_SESSION, A.HOLD]),
    (S.PAUSED, E.VEHICLE_LEFT): (S.HELD, [A.OPEN, A.WITHDRAW, A.END_SESSION, A.HOLD]),
    (S.STOPPING, E.VEHICLE_B): (S.FINISHING, [A.OPEN, A.END_SESSION, A.RELEASE]),
    (S.STOPPING, E.STOP_TIMEOUT): (S.FINISHING, [A.OPEN, A.END_SESSION, A.RELEASE]),
    (S.REFUSING, E.VEHICLE_B): (S.HELD, [A.OPEN, A.END_SESSION, A.HOLD]),
    (S.REFUSING, E.STOP_TIMEOUT): (S.HELD, [A.OPEN, A.END_SESSION, A.HOLD]),
    (S.REFUSING, E.VEHICLE_LEFT): (S.HELD, [A.OPEN, A.END_SESSION, A.HOLD]),
    (S.REFUSING, E.STOP_REQUESTED): (S.STOPPING, []),
    (S.HELD, E.STOP_REQUESTED): (S.FINISHING, [A.RELEASE]),
    (S.HELD, E.CABLE_GONE): (S.AVAILABLE, [A.RELEASE, A.FORGET]),
    (S.HELD, E.VEHICLE_LEFT): (S.HELD, []),
    (S.HELD, E.VEHICLE_D): (S.HELD, [A.OPEN]),
    (S.HELD, E.PILOT_E): (S.HELD, [A.OPEN]),
    (S.FINISHING, E.VEHICLE_A): (S.AVAILABLE, [A.RELEASE, A.FORGET]),
    (S.FINISHING, E.CABLE_GONE): (S.AVAILABLE, [A.RELEASE, A.FORGET]),
    (S.FAULTED, E.CLEARED): (S.AVAILABLE, [A.WITHDRAW, A.FORGET]),
    (S.FAULTED, E.VEHICLE_A): (S.FAULTED, [A.OPEN, A.RELEASE]),
    (S.FAULTED, E.FAULT): (S.FAULTED, [A.OPEN, A.END_SESSION]),
    (S.FAULTED, E.PILOT_E): (S.FAULTED, [A.OPEN]),
}
"""Every row of the vehicle's table, written down a second time: what changes there has to be meant."""

ANYWHERE = {
    E.VEHICLE_A: (S.AVAILABLE, [A.OPEN, A.WITHDRAW, A.END_SESSION, A.RELEASE, A.FORGET]),
    E.PILOT_E: (S.FAULTED, [A.OPEN, A.SIGNAL_FAULT, A.END_SESSION, A.RELEASE]),
    E.VEHICLE_D: (S.FAULTED, [A.OPEN, A.SIGNAL_FAULT, A.END_SESSION]),
    E.FAULT: (S.FAULTED, [A.OPEN, A.SIGNAL_FAULT, A.END_SESSION]),
}
"""What holds where a state's own rows say nothing."""

SOCKET = {
    (S.AVAILABLE, E.ACCEPTED): (S.AUTHORISED, [A.EXPECT_VEHICLE]),
    (S.AVAILABLE, E.VEHICLE_B): (S.CONNECTED, [A.EXPECT_CUSTOMER]),
    (S.AUTHORISED, E.VEHICLE_B): (S.STARTING, [A.START]),
    (S.AUTHORISED, E.STOP_REQUESTED): (S.AVAILABLE, [A.FORGET]),
    (S.AUTHORISED, E.AUTHORISATION_EXPIRED): (S.AVAILABLE, [A.FORGET]),
    (S.CONNECTED, E.ACCEPTED): (S.STARTING, [A.START]),
    (S.CONNECTED, E.NOBODY_CAME): (S.UNCLAIMED, []),
    (S.CONNECTED, E.VEHICLE_A): (S.AVAILABLE, []),
    (S.UNCLAIMED, E.ACCEPTED): (S.STARTING, [A.START]),
    (S.UNCLAIMED, E.VEHICLE_A): (S.AVAILABLE, []),
    (S.STARTING, E.STARTED): (S.ENERGISING, [A.CLOSE]),
    (S.STARTING, E.STOP_REQUESTED): (S.FINISHING, [A.OPEN, A.END_SESSION, A.RELEASE]),
    (S.ENERGISING, E.CLOSED): (S.CHARGING, []),
    (S.ENERGISING, E.STOP_REQUESTED): (S.FINISHING, [A.OPEN, A.END_SESSION, A.RELEASE]),
    (S.ENERGISING, E.NOTHING_TO_OFFER): (S.PAUSED, [A.OPEN]),
    (S.CHARGING, E.STOP_REQUESTED): (S.FINISHING, [A.OPEN, A.END_SESSION, A.RELEASE]),
    (S.CHARGING, E.NOTHING_TO_OFFER): (S.PAUSED, [A.OPEN]),
    (S.PAUSED, E.SOMETHING_TO_OFFER): (S.ENERGISING, [A.CLOSE]),
    (S.PAUSED, E.STOP_REQUESTED): (S.FINISHING, [A.OPEN, A.END_SESSION, A.RELEASE]),
    (S.FINISHING, E.VEHICLE_A): (S.AVAILABLE, [A.FORGET]),
    (S.FAULTED, E.CLEARED): (S.AVAILABLE, [A.FORGET]),
    (S.FAULTED, E.FAULT): (S.FAULTED, [A.OPEN, A.END_SESSION]),
    (S.FAULTED, E.VEHICLE_A): (S.FAULTED, []),
    (S.AVAILABLE, E.VEHICLE_A): (S.AVAILABLE, []),
    (S.AUTHORISED, E.VEHICLE_A): (S.AUTHORISED, []),
}
"""Every row of the household socket's table."""


@pytest.mark.parametrize(("state", "event"), list(VEHICLE), ids=lambda each: each.name)
def test_a_row_of_the_vehicles_table(state: State, event: Event) -> None:
    result = step(state, event)
    assert result is not None
    assert (result.next, list(result.actions)) == VEHICLE[state, event]


@pytest.mark.parametrize("state", list(State), ids=lambda each: each.name)
@pytest.mark.parametrize("event", list(Event), ids=lambda each: each.name)
def test_what_has_no_row_follows_the_rule_for_everywhere_or_nothing(state: State, event: Event) -> None:
    if (state, event) in VEHICLE:
        return
    result = step(state, event)
    assert (None if result is None else (result.next, list(result.actions))) == ANYWHERE.get(event)


@pytest.mark.parametrize(("state", "event"), list(SOCKET), ids=lambda each: each.name)
def test_a_row_of_the_household_sockets_table(state: State, event: Event) -> None:
    result = household_step(state, event)
    assert result is not None
    assert (result.next, list(result.actions)) == SOCKET[state, event]


@pytest.mark.parametrize("state", list(State), ids=lambda each: each.name)
@pytest.mark.parametrize("event", list(Event), ids=lambda each: each.name)
def test_a_household_socket_without_a_row_obeys_plug_and_fault_alone(state: State, event: Event) -> None:
    if (state, event) in SOCKET:
        return
    result = household_step(state, event)
    if event is E.VEHICLE_A:
        assert result is not None
        assert (result.next, result.actions[0]) == (S.AVAILABLE, A.OPEN)
    elif event is E.FAULT:
        assert result is not None
        assert (result.next, result.actions) == (S.FAULTED, (A.OPEN, A.END_SESSION))
    else:
        assert result is None


def test_no_row_is_without_its_test() -> None:
    assert set(TABLE) == set(VEHICLE)
    assert set(ALWAYS) == set(ANYWHERE)
    assert set(HOUSEHOLD) == set(SOCKET)


def test_a_household_socket_is_never_closed_without_a_customer_and_never_left_closed() -> None:
    closing = {state for (state, _), row in HOUSEHOLD.items() if A.CLOSE in row.actions}
    assert closing == {S.STARTING, S.PAUSED}
    for (state, event), row in HOUSEHOLD.items():
        if state in {S.ENERGISING, S.CHARGING} and row.next not in {S.CHARGING, S.ENERGISING}:
            assert row.actions[0] is A.OPEN, (state, event)


ENERGISED = [S.ENERGISING, S.CHARGING, S.PAUSED, S.STOPPING, S.REFUSING]
"""States in which the contactor may be closed."""


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("event", [E.FAULT, E.PILOT_E, E.VEHICLE_D])
def test_every_danger_leads_to_an_open_contactor(state: State, event: Event) -> None:
    result = step(state, event)
    assert result is not None
    if result.next is S.FAULTED or state is S.HELD:  # what happens at the loose end of a held cable sets nobody free
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


WITH_A_CHARGE = [S.READY, S.ENERGISING, S.CHARGING, S.PAUSED, S.REFUSING]


@pytest.mark.parametrize("state", WITH_A_CHARGE, ids=lambda each: each.name)
def test_a_vehicle_that_leaves_its_plug_behind_ends_the_charge_with_the_contactor_off_and_the_plug_locked(state: State) -> None:
    result = step(state, E.VEHICLE_LEFT)
    assert result is not None
    assert result.next is S.HELD
    assert result.actions[0] is A.OPEN
    assert result.actions[-2:] == (A.END_SESSION, A.HOLD)
    assert A.RELEASE not in result.actions


def test_a_held_plug_goes_to_its_owner_or_to_a_fault_alone_and_nothing_begins_a_charge_there() -> None:
    leaving = {event: step(S.HELD, event) for event in E}
    released = {event for event, row in leaving.items() if row is not None and A.RELEASE in row.actions}
    assert released == {E.STOP_REQUESTED, E.CABLE_GONE, E.VEHICLE_A}
    assert {event for event, row in leaving.items() if row is not None and row.next is not S.HELD} == {*released, E.FAULT}
    assert all(A.CLOSE not in row.actions and A.START not in row.actions for row in leaving.values() if row is not None)


def test_a_plug_is_only_held_where_it_was_proven_locked() -> None:
    into_held = {state for (state, _), row in TABLE.items() if row.next is S.HELD}
    assert into_held == {*WITH_A_CHARGE, S.HELD}
