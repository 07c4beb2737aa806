"""What identifies a customer."""

from __future__ import annotations

import enum

from attrs import frozen

__all__ = ["Token", "TokenSource"]


class TokenSource(enum.Enum):
    """How the customer identified."""

    CARD = "card"
    REMOTE = "remote"


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
