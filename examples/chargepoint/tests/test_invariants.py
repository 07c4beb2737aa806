"""Random vehicles, cards, faults, limits, weather and power cuts: what must never happen does not happen.

The invariants are judged in the simulated world, not by what the station says of itself: the moment the contacts close, and a deadline
after every reason to open them. ``python -m tests.bench invariants`` goes on for a hundred thousand steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime

from attrs import define, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cc613_chargepoint.app import StationSettings
from cc613_chargepoint.domain.events import FaultRaised, Sampled, StationEvent, StepDone
from cc613_chargepoint.domain.fault import Clearing
from cc613_chargepoint.domain.session import Sample, SessionRecord
from cc613_chargepoint.domain.token import Token
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.simulated import CARD, SimulatedStation, simulated_station
from cc613hal.clock import VirtualTimeLoop, run_virtual
from cc613hal.interfaces import ControlPilot, PilotOutput, TiltSensor
from cc613hal.plant.vehicle import Vehicle

HOW_MUCH = st.floats(0.0, 1.0, exclude_max=True)
OFF_S = 0.15
"""From a reason to open until the contacts are open: 100 ms for the vehicle's sake, and the contactor's own release time."""
F_S = 3.0
"""From a fault to a steady F."""

ACTIONS = (
    *["plug"] * 12, *["tap"] * 12, *["wait"] * 10, *["repair"] * 16, *["unplug"] * 4, *["ask"] * 3, *["limit"] * 3, *["stop asking"] * 2,
    "other card", "pull by force", "toggle", "residual", "short pilot", "lose earth", "tilt", "mains away", "supply fails", "block bolt",
    "noisy meter", "hot", "restart", "weld", "stuck open", "change cable", "silent source", "one phase",
    *["drive off"] * 3, *["take cable"] * 4, *["refuse"] * 2, "whose plug",
)  # fmt: skip


@define
class Ledger:
    """Records sessions as a store would, and minds that each has one begin and one end."""

    begun: dict[int, int] = field(factory=dict)
    ended: set[int] = field(factory=set)

    async def begin(self, connector: int, token: Token, started: datetime, first: Sample) -> int:
        assert connector not in self.open(), "a second session on a connector"
        number = len(self.begun) + 1
        self.begun[number] = connector
        return number

    async def sample(self, number: int, seq: int, at: datetime, sample: Sample) -> None:
        assert number not in self.ended, "a sample after the end"

    async def end(self, record: SessionRecord) -> None:
        assert record.number in self.begun
        assert record.number not in self.ended, "ended twice"
        if record.energy_wh is not None:
            assert record.energy_wh >= 0
        self.ended.add(record.number)

    async def probe(self) -> None:
        """It always works."""

    def open(self) -> set[int]:
        return {connector for number, connector in self.begun.items() if number not in self.ended}

    def cut(self) -> None:
        """The power went: what was open is ended by the next start, as ``close_interrupted`` does with a real store."""
        self.ended.update(self.begun)


@define
class Judge:
    """Watches the world of one run."""

    made: SimulatedStation
    wrong: list[str] = field(factory=list)
    tested: bool = False
    diode: bool = False
    energy: dict[int, float] = field(factory=dict)
    reason_since_s: float | None = None

    def watch(self) -> None:
        outlet = self.made.outlet
        outlet.contacts.on(self.contacts_moved)
        outlet.bolt_locked.on(self.bolt_moved)
        for signal in (outlet.vehicle_ohm, outlet.pilot_shorted, outlet.residual_dc_ma, outlet.pe_connected):
            signal.on(lambda _: self.note_reason())
        self.made.station.news.on(self.hear)

    def must_be_off(self) -> bool:
        outlet = self.made.outlet
        ohm = outlet.vehicle_ohm.value
        asks = ohm is not None and 600.0 < ohm < 1300.0
        return not asks or outlet.pilot_shorted.value or outlet.residual_dc_ma.value >= 6.0 or not outlet.pe_connected.value

    def note_reason(self) -> None:
        now_s = self.made.board.clock.monotonic_s()
        self.reason_since_s = (self.reason_since_s or now_s) if self.must_be_off() else None

    def contacts_moved(self, closed: int) -> None:
        outlet = self.made.outlet
        if not closed or outlet.welded.value:
            return
        if self.made.plant.parts["lock1"].motor.unlocked_end.value:  # all that Hella's contact can tell: it opens where the bolt starts
            self.wrong.append("power without the lock")
        if not self.tested:
            self.wrong.append("power without a self-test")
        if not self.diode:
            self.wrong.append("power without the vehicle's diode")
        if self.made.station.connector.token is None:
            self.wrong.append("power without a customer")
        if self.made.station.connector.faults:
            self.wrong.append(f"power with faults {self.made.station.connector.faults}")
        if outlet.pilot_duty.value >= 1.0:
            self.wrong.append("power without an offer")

    def bolt_moved(self, out: float) -> None:
        """Nobody gives a plug away that may be live; the emergency opener, which asks nobody, acts below eight volts."""
        if out < 0.5 and self.made.outlet.contacts.value and self.made.plant.cabinet.supply_v.value > 8.0:
            self.wrong.append("the plug was released under power")
        if out < 0.5 and self.made.state is State.HELD and self.made.plant.cabinet.supply_v.value > 8.0:
            self.wrong.append("a plug that was kept for its owner was released")

    def hear(self, news: StationEvent) -> None:
        if isinstance(news, StepDone):
            self.tested |= news.step == "rcd-self-test"
            self.diode |= news.step == "diode"
            if news.step in {"unlock", "contactor-off"}:
                self.tested &= news.step != "unlock"
                self.diode = False
        elif isinstance(news, FaultRaised):
            self.diode = False
        elif isinstance(news, Sampled):
            if news.energy_wh < self.energy.get(news.connector, 0.0):
                self.wrong.append("the session's energy went back")
            self.energy[news.connector] = news.energy_wh
        if not self.made.station.connector.token:
            self.energy.clear()

    async def judge(self) -> None:
        """After every step: nothing that should be off is on, and F stands while a fault does."""
        outlet, clock = self.made.outlet, self.made.board.clock
        if outlet.contacts.value and not outlet.welded.value and self.reason_since_s is not None:
            over_s = clock.monotonic_s() - self.reason_since_s
            if over_s > OFF_S:
                self.wrong.append(f"power {over_s:.2f} s after a reason to open")
        if self.made.state is State.FAULTED:
            since_s = clock.monotonic_s()
            while self.made.state is State.FAULTED and clock.monotonic_s() - since_s < F_S:
                await clock.sleep(0.25)
            if self.made.state is State.FAULTED:
                reading = await self.made.board.get(ControlPilot).read()
                if reading.output is not PilotOutput.FAULT:
                    self.wrong.append(f"faulted for {F_S:g} s and the pilot shows {reading.output.value}")
        assert not self.wrong, "; ".join(self.wrong)


def plug(made: SimulatedStation, number: float) -> None:
    choices = ({}, {"phases": 1}, {"asleep": True}, {"simplified": True}, {"diode": False}, {"ventilation": True}, {"automatic": False})
    cables = (220.0, 100.0, 680.0, 1500.0, 220.0, None)
    made.vehicles[1] = Vehicle(made.outlet, **choices[int(number * 97) % len(choices)])
    there = made.outlet.cable_ohm.value  # what the last vehicle left in the socket
    made.vehicles[1].plug_in(cable_ohm=cables[int(number * 31) % len(cables)] if there is None else there)


WORLD: dict[str, Callable[[SimulatedStation, float], None]] = {
    "residual": lambda made, number: made.outlet.residual_dc_ma.set(6.0 + 300.0 * number),
    "short pilot": lambda made, _: made.outlet.pilot_shorted.set(True),
    "lose earth": lambda made, _: made.outlet.pe_connected.set(False),
    "tilt": lambda made, _: made.plant.cabinet.gravity_g.set((0.7, 0.0, 0.7)),
    "mains away": lambda made, _: made.outlet.mains_v.set((0.0, 0.0, 0.0)),
    "supply fails": lambda made, _: made.plant.cabinet.supply_v.set(7.0),
    "block bolt": lambda made, _: made.outlet.bolt_blocked.set(True),
    "noisy meter": lambda made, _: setattr(made.simulation.faults("meter1"), "crc", True),
    "limit": lambda made, number: made.station.limits.set("load management", round(32.0 * number, 1), for_s=20.0 if number > 0.5 else None),
    "weld": lambda made, _: made.outlet.contacts.value == 0 or made.outlet.welded.set(True),  # contacts that are open do not weld
    "stuck open": lambda made, _: made.outlet.stuck_open.set(True),
    "change cable": lambda made, number: made.outlet.cable_ohm.value is None or made.outlet.cable_ohm.set(1500.0 if number > 0.5 else 20.0),
    "silent source": lambda made, number: made.station.limits.set("energy manager", round(32.0 * number, 1), for_s=10.0, then_a=8.0),
    "one phase": lambda made, number: made.station.limits.set("backend profile", 16.0, phases=1, per_phase_a=(round(20.0 * number, 1),)),
    "hot": lambda made, number: made.plant.cabinet.temperature("internal").set(20.0 + 70.0 * number),
    "repair": lambda made, _: repair(made),
    "whose plug": lambda made, number: made.station.connector.obey(ConnectorSettings(unlock_on_ev_side=number < 0.3)),
    "refuse": lambda made, _: made.station.connector.stop("deauthorised by the backend", keep_plug=True),
    "take cable": lambda made, _: take_cable(made),
}
"""What happens to the station; ``number`` in 0…1 says how much."""

VEHICLE: dict[str, Callable[[Vehicle], None]] = {
    "pull by force": lambda vehicle: vehicle.unplug(force=True),
    "drive off": Vehicle.let_go_of_cable,
    "stop asking": Vehicle.stop_energy,
    "ask": Vehicle.request_energy,
}


async def act(made: SimulatedStation, action: str, number: float) -> None:
    """One step; ``number`` in 0…1 chooses among the possibilities."""
    vehicle = made.vehicles.get(1)
    plugged = vehicle if vehicle is not None and vehicle.plugged else None
    if action in WORLD:
        WORLD[action](made, number)
    elif action == "plug" and plugged is None:
        plug(made, number)
    elif action in {"tap", "other card"}:
        await made.tap(CARD if action == "tap" else "04FFEEDDCCBBAA", hold_s=0.8, rest_s=3.5)
    elif plugged is not None and action in VEHICLE:
        VEHICLE[action](plugged)
    elif plugged is not None and action == "unplug" and made.outlet.bolt_locked.value <= 0.5:
        plugged.unplug()
    elif plugged is not None and action == "toggle":
        plugged.toggle()
        await made.sleep(0.3)
        plugged.toggle()
    await made.sleep(0.05 + 8.0 * number**2)


def take_cable(made: SimulatedStation, *, force: bool = False) -> None:
    """Pull a plug that a vehicle has left behind, if the bolt lets go of it."""
    vehicle = made.vehicles.get(1)
    if vehicle is not None and not vehicle.plugged and (force or made.outlet.bolt_locked.value <= 0.5):
        vehicle.take_cable(force=force)


def repair(made: SimulatedStation) -> None:
    outlet, cabinet = made.outlet, made.plant.cabinet
    outlet.residual_dc_ma.set(0.0)
    outlet.pilot_shorted.set(False)
    outlet.pe_connected.set(True)
    outlet.mains_v.set((230.0, 230.0, 230.0))
    outlet.bolt_blocked.set(False)
    outlet.welded.set(False)
    outlet.stuck_open.set(False)
    for fault in made.station.connector.faults:  # somebody came
        if fault.name.clearing is Clearing.SERVICE:
            made.station.connector.clear_fault(fault.name, "looked at")
    cabinet.supply_v.set(12.0)
    cabinet.gravity_g.set((0.0, 0.0, 1.0))
    cabinet.temperature("internal").set(25.0)
    made.simulation.faults("meter1").crc = False


async def live(steps: list[tuple[str, float]]) -> Ledger:
    """One life of a station after the other, between power cuts."""
    ledger = Ledger()
    lives: list[list[tuple[str, float]]] = [[]]
    for step in steps:
        lives.append([]) if step[0] == "restart" else lives[-1].append(step)
    for number, life in enumerate(lives):
        await _one_life(ledger, life, last=number == len(lives) - 1)
    assert not ledger.open()
    return ledger


OPTIONS = StationSettings(
    connector=ConnectorSettings(rcd_test_interval_s=600.0, rcd_reset_s=2.0, simplified_pilot_a=10.0, unlock_again_s=3.0)
)


async def judged(made: SimulatedStation, ledger: Ledger) -> Judge:
    """Put the ledger and the judge beside a station."""
    made.station.connector._session._recorder = ledger
    await made.board.get(TiltSensor).take_reference()
    judge = Judge(made)
    judge.watch()
    return judge


async def _one_life(ledger: Ledger, life: list[tuple[str, float]], *, last: bool) -> None:
    async with simulated_station(settings=OPTIONS) as made:
        judge = await judged(made, ledger)
        for action, number in life:
            await act(made, action, number)
            await judge.judge()
        if not last:
            made.outlet.welded.set(False)  # a board that is left with a weld says so, loudly
            ledger.cut()
            return
        await end_well(made, judge)


async def end_well(made: SimulatedStation, judge: Judge) -> None:
    """Everything is repaired and the vehicle leaves: the station is free, and owes nothing."""
    repair(made)
    if (vehicle := made.vehicles.get(1)) is not None and vehicle.plugged:
        vehicle.unplug(force=True)
    take_cable(made, force=True)
    await made.sleep(120.0)
    repair(made)  # faults that came late and need somebody
    await made.sleep(60.0)
    await judge.judge()
    assert not made.outlet.contacts.value
    assert made.state not in {State.HELD, State.REFUSING, State.FINISHING}, "nobody's plug is there, and the place is free"


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.floats(0.0, 1.0, exclude_max=True)), min_size=5, max_size=40))
def test_whatever_happens_the_invariants_hold(steps: list[tuple[str, float]]) -> None:
    run_virtual(live(steps))


class StationLife(RuleBasedStateMachine):
    """The same world as a state machine: hypothesis chooses what happens next from what is possible now, and shortens what fails."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.ledger = Ledger()
        self.power_on()

    def power_on(self) -> None:
        async def opened() -> None:
            self.open = AsyncExitStack()
            self.made = await self.open.enter_async_context(simulated_station(settings=OPTIONS))
            self.judge = await judged(self.made, self.ledger)

        self.runner.run(opened())

    def power_off(self) -> None:
        self.made.outlet.welded.set(False)  # a board that is left with a weld says so, loudly
        self.runner.run(self.open.aclose())

    def do(self, action: str, number: float = 0.5) -> None:
        self.runner.run(act(self.made, action, number))

    @property
    def plugged(self) -> bool:
        vehicle = self.made.vehicles.get(1)
        return vehicle is not None and vehicle.plugged

    @precondition(lambda self: not self.plugged)
    @rule(number=HOW_MUCH)
    def plug_in(self, number: float) -> None:
        self.do("plug", number)

    @rule(other=st.booleans())
    def present_a_card(self, other: bool) -> None:
        self.do("other card" if other else "tap")

    @precondition(lambda self: self.plugged)
    @rule(what=st.sampled_from(["unplug", "pull by force", "drive off", "stop asking", "ask", "toggle", "change cable"]), number=HOW_MUCH)
    def the_vehicle_does(self, what: str, number: float) -> None:
        self.do(what, number)

    @rule(what=st.sampled_from(["take cable", "refuse", "whose plug"]), number=HOW_MUCH)
    def a_plug_is_kept_or_taken(self, what: str, number: float) -> None:
        self.do(what, number)

    @rule(what=st.sampled_from(["limit", "silent source", "one phase", "hot"]), number=HOW_MUCH)
    def limits_change(self, what: str, number: float) -> None:
        self.do(what, number)

    @rule(
        what=st.sampled_from(
            [
                "residual",
                "short pilot",
                "lose earth",
                "tilt",
                "mains away",
                "supply fails",
                "block bolt",
                "noisy meter",
                "weld",
                "stuck open",
            ]
        ),
        number=HOW_MUCH,
    )
    def something_breaks(self, what: str, number: float) -> None:
        self.do(what, number)

    @rule()
    def somebody_repairs(self) -> None:
        self.do("repair")

    @rule(seconds=st.floats(0.01, 900.0))
    def time_passes(self, seconds: float) -> None:
        self.runner.run(self.made.sleep(seconds))

    @rule(reason=st.sampled_from(["remote stop", "operator"]))
    def somebody_stops_the_charge(self, reason: str) -> None:
        self.made.station.connector.stop(reason)

    @rule()
    def the_power_is_cut(self) -> None:
        self.power_off()
        self.ledger.cut()
        self.power_on()

    @invariant()
    def what_must_never_happen_did_not(self) -> None:
        self.runner.run(self.judge.judge())
        assert len(self.ledger.open()) <= 1
        assert set(self.ledger.ended) <= set(self.ledger.begun)

    def teardown(self) -> None:
        try:
            self.runner.run(end_well(self.made, self.judge))
            assert not self.ledger.open(), "every session that began has ended"
        finally:
            self.power_off()
            self.runner.close()


TestStationLife = StationLife.TestCase
TestStationLife.settings = settings(
    max_examples=12, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)
