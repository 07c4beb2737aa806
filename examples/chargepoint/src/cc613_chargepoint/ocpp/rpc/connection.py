"""One WebSocket to a central system: how it is opened, kept alive and closed.

Over the `websockets` package; its C part is optional, so the same package serves controllers without wheels.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from attrs import field, frozen
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI, WebSocketException
from websockets.typing import Subprotocol

from cc613_chargepoint.ocpp.rpc.link import BackendWire, LinkClosed
from cc613_chargepoint.ocpp.rpc.wire_log import WireLog
from cc613hal.errors import ConfigError, HalError

__all__ = ["CannotConnect", "Endpoint", "WebSocketWire", "address", "connected"]

_log = logging.getLogger(__name__)

MESSAGE_LIMIT = 1024 * 1024
"""Longest message that is received, bytes: a local list of several thousand entries."""
OPEN_S, CLOSE_S = 30.0, 2.0


class CannotConnect(HalError, ConnectionError):  # noqa: N818 - the base class says that it is an error
    """The central system cannot be reached, or does not want this station.

    Attributes:
        status: of the HTTP answer; ``None`` if there was none.
    """

    kind = "cannot-connect"
    default_transient = True

    def __init__(self, message: str, *, hint: str | None = None, status: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


@frozen(kw_only=True)
class Endpoint:
    """Where a central system listens and how this station identifies.

    Attributes:
        url: ``ws://`` or ``wss://``, without the identity.
        identity: of the station.
        subprotocols: in order of preference.
        password: for HTTP Basic, the bytes themselves; ``None`` for none.
        tls: for ``wss://``; ``None`` for the platform's own.
        unix_socket: connect there instead of to the host of the URL (tests, a local proxy).
    """

    url: str
    identity: str
    subprotocols: Sequence[str] = ("ocpp1.6",)
    password: bytes | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    unix_socket: str | None = None


def address(url: str, identity: str) -> str:
    """The URL of a station at a central system: the identity is percent-encoded (OCPP-J 1.6, 3.1.1).

    Raises:
        ConfigError: the URL is no WebSocket's, or brings a fragment or credentials along.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname:
        raise ConfigError(f"{url!r} is no address of a central system", hint="it begins with wss:// or ws:// and names a host")
    if parts.fragment or parts.username is not None:
        raise ConfigError(
            "the address of a central system has neither a fragment nor a password", hint="the password is a setting of its own"
        )
    if not identity:
        raise ConfigError("the station has no identity", hint="set ocpp.identity")
    path = parts.path.rstrip("/") + "/" + quote(identity, safe="")
    return parts._replace(path=path).geturl()


class WebSocketWire(BackendWire):
    """The frames of a WebSocket.

    Args:
        socket: open.
        log: is shown everything.
    """

    def __init__(self, socket: ClientConnection, log: WireLog | None = None) -> None:
        self._socket = socket
        self._log = log

    @property
    def subprotocol(self) -> str:
        """What was agreed upon."""
        return str(self._socket.subprotocol or "")

    @property
    def spoken(self) -> str:
        """The same."""
        return self.subprotocol

    @property
    def callback(self) -> str:
        """None: questions come over the connection itself."""
        return ""

    async def send(self, text: str) -> None:
        """See :class:`~cc613_chargepoint.ocpp.rpc.link.Wire`."""
        if self._log is not None:
            self._log.sent(text)
        try:
            await self._socket.send(text)
        except ConnectionClosed as closed:
            raise LinkClosed(_why(closed)) from closed

    async def receive(self) -> str | bytes:
        """See :class:`~cc613_chargepoint.ocpp.rpc.link.Wire`."""
        try:
            message = await self._socket.recv()
        except ConnectionClosed as closed:
            raise LinkClosed(_why(closed)) from closed
        if self._log is not None:
            self._log.received(message)
        return message

    async def keep_alive(self, interval_s: Callable[[], float]) -> None:
        """Ping until cancelled; where no pong comes within an interval, the connection is dropped, so that :meth:`receive` ends.

        Args:
            interval_s: between pings, s; 0 for none. Asked anew each time, since it is a setting.
        """
        loop = asyncio.get_running_loop()
        since_s = loop.time()
        while True:
            wait_s = interval_s()
            if wait_s <= 0.0:
                await asyncio.sleep(1.0)
                since_s = loop.time()
                continue
            if (rest_s := since_s + wait_s - loop.time()) > 0.0:
                await asyncio.sleep(min(rest_s, 5.0))  # the interval may change meanwhile, and counts at once
                continue
            since_s = loop.time()
            try:
                async with asyncio.timeout(wait_s):
                    await (await self._socket.ping())
            except TimeoutError:
                _log.warning("no pong within %g s: the connection is given up", wait_s)
                self._socket.transport.abort()
                return
            except ConnectionClosed:
                return

    async def aclose(self, reason: str = "") -> None:
        """Close in order, or after two seconds without ceremony."""
        await self._socket.close(1000, reason[:120])


