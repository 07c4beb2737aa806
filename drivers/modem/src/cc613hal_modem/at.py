"""A cellular modem by AT commands on a serial line.

Sources: 3GPP TS 27.007 and 27.005, ITU-T V.250; makers' dialects in ``dialects.toml``. The modem's network interface is the operating
system's business; this driver knows SIM card, registration, signal and access point.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TypeVar

from cc613hal.errors import (
    BusClosed,
    BusError,
    BusTimeout,
    CommandFailed,
    ConfigError,
    DeadlineExceeded,
    DeviceRefused,
    FrameError,
    HalError,
    ProtocolViolation,
    SafetyRefused,
)
from cc613hal.interfaces import Identified, Identity, Modem, ModemIdentity, ModemReading, Registration, SimState
from cc613hal.plugins import DeviceContext, Driver
from cc613hal_modem.decode import (
    Network,
    Signal,
    counter_of,
    iccid_of,
    network_of,
    operator_of,
    rssi_of,
    signal_of,
    sim_of,
    sim_of_refusal,
)
from cc613hal_modem.dialect import CPINR, Dialect, Query, dialects, spoken_by
from cc613hal_modem.lines import bare, prefixed
from cc613hal_modem.link import AtLink
from cc613hal_modem.options import AtOptions, PinCounter, Speaks
from cc613hal_modem.pin import FEWEST_TRIES, PinGuard, check_pin
from cc613hal_modem.refusals import INCORRECT_PASSWORD, SIM_BUSY

__all__ = ["AtModem"]

T = TypeVar("T")

_GREETINGS = 6
_GREETING_S = 1.0
"""A modem that is starting up may need several; together less than the board allows for connecting."""
_SIM_READY_S = 10.0
_POLL_S = 0.5
_NO_ATTEMPT = frozenset({3, 4, 10, 13, SIM_BUSY, 515})
"""Refusals of AT+CPIN that cost no attempt: the card never saw the PIN (515: Quectel's "please wait, init is being executed")."""


class AtModem(Driver, Modem, Identified):
    """A modem on a serial line.

    Args:
        context: its place on the board.
        options: how it is spoken to.
    """

    def __init__(self, context: DeviceContext, options: AtOptions) -> None:
        self._context = context
        self._options = options
        self._device = context.device
        boot = [line for dialect in dialects().values() for line in dialect.boot]
        self._link = AtLink(context.serial, context.clock, context.device, context.log, boot)
        self._guard = PinGuard(context.memory, context.device)
        self._turn = asyncio.Lock()
        self._dialect: Dialect | None = None

    # -- life ---------------------------------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Greet the modem until it answers, set its echo and error reports, learn whose dialect it speaks.

        Raises:
            BusError: nobody answers.
        """
        async with self._turn:
            await self._set_up()

    async def aclose(self) -> None:
        """Nothing runs in the background."""

    # -- what it tells ------------------------------------------------------------------------------------------------------------

    async def identify(self) -> Identity:
        """Maker, model, serial number (IMEI) and firmware."""
        modem = await self.identify_modem()
        return Identity(vendor=modem.vendor, model=modem.model, serial=modem.imei, firmware=modem.revision)

    async def identify_modem(self) -> ModemIdentity:
        """Who the modem is; the card's number only if a card is there and tells it.

        Raises:
            ProtocolViolation: an answer makes no sense.
        """
        async with self._turn:
            await self._ready()
            imei = await self._text("AT+CGSN")
            if not re.fullmatch(r"[0-9]{14,17}", imei):  # 3GPP TS 23.003: 14 digits and a check digit, or a software version of two
                raise ProtocolViolation("the answer to AT+CGSN is no IMEI", device=self._device)
            return ModemIdentity(
                vendor=await self._text("AT+CGMI"),
                model=await self._text("AT+CGMM"),
                revision=(await self._text("AT+CGMR")).removeprefix("Revision:").strip(),
                imei=imei,
                iccid=await self._iccid(),
            )

    async def read_modem(self) -> ModemReading:
        """SIM card, registration, operator and signal now."""
        async with self._turn:
            await self._ready()
            sim = await self._sim()
            network = await self._network()
            operator: str | None = None
            technology = network.technology
            if network.registration in {Registration.HOME, Registration.ROAMING}:
                named = await self._maybe(Query(command="AT+COPS?", prefix="+COPS"), operator_of)
                operator, act = named or (None, None)
                technology = act or technology
            rssi_dbm = await self._maybe(Query(command="AT+CSQ", prefix="+CSQ"), rssi_of)
            lte = await self._maybe(Query(command="AT+CESQ", prefix="+CESQ"), signal_of) or Signal()
            return ModemReading(
                stamp=self._context.clock.stamp(),
                source=self._device,
                sim=sim,
                registration=network.registration,
                operator=operator,
                technology=technology,
                rssi_dbm=rssi_dbm,
                rsrp_dbm=lte.rsrp_dbm,
                rsrq_db=lte.rsrq_db,
            )

    async def pin_attempts(self) -> int | None:
        """PIN attempts that are left; ``None`` where the modem does not tell beyond doubt."""
        async with self._turn:
            await self._ready()
            return await self._attempts()

    # -- what it is told ----------------------------------------------------------------------------------------------------------

    async def enter_pin(self, pin: str) -> SimState:
        """Unlock the SIM card. The PIN is sent once at most, and never one that this card refused before.

        Raises:
            ConfigError: it cannot be a PIN.
            SafetyRefused: fewer than two attempts are left, or nobody knows how many; or the card refused this PIN before.
            CommandFailed: the PIN was refused, or there is no usable card; ``evidence`` is the :class:`SimState`.
        """
        check_pin(pin, self._device)
        async with self._turn:
            await self._ready()
            state = await self._sim()
            if state is SimState.READY:
                return state
            self._require_locked(state)
            left = await self._attempts()
            if left is None or left < FEWEST_TRIES:
                told = "nobody knows how many attempts are left" if left is None else f"only {left} attempt{'s' * (left != 1)} left"
                raise SafetyRefused(
                    f"the PIN is not sent: {told}",
                    device=self._device,
                    hint="set the option pin_counter to what the modem knows" if left is None else "unlock the card in a telephone",
                )
            card = await self._iccid() or ""
            self._guard.require_untried(card, pin, left)
            return await self._send_pin(card, pin, left)

    async def set_apn(self, apn: str, *, user: str = "", password: str = "") -> None:
        """Set the access point of the first context; used when the context is next activated.

        Raises:
            ConfigError: one of them holds what no AT command can carry.
            DeviceRefused: the modem refused it.
        """
        for what, text in (("access point", apn), ("user", user), ("password", password)):
            if not re.fullmatch(r"[ -!#-\[\]-~]{0,100}", text):
                raise ConfigError(f"the {what} holds a quote, a backslash or a sign that is no ASCII", device=self._device)
        async with self._turn:
            await self._ready()
            assert self._dialect is not None
            await self._command(f'AT+CGDCONT=1,"IP","{apn}"')
            for template in self._dialect.login if user else self._dialect.open:
                text = template.format(apn=apn, user=user, password=password, auth=self._options.auth.value)
                await self._command(text, secret=bool(user))

    async def reset_modem(self) -> None:
        """Restart the modem, wait until it answers again, and set it up.

        Raises:
            CommandFailed: it shows no sign of having restarted.
            DeadlineExceeded: it does not come back.
        """
        async with self._turn:
            await self._ready()
            self._link.restarted = False
            try:
                await self._command("AT+CFUN=1,1")
            except BusTimeout as error:  # some go down before they answer
                self._context.log.debug("%s: %s", self._device, error)
            clock = self._context.clock
            down_s = clock.monotonic_s() + self._options.down_s
            while not await self._is_down():
                if clock.monotonic_s() >= down_s:
                    raise CommandFailed("told to restart, and goes on answering", device=self._device, hint="its supply must be switched")
            back_s = clock.monotonic_s() + self._options.boot_s
            while True:
                try:
                    await self._set_up()
                except BusError as error:
                    if clock.monotonic_s() >= back_s:
                        raise DeadlineExceeded(
                            f"does not answer {self._options.boot_s:g} s after its restart", device=self._device, hint="switch its supply"
                        ) from error
                    await clock.sleep(_POLL_S)
                else:
                    return

    # -- inside -------------------------------------------------------------------------------------------------------------------

    async def _ready(self) -> None:
        """A modem that restarted by itself has forgotten its settings."""
        await self._link.catch_up()
        if self._dialect is None or self._link.restarted:
            await self._set_up()

    async def _set_up(self) -> None:
        self._dialect = None
        for number in range(1, _GREETINGS + 1):
            try:
                await self._link.get_in_step(_GREETING_S)
            except (BusTimeout, FrameError, DeviceRefused):
                if number == _GREETINGS:
                    raise
            else:
                break
        self._link.restarted = False
        await self._command("ATE1" if self._options.echo else "ATE0")
        await self._command("AT+CMEE=1")
        wanted = self._options.dialect
        self._dialect = spoken_by(await self._text("AT+CGMI")) if wanted is Speaks.AUTO else dialects()[wanted.value]

    async def _is_down(self) -> bool:
        """Whether the modem has gone down or come up again: silent, unplugged, or with a line that says so."""
        try:
            if await self._link.wait_for_boot(_POLL_S):
                return True
            await self._link.get_in_step(_GREETING_S)
        except (BusTimeout, FrameError, BusClosed):
            return True
        return self._link.restarted or (self._link.echoed and not self._options.echo)

    async def _command(self, text: str, *, secret: bool = False) -> tuple[str, ...]:
        return await self._link.command(text, timeout_s=self._options.longest_answer_s(text), secret=secret)

    async def _asked(self, text: str) -> tuple[str, ...]:
        """The answer to a question, which may be asked twice."""
        try:
            return await self._command(text)
        except (BusTimeout, FrameError) as error:
            self._context.log.debug("%s: asked again: %s", self._device, error)
            return await self._command(text)

    async def _text(self, command: str) -> str:
        found = bare(await self._asked(command), command) or bare(await self._asked(command), command)
        if not found:
            raise ProtocolViolation(f"the answer to {command} is empty", device=self._device)
        return found[0].strip('"')

    async def _query(self, query: Query, decode: Callable[[str], T | None]) -> T | None:
        """The last line of an answer that makes sense; unsolicited lines may look nearly the same."""
        understood: T | None = None
        for line in prefixed(await self._asked(query.command), query.prefix):
            value = decode(line)
            understood = understood if value is None else value
        return understood

    async def _maybe(self, query: Query, decode: Callable[[str], T | None]) -> T | None:
        """As :meth:`_query`; ``None`` also where the modem refuses."""
        try:
            return await self._query(query, decode)
        except DeviceRefused as error:
            self._context.log.debug("%s: %s", self._device, error)
            return None

    async def _sim(self) -> SimState:
        clock = self._context.clock
        until_s = clock.monotonic_s() + _SIM_READY_S
        while True:
            try:
                state = await self._query(Query(command="AT+CPIN?", prefix="+CPIN"), sim_of)
            except DeviceRefused as error:
                state = sim_of_refusal(error.code)
                if state is None and error.code != SIM_BUSY:
                    raise
            if state is not None:
                return state
            if clock.monotonic_s() >= until_s:
                return SimState.FAILED  # busy, or in a state without a name, for so long
            await clock.sleep(_POLL_S)

    async def _network(self) -> Network:
        """The best of the three registrations: a modem in an LTE network need not be registered for calls."""
        best: Network | None = None
        for name in ("CEREG", "CGREG", "CREG"):
            network = await self._maybe(Query(command=f"AT+{name}?", prefix=f"+{name}"), network_of)
            if network is not None and network.registration in {Registration.HOME, Registration.ROAMING}:
                return network
            if network is not None and (best is None or best.registration is Registration.NOT_REGISTERED):
                best = network
        return best or Network(Registration.UNKNOWN)

    async def _attempts(self) -> int | None:
        assert self._dialect is not None
        vendor, wanted = self._dialect.counter, self._options.pin_counter
        query = CPINR if wanted is PinCounter.CPINR or (wanted is PinCounter.AUTO and vendor is None) else vendor
        if query is None:
            return None
        asked = query
        return await self._maybe(asked, lambda line: counter_of(line, name=asked.name, field=asked.field))

    async def _iccid(self) -> str | None:
        assert self._dialect is not None
        return await self._maybe(self._dialect.iccid, iccid_of)

    def _require_locked(self, state: SimState) -> None:
        if state is SimState.PUK_REQUIRED:
            raise SafetyRefused("the card is blocked and wants its PUK", device=self._device, hint="unblock the card in a telephone")
        if state is not SimState.PIN_REQUIRED:
            raise CommandFailed(
                f"no PIN can be entered: the card is {state.value}", evidence=state, device=self._device, hint="check the card"
            )

    async def _send_pin(self, card: str, pin: str, left: int) -> SimState:
        self._guard.sending(card, pin, left)
        try:
            await self._command(f'AT+CPIN="{pin}"', secret=True)
        except DeviceRefused as error:
            costless = error.code in _NO_ATTEMPT or (error.code != INCORRECT_PASSWORD and await self._attempts() == left)
            if costless:
                raise
            self._guard.refused(card, pin)
            raise CommandFailed(
                "the card refused the PIN; it is not sent again"
                if error.code == INCORRECT_PASSWORD
                else f"the PIN was refused: {error.message}",
                evidence=await self._sim_or(SimState.PIN_REQUIRED),
                device=self._device,
                hint=f"{left - 1} attempts are left; configure the right PIN",
            ) from error
        self._guard.accepted(card, pin)
        clock = self._context.clock
        until_s = clock.monotonic_s() + _SIM_READY_S
        while (state := await self._sim()) is SimState.PIN_REQUIRED and clock.monotonic_s() < until_s:
            await clock.sleep(_POLL_S)
        return state

    async def _sim_or(self, default: SimState) -> SimState:
        try:
            return await self._sim()
        except HalError as error:
            self._context.log.debug("%s: %s", self._device, error)
            return default
