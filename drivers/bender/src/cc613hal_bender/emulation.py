"""Emulated parts of a Bender CC613 board on simulated buses, each with the ways in which it can misbehave.

Where the real wiring is not public the emulation follows this package's reference wiring (README). An emulated part is found under its
device's name in ``plant.parts``, so that a test can break it.
"""

from __future__ import annotations

from cc613hal.plant.contactor import ContactorBody
from cc613hal.plant.emulation import EmulatedInput, EmulationSite, follow_output
from cc613hal.plant.physics import Timer, mains_present, pilot_levels
from cc613hal_bender.contactor import ContactorOptions, Feedback
from cc613hal_bender.extension import NoOptions
from cc613hal_bender.pilot import PilotOptions
from cc613hal_bender.rcd import Rcmb104Options

__all__ = [
    "EmulatedContactor",
    "EmulatedInputTerminal",
    "EmulatedPilot",
    "EmulatedRcmb104",
    "EmulatedRelay",
    "EmulatedSupply",
    "emulate_contactor",
    "emulate_opto_input",
    "emulate_pilot",
    "emulate_rcmb104",
    "emulate_relay",
    "emulate_supply",
]


class EmulatedContactor:
    """Coil relay, main contacts, feedback contact and mains sense. Welding is the plant's: ``outlet.welded``, ``outlet.stuck_open``."""

    def __init__(self, site: EmulationSite, options: ContactorOptions) -> None:
        self.outlet = site.outlet
        self.body = ContactorBody(site.outlet)
        self.mirror = EmulatedInput(site, "mirror")
        """The feedback contact; ``mirror.hold(True)`` sticks it."""
        self.mains_sense = EmulatedInput(site, "mains_sense")
        self._normally_closed = options.feedback is not Feedback.NO
        self.outlet.contacts.on(lambda _: self._settle(), now=True)
        self.outlet.mains_v.on(lambda _: self._settle())
        if site.has_line("coil3"):
            follow_output(site, "coil3", lambda on: self.outlet.phases_selected.set(3 if on else 1))
        else:
            self.outlet.phases_selected.set(options.phases)
        follow_output(site, "coil", self.outlet.coil.set)

    def _settle(self) -> None:
        closed = self.outlet.contacts.value > 0
        self.mirror.set(closed != self._normally_closed)
        self.mains_sense.set(closed and mains_present(self.outlet))


class EmulatedRcmb104:
    """An RCMB104: trips on the plant's residual current after half its longest operating time, releases below its release values,
    and answers the test pulse. Every attribute below can be set to make it misbehave.
    """

    def __init__(self, site: EmulationSite) -> None:
        self.outlet = site.outlet
        self.dead_dc = False
        """The test does not raise DC."""
        self.dead_rms = False
        """The test does not raise RMS."""
        self.sticks = False
        """Outputs stay high once they were raised by a test."""
        self.error_in_test = False
        """The test raises Error, which then stays."""
        self.dc = EmulatedInput(site, "dc")
        """``dc.hold(True)`` is an open wire: the pull-up reads high."""
        self.rms = EmulatedInput(site, "rms")
        self.error = EmulatedInput(site, "error")
        self._dc_high = self._rms_high = self._fault = False
        self._testing = False
        self._pulse_s: float | None = None
        self._dc_timer, self._rms_timer, self._test_timer = Timer(), Timer(), Timer()
        self.outlet.residual_dc_ma.on(lambda _: self._measure())
        self.outlet.residual_rms_ma.on(lambda _: self._measure())
        follow_output(site, "test", self._test_pin)
        self._show()

    def fail(self, failed: bool = True) -> None:
        """A system fault: Error, and with it everything, goes high."""
        self._fault = failed
        self._show()

    def _measure(self) -> None:
        dc, rms = abs(self.outlet.residual_dc_ma.value), self.outlet.residual_rms_ma.value
        if dc >= 6.0 and not self._dc_high:
            self._dc_timer.start(0.5 * (0.12 if dc >= 30.0 else 0.24 if dc >= 12.0 else 0.48), lambda: self._set(dc=True))
        elif dc < 3.0:
            self._dc_timer.cancel()
            self._set(dc=False)
        if rms >= 30.0 and not self._rms_high:
            self._rms_timer.start(0.5 * (0.02 if rms >= 150.0 else 0.07 if rms >= 60.0 else 0.18), lambda: self._set(rms=True))
        elif rms < 12.0:
            self._rms_timer.cancel()
            self._set(rms=False)

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
                self._test_timer.start(0.1, self._test_begins)

    def _test_begins(self) -> None:
        self._testing = True
        self._fault = self._fault or self.error_in_test
        self._show()
        if not self.sticks:
            self._test_timer.start(0.6, self._test_ends)

    def _test_ends(self) -> None:
        self._testing = False
        self._show()

    def _show(self) -> None:
        rms = self._rms_high or self._fault or (self._testing and not self.dead_rms)
        self.error.set(self._fault)
        self.rms.set(rms)
        self.dc.set(self._dc_high or self._rms_high or self._fault or (self._testing and not self.dead_dc))


