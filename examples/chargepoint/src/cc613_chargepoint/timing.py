"""The times of a charge, measured on the simulated board against the public figures of IEC 61851-1 and its neighbours.

``python -m cc613_chargepoint.timing`` prints the page ``docs/reference/charging-times.md``. What is measured is what a vehicle would see:
the contacts, the pilot and the bolt in the simulated world, not what the station says of itself. The standards themselves were not at hand;
every figure names the public source that gives it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from itertools import pairwise
from typing import Any, TypeVar

from attrs import frozen

from cc613_chargepoint.app import StationSettings
from cc613_chargepoint.domain.events import Toggled
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.simulated import SimulatedStation, simulated_station
from cc613hal.bus.sim.signal import Signal
from cc613hal.clock import run_virtual

__all__ = ["DUTIES", "ROWS", "Duty", "Row", "measured", "page"]

T = TypeVar("T")

_BRINGUP = "EVerest documentation, Basic BringUp"
_STATES = "EVerest IECStateMachine"
_CHARGER = "EVerest Charger"
_MANIFEST = "EVerest EvseManager manifest"


def _station(board: str = "bender.cc613", **connector: Any) -> AbstractAsyncContextManager[SimulatedStation]:
    return simulated_station(board, StationSettings(connector=ConnectorSettings(**connector)))


class _Edges:
    """When a signal of the world took which value."""

    def __init__(self, made: SimulatedStation, signal: Signal[Any]) -> None:
        self._clock = made.board.clock
        self.seen: list[tuple[float, Any]] = []
        signal.on(lambda value: self.seen.append((self._clock.monotonic_s(), value)))

    def first_s(self, holds: Callable[[Any], bool], after_s: float = 0.0) -> float:
        return next(at_s for at_s, value in self.seen if at_s >= after_s and holds(value))


async def _until_off(made: SimulatedStation, cause: Callable[[], object], within_s: float = 15.0) -> float:
    """From a cause to open contacts, s."""
    edges, began_s = _Edges(made, made.outlet.contacts), made.board.clock.monotonic_s()
    cause()
    await made.until(lambda: made.outlet.contacts.value == 0, within_s)
    return edges.first_s(lambda closed: closed == 0) - began_s


async def _charging(made: SimulatedStation, **vehicle: Any) -> None:
    await made.charge(**vehicle)
    await made.sleep(10.0)


async def _open_after_b() -> float:
    async with _station() as made:
        await _charging(made)
        return await _until_off(made, lambda: made.outlet.vehicle_ohm.set(2740.0))


async def _close_after_c() -> float:
    async with _station(wake_up=False) as made:
        await made.tap()
        vehicle = made.plug(automatic=False)
        await made.until_state(State.READY)
        await made.sleep(10.0)
        edges = _Edges(made, made.outlet.contacts)
        asked = _Edges(made, made.outlet.vehicle_ohm)
        vehicle.request_energy()
        await made.until_state(State.CHARGING)
        return edges.first_s(bool) - asked.first_s(lambda ohm: ohm is not None and ohm < 1300.0)


async def _reclose_after_c() -> float:
    """Straight after an opening, where the contactor has its rest first."""
    async with _station() as made:
        await _charging(made)
        made.outlet.vehicle_ohm.set(2740.0)
        await made.until(lambda: made.outlet.contacts.value == 0)
        await made.sleep(0.1)
        edges, asked_s = _Edges(made, made.outlet.contacts), made.board.clock.monotonic_s()
        made.outlet.vehicle_ohm.set(882.0)
        await made.until_state(State.CHARGING)
        return edges.first_s(bool) - asked_s


async def _open_under_load() -> float:
    async with _station() as made:
        await _charging(made, stop_s=60.0)
        return await _until_off(made, lambda: made.station.connector.stop("enough"))


async def _between_raises() -> float:
    async with _station() as made:
        made.station.limits.set("load management", 8.0)
        await _charging(made)
        edges = _Edges(made, made.outlet.pilot_duty)
        for current_a in (9.0, 10.0, 11.0, 12.0, 13.0):
            made.station.limits.set("load management", current_a)
            await made.sleep(2.0)
        await made.sleep(10.0)
        times = [at_s for at_s, _ in edges.seen]
        return min(later - earlier for earlier, later in pairwise(times))


async def _reduction() -> float:
    async with _station() as made:
        await _charging(made)
        made.station.limits.set("load management", 8.0)
        await made.sleep(1.0)
        edges, began_s = _Edges(made, made.outlet.pilot_duty), made.board.clock.monotonic_s()
        made.station.limits.set("load management", 6.0)
        await made.sleep(1.0)
        return edges.first_s(lambda duty: duty < 0.11) - began_s


async def _unplugged() -> float:
    async with _station() as made:
        await _charging(made)
        return await _until_off(made, lambda: made.unplug(force=True))


async def _plug_released() -> float:
    async with _station() as made:
        await _charging(made)
        edges, began_s = _Edges(made, made.outlet.bolt_locked), made.board.clock.monotonic_s()
        made.unplug(force=True)
        await made.until(lambda: made.outlet.bolt_locked.value == 0.0, 10.0)
        return edges.first_s(lambda out: out == 0.0) - began_s


async def _plug_released_after_fault() -> float:
    async with _station() as made:
        await _charging(made)
        bolt, pilot = _Edges(made, made.outlet.bolt_locked), _Edges(made, made.outlet.pilot_high_v)
        made.outlet.residual_dc_ma.set(8.0)
        await made.until(lambda: made.outlet.bolt_locked.value == 0.0, 15.0)
        return bolt.first_s(lambda out: out < 1.0) - pilot.first_s(lambda volts: volts < 0.0)


async def _shorted() -> float:
    async with _station() as made:
        await _charging(made)
        return await _until_off(made, lambda: made.outlet.pilot_shorted.set(True))


async def _earth_lost() -> float:
    async with _station() as made:
        await _charging(made)
        return await _until_off(made, lambda: made.outlet.pe_connected.set(False))


async def _ventilation_refused() -> float:
    async with _station() as made:
        await _charging(made)
        return await _until_off(made, lambda: made.outlet.vehicle_ohm.set(246.0))


async def _f_held() -> float:
    async with _station() as made:
        edges = _Edges(made, made.outlet.pilot_high_v)
        made.outlet.pilot_shorted.set(True)
        await made.until_state(State.FAULTED)
        made.outlet.pilot_shorted.set(False)
        await made.until_state(State.AVAILABLE)
        await made.sleep(1.0)
        low_s = edges.first_s(lambda volts: volts < 0.0)
        return edges.first_s(lambda volts: volts > 0.0, low_s) - low_s


async def _woken() -> tuple[float, float, float]:
    """Silence, pulse, rest, s."""
    async with _station() as made:
        await made.tap()
        duty, volts = _Edges(made, made.outlet.pilot_duty), _Edges(made, made.outlet.pilot_high_v)
        made.plug(automatic=False)
        await made.sleep(60.0)
        offered_s = duty.first_s(lambda share: share < 1.0)
        low_s = volts.first_s(lambda level: level < 0.0)
        high_s = volts.first_s(lambda level: level > 0.0, low_s)
        return low_s - offered_s, high_s - low_s, duty.first_s(lambda share: share < 1.0, high_s) - high_s


async def _wake_silence() -> float:
    return (await _woken())[0]


async def _wake_pulse() -> float:
    return (await _woken())[1]


async def _wake_rest() -> float:
    return (await _woken())[2]


async def _toggle() -> float:
    """What the station reports of a vehicle that asks for 300 ms."""
    async with _station() as made:
        await made.tap()
        vehicle = made.plug(automatic=False)
        await made.until_state(State.READY)
        vehicle.toggle()
        await made.sleep(0.3)
        vehicle.toggle()
        await made.sleep(2.0)
        if "contactor-on" in made.steps:
            return float("inf")
        return made.of(Toggled)[0].lasted_s


async def _phase_pause() -> float:
    async with _station("bender.cc613-phases", phase_switching=True) as made:
        await _charging(made)
        edges = _Edges(made, made.outlet.contacts)
        made.station.limits.set("energy manager", 16.0, phases=1)
        await made.until(lambda: made.outlet.contacts.value == 1, 60.0)
        return edges.first_s(lambda closed: closed == 1) - edges.first_s(lambda closed: closed == 0)


async def _over_current() -> float:
    """From a current over the bound to open contacts: a vehicle that draws a quarter more than it is offered."""
    async with _station() as made:
        drawn = _Edges(made, made.outlet.current_a)
        opened = _Edges(made, made.outlet.contacts)
        await made.charge(follows=1.25)
        await made.until(lambda: bool(made.faults), 30.0)
        await made.sleep(0.2)
        return opened.first_s(lambda closed: closed == 0) - drawn.first_s(lambda amperes: amperes[0] > 18.15)


def _residual(milliampere: float) -> Callable[[], Awaitable[float]]:
    async def measure() -> float:
        async with _station() as made:
            await _charging(made)
            return await _until_off(made, lambda: made.outlet.residual_dc_ma.set(milliampere))

    return measure


async def _closing() -> float:
    async with _station() as made:
        coil, contacts = _Edges(made, made.outlet.coil), _Edges(made, made.outlet.contacts)
        await made.charge()
        return contacts.first_s(bool) - coil.first_s(bool)


async def _opening() -> float:
    async with _station() as made:
        await _charging(made)
        coil = _Edges(made, made.outlet.coil)
        contacts = _Edges(made, made.outlet.contacts)
        made.outlet.vehicle_ohm.set(2740.0)
        await made.until(lambda: made.outlet.contacts.value == 0)
        return contacts.first_s(lambda closed: closed == 0) - coil.first_s(lambda on: not on)


@frozen(kw_only=True)
class Row:
    """One figure.

    Attributes:
        what: what is measured.
        figure: what is asked, in words.
        source: the clause, as far as known, and who says so.
        measure: measures it, s.
        least_s: it may not be shorter, s.
        most_s: it may not be longer, s.
    """

    what: str
    figure: str
    source: str
    measure: Callable[[], Awaitable[float]]
    least_s: float = 0.0
    most_s: float = float("inf")

    def met(self, seconds: float) -> bool:
        """Whether a measured time is inside; a thousandth of a second is the simulation's own grain."""
        return self.least_s - 0.001 <= seconds <= self.most_s + 0.001


