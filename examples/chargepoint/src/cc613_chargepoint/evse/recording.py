"""Where a connector's sessions are recorded before anything is told about them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from cc613_chargepoint.domain.session import Sample, SessionRecord
from cc613_chargepoint.domain.token import Token

__all__ = ["CountingRecorder", "SessionRecorder"]


class SessionRecorder(Protocol):
    """Records sessions. Every function returns once it is durable, or raises :class:`~cc613hal.errors.HalError`."""

    async def begin(self, connector: int, token: Token, started: datetime, first: Sample) -> int:
        """A session begins, and with it the number it will have for ever."""
        ...

    async def sample(self, number: int, seq: int, at: datetime, sample: Sample) -> None:
        """A reading within a session; the recorder may keep only some of them."""
        ...

    async def end(self, record: SessionRecord) -> None:
        """A session is over."""
        ...

    async def probe(self) -> None:
        """Whether recording works at all."""
        ...


class CountingRecorder:
    """Remembers nothing but the count: for a station without a data directory."""

    def __init__(self) -> None:
        self._count = 0

    async def begin(self, connector: int, token: Token, started: datetime, first: Sample) -> int:  # noqa: ARG002 - it keeps nothing
        """Count."""
        self._count += 1
        return self._count

    async def sample(self, number: int, seq: int, at: datetime, sample: Sample) -> None:
        """Forget."""

    async def end(self, record: SessionRecord) -> None:
        """Forget."""

    async def probe(self) -> None:
        """It always works."""
