"""Smart charging at the station: installed profiles become limits with a source, and answers about what will be offered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from cc613_chargepoint.domain.events import ChargingEnded, Decided, SessionBegan, SessionRecovered, StateChanged, StationEvent
from cc613_chargepoint.facade.commands import GetStatus, SetLimit, StationStatus, WithdrawLimit
from cc613_chargepoint.ocpp.engine.asked.operations import BACKEND
from cc613_chargepoint.ocpp.smart_charging import (
    Charge,
    Composite,
    Criteria,
    Installed,
    Outlet,
    Outlook,
    Profile,
    ProfileKeeper,
    Purpose,
    Refusal,
    Unit,
    composite,
    divided,
    outlook,
    refusal_at_start,
    station_composite,
)
from cc613_chargepoint.settings import ocpp
from cc613hal.errors import HalError

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.engine.engine import Engine

__all__ = ["SOURCE", "SmartCharging"]

_log = logging.getLogger(__name__)

SOURCE = "charging profile of the backend"
"""Source name of the limits."""
LOOK_S = 60.0
"""The longest time between two looks at the profiles, s: the wall clock may step."""


class SmartCharging:
    """Has the connectors obey the profiles.

    Args:
        engine: whose station it is.
        keeper: keeps the profiles.
    """

    def __init__(self, engine: Engine, keeper: ProfileKeeper) -> None:
        self._engine = engine
        self.keeper = keeper
        self._started: dict[int, datetime] = {}
        self._at_start: dict[int, tuple[str, Profile]] = {}
        self._looked = asyncio.Event()

    # -- what the backend does ----------------------------------------------------------------------------------------------------------

    async def install(self, profile: Profile, connector: int) -> Refusal | None:
        """Install a profile; why not, if it is refused.

        Raises:
            StoreError: it could not be stored.
        """
        why = await self.keeper.install(profile, connector, running=await self._running(), now=self._engine.clock.wall())
        self.look()
        return why

    async def clear(self, criteria: Criteria) -> int:
        """Remove profiles; how many.

        Raises:
            StoreError: nothing has changed.
        """
        count = await self.keeper.clear(criteria)
        self.look()
        return count

    def refused_at_start(self, profile: Profile) -> Refusal | None:
        """Why a profile that comes with a remote start cannot be taken."""
        return refusal_at_start(profile, rules=self.keeper.rules, installed=self.keeper.book)

    def at_start(self, profile: Profile, connector: int, token: str) -> None:
        """The profile counts for the next transaction of a connector, if it is this customer's."""
        self._at_start[connector] = token.casefold(), profile

    async def _running(self) -> dict[int, str | None]:
        running: dict[int, str | None] = dict.fromkeys(self._engine.operations.connectors)
        for connector, extent in self._engine.extents.running.items():
            running[connector] = extent.uid
        for connector, transaction in self._engine.ledger.running.items():
            running[connector] = await self._engine.transaction_name(transaction.session) or ""
        return running

    # -- what is told -------------------------------------------------------------------------------------------------------------------

    async def composite(self, connector: int, duration_s: int, unit: Unit) -> Composite:
        """What will be offered, from now on.

        Args:
            connector: 0 for the station.
            duration_s: how far to look; 0 for the limit now.
            unit: of the answer.
        """
        outlets = await self._outlets()
        now, book, zone, back = self._engine.clock.wall(), self.keeper.book, self._zone, self.keeper.rules.falls_back
        if connector:
            return composite(book, outlets[connector], now=now, duration_s=duration_s, unit=unit, zone=zone, falls_back=back)
        total_a = sum(each.local_a for each in outlets.values())
        return station_composite(
            book, list(outlets.values()), local_a=total_a, now=now, duration_s=duration_s, unit=unit, zone=zone, falls_back=back
        )

    @property
    def _zone(self) -> tzinfo:
        """Whose midnight begins the day of a profile that recurs."""
        return ocpp.zone_named(self._engine.settings.get(ocpp.TIME_ZONE))

    async def _outlets(self) -> dict[int, Outlet]:
        """The connectors with what everything but the backend allows them."""
        status = await self._engine.facade.ask(GetStatus(), BACKEND)
        if not isinstance(status, StationStatus):
            raise TypeError("the station did not tell its status")
        found: dict[int, Outlet] = {}
        for each in status.connectors:
            others = [limit.current_a for limit in each.limits if limit.source != SOURCE]
            found[each.number] = Outlet(number=each.number, local_a=min(others, default=0.0), charge=await self._charge(each.number))
        return found

    async def _charge(self, connector: int) -> Charge | None:
        running = self._engine.ledger.running_session(connector)
        if running is None:
            extent = self._engine.extents.running.get(connector)
            return None if extent is None else Charge(started=extent.began, transaction=extent.uid)
        started = self._started.get(connector) or self._engine.clock.wall()
        return Charge(started=started, transaction=await self._engine.transaction_name(running.session))

    # -- what the connectors obey -------------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Something has changed: look at the profiles anew."""
        self._looked.set()

    def hear(self, news: StationEvent) -> None:
        """Transactions bring profiles along and take them away."""
        match news:
            case SessionBegan():
                self._started[news.connector] = news.started
                token, profile = self._at_start.pop(news.connector, ("", None))
                if profile is not None and token == news.token.id.casefold():
                    self._engine.operations.spawn(self._install_at_start(profile, news.connector, news.number))
                self.look()
            case StateChanged() if news.after == "available":
                self._at_start.pop(news.connector, None)  # whom it came for has not plugged in
            case Decided() if (
                not news.verdict.accepted and news.verdict.token.id.casefold() == self._at_start.get(news.connector, ("",))[0]
            ):
                self._at_start.pop(news.connector)
            case ChargingEnded() | SessionRecovered():
                self._started.pop(news.connector, None)
                if news.connector not in self._engine.ledger.transactions:
                    self._engine.operations.spawn(self.end_transaction(news.connector))
            case _:
                pass

    async def _install_at_start(self, profile: Profile, connector: int, session: int) -> None:
        """The transaction has a name now, where the station gives it: the profile is for that one and no other."""
        name = await self._engine.transaction_name(session) if self._engine.spoken.own_names else None
        why = await self.keeper.install_at_start(profile, connector, transaction=name)
        if why is not None:
            _log.warning("the profile that came with the remote start is not taken: %s", why)
        self.look()

    async def end_transaction(self, connector: int) -> None:
        """A transaction has ended: its profiles go."""
        await self.keeper.end_transaction(connector)
        self.look()

    async def run(self) -> None:
        """Keep the connectors' limits as the profiles say; until cancelled."""
        while True:
            self._looked.clear()
            try:
                again = await self._obey()
            except HalError as error:
                _log.error("the charging profiles cannot be obeyed now: %s", error)
                again = LOOK_S
            try:
                async with asyncio.timeout(min(again, LOOK_S)):
                    await self._looked.wait()
            except TimeoutError:
                continue

    async def _obey(self) -> float:
        """Set every connector's limit; how long it holds, s."""
        if not len(self.keeper.book):
            for connector in self._engine.operations.connectors:
                await self._engine.facade.ask(WithdrawLimit(connector=connector, source=SOURCE), BACKEND)
            return LOOK_S
        outlets, now = await self._outlets(), self._engine.clock.wall()
        looks = {number: self._look_at(self.keeper.book, outlet, now) for number, outlet in outlets.items()}
        shares = self._shared(outlets, now)
        for number, look in looks.items():
            allowed = [each for each in (look.current_a, shares.get(number)) if each is not None]
            if allowed:
                await self._engine.facade.ask(SetLimit(connector=number, source=SOURCE, current_a=min(allowed)), BACKEND)
            else:
                await self._engine.facade.ask(WithdrawLimit(connector=number, source=SOURCE), BACKEND)
        return max(0.05, min((each.look_again - now).total_seconds() for each in looks.values()))

    def _look_at(self, installed: Iterable[Installed], outlet: Outlet, now: datetime) -> Outlook:
        return outlook(installed, outlet, now=now, zone=self._zone, falls_back=self.keeper.rules.falls_back)

    def _shared(self, outlets: dict[int, Outlet], now: datetime) -> dict[int, float]:
        """The station's maximum, divided among those that charge (OCPP 1.6, 3.13.3)."""
        charging = [number for number, outlet in outlets.items() if outlet.charge is not None]
        station = [each for each in self.keeper.book if each.profile.purpose in {Purpose.STATION_MAX, Purpose.EXTERNAL}]
        if len(charging) < 2 or not station:
            return {}
        total = self._look_at(station, outlets[charging[0]], now).current_a
        if total is None:
            return {}
        return dict(zip(charging, divided(total, [outlets[number].local_a for number in charging]), strict=True))