ROWS: tuple[Row, ...] = (
    Row(what="C2 → B2: vehicle stops asking, contacts open", figure="≤ 100 ms", source=f"sequence 8.1; {_BRINGUP}, {_STATES}",
        measure=_open_after_b, most_s=0.1),
    Row(what="B2 → C2: vehicle asks, contacts close", figure="≤ 3 s", source=f"sequence 4; {_STATES}",
        measure=_close_after_c, most_s=3.0),
    Row(what="the same straight after an opening", figure="≤ 3 s", source=f"sequence 4; {_STATES}", measure=_reclose_after_c, most_s=3.0),
    Row(what="C2 → C1: station stops, vehicle goes on drawing, contacts open", figure="≥ 6 s (ours: < 7 s)",
        source=f"sequence 10.2; {_STATES}", measure=_open_under_load, least_s=6.0, most_s=7.0),
    Row(what="changes of the duty cycle, upwards", figure="≥ 5 s apart", source=f"sequence 6, Table A.6; {_CHARGER}",
        measure=_between_raises, least_s=5.0),
    Row(what="a reduction reaches the pilot", figure="at once (ours: ≤ 100 ms)", source="ours: what keeps people safe does not wait",
        measure=_reduction, most_s=0.1),
    Row(what="any → A: unplugged, contacts open", figure="≤ 100 ms", source="engineering knowledge, no clause at hand",
        measure=_unplugged, most_s=0.1),
    Row(what="any → A: unplugged, plug released", figure="≤ 5 s", source="sequence 2.1; EVerest issue 1794",
        measure=_plug_released, most_s=5.0),
    Row(what="F shown, plug released", figure="5 s (a setting)", source=_STATES, measure=_plug_released_after_fault,
        least_s=5.0, most_s=6.0),
    Row(what="C2 → E: pilot shorted to protective earth, contacts open", figure="≤ 3 s", source="sequence 12; SmartEVSE issue 133",
        measure=_shorted, most_s=3.0),
    Row(what="protective earth lost, contacts open", figure="≤ 100 ms", source=f"{_BRINGUP} (shows as A or error)",
        measure=_earth_lost, most_s=0.1),
    Row(what="C2 → D2 without ventilation, contacts open", figure="≤ 3 s", source=_STATES, measure=_ventilation_refused, most_s=3.0),
    Row(what="F stands before X1", figure="≥ 300 ms", source=f"Table A.5; {_MANIFEST}", measure=_f_held, least_s=0.3),
    Row(what="wake-up: B2 without C until the pulse", figure="30 s (a setting)",
        source="A.5.3; Phoenix Contact EV Charge Control Basic 106377_en_04, page 30", measure=_wake_silence, least_s=30.0, most_s=31.0),
    Row(what="wake-up: pulse of F", figure="3 to 4 s (a setting)", source=f"A.5.3; Phoenix Contact, page 30; {_CHARGER}",
        measure=_wake_pulse, least_s=3.0, most_s=4.0),
    Row(what="wake-up: without PWM after it", figure="500 to 1000 ms (a setting)", source=_CHARGER, measure=_wake_rest,
        least_s=0.5, most_s=1.0),
    Row(what="B-C-B toggle of 300 ms: told, contacts rest", figure="200 to 400 ms", source=f"ISO 15118-3; {_CHARGER}", measure=_toggle,
        least_s=0.2, most_s=0.4),
    Row(what="3 → 1 phases: contacts open in between", figure="≥ 10 s (a setting)", source=_MANIFEST, measure=_phase_pause, least_s=10.0),
    Row(what="over-current: more than (offer + 0.5 A) × 1.10, contacts open", figure="7 s, never below 6 s",
        source=f"{_CHARGER}; {_MANIFEST}", measure=_over_current, least_s=6.0, most_s=9.0),
    Row(what="smooth direct residual current of 6 mA, contacts open", figure="≤ 10 s", source="IEC 62955; a public test bench",
        measure=_residual(6.0), most_s=10.0),
    Row(what="… of 60 mA", figure="≤ 0.3 s", source="IEC 62955; data sheets of sensors", measure=_residual(60.0), most_s=0.3),
    Row(what="… of 200 mA", figure="≤ 0.1 s", source="IEC 62955; data sheets of sensors", measure=_residual(200.0), most_s=0.1),
    Row(what="coil on, contacts closed", figure="≤ 1 s, aim 100 ms", source=_BRINGUP, measure=_closing, most_s=0.1),
    Row(what="coil off, contacts open", figure="≤ 1 s, aim 50 ms", source=_BRINGUP, measure=_opening, most_s=0.05),
)  # fmt: skip
"""Every time that is measured."""


