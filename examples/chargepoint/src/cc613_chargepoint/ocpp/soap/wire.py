"""A conversation over SOAP that looks like one over a WebSocket: calls go out as questions, what is asked here comes in as calls.

Whoever converses over a :class:`~cc613_chargepoint.ocpp.rpc.Wire` converses over SOAP without knowing it, in the words of 1.6.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import ipaddress
import logging
import ssl
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from attrs import evolve, field, frozen

from cc613_chargepoint.ocpp.rpc import BackendWire, Call, CallError, CallResult, ErrorCode, LinkClosed, Unknown, encoded, parsed
from cc613_chargepoint.ocpp.rpc.connection import CannotConnect
from cc613_chargepoint.ocpp.rpc.wire_log import WireLog
from cc613_chargepoint.ocpp.soap.client import CONNECT_S, Backend, SoapClient
from cc613_chargepoint.ocpp.soap.dialect15 import from_15, to_15
from cc613_chargepoint.ocpp.soap.errors import FaultCode, SoapError, SoapFault, SoapInvalid, SoapUnanswered, SoapUnreachable
from cc613_chargepoint.ocpp.soap.listener import Asked, Listening, SoapListener
from cc613_chargepoint.ocpp.soap.schema import Payload, Service, schema_of
from cc613_chargepoint.ocpp.soap.standing15 import Configuration15, Statuses15

__all__ = ["SoapEndpoint", "SoapWire", "Spoken", "soap_connected"]

_log = logging.getLogger(__name__)
_UNSAID = frozenset({"MeterValues", "FirmwareStatusNotification", "DiagnosticsStatusNotification"})
"""What 1.5 may have no words for, and which nobody waits for: it counts as said."""


class Spoken(enum.Enum):
    """The version; the value is how people call it."""

    V15 = "ocpp1.5 over SOAP"
    V16 = "ocpp1.6 over SOAP"

    @property
    def central(self) -> Service:
        """The backend's service."""
        return Service.CENTRAL_15 if self is Spoken.V15 else Service.CENTRAL_16

    @property
    def station(self) -> Service:
        """The station's service."""
        return Service.STATION_15 if self is Spoken.V15 else Service.STATION_16


@frozen(kw_only=True)
class SoapEndpoint:
    """Where a central system listens, and where the station does.

    Attributes:
        url: ``http://`` or ``https://``, of the central system's service.
        identity: of the station.
        spoken: the version.
        password: for HTTP Basic, the bytes themselves; ``None`` for none.
        tls: for ``https://``.
        listening: the station's own listener.
        callback: its address as the backend reaches it; empty for the address from which the station reaches the backend.
        timeout_s: how long an answer may take, s.
        compress: what the station asks goes out compressed.
    """

    url: str
    identity: str
    spoken: Spoken = Spoken.V16
    password: bytes | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    listening: Listening = field(factory=Listening)
    callback: str = ""
    timeout_s: float = 30.0
    compress: bool = False


