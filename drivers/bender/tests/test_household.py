"""The household socket: contacts that are fitted tell, others say nothing; a tripped breaker is a fault with its name."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError

DRIVER = "bender.household-socket"


def test_every_contact_is_read_and_its_change_published(open_part):
    async def main():
        async with open_part(DRIVER, low=("plugged", "breaker_ok")) as it:
            seen = []
            it.device.changes.on(seen.append)
            first = await it.device.read_socket()
            assert (first.plugged, first.flap_closed, first.breaker_ok, first.rcd_ok) == (False, True, True, True)
            it.outlet.flap_closed.set(False)
            it.outlet.socket_plugged.set(True)
            assert [(reading.flap_closed, reading.plugged) for reading in seen] == [(False, False), (False, True)]
            assert seen[0].source == "part"

    run_virtual(main())


def test_contacts_that_are_not_fitted_say_nothing(open_part):
    async def main():
        async with open_part(DRIVER, "breaker_ok") as it:
            reading = await it.device.read_socket()
            assert (reading.plugged, reading.flap_closed, reading.rcd_ok) == (None, None, None)
            assert reading.breaker_ok is True

    run_virtual(main())


@pytest.mark.parametrize(("signal", "word"), [("breaker_closed", "MCB"), ("rcd_closed", "RCD")])
def test_a_tripped_breaker_is_a_fault_until_it_is_closed(open_part, signal, word):
    async def main():
        async with open_part(DRIVER) as it:
            getattr(it.outlet, signal).set(False)
            health = it.board.health()["part"]
            assert (health.state.value, health.reason) == ("fault", f"{word} of the household socket tripped")
            assert it.outlet.mains_v.value == (0.0, 0.0, 0.0)
            getattr(it.outlet, signal).set(True)
            assert it.health == "ok"
            assert it.outlet.mains_v.value == (230.0, 230.0, 230.0)

    run_virtual(main())


def test_a_breaker_open_since_the_start_is_a_fault_from_the_start(open_part):
    async def main():
        async with open_part(DRIVER, before=lambda simulation: simulation.plant.outlet(1).breaker_closed.set(False)) as it:
            assert it.health == "fault"
            await asyncio.sleep(1)

    run_virtual(main())


def test_more_than_the_socket_is_rated_for_is_refused(open_part):
    async def main():
        with pytest.raises(BoardFileError, match="max_current_a"):
            async with open_part(DRIVER, options={"max_current_a": 20.0}):
                pass

    run_virtual(main())
