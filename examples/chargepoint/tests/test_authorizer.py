"""Who may charge, and why."""

from __future__ import annotations

import pytest

from cc613_chargepoint.authorization import Authorizer
from cc613_chargepoint.authorization.authorizer import token_of
from cc613hal.clock import Clock, run_virtual
from cc613hal.interfaces import Card, CardTechnology


def card(uid: str, *, random_uid: bool = False) -> Card:
    return Card(uid=uid, technology=CardTechnology.MIFARE_CLASSIC, random_uid=random_uid)


@pytest.mark.parametrize(
    ("uid", "random_uid", "local_list", "accepted", "reason"),
    [
        ("04A1", False, None, True, "every card is accepted by configuration"),
        ("04A1", False, ["04a1"], True, "on the local list"),
        ("04A2", False, ["04A1"], False, "not on the local list"),
        ("08123456", True, None, False, "no identity"),
        ("08123456", True, ["08123456"], False, "no identity"),
        ("04A1", False, [], False, "not on the local list"),
    ],
)
def test_a_verdict_gives_its_reason(uid: str, random_uid: bool, local_list: list[str] | None, accepted: bool, reason: str) -> None:
    verdict = Authorizer(Clock(), local_list).decide(card(uid, random_uid=random_uid))
    assert verdict.accepted is accepted
    assert reason in verdict.reasons[-1]


def test_the_token_says_what_kind_of_card_it_was_and_what_that_proves() -> None:
    token = token_of(card("04A1B2"))
    assert (token.technology, token.security) == ("mifare-classic", "uid")
    assert token.same_as(token_of(card("04a1b2")))


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
