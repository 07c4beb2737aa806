"""The charging profiles that a backend has installed, in the order in which they came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from cc613_chargepoint.store.queries import Queries
from cc613_chargepoint.store.tables import ChargingProfile

__all__ = ["ChargingProfiles", "StoredProfile"]


@frozen(kw_only=True)
class StoredProfile:
    """A profile as it lies in the store.

    Attributes:
        id: the backend's number for it; there is one of each.
        connector: where it counts, 0 for the station.
        body: its content, as the smart charging room encodes it.
    """

    id: int
    connector: int
    body: str


class ChargingProfiles:
    """The functions of the profiles' table.

    Args:
        queries: of the transaction.
    """

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def all(self) -> Sequence[StoredProfile]:
        """Every profile, in the order in which they came."""
        rows = self._queries.rows(ChargingProfile.select().order_by(ChargingProfile.number))
        return [StoredProfile(id=row["id"], connector=row["connector"], body=row["body"]) for row in rows]

    def put(self, profile: StoredProfile, *, replacing: Iterable[int] = ()) -> None:
        """Keep a profile in the place of the one with its id, and of others."""
        self.remove([profile.id, *replacing])
        self._queries.run(ChargingProfile.insert(id=profile.id, connector=profile.connector, body=profile.body))

    def remove(self, numbers: Iterable[int]) -> int:
        """Forget profiles by their ids; how many there were."""
        return self._queries.run(ChargingProfile.delete().where(ChargingProfile.id.in_(list(numbers))))
