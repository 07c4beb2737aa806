"""The reader as an application sees it, on each of its wires."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from cc613hal.board import open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BusTimeout, CommandFailed, ConfigError, ConnectFailed
from cc613hal.health import HealthState
from cc613hal.interfaces import CardReader, Identified, SecureCardReader
from cc613hal.plant import Simulation
from cc613hal.plant.world import FieldCard
from cc613hal.plugins import BusKind
from cc613hal.testing.bench import PART, board_for

WIRES = [BusKind.SERIAL, BusKind.I2C, BusKind.SPI]
PLAIN = FieldCard(uid=bytes.fromhex("DEADBEEF"))
SECURE = FieldCard(uid=bytes.fromhex("04A1B2C3D4E5F6"), sak=0x20, atqa=0x0344, ats=bytes.fromhex("7577810280"))


class Bench:
    def __init__(self, simulation, board):
        self.simulation = simulation
        self.board = board
        self.reader = board.get(CardReader, PART)
        self.chip = simulation.plant.parts[PART]
        self.seen: list[tuple[str, bool]] = []
        self.reader.cards.on(lambda event: self.seen.append((event.card.uid, event.present)))

    def hold(self, *cards):
        self.simulation.plant.cabinet.cards.set(tuple(cards))


@asynccontextmanager
async def bench(wire=BusKind.SERIAL, **options):
    description = board_for("rfid.pn532", bus=wire, options=options)
    async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
        yield Bench(simulation, board)


@pytest.fixture(params=WIRES, ids=lambda wire: wire.value)
def wire(request):
    return request.param


def test_a_card_is_reported_once_and_its_removal_once(wire):
    async def main():
        async with bench(wire) as b:
            await b.reader.start_polling()
            await asyncio.sleep(3)
            b.hold(PLAIN)
            await asyncio.sleep(5)
            assert b.seen == [("DEADBEEF", True)]
            b.hold()
            await asyncio.sleep(3)
            assert b.seen == [("DEADBEEF", True), ("DEADBEEF", False)]

    run_virtual(main())


def test_a_card_that_wobbles_is_still_the_same_presentation(wire):
    async def main():
        async with bench(wire) as b:
            await b.reader.start_polling()
            for _ in range(4):
                b.hold(PLAIN)
                await asyncio.sleep(0.5)
                b.hold()
                await asyncio.sleep(0.4)
            assert b.seen == [("DEADBEEF", True)]
            await asyncio.sleep(2)
            b.hold(PLAIN)
            await asyncio.sleep(1)
            assert b.seen == [("DEADBEEF", True), ("DEADBEEF", False), ("DEADBEEF", True)]

    run_virtual(main())


def test_two_cards_at_once_are_both_reported(wire):
    async def main():
        async with bench(wire) as b:
            b.hold(PLAIN, SECURE)
            assert [card.uid for card in await b.reader.poll_once()] == ["DEADBEEF", "04A1B2C3D4E5F6"]

    run_virtual(main())


def test_an_apdu_reaches_the_card_while_polling_goes_on(wire):
    async def main():
        async with bench(wire) as b:
            b.chip.application = lambda card, apdu: apdu[::-1] + bytes.fromhex("9000")
            await b.reader.start_polling()
            b.hold(SECURE)
            await asyncio.sleep(1)
            secure = b.board.get(SecureCardReader, PART)
            long_apdu = bytes(range(250)) + bytes(8)
            assert await secure.transceive(bytes.fromhex("00A40400")) == bytes.fromhex("0004A4009000")
            b.chip.application = lambda card, apdu: len(apdu).to_bytes(2, "big") + bytes.fromhex("9000")
            assert await secure.transceive(long_apdu) == bytes.fromhex("01029000")
            await asyncio.sleep(10)
            assert b.seen == [("04A1B2C3D4E5F6", True)]

    run_virtual(main())


def test_an_apdu_without_a_card_says_so_and_a_leaving_card_too():
    async def main():
        async with bench() as b:
            secure = b.board.get(SecureCardReader, PART)
            with pytest.raises(CommandFailed, match="no ISO-DEP card"):
                await secure.transceive(bytes.fromhex("00A40400"))
            with pytest.raises(ConfigError, match="at least 4 bytes"):
                await secure.transceive(b"\x00")
            b.hold(SECURE)
            await b.reader.poll_once()
            b.hold()
            with pytest.raises(CommandFailed, match="does not answer any more"):
                await secure.transceive(bytes.fromhex("00A40400"))

    run_virtual(main())


def test_a_card_with_a_new_number_each_time_is_one_card():
    async def main():
        async with bench() as b:
            await b.reader.start_polling()
            for last in range(8):
                b.hold(FieldCard(uid=bytes((0x08, 1, 2, last)), sak=0x20))
                await asyncio.sleep(0.3)
            assert b.seen == [("08010200", True)]

    run_virtual(main())


def test_lost_acknowledgements_damaged_answers_and_garbage_are_survived(wire):
    async def main():
        async with bench(wire) as b:
            b.hold(PLAIN)
            b.chip.lose_acks = 1
            assert len(await b.reader.poll_once()) == 1
            b.chip.damage = 2
            assert len(await b.reader.poll_once()) == 1
            if wire is BusKind.SERIAL:
                b.chip.garbage = bytes.fromhex("A5 00 FF 12 34 00")
                assert len(await b.reader.poll_once()) == 1

    run_virtual(main())


def test_a_late_answer_is_not_taken_for_the_next_one():
    async def main():
        async with bench() as b:
            b.hold(PLAIN)
            await b.reader.poll_once()
            b.simulation.faults(PART).late_s = 0.4
            with pytest.raises(BusTimeout):
                await b.board.get(Identified, PART).identify()
            b.simulation.faults(PART).late_s = 0.0
            assert [card.uid for card in await b.reader.poll_once()] == ["DEADBEEF"]

    run_virtual(main())


def test_another_chip_is_refused(wire):
    async def main():
        description = board_for("rfid.pn532", bus=wire)
        async with Simulation(description) as simulation:
            simulation.plant.parts[PART].firmware = bytes.fromhex("33010607")
            with pytest.raises(ConnectFailed, match="a PN532 begins with 32"):
                async with open_board(description, simulation.buses, clock=simulation.clock):
                    pass

    run_virtual(main())


def test_an_absent_reader_is_named_with_a_next_step(wire):
    async def main():
        description = board_for("rfid.pn532", bus=wire)
        async with Simulation(description) as simulation:
            simulation.plant.parts[PART].deaf = True
            with pytest.raises(ConnectFailed, match="PN532"):
                async with open_board(description, simulation.buses, clock=simulation.clock):
                    pass

    run_virtual(main())


def test_unplugged_and_plugged_back_polling_goes_on(wire):
    async def main():
        async with bench(wire) as b:
            await b.reader.start_polling()
            await asyncio.sleep(1)
            b.simulation.faults(PART).unplug()
            await asyncio.sleep(30)
            assert b.board.health()[PART].state is not HealthState.OK
            b.chip.power_cycle()
            b.simulation.faults(PART).plug()
            await asyncio.sleep(60)
            assert b.board.health()[PART].state is HealthState.OK
            b.hold(PLAIN)
            await asyncio.sleep(2)
            assert b.seen == [("DEADBEEF", True)]

    run_virtual(main())


def test_stopping_switches_the_field_off(wire):
    async def main():
        async with bench(wire) as b:
            await b.reader.start_polling()
            b.hold(PLAIN)
            await asyncio.sleep(1)
            assert b.chip.field_on
            await b.reader.stop_polling()
            assert not b.chip.field_on
            count = len(b.seen)
            await asyncio.sleep(60)
            assert len(b.seen) == count

    run_virtual(main())


def test_an_idle_hour_on_a_serial_line_is_nearly_silent():
    async def main():
        async with bench() as b:
            await b.reader.start_polling()
            await asyncio.sleep(1)
            b.chip.commands.clear()
            await asyncio.sleep(3600)
            assert len(b.chip.commands) <= 3600 / 10 * 2 + 4  # one search and one sign of life every ten seconds

    run_virtual(main())


@pytest.mark.parametrize("wire", [BusKind.I2C, BusKind.SPI], ids=lambda wire: wire.value)
@pytest.mark.parametrize(("irq", "most"), [(True, 1.2), (False, 5.5)], ids=["with IRQ", "without IRQ"])
def test_an_idle_minute_costs_the_bus_what_its_documentation_says(wire, irq, most):
    lines = {"irq": {"active_low": True} if irq else None, "reset": None}

    async def main():
        description = board_for("rfid.pn532", bus=wire, lines=lines)
        async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
            await board.get(CardReader, PART).start_polling()
            await asyncio.sleep(5)
            actor = next(actor for name, (actor, _) in board.buses.items() if name == "part-bus")
            before = actor.statistics.transfers
            await asyncio.sleep(60)
            assert (actor.statistics.transfers - before) / 60 <= most

    run_virtual(main())


@pytest.mark.parametrize("options", [{"several": "refuse"}, {"several": "first"}])
def test_several_cards_are_treated_as_the_station_wants(wire, options):
    async def main():
        async with bench(wire, **options) as b:
            b.hold(PLAIN, SECURE)
            await b.reader.start_polling()
            await asyncio.sleep(2)
            assert b.seen == ([] if options["several"] == "refuse" else [("DEADBEEF", True)])

    run_virtual(main())


def test_a_random_number_is_marked_or_refused(wire):
    async def main():
        async with bench(wire, random_uid="refuse") as b:
            b.hold(FieldCard(uid=bytes.fromhex("08010203"), sak=0x20))
            assert await b.reader.poll_once() == ()
        async with bench(wire) as b:
            b.hold(FieldCard(uid=bytes.fromhex("08010203"), sak=0x20))
            assert (await b.reader.poll_once())[0].random_uid

    run_virtual(main())
