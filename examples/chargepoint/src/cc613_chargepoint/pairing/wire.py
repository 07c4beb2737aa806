"""The link between two controllers: lines in order over TCP and TLS, or none at all. Nothing here waits for a peer that does not read."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from cc613_chargepoint.pairing.identity import Identity
from cc613_chargepoint.pairing.messages import Message, read_message, written
from cc613hal.errors import ConfigError, HalError

__all__ = ["Dial", "Door", "Talk", "TlsWire", "Wire", "WireLost", "tls_dial", "tls_door"]

_log = logging.getLogger(__name__)

LINE_LIMIT = 256 * 1024
"""Longest line, bytes: a signed record with room to spare."""
UNREAD_LIMIT = 1024 * 1024
"""What the other end may leave unread before it counts as gone, bytes."""
HANDSHAKE_S = 10.0
FINISH_S = 2.0


class WireLost(HalError, ConnectionError):  # noqa: N818 - the base class says that it is an error
    """The link is gone, or what came over it makes no sense."""

    kind = "link-lost"
    default_transient = True


class Wire(ABC):
    """One connection to the other controller."""

    @abstractmethod
    def send(self, raw: bytes) -> None:
        """Send a line without waiting.

        Raises:
            WireLost: the connection has ended, or the other end has not read for too long.
        """

    @abstractmethod
    async def receive(self) -> bytes:
        """The next line.

        Raises:
            WireLost: the connection has ended.
        """

    @abstractmethod
    async def finish(self) -> None:
        """End the connection after what was sent."""

    @abstractmethod
    def abort(self) -> None:
        """End the connection at once; may be called twice."""


Dial = Callable[[], Awaitable[Wire]]
"""Connects to the master, or raises :class:`WireLost`."""

Door = Callable[[Callable[[Wire], Awaitable[None]]], AbstractAsyncContextManager[None]]
"""Lets the slave in while its context lasts; each connection is served by the function."""


class TlsWire(Wire):
    """A connection over TLS.

    Args:
        reader: its incoming half.
        writer: its outgoing half.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, raw: bytes) -> None:
        """See :class:`Wire`."""
        if self._writer.transport.is_closing():
            raise WireLost("the link has ended")
        if self._writer.transport.get_write_buffer_size() > UNREAD_LIMIT:
            raise WireLost("the other controller does not read")
        self._writer.write(raw)

    async def receive(self) -> bytes:
        """See :class:`Wire`."""
        try:
            raw = await self._reader.readline()
        except (OSError, ValueError) as error:  # ValueError: a line without an end
            raise WireLost(f"the link broke: {error}") from error
        if not raw.endswith(b"\n"):
            raise WireLost("the other controller has ended the link")
        return raw

    async def finish(self) -> None:
        """See :class:`Wire`."""
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):  # it ends in any case
            async with asyncio.timeout(FINISH_S):
                await self._writer.wait_closed()

    def abort(self) -> None:
        """See :class:`Wire`."""
        self._writer.transport.abort()


class Talk:
    """One conversation: messages over a wire, numbered from 1 in each direction without a gap.

    Args:
        wire: to the other controller.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._said = self.heard = 0

    def say(self, message: Message) -> int:
        """Send a message; returns its number.

        Raises:
            WireLost: it cannot be sent.
        """
        self._said += 1
        self._wire.send(written(self._said, message))
        return self._said

    async def hear(self, within_s: float) -> Message:
        """The next message.

        Raises:
            WireLost: none came in time, the link is gone, or a message is missing or makes no sense.
        """
        try:
            async with asyncio.timeout(within_s):
                raw = await self._wire.receive()
        except TimeoutError:
            raise WireLost(f"nothing was heard for {within_s:g} s") from None
        try:
            number, message = read_message(raw)
        except HalError as error:
            raise WireLost(f"what came makes no sense: {error}") from error
        if number != self.heard + 1:
            raise WireLost(f"message {number} came after message {self.heard}")
        self.heard = number
        return message

    async def finish(self, message: Message) -> None:
        """Say a last word, and end when it is on its way.

        Raises:
            WireLost: it cannot be sent.
        """
        self.say(message)
        await self._wire.finish()

    def end(self) -> None:
        """End the conversation at once; may be called twice."""
        self._wire.abort()


def tls_dial(identity: Identity, host: str, port: int) -> Dial:
    """How the slave connects.

    Args:
        identity: of the slave, paired.
        host: of the master.
        port: where it listens.

    Raises:
        ConfigError: the controllers are not paired.
    """
    context = identity.client()

    async def dial() -> Wire:
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                reader, writer = await asyncio.open_connection(host, port, ssl=context, limit=LINE_LIMIT)
        except ssl.SSLCertVerificationError as error:
            hint = "the master was replaced or paired anew: pair again"
            raise WireLost(f"{host} is not the paired master: {error.verify_message}", hint=hint) from error
        except (OSError, TimeoutError) as error:
            raise WireLost(f"{host} port {port} does not answer: {str(error) or 'no answer in time'}") from error
        return TlsWire(reader, writer)

    return dial


def tls_door(identity: Identity, address: str, port: int, *, told: Callable[[int], None] = lambda _: None) -> Door:
    """How the master lets its slave in; nobody else gets beyond the handshake.

    Args:
        identity: of the master, paired.
        address: to listen on.
        port: to listen on; 0 for a free one.
        told: is given the port that listens.

    Raises:
        ConfigError: the controllers are not paired.
    """
    context = identity.server()

    @contextlib.asynccontextmanager
    async def door(serve: Callable[[Wire], Awaitable[None]]) -> AsyncIterator[None]:
        guests: set[asyncio.Task[None]] = set()

        async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            guests.add(task)
            wire = TlsWire(reader, writer)
            try:
                await serve(wire)
            except asyncio.CancelledError:  # by the end of the door alone; Python 3.11's streams would report it as a failure
                _log.debug("the door closes on a conversation")
            finally:
                wire.abort()
                guests.discard(task)

        try:
            server = await asyncio.start_server(
                meet, address, port, ssl=context, ssl_handshake_timeout=HANDSHAKE_S, limit=LINE_LIMIT, backlog=4
            )
        except OSError as error:
            hint = "another program has it, or the address is not this controller's: pairing.listen, pairing.port"
            raise ConfigError(f"{address} port {port} cannot be used: {error}", hint=hint) from error
        try:
            told(int(server.sockets[0].getsockname()[1]))
            yield
        finally:
            server.close()
            for guest in tuple(guests):
                guest.cancel()
            await asyncio.gather(*guests, return_exceptions=True)

    return door
