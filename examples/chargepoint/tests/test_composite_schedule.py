"""Smart charging arithmetic: the composite schedule equals one that is counted second by second, in another way."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613_chargepoint.ocpp.smart_charging import (
    Charge,
    Composite,
    Installed,
    Kind,
    Outlet,
    Period,
    Profile,
    ProfileBook,
    Purpose,
    Recurrence,
    Schedule,
    Unit,
    composite,
    divided,
    outlook,
    station_composite,
)

BERLIN = ZoneInfo("Europe/Berlin")
T0 = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
A, W = Unit.AMPERE, Unit.WATT


def schedule(*periods: tuple[int, float], unit: Unit = A, start: datetime | None = T0, duration_s: int | None = None) -> Schedule:
    return Schedule(unit=unit, periods=tuple(Period(start_s=s, limit=limit) for s, limit in periods), start=start, duration_s=duration_s)


def profile(purpose: Purpose, *periods: tuple[int, float], number: int = 1, level: int = 0, **more: object) -> Profile:
    form = {key: more.pop(key) for key in ("unit", "start", "duration_s") if key in more}
    more.setdefault("kind", Kind.ABSOLUTE)
    return Profile(id=number, stack_level=level, purpose=purpose, schedule=schedule(*periods, **form), **more)


def put(*profiles: Profile, on: int = 1) -> ProfileBook:
    book = ProfileBook()
    for each in profiles:
        book = book.with_profile(each, 0 if each.purpose is Purpose.STATION_MAX else on)
    return book


def charging(started: datetime = T0, **more: object) -> Outlet:
    return Outlet(**{"number": 1, "local_a": 32.0, "charge": Charge(started=started, transaction="7"), **more})


def told(answer: Composite) -> list[tuple[int, float]]:
    return [(step.start_s, step.limit) for step in answer.steps]


def ask(
    book: ProfileBook, outlet: Outlet | None = None, *, now: datetime = T0, duration_s: int = 400, unit: Unit = A
) -> list[tuple[int, float]]:
    return told(composite(book, outlet or charging(), now=now, duration_s=duration_s, unit=unit, zone=BERLIN))


# --- the oracle: every second by itself -------------------------------------------------------------------------------------


def _starts(each: Profile, started: int, last: int) -> list[int]:
    if each.kind is Kind.RELATIVE or each.schedule.start is None:
        return [started]
    if each.kind is Kind.ABSOLUTE:
        return [int(each.schedule.start.timestamp())]
    found, local, days = [], each.schedule.start.astimezone(BERLIN), 0
    while True:
        day = local.date() + timedelta(days=days)
        at = int(datetime.combine(day, local.time(), tzinfo=BERLIN).timestamp())
        if at > last:
            return found
        found.append(at)
        days += each.recurrence.value


def _says(each: Profile, starts: Sequence[int], at: int) -> Period | None:
    if each.valid_from is not None and at < each.valid_from.timestamp():
        return None
    if each.valid_to is not None and at >= each.valid_to.timestamp():
        return None
    begun = [start for start in starts if start <= at]
    if not begun:
        return None
    elapsed = at - begun[-1]
    if each.schedule.duration_s is not None and elapsed >= each.schedule.duration_s:
        return None
    return [period for period in each.schedule.periods if period.start_s <= elapsed][-1]


def _amps(each: Profile, period: Period, outlet: Outlet) -> float:
    if each.schedule.unit is A:
        return period.limit
    phases = period.phases or outlet.assumed_phases
    if not outlet.switches_phases and outlet.phases > phases:
        phases = outlet.phases
    return period.limit / (outlet.voltage_v * phases)


def by_the_second(book: Sequence[Installed], outlet: Outlet, now: datetime, duration_s: int, *, falls_back: bool = False) -> list[float]:
    first = int(now.timestamp())
    started = int(outlet.charge.started.timestamp()) if outlet.charge else first
    starts = {id(each.profile): _starts(each.profile, started, first + duration_s) for each in book}
    seconds = []
    for at in range(first, first + duration_s):
        allowed = [outlet.local_a]
        spoken: set[Purpose] = set()
        for purpose in (Purpose.STATION_MAX, Purpose.EXTERNAL, Purpose.TX, Purpose.TX_DEFAULT):
            of = [each for each in book if each.profile.purpose is purpose and each.connector in {0, outlet.number}]
            if purpose is Purpose.TX:
                of = [
                    each
                    for each in of
                    if outlet.charge and each.connector != 0 and each.profile.transaction in {None, outlet.charge.transaction}
                ]
                begun = any(
                    starts[id(each.profile)]
                    and at >= starts[id(each.profile)][0]
                    and (each.profile.valid_from is None or at >= each.profile.valid_from.timestamp())
                    for each in of
                )
            if purpose is Purpose.TX_DEFAULT:
                if begun and (Purpose.TX in spoken or not falls_back):
                    continue
                of = [
                    each
                    for each in of
                    if each.connector != 0
                    or not any(other.connector != 0 and other.profile.stack_level == each.profile.stack_level for other in of)
                ]
            for each in sorted(of, key=lambda each: each.profile.stack_level, reverse=True):
                period = _says(each.profile, starts[id(each.profile)], at)
                if period is not None:
                    allowed.append(_amps(each.profile, period, outlet))
                    spoken.add(purpose)
                    break
        seconds.append(min(allowed))
    return seconds


def spread(answer: Composite) -> list[float]:
    ends = [step.start_s for step in answer.steps[1:]] + [answer.duration_s]
    return [step.limit for step, end in zip(answer.steps, ends, strict=True) for _ in range(step.start_s, end)]


def random_case(dice: random.Random) -> tuple[ProfileBook, Outlet, datetime, int]:
    """Profiles whose edges crowd within a few minutes; recurring ones around the clock changes of Berlin."""
    now = dice.choice(
        [
            datetime(2026, 3, 28, 22, 58, tzinfo=UTC),
            datetime(2026, 3, 29, 0, 59, 30, tzinfo=UTC),  # the hour that is left out
            datetime(2026, 10, 25, 0, 29, 30, tzinfo=UTC),  # the hour that comes twice
            datetime(2026, 12, 31, 22, 59, tzinfo=UTC),
        ]
    ) + timedelta(seconds=dice.randint(0, 30))
    book = ProfileBook()
    for number in range(dice.randint(0, 7)):
        purpose = dice.choice(list(Purpose))
        kind = dice.choice(list(Kind))
        starts = sorted({0, *(dice.randint(1, 120) for _ in range(dice.randint(0, 4)))})
        near = now + timedelta(seconds=dice.randint(-100, 100))
        recurs = dice.choice(list(Recurrence)) if kind is Kind.RECURRING else None
        if recurs is not None:
            back = dice.randint(0, 10) * recurs.value
            local = near.astimezone(BERLIN).replace(tzinfo=None) - timedelta(days=back)
            begin: datetime | None = local.replace(tzinfo=BERLIN).astimezone(UTC)
            if dice.random() < 0.5:  # periods that are cut by the next recurrence
                starts += [86_400 * recurs.value - dice.randint(1, 200), 86_400 * recurs.value + 50]
        else:
            begin = near if dice.random() < 0.8 else None
        unit = dice.choice([A, W])
        valid_from = now + timedelta(seconds=dice.randint(-60, 100)) if dice.random() < 0.3 else None
        each = Profile(
            id=number,
            stack_level=dice.randint(0, 3),
            purpose=purpose,
            kind=kind,
            recurrence=recurs,
            transaction=dice.choice([None, "7", "8"]) if purpose is Purpose.TX else None,
            valid_from=valid_from,
            valid_to=(valid_from or now) + timedelta(seconds=dice.randint(1, 90)) if dice.random() < 0.3 else None,
            schedule=Schedule(
                unit=unit,
                start=begin,
                duration_s=dice.choice([None, dice.randint(0, 150)]),
                periods=tuple(
                    Period(
                        start_s=start,
                        limit=float(dice.randint(0, 40)) if unit is A else dice.randint(0, 200) * 138.0,
                        phases=dice.choice([None, None, 1, 3]),
                    )
                    for start in starts
                ),
            ),
        )
        book = book.with_profile(
            each, 0 if purpose is Purpose.STATION_MAX else dice.choice([1, 1, 2] if purpose is Purpose.TX else [0, 1, 1, 2])
        )
    charge = Charge(started=now - timedelta(seconds=dice.randint(0, 90)), transaction="7") if dice.random() < 0.7 else None
    outlet = Outlet(
        number=1, local_a=dice.choice([16.0, 32.0]), phases=dice.choice([1, 3]), switches_phases=dice.random() < 0.5, charge=charge
    )
    return book, outlet, now, dice.randint(1, 150)


def agrees(book: ProfileBook, outlet: Outlet, now: datetime, duration_s: int) -> bool:
    """The two ways lead to the same limit at every second, by the rules of either version; steps are in order, merged and from 0."""
    return all(_agrees(book, outlet, now, duration_s, falls_back=each) for each in (False, True))


def _agrees(book: ProfileBook, outlet: Outlet, now: datetime, duration_s: int, *, falls_back: bool) -> bool:
    answer = composite(book, outlet, now=now, duration_s=duration_s, unit=A, zone=BERLIN, falls_back=falls_back)
    counted = [round(each, 1) for each in by_the_second(book.installed, outlet, now, duration_s, falls_back=falls_back)]
    steps = answer.steps
    in_order = all(one.start_s < other.start_s and (one.limit, one.phases) != (other.limit, other.phases) for one, other in pairwise(steps))
    return spread(answer) == counted and steps[0].start_s == 0 and in_order


@settings(max_examples=600, deadline=None)
@given(st.randoms(use_true_random=False))
def test_it_is_what_counting_every_second_gives(dice: random.Random) -> None:
    assert agrees(*random_case(dice))


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False))
def test_looking_again_when_told_misses_no_change(dice: random.Random) -> None:
    book, outlet, now, _ = random_case(dice)
    seen = outlook(book, outlet, now=now, zone=BERLIN)
    assert seen.look_again > now
    until = min(200, int((seen.look_again - now).total_seconds()))
    unlimited = Outlet(number=1, local_a=1e6, phases=outlet.phases, switches_phases=outlet.switches_phases, charge=outlet.charge)
    counted = by_the_second(book.installed, unlimited, now, until)
    if outlet.charge is not None:  # without a charge, what is relative begins whenever one asks
        assert counted == pytest.approx([1e6 if seen.current_a is None else seen.current_a] * until)


# --- the cases of the acceptance list, and those that other stations fell over ----------------------------------------------


class TestStacking:
    def test_three_purposes_give_the_lowest_and_equal_neighbours_are_one(self) -> None:
        book = put(
            profile(Purpose.STATION_MAX, (0, 10.0), number=1),
            profile(Purpose.TX_DEFAULT, (0, 6.0), (60, 10.0), (120, 8.0), (180, 15.0), (260, 8.0), number=2, duration_s=300),
            profile(Purpose.TX, (0, 8.0), (50, 11.0), (140, 16.0), (200, 6.0), (240, 12.0), number=3, duration_s=260, transaction="7"),
        )
        assert ask(book) == [(0, 8.0), (50, 10.0), (200, 6.0), (240, 10.0)]

    def test_a_level_that_has_run_out_gives_way_to_the_one_below(self) -> None:
        book = put(
            profile(Purpose.TX_DEFAULT, (0, 6.0), (100, 8.0), (200, 10.0), number=1, level=0),
            profile(Purpose.TX_DEFAULT, (0, 7.0), (100, 9.0), number=2, level=1, duration_s=150),
        )
        assert ask(book) == [(0, 7.0), (100, 9.0), (150, 8.0), (200, 10.0)]

    def test_a_transaction_whose_own_profile_has_run_out_does_not_get_the_default(self) -> None:
        book = put(
            profile(Purpose.TX_DEFAULT, (0, 6.0), number=1),
            profile(Purpose.TX, (0, 20.0), number=2, duration_s=100, transaction="7"),
        )
        assert ask(book) == [(0, 20.0), (100, 32.0)]

    def test_in_the_later_version_it_gets_the_default_again(self) -> None:
        book = put(
            profile(Purpose.TX_DEFAULT, (0, 6.0), number=1),
            profile(Purpose.TX, (0, 20.0), number=2, duration_s=100, transaction="7"),
        )
        answer = composite(book, charging(), now=T0, duration_s=400, unit=A, falls_back=True)
        assert told(answer) == [(0, 20.0), (100, 6.0)]

    def test_until_its_own_profile_begins_a_transaction_has_the_default(self) -> None:
        book = put(
            profile(Purpose.TX_DEFAULT, (0, 6.0), number=1),
            profile(Purpose.TX, (0, 20.0), number=2, transaction="7", valid_from=T0 + timedelta(seconds=30)),
        )
        assert ask(book) == [(0, 6.0), (30, 20.0)]

    def test_a_profile_of_another_transaction_counts_for_nothing(self) -> None:
        assert ask(put(profile(Purpose.TX, (0, 6.0), transaction="8"))) == [(0, 32.0)]

    def test_a_connector_has_its_own_default_at_a_level_and_the_stations_at_the_others(self) -> None:
        book = (
            ProfileBook()
            .with_profile(profile(Purpose.TX_DEFAULT, (0, 6.0), number=1), 0)
            .with_profile(profile(Purpose.TX_DEFAULT, (0, 10.0), number=2), 1)
        )
        assert ask(book) == [(0, 10.0)]
        assert ask(book, charging(number=2)) == [(0, 6.0)]
        higher = book.with_profile(profile(Purpose.TX_DEFAULT, (0, 8.0), number=3, level=1), 0)
        assert ask(higher) == [(0, 8.0)]

    def test_the_limit_of_an_external_system_counts_beside_the_backends(self) -> None:
        book = put(profile(Purpose.TX_DEFAULT, (0, 16.0), number=1), profile(Purpose.EXTERNAL, (0, 20.0), (50, 9.0), number=2), on=0)
        assert ask(book) == [(0, 16.0), (50, 9.0)]

    def test_the_local_limit_is_always_there(self) -> None:
        assert ask(put(profile(Purpose.TX_DEFAULT, (0, 80.0))), charging(local_a=13.0)) == [(0, 13.0)]
        assert ask(ProfileBook(), charging(local_a=13.0)) == [(0, 13.0)]


class TestWhenPeriodsCount:
    def test_a_schedule_that_began_in_the_past_is_in_its_middle(self) -> None:
        book = put(profile(Purpose.TX_DEFAULT, (0, 6.0), (100, 8.0), (200, 10.0)))
        assert ask(book, now=T0 + timedelta(seconds=150)) == [(0, 8.0), (50, 10.0)]

    def test_duration_zero_asks_for_the_limit_now(self) -> None:
        answer = composite(put(profile(Purpose.TX_DEFAULT, (0, 6.0), (1, 9.0))), charging(), now=T0, duration_s=0, unit=A)
        assert (told(answer), answer.duration_s) == ([(0, 6.0)], 0)

    def test_periods_after_the_duration_are_nothing(self) -> None:
        assert ask(put(profile(Purpose.TX_DEFAULT, (0, 6.0), (200, 8.0), duration_s=100))) == [(0, 6.0), (100, 32.0)]

    def test_relative_counts_from_the_start_of_charging_whatever_its_schedule_says(self) -> None:
        book = put(profile(Purpose.TX_DEFAULT, (0, 6.0), (100, 8.0), kind=Kind.RELATIVE, start=T0 + timedelta(days=3)))
        assert ask(book, now=T0 + timedelta(seconds=40)) == [(0, 6.0), (60, 8.0)]

    def test_absolute_without_a_start_counts_from_the_start_of_charging(self) -> None:
        book = put(profile(Purpose.TX_DEFAULT, (0, 6.0), (100, 8.0), start=None))
        assert ask(book, now=T0 + timedelta(seconds=40)) == [(0, 6.0), (60, 8.0)]

    def test_a_start_in_the_future_leaves_the_time_before_to_others(self) -> None:
        book = put(profile(Purpose.TX_DEFAULT, (0, 6.0), start=T0 + timedelta(seconds=60)))
        assert ask(book) == [(0, 32.0), (60, 6.0)]

    def test_validity_cuts_on_both_sides(self) -> None:
        book = put(profile(Purpose.TX_DEFAULT, (0, 6.0), valid_from=T0 + timedelta(seconds=10), valid_to=T0 + timedelta(seconds=90)))
        assert ask(book) == [(0, 32.0), (10, 6.0), (90, 32.0)]

    def test_a_connector_that_rests_shows_what_a_charge_would_get(self) -> None:
        book = put(profile(Purpose.TX_DEFAULT, (0, 6.0), (60, 8.0), kind=Kind.RELATIVE), profile(Purpose.TX, (0, 1.0), number=2))
        assert ask(book, charging(charge=None), now=T0 + timedelta(hours=5)) == [(0, 6.0), (60, 8.0)]

    def test_a_fraction_of_a_second_moves_nothing(self) -> None:
        book = put(profile(Purpose.TX_DEFAULT, (0, 6.0), (100, 8.0), start=T0 + timedelta(milliseconds=400)))
        assert ask(book, now=T0 + timedelta(milliseconds=900)) == [(0, 6.0), (100, 8.0)]


class TestRecurrence:
    def test_every_night_over_midnight(self) -> None:
        start = datetime(2026, 6, 1, 22, 0, tzinfo=BERLIN)
        book = put(
            profile(Purpose.TX_DEFAULT, (0, 10.0), kind=Kind.RECURRING, recurrence=Recurrence.DAILY, start=start, duration_s=8 * 3600)
        )
        late = datetime(2026, 7, 31, 21, 0, tzinfo=BERLIN)  # over the end of a month too
        assert ask(book, now=late, duration_s=86_400) == [(0, 32.0), (3600, 10.0), (9 * 3600, 32.0)]
        assert ask(book, now=late + timedelta(hours=4), duration_s=60) == [(0, 10.0)]

    @pytest.mark.parametrize(
        ("day", "begins_utc"),
        [((3, 28), 6), ((3, 29), 5), ((10, 24), 5), ((10, 25), 6)],
    )
    def test_the_time_on_the_wall_stays_when_the_clocks_change(self, day: tuple[int, int], begins_utc: int) -> None:
        start = datetime(2025, 12, 1, 7, 0, tzinfo=BERLIN)
        book = put(profile(Purpose.TX_DEFAULT, (0, 8.0), kind=Kind.RECURRING, recurrence=Recurrence.DAILY, start=start, duration_s=600))
        begin = datetime(2026, *day, begins_utc, tzinfo=UTC)
        assert ask(book, now=begin - timedelta(seconds=5), duration_s=10) == [(0, 32.0), (5, 8.0)]

    def test_an_hour_that_is_left_out_begins_after_the_change(self) -> None:
        start = datetime(2026, 3, 1, 2, 30, tzinfo=BERLIN)
        book = put(profile(Purpose.TX_DEFAULT, (0, 8.0), kind=Kind.RECURRING, recurrence=Recurrence.DAILY, start=start, duration_s=600))
        assert ask(book, now=datetime(2026, 3, 29, 1, 29, tzinfo=UTC), duration_s=120) == [(0, 32.0), (60, 8.0)]

    def test_every_week_on_its_day(self) -> None:
        start = datetime(2026, 6, 1, 8, 0, tzinfo=BERLIN)  # a Monday
        book = put(profile(Purpose.TX_DEFAULT, (0, 8.0), kind=Kind.RECURRING, recurrence=Recurrence.WEEKLY, start=start, duration_s=3600))
        assert ask(book, now=start + timedelta(days=22), duration_s=60) == [(0, 32.0)]
        assert ask(book, now=start + timedelta(days=21), duration_s=60) == [(0, 8.0)]

    def test_periods_longer_than_the_day_are_cut(self) -> None:
        start = datetime(2026, 6, 1, 0, 0, tzinfo=BERLIN)
        book = put(
            profile(
                Purpose.TX_DEFAULT, (0, 8.0), (82_800, 9.0), (90_000, 10.0), kind=Kind.RECURRING, recurrence=Recurrence.DAILY, start=start
            )
        )
        assert ask(book, now=start + timedelta(days=2, hours=23), duration_s=7200) == [(0, 9.0), (3600, 8.0)]

    def test_before_its_first_start_it_says_nothing(self) -> None:
        start = T0 + timedelta(hours=1)
        book = put(profile(Purpose.TX_DEFAULT, (0, 8.0), kind=Kind.RECURRING, recurrence=Recurrence.DAILY, start=start))
        assert ask(book, duration_s=3700) == [(0, 32.0), (3600, 8.0)]


class TestUnits:
    def test_watts_come_back_as_they_were_given(self) -> None:
        book = put(profile(Purpose.TX_DEFAULT, (0, 6000.0), (60, 11_040.0), unit=W))
        assert ask(book, unit=W) == [(0, 6000.0), (60, 11_040.0)]
        assert ask(book) == [(0, 8.7), (60, 16.0)]

    def test_amperes_are_told_in_watts_over_the_phases_in_use(self) -> None:
        book = put(profile(Purpose.TX_DEFAULT, (0, 10.0)))
        assert ask(book, unit=W) == [(0, 6900.0)]
        assert ask(book, charging(phases=1), unit=W) == [(0, 2300.0)]

    def test_more_phases_in_the_profile_than_in_use_leave_the_limit_per_phase(self) -> None:
        assert ask(put(profile(Purpose.TX_DEFAULT, (0, 6900.0), unit=W)), charging(phases=1)) == [(0, 10.0)]
        assert ask(put(profile(Purpose.TX_DEFAULT, (0, 2300.0), unit=W)), charging(phases=1, assumed_phases=1)) == [(0, 10.0)]

    def test_watts_for_one_phase_stay_the_sum_where_three_cannot_be_left(self) -> None:
        one_phase = Schedule(unit=W, periods=(Period(start_s=0, limit=2760.0, phases=1),), start=T0)
        book = ProfileBook().with_profile(
            Profile(id=1, stack_level=0, purpose=Purpose.TX_DEFAULT, kind=Kind.ABSOLUTE, schedule=one_phase), 1
        )
        assert ask(book) == [(0, 4.0)]
        answer = composite(book, charging(switches_phases=True), now=T0, duration_s=1, unit=A)
        assert (answer.steps[0].limit, answer.steps[0].phases) == (12.0, 1)

    def test_one_limit_in_amperes_another_in_watts(self) -> None:
        book = put(profile(Purpose.STATION_MAX, (0, 6900.0), number=1, unit=W), profile(Purpose.TX_DEFAULT, (0, 16.0), (60, 8.0), number=2))
        assert ask(book) == [(0, 10.0), (60, 8.0)]

    def test_a_lower_limit_keeps_the_phases_that_another_purpose_asks_for(self) -> None:
        one = Schedule(unit=A, periods=(Period(start_s=0, limit=20.0, phases=1),), start=T0)
        book = put(profile(Purpose.TX_DEFAULT, (0, 10.0), number=1)).with_profile(
            Profile(id=2, stack_level=0, purpose=Purpose.STATION_MAX, kind=Kind.ABSOLUTE, schedule=one), 0
        )
        (step,) = composite(book, charging(switches_phases=True), now=T0, duration_s=1, unit=W).steps
        assert (step.limit, step.phases, step.profile, step.purpose) == (2300.0, 1, 1, Purpose.TX_DEFAULT)


class TestStation:
    OUTLETS = (charging(local_a=32.0), charging(number=2, local_a=32.0, charge=None))

    def ask(self, book: ProfileBook, local_a: float = 63.0) -> list[tuple[int, float]]:
        return told(station_composite(book, self.OUTLETS, local_a=local_a, now=T0, duration_s=400, unit=A))

    def test_it_is_the_sum_of_its_connectors_below_every_limit_of_its_own(self) -> None:
        book = put(profile(Purpose.TX, (0, 10.0), (100, 20.0), number=1, transaction="7"))
        assert self.ask(book) == [(0, 42.0), (100, 52.0)]
        assert self.ask(book, local_a=50.0) == [(0, 42.0), (100, 50.0)]
        assert self.ask(book.with_profile(profile(Purpose.STATION_MAX, (0, 45.0), (200, 12.0), number=2), 0)) == [
            (0, 34.0 + 8.0),
            (100, 45.0),
            (200, 12.0),
        ]

    def test_a_station_without_connectors_is_none(self) -> None:
        with pytest.raises(ValueError, match="at least one"):
            station_composite((), (), local_a=1.0, now=T0, duration_s=1, unit=A)


class TestOutlook:
    def test_it_names_who_limits_and_when_that_ends(self) -> None:
        book = put(profile(Purpose.TX_DEFAULT, (0, 8.0), (60, 10.0), number=4, duration_s=90))
        seen = outlook(book, charging(), now=T0)
        assert (seen.current_a, seen.profile, seen.purpose) == (8.0, 4, Purpose.TX_DEFAULT)
        assert seen.look_again == T0 + timedelta(seconds=60)
        assert outlook(book, charging(), now=T0 + timedelta(seconds=60)).look_again == T0 + timedelta(seconds=90)
        assert outlook(book, charging(), now=T0 + timedelta(seconds=90)).current_a is None

    def test_without_profiles_there_is_nothing_to_wait_for_but_a_week(self) -> None:
        seen = outlook(ProfileBook(), charging(), now=T0)
        assert seen.current_a is None
        assert seen.look_again == T0 + timedelta(days=8)


class TestDivision:
    def test_nobody_gets_less_than_can_be_offered(self) -> None:
        assert divided(20.0, [16.0, 16.0, 16.0, 16.0]) == (
            pytest.approx(6 + 2 / 3),
            pytest.approx(6 + 2 / 3),
            pytest.approx(6 + 2 / 3),
            0.0,
        )
        assert divided(5.9, [16.0]) == (0.0,)
        assert divided(40.0, [10.0, 5.0, 32.0]) == (10.0, 0.0, pytest.approx(30.0))

    @given(st.floats(0, 200), st.lists(st.floats(0, 80), max_size=6))
    def test_the_sum_is_never_more_than_there_is(self, total_a: float, wanted_a: list[float]) -> None:
        shares = divided(total_a, wanted_a)
        assert sum(shares) <= total_a + 1e-6
        assert all(share == 0.0 or 6.0 <= share <= wanted + 1e-9 for share, wanted in zip(shares, wanted_a, strict=True))


@pytest.mark.parametrize("wrong", [{"local_a": -1.0}, {"local_a": float("nan")}, {"voltage_v": 0.0}, {"phases": 4}, {"assumed_phases": 0}])
def test_a_connector_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"makes no sense|1, 2 or 3"):
        charging(**wrong)


def test_a_duration_that_cannot_be_is_refused_and_a_huge_one_cut() -> None:
    with pytest.raises(ValueError, match="makes no sense"):
        ask(ProfileBook(), duration_s=-1)
    book = put(profile(Purpose.TX_DEFAULT, (0, 8.0), kind=Kind.RECURRING, recurrence=Recurrence.DAILY, duration_s=3600))
    answer = composite(book, charging(), now=T0, duration_s=2**31 - 1, unit=A)
    assert answer.duration_s == 31 * 86_400
    assert len(answer.steps) == 62
