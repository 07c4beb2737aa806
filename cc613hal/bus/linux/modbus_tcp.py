"""Modbus TCP, and a TCP connection that carries the bytes of a serial line (for RTU frames through a gateway)."""

from __future__ import annotations

import asyncio
import errno
import socket

from cc613hal.bus.actor import BusActor
from cc613hal.bus.linux.modbus_pymodbus import Exchanges, mbap_decode, mbap_encode
from cc613hal.bus.modbus import ModbusAdapter, ModbusRequest
from cc613hal.bus.options import ModbusTcpOptions
from cc613hal.bus.serial import SerialAdapter, SerialCapabilities, SerialSettings
from cc613hal.errors import BusClosed, BusError, BusMissing, BusTimeout, FrameError

__all__ = ["TcpClient", "TcpLink", "connect_tcp"]

_DEAF = 3
"""Time-outs in a row after which the connection is made anew: a device that lost power never says that the old one is gone."""

_Answer = tuple[int, bytes, bytes]  # unit, protocol data unit, whole frame


async def connect_tcp(name: str, options: ModbusTcpOptions, protocol: asyncio.Protocol) -> asyncio.Transport:
    """Connect a protocol.

    Raises:
        BusMissing: no such host, or nobody listens on the port.
        BusTimeout: no answer within ``connect_timeout_s``.
        BusClosed: the network refuses otherwise.
    """
    where = options.physical
    try:
        async with asyncio.timeout(options.connect_timeout_s):
            transport, _ = await asyncio.get_running_loop().create_connection(lambda: protocol, options.host, options.port)
    except TimeoutError as error:
        raise BusTimeout(
            f"connecting to {where}: no answer within {options.connect_timeout_s:g} s", device=name, hint="check power, cable and address"
        ) from error
    except socket.gaierror as error:
        raise BusMissing(f"connecting to {where}: {error.strerror}", device=name, hint="check the host name and the name server") from error
    except OSError as error:
        if error.errno == errno.ECONNREFUSED or "Connect call failed" in str(error):
            raise BusMissing(
                f"connecting to {where}: nobody listens there",
                device=name,
                hint="check the port and that Modbus TCP is switched on",
                transient=True,
            ) from error
        raise BusClosed(f"connecting to {where}: {error.strerror or error}", device=name, hint="check network and route") from error
    return transport


class _Stream(asyncio.Protocol):
    """Finds the answers in the byte stream, by transaction number."""

    def __init__(self, actor: BusActor) -> None:
        self._actor = actor
        self._rest = b""
        self.transport: asyncio.Transport | None = None
        self.pending: dict[int, asyncio.Future[_Answer]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From now on requests can be sent."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Every pending request fails at once instead of waiting for its deadline."""
        self.transport = None
        self._fail(BusClosed(f"the connection was closed{f': {exc}' if exc else ' by the other side'}", device=self._actor.name))

    def data_received(self, data: bytes) -> None:
        """Hand complete answers to whoever waits for their transaction number; a stream that is not Modbus TCP is dropped."""
        heard = self._rest + data if self._rest else data
        while heard:
            if heard[2:4].strip(b"\0"):
                self._fail(
                    FrameError(
                        "what arrives is not Modbus TCP", device=self._actor.name, hint="is it an RTU gateway? then use modbus-rtu-over-tcp"
                    )
                )
                if self.transport is not None:
                    self.transport.abort()  # there is no way back into step on a byte stream
                heard = b""
                break
            used, unit, transaction, pdu = mbap_decode(heard)
            if not used:
                break
            future = self.pending.get(transaction)
            if future is None or future.done():
                self._actor.statistics.discarded_frames += 1
                self._actor.trace.record(self._actor.clock.monotonic_s(), self._actor.name, unit, "<", heard[:used], "thrown away: late")
            else:
                future.set_result((unit, pdu, heard[:used]))
            heard = heard[used:]
        self._rest = heard

    def _fail(self, error: BusError) -> None:
        for future in self.pending.values():
            if not future.done():
                future.set_exception(error)


class TcpClient(ModbusAdapter):
    """One Modbus TCP connection, made anew after a loss.

    Args:
        actor: the connection's owner.
        options: host, port and time-outs.
    """

    def __init__(self, actor: BusActor, options: ModbusTcpOptions) -> None:
        self._actor = actor
        self._options = options
        self._exchanges = Exchanges()
        self._stream: _Stream | None = None
        self._transaction = 0
        self._deaf = 0
        self._closed = False

    async def connect(self) -> None:
        """Connect now instead of with the first request.

        Raises:
            BusError: as :func:`connect_tcp`.
        """
        await self._connected()

    async def execute(self, request: ModbusRequest, timeout_s: float) -> tuple[int, ...]:
        """Carry out one request; see :class:`~cc613hal.bus.modbus.ModbusAdapter`."""
        exchange = self._exchanges.of(request)
        stream = self._stream
        if stream is None or stream.transport is None:
            stream = await self._connected()
        transport = stream.transport
        if transport is None:
            raise BusClosed("the connection was closed at once", device=self._actor.name)
        self._transaction = transaction = self._transaction % 0xFFFF + 1
        frame = mbap_encode(exchange.pdu, request.unit, transaction)
        trace, clock, name = self._actor.trace, self._actor.clock, self._actor.name
        trace.record(clock.monotonic_s(), name, request.unit, ">", frame)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_Answer] = loop.create_future()
        stream.pending[transaction] = answer
        timer = loop.call_later(timeout_s, self._expired, answer, request.unit, timeout_s)
        try:
            transport.write(frame)
            unit, pdu, heard = await answer
            if unit != request.unit or not exchange.answers(pdu):
                raise FrameError(
                    f"unit {unit} answered {pdu[:8].hex(' ')}, which is no answer to {exchange.pdu[:8].hex(' ')} for unit {request.unit}",
                    device=name,
                )
        except BusError as error:
            trace.record(clock.monotonic_s(), name, request.unit, "!", b"", error.kind)
            self._count_silence(error, transport)
            raise
        finally:
            timer.cancel()
            del stream.pending[transaction]
        self._deaf = 0
        trace.record(clock.monotonic_s(), name, unit, "<", heard)
        return exchange.values(pdu)

    async def aclose(self) -> None:
        """Close the connection; waiting requests end with an error."""
        self._closed = True
        if self._stream is not None and self._stream.transport is not None:
            self._stream.transport.abort()
        self._stream = None

    def _expired(self, answer: asyncio.Future[_Answer], unit: int, timeout_s: float) -> None:
        if not answer.done():
            answer.set_exception(
                BusTimeout(
                    f"unit {unit} did not answer within {timeout_s:g} s",
                    device=self._actor.name,
                    hint="check the unit number and the line behind the gateway",
                )
            )

    def _count_silence(self, error: BusError, transport: asyncio.Transport) -> None:
        self._deaf = self._deaf + 1 if isinstance(error, BusTimeout) else 0
        if self._deaf >= _DEAF:
            self._deaf = 0
            transport.abort()
            self._stream = None

    async def _connected(self) -> _Stream:
        if self._closed:
            raise BusClosed(f"{self._actor.name} is closed", device=self._actor.name)
        stream = _Stream(self._actor)
        await connect_tcp(self._actor.name, self._options, stream)
        self._stream = stream
        return stream


