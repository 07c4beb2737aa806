"""One connection's conversation: one call outstanding in each direction, and answering goes on meanwhile."""

from __future__ import annotations

import asyncio
import enum
import logging
import uuid
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from attrs import field, frozen

from cc613_chargepoint.ocpp.rpc.frames import (
    ID_LIMIT,
    OCPP16,
    BadFrame,
    Call,
    CallError,
    CallResult,
    Dialect,
    ErrorCode,
    Unknown,
    encoded,
    parsed,
)
from cc613_chargepoint.ocpp.rpc.turns import Turns
from cc613hal.errors import HalError

__all__ = ["BackendWire", "CallFailed", "Handler", "Link", "LinkClosed", "NoAnswerInTime", "Priority", "Reply", "RpcError", "Wire"]

_log = logging.getLogger(__name__)

REMEMBERED = 256
"""Ids of calls of the other side that are remembered, to notice one that comes twice."""
WAITING = 32
"""Calls of the other side that may wait. It may have one outstanding; one that has more is refused, not buffered without end."""
STABLE_S = 30.0
"""A connection that has lasted so long is one, though nothing was said, s."""


class Priority(enum.IntEnum):
    """Whose call goes first when several wait."""

    URGENT = 0
    """Somebody stands at the station."""
    NORMAL = 1
    STORED = 2
    """Has waited on the disk, and can wait for its turn."""


class RpcError(HalError):
    """Base of what can become of a call."""

    kind = "rpc"


class LinkClosed(RpcError, ConnectionError):  # noqa: N818 - the base class says that it is an error
    """The connection is gone."""

    kind = "link-closed"
    default_transient = True


class NoAnswerInTime(RpcError, TimeoutError):  # noqa: N818 - likewise
    """The other side did not answer; what it answers later is dropped."""

    kind = "no-answer-in-time"
    default_transient = True


class CallFailed(RpcError, RuntimeError):  # noqa: N818 - likewise
    """The other side refused a call, or a handler refuses one of the other side.

    Attributes:
        code: why.
        details: whatever was added.
    """

    kind = "call-failed"

    def __init__(self, code: ErrorCode, description: str = "", details: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code.value}: {description}" if description else code.value)
        self.code = code
        self.description = description
        self.details = details or {}


class Wire(Protocol):
    """What carries the text frames of one connection."""

    @abstractmethod
    async def send(self, text: str) -> None:
        """Hand over.

        Raises:
            LinkClosed: it is gone.
        """

    @abstractmethod
    async def receive(self) -> str | bytes:
        """The next message.

        Raises:
            LinkClosed: it is gone.
        """


class BackendWire(Wire, Protocol):
    """A wire to a backend, and what whoever keeps it must know of it."""

    @property
    @abstractmethod
    def subprotocol(self) -> str:
        """Whose frames it carries, as ``ocpp1.6``."""

    @property
    @abstractmethod
    def spoken(self) -> str:
        """The same as people call it."""

    @property
    @abstractmethod
    def callback(self) -> str:
        """Where the backend reaches the station for questions of its own; empty where they come over this wire."""

    @abstractmethod
    async def keep_alive(self, interval_s: Callable[[], float]) -> None:
        """Look whether the backend is there, until cancelled.

        Args:
            interval_s: between two looks, s; 0 for none. Asked anew each time, since it is a setting.
        """

    @abstractmethod
    async def aclose(self, reason: str = "") -> None:
        """Close."""


@frozen
class Reply:
    """What a handler answers.

    Attributes:
        payload: of the answer.
        then: is awaited once the answer is on its way: what was promised must not overtake the promise.
    """

    payload: Mapping[str, Any] = field(factory=dict[str, Any])
    then: Callable[[], Awaitable[None]] | None = None


Handler = Callable[[Call], Awaitable[Reply | None]]
"""Carries out a call of the other side; :class:`CallFailed` becomes the CALLERROR it says, ``None`` is silence. It may call out itself."""


