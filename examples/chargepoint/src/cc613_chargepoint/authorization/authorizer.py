"""The authorizer: asks its rules in order until one decides. Repeated reads of the same card are one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from cc613_chargepoint.authorization.rule import Answer, Opinion, Request, Rule, nothing
from cc613_chargepoint.authorization.rules import BackendRule, Identity, Reservation, Reservations
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.domain.verdict import Verdict
from cc613hal.clock import Clock
from cc613hal.interfaces import Card

__all__ = ["PATIENCE_S", "Authorizer", "token_of"]

_log = logging.getLogger(__name__)
PATIENCE_S = 20.0
"""A rule that has not answered by then says nothing, s: customers wait behind it."""
_SECURE = {"authenticated", "certified"}


def token_of(card: Card) -> Token:
    """The token a card stands for."""
    source = TokenSource.SECURE_CARD if card.security.value in _SECURE else TokenSource.CARD
    return Token(id=card.uid, source=source, technology=card.technology.value, security=card.security.value)


class Authorizer:
    """Decides who may charge. Nobody is accepted by default: a request that no rule speaks for is refused.

    Args:
        clock: the station's clock.
        rules: in the order in which they are asked; whoever has no identity is refused before.
        reservations: speak last, against whoever another rule accepted.
        repeat_s: a card presented again within this time is the same presentation.
    """

    def __init__(
        self, clock: Clock, rules: Sequence[Rule] = (), *, reservations: Reservations | None = None, repeat_s: float = 3.0
    ) -> None:
        self._clock = clock
        self.repeat_s = repeat_s
        self._last: tuple[str, float] | None = None
        self.reservations = reservations or Reservations()
        self.rules: Sequence[Rule] = tuple(rules)

    def is_repeat(self, token: Token) -> bool:
        """Whether this is still the last presentation; remembers the token."""
        now_s = self._clock.monotonic_s()
        previous, self._last = self._last, (token.id, now_s)
        return previous is not None and previous[0] == token.id and now_s - previous[1] < self.repeat_s

    async def decide(self, token: Token, *, connector: int = 0, random: bool = False) -> Verdict:
        """The verdict on a token, with every rule that spoke.

        Args:
            token: who asks.
            connector: where; 0 where it is not known yet.
            random: the card's identifier changes with every read.
        """
        request = Request(token=token, connector=connector, at=self._clock.wall(), random=random)
        reasons: list[str] = []
        for rule in (Identity(), *self.rules):
            opinion = await self._asked(rule, request)
            if opinion.reason:
                reasons.append(opinion.reason)
            if opinion.answer is Answer.NOTHING:
                continue
            accepted = opinion.answer is Answer.ACCEPT
            objection = self.reservations.objection(request, opinion.parent) if accepted and not opinion.master else ""
            if objection:
                reasons.append(objection)
            return Verdict(
                token=token,
                accepted=accepted and not objection,
                reasons=tuple(reasons),
                rule=self.reservations.name if objection else rule.name,
                parent=opinion.parent,
                master=opinion.master,
            )
        return Verdict(token=token, accepted=False, reasons=(*reasons, "nobody knows it"))

    def used(self, verdict: Verdict, connector: int) -> Reservation | None:
        """An accepted customer begins at a connector: what was reserved for them is used up; which reservation that was."""
        return self.reservations.used(verdict.token, verdict.parent, connector, self._clock.wall())

    async def _asked(self, rule: Rule, request: Request) -> Opinion:
        patience_s = rule.timeout_s + PATIENCE_S if isinstance(rule, BackendRule) else PATIENCE_S
        try:
            async with asyncio.timeout(patience_s):
                return await rule.judge(request)
        except Exception as error:  # noqa: BLE001 - rules come from plug-ins too; one that breaks says nothing
            _log.error("the rule %s cannot judge: %s: %s", rule.name, type(error).__name__, error)
            return nothing(f"{rule.name} could not be asked")
