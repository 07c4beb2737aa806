"""The world around a simulated station, which carries out actions."""

from __future__ import annotations

import asyncio
import difflib
import math
from collections.abc import Callable
from typing import Any

from cc613_chargepoint.domain.events import StationEvent
from cc613_chargepoint.facade import Facade, Refused
from cc613_chargepoint.facade.commands import Answer, Command, Done
from cc613_chargepoint.settings import Actor
from cc613_chargepoint.simulating.actions import (
    ACTIONS,
    FAULTS,
    Break,
    Drive,
    Look,
    Note,
    Park,
    Plug,
    Tap,
    Unplug,
    Wait,
    Weather,
)
from cc613hal.errors import HalError, NotOnBoard
from cc613hal.events import Events, Subscription
from cc613hal.plant import FieldCard, Outlet, Simulation
from cc613hal.plant.vehicle import Vehicle

__all__ = ["World", "simulation_facade"]

_CABLE_OHM = {13: 1500.0, 20: 680.0, 32: 220.0, 63: 100.0, 0: None}
"""Proximity resistors of IEC 61851-1 table B.2; none for a cable that is fixed to the station."""
_HOUSEHOLD_A = 10.0
"""What is plugged into a household socket draws at most."""
_FREE_MM, _TAKEN_MM = 6000.0, 900.0
_MAINS_V = (230.0, 230.0, 230.0)


