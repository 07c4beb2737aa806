"""What a backend may have done at the station: start, stop, unlock, reset, availability, reservations. Without a version's words."""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import frozen

from cc613_chargepoint.domain.events import (
    ChargingEnded,
    Decided,
    FaultRaised,
    ReservationUsed,
    SessionEnded,
    StateChanged,
    StationEvent,
)
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.facade.commands import (
    CancelReservation,
    Command,
    Present,
    Reserve,
    SetAvailability,
    StartCharge,
    StationStatus,
    StopCharge,
    Unlock,
    WithdrawLimit,
)
from cc613_chargepoint.ocpp.engine.owed.facts import Notice, Standing, StopReason
from cc613_chargepoint.ocpp.engine.transactions.reasons import NOT_AUTHORIZED, REMOTE_STOP
from cc613_chargepoint.ocpp.engine.transactions.refusals import Refusals
from cc613_chargepoint.settings import Actor, ocpp
from cc613_chargepoint.store import Transaction
from cc613hal.errors import HalError, Unsupported

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.engine.engine import Engine

__all__ = ["Availability", "Booking", "Operations", "ReserveAnswer", "Unlocking"]

_log = logging.getLogger(__name__)

BACKEND = Actor(name="the backend", role=Role.OPERATOR)
_ROOM = "ocpp"
EXPIRED, REMOVED = "Expired", "Removed"
"""What became of a reservation: its time is over, or its connector can be used no more (2.0.1, ReservationUpdateStatusEnumType)."""
PROMISE_S = 60.0
"""How long a connector is kept for somebody who was started from afar and is not judged yet, s."""


