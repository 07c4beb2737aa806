"""Murata SCL3300 inclinometer over SPI as a tilt sensor.

Facts: Murata SCL3300-D01 data sheet rev. 2; second reader: Linux drivers/iio/accel/sca3300.c (which also has the scales).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from attrs import field, frozen, validators

from cc613hal.bus.spi import SpiSettings
from cc613hal.errors import FrameError, NoAnswer, WrongIdentity
from cc613hal.interfaces import Identity
from cc613hal.plugins import DeviceContext
from cc613hal_sensors.scl3300_frames import Answer, Register, ReturnStatus, parse, request
from cc613hal_sensors.spi_doubt import SpiDoubt, nobody_there
from cc613hal_sensors.tilt import Sample, TiltChip
from cc613hal_sensors.tilt_rules import TiltOptions

__all__ = ["MODES", "RESET", "SATURATED", "Mode", "Scl3300", "Scl3300Options"]

IDENTITY = 0xC1
RESET = 0x0020
"""COMMAND: reset by software."""
SATURATED = 0x0040
"""STATUS: the signal path is saturated."""
_FLAGS: Mapping[int, str] = {
    0x0200: "digital block 1",
    0x0100: "digital block 2",
    0x0080: "clock",
    SATURATED: "saturated",
    0x0020: "temperature saturated",
    0x0010: "supply",
    0x0008: "memory",
    0x0004: "powered down",
    0x0002: "mode changed",
    0x0001: "external capacitors",
}
"""STATUS: bits of the summary (data sheet, table 23)."""

_SETTINGS = SpiSettings(mode=0, speed_hz=2_000_000)
"""2 to 4 MHz is where the part makes least noise (data sheet, section 5.1.1)."""
_RESET_S = 0.002
"""Wait after a reset, s (data sheet, table 11: 1 ms)."""


@frozen
class Mode:
    """A mode of measurement.

    Attributes:
        command: what COMMAND is set to.
        steps_per_g: sensitivity.
        settle_s: until its values can be used, s.
    """

    command: int
    steps_per_g: float
    settle_s: float


MODES: Mapping[int, Mode] = {1: Mode(0x0000, 6000.0, 0.025), 2: Mode(0x0001, 3000.0, 0.015)}
"""Modes 1 (±1.2 g, 40 Hz) and 2 (±2.4 g, 70 Hz); 3 and 4 are for angles of up to 10° and not for a station that may fall."""


@frozen(kw_only=True)
class Scl3300Options(TiltOptions):
    """What counts as tilted, and how the chip measures.

    Attributes:
        mode: 1 (±1.2 g, 40 Hz, less noise) or 2 (±2.4 g, 70 Hz).
    """

    mode: int = field(default=1, validator=validators.in_(tuple(MODES)))


class Scl3300(TiltChip):
    """An SCL3300. What it does beyond sampling is in :class:`~cc613hal_sensors.tilt.TiltChip`.

    Args:
        context: the device's place on its board; its memory keeps the mounting reference.
        options: what counts as tilted.
    """

    def __init__(self, context: DeviceContext, options: Scl3300Options) -> None:
        super().__init__(context, options)
        self._mode = MODES[options.mode]
        self._port = context.spi.using(_SETTINGS)
        self._one_at_a_time = asyncio.Lock()  # an answer belongs to the frame before: nobody may come between
        self._doubt = SpiDoubt(context)

    async def identify(self) -> Identity:
        """Vendor and model.

        Raises:
            WrongIdentity: another chip.
            NoAnswer: nobody drives the data line.
        """
        async with self._one_at_a_time:
            (answer,) = await self._ask(Register.WHO_AM_I)
        if answer.value != IDENTITY:
            raise WrongIdentity(
                f"WHO_AM_I reads 0x{answer.value:02X}, an SCL3300 has 0x{IDENTITY:02X}",
                device=self._context.device,
                hint="check part and chip select",
            )
        return Identity(vendor="Murata", model="SCL3300", hardware=f"0x{answer.value:02X}")

    async def _set_up(self) -> None:
        """The start-up sequence of the data sheet (table 11); what is still wrong after it shows with the first sample."""
        async with self._one_at_a_time:
            await self._transfer(request(Register.COMMAND, RESET))
            await self._context.clock.sleep(_RESET_S)
            await self._transfer(request(Register.COMMAND, self._mode.command))
            await self._context.clock.sleep(self._mode.settle_s)
            await self._ask(Register.STATUS, Register.STATUS, Register.STATUS)  # the first ones tell of the start and clear it

    async def _sample(self) -> Sample:
        """All axes by four frames, each of which brings the answer to the one before; what is wrong is asked for only then."""
        try:
            async with self._one_at_a_time:
                answers = await self._ask(Register.ACC_X, Register.ACC_Y, Register.ACC_Z)
                flags = 0
                if any(answer.status is ReturnStatus.ERROR for answer in answers):
                    (summary,) = await self._ask(Register.STATUS)
                    flags = summary.value
        except (NoAnswer, FrameError) as error:
            raise self._doubt.doubt(error) from None
        self._doubt.trust()
        wrong = [name for flag, name in _FLAGS.items() if flags & flag and flag != SATURATED]
        if wrong:
            self._context.log.warning("%s: the chip reports: %s", self._context.device, ", ".join(wrong))
        x, y, z = (answer.signed / self._mode.steps_per_g for answer in answers)
        started = all(answer.status in {ReturnStatus.NORMAL, ReturnStatus.ERROR} for answer in answers)
        return Sample(
            (x, y, z),
            new=True,  # it samples 2000 times a second (data sheet)
            raw=b"".join(answer.value.to_bytes(2, "big") for answer in answers),
            set_up=started and not wrong,
            saturated=bool(flags & SATURATED),
        )

    # -- frames ---------------------------------------------------------------------------------------------------------------------

    async def _ask(self, *registers: Register) -> list[Answer]:
        """Read registers one after the other. The last frame only fetches the answer to the one before.

        Raises:
            NoAnswer: nobody drives the data line.
            FrameError: noise, or the answer to something else.
        """
        answers: list[Answer] = []
        before: Register | None = None
        for register in (*registers, Register.WHO_AM_I):
            frame = await self._transfer(request(register))
            if before is not None:
                answers.append(self._understood(frame, before))
            before = register
        return answers

    def _understood(self, frame: bytes, asked: Register) -> Answer:
        missing = nobody_there(self._context.device, frame)
        if missing is not None:
            raise missing
        answer = parse(frame, self._context.device)
        if not answer.answers(asked):
            raise FrameError(
                f"an answer to operation 0x{answer.operation:02X} where {asked.name} was asked for",
                device=self._context.device,
                hint="is the chip select shared?",
            )
        return answer

    async def _transfer(self, frame: bytes) -> bytes:
        return await self._port.transfer(frame)
