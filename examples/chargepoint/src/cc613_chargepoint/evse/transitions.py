"""The transition table of a connector: states × events → next state and actions. Pure; the actor carries the actions out.

A pair that is not in the table is not a transition: the event is heard and nothing follows from it. What must hold in *every* state
(unplugged, pilot error, fault) stands in :data:`ALWAYS` and is looked up when the state's own row says nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from attrs import frozen

__all__ = ["ALWAYS", "HOUSEHOLD", "TABLE", "Action", "Event", "State", "Step", "household_step", "step"]


class State(enum.Enum):
    """Where a connector is."""

    AVAILABLE = "available"
    """No vehicle, nobody authorised."""
    AUTHORISED = "authorised"
    """A customer was accepted, the vehicle is still missing."""
    CONNECTED = "connected"
    """A vehicle is plugged in, nobody authorised."""
    UNCLAIMED = "unclaimed"
    """A vehicle is plugged in, and nobody identified in time: whoever comes now may be somebody else."""
    STARTING = "starting"
    """Locking, self-test, first offer."""
    READY = "ready"
    """Everything is proven, the offer stands, the vehicle has not asked for energy (any more)."""
    ENERGISING = "energising"
    """The contactor was told to close and has not confirmed."""
    CHARGING = "charging"
    """The contactor is confirmed closed."""
    PAUSED = "paused"
    """The station has nothing to offer; the vehicle may still have to stop drawing."""
    STOPPING = "stopping"
    """The session shall end; the vehicle is given its time to stop drawing."""
    REFUSING = "refusing"
    """As stopping, and the plug will be held: its customer was refused after the charge had begun."""
    HELD = "held"
    """The session is over, and the plug stays locked until whoever began comes back, or somebody unlocks it; a vehicle may be there."""
    FINISHING = "finishing"
    """The session is over, the vehicle still plugged in."""
    FAULTED = "faulted"
    """A fault stands: contactor off, pilot in F."""


class Event(enum.Enum):
    """What can happen to a connector."""

    ACCEPTED = "customer accepted"
    STOP_REQUESTED = "stop requested"
    CUSTOMER_REFUSED = "customer refused"
    AUTHORISATION_EXPIRED = "no vehicle came"
    NOBODY_CAME = "nobody identified"
    VEHICLE_B = "vehicle connected, not asking"
    VEHICLE_C = "vehicle asks for energy"
    VEHICLE_D = "vehicle asks for ventilation"
    VEHICLE_A = "vehicle gone"
    VEHICLE_LEFT = "vehicle gone, the plug is kept"
    CABLE_GONE = "plug gone"
    PILOT_E = "pilot error"
    STARTED = "lock, self-test and offer proven"
    CLOSED = "contactor confirmed on"
    NOTHING_TO_OFFER = "nothing to offer"
    SOMETHING_TO_OFFER = "something to offer"
    STOP_TIMEOUT = "vehicle did not stop drawing"
    FAULT = "fault"
    CLEARED = "fault cleared"


class Action(enum.Enum):
    """What the actor does on a transition, in the order of the row."""

    START = "lock, self-test, offer"
    OFFER = "offer current"
    WITHDRAW = "steady pilot"
    CLOSE = "contactor on"
    OPEN = "contactor off"
    WAIT_FOR_VEHICLE = "give the vehicle its time to stop drawing"
    END_SESSION = "end the session"
    RELEASE = "weld check, unlock"
    HOLD = "weld check, stay locked"
    SIGNAL_FAULT = "pilot to F"
    EXPECT_VEHICLE = "wait for a vehicle"
    EXPECT_CUSTOMER = "wait for a customer"
    FORGET = "forget the customer"


@frozen
class Step:
    """What follows from an event.

    Attributes:
        next: the state from now on.
        actions: what the actor does, in order.
    """

    next: State
    actions: tuple[Action, ...] = ()


_S, _E, _A = State, Event, Action
_ENDS = (_A.OPEN, _A.WITHDRAW, _A.END_SESSION, _A.RELEASE)
_ENDS_LOCKED = (_A.OPEN, _A.WITHDRAW, _A.END_SESSION, _A.HOLD)

TABLE: Mapping[tuple[State, Event], Step] = {
    (_S.AVAILABLE, _E.ACCEPTED): Step(_S.AUTHORISED, (_A.EXPECT_VEHICLE,)),
    (_S.AVAILABLE, _E.VEHICLE_B): Step(_S.CONNECTED, (_A.EXPECT_CUSTOMER,)),
    (_S.AVAILABLE, _E.VEHICLE_C): Step(_S.CONNECTED, (_A.EXPECT_CUSTOMER,)),
    (_S.AVAILABLE, _E.VEHICLE_D): Step(_S.CONNECTED, (_A.EXPECT_CUSTOMER,)),
    (_S.AVAILABLE, _E.VEHICLE_A): Step(_S.AVAILABLE),
    (_S.AUTHORISED, _E.AUTHORISATION_EXPIRED): Step(_S.AVAILABLE, (_A.FORGET,)),
    (_S.AUTHORISED, _E.STOP_REQUESTED): Step(_S.AVAILABLE, (_A.FORGET,)),
    (_S.AUTHORISED, _E.CUSTOMER_REFUSED): Step(_S.AVAILABLE, (_A.FORGET,)),
    (_S.AUTHORISED, _E.VEHICLE_B): Step(_S.STARTING, (_A.START,)),
    (_S.AUTHORISED, _E.VEHICLE_C): Step(_S.STARTING, (_A.START,)),
    (_S.AUTHORISED, _E.VEHICLE_A): Step(_S.AUTHORISED),
    (_S.CONNECTED, _E.ACCEPTED): Step(_S.STARTING, (_A.START,)),
    (_S.CONNECTED, _E.NOBODY_CAME): Step(_S.UNCLAIMED),
    (_S.UNCLAIMED, _E.ACCEPTED): Step(_S.STARTING, (_A.START,)),
    (_S.STARTING, _E.STARTED): Step(_S.READY, (_A.OFFER,)),
    (_S.STARTING, _E.STOP_REQUESTED): Step(_S.FINISHING, _ENDS),
    (_S.STARTING, _E.CUSTOMER_REFUSED): Step(_S.FINISHING, _ENDS),
    (_S.READY, _E.VEHICLE_C): Step(_S.ENERGISING, (_A.CLOSE,)),
    (_S.READY, _E.NOTHING_TO_OFFER): Step(_S.PAUSED, (_A.WITHDRAW,)),
    (_S.READY, _E.STOP_REQUESTED): Step(_S.FINISHING, _ENDS),
    (_S.READY, _E.CUSTOMER_REFUSED): Step(_S.HELD, _ENDS_LOCKED),
    (_S.READY, _E.VEHICLE_LEFT): Step(_S.HELD, _ENDS_LOCKED),
    (_S.ENERGISING, _E.CLOSED): Step(_S.CHARGING, (_A.OFFER,)),
    (_S.ENERGISING, _E.VEHICLE_B): Step(_S.READY, (_A.OPEN,)),
    (_S.ENERGISING, _E.STOP_REQUESTED): Step(_S.FINISHING, _ENDS),
    (_S.ENERGISING, _E.CUSTOMER_REFUSED): Step(_S.HELD, _ENDS_LOCKED),
    (_S.ENERGISING, _E.VEHICLE_LEFT): Step(_S.HELD, _ENDS_LOCKED),
    (_S.ENERGISING, _E.NOTHING_TO_OFFER): Step(_S.PAUSED, (_A.OPEN, _A.WITHDRAW)),
    (_S.CHARGING, _E.VEHICLE_B): Step(_S.READY, (_A.OPEN,)),
    (_S.CHARGING, _E.NOTHING_TO_OFFER): Step(_S.PAUSED, (_A.WITHDRAW, _A.WAIT_FOR_VEHICLE)),
    (_S.CHARGING, _E.STOP_REQUESTED): Step(_S.STOPPING, (_A.WITHDRAW, _A.WAIT_FOR_VEHICLE)),
    (_S.CHARGING, _E.CUSTOMER_REFUSED): Step(_S.REFUSING, (_A.WITHDRAW, _A.WAIT_FOR_VEHICLE)),
    (_S.CHARGING, _E.VEHICLE_LEFT): Step(_S.HELD, _ENDS_LOCKED),
    (_S.PAUSED, _E.VEHICLE_B): Step(_S.PAUSED, (_A.OPEN,)),
    (_S.PAUSED, _E.STOP_TIMEOUT): Step(_S.PAUSED, (_A.OPEN,)),
    (_S.PAUSED, _E.SOMETHING_TO_OFFER): Step(_S.READY, (_A.OFFER,)),
    (_S.PAUSED, _E.STOP_REQUESTED): Step(_S.FINISHING, _ENDS),
    (_S.PAUSED, _E.CUSTOMER_REFUSED): Step(_S.HELD, _ENDS_LOCKED),
    (_S.PAUSED, _E.VEHICLE_LEFT): Step(_S.HELD, _ENDS_LOCKED),
    (_S.STOPPING, _E.VEHICLE_B): Step(_S.FINISHING, (_A.OPEN, _A.END_SESSION, _A.RELEASE)),
    (_S.STOPPING, _E.STOP_TIMEOUT): Step(_S.FINISHING, (_A.OPEN, _A.END_SESSION, _A.RELEASE)),
    (_S.REFUSING, _E.VEHICLE_B): Step(_S.HELD, (_A.OPEN, _A.END_SESSION, _A.HOLD)),
    (_S.REFUSING, _E.STOP_TIMEOUT): Step(_S.HELD, (_A.OPEN, _A.END_SESSION, _A.HOLD)),
    (_S.REFUSING, _E.VEHICLE_LEFT): Step(_S.HELD, (_A.OPEN, _A.END_SESSION, _A.HOLD)),
    (_S.REFUSING, _E.STOP_REQUESTED): Step(_S.STOPPING),
    (_S.HELD, _E.STOP_REQUESTED): Step(_S.FINISHING, (_A.RELEASE,)),
    (_S.HELD, _E.CABLE_GONE): Step(_S.AVAILABLE, (_A.RELEASE, _A.FORGET)),
    (_S.HELD, _E.VEHICLE_LEFT): Step(_S.HELD),
    (_S.HELD, _E.VEHICLE_D): Step(_S.HELD, (_A.OPEN,)),
    (_S.HELD, _E.PILOT_E): Step(_S.HELD, (_A.OPEN,)),
    (_S.FINISHING, _E.VEHICLE_A): Step(_S.AVAILABLE, (_A.RELEASE, _A.FORGET)),
    (_S.FINISHING, _E.CABLE_GONE): Step(_S.AVAILABLE, (_A.RELEASE, _A.FORGET)),
    (_S.FAULTED, _E.CLEARED): Step(_S.AVAILABLE, (_A.WITHDRAW, _A.FORGET)),
    (_S.FAULTED, _E.VEHICLE_A): Step(_S.FAULTED, (_A.OPEN, _A.RELEASE)),
    (_S.FAULTED, _E.FAULT): Step(_S.FAULTED, (_A.OPEN, _A.END_SESSION)),
    (_S.FAULTED, _E.PILOT_E): Step(_S.FAULTED, (_A.OPEN,)),
}
"""The rows of each state."""

ALWAYS: Mapping[Event, Step] = {
    _E.VEHICLE_A: Step(_S.AVAILABLE, (_A.OPEN, _A.WITHDRAW, _A.END_SESSION, _A.RELEASE, _A.FORGET)),
    _E.PILOT_E: Step(_S.FAULTED, (_A.OPEN, _A.SIGNAL_FAULT, _A.END_SESSION, _A.RELEASE)),
    _E.VEHICLE_D: Step(_S.FAULTED, (_A.OPEN, _A.SIGNAL_FAULT, _A.END_SESSION)),
    _E.FAULT: Step(_S.FAULTED, (_A.OPEN, _A.SIGNAL_FAULT, _A.END_SESSION)),
}
"""What holds in every state whose own rows do not say otherwise. State D is refused: the board has no ventilation to offer."""


def step(state: State, event: Event) -> Step | None:
    """What follows from an event in a state; ``None`` if nothing does."""
    return TABLE.get((state, event)) or ALWAYS.get(event)


_HOUSEHOLD_ENDS = (_A.OPEN, _A.END_SESSION, _A.RELEASE)

HOUSEHOLD: Mapping[tuple[State, Event], Step] = {
    (_S.AVAILABLE, _E.ACCEPTED): Step(_S.AUTHORISED, (_A.EXPECT_VEHICLE,)),
    (_S.AVAILABLE, _E.VEHICLE_B): Step(_S.CONNECTED, (_A.EXPECT_CUSTOMER,)),
    (_S.AUTHORISED, _E.VEHICLE_B): Step(_S.STARTING, (_A.START,)),
    (_S.AUTHORISED, _E.STOP_REQUESTED): Step(_S.AVAILABLE, (_A.FORGET,)),
    (_S.AUTHORISED, _E.AUTHORISATION_EXPIRED): Step(_S.AVAILABLE, (_A.FORGET,)),
    (_S.CONNECTED, _E.ACCEPTED): Step(_S.STARTING, (_A.START,)),
    (_S.CONNECTED, _E.NOBODY_CAME): Step(_S.UNCLAIMED),
    (_S.CONNECTED, _E.VEHICLE_A): Step(_S.AVAILABLE),
    (_S.UNCLAIMED, _E.ACCEPTED): Step(_S.STARTING, (_A.START,)),
    (_S.UNCLAIMED, _E.VEHICLE_A): Step(_S.AVAILABLE),
    (_S.STARTING, _E.STARTED): Step(_S.ENERGISING, (_A.CLOSE,)),
    (_S.STARTING, _E.STOP_REQUESTED): Step(_S.FINISHING, _HOUSEHOLD_ENDS),
    (_S.ENERGISING, _E.CLOSED): Step(_S.CHARGING),
    (_S.ENERGISING, _E.STOP_REQUESTED): Step(_S.FINISHING, _HOUSEHOLD_ENDS),
    (_S.ENERGISING, _E.NOTHING_TO_OFFER): Step(_S.PAUSED, (_A.OPEN,)),
    (_S.CHARGING, _E.STOP_REQUESTED): Step(_S.FINISHING, _HOUSEHOLD_ENDS),
    (_S.CHARGING, _E.NOTHING_TO_OFFER): Step(_S.PAUSED, (_A.OPEN,)),
    (_S.PAUSED, _E.SOMETHING_TO_OFFER): Step(_S.ENERGISING, (_A.CLOSE,)),
    (_S.PAUSED, _E.STOP_REQUESTED): Step(_S.FINISHING, _HOUSEHOLD_ENDS),
    (_S.FINISHING, _E.VEHICLE_A): Step(_S.AVAILABLE, (_A.FORGET,)),
    (_S.FAULTED, _E.CLEARED): Step(_S.AVAILABLE, (_A.FORGET,)),
    (_S.FAULTED, _E.FAULT): Step(_S.FAULTED, (_A.OPEN, _A.END_SESSION)),
    (_S.FAULTED, _E.VEHICLE_A): Step(_S.FAULTED),
    (_S.AVAILABLE, _E.VEHICLE_A): Step(_S.AVAILABLE),
    (_S.AUTHORISED, _E.VEHICLE_A): Step(_S.AUTHORISED),
}
"""The rows of a household socket: no pilot asks, so "vehicle" is the plug, and the contactor follows the customer."""

_HOUSEHOLD_ALWAYS: Mapping[Event, Step] = {
    _E.VEHICLE_A: Step(_S.AVAILABLE, (*_HOUSEHOLD_ENDS, _A.FORGET)),
    _E.FAULT: Step(_S.FAULTED, (_A.OPEN, _A.END_SESSION)),
}


def household_step(state: State, event: Event) -> Step | None:
    """As :func:`step`, for a household socket."""
    return HOUSEHOLD.get((state, event)) or _HOUSEHOLD_ALWAYS.get(event)
