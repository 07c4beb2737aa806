"""Suites of control pilot and proximity pilot (IEC 61851-1)."""

from __future__ import annotations

import pytest

from cc613hal.errors import CommandFailed, ConfigError
from cc613hal.interfaces import CableState, ControlPilot, PilotOutput, PilotState, ProximityPilot
from cc613hal.testing.conformance.base import Bench, Suite, eventually, scenario

__all__ = ["ControlPilotSuite", "ProximityPilotSuite"]

_OHM = {PilotState.A: None, PilotState.B: 2740.0, PilotState.C: 882.0, PilotState.D: 246.0}
"""What a vehicle puts between pilot and PE: 2740 Ω, with 1300 Ω (C) or 270 Ω (D) in parallel (SAE J1772, as on openevse.com)."""
_AMPERES = {1500.0: 13.0, 680.0: 20.0, 220.0: 32.0, 100.0: 63.0}
"""Resistor of the plug to the cable's rating (IEC 61851-1, as on Wikipedia's page "Type 2 connector")."""


async def _state(pilot: ControlPilot, wanted: PilotState) -> bool:
    return (await pilot.read()).state is wanted


class ControlPilotSuite(Suite):
    """A pilot that tells the vehicle's state from the levels."""

    capability = "ControlPilot"

    @scenario
    async def test_every_state_of_a_vehicle_is_seen(self, bench: Bench) -> None:
        pilot: ControlPilot = bench.device
        for wanted, ohm in _OHM.items():
            bench.plant.outlet(1).vehicle_ohm.set(ohm)
            assert await eventually(lambda wanted=wanted: _state(pilot, wanted), bench), f"{ohm} Ω must read as {wanted.value}"  # type: ignore[misc]  # the default binds the loop's value

    @scenario
    async def test_states_are_seen_under_pwm_too(self, bench: Bench) -> None:
        pilot: ControlPilot = bench.device
        bench.plant.outlet(1).vehicle_ohm.set(_OHM[PilotState.C])
        await pilot.offer(26.7)
        assert await eventually(lambda: _state(pilot, PilotState.C), bench)
        reading = await pilot.read()
        assert reading.output is PilotOutput.PWM
        assert reading.duty_percent == pytest.approx(26.7, abs=0.5)
        assert bench.plant.outlet(1).pilot_duty.value == pytest.approx(0.267, abs=0.005)

    @scenario
    async def test_a_short_is_an_error_and_a_fault_is_not_available(self, bench: Bench) -> None:
        pilot: ControlPilot = bench.device
        bench.plant.outlet(1).pilot_shorted.set(True)
        assert await eventually(lambda: _state(pilot, PilotState.E), bench)
        bench.plant.outlet(1).pilot_shorted.set(False)
        await pilot.fault()
        assert (await pilot.read()).output is PilotOutput.FAULT
        assert await eventually(lambda: _state(pilot, PilotState.F), bench)

    @scenario
    async def test_impossible_duty_cycles_are_refused_and_change_nothing(self, bench: Bench) -> None:
        pilot: ControlPilot = bench.device
        await pilot.offer(50.0)
        for duty in (0.0, 2.9, 97.1, 200.0):
            with pytest.raises(ConfigError):
                await pilot.offer(duty)
        assert (await pilot.read()).duty_percent == pytest.approx(50.0, abs=0.5)

    @scenario
    async def test_the_diode_is_proven_only_under_pwm(self, bench: Bench) -> None:
        pilot: ControlPilot = bench.device
        bench.plant.outlet(1).vehicle_ohm.set(_OHM[PilotState.B])
        await pilot.steady()
        with pytest.raises(CommandFailed):
            await pilot.check_diode()
        await pilot.offer(50.0)
        await bench.board.clock.sleep(1.0)
        assert await pilot.check_diode()
        bench.plant.outlet(1).vehicle_diode.set(False)
        await bench.board.clock.sleep(1.0)
        assert not await pilot.check_diode()


class ProximityPilotSuite(Suite):
    """A proximity pilot for which a fault is not "no cable"."""

    capability = "ProximityPilot"

    @scenario
    async def test_every_cable_is_told_by_its_resistor(self, bench: Bench) -> None:
        pilot: ProximityPilot = bench.device
        for ohm, amperes in _AMPERES.items():
            bench.plant.outlet(1).cable_ohm.set(ohm)
            await bench.board.clock.sleep(1.0)
            reading = await pilot.read_cable()
            assert (reading.cable, reading.ampacity_a) == (CableState.CABLE, amperes)

    @scenario
    async def test_no_cable_and_a_short_are_told_apart(self, bench: Bench) -> None:
        pilot: ProximityPilot = bench.device
        bench.plant.outlet(1).cable_ohm.set(None)
        await bench.board.clock.sleep(1.0)
        assert (await pilot.read_cable()).cable is CableState.NO_CABLE
        bench.plant.outlet(1).cable_ohm.set(0.0)
        await bench.board.clock.sleep(1.0)
        shorted = await pilot.read_cable()
        assert (shorted.cable, shorted.ampacity_a) == (CableState.FAULT, None)
