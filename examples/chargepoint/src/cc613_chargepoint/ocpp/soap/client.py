"""The station as client: one request, one response, in one HTTP exchange of its own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
import zlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

import h11
from attrs import frozen

from cc613_chargepoint.ocpp.soap.envelope import Addressed, heard, new_id, request
from cc613_chargepoint.ocpp.soap.errors import SoapError, SoapFault, SoapInvalid, SoapUnanswered, SoapUnreachable
from cc613_chargepoint.ocpp.soap.http import Message, receive, send
from cc613_chargepoint.ocpp.soap.schema import Payload, Schema, Service, schema_of

__all__ = ["Backend", "Seen", "SoapClient"]

CONNECT_S = 10.0
"""How long a backend may take to accept a connection, s; at most half the time for an answer."""

Seen = Callable[[str, bytes], None]
"""Is shown an envelope: which way it goes, and the document."""


def _unseen(way: str, document: bytes) -> None:
    """Nobody looks."""


@frozen(kw_only=True)
class Backend:
    """A central system.

    Attributes:
        url: of its service.
        service: which.
        tls: for ``https``.
        user: for HTTP Basic; empty for none.
        password: for HTTP Basic, raw bytes.
        timeout_s: how long an answer may take, s.
        compress: requests are sent compressed; responses may be in any case.
    """

    url: str
    service: Service = Service.CENTRAL_16
    tls: ssl.SSLContext | None = None
    user: str = ""
    password: bytes = b""
    timeout_s: float = 30.0
    compress: bool = False

    def __repr__(self) -> str:
        return f"Backend({self.url}, {self.service.name})"


class SoapClient:
    """Asks a central system.

    Args:
        backend: whom.
        identity: of the station.
        listener: the address of the station's own listener, where the backend can ask back.
        seen: is shown every envelope: ``sent`` or ``received``, and the document.

    Raises:
        ValueError: the backend's address is none.
    """

    def __init__(self, backend: Backend, identity: str, listener: str, seen: Seen | None = None) -> None:
        self._seen = seen or _unseen
        self._backend = backend
        self._identity = identity
        self.listener = listener
        self.own_address = ""
        """From which address the last question went out; empty before the first."""
        self._parts: SplitResult = urlsplit(backend.url)
        if self._parts.scheme not in {"http", "https"} or not self._parts.hostname:
            raise ValueError(f"{backend.url} is no address of a SOAP service")
        if self._parts.scheme == "https" and backend.tls is None:
            raise ValueError(f"{backend.url} needs a TLS context")

    async def call(self, action: str, payload: Mapping[str, Any]) -> Payload:
        """Ask.

        Args:
            action: name of the operation.
            payload: its content, as :mod:`~cc613_chargepoint.ocpp.soap.schema` has it.

        Returns:
            The answer's content, checked.

        Raises:
            SoapInvalid: the content is not allowed; nothing was sent. Or the answer is not.
            SoapFault: the backend answered with a fault.
            SoapUnanswered: it did not answer, or not to this.
        """
        schema = schema_of(self._backend.service)
        message_id = new_id()
        whom = Addressed(identity=self._identity, to=self._backend.url, sender=self.listener)
        document = request(action, schema.element(action, payload), whom, message_id)
        self._seen("sent", document)
        try:
            async with asyncio.timeout(self._backend.timeout_s):
                response = await self._exchanged(action, document)
        except TimeoutError as error:
            raise SoapUnanswered(f"{action}: no answer within {self._backend.timeout_s:g} s") from error
        except OSError as error:
            raise SoapUnreachable(f"{action}: {self._parts.hostname} cannot be reached: {error}") from error
        except SoapUnanswered:
            raise
        except SoapError as error:
            raise SoapUnanswered(f"{action}: {error.message}") from error
        self._seen("received", response.body)
        return _read(schema, action, response, message_id)

    async def _exchanged(self, action: str, document: bytes) -> Message:
        secure = self._parts.scheme == "https"
        host, port = self._parts.hostname or "", self._parts.port or (443 if secure else 80)
        try:  # not to be let in is to be offline, which is no failed attempt of the message
            async with asyncio.timeout(min(CONNECT_S, self._backend.timeout_s / 2)):
                reader, writer = await asyncio.open_connection(host, port, ssl=self._backend.tls if secure else None)
        except TimeoutError as error:
            raise SoapUnreachable(f"{action}: {host} does not take the connection") from error
        self.own_address = str(writer.get_extra_info("sockname")[0])
        connection = h11.Connection(h11.CLIENT)
        try:
            await send(connection, writer, self._head(action, document), self._encoded(document))
            response = await receive(connection, reader)
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()
        if response is None:
            raise SoapUnanswered(f"{action}: the backend hung up without an answer")
        return response

    def _encoded(self, document: bytes) -> bytes:
        if not self._backend.compress:
            return document
        deflater = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
        return deflater.compress(document) + deflater.flush()

    def _head(self, action: str, document: bytes) -> h11.Request:
        host = self._parts.netloc.rpartition("@")[2]
        headers = [
            ("Host", host),
            ("Content-Type", f'application/soap+xml; charset=utf-8; action="/{action}"'),
            ("Content-Length", str(len(self._encoded(document)))),
            ("Accept", "application/soap+xml"),
            ("Accept-Encoding", "gzip, deflate"),
            ("Connection", "close"),
        ]
        if self._backend.compress:
            headers.append(("Content-Encoding", "gzip"))
        if self._backend.user:
            pair = self._backend.user.encode() + b":" + self._backend.password
            headers.append(("Authorization", f"Basic {base64.b64encode(pair).decode()}"))
        target = self._parts.path or "/"
        return h11.Request(method="POST", target=f"{target}?{self._parts.query}" if self._parts.query else target, headers=headers)


def _read(schema: Schema, action: str, response: Message, message_id: str) -> Payload:
    status = response.head.status_code if isinstance(response.head, h11.Response) else 0
    try:
        envelope = heard(response.body)
    except SoapFault:
        raise
    except SoapInvalid as error:
        if status != 200:
            hint = "check its address and the station's password"
            raise SoapUnreachable(f"{action}: the backend answered {status}", hint=hint) from error
        raise
    if envelope.relates_to and envelope.relates_to != message_id:
        raise SoapUnanswered(f"{action}: the backend answered another question")
    return schema.payload(envelope.body, action, answer=True)
