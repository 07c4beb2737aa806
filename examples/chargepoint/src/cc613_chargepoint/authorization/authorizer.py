"""The authorizer: a local list, or everybody. Repeated reads of the same card are one."""

from __future__ import annotations

from collections.abc import Collection

from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.domain.verdict import Verdict
from cc613hal.clock import Clock
from cc613hal.interfaces import Card

__all__ = ["Authorizer", "token_of"]


def token_of(card: Card) -> Token:
    """The token a card stands for."""
    return Token(id=card.uid, source=TokenSource.CARD, technology=card.technology.value, security=card.security.value)


class Authorizer:
    """Decides who may charge.

    Args:
        clock: the station's clock.
        accepted: identifiers that may charge, in any case; ``None`` accepts every card that has an identity.
        repeat_s: a card presented again within this time is the same presentation.
    """

    def __init__(self, clock: Clock, accepted: Collection[str] | None = None, *, repeat_s: float = 3.0) -> None:
        self._clock = clock
        self.accept_only(accepted)
        self._repeat_s = repeat_s
        self._last: tuple[str, float] | None = None

    def accept_only(self, accepted: Collection[str] | None) -> None:
        """From now on these identifiers may charge; ``None`` for every card that has an identity."""
        self._accepted = None if accepted is None else {identifier.casefold() for identifier in accepted}

    def is_repeat(self, token: Token) -> bool:
        """Whether this is still the last presentation; remembers the token."""
        now_s = self._clock.monotonic_s()
        previous, self._last = self._last, (token.id, now_s)
        return previous is not None and previous[0] == token.id and now_s - previous[1] < self._repeat_s

    def decide(self, card: Card) -> Verdict:
        """The verdict on a card, with every rule that spoke."""
        token = token_of(card)
        if card.random_uid:
            return Verdict(token=token, accepted=False, reasons=("its identifier is random and changes with every read: no identity",))
        if self._accepted is None:
            return Verdict(token=token, accepted=True, reasons=("every card is accepted by configuration",))
        if token.id.casefold() in self._accepted:
            return Verdict(token=token, accepted=True, reasons=("on the local list",))
        return Verdict(token=token, accepted=False, reasons=("not on the local list",))
