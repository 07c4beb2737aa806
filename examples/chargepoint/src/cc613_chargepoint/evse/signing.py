"""Where a connector's sessions are signed: the begin before energy flows, the end before anybody is told of it."""

from __future__ import annotations

from typing import Protocol

from cc613_chargepoint.domain.token import Token

__all__ = ["SessionSigner", "Unsigned"]


class SessionSigner(Protocol):
    """Has sessions signed. Every function returns once the record is durable, or raises :class:`~cc613hal.errors.HalError`."""

    async def begin(self, number: int, token: Token) -> None:
        """The begin of a session; nothing may be energised if it raises."""
        ...

    async def end(self, number: int, reason: str) -> None:
        """The end of a session. What could not be signed now stays owed, and is signed as soon as the meter can."""
        ...


class Unsigned:
    """For a connector whose meter does not sign."""

    async def begin(self, number: int, token: Token) -> None:
        """Nothing to do."""

    async def end(self, number: int, reason: str) -> None:
        """Nothing to do."""
