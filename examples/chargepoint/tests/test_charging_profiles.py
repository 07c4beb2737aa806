"""Charging profiles: why one is refused, what replaces what, what is cleared, and that a restart forgets nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest

from cc613_chargepoint.ocpp.smart_charging import (
    Criteria,
    Kind,
    Objection,
    Period,
    Profile,
    ProfileBook,
    ProfileKeeper,
    Purpose,
    Recurrence,
    Rules,
    Schedule,
    Unit,
    refusal,
    refusal_at_start,
)
from cc613_chargepoint.store import Store

T0 = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SCHEDULE = Schedule(unit=Unit.AMPERE, periods=(Period(start_s=0, limit=10.0), Period(start_s=60, limit=8.0)), start=T0)
DEFAULT = Profile(id=1, stack_level=0, purpose=Purpose.TX_DEFAULT, kind=Kind.ABSOLUTE, schedule=SCHEDULE)
TX = attrs.evolve(DEFAULT, purpose=Purpose.TX, transaction="7")
MAX = attrs.evolve(DEFAULT, purpose=Purpose.STATION_MAX)
RECURRING = attrs.evolve(DEFAULT, kind=Kind.RECURRING, recurrence=Recurrence.DAILY)
RUNNING = {1: "7", 2: None, 3: ""}
"""Connector 1 charges, 2 rests, 3 charges and the backend has not named its transaction yet."""


def limits(**changes: object) -> Profile:
    return attrs.evolve(DEFAULT, schedule=attrs.evolve(SCHEDULE, **changes))


def periods(*starts: int, limit: float = 10.0, phases: int | None = None) -> Profile:
    return limits(periods=tuple(Period(start_s=start, limit=limit, phases=phases) for start in starts))


TAKEN = [
    (DEFAULT, 0),
    (DEFAULT, 2),
    (MAX, 0),
    (attrs.evolve(MAX, kind=Kind.RELATIVE), 0),
    (TX, 1),
    (attrs.evolve(TX, transaction=None), 1),
    (attrs.evolve(TX, transaction=None), 3),
    (attrs.evolve(TX, valid_from=T0, valid_to=T0 + timedelta(hours=1)), 1),
    (RECURRING, 1),
    (limits(start=None), 0),
    (periods(0, limit=0.0), 0),
]

REFUSED = [
    (DEFAULT, 4, "no connector 4"),
    (MAX, 1, "connector 0 only"),
    (TX, 0, "needs the connector"),
    (TX, 2, "no transaction runs on connector 2"),
    (TX, 3, "transaction 7 does not run"),
    (attrs.evolve(TX, transaction="8"), 1, "transaction 8 does not run"),
    (attrs.evolve(DEFAULT, transaction="7"), 1, "only a profile of a transaction"),
    (attrs.evolve(DEFAULT, purpose=Purpose.EXTERNAL), 0, "external system"),
    (attrs.evolve(DEFAULT, stack_level=5), 0, "stack level 5"),
    (attrs.evolve(DEFAULT, stack_level=-1), 0, "stack level -1"),
    (limits(unit=Unit.WATT), 0, "limits in W"),
    (attrs.evolve(DEFAULT, kind=Kind.RECURRING), 0, "how often"),
    (attrs.evolve(RECURRING, schedule=attrs.evolve(SCHEDULE, start=None)), 0, "needs the start"),
    (attrs.evolve(DEFAULT, recurrence=Recurrence.WEEKLY), 0, "absolute cannot recur"),
    (attrs.evolve(DEFAULT, kind=Kind.RELATIVE, recurrence=Recurrence.DAILY), 0, "relative cannot recur"),
    (attrs.evolve(DEFAULT, valid_from=T0, valid_to=T0), 0, "ends before"),
    (periods(), 0, "needs a period"),
    (periods(0, 1, 2, 3), 0, "more than 3"),
    (periods(5), 0, "must start at 0"),
    (periods(0, 9, 9), 0, "after the one before"),
    (periods(0, limit=-1.0), 0, "not be negative"),
    (periods(0, limit=float("nan")), 0, "not be negative"),
    (periods(0, phases=4), 0, "phases"),
    (limits(duration_s=-1), 0, "duration"),
]

STRICT = Rules(max_stack_level=4, max_periods=3, max_profiles=2, units=frozenset({Unit.AMPERE}))


@pytest.mark.parametrize(("profile", "connector"), TAKEN)
def test_what_is_right_is_taken(profile: Profile, connector: int) -> None:
    assert refusal(profile, connector, rules=STRICT, running=RUNNING) is None


@pytest.mark.parametrize(("profile", "connector", "why"), REFUSED)
def test_what_is_wrong_is_refused_in_words(profile: Profile, connector: int, why: str) -> None:
    assert why in str(refusal(profile, connector, rules=STRICT, running=RUNNING))


def test_what_comes_with_a_remote_start_is_for_a_transaction_that_has_no_name() -> None:
    assert refusal_at_start(attrs.evolve(TX, transaction=None), rules=STRICT) is None
    assert "must be one of the transaction" in str(refusal_at_start(DEFAULT, rules=STRICT))
    assert "there is none yet" in str(refusal_at_start(TX, rules=STRICT))
    assert "needs a period" in str(refusal_at_start(attrs.evolve(periods(), purpose=Purpose.TX), rules=STRICT))


def test_the_limit_of_profiles_counts_what_will_be_left() -> None:
    book = ProfileBook().with_profile(DEFAULT, 0).with_profile(attrs.evolve(DEFAULT, id=2), 1)
    third = attrs.evolve(DEFAULT, id=3)
    assert "more do not fit" in str(refusal(third, 2, rules=STRICT, running=RUNNING, installed=book))
    assert refusal(third, 1, rules=STRICT, running=RUNNING, installed=book) is None  # it takes the place of the second
    assert refusal(attrs.evolve(DEFAULT, id=2), 2, rules=STRICT, running=RUNNING, installed=book) is None


def test_the_later_version_is_stricter() -> None:
    later = Rules().later()
    nameless = attrs.evolve(TX, transaction=None)
    assert "must name it" in str(refusal(nameless, 1, rules=later, running=RUNNING))
    assert "start of a charge" in str(refusal(attrs.evolve(MAX, kind=Kind.RELATIVE), 0, rules=later, running=RUNNING))
    assert "needs a start" in str(refusal(limits(start=None), 0, rules=later, running=RUNNING))
    assert "has no start" in str(refusal(attrs.evolve(DEFAULT, kind=Kind.RELATIVE), 0, rules=later, running=RUNNING))
    assert refusal(attrs.evolve(limits(start=None), kind=Kind.RELATIVE), 0, rules=later, running=RUNNING) is None
    book = ProfileBook().with_profile(attrs.evolve(DEFAULT, valid_to=T0), 0, by_level=False)
    other = attrs.evolve(DEFAULT, id=2)
    assert "profile 1 holds level 0" in str(refusal(other, 0, rules=later, running=RUNNING, installed=book))
    assert "profile 1 holds level 0" in str(refusal(other, 1, rules=later, running=RUNNING, installed=book))
    on_one = ProfileBook().with_profile(DEFAULT, 1, by_level=False)
    assert "profile 1 holds level 0" in str(refusal(other, 0, rules=later, running=RUNNING, installed=on_one))
    assert refusal(other, 2, rules=later, running=RUNNING, installed=on_one) is None
    assert refusal(attrs.evolve(other, stack_level=1), 0, rules=later, running=RUNNING, installed=on_one) is None
    after = attrs.evolve(other, valid_from=T0)
    assert refusal(after, 0, rules=later, running=RUNNING, installed=book) is None
    assert len(book.with_profile(after, 0, by_level=False)) == 2


def test_a_refusal_says_of_what_kind_it_is() -> None:
    later = attrs.evolve(STRICT.later(), units=frozenset(Unit))
    kinds = {
        Objection.CONNECTOR: (DEFAULT, 4),
        Objection.TRANSACTION: (TX, 2),
        Objection.PARAMETER: (attrs.evolve(TX, transaction=None), 1),
        Objection.LEVEL: (attrs.evolve(DEFAULT, stack_level=5), 0),
        Objection.SCHEDULE: (periods(5), 0),
        Objection.LENGTH: (periods(0, 1, 2, 3), 0),
        Objection.PHASE: (limits(periods=(Period(start_s=0, limit=6.0, phases=1, phase=2),)), 0),
    }
    for kind, (profile, connector) in kinds.items():
        found = refusal(profile, connector, rules=later, running=RUNNING)
        assert found is not None
        assert found.kind is kind
    assert refusal(limits(periods=(Period(start_s=0, limit=6.0, phases=1, phase=2),)), 0, rules=STRICT, running=RUNNING) is None


def test_what_is_over_holds_no_place_and_an_external_limit_keeps_its_own() -> None:
    later, other = Rules().later(), attrs.evolve(DEFAULT, id=2)
    book = ProfileBook().with_profile(attrs.evolve(DEFAULT, valid_to=T0), 1, by_level=False)
    before = T0 - timedelta(seconds=1)
    assert refusal(other, 1, rules=later, running=RUNNING, installed=book, now=T0) is None
    assert "holds level" in str(refusal(other, 1, rules=later, running=RUNNING, installed=book, now=before))
    held = ProfileBook().with_profile(attrs.evolve(DEFAULT, id=9, purpose=Purpose.EXTERNAL), 0)
    for rules in (Rules(), later):
        assert "external system" in str(refusal(attrs.evolve(DEFAULT, id=9), 0, rules=rules, running=RUNNING, installed=held))


class TestBook:
    def test_the_same_id_replaces_wherever_it_is(self) -> None:
        book = ProfileBook().with_profile(DEFAULT, 0).with_profile(attrs.evolve(DEFAULT, stack_level=3), 1)
        assert [(each.connector, each.profile.stack_level) for each in book] == [(1, 3)]

    def test_the_same_purpose_level_and_connector_replace_even_what_is_valid_only_later(self) -> None:
        later = attrs.evolve(DEFAULT, id=2, valid_from=T0 + timedelta(days=9))
        assert [each.profile.id for each in ProfileBook().with_profile(DEFAULT, 1).with_profile(later, 1)] == [2]
        assert len(ProfileBook().with_profile(DEFAULT, 1).with_profile(later, 2)) == 2
        assert len(ProfileBook().with_profile(DEFAULT, 0).with_profile(attrs.evolve(MAX, id=2), 0)) == 2

    @pytest.mark.parametrize(
        ("criteria", "ids"),
        [
            (Criteria(), {1, 2, 3, 4}),
            (Criteria(id=3), {3}),
            (Criteria(id=3, connector=1, stack_level=9), {3}),
            (Criteria(connector=0), {1, 2}),
            (Criteria(purpose=Purpose.TX_DEFAULT), {2, 3}),
            (Criteria(purpose=Purpose.TX_DEFAULT, connector=1), {3}),
            (Criteria(stack_level=2, purpose=Purpose.STATION_MAX), set()),
            (Criteria(stack_level=2), {3, 4}),
            (Criteria(id=9), set()),
        ],
    )
    def test_an_id_is_enough_and_other_criteria_must_all_fit(self, criteria: Criteria, ids: set[int]) -> None:
        book = (
            ProfileBook()
            .with_profile(MAX, 0)
            .with_profile(attrs.evolve(DEFAULT, id=2), 0)
            .with_profile(attrs.evolve(DEFAULT, id=3, stack_level=2), 1)
            .with_profile(attrs.evolve(TX, id=4, stack_level=2), 2)
        )
        assert {each.profile.id for each in book.select(criteria)} == ids
        assert {each.profile.id for each in book.without(book.select(criteria))} == {1, 2, 3, 4} - ids


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(tmp_path / "station.db") as opened:
        yield opened


class TestKeeper:
    async def test_everything_of_a_profile_survives_a_restart(self, store: Store) -> None:
        full = Profile(
            id=12, stack_level=3, purpose=Purpose.TX_DEFAULT, kind=Kind.RECURRING, recurrence=Recurrence.WEEKLY,
            valid_from=T0, valid_to=T0 + timedelta(days=30, microseconds=5),
            schedule=Schedule(
                unit=Unit.WATT, periods=(Period(start_s=0, limit=4140.5, phases=1),), start=T0, duration_s=86_400, min_rate=1380.0
            ),
        )  # fmt: skip
        keeper = await ProfileKeeper.load(store)
        assert await keeper.install(full, 2, running=RUNNING) is None
        assert await keeper.install(MAX, 0, running=RUNNING) is None
        again = await ProfileKeeper.load(store)
        assert again.book == keeper.book
        assert [(each.connector, each.profile) for each in again.book] == [(2, full), (0, MAX)]

    async def test_what_was_refused_replaced_or_cleared_is_not_there_after_a_restart(self, store: Store) -> None:
        keeper = await ProfileKeeper.load(store, STRICT)
        assert "limits in W" in str(await keeper.install(limits(unit=Unit.WATT), 0, running=RUNNING))
        assert await keeper.install(DEFAULT, 0, running=RUNNING) is None
        assert await keeper.install(attrs.evolve(DEFAULT, id=2), 0, running=RUNNING) is None
        assert await keeper.install(attrs.evolve(MAX, id=3), 0, running=RUNNING) is None
        assert await keeper.clear(Criteria(purpose=Purpose.STATION_MAX)) == 1
        assert await keeper.clear(Criteria(id=99)) == 0
        assert [each.profile.id for each in (await ProfileKeeper.load(store)).book] == [2]

    async def test_profiles_of_a_transaction_end_with_it(self, store: Store) -> None:
        keeper = await ProfileKeeper.load(store)
        await keeper.install(DEFAULT, 1, running=RUNNING)
        await keeper.install(attrs.evolve(TX, id=2), 1, running=RUNNING)
        assert await keeper.install_at_start(attrs.evolve(TX, id=3, transaction=None), 2) is None
        assert "must be one of the transaction" in str(await keeper.install_at_start(DEFAULT, 2))
        assert await keeper.end_transaction(1) == 1
        assert await keeper.end_transaction(1) == 0
        assert {each.profile.id for each in (await ProfileKeeper.load(store)).book} == {1, 3}

    async def test_the_backend_cannot_clear_the_limit_of_an_external_system(self, store: Store) -> None:
        keeper = await ProfileKeeper.load(store)
        grid = attrs.evolve(DEFAULT, id=-1, purpose=Purpose.EXTERNAL)
        await keeper.constrain(grid)
        assert await keeper.clear(Criteria()) == 0
        assert await keeper.lift(-1)
        assert not await keeper.lift(-1)
        with pytest.raises(ValueError, match="external"):
            await keeper.constrain(DEFAULT)

    async def test_a_profile_that_cannot_be_read_is_told_and_left_out(self, store: Store, caplog: pytest.LogCaptureFixture) -> None:
        keeper = await ProfileKeeper.load(store)
        await keeper.install(DEFAULT, 0, running=RUNNING)
        await keeper.install(attrs.evolve(MAX, id=2), 0, running=RUNNING)
        await store.write(lambda tx: tx.execute("UPDATE charging_profile SET body = '{}' WHERE id = 1"))
        assert [each.profile.id for each in (await ProfileKeeper.load(store)).book] == [2]
        assert "charging profile 1 of connector 0 cannot be read" in caplog.text
