"""DZG GSH01, a DC meter with commands in SLIP-like frames.

The link (:class:`Gsh01Link`) asks and checks answers; the meter (:class:`Gsh01Meter`) reads values through it. What signs is built on the
same link. Source of commands, scales and times: EVerest's driver DZG_GSH01.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Mapping
from decimal import Decimal

from cc613hal.errors import BusTimeout, DeviceRefused, FrameError, ProtocolViolation
from cc613hal.interfaces import Identity
from cc613hal.modbus_map import Value
from cc613hal.plugins import DeviceContext
from cc613hal_meters.slip import SlipFrames, slip_encode
from cc613hal_meters.told import Sample, ToldMeter, words_of
from cc613hal_meters.told_options import Gsh01Options, MeasuringPoint

__all__ = ["Command", "Gsh01Link", "Gsh01Meter", "StatusBit", "join_parts", "split_parts"]

BROADCAST = 255
"""Every meter answers."""

_QUIET_S = 0.15
"""After this long without another octet a message is over (EVerest waits 0.1 s within one)."""
_HEAD = 5
"""Octets of a part before its data: command and length, two each, low octet first, and the status."""


class Command(enum.IntEnum):
    """What can be asked or told."""

    PUBLIC_KEY_HEX = 0x0211
    TOTAL_IMPORT_MAINS_ENERGY = 0x0110
    CURRENT = 0x0131
    VOLTAGE = 0x0132
    IMPORT_MAINS_POWER = 0x0133
    IMPORT_DEVICE_POWER = 0x0138
    LINE_LOSS_ENERGY = 0x0160
    DEVICE_ENERGY = 0x0170
    START_TRANSACTION = 0x1501
    STOP_TRANSACTION = 0x1502
    OCMF_STATISTICS = 0x1510
    GET_OCMF = 0x1520
    GET_LAST_OCMF = 0x1521
    PUBLIC_KEY_ASN1 = 0x1530
    CHARGE_POINT_ID = 0x1531
    SERVER_ID = 0x4110
    SERIAL_NUMBER = 0x4111
    HARDWARE_VERSION = 0x4112
    DEVICE_TYPE = 0x4113
    FIRMWARE_VERSION = 0x4114
    LINE_LOSS_IMPEDANCE = 0x4130
    TIME = 0x4135
    STATUS_WORD = 0x4137


class StatusBit(enum.IntFlag):
    """The meter's status word, as far as it is known."""

    CLOCK_FAILED = 0x1
    CONFIGURATION_MEMORY_FAILED = 0x2
    SIGNATURE_MODULE_FAILED = 0x8
    CONFIGURATION_FAILED = 0x20
    METERING_COMMUNICATION_FAILED = 0x40
    METERING_FATAL = 0x80
    DISPLAY_MISSING = 0x100
    CLOCK_NOT_SET = 0x10000
    CHARGING = 0x20000
    READY = 0x200000
    SESSION_NOT_COMPLETED = 0x400000


_MEASURES_WRONG = (
    StatusBit.CONFIGURATION_MEMORY_FAILED
    | StatusBit.CONFIGURATION_FAILED
    | StatusBit.METERING_COMMUNICATION_FAILED
    | StatusBit.METERING_FATAL
)

_STATUS_WORDS = {
    1: "general error",
    2: "out of range",
    3: "not allowed in its mode",
    4: "rejected: its metering board does not answer",
    5: "no such command",
    6: "wrong length",
    7: "not available",
    8: "busy",
    9: "no public key",
}


def join_parts(parts: Mapping[Command, bytes]) -> bytes:
    """Commands with their data as the content of one frame."""
    return b"".join(
        command.to_bytes(2, "little") + (_HEAD + len(data)).to_bytes(2, "little") + b"\0" + data for command, data in parts.items()
    )


def split_parts(content: bytes) -> dict[int, tuple[int, bytes]]:
    """Status and data of each command in the content of a frame.

    Raises:
        ValueError: a part is cut off, or claims a length it cannot have.
    """
    found: dict[int, tuple[int, bytes]] = {}
    at = 0
    while at < len(content):
        if len(content) - at < _HEAD:
            raise ValueError(f"{len(content) - at} octets left, a part has {_HEAD} at least")
        command, length = int.from_bytes(content[at : at + 2], "little"), int.from_bytes(content[at + 2 : at + 4], "little")
        if length < _HEAD or at + length > len(content):
            raise ValueError(f"a part of {length} octets where {len(content) - at} are left")
        found[command] = content[at + 4], content[at + _HEAD : at + length]
        at += length
    return found


