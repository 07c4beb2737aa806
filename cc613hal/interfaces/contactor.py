"""Contactors: switching with a confirmed result, the sensed state, and what is known of wear.

The sensed state comes from feedback, never from the command. A part without feedback says so with ``verified=False``.
"""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.clock import Stamp
from cc613hal.events import Events
from cc613hal.readings import Reading

__all__ = ["Contactor", "ContactorReading", "ContactorState", "ImmediateOff", "PhaseSwitching", "SwitchResult", "SwitchingCounter"]


class ContactorState(enum.Enum):
    """What the feedback shows of the main contacts."""

    OFF = "off"
    ON = "on"
    UNKNOWN = "unknown"
    """No feedback is fitted, or it cannot be read."""


@frozen(kw_only=True)
class ContactorReading(Reading):
    """The main contacts as sensed.

    Attributes:
        state: what the feedback shows.
        commanded_on: what was last commanded; differs from ``state`` while it moves, and when something is broken.
        verified: whether ``state`` comes from feedback.
        phases: phase conductors that are switched when on (1 or 3).
    """

    state: ContactorState
    commanded_on: bool
    verified: bool
    phases: int


@frozen(kw_only=True)
class SwitchResult:
    """The evidence of a switching command that reached its effect.

    Attributes:
        on: what was commanded.
        state: what was sensed at the end; :attr:`ContactorState.UNKNOWN` where there is no feedback.
        verified: whether feedback confirmed it.
        elapsed_s: from the command to the confirmation (or to the assumed switching time).
        stamp: when it was confirmed.
    """

    on: bool
    state: ContactorState
    verified: bool
    elapsed_s: float
    stamp: Stamp


@frozen
class SwitchingCounter:
    """Wear of a contactor.

    Attributes:
        operations: switch-on operations since the part was fitted.
        hot_openings: openings under load (more than 1 A when it opened), as far as the caller said so.
        rated: operations the part is rated for; ``None`` if the board does not say.
    """

    operations: int
    hot_openings: int
    rated: int | None = None


@runtime_checkable
class Contactor(Protocol):
    """A contactor that feeds a vehicle or a socket.

    The driver refuses only physical contradictions (switching on while welded or while the supply is gone). Whether it is *right*
    to energise is decided above it.
    """

    @abstractmethod
    async def switch_on(self, *, deadline_s: float | None = None) -> SwitchResult:
        """Energise, and wait until feedback confirms.

        Args:
            deadline_s: longest wait for the feedback; the part's own figure if omitted.

        Raises:
            CommandFailed: feedback did not follow; the coil has been released again.
            SafetyRefused: the part knows itself welded or without supply.
        """

    @abstractmethod
    async def switch_off(self, *, under_load: bool = False, deadline_s: float | None = None) -> SwitchResult:
        """De-energise at once, then wait until feedback confirms.

        Args:
            under_load: the caller knows that current was flowing; counted as a hot opening.
            deadline_s: longest wait for the feedback; the part's own figure if omitted.

        Raises:
            CommandFailed: feedback still shows closed contacts: treat as welded.
        """

    @abstractmethod
    async def sense(self) -> ContactorReading:
        """The main contacts as the feedback shows them now."""

    @property
    @abstractmethod
    def counter(self) -> SwitchingCounter:
        """Operations so far."""

    @property
    @abstractmethod
    def unexpected(self) -> Events[ContactorReading]:
        """Feedback changed without a command: dropped out, or closed by itself."""


@runtime_checkable
class ImmediateOff(Protocol):
    """A contactor whose coil can be released inside one call, without waiting for anything: the path of a residual current trip."""

    @abstractmethod
    def off_now(self) -> None:
        """Release the coil. Confirms nothing: follow with :meth:`Contactor.switch_off`. Raises only what the line itself raises."""


@runtime_checkable
class PhaseSwitching(Protocol):
    """A contactor pair that can feed one or three phases."""

    @property
    @abstractmethod
    def phases(self) -> int:
        """Phases that the next switch-on feeds: 1 or 3."""

    @abstractmethod
    async def select_phases(self, phases: int) -> None:
        """Choose 1 or 3 phases for the next switch-on.

        Args:
            phases: 1 or 3.

        Raises:
            SafetyRefused: the contactor is not off (some vehicles are destroyed by 1→3 under load).
            Unsupported: the board cannot.
        """