class World:
    """Carries out actions on the plant of a simulation.

    Args:
        simulation: entered.
        state_of: the word of a connector's state.
        tell: where the story of what happens is told.
    """

    def __init__(self, simulation: Simulation, state_of: Callable[[int], str], tell: Callable[[str], None]) -> None:
        self._simulation, self._state_of, self._tell = simulation, state_of, tell
        self._plant, self._clock = simulation.plant, simulation.clock
        self._vehicles: dict[int, Vehicle] = {}
        self._drawing: dict[int, Subscription] = {}
        self._carry_out: dict[type[Command], Callable[[Any], Any]] = {
            Look: self._look,
            Note: lambda action: action.text,
            Park: self._park,
            Tap: self._tap,
            Plug: self._plug,
            Unplug: self._unplug,
            Drive: self._drive,
            Break: self._break,
            Weather: self._weather,
            Wait: self._wait,
        }

    async def do(self, action: Command) -> str:
        """Carry out an action; what happened, in words.

        Raises:
            Refused: it cannot be done.
        """
        try:
            done = self._carry_out[type(action)](action)
            said: str = await done if asyncio.iscoroutine(done) else done
        except RuntimeError as error:
            if isinstance(error, HalError):
                raise
            raise Refused(str(error), hint="unplug --force breaks the lock" if "locked" in str(error) else "") from error
        if not isinstance(action, Look | Tap | Wait):
            self._tell(said)
        return said

    def _outlet(self, number: int) -> Outlet:
        known = self._connectors()
        if number not in known:
            raise Refused(f"there is no connector {number}", hint=f"there is: {', '.join(map(str, known))}")
        return self._plant.outlet(number)

    def _connectors(self) -> list[int]:
        return sorted(self._simulation.description.connectors)

    # -- people and vehicles ------------------------------------------------------------------------------------------------------------

    def _park(self, action: Park) -> str:
        self._plant.cabinet.bay_distance_mm.set(_FREE_MM if action.leave else _TAKEN_MM)
        return "the bay is empty" if action.leave else "a vehicle parks"

    async def _tap(self, action: Tap) -> str:
        try:
            uid = bytes.fromhex(action.card)
        except ValueError:
            uid = b""
        if len(uid) not in {4, 7, 10}:
            raise Refused(f"{action.card!r} is no identifier of a card", hint="4, 7 or 10 bytes in hexadecimal, as 04A2B3C4D5E680")
        if not 0.05 <= action.hold_s <= 600.0:
            raise Refused("a card is held for 0.05 to 600 s")
        self._tell(f"somebody holds card {action.card.upper()} to the reader")
        self._plant.cabinet.cards.set((FieldCard(uid=uid, sak=0x00, atqa=0x0044),))
        try:
            await self._clock.sleep(action.hold_s)
        finally:
            self._plant.cabinet.cards.set(())
        return f"card {action.card.upper()} was held to the reader for {action.hold_s:g} s"

    def _plug(self, action: Plug) -> str:
        outlet = self._outlet(action.connector)
        if self._is_household(action.connector):
            if outlet.socket_plugged.value:
                raise Refused(f"outlet {action.connector} is taken")
            outlet.socket_plugged.set(True)
            drawn_a = min(action.max_current_a, _HOUSEHOLD_A)
            self._drawing[action.connector] = outlet.contacts.on(
                lambda closed: outlet.current_a.set((drawn_a if closed and outlet.socket_plugged.value else 0.0, 0.0, 0.0))
            )
            return f"a plug is put into household socket {action.connector}"
        if action.cable_a not in _CABLE_OHM:
            raise Refused(f"there is no cable of {action.cable_a} A", hint="13, 20, 32 or 63 A, or 0 for the station's own")
        if not 1 <= action.phases <= 3:
            raise Refused("a vehicle has 1 to 3 phases")
        vehicle = Vehicle(
            outlet,
            phases=action.phases,
            max_current_a=action.max_current_a,
            battery_wh=action.battery_wh,
            ventilation=action.ventilation,
            simplified=action.simplified,
            asleep=action.asleep,
            diode=action.diode,
        )
        vehicle.plug_in(cable_ohm=_CABLE_OHM[action.cable_a])
        self._vehicles[action.connector] = vehicle
        cable = f"a {action.cable_a} A cable" if action.cable_a else "the station's cable"
        return f"a vehicle with {action.phases} phase{'s' * (action.phases > 1)} is plugged into connector {action.connector} with {cable}"

    def _is_household(self, connector: int) -> bool:
        parts = self._simulation.description.devices.values()
        return any(each.connector == connector and "HouseholdSocket" in each.driver.capabilities for each in parts)

    def _unplug(self, action: Unplug) -> str:
        outlet = self._outlet(action.connector)
        if self._is_household(action.connector):
            outlet.socket_plugged.set(False)
            outlet.current_a.set((0.0, 0.0, 0.0))
            if (drawing := self._drawing.pop(action.connector, None)) is not None:
                drawing.cancel()
            return f"household socket {action.connector} is empty"
        self._vehicle(action.connector).unplug(force=action.force)
        del self._vehicles[action.connector]
        return f"connector {action.connector} is unplugged{' by force' if action.force else ''}"

    def _vehicle(self, connector: int) -> Vehicle:
        self._outlet(connector)
        if connector not in self._vehicles:
            raise Refused(f"no vehicle that you plugged in is at connector {connector}", hint="plug one in first")
        return self._vehicles[connector]

    def _drive(self, action: Drive) -> str:
        vehicle = self._vehicle(action.connector)
        if action.wants:
            vehicle.request_energy()
            return f"the vehicle at connector {action.connector} wants energy"
        vehicle.stop_energy()
        return f"the vehicle at connector {action.connector} has enough"

    # -- parts and weather --------------------------------------------------------------------------------------------------------------

    def _break(self, action: Break) -> str:
        kind, _, name = action.fault.partition(":")
        if kind in {"silent", "unplugged"} and name:
            return self._break_part(kind, name, over=action.over)
        if action.fault not in FAULTS:
            close = difflib.get_close_matches(action.fault, FAULTS, 1)
            raise Refused(
                f"there is no fault {action.fault!r}" + (f" (did you mean {close[0]}?)" if close else ""),
                hint=f"there are: {', '.join(FAULTS)}, silent:NAME, unplugged:NAME",
            )
        self._break_outlet(self._outlet(action.connector), action)
        return f"connector {action.connector}: {action.fault}{' is over' if action.over else f' ({FAULTS[action.fault]})'}"

    def _break_part(self, kind: str, name: str, *, over: bool) -> str:
        try:
            faults = self._simulation.faults(name)
        except NotOnBoard as error:
            raise Refused(error.message, hint=error.hint or "") from error
        if kind == "silent":
            faults.silence = not over
        elif over:
            faults.plug()
        else:
            faults.unplug()
        return f"{name} is {'as it was' if over else kind}"

    def _break_outlet(self, outlet: Outlet, action: Break) -> None:
        bad, value = not action.over, action.value
        match action.fault:
            case "welded":
                outlet.welded.set(bad)
            case "stuck-open":
                outlet.stuck_open.set(bad)
            case "lock-stuck":
                outlet.bolt_blocked.set(bad)
            case "pilot-short":
                outlet.pilot_shorted.set(bad)
            case "no-pe":
                outlet.pe_connected.set(not bad)
            case "residual-dc":
                outlet.residual_dc_ma.set((10.0 if value is None else value) if bad else 0.0)
            case "residual-ac":
                outlet.residual_rms_ma.set((60.0 if value is None else value) if bad else 0.0)
            case "no-mains":
                outlet.mains_v.set((0.0, 0.0, 0.0) if bad else _MAINS_V)
            case "phase-lost":
                outlet.mains_v.set(_without(3 if value is None else round(value)) if bad else _MAINS_V)
            case "breaker":
                outlet.breaker_closed.set(not bad)
            case "rcd":
                outlet.rcd_closed.set(not bad)
            case _:
                outlet.opener_v.set(0.0 if bad else 12.0)

    def _weather(self, action: Weather) -> str:
        cabinet, said = self._plant.cabinet, []
        if action.temperature_c is not None:
            if action.place and action.place not in cabinet.temperature_c:
                raise Refused(f"the board measures no {action.place!r}", hint=f"it measures: {', '.join(cabinet.temperature_c)}")
            for place in [action.place] if action.place else cabinet.temperature_c:
                cabinet.temperature(place).set(action.temperature_c)
            said.append(f"{action.temperature_c:g} °C ({action.place or 'everywhere'})")
        if action.tilt_deg is not None:
            lean = math.radians(action.tilt_deg)
            cabinet.gravity_g.set((math.sin(lean), 0.0, math.cos(lean)))
            said.append(f"leaning by {action.tilt_deg:g}°")
        if action.supply_v is not None:
            cabinet.supply_v.set(action.supply_v)
            said.append(f"supply {action.supply_v:g} V")
        if not said:
            raise Refused("nothing is said about the weather", hint="give --temperature, --tilt or --supply")
        return ", ".join(said)

    # -- what came of it ----------------------------------------------------------------------------------------------------------------

    async def _wait(self, action: Wait) -> str:
        self._outlet(action.connector)
        try:
            async with asyncio.timeout(action.within_s):
                while self._state_of(action.connector) != action.state:
                    await self._clock.sleep(0.05)
        except TimeoutError:
            raise Refused(
                f"connector {action.connector} is {self._state_of(action.connector)}, not {action.state} within {action.within_s:g} s"
            ) from None
        return f"connector {action.connector} is {action.state}"

    def _look(self, action: Look) -> str:
        del action
        cabinet = self._plant.cabinet
        lines = []
        for number in self._connectors():
            outlet = self._plant.outlet(number)
            plugged = outlet.socket_plugged.value or outlet.vehicle_ohm.value is not None
            currents = " ".join(f"{each:.1f}" for each in outlet.current_a.value)
            lines.append(
                f"connector {number}: {'plugged' if plugged else 'empty'}, bolt {'out' if outlet.bolt_locked.value > 0.5 else 'in'}, "
                f"contacts on {outlet.contacts.value} phases, {currents} A, pilot {outlet.pilot_high_v.value:+.0f} V at "
                f"{outlet.pilot_duty.value:.0%}, {outlet.energy_now_wh():.1f} Wh delivered; the station says {self._state_of(number)}"
            )
        temperatures = ", ".join(f"{place} {signal.value:g} °C" for place, signal in cabinet.temperature_c.items())
        lines.append(
            f"bay {'taken' if cabinet.bay_distance_mm.value < 3000.0 else 'empty'}, supply {cabinet.supply_v.value:g} V, {temperatures}"
        )
        return "\n".join(lines)


def _without(phase: int) -> tuple[float, float, float]:
    if not 1 <= phase <= 3:
        raise Refused(f"there is no phase {phase}", hint="1, 2 or 3")
    first, second, third = (0.0 if each == phase else 230.0 for each in (1, 2, 3))
    return first, second, third


def simulation_facade(world: World, events: Events[StationEvent]) -> Facade:
    """The facade of the second socket: it knows actions, nothing of the station.

    Args:
        world: carries them out.
        events: what the station tells.
    """

    async def do(action: Command, actor: Actor) -> Answer:
        del actor
        return Done(detail=await world.do(action))

    return Facade(dict.fromkeys(ACTIONS.values(), do), events, commands=ACTIONS)
