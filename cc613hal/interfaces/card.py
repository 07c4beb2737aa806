"""Card readers. Technology and security level are visible on every event: a UID identifies, it does not authenticate."""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.clock import Stamp
from cc613hal.events import Events

__all__ = ["Card", "CardEvent", "CardReader", "CardSecurity", "CardTechnology", "SecureCardReader"]


class CardTechnology(enum.Enum):
    """What kind of card answered."""

    MIFARE_CLASSIC = "mifare-classic"
    MIFARE_ULTRALIGHT = "mifare-ultralight"
    ISO_DEP = "iso-dep"
    """ISO 14443-4: DESFire, NTAG 424, EMV, telephones."""
    ISO_14443A = "iso-14443a"
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
        uid: identifier in upper-case hexadecimal, byte order as configured.
        technology: what kind of card.
        security: what the read proves.
        random_uid: the identifier changes at every activation and is no identity.
        atqa: SENS_RES, where the reader tells.
        sak: SEL_RES, where the reader tells.
        ats: historical bytes of an ISO-DEP card.
    """

    uid: str
    technology: CardTechnology
    security: CardSecurity = CardSecurity.UID
    random_uid: bool = False
    atqa: int | None = None
    sak: int | None = None
    ats: bytes = b""


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
class SecureCardReader(Protocol):
    """Exchanges APDUs with an ISO-DEP card."""

    @abstractmethod
    async def transceive(self, apdu: bytes, *, timeout_s: float = 0.5) -> bytes:
        """Send a command APDU to the card in the field; the answer ends with its two status bytes.

        Raises:
            CommandFailed: there is no ISO-DEP card in the field, or it left.
        """
