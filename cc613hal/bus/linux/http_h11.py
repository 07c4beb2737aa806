"""HTTP/1.1 over TCP or TLS: asyncio's streams carry, h11 understands."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl

import h11

from cc613hal.bus.actor import BusActor
from cc613hal.bus.http import HttpAdapter, HttpRequest, HttpResponse
from cc613hal.bus.options import HttpOptions
from cc613hal.errors import BusClosed, BusError, BusMissing, BusPermission, BusTimeout, ConfigError, FrameError

__all__ = ["HttpClient", "tls_context"]

_CHUNK = 16384
_REPEATABLE = frozenset({"GET"})
"""Methods that are sent again by themselves when a kept connection turns out to be dead; for anything else nobody knows what was done."""


def tls_context(options: HttpOptions) -> ssl.SSLContext:
    """How the host's certificate is checked: by fingerprint, by a certificate file, or by the system's authorities.

    Raises:
        ConfigError: the certificate file cannot be read.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.fingerprint:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        # meters come with keys of 1024 bits, which the usual level refuses; who pins the certificate does not rely on its signature
        context.set_ciphers("DEFAULT:@SECLEVEL=1")
    elif options.ca_file:
        try:
            context.load_verify_locations(options.ca_file)
        except OSError as error:
            raise ConfigError(
                f"the certificate file {options.ca_file} cannot be read: {error}", hint="it holds certificates in PEM"
            ) from error
    return context


