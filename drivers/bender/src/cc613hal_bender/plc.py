"""The power line modem of the PLC variant: who it is, whether it has a link, its network key, its reset.

That CC613 variants have a Green PHY modem for ISO 15118 is public (CC613 data sheet D00381_04); which one, and how it is connected, is not.
**Inferred**: a QCA7000 on SPI with a reset line. Where the kernel's own driver (qcaspi) has the chip, its SPI node is not there for anybody
else, and this driver says so; the network interface for ISO 15118 is the kernel's business.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from attrs import Attribute, field, frozen, validators

from cc613hal.bus.gpio import OutputLine
from cc613hal.errors import (
    BusError,
    BusTimeout,
    CommandFailed,
    ConfigError,
    DeadlineExceeded,
    DeviceError,
    DeviceRefused,
    NoAnswer,
    ProtocolViolation,
)
from cc613hal.interfaces import Identified, Identity, PlcModem, PlcReading
from cc613hal.plugins import DeviceContext, Driver
from cc613hal_bender.homeplug import (
    CONFIRM,
    LINK_STATUS,
    RESET,
    SET_KEY,
    SOFTWARE_VERSION,
    Message,
    mac_text,
    parse,
    set_key,
    vendor_request,
)
from cc613hal_bender.qca7000 import Qca7000

__all__ = ["PlcOptions", "Qca7000Modem"]

_POLL_S = 0.01
_RESET_PULSE_S = 0.1
_AGAIN_S = 0.5
_TOLERANCE = 3
"""So many requests in a row without an answer are no accident."""


def _mac(_: object, __: Attribute[Any], value: str) -> None:
    if not re.fullmatch(r"(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}", value):
        raise ValueError("a MAC address is six pairs of hex digits with colons")


@frozen(kw_only=True)
class PlcOptions:
    """Options of ``bender.plc-qca7000``.

    Attributes:
        interface: the network interface the modem belongs to, for whoever speaks ISO 15118; empty if there is none.
        host_mac: the sender in messages to the modem; locally administered by default.
        answer_s: how long the modem may take to answer, s (inferred).
        boot_s: how long it may take to start, s (inferred).
        key_accepted: result that says a key was taken: public sources differ, 0 by the standard's text, 1 by Qualcomm's modems.
    """

    interface: str = ""
    host_mac: str = field(default="02:00:00:00:00:01", validator=_mac)
    answer_s: float = field(default=0.5, validator=validators.gt(0))
    boot_s: float = field(default=10.0, validator=validators.gt(0))
    key_accepted: int = field(default=1, validator=validators.in_((0, 1)))


class Qca7000Modem(PlcModem, Identified, Driver):
    """A QCA7000 on SPI."""

    def __init__(self, context: DeviceContext, options: PlcOptions) -> None:
        self._context = context
        self._options = options
        self._device = context.device
        self._chip = Qca7000(context.spi, context.device)
        self._reset: OutputLine | None = context.output("reset") if context.has_line("reset") else None
        self._host = bytes.fromhex(options.host_mac.replace(":", ""))
        self._turn = asyncio.Lock()
        self._missed = 0

    async def connect(self) -> None:
        """See that the chip is there and its firmware answers; one that is still starting gets its time.

        Raises:
            NoAnswer: nobody drives the data line.
            WrongIdentity: another chip.
            BusTimeout: the chip is there, its firmware does not answer.
        """
        async with self._turn:
            await self._chip.check()
            _, firmware = await self._version()
        self._context.health.ok(f"firmware {firmware}")

    async def aclose(self) -> None:
        """Nothing runs in the background."""

    async def identify(self) -> Identity:
        """Maker, chip, own address and firmware."""
        async with self._turn:
            mac, firmware = await self._version()
        return Identity(vendor="Qualcomm", model="QCA7000", serial=mac, firmware=firmware)

    async def read_plc(self) -> PlcReading:
        """Identity and link now.

        Raises:
            BusTimeout: its firmware does not answer.
        """
        async with self._turn:
            mac, firmware = await self._version()
            answer = await self._ask(LINK_STATUS, "link status")
            if len(answer.payload) < 2 or answer.payload[1] > 1:
                raise ProtocolViolation("the answer to link status makes no sense", device=self._device)
            return PlcReading(
                stamp=self._context.clock.stamp(),
                source=self._device,
                interface=self._options.interface,
                mac=mac,
                firmware=firmware,
                link=answer.payload[1] == 1,
            )

    async def set_network(self, nid: bytes, nmk: bytes) -> None:
        """Set network identifier (7 bytes) and membership key (16 bytes). Neither trace nor errors show the key.

        Raises:
            ConfigError: they have another length.
            CommandFailed: the modem did not take the key.
        """
        try:
            frame = set_key(nid, nmk, source=self._host)
        except ValueError as error:
            raise ConfigError(str(error), device=self._device) from None
        async with self._turn:
            answer = await self._exchange(frame, SET_KEY, "set key", secret=True)
            if not answer.payload or answer.payload[0] != self._options.key_accepted:
                told = answer.payload[0] if answer.payload else "nothing"
                raise CommandFailed(
                    f"the modem did not take the key (result {told})", device=self._device, hint="see the option key_accepted"
                )

    async def reset_plc(self) -> None:
        """Restart the modem, by its reset line or else by a message, and wait until its firmware answers again.

        Raises:
            DeadlineExceeded: it does not come back.
            DeviceRefused: it refuses to restart.
        """
        async with self._turn:
            clock = self._context.clock
            if self._reset is not None:
                self._reset.write(True)
                try:
                    await clock.sleep(_RESET_PULSE_S)
                finally:
                    self._reset.write(False)
            else:
                answer = await self._ask(RESET, "reset")
                if not answer.payload or answer.payload[0] != 0:
                    raise DeviceRefused(
                        "the modem refuses to restart", code=answer.payload[0] if answer.payload else None, device=self._device
                    )
            until_s = clock.monotonic_s() + self._options.boot_s
            while True:
                await clock.sleep(_AGAIN_S)
                try:
                    await self._chip.check()
                    await self._version()
                except (BusError, DeviceError) as error:
                    if clock.monotonic_s() >= until_s:
                        raise DeadlineExceeded(
                            f"does not answer {self._options.boot_s:g} s after its restart", device=self._device, hint="switch its supply"
                        ) from error
                else:
                    self._context.health.ok("restarted")
                    return

    async def _version(self) -> tuple[str, str]:
        """Own address and firmware of the modem (VS_SW_VER)."""
        answer = await self._ask(SOFTWARE_VERSION, "software version")
        status, length, told = answer.payload[:1], answer.payload[2:3], answer.payload[3:]
        text = told[: length[0] if length else 0].split(b"\0", 1)[0]
        if status != b"\0" or not text or not text.isascii():
            raise ProtocolViolation("the answer to software version makes no sense", device=self._device)
        return mac_text(answer.source), text.decode("ascii")

    async def _ask(self, kind: int, what: str) -> Message:
        return await self._exchange(vendor_request(kind, source=self._host), kind, what)

    async def _exchange(self, frame: bytes, kind: int, what: str, *, secret: bool = False) -> Message:
        """As :meth:`_confirmed`; SPI itself never fails, so a modem that is gone or silent is told to the health here."""
        try:
            answer = await self._confirmed(frame, kind, what, secret=secret)
        except (NoAnswer, BusTimeout, ProtocolViolation) as error:
            self._missed += 1
            if self._missed == _TOLERANCE:
                self._context.health.fault(error.message, error)
            raise
        missed, self._missed = self._missed, 0
        if missed >= _TOLERANCE:
            self._context.health.ok("answers again")
        return answer

    async def _confirmed(self, frame: bytes, kind: int, what: str, *, secret: bool) -> Message:
        """Send a request and wait for its confirmation; whatever else the modem has to say meanwhile is not for us.

        Raises:
            BusTimeout: no confirmation came.
            NoAnswer: nobody drives the data line.
        """
        clock = self._context.clock
        await self._chip.receive()  # an answer that came too late for its question
        await self._chip.send(frame, secret=secret)
        until_s = clock.monotonic_s() + self._options.answer_s
        while clock.monotonic_s() < until_s:
            for received in await self._chip.receive():
                parsed = parse(received)
                if parsed is not None and parsed.kind == kind + CONFIRM:
                    return parsed
            await clock.sleep(_POLL_S)
        error = BusTimeout(
            f"the modem does not answer {what} within {self._options.answer_s:g} s",
            device=self._device,
            hint="reset it; is its firmware loaded?",
        )
        raise error
