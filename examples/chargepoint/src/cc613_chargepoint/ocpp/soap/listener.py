"""The station as server: where a central system asks back. Every mistake of a stranger is a fault or a status, never an exception."""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import ssl
import zlib
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import h11
from attrs import frozen

from cc613_chargepoint.ocpp.soap.accepting import Connection, Doorman
from cc613_chargepoint.ocpp.soap.envelope import Heard, answer, fault, heard
from cc613_chargepoint.ocpp.soap.errors import FaultCode, SoapFault, SoapInvalid
from cc613_chargepoint.ocpp.soap.http import Message, TooLong, Unreadable, receive, send
from cc613_chargepoint.ocpp.soap.schema import Payload, Schema, Service, schema_of

__all__ = ["Asked", "Handler", "Listening", "SoapListener"]

_log = logging.getLogger(__name__)
WRONG_PASSWORD_S = 0.5
"""How long who gave a wrong password waits for being told so, s: guessing takes its time."""
PACK_FROM_BYTES = 1400
"""Answers are compressed, where the peer takes that, once they do not fit into one packet."""


@frozen(kw_only=True)
class Asked:
    """What a central system asks.

    Attributes:
        action: name of the operation.
        payload: its content, checked.
        sender: the address that the central system gives for itself; empty for none.
    """

    action: str
    payload: Payload
    sender: str = ""


Handler = Callable[[Asked], Awaitable[Payload]]
"""Answers; may raise :class:`SoapFault`."""


@frozen(kw_only=True)
class Listening:
    """Where and how to listen.

    Attributes:
        host: where to listen: a numeric address, the name of an interface, or empty for every interface.
        port: 0 for any that is free.
        tls: for HTTPS.
        user: who must log in by HTTP Basic; empty for nobody.
        password: raw bytes.
        connections: at a time; beyond, one that only waits goes for one that comes.
        patience_s: how long a peer may take for a handshake and for a request, and stay without one, s.
    """

    host: str = ""
    port: int = 0
    tls: ssl.SSLContext | None = None
    user: str = ""
    password: bytes = b""
    connections: int = 16
    patience_s: float = 30.0

    def __repr__(self) -> str:
        return f"Listening({self.host}:{self.port})"


