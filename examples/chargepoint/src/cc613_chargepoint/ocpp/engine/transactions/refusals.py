"""Customers whom the backend refuses after their charge has begun: the energy that they still get, and what then becomes of the charge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from cc613_chargepoint.domain.events import ChargingEnded, Sampled, SessionBegan, SessionRecovered, StateChanged, StationEvent
from cc613_chargepoint.facade.commands import SetLimit, StopCharge
from cc613_chargepoint.ocpp.engine.transactions.reasons import DEAUTHORIZED, NOT_AUTHORIZED
from cc613_chargepoint.settings import ocpp

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.engine.asked.operations import Operations
    from cc613_chargepoint.ocpp.engine.engine import Engine

__all__ = ["Refusals"]


@define
class _Given:
    """Energy of a charge so far, Wh; and whose customer still gets some although they were refused."""

    energy_wh: float = 0.0
    session: int | None = None


class Refusals:
    """Ends such charges, or takes their energy, at once or after as much of it as ``MaxEnergyOnInvalidId`` leaves them.

    That energy is counted from the begin of the charge: what was had before the refusal counts too, so that a charge begun without a
    connection gets no more than one that was refused at once (2.0.1, E05: "has been exceeded").

    Args:
        engine: whose station it is.
        operations: carries out what is asked.
    """

    def __init__(self, engine: Engine, operations: Operations) -> None:
        self._engine, self._operations = engine, operations
        self._given: dict[int, _Given] = {}
        self._early: set[int] = set()

    def hear(self, news: StationEvent) -> None:
        """Energy is delivered, and charges end."""
        match news:
            case SessionBegan():
                self._given[news.connector] = _Given()
                early = news.connector in self._early
                self._early.discard(news.connector)
                self._operations.spawn(self._begun(news.connector, news.number, early=early))
            case Sampled():
                here = self._given.setdefault(news.connector, _Given())
                here.energy_wh = news.energy_wh
                if here.session is not None and self._used_up(here):
                    session, here.session = here.session, None
                    self._operations.spawn(self._act(news.connector, session))
            case ChargingEnded() | SessionRecovered():
                self._given.pop(news.connector, None)
            case StateChanged() if news.after == "available":
                self._early.discard(news.connector)
            case _:
                pass

    async def refused(self, connector: int, session: int) -> None:
        """The backend refuses the customer of a transaction."""
        if not self._runs(connector, session):
            return
        await self._engine.ledger.refuse(session)
        here = self._given.setdefault(connector, _Given())
        ends = self._engine.settings.get(ocpp.STOP_ON_INVALID)
        if self._used_up(here) or (ends and not self._engine.spoken.energy_before_end):
            await self._act(connector, session)
        else:
            here.session = session

    async def refused_early(self, connector: int) -> None:
        """The backend refuses a customer who does not charge yet: where some energy is left to them, that begins first."""
        if self._engine.settings.get(ocpp.MAX_ENERGY_ON_INVALID_WH) > 0:
            self._early.add(connector)
        else:
            await self._end(connector)

    async def _begun(self, connector: int, session: int, *, early: bool) -> None:
        """Its customer may have been refused before: not charging yet, or before a power cut after which the session goes on."""
        if early or await self._engine.ledger.is_refused(session):
            await self.refused(connector, session)

    def _used_up(self, here: _Given) -> bool:
        return here.energy_wh >= self._engine.settings.get(ocpp.MAX_ENERGY_ON_INVALID_WH)

    def _runs(self, connector: int, session: int) -> bool:
        running = self._engine.ledger.running_session(connector)
        return running is not None and running.session == session

    async def _act(self, connector: int, session: int) -> None:
        if self._runs(connector, session):
            await self._end(connector)

    async def _end(self, connector: int) -> None:
        if self._engine.settings.get(ocpp.STOP_ON_INVALID):  # the plug stays locked until its owner comes back (errata 3.5)
            await self._operations.ask(StopCharge(connector=connector, reason=DEAUTHORIZED, keep_plug=True))
        else:
            await self._operations.ask(SetLimit(connector=connector, source=NOT_AUTHORIZED, current_a=0.0))