@frozen(kw_only=True)
class Duty:
    """What a limit puts on the pilot.

    Attributes:
        limit_a: what is allowed, A per phase.
        percent: the duty cycle that is asked; ``None`` for no PWM.
    """

    limit_a: float
    percent: float | None


DUTIES: tuple[Duty, ...] = tuple(
    Duty(limit_a=limit_a, percent=percent)
    for limit_a, percent in (
        (5.9, None), (6.0, 10.0), (10.0, 16.667), (13.0, 21.667), (16.0, 26.667), (20.0, 33.333), (32.0, 53.333), (51.0, 85.0),
        (51.5, 85.0), (52.4, 85.0), (52.5, 85.0), (63.0, 89.2), (80.0, 96.0),
    )
)  # fmt: skip
"""IEC 61851-1 Annex A, as public implementations give it; between 51 and 52.5 A there is no duty cycle, so 85 % is shown."""


async def _duties() -> list[float | None]:
    """The duty cycle for each limit, %, one after the other with the same vehicle."""
    seen: list[float | None] = []
    async with _station(wake_up=False) as made:
        made.station.limits.set("installation", 80.0)
        await made.tap()
        made.plug(cable_ohm=100.0, automatic=False)
        await made.until_state(State.READY)
        made.station.limits.withdraw("cable")  # a 63 A cable would hide what comes above
        for duty in DUTIES:
            made.station.limits.set("load management", duty.limit_a)
            await made.sleep(6.0)
            share = made.outlet.pilot_duty.value
            seen.append(None if share >= 1.0 else round(100.0 * share, 2))
    return seen


