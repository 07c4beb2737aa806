"""The slave's connector as the master's station sees it: what changes is told, what is asked is said once, silence is a fault."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613_chargepoint.domain.events import CustomerAccepted, FaultCleared, FaultRaised, Offered, StateChanged, StationEvent
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.domain.limit import Offer
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.pairing.messages import Accept, Clear, Message, Mirror, Release, Stop, read_message
from cc613_chargepoint.pairing.mirrored import MirroredConnector
from cc613_chargepoint.pairing.wire import Talk, Wire, WireLost
from cc613hal.clock import Clock
from cc613hal.errors import Unsupported

CARD, OTHER = (Token(id=name, source=TokenSource.CARD) for name in ("AB", "CD"))
WELDED = Fault(name=FaultName.CONTACTOR_WELDED, detail="it hangs")


class Sink(Wire):
    """Takes everything, or nothing."""

    def __init__(self) -> None:
        self.said: list[Message] = []
        self.broken = False

    def send(self, raw: bytes) -> None:
        if self.broken:
            raise WireLost("broken")
        self.said.append(read_message(raw)[1])

    async def receive(self) -> bytes:
        raise WireLost("nothing comes")

    async def finish(self) -> None:
        """Nothing to wait for."""

    def abort(self) -> None:
        self.broken = True


class Scene:
    def __init__(self) -> None:
        self.connector, self.wire, self.news = MirroredConnector(2, Clock()), Sink(), list[StationEvent]()
        self.connector.news.on(self.news.append)

    def meet(self, **changes: Any) -> None:
        self.connector.found(Talk(self.wire))
        self.show(**changes)

    def show(self, **changes: Any) -> None:
        words: dict[str, Any] = {
            "heard": 0, "state": State.AVAILABLE, "because": "so", "token": None, "group": None, "faults": (),
            "offer": Offer(current_a=0.0, source="no vehicle"), "locks": True,
        }  # fmt: skip
        self.connector.reflect(Mirror(**{**words, **changes}))

    def told(self) -> list[StationEvent]:
        news, self.news[:] = list(self.news), []
        return news


def test_it_is_out_of_order_until_its_slave_is_heard() -> None:
    scene = Scene()
    assert (scene.connector.state, scene.connector.reachable, scene.connector.faults) == (State.FAULTED, False, ())
    scene.connector.lost("nobody is there")
    scene.connector.lost("still nobody")
    (raised,) = scene.told()
    assert isinstance(raised, FaultRaised)
    assert (raised.connector, raised.fault) == (2, Fault(name=FaultName.SLAVE_UNREACHABLE, detail="nobody is there"))
    scene.meet()
    cleared, changed = scene.told()
    assert isinstance(cleared, FaultCleared)
    assert changed == StateChanged(connector=2, before="faulted", after="available", because="so")


def test_it_does_not_start_again_by_itself() -> None:
    scene = Scene()
    assert not scene.connector.restarts
    with pytest.raises(Unsupported):
        scene.connector.restart("wanted")


def test_only_what_has_changed_is_told() -> None:
    scene = Scene()
    scene.meet()
    scene.told()
    scene.show()
    assert scene.told() == []
    offer = Offer(current_a=16.0, source="master: installation")
    scene.show(state=State.CHARGING, because="feedback", offer=offer, token=CARD, faults=(WELDED,))
    assert scene.told() == [
        CustomerAccepted(connector=2, token=CARD),
        FaultRaised(connector=2, fault=WELDED),
        StateChanged(connector=2, before="available", after="charging", because="feedback"),
        Offered(connector=2, offer=offer),
    ]
    scene.show(state=State.CHARGING, offer=offer, token=CARD)
    assert scene.told() == [FaultCleared(connector=2, fault=WELDED)]


def test_a_customer_is_accepted_once_and_again_ends_the_charge() -> None:
    scene = Scene()
    scene.meet()
    scene.connector.accept(CARD, group="G")
    assert (scene.connector.token, scene.connector.group) == (CARD, "G")
    scene.connector.accept(OTHER)  # somebody else has no business here
    scene.connector.accept(OTHER, group="G")
    scene.connector.accept(CARD)
    assert scene.wire.said == [
        Accept(token=CARD, group="G"), Stop(reason="card of the same group presented"), Stop(reason="card presented again"),
    ]  # fmt: skip


def test_a_mirror_from_before_the_acceptance_does_not_undo_it() -> None:
    scene = Scene()
    scene.meet()
    scene.connector.accept(CARD)
    scene.show(heard=0)
    assert scene.connector.token == CARD
    scene.show(heard=1)  # the slave has heard it, and does not have the customer
    assert scene.connector.token is None


def test_what_cannot_be_said_is_not_taken_for_done() -> None:
    scene = Scene()
    scene.connector.accept(CARD)
    assert scene.connector.token is None
    scene.meet()
    scene.wire.broken = True
    scene.connector.accept(CARD)
    assert scene.connector.token is None


@pytest.mark.parametrize(("who", "said"), [(CARD, [Stop(reason="closing time")]), (OTHER, []), (None, [])])
def test_an_end_that_could_not_be_said_is_said_later_to_the_same_customer_only(who: Token | None, said: list[Message]) -> None:
    scene = Scene()
    scene.meet(state=State.CHARGING, token=CARD)
    scene.connector.lost("the link is cut")
    scene.connector.stop("closing time")
    scene.meet(state=State.CHARGING if who else State.AVAILABLE, token=who)
    scene.show(state=State.CHARGING if who else State.AVAILABLE, token=who)
    assert scene.wire.said == said


def test_that_a_plug_is_to_be_kept_reaches_the_slave_also_when_it_is_said_later() -> None:
    scene = Scene()
    scene.meet(state=State.CHARGING, token=CARD)
    scene.connector.stop("deauthorised by the backend", keep_plug=True)
    scene.connector.lost("the link is cut")
    scene.connector.stop("deauthorised by the backend", keep_plug=True)
    scene.meet(state=State.CHARGING, token=CARD)
    scene.show(state=State.CHARGING, token=CARD)
    assert scene.wire.said[-1] == Stop(reason="deauthorised by the backend", keep_plug=True)
    scene.show(state=State.HELD, token=CARD)
    assert scene.connector.state is State.HELD
    scene.connector.accept(CARD)
    assert scene.wire.said[-1] == Stop(reason="card presented again")


def test_faults_of_the_station_are_imposed_and_those_of_the_slave_are_cleared_over_the_link() -> None:
    scene = Scene()
    scene.meet(faults=(WELDED,))
    tilted = Fault(name=FaultName.TILTED, detail="by 20°")
    scene.connector.raise_fault(tilted)
    assert scene.connector.imposed == {FaultName.TILTED: tilted}
    assert scene.connector.imposed_changed.is_set()
    scene.connector.clear_fault(FaultName.TILTED, "it stands again")
    assert scene.connector.imposed == {}
    scene.connector.clear_fault(FaultName.CONTACTOR_WELDED, "somebody was there")
    scene.connector.clear_fault(FaultName.OVER_CURRENT, "it does not stand")
    scene.connector.release_plug("the supply fails")
    assert scene.wire.said == [Clear(name=FaultName.CONTACTOR_WELDED, because="somebody was there"), Release(because="the supply fails")]
    scene.connector.lost("gone")
    scene.connector.clear_fault(FaultName.SLAVE_UNREACHABLE, "nobody can wish that away")
    assert FaultName.SLAVE_UNREACHABLE in {fault.name for fault in scene.connector.faults}


MIRRORS = st.fixed_dictionaries(
    {
        "state": st.sampled_from(State),
        "token": st.sampled_from([None, CARD, OTHER]),
        "faults": st.lists(st.sampled_from([WELDED, Fault(name=FaultName.TILTED, detail="")]), unique=True).map(tuple),
    }
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(MIRRORS, st.just("lost")), max_size=12))
def test_who_follows_the_news_knows_what_the_mirror_shows(events: list[Any]) -> None:
    scene = Scene()
    for event in events:
        if event == "lost":
            scene.connector.lost("gone")
        else:
            scene.meet(**event)
    state, faults = State.FAULTED.value, set[FaultName]()
    for news in scene.news:
        match news:
            case StateChanged():
                assert news.before == state
                state = news.after
            case FaultRaised():
                assert news.fault.name not in faults
                faults.add(news.fault.name)
            case FaultCleared():
                faults.remove(news.fault.name)
            case CustomerAccepted():
                assert news.token in {CARD, OTHER}
            case _:
                raise AssertionError(news)
    assert state == scene.connector.state.value
    assert faults == {fault.name for fault in scene.connector.faults}
