"""Card readers. Technology and security level are visible on every event: a UID identifies, it does not authenticate."""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.clock import Stamp
from cc613hal.events import Events

__all__ = [
    "Card",
    "CardEvent",
    "CardReader",
    "CardRefusal",
    "CardRefusals",
    "CardSecurity",
    "CardTechnology",
    "RefusalReason",
    "SecureCardReader",
]


class CardTechnology(enum.Enum):
    """What kind of card answered."""

    MIFARE_CLASSIC = "mifare-classic"
    MIFARE_ULTRALIGHT = "mifare-ultralight"
    ISO_DEP = "iso-dep"
    """ISO 14443-4: DESFire, NTAG 424, EMV, telephones."""
    ISO_14443A = "iso-14443a"
    ISO_14443B = "iso-14443b"
    ISO_15693 = "iso-15693"
    FELICA = "felica"
    KEYBOARD = "keyboard"
    """A reader that types; nothing is known of the card."""
    UNKNOWN = "unknown"


class CardSecurity(enum.Enum):
    """What the read proves."""

    UID = "uid"
    """A number anybody can copy."""
    AUTHENTICATED = "authenticated"
    """The card proved possession of a symmetric key."""
    CERTIFIED = "certified"
    """The card proved possession of a private key with a certificate."""


@frozen(kw_only=True)
class Card:
    """A card as read.

    Attributes:
        uid: identifier as the reader is configured to write it; upper-case hexadecimal in the order of the wire by default.
        technology: what kind of card.
        security: what the read proves.
        random_uid: the identifier changes at every activation and is no identity.
        atqa: SENS_RES, where the reader tells.
        sak: SEL_RES, where the reader tells.
        ats: historical bytes of an ISO-DEP card.
        raw_uid: the identifier's bytes as they came from the card, for key diversification; empty where the reader does not tell.
    """

    uid: str
    technology: CardTechnology
    security: CardSecurity = CardSecurity.UID
    random_uid: bool = False
    atqa: int | None = None
    sak: int | None = None
    ats: bytes = b""
    raw_uid: bytes = b""


@frozen(kw_only=True)
class CardEvent:
    """A card came or went.

    Attributes:
        card: which.
        present: ``True`` when it came, ``False`` when it went.
        stamp: when.
        source: the reader.
    """

    card: Card
    present: bool
    stamp: Stamp
    source: str


class RefusalReason(enum.Enum):
    """Why something that was held to the reader is reported as no card."""

    SEVERAL_CARDS = "several-cards"
    """More than one card at once, and the reader is set up to take none of them."""
    RANDOM_UID = "random-uid"
    """An identifier made anew at every activation, and the reader is set up to refuse it."""
    UNREADABLE = "unreadable"
    """Something was there and could not be read as a whole: a truncated input, a card that left too early."""


@frozen(kw_only=True)
class CardRefusal:
    """Something was held to the reader and refused by it; no :class:`CardEvent` is reported for it.

    Attributes:
        reason: why.
        detail: why, in words.
        stamp: when.
        source: the reader.
    """

    reason: RefusalReason
    detail: str
    stamp: Stamp
    source: str


@runtime_checkable
class CardReader(Protocol):
    """Reads contactless cards."""

    @property
    @abstractmethod
    def cards(self) -> Events[CardEvent]:
        """Cards that come and go while the reader polls; debounced."""

    @abstractmethod
    async def start_polling(self) -> None:
        """Look for cards until :meth:`stop_polling`; survives the reader being unplugged and plugged back."""

    @abstractmethod
    async def stop_polling(self) -> None:
        """Stop looking; the field is switched off."""

    @abstractmethod
    async def poll_once(self) -> tuple[Card, ...]:
        """The cards in the field now; empty if there is none."""


@runtime_checkable
class CardRefusals(Protocol):
    """A reader that tells what it refused, so that the person in front of it can be told."""

    @property
    @abstractmethod
    def refusals(self) -> Events[CardRefusal]:
        """What was refused while the reader polled; once for each presentation."""


@runtime_checkable
class SecureCardReader(Protocol):
    """Exchanges APDUs with an ISO-DEP card."""

    @abstractmethod
    async def transceive(self, apdu: bytes, *, timeout_s: float = 0.5) -> bytes:
        """Send a command APDU to the card in the field; the answer ends with its two status bytes.

        Raises:
            CommandFailed: there is no ISO-DEP card in the field, or it left.
        """
