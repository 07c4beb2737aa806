"""What must hold in the moment a contactor closes: pure, so that every row of it can be tested."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from cc613_chargepoint.domain.limit import Offer

__all__ = ["ClosingFacts", "objections"]


@frozen(kw_only=True)
class ClosingFacts:
    """What is known when the contactor is about to close.

    Attributes:
        asks: the vehicle asks for energy, in a way that is served here.
        authorised: somebody was accepted.
        locked: the bolt is proven home; ``None`` where no lock is fitted.
        diode: the vehicle's diode was proven in this offer.
        tested_ago_s: since the residual current monitor passed its test, s.
        test_interval_s: how long such a test is good for, s.
        clear: the contactor was seen open.
        faults: words of the faults that stand and are more than warnings.
        offer: what the pilot shows.
        allowed: what the limits allow now.
    """

    asks: bool
    authorised: bool
    locked: bool | None
    diode: bool
    tested_ago_s: float
    test_interval_s: float
    clear: bool
    faults: Sequence[str]
    offer: Offer
    allowed: Offer


def objections(facts: ClosingFacts) -> tuple[str, ...]:
    """Everything that speaks against closing, in words; empty if nothing does."""
    said = (
        (bool(facts.faults), f"faults stand: {', '.join(facts.faults)}"),
        (not facts.asks, "the vehicle does not ask for energy"),
        (not facts.authorised, "nobody is authorised"),
        (facts.locked is False, "the bolt is not proven home"),
        (not facts.diode, "the vehicle's diode is not proven"),
        (not facts.tested_ago_s < facts.test_interval_s, "the self-test of the residual current monitor is too old"),
        (not facts.clear, "the contacts were not seen open"),
        (facts.offer.pauses, "the pilot offers nothing"),
        (facts.allowed.pauses, f"no current is allowed ({facts.allowed.current_a:g} A by {facts.allowed.source})"),
    )
    return tuple(words for holds, words in said if holds)
