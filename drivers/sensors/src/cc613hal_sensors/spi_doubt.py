"""What to make of nonsense from a chip on SPI, where nobody acknowledges anything and every transfer succeeds."""

from __future__ import annotations

from attrs import define

from cc613hal.errors import BusError, NoAnswer
from cc613hal.plugins import DeviceContext

__all__ = ["SpiDoubt", "nobody_there"]

_TOLERANCE = 3
"""Answers in a row without sense that make a fault of the device; as many as the library takes for other buses."""


@define
class SpiDoubt:
    """Counts answers that make no sense. The port itself counts every transfer as a success, so this is the driver's to tell.

    Attributes:
        context: the device's place on its board.
    """

    context: DeviceContext
    _in_a_row: int = 0

    def doubt(self, error: BusError) -> BusError:
        """An answer made no sense; returns the error to raise."""
        self._in_a_row += 1
        if self._in_a_row >= _TOLERANCE:
            self.context.health.fault(error.message, error)
        return error

    def trust(self) -> None:
        """An answer made sense."""
        if self._in_a_row >= _TOLERANCE:
            self.context.health.ok("answers again")
        self._in_a_row = 0


def nobody_there(device: str, answer: bytes) -> NoAnswer | None:
    """The error for an answer in which nobody drove the data line: all ones or all zeros; ``None`` for any other."""
    if set(answer) in ({0xFF}, {0x00}):
        level = "high" if answer[0] else "low"
        return NoAnswer(f"the data line stays {level}: nobody answers", device=device, hint="check supply, chip select and the data lines")
    return None
