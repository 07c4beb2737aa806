"""When meters are read for the backend: in step with a transaction, and in step with the clock."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from attrs import evolve, frozen

from cc613_chargepoint.domain.events import ChargingEnded, SessionBegan, StationEvent
from cc613_chargepoint.facade.commands import MeterView
from cc613_chargepoint.ocpp.engine.owed.facts import Quantity, Reading, SignedValue
from cc613_chargepoint.ocpp.engine.transactions.ledger import Ledger
from cc613_chargepoint.ocpp.engine.transactions.measurands import DEFAULT, quantities, register_text
from cc613_chargepoint.ocpp.engine.transactions.signing import Signing, may_be_signed
from cc613_chargepoint.settings import Settings, ocpp
from cc613hal.clock import Clock
from cc613hal.errors import HalError

__all__ = ["Beat", "Sampler", "next_aligned"]

_log = logging.getLogger(__name__)
LOOK_S = 5.0
"""How often a sampler looks whether its interval has changed, s."""


def next_aligned(now: datetime, interval_s: int) -> datetime:
    """The next moment after ``now`` that is a multiple of an interval counted from midnight UTC; midnight itself always is one."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = int((now - midnight).total_seconds()) // interval_s
    return min(midnight + timedelta(seconds=(passed + 1) * interval_s), midnight + timedelta(days=1))


SPARE = 10
"""So many times the values that an end may bring are kept in memory for it; then every second one goes."""


@frozen(kw_only=True)
class Occasion:
    """Why meters are read.

    Attributes:
        at: the moment that the values are about, UTC.
        context: as OCPP names it.
        names: measurands that are told; ``None`` to tell nothing now.
        with_end: measurands that the end of a transaction brings.
        aligned: on the clock.
    """

    at: datetime
    context: str
    names: Sequence[str] | None
    with_end: Sequence[str]
    aligned: bool = False


class Beat:
    """Moments at an interval that may change, and then counts at once: from the last moment on.

    Args:
        now_s: from when on, s.
    """

    def __init__(self, now_s: float) -> None:
        self._last_s = now_s

    def due_s(self, interval_s: float, now_s: float) -> float:
        """The next moment, s, which may be long past; never without an interval."""
        if interval_s <= 0:
            self._last_s = now_s
            return math.inf
        return self._last_s + interval_s

    def beats(self, interval_s: float, now_s: float) -> bool:
        """Whether it is time. The next moment counts from the one that was due: nothing drifts, and what was missed is not made up for."""
        due_s = self.due_s(interval_s, now_s)
        if due_s > now_s:
            return False
        self._last_s = now_s if now_s - due_s >= interval_s else due_s
        return True


