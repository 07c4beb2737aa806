"""NXP MFRC522 (RC522 modules) and its clones: cards of ISO 14443 type A over SPI or I2C.

The chip has no protocol of its own: anticollision and ISO 14443-4 are done here. It cannot search by itself either, so the field is
switched on for each look, which lasts some 15 ms without a card, and off until the next. Facts: NXP MFRC522 data sheet rev. 3.9.
"""

from __future__ import annotations

import asyncio

from attrs import field, frozen, validators

from cc613hal.errors import BusError, CommandFailed, ConfigError, DeviceError, ProtocolViolation, WrongIdentity
from cc613hal.health import HealthState
from cc613hal.interfaces import Card, Identified, Identity, SecureCardReader
from cc613hal.plugins import DeviceContext, Driver
from cc613hal_rfid.cards import ISO_DEP, technology_of
from cc613hal_rfid.iso14443a import Selected, halt, select_one
from cc613hal_rfid.iso_dep import CardLost, IsoDep, rats
from cc613hal_rfid.mfrc522_link import CALC_CRC, FLUSH, GAIN_BITS, MEM, ChipHangs, Mfrc522Link, NobodyThere
from cc613hal_rfid.mfrc522_registers import I2cRegisters, Register, Registers, SpiRegisters
from cc613hal_rfid.presentation import ReaderOptions, SeenCard
from cc613hal_rfid.reader import PollingReader

__all__ = ["VERSIONS", "Mfrc522", "Mfrc522Options"]

VERSIONS = {0x91: ("NXP", "MFRC522", "1.0"), 0x92: ("NXP", "MFRC522", "2.0"), 0x88: ("Fudan", "FM17522", "")}
"""VersionReg to vendor, model, version (data sheet, section 9.3.4.8; the clone from the Arduino library miguelbalboa/rfid)."""

SELF_TEST = {
    0x91: bytes.fromhex(
        "00C637D532B7575CC2D87C4DD970C77310E6D2AA5EA13E5A14AF3061C970DB2E642272B5BD65F4EC22BCD37235CDAA411FA7F35314DE7E02D90FB55E251D2979"
    ),
    0x92: bytes.fromhex(
        "00EB66BA57BF2395D0E30D3D27895CDE9D3BA700215B8982513AEB020CA500497C844DB3CCD21B815D4876D5716121A986968338CF9D5B6DDC15BA3E7D953B2F"
    ),
}
"""What the digital self-test leaves in the FIFO (data sheet, section 16.1.1)."""


@frozen(kw_only=True)
class Mfrc522Options(ReaderOptions):
    """How the reader is used.

    Attributes:
        poll_s: pause between two looks, s; what makes the reader quick or quiet.
        gain_db: receiver gain: 18, 23, 33, 38, 43 or 48 dB. More reads further and hears more noise.
        max_cards: cards that are told apart at once.
        read_ats: activate a new ISO 14443-4 card once to learn its historical bytes.
        self_test: run the chip's digital self-test whenever it is set up (versions 0x91 and 0x92).
        version: another version register that is accepted, for clones; 0 for none.
        session_s: after an APDU the card is left alone this long, so that looking for cards does not end its session, s.
    """

    poll_s: float = field(default=0.25, validator=[validators.ge(0.02), validators.le(10)])
    gain_db: int = field(default=33, validator=validators.in_(tuple(GAIN_BITS)))
    max_cards: int = field(default=4, validator=[validators.ge(1), validators.le(8)])
    read_ats: bool = True
    self_test: bool = False
    version: int = field(default=0, validator=[validators.ge(0), validators.le(0xFE)])
    session_s: float = field(default=2.0, validator=[validators.ge(0), validators.le(60)])


