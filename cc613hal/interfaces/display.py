"""Text displays."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

__all__ = ["Display"]


@runtime_checkable
class Display(Protocol):
    """A display for a few lines of text."""

    @property
    @abstractmethod
    def size(self) -> tuple[int, int]:
        """Columns and rows, in characters."""

    @abstractmethod
    async def show_text(self, lines: Sequence[str]) -> None:
        """Replace what is shown. Lines that are too long are cut; characters the part lacks are replaced by its nearest."""

    @abstractmethod
    async def clear(self) -> None:
        """Show nothing."""
