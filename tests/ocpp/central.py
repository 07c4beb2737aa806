"""A central system that records everything, answers as it is told, and holds every message against the published schemas."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import ocpp
from attrs import define, field
from websockets.asyncio.server import Server, ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request

SCHEMAS = Path(ocpp.__file__).parent


@functools.cache
def validator(dialect: str, name: str) -> Any:
    file = f"{name}Request.json" if dialect == "v201" and not name.endswith("Response") else f"{name}.json"
    schema = json.loads((SCHEMAS / dialect / "schemas" / file).read_text("utf-8-sig"))
    kind = jsonschema.Draft4Validator if dialect == "v16" else jsonschema.Draft6Validator
    return kind(schema, format_checker=jsonschema.FormatChecker())


def broken_rules(dialect: str, name: str, payload: Any) -> list[str]:
    """What a payload does that its schema does not allow; a step of 0.1 is not representable and therefore not looked at."""
    return [f"{name}: {each.message}" for each in validator(dialect, name).iter_errors(payload) if "multiple of" not in each.message]


class Refusal(Exception):  # noqa: N818 - an answer, not a defect
    """A CALLERROR, to be raised by an answer, or received."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(f"{code}: {description}")
        self.code = code


class Silence(Exception):  # noqa: N818 - likewise
    """No answer at all, to be raised by an answer."""


@define(eq=False)
class Heard:
    """A call of the station.

    Attributes:
        action: its name.
        payload: its content.
        at_s: when it came, on the loop's clock.
        number: in the order in which all came.
        id: its message id.
        taken: a case has looked at it.
        connection: which connection it came on, counted from 1.
        answer: what was answered: a payload, or the code of a refusal; ``None`` if nothing was.
    """

    action: str
    payload: dict[str, Any]
    at_s: float
    number: int
    id: str = ""
    taken: bool = False
    connection: int = 0
    answer: dict[str, Any] | str | None = None


def now() -> str:
    loop = asyncio.get_running_loop()
    wall = loop.wall() if hasattr(loop, "wall") else datetime.now(UTC)
    return wall.isoformat().replace("+00:00", "Z")


