"""Which central systems have ever accepted this station: it gives no charge for one that never did, unless that is wanted."""

from __future__ import annotations

import logging

from cc613_chargepoint.ocpp.engine.trust.network_profiles import NetworkProfiles
from cc613_chargepoint.settings import Settings, ocpp
from cc613_chargepoint.store import Store

__all__ = ["Acquaintance"]

_log = logging.getLogger(__name__)
_ROOM, _KEY = "ocpp", "accepted by"
MOST = 20
"""How many of them are remembered; the oldest goes."""


class Acquaintance:
    """Remembers them by address and identity, over restarts (OCPP 1.6, 4.2.1; 2.0.1, B03: "never before been accepted").

    Args:
        store: the station's.
        settings: the station's.
        profiles: where central systems are.
        serial: the station's serial number, which is its identity where the settings name none.
    """

    def __init__(self, store: Store, settings: Settings, profiles: NetworkProfiles, serial: str) -> None:
        self._store, self._settings, self._profiles, self._serial = store, settings, profiles, serial
        self._known: list[str] = []

    async def load(self) -> None:
        """Read what was remembered."""
        kept = await self._store.read(lambda tx: tx.memory.get(_ROOM, _KEY), "reading who has accepted the station")
        self._known = [str(each) for each in kept or ()]

    @property
    def may_charge(self) -> bool:
        """Whether customers of a central system may charge: one of those that the station is set to speak to has accepted it once."""
        wanted = {self._named(profile.url) for profile in self._profiles.slots.values()}
        return self._settings.get(ocpp.BEFORE_ACCEPTED) or not wanted.isdisjoint(self._known)

    async def accepted(self) -> None:
        """The central system that is in use has accepted the station."""
        name = self._named(self._profiles.current.url)
        if self._known and self._known[-1] == name:
            return
        known = [*(each for each in self._known if each != name), name][-MOST:]
        await self._store.write(lambda tx: tx.memory.put(_ROOM, _KEY, known), "remembering who has accepted the station")
        if name not in self._known:
            _log.info("the central system at %s has accepted this station", self._profiles.current.url)
        self._known = known

    def _named(self, url: str) -> str:
        identity = self._settings.get(ocpp.IDENTITY) or self._serial
        return f"{identity}@{url}"
