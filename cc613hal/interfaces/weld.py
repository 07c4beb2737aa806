"""Weld check: is there voltage, or a closed contact, where there must be none?"""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.readings import Reading

__all__ = ["WeldCheck", "WeldMethod", "WeldReading", "WeldState"]


class WeldState(enum.Enum):
    """Verdict of a weld check."""

    CLEAR = "clear"
    WELDED = "welded"
    UNKNOWN = "unknown"
    """Could not be judged: no feedback, or the contactor is on."""


class WeldMethod(enum.Enum):
    """How the verdict was reached."""

    MIRROR_CONTACT = "mirror-contact"
    MAINS_SENSE = "mains-sense"
    NONE = "none"


@frozen(kw_only=True)
class WeldReading(Reading):
    """The verdict of one check.

    Attributes:
        state: the verdict.
        method: how it was reached.
        detail: what was seen, in words.
    """

    state: WeldState
    method: WeldMethod
    detail: str = ""


@runtime_checkable
class WeldCheck(Protocol):
    """A part that can tell whether a contactor's main contacts hang."""

    @abstractmethod
    async def check_weld(self) -> WeldReading:
        """Judge the main contacts now.

        With mains sense the verdict is only good after the vehicle is unplugged (state B→A): its capacitors may feed back before.
        """
