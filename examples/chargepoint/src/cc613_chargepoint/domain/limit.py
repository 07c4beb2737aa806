"""Current limits: each with a source, its phases, how long it counts and what then; the smallest valid one wins and is named."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from attrs import field, frozen

__all__ = [
    "ALL_PHASES", "BACKEND", "CABLE", "ENERGY_MANAGER", "GRID_OPERATOR", "HARDWARE", "INSTALLATION", "ISO15118", "LOAD_MANAGEMENT",
    "MIN_OFFER_A", "MODBUS", "OPERATOR", "SELF_TEST", "SIMPLIFIED_PILOT", "Limit", "Offer", "effective",
]  # fmt: skip

MIN_OFFER_A = 6.0
"""Below this there is no duty cycle: less means pause (IEC 61851-1 Annex A)."""

HARDWARE = "hardware"
"""What the controller, its contactor and its wires bear."""
INSTALLATION = "installation"
"""What the installer allows."""
OPERATOR = "operator"
"""What the operator allows."""
CABLE = "cable"
"""What the plugged cable may carry."""
LOAD_MANAGEMENT = "load management"
"""What a group of stations leaves for this one."""
BACKEND = "backend profile"
"""What a charging profile of a backend says now."""
ENERGY_MANAGER = "energy manager"
"""What the energy manager of a building says."""
GRID_OPERATOR = "grid operator"
"""What whoever runs the grid says."""
MODBUS = "Modbus"
"""What a Modbus client wrote."""
ISO15118 = "ISO 15118"
"""What vehicle and station agreed on."""

SIMPLIFIED_PILOT = "simplified pilot"
"""What a vehicle without state B is allowed."""
SELF_TEST = "residual current self-test"
"""A charge pauses for the test of its monitor."""

ALL_PHASES = (1, 2, 3)
"""L1, L2, L3."""


def _current(limit: Limit, _attribute: object, current_a: float) -> None:
    if not (math.isfinite(current_a) and current_a >= 0.0):
        raise ValueError(f"a limit of {current_a} A by {limit.source} makes no sense")


def _currents(limit: Limit, _attribute: object, currents_a: tuple[float, ...] | None) -> None:
    if currents_a is None:
        return
    if not 1 <= len(currents_a) <= len(ALL_PHASES):
        raise ValueError(f"{limit.source} limits {len(currents_a)} phases; there are one to three")
    if any(not (math.isfinite(each) and each >= 0.0) for each in currents_a):
        raise ValueError(f"limits of {currents_a} A by {limit.source} make no sense")


def _phases(limit: Limit, _attribute: object, phases: int | None) -> None:
    if phases not in {None, 1, 3}:
        raise ValueError(f"{limit.source} allows {phases} phases; a charge has 1 or 3")


@frozen(kw_only=True)
class Limit:
    """A current limit.

    Attributes:
        source: who sets it, as web, log and people shall read it.
        current_a: per phase, A.
        until_s: monotonic time when it ends; ``None`` for no end.
        per_phase_a: what each phase may carry where they differ, A, in the order L1, L2, L3 as the connector is wired; a phase that is not
            named may carry ``current_a``. Never more than ``current_a`` counts.
        phases: how many phases may be used, 1 or 3; ``None`` for as many as there are. Where the board cannot choose it stays a wish.
        then_a: what counts from the end on, until the source speaks again, A per phase: its fail-safe value. ``None``: nothing of it.
        failsafe: this is that fail-safe value.

    Raises:
        ValueError: a current that is negative or no number, or a number of phases that no charge has.
    """

    source: str
    current_a: float = field(validator=_current)
    until_s: float | None = None
    per_phase_a: tuple[float, ...] | None = field(default=None, validator=_currents)
    phases: int | None = field(default=None, validator=_phases)
    then_a: float | None = None
    failsafe: bool = False

    @property
    def named(self) -> str:
        """The source, and that it is silent if it is."""
        return f"{self.source} (silent: fail-safe)" if self.failsafe else self.source

    def valid_at(self, now_s: float) -> bool:
        """Whether it still counts."""
        return self.until_s is None or now_s < self.until_s

    def on(self, phases: Collection[int] = ALL_PHASES) -> float:
        """The current it leaves a vehicle that draws the same from each of these phases, A per phase.

        Args:
            phases: in use, 1 to 3.
        """
        each = self.per_phase_a or ()
        return min((self.current_a, *(each[phase - 1] for phase in phases if phase <= len(each))))

    def fallen(self) -> Limit | None:
        """What is left of it when its time is over."""
        if self.then_a is None:
            return None
        return Limit(source=self.source, current_a=self.then_a, phases=self.phases, failsafe=True)


@frozen(kw_only=True)
class Offer:
    """What the vehicle may draw.

    Attributes:
        current_a: per phase, A; 0 for a pause.
        source: whose limit it is.
        phases: how many phases it may use; ``None`` for as many as there are.
    """

    current_a: float
    source: str
    phases: int | None = None

    @property
    def pauses(self) -> bool:
        """Too little to be offered."""
        return self.current_a < MIN_OFFER_A


def effective(limits: Iterable[Limit], now_s: float, phases: Collection[int] = ALL_PHASES) -> Offer:
    """The smallest valid limit and who set it. Without any, nothing is offered: a station that knows no limit has none to give.

    Args:
        limits: all that were set.
        now_s: monotonic time, s.
        phases: in use, 1 to 3; what a limit says of others does not count.
    """
    valid = [limit for limit in limits if limit.valid_at(now_s)]
    if not valid:
        return Offer(current_a=0.0, source="no valid limit")
    smallest = min(valid, key=lambda limit: limit.on(phases))
    fewest = min((limit.phases for limit in valid if limit.phases is not None), default=None)
    return Offer(current_a=smallest.on(phases), source=smallest.named, phases=fewest)
