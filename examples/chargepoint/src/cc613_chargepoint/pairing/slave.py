"""The slave's side: finds its master, obeys it while it is heard, and owes it every session until it has been taken."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Coroutine
from importlib.metadata import version
from typing import Any

from attrs import evolve

from cc613_chargepoint.domain.events import (
    AvailabilityChanged,
    ChargingEnded,
    FaultCleared,
    FaultRaised,
    Offered,
    RecordSigned,
    ReservationUsed,
    SessionBegan,
    SessionEnded,
    SessionRecovered,
    StateChanged,
    StationEvent,
)
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.domain.limit import Offer
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.domain.verdict import Verdict
from cc613_chargepoint.evse.served import ServedConnector
from cc613_chargepoint.facade.codec import packed
from cc613_chargepoint.pairing.allowance import Allowance
from cc613_chargepoint.pairing.deliveries import identity_of, next_owed, paid
from cc613_chargepoint.pairing.messages import (
    PROTOCOL,
    Accept,
    Beat,
    Clear,
    Hello,
    Lease,
    Message,
    Mirror,
    News,
    NotTaken,
    Presented,
    Refusal,
    Release,
    Stop,
    Taken,
    Welcome,
)
from cc613_chargepoint.pairing.settings import LostPolicy, PairingSettings
from cc613_chargepoint.pairing.timekeeping import FollowedClock
from cc613_chargepoint.pairing.wire import Dial, Talk, WireLost
from cc613_chargepoint.store import Store, StoreError
from cc613hal.clock import Clock
from cc613hal.events import Events

__all__ = ["SlaveLink"]

_log = logging.getLogger(__name__)

_MIRRORED = (StateChanged, FaultRaised, FaultCleared, Offered)
"""What the mirror tells."""
_OWED = (SessionBegan, ChargingEnded, SessionEnded, SessionRecovered, RecordSigned)
"""What the store tells, exactly once."""
_OWN = (AvailabilityChanged, ReservationUsed)
"""What is said of this controller's own customers and operators; the master has its own."""

HELLO_S = 10.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0
"""Between attempts to reach the master: doubled each time, and shortened by chance, so that many stations do not come back together."""
ACK_S = 15.0
"""How long the master may take to store what it is told."""
RETRY_S = 10.0
"""Until the master is told again what its store could not take."""


