"""NXP PN532: cards of ISO 14443 type A over serial line, I2C or SPI.

While no card is there the chip itself searches, by one InListPassiveTarget without end, and a serial line stays silent; while a card
is there, it is looked for every ``poll_s``. Facts: NXP UM0701-02 "PN532 User Manual"; Adafruit_PN532 and nfcpy as second readers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import field, frozen, validators

from cc613hal.errors import (
    BusError,
    BusTimeout,
    CommandFailed,
    ConfigError,
    ProtocolViolation,
    WrongIdentity,
)
from cc613hal.interfaces import Card, Identified, Identity, SecureCardReader
from cc613hal.plugins import DeviceContext, Driver
from cc613hal_rfid.cards import Target, parse_targets
from cc613hal_rfid.link import ATTEMPTS, Pn532Link
from cc613hal_rfid.presentation import ReaderOptions
from cc613hal_rfid.reader import PollingReader
from cc613hal_rfid.transport import Transport
from cc613hal_rfid.transport_hsu import BAUD, HsuTransport
from cc613hal_rfid.transport_i2c import I2cTransport
from cc613hal_rfid.transport_spi import SpiTransport

__all__ = ["Pn532", "Pn532Options"]

GET_FIRMWARE_VERSION = 0x02
SAM_CONFIGURATION = 0x14
RF_CONFIGURATION = 0x32
IN_DATA_EXCHANGE = 0x40
IN_LIST_PASSIVE_TARGET = 0x4A
IN_RELEASE = 0x52

NORMAL_MODE = b"\x01\x14\x01"
"""SAMConfiguration: no SAM, time-out 1 s (unused), IRQ line driven (UM0701-02, section 7.2.10)."""

FOREVER = 0xFF
"""MxRtyPassiveActivation: search until a card comes (UM0701-02, section 7.3.1, item 5)."""

IC_PN532 = 0x32

_TARGET_SIZE = 2 + 2 * (5 + 10 + 64)
"""Longest list of two targets; an ATS has at most 64 bytes with common frame sizes."""

_CHUNK = 252
"""Data bytes per InDataExchange; a longer APDU is sent with the More Information bit (UM0701-02, section 7.3.8)."""

_MORE = 0x40


@frozen(kw_only=True)
class Pn532Options(ReaderOptions):
    """How the reader is used.

    Attributes:
        poll_s: pause between two looks at a card that is there, and between two looks at the chip on I2C or SPI without an IRQ line, s.
        check_s: how often a searching chip is asked whether it is still there, s.
        max_cards: cards that are told apart at once (the chip handles 2).
        retries: attempts of one look, beyond the first.
        ack_s: longest wait for the chip's acknowledgement, s.
        session_s: after an APDU the card is left alone this long, so that looking for cards does not end its session, s.
    """

    poll_s: float = field(default=0.25, validator=[validators.ge(0.02), validators.le(10)])
    check_s: float = field(default=10.0, validator=[validators.ge(0.5), validators.le(600)])
    max_cards: int = field(default=2, validator=[validators.ge(1), validators.le(2)])
    retries: int = field(default=2, validator=[validators.ge(0), validators.le(254)])
    ack_s: float = field(default=0.05, validator=[validators.ge(0.015), validators.le(2)])
    session_s: float = field(default=2.0, validator=[validators.ge(0), validators.le(60)])


class Pn532(PollingReader, Driver, SecureCardReader, Identified):
    """A PN532.

    Args:
        context: the device's place on its board.
        options: how it is used.
    """

    def __init__(self, context: DeviceContext, options: Pn532Options) -> None:
        super().__init__(context, options)
        self._options = options
        self._link: Pn532Link | None = None
        self._lock = asyncio.Lock()
        self._claims = 0
        self._search: asyncio.Task[bytes] | None = None
        self._identity = Identity()
        self._retries: int | None = None
        self._targets: tuple[Target, ...] = ()
        self._session_until_s = 0.0

    # -- life ---------------------------------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Wake the chip, identify it, set it up. Polling that was started before goes on.

        Raises:
            WrongIdentity: something else answers.
            BusError: nobody answers.
        """
        async with self._claim():
            await self._set_up()

    async def identify(self) -> Identity:
        """Vendor, model and firmware, asked anew.

        Raises:
            WrongIdentity: something else answers.
        """
        async with self._claim():
            await self._ensure()
            return await self._read_identity()

    # -- cards --------------------------------------------------------------------------------------------------------------------

    async def _field_off(self) -> None:
        if self._link is not None:
            async with self._claim():
                await self._command(RF_CONFIGURATION, b"\x01\x00")
                self._targets = ()

    async def poll_once(self) -> tuple[Card, ...]:
        """The cards in the field now.

        Raises:
            BusError: the chip does not answer.
            ProtocolViolation: it answers nonsense.
        """
        async with self._claim():
            await self._ensure()
            return self._presentations.admitted([target.seen() for target in await self._list()])

    async def transceive(self, apdu: bytes, *, timeout_s: float = 0.5) -> bytes:
        """Send a command APDU to the ISO-DEP card in the field.

        Raises:
            CommandFailed: there is no such card, or it left; ``evidence`` is the chip's status byte.
            ConfigError: the APDU is empty.
        """
        if len(apdu) < 4:
            raise ConfigError(f"an APDU has at least 4 bytes, not {len(apdu)}", device=self._context.device)
        async with self._claim():
            await self._ensure()
            target = next((target for target in self._targets if target.iso_dep), None)
            if target is None:
                target = next((target for target in await self._list() if target.iso_dep), None)
            if target is None:
                raise CommandFailed(
                    "there is no ISO-DEP card in the field", device=self._context.device, hint="hold the card to the reader", transient=True
                )
            try:
                return await self._exchange(target, apdu, timeout_s)
            finally:
                self._session_until_s = self._context.clock.monotonic_s() + self._options.session_s

    async def _exchange(self, target: Target, apdu: bytes, timeout_s: float) -> bytes:
        answer = b""
        chunks = [apdu[start : start + _CHUNK] for start in range(0, len(apdu), _CHUNK)]
        for index, chunk in enumerate(chunks):
            number = target.number | (_MORE if index < len(chunks) - 1 else 0)
            answer = await self._exchange_chunk(number, chunk, timeout_s)
        more = answer[0] & _MORE
        collected = answer[1:]
        while more:
            answer = await self._exchange_chunk(target.number, b"", timeout_s)
            more = answer[0] & _MORE
            collected += answer[1:]
        if len(collected) < 2:
            raise ProtocolViolation("the card's answer has no status bytes", device=self._context.device)
        return collected

    async def _exchange_chunk(self, number: int, chunk: bytes, timeout_s: float) -> bytes:
        answer = await self._command(IN_DATA_EXCHANGE, bytes((number,)) + chunk, timeout_s=timeout_s, size=264, attempts=1)
        if not answer:
            raise ProtocolViolation("the reader's answer has no status", device=self._context.device)
        status = answer[0] & 0x3F
        if status:  # 01 time-out, 13 format, 29 released, 2B card changed (UM0701-02, section 7.1)
            self._targets = ()
            raise CommandFailed(
                f"the card does not answer any more (status 0x{status:02X})", evidence=status, device=self._context.device, transient=True
            )
        return answer

    # -- polling ------------------------------------------------------------------------------------------------------------------

    async def _step(self) -> None:
        clock = self._context.clock
        session_s = self._session_until_s - clock.monotonic_s()
        if self._presentations.any and session_s > 0.0:
            await clock.sleep(session_s)
            self._presentations.stay()
        if not self._presentations.any and not await self._search_until_found():
            return
        async with self._claim():
            await self._ensure()
            targets = await self._list()
        self._presentations.look([target.seen() for target in targets])
        if self._presentations.any:
            await clock.sleep(self._options.poll_s)

    async def _search_until_found(self) -> bool:
        """Let the chip search by itself; whether it found a card. ``False`` after ``check_s``, and when somebody else wants the chip."""
        async with self._lock:
            await self._ensure()
            link = self._ready_link()
            await self._set_retries(FOREVER)
            self._targets = ()
            if self._wanted():
                return False
            if await link.begin(IN_LIST_PASSIVE_TARGET, b"\x01\x00", size=_TARGET_SIZE) is not None:
                return True
            self._search = asyncio.create_task(link.finish(IN_LIST_PASSIVE_TARGET, self._options.check_s, _TARGET_SIZE))
            if self._wanted():
                self._search.cancel()
            try:
                await asyncio.wait({self._search})
                return await self._search_result(link, self._search)
            except asyncio.CancelledError:
                self._search.cancel()
                await asyncio.wait({self._search})
                await self._quietly_abort(link)
                raise
            finally:
                self._search = None

    def _wanted(self) -> bool:
        """Whether somebody waits for the chip."""
        return self._claims > 0

    async def _search_result(self, link: Pn532Link, search: asyncio.Task[bytes]) -> bool:
        if search.cancelled():
            await link.abort()
            return False
        error = search.exception()
        if error is None:
            link.transport.worked()
            return True
        await link.abort()
        if not isinstance(error, BusTimeout):
            raise error
        await self._command(GET_FIRMWARE_VERSION)  # no card for check_s: is the chip still there?
        return False

    async def _quietly_abort(self, link: Pn532Link) -> None:
        try:
            await link.abort()
        except BusError as error:
            self._context.log.debug("%s: could not abort the search: %s", self._context.device, error)

    # -- the chip -----------------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _claim(self) -> AsyncIterator[None]:
        """The chip for one purpose; a search that runs in it is ended."""
        self._claims += 1
        try:
            if self._search is not None:
                self._search.cancel()
            async with self._lock:
                yield
        finally:
            self._claims -= 1

    async def _ensure(self) -> None:
        if self._link is None:
            await self._set_up()

    def _ready_link(self) -> Pn532Link:
        if self._link is None:
            raise BusTimeout("the reader is not connected", device=self._context.device)
        return self._link

    def _drop(self) -> None:
        link, self._link = self._link, None
        self._targets = ()
        if link is not None:
            link.transport.aclose()

    async def _set_up(self) -> None:
        self._drop()
        await self._reset()
        link = Pn532Link(self._transport(), self._context.device, self._options.ack_s, self._context.log)
        self._link, self._retries = link, None
        try:
            await link.transport.wake()
            await self._command(SAM_CONFIGURATION, NORMAL_MODE)
            self._identity = await self._read_identity()
        except BusTimeout as error:
            self._drop()
            raise self._with_speed(error) from error
        except BaseException:
            self._drop()
            raise
        self._context.health.ok()  # a fault from the time when it was away must not outlive its return
        self._connected.set()

    def _with_speed(self, error: BusTimeout) -> BusTimeout:
        """The same error, with the likeliest cause where the serial line runs at another speed than the chip starts with."""
        if not self._context.has_bus("serial") or self._context.serial.settings.baud == BAUD:
            return error
        return BusTimeout(
            error.message,
            device=self._context.device,
            hint=f"the PN532 starts at {BAUD} 8N1, the line runs at {self._context.serial.settings}: set settings = {{ baud = {BAUD} }}",
        )

    async def _reset(self) -> None:
        if not self._context.has_line("reset"):
            return
        line = self._context.output("reset")
        line.write(active=True)
        await self._context.clock.sleep(0.001)  # RSTPDN low for at least 20 ns, start-up 2 ms (PN532/C1 data sheet)
        line.write(active=False)
        await self._context.clock.sleep(0.01)

    def _transport(self) -> Transport:
        context, poll_s = self._context, self._options.poll_s
        if context.has_bus("serial"):
            return HsuTransport(context.serial, context.clock)
        irq = context.input("irq") if context.has_line("irq") else None
        if context.has_bus("i2c"):
            return I2cTransport(context.i2c, context.clock, context.health, poll_s, irq)
        return SpiTransport(context.spi, context.clock, context.health, poll_s, irq)

    async def _read_identity(self) -> Identity:
        answer = await self._command(GET_FIRMWARE_VERSION)
        if len(answer) != 4 or answer[0] != IC_PN532:
            raise WrongIdentity(
                f"the firmware version reads {answer.hex(' ').upper()}, a PN532 begins with {IC_PN532:02X}",
                device=self._context.device,
                hint="check which reader is fitted",
            )
        return Identity(vendor="NXP", model="PN532", firmware=f"{answer[1]}.{answer[2]}")

    async def _command(self, code: int, data: bytes = b"", *, timeout_s: float = 0.5, size: int = 64, attempts: int = ATTEMPTS) -> bytes:
        return await self._ready_link().command(code, data, timeout_s=timeout_s, size=size, attempts=attempts)

    async def _set_retries(self, retries: int) -> None:
        if self._retries != retries:
            self._retries = None
            await self._command(RF_CONFIGURATION, bytes((0x05, 0xFF, 0x01, retries)))
            self._retries = retries

    async def _list(self) -> tuple[Target, ...]:
        await self._set_retries(self._options.retries)
        if self._targets:
            await self._command(IN_RELEASE, b"\x00")
            self._targets = ()
        answer = await self._command(IN_LIST_PASSIVE_TARGET, bytes((self._options.max_cards, 0x00)), timeout_s=1.0, size=_TARGET_SIZE)
        self._targets = parse_targets(answer, self._context.device)
        return self._targets