def _why(closed: ConnectionClosed) -> str:
    received = closed.rcvd
    if received is None:
        return "the connection broke"
    return f"the central system closed the connection ({received.code}{f', {received.reason}' if received.reason else ''})"


class _Connect(connect):
    """Follows no redirects: the password would go to whoever was named."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


@contextlib.asynccontextmanager
async def connected(endpoint: Endpoint, log: WireLog | None = None) -> AsyncIterator[WebSocketWire]:
    """Connect; closed when the context ends.

    Args:
        endpoint: where, and as whom.
        log: is shown everything.

    Raises:
        ConfigError: there can be no such endpoint.
        CannotConnect: nobody answers there, or not as wanted.
    """
    uri = address(endpoint.url, endpoint.identity)
    headers: dict[str, str] = {}
    if endpoint.password is not None:
        credentials = endpoint.identity.encode() + b":" + endpoint.password
        headers["Authorization"] = "Basic " + base64.b64encode(credentials).decode("ascii")
    more: dict[str, Any] = {"ssl": endpoint.tls} if endpoint.tls is not None and uri.startswith("wss:") else {}
    if endpoint.unix_socket is not None:
        more |= {"unix": True, "path": endpoint.unix_socket}
    try:
        socket = await _Connect(
            uri,
            subprotocols=[Subprotocol(each) for each in endpoint.subprotocols],
            additional_headers=headers,
            user_agent_header="cc613-chargepoint",
            open_timeout=OPEN_S,
            close_timeout=CLOSE_S,
            ping_interval=None,
            max_size=MESSAGE_LIMIT,
            compression=None,
            proxy=None,
            **more,
        )
    except (OSError, TimeoutError, WebSocketException) as error:
        raise _refused(endpoint, error) from error
    try:
        if socket.subprotocol is None:
            offered = ", ".join(endpoint.subprotocols)
            raise CannotConnect(f"{endpoint.url} speaks none of {offered}", hint="is it the OCPP address of the central system?")
        if log is not None:
            log.opened(endpoint.url, str(socket.subprotocol))
        yield WebSocketWire(socket, log)
    finally:
        await socket.close()
        if log is not None:
            log.closed()


def _refused(endpoint: Endpoint, error: Exception) -> HalError:
    if isinstance(error, InvalidURI):
        return ConfigError(f"{endpoint.url!r} is no address of a central system", hint="it begins with wss:// or ws://")
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    hint = None
    if status in {401, 403}:
        hint = "are the identity and the password those that the central system knows?"
    elif status is not None and 300 <= status < 400:
        hint = "it points elsewhere; set the address it names, if you trust it"
    elif status == 404:
        hint = "does the central system know this station?"
    what = f"HTTP {status}" if status is not None else str(error) or type(error).__name__
    if isinstance(error, InvalidHandshake) and status is None:
        what = f"no WebSocket there: {error}"
    return CannotConnect(f"{endpoint.url}: {what}", hint=hint, status=status)
