"""Switching a contactor with its evidence: what every connector does, whatever is plugged in there."""

from __future__ import annotations

from collections.abc import Callable

from cc613_chargepoint.domain.events import StationEvent, StepDone
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613hal.clock import Clock
from cc613hal.errors import CommandFailed, HalError
from cc613hal.interfaces import Contactor, WeldCheck, WeldState

__all__ = ["StepFailed", "Switching"]

_TRIES, _TRY_AGAIN_S = 4, 0.5


class StepFailed(Exception):  # noqa: N818 - it is not an error of the program, the step did not reach its effect
    """A step did not reach its effect; ``fault`` says what that means."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class Switching:
    """The contactor of one connector.

    Args:
        number: of the connector.
        contactor: its contactor.
        weld: tells whether it hangs; ``None`` if nothing can.
        clock: the station's clock.
        tell: where the evidence of every step goes.
        weld_unproven: a contactor of which nothing shows that it is open is believed open.
    """

    def __init__(
        self,
        number: int,
        contactor: Contactor,
        weld: WeldCheck | None,
        clock: Clock,
        tell: Callable[[StationEvent], None],
        *,
        weld_unproven: bool = False,
    ) -> None:
        self._number = number
        self._contactor = contactor
        self._weld = weld
        self._clock = clock
        self._tell = tell
        self._weld_unproven = weld_unproven

    async def weld_check(self, when: str) -> WeldState:
        """See that the contactor does not hang.

        Args:
            when: in which situation, for the record.

        Returns:
            ``CLEAR``, or ``UNKNOWN`` where nothing can tell.

        Raises:
            StepFailed: it hangs.
        """
        if self._weld is None:
            return WeldState.UNKNOWN
        started_s = self._clock.monotonic_s()
        reading = await self._weld.check_weld()
        if reading.state is WeldState.WELDED:
            raise StepFailed(Fault(name=FaultName.CONTACTOR_WELDED, detail=f"contacts hang ({reading.detail or reading.method.value})"))
        verdict = "contacts are open" if reading.state is WeldState.CLEAR else "could not be judged"
        self._done("weld-check", f"{verdict} ({reading.method.value}, {when})", started_s)
        return reading.state

    async def proven_open(self) -> bool:
        """See that the contactor is open, before it closes; where it was opened only just now, mains sense needs a moment.

        Returns:
            Whether that is proven, or believed by configuration where nothing can tell.

        Raises:
            StepFailed: it hangs.
        """
        state = await self.weld_check("before closing")
        for _ in range(_TRIES - 1):
            if state is WeldState.CLEAR or self._weld_unproven:
                break
            await self._clock.sleep(_TRY_AGAIN_S)
            state = await self.weld_check("before closing")
        if state is not WeldState.CLEAR and not self._weld_unproven:
            detail = "nothing shows that its contacts are open; connector.weld_unproven allows that"
            raise StepFailed(Fault(name=FaultName.CONTACTOR_FAILED, detail=detail))
        return True

    async def energise(self) -> None:
        """Close the contactor and see it closed."""
        started_s = self._clock.monotonic_s()
        try:
            result = await self._contactor.switch_on()
        except HalError as error:
            raise StepFailed(Fault(name=FaultName.CONTACTOR_FAILED, detail=error.message)) from error
        proof = "confirmed by feedback" if result.verified else "not confirmed: no feedback is fitted"
        self._done("contactor-on", proof, started_s)

    async def de_energise(self, *, under_load: bool) -> None:
        """Open the contactor and see it open."""
        started_s = self._clock.monotonic_s()
        try:
            result = await self._contactor.switch_off(under_load=under_load)
        except CommandFailed as error:
            raise StepFailed(Fault(name=FaultName.CONTACTOR_WELDED, detail=error.message)) from error
        self._done("contactor-off", "confirmed by feedback" if result.verified else "no feedback is fitted", started_s)

    def _done(self, what: str, detail: str, started_s: float) -> None:
        self._tell(StepDone(connector=self._number, step=what, detail=detail, elapsed_s=self._clock.monotonic_s() - started_s))
