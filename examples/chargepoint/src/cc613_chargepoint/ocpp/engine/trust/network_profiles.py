"""Where backends are, in the order in which they are tried: the address of the settings, and what a backend has set beside it."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from attrs import asdict, frozen

from cc613_chargepoint.settings import Settings, ocpp
from cc613_chargepoint.store import Store

__all__ = ["HOME", "NetworkProfile", "NetworkProfiles"]

_log = logging.getLogger(__name__)

HOME = 0
"""The slot of the address in the settings; it is always there, and the last resort."""
_ROOM = "ocpp-network"


@frozen(kw_only=True)
class NetworkProfile:
    """How a backend is reached.

    Attributes:
        slot: its number.
        url: its address, without the identity.
        security_profile: with which security.
    """

    slot: int
    url: str
    security_profile: int


class NetworkProfiles:
    """Keeps them, and says which is to be tried.

    Args:
        store: the station's.
        settings: the station's.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings = store, settings
        self._kept: dict[int, NetworkProfile] = {}
        self._order: tuple[int, ...] = (HOME,)
        self._turn = self._attempts = 0

    async def load(self) -> None:
        """Read what was kept, and begin with the first: a change of the order counts from the next start on."""
        kept = await self._store.read(lambda tx: dict(tx.memory.all(_ROOM)), "reading the network profiles")
        self._kept = {int(slot): NetworkProfile(**value) for slot, value in kept.items()}
        wanted = [int(slot) for slot in self._settings.get(ocpp.NETWORK_PRIORITY) if int(slot) in self.slots]
        self._order = (*wanted, *(() if HOME in wanted else (HOME,)))
        self._turn = self._attempts = 0

    @property
    def slots(self) -> Mapping[int, NetworkProfile]:
        """Every profile by its slot."""
        url, profile = self._settings.get(ocpp.URL), self._settings.get(ocpp.SECURITY_PROFILE)
        return {HOME: NetworkProfile(slot=HOME, url=url, security_profile=profile), **self._kept}

    async def keep(self, profile: NetworkProfile) -> None:
        """Keep a profile, in the place of the one that was in its slot."""
        await self._store.write(lambda tx: tx.memory.put(_ROOM, str(profile.slot), asdict(profile)), "keeping a network profile")
        self._kept[profile.slot] = profile

    @property
    def current(self) -> NetworkProfile:
        """The one that is tried, or in use."""
        return self.slots[self._order[self._turn]]

    def failed(self) -> None:
        """It could not be reached; after some attempts it is the next one's turn."""
        self._attempts += 1
        if self._attempts >= self._settings.get(ocpp.NETWORK_ATTEMPTS) and len(self._order) > 1:
            self._attempts, self._turn = 0, (self._turn + 1) % len(self._order)
            _log.warning("the backend is not reached: network profile %d is tried now", self.current.slot)

    def worked(self) -> None:
        """It was reached."""
        self._attempts = 0
