"""Adapters that pass everything on and write it down."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar, cast

from attrs import frozen
from typing_extensions import TypeForm

from cc613hal.bus.actor import BusActor
from cc613hal.bus.factory import AnyAdapter, BusFactory, StandIns
from cc613hal.bus.gpio import Edge, GpioAdapter, InputLine, LineInfo, LineRequest, OutputLine, PwmAdapter, PwmLine
from cc613hal.bus.hotplug import HotPlug, PlugChanged
from cc613hal.bus.http import HttpAdapter, HttpRequest, HttpResponse
from cc613hal.bus.i2c import I2cAdapter, I2cCapabilities, I2cRead, I2cWrite
from cc613hal.bus.modbus import ModbusAdapter, ModbusRequest
from cc613hal.bus.multicast import Datagram, MulticastAdapter
from cc613hal.bus.options import (
    BusOptions,
    GpioOptions,
    HttpOptions,
    I2cOptions,
    ModbusRtuOptions,
    ModbusTcpOptions,
    MulticastOptions,
    PwmOptions,
    SerialOptions,
    SpiOptions,
)
from cc613hal.bus.replay.pdu import PDU_NOTE, answer_pdu, refusal_pdu, request_pdu
from cc613hal.bus.replay.recording import Recording
from cc613hal.bus.serial import SerialAdapter, SerialCapabilities, SerialSettings
from cc613hal.bus.spi import SpiAdapter, SpiCapabilities, SpiSettings, reverse_bits
from cc613hal.bus.trace import Frame
from cc613hal.clock import Clock
from cc613hal.errors import BusError, DeviceRefused, HalError, Unsupported
from cc613hal.events import Events, Subscription

__all__ = ["CANCELLED", "EDGE", "INITIAL", "LEVEL", "READ", "STATUS", "WRITE", "RecordingBuses", "http_bytes", "pwm_bytes", "shape_of"]

T = TypeVar("T")
B = TypeVar("B", bound=AnyAdapter)
L = TypeVar("L", bound=InputLine | OutputLine | PwmLine)

CANCELLED = "cancelled"
"""Note of a ``!`` frame whose transaction was cancelled by the program."""
INITIAL = "output"
"""Note of the level an output had from the request on."""
LEVEL = "level"
"""Note of an input level that was read (only when it differs from the last one known)."""
EDGE = "edge"
"""Note of an input level that was signalled."""
READ = "read"
"""Unit of a ``!`` frame on a serial line: reading failed."""
WRITE = "write"
"""Unit of a ``!`` frame on a serial line: writing failed."""


STATUS = "status "
"""Begins the note of an HTTP answer; its three digits follow."""


def http_bytes(request: HttpRequest) -> bytes:
    """A request as a recording holds it: its target, a line break, its body. The method is the frame's unit."""
    return request.target.encode() + b"\n" + request.body


def shape_of(messages: Sequence[I2cWrite | I2cRead]) -> str:
    """I2C messages in short: ``w2 r4`` is a write of two bytes and, after a repeated start, a read of four."""
    return " ".join(f"w{len(message.data)}" if isinstance(message, I2cWrite) else f"r{message.count}" for message in messages)


def pwm_bytes(frequency_hz: float, duty: float) -> bytes:
    """Frequency and duty as two big-endian IEEE 754 doubles."""
    return struct.pack(">dd", frequency_hz, duty)


