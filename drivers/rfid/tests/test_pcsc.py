"""The PC/SC terminal as an application sees it, on an emulated terminal that misbehaves. The real service is in test_pcscd."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.board import open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, BusClosed, BusTimeout, CommandFailed, ConfigError, ConnectFailed, ProtocolViolation
from cc613hal.health import HealthState
from cc613hal.interfaces import CardReader, CardRefusals, CardSecurity, CardTechnology, Identified, SecureCardReader
from cc613hal.plant import FieldCard, Simulation
from cc613hal.testing.bench import PART, board_for
from cc613hal_rfid.atr import read_atr, storage_atr, wrapped_atr

PLAIN = FieldCard(uid=bytes.fromhex("DEADBEEF"))
SECURE = FieldCard(uid=bytes.fromhex("04A1B2C3D4E5F6"), sak=0x20, atqa=0x0344, ats=bytes.fromhex("7577810280"))
APDU = bytes.fromhex("00A40400")


class Bench:
    def __init__(self, simulation, board):
        self.simulation = simulation
        self.board = board
        self.reader = board.get(CardReader, PART)
        self.secure = board.get(SecureCardReader, PART)
        self.terminal = simulation.plant.parts[PART]
        self.health = board.health()[PART]
        self.seen: list[str] = []
        self.events = []
        self.reader.cards.on(self._heard)
        board.get(CardRefusals, PART).refusals.on(lambda refusal: self.seen.append(f"!{refusal.reason.value}"))

    def _heard(self, event):
        self.events.append(event)
        self.seen.append(f"{'+' if event.present else '-'}{event.card.uid}")

    def hold(self, *cards):
        self.simulation.plant.cabinet.cards.set(tuple(cards))


@asynccontextmanager
async def bench(before=None, **options):
    description = board_for("rfid.pcsc", options=options)
    async with Simulation(description) as simulation:
        if before is not None:
            before(simulation.plant.parts[PART])
        async with open_board(description, simulation.buses, clock=simulation.clock) as board:
            yield Bench(simulation, board)


def test_a_card_comes_and_goes_once():
    async def main():
        async with bench() as b:
            await b.reader.start_polling()
            await asyncio.sleep(30)
            b.hold(SECURE)
            await asyncio.sleep(30)
            b.hold()
            await asyncio.sleep(0.9)
            assert b.seen == ["+04A1B2C3D4E5F6"], "it must have been away for a second"
            await asyncio.sleep(1)
            assert b.seen == ["+04A1B2C3D4E5F6", "-04A1B2C3D4E5F6"]
            card = b.events[0].card
            assert (card.technology, card.security, card.ats) == (CardTechnology.ISO_DEP, CardSecurity.UID, bytes.fromhex("80"))

    run_virtual(main())


def test_a_card_that_wobbles_is_one_presentation_and_another_card_is_another():
    async def main():
        async with bench() as b:
            await b.reader.start_polling()
            for _ in range(5):
                b.hold(PLAIN)
                await asyncio.sleep(0.5)
                b.hold()
                await asyncio.sleep(0.4)
            b.hold(SECURE)
            await asyncio.sleep(3)
            assert b.seen == ["+DEADBEEF", "+04A1B2C3D4E5F6", "-DEADBEEF"]

    run_virtual(main())


def test_apdus_and_their_failures():
    async def main():
        async with bench() as b:
            b.terminal.application = lambda card, apdu: apdu[::-1] + b"\x90\x00"
            with pytest.raises(ConfigError, match="at least 4 bytes"):
                await b.secure.transceive(b"\x00")
            with pytest.raises(CommandFailed, match="no ISO-DEP card"):
                await b.secure.transceive(APDU)
            b.hold(PLAIN)
            with pytest.raises(CommandFailed, match="no ISO-DEP card"):
                await b.secure.transceive(APDU)
            b.hold(SECURE)
            await b.reader.poll_once()
            assert await b.secure.transceive(APDU) == APDU[::-1] + b"\x90\x00"
            b.terminal.application = lambda card, apdu: b"\x90"
            with pytest.raises(ProtocolViolation, match="status bytes"):
                await b.secure.transceive(APDU)
            b.terminal.application = lambda card, apdu: None
            with pytest.raises(CommandFailed, match="does not answer any more"):
                await b.secure.transceive(APDU)
            b.terminal.application = lambda card, apdu: b"\x90\x00"
            assert await b.secure.transceive(APDU) == b"\x90\x00", "the card is still there, and is read again"
            b.terminal.answer_s = 2.0
            with pytest.raises(BusTimeout):
                await b.secure.transceive(APDU, timeout_s=0.5)
            assert b.health.state is HealthState.OK

    run_virtual(main())


def test_a_card_at_the_edge_of_the_field_is_read_anew_before_it_is_refused():
    async def main():
        async with bench() as b:
            await b.reader.start_polling()
            b.terminal.leave_early = 2
            b.hold(PLAIN)
            await asyncio.sleep(3)
            assert b.seen == ["+DEADBEEF"]
            b.hold()
            await asyncio.sleep(3)
            b.terminal.leave_early = 1000
            b.hold(SECURE)
            await asyncio.sleep(60)
            assert b.seen == ["+DEADBEEF", "-DEADBEEF", "!unreadable"]
            assert b.terminal.leave_early == 1000 - 3

    run_virtual(main())


def test_a_terminal_that_tells_no_identifier_refuses_the_card_once():
    async def main():
        async with bench() as b:
            b.terminal.uid_status = bytes.fromhex("6A81")
            await b.reader.start_polling()
            b.hold(PLAIN)
            await asyncio.sleep(60)
            assert b.seen == ["!unreadable"]
            assert await b.reader.poll_once() == ()
            assert b.health.state is HealthState.OK

    run_virtual(main())


def test_random_numbers_are_refused_where_the_station_wants_that():
    async def main():
        async with bench(random_uid="refuse") as b:
            await b.reader.start_polling()
            b.hold(FieldCard(uid=bytes.fromhex("08010203"), sak=0x20))
            await asyncio.sleep(3)
            assert b.seen == ["!random-uid"]
            assert await b.reader.poll_once() == ()

    run_virtual(main())


def test_commands_to_the_terminal_itself():
    async def main():
        async with bench(direct=True, beep=False) as b:
            identity = await b.board.get(Identified, PART).identify()
            assert (identity.model, identity.firmware) == ("ACS ACR122U PICC Interface 00 00", "ACR122U207")
            assert not b.terminal.beeps

    run_virtual(main())


def test_a_terminal_that_takes_no_commands_still_reads_cards():
    async def main():
        async with bench(lambda terminal: setattr(terminal, "firmware", None), direct=True) as b:
            assert b.health.state is HealthState.DEGRADED
            b.hold(PLAIN)
            assert len(await b.reader.poll_once()) == 1

    run_virtual(main())


def test_another_terminal_is_refused_where_commands_are_wanted():
    async def main():
        with pytest.raises(ConnectFailed, match="calls its firmware"):
            async with bench(lambda terminal: setattr(terminal, "firmware", b"\x6a\x81"), direct=True):
                pass

    run_virtual(main())


def test_silence_can_only_be_had_from_a_terminal_that_takes_commands():
    with pytest.raises((ConfigError, BoardFileError), match="direct"):
        board_for("rfid.pcsc", options={"beep": False})


def test_unplugged_and_back_polling_goes_on():
    async def main():
        async with bench() as b:
            await b.reader.start_polling()
            await asyncio.sleep(1)
            b.simulation.faults(PART).unplug()
            await asyncio.sleep(0.1)
            assert b.health.state is HealthState.OFFLINE
            with pytest.raises(BusClosed):
                await b.reader.poll_once()
            with pytest.raises(BusClosed):
                await b.secure.transceive(APDU)
            await asyncio.sleep(20)
            b.simulation.faults(PART).plug()
            await asyncio.sleep(40)
            assert b.health.state is HealthState.OK
            b.hold(PLAIN)
            await asyncio.sleep(1)
            assert b.seen == ["+DEADBEEF"]

    run_virtual(main())


@pytest.mark.parametrize(
    ("atr", "technology", "historical"),
    [
        ("3B8F8001804F0CA000000306030001000000006A", CardTechnology.MIFARE_CLASSIC, ""),  # Gemalto Prox-DU guide, Classic 1K
        ("3B8F8001804F0CA0000003060300020000000069", CardTechnology.MIFARE_CLASSIC, ""),  # likewise, Classic 4K
        ("3B8F8001804F0CA0000003060300030000000068", CardTechnology.MIFARE_ULTRALIGHT, ""),
        ("3B8F8001804F0CA00000030603F011000000008A", CardTechnology.FELICA, ""),
        ("3B8F8001804F0CA00000030603FF200000000000", CardTechnology.ISO_14443A, ""),
        ("3B8F8001804F0CA00000030607000000000000", CardTechnology.ISO_14443B, ""),
        ("3B8F8001804F0CA0000003060B001400000000", CardTechnology.ISO_15693, ""),
        ("3B8180018080", CardTechnology.ISO_DEP, "80"),  # DESFire
        ("3B80800101", CardTechnology.ISO_DEP, ""),
        ("3B6500002063CB6A00", CardTechnology.UNKNOWN, ""),  # a card with contacts
        ("", CardTechnology.UNKNOWN, ""),
        ("3B", CardTechnology.UNKNOWN, ""),
    ],
)
def test_the_answer_to_reset_tells_the_technology(atr, technology, historical):
    facts = read_atr(bytes.fromhex(atr))
    assert (facts.technology, facts.historical.hex()) == (technology, historical)


def test_made_up_answers_are_those_of_the_specification():
    assert storage_atr(0x03, 0x0001).hex().upper() == "3B8F8001804F0CA000000306030001000000006A"
    assert wrapped_atr(b"\x80").hex().upper() == "3B8180018080"


@given(st.binary(max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_answer_to_reset_is_read(atr):
    assert isinstance(read_atr(atr).technology, CardTechnology)
    assert read_atr(b"\x3b\x8f\x80\x01" + atr).technology is not None
