"""A rule of the authorizer: one thing that may be said for or against a customer."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613_chargepoint.domain.token import Token

__all__ = ["Answer", "Opinion", "Request", "Rule", "accept", "nothing", "refuse"]


class Answer(enum.Enum):
    """What a rule says."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    NOTHING = "nothing"
    """The rule does not know; the next one is asked."""


@frozen(kw_only=True)
class Request:
    """Somebody wants to charge.

    Attributes:
        token: who.
        connector: where; 0 where it is not known yet.
        at: when, UTC.
        random: the card's identifier changes with every read.
    """

    token: Token
    connector: int
    at: datetime
    random: bool = False


@frozen(kw_only=True)
class Opinion:
    """What a rule says of a request.

    Attributes:
        answer: for, against, or nothing.
        reason: why, in words for the log and the operator; empty where the rule has nothing to do with the request.
        parent: identifier of the token's group, where the rule knows it.
        master: the token may end every charge, and begin none.
    """

    answer: Answer
    reason: str
    parent: str | None = None
    master: bool = False


def accept(reason: str, *, parent: str | None = None, master: bool = False) -> Opinion:
    """An opinion in favour."""
    return Opinion(answer=Answer.ACCEPT, reason=reason, parent=parent, master=master)


def refuse(reason: str, *, parent: str | None = None) -> Opinion:
    """An opinion against."""
    return Opinion(answer=Answer.REFUSE, reason=reason, parent=parent)


def nothing(reason: str = "") -> Opinion:
    """No opinion; a reason says what was looked at in vain."""
    return Opinion(answer=Answer.NOTHING, reason=reason)


@runtime_checkable
class Rule(Protocol):
    """One rule. Packages may bring their own, see :mod:`cc613_chargepoint.authorization.plugins`."""

    @property
    def name(self) -> str:
        """A stable word for settings and records."""
        ...

    async def judge(self, request: Request) -> Opinion:
        """What it says; a rule that raises says nothing, and that is recorded."""
        ...
