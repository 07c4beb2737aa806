"""Residual current monitors (IEC 62955 RDC-MD): values, self-test, trips, latch."""

from __future__ import annotations

import enum
from abc import abstractmethod
from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from cc613hal.clock import Stamp
from cc613hal.events import Events
from cc613hal.readings import Reading

__all__ = [
    "ResidualCurrentMonitor",
    "ResidualReading",
    "ResidualTrip",
    "SelfTestResult",
    "SelfTestStep",
    "TripCause",
]


class TripCause(enum.Enum):
    """What a residual current monitor objects to."""

    DC = "dc"
    """Smooth direct current at or above the threshold (6 mA)."""
    RMS = "rms"
    """Alternating part at or above the threshold (30 mA)."""
    DEVICE = "device"
    """The monitor itself is defective, or its wire is open: treated as a trip."""
    SELF_TEST = "self-test"
    """Its own test pulse; nothing to fear."""


@frozen(kw_only=True)
class ResidualReading(Reading):
    """Residual current now.

    Attributes:
        dc_ma: smooth direct current in mA; ``None`` if the part has only switching outputs.
        rms_ma: alternating current in mA r.m.s.; ``None`` likewise.
        tripped: an output signals a trip at this moment.
        latched: a trip happened and was not reset.
    """

    dc_ma: float | None
    rms_ma: float | None
    tripped: bool
    latched: bool


@frozen(kw_only=True)
class ResidualTrip:
    """A trip.

    Attributes:
        cause: what the monitor objected to.
        seen: when the software learned of it.
        edge_s: the kernel's time stamp of the edge in seconds, on the clock the adapter reports; ``None`` if it gives none.
        source: the device.
    """

    cause: TripCause
    seen: Stamp
    edge_s: float | None
    source: str


@frozen
class SelfTestStep:
    """One expectation of a self-test.

    Attributes:
        what: the expectation, in words.
        passed: whether it was met.
        elapsed_s: time it took, or the time-out.
    """

    what: str
    passed: bool
    elapsed_s: float


def _in_order(steps: Iterable[SelfTestStep]) -> tuple[SelfTestStep, ...]:
    return tuple(steps)


@frozen(kw_only=True)
class SelfTestResult:
    """The outcome of a self-test; a failed test is a result, not an exception.

    Attributes:
        passed: every step was met.
        steps: what was expected and what came, in order.
        stamp: when it ended.
    """

    passed: bool
    steps: tuple[SelfTestStep, ...] = field(converter=_in_order)
    stamp: Stamp


@runtime_checkable
class ResidualCurrentMonitor(Protocol):
    """A monitor of residual current whose trip must open the contactor."""

    @abstractmethod
    async def read(self) -> ResidualReading:
        """Values and trip state now."""

    @abstractmethod
    async def self_test(self) -> SelfTestResult:
        """Inject the test current and see the outputs come and go. Only with the contactor off.

        Raises:
            BusError: the lines could not be driven or read.
        """

    @property
    @abstractmethod
    def last_self_test(self) -> SelfTestResult | None:
        """The last test since the board was opened."""

    @property
    @abstractmethod
    def trips(self) -> Events[ResidualTrip]:
        """Trips, in the very loop iteration in which the edge arrives. A self-test publishes none."""

    @property
    @abstractmethod
    def latched(self) -> bool:
        """A trip happened and was not reset."""

    @abstractmethod
    async def reset(self) -> ResidualReading:
        """Clear the latch.

        Raises:
            CommandFailed: an output still signals a trip; the latch stays.
        """