class RecordingBuses(BusFactory, StandIns, HotPlug):
    """Opens buses through another factory, and records everything that goes over them.

    Args:
        inner: opens the buses.
        recording: takes the frames.
    """

    def __init__(self, inner: BusFactory, recording: Recording) -> None:
        self.inner = inner
        self.recording = recording

    def stand_in(self, device: str, kind: TypeForm[T]) -> T | None:
        """Whoever stands in through the inner factory; what goes over such a port is not recorded."""
        return self.inner.stand_in(device, kind) if isinstance(self.inner, StandIns) else None

    def watch(self, buses: Mapping[str, BusOptions], changed: PlugChanged) -> Subscription:
        """Tell what the inner factory tells."""
        return self.inner.watch(buses, changed) if isinstance(self.inner, HotPlug) else Subscription(lambda: None)

    async def open(self, name: str, options: BusOptions, actor: BusActor) -> AnyAdapter:
        """Open a bus through the inner factory.

        Raises:
            BusError: the inner factory cannot open it.
            Unsupported: a kind of bus that recordings do not know.
        """
        adapter = await self.inner.open(name, options, actor)
        pen = _Pen(self.recording, name, actor.clock)
        # By the options, not by the adapter: the Protocols of I2C and SPI have the same member names.
        match options:
            case I2cOptions():
                return _I2cTap(cast("I2cAdapter", adapter), pen)
            case SpiOptions():
                return _SpiTap(cast("SpiAdapter", adapter), pen)
            case SerialOptions():
                return _SerialTap(cast("SerialAdapter", adapter), pen)
            case ModbusRtuOptions() | ModbusTcpOptions():
                return _ModbusTap(cast("ModbusAdapter", adapter), pen)
            case HttpOptions():
                return _HttpTap(cast("HttpAdapter", adapter), pen)
            case MulticastOptions():
                return _MulticastTap(cast("MulticastAdapter", adapter), pen)
            case GpioOptions():
                return _GpioTap(cast("GpioAdapter", adapter), pen)
            case PwmOptions():
                return _PwmTap(cast("PwmAdapter", adapter), pen)
            case _:
                await adapter.aclose()
                raise Unsupported(f"a bus of type {options.kind} cannot be recorded", device=name)


@frozen
class _Pen:
    recording: Recording
    bus: str
    clock: Clock

    def write(self, unit: object, direction: str, data: bytes = b"", note: str = "", *, at_s: float | None = None) -> None:
        moment_s = self.clock.monotonic_s() if at_s is None else at_s
        self.recording.add(Frame(moment_s, self.bus, str(unit), direction, bytes(data), note))

    def failed(self, unit: object, error: HalError | asyncio.CancelledError) -> None:
        self.write(unit, "!", note=error.kind if isinstance(error, HalError) else CANCELLED)

    @contextmanager
    def noting(self, unit: object, *more: type[asyncio.CancelledError]) -> Generator[None]:
        """Write down how the transaction in the block failed, if it did; ``more`` is what counts besides errors of ours."""
        kinds: tuple[type[HalError | asyncio.CancelledError], ...] = (HalError, *more)
        try:
            yield
        except kinds as error:
            self.failed(unit, error)
            raise


class _BusTap(Generic[B]):
    def __init__(self, inner: B, pen: _Pen) -> None:
        self._inner = inner
        self._pen = pen

    async def aclose(self) -> None:
        """Release the real bus; the recording stays with whoever reads it."""
        await self._inner.aclose()


class _LineTap(Generic[L]):
    def __init__(self, inner: L, pen: _Pen) -> None:
        self._inner = inner
        self._pen = pen

    @property
    def name(self) -> str:
        """The real line's name."""
        return self._inner.name


class _I2cTap(_BusTap[I2cAdapter], I2cAdapter):
    @property
    def capabilities(self) -> I2cCapabilities:
        return self._inner.capabilities

    async def transfer(self, address: int, messages: Sequence[I2cWrite | I2cRead]) -> bytes:
        unit = f"0x{address:02X}"
        sent = b"".join(message.data for message in messages if isinstance(message, I2cWrite))
        self._pen.write(unit, ">", sent, shape_of(messages))
        with self._pen.noting(unit, asyncio.CancelledError):
            answer = await self._inner.transfer(address, messages)
        if answer:
            self._pen.write(unit, "<", answer)
        return answer


class _SpiTap(_BusTap[SpiAdapter], SpiAdapter):
    @property
    def capabilities(self) -> SpiCapabilities:
        return self._inner.capabilities

    async def transfer(self, select: int, data: bytes, settings: SpiSettings) -> bytes:
        # Where the port reversed the bits in software, the recording holds them as the driver sees them: it then plays on any controller.
        reverse = settings.lsb_first and not self._inner.capabilities.lsb_first
        self._pen.write(select, ">", reverse_bits(data) if reverse else data)
        with self._pen.noting(select, asyncio.CancelledError):
            answer = await self._inner.transfer(select, data, settings)
        self._pen.write(select, "<", reverse_bits(answer) if reverse else answer)
        return answer


class _SerialTap(_BusTap[SerialAdapter], SerialAdapter):
    @property
    def settings(self) -> SerialSettings:
        return self._inner.settings

    @property
    def capabilities(self) -> SerialCapabilities:
        return self._inner.capabilities

    async def write(self, data: bytes) -> None:
        self._pen.write("", ">", data)
        with self._pen.noting(WRITE):
            await self._inner.write(data)

    async def read(self, timeout_s: float) -> bytes:
        with self._pen.noting(READ):
            data = await self._inner.read(timeout_s)
        if data:
            self._pen.write("", "<", data)
        return data

    def discard_input(self) -> int:
        return self._inner.discard_input()


