"""Emulated parts of a Bender CC613 board on simulated buses, each with the ways in which it can misbehave.

Where the real wiring is not public the emulation follows this package's reference wiring (README). An emulated part is found under its
device's name in ``plant.parts``, so that a test can break it.
"""

from __future__ import annotations

from cc613hal.plant.contactor import ContactorBody
from cc613hal.plant.emulation import EmulatedInput, EmulationSite, follow_output
from cc613hal.plant.physics import mains_present, pilot_levels
from cc613hal_bender.climate import ClimateOptions
from cc613hal_bender.contactor import ContactorOptions, Feedback
from cc613hal_bender.emulated_converter import converse
from cc613hal_bender.extension import NoOptions
from cc613hal_bender.front_led import FrontLedOptions
from cc613hal_bender.household import HouseholdOptions
from cc613hal_bender.pilot import PilotOptions
from cc613hal_bender.supply import SupplyOptions

__all__ = [
    "EmulatedContactor",
    "EmulatedFrontLed",
    "EmulatedHouseholdSocket",
    "EmulatedInputTerminal",
    "EmulatedPilot",
    "EmulatedRelay",
    "EmulatedSupply",
    "emulate_climate",
    "emulate_contactor",
    "emulate_front_led",
    "emulate_household_socket",
    "emulate_opto_input",
    "emulate_pilot",
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
        """One conversion."""
        return b"\xff" * len(data) if self.absent else converse(data, self._convert)

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


class EmulatedHouseholdSocket:
    """A household socket behind a breaker and a residual current device: either of them, open, takes its mains away.

    ``plugged.hold(...)`` and its like break a contact's wire.
    """

    def __init__(self, site: EmulationSite) -> None:
        self.outlet = site.outlet
        self.plugged = EmulatedInput(site, "plugged")
        self.flap_closed = EmulatedInput(site, "flap_closed", active=True)
        self.breaker_ok = EmulatedInput(site, "breaker_ok", active=True)
        self.rcd_ok = EmulatedInput(site, "rcd_ok", active=True)
        self._mains_v = self.outlet.mains_v.value
        self.outlet.socket_plugged.on(self.plugged.set, now=True)
        self.outlet.flap_closed.on(self.flap_closed.set, now=True)
        self.outlet.breaker_closed.on(self.breaker_ok.set, now=True)
        self.outlet.rcd_closed.on(self.rcd_ok.set, now=True)
        for breaker in (self.outlet.breaker_closed, self.outlet.rcd_closed):
            breaker.on(lambda _: self._feed())

    def _feed(self) -> None:
        """The plant's mains of this outlet, as the breakers leave it."""
        if not (self.outlet.breaker_closed.value and self.outlet.rcd_closed.value):
            self.outlet.mains_v.set((0.0, 0.0, 0.0))
        elif self.outlet.mains_v.value == (0.0, 0.0, 0.0):
            self.outlet.mains_v.set(self._mains_v)


class EmulatedFrontLed:
    """The light as somebody in front of the controller sees it."""

    def __init__(self, site: EmulationSite) -> None:
        self._site = site
        self.seen: list[tuple[bool, bool, bool]] = []
        """Every appearance so far: red, green, blue."""
        for role in ("red", "green", "blue"):
            follow_output(site, role, lambda _: self._look())

    @property
    def colour(self) -> tuple[bool, bool, bool]:
        """Red, green, blue now."""
        red, green, blue = (self._lit(role) for role in ("red", "green", "blue"))
        return red, green, blue

    def _lit(self, role: str) -> bool:
        return self._site.has_line(role) and self._site.watch(role).value != self._site.active_low(role)

    def _look(self) -> None:
        if not self.seen or self.seen[-1] != self.colour:
            self.seen.append(self.colour)


class EmulatedSupply:
    """The supply monitor: good above 10.5 V (inferred), and mains present above 100 V on L1.

    ``power_good.hold(...)`` and ``mains.hold(...)`` break its wires.
    """

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


def emulate_supply(site: EmulationSite, options: SupplyOptions) -> None:  # noqa: ARG001  # every emulator is called alike
    """Put an emulated supply monitor on the device's lines."""
    site.plant.parts[site.device] = EmulatedSupply(site)


def emulate_household_socket(site: EmulationSite, options: HouseholdOptions) -> None:  # noqa: ARG001  # every emulator is called alike
    """Put an emulated household socket on the device's lines."""
    site.plant.parts[site.device] = EmulatedHouseholdSocket(site)


def emulate_front_led(site: EmulationSite, options: FrontLedOptions) -> None:  # noqa: ARG001  # every emulator is called alike
    """Put an emulated status light on the device's lines."""
    site.plant.parts[site.device] = EmulatedFrontLed(site)


def emulate_climate(site: EmulationSite, options: ClimateOptions) -> None:  # noqa: ARG001  # every emulator is called alike
    """Put an emulated heater or fan on the device's line; the cabinet's temperature stays what a test makes it."""
    site.plant.parts[site.device] = EmulatedRelay(site)