class SlaveLink:
    """Connects one connector of this controller to its master.

    Args:
        connector: of this controller.
        news: everything that happens at this controller.
        settings: of the pair.
        clock: the station's clock.
        store: of this controller.
        dial: connects to the master.
        board: name of this controller's board.
        dice: shortens the pauses between attempts.
    """

    def __init__(
        self,
        connector: ServedConnector,
        news: Events[StationEvent],
        settings: PairingSettings,
        *,
        clock: Clock,
        store: Store,
        dial: Dial,
        board: str,
        dice: random.Random | None = None,
    ) -> None:
        self._connector, self._news, self._settings = connector, news, settings
        self._clock, self._store, self._dial, self._board = clock, store, dial, board
        self._dice = dice or random.Random()
        self._allowance = Allowance(connector.limits, store, clock, self._master_lost)
        self._time = FollowedClock(clock)
        self._talk: Talk | None = None
        self._shown: Mirror | None = None
        self._because, self._offer = "at start-up", Offer(current_a=0.0, source="no vehicle")
        self._beat_now = asyncio.Event()
        self._sent_s: dict[int, float] = {}
        self._lease = 0
        self._imposed: dict[FaultName, Fault] = {}
        self._owed = asyncio.Event()
        self._answer: asyncio.Future[Message] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._complaint = ""

    @property
    def connected(self) -> bool:
        """Whether the master is heard."""
        return self._talk is not None

    # -- customers ------------------------------------------------------------------------------------------------------------------------

    def presented(self, token: Token, random_uid: bool) -> bool | Verdict:
        """Somebody identified here: for the customers of this controller.

        Args:
            token: who.
            random_uid: the identifier changes with every read.

        Returns:
            Whether the master decides; a refusal where nobody may; ``False`` where this controller decides by its own rules.
        """
        talk = self._talk
        if talk is not None:
            if token.source is TokenSource.FREE:
                return True  # the master sees the plug, and lets charge if it does so
            try:
                talk.say(Presented(token=token, random=random_uid))
            except WireLost as error:
                _log.warning("the master could not be told of %s: %s", token.id, error)
                talk.end()
            return True
        here = self._connector.token
        if here is not None and here.same_as(token):
            self._connector.stop("card presented again")
            return True
        if self._settings.policy is LostPolicy.CONTINUE:
            return False
        return Verdict(token=token, accepted=False, reasons=("the master controller cannot be asked",), rule="master")

    # -- without the master ---------------------------------------------------------------------------------------------------------------

    def _master_lost(self) -> None:
        """The lease has ended; the current has fallen by itself."""
        why = self._complaint or "it does not answer"
        _log.warning("the master is not heard: %s; at most %g A", why, self._allowance.safe_a)
        self._connector.raise_fault(Fault(name=FaultName.MASTER_UNREACHABLE, detail=why))
        if self._settings.policy is LostPolicy.STOP:
            self._patience = asyncio.get_running_loop().call_later(self._settings.lost_after_s, self._end_charge)

    def _end_charge(self) -> None:
        self._patience = None
        if self._connector.token is not None:
            self._connector.stop("the master controller was not heard for too long")

    def _master_heard(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        self._connector.clear_fault(FaultName.MASTER_UNREACHABLE, "the master is heard again")

    # -- the link -------------------------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve until cancelled."""
        await self._allowance.begin(self._settings.lease_s)
        pause_s = FIRST_PAUSE_S
        with self._news.on(self._hear):
            try:
                while True:
                    self._lease = 0
                    try:
                        await self._converse(Talk(await self._dial()))
                    except WireLost as error:
                        self._complain(error)
                    except Exception:  # noqa: BLE001 - a defect here costs the conversation, and charging nothing: the lease ends by itself
                        _log.exception("the conversation with the master broke down and begins anew")
                        if self._lease:
                            pause_s = FIRST_PAUSE_S
                    self._time.look()
                    await self._clock.sleep(pause_s * self._dice.uniform(0.5, 1.0))
                    pause_s = min(LONGEST_PAUSE_S, 2.0 * pause_s)
            finally:
                self._allowance.end()
                if self._patience is not None:
                    self._patience.cancel()

    def _complain(self, error: WireLost) -> None:
        """Once for each reason, not with each attempt."""
        if str(error) != self._complaint:
            _log.warning("no link to the master: %s", error)
        self._complaint = str(error)

    async def _converse(self, talk: Talk) -> None:
        """Hold one conversation, to the end of the link.

        Raises:
            WireLost: always.
        """
        self._lease, self._sent_s, self._shown = 0, {}, None
        try:
            talk.say(await self._hello())
            answer = await talk.hear(HELLO_S)
            if isinstance(answer, Refusal):
                raise WireLost(f"the master refuses: {answer.reason}")
            if not isinstance(answer, Welcome) or answer.protocol != PROTOCOL:
                raise WireLost("the master speaks another version of the link: install the same software on both")
            _log.info("the master is here, software %s; this is connector %d of the station", answer.software, answer.connector)
            self._talk, self._complaint = talk, ""
            self._reflect()
            await _until_one_ends(self._beating(talk, answer.beat_s), self._listening(talk, 4.0 * answer.beat_s), self._delivering(talk))
        finally:
            self._talk = None
            talk.end()

    async def _hello(self) -> Hello:
        try:
            store = await identity_of(self._store)
        except StoreError as error:
            raise WireLost(f"this controller's store does not answer: {error}") from error
        own = version("cc613-chargepoint")
        return Hello(protocol=PROTOCOL, software=own, store=store, board=self._board, wall=self._clock.wall(), clock=self._clock.state)

    async def _beating(self, talk: Talk, every_s: float) -> None:
        beat = 0
        while True:
            beat += 1
            self._sent_s = {**{key: at for key, at in self._sent_s.items() if key > beat - 64}, beat: self._clock.monotonic_s()}
            self._reflect()
            talk.say(Beat(beat=beat, lease=self._lease, allowed_a=self._allowance.allowed_a, safe_a=self._allowance.safe_a))
            self._beat_now.clear()
            try:
                async with asyncio.timeout(every_s):
                    await self._beat_now.wait()
            except TimeoutError:
                continue

    async def _listening(self, talk: Talk, patience_s: float) -> None:
        while True:
            message = await talk.hear(patience_s)
            match message:
                case Lease():
                    await self._obey(message)
                case Taken() | NotTaken():
                    if self._answer is not None and not self._answer.done():
                        self._answer.set_result(message)
                case Accept():
                    if self._connector.token is None:
                        self._connector.accept(message.token, group=message.group)
                    self._reflect(answers=True)
                case Stop():
                    self._connector.stop(message.reason, keep_plug=message.keep_plug)
                case Release():
                    self._connector.release_plug(message.because)
                case Clear():
                    self._connector.clear_fault(message.name, message.because)
                case _:
                    raise WireLost(f"a master does not say {type(message).__name__}")

    async def _obey(self, lease: Lease) -> None:
        sent_s = self._sent_s.get(lease.beat)
        if sent_s is None:
            raise WireLost(f"lease {lease.lease} answers beat {lease.beat}, which was not sent lately")
        if lease.answers:
            self._time.heard(lease.wall, lease.clock, sent_s)
        if not await self._allowance.obey(lease, sent_s):
            return
        self._lease = lease.lease
        if not lease.answers:
            self._beat_now.set()  # the master waits to hear that a change is obeyed before it gives the current to others
        self._master_heard()
        told = {fault.name: fault for fault in lease.faults}
        before, self._imposed = self._imposed, told
        for name, fault in told.items():
            if name not in before:
                self._connector.raise_fault(fault)
        for name in before:
            if name not in told:
                self._connector.clear_fault(name, "the master says that it is gone")

    # -- what the master is told ----------------------------------------------------------------------------------------------------------

    def _hear(self, news: StationEvent) -> None:
        if isinstance(news, StateChanged):
            self._because = news.because
            asyncio.get_running_loop().call_later(0.25, self._reflect)  # whose turn it is follows a moment later
        elif isinstance(news, Offered):
            self._offer = news.offer
        if isinstance(news, (*_OWED, StateChanged)):
            self._owed.set()
        self._reflect()
        if self._talk is not None and not isinstance(news, (*_MIRRORED, *_OWED, *_OWN)):
            self._say(News(event=packed(news)))

    def _reflect(self, *, answers: bool = False) -> None:
        """Show how the connector is, if that has changed since it was last shown, or the master waits for it."""
        if self._talk is None:
            return
        here = self._connector
        mirror = Mirror(
            heard=self._talk.heard,
            state=here.state,
            because=self._because,
            token=here.token,
            group=here.group,
            faults=tuple(fault for fault in here.faults if fault.name is not FaultName.MASTER_UNREACHABLE),
            offer=self._offer,
            locks=here.locks,
        )
        if answers or self._shown is None or mirror != evolve(self._shown, heard=mirror.heard):
            self._shown = mirror
            self._say(mirror)

    def _say(self, message: Message) -> None:
        talk = self._talk
        if talk is None:
            return
        try:
            talk.say(message)
        except WireLost:
            talk.end()  # whoever listens there hears it

    async def _delivering(self, talk: Talk) -> None:
        """One after the other, each until it is taken; what is not taken is told again."""
        while True:
            self._owed.clear()
            try:
                told = await next_owed(self._store)
                if told is None:
                    await self._something_owed()
                    continue
                self._answer = asyncio.get_running_loop().create_future()
                talk.say(told)
                async with asyncio.timeout(ACK_S):
                    answer = await self._answer
                if isinstance(answer, Taken):
                    await paid(self._store, told, self._clock.wall())
                    continue
                _log.error("the master cannot store what it is owed: %s", answer)
            except TimeoutError:
                raise WireLost(f"the master did not store anything within {ACK_S:g} s") from None
            except StoreError as error:
                _log.error("what the master is owed cannot be looked at: %s", error)
            await self._clock.sleep(RETRY_S)

    async def _something_owed(self) -> None:
        """Until something may have been stored; looked for now and then in any case."""
        try:
            async with asyncio.timeout(RETRY_S):
                await self._owed.wait()
        except TimeoutError:
            return


async def _until_one_ends(*works: Coroutine[Any, Any, None]) -> None:
    """Run until one raises, and raise that. A task group of Python 3.11 would forget a cancellation that comes in the same moment."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
