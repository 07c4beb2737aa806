"""Two recorded dialogues, played back: the driver says the same again, byte for byte, and understands the same.

They were recorded from the emulated modems (nobody has lent us real ones yet) with the library's recorder; a dialogue of a real modem takes
the same form.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cc613hal.board import open_board
from cc613hal.bus.replay import ReplayBuses, ReplayMismatchError
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import CommandFailed
from cc613hal.interfaces import Modem, Registration, SimState
from cc613hal.testing.bench import PART, board_for

DIALOGUES = Path(__file__).parent / "dialogues"


def replay(name, play):
    async def main():
        async with ReplayBuses.from_file(DIALOGUES / name) as buses, open_board(board_for("modem.at"), buses, clock=Clock()) as board:
            await play(board.get(Modem, PART))

    run_virtual(main())


def test_a_quectel_is_identified_read_and_given_its_access_point():
    async def play(modem):
        assert (await modem.identify_modem()).model == "EC25"
        reading = await modem.read_modem()
        assert (reading.sim, reading.registration, reading.operator) == (SimState.READY, Registration.ROAMING, "26202")
        assert (reading.technology, reading.rssi_dbm, reading.rsrp_dbm) == ("4G", -83.0, -104.0)
        await modem.set_apn("iot.example")

    replay("quectel-ec25.jsonl", play)


def test_a_gemalto_refuses_one_pin_and_takes_the_other():
    async def play(modem):
        with pytest.raises(CommandFailed):
            await modem.enter_pin("9999")
        assert await modem.enter_pin("1234") is SimState.READY

    replay("gemalto-els61.jsonl", play)


def test_a_driver_that_says_something_else_is_found_out():
    async def play(modem):
        await modem.set_apn("other.example")

    with pytest.raises(ReplayMismatchError):
        replay("quectel-ec25.jsonl", play)
