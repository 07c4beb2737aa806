"""The shunt release: a proven weld trips the breaker upstream, once, and says what came of it."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from cc613hal.board import open_board, parse_board
from cc613hal.clock import run_virtual
from cc613hal.errors import CommandFailed, ConfigError, ConnectFailed
from cc613hal.interfaces import Contactor, Relay, WeldCheck, WeldState
from cc613hal.plant import Simulation

BOARD = """
schema = 1
name = "test.shunt"
summary = "a contactor with a shunt release"
[bus.gpio]
type = "gpio"
chips = ["/dev/gpiochip0"]
[bus.gpio.lines]
COIL = "gpiochip0:0"
MIRROR = "gpiochip0:1"
SENSE = "gpiochip0:2"
K2 = "gpiochip0:3"
GOOD = "gpiochip0:4"
MAINS = "gpiochip0:5"
[device.relay2]
driver = "bender.relay"
lines = {{ coil = "K2" }}
[device.supply]
driver = "bender.supply"
lines = {{ power_good = "GOOD", mains = "MAINS" }}
[device.contactor1]
driver = "bender.contactor"
connector = 1
lines = {{ {lines} }}
uses = {{ {uses} }}
options = {{ {options} }}
"""
BOTH = 'coil = "COIL", mirror = "MIRROR", mains_sense = "SENSE"'
ON = "shunt_release = true"
NO_MAINS, MAINS = (0.0, 0.0, 0.0), (230.0, 230.0, 230.0)


@asynccontextmanager
async def station(*, lines=BOTH, uses='shunt = "relay2", supply = "supply"', options=ON, breaker=True, state_dir=None, welded=False):
    """With a breaker that trips when its shunt release is fed."""
    description = parse_board(BOARD.format(lines=lines, uses=uses, options=options), file="test")
    async with Simulation(description) as simulation:
        outlet = simulation.plant.outlet(1)
        outlet.welded.set(welded)
        simulation.pulses = []

        def fed(on):
            simulation.pulses.append((on, simulation.clock.monotonic_s()))
            if on and breaker:
                outlet.mains_v.set(NO_MAINS)

        simulation.line("K2").level.on(fed)
        async with open_board(description, simulation.buses, clock=simulation.clock, state_dir=state_dir) as board:
            yield simulation, board, outlet
            outlet.welded.set(False)


async def weld(board, outlet):
    await board.get(Contactor).switch_on()
    outlet.welded.set(True)
    with pytest.raises(CommandFailed, match="welded"):
        await board.get(Contactor).switch_off()


def test_a_proven_weld_trips_the_breaker_and_the_mains_is_seen_to_go():
    async def main():
        async with station() as (simulation, board, outlet):
            await weld(board, outlet)
            assert not simulation.pulses  # a contact that lags is no proof: the check decides
            reading = await board.get(WeldCheck).check_weld()
            assert reading.state is WeldState.WELDED
            assert "the shunt release was fired, the mains went" in reading.detail
            (on, on_s), (off, off_s) = simulation.pulses
            assert (on, off) == (True, False)
            assert off_s - on_s == pytest.approx(0.5)
            assert board.health()["contactor1"].state.value == "fault"

    run_virtual(main())


def test_it_fires_once_for_each_weld_also_over_a_restart(tmp_path):
    async def main():
        async with station(state_dir=tmp_path) as (simulation, board, outlet):
            await weld(board, outlet)
            await board.get(WeldCheck).check_weld()
            outlet.mains_v.set(MAINS)  # somebody closed the breaker
            await board.get(WeldCheck).check_weld()
            assert len(simulation.pulses) == 2
        async with station(state_dir=tmp_path) as (simulation, board, outlet):
            outlet.welded.set(True)
            reading = await board.get(WeldCheck).check_weld()
            assert reading.state is WeldState.WELDED
            assert not simulation.pulses
            outlet.welded.set(False)  # a new contactor
            assert (await board.get(WeldCheck).check_weld()).state is WeldState.CLEAR
            outlet.welded.set(True)
            await board.get(WeldCheck).check_weld()
            assert len(simulation.pulses) == 2

    run_virtual(main())


def test_a_breaker_that_does_not_trip_is_told():
    async def main():
        async with station(breaker=False) as (_, board, outlet):
            await weld(board, outlet)
            reading = await board.get(WeldCheck).check_weld()
            assert "the mains is still there: the breaker did not trip" in reading.detail

    run_virtual(main())


def test_where_nothing_senses_the_mains_nothing_is_claimed():
    async def main():
        async with station(lines='coil = "COIL", mirror = "MIRROR"', uses='shunt = "relay2"') as (simulation, board, outlet):
            await weld(board, outlet)
            reading = await board.get(WeldCheck).check_weld()
            assert "nothing tells whether the breaker tripped" in reading.detail
            assert len(simulation.pulses) == 2

    run_virtual(main())


def test_without_the_option_a_weld_fires_nothing():
    async def main():
        async with station(options="shunt_release = false") as (simulation, board, outlet):
            await weld(board, outlet)
            await board.get(WeldCheck).check_weld()
            assert not simulation.pulses

    run_virtual(main())


def test_a_relay_that_cannot_be_driven_is_told_and_the_verdict_stays(monkeypatch):
    async def main():
        async with station() as (_, board, outlet):
            relay = board.get(Relay)

            async def broken():
                raise CommandFailed("the relay does not move", device="relay2")

            monkeypatch.setattr(relay, "switch_on", broken)
            await weld(board, outlet)
            reading = await board.get(WeldCheck).check_weld()
            assert reading.state is WeldState.WELDED
            assert "could not be fired" in reading.detail

    run_virtual(main())


def test_the_option_without_a_relay_is_refused():
    async def main():
        with pytest.raises((ConfigError, ConnectFailed), match="shunt"):
            async with station(uses='supply = "supply"'):
                pass

    run_virtual(main())