@define(eq=False)
class Central:
    """The central system.

    Attributes:
        path: of its socket.
        heard: everything the station called.
        answers: action → payload, or what makes it from the request's.
        mistakes: what broke a rule on the wire.
        ids: of the calls, with the connection each came over and what it said: one may come again over a later connection, as it was.
        requests: the HTTP requests of the connections.
        transaction: the last transaction's name.
        dialect: the version that is spoken: ``v16`` or ``v201``.
        listens: whether connections are taken.
        password: the only ``Authorization`` that is taken; ``None`` for any.
        strays: where answers go to what a case put on the wire itself.
        refuses: which connections are answered with 404.
        connections: how many there were.
    """

    path: Path
    heard: list[Heard] = field(factory=list)
    answers: dict[str, Any] = field(factory=dict)
    mistakes: list[str] = field(factory=list)
    ids: dict[str, tuple[ServerConnection, str, dict[str, Any]]] = field(factory=dict)
    requests: list[Request] = field(factory=list)
    dialect: str = "v16"
    refuses: Callable[[Request], bool] = lambda request: False
    transaction: int = 0
    interval_s: int = 300
    connection: ServerConnection | None = None
    connections: int = 0
    listens: bool = True
    password: str | None = None
    strays: list[Any] | None = None
    _server: Server | None = None
    _news: asyncio.Event = field(factory=asyncio.Event)
    _numbers: int = 0
    _waiting: dict[str, tuple[str, asyncio.Future[Any]]] = field(factory=dict)
    _slow: set[asyncio.Task[None]] = field(factory=set)
    tags: dict[str, dict[str, Any]] = field(factory=dict)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Central]:
        await self.serve(None)
        try:
            yield self
        finally:
            assert self._server is not None
            self._server.close()
            await self._server.wait_closed()

    async def serve(self, tls: ssl.SSLContext | None) -> None:
        """Serve from now on with TLS, or without."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

        def look(connection: ServerConnection, request: Request) -> Any:
            self.requests.append(request)
            password = request.headers.get("Authorization")
            if self.refuses(request):
                return connection.respond(404, "not here\n")
            if not self.listens or (self.password is not None and password != self.password):
                return connection.respond(503 if not self.listens else 401, "no\n")
            return None

        self._server = await self._listen(
            self._talk,
            subprotocols=self.subprotocols,
            process_request=look,
            ping_interval=None,
            close_timeout=1.0,
            ssl=tls,
        )

    async def _listen(self, handler: Any, **how: Any) -> Server:
        self.path.unlink(missing_ok=True)
        return await unix_serve(handler, str(self.path), **how)

    @property
    def socket_path(self) -> str | None:
        """Where the station connects instead of to the host of its address."""
        return str(self.path)

    # -- the connection ---------------------------------------------------------------------------------------------------------------

    async def _talk(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.connections += 1
        self._poke()
        try:
            async for text in connection:
                await self._take(connection, text)
        except ConnectionClosed:
            pass
        finally:
            if self.connection is connection:
                self.connection = None
            self._poke()

    async def _take(self, connection: ServerConnection, text: str | bytes) -> None:
        assert isinstance(text, str)
        frame = json.loads(text)
        if frame[0] == 2:
            _, identifier, action, payload = frame
            self.mistakes += self._misnamed(connection, identifier, action, payload)
            self.mistakes += broken_rules(self.dialect, action, payload)
            heard = Heard(action, payload, asyncio.get_running_loop().time(), len(self.heard), identifier, connection=self.connections)
            self.mistakes += self._impatient(heard)
            self.heard.append(heard)
            self._poke()
            await self._answer(connection, heard)
            return
        action, waiting = self._waiting.pop(frame[1], ("", None))
        if waiting is None and self.strays is not None:
            self.strays.append(frame)
        elif waiting is None or waiting.done():
            self.mistakes.append(f"an answer to nothing: {text}")
        elif frame[0] == 3:
            self.mistakes += broken_rules(self.dialect, f"{action}Response", frame[2])
            waiting.set_result(frame[2])
        else:
            waiting.set_exception(Refusal(frame[2], frame[3]))

    def _impatient(self, heard: Heard) -> list[str]:
        """A call beside another one that waits for its answer; one that has waited for seconds may have been given up."""
        before = self.heard[-1] if self.heard else None
        if before is None or before.connection != heard.connection or before.answer is not None or heard.at_s - before.at_s > 2.0:
            return []
        return [f"{heard.action} came while {before.action} was not answered"]

    def _misnamed(self, connection: ServerConnection, identifier: str, action: str, payload: dict[str, Any]) -> list[str]:
        """What the rules for message ids do not allow."""
        first = self.ids.setdefault(identifier, (connection, action, payload))
        if len(identifier) > 36 or (first[0] is connection and first[2] is not payload):
            return [f"{action}: the id {identifier} is too long, or was used before on this connection"]
        if first[1:] != (action, payload):
            return [f"{action}: the id {identifier} was used before for {first[1]} {first[2]}"]
        return []

    async def _answer(self, connection: ServerConnection, heard: Heard) -> None:
        answer = self.answers.get(heard.action, DEFAULTS[self.dialect].get(heard.action, {}))
        try:
            if callable(answer):
                answer = answer(self, heard.payload) if answer in DEFAULTS[self.dialect].values() else answer(heard.payload)
        except Refusal as refusal:
            await self._refuse(connection, heard, refusal.code)
        except Silence:
            return
        else:
            if not asyncio.iscoroutine(answer):
                await self._give(connection, heard, answer)
                return
            task = asyncio.create_task(self._answer_later(connection, heard, answer))  # whoever is slow still listens
            self._slow.add(task)
            task.add_done_callback(self._slow.discard)

    async def _answer_later(self, connection: ServerConnection, heard: Heard, answer: Awaitable[Any]) -> None:
        with contextlib.suppress(ConnectionClosed, Silence):
            try:
                await self._give(connection, heard, await answer)
            except Refusal as refusal:
                await self._refuse(connection, heard, refusal.code)

    async def _give(self, connection: ServerConnection, heard: Heard, answer: Any) -> None:
        heard.answer = answer if answer is not None else {}
        await connection.send(json.dumps([3, heard.id, answer]))

    async def _refuse(self, connection: ServerConnection, heard: Heard, code: str) -> None:
        heard.answer = code
        await connection.send(json.dumps([4, heard.id, code, "", {}]))

    def info(self, tag: str) -> dict[str, Any]:
        return self.tags.get(tag.upper(), {"status": "Accepted"})

    @property
    def subprotocols(self) -> tuple[str, ...]:
        return ("ocpp1.6",) if self.dialect == "v16" else ("ocpp2.0.1",)

    def _poke(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _until(self, condition: Callable[[], Any], within_s: float, what: str) -> Any:
        try:
            async with asyncio.timeout(within_s):
                while not (found := condition()):
                    await self._news.wait()
                return found
        except TimeoutError:
            said = "\n  ".join(f"{each.at_s:8.2f} {'·' if each.taken else '?'} {each.action} {each.payload}" for each in self.heard[-25:])
            raise AssertionError(f"not within {within_s:g} s: {what}; the station said\n  {said}") from None

    # -- what a case looks for --------------------------------------------------------------------------------------------------------

    async def connected(self, within_s: float = 300.0) -> None:
        """Wait for a connection."""
        await self._until(lambda: self.connection, within_s, "a connection")

    async def disconnected(self, within_s: float = 300.0) -> None:
        """Wait until the connection is gone."""
        await self._until(lambda: self.connection is None, within_s, "the end of the connection")

    async def expect(self, action: str, within_s: float = 70.0, **members: Any) -> Heard:
        """The first call of a name, with these members, that no one has looked at yet.

        Args:
            action: name of the message.
            within_s: how long it may take, s.
            members: what its payload must say; a callable judges the value.
        """
        found: Heard = await self._until(lambda: self._first(action, members), within_s, f"{action} {members}")
        found.taken = True
        return found

    def _first(self, action: str, members: Mapping[str, Any]) -> Heard | None:
        return next((each for each in self.heard if not each.taken and each.action == action and _fits(each.payload, members)), None)

    async def status(self, standing: str, connector: int = 1, within_s: float = 70.0, **more: Any) -> Heard:
        """A status of a connector."""
        return await self.expect("StatusNotification", within_s, connectorId=connector, status=standing, **more)

    async def silence(self, *actions: str, for_s: float = 60.0, **members: Any) -> None:
        """None of these calls (none at all if no name is given) comes, nor has come unseen."""
        await asyncio.sleep(for_s)
        unseen = [
            each for each in self.heard if not each.taken and (not actions or each.action in actions) and _fits(each.payload, members)
        ]
        assert not unseen, f"unexpected: {[(each.action, each.payload) for each in unseen]}"

    def forget(self) -> None:
        """What came so far is of no interest."""
        for each in self.heard:
            each.taken = True

    def count(self, action: str) -> int:
        """How often a message came so far."""
        return sum(each.action == action for each in self.heard)

    # -- what a case says -------------------------------------------------------------------------------------------------------------

    async def ask(self, action: str, within_s: float = 70.0, **payload: Any) -> dict[str, Any]:
        """Ask the station.

        Raises:
            Refusal: it answered with a CALLERROR.
        """
        await self.connected()
        assert self.connection is not None
        self._numbers += 1
        identifier = f"central-{self._numbers}"
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[identifier] = action, answer
        broken = broken_rules(self.dialect, action, payload)
        assert not broken, broken
        await self.connection.send(json.dumps([2, identifier, action, payload]))
        async with asyncio.timeout(within_s):
            result: dict[str, Any] = await answer
        return result

    async def say(self, text: str | bytes) -> None:
        """Put something on the wire as it is."""
        assert self.connection is not None
        await self.connection.send(text)

    async def hang_up(self, *, and_stay_away: bool = False) -> None:
        """Drop the connection."""
        if and_stay_away:
            self.listens = False
        if self.connection is not None:
            self.connection.transport.abort()
        await self.disconnected()


def _fits(payload: Mapping[str, Any], members: Mapping[str, Any]) -> bool:
    return all(wanted(payload.get(name)) if callable(wanted) else payload.get(name) == wanted for name, wanted in members.items())


def _boot(central: Central, payload: dict[str, Any]) -> dict[str, Any]:
    return {"status": "Accepted", "currentTime": now(), "interval": central.interval_s}


def _heartbeat(central: Central, payload: dict[str, Any]) -> dict[str, Any]:
    return {"currentTime": now()}


def _authorize(central: Central, payload: dict[str, Any]) -> dict[str, Any]:
    return {"idTagInfo": central.info(payload["idTag"])}


def _start(central: Central, payload: dict[str, Any]) -> dict[str, Any]:
    central.transaction += 1
    return {"idTagInfo": central.info(payload["idTag"]), "transactionId": central.transaction}


def _data(central: Central, payload: dict[str, Any]) -> dict[str, Any]:
    return {"status": "UnknownVendorId"}


def _accepted(central: Central, payload: dict[str, Any]) -> dict[str, Any]:
    return {"status": "Accepted"}


def _authorize_201(central: Central, payload: dict[str, Any]) -> dict[str, Any]:
    return {"idTokenInfo": central.info(payload["idToken"]["idToken"])}


def _event(central: Central, payload: dict[str, Any]) -> dict[str, Any]:
    return {"idTokenInfo": central.info(payload["idToken"]["idToken"])} if "idToken" in payload else {}


DEFAULTS: dict[str, dict[str, Any]] = {
    "v16": {
        "BootNotification": _boot,
        "Heartbeat": _heartbeat,
        "Authorize": _authorize,
        "StartTransaction": _start,
        "DataTransfer": _data,
        "SignCertificate": _accepted,
    },
    "v201": {
        "BootNotification": _boot,
        "Heartbeat": _heartbeat,
        "Authorize": _authorize_201,
        "TransactionEvent": _event,
        "DataTransfer": _data,
        "SignCertificate": _accepted,
    },
}
