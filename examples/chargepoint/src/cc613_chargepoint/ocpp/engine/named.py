"""What backends themselves call customers: how they write an identifier, and of what kind they say it is (2.0.1).

The station compares identifiers without case and keeps them in upper case. What it says of a customer over a new connection, or after a
restart, has to be what it said before: a message that may have arrived is said again with the same content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cc613_chargepoint.store import Store, Transaction

__all__ = ["Named"]

_ROOM = "ocpp-customers"
LIMIT = 10_000
"""Customers that are remembered: as many as a local list may have. The oldest goes first."""


class Named:
    """Remembers it.

    Args:
        store: the station's.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._said: dict[str, tuple[str, str]] = {}
        self._held: tuple[int, tuple[str, str] | None] | None = None

    def for_message(self, number: int, identifier: str) -> tuple[str, str] | None:
        """What the backend called a customer when a message was said for the first time: said again, it says the same.

        Args:
            number: of the message in the outbox; one after the other is said.
            identifier: as the station has it.
        """
        if self._held is None or self._held[0] != number:
            self._held = number, self._said.get(identifier.casefold())
        return self._held[1]

    @property
    def said(self) -> Mapping[str, tuple[str, str]]:
        """Folded identifier → as the backend wrote it, and its kind."""
        return self._said

    async def load(self) -> None:
        """Read what was kept."""
        kept = await self._store.read(lambda tx: dict(tx.memory.all(_ROOM)), "reading what backends call customers")
        self._said = {folded: (str(value[0]), str(value[1])) for folded, value in kept.items()}

    async def note(self, said: Iterable[tuple[str, str]]) -> None:
        """Remember identifiers as the backend wrote them, with their kinds.

        Raises:
            StoreError: nothing has changed.
        """
        fresh = {identifier.casefold(): (identifier, kind) for identifier, kind in said}
        fresh = {folded: value for folded, value in fresh.items() if self._said.get(folded) != value}
        if not fresh:
            return
        merged = {**{folded: value for folded, value in self._said.items() if folded not in fresh}, **fresh}
        gone = list(merged)[: max(0, len(merged) - LIMIT)]

        def work(tx: Transaction) -> None:
            for folded, value in fresh.items():
                tx.memory.put(_ROOM, folded, list(value))
            for folded in gone:
                tx.memory.forget(_ROOM, folded)

        await self._store.write(work, "keeping what backends call customers")
        self._said = {folded: value for folded, value in merged.items() if folded not in set(gone)}
