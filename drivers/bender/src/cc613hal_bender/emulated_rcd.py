"""Emulated RCMB104 modules, with the ways in which they can misbehave."""

from __future__ import annotations

from cc613hal.plant.emulation import EmulatedInput, EmulationSite, follow_output
from cc613hal.plant.physics import Timer
from cc613hal_bender.emulated_converter import converse
from cc613hal_bender.rcd import Rcmb104Options
from cc613hal_bender.rcd_measuring import MeasuringOptions
from cc613hal_bender.trip_times import dc_operating_s, rms_operating_s

__all__ = ["EmulatedMeasuring", "EmulatedRcmb104", "emulate_measuring", "emulate_rcmb104"]


class EmulatedRcmb104:
    """An RCMB104: trips on the plant's residual current after half its longest operating time, releases below its release values,
    and answers the test pulse. Every attribute below can be set to make it misbehave.
    """

    def __init__(self, site: EmulationSite) -> None:
        self.outlet = site.outlet
        self.share = 0.5
        """Share of its longest published operating times that it takes; 1 is the slowest module the manual allows."""
        self.release_dc_ma = 3.0
        """Below this direct current DC goes low again, mA (manual: I∆n1 < 3 mA)."""
        self.release_rms_ma = 12.0
        """Below this alternating current RMS goes low again, mA (manual: I∆n2 < 12 mA)."""
        self.dead_dc = False
        """The test does not raise DC."""
        self.dead_rms = False
        """The test does not raise RMS."""
        self.rms_late_s = 0.0
        """The test raises RMS so long after DC, s; negative for before."""
        self.sticks = False
        """Outputs stay high once they were raised by a test."""
        self.error_in_test = False
        """The test raises Error, which then stays."""
        self.dc = EmulatedInput(site, "dc")
        """``dc.hold(True)`` is an open wire: the pull-up reads high."""
        self.rms = EmulatedInput(site, "rms")
        self.error = EmulatedInput(site, "error")
        self._dc_high = self._rms_high = self._fault = False
        self._dc_due_s = self._rms_due_s = float("inf")
        self._test_dc = self._test_rms = False
        self._pulse_s: float | None = None
        self._dc_timer, self._rms_timer = Timer(), Timer()
        self._first_timer, self._second_timer, self._end_timer = Timer(), Timer(), Timer()
        self.outlet.residual_dc_ma.on(lambda _: self._measure_dc())
        self.outlet.residual_rms_ma.on(lambda _: self._measure_rms())
        follow_output(site, "test", self._test_pin)
        self._show()

    def fail(self, failed: bool = True) -> None:
        """A system fault: Error, and with it everything, goes high."""
        self._fault = failed
        self._show()

    def _measure_dc(self) -> None:
        """A current that grows trips no later than it would have; one that falls below the threshold is forgotten."""
        current_ma = abs(self.outlet.residual_dc_ma.value)
        operating_s = dc_operating_s(current_ma)
        if operating_s is None:
            self._dc_timer.cancel()
            self._dc_due_s = float("inf")
            if current_ma < self.release_dc_ma:
                self._set(dc=False)
        elif not self._dc_high:
            now_s = self.outlet.clock.monotonic_s()
            self._dc_due_s = min(self._dc_due_s, now_s + self.share * operating_s)
            self._dc_timer.start(self._dc_due_s - now_s, lambda: self._set(dc=True))

    def _measure_rms(self) -> None:
        current_ma = self.outlet.residual_rms_ma.value
        operating_s = rms_operating_s(current_ma)
        if operating_s is None:
            self._rms_timer.cancel()
            self._rms_due_s = float("inf")
            if current_ma < self.release_rms_ma:
                self._set(rms=False)
        elif not self._rms_high:
            now_s = self.outlet.clock.monotonic_s()
            self._rms_due_s = min(self._rms_due_s, now_s + self.share * operating_s)
            self._rms_timer.start(self._rms_due_s - now_s, lambda: self._set(rms=True))

    def _set(self, *, dc: bool | None = None, rms: bool | None = None) -> None:
        self._dc_high = self._dc_high if dc is None else dc
        self._rms_high = self._rms_high if rms is None else rms
        self._show()

    def _test_pin(self, pulled: bool) -> None:
        if pulled:
            self._pulse_s = self.outlet.clock.monotonic_s()
        elif self._pulse_s is not None:
            length_s, self._pulse_s = self.outlet.clock.monotonic_s() - self._pulse_s, None
            if 0.029 <= length_s <= 1.21:  # the manual's 30 ms to 1.2 s
                begins_s = 0.1 + max(-self.rms_late_s, 0.0)
                self._first_timer.start(begins_s, self._test_dc_rises)
                self._second_timer.start(begins_s + self.rms_late_s, self._test_rms_rises)

    def _test_dc_rises(self) -> None:
        self._test_dc = not self.dead_dc
        self._fault = self._fault or self.error_in_test
        self._show()
        if not self.sticks:
            self._end_timer.start(0.6 + max(self.rms_late_s, 0.0), self._test_ends)

    def _test_rms_rises(self) -> None:
        self._test_rms = not self.dead_rms
        self._show()

    def _test_ends(self) -> None:
        self._test_dc = self._test_rms = False
        self._show()

    def _show(self) -> None:
        self.error.set(self._fault)
        self.rms.set(self._rms_high or self._fault or self._test_rms)
        self.dc.set(self._dc_high or self._rms_high or self._fault or self._test_dc)


class EmulatedMeasuring(EmulatedRcmb104):
    """An RCMB104 whose two measured values a converter reads, as the options wire it."""

    def __init__(self, site: EmulationSite, options: MeasuringOptions) -> None:
        super().__init__(site)
        self.options = options
        self.absent = False
        """The converter is gone: its data line floats."""
        self.rail: int | None = None
        """Both channels read this code: a broken wire."""

    def transfer(self, data: bytes) -> bytes:
        """One conversion."""
        return b"\xff" * len(data) if self.absent else converse(data, self._code)

    def _code(self, channel: int) -> int:
        if self.rail is not None:
            return self.rail
        if channel == self.options.dc_channel:
            return self.options.dc_code(self.outlet.residual_dc_ma.value)
        return self.options.rms_code(self.outlet.residual_rms_ma.value) if channel == self.options.rms_channel else 0


def emulate_rcmb104(site: EmulationSite, options: Rcmb104Options) -> None:  # noqa: ARG001  # its times are the part's, not the driver's
    """Put an emulated RCMB104 on the device's lines."""
    site.plant.parts[site.device] = EmulatedRcmb104(site)


def emulate_measuring(site: EmulationSite, options: MeasuringOptions) -> None:
    """Put an emulated RCMB104 on the device's lines, and a converter with its measured values on the device's bus."""
    module = EmulatedMeasuring(site, options)
    site.plant.parts[site.device] = module
    site.attach_spi(module)