class EmulatedPilot:
    """Generator, peak detectors, converter and window comparator of the reference wiring; reads the wire when it is asked."""

    def __init__(self, site: EmulationSite, options: PilotOptions) -> None:
        self.outlet = site.outlet
        self.options = options
        self.absent = False
        """The converter is gone: its data line floats."""
        self.pp_ohm: float | None = None
        """Overrides the plant's proximity resistor (a corroded contact)."""
        self.deaf = False
        """The comparator does not move the alert line."""
        self.alert = EmulatedInput(site, "alert")
        self._alert_level = False
        self._fault = False
        self._pwm: tuple[float, float] = (0.0, 0.0)
        follow_output(site, "fault", self._fault_changed)
        site.watch_pwm("pwm").on(self._pwm_changed, now=True)
        outlet = self.outlet
        for signal in (outlet.vehicle_ohm, outlet.cable_ohm):
            signal.on(lambda _: self._toggle())
        for switch in (outlet.vehicle_diode, outlet.pilot_shorted, outlet.pe_connected):
            switch.on(lambda _: self._toggle())

    def transfer(self, data: bytes) -> bytes:
        """One conversion in three segments (Microchip DS21298, section 6.1)."""
        if self.absent:
            return b"\xff" * len(data)
        if len(data) != 3 or data[0] & 0xFE & ~0x01 != 0x06:
            return bytes(len(data))
        code = self._convert((data[0] & 1) << 2 | data[1] >> 6)
        return bytes((0, code >> 8, code & 0xFF))

    def _convert(self, channel: int) -> int:
        options = self.options
        high_v, low_v = pilot_levels(self.outlet)
        if channel == options.cp_high_channel:
            return options.pilot_code(high_v)
        if channel == options.cp_low_channel:
            return options.pilot_code(low_v)
        if channel == options.pp_channel:
            return options.proximity_code(self.outlet.cable_ohm.value if self.pp_ohm is None else self.pp_ohm)
        return 0

    def _pwm_changed(self, pwm: tuple[float, float]) -> None:
        self._pwm = pwm
        self._generate()

    def _fault_changed(self, fault: bool) -> None:
        self._fault = fault
        self._generate()

    def _generate(self) -> None:
        frequency_hz, duty = self._pwm
        if frequency_hz <= 0.0:
            duty = 1.0  # the stage's own resistor holds +12 V while nobody drives it
        self.outlet.pilot_high_v.set(-12.0 if self._fault or duty <= 0.0 else 12.0)
        self.outlet.pilot_duty.set(duty if 0.0 < duty < 1.0 else 1.0)

    def _toggle(self) -> None:
        if not self.deaf:
            self._alert_level = not self._alert_level
            self.alert.set(self._alert_level)


class EmulatedInputTerminal:
    """Terminal In−/In+: ``press(True)`` sends current through the optocoupler."""

    def __init__(self, site: EmulationSite) -> None:
        self.input = EmulatedInput(site, "input")

    def press(self, active: bool) -> None:
        """Switch the current through the optocoupler."""
        self.input.set(active)


class EmulatedRelay:
    """Terminals 13/14: whether the contact is closed."""

    def __init__(self, site: EmulationSite) -> None:
        self.closed = False
        follow_output(site, "coil", self._switch)

    def _switch(self, on: bool) -> None:
        self.closed = on


class EmulatedSupply:
    """The supply monitor: good above 10.5 V (inferred), and mains present above 100 V on L1."""

    threshold_v = 10.5

    def __init__(self, site: EmulationSite) -> None:
        self.power_good = EmulatedInput(site, "power_good", active=True)
        self.mains = EmulatedInput(site, "mains", active=True)
        site.plant.cabinet.supply_v.on(lambda volts: self.power_good.set(volts >= self.threshold_v), now=True)
        outlet = site.outlet
        outlet.mains_v.on(lambda _: self.mains.set(mains_present(outlet)), now=True)


def emulate_contactor(site: EmulationSite, options: ContactorOptions) -> None:
    """Put an emulated contactor on the device's lines."""
    site.plant.parts[site.device] = EmulatedContactor(site, options)


def emulate_rcmb104(site: EmulationSite, options: Rcmb104Options) -> None:  # noqa: ARG001  # its times are the part's, not the driver's
    """Put an emulated RCMB104 on the device's lines."""
    site.plant.parts[site.device] = EmulatedRcmb104(site)


def emulate_pilot(site: EmulationSite, options: PilotOptions) -> None:
    """Put the emulated pilot stage on the device's lines and its converter on the device's bus."""
    pilot = EmulatedPilot(site, options)
    site.plant.parts[site.device] = pilot
    site.attach_spi(pilot)


def emulate_opto_input(site: EmulationSite, options: NoOptions) -> None:  # noqa: ARG001  # every emulator is called alike
    """Put an emulated input terminal on the device's line."""
    site.plant.parts[site.device] = EmulatedInputTerminal(site)


def emulate_relay(site: EmulationSite, options: NoOptions) -> None:  # noqa: ARG001  # every emulator is called alike
    """Put an emulated relay on the device's line."""
    site.plant.parts[site.device] = EmulatedRelay(site)


def emulate_supply(site: EmulationSite, options: NoOptions) -> None:  # noqa: ARG001  # every emulator is called alike
    """Put an emulated supply monitor on the device's lines."""
    site.plant.parts[site.device] = EmulatedSupply(site)
