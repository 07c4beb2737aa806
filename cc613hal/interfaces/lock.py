"""Plug lock actuators and their emergency opener."""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.clock import Stamp
from cc613hal.events import Events
from cc613hal.readings import Reading

__all__ = [
    "EmergencyOpener",
    "EmergencyRelease",
    "LockPosition",
    "LockReading",
    "LockResult",
    "OpenerReading",
    "OpenerState",
    "PlugLock",
    "ReleaseReport",
]


class LockPosition(enum.Enum):
    """Where the bolt is, as sensed."""

    LOCKED = "locked"
    UNLOCKED = "unlocked"
    MOVING = "moving"
    UNKNOWN = "unknown"
    """Never driven since power-up and without feedback, or feedback between the ends."""


@frozen(kw_only=True)
class LockReading(Reading):
    """The bolt as sensed.

    Attributes:
        position: where it is.
        verified: whether feedback says so; otherwise it is believed from drive time.
        jammed: the last command ended with the bolt where it should not be.
    """

    position: LockPosition
    verified: bool
    jammed: bool = False


@frozen(kw_only=True)
class LockResult:
    """The evidence of a lock command that reached its effect.

    Attributes:
        position: where the bolt ended.
        verified: whether feedback confirmed it.
        attempts: strokes that were needed.
        elapsed_s: from the command to the confirmation.
        stamp: when it was confirmed.
    """

    position: LockPosition
    verified: bool
    attempts: int
    elapsed_s: float
    stamp: Stamp


class OpenerState(enum.Enum):
    """The energy store of the emergency opener."""

    CHARGED = "charged"
    CHARGING = "charging"
    FAULT = "fault"
    """Not charged in time: the plug could not be released on a power cut, so nothing may be locked."""
    NOT_FITTED = "not-fitted"


@frozen(kw_only=True)
class OpenerReading(Reading):
    """The emergency opener as sensed.

    Attributes:
        state: its energy store.
        voltage_v: of the store, where it is measured.
    """

    state: OpenerState
    voltage_v: float | None = None


@frozen(kw_only=True)
class ReleaseReport(Reading):
    """What became of the plug when the supply failed.

    Attributes:
        released: whether the bolt is back; ``None`` if nothing tells.
        position: where the bolt ended, as sensed or believed.
        elapsed_s: from the loss of the supply to this verdict, s.
        detail: what was done and seen, in words.
    """

    released: bool | None
    position: LockPosition
    elapsed_s: float
    detail: str


@runtime_checkable
class PlugLock(Protocol):
    """An actuator that keeps a plug in its socket.

    The driver does not know whether the contactor is off; whoever unlocks must.
    """

    @abstractmethod
    async def lock(self, *, deadline_s: float | None = None) -> LockResult:
        """Drive the bolt home, retrying as the preset says.

        Args:
            deadline_s: longest time for all strokes; the preset's own figure if omitted.

        Raises:
            CommandFailed: the bolt is not home; the motor was freed by an unlock stroke.
            SafetyRefused: the emergency opener has no energy: what cannot be opened is not locked.
        """

    @abstractmethod
    async def unlock(self, *, deadline_s: float | None = None) -> LockResult:
        """Drive the bolt back, retrying as the preset says.

        Raises:
            CommandFailed: the bolt is stuck.
        """

    @abstractmethod
    async def position(self) -> LockReading:
        """Where the bolt is now."""

    @property
    @abstractmethod
    def unexpected(self) -> Events[LockReading]:
        """The bolt moved without a command."""


@runtime_checkable
class EmergencyOpener(Protocol):
    """The energy store that releases the plug when the supply is lost."""

    @abstractmethod
    async def opener(self) -> OpenerReading:
        """The energy store now."""


@runtime_checkable
class EmergencyRelease(Protocol):
    """A lock that sees to it, or at least tells, that a locked plug is released when the supply fails."""

    @property
    @abstractmethod
    def releases(self) -> Events[ReleaseReport]:
        """One report for each loss of the supply that met a bolt that was not back."""

    @property
    @abstractmethod
    def last_release(self) -> ReleaseReport | None:
        """The last report since the board was opened."""
