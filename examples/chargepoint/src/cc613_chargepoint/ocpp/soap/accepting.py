"""Taking connections from strangers: plain or TLS, a bounded number of them, and none that only waits keeps out one that asks.

A connection counts from the moment it is accepted, so one that never finishes its TLS handshake is bounded like any other. Where there is
no room, the one that has waited longest goes, of the host that holds most of them; whoever is being answered stays.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import errno
import functools
import ipaddress
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable

import h11
from attrs import define

from cc613_chargepoint.ocpp.soap.errors import SoapError

__all__ = ["Connection", "Doorman", "listening_sockets"]

_log = logging.getLogger(__name__)
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - a station is asked from outside
_NO_SUCH_FAMILY = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
"""A machine whose kernel has no IPv6 is asked over IPv4."""
BACKLOG = 32
ACCEPT_PAUSE_S = 1.0
"""Pause after a connection could not be accepted, because there are no more descriptors for one, s."""
GOODBYE_S = 2.0
"""How long a peer may take to agree that TLS ends, s."""


def listening_sockets(where: str, port: int) -> list[socket.socket]:
    """Sockets that listen.

    Args:
        where: a numeric address, the name of an interface, or empty for every interface, IPv4 and IPv6.
        port: 0 for any that is free; all sockets have the same.

    Raises:
        OSError: no such address or interface, or the port is taken.
    """
    address = _address(where)
    device = where if address is None else ""
    opened: list[socket.socket] = []
    try:
        for host in _EVERYWHERE if address is None else (str(address),):
            try:
                opened.append(_listening(host, port, device))
            except OSError as error:
                if not (opened and error.errno in _NO_SUCH_FAMILY):
                    raise
            port = int(opened[0].getsockname()[1])
    except OSError:
        for each in opened:
            each.close()
        raise
    return opened


def _address(where: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(where)
    except ValueError:
        return None


def _listening(host: str, port: int, device: str) -> socket.socket:
    six = ":" in host
    opened = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM)
    try:
        opened.setblocking(False)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if six:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if device:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        opened.bind((host, port))
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


@define(eq=False)
class Connection:
    """One connection.

    Attributes:
        host: the peer's.
        reader: what comes.
        begun: its socket has an owner.
        waits: it has asked nothing yet, or nothing more: it may be ended for another one.
    """

    host: str
    reader: asyncio.StreamReader
    begun: bool = False
    waits: bool = True


Serve = Callable[[Connection, asyncio.StreamWriter], Awaitable[None]]


class Doorman:
    """Accepts connections and has each served in a task of its own.

    Args:
        serve: converses; what it raises of connections that end is logged.
        tls: for TLS.
        most: connections at a time.
        patience_s: for a handshake, s.
    """

    def __init__(self, serve: Serve, *, tls: ssl.SSLContext | None, most: int, patience_s: float) -> None:
        self._serve, self._tls, self._most, self._patience_s = serve, tls, most, patience_s
        self._doors: list[tuple[socket.socket, asyncio.Task[None]]] = []
        self._inside: dict[asyncio.Task[None], Connection] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """On which it listens.

        Raises:
            RuntimeError: it does not.
        """
        if not self._doors:
            raise RuntimeError("the listener is not open")
        return int(self._doors[0][0].getsockname()[1])

    def open(self, where: str, port: int) -> None:
        """Begin to accept; see :func:`listening_sockets`."""
        for door in listening_sockets(where, port):
            self._doors.append((door, asyncio.create_task(self._accept(door), name="SOAP listener")))

    async def aclose(self) -> None:
        """Stop; what is being answered is cut off."""
        accepting = [task for _, task in self._doors]
        for task in (*accepting, *self._inside):
            task.cancel()
        await asyncio.gather(*accepting, *self._inside, *self._leaving, return_exceptions=True)
        for door, _ in self._doors:
            door.close()
        self._doors.clear()

    async def _accept(self, door: socket.socket) -> None:
        loop, told = asyncio.get_running_loop(), False
        while True:
            try:
                peer, address = await loop.sock_accept(door)
            except OSError as error:  # no descriptors are left, or the peer has gone already
                if not told:  # once: whatever has taken them shall not fill the log as well
                    _log.warning("connections cannot be accepted: %s", error)
                told = True
                await asyncio.sleep(ACCEPT_PAUSE_S)
                continue
            told = False
            if not self._room():
                peer.close()
                continue
            connection = Connection(str(address[0]), asyncio.StreamReader())
            task = asyncio.create_task(self._welcome(peer, connection), name=f"SOAP from {connection.host}")
            self._inside[task] = connection
            task.add_done_callback(functools.partial(self._gone, peer, connection))

    def _gone(self, peer: socket.socket, connection: Connection, task: asyncio.Task[None]) -> None:
        if not connection.begun:
            peer.close()
        self._inside.pop(task, None)
        self._leaving.discard(task)

    def _room(self) -> bool:
        """Make room for one more; false if everybody inside is being answered."""
        if len(self._inside) < self._most:
            return True
        waiting = [(task, each.host) for task, each in self._inside.items() if each.waits]
        if not waiting:
            return False
        held = collections.Counter(host for _, host in waiting)
        longest = max(waiting, key=lambda each: held[each[1]])[0]  # of equals the first, which is the oldest
        del self._inside[longest]
        self._leaving.add(longest)
        longest.cancel()
        return True

    async def _welcome(self, peer: socket.socket, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        protocol = asyncio.StreamReaderProtocol(connection.reader)
        bounds = {} if self._tls is None else {"ssl_handshake_timeout": self._patience_s, "ssl_shutdown_timeout": GOODBYE_S}
        connection.begun = True
        try:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, peer, ssl=self._tls, **bounds)
        except OSError as error:
            _log.debug("%s did not come in: %s", connection.host, error)
            return
        writer = asyncio.StreamWriter(transport, protocol, connection.reader, loop)
        try:
            await self._serve(connection, writer)
        except asyncio.CancelledError:
            transport.abort()  # another one needs the room, or nobody listens any longer: there is nothing to be agreed upon
            raise
        except (OSError, h11.LocalProtocolError, SoapError) as error:
            _log.debug("the connection of %s ended: %s", connection.host, error)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
