"""An SPI bus in process: emulated chips by select, with the clock mode and bit order they insist on."""

from __future__ import annotations

import asyncio

from cc613hal.bus.sim.chips import SpiChip
from cc613hal.bus.sim.faults import Faults
from cc613hal.bus.sim.presence import Presence
from cc613hal.bus.spi import SpiAdapter, SpiCapabilities, SpiSettings, reverse_bits
from cc613hal.errors import BusTimeout, ConfigError, Unsupported

__all__ = ["SimSpi"]


class SimSpi(Presence, SpiAdapter):
    """A simulated SPI bus.

    SPI has no acknowledgement: where no chip is, MISO floats high and every byte reads 0xFF, as on the real wire.

    Args:
        name: as the board file names it, for messages.
        lsb_first: the controller reverses bits itself (most cannot, and the port does it in software).
        max_length: longest transfer, bytes.
    """

    def __init__(self, name: str = "spi", *, lsb_first: bool = False, max_length: int = 4096) -> None:
        super().__init__(name)
        self.lsb_first = lsb_first
        self.max_length = max_length
        self.used_settings: dict[int, SpiSettings] = {}
        """The settings of the last transfer by chip select, for tests of drivers."""
        self._chips: dict[int, tuple[SpiChip, SpiSettings | None]] = {}
        self._part_faults: dict[int, Faults] = {}

    @property
    def capabilities(self) -> SpiCapabilities:
        """What the bus can do."""
        return SpiCapabilities(lsb_first=self.lsb_first, max_length=self.max_length)

    def attach(self, select: int, chip: SpiChip, *, settings: SpiSettings | None = None) -> Faults:
        """Put a chip on the bus; returns the faults it can be given.

        Args:
            select: chip select number.
            chip: the emulated part; it sees the wire, most significant bit first.
            settings: the mode, highest speed and bit order the part insists on; a ``settings`` attribute of the chip does the same.
                ``None`` takes anything.

        Raises:
            ConfigError: the select is taken.
        """
        if select in self._chips:
            raise ConfigError(f"two chips at select {select}", device=self.name, hint="give one of them another select")
        wanted = settings or getattr(chip, "settings", None)
        self._chips[select] = (chip, wanted if isinstance(wanted, SpiSettings) else None)
        return self.faults_at(select)

    def detach(self, select: int) -> None:
        """Take a chip off the bus; a select without one is fine."""
        self._chips.pop(select, None)
        self._part_faults.pop(select, None)

    def faults_at(self, select: int) -> Faults:
        """The faults of the chip at a select."""
        if select not in self._part_faults:
            self._part_faults[select] = Faults()
        return self._part_faults[select]

    async def transfer(self, select: int, data: bytes, settings: SpiSettings) -> bytes:
        """Exchange bytes with one chip selected throughout.

        Raises:
            ConfigError: the driver's mode, speed or bit order is not the part's; on the real wire it would read rubbish.
            BusTimeout: fault ``silence`` of the bus.
            BusClosed: the bus is unplugged or was closed.
            Unsupported: the transfer is too long.
        """
        self.check_open()
        if len(data) > self.max_length:
            raise Unsupported(f"a transfer of {len(data)} bytes; the adapter takes {self.max_length}", device=self.name)
        self.used_settings[select] = settings
        part = self.faults_at(select)
        chip, wanted = self._chips.get(select, (None, None))
        if chip is not None and wanted is not None and settings != wanted:
            self._check_settings(select, settings, wanted)
        if chip is not None and not (self.faults.any or part.any):
            return self._exchange(select, chip, data, settings)
        if delay_s := max(self.faults.delay_s(), part.delay_s()):
            await asyncio.sleep(delay_s)
        if self.faults.silence:
            raise BusTimeout("the controller does not finish the transfer", device=self.name)
        if chip is None or part.nack or part.loses():
            return b"\xff" * len(data)
        return self._spoil(self._exchange(select, chip, data, settings), part)

    async def aclose(self) -> None:
        """Release the bus; the chips stay where they are."""
        self._open = False

    def _exchange(self, select: int, chip: SpiChip, data: bytes, settings: SpiSettings) -> bytes:
        reverse = settings.lsb_first and self.lsb_first
        answer = chip.transfer(reverse_bits(data) if reverse else bytes(data))
        if len(answer) != len(data):
            raise AssertionError(f"{type(chip).__name__} at select {select} returned {len(answer)} bytes for {len(data)}")
        return reverse_bits(answer) if reverse else answer

    def _check_settings(self, select: int, used: SpiSettings, wanted: SpiSettings) -> None:
        wrong: list[str] = []
        if used.mode != wanted.mode:
            wrong.append(f"mode {used.mode} instead of {wanted.mode}")
        if used.lsb_first != wanted.lsb_first:
            wrong.append(f"{_order(used)} bit first instead of {_order(wanted)}")
        if used.speed_hz > wanted.speed_hz:
            wrong.append(f"{used.speed_hz} Hz where the part takes {wanted.speed_hz} Hz")
        if wrong:
            raise ConfigError(
                f"the part at select {select} is spoken to with {', '.join(wrong)}",
                device=self.name,
                hint="pass the part's settings with SpiPort.using",
            )

    def _spoil(self, answer: bytes, part: Faults) -> bytes:
        spoilt = bytearray(answer)
        if spoilt and (self.faults.crc or part.crc):
            spoilt[-1] ^= 0xFF
        for faults in (self.faults, part):
            if spoilt and faults.noise and faults.corrupts():
                bit = faults.dice.randrange(8 * len(spoilt))  # the controller clocks the bytes: only bits can change
                spoilt[bit // 8] ^= 1 << bit % 8
        return bytes(spoilt)


def _order(settings: SpiSettings) -> str:
    return "least significant" if settings.lsb_first else "most significant"
