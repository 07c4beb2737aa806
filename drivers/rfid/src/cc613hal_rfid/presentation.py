"""From looks at the field to events: what all readers of this package share.

A look is the set of cards seen at one moment. A card is reported once when it comes and once when it went, whatever it wobbles in between.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Sequence

from attrs import define, field, frozen, validators

from cc613hal.clock import Clock
from cc613hal.events import EventSource
from cc613hal.interfaces import Card, CardEvent, CardRefusal, CardTechnology, RefusalReason
from cc613hal_rfid.uid import UidOptions, is_random, written

__all__ = ["PresenceOptions", "Presentations", "RandomUid", "ReaderOptions", "SeenCard", "Several"]


class Several(enum.Enum):
    """What happens when several cards are in the field."""

    ALL = "all"
    """Each is reported."""
    FIRST = "first"
    """The first one counts until it is gone; the others are not looked at."""
    REFUSE = "refuse"
    """None counts, because nobody knows which one was meant; all must be taken away first."""


class RandomUid(enum.Enum):
    """What happens with an identifier made anew at every activation."""

    REPORT = "report"
    """It is reported, marked ``random_uid``: a secure procedure may still identify the card."""
    REFUSE = "refuse"


@frozen(kw_only=True)
class PresenceOptions(UidOptions):
    """What all readers have in common.

    Attributes:
        away_s: a card counts as gone, and is reported again when it comes back, after it was away this long, s.
        random_uid: ``report`` (marked as random) or ``refuse`` identifiers made anew at every activation (four bytes beginning 08).
    """

    away_s: float = field(default=1.0, validator=[validators.ge(0), validators.le(60)])
    random_uid: RandomUid = RandomUid.REPORT


@frozen(kw_only=True)
class ReaderOptions(PresenceOptions):
    """What readers have in common that look at their field themselves.

    Attributes:
        confirm: a card is reported after it was seen in this many looks in a row.
        several: ``all``, ``first`` or ``refuse``: what happens when several cards are in the field.
    """

    confirm: int = field(default=1, validator=[validators.ge(1), validators.le(20)])
    several: Several = Several.ALL


@frozen(kw_only=True)
class SeenCard:
    """A card in one look.

    Attributes:
        uid: identifier in wire order.
        technology: what kind of card.
        atqa: SENS_RES, where the reader tells.
        sak: SEL_RES, where the reader tells.
        ats: historical bytes of an ISO-DEP card.
        text: the identifier as the reader itself writes it, where its bytes are unknown.
    """

    uid: bytes
    technology: CardTechnology
    atqa: int | None = None
    sak: int | None = None
    ats: bytes = b""
    text: str = ""

    def card(self, how: UidOptions) -> Card:
        """The card with its identifier written as configured."""
        return Card(
            uid=self.text or written(self.uid, how),
            technology=self.technology,
            random_uid=is_random(self.uid),
            atqa=self.atqa,
            sak=self.sak,
            ats=self.ats,
            raw_uid=self.uid,
        )


@define
class _Presence:
    card: Card
    last_s: float
    reported: bool


class Presentations:
    """Who is at the reader.

    Args:
        source: the reader's name.
        clock: the board's clock.
        options: how cards are treated.

    Attributes:
        cards: cards that come and go.
        refusals: what was held to the reader and not taken.
    """

    def __init__(self, source: str, clock: Clock, options: PresenceOptions) -> None:
        self.cards: EventSource[CardEvent] = EventSource(f"{source}.cards")
        self.refusals: EventSource[CardRefusal] = EventSource(f"{source}.refusals")
        self._source = source
        self._clock = clock
        self._options = options
        self._several = options.several if isinstance(options, ReaderOptions) else Several.ALL
        self._confirm = options.confirm if isinstance(options, ReaderOptions) else 1
        self._there: dict[str, _Presence] = {}
        self._looks: dict[str, int] = {}
        self._here: frozenset[str] = frozenset()

    @property
    def leaving(self) -> bool:
        """Whether somebody was not in the last look and is not gone yet."""
        return any(key not in self._here for key in self._there)

    @property
    def any(self) -> bool:
        """Whether somebody is there, reported, refused or not yet confirmed."""
        return bool(self._there or self._looks)

    def admitted(self, seen: Sequence[SeenCard]) -> tuple[Card, ...]:
        """The cards of one look that the options let through; nothing is reported."""
        if len(seen) > 1 and self._several is not Several.ALL:
            seen = seen[:1] if self._several is Several.FIRST else ()
        cards = (card.card(self._options) for card in seen)
        return tuple(card for card in cards if not (card.random_uid and self._options.random_uid is RandomUid.REFUSE))

    def look(self, seen: Sequence[SeenCard]) -> None:
        """Take in one look: report who came and who went."""
        now_s = self._clock.monotonic_s()
        here = self._keyed(seen)
        self._here = frozenset(here)
        for key in here:
            if key in self._there:
                self._there[key].last_s = now_s
        self._looks = {key: self._looks.get(key, 0) + 1 for key in here if key not in self._there}
        fresh = {key: here[key] for key, count in self._looks.items() if count >= self._confirm}
        for key in fresh:
            del self._looks[key]
        self._admit(fresh, len(here), now_s)
        self.forget(here)

    def _keyed(self, seen: Sequence[SeenCard]) -> dict[str, Card]:
        here: dict[str, Card] = {}
        randoms = 0
        for one in seen:
            card = one.card(self._options)
            if card.random_uid:  # another number at every look, and still the same card
                randoms += 1
                here[f"random {randoms}"] = card
            else:
                here[one.uid.hex() or card.uid] = card
        return here

    def _admit(self, fresh: dict[str, Card], count: int, now_s: float) -> None:
        for index, (key, card) in enumerate(fresh.items()):
            reason: RefusalReason | None = None
            taken = any(presence.reported for presence in self._there.values())
            if self._several is Several.REFUSE and (count > 1 or self._there):
                reason = RefusalReason.SEVERAL_CARDS
            elif self._several is Several.FIRST and taken:
                self._there[key] = _Presence(card, now_s, reported=False)
                continue
            elif card.random_uid and self._options.random_uid is RandomUid.REFUSE:
                reason = RefusalReason.RANDOM_UID
            self._there[key] = _Presence(card, now_s, reported=reason is None)
            if reason is None:
                self._publish(card, present=True)
            elif index == 0 or reason is not RefusalReason.SEVERAL_CARDS:  # several cards are one refusal
                self.refuse(reason, _WORDS[reason])

    def refuse(self, reason: RefusalReason, detail: str) -> None:
        """Report that something was not taken."""
        self.refusals.publish(CardRefusal(reason=reason, detail=detail, stamp=self._clock.stamp(), source=self._source))

    def stay(self) -> None:
        """Nobody could look (a card's session went on): whoever was there still is."""
        self._refresh(self._there)

    def stayed(self) -> None:
        """Whoever was in the last look was there until now: for readers that report changes only."""
        self._refresh(self._here)

    def _refresh(self, keys: Iterable[str]) -> None:
        for key in keys:
            if key in self._there:
                self._there[key].last_s = self._clock.monotonic_s()

    def forget(self, here: Collection[str] = ()) -> None:
        """Report who has been away long enough; who is ``here`` stays, however short that is."""
        now_s = self._clock.monotonic_s()
        gone = [key for key, presence in self._there.items() if key not in here and now_s - presence.last_s >= self._options.away_s]
        for key in gone:
            presence = self._there.pop(key)
            if presence.reported:
                self._publish(presence.card, present=False)

    def clear(self) -> None:
        """The reader stopped looking: start afresh, without events."""
        self._there.clear()
        self._looks.clear()
        self._here = frozenset()

    def _publish(self, card: Card, *, present: bool) -> None:
        self.cards.publish(CardEvent(card=card, present=present, stamp=self._clock.stamp(), source=self._source))


_WORDS = {
    RefusalReason.SEVERAL_CARDS: "several cards at once: hold one to the reader",
    RefusalReason.RANDOM_UID: "the card makes up another number each time",
}
