"""Looks at the field and the events they make: one table of stories for all readers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.clock import Clock
from cc613hal.interfaces import CardSecurity, CardTechnology, RefusalReason
from cc613hal_rfid.presentation import Presentations, RandomUid, ReaderOptions, SeenCard, Several

LOOK_S = 0.25


class Hand(Clock):
    """A clock that is moved by hand."""

    now_s = 0.0

    def monotonic_s(self):
        return self.now_s


def seen(uid: str, technology=CardTechnology.MIFARE_CLASSIC) -> SeenCard:
    return SeenCard(uid=bytes.fromhex(uid), technology=technology)


A, B, C = "A1A1A1A1", "B2B2B2B2", "C3C3C3C3"
RANDOM = "08000001"


def story(looks: list[str], **options) -> list[str]:
    """Play looks (uids separated by blanks), LOOK_S apart; returns ``+uid``, ``-uid`` and ``!reason``."""
    clock = Hand()
    field = Presentations("reader", clock, ReaderOptions(**options))
    told: list[str] = []
    field.cards.on(lambda event: told.append(f"{'+' if event.present else '-'}{event.card.uid[:2]}"))
    field.refusals.on(lambda refusal: told.append(f"!{refusal.reason.value}"))
    for look in looks:
        field.look([seen(uid) for uid in look.split()])
        clock.now_s += LOOK_S
    return told


def gone(count: int = 5) -> list[str]:
    return [""] * count


@pytest.mark.parametrize(
    ("looks", "options", "told"),
    [
        ([A, A, A], {}, ["+A1"]),
        ([A, *gone()], {}, ["+A1", "-A1"]),
        ([A, "", A, "", "", A], {}, ["+A1"]),  # a wobble shorter than away_s
        ([A, *gone(), A], {}, ["+A1", "-A1", "+A1"]),
        ([A, "", A], {"away_s": 0.0}, ["+A1", "-A1", "+A1"]),
        ([f"{A} {B}", B, *gone()], {}, ["+A1", "+B2", "-A1", "-B2"]),
        ([A, "", A, ""], {"confirm": 2}, []),  # never twice in a row
        ([A, A, A], {"confirm": 2}, ["+A1"]),
        ([f"{A} {B}", f"{A} {B}"], {"several": Several.FIRST}, ["+A1"]),
        ([A, f"{A} {B}", B, B, *gone()], {"several": Several.FIRST}, ["+A1", "-A1"]),
        ([f"{A} {B}", *gone(), B], {"several": Several.FIRST}, ["+A1", "-A1", "+B2"]),
        ([f"{A} {B}", f"{A} {B}"], {"several": Several.REFUSE}, ["!several-cards"]),
        ([f"{A} {B}", A, A, A, A, A, A, A], {"several": Several.REFUSE}, ["!several-cards"]),  # all must go first
        ([f"{A} {B}", *gone(), A], {"several": Several.REFUSE}, ["!several-cards", "+A1"]),
        ([A, f"{A} {B}", A, *gone()], {"several": Several.REFUSE}, ["+A1", "!several-cards", "-A1"]),
        ([RANDOM, "08000002", "08000003"], {}, ["+08"]),  # a new number each time and still one card
        ([RANDOM, "08000002", *gone()], {"random_uid": RandomUid.REFUSE}, ["!random-uid"]),
        ([RANDOM, *gone(), RANDOM], {"random_uid": RandomUid.REFUSE}, ["!random-uid", "!random-uid"]),
        ([f"{RANDOM} {A}"], {"random_uid": RandomUid.REFUSE}, ["!random-uid", "+A1"]),
    ],
)
def test_stories(looks, options, told):
    assert story(looks, **options) == told


def test_every_event_says_what_the_read_proves():
    field = Presentations("reader", Hand(), ReaderOptions())
    events = []
    field.cards.on(events.append)
    field.look([seen(A), seen("04A1B2C3D4E5F6", CardTechnology.ISO_DEP)])
    assert [(event.card.technology, event.card.security) for event in events] == [
        (CardTechnology.MIFARE_CLASSIC, CardSecurity.UID),
        (CardTechnology.ISO_DEP, CardSecurity.UID),
    ]
    assert events[0].card.raw_uid == bytes.fromhex(A)
    assert events[0].source == "reader"


def test_a_refusal_says_why_in_words():
    field = Presentations("reader", Hand(), ReaderOptions(several=Several.REFUSE))
    refusals = []
    field.refusals.on(refusals.append)
    field.look([seen(A), seen(B), seen(C)])
    (refusal,) = refusals
    assert (refusal.reason, refusal.source) == (RefusalReason.SEVERAL_CARDS, "reader")
    assert "hold one" in refusal.detail


@pytest.mark.parametrize(
    ("options", "uids"),
    [
        ({}, [A, RANDOM]),
        ({"several": Several.FIRST}, [A]),
        ({"several": Several.REFUSE}, []),
        ({"random_uid": RandomUid.REFUSE}, [A]),
    ],
)
def test_a_single_look_obeys_the_same_options(options, uids):
    field = Presentations("reader", Hand(), ReaderOptions(**options))
    assert [card.uid for card in field.admitted([seen(A), seen(RANDOM)])] == uids


@given(
    st.lists(st.sets(st.sampled_from([A, B, C, RANDOM]), max_size=3), max_size=40),
    st.sampled_from(Several),
    st.sampled_from(RandomUid),
    st.integers(1, 3),
)
@settings(max_examples=150, deadline=None)
def test_who_went_had_come_and_nobody_comes_twice(looks, several, random_uid, confirm):
    told = story([" ".join(sorted(look)) for look in looks] + gone(), several=several, random_uid=random_uid, confirm=confirm)
    there: set[str] = set()
    for word in told:
        if word[0] == "+":
            assert word[1:] not in there
            there.add(word[1:])
        elif word[0] == "-":
            there.remove(word[1:])
        assert several is Several.ALL or len(there) <= 1
    assert not there
