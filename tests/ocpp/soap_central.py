"""A central system over SOAP with the handles of the one over a WebSocket: it records everything and answers as it is told.

Whatever the station says is held against the published schema by the listener, and whatever it answers by the client.
"""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cc613_chargepoint.ocpp.soap import Asked, Backend, FaultCode, Listening, SoapClient, SoapFault, SoapListener, Spoken
from cc613hal.board import BoardDescription, load_board
from cc613hal.clock import run_virtual
from cc613hal.plant import Simulation
from tests.ocpp.bench import SETTINGS, Bench
from tests.ocpp.central import DEFAULTS, Central, Heard, Refusal, Silence

IDENTITY = "CP 1"
VIOLATIONS = "PropertyConstraintViolation FormationViolation TypeConstraintViolation OccurenceConstraintViolation"
"""What JSON tells apart and SOAP calls ProtocolError."""
_SAID = {"NotSupported": FaultCode.NOT_SUPPORTED, "NotImplemented": FaultCode.NOT_SUPPORTED, "SecurityError": FaultCode.SECURITY_ERROR}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


class _Strict(SoapListener):
    """Notes what the station said against the rules."""

    mistakes: list[str]

    def _fault(self, code: FaultCode, reason: str, question: Any) -> tuple[int, bytes]:
        if code in {FaultCode.PROTOCOL_ERROR, FaultCode.IDENTITY_MISMATCH}:
            self.mistakes.append(reason)
        return super()._fault(code, reason, question)


class SoapCentral(Central):
    """The central system; see :class:`~tests.ocpp.central.Central`.

    Args:
        path: of nothing.
        spoken: 1.5 or 1.6.
    """

    def __init__(self, path: Path, spoken: Spoken = Spoken.V16) -> None:
        self.spoken = spoken
        self.station = ""
        self.port = 0
        self._open: _Strict | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        super().__init__(path)

    @property
    def url(self) -> str:
        """Of its service."""
        return f"http://127.0.0.1:{self.port}/cs"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Central]:
        self.listens = True
        try:
            yield self
        finally:
            await self._close()

    @property
    def listens(self) -> bool:
        """Whether it is there at all."""
        return self._open is not None

    @listens.setter
    def listens(self, wanted: bool) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return  # it is being made
        if wanted and self._open is None:
            self._open = _Strict(self.spoken.central, IDENTITY, self._hear, Listening(host="127.0.0.1", port=self.port, connections=64))
            self._open.mistakes = self.mistakes
            self._open._door.open("127.0.0.1", self.port)
            self.port = self._open.port
        elif not wanted and self._open is not None:
            closing, self._open = self._open, None
            self.connection = None
            task = asyncio.create_task(closing.aclose())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _close(self) -> None:
        self.listens = False
        await asyncio.gather(*self._tasks)

    async def _hear(self, asked: Asked) -> dict[str, Any]:
        self.station, self.connection = asked.sender, True  # type: ignore[assignment]
        self.heard.append(Heard(asked.action, asked.payload, asyncio.get_running_loop().time(), len(self.heard)))
        self._poke()
        answer = self.answers.get(asked.action, DEFAULTS["v16"].get(asked.action, {}))
        try:
            if callable(answer):
                answer = answer(self, asked.payload) if answer in DEFAULTS["v16"].values() else answer(asked.payload)
            if asyncio.iscoroutine(answer):
                answer = await answer
        except Refusal as refusal:
            raise SoapFault(_SAID.get(refusal.code, FaultCode.INTERNAL_ERROR), "as the case wants it") from refusal
        except Silence:
            await asyncio.sleep(86_400.0)
        if asked.action == "BootNotification" and self.spoken is Spoken.V15:
            answer = {("heartbeatInterval" if name == "interval" else name): value for name, value in answer.items()}
        return answer

    async def ask(self, action: str, within_s: float = 70.0, **payload: Any) -> dict[str, Any]:
        """Ask the station.

        Raises:
            Refusal: it answered with a fault.
        """
        await self.connected()
        back = Backend(url=self.station, service=self.spoken.station, timeout_s=within_s)
        try:
            return await SoapClient(back, IDENTITY, f"http://127.0.0.1:{self.port}/cs").call(action, payload)
        except SoapFault as fault:
            code = fault.code or FaultCode.INTERNAL_ERROR
            means = {FaultCode.PROTOCOL_ERROR: VIOLATIONS, FaultCode.NOT_SUPPORTED: "NotImplemented"}
            raise Refusal(code.value, f"{means.get(code, '')}: {fault.reason}") from fault

    async def post(self, envelope: bytes) -> tuple[int, bytes]:
        """Throw an envelope at the station as it is; the status and what came back."""
        await self.connected()
        parts = urlsplit(self.station)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        head = f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(envelope)}\r\n\r\n"
        writer.write(head.encode() + envelope)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        said, _, body = answer.partition(b"\r\n\r\n")
        return int(said.split()[1]), body

    async def hang_up(self, *, and_stay_away: bool = False) -> None:
        """Be gone, and come back unless it is to stay away."""
        await self._close()
        if not and_stay_away:
            self.listens = True


def play(
    story: Callable[[Any], Awaitable[None]],
    spoken: Spoken,
    *,
    board: Any = "bender.cc613",
    settings: dict[str, Any] | None = None,
    boot: bool = True,
    start: datetime | None = None,
) -> None:
    """Run a case over SOAP; every message of the station must have obeyed its schema."""

    async def whole() -> None:
        with tempfile.TemporaryDirectory(prefix="soap-") as place:
            central = SoapCentral(Path(place) / "none", spoken)
            simulation = Simulation(board if isinstance(board, BoardDescription) else load_board(board))
            async with central.serving(), simulation:
                how = {
                    "ocpp.url": central.url,
                    "ocpp.identity": IDENTITY,
                    "ocpp.soap_version": "1.5" if spoken is Spoken.V15 else "1.6",
                    "ocpp.soap_port": free_port(),
                }
                it = Bench(central, simulation, Path(place), {**SETTINGS, **how, **(settings or {})})
                async with it.alive(boot=boot):
                    await story(it)
            assert not central.mistakes, central.mistakes

    run_virtual(whole(), start=start)
