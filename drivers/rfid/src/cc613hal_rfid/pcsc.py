"""PC/SC terminals (ACR122U and its kind): the terminal finds cards by itself, and the system's PC/SC service tells.

A terminal shows one card at a time, whichever it chose. Facts: PC/SC part 3, section 3.2.2.1.3 (GET DATA); ACS ACR122U API manual 2.04.
"""

from __future__ import annotations

import asyncio

from attrs import field, frozen, validators

from cc613hal.errors import BusClosed, BusError, CommandFailed, ConfigError, ProtocolViolation, Unsupported, WrongIdentity
from cc613hal.interfaces import Card, CardTechnology, Identified, Identity, RefusalReason, SecureCardReader
from cc613hal.plugins import DeviceContext, Driver
from cc613hal_rfid.atr import AtrFacts, read_atr
from cc613hal_rfid.presentation import PresenceOptions, SeenCard
from cc613hal_rfid.reader import PollingReader
from cc613hal_rfid.terminal_port import CardGone, SlotState, TerminalPort

__all__ = ["Pcsc", "PcscOptions"]

GET_UID = bytes.fromhex("FFCA000000")
"""GET DATA, the identifier (PC/SC part 3, section 3.2.2.1.3)."""

OK = b"\x90\x00"

FIRMWARE = bytes.fromhex("FF00480000")
"""Get firmware version; the answer is text such as ACR122U207 (ACR122U API manual, section 6.3)."""

BUZZER_OFF = bytes.fromhex("FF00520000")
"""Set buzzer output during card detection: none (ACR122U API manual, section 6.7)."""

_IDLE_S = 10.0
"""A wait for a change ends after this time, so that a terminal that vanished without a word is noticed, s."""

_READ_S = 1.0
"""Longest wait for the identifier, s."""

_ATTEMPTS = 3
"""So often a card at the edge of the field is read anew before it is called unreadable."""


@frozen(kw_only=True)
class PcscOptions(PresenceOptions):
    """Which terminal it is, and how it is used.

    Attributes:
        reader: part of the terminal's name as ``pcsc_scan`` prints it, in any case; empty for the only one.
        poll_s: how often it is looked whether a card that left has been away long enough, s.
        direct: give commands to the terminal itself (ACR122U class): its firmware is read. Needs CCID escape commands to be allowed.
        beep: the terminal may beep at each card; ``false`` switches that off and needs ``direct``.
    """

    reader: str = ""
    poll_s: float = field(default=0.25, validator=[validators.ge(0.02), validators.le(10)])
    direct: bool = False
    beep: bool = True

    def __attrs_post_init__(self) -> None:
        if not self.beep and not self.direct:
            raise ConfigError("beep = false needs direct = true", hint="the terminal itself has to be told")


