"""The installed profiles of a running station: checked when they come, durable before they are acknowledged."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Self

from attrs import evolve
from cattrs.preconf.json import make_converter

from cc613_chargepoint.ocpp.smart_charging.acceptance import Refusal, Rules, refusal, refusal_at_start
from cc613_chargepoint.ocpp.smart_charging.book import Criteria, ProfileBook
from cc613_chargepoint.ocpp.smart_charging.model import Installed, Profile, Purpose
from cc613_chargepoint.store import Store
from cc613_chargepoint.store.charging_profiles import StoredProfile

__all__ = ["ProfileKeeper"]

_log = logging.getLogger(__name__)
_json = make_converter()


class ProfileKeeper:
    """Keeps charging profiles over restarts. Get one from :meth:`load`.

    Args:
        store: the station's.
        book: what is installed.
        rules: what the station takes.
    """

    def __init__(self, store: Store, book: ProfileBook, rules: Rules) -> None:
        self._store = store
        self.book = book
        self.rules = rules

    @classmethod
    async def load(cls, store: Store, rules: Rules | None = None) -> Self:
        """What was installed before the restart. A row that cannot be read any more is left out, and told.

        Args:
            store: the station's.
            rules: what the station takes.

        Raises:
            StoreError: the store cannot be read.
        """
        book = ProfileBook()
        for row in await store.read(lambda tx: tx.charging_profiles.all(), "reading the charging profiles"):
            try:
                profile = _json.loads(row.body, Profile)
            except Exception:  # noqa: BLE001 - one unreadable profile must not keep the station from starting
                _log.exception("charging profile %d of connector %d cannot be read and is left out", row.id, row.connector)
                continue
            book = ProfileBook((*book.installed, Installed(connector=row.connector, profile=profile)))
        return cls(store, book, rules or Rules())

    async def install(
        self, profile: Profile, connector: int, *, running: Mapping[int, str | None], now: datetime | None = None
    ) -> Refusal | None:
        """Install what the backend sets.

        Args:
            profile: what it sets.
            connector: where; 0 for the station.
            running: as for :func:`~cc613_chargepoint.ocpp.smart_charging.acceptance.refusal`.
            now: likewise.

        Returns:
            Why it was refused; ``None`` once it counts and is on disk.

        Raises:
            StoreError: it could not be stored; nothing has changed.
        """
        why = refusal(profile, connector, rules=self.rules, running=running, installed=self.book, now=now)
        if why is None:
            await self._keep(profile, connector)
        return why

    async def install_at_start(self, profile: Profile, connector: int, *, transaction: str | None = None) -> Refusal | None:
        """Install what came with a remote start, for the transaction that is about to begin on a connector.

        Args:
            profile: what came.
            connector: where.
            transaction: what station and backend call the transaction; ``None`` where the backend has not named it yet.

        Returns:
            Why it was refused; ``None`` once it counts and is on disk.

        Raises:
            StoreError: it could not be stored; nothing has changed.
        """
        why = refusal_at_start(profile, rules=self.rules, installed=self.book, connector=connector)
        if why is None:
            await self._keep(evolve(profile, transaction=transaction), connector)
        return why

    async def constrain(self, profile: Profile, connector: int = 0) -> None:
        """Install the limit of an external system: the backend can read it, and neither set nor clear it.

        Raises:
            ValueError: it has another purpose.
            StoreError: it could not be stored; nothing has changed.
        """
        if profile.purpose is not Purpose.EXTERNAL:
            raise ValueError("this is not the limit of an external system")
        await self._keep(profile, connector)

    async def clear(self, criteria: Criteria) -> int:
        """Remove what the backend clears; limits of external systems stay.

        Returns:
            How many; 0 means that none fitted.

        Raises:
            StoreError: nothing has changed.
        """
        gone = tuple(each for each in self.book.select(criteria) if each.profile.purpose is not Purpose.EXTERNAL)
        await self._remove(gone)
        return len(gone)

    async def lift(self, profile_id: int) -> bool:
        """Remove the limit of an external system; whether there was one.

        Raises:
            StoreError: nothing has changed.
        """
        gone = tuple(each for each in self.book if each.profile.id == profile_id and each.profile.purpose is Purpose.EXTERNAL)
        await self._remove(gone)
        return bool(gone)

    async def end_transaction(self, connector: int) -> int:
        """A transaction has ended: its profiles go with it; how many.

        Raises:
            StoreError: nothing has changed.
        """
        gone = self.book.select(Criteria(connector=connector, purpose=Purpose.TX))
        await self._remove(gone)
        return len(gone)

    async def _keep(self, profile: Profile, connector: int) -> None:
        book = self.book.with_profile(profile, connector, by_level=not self.rules.refuses_duplicates)
        kept = {each.profile.id for each in book}
        replaced = [each.profile.id for each in self.book if each.profile.id not in kept]
        row = StoredProfile(id=profile.id, connector=connector, body=_json.dumps(profile))
        await self._store.write(lambda tx: tx.charging_profiles.put(row, replacing=replaced), "installing a charging profile")
        self.book = book

    async def _remove(self, gone: tuple[Installed, ...]) -> None:
        if gone:
            numbers = [each.profile.id for each in gone]
            await self._store.write(lambda tx: tx.charging_profiles.remove(numbers), "clearing charging profiles")
            self.book = self.book.without(gone)
