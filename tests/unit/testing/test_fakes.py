"""Fakes behave like the parts they stand for, as far as an application can tell."""

from __future__ import annotations

import pytest

from cc613hal.errors import CommandFailed
from cc613hal.interfaces import (
    CardReader,
    Colour,
    Contactor,
    ContactorState,
    ControlPilot,
    ImmediateOff,
    LockPosition,
    Pattern,
    PilotOutput,
    PilotState,
    PlugLock,
    PowerMeter,
    Relay,
    ResidualCurrentMonitor,
    TripCause,
)
from cc613hal.testing.fakes import (
    FakeCardReader,
    FakeContactor,
    FakeControlPilot,
    FakeDigitalInput,
    FakeIndicator,
    FakeMeter,
    FakePlugLock,
    FakeProximityPilot,
    FakeRelay,
    FakeResidualCurrentMonitor,
    FakeTemperatureSensor,
)


async def test_contactor_follows_and_counts():
    contactor = FakeContactor()
    assert isinstance(contactor, Contactor)
    assert isinstance(contactor, ImmediateOff)
    assert (await contactor.switch_on()).state is ContactorState.ON
    contactor.off_now()
    assert (await contactor.sense()).state is ContactorState.OFF
    assert contactor.counter.operations == 1
    assert contactor.calls == ["on", "off now"]


async def test_contactor_drops_by_itself():
    contactor, heard = FakeContactor(on=True), []
    contactor.unexpected.on(heard.append)
    contactor.drop()
    assert [reading.state for reading in heard] == [ContactorState.OFF]


async def test_the_next_command_fails_once():
    lock = FakePlugLock(fails=CommandFailed("jammed", device="lock"))
    assert isinstance(lock, PlugLock)
    with pytest.raises(CommandFailed):
        await lock.lock()
    assert (await lock.lock()).position is LockPosition.LOCKED
    assert (await lock.unlock()).position is LockPosition.UNLOCKED


async def test_monitor_trips_and_latches():
    monitor, heard = FakeResidualCurrentMonitor(), []
    assert isinstance(monitor, ResidualCurrentMonitor)
    monitor.trips.on(heard.append)
    assert (await monitor.self_test()).passed
    monitor.trip(TripCause.RMS)
    assert monitor.latched
    assert heard[0].cause is TripCause.RMS
    assert not (await monitor.reset()).latched


async def test_pilot_shows_vehicle_and_offer():
    pilot, heard = FakeControlPilot(), []
    assert isinstance(pilot, ControlPilot)
    pilot.changes.on(heard.append)
    await pilot.offer(26.7)
    pilot.become(PilotState.C)
    assert (heard[0].state, heard[0].output, heard[0].duty_percent) == (PilotState.C, PilotOutput.PWM, 26.7)
    await pilot.fault()
    assert (await pilot.read()).output is PilotOutput.FAULT


async def test_pilot_proves_the_diode_only_while_pwm_runs():
    pilot = FakeControlPilot()
    with pytest.raises(CommandFailed, match="while PWM runs"):
        await pilot.check_diode()
    await pilot.offer(26.7)
    assert await pilot.check_diode()
    pilot.diode = False
    assert not await pilot.check_diode()


async def test_reader_publishes_only_while_it_polls():
    reader, heard = FakeCardReader(), []
    assert isinstance(reader, CardReader)
    reader.cards.on(heard.append)
    card = reader.present("04AABBCC")
    assert await reader.poll_once() == (card,)
    assert heard == []
    await reader.start_polling()
    reader.remove(card)
    assert [event.present for event in heard] == [False]


async def test_the_small_ones():
    meter, relay, lights = FakeMeter(power_w=11000.0), FakeRelay(), FakeIndicator()
    assert isinstance(meter, PowerMeter)
    assert isinstance(relay, Relay)
    assert (await meter.read_power()).power_w == 11000.0
    await relay.switch_on()
    assert relay.is_on
    pattern = Pattern(colours=(Colour(0.0, 1.0, 0.0),))
    await lights.show(pattern)
    assert lights.shown == pattern
    await lights.dark()
    assert lights.shown is None
    assert (await FakeTemperatureSensor(temperature_c=70.0).read()).temperature_c == 70.0
    assert (await FakeProximityPilot(ampacity_a=None).read_cable()).ampacity_a is None
    door, heard = FakeDigitalInput(), []
    door.changes.on(heard.append)
    door.become(True)
    assert heard[0].active