class _Connection:
    """One connection and what h11 knows about it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, longest: int) -> None:
        self.reader = reader
        self.writer = writer
        self.state = h11.Connection(h11.CLIENT)
        self.used = False
        self._longest = longest

    async def exchange(self, request: HttpRequest, host: str) -> HttpResponse:
        """One request and its whole answer.

        Raises:
            EOFError: the connection was closed before anything of the answer.
            FrameError: the answer is no HTTP, cut off or too long.
            OSError: the network failed.
        """
        headers = [("host", host), ("accept", "*/*"), ("content-length", str(len(request.body))), *request.headers]
        sent = self.state.send(h11.Request(method=request.method, target=request.target, headers=headers)) or b""
        sent += self.state.send(h11.Data(data=request.body)) or b"" if request.body else b""
        sent += self.state.send(h11.EndOfMessage()) or b""
        self.writer.write(sent)
        await self.writer.drain()
        body = bytearray()
        head: h11.Response | None = None
        while True:
            event = await self._event(begun=head is not None)
            if isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > self._longest:
                    raise FrameError(f"the answer to {request.method} {request.target} is longer than {self._longest} bytes")
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                break
        found = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
        return HttpResponse(status=head.status_code, body=bytes(body), headers=found)

    def ready_again(self) -> bool:
        """Whether another request can follow on this connection."""
        self.used = True
        if self.state.our_state is not h11.DONE or self.state.their_state is not h11.DONE or self.reader.at_eof():
            return False
        self.state.start_next_cycle()
        return True

    def close(self) -> None:
        """Drop the connection; what the other side still sends is of no interest."""
        self.writer.transport.abort()

    async def _event(self, *, begun: bool) -> object:
        while True:
            try:
                event = self.state.next_event()
            except h11.RemoteProtocolError as error:
                raise FrameError(f"what came is no HTTP: {error}") from error
            if not isinstance(event, type) or event is h11.PAUSED:
                return event
            data = await self.reader.read(_CHUNK)
            if not data and not begun and not self.state.trailing_data[0]:
                raise EOFError
            self.state.receive_data(data)


class HttpClient(HttpAdapter):
    """One host. The connection is kept for the next request as long as the host keeps it too.

    Args:
        actor: the host's owner.
        options: host, port, TLS and time-outs.
    """

    def __init__(self, actor: BusActor, options: HttpOptions) -> None:
        self._actor = actor
        self._options = options
        self._tls = tls_context(options) if options.tls else None
        self._kept: _Connection | None = None
        self._closed = False

    async def request(self, request: HttpRequest, timeout_s: float) -> HttpResponse:
        """Carry out one request; see :class:`~cc613hal.bus.http.HttpAdapter`."""
        if self._closed:
            raise BusClosed(f"{self._actor.name} is closed", device=self._actor.name)
        trace, clock, name = self._actor.trace, self._actor.clock, self._actor.name
        trace.record(clock.monotonic_s(), name, request.method, ">", request.target.encode() + b"\n" + request.body, request.target)
        try:
            response = await self._request(request, timeout_s)
        except BaseException as error:
            self._drop()  # also after a cancellation: the rest of an answer must not meet the next request
            if isinstance(error, BusError):
                trace.record(clock.monotonic_s(), name, request.method, "!", b"", error.kind)
            raise
        trace.record(clock.monotonic_s(), name, request.method, "<", response.body, f"status {response.status}")
        return response

    async def aclose(self) -> None:
        """Close the kept connection."""
        self._closed = True
        self._drop()

    async def _request(self, request: HttpRequest, timeout_s: float) -> HttpResponse:
        try:
            async with asyncio.timeout(timeout_s):
                response = await self._exchange(request)
        except TimeoutError as error:
            raise BusTimeout(
                f"{request.method} {request.target}: no whole answer within {timeout_s:g} s",
                device=self._actor.name,
                hint="check power, network and address",
            ) from error
        except EOFError as error:
            raise FrameError(
                f"{request.method} {request.target}: the connection was closed without an answer", device=self._actor.name
            ) from error
        except BusError as error:
            error.device = error.device or self._actor.name
            raise
        except OSError as error:
            raise _network_error(error, self._options, self._actor.name) from error
        return response

    async def _exchange(self, request: HttpRequest) -> HttpResponse:
        connection = self._kept or await self._connected()
        try:
            response = await connection.exchange(request, self._options.authority)
        except (EOFError, ConnectionError):
            if not connection.used or request.method not in _REPEATABLE:
                raise
            self._drop()  # it was kept too long: the host had closed it meanwhile
            connection = await self._connected()
            response = await connection.exchange(request, self._options.authority)
        if not connection.ready_again():
            self._drop()
        return response

    async def _connected(self) -> _Connection:
        options = self._options
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(options.host, options.port_number, ssl=self._tls, server_hostname=options.host if self._tls else None),
            options.connect_timeout_s,
        )
        self._kept = _Connection(reader, writer, options.longest)
        if self._tls is not None and options.fingerprint:
            self._check_pin(writer)
        return self._kept

    def _check_pin(self, writer: asyncio.StreamWriter) -> None:
        secured: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
        certificate = secured.getpeercert(binary_form=True) if secured is not None else None
        found = hashlib.sha256(certificate or b"").hexdigest()
        if found != self._options.fingerprint:
            raise BusPermission(
                f"{self._options.physical} shows another certificate than the one that was agreed: its SHA-256 is {found}",
                device=self._actor.name,
                hint="if the device was exchanged on purpose, write the new fingerprint into the board file",
            )

    def _drop(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None


def _network_error(error: OSError, options: HttpOptions, name: str) -> BusError:
    where = options.physical
    if isinstance(error, ssl.SSLError):
        reason = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason or str(error)
        return BusPermission(
            f"{where}: no secure connection: {reason}", device=name, hint="for a self-signed certificate set ca_file or fingerprint"
        )
    if isinstance(error, socket.gaierror):
        return BusMissing(f"{where}: {error.strerror}", device=name, hint="check the host name and the name server", transient=True)
    if isinstance(error, ConnectionRefusedError) or "Connect call failed" in str(error):
        return BusMissing(f"{where}: nobody listens there", device=name, hint="check address and port", transient=True)
    if isinstance(error, ConnectionError):
        return FrameError(f"{where}: the connection broke off: {error.strerror or error}", device=name, transient=True)
    return BusTimeout(f"{where}: {error.strerror or error}", device=name, hint="check network and route", transient=True)
