"""What lights, display and sounder have to say about each connector, gathered from the station's news."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from attrs import define, field

from cc613_chargepoint.domain.events import (
    ChargingEnded,
    Decided,
    FaultCleared,
    FaultRaised,
    Offered,
    Sampled,
    StateChanged,
    StationEvent,
)
from cc613_chargepoint.domain.fault import Fault, Severity
from cc613hal.clock import Clock

__all__ = ["TEXT_OF", "Condition", "Conditions"]

TEXT_OF: Mapping[str, str] = {
    "available": "free",
    "authorised": "authorised",
    "connected": "authorising",
    "unclaimed": "unclaimed",
    "starting": "starting",
    "ready": "ready",
    "energising": "starting",
    "charging": "charging",
    "paused": "paused",
    "stopping": "stopping",
    "refusing": "stopping",
    "held": "held",
    "finishing": "finished",
    "faulted": "out-of-order",
}
"""The word of the texts for each state of a connector."""


@define
class Condition:
    """One connector, as a customer may know it.

    Attributes:
        connector: its number.
        state: word of its state.
        power_w: drawn now, W.
        energy_wh: delivered in this session, Wh.
        current_a: the highest of the phases, A.
        offer_a: what the vehicle may draw, A per phase.
        limit: whose limit that is.
        faults: what stands and stops it, oldest first.
        refused_s: when a card was refused last, on the monotonic clock.
        reason: why it was refused.
    """

    connector: int
    state: str = "available"
    power_w: float = 0.0
    energy_wh: float = 0.0
    current_a: float = 0.0
    offer_a: float = 0.0
    limit: str = ""
    faults: list[Fault] = field(factory=list[Fault])
    refused_s: float = float("-inf")
    reason: str = ""

    def values(self, language: str) -> dict[str, str]:
        """For the braces of a text.

        Args:
            language: of the fault's text: German for ``de``, else English.
        """
        kind = self.faults[-1].name.kind if self.faults else None
        fault = "" if kind is None else kind.de if language == "de" else kind.en
        return {
            "connector": str(self.connector),
            "power_kw": f"{self.power_w / 1000:.1f}",
            "energy_kwh": f"{self.energy_wh / 1000:.2f}",
            "current_a": f"{self.current_a:.1f}",
            "offer_a": f"{self.offer_a:.0f}",
            "limit": self.limit,
            "fault": fault,
            "reason": self.reason,
        }


class Conditions:
    """Of every connector.

    Args:
        connectors: their numbers.
        clock: the station's clock.
        rejected_s: how long a refused card is shown, s.
    """

    def __init__(self, connectors: Iterable[int], clock: Clock, *, rejected_s: float = 2.0) -> None:
        self._clock = clock
        self.rejected_s = rejected_s
        self.of = {number: Condition(number) for number in connectors}
        self._watchers: list[asyncio.Event] = []
        self._readers: list[asyncio.Event] = []

    def watch(self, *, figures: bool) -> asyncio.Event:
        """An event that is set with every change; whoever asked for it clears it.

        Args:
            figures: also when only power, energy or an offer change, as they do every second of a charge.
        """
        changed = asyncio.Event()
        (self._readers if figures else self._watchers).append(changed)
        return changed

    def touch(self) -> None:
        """Have everything shown again: settings may have changed."""
        for changed in (*self._watchers, *self._readers):
            changed.set()

    def hear(self, news: StationEvent) -> None:
        """Take note of what happened."""
        if isinstance(news, Sampled | Offered):
            if self._readers and (one := self.of.get(news.connector)) is not None:
                self._take(one, news)
                for changed in self._readers:
                    changed.set()
            return
        here = [self.of[news.connector]] if news.connector in self.of else list(self.of.values()) if news.connector == 0 else []
        taken = [self._take(each, news) for each in here]
        if any(taken):
            self.touch()

    def _take(self, here: Condition, news: StationEvent) -> bool:
        match news:
            case StateChanged(after=after):
                here.state = after
                if after in {"available", "authorised"}:
                    here.power_w = here.energy_wh = here.current_a = 0.0
            case Sampled(sample=sample):
                here.power_w, here.energy_wh, here.current_a = sample.power_w, news.energy_wh, max(sample.current_a, default=0.0)
            case Offered(offer=offer):
                here.offer_a, here.limit = offer.current_a, offer.source
            case ChargingEnded(record=record):
                here.power_w, here.current_a = 0.0, 0.0
                here.energy_wh = here.energy_wh if record.energy_wh is None else float(record.energy_wh)
            case FaultRaised(fault=fault) if fault.name.kind.severity is not Severity.WARNING:
                here.faults.append(fault)
            case FaultCleared(fault=fault):
                here.faults = [each for each in here.faults if each.name is not fault.name]
            case Decided(verdict=verdict) if not verdict.accepted:
                here.refused_s = self._clock.monotonic_s()
                here.reason = verdict.reasons[-1] if verdict.reasons else ""
            case _:
                return False
        return True

    def refused(self, lasting_s: float | None = None) -> Condition | None:
        """Where a refused card is to be shown now.

        Args:
            lasting_s: for how long, s; by default as long as is set.
        """
        left_s = self.refused_for_s(lasting_s)
        if left_s is None:
            return None
        return max(self.of.values(), key=lambda each: each.refused_s)

    def refused_for_s(self, lasting_s: float | None = None) -> float | None:
        """How long a refused card is still to be shown, s; ``None`` if none is.

        Args:
            lasting_s: see :meth:`refused`.
        """
        last_s = max((each.refused_s for each in self.of.values()), default=float("-inf"))
        left_s = last_s + (self.rejected_s if lasting_s is None else lasting_s) - self._clock.monotonic_s()
        return left_s if left_s > 0.0 else None
