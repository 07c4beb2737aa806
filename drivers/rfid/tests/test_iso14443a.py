"""Check sum and anticollision: published figures, nfcpy as second opinion, and any crowd of cards in the air."""

from __future__ import annotations

import asyncio
import warnings
from itertools import zip_longest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.plant import FieldCard
from cc613hal_rfid.iso14443a import WUPA, RfAnswer, RfLink, crc_a, crc_ok, halt, select_one, with_crc
from cc613hal_rfid.picc import EmulatedCard, bits_of, bytes_of
from cc613hal_rfid.uid import UID_LENGTHS


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        ("0000", "A01E"),  # ISO/IEC 14443-3, annex B
        ("1234", "26CF"),  # likewise
        ("5000", "57CD"),  # HLTA
        ("E080", "3173"),  # RATS
        ("08", "B6DD"),  # SAK of a Classic 1K, as sniffers print it
        ("20", "FC70"),  # of a DESFire
        ("04", "DA17"),  # of a cascade level that goes on
        ("00", "FE51"),  # of an Ultralight
    ],
)
def test_the_check_sum_has_its_published_values(data, crc):
    assert crc_a(bytes.fromhex(data)).hex().upper() == crc


@given(st.binary(min_size=1, max_size=64), st.integers(0, 511))
@settings(max_examples=60, deadline=None)
def test_nfcpy_computes_the_same_check_sum(data, flip):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nfc.clf.device import Device
    assert bytes(Device.add_crc_a(bytearray(data))) == with_crc(data)
    assert crc_ok(with_crc(data))
    damaged = bytearray(with_crc(data))
    damaged[flip // 8 % len(damaged)] ^= 1 << flip % 8
    assert not crc_ok(bytes(damaged))


class Air(RfLink):
    """A field full of emulated cards, without any reader chip."""

    def __init__(self, *cards: FieldCard, counts: str = "aligned") -> None:
        self.cards = [EmulatedCard(card) for card in cards]
        self.counts = counts
        self.frames: list[str] = []
        self.spoil = 0

    async def exchange(self, data, *, timeout_s, tx_bits=0, rx_align=0):
        bits = bits_of(data)
        bits = bits[: len(bits) - 8 + tx_bits] if tx_bits else bits
        self.frames.append(data.hex().upper())
        answers = [answer for card in self.cards if (answer := card.hear(bits)) is not None]
        if not answers:
            return None
        if self.spoil:
            self.spoil -= 1
            return RfAnswer(data=b"\x00", damaged=True)
        merged, collision = [], None
        for place, column in enumerate(zip_longest(*answers, fillvalue=0)):
            if len(set(column)) > 1:
                known = (data[1] >> 4) * 8 + (data[1] & 0x0F) - 16 if len(data) > 1 else 0
                collision = place + 1 + {"aligned": rx_align, "frame": 0, "level": known}[self.counts]
                break
            merged.append(column[0])
        merged += [0] * (max(map(len, answers)) - len(merged))
        received = [0] * rx_align + merged
        return RfAnswer(data=bytes_of(received), bits=len(received) % 8, collision=collision)


def find_all(air: Air) -> list[bytes]:
    async def main():
        found = []
        while (card := await select_one(air)) is not None:
            found.append(card.uid)
            await halt(air)
        return found

    return asyncio.run(main())


def test_one_card_is_selected_with_the_frames_of_the_standard():
    air = Air(FieldCard(uid=bytes.fromhex("DEADBEEF"), sak=0x08))
    card = asyncio.run(select_one(air))
    assert (card.uid.hex(), card.sak, card.atqa) == ("deadbeef", 0x08, 0x0004)
    assert air.frames == ["26", "9320", "9370DEADBEEF22" + crc_a(bytes.fromhex("9370DEADBEEF22")).hex().upper()]


@pytest.mark.parametrize(
    ("uid", "selects"), [("01020304", 1), ("04A1B2C3D4E5F6", 2), ("04112233445566778899", 3)], ids=["single", "double", "triple"]
)
def test_every_size_of_identifier_takes_its_cascade_levels(uid, selects):
    air = Air(FieldCard(uid=bytes.fromhex(uid), sak=0x20))
    assert asyncio.run(select_one(air)).uid.hex().upper() == uid
    assert sum(frame[2:4] == "70" for frame in air.frames) == selects


def test_an_empty_field_costs_one_frame():
    air = Air()
    assert asyncio.run(select_one(air)) is None
    assert air.frames == ["26"]


CARDS = st.lists(
    st.sampled_from(UID_LENGTHS).flatmap(lambda length: st.binary(min_size=length, max_size=length)).filter(lambda uid: uid[0] != 0x88),
    min_size=1,
    max_size=5,
    unique=True,
)


@given(CARDS, st.sampled_from(["aligned", "frame", "level"]))
@settings(max_examples=150, deadline=None)
def test_every_card_of_any_crowd_is_found_however_the_reader_counts(uids, counts):
    air = Air(*(FieldCard(uid=uid) for uid in uids), counts=counts)
    assert sorted(find_all(air)) == sorted(uids)


@given(st.integers(0, 31))
@settings(max_examples=32, deadline=None)
def test_two_cards_that_differ_in_any_one_bit_are_told_apart(place):
    one = 0x12345678
    uids = {one.to_bytes(4, "little"), (one ^ 1 << place).to_bytes(4, "little")}
    uids = {uid for uid in uids if uid[0] != 0x88}
    for counts in ("aligned", "frame", "level"):
        assert set(find_all(Air(*(FieldCard(uid=uid) for uid in uids), counts=counts))) == uids


def test_a_halted_card_answers_to_nobody_but_wupa():
    air = Air(FieldCard(uid=bytes.fromhex("01020304")))
    assert len(find_all(air)) == 1
    assert find_all(air) == []
    assert asyncio.run(select_one(air, WUPA)).uid.hex() == "01020304"


def test_noise_costs_another_attempt_and_much_noise_the_card():
    air = Air(FieldCard(uid=bytes.fromhex("01020304")))
    air.spoil = 2
    assert asyncio.run(select_one(air)) is not None
    air = Air(FieldCard(uid=bytes.fromhex("01020304")))
    air.spoil = 100
    assert asyncio.run(select_one(air)) is None


class Rubbish(RfLink):
    """Answers anything at all."""

    def __init__(self, answers):
        self.answers = list(answers)

    async def exchange(self, data, *, timeout_s, tx_bits=0, rx_align=0):
        return self.answers.pop(0) if self.answers else None


ANSWERS = st.one_of(
    st.none(),
    st.builds(
        RfAnswer,
        data=st.binary(max_size=10),
        bits=st.integers(0, 7),
        collision=st.one_of(st.none(), st.integers(1, 32)),
        damaged=st.booleans(),
    ),
)


@given(st.lists(ANSWERS, max_size=200))
@settings(max_examples=150, deadline=None)
def test_whatever_the_air_brings_the_search_ends(answers):
    card = asyncio.run(select_one(Rubbish(answers)))
    assert card is None or len(card.uid) in UID_LENGTHS