@frozen(kw_only=True)
class Measured:
    """What came out.

    Attributes:
        times_s: of each row, s.
        duties: of each limit, %; ``None`` for no PWM.
    """

    times_s: tuple[float, ...]
    duties: tuple[float | None, ...]


def measured() -> Measured:
    """Measure everything; some tens of seconds."""

    async def time_of(row: Row) -> float:
        return await row.measure()

    times_s = tuple(run_virtual(time_of(row)) for row in ROWS)
    return Measured(times_s=times_s, duties=tuple(run_virtual(_duties())))


def _text(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds < 1.0 else f"{seconds:.2f} s"


def page(found: Measured) -> str:
    """The page of the documentation."""
    lines = [
        "# Charging times and duty cycles",
        "",
        "Measured on the simulated board `bender.cc613`: its drivers, buses and charge code are those of hardware, vehicle, contactor and",
        "leakage are the plant's. `python -m cc613_chargepoint.timing` measures again and prints this page; a test keeps it true.",
        "The times of a real board add what its contactor and its lines need.",
        "",
        "IEC 61851-1 and its neighbours are paid documents and were not at hand: clauses are those that the public source names.",
        "Check them against the standard before a claim of conformity.",
        "",
        "| what | asked | measured | met | clause and source |",
        "|---|---|---|---|---|",
    ]
    for row, seconds in zip(ROWS, found.times_s, strict=True):
        lines.append(f"| {row.what} | {row.figure} | {_text(seconds)} | {'yes' if row.met(seconds) else '**no**'} | {row.source} |")
    lines += [
        "",
        "## Duty cycles",
        "",
        "Below 6 A there is no duty cycle: the station pauses (X1). Between 51 and 52.5 A there is none either: 85 % (51 A) is shown.",
        "",
        "| limit | asked | on the pilot |",
        "|---|---|---|",
    ]
    for duty, seen in zip(DUTIES, found.duties, strict=True):
        asked = "no PWM" if duty.percent is None else f"{duty.percent:.1f} %"
        lines.append(f"| {duty.limit_a:g} A | {asked} | {'no PWM' if seen is None else f'{seen:.1f} %'} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(page(measured()), end="")
