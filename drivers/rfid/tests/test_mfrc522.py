"""The MFRC522 as an application sees it, on both of its wires, with an emulated chip that misbehaves."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.board import open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BusTimeout, CommandFailed, ConfigError, ConnectFailed, DeviceError, NoAnswer, WrongIdentity
from cc613hal.health import HealthState
from cc613hal.interfaces import CardReader, CardRefusals, CardTechnology, Identified, SecureCardReader
from cc613hal.plant import FieldCard, Simulation
from cc613hal.plugins import BusKind
from cc613hal.testing.bench import PART, board_for
from cc613hal_rfid.uid import UID_LENGTHS

WIRES = [BusKind.SPI, BusKind.I2C]
PLAIN = FieldCard(uid=bytes.fromhex("DEADBEEF"))
SECURE = FieldCard(uid=bytes.fromhex("04A1B2C3D4E5F6"), sak=0x20, atqa=0x0344, ats=bytes.fromhex("7577810280"))
TRIPLE = FieldCard(uid=bytes.fromhex("04112233445566778899"), sak=0x20, atqa=0x0084)


class Bench:
    def __init__(self, simulation, board):
        self.simulation = simulation
        self.board = board
        self.reader = board.get(CardReader, PART)
        self.secure = board.get(SecureCardReader, PART)
        self.chip = simulation.plant.parts[PART]
        self.health = board.health()[PART]
        self.seen: list[str] = []
        self.reader.cards.on(lambda event: self.seen.append(f"{'+' if event.present else '-'}{event.card.uid}"))
        board.get(CardRefusals, PART).refusals.on(lambda refusal: self.seen.append(f"!{refusal.reason.value}"))

    def hold(self, *cards):
        self.simulation.plant.cabinet.cards.set(tuple(cards))


@asynccontextmanager
async def bench(wire=BusKind.SPI, before=None, **options):
    description = board_for("rfid.mfrc522", bus=wire, options=options)
    async with Simulation(description) as simulation:
        if before is not None:
            before(simulation.plant.parts[PART])
        async with open_board(description, simulation.buses, clock=simulation.clock) as board:
            yield Bench(simulation, board)


@pytest.fixture(params=WIRES, ids=lambda wire: wire.value)
def wire(request):
    return request.param


def test_a_card_comes_and_goes_once(wire):
    async def main():
        async with bench(wire) as b:
            await b.reader.start_polling()
            await asyncio.sleep(3)
            b.hold(PLAIN)
            await asyncio.sleep(5)
            b.hold()
            await asyncio.sleep(3)
            assert b.seen == ["+DEADBEEF", "-DEADBEEF"]

    run_virtual(main())


def test_a_crowd_of_all_sizes_is_read_at_every_look(wire):
    async def main():
        async with bench(wire) as b:
            b.hold(PLAIN, SECURE, TRIPLE)
            for _ in range(3):
                cards = {card.uid: card for card in await b.reader.poll_once()}
                assert set(cards) == {"DEADBEEF", "04A1B2C3D4E5F6", "04112233445566778899"}
            assert cards["DEADBEEF"].technology is CardTechnology.MIFARE_CLASSIC
            assert cards["04A1B2C3D4E5F6"].technology is CardTechnology.ISO_DEP
            assert cards["04A1B2C3D4E5F6"].ats == bytes.fromhex("80")
            assert cards["04A1B2C3D4E5F6"].sak == 0x20

    run_virtual(main())


@given(
    st.lists(
        st.sampled_from(UID_LENGTHS).flatmap(lambda length: st.binary(min_size=length, max_size=length)).filter(lambda uid: uid[0] != 0x88),
        unique=True,
        max_size=4,
    ),
    st.sampled_from(["aligned", "frame", "level"]),
    st.sampled_from(WIRES),
)
@settings(max_examples=25, deadline=None)
def test_any_crowd_is_read_through_the_chip(uids, counts, wire):
    async def main():
        async with bench(wire, uid_order="wire") as b:
            b.chip.collision_counts = counts
            b.hold(*(FieldCard(uid=uid) for uid in uids))
            assert sorted(card.raw_uid for card in await b.reader.poll_once()) == sorted(uids)

    run_virtual(main())


def test_cards_beyond_the_limit_are_left_alone():
    async def main():
        async with bench(max_cards=2) as b:
            b.hold(*(FieldCard(uid=bytes((1, 2, 3, last))) for last in range(5)))
            assert len(await b.reader.poll_once()) == 2

    run_virtual(main())


def test_several_cards_are_refused_where_the_station_wants_one():
    async def main():
        async with bench(several="refuse") as b:
            await b.reader.start_polling()
            b.hold(PLAIN, SECURE)
            await asyncio.sleep(2)
            b.hold()
            await asyncio.sleep(2)
            b.hold(PLAIN)
            await asyncio.sleep(1)
            assert b.seen == ["!several-cards", "+DEADBEEF"]
            assert await b.reader.poll_once()

    run_virtual(main())


def test_random_numbers_are_refused_where_the_station_wants_that():
    async def main():
        async with bench(random_uid="refuse") as b:
            b.hold(FieldCard(uid=bytes.fromhex("08010203"), sak=0x20))
            assert await b.reader.poll_once() == ()
            await b.reader.start_polling()
            await asyncio.sleep(1)
            assert b.seen == ["!random-uid"]

    run_virtual(main())


def test_an_apdu_session_goes_on_while_the_reader_polls(wire):
    async def main():
        async with bench(wire) as b:
            b.chip.application = lambda card, apdu: len(apdu).to_bytes(2, "big") + bytes(apdu[:200]) + bytes.fromhex("9000")
            b.chip.wait_requests = 2
            await b.reader.start_polling()
            b.hold(PLAIN, SECURE)
            await asyncio.sleep(1)
            for length in (4, 61, 62, 250):
                answer = await b.secure.transceive(bytes(length))
                assert answer[:2] == length.to_bytes(2, "big")
                assert answer.endswith(b"\x90\x00")
                await asyncio.sleep(0.5)
            await asyncio.sleep(5)
            assert sorted(b.seen) == ["+04A1B2C3D4E5F6", "+DEADBEEF"]

    run_virtual(main())


def test_an_apdu_without_a_card_says_so_and_a_leaving_card_too(wire):
    async def main():
        async with bench(wire) as b:
            with pytest.raises(ConfigError, match="at least 4 bytes"):
                await b.secure.transceive(b"\x00")
            b.hold(PLAIN)
            with pytest.raises(CommandFailed, match="no ISO-DEP card"):
                await b.secure.transceive(bytes(4))
            b.hold(SECURE)
            await b.secure.transceive(bytes(4))
            b.hold()
            with pytest.raises(CommandFailed, match="does not answer any more"):
                await b.secure.transceive(bytes(4))
            assert b.health.state is HealthState.OK, "a card that leaves is no defect"

    run_virtual(main())


def test_the_field_is_on_only_while_looking(wire):
    async def main():
        async with bench(wire) as b:
            assert not b.chip.field_on
            await b.reader.poll_once()
            assert not b.chip.field_on
            b.hold(SECURE)
            await b.secure.transceive(bytes(4))
            assert b.chip.field_on, "a session needs its power"
            await b.reader.stop_polling()
            assert not b.chip.field_on

    run_virtual(main())


@pytest.mark.parametrize(("version", "model", "firmware"), [(0x91, "MFRC522", "1.0"), (0x92, "MFRC522", "2.0"), (0x88, "FM17522", "")])
def test_the_chip_says_who_it_is(wire, version, model, firmware):
    async def main():
        async with bench(wire, before=lambda chip: setattr(chip, "version", version)) as b:
            identity = await b.board.get(Identified, PART).identify()
            assert (identity.model, identity.firmware) == (model, firmware)

    run_virtual(main())


def failure(wire, before, **options) -> BaseException:
    async def main():
        with pytest.raises(ConnectFailed) as caught:
            async with bench(wire, before, **options):
                pass
        return caught.value.failures[PART]

    return run_virtual(main())


def test_another_chip_is_refused_unless_it_is_named(wire):
    def other(chip):
        chip.version = 0xB2

    error = failure(wire, other)
    assert isinstance(error, WrongIdentity)
    assert "0xB2" in str(error)

    async def main():
        async with bench(wire, other, version=0xB2) as b:
            assert (await b.board.get(Identified, PART).identify()).firmware == "0xB2"

    run_virtual(main())


def test_an_absent_chip_is_a_bus_error_with_a_hint(wire):
    error = failure(wire, lambda chip: setattr(chip, "deaf", True))
    assert isinstance(error, NoAnswer)
    assert error.hint


@pytest.mark.parametrize("version", [0x91, 0x92])
def test_the_self_test_finds_a_defective_chip(wire, version):
    def defective(chip):
        chip.version, chip.defective = version, True

    error = failure(wire, defective, self_test=True)
    assert isinstance(error, DeviceError)
    assert "1 of 64 bytes" in str(error)

    async def main():
        async with bench(wire, lambda chip: setattr(chip, "version", version), self_test=True) as b:
            assert b.health.state is HealthState.OK

    run_virtual(main())


@pytest.mark.parametrize(("db", "bits"), [(18, 0x00), (23, 0x10), (33, 0x40), (38, 0x50), (43, 0x60), (48, 0x70)])
def test_the_gain_is_set(db, bits):
    async def main():
        async with bench(gain_db=db) as b:
            assert b.chip.gain_bits == bits

    run_virtual(main())


def test_a_chip_that_reset_itself_is_set_up_again_unnoticed(wire):
    async def main():
        async with bench(wire, gain_db=48) as b:
            b.hold(PLAIN)
            b.chip.power_cycle()
            assert len(await b.reader.poll_once()) == 1
            assert b.chip.gain_bits == 0x70

    run_virtual(main())


def test_a_chip_that_hangs_is_a_fault_until_it_works_again(wire, caplog):
    async def main():
        async with bench(wire) as b:
            b.hold(PLAIN)
            b.chip.hangs = True
            with pytest.raises(BusTimeout, match="does not end"):
                await b.reader.poll_once()
            assert b.health.state is HealthState.FAULT
            await b.reader.start_polling()
            await asyncio.sleep(60)
            warnings = [record for record in caplog.records if record.levelname == "WARNING"]
            assert len(warnings) == 1, [record.getMessage() for record in warnings]
            b.chip.hangs = False
            await asyncio.sleep(10)
            assert b.health.state is HealthState.OK
            assert b.seen == ["+DEADBEEF"]

    run_virtual(main())


def test_noise_on_the_air_hides_no_card_and_is_no_defect(wire):
    async def main():
        async with bench(wire) as b:
            b.hold(PLAIN)
            b.chip.noise = 2
            assert len(await b.reader.poll_once()) == 1
            b.chip.damage = 2
            assert len(await b.reader.poll_once()) == 1
            assert b.health.state is HealthState.OK

    run_virtual(main())


def test_a_slow_chip_is_waited_for(wire):
    async def main():
        async with bench(wire) as b:
            b.hold(PLAIN)
            b.chip.answer_s = 0.02
            assert len(await b.reader.poll_once()) == 1

    run_virtual(main())


def test_bits_that_flip_on_the_wire_never_invent_a_card():
    async def main():
        async with bench() as b:
            b.hold(PLAIN)
            b.simulation.faults(PART).noise = 0.02
            found = set()
            for _ in range(200):
                try:
                    found |= {card.uid for card in await b.reader.poll_once()}
                except (NoAnswer, BusTimeout, DeviceError):
                    continue
            assert found == {"DEADBEEF"}

    run_virtual(main())


def test_unplugged_and_back_it_goes_on_with_one_line_each_way(wire, caplog):
    caplog.set_level("INFO", "cc613hal.device")

    async def main():
        async with bench(wire) as b:
            await b.reader.start_polling()
            await asyncio.sleep(1)
            caplog.clear()
            b.simulation.faults(PART).unplug()
            b.chip.power_cycle()
            await asyncio.sleep(60)
            assert b.health.state is HealthState.OFFLINE
            b.simulation.faults(PART).plug()
            await asyncio.sleep(60)
            assert b.health.state is HealthState.OK
            b.hold(PLAIN)
            await asyncio.sleep(2)
            assert b.seen == ["+DEADBEEF"]
        told = [record.getMessage() for record in caplog.records if record.name.startswith("cc613hal.device")]
        assert len([line for line in told if "offline" in line.split("->")[-1]]) == 1
        assert len(told) == 2, told

    run_virtual(main())


@pytest.mark.parametrize(("cards", "most"), [((), 13), ((PLAIN,), 75), ((SECURE,), 114)], ids=["nobody", "Classic", "ISO-DEP"])
def test_a_look_costs_no_more_register_accesses_than_its_documentation_says(wire, cards, most):
    async def main():
        async with bench(wire) as b:
            b.hold(*cards)
            await b.reader.poll_once()
            b.chip.transfers.clear()
            await b.reader.poll_once()
            assert sum(b.chip.transfers.values()) <= most

    run_virtual(main())