class Mfrc522(PollingReader, Driver, SecureCardReader, Identified):
    """An MFRC522.

    Args:
        context: the device's place on its board.
        options: how it is used.
    """

    def __init__(self, context: DeviceContext, options: Mfrc522Options) -> None:
        super().__init__(context, options)
        self._options = options
        self._lock = asyncio.Lock()
        self._link: Mfrc522Link | None = None
        self._version = 0
        self._session: IsoDep | None = None
        self._session_until_s = 0.0
        self._historical: dict[bytes, bytes] = {}

    async def connect(self) -> None:
        """Reset the chip, identify it, set it up. Polling that was started before goes on.

        Raises:
            WrongIdentity: something else answers.
            BusError: nobody answers.
        """
        async with self._lock:
            try:
                await self._set_up()
            except BusError as error:
                self._failed(error)
                raise

    async def identify(self) -> Identity:
        """Vendor, model and version, asked anew.

        Raises:
            WrongIdentity: something else answers.
        """
        async with self._lock:
            link = await self._ready()
            return self._identity(await link.version())

    async def poll_once(self) -> tuple[Card, ...]:
        """The cards in the field now; a session with a secure card ends.

        Raises:
            BusError: the chip does not answer.
        """
        async with self._lock:
            return self._presentations.admitted(await self._look())

    async def transceive(self, apdu: bytes, *, timeout_s: float = 0.5) -> bytes:
        """Send a command APDU to the ISO 14443-4 card in the field.

        Raises:
            CommandFailed: there is no such card, or it left.
            ConfigError: the APDU has less than 4 bytes.
        """
        if len(apdu) < 4:
            raise ConfigError(f"an APDU has at least 4 bytes, not {len(apdu)}", device=self._context.device)
        async with self._lock:
            try:
                return await self._transceive(apdu, timeout_s)
            except BusError as error:
                self._failed(error)
                raise

    async def _transceive(self, apdu: bytes, timeout_s: float) -> bytes:
        link = await self._ready()
        card = self._session or await self._activate(link)
        if card is None:
            raise CommandFailed(
                "there is no ISO-DEP card in the field", device=self._context.device, hint="hold the card to the reader", transient=True
            )
        self._session = card
        try:
            answer = await card.transceive(apdu, timeout_s)
        except CardLost as error:
            await self._end_session(link)
            raise CommandFailed(f"the card does not answer any more: {error}", device=self._context.device, transient=True) from error
        finally:
            self._session_until_s = self._context.clock.monotonic_s() + self._options.session_s
        if len(answer) < 2:
            raise ProtocolViolation("the card's answer has no status bytes", device=self._context.device)
        return answer

    # -- looking ------------------------------------------------------------------------------------------------------------------

    async def _step(self) -> None:
        clock = self._context.clock
        if self._session is not None and (left_s := self._session_until_s - clock.monotonic_s()) > 0.0:
            await clock.sleep(left_s)
            self._presentations.stay()
            return
        async with self._lock:
            seen = await self._look()
        self._presentations.look(seen)
        await clock.sleep(self._options.poll_s)

    async def _look(self) -> list[SeenCard]:
        """Every card in the field; afterwards the field is off."""
        try:
            link = await self._ready()
            await self._fresh_field(link)
            seen = await self._find(link)
            await link.antenna(on=False)
        except BusError as error:
            self._failed(error)
            raise
        if self._context.health.state is HealthState.FAULT:
            self._context.health.ok()  # whole exchanges again: only now the chip is known to work
        self._historical = {card.uid: self._historical[card.uid] for card in seen if card.uid in self._historical}
        return seen

    async def _find(self, link: Mfrc522Link) -> list[SeenCard]:
        seen: list[SeenCard] = []
        while len(seen) < self._options.max_cards and (card := await select_one(link)) is not None:
            if any(card.uid == other.uid for other in seen):
                break  # it did not go to sleep: noise, or two cards of one number
            seen.append(await self._put_to_sleep(link, card))
        return seen

    async def _put_to_sleep(self, link: Mfrc522Link, card: Selected) -> SeenCard:
        """Learn what else there is to know of a selected card, and make room for the next."""
        historical = self._historical.get(card.uid, b"")
        if self._options.read_ats and card.sak & ISO_DEP and card.uid not in self._historical and (active := await rats(link)) is not None:
            historical = self._historical[card.uid] = active.historical
            await active.deselect()
        else:
            await halt(link)
        return SeenCard(uid=card.uid, technology=technology_of(card.atqa, card.sak), atqa=card.atqa, sak=card.sak, ats=historical)

    async def _activate(self, link: Mfrc522Link) -> IsoDep | None:
        """The first card that speaks ISO 14443-4."""
        await self._fresh_field(link)
        for _ in range(self._options.max_cards):
            card = await select_one(link)
            if card is None:
                return None
            if card.sak & ISO_DEP:
                return await rats(link)
            await halt(link)
        return None

    async def _fresh_field(self, link: Mfrc522Link) -> None:
        """All cards begin anew: those that were put to sleep wake up only when the field was gone."""
        self._session = None
        if link.field_on:
            await link.antenna(on=False)
        await link.antenna(on=True)

    async def _end_session(self, link: Mfrc522Link) -> None:
        self._session = None
        await link.antenna(on=False)

    async def _field_off(self) -> None:
        if self._link is not None:
            async with self._lock:
                await self._end_session(self._link)

    # -- the chip -----------------------------------------------------------------------------------------------------------------

    async def _ready(self) -> Mfrc522Link:
        """The chip, set up and still itself."""
        if self._link is None:
            return await self._set_up()
        if await self._link.check(self._version):
            return self._link
        self._context.log.debug("%s: the chip was reset by itself, and is set up again", self._context.device)
        return await self._set_up()

    def _drop(self) -> None:
        self._link, self._session = None, None
        self._historical.clear()

    async def _set_up(self) -> Mfrc522Link:
        self._drop()
        await self._hard_reset()
        registers: Registers = I2cRegisters(self._context.i2c) if self._context.has_bus("i2c") else SpiRegisters(self._context.spi)
        link = Mfrc522Link(registers, self._context.clock, self._context.device)
        version = await link.version()
        self._identity(version)
        if self._options.self_test and version in SELF_TEST:
            await self._test_itself(link, SELF_TEST[version])
        await link.set_up(self._options.gain_db)
        self._link, self._version = link, version
        self._connected.set()
        return link

    async def _hard_reset(self) -> None:
        if self._context.has_line("reset"):
            line = self._context.output("reset")
            line.write(active=True)
            await self._context.clock.sleep(0.001)  # NRSTPD low for at least 100 ns (section 8.8.1)
            line.write(active=False)
            await self._context.clock.sleep(0.05)  # oscillator start (section 8.8.2: depends on the quartz)

    def _identity(self, version: int) -> Identity:
        if version == self._options.version:
            return Identity(vendor="", model="MFRC522 compatible", firmware=f"0x{version:02X}")
        if version not in VERSIONS:
            raise WrongIdentity(
                f"the version register reads 0x{version:02X}, no known MFRC522",
                device=self._context.device,
                hint="check which reader is fitted; a clone is accepted with the option version",
            )
        vendor, model, firmware = VERSIONS[version]
        return Identity(vendor=vendor, model=model, firmware=firmware)

    async def _test_itself(self, link: Mfrc522Link, expected: bytes) -> None:
        """The digital self-test (section 16.1.1)."""
        registers = link.registers
        await link.reset()
        await registers.write(Register.FIFO_LEVEL, FLUSH)
        await registers.write(Register.FIFO_DATA, *bytes(25))
        await registers.write(Register.COMMAND, MEM)
        await registers.write(Register.AUTO_TEST, 0x09)
        await registers.write(Register.FIFO_DATA, 0x00)
        await registers.write(Register.COMMAND, CALC_CRC)
        for _ in range(50):
            await self._context.clock.sleep(0.001)
            (level,) = await registers.read(Register.FIFO_LEVEL)
            if level >= len(expected):
                break
        found = await registers.read_fifo(len(expected))
        await registers.write(Register.AUTO_TEST, 0x00)
        if found != expected:
            wrong = sum(one != other for one, other in zip(found, expected, strict=True))
            raise DeviceError(
                f"the chip's self-test failed: {wrong} of {len(expected)} bytes differ",
                device=self._context.device,
                hint="replace the reader",
            )

    def _failed(self, error: BusError) -> None:
        """On SPI the bus reports every transfer as done: that nobody drives it, or that the chip hangs, only shows here."""
        self._drop()  # whatever it was, the chip begins with a reset next time
        if isinstance(error, NobodyThere):
            self._context.health.offline(error)
        elif isinstance(error, ChipHangs):
            self._context.health.fault(str(error), error)
