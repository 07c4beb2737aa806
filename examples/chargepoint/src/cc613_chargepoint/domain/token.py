"""What identifies a customer."""

from __future__ import annotations

import enum

from attrs import frozen

__all__ = ["Token", "TokenSource"]


class TokenSource(enum.Enum):
    """How the customer identified."""

    CARD = "card"
    SECURE_CARD = "secure-card"
    """A card that proved itself by cryptography."""
    LOCAL = "local"
    """A person at the station: a button, an operator's command."""
    REMOTE = "remote"
    """A backend or an app."""
    CONTRACT = "contract"
    """A contract certificate of Plug & Charge; the identifier is the eMAID."""
    MAC = "mac"
    """The vehicle's own address; the identifier begins with ``VID:``."""
    FREE = "free"
    """Nobody had to identify."""
    KEY_SWITCH = "key-switch"
    """A switch at the station."""
    TERMINAL = "terminal"
    """A payment terminal."""


@frozen(kw_only=True)
class Token:
    """What identifies a customer.

    Attributes:
        id: the identifier, upper case; compared without case.
        source: how it was presented.
        technology: kind of card, as the reader told; empty if there was none.
        security: what the read proves (``uid``, ``authenticated`` …).
    """

    id: str
    source: TokenSource
    technology: str = ""
    security: str = ""

    def same_as(self, other: Token) -> bool:
        """Whether both identify the same customer."""
        return self.id.casefold() == other.id.casefold()
