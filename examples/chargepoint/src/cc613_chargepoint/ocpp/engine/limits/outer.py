"""Limits that others than the backend set on the station: told to those backends that want to hear of them (2.0.1, K11 to K13).

The station obeys every limit in its book by itself. Here is only seen which of them come from outside, and said what has changed by more
than the backend calls significant.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import frozen

from cc613_chargepoint.domain.events import Offered, StationEvent
from cc613_chargepoint.domain.limit import ENERGY_MANAGER, GRID_OPERATOR, LOAD_MANAGEMENT, MODBUS
from cc613_chargepoint.facade.commands import ConnectorStatus, GetStatus, StationStatus
from cc613_chargepoint.ocpp.engine.asked.operations import BACKEND
from cc613_chargepoint.ocpp.rpc import RpcError
from cc613_chargepoint.settings import ocpp
from cc613hal.errors import HalError

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.engine.engine import Engine

__all__ = ["Outer", "OuterLimit", "OuterLimits", "significant"]

_log = logging.getLogger(__name__)

LOOK_S = 5.0
"""Between two looks at the limits, s; a change of what is offered is looked at at once."""
SETTLES_S = 30.0
"""How long after a limit an offer may follow it, s: it rises in steps."""


class Outer(enum.Enum):
    """Who limits from outside."""

    ENERGY_MANAGER = "energy manager"
    GRID_OPERATOR = "grid operator"
    OTHER = "other"


_SOURCES = {
    ENERGY_MANAGER: Outer.ENERGY_MANAGER,
    LOAD_MANAGEMENT: Outer.ENERGY_MANAGER,
    GRID_OPERATOR: Outer.GRID_OPERATOR,
    MODBUS: Outer.OTHER,
}
"""Sources in the book of limits that are others than the station and its backend."""


@frozen(kw_only=True)
class OuterLimit:
    """What somebody outside allows.

    Attributes:
        connector: where.
        source: who.
        current_a: A per phase.
        since: UTC.
    """

    connector: int
    source: Outer
    current_a: float
    since: datetime


def significant(before: float, after: float, percent: float) -> bool:
    """Whether a current has changed by more than so much of what it was; from nothing to something always is."""
    return before != after and (before == 0.0 or abs(after - before) * 100.0 > before * percent)


class OuterLimits:
    """Watches them.

    Args:
        engine: whose station it is.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.present: Mapping[tuple[int, Outer], OuterLimit] = {}
        """What counts now."""
        self._told: dict[tuple[int, Outer], OuterLimit] = {}
        self._offers: dict[int, float] = {}
        self._moved_s: dict[int, float] = {}
        self._looked = asyncio.Event()

    def hear(self, news: StationEvent) -> None:
        """An offer has changed: a limit may have."""
        if isinstance(news, Offered):
            self._looked.set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._looked.clear()
            try:
                await self._look()
            except HalError as error:
                _log.warning("limits from outside are not told to the backend: %s", error)
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._looked.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        if not self._engine.spoken.tells_outer_limits:
            return
        status = await self._engine.facade.ask(GetStatus(), BACKEND)
        if not isinstance(status, StationStatus):
            return
        self._take(status)
        await self._rates(status)
        if self._engine.connected:
            await self._tell()

    def _take(self, status: StationStatus) -> None:
        """See which limits count, and where one has moved."""
        now, at = self._engine.clock.monotonic_s(), self._engine.clock.wall()
        found: dict[tuple[int, Outer], OuterLimit] = {}
        for each in status.connectors:
            for source, current_a in _outer(each).items():
                before = self.present.get((each.number, source))
                limit = OuterLimit(connector=each.number, source=source, current_a=current_a, since=at)
                found[each.number, source] = before if before is not None and before.current_a == current_a else limit
        for connector, source in {*found, *self.present}:
            if found.get((connector, source)) != self.present.get((connector, source)):
                self._moved_s[connector] = now
        self.present = found

    async def _rates(self, status: StationStatus) -> None:
        """A transaction whose rate has changed because of a limit from outside says so (K11.FR.03, K13.FR.03)."""
        engine, percent = self._engine, self._engine.settings.get(ocpp.LIMIT_CHANGE_PERCENT)
        for each in status.connectors:
            before = self._offers.get(each.number, each.offer_a)
            running = engine.ledger.running_session(each.number)
            if running is None or not significant(before, each.offer_a, percent):
                self._offers[each.number] = each.offer_a if running is None else before
                continue
            self._offers[each.number] = each.offer_a
            if engine.clock.monotonic_s() - self._moved_s.get(each.number, float("-inf")) > SETTLES_S:
                continue  # it was the backend's own doing, or the station's
            standing = engine.view.connectors[each.number].standing()
            if await engine.ledger.shifted(running.session, each.number, engine.clock.wall(), standing, rate=True):
                engine.sender.wake()

    async def _tell(self) -> None:
        percent, version = self._engine.settings.get(ocpp.LIMIT_CHANGE_PERCENT), self._engine.version
        try:
            for key, limit in tuple(self.present.items()):
                told = self._told.get(key)
                if told is None or significant(told.current_a, limit.current_a, percent):
                    await version.outer_limit(limit)
                    self._told[key] = limit
            for key in [each for each in self._told if each not in self.present]:
                await version.outer_limit_lifted(self._told[key])
                del self._told[key]
        except RpcError as error:
            _log.info("a limit from outside is not heard by the backend: %s", error.message)


def _outer(connector: ConnectorStatus) -> Mapping[Outer, float]:
    """The limits of a connector that come from outside, the lowest of each source; one that fell silent counts with its fail-safe value."""
    found: dict[Outer, float] = {}
    for limit in connector.limits:
        outer = next((which for name, which in _SOURCES.items() if limit.source == name or limit.source.startswith(f"{name} (")), None)
        if outer is not None:
            found[outer] = min(limit.current_a, found.get(outer, limit.current_a))
    return found