class SoapWire(BackendWire):
    """The frames of a conversation over SOAP.

    Args:
        where: the two ends.
        log: is shown everything.
        own_address: of the station, where the callback's comes from it: the conversation ends when it has become another one.
    """

    def __init__(self, where: SoapEndpoint, log: WireLog | None = None, *, own_address: str = "") -> None:
        self._where, self._log, self._own_address = where, log, own_address
        self._older = where.spoken is Spoken.V15
        self._statuses, self._configuration = Statuses15(), Configuration15(where.identity)
        backend = Backend(
            url=where.url,
            service=where.spoken.central,
            tls=where.tls,
            user=where.identity if where.password is not None else "",
            password=where.password or b"",
            timeout_s=where.timeout_s,
            compress=where.compress,
        )
        self.client = SoapClient(backend, where.identity, where.callback, None if log is None else log.envelope)
        self._heard: asyncio.Queue[str | None] = asyncio.Queue()
        self._asked: dict[str, asyncio.Future[CallResult | CallError]] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._closed: LinkClosed | None = None

    @property
    def subprotocol(self) -> str:
        """Whose frames these are: those of 1.6, whatever is spoken beyond."""
        return "ocpp1.6"

    @property
    def spoken(self) -> str:
        """The version, and that it is spoken over SOAP."""
        return self._where.spoken.value

    @property
    def callback(self) -> str:
        """Where the station's own listener is, as the backend is told with every question."""
        return self.client.listener

    async def send(self, text: str) -> None:
        """See :class:`~cc613_chargepoint.ocpp.rpc.Wire`."""
        if self._closed is not None:
            raise self._closed
        if self._log is not None:
            self._log.sent(text)
        frame = parsed(text)
        if isinstance(frame, Call):
            task = asyncio.create_task(self._ask(frame), name=f"SOAP {frame.action}")
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        elif not isinstance(frame, Unknown) and (waiting := self._asked.get(frame.id)) is not None and not waiting.done():
            waiting.set_result(frame)

    async def receive(self) -> str | bytes:
        """See :class:`~cc613_chargepoint.ocpp.rpc.Wire`."""
        text = await self._heard.get()
        if text is None:
            raise self._closed or LinkClosed("the conversation was ended")
        if self._log is not None:
            self._log.received(text)
        return text

    async def keep_alive(self, interval_s: Callable[[], float]) -> None:  # noqa: ARG002 - there is no connection that could be kept
        """Nothing is to be done, until cancelled: whether the backend is there shows with the next question."""
        await asyncio.Event().wait()

    async def aclose(self, reason: str = "") -> None:
        """End the conversation."""
        self._end(LinkClosed(f"the conversation was ended{f': {reason}' if reason else ''}"))
        for task in tuple(self._asking):
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    async def answer(self, asked: Asked) -> Payload:
        """What the listener is asked, as a call; what is answered, as the listener's answer.

        Raises:
            SoapFault: it is refused, or not answered.
        """
        if not self._older:
            return await self._told_by_the_station(asked.action, asked.payload)
        if (known := self._configuration.answered(asked.action, asked.payload)) is not None:
            return known
        of_configuration = asked.action == "GetConfiguration"
        content = self._configuration.asked(asked.payload) if of_configuration else asked.payload
        reply = await self._told_by_the_station(asked.action, from_15(asked.action, content))
        told = to_15(asked.action, reply, answer=True) or {}
        return self._configuration.completed(asked.payload, told) if of_configuration else told

    async def _told_by_the_station(self, action: str, content: Payload) -> Payload:
        """The answer to a call, in the words of 1.6."""
        identifier = str(uuid.uuid4())
        waiting: asyncio.Future[CallResult | CallError] = asyncio.get_running_loop().create_future()
        self._asked[identifier] = waiting
        try:
            self._hear(encoded(Call(identifier, action, content)))
            async with asyncio.timeout(self._where.timeout_s):
                reply = await waiting
        except TimeoutError as error:
            raise SoapFault(FaultCode.INTERNAL_ERROR, f"{action} was not answered in time") from error
        finally:
            del self._asked[identifier]
        if isinstance(reply, CallError):
            raise SoapFault(_FAULTS.get(reply.code, FaultCode.INTERNAL_ERROR), reply.description or reply.code)
        return dict(reply.payload)

    async def _ask(self, call: Call) -> None:
        try:
            answer = await self._answer_of(call)
        except SoapUnreachable as error:
            self._end(LinkClosed(error.message, hint=error.hint))
            return
        except SoapUnanswered as error:
            if isinstance(error.__cause__, TimeoutError):
                return  # whoever has called notices by its own clock
            answer = CallError(call.id, ErrorCode.GENERIC_ERROR.value, error.message)
        except SoapFault as error:
            code = ErrorCode.GENERIC_ERROR if error.code is None else _CODES[error.code]
            answer = CallError(call.id, code.value, error.reason)
        except SoapInvalid as error:
            answer = CallError(call.id, ErrorCode.FORMATION_VIOLATION.value, error.message)
        except SoapError as error:
            answer = CallError(call.id, ErrorCode.INTERNAL_ERROR.value, error.message)
        self._hear(encoded(answer))
        if self._own_address and self.client.own_address not in {"", self._own_address}:  # a modem that was redialled
            self._end(LinkClosed(f"the station's own address has become {self.client.own_address}: where it listens is told anew"))

    async def _answer_of(self, call: Call) -> CallResult | CallError:
        content: Mapping[str, Any] | None = cast("Mapping[str, Any]", _spelt(call.payload))
        if call.action not in schema_of(self._where.spoken.central).actions:
            return CallError(call.id, ErrorCode.NOT_SUPPORTED.value, f"{call.action} is no operation of {self._where.spoken.value}")
        if self._older:
            content = to_15(call.action, content or {})
        if content is None:
            if call.action in _UNSAID:
                return CallResult(call.id, {})
            return CallError(call.id, ErrorCode.NOT_SUPPORTED.value, f"{self._where.spoken.value} cannot say this")
        if self._older and call.action == "StatusNotification" and not self._statuses.is_new(content):
            return CallResult(call.id, {})
        answer = await self.client.call(call.action, content)
        self._statuses.note(call.action, content)
        return CallResult(call.id, from_15(call.action, answer, answer=True) if self._older else answer)

    def _hear(self, text: str) -> None:
        if self._closed is None:
            self._heard.put_nowait(text)

    def _end(self, closed: LinkClosed) -> None:
        if self._closed is None:
            self._closed = closed
            self._heard.put_nowait(None)


