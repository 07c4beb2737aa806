"""The local list as a backend sends it: all or nothing, so that a list is never half of two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from cc613_chargepoint.domain.known_token import KnownToken
from cc613_chargepoint.settings import table
from cc613_chargepoint.store import StoreError, Transaction

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.engine.engine import Engine

__all__ = ["LIST_LIMIT", "SEND_LIMIT", "count_list", "list_version", "take_list"]

LIST_LIMIT = 10_000
"""Entries of the local list."""
SEND_LIMIT = 1000
"""Entries in one message."""

Taken = Literal["Accepted", "Failed", "VersionMismatch"]


class _TooLong(Exception):  # noqa: N818 - it only undoes a transaction
    """The list would be too long: nothing of it is kept."""


async def list_version(engine: Engine) -> int | None:
    """The version of the list; 0 for an empty one, ``None`` where there shall be none."""
    if not engine.settings.get(table.LOCAL_LIST):
        return None

    def look(tx: Transaction) -> int:
        return tx.token_list.version if tx.token_list.count() else 0

    return await engine.store.read(look, "reading the local list's version")


async def count_list(engine: Engine) -> None:
    """Note how many entries the list has, for those who cannot wait for the disk."""
    engine.listed = await engine.store.read(lambda tx: tx.token_list.count(), "counting the local list")


async def take_list(engine: Engine, *, version: int, full: bool, kept: Sequence[KnownToken], removed: Sequence[str]) -> Taken:
    """Keep a list, or changes of it.

    Args:
        engine: whose store it goes to.
        version: of the list; 0 and below are none.
        full: it replaces what was there.
        kept: its entries.
        removed: identifiers that leave it; none in a full list.
    """
    folded = [each.casefold() for each in (*(token.id for token in kept), *removed)]
    if version <= 0 or len(folded) > SEND_LIMIT or len(set(folded)) != len(folded) or (full and removed):
        return "Failed"  # with two entries of one name, which would count?

    def work(tx: Transaction) -> Taken:
        if full:
            tx.token_list.replace(kept, version=version)
        elif version <= tx.token_list.version:
            return "VersionMismatch"
        else:
            tx.token_list.update(kept, removed, version=version)
        if tx.token_list.count() > LIST_LIMIT:
            raise _TooLong
        for each in kept:
            tx.token_cache.forget(each.id)  # what is on the list is never in the cache too
        return "Accepted"

    try:
        taken = await engine.store.write(work, "keeping the local list")
    except (StoreError, _TooLong):
        return "Failed"
    await count_list(engine)
    return taken