class Gsh01Link:
    """The serial line to one meter: one exchange at a time.

    Args:
        context: the device's place on the board; a serial bus.
        address: the meter's bus address; 255 for the only one.
        reply_s: longest wait for an answer, s.
    """

    def __init__(self, context: DeviceContext, address: int = BROADCAST, reply_s: float = 1.1) -> None:
        self._context = context
        self._port = context.serial
        self._clock = context.clock
        self.address = address
        self.reply_s = reply_s
        self._turn = asyncio.Lock()

    async def ask(self, *commands: Command) -> dict[Command, bytes]:
        """The data of several values in one exchange.

        Raises:
            DeviceRefused: the meter refuses one of them; ``code`` is its status.
            ProtocolViolation: the answer lacks one.
            BusError: no whole answer in time.
        """
        answered = await self.exchange(dict.fromkeys(commands, b""))
        return {command: answered[command] for command in commands}

    async def exchange(self, parts: Mapping[Command, bytes], *, reply_s: float | None = None) -> dict[Command, bytes]:
        """Send commands with their data in one frame; their answers' data.

        Args:
            parts: data by command; empty to ask.
            reply_s: longest wait for the answer, s; the link's usual one if omitted.

        Raises:
            DeviceRefused: as :meth:`ask`.
            ProtocolViolation: as :meth:`ask`.
            BusError: as :meth:`ask`.
        """
        request = join_parts(parts)
        async with self._turn:
            try:
                content = await self._content(request, self.reply_s if reply_s is None else reply_s)
            except (BusTimeout, FrameError) as error:
                self._port.failed(error)
                raise
        self._port.worked()
        device = self._context.device
        try:
            answered = split_parts(content)
        except ValueError as error:
            raise ProtocolViolation(f"an answer that makes no sense: {error}", device=device) from error
        found: dict[Command, bytes] = {}
        for command in parts:
            if command not in answered:
                raise ProtocolViolation(f"no answer to {command.name} in its answer", device=device)
            status, data = answered[command]
            if status:
                raise DeviceRefused(
                    f"refuses {command.name.lower()}: {_STATUS_WORDS.get(status, f'status {status}')}", code=status, device=device
                )
            found[command] = data
        return found

    @staticmethod
    def answers_alike(request: bytes) -> bool:
        """Whether a successful answer may be octet for octet what was asked."""
        return request == join_parts({Command.STOP_TRANSACTION: b""})

    async def _content(self, request: bytes, reply_s: float) -> bytes:
        frames = SlipFrames()
        self._port.discard_input()
        await self._port.write(slip_encode(self.address, request))
        until_s = self._clock.monotonic_s() + reply_s
        heard = 0
        same: bytes | None = None
        while (left_s := until_s - self._clock.monotonic_s()) > 0.0:
            data = await self._port.read(left_s)
            heard += len(data)
            for address, content in frames.feed(data):
                if content == request and same is None and address == self.address:
                    # a two-wire line hears itself; but to a command without data "done" looks just the same
                    heard -= len(slip_encode(address, content))
                    same = content
                    if self.answers_alike(request):
                        until_s = min(until_s, self._clock.monotonic_s() + _QUIET_S)
                    continue
                if self.address in {BROADCAST, address}:
                    return content
        if same is not None and self.answers_alike(request):
            return same
        if heard > 0:
            raise FrameError(
                f"{heard} bytes within {reply_s:g} s and no whole frame", device=self._context.device, hint="check speed and wires"
            )
        raise BusTimeout(
            f"no answer within {reply_s:g} s",
            device=self._context.device,
            hint="check its supply, the wires A and B, and the line's speed",
        )


class Gsh01Meter(ToldMeter):
    """A DZG GSH01. Its values stand where a meter of one phase has L1's.

    Args:
        context: the device's place on the board.
        options: its address, and where its values count.
    """

    def __init__(self, context: DeviceContext, options: Gsh01Options) -> None:
        super().__init__(context, options)
        at_device = options.point is MeasuringPoint.DEVICE
        self._power = Command.IMPORT_DEVICE_POWER if at_device else Command.IMPORT_MAINS_POWER
        self._energy_command = Command.DEVICE_ENERGY if at_device else Command.TOTAL_IMPORT_MAINS_ENERGY
        self.link = Gsh01Link(context, options.address, options.reply_s)
        self._who = Identity()

    @property
    def phases(self) -> int:
        """A DC meter has one pair of conductors."""
        return 1

    async def connect(self) -> None:
        """Ask who it is, and take note of its counter."""
        told = await self.link.ask(Command.SERIAL_NUMBER, Command.DEVICE_TYPE, Command.FIRMWARE_VERSION)
        self._who = Identity(
            vendor="DZG",
            model=_text(told[Command.DEVICE_TYPE]) or "GSH01",
            serial=str(self._whole(told, Command.SERIAL_NUMBER, 4)),
            firmware=_text(told[Command.FIRMWARE_VERSION]) or None,
        )
        await super().connect()

    async def sample(self) -> Sample:
        """Voltage, current, power, energy and status in one exchange.

        Raises:
            DeviceRefused: the meter has no value for one of them.
            BusError: it does not answer.
        """
        told = await self.link.ask(Command.VOLTAGE, Command.CURRENT, self._power, self._energy_command, Command.STATUS_WORD)
        stamp = self._context.clock.stamp()
        counter = self._whole(told, self._energy_command, 8)
        power = self._whole(told, self._power, 4) / 100.0
        values: dict[str, Value] = {
            "voltage_l1": self._whole(told, Command.VOLTAGE, 4) / 100.0,
            "current_l1": self._whole(told, Command.CURRENT, 4) / 1000.0,
            "power_l1": power,
            "power": power,
            "energy_import": Decimal(counter) / 10,
        }
        status = StatusBit(self._whole(told, Command.STATUS_WORD, 8) & ((1 << 64) - 1))
        wrong = [bit.name.lower().replace("_", " ") for bit in StatusBit if bit & status & _MEASURES_WRONG and bit.name]
        doubt = f"its status word says: {', '.join(wrong)}" if wrong else None
        return Sample(stamp=stamp, values=values, raw={"energy_import": words_of(counter)}, identity=self._who, doubt=doubt)

    def _whole(self, told: Mapping[Command, bytes], command: Command, width: int) -> int:
        data = told[command]
        if len(data) < width:
            raise ProtocolViolation(f"{command.name.lower()} has {len(data)} octets instead of {width}", device=self._device)
        return int.from_bytes(data[:width], "little")


def _text(data: bytes) -> str:
    return "".join(sign for sign in data.decode("ascii", "ignore") if sign.isprintable()).strip()
