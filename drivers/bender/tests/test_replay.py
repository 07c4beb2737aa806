"""Recorded dialogues of every part, played back: the driver does the same again, line for line and byte for byte.

They were recorded from the emulated parts (``python drivers/bender/tests/test_replay.py`` records them anew); one from
real hardware takes the same form.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cc613hal.bus.replay import ReplayMismatchError
from cc613hal.errors import CommandFailed
from cc613hal.interfaces import ContactorState, PilotState, SupplyState, TripCause, WeldState
from cc613hal.testing.replays import record_part, replay_part
from cc613hal_bender.front_led import front_language

RECORDINGS = Path(__file__).parent / "recordings"


async def contactor(bench):
    assert (await bench.device.switch_on()).state is ContactorState.ON
    await asyncio.sleep(5.0)
    assert (await bench.device.switch_off()).state is ContactorState.OFF
    await asyncio.sleep(2.0)
    assert (await bench.device.check_weld()).state is WeldState.CLEAR


async def contactor_welds(bench):
    await bench.device.switch_on()
    if bench.simulation is not None:
        bench.simulation.plant.outlet(1).welded.set(True)
    with pytest.raises(CommandFailed, match="welded"):
        await bench.device.switch_off()
    assert (await bench.device.check_weld()).state is WeldState.WELDED
    await asyncio.sleep(1.0)
    if bench.simulation is not None:
        bench.simulation.plant.outlet(1).welded.set(False)
    await asyncio.sleep(1.0)


async def phases(bench):
    await bench.device.select_phases(1)
    await bench.device.switch_on()
    await bench.device.switch_off()
    await bench.device.select_phases(3)
    await bench.device.switch_on()
    await bench.device.switch_off()


async def rcd_test(bench):
    result = await bench.device.self_test()
    assert result.passed, result.steps


async def rcd_trip(bench):
    trips = []
    bench.device.trips.on(trips.append)
    await bench.device.self_test()
    if bench.simulation is not None:
        bench.simulation.plant.outlet(1).residual_dc_ma.set(7.0)
    await asyncio.sleep(1.0)
    assert [trip.cause for trip in trips] == [TripCause.DC]


async def rcd_values(bench):
    reading = await bench.device.read()
    assert (reading.dc_ma, reading.rms_ma) == (pytest.approx(0.0, abs=0.2), 0.0)


async def pilot(bench):
    assert (await bench.device.read()).state is PilotState.A
    await bench.device.offer(26.7)
    await bench.device.read()
    await bench.device.read_cable()
    await bench.device.steady()


async def opto(bench):
    assert not (await bench.device.read_input()).active


async def relay(bench):
    await bench.device.switch_on()
    await asyncio.sleep(1.0)
    await bench.device.switch_off()


async def supply(bench):
    seen = []
    bench.device.changes.on(lambda reading: seen.append(reading.state))
    assert (await bench.device.read_supply()).state is SupplyState.GOOD


async def household(bench):
    reading = await bench.device.read_socket()
    assert (reading.breaker_ok, reading.plugged) == (True, False)


async def climate(bench):
    if bench.simulation is not None:
        bench.simulation.plant.cabinet.temperature("internal").set(70.0)
    await asyncio.sleep(15.0)
    assert (await bench.device.read_climate()).on


async def front_led(bench):
    await bench.device.show(front_language()["booting"])
    await bench.device.show(front_language()["ready"])
    await asyncio.sleep(2.2)


async def plc(bench):
    reading = await bench.device.read_plc()
    assert (reading.mac, reading.link) == ("00:b0:52:8a:1c:07", False)
    await bench.device.reset_plc()


PLAYS = {
    "contactor": ("bender.contactor", contactor),
    "contactor-welds": ("bender.contactor", contactor_welds),
    "contactor-phases": ("bender.contactor", phases),
    "rcmb104-self-test": ("bender.rcmb104", rcd_test),
    "rcmb104-trip": ("bender.rcmb104", rcd_trip),
    "rcmb104-measuring": ("bender.rcmb104-measuring", rcd_values),
    "pilot": ("bender.pilot", pilot),
    "opto-input": ("bender.opto-input", opto),
    "relay": ("bender.relay", relay),
    "supply": ("bender.supply", supply),
    "household-socket": ("bender.household-socket", household),
    "climate": ("bender.climate", climate),
    "front-led": ("bender.front-led", front_led),
    "plc-qca7000": ("bender.plc-qca7000", plc),
}


@pytest.mark.parametrize("name", PLAYS)
def test_the_driver_does_what_was_recorded(name):
    driver, play = PLAYS[name]
    replay_part(driver, RECORDINGS / f"{name}.jsonl", play)


def test_a_driver_that_does_something_else_is_found_out():
    async def twice(bench):
        await relay(bench)
        await relay(bench)

    with pytest.raises(ReplayMismatchError):
        replay_part("bender.relay", RECORDINGS / "relay.jsonl", twice)


if __name__ == "__main__":
    RECORDINGS.mkdir(exist_ok=True)
    for name, (driver, play) in PLAYS.items():
        record_part(driver, RECORDINGS / f"{name}.jsonl", play)
