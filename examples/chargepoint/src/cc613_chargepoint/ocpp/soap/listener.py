"""The station as server: where a central system asks back. Every mistake of a stranger is a fault or a status, never an exception."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import logging
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import h11
from attrs import frozen

from cc613_chargepoint.ocpp.soap.envelope import Heard, answer, fault, heard
from cc613_chargepoint.ocpp.soap.errors import FaultCode, SoapFault, SoapInvalid
from cc613_chargepoint.ocpp.soap.http import Message, TooLong, Unreadable, receive, send
from cc613_chargepoint.ocpp.soap.schema import Payload, Schema, Service, schema_of

__all__ = ["Asked", "Handler", "Listening", "SoapListener"]

_log = logging.getLogger(__name__)
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - a station is asked from outside
"""Every interface, written out: without a host asyncio would have a thread look up what that is."""


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
        host: address of the interface; empty for all.
        port: 0 for any that is free.
        tls: for HTTPS.
        user: who must log in by HTTP Basic; empty for nobody.
        password: raw bytes.
        connections: at a time; further ones wait in the system's queue or are turned away.
        patience_s: how long a peer may take for a request, and stay without one, s.
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
    """

    def __init__(self, service: Service, identity: str, handler: Handler, listening: Listening | None = None) -> None:
        self._schema: Schema = schema_of(service)
        self._identity = identity
        self._handler = handler
        self._listening = listening or Listening()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """On which it listens.

        Raises:
            RuntimeError: it does not.
        """
        if self._server is None or not self._server.sockets:
            raise RuntimeError("the listener is not open")
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> Self:
        where = self._listening
        self._server = await asyncio.start_server(self._connected, where.host or _EVERYWHERE, where.port, ssl=where.tls)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop listening; what is being answered is cut off."""
        if self._server is None:
            return
        self._server.close()
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)
        await self._server.wait_closed()
        self._server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._open) >= self._listening.connections:
            writer.close()
            return
        self._open.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, TimeoutError, Unreadable, h11.LocalProtocolError) as error:
            _log.debug("a connection to the listener ended: %s", error)
        except asyncio.CancelledError:
            pass  # the listener closes; nobody waits for this task
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=16 * 1024)
        while True:
            try:
                async with asyncio.timeout(self._listening.patience_s):
                    request = await receive(connection, reader, writer)
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
            async with asyncio.timeout(self._listening.patience_s):
                await self._reply(connection, writer, status, body)
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()

    async def _reply(self, connection: h11.Connection, writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
        kind = "application/soap+xml; charset=utf-8" if body.startswith(b"<?xml") else "text/plain; charset=utf-8"
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
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
