"""Who may charge, and why: every rule, their order, and what a customer does at the station."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from attrs import define, evolve, field

from cc613_chargepoint.app import StationSettings
from cc613_chargepoint.authorization import Authorizer, Opinion, Request, accept, refuse, token_of
from cc613_chargepoint.authorization.memory import MemoryDirectory
from cc613_chargepoint.authorization.plugins import hookimpl, rules_of_plugins
from cc613_chargepoint.authorization.policy import AuthorizationSettings, FreeMode, Mode, rules_for
from cc613_chargepoint.authorization.rules import Reservation, Reservations
from cc613_chargepoint.customers import StoreDirectory
from cc613_chargepoint.domain.events import Decided
from cc613_chargepoint.domain.known_token import KnownToken
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.domain.verdict import Verdict
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.simulated import CARD, SimulatedStation, simulated_station
from cc613_chargepoint.store import Store
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusTimeout, HalError
from cc613hal.interfaces import Card, CardSecurity, CardTechnology

NOW = datetime(2026, 1, 1, tzinfo=UTC)  # where virtual time begins
HOUR = timedelta(hours=1)


def card(uid: str, *, random_uid: bool = False) -> Card:
    return Card(uid=uid, technology=CardTechnology.MIFARE_CLASSIC, random_uid=random_uid)


def token(uid: str, source: TokenSource = TokenSource.CARD) -> Token:
    return Token(id=uid, source=source)


@define
class CentralSystem:
    """A backend that knows some tokens, is slow, or is away."""

    known: dict[str, KnownToken] = field(factory=dict)
    connected: bool = True
    slow_s: float = 0.0
    broken: bool = False
    asked: list[str] = field(factory=list)

    async def authorize(self, token: Token) -> KnownToken:
        self.asked.append(token.id)
        await Clock().sleep(self.slow_s)
        if self.broken:
            raise BusTimeout("no answer", device="backend")
        return self.known.get(token.id, KnownToken(id=token.id, status="Invalid"))


def verdict(
    asked: Token,
    settings: AuthorizationSettings,
    *,
    backend: CentralSystem | None = None,
    listed: tuple[KnownToken, ...] = (),
    cached: tuple[KnownToken, ...] = (),
    random: bool = False,
) -> Verdict:
    async def main() -> Verdict:
        directory = MemoryDirectory(listed)
        for each in cached:
            await directory.remember(each)
        return await Authorizer(Clock(), rules_for(settings, directory, backend)).decide(asked, connector=1, random=random)

    return run_virtual(main())


EVERY = AuthorizationSettings()
LIST = AuthorizationSettings(mode=Mode.LIST, cards=("04A1", "b2"))


@pytest.mark.parametrize(
    ("uid", "random_uid", "settings", "accepted", "reason"),
    [
        ("04A1", False, EVERY, True, "every card is accepted by configuration"),
        ("04a1", False, LIST, True, "on the local list"),
        ("B2", False, LIST, True, "on the local list"),
        ("04A2", False, LIST, False, "not on the local list"),
        ("08123456", True, EVERY, False, "no identity"),
        ("  ", False, EVERY, False, "no identifier"),
        ("04A1", False, AuthorizationSettings(mode=Mode.LIST), False, "not on the local list"),
        ("04A1", False, AuthorizationSettings(mode=Mode.FREE), True, "every card is accepted"),
    ],
)
def test_a_verdict_gives_its_reason(uid: str, random_uid: bool, settings: AuthorizationSettings, accepted: bool, reason: str) -> None:
    given = verdict(token(uid), settings, random=random_uid)
    assert given.accepted is accepted
    assert reason in given.reasons[-1]


@pytest.mark.parametrize("source", [TokenSource.FREE, TokenSource.KEY_SWITCH, TokenSource.LOCAL])
def test_what_needs_no_permission_is_accepted_whatever_the_list_says(source: TokenSource) -> None:
    assert verdict(token("X", source), LIST).accepted


def test_the_token_says_what_kind_of_card_it_was_and_what_that_proves() -> None:
    made = token_of(card("04A1B2"))
    assert (made.technology, made.security, made.source) == ("mifare-classic", "uid", TokenSource.CARD)
    assert made.same_as(token_of(card("04a1b2")))
    secure = Card(uid="04A1B2", technology=CardTechnology.ISO_DEP, security=CardSecurity.AUTHENTICATED)
    assert token_of(secure).source is TokenSource.SECURE_CARD


@pytest.mark.parametrize(
    ("source", "settings", "accepted", "reason"),
    [
        (TokenSource.CARD, AuthorizationSettings(secure_only=True), False, "proves nothing (uid)"),
        (TokenSource.SECURE_CARD, AuthorizationSettings(secure_only=True), True, "every card"),
        (TokenSource.MAC, AuthorizationSettings(), False, "by their address alone"),
        (TokenSource.MAC, AuthorizationSettings(autocharge=True), True, "every card"),
        (TokenSource.MAC, AuthorizationSettings(autocharge=True, mode=Mode.LIST, cards=("B2",)), False, "not on the local list"),
        (TokenSource.CONTRACT, AuthorizationSettings(), True, "every card"),
        (TokenSource.CONTRACT, AuthorizationSettings(contracts=False), False, "contracts are not served"),
        (TokenSource.REMOTE, AuthorizationSettings(secure_only=True), True, "every card"),
    ],
)
def test_ways_to_identify_are_taken_only_where_they_are_wanted(
    source: TokenSource, settings: AuthorizationSettings, accepted: bool, reason: str
) -> None:
    given = verdict(evolve(token("A1", source), security="uid"), settings)
    assert given.accepted is accepted
    assert reason in given.reasons[-1]


def test_a_master_card_that_proves_nothing_is_no_master_card_where_proof_is_wanted() -> None:
    assert not verdict(token("A1"), AuthorizationSettings(secure_only=True, master_cards=("A1",))).accepted


@pytest.mark.parametrize(("known", "accepted"), [("Accepted", True), ("Blocked", False)])
def test_free_charging_may_ask_for_its_fixed_identifier_as_for_a_card(known: str, accepted: bool) -> None:
    settings = AuthorizationSettings(mode=Mode.FREE, free_mode=FreeMode.AUTHORIZE, free_id="GUEST")
    central = CentralSystem(known={"GUEST": KnownToken(id="GUEST", status=known)})
    assert verdict(token("GUEST", TokenSource.FREE), settings, backend=central).accepted is accepted
    assert verdict(token("GUEST", TokenSource.FREE), AuthorizationSettings(mode=Mode.FREE), backend=central).accepted


def test_a_rule_that_hangs_says_nothing_and_keeps_nobody_waiting_for_ever(caplog) -> None:
    @define
    class Hanging:
        name = "hanging"

        async def judge(self, request: Request) -> Opinion:
            await asyncio.sleep(1e9)
            raise AssertionError

    async def main() -> tuple[Verdict, float]:
        clock = Clock()
        given = await Authorizer(clock, (Hanging(), *rules_for(EVERY, MemoryDirectory(), None))).decide(token("A1"))
        return given, clock.monotonic_s()

    given, took_s = run_virtual(main())
    assert given.accepted
    assert given.reasons[0] == "hanging could not be asked"
    assert took_s <= 20.1
    assert "hanging" in caplog.text


def test_a_card_held_longer_is_one_presentation() -> None:
    async def story() -> list[bool]:
        clock = Clock()
        authorizer, first, second = Authorizer(clock, repeat_s=3.0), token_of(card("A1")), token_of(card("B2"))
        seen = [authorizer.is_repeat(first)]
        await clock.sleep(2.0)
        seen.append(authorizer.is_repeat(first))
        seen.append(authorizer.is_repeat(second))
        await clock.sleep(3.5)
        seen.append(authorizer.is_repeat(second))
        return seen

    assert run_virtual(story()) == [False, True, False, False]


# -- list, cache and backend, as OCPP describes them ------------------------------------------------------------------------------------

GOOD = KnownToken(id="A1", status="Accepted", parent="FLEET")
OLD = KnownToken(id="A1", status="Accepted", expires=NOW - HOUR)
BLOCKED = KnownToken(id="A1", status="Blocked")


@pytest.mark.parametrize(
    ("online", "settings", "listed", "cached", "backend", "accepted", "asked"),
    [
        # online: the backend has the last word, unless the list or cache is to count first
        (True, {}, None, None, GOOD, True, True),
        (True, {}, None, None, BLOCKED, False, True),
        (True, {}, GOOD, None, BLOCKED, False, True),
        (True, {"pre_authorize": True}, GOOD, None, BLOCKED, True, False),
        (True, {"pre_authorize": True}, None, GOOD, BLOCKED, True, False),
        (True, {"pre_authorize": True}, BLOCKED, None, GOOD, True, True),
        (True, {"pre_authorize": True}, None, OLD, GOOD, True, True),
        # offline: list, then cache, then the rule for unknown ones
        (False, {}, GOOD, None, None, True, False),
        (False, {}, BLOCKED, GOOD, None, False, False),
        (False, {}, OLD, None, None, False, False),
        (False, {}, None, GOOD, None, True, False),
        (False, {}, None, BLOCKED, None, False, False),
        (False, {}, None, None, None, False, False),
        (False, {"offline": False}, GOOD, GOOD, None, False, False),
        (False, {"unknown_offline": True}, None, None, None, True, False),
        (False, {"unknown_offline": True}, BLOCKED, None, None, False, False),
        (False, {"cache": False}, None, GOOD, None, False, False),
        (True, {"cards": ("a1",)}, None, None, BLOCKED, True, False),
    ],
)
def test_list_cache_and_backend(online, settings, listed, cached, backend, accepted, asked) -> None:
    central = CentralSystem({} if backend is None else {"A1": backend}, connected=online)
    given = verdict(
        token("A1"),
        AuthorizationSettings(mode=Mode.BACKEND, **settings),
        backend=central,
        listed=() if listed is None else (listed,),
        cached=() if cached is None else (cached,),
    )
    assert given.accepted is accepted, given.reasons
    assert bool(central.asked) is asked
    assert given.reasons


class GoneError(HalError, ConnectionError):
    """The connection went with the question."""


@pytest.mark.parametrize(
    ("settings", "listed", "cached", "accepted"),
    [
        ({}, GOOD, None, True),
        ({}, None, GOOD, True),
        ({}, None, OLD, False),
        ({}, None, None, False),
        ({"offline": False}, GOOD, GOOD, False),
        ({"local_list": False, "cache": False}, GOOD, GOOD, False),
        ({"unknown_offline": True}, None, None, True),
        ({"unknown_offline": True}, BLOCKED, None, False),
    ],
)
def test_whose_question_the_connection_has_taken_along_is_judged_as_offline(settings, listed, cached, accepted) -> None:
    """Although the backend was connected when the card was held to the reader."""

    class Leaving(CentralSystem):
        async def authorize(self, token: Token) -> KnownToken:
            raise GoneError("the connection is gone")

    given = verdict(
        token("A1"),
        AuthorizationSettings(mode=Mode.BACKEND, **settings),
        backend=Leaving(),
        listed=() if listed is None else (listed,),
        cached=() if cached is None else (cached,),
    )
    assert given.accepted is accepted, given.reasons


@pytest.mark.parametrize(("slow_s", "broken", "word"), [(60.0, False, "did not answer within 30 s"), (0.0, True, "could not be asked")])
def test_a_backend_that_does_not_answer_says_nothing_and_is_named(slow_s: float, broken: bool, word: str) -> None:
    given = verdict(token("A1"), AuthorizationSettings(mode=Mode.BACKEND), backend=CentralSystem(slow_s=slow_s, broken=broken))
    assert not given.accepted
    assert any(word in reason for reason in given.reasons)


def test_an_answer_is_kept_and_counts_when_the_backend_is_away() -> None:
    async def main() -> list[bool]:
        central, directory = CentralSystem({"A1": GOOD}), MemoryDirectory()
        authorizer = Authorizer(Clock(), rules_for(AuthorizationSettings(mode=Mode.BACKEND), directory, central))
        seen = [(await authorizer.decide(token("A1"))).accepted]
        central.connected = False
        seen.append((await authorizer.decide(token("a1"))).accepted)
        return seen

    assert run_virtual(main()) == [True, True]


def test_an_answer_that_is_too_old_does_not_count() -> None:
    heard = KnownToken(id="A1", status="Accepted", heard=NOW - 2 * HOUR)
    for lifetime_s, accepted in ((3600.0, False), (3 * 3600.0, True), (0.0, True)):
        settings = AuthorizationSettings(mode=Mode.BACKEND, cache_lifetime_s=lifetime_s)
        assert verdict(token("A1"), settings, backend=CentralSystem(connected=False), cached=(heard,)).accepted is accepted


def test_the_memory_keeps_no_more_than_it_may() -> None:
    async def main() -> list[bool]:
        directory = MemoryDirectory(size=2)
        for name in ("A", "B", "A", "C"):
            await directory.remember(KnownToken(id=name, status="Accepted"))
        return [await directory.cached(name) is not None for name in ("A", "B", "C")]

    assert run_virtual(main()) == [True, False, True]


async def test_list_and_cache_of_the_store(tmp_path) -> None:
    clock = Clock()
    async with await Store.open(tmp_path / "station.db") as store:
        await store.write(lambda tx: tx.token_list.replace([KnownToken(id="L1", status="Accepted")], version=1))
        directory = StoreDirectory(store, clock, size=10)
        await directory.remember(KnownToken(id="C1", status="Accepted", parent="FLEET"))
        listed, cached = await directory.listed("l1"), await directory.cached("c1")
        assert (listed.id, cached.parent) == ("L1", "FLEET")
        assert await directory.listed("C1") is None


# -- reservations -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uid", "parent", "connector", "accepted"),
    [("A1", None, 1, True), ("B2", None, 1, False), ("B2", "FLEET", 1, True), ("B2", "OTHER", 1, False), ("B2", None, 2, True)],
)
def test_a_reserved_connector_is_for_its_customer_and_group(uid: str, parent: str | None, connector: int, accepted: bool) -> None:
    async def main() -> Verdict:
        kept = Reservations((1, 2))
        kept.keep(Reservation(number=7, connector=1, token="a1", parent="FLEET", until=NOW + HOUR))
        central = CentralSystem({uid: KnownToken(id=uid, status="Accepted", parent=parent)})
        rules = rules_for(AuthorizationSettings(mode=Mode.BACKEND), MemoryDirectory(), central)
        return await Authorizer(Clock(), rules, reservations=kept).decide(token(uid), connector=connector)

    given = run_virtual(main())
    assert given.accepted is accepted
    assert given.rule == ("backend" if accepted else "reservations")


def test_a_reservation_for_any_connector_bites_when_no_other_is_free() -> None:
    kept = Reservations((1, 2))
    kept.keep(Reservation(number=1, connector=0, token="A1", until=NOW + HOUR))
    request = Request(token=token("B2"), connector=1, at=NOW)
    assert kept.objection(request, None) == ""
    kept.keep(Reservation(number=2, connector=0, token="C3", until=NOW + HOUR))
    assert "reserved" in kept.objection(request, None)


def test_a_reservation_ends_by_time_by_use_and_by_cancelling() -> None:
    kept = Reservations((1,))
    for number in (1, 2, 3):
        kept.keep(Reservation(number=number, connector=1, token=f"T{number}", until=NOW + number * HOUR))
    assert set(kept.valid(NOW + 1.5 * HOUR)) == {2, 3}
    assert kept.used(token("t2"), None, 1, NOW).number == 2
    assert kept.cancel(3)
    assert not kept.cancel(3)
    assert kept.valid(NOW) == {}


# -- plug-ins ---------------------------------------------------------------------------------------------------------------------------


@define
class NightClub:
    """A rule of somebody else."""

    name = "night-club"

    async def judge(self, request: Request) -> Opinion:
        return refuse("not with these shoes") if request.token.id == "SNEAKERS" else accept("welcome")


class GoodPlugin:
    @staticmethod
    @hookimpl
    def cc613_chargepoint_rules():
        return (NightClub(),)


class BadPlugin:
    @staticmethod
    @hookimpl
    def cc613_chargepoint_rules():
        raise RuntimeError("not today")


class WrongPlugin:
    @staticmethod
    @hookimpl
    def cc613_chargepoint_rules():
        return ("no rule at all",)


def test_rules_of_other_packages_are_asked_and_broken_ones_left_out(caplog) -> None:
    rules = rules_of_plugins([GoodPlugin(), BadPlugin(), WrongPlugin()])
    assert [rule.name for rule in rules] == ["night-club"]
    assert "not today" in caplog.text
    assert "which is no rule" in caplog.text
    settings = rules_for(LIST, MemoryDirectory(), None, rules)
    assert [run_virtual(Authorizer(Clock(), settings).decide(token(uid))).accepted for uid in ("SNEAKERS", "BOOTS")] == [False, True]


def test_a_rule_that_breaks_says_nothing_and_is_told(caplog) -> None:
    @define
    class Broken:
        name = "broken"

        async def judge(self, request: Request) -> Opinion:
            raise ZeroDivisionError

    given = run_virtual(Authorizer(Clock(), (Broken(), *rules_for(EVERY, MemoryDirectory(), None))).decide(token("A1")))
    assert given.accepted
    assert given.reasons[0] == "broken could not be asked"
    assert "ZeroDivisionError" in caplog.text


def test_without_a_rule_that_speaks_for_somebody_nobody_charges() -> None:
    assert not run_virtual(Authorizer(Clock()).decide(token("A1"))).accepted


# -- at the station ---------------------------------------------------------------------------------------------------------------------


def play(story: Callable[[SimulatedStation], Awaitable[None]], settings: AuthorizationSettings) -> None:
    async def main() -> None:
        async with simulated_station(settings=StationSettings(authorization=settings)) as made:
            await story(made)

    run_virtual(main())


def test_free_charging_begins_with_the_plug() -> None:
    async def story(made: SimulatedStation) -> None:
        made.plug()
        await made.until_state(State.CHARGING)
        assert made.station.connector.token == Token(id="NOBODY", source=TokenSource.FREE)

    play(story, AuthorizationSettings(mode=Mode.FREE, free_id="NOBODY"))


def test_a_master_card_ends_a_charge_and_begins_none() -> None:
    async def story(made: SimulatedStation) -> None:
        made.plug()
        await made.until_state(State.CONNECTED)
        await made.tap("04000000000001")
        assert made.state is State.CONNECTED
        await made.tap(CARD)
        await made.until_state(State.CHARGING)
        await made.tap("04000000000001")
        await made.until_state(State.FINISHING)
        await made.until(lambda: bool(made.sessions))
        assert made.sessions[0].reason == "ended with a master card"

    play(story, AuthorizationSettings(master_cards=("04000000000001",)))


@pytest.mark.parametrize(("parent", "expected"), [("FLEET", State.FINISHING), ("OTHERS", State.CHARGING)])
def test_whoever_is_of_the_same_group_may_end_the_charge(parent: str, expected: State) -> None:
    async def main() -> None:
        central = CentralSystem(
            {
                CARD: KnownToken(id=CARD, status="Accepted", parent="FLEET"),
                "04FFEEDDCCBBAA": KnownToken(id="04FFEEDDCCBBAA", status="Accepted", parent=parent),
            }
        )
        settings = StationSettings(authorization=AuthorizationSettings(mode=Mode.BACKEND))
        async with simulated_station(settings=settings, backend=central) as made:
            await made.charge()
            await made.tap("04FFEEDDCCBBAA")
            await made.sleep(5.0)
            assert made.state is expected

    run_virtual(main())


def test_a_key_switch_lets_charge_while_it_is_turned() -> None:
    async def story(made: SimulatedStation) -> None:
        key = made.simulation.line("OPTO1").drive()
        made.plug()
        await made.until_state(State.CONNECTED)
        await made.sleep(5.0)
        assert made.state is State.CONNECTED
        key.set(False)  # active low
        await made.until_state(State.CHARGING)
        key.set(True)
        await made.until_state(State.FINISHING)
        assert made.of(Decided)[-1].verdict.token.source is TokenSource.KEY_SWITCH

    play(story, AuthorizationSettings(mode=Mode.LIST, key_switch="input1"))


def test_a_flood_of_presentations_is_bounded(caplog) -> None:
    async def main() -> None:
        settings = StationSettings(authorization=AuthorizationSettings(mode=Mode.BACKEND))
        async with simulated_station(settings=settings, backend=CentralSystem(slow_s=10.0)) as made:
            for number in range(100):
                made.station.customers.present(token(f"T{number}"))
            await made.sleep(1.0)

    run_virtual(main())
    assert "too many wait for their verdict" in caplog.text
