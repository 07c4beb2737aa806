"""The other end of the socket: for the command line, the web server, and helpers with processes of their own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cc613_chargepoint.domain.events import StationEvent
from cc613_chargepoint.facade.codec import line, packed, read_line, unpacked_answer, unpacked_event
from cc613_chargepoint.facade.commands import Answer, Command
from cc613hal.errors import DeadlineExceeded, HalError

__all__ = ["SOCKET", "AnswerError", "FacadeClient", "NoStation"]

SOCKET = "station.sock"
"""The socket's name in a data directory."""

ANSWER_LIMIT = 16 * 1024 * 1024


class NoStation(HalError, ConnectionError):  # noqa: N818 - the base class says that it is an error
    """No station runs there, or it has gone."""

    kind = "no-station"


class AnswerError(HalError, RuntimeError):
    """The station refused or failed; ``reason`` is its word for it, the message is what it said."""

    kind = "answer"

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("message", "")), device=error.get("device"), hint=error.get("hint"))
        self.reason = str(error.get("kind", ""))


class FacadeClient:
    """A connection to a running station; an async context manager.

    Args:
        path: of the station's socket.
        timeout_s: how long an answer may take, s.
    """

    def __init__(self, path: Path, *, timeout_s: float = 30.0) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._numbers = itertools.count(1)

    async def __aenter__(self) -> Self:
        try:
            self._reader, self._writer = await asyncio.open_unix_connection(self._path, limit=ANSWER_LIMIT)
        except OSError as error:
            raise NoStation(f"no station answers at {self._path}: {error}", hint="is it running, with this data directory?") from error
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._writer.close()

    async def ask(self, command: Command) -> Answer:
        """Have a command carried out.

        Raises:
            AnswerError: the station refused, or failed.
            NoStation: it has gone.
            DeadlineExceeded: it did not answer in time.
        """
        return unpacked_answer(await self._exchange(packed(command)))

    async def watch(self) -> AsyncIterator[StationEvent | int]:
        """Everything that happens from now on; a number says how many events were lost because this end was slow."""
        await self._exchange({"type": "Watch"})
        while True:
            message = await self._next()
            if "gap" in message:
                yield int(message["gap"])
            elif "event" in message:
                yield unpacked_event(message["event"])

    async def _exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        self._writer.write(line({"id": number, **message}))
        try:
            async with asyncio.timeout(self._timeout_s):
                while (answer := await self._next()).get("id") != number:
                    if "error" in answer:
                        break
        except TimeoutError as error:
            raise DeadlineExceeded(
                f"the station at {self._path} did not answer within {self._timeout_s:g} s",
                hint="`cc613-chargepoint status` tells how it is",
            ) from error
        if "error" in answer:
            raise AnswerError(answer["error"])
        return answer

    async def _next(self) -> dict[str, Any]:
        try:
            raw = await self._reader.readline()
        except OSError as error:
            raise NoStation(f"the station at {self._path} has gone: {error}") from error
        if not raw:
            raise NoStation(f"the station at {self._path} has gone")
        return read_line(raw)
