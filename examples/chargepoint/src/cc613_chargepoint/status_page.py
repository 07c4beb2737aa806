"""``/health`` and ``/status`` over HTTP on the loopback interface: small, read-only, for probes and scripts on the controller itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from cc613hal.errors import ConfigError

__all__ = ["serve_status"]

_log = logging.getLogger(__name__)
_HEAD_LIMIT = 8192
_PATIENCE_S = 5.0
_CONNECTIONS = 16
_WORDS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    431: "Request Header Fields Too Large",
    503: "Unavailable",
}


@contextlib.asynccontextmanager
async def serve_status(port: int, pages: Mapping[str, Callable[[], tuple[int, Any]]]) -> AsyncIterator[int]:
    """Serve pages on 127.0.0.1 while the context lasts; yields the port.

    Args:
        port: to listen on; 0 for a free one.
        pages: path → status code and what is sent as JSON.

    Raises:
        ConfigError: the port is taken.
    """
    open_now = 0

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now
        if open_now >= _CONNECTIONS:
            writer.transport.abort()
            return
        open_now += 1
        try:
            async with asyncio.timeout(_PATIENCE_S):
                code, content = await _answer(reader, pages)
                body = json.dumps(content).encode()
                head = f"HTTP/1.1 {code} {_WORDS[code]}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                head += "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
            writer.close()
        except (OSError, TimeoutError) as error:
            _log.debug("a status client is gone: %s", error)
            writer.transport.abort()
        finally:
            open_now -= 1

    try:
        server = await asyncio.start_server(meet, "127.0.0.1", port, limit=_HEAD_LIMIT)
    except OSError as error:
        raise ConfigError(f"port {port} cannot be used: {error}", hint="choose another status.http_port, or 0 for none") from error
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def _answer(reader: asyncio.StreamReader, pages: Mapping[str, Callable[[], tuple[int, Any]]]) -> tuple[int, Any]:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return 431, {"error": "the request is too long"}
    except asyncio.IncompleteReadError:
        return 400, {"error": "this is no request"}
    words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return 400, {"error": "this is no request"}
    if words[0] != "GET":
        return 405, {"error": "only GET"}
    page = pages.get(words[1].partition("?")[0])
    return (404, {"error": f"there is: {', '.join(pages)}"}) if page is None else page()
