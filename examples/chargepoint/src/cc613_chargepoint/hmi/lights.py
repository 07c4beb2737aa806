"""From the state of connectors to a pattern on the lights."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping

from attrs import evolve

from cc613_chargepoint.hmi.condition import Conditions
from cc613hal.interfaces import Colour, Indicator, Motion, Pattern

__all__ = ["PATTERN_OF", "FrontLight", "Lights"]

_log = logging.getLogger(__name__)

PATTERN_OF: Mapping[str, str] = {
    "available": "free",
    "authorised": "authorised",
    "connected": "authorising",
    "unclaimed": "authorised",
    "starting": "authorised",
    "ready": "authorised",
    "energising": "charging",
    "charging": "charging",
    "paused": "authorised",
    "stopping": "charging",
    "refusing": "charging",
    "held": "authorising",
    "finishing": "authorised",
    "faulted": "out-of-order",
}
"""The word of the light language for each state of a connector."""

_FIRST = ("authorising", "authorised", "charging", "free", "out-of-order")
"""Which word lights for several connectors show: whoever has a customer at hand, then what can be used."""


class _Shown(ABC):
    """A light that is kept current; a broken one never disturbs a charge: its health tells."""

    def __init__(self, name: str, indicator: Indicator, conditions: Conditions) -> None:
        self._name, self._indicator, self._conditions = name, indicator, conditions
        self._changed = conditions.watch(figures=False)
        self._lost = False

    @abstractmethod
    def wanted(self) -> Pattern:
        """What is to be shown now."""

    @property
    def _refusal_s(self) -> float | None:
        """How long this light shows a refused card, s; ``None`` for as long as is set."""
        return None

    async def run(self) -> None:
        """Keep the lights current until cancelled."""
        shown: Pattern | None = None
        while True:
            self._changed.clear()
            if (pattern := self.wanted()) != shown:
                await self._show(pattern)
                shown = pattern
            try:
                async with asyncio.timeout(self._conditions.refused_for_s(self._refusal_s)):
                    await self._changed.wait()
            except TimeoutError:  # the refused card has been shown long enough
                continue

    async def _show(self, pattern: Pattern) -> None:
        try:
            await self._indicator.show(pattern)
        except Exception as error:  # noqa: BLE001 - whatever its driver raises, it ends no charge
            if not self._lost:  # once, however often the state changes meanwhile; the driver shows the last one when it is back
                _log.warning("%s: the lights cannot be changed: %s", self._name, error)
            self._lost = True
        else:
            self._lost = False


class Lights(_Shown):
    """Shows the state of one connector, or of all on the same lights, and a refused card for a moment.

    Args:
        name: of the device.
        indicator: the lights.
        patterns: state word → pattern.
        conditions: of the connectors that these lights are for.
    """

    def __init__(self, name: str, indicator: Indicator, patterns: Mapping[str, Pattern], conditions: Conditions) -> None:
        super().__init__(name, indicator, conditions)
        self._patterns = patterns
        self.brightness = 1.0
        """How bright they are, 0 to 1."""
        self.blinks = 0
        """How often they blink for a refused card; 0: for as long as it is shown."""

    @property
    def _refusal_s(self) -> float | None:
        pattern = self._patterns["rejected"]
        return self.blinks * pattern.period_s if self.blinks and pattern.motion is Motion.BLINK else None

    def wanted(self) -> Pattern:
        """What is to be shown now."""
        if self._conditions.refused(self._refusal_s) is not None:
            return self._dimmed(self._patterns["rejected"])
        words = {PATTERN_OF[each.state] for each in self._conditions.of.values()}
        return self._dimmed(self._patterns[next(word for word in _FIRST if word in words)])

    def _dimmed(self, pattern: Pattern) -> Pattern:
        share = self.brightness
        if share >= 1.0:
            return pattern
        return evolve(pattern, colours=tuple(Colour(each.red * share, each.green * share, each.blue * share) for each in pattern.colours))


class FrontLight(_Shown):
    """Shows the state of the controller on a light of its own: ready, or something is wrong.

    Args:
        name: of the device.
        indicator: the light.
        patterns: state word → pattern.
        conditions: of every connector.
    """

    def __init__(self, name: str, indicator: Indicator, patterns: Mapping[str, Pattern], conditions: Conditions) -> None:
        super().__init__(name, indicator, conditions)
        self._patterns = patterns

    def wanted(self) -> Pattern:
        """What is to be shown now."""
        wrong = any(each.state == "faulted" for each in self._conditions.of.values())
        return self._patterns["system-error" if wrong else "ready"]
