"""The facade over a Unix socket: JSON lines, peer credentials checked, nobody outside can slow the station."""

from __future__ import annotations

import asyncio
import contextlib
import grp
import logging
import os
import pwd
import socket
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from attrs import frozen

from cc613_chargepoint.domain.events import StationEvent
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.facade.codec import line, packed, read_line, unpacked_command
from cc613_chargepoint.facade.station_facade import Facade
from cc613_chargepoint.settings import Actor
from cc613hal.errors import ConfigError, HalError
from cc613hal.events import EventStream

__all__ = ["Peer", "role_of", "serve_socket"]

_log = logging.getLogger(__name__)
LINE_LIMIT = 64 * 1024
"""Longest line a client may send, bytes."""
CLIENTS = 32
"""Clients at the same time."""
EVENTS_KEPT = 256
"""Events that wait for a slow client; older ones are dropped, and it is told how many."""
PATIENCE_S = 10.0
"""How long a client may leave what it was sent unread, s."""


@frozen
class Peer:
    """Who is at the other end, as the kernel says."""

    pid: int
    uid: int
    gid: int

    @classmethod
    def of(cls, connection: Any) -> Peer:
        """The peer of a connected Unix socket."""
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return cls(*struct.unpack("3i", raw))

    @property
    def name(self) -> str:
        """For the audit."""
        try:
            user = pwd.getpwuid(self.uid).pw_name
        except KeyError:
            user = str(self.uid)
        return f"{user} (process {self.pid})"


def role_of(peer: Peer) -> Role | None:
    """Root and the station's own user may do everything, members of the station's group operate it, others nothing."""
    if peer.uid in {0, os.geteuid()}:
        return Role.MANUFACTURER
    if peer.gid == os.getegid():
        return Role.OPERATOR
    with contextlib.suppress(KeyError):
        if pwd.getpwuid(peer.uid).pw_name in grp.getgrgid(os.getegid()).gr_mem:
            return Role.OPERATOR
    return None


@contextlib.asynccontextmanager
async def serve_socket(facade: Facade, path: Path, roles: Callable[[Peer], Role | None] = role_of) -> AsyncIterator[None]:
    """Serve while the context lasts.

    Args:
        facade: of the station.
        path: of the socket; what a crash left there is replaced.
        roles: the role of a peer; ``None`` to refuse it.

    Raises:
        ConfigError: no socket can be made there.
    """
    clients: set[asyncio.Task[None]] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(clients) >= CLIENTS:
            writer.close()
            return
        clients.add(task)
        try:
            await _Client(facade, reader, writer, roles).serve()
        finally:
            clients.discard(task)

    try:
        _remove(path)
        mask = os.umask(0o117)  # owner and group from the first moment on
        try:
            server = await asyncio.start_unix_server(meet, path, limit=LINE_LIMIT)
        finally:
            os.umask(mask)
    except OSError as error:
        raise ConfigError(f"no socket at {path}: {error}", hint="a socket's path has at most 107 bytes and a writable directory") from error
    try:
        yield
    finally:
        server.close()
        for task in tuple(clients):
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


class _Client:
    """One connection: its commands one after the other, and the events if it watches."""

    def __init__(
        self, facade: Facade, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, roles: Callable[[Peer], Role | None]
    ) -> None:
        self._facade, self._reader, self._writer = facade, reader, writer
        self._peer = Peer.of(writer.get_extra_info("socket"))
        self._role = roles(self._peer)
        self._watching: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        try:
            if self._role is None:
                await self._send({"error": {"kind": "not-allowed", "message": f"{self._peer.name} has no role at this station"}})
                return
            await self._converse(Actor(name=self._peer.name, role=self._role))
        except (ConnectionError, TimeoutError) as error:
            _log.debug("client %s is gone: %s", self._peer.name, error)
        finally:
            if self._watching is not None:
                self._watching.cancel()
                await asyncio.gather(self._watching, return_exceptions=True)
            self._writer.transport.abort()  # what a dead client has not read is not waited for

    async def _converse(self, actor: Actor) -> None:
        while True:
            try:
                raw = await self._reader.readline()
            except ValueError:
                await self._send({"error": {"kind": "not-understood", "message": f"a line has at most {LINE_LIMIT} bytes"}})
                return
            if not raw:
                return
            await self._send(await self._answer(raw, actor))

    async def _answer(self, raw: bytes, actor: Actor) -> dict[str, Any]:
        number: Any = None
        try:
            message = read_line(raw)
            number = message.get("id")
            if message.get("type") == "Watch":
                if self._watching is None:
                    self._watching = asyncio.create_task(self._watch(self._facade.events.stream(EVENTS_KEPT)), name="facade watch")
                return {"id": number, "type": "Watching"}
            return {"id": number, **packed(await self._facade.ask(unpacked_command(message, self._facade.commands), actor))}
        except HalError as error:
            return {"id": number, "error": error.as_dict()}
        except Exception as error:  # noqa: BLE001 - a defect in one command must not cost this client its answer, nor others theirs
            _log.exception("a command of %s failed", self._peer.name)
            return {"id": number, "error": {"kind": "defect", "message": f"{type(error).__name__}: {error}"}}

    async def _watch(self, events: EventStream[StationEvent]) -> None:
        told = 0
        with events:
            async for event in events:
                if events.dropped > told:
                    await self._send({"gap": events.dropped - told})
                    told = events.dropped
                try:
                    await self._send({"event": packed(event)})
                except (ConnectionError, TimeoutError):
                    self._writer.transport.abort()
                    return

    async def _send(self, message: dict[str, Any]) -> None:
        self._writer.write(line(message))
        async with asyncio.timeout(PATIENCE_S):
            await self._writer.drain()