class Sampler:
    """Reads meters and puts what they tell into the outbox.

    Args:
        ledger: takes the values.
        settings: the station's.
        clock: the station's clock.
        read: reads the meter of a connector.
        signing: has values signed.
        connectors: of the station.
        wake: tells the sender that something waits.
        begins_apart: whether the version that is spoken tells the values of a begin in a message of their own.
    """

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        clock: Clock,
        *,
        read: Callable[[int], Awaitable[MeterView]],
        signing: Signing,
        connectors: Sequence[int],
        wake: Callable[[], None],
        begins_apart: Callable[[], bool],
    ) -> None:
        self._ledger, self._settings, self._clock, self._signing, self._begins_apart = ledger, settings, clock, signing, begins_apart
        self._read, self._connectors, self._wake = read, connectors, wake
        self._periodic: dict[int, asyncio.Task[None]] = {}

    def hear(self, news: StationEvent) -> None:
        """Sample while a transaction runs."""
        match news:
            case SessionBegan():
                self._end(news.connector)
                self._periodic[news.connector] = asyncio.create_task(
                    self._sample(news), name=f"samples for the backend, connector {news.connector}"
                )
            case ChargingEnded():
                self._end(news.connector)
            case _:
                pass

    def _end(self, connector: int) -> None:
        if (task := self._periodic.pop(connector, None)) is not None:
            task.cancel()

    def end(self) -> None:
        """Sample no more."""
        for connector in tuple(self._periodic):
            self._end(connector)

    async def _sample(self, began: SessionBegan) -> None:
        """What is wanted of the begin; then what is told meanwhile and what the end brings, each in its own beat from the begin on."""
        start_s = self._clock.monotonic_s()
        told, kept = Beat(start_s), Beat(start_s)
        await self._begin(began)
        while True:
            own_s, with_end = self._settings.get(ocpp.STOP_SAMPLE_S), self._settings.get(ocpp.STOP_SAMPLED_DATA)
            now_s = self._clock.monotonic_s()
            told_s, kept_s = self._settings.get(ocpp.SAMPLE_S), own_s if own_s and with_end else 0
            if (wait_s := min(told.due_s(told_s, now_s), kept.due_s(kept_s, now_s)) - now_s) > 0.0:
                await self._clock.sleep(min(wait_s, LOOK_S))  # an interval may change meanwhile
                continue
            tells, keeps = told.beats(told_s, now_s), kept.beats(kept_s, now_s)
            occasion = Occasion(
                at=self._clock.wall(),
                context="Sample.Periodic",
                names=self._settings.get(ocpp.SAMPLED_DATA) if tells else None,
                with_end=with_end if keeps or (tells and own_s is None) else (),
            )
            await self._take(began.connector, began.number, occasion)

    async def _begin(self, began: SessionBegan) -> None:
        """The values of the begin, with its signed record where that is told: right behind the begin itself, and never left out."""
        names = self._settings.get(ocpp.START_SAMPLED_DATA)
        if not names or not self._begins_apart():
            return
        try:
            values = quantities(await self._read(began.connector), names)
            register = next((each for each in values if each.measurand == DEFAULT), None)
            begin_wh = register_text(began.begin_wh)
            if register is not None and begin_wh is not None:  # what the begin said, not what the meter shows by now
                same = evolve(register, value=begin_wh)
                values = tuple(same if each is register else each for each in values)
            signed = await self._signing.begin_of(began.number) if self._signing.begins and register is not None else None
            if values:
                reading = Reading(at=began.started, context="Transaction.Begin", quantities=values, signed=signed)
                await self._ledger.measured(began.connector, began.number, [reading], keep=self._keep, droppable=False)
                self._wake()
        except HalError as error:
            _log.warning("connector %d: no values of the begin for the backend: %s", began.connector, error)

    @property
    def _keep(self) -> int:
        return self._settings.get(ocpp.QUEUED_SAMPLES)

    async def aligned(self) -> None:
        """At every multiple of the intervals since midnight, in and outside of transactions; until cancelled."""
        while True:
            told_s, own_s = self._settings.get(ocpp.ALIGNED_S), self._settings.get(ocpp.STOP_ALIGNED_S)
            with_end = self._settings.get(ocpp.STOP_ALIGNED_DATA)
            kept_s = 0 if not with_end else told_s if own_s is None else own_s
            now = self._clock.wall()
            told, kept = (next_aligned(now, each) if each > 0 else None for each in (told_s, kept_s))
            at = min((each for each in (told, kept) if each is not None), default=None)
            if at is None:
                await self._clock.sleep(LOOK_S)
                continue
            wait_s = (at - now).total_seconds()
            if wait_s > LOOK_S:
                await self._clock.sleep(min(wait_s - LOOK_S / 2.0, LOOK_S))  # the clock may step and the setting change meanwhile
                continue
            await self._clock.sleep(wait_s)
            occasion = Occasion(
                at=at,
                context="Sample.Clock",
                names=self._settings.get(ocpp.ALIGNED_DATA) if told == at else None,
                with_end=with_end if kept == at else (),
                aligned=True,
            )
            for connector in self._connectors:
                running = self._ledger.running_session(connector)
                await self._take(connector, None if running is None else running.session, occasion)

    async def _take(self, connector: int, session: int | None, occasion: Occasion) -> None:
        try:
            view = await self._read(connector)
            values = () if occasion.names is None else quantities(view, occasion.names)
            kept = quantities(view, occasion.with_end) if occasion.with_end else ()
            now, later = await self._signed(connector, session, occasion)
            if values:
                reading = _reading(occasion, values, now)
                if not await self._ledger.measured(connector, session, [reading], keep=self._keep):
                    return
                self._wake()
            running = self._ledger.running_session(connector)
            if kept and running is not None and running.session == session:
                running.sampled.append(_reading(occasion, kept, later))
                if len(running.sampled) > SPARE * self._settings.get(ocpp.STOP_VALUES):
                    del running.sampled[1::2]
        except HalError as error:
            _log.warning("connector %d: no values for the backend: %s", connector, error)

    async def _signed(self, connector: int, session: int | None, occasion: Occasion) -> tuple[SignedValue | None, SignedValue | None]:
        """The signature for what is told now, and for what the end brings: it is one, where it is wanted.

        Outside of transactions nothing is signed: a meter would sign the name of the last customer along.
        """
        names = occasion.names
        now = names is not None and self._signing.updates(aligned=occasion.aligned) and may_be_signed(names)
        later = self._signing.samples_of_end(aligned=occasion.aligned) and bool(occasion.with_end) and may_be_signed(occasion.with_end)
        if session is None or not (now or later):
            return None, None
        signed = await self._signing.sign(connector, session, occasion.context)
        return signed if now else None, signed if later else None


def _reading(occasion: Occasion, values: Sequence[Quantity], signed: SignedValue | None) -> Reading:
    register = next((each.value for each in values if each.measurand == DEFAULT), None)
    if signed is not None:
        signed = evolve(signed, register_wh=register)
    return Reading(at=occasion.at, context=occasion.context, quantities=tuple(values), signed=signed)
