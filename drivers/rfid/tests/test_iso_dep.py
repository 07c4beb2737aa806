"""ISO 14443-4 between our reader's side and an emulated card, over air that loses and spoils blocks."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.plant import FieldCard
from cc613hal_rfid.iso14443a import RfAnswer, RfLink, select_one, with_crc
from cc613hal_rfid.iso_dep import CardLost, IsoDep, rats
from cc613hal_rfid.picc import EmulatedCard, bits_of, bytes_of

DESFIRE = FieldCard(uid=bytes.fromhex("04A1B2C3D4E5F6"), sak=0x20, atqa=0x0344, ats=bytes.fromhex("7577810280"))


class Air(RfLink):
    """One card, and what happens to each exchange: ``.`` fine, ``>`` lost on its way there, ``<`` on its way back, ``~`` spoilt."""

    def __init__(self, card: EmulatedCard, script: str = "") -> None:
        self.card = card
        self.script = list(script)
        self.sent: list[bytes] = []
        self.waits: list[float] = []

    async def exchange(self, data, *, timeout_s, tx_bits=0, rx_align=0):
        bits = bits_of(data)
        fate = self.script.pop(0) if self.script else "."
        self.sent.append(data)
        self.waits.append(timeout_s)
        answer = None if fate == ">" else self.card.hear(bits[: len(bits) - 8 + tx_bits] if tx_bits else bits)
        if answer is None or fate == "<":
            return None
        received = bytes_of(answer)
        if fate == "~":
            received = received[:-1] + bytes((received[-1] ^ 0x01,))
        return RfAnswer(data=received)


def echo(card: FieldCard, apdu: bytes) -> bytes:
    return apdu[::-1] + b"\x90\x00"


def active(card: FieldCard = DESFIRE, application=echo, **how):
    """An activated card and its air."""

    async def main():
        air = Air(EmulatedCard(card, application, **how))
        await select_one(air)
        session = await rats(air)
        air.sent.clear()
        air.waits.clear()
        return air, session

    return asyncio.run(main())


def test_activation_learns_the_historical_bytes():
    _, session = active()
    assert session.historical == bytes.fromhex("80")
    assert session.ats == DESFIRE.ats


def test_an_apdu_and_its_answer():
    air, session = active()
    assert asyncio.run(session.transceive(bytes.fromhex("00A40400"), 0.5)) == bytes.fromhex("0004A4009000")
    assert air.sent == [with_crc(bytes.fromhex("0200A40400"))]


@given(st.integers(4, 400), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_long_commands_and_answers_are_chained(length, before):
    _, session = active()

    async def main():
        for _ in range(before):
            await session.transceive(b"\x00\x01\x02\x03", 0.5)
        apdu = bytes(place % 251 for place in range(length))
        assert await session.transceive(apdu, 0.5) == apdu[::-1] + b"\x90\x00"

    asyncio.run(main())


@given(st.text(alphabet="..........><~", max_size=40), st.integers(4, 300))
@settings(max_examples=200, deadline=None)
def test_whatever_is_lost_the_answer_is_right_or_there_is_none_and_no_command_is_carried_out_twice(script, length):
    air, session = active()
    air.script = list(script)
    apdu = bytes(place % 251 for place in range(length))

    async def main():
        try:
            answer = await session.transceive(apdu, 0.5)
        except CardLost:
            return
        assert answer == apdu[::-1] + b"\x90\x00"

    asyncio.run(main())
    assert air.card.executed <= 1


@pytest.mark.parametrize("script", [">", "<", "~", ">>", "<<", "~<", ".<", ".>", "..<", "..>~"])
def test_up_to_two_losses_in_a_row_are_repaired(script):
    air, session = active()
    air.script = list(script)
    apdu = bytes(100)
    assert asyncio.run(session.transceive(apdu, 0.5)) == apdu + b"\x90\x00"
    assert air.card.executed == 1


def test_a_card_that_needs_time_is_given_it_within_the_callers_patience():
    air, session = active(wait_requests=3)
    assert asyncio.run(session.transceive(b"\x00\x01\x02\x03", 0.5)).endswith(b"\x90\x00")
    assert air.sent[1] == with_crc(b"\xf2\x02")
    assert max(air.waits) <= 0.5
    _, session = active(wait_requests=100)
    with pytest.raises(CardLost, match="still computing"):
        asyncio.run(session.transceive(b"\x00\x01\x02\x03", 0.5))


def test_a_card_that_left_is_lost():
    _, session = active(application=lambda card, apdu: None)
    with pytest.raises(CardLost, match="no answer"):
        asyncio.run(session.transceive(b"\x00\x01\x02\x03", 0.5))


def test_deselect_sends_it_to_sleep():
    air, session = active()
    assert asyncio.run(session.deselect())
    assert asyncio.run(select_one(air)) is None


def test_a_card_that_refuses_activation_is_no_such_card():
    async def main():
        air = Air(EmulatedCard(FieldCard(uid=b"\x01\x02\x03\x04", sak=0x08)))
        await select_one(air)
        return await rats(air)

    assert asyncio.run(main()) is None


@pytest.mark.parametrize(
    ("ats", "wait_s"),
    [("", 0.0048), ("7577810280", 0.0773), ("00", 0.0048), ("78F7F1", 0.0048)],
    ids=["none", "FWI 8", "bare", "FWI 15 is reserved"],
)
def test_the_cards_own_waiting_time_is_kept(ats, wait_s):
    card = EmulatedCard(FieldCard(uid=b"\x01\x02\x03\x04", sak=0x20, ats=bytes.fromhex(ats)), echo)

    async def main():
        air = Air(card)
        await select_one(air)
        session = await rats(air)
        await session.transceive(b"\x00\x01\x02\x03", 5.0)
        return air.waits[-1]

    assert asyncio.run(main()) == pytest.approx(wait_s + 49152 / 13.56e6, rel=0.02)


@given(st.binary(max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_answer_to_select_is_read_without_a_stumble(ats):
    session = IsoDep(Air(EmulatedCard(DESFIRE)), ats)
    assert len(session.historical) <= len(ats)
