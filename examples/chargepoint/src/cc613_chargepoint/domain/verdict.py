"""The answer to "may this customer charge?"."""

from __future__ import annotations

from attrs import frozen

from cc613_chargepoint.domain.token import Token

__all__ = ["Verdict"]


@frozen(kw_only=True)
class Verdict:
    """An authorisation decision with its reasons.

    Attributes:
        token: who asked.
        accepted: the answer.
        reasons: every rule that spoke, in order; the last one decided.
        rule: the name of the rule that decided.
        parent: identifier of the token's group; whoever is of the same group may end the charge.
        master: may end every charge, and begin none.
    """

    token: Token
    accepted: bool
    reasons: tuple[str, ...]
    rule: str = ""
    parent: str | None = None
    master: bool = False
