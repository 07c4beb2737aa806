"""Identity of a part, and the state it falls back to."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

__all__ = ["Identified", "Identity", "SafeState"]


@frozen(kw_only=True)
class Identity:
    """Who a part says it is; ``None`` where it does not tell."""

    vendor: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    hardware: str | None = None


@runtime_checkable
class Identified(Protocol):
    """A part that can tell who it is."""

    @abstractmethod
    async def identify(self) -> Identity:
        """What the part says about itself.

        Raises:
            WrongIdentity: something else answers.
        """


@runtime_checkable
class SafeState(Protocol):
    """A part that has a safe state."""

    @abstractmethod
    async def make_safe(self) -> None:
        """Go to the safe state and stay there. Called on leaving the board, on a fault and on a crash; may be called twice and
        must not rely on anything but the part's own wires.
        """
