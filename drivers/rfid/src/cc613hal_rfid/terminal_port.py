"""A card terminal of PC/SC with one slot, as the driver needs it. The adapter that has a real one is ``pcsc_pyscard``."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from attrs import frozen

__all__ = ["CardGone", "SlotState", "TerminalPort"]


class CardGone(Exception):  # noqa: N818  # says what happened
    """There is no card in the slot, or it left in the middle."""


@frozen(kw_only=True)
class SlotState:
    """What is in the slot.

    Attributes:
        atr: answer to reset; empty without a card.
        count: changes with every insertion and removal, so that a quick swap is noticed.
    """

    atr: bytes = b""
    count: int = 0

    @property
    def present(self) -> bool:
        """Whether there is a card."""
        return bool(self.atr)


class TerminalPort(Protocol):
    """A terminal."""

    @abstractmethod
    async def open(self, wanted: str) -> str:
        """Find a terminal and keep to it.

        Args:
            wanted: part of its name, in any case; empty for the only one.

        Returns:
            Its whole name.

        Raises:
            BusMissing: no such terminal, or no PC/SC service.
            BusPermission: the service does not let us.
            BusBusy: several terminals have such a name.
        """

    @abstractmethod
    async def wait(self, known: SlotState | None, timeout_s: float) -> SlotState:
        """The state of the slot once it is not ``known`` any more, or after ``timeout_s``; at once with ``None``.

        Raises:
            BusClosed: the terminal was unplugged, or the service ended.
        """

    @abstractmethod
    async def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        """Exchange an APDU with the card; connects to it first where necessary.

        Raises:
            CardGone: there is none, or it left.
            BusBusy: another program has it for itself.
            BusTimeout: it does not answer within ``timeout_s``.
            BusError: anything else.
        """

    @abstractmethod
    async def direct(self, command: bytes) -> bytes:
        """Give the terminal itself a command (CCID escape), card or no card.

        Raises:
            Unsupported: it, or its driver, does not allow that.
            BusError: anything else.
        """

    @abstractmethod
    async def forget_card(self) -> None:
        """End the connection to the card."""

    @abstractmethod
    async def aclose(self) -> None:
        """Let the terminal go; a second call does nothing."""