@contextlib.asynccontextmanager
async def soap_connected(where: SoapEndpoint, log: WireLog | None = None) -> AsyncGenerator[SoapWire]:
    """Listen, and converse; ended when the context ends.

    Args:
        where: the two ends.
        log: is shown everything.

    Raises:
        CannotConnect: nobody is there, or the listener cannot be opened.
    """
    own_address = await _reached(where)
    wires: list[SoapWire] = []

    async def handler(asked: Asked) -> Payload:
        return await wires[0].answer(asked)

    listener = SoapListener(where.spoken.station, where.identity, handler, where.listening, None if log is None else log.envelope)
    try:
        await listener.__aenter__()
    except OSError as error:
        raise CannotConnect(f"the listener cannot be opened: {error}", hint="choose another port or address") from error
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(listener.aclose)
        scheme = "http" if where.listening.tls is None else "https"
        told = _one_address(where.listening.host) or own_address
        host = f"[{told}]" if ":" in told else told
        callback = where.callback or f"{scheme}://{host}:{listener.port}/"
        watched = "" if where.callback or told != own_address else own_address
        wire = SoapWire(evolve(where, callback=callback), log, own_address=watched)
        wires.append(wire)
        stack.push_async_callback(wire.aclose)
        if log is not None:
            log.opened(where.url, where.spoken.value)
            stack.callback(log.closed)
        yield wire


def _one_address(host: str) -> str:
    """Where the station listens, if that is one address and no other."""
    try:
        return "" if ipaddress.ip_address(host).is_unspecified else host
    except ValueError:
        return ""


async def _reached(where: SoapEndpoint) -> str:
    """Connect once, to see that somebody is there; the address from which the station does it."""
    parts = urlsplit(where.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CannotConnect(f"{where.url} is no address of a SOAP service", hint="it begins with https:// or http:// and names a host")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(parts.hostname, port, ssl=where.tls if parts.scheme == "https" else None)
    except (OSError, TimeoutError) as error:
        raise CannotConnect(f"{where.url}: {str(error) or 'no answer'}") from error
    own = str(writer.get_extra_info("sockname")[0])
    writer.close()
    with contextlib.suppress(OSError, ssl.SSLError):
        await writer.wait_closed()
    return own


def _spelt(value: Any) -> Any:
    """SOAP spells the unit right that JSON's schema spells wrong."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value)
        return {name: "Celsius" if (name, each) == ("unit", "Celcius") else _spelt(each) for name, each in entries.items()}
    if isinstance(value, list):
        return [_spelt(each) for each in cast("Sequence[Any]", value)]
    return value


_CODES = {
    FaultCode.SECURITY_ERROR: ErrorCode.SECURITY_ERROR,
    FaultCode.IDENTITY_MISMATCH: ErrorCode.SECURITY_ERROR,
    FaultCode.PROTOCOL_ERROR: ErrorCode.PROTOCOL_ERROR,
    FaultCode.INTERNAL_ERROR: ErrorCode.INTERNAL_ERROR,
    FaultCode.NOT_SUPPORTED: ErrorCode.NOT_SUPPORTED,
}
_FAULTS = {
    ErrorCode.NOT_IMPLEMENTED.value: FaultCode.NOT_SUPPORTED,
    ErrorCode.NOT_SUPPORTED.value: FaultCode.NOT_SUPPORTED,
    ErrorCode.SECURITY_ERROR.value: FaultCode.SECURITY_ERROR,
    ErrorCode.PROTOCOL_ERROR.value: FaultCode.PROTOCOL_ERROR,
    ErrorCode.FORMATION_VIOLATION.value: FaultCode.PROTOCOL_ERROR,
    ErrorCode.PROPERTY_CONSTRAINT_VIOLATION.value: FaultCode.PROTOCOL_ERROR,
    ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION.value: FaultCode.PROTOCOL_ERROR,
    ErrorCode.TYPE_CONSTRAINT_VIOLATION.value: FaultCode.PROTOCOL_ERROR,
}
