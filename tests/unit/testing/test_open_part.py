"""One part on a bench, as the tests of driver packages use it."""

from __future__ import annotations

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, NotOnBoard, Unsupported
from cc613hal.interfaces import ContactorState, WeldState
from cc613hal.testing.bench import open_part as open_part_without_pytest

DRIVER = "bender.contactor"


def test_the_part_is_connected_and_the_world_around_it_at_hand(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror") as it:
            assert (await it.device.switch_on()).state is ContactorState.ON
            assert it.outlet.contacts.value == 3
            assert it.wire("coil").level.value
            assert it.health == "ok"
            wire = it.wire("coil")
        assert not wire.level.value  # leaving the bench takes the part to its safe state

    run_virtual(main())


def test_only_the_named_lines_are_connected(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror") as it:
            assert set(it.board.description.devices["part"].lines) == {"coil", "mirror"}
            with pytest.raises(NotOnBoard, match="PART_COIL3"):
                it.wire("coil3")

    run_virtual(main())


def test_without_names_every_line_is_connected(open_part):
    async def main():
        async with open_part(DRIVER) as it:
            assert set(it.board.description.devices["part"].lines) == {"coil", "mirror", "coil3", "mains_sense"}

    run_virtual(main())


def test_a_line_can_be_active_low(open_part):
    async def main():
        async with open_part(DRIVER, "coil", low=("coil",)) as it:
            assert it.wire("coil").level.value
            await it.device.switch_on()
            assert not it.wire("coil").level.value

    run_virtual(main())


def test_the_world_can_be_changed_before_the_board_opens(open_part):
    async def main():
        async with open_part(DRIVER, "coil", "mirror", before=lambda simulation: simulation.plant.outlet(1).welded.set(True)) as it:
            assert (await it.device.check_weld()).state is WeldState.WELDED
            it.outlet.welded.set(False)

    run_virtual(main())


def test_a_role_the_driver_does_not_have_is_named(open_part):
    async def main():
        with pytest.raises(Unsupported, match=r"bender\.contactor has no line miror"):
            async with open_part(DRIVER, "coil", "miror"):
                pass

    run_virtual(main())


def test_wrong_options_are_refused_as_in_a_board_file(open_part):
    async def main():
        with pytest.raises(BoardFileError, match="min_off"):
            async with open_part(DRIVER, options={"min_of_s": 3.0}):
                pass

    run_virtual(main())


def test_it_serves_without_pytest():
    async def main():
        async with open_part_without_pytest("bender.relay") as it:
            await it.device.switch_on()
            assert it.wire("coil").level.value

    run_virtual(main())
