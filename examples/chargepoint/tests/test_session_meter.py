"""A session's energy comes from the meter's registers, and only from them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.metering import SessionMeter
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusTimeout, ImplausibleReading
from cc613hal.interfaces import EnergyReading, MeterReading, SnapshotMeter
from cc613hal.readings import Energy, PhaseValues

TOKEN = Token(id="04A1", source=TokenSource.CARD)


class Script(SnapshotMeter):
    """A meter that gives one register after the other; ``None`` is silence, ``"none"`` a meter without counter."""

    def __init__(self, clock: Clock, *registers: str | None, current_a: float = 10.0) -> None:
        self.clock, self.registers, self.current_a = clock, list(registers), current_a

    async def read_all(self) -> MeterReading:
        register = self.registers.pop(0)
        if register is None:
            raise BusTimeout("no answer", device="meter1")
        stamp = self.clock.stamp()
        energy = None if register == "none" else EnergyReading(stamp=stamp, source="meter1", imported=Energy(Decimal(register)))
        phases = PhaseValues(self.current_a, 0.0, 0.0)
        volts, watts = PhaseValues(230.0, 230.0, 230.0), PhaseValues(2300.0, 0.0, 0.0)
        return MeterReading(
            stamp=stamp, source="meter1", voltage_v=volts, current_a=phases, power_w=watts, total_power_w=2300.0, energy=energy
        )


def session(*registers: str | None) -> SessionMeter:
    clock = Clock()
    return SessionMeter(Script(clock, *registers), clock, number=7, connector=1, token=TOKEN)


def test_energy_is_the_difference_of_the_registers_exactly() -> None:
    async def story():
        meter = session("1000.1", "1000.2", "1233.4")
        await meter.begin()
        await meter.sample()
        await Clock().sleep(90.0)
        await meter.sample()
        return meter.end("card presented again", end_read=True)

    record = run_virtual(story())
    assert record.energy_wh == Decimal("233.3")
    assert (record.number, record.samples, record.highest_current_a, record.duration_s) == (7, 3, 10.0, 90.0)
    assert (record.ended - record.started).total_seconds() == 90.0


def test_no_session_begins_without_a_register() -> None:
    async def silent():
        await session(None, None, None).begin()

    async def without_counter():
        await session("none").begin()

    with pytest.raises(BusTimeout):
        run_virtual(silent())
    with pytest.raises(ImplausibleReading, match="no energy register"):
        run_virtual(without_counter())


def test_a_damaged_frame_at_the_begin_or_the_end_is_asked_for_again() -> None:
    async def story():
        meter = session(None, "1000", None, None, "1500")
        await meter.begin()
        await meter.insist()
        return meter.end("done", end_read=True)

    assert run_virtual(story()).energy_wh == Decimal(500)


def test_a_register_that_goes_back_is_not_believed() -> None:
    async def story():
        meter = session("1000", "999.9")
        await meter.begin()
        await meter.sample()

    with pytest.raises(ImplausibleReading, match="went back"):
        run_virtual(story())


def test_without_an_end_register_no_energy_is_claimed() -> None:
    async def story():
        meter = session("1000", "1500")
        await meter.begin()
        await meter.sample()
        return meter.end("meter lost", end_read=False)

    record = run_virtual(story())
    assert (record.begin_wh, record.end_wh, record.energy_wh) == (Decimal(1000), None, None)


@pytest.mark.parametrize(
    ("registers", "currents", "words"),
    [
        (("1000", "9000"), (10.0, 10.0), "went from 1000 Wh to 9000 Wh"),
        (("1000", "1001"), (10.0, 500.0), "500 A cannot be"),
        (("1000", "1001"), (10.0, -500.0), "500 A cannot be"),
    ],
)
def test_what_no_installation_can_have_is_no_measurement_and_the_next_one_counts(
    registers: tuple[str, ...], currents: tuple[float, ...], words: str
) -> None:
    async def story() -> None:
        meter = session(*registers, "1002")
        script = meter._meter
        assert isinstance(script, Script)
        script.current_a = currents[0]
        await meter.begin()
        script.current_a = currents[1]
        with pytest.raises(ImplausibleReading, match=words) as refused:
            await meter.sample()
        assert refused.value.transient
        script.current_a = 10.0
        await meter.sample()
        assert meter.energy_wh == Decimal(2)

    run_virtual(story())


def test_a_register_that_counts_whole_kilowatt_hours_may_step() -> None:
    async def story() -> None:
        meter = session("1000", "1000", "2000")
        await meter.begin()
        await meter.sample()
        await Clock().sleep(1.0)
        await meter.sample()
        assert meter.energy_wh == Decimal(1000)

    run_virtual(story())


def test_after_a_long_silence_the_register_may_have_moved_far() -> None:
    async def story() -> None:
        meter = session("1000", "21000")
        await meter.begin()
        await Clock().sleep(3600.0)
        await meter.sample()
        assert meter.energy_wh == Decimal(20_000)

    run_virtual(story())