class Availability(enum.Enum):
    """What became of a change of availability."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    SCHEDULED = "Scheduled"


class Unlocking(enum.Enum):
    """What became of an unlock."""

    UNLOCKED = "Unlocked"
    FAILED = "UnlockFailed"
    NOT_SUPPORTED = "NotSupported"


class ReserveAnswer(enum.Enum):
    """What became of a reservation."""

    ACCEPTED = "Accepted"
    FAULTED = "Faulted"
    OCCUPIED = "Occupied"
    REJECTED = "Rejected"
    UNAVAILABLE = "Unavailable"


@frozen(kw_only=True)
class Booking:
    """A reservation as it outlives a restart.

    Attributes:
        number: the backend's.
        connector: 0 for any.
        token: for whom.
        until: UTC.
        parent: for everybody of this group too.
    """

    number: int
    connector: int
    token: str
    until: datetime
    parent: str | None = None


class Operations:
    """Carries them out.

    Args:
        engine: whose station it is.
        status: of the station, at the start.
    """

    def __init__(self, engine: Engine, status: StationStatus) -> None:
        self._engine = engine
        self._locks = {each.number: each.locks for each in status.connectors}
        self.restartable = frozenset(each.number for each in status.connectors if each.restarts)
        """The outlets that can start again by themselves."""
        self._inoperative: set[int] = set()
        self._scheduled: set[int] = set()
        self._refusals = Refusals(engine, self)
        self.bookings: dict[int, Booking] = {}
        self._expected: dict[int, tuple[str, float]] = {}
        self._used_up: set[int] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._looked = asyncio.Event()

    @property
    def connectors(self) -> list[int]:
        """The connectors' numbers."""
        return list(self._locks)

    def locks(self, connector: int) -> bool:
        """Whether a connector has a lock: a socket, not a fixed cable."""
        return self._locks.get(connector, False)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something beside; what it raises is logged."""

        async def guarded() -> None:
            try:
                await work
            except HalError as error:
                _log.warning("the backend's wish was not carried out: %s", error)
            except Exception:  # noqa: BLE001 - one wish must not end the others; it is logged with its traceback
                _log.exception("the backend's wish failed")

        task = asyncio.create_task(guarded(), name="ocpp operation")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(self) -> None:
        """Give up what is under way."""
        for task in tuple(self._tasks):
            task.cancel()

    async def ask(self, command: Command) -> Any:
        """Have the station do something in the backend's name."""
        return await self._engine.facade.ask(command, BACKEND)

    # -- over a restart ---------------------------------------------------------------------------------------------------------------

    async def restore(self) -> None:
        """Availability and reservations as they were before the restart."""
        kept = await self._engine.store.read(lambda tx: dict(tx.memory.all(_ROOM)), "reading what the backend has set")
        self._inoperative = set(kept.get("inoperative") or [])
        now = self._engine.clock.wall()
        for each in kept.get("bookings") or []:
            booking = Booking(**{**each, "until": datetime.fromisoformat(each["until"])})
            if booking.until > now:
                self.bookings[booking.number] = booking
                await self.ask(_reserve(booking))
        for number in self.connectors:
            if not self._operative(number):
                await self.ask(SetAvailability(connector=number, in_service=False))
                self._engine.view.connectors[number].in_service = False
        self._engine.view.connectors[0].in_service = 0 not in self._inoperative
        self._mark_reserved()

    async def _keep(self) -> None:
        inoperative = sorted(self._inoperative)
        bookings = [
            {
                "number": each.number,
                "connector": each.connector,
                "token": each.token,
                "until": each.until.isoformat(),
                "parent": each.parent,
            }
            for each in self.bookings.values()
        ]

        def work(tx: Transaction) -> None:
            tx.memory.put(_ROOM, "inoperative", inoperative)
            tx.memory.put(_ROOM, "bookings", bookings)

        await self._engine.store.write(work, "keeping what the backend has set")

    # -- start, stop, unlock ----------------------------------------------------------------------------------------------------------

    def busy(self, connector: int) -> bool:
        """Whether a customer is there already."""
        view = self._engine.view.connectors[connector]
        return view.in_session or view.state not in {"available", "connected", "unclaimed"}

    def startable(self, connector: int | None, token: str) -> int | None:
        """The connector where somebody may be started from afar; ``None`` if there is none.

        Args:
            connector: which; ``None`` leaves it to the station: one with a plug before a free one, and none where a plug has waited so
                long that it may be somebody else's. Whoever names the connector knows whose it is (OCPP 1.6, 4.9: F2; errata 3.20).
            token: who, for reservations.
        """
        view = self._engine.view
        asked = self.connectors if connector is None else [connector]
        ranked = sorted(asked, key=lambda number: view.connectors[number].state != "connected" if number in view.connectors else True)
        for number in ranked:
            if number not in self._locks or self.busy(number) or self._awaited(number):
                continue
            standing = view.connectors[number].standing()
            if standing in {Standing.UNAVAILABLE, Standing.FAULTED} or (connector is None and standing is Standing.FINISHING):
                continue
            if self._kept_for_others(number, token):
                continue
            return number
        return None

    def _kept_for_others(self, connector: int, token: str) -> bool:
        """Whether a reservation of the connector is for somebody else; whose group is not known counts as the holder until it is asked."""
        here = self._bookings_at(connector)
        return bool(here) and all(each.token.casefold() != token.casefold() and each.parent is None for each in here)

    def _kept_for_a_group(self, connector: int, token: str) -> bool:
        here = self._bookings_at(connector)
        return bool(here) and all(each.token.casefold() != token.casefold() for each in here)

    def _bookings_at(self, connector: int) -> list[Booking]:
        """The reservation of a connector; where that is shown as reserved without one of its own, those for any connector."""
        own = [each for each in self.bookings.values() if each.connector == connector]
        if own or not self._engine.view.connectors[connector].reserved:
            return own
        return [each for each in self.bookings.values() if each.connector == 0]

    def expect(self, connector: int, token: str) -> None:
        """Somebody was promised this connector: until the station has judged them, it is nobody else's."""
        self._expected[connector] = token.casefold(), self._engine.clock.monotonic_s() + PROMISE_S

    def _awaited(self, connector: int) -> bool:
        _, until_s = self._expected.get(connector, ("", float("-inf")))
        return self._engine.clock.monotonic_s() < until_s

    async def start(self, connector: int, token: str) -> None:
        """Start somebody; where the settings say so, or a reservation has to be looked at, they are judged like a card."""
        try:
            if self._engine.settings.get(ocpp.AUTHORIZE_REMOTE) or self._kept_for_a_group(connector, token):
                await self.ask(Present(connector=connector, token=token))
            else:
                await self.ask(StartCharge(connector=connector, token=token))
        except HalError:
            self._expected.pop(connector, None)
            raise

    async def stop(self, connector: int, reason: str = REMOTE_STOP) -> None:
        """End the session of a connector."""
        await self.ask(StopCharge(connector=connector, reason=reason))

    async def unlock(self, connector: int) -> Unlocking:
        """Release a plug; a transaction that runs is ended first."""
        if not self._locks.get(connector, False):
            return Unlocking.NOT_SUPPORTED
        try:
            await self.ask(Unlock(connector=connector))
        except Unsupported:
            return Unlocking.NOT_SUPPORTED
        except HalError as error:
            _log.warning("connector %d is not unlocked: %s", connector, error)
            return Unlocking.FAILED
        return Unlocking.UNLOCKED

    async def stop_transaction(self, connector: int) -> None:
        """The backend ends a transaction; where nobody charges, or does any more, that is all there is to end."""
        extent = self._engine.extents.running.get(connector)
        if extent is None or extent.presence.authorised:
            await self.stop(connector)
        else:
            self._engine.extents.close(connector, StopReason.REMOTE)

    async def refused(self, connector: int, session: int) -> None:
        """The backend refuses the customer of a session that runs."""
        await self._refusals.refused(connector, session)

    async def refused_early(self, uid: str) -> None:
        """The backend refuses the customer of a transaction, who may not have begun to charge."""
        extent = self._engine.extents.named(uid)
        if extent is not None and extent.session is not None:
            await self.refused(extent.connector, extent.session)
        elif extent is not None and extent.presence.authorised:
            await self._refusals.refused_early(extent.connector)

    # -- availability -----------------------------------------------------------------------------------------------------------------

    def _operative(self, connector: int) -> bool:
        return not self._inoperative & {0, connector}

    async def change_availability(self, connector: int, *, operative: bool) -> Availability:
        """Put a connector, or with 0 the station and all its connectors, into service or out of it; kept over a restart."""
        if connector and connector not in self._locks:
            return Availability.REJECTED
        if connector == 0:
            self._inoperative = set() if operative else {0, *self.connectors}
        elif operative:
            self._inoperative.discard(connector)
        else:
            self._inoperative.add(connector)
        await self._keep()
        concerned = self.connectors if connector == 0 else [connector]
        later = [] if operative else sorted(self._engine.ledger.transactions & set(concerned))
        self._scheduled = (self._scheduled - set(concerned)) | set(later)
        return Availability.SCHEDULED if later else Availability.ACCEPTED

    async def apply_availability(self) -> None:
        """Have the connectors obey; those with a transaction do when it ends."""
        for number in self.connectors:
            if number not in self._scheduled:
                await self.ask(SetAvailability(connector=number, in_service=self._operative(number)))
        view = self._engine.view
        view.connectors[0].in_service = 0 not in self._inoperative
        view.refresh(0)
        gone = [each.number for each in self.bookings.values() if each.connector and not self._operative(each.connector)]
        for number in gone:
            await self._over(number, REMOVED)

    async def hold(self, held: bool) -> None:
        """Serve nobody new while the station is worked on; whoever charges goes on."""
        for number in self.connectors:
            await self.ask(SetAvailability(connector=number, in_service=not held and self._operative(number)))

    # -- reservations -----------------------------------------------------------------------------------------------------------------

    async def reserve(self, booking: Booking) -> ReserveAnswer:
        """Keep a connector for somebody; the same number again replaces the reservation."""
        settings, view = self._engine.settings, self._engine.view
        if not settings.get(ocpp.RESERVATIONS) or (booking.connector == 0 and not settings.get(ocpp.RESERVE_ANY)):
            return ReserveAnswer.REJECTED
        if booking.connector and booking.connector not in self._locks:
            return ReserveAnswer.REJECTED
        concerned = [booking.connector] if booking.connector else self.connectors
        others = [each for each in self.bookings.values() if each.number != booking.number]
        found: list[ReserveAnswer] = []
        for number in concerned:
            standing = view.connectors[number].standing()
            if standing is Standing.FAULTED or view.connectors[0].standing() is Standing.FAULTED:
                found.append(ReserveAnswer.FAULTED)
            elif not self._operative(number):
                found.append(ReserveAnswer.UNAVAILABLE)
            elif standing not in {Standing.AVAILABLE, Standing.RESERVED} or any(each.connector == number for each in others):
                found.append(ReserveAnswer.OCCUPIED)
        free = len(concerned) - len(found)
        if booking.connector == 0 and 0 < free <= sum(each.connector == 0 for each in others):
            return ReserveAnswer.OCCUPIED
        if free == 0:
            return found[0]
        if booking.until <= self._engine.clock.wall():
            return ReserveAnswer.REJECTED
        self.bookings[booking.number] = booking
        await self._keep()
        await self.ask(_reserve(booking))
        self._mark_reserved()
        self._looked.set()
        return ReserveAnswer.ACCEPTED

    async def cancel(self, number: int) -> bool:
        """End a reservation; whether there was one."""
        if self.bookings.pop(number, None) is None:
            return False
        await self._keep()
        try:
            await self.ask(CancelReservation(number=number))
        except HalError:
            _log.debug("reservation %d had ended at the station already", number)
        self._mark_reserved()
        return True

    async def _over(self, number: int, why: str) -> None:
        """A reservation ends without the backend's or the customer's doing: where the version has a word for that, the backend hears it."""
        if await self.cancel(number):
            await self._engine.owe(Notice(kind="reservation", status=why, request=number, at=self._engine.clock.wall()))

    def _mark_reserved(self) -> None:
        """Show as reserved what is, and every free connector where reservations for any of them take all that is free."""
        view = self._engine.view
        anywhere = sum(each.connector == 0 for each in self.bookings.values())
        own = {each.connector for each in self.bookings.values()} | self._used_up
        free = [number for number in self.connectors if number not in own and view.connectors[number].idle and self._operative(number)]
        for number in self.connectors:
            view.connectors[number].reserved = number in own or (number in free and 0 < len(free) <= anywhere)
            view.refresh(number)

    async def run(self) -> None:
        """End reservations when their time is over; until cancelled."""
        while True:
            self._looked.clear()
            if not self.bookings:
                await self._looked.wait()
                continue
            now = self._engine.clock.wall()
            for booking in [each for each in self.bookings.values() if each.until <= now]:
                _log.info("reservation %d is over", booking.number)
                await self._over(booking.number, EXPIRED)
            if self.bookings:
                ends = min(each.until for each in self.bookings.values())
                wait_s = max(0.01, (ends - self._engine.clock.wall()).total_seconds())
                try:
                    async with asyncio.timeout(min(wait_s, 60.0)):  # the wall clock may step
                        await self._looked.wait()
                except TimeoutError:
                    continue

    # -- news ---------------------------------------------------------------------------------------------------------------------------

    def hear(self, news: StationEvent) -> None:
        """What has ended makes room for what was scheduled, and ends what was reserved."""
        self._refusals.hear(news)
        match news:
            case Decided() if self._expected.get(news.connector, ("",))[0] == news.verdict.token.id.casefold():
                self._expected.pop(news.connector)
            case StateChanged():
                self._expected.pop(news.connector, None)
                if news.connector in self._used_up or self.bookings:
                    self._used_up.discard(news.connector)
                    self._mark_reserved()
            case ChargingEnded():
                self.spawn(self._after_charge(news.connector))
            case SessionEnded():
                self._mark_reserved()
            case ReservationUsed():
                self._used_up.add(news.connector)  # from reserved to preparing: it is not available in between
                self.spawn(self._used(news.number))
            case FaultRaised() if news.connector:
                gone = [each.number for each in self.bookings.values() if each.connector == news.connector]
                if self._engine.view.connectors[news.connector].stopping_faults():
                    for number in gone:
                        self.spawn(self._over(number, REMOVED))
            case _:
                pass

    async def _used(self, number: int) -> None:
        if self.bookings.pop(number, None) is not None:
            await self._keep()
            self._mark_reserved()

    def transaction_over(self, connector: int) -> None:
        """A transaction that was more than its session has ended."""
        self.spawn(self._after_charge(connector))
        self.spawn(self._engine.charging.end_transaction(connector))

    async def _after_charge(self, connector: int) -> None:
        await self.ask(WithdrawLimit(connector=connector, source=NOT_AUTHORIZED))
        if connector in self._scheduled and connector not in self._engine.ledger.transactions:
            self._scheduled.discard(connector)
            await self.ask(SetAvailability(connector=connector, in_service=self._operative(connector)))


def _reserve(booking: Booking) -> Reserve:
    return Reserve(number=booking.number, connector=booking.connector, token=booking.token, until=booking.until, parent=booking.parent)
