"""The slave's calendar: taken from the master where the slave has no better one of its own."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from cc613hal.clock import Clock, ClockState

__all__ = ["FollowedClock"]

_log = logging.getLogger(__name__)

ROUND_TRIP_S = 1.0
"""A master's time that took longer there and back says too little."""
STEP_S = 0.1
"""Smaller differences are left: half a round trip is not known any better."""
GOOD_FOR_S = 3600.0
"""How long a clock that is not followed any more keeps its state: a quartz of 100 ppm has lost 0.4 s by then."""


class FollowedClock:
    """Follows the master's wall clock by an offset; durations are untouched.

    Args:
        clock: the slave's. One that is synchronised by itself is left alone.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._given: ClockState | None = None
        self._heard_s = 0.0

    def heard(self, wall: datetime, state: ClockState, sent_s: float) -> None:
        """The master told its time.

        Args:
            wall: its wall clock, UTC.
            state: how far that can be trusted.
            sent_s: monotonic time when it was asked, s.
        """
        if self._clock.state is ClockState.SYNCHRONISED and self._given is not ClockState.SYNCHRONISED:
            return  # it knows the time by itself
        now_s = self._clock.monotonic_s()
        if now_s - sent_s > ROUND_TRIP_S:
            return
        ahead = wall + timedelta(seconds=(now_s - sent_s) / 2.0) - self._clock.wall()
        if abs(ahead.total_seconds()) > STEP_S:
            _log.info("the clock goes %+.1f s to follow the master's", ahead.total_seconds())
            self._clock.offset += ahead
        self._clock.state = self._given = state
        self._heard_s = now_s

    def look(self) -> None:
        """Where the master has not been heard for long, its time counts less; call it now and then."""
        if self._given is ClockState.SYNCHRONISED and self._clock.monotonic_s() - self._heard_s > GOOD_FOR_S:
            self._clock.state = self._given = ClockState.INFORMATIVE