class _Bytes(asyncio.Protocol):
    def __init__(self) -> None:
        self.arrived = bytearray()
        self.waiter: asyncio.Future[None] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From now on bytes can be sent."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names the argument
        """Wake the reader, which sees that there is no transport any more."""
        self.transport = None
        self.wake()

    def data_received(self, data: bytes) -> None:
        """Keep what arrived and wake the reader."""
        self.arrived += data
        self.wake()

    def wake(self) -> None:
        """Let whoever waits for bytes look again."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


class TcpLink(SerialAdapter):
    """The bytes of a serial line through a transparent TCP gateway; connected anew by the first write after a loss.

    Args:
        name: the bus as the board file names it.
        options: host, port and time-outs.
        settings: of the line behind the gateway, as far as known; only its character time is used.
    """

    def __init__(self, name: str, options: ModbusTcpOptions, settings: SerialSettings | None = None) -> None:
        self._name = name
        self._options = options
        self._settings = settings or SerialSettings()
        self._bytes: _Bytes | None = None
        self._closed = False

    @property
    def settings(self) -> SerialSettings:
        """Of the line behind the gateway, which this side cannot see."""
        return self._settings

    @property
    def capabilities(self) -> SerialCapabilities:
        """The gateway sets the line up."""
        return SerialCapabilities(modem_lines=False, notes=("speed and format are set in the gateway",))

    async def connect(self) -> None:
        """Connect now instead of with the first write."""
        if self._closed:
            raise BusClosed(f"{self._name} is closed", device=self._name)
        connection = _Bytes()
        await connect_tcp(self._name, self._options, connection)
        self._bytes = connection

    async def write(self, data: bytes) -> None:
        """Hand bytes to the gateway."""
        if self._bytes is None or self._bytes.transport is None:
            await self.connect()
        if self._bytes is None or self._bytes.transport is None:
            raise BusClosed("the gateway closed the connection at once", device=self._name)
        self._bytes.transport.write(data)

    async def read(self, timeout_s: float) -> bytes:
        """What has arrived; ``b""`` if nothing came in time."""
        connection = self._bytes
        if connection is not None and not connection.arrived and connection.transport is not None and timeout_s > 0.0:
            loop = asyncio.get_running_loop()
            connection.waiter = loop.create_future()
            timer = loop.call_later(timeout_s, connection.wake)
            try:
                await connection.waiter
            finally:
                timer.cancel()
                connection.waiter = None
        if connection is None or (connection.transport is None and not connection.arrived):
            raise BusClosed("the gateway closed the connection", device=self._name, hint="the next request connects again")
        data = bytes(connection.arrived)
        connection.arrived.clear()
        return data

    def discard_input(self) -> int:
        """Throw away what has arrived unread."""
        if self._bytes is None:
            return 0
        count = len(self._bytes.arrived)
        self._bytes.arrived.clear()
        return count

    async def aclose(self) -> None:
        """Close the connection."""
        self._closed = True
        if self._bytes is not None and self._bytes.transport is not None:
            self._bytes.transport.abort()
        self._bytes = None
