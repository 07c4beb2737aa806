"""A charging session, from authorisation or plug-in to unplug."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from attrs import field, frozen

from cc613_chargepoint.domain.token import Token

__all__ = ["Sample", "SessionRecord"]


@frozen(kw_only=True)
class Sample:
    """One look at the meter during a session.

    Attributes:
        at_s: monotonic time, s.
        power_w: active power towards the vehicle, W.
        current_a: per phase, A.
        register_wh: the meter's import register, Wh.
    """

    at_s: float
    power_w: float
    current_a: tuple[float, ...]
    register_wh: Decimal


@frozen(kw_only=True)
class SessionRecord:
    """A session that ended.

    Attributes:
        number: counted by the station; with a data directory it never repeats.
        connector: where.
        token: who.
        started: wall time the contactor first closed, UTC.
        ended: wall time it last opened, UTC.
        duration_s: between them, on the monotonic clock.
        begin_wh: import register at the start, Wh; ``None`` if the meter could not be read.
        end_wh: import register at the end, Wh; ``None`` if the meter could not be read.
        highest_current_a: highest current of any phase seen by the meter, A.
        samples: how many readings were taken.
        reason: why it ended, in words.
    """

    number: int
    connector: int
    token: Token
    started: datetime
    ended: datetime
    duration_s: float
    begin_wh: Decimal | None
    end_wh: Decimal | None
    highest_current_a: float = field(default=0.0)
    samples: int = 0
    reason: str = ""

    @property
    def energy_wh(self) -> Decimal | None:
        """Energy delivered, from the registers alone; ``None`` if one of them is missing."""
        return None if self.begin_wh is None or self.end_wh is None else self.end_wh - self.begin_wh