class Pcsc(PollingReader, Driver, SecureCardReader, Identified):
    """A PC/SC terminal.

    Args:
        context: the device's place on its board.
        options: which terminal.
    """

    def __init__(self, context: DeviceContext, options: PcscOptions) -> None:
        super().__init__(context, options)
        self._options = options
        self._lock = asyncio.Lock()
        self._port: TerminalPort | None = None
        self._name = ""
        self._firmware: str | None = None
        self._state: SlotState | None = None
        self._seen: SeenCard | None = None
        self._attempts = 0
        self._closing: set[asyncio.Task[None]] = set()

    async def connect(self) -> None:
        """Find the terminal. Polling that was started before goes on.

        Raises:
            BusMissing: there is no such terminal, or no PC/SC service.
            BusPermission: the service does not let us.
            WrongIdentity: ``direct`` is set, and something else than an ACR122U answers.
        """
        async with self._lock:
            self._drop()
            await self._let_go()
            try:
                port = self._context.port(TerminalPort, self._real)
                self._name = await port.open(self._options.reader)
            except BusError as error:
                self._context.health.offline(error)
                raise
            try:
                await self._greet(port)
            except BaseException:
                await port.aclose()
                raise
            self._port, self._state = port, None
            self._connected.set()

    async def aclose(self) -> None:
        """Stop polling and let the terminal go."""
        await super().aclose()
        await self._let_go()

    async def identify(self) -> Identity:
        """The terminal's name, and its firmware with ``direct``.

        Raises:
            BusClosed: it is not there.
        """
        self._there()
        return Identity(model=self._name, firmware=self._firmware)

    async def poll_once(self) -> tuple[Card, ...]:
        """The card in the slot now.

        Raises:
            BusClosed: the terminal is not there.
        """
        try:
            state = await self._there().wait(None, 0.0)
            await self._take(state, once_more=True)
        except BusError as error:
            self._failed(error)
            raise
        return self._presentations.admitted([self._seen] if self._seen is not None else [])

    async def transceive(self, apdu: bytes, *, timeout_s: float = 0.5) -> bytes:
        """Send a command APDU to the ISO 14443-4 card in the slot.

        Raises:
            CommandFailed: there is no such card, or it left.
            ConfigError: the APDU has less than 4 bytes.
        """
        if len(apdu) < 4:
            raise ConfigError(f"an APDU has at least 4 bytes, not {len(apdu)}", device=self._context.device)
        port = self._there()
        if self._seen is None:
            await self.poll_once()
        if self._seen is None or self._seen.technology is not CardTechnology.ISO_DEP:
            raise CommandFailed(
                "there is no ISO-DEP card in the field", device=self._context.device, hint="hold the card to the reader", transient=True
            )
        async with self._lock:
            try:
                answer = await port.transmit(apdu, timeout_s)
            except CardGone as error:
                self._seen, self._state = None, None
                raise CommandFailed(f"the card does not answer any more: {error}", device=self._context.device, transient=True) from error
            except BusError as error:
                self._failed(error)
                raise
        if len(answer) < 2:
            raise ProtocolViolation("the card's answer has no status bytes", device=self._context.device)
        return answer

    # -- looking --------------------------------------------------------------------------------------------------------------------

    async def _step(self) -> None:
        port = self._there()
        soon = self._presentations.leaving or self._unread_again()
        try:
            state = await port.wait(self._state, self._options.poll_s if soon else _IDLE_S)
            self._presentations.stayed()
            unread = await self._take(state)
        except BusError as error:
            self._failed(error)
            raise
        if unread and not self._unread_again():
            self._presentations.refuse(RefusalReason.UNREADABLE, unread)
        self._presentations.look([self._seen] if self._seen is not None else [])

    def _unread_again(self) -> bool:
        """Whether there is a card that has not been read and is worth another attempt."""
        return self._state is not None and self._state.present and self._seen is None and self._attempts < _ATTEMPTS

    async def _take(self, state: SlotState, *, once_more: bool = False) -> str:
        """Read the card if another one is there than before, or it could not be read; returns why it cannot be."""
        async with self._lock:
            if state != self._state:
                self._attempts = 0
                await self._there().forget_card()
            elif not (self._unread_again() or (once_more and self._seen is None)):
                return ""
            self._seen, self._state = None, state
            if not state.present:
                return ""
            self._attempts += 1
            return await self._read_card(self._there(), read_atr(state.atr))

    async def _read_card(self, port: TerminalPort, facts: AtrFacts) -> str:
        try:
            answer = await port.transmit(GET_UID, _READ_S)
        except CardGone as error:
            return f"it left too early: {error}"
        if answer[-2:] != OK or len(answer) == len(OK):
            self._attempts = _ATTEMPTS  # it will not change its mind
            if facts.technology is CardTechnology.UNKNOWN:
                return "a card that is not contactless"
            return f"the terminal tells no identifier (status {answer[-2:].hex().upper()})"
        self._seen = SeenCard(uid=answer[:-2], technology=facts.technology, ats=facts.historical)
        return ""

    async def _field_off(self) -> None:
        return

    # -- the terminal -----------------------------------------------------------------------------------------------------------------

    def _real(self) -> TerminalPort:
        from cc613hal_rfid.pcsc_pyscard import PyscardTerminal  # noqa: PLC0415  # a simulation does not need its threads

        return PyscardTerminal(self._context.device)

    async def _greet(self, port: TerminalPort) -> None:
        """Commands to the terminal itself; a terminal that takes none still reads cards."""
        self._firmware = None
        if not self._options.direct:
            return
        try:
            told = await port.direct(FIRMWARE)
            if not told.startswith(b"ACR"):
                raise WrongIdentity(
                    f"the terminal calls its firmware {told!r}, an ACR122U says ACR122U…",
                    device=self._context.device,
                    hint="set direct = false for other terminals",
                )
            self._firmware = told.decode("ascii", "replace")
            if not self._options.beep:
                await port.direct(BUZZER_OFF)
        except Unsupported as error:
            self._context.health.degraded(str(error))

    def _there(self) -> TerminalPort:
        if self._port is None:
            raise BusClosed("the terminal is not there", device=self._context.device, hint="plug it in again", transient=True)
        return self._port

    def _failed(self, error: BusError) -> None:
        if isinstance(error, BusClosed):
            self._drop()
            self._context.health.offline(error)
        else:
            self._context.health.failed(error)

    def _drop(self) -> None:
        port, self._port = self._port, None
        self._state, self._seen = None, None
        if port is not None:
            task = asyncio.get_running_loop().create_task(port.aclose(), name=f"{self._context.device}.release")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _let_go(self) -> None:
        """Wait until a dropped terminal has been released."""
        if self._closing:
            await asyncio.wait(self._closing)