class SoapListener:
    """Listens for a central system; an async context manager.

    Args:
        service: the station's, in the version that is spoken.
        identity: of the station.
        handler: answers.
        listening: where and how.
        seen: is shown every envelope: ``received`` or ``sent``, and the document; those of whoever did not log in are not shown.
    """

    def __init__(
        self,
        service: Service,
        identity: str,
        handler: Handler,
        listening: Listening | None = None,
        seen: Callable[[str, bytes], None] | None = None,
    ) -> None:
        self._seen = seen
        self._schema: Schema = schema_of(service)
        self._identity = identity
        self._handler = handler
        self._listening = listening or Listening()
        self._door = Doorman(self._serve, tls=self._listening.tls, most=self._listening.connections, patience_s=self._listening.patience_s)

    @property
    def port(self) -> int:
        """On which it listens.

        Raises:
            RuntimeError: it does not.
        """
        return self._door.port

    async def __aenter__(self) -> Self:
        self._door.open(self._listening.host, self._listening.port)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop listening; what is being answered is cut off."""
        await self._door.aclose()

    async def _serve(self, peer: Connection, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=16 * 1024)
        while True:
            try:
                peer.waits = True
                async with asyncio.timeout(self._listening.patience_s):
                    request = await receive(connection, peer.reader, writer)
                peer.waits = False
            except TooLong as error:
                await self._refuse(connection, writer, 413, error.message)
                return
            except SoapInvalid as error:
                await self._refuse(connection, writer, 415, error.message)
                return
            except Unreadable as error:
                await self._refuse(connection, writer, 400, error.message)
                return
            if request is None:
                return
            status, body = await self._answered(request)
            if status == 401 and request.header("Authorization"):  # not who only asks whether a password is wanted
                _log.info("%s did not log in with the right name and password", peer.host)
                peer.waits = True  # it may have to make room
                await asyncio.sleep(WRONG_PASSWORD_S)
                peer.waits = False
            if self._seen is not None and status not in {401, 405}:
                self._seen("received", request.body)
                self._seen("sent", body)
            async with asyncio.timeout(self._listening.patience_s):
                await self._reply(connection, writer, status, body, packed=_takes_gzip(request))
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()

    async def _reply(self, connection: h11.Connection, writer: asyncio.StreamWriter, status: int, body: bytes, *, packed: bool) -> None:
        kind = "application/soap+xml; charset=utf-8" if body.startswith(b"<?xml") else "text/plain; charset=utf-8"
        headers = [("Content-Type", kind)]
        if packed and len(body) >= PACK_FROM_BYTES:
            body = zlib.compress(body, wbits=zlib.MAX_WBITS | 16)
            headers.append(("Content-Encoding", "gzip"))
        headers.append(("Content-Length", str(len(body))))
        if status == 401:
            headers.append(("WWW-Authenticate", 'Basic realm="station"'))
        if status == 405:
            headers.append(("Allow", "POST"))
        await send(connection, writer, h11.Response(status_code=status, headers=headers), body)

    async def _refuse(self, connection: h11.Connection, writer: asyncio.StreamWriter, status: int, reason: str) -> None:
        if connection.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            headers = [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", str(len(reason.encode()))),
                ("Connection", "close"),
            ]
            await send(connection, writer, h11.Response(status_code=status, headers=headers), reason.encode())

    async def _answered(self, request: Message) -> tuple[int, bytes]:
        assert isinstance(request.head, h11.Request)
        if self._listening.user and not self._may_ask(request):
            return 401, b"who asks must log in"
        if request.head.method != b"POST":
            return 405, b"only POST is answered"
        question: Heard | None = None
        try:
            question = heard(request.body)
            action, payload = await self._carried_out(question)
            return 200, answer(action, self._schema.element(action, payload, answer=True), question)
        except SoapFault as told:
            return self._fault(told.code or FaultCode.INTERNAL_ERROR, told.reason, question)
        except SoapInvalid as told:
            return self._fault(FaultCode.PROTOCOL_ERROR, told.message, question)

    async def _carried_out(self, question: Heard) -> tuple[str, Payload]:
        if question.unknown:
            raise SoapFault(FaultCode.PROTOCOL_ERROR, f"the header {question.unknown} is not understood")
        if question.identity != self._identity:
            raise SoapFault(FaultCode.IDENTITY_MISMATCH, "this is another station")
        action = self._schema.action_of(question.body)
        if action is None:
            raise SoapFault(FaultCode.NOT_SUPPORTED, "there is no such operation")
        asked = Asked(action=action, payload=self._schema.payload(question.body, action), sender=question.sender)
        try:
            payload = await self._handler(asked)
            self._schema.element(action, payload, answer=True)
        except SoapFault:
            raise
        except Exception as error:
            _log.exception("%s could not be answered", action)
            raise SoapFault(FaultCode.INTERNAL_ERROR, f"{action} could not be answered") from error
        return action, payload

    def _fault(self, code: FaultCode, reason: str, question: Heard | None) -> tuple[int, bytes]:
        return (400 if code.sender else 500), fault(code, reason, self._schema.namespace, question)

    def _may_ask(self, request: Message) -> bool:
        scheme, _, value = request.header("Authorization").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(value.strip(), validate=True)
        except ValueError:
            return False
        return hmac.compare_digest(given, self._listening.user.encode() + b":" + self._listening.password)


def _takes_gzip(request: Message) -> bool:
    """Whether the peer says that it understands compressed answers (RFC 9110, 12.5.3)."""
    for each in request.header("Accept-Encoding").lower().split(","):
        coding, *weights = (part.replace(" ", "") for part in each.split(";"))
        if coding in {"gzip", "x-gzip"}:
            return not any(weight.rstrip("0") in {"q=", "q=0."} for weight in weights)
    return False
