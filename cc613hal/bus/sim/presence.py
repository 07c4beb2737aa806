"""Whether a simulated bus can be used now: plugged in, and not closed."""

from __future__ import annotations

from typing import ClassVar

from cc613hal.bus.sim.faults import Faults
from cc613hal.errors import BusClosed

__all__ = ["Presence"]


class Presence:
    """What all buses in process share.

    Args:
        name: the bus, as the board file names it, for messages.

    Attributes:
        faults: what goes wrong on the whole bus.
    """

    _what: ClassVar[str] = "the bus"

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults = Faults()
        self._open = True

    def reopen(self) -> None:
        """Serve again after ``aclose``.

        Raises:
            BusClosed: it is unplugged.
        """
        self._open = True
        self.check_open()

    def check_open(self) -> None:
        """Raise if the bus cannot be used now.

        Raises:
            BusClosed: unplugged (transient) or closed.
        """
        if not self.faults.plugged:
            raise BusClosed(f"{self._what} is unplugged", device=self.name, hint="plug it in again", transient=True)
        if not self._open:
            raise BusClosed("used after it was closed", device=self.name)
