"""The engine: connection, registration, heartbeat, and the tasks that owe the backend something."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from cc613_chargepoint.domain.events import ChargingEnded, SessionBegan, SessionRecovered, StationEvent
from cc613_chargepoint.domain.known_token import KnownToken
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.domain.token import Token
from cc613_chargepoint.facade import Facade
from cc613_chargepoint.facade.commands import GetStatus, MeterView, ReadMeter, StationStatus
from cc613_chargepoint.ocpp.certificates import Posture, TlsEvent, tls_refusal
from cc613_chargepoint.ocpp.engine.asked.local_list import count_list
from cc613_chargepoint.ocpp.engine.asked.operations import Operations
from cc613_chargepoint.ocpp.engine.asked.resets import Resets
from cc613_chargepoint.ocpp.engine.asked.upkeep import NOTICES, Tools, Upkeep
from cc613_chargepoint.ocpp.engine.identity import Identity, Offline
from cc613_chargepoint.ocpp.engine.limits.charging import SmartCharging
from cc613_chargepoint.ocpp.engine.limits.outer import OuterLimits
from cc613_chargepoint.ocpp.engine.named import Named
from cc613_chargepoint.ocpp.engine.offered import OfferedHere
from cc613_chargepoint.ocpp.engine.owed.corrected_times import latest, shift_outbox
from cc613_chargepoint.ocpp.engine.owed.facts import QUEUE, Notice, SecurityEvent, StatusReport, packed, unpacked
from cc613_chargepoint.ocpp.engine.owed.reporting import Reporter
from cc613_chargepoint.ocpp.engine.owed.sending import Sender, Settled, nothing
from cc613_chargepoint.ocpp.engine.owed.standing import StationView
from cc613_chargepoint.ocpp.engine.transactions.changes import Shifts
from cc613_chargepoint.ocpp.engine.transactions.extent import Extents
from cc613_chargepoint.ocpp.engine.transactions.ledger import Ledger
from cc613_chargepoint.ocpp.engine.transactions.outlets import Outlets
from cc613_chargepoint.ocpp.engine.transactions.sampling import Sampler
from cc613_chargepoint.ocpp.engine.transactions.signing import Signing
from cc613_chargepoint.ocpp.engine.trust.acquaintance import Acquaintance
from cc613_chargepoint.ocpp.engine.trust.network_profiles import NetworkProfile, NetworkProfiles
from cc613_chargepoint.ocpp.engine.trust.notes import SECURITY_QUEUE, SecurityNotes
from cc613_chargepoint.ocpp.engine.trust.renewal import Renewal
from cc613_chargepoint.ocpp.engine.trust.security import Security
from cc613_chargepoint.ocpp.engine.version import Version
from cc613_chargepoint.ocpp.rpc import BackendWire, Call, CallFailed, ErrorCode, Link, LinkClosed, Reply, RpcError
from cc613_chargepoint.ocpp.rpc.backoff import Backoff, SetBackoff
from cc613_chargepoint.ocpp.rpc.connection import Endpoint, connected
from cc613_chargepoint.ocpp.rpc.wire_log import WireLog
from cc613_chargepoint.ocpp.smart_charging import ProfileKeeper
from cc613_chargepoint.settings import Actor, Layer, Settings, ocpp
from cc613_chargepoint.store import OutboxMessage, Store
from cc613hal.clock import Clock, ClockState
from cc613hal.errors import HalError

__all__ = ["BACKEND", "Connect", "Engine", "Identity", "Offline", "Versions"]

_log = logging.getLogger(__name__)

BACKEND = Actor(name="backend", role=Role.OPERATOR)
HEARTBEAT_LEAST_S = 86_400.0
CLOCK_TOLERANCE_S = 1.0
"""By how much the backend's clock may differ before the station's follows it, s."""


Connect = Callable[[Endpoint, WireLog | None], contextlib.AbstractAsyncContextManager[BackendWire]]
"""Connects to a backend while the context lasts."""
Versions = Mapping[str, type[Version]]
"""Sub-protocol → makes that version on a connection; in order of preference."""


class Engine:
    """The station's side of the conversation with one backend.

    Made before the station, which needs its :attr:`ledger` and asks it about customers; :meth:`run` it once the station has a facade.

    Args:
        store: the station's.
        settings: the station's.
        clock: the station's clock.
        identity: what the station is.
        versions: of the protocol.
        endpoint: where the backend is; asked anew for every connection.
        log: is shown everything that goes over the wire.
        backoff: pauses between attempts to connect.
        security: certificates and keys; without it, what needs them is not done.
        tools: for firmware and logs; without them, these are not done.
        connect: how a connection is made.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Clock,
        *,
        identity: Identity,
        versions: Versions,
        endpoint: Callable[[NetworkProfile], Endpoint],
        log: WireLog | None = None,
        backoff: Backoff | None = None,
        security: Security | None = None,
        tools: Tools | None = None,
        connect: Connect = connected,
    ) -> None:
        self.store, self.settings, self.clock, self.identity = store, settings, clock, identity
        self._versions, self._endpoint, self._log, self.backoff = versions, endpoint, log, backoff or self._set_backoff()
        self._connect = connect
        self.ledger = Ledger(store)
        self.profiles = NetworkProfiles(store, settings)
        self.named = Named(store)
        self.outer_limits = OuterLimits(self)
        self.spoken: type[Version] = next(iter(versions.values()))
        """The version that is spoken, or was last."""
        self.security = security
        self.renewal, self.resets = Renewal(self), Resets(self)
        self.upkeep: Upkeep | None = None if tools is None else Upkeep(self, tools)
        self.registration = ""
        self.listed = 0
        """Entries of the local list."""
        self.boot_reason = "PowerUp"
        """Why the station started, as 2.0.1 calls it."""
        self.boot_triggered = False
        """The backend has asked for the boot that is told now."""
        self._link: Link | None = None
        self._version: Version | None = None
        self._wire: BackendWire | None = None
        self._online = asyncio.Event()
        self.ledger.online = self._online.is_set
        self.extents = self.ledger.extents = Extents(store, settings, clock, Outlets(self))
        self.listening = asyncio.Event()
        self._booted = False
        self._told_callback = ""
        self._complaint = ""
        self._told_refusal: TlsEvent | None = None
        self._posture = Posture(profile=settings.get(ocpp.SECURITY_PROFILE), working=settings.get(ocpp.SECURITY_PROFILE))
        self._next_boot_s = float("-inf")
        self._before = 0
        self._owed_shift = timedelta()
        self._boot_now = asyncio.Event()
        self._reconnect_at_once = False
        self._left_s = float("-inf")
        self.sender = self._sender(QUEUE)
        self._security = self._sender(SECURITY_QUEUE)
        self._notes = SecurityNotes(self, self._security.wake)
        self.notices = self._sender(NOTICES)
        self.facade: Facade
        self.view: StationView
        self.operations: Operations
        self.charging: SmartCharging
        self.signing: Signing
        self.offered: OfferedHere
        self.acquaintance = Acquaintance(store, settings, self.profiles, identity.serial)
        self._reporter = Reporter(
            clock,
            minimum_s=lambda: settings.get(ocpp.MINIMUM_STATUS_S),
            online=self._online.is_set,
            wait_online=self.wait_online,
            send=self._send_status,
        )

    def _set_backoff(self) -> SetBackoff:
        get = self.settings.get
        return SetBackoff(shape=lambda: (float(get(ocpp.BACKOFF_S)), get(ocpp.BACKOFF_REPEATS), float(get(ocpp.BACKOFF_RANDOM_S))))

    def _sender(self, queue: str) -> Sender:
        return Sender(
            queue,
            self.store,
            self.clock,
            online=self.wait_online,
            deliver={QUEUE: self._deliver, NOTICES: self._deliver_notice}.get(queue, self._deliver_security),
            given_up=self._given_up,
            attempts=lambda: self.settings.get(ocpp.ATTEMPTS),
            retry_s=lambda: float(self.settings.get(ocpp.RETRY_S)),
        )

    # -- who is asked about customers -----------------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether the backend can be asked: connected, and the boot accepted."""
        return self._online.is_set()

    @property
    def may_charge(self) -> bool:
        """Whether its customers may charge here, see :class:`Acquaintance`."""
        return self.acquaintance.may_charge

    async def authorize(self, token: Token) -> KnownToken:
        """Ask about a customer.

        Raises:
            Offline: it cannot be asked.
            RpcError: it did not answer, or refused to.
        """
        if self._version is None or not self.connected:
            raise Offline("the backend is not connected")
        return await self._version.authorize(token.id)

    @property
    def version(self) -> Version:
        """The version that is spoken now.

        Raises:
            Offline: none is.
        """
        if self._version is None:
            raise Offline("the backend is not connected")
        return self._version

    # -- life -------------------------------------------------------------------------------------------------------------------------

    async def run(self, facade: Facade) -> None:
        """Serve until cancelled."""
        self.facade = facade
        status = await facade.ask(GetStatus(), BACKEND)
        if not isinstance(status, StationStatus):
            raise TypeError("the station did not tell its status")
        numbers = [each.number for each in status.connectors]
        self.view = StationView(numbers, self._reporter.take, self.clock.wall)
        for each in status.connectors:
            self.view.connectors[each.number].state = each.state
        self.operations = Operations(self, status)
        self.charging = SmartCharging(self, await ProfileKeeper.load(self.store, self.spoken.profile_rules))
        self.signing = Signing(self.settings, self.ledger, self.clock, status, lambda command: facade.ask(command, BACKEND))
        self.offered = OfferedHere(self.signing, status)
        sampler = Sampler(
            self.ledger, self.settings, self.clock, read=self.read_meter, signing=self.signing, connectors=numbers, wake=self.sender.wake,
            begins_apart=lambda: self.spoken.begins_apart,
        )  # fmt: skip
        shifts = Shifts(self.ledger, self.view, self.clock.wall, wanted=lambda: self.spoken.wants_shifts, wake=self.sender.wake)
        self._before = await self.store.read(latest, "looking at the outbox")
        await self.operations.restore()
        await self._follow_transactions(status)
        await self.profiles.load()
        await self.named.load()
        await self.acquaintance.load()
        await count_list(self)
        self.boot_reason = await self.resets.boot_reason() or self.boot_reason
        self._notes.started(self.boot_reason)
        with contextlib.ExitStack() as listening:
            listeners = (
                self.extents.hear, self.ledger.hear, self.view.hear, self.signing.hear, shifts.hear, self.operations.hear, sampler.hear,
                self.charging.hear, self._hear,
            )  # fmt: skip
            for listener in listeners:
                listening.enter_context(facade.events.on(listener))
            self.ledger.with_end = self._with_end()
            listening.enter_context(self.settings.changes.on(lambda _: setattr(self.ledger, "with_end", self._with_end())))
            for number in self.view.connectors:
                self.view.refresh(number)
            self.listening.set()
            if self.upkeep is not None:
                listening.callback(self.upkeep.give_up)
            for end in (sampler.end, self.extents.end, self.operations.end, self._reporter.end, self.renewal.end):
                listening.callback(end)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_connected(), name="ocpp connection")
                group.create_task(self._reporter.run(), name="ocpp status")
                group.create_task(self.sender.run(), name="ocpp transactions")
                group.create_task(self._security.run(), name="ocpp security events")
                group.create_task(self.notices.run(), name="ocpp notices")
                group.create_task(self.renewal.run(), name="ocpp certificate")
                group.create_task(self.extents.run(), name="ocpp extent of transactions")
                group.create_task(sampler.aligned(), name="ocpp clock-aligned values")
                group.create_task(self.operations.run(), name="ocpp reservations")
                group.create_task(shifts.run(), name="ocpp changes of transactions")
                group.create_task(self.charging.run(), name="ocpp charging profiles")
                group.create_task(self.outer_limits.run(), name="ocpp limits from outside")
                group.create_task(self.signing.run(), name="ocpp keys of meters")

    async def _follow_transactions(self, status: StationStatus) -> None:
        """Where a transaction is more than its session, that is so from the version on that was spoken last."""
        word = await self.store.read(lambda tx: tx.memory.get("ocpp", "spoken"), "looking which version was spoken")
        self.spoken = self._versions.get(str(word), self.spoken)
        await self.extents.restore()
        for each in status.connectors:
            self.extents.moved(each.number, each.state, "")

    def _with_end(self) -> bool:
        return bool(self.settings.get(ocpp.STOP_SAMPLED_DATA) or self.settings.get(ocpp.STOP_ALIGNED_DATA))

    def _hear(self, news: StationEvent) -> None:
        match news:
            case SessionBegan() | ChargingEnded() | SessionRecovered():
                self.sender.wake()
            case _:
                pass

    async def read_meter(self, connector: int) -> MeterView:
        """Everything a meter tells now.

        Raises:
            HalError: it cannot be read.
        """
        view = await self.facade.ask(ReadMeter(connector=connector), BACKEND)
        if not isinstance(view, MeterView):
            raise TypeError("the station did not tell its meter's values")
        return view

    def describe(self) -> str:
        """How the connection is, in words."""
        if self._wire is None:
            return f"not connected to {self.profiles.current.url}{f': {self._complaint}' if self._complaint else ''}"
        words = {"": "not registered yet", "Accepted": "registered"}
        return f"connected, {self._wire.spoken}, {words.get(self.registration, f'boot answered with {self.registration}')}"

    @property
    def upkeep_there(self) -> Upkeep:
        """The upkeep of a station that has one.

        Raises:
            Offline: it has none.
        """
        if self.upkeep is None:
            raise Offline("this station has no upkeep")
        return self.upkeep

    @property
    def security_there(self) -> Security:
        """Certificates and keys of a station that keeps some.

        Raises:
            Offline: it keeps none.
        """
        if self.security is None:
            raise Offline("this station keeps no certificates")
        return self.security

    async def transaction_name(self, session: int) -> str | None:
        """What backend and station call a transaction; ``None`` while the backend has not named it."""
        if self.spoken.own_names:
            return await self.ledger.uid_of(session)
        name = await self.ledger.name_of(session)
        return None if name is None else str(name)

    async def owe(self, notice: Notice) -> None:
        """Owe a notice: it is told in order, over restarts."""
        await self.store.write(
            lambda tx: tx.outbox.put(queue=NOTICES, kind=notice.kind, payload=packed(notice), created=notice.at),
            "keeping a notice for the backend",
        )
        self.notices.wake()

    async def told(self, within_s: float = 30.0) -> None:
        """Wait until the notices are told, if the backend listens; not for ever."""
        if self.connected:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self.notices.drained()

    # -- connection -------------------------------------------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        while True:
            try:
                async with self._connect(self._endpoint(self.profiles.current), self._log) as wire:
                    self._complaint = ""
                    await self._converse(wire)
            except HalError as error:
                if str(error) != self._complaint:  # once for each reason, not once for each attempt
                    _log.warning("backend: %s", error)
                self._complaint = str(error)
                if not isinstance(error, LinkClosed):
                    self.profiles.failed()
                    await self._failed_to_connect(error)
            if self._reconnect_at_once:
                self._reconnect_at_once = False
                continue
            await self.clock.sleep(self.backoff.next_s())

    async def _converse(self, wire: BackendWire) -> None:
        """One connection, until it is gone."""
        self.spoken = self._versions[wire.subprotocol]
        timeout_s, dialect = (lambda: self.settings.get(ocpp.MESSAGE_TIMEOUT_S)), self.spoken.dialect
        link = Link(wire, self._handle, timeout_s=timeout_s, invalid=self._invalid, dialect=dialect)
        await self.store.write(lambda tx: tx.memory.put("ocpp", "spoken", wire.subprotocol), "noting which version is spoken")
        self._wire, self._link, self._version = wire, link, self.spoken(self, link)
        tasks = [
            asyncio.create_task(self._registered(link, self._version, wire.callback), name="ocpp registration"),
            asyncio.create_task(wire.keep_alive(lambda: float(self.settings.get(ocpp.PING_S))), name="ocpp pings"),
        ]
        try:
            await link.run()
        finally:
            if self.connected:
                self._left_s = self.clock.monotonic_s()
                if link.stable:  # a server that accepts and then drops is not asked without pause
                    self.backoff.reset()
            self._online.clear()
            self._wire = self._link = self._version = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def reconnect(self) -> None:
        """Close the connection and open it anew, with the settings as they are now; what is owed stays owed."""
        self._reconnect_at_once = True
        if self._wire is not None:
            await self._wire.aclose("new settings")

    async def _failed_to_connect(self, error: HalError) -> None:
        """A connection could not be made: what was changed before may have to go back (whitepaper A03, A05)."""
        refusal = tls_refusal(error)
        if refusal is not None and refusal.event is not None and refusal.event is not self._told_refusal:
            self._told_refusal = refusal.event
            self.note_security(refusal.event.value, refusal.reason)
        self._posture = self._posture.failed()
        profile = self.settings.get(ocpp.SECURITY_PROFILE)
        if self._posture.profile != profile:
            _log.error("security profile %d does not work: back to %d", profile, self._posture.profile)
            await self.settings.set({ocpp.SECURITY_PROFILE.key: self._posture.profile}, actor=BACKEND, layer=Layer.BACKEND)
        elif profile == 3 and self.security is not None and (own := self.security.in_use()) is not None and self._posture.failures >= 3:
            self.security.own.failed(own.number, self.clock.wall())

    async def _connection_worked(self) -> None:
        self._told_refusal = None
        self.profiles.worked()
        profile = self.profiles.current.security_profile
        if profile != self.settings.get(ocpp.SECURITY_PROFILE):
            await self.settings.set({ocpp.SECURITY_PROFILE.key: profile}, actor=BACKEND, layer=Layer.BACKEND)
        self._posture = Posture(profile=profile, working=profile)
        if profile == 3 and self.security is not None and (own := self.security.in_use()) is not None:
            self.security.own.worked(own.number)

    async def raise_profile(self) -> None:
        """The backend has set another security profile: it is tried at once, and given up if it does not work."""
        self._posture = self._posture.raised(self.settings.get(ocpp.SECURITY_PROFILE))
        await self.reconnect()

    async def _registered(self, link: Link, version: Version, callback: str) -> None:
        """Register, unless that was done since the start; then say what has changed, and go on saying that the station is there.

        A backend that asks back learns from a boot alone that the station is to be reached elsewhere now (OCPP-S 1.6, 5).
        """
        try:
            again = self._booted
            if not again or callback != self._told_callback:
                await self.boot_until_accepted(version)
                self._told_callback = callback
            self._online.set()
            away_s = self.clock.monotonic_s() - self._left_s
            if again and not (version.tells_all_after_absence and away_s > self.settings.get(ocpp.OFFLINE_THRESHOLD_S)):
                self._reporter.changed()
            else:
                self._reporter.all_again()
            if not again and self.upkeep is not None:
                await self.upkeep.after_boot()
            for sender in (self.sender, self._security, self.notices):
                sender.wake()
            await self._connection_worked()
            await self._beat(link, version)
        except LinkClosed:
            return
        except Exception:  # noqa: BLE001 - it is logged with its traceback; a connection on which nothing is said any more is none
            _log.exception("the conversation with the backend stands still: it is begun anew")
            if self._wire is not None:
                await self._wire.aclose("it is begun anew")

    async def boot_until_accepted(self, version: Version) -> None:
        """Ask until the backend accepts the station; nothing else is said before (OCPP 1.6, 4.2)."""
        while True:
            if (pause_s := self._next_boot_s - self.clock.monotonic_s()) > 0.0:  # a connection that was lost meanwhile shortens nothing
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await self._boot_now.wait()
            self.boot_triggered = self._boot_now.is_set()
            self._boot_now.clear()
            wait_s = float(self.settings.get(ocpp.BOOT_RETRY_S))
            try:
                answer = await version.boot()
            except LinkClosed:
                raise
            except RpcError as error:
                _log.warning("the backend did not take the boot: %s; again in %g s", error.message, wait_s)
            else:
                self._boot_now.clear()  # whoever asked for it meanwhile has it
                self.registration = answer.status
                self.heard_time(answer.time)
                await self._shift()
                if answer.status == "Accepted":
                    self._booted = True
                    await self.acquaintance.accepted()
                    if answer.interval_s > 0 and answer.interval_s != self.settings.get(ocpp.HEARTBEAT_S):
                        await self._set_heartbeat(answer.interval_s)
                    return
                _log.warning("the backend answers %s to the boot", answer.status)
                wait_s = float(answer.interval_s) if answer.interval_s > 0 else wait_s
            self._next_boot_s = self.clock.monotonic_s() + wait_s

    async def boot_now(self) -> None:
        """The backend asks for the boot: it does not wait for its interval."""
        self._boot_now.set()

    async def _set_heartbeat(self, interval_s: int) -> None:
        interval_s = min(max(interval_s, 1), int(HEARTBEAT_LEAST_S))
        await self.settings.set({ocpp.HEARTBEAT_S.key: interval_s}, actor=BACKEND, layer=Layer.BACKEND)

    async def _beat(self, link: Link, version: Version) -> None:
        """A heartbeat after every interval without any exchange, and at least one a day for the clock."""
        loop = asyncio.get_running_loop()
        beaten_s = loop.time()
        while True:
            interval_s = float(self.settings.get(ocpp.HEARTBEAT_S))
            due_s = min(max(link.heard_s, beaten_s) + interval_s, beaten_s + HEARTBEAT_LEAST_S)
            if (wait_s := due_s - loop.time()) > 0.0:
                await self.clock.sleep(min(wait_s, 5.0))  # the interval may change meanwhile
                continue
            beaten_s = loop.time()
            try:
                await version.heartbeat()
            except LinkClosed:
                raise
            except RpcError as error:
                _log.warning("a heartbeat was not answered: %s", error.message)

    def heard_time(self, at: datetime) -> None:
        """The backend told its time: a station that knows none better takes it."""
        if self.clock.state is ClockState.SYNCHRONISED:
            return
        off_s = (at - self.clock.wall()).total_seconds()
        if abs(off_s) > CLOCK_TOLERANCE_S:
            by = timedelta(seconds=off_s)
            self.clock.offset += by
            if self.clock.state is ClockState.UNKNOWN:  # what was recorded since the start was recorded by that clock
                self._reporter.shift(by)
                self._owed_shift = by
            self.note_security("SettingSystemTime", f"by {off_s:.0f} s, from the backend")
        self.clock.state = ClockState.INFORMATIVE if self.clock.state is ClockState.UNKNOWN else self.clock.state

    async def _shift(self) -> None:
        """Correct what waits before any of it is told."""
        by, self._owed_shift = self._owed_shift, timedelta()
        if not by:
            return
        count = await self.store.write(lambda tx: shift_outbox(tx, self._before, by), "correcting times")
        if count:
            _log.warning("the time of %d messages is corrected by %s", count, by)

    async def _handle(self, call: Call) -> Reply | None:
        if self.registration == "Rejected" and not self.spoken.answers_when_rejected:
            return None  # OCPP 1.6, 4.2.1: not even an answer
        if self._version is None:
            raise CallFailed(ErrorCode.INTERNAL_ERROR, "the connection is being closed")
        return await self._version.handle(call)

    async def wait_online(self) -> None:
        """Wait until the backend can be asked."""
        await self._online.wait()

    # -- what is owed -----------------------------------------------------------------------------------------------------------------

    @property
    def _version_there(self) -> Version:
        """The version that is spoken now, for what waits for the next connection where none is."""
        if self._version is None:
            raise LinkClosed("the backend is not connected")
        return self._version

    async def _send_status(self, report: StatusReport) -> None:
        await self._version_there.status(report)

    async def _deliver(self, message: OutboxMessage) -> Settled:
        return await self._version_there.deliver(message)

    async def _deliver_security(self, message: OutboxMessage) -> Settled:
        try:
            await self._version_there.security_event(unpacked(SecurityEvent, message.payload), message)
        except CallFailed as failed:
            if failed.code not in {ErrorCode.NOT_SUPPORTED, ErrorCode.NOT_IMPLEMENTED}:
                raise
            _log.info("the backend does not take security events")
        return nothing

    async def _deliver_notice(self, message: OutboxMessage) -> Settled:
        await self._version_there.notice(unpacked(Notice, message.payload), message)
        return nothing

    def _given_up(self, message: OutboxMessage) -> Settled:
        return (lambda tx: Ledger.given_up(tx, message)) if message.queue == QUEUE else nothing

    def _invalid(self, what: str) -> None:
        self.note_security("InvalidMessages", what)

    def note_security(self, kind: str, detail: str = "") -> None:
        """Something happened that matters for security; told where a security profile is in use."""
        self._notes.note(kind, detail)
