"""An emulated host behind a real TCP port, plain or with TLS, for our own client and for other programs; it misbehaves on request.

Requests are read with the standard library alone: our client is built on another implementation, so that the two prove each other.
"""

from __future__ import annotations

import asyncio
import enum
import ssl
from email.parser import BytesHeaderParser
from http import HTTPStatus
from types import TracebackType
from typing import Self

from cc613hal.bus.http import HttpRequest, HttpResponse
from cc613hal.bus.sim.http import HttpHost
from cc613hal.errors import BusMissing

__all__ = ["HttpServer", "HttpTrick"]

_LONGEST = 1 << 20


class HttpTrick(enum.Enum):
    """What the server does instead of answering properly."""

    NONE = "none"
    GARBAGE = "garbage"
    """Bytes that are no HTTP."""
    TRUNCATED = "truncated"
    """The connection ends in the middle of the content."""
    SLOW = "slow"
    """The head, then nothing more."""
    ENDLESS = "endless"
    """Content without end."""
    CHUNKED = "chunked"
    """A proper answer in chunks."""
    HANG_UP = "hang-up"
    """The connection is closed without an answer."""
    CLOSE = "close"
    """A proper answer, and the connection is closed without saying so before."""


class HttpServer:
    """A host on a port of this computer.

    Args:
        host: the emulated host.
        port: TCP port; 0 for any free one.
        tls: a server's TLS context; ``None`` for plain HTTP.

    Attributes:
        trick: what it does instead of answering properly.
        connections: how many were made.
        served: how many requests came.
    """

    def __init__(self, host: HttpHost, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.host = "127.0.0.1"
        self.port = port
        self.trick = HttpTrick.NONE
        self.connections = 0
        self.served = 0
        self._emulated = host
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        host.faults.on_plug(self._plugged)

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the port cannot be used.
        """
        self._server = await asyncio.start_server(self._connected, self.host, self.port, ssl=self._tls, limit=_LONGEST)
        self.port = self._server.sockets[0].getsockname()[1]

    async def aclose(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self._drop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    def _plugged(self, plugged: bool) -> None:
        if not plugged:
            for task in self._serving:
                task.cancel()

    async def _drop(self) -> None:
        tasks = tuple(self._serving)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self.connections += 1
        try:
            while await self._serve(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, ssl.SSLError, asyncio.CancelledError):
            writer.transport.abort()  # the client went, or speaks no HTTP: neither concerns the part
        finally:
            self._serving.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        method, target, _ = line.decode("latin-1").split(" ")
        headers = BytesHeaderParser().parsebytes(rest)
        length = int(headers.get("content-length", "0"))
        if not 0 <= length <= _LONGEST:
            raise ValueError(f"a body of {length} bytes")
        body = await reader.readexactly(length)
        found = tuple((name.lower(), str(value)) for name, value in headers.items())
        return await self._answer(HttpRequest(method=method, target=target, body=body, headers=found), writer)

    async def _answer(self, request: HttpRequest, writer: asyncio.StreamWriter) -> bool:
        self.served += 1
        faults = self._emulated.faults
        if not faults.plugged or self.trick is HttpTrick.HANG_UP:
            return False
        if faults.silence:
            await asyncio.Event().wait()
        delay_s = faults.delay_s()
        if delay_s:
            await asyncio.sleep(delay_s)
        try:
            response = self._emulated.answer(request)
        except BusMissing:
            response = HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)
        await self._send(response, writer)
        return self.trick not in {HttpTrick.TRUNCATED, HttpTrick.CLOSE, HttpTrick.GARBAGE}

    async def _send(self, response: HttpResponse, writer: asyncio.StreamWriter) -> None:
        if self.trick is HttpTrick.GARBAGE:
            writer.write(b"\x15\x03\x01 meters are no web servers\n\n")
            await writer.drain()
            return
        chunked = self.trick is HttpTrick.CHUNKED
        length = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % len(response.body)
        if self.trick is HttpTrick.ENDLESS:
            length = b"content-length: 1000000000"
        reason = HTTPStatus(response.status).phrase.encode() if response.status in set(HTTPStatus) else b"?"
        extra = b"".join(f"{name}: {value}\r\n".encode() for name, value in response.headers)
        writer.write(b"HTTP/1.1 %d %s\r\n%s\r\n%s\r\n" % (response.status, reason, length, extra))
        match self.trick:
            case HttpTrick.TRUNCATED:
                writer.write(response.body[: len(response.body) // 2])
            case HttpTrick.SLOW:
                await writer.drain()
                await asyncio.Event().wait()
            case HttpTrick.ENDLESS:
                while True:
                    writer.write(b"x" * 65536)
                    await writer.drain()
            case HttpTrick.CHUNKED:
                pieces = [response.body[at : at + 7] for at in range(0, len(response.body), 7)]
                writer.write(b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n")
            case _:
                writer.write(response.body)
        await writer.drain()
