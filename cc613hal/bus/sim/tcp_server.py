"""A Modbus TCP server over emulated units, and a transparent gateway to an emulated RTU line."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from cc613hal.bus.sim.modbus_units import ModbusUnits
from cc613hal.bus.sim.rtu_server import RtuServer

__all__ = ["ModbusTcpServer"]

_GATEWAY_TARGET_FAILED = 11
"""What a gateway says for a unit that is not there (MODBUS Application Protocol V1.1b3, section 7)."""


class ModbusTcpServer:
    """Serves emulated units on a TCP port.

    Args:
        units: the units and what is wrong with them; ``line.unplug()`` breaks all connections and refuses new ones.
        host: address to listen on.
        port: TCP port; 0 lets the system choose, see :attr:`port`.
        rtu: RTU frames instead of Modbus TCP ones, as transparent serial gateways pass them on.
    """

    def __init__(self, units: ModbusUnits | None = None, *, host: str = "127.0.0.1", port: int = 0, rtu: bool = False) -> None:
        self.units = ModbusUnits() if units is None else units
        self.host = host
        self._wanted = port
        self._rtu = rtu
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self.units.line.on_plug(self._plugged)

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._server is not None, "the server has not been started"
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self.units, self._connections, rtu=self._rtu), self.host, self._wanted)

    async def aclose(self) -> None:
        """Stop listening and close all connections."""
        if self._server is not None:
            self._server.close()
            self.drop()
            await self._server.wait_closed()

    def drop(self) -> None:
        """Close all connections, as a restarting device does; new ones are accepted."""
        for connection in tuple(self._connections):
            connection.abort()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    def _plugged(self, plugged: bool) -> None:
        if not plugged:
            self.drop()


class _Connection(asyncio.Protocol):
    def __init__(self, units: ModbusUnits, connections: set[_Connection], *, rtu: bool) -> None:
        self._units = units
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._heard = b""
        self._line: RtuServer | None = None
        if rtu:
            self._line = RtuServer(units)
            self._line.attach(self._write)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A line that is unplugged takes no connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)
        if not self._units.line.plugged:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names the argument
        """Forget the connection; what was being answered goes nowhere."""
        self._transport = None
        self._connections.discard(self)

    def abort(self) -> None:
        """End the connection without sending what is left, as a cut cable does."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Answer every complete request; on RTU over TCP the line finds the frames."""
        if self._line is not None:
            self._line.receive(data)
            return
        heard = self._heard + data
        while len(heard) >= 8:
            length = 6 + int.from_bytes(heard[4:6], "big")
            if heard[2:4] != b"\0\0" or length < 8:
                self.abort()  # not Modbus: there is no way back into step on a byte stream
                return
            if len(heard) < length:
                break
            self._serve(heard[:2], heard[6], heard[7:length])
            heard = heard[length:]
        self._heard = heard

    def _serve(self, transaction: bytes, number: int, pdu: bytes) -> None:
        faults = self._units.of(number)
        if any(fault.nack or fault.loses() for fault in faults):
            return
        answer = self._units.serve(number, pdu)
        if answer is None:
            if number == 0:
                return
            answer = bytes([pdu[0] | 0x80, _GATEWAY_TARGET_FAILED])
        frame = transaction + b"\0\0" + (len(answer) + 1).to_bytes(2, "big") + bytes([number]) + answer
        if any(fault.crc or fault.corrupts() for fault in faults):
            frame = frame[:6] + bytes([number ^ 0xFF]) + frame[7:]  # TCP has no check sum of its own to break: the unit is wrong
        delay_s = sum(fault.delay_s() for fault in faults)
        if delay_s:
            asyncio.get_running_loop().call_later(delay_s, self._write, frame)
        else:
            self._write(frame)

    def _write(self, frame: bytes) -> None:
        if self._transport is not None:
            self._transport.write(frame)