def _nothing(_: str) -> None:
    """Nobody listens."""


class Link:
    """A conversation. :meth:`run` it as a task, and :meth:`call` meanwhile.

    Args:
        wire: carries the frames.
        handler: carries out what the other side asks.
        timeout_s: how long an answer may take, s; asked at every call, since it is a setting.
        invalid: is told what came that was no message, in words.
        dialect: how the version that is spoken refuses.
    """

    def __init__(
        self,
        wire: Wire,
        handler: Handler,
        *,
        timeout_s: Callable[[], float] = lambda: 30.0,
        invalid: Callable[[str], None] = _nothing,
        dialect: Dialect = OCPP16,
    ) -> None:
        self._wire, self._handler, self._timeout_s, self._invalid, self._dialect = wire, handler, timeout_s, invalid, dialect
        self._turns = Turns()
        self._outstanding: tuple[str, asyncio.Future[Mapping[str, Any]]] | None = None
        self._closed: LinkClosed | None = None
        self._calls: asyncio.Queue[Call] = asyncio.Queue(WAITING)
        self._seen: OrderedDict[str, tuple[Call, str]] = OrderedDict()
        self._promises: set[asyncio.Task[None]] = set()
        self.heard_s = self._began_s = asyncio.get_running_loop().time()

    @property
    def stable(self) -> bool:
        """Whether the other side has said something, or has at least listened for a while."""
        return self.heard_s > self._began_s or asyncio.get_running_loop().time() - self._began_s >= STABLE_S

    async def call(
        self,
        action: str,
        payload: Mapping[str, Any],
        *,
        priority: Priority = Priority.NORMAL,
        timeout_s: float | None = None,
        identifier: str = "",
    ) -> Mapping[str, Any]:
        """Ask the other side, when it is this call's turn.

        Args:
            action: name of the message.
            payload: its content.
            priority: whose turn comes first.
            timeout_s: how long the answer may take, s; the link's own if omitted.
            identifier: message id, for what was sent before over a connection that went; a new one if omitted.

        Raises:
            CallFailed: it refused.
            NoAnswerInTime: it did not answer.
            LinkClosed: the connection is gone; whether it heard the call is not known.
        """
        async with self._turns.turn(priority):
            if self._closed is not None:
                raise self._closed
            identifier = identifier or str(uuid.uuid4())
            answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
            self._outstanding = identifier, answer
            patience_s = self._timeout_s() if timeout_s is None else timeout_s
            try:
                async with asyncio.timeout(patience_s):
                    await self._wire.send(encoded(Call(identifier, action, payload)))
                    return await answer
            except TimeoutError as error:
                if isinstance(error, HalError):
                    raise
                raise NoAnswerInTime(f"{action} was not answered within {patience_s:g} s") from error
            finally:
                self._outstanding = None

    async def run(self) -> None:
        """Converse until the connection is gone.

        Raises:
            LinkClosed: always, in the end.
        """
        serving = asyncio.create_task(self._serve(), name="ocpp calls")
        try:
            while True:
                text = await self._wire.receive()
                self.heard_s = asyncio.get_running_loop().time()
                await self._take(text)
        except LinkClosed as closed:
            self._end(closed)
            raise
        finally:
            self._end(LinkClosed("the connection was given up"))
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    def _end(self, closed: LinkClosed) -> None:
        self._closed = self._closed or closed
        if self._outstanding is not None and not self._outstanding[1].done():
            self._outstanding[1].set_exception(self._closed)

    async def _take(self, text: str | bytes) -> None:
        """One message from the wire. Nothing here waits for a handler."""
        try:
            if isinstance(text, bytes):
                raise BadFrame("a binary message")
            frame = parsed(text)
        except BadFrame as bad:
            _log.warning("a message is no frame: %s", bad.message)
            self._invalid(bad.message)
            identifier = bad.id if len(bad.id) <= ID_LIMIT else self._dialect.nameless or bad.id
            if identifier := identifier or ("" if bad.is_answer else self._dialect.nameless):
                code = self._dialect.bad_frame or self._dialect.spelt(bad.code)
                await self._wire.send(encoded(CallError(identifier, code, bad.message)))
            elif bad.answers and (answer := self._awaited(bad.answers)) is not None:
                answer.set_exception(CallFailed(bad.code, bad.message))
            return
        match frame:
            case Call():
                await self._called(frame)
            case CallResult(identifier, payload):
                if (answer := self._awaited(identifier)) is not None:
                    answer.set_result(payload)
            case CallError(identifier, code, description, details):
                if (answer := self._awaited(identifier)) is not None:
                    answer.set_exception(CallFailed(ErrorCode.of(code), description, details))
            case Unknown(identifier):
                _log.info("a message of a type that is not known is not taken")
                if identifier and self._dialect.unknown_type:
                    await self._wire.send(encoded(CallError(identifier[:ID_LIMIT], self._dialect.unknown_type)))

    def _awaited(self, identifier: str) -> asyncio.Future[Mapping[str, Any]] | None:
        """Who waits for an answer; a late one belongs to nobody."""
        if self._outstanding is None or self._outstanding[0] != identifier or self._outstanding[1].done():
            _log.info("an answer to %s came late, or to nothing that was asked: it is dropped", identifier)
            return None
        return self._outstanding[1]

    async def _called(self, call: Call) -> None:
        if (before := self._seen.get(call.id)) is not None:
            first, answer = before
            if first != call:
                self._invalid(f"the message id {call.id} was used twice")
                await self._wire.send(self._refused(call, ErrorCode.PROTOCOL_ERROR, "this message id was used before"))
            elif answer:  # the same call again: it is done once, and answered as before
                await self._wire.send(answer)
            return
        if self._calls.full():
            await self._wire.send(self._refused(call, ErrorCode.GENERIC_ERROR, "too many calls wait; one may be outstanding"))
            return
        self._seen[call.id] = call, ""
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        self._calls.put_nowait(call)

    async def _serve(self) -> None:
        """Carry out the other side's calls, one after the other; what they promise runs beside, so that it may wait for answers."""
        while True:
            call = await self._calls.get()
            text, then = await self._carried_out(call)
            if call.id in self._seen:
                self._seen[call.id] = call, text
            try:
                if text:
                    await self._wire.send(text)
            except LinkClosed:
                _log.info("the connection went before %s was answered", call.action)
            if then is not None:
                promise = asyncio.create_task(self._promised(call.action, then), name=f"ocpp {call.action}")
                self._promises.add(promise)
                promise.add_done_callback(self._promises.discard)

    async def _carried_out(self, call: Call) -> tuple[str, Callable[[], Awaitable[None]] | None]:
        try:
            reply = await self._handler(call)
            if reply is None:
                return "", None
            return encoded(CallResult(call.id, reply.payload)), reply.then
        except CallFailed as failed:
            return self._refused(call, failed.code, failed.description, failed.details), None
        except Exception as error:  # noqa: BLE001 - a defect in one handler must not cost the connection; it is logged with its traceback
            _log.exception("%s could not be carried out", call.action)
            return self._refused(call, ErrorCode.INTERNAL_ERROR, type(error).__name__), None

    def _refused(self, call: Call, code: ErrorCode, description: str, details: Mapping[str, Any] | None = None) -> str:
        return encoded(CallError(call.id, self._dialect.spelt(code), description, details or {}))

    async def _promised(self, action: str, then: Callable[[], Awaitable[None]]) -> None:
        try:
            await then()
        except RpcError as error:
            _log.warning("what %s asked for was not heard: %s", action, error.message)
        except Exception:  # noqa: BLE001 - as for the call itself
            _log.exception("what %s asked for failed", action)
