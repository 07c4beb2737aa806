"""Where signed records and the progress of a signed session are kept; what it says was kept is on the disk."""

from __future__ import annotations

import enum
from typing import Protocol

from attrs import frozen

from cc613hal.interfaces import EndReason, SignedReading, SignedTransaction

__all__ = ["OpenTransaction", "RecordKeeper", "Stage"]


class Stage(enum.Enum):
    """How far a signed session has come; written before the meter hears of the next step."""

    INTENDED = "intended"
    """The meter is about to be told to begin; nothing is energised."""
    BEGUN = "begun"
    """The meter has the begin; its record is kept, if there is one."""
    ENDING = "ending"
    """The contactor is open, the meter is about to be told to end."""
    ENDED = "ended"
    """The record of the end is kept; the meter may forget it."""


@frozen(kw_only=True)
class OpenTransaction:
    """A signed session that is not finished.

    Attributes:
        session: number of the session; ``None`` for one that only the meter knew.
        transaction: as the meter was told.
        stage: how far it has come.
        reason: why it ends, from ``ENDING`` on.
    """

    session: int | None
    transaction: SignedTransaction
    stage: Stage = Stage.INTENDED
    reason: EndReason = EndReason.END


class RecordKeeper(Protocol):
    """Keeps one connector's signed session. Every function is one commit, and may be asked again after a crash without harm.

    All raise :class:`~cc613hal.errors.HalError` if nothing could be kept.
    """

    async def unfinished(self) -> OpenTransaction | None:
        """The session that is not finished, if there is one."""
        ...

    async def advance(self, open_transaction: OpenTransaction, reading: SignedReading | None = None) -> None:
        """Keep a stage, and with it in one commit the record that it brought. A record that is kept already is not kept twice."""
        ...

    async def keep(self, open_transaction: OpenTransaction, reading: SignedReading, context: str) -> None:
        """Keep the record of a value in between.

        Args:
            open_transaction: whose value it is.
            reading: the record.
            context: why it was taken, as OCPP names it.
        """
        ...

    async def finish(self, open_transaction: OpenTransaction, *, lost: str = "") -> None:
        """The session is finished.

        Args:
            open_transaction: which.
            lost: why it has no signed end, in words, for the log that nobody can change; ``""`` if it has one.
        """
        ...
