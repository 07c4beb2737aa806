"""What a station without a store remembers of tokens: until it is switched off."""

from __future__ import annotations

from collections.abc import Iterable

from cc613_chargepoint.authorization.rules import Directory
from cc613_chargepoint.domain.known_token import KnownToken

__all__ = ["MemoryDirectory"]


class MemoryDirectory(Directory):
    """A local list and a cache in memory.

    Args:
        listed: entries of the local list.
        size: how many answers are kept; the oldest goes first.
    """

    def __init__(self, listed: Iterable[KnownToken] = (), *, size: int = 1000) -> None:
        self._listed = {each.id.casefold(): each for each in listed}
        self._cached: dict[str, KnownToken] = {}
        self._size = size

    async def listed(self, identifier: str) -> KnownToken | None:
        """See :class:`~cc613_chargepoint.authorization.rules.Directory`."""
        return self._listed.get(identifier.casefold())

    async def cached(self, identifier: str) -> KnownToken | None:
        """See :class:`~cc613_chargepoint.authorization.rules.Directory`."""
        return self._cached.get(identifier.casefold())

    async def remember(self, token: KnownToken) -> None:
        """See :class:`~cc613_chargepoint.authorization.rules.Directory`."""
        self._cached.pop(token.id.casefold(), None)
        self._cached[token.id.casefold()] = token
        while len(self._cached) > self._size:
            self._cached.pop(next(iter(self._cached)))
