"""Changing between one and three phases in a session: pause, wait, choose, go on; never under load, and not as often as anybody likes."""

from __future__ import annotations

from collections.abc import Callable

from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.limits import LimitBook
from cc613hal.clock import Clock
from cc613hal.errors import HalError, SafetyRefused, Unsupported
from cc613hal.interfaces import PhaseSwitching

__all__ = ["PHASE_CHANGE", "PhaseChanger"]

PHASE_CHANGE = "phase change"
"""Source name of the limit that pauses a charge while its phases are changed."""


class PhaseChanger:
    """Changes the phases of one connector.

    Args:
        part: the contactor pair; ``None`` where the board has one contactor only.
        limits: of the connector.
        clock: the station's clock.
        settings: the connector's.
        is_off: whether the contactor is off.
    """

    def __init__(
        self, part: PhaseSwitching | None, limits: LimitBook, clock: Clock, settings: ConnectorSettings, *, is_off: Callable[[], bool]
    ) -> None:
        self._part, self._limits, self._clock, self._settings, self._is_off = part, limits, clock, settings, is_off
        self._left = settings.phase_budget

    @property
    def phases(self) -> int | None:
        """The phases of the next switch-on; ``None`` where the board cannot choose."""
        return None if self._part is None else self._part.phases

    def check(self, phases: int) -> None:
        """Whether a change is allowed now.

        Raises:
            ValueError: neither 1 nor 3.
            Unsupported: the board has one contactor only.
            SafetyRefused: not allowed by configuration, or the session's budget is used up.
        """
        if phases not in {1, 3}:
            raise ValueError(f"1 or 3 phases can be chosen, not {phases}")
        if self._part is None:
            raise Unsupported("this connector has one contactor for all phases", hint="a board with a second contactor can choose phases")
        if not self._settings.phase_switching:
            raise SafetyRefused("phases are not changed in a session", hint="allow it in the settings where every vehicle bears it")
        if self._part.phases != phases and self._left <= 0:
            raise SafetyRefused(
                f"the phases were changed {self._settings.phase_budget} times in this session", hint="it is possible again in the next one"
            )

    def allowed(self, phases: int) -> bool:
        """Whether a change is allowed now."""
        try:
            self.check(phases)
        except (ValueError, HalError):
            return False
        return True

    async def prepare(self, phases: int) -> None:
        """Choose before a charge begins: no vehicle draws yet, so it costs neither pause nor budget."""
        if self._part is not None and self._part.phases != phases:
            await self._part.select_phases(phases)

    async def change(self, phases: int) -> bool:
        """Pause, change, and let the charge go on; returns whether anything had to be changed.

        Raises:
            SafetyRefused: see :meth:`check`; also where the contactor closed in between.
            Unsupported: see :meth:`check`.
        """
        self.check(phases)
        if self._part is None or self._part.phases == phases:
            return False
        self._left -= 1
        self._limits.set(PHASE_CHANGE, 0.0)
        try:
            while not self._is_off():
                await self._clock.sleep(0.1)
            await self._clock.sleep(self._settings.phase_pause_s)
            await self._part.select_phases(phases)
        finally:
            self._limits.withdraw(PHASE_CHANGE)
        return True

    def start_over(self) -> None:
        """Another session: the whole budget again."""
        self._left = self._settings.phase_budget