class _ModbusTap(_BusTap[ModbusAdapter], ModbusAdapter):
    async def execute(self, request: ModbusRequest, timeout_s: float) -> tuple[int, ...]:
        self._pen.write(request.unit, ">", request_pdu(request), PDU_NOTE)
        try:
            values = await self._inner.execute(request, timeout_s)
        except DeviceRefused as error:
            if error.code is None:
                self._pen.failed(request.unit, error)
            else:
                self._pen.write(request.unit, "<", refusal_pdu(request, error.code), PDU_NOTE)
            raise
        except (HalError, asyncio.CancelledError) as error:
            self._pen.failed(request.unit, error)
            raise
        self._pen.write(request.unit, "<", answer_pdu(request, values), PDU_NOTE)
        return values


class _HttpTap(_BusTap[HttpAdapter], HttpAdapter):
    async def request(self, request: HttpRequest, timeout_s: float) -> HttpResponse:
        self._pen.write(request.method, ">", http_bytes(request), request.target)
        with self._pen.noting(request.method, asyncio.CancelledError):
            response = await self._inner.request(request, timeout_s)
        self._pen.write(request.method, "<", response.body, f"{STATUS}{response.status}")
        return response


class _MulticastTap(_BusTap[MulticastAdapter], MulticastAdapter):
    def __init__(self, inner: MulticastAdapter, pen: _Pen) -> None:
        super().__init__(inner, pen)
        inner.datagrams.on(self._heard)  # subscribed first: the frame is written before any driver acts on it

    @property
    def datagrams(self) -> Events[Datagram]:
        return self._inner.datagrams

    @property
    def losses(self) -> Events[BusError]:
        return self._inner.losses

    def _heard(self, datagram: Datagram) -> None:
        self._pen.write(datagram.sender, "<", datagram.data, at_s=datagram.stamp.monotonic_s)


class _GpioTap(_BusTap[GpioAdapter], GpioAdapter):
    def input(self, request: LineRequest) -> InputLine:
        return _InputTap(self._inner.input(request), self._pen)

    def output(self, request: LineRequest, *, initial: bool) -> OutputLine:
        line = self._inner.output(request, initial=initial)
        self._pen.write(request.name, ">", bytes([initial]), INITIAL)
        return _OutputTap(line, self._pen)

    def lines(self) -> tuple[LineInfo, ...]:
        return self._inner.lines()


class _InputTap(_LineTap[InputLine], InputLine):
    def __init__(self, inner: InputLine, pen: _Pen) -> None:
        super().__init__(inner, pen)
        self._known: bool | None = None
        inner.edges.on(self._edge)  # subscribed first: the frame is written before any driver acts on the edge
        self.read()

    @property
    def edges(self) -> Events[Edge]:
        return self._inner.edges

    def read(self) -> bool:
        with self._pen.noting(self.name):
            active = self._inner.read()
        if active != self._known:
            self._known = active
            self._pen.write(self.name, "<", bytes([active]), LEVEL)
        return active

    def _edge(self, edge: Edge) -> None:
        self._known = edge.active
        self._pen.write(self.name, "<", bytes([edge.active]), EDGE, at_s=edge.stamp.monotonic_s)


class _OutputTap(_LineTap[OutputLine], OutputLine):
    @property
    def written(self) -> bool:
        return self._inner.written

    def write(self, active: bool) -> None:
        # Recorded before it is done: on a simulated line the answering edges arrive within the call.
        self._pen.write(self.name, ">", bytes([active]))
        with self._pen.noting(self.name):
            self._inner.write(active)


class _PwmTap(_BusTap[PwmAdapter], PwmAdapter):
    def pwm(self, name: str, *, inverted: bool = False) -> PwmLine:
        return _PwmLineTap(self._inner.pwm(name, inverted=inverted), self._pen)


class _PwmLineTap(_LineTap[PwmLine], PwmLine):
    @property
    def duty(self) -> float:
        return self._inner.duty

    def set(self, frequency_hz: float, duty: float) -> None:
        self._pen.write(self.name, ">", pwm_bytes(frequency_hz, duty))
        with self._pen.noting(self.name):
            self._inner.set(frequency_hz, duty)
