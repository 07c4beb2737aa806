"""Health of devices: one state per device, one log line when it goes and one when it comes back."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager

from attrs import frozen

from cc613hal.clock import Clock, Stamp
from cc613hal.errors import HalError
from cc613hal.events import Events, EventSource

__all__ = ["Health", "HealthChange", "HealthState"]


class HealthState(enum.Enum):
    """What can be expected of a device right now."""

    UNKNOWN = "unknown"
    """Not connected yet."""
    OK = "ok"
    """Answers, and what it answers makes sense."""
    DEGRADED = "degraded"
    """Works, with a loss its driver names."""
    OFFLINE = "offline"
    """Does not answer; the board keeps trying."""
    FAULT = "fault"
    """Answers, and reports or shows a defect."""


@frozen
class HealthChange:
    """A device's health changed.

    Attributes:
        device: name on the board.
        before: the state it had.
        after: the state it has.
        reason: why, in words.
        stamp: when.
        error: the error that told, if one did.
    """

    device: str
    before: HealthState
    after: HealthState
    reason: str
    stamp: Stamp
    error: Exception | None = None


class Health:
    """The health of one device.

    Bus ports report every result here by themselves; a driver adds what only it can know. A failure counts only after
    ``tolerance`` failures in a row, so that one lost frame does not take a device offline.

    Args:
        device: name on the board.
        clock: the board's clock.
        tolerance: how many failures in a row take the device offline.
    """

    def __init__(self, device: str, clock: Clock, *, tolerance: int = 3) -> None:
        self.device = device
        self.tolerance = tolerance
        self._clock = clock
        self._source: EventSource[HealthChange] = EventSource(f"{device}.health")
        self._log = logging.getLogger(f"cc613hal.device.{device}")
        self._state = HealthState.UNKNOWN
        self._reason = "not connected yet"
        self._failures = 0
        self._standing: tuple[HealthState, str] | None = None
        self._connecting = False
        self._since = clock.stamp()
        self.last_error: Exception | None = None

    @property
    def state(self) -> HealthState:
        """The present state."""
        return self._state

    @property
    def reason(self) -> str:
        """Why it is in this state, in words."""
        return self._reason

    @property
    def since(self) -> Stamp:
        """When it entered this state."""
        return self._since

    @property
    def changes(self) -> Events[HealthChange]:
        """Every change from now on."""
        return self._source

    @property
    def usable(self) -> bool:
        """Whether the device can be expected to answer."""
        return self._state in {HealthState.OK, HealthState.DEGRADED}

    def succeeded(self) -> None:
        """A transfer worked: an offline device is back. A fault or a degradation stays, also over a time offline, until the driver
        clears it.
        """
        self._failures = 0
        present = self._state  # identity instead of a set: this runs with every transfer
        if present is HealthState.UNKNOWN or present is HealthState.OFFLINE:
            state, reason = self._standing or (HealthState.OK, "answers")
            self._change(state, reason, None)

    def failed(self, error: Exception) -> None:
        """A transfer failed; after ``tolerance`` in a row (at once if it cannot heal by itself) the device is offline."""
        self._failures += 1
        self.last_error = error
        hopeless = isinstance(error, HalError) and not error.transient
        if self._failures >= self.tolerance or hopeless or self._state is HealthState.UNKNOWN:
            self._change(HealthState.OFFLINE, str(error), error)

    def offline(self, error: Exception) -> None:
        """The device is certainly gone (unplugged)."""
        self.last_error = error
        self._change(HealthState.OFFLINE, str(error), error)

    def fault(self, reason: str, error: Exception | None = None) -> None:
        """The device answers and shows a defect."""
        self.last_error = error or self.last_error
        self._stand(HealthState.FAULT, reason, error)

    def degraded(self, reason: str) -> None:
        """The device works with a loss."""
        self._stand(HealthState.DEGRADED, reason, None)

    def ok(self, reason: str = "answers") -> None:
        """The device works; clears a fault or a degradation."""
        self._failures = 0
        self._standing = None
        if not self._connecting:
            self._change(HealthState.OK, reason, None)

    @contextmanager
    def connecting(self) -> Generator[None]:
        """While the driver connects: what it reports meanwhile shows once it has connected, and is forgotten if it has not.

        A part that is not there fails every attempt in the same way; its log line is that it is offline, not a new defect each time.
        """
        before, self._connecting = self._standing, True
        try:
            yield
        except BaseException:
            self._standing = before
            raise
        finally:
            self._connecting = False

    def _stand(self, state: HealthState, reason: str, error: Exception | None) -> None:
        self._standing = state, reason
        if not self._connecting:
            self._change(state, reason, error)

    def _change(self, after: HealthState, reason: str, error: Exception | None) -> None:
        before, self._reason = self._state, reason
        if before is after:
            return
        self._state, self._since = after, self._clock.stamp()
        level: Callable[..., None] = self._log.info if after in {HealthState.OK, HealthState.UNKNOWN} else self._log.warning
        level("%s: %s -> %s: %s", self.device, before.value, after.value, reason)
        self._source.publish(HealthChange(self.device, before, after, reason, self._since, error))
