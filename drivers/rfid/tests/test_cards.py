"""What the chip's list of targets means."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.errors import ProtocolViolation
from cc613hal.interfaces import CardSecurity, CardTechnology
from cc613hal_rfid.cards import historical_bytes, parse_targets
from cc613hal_rfid.uid import UidCase, UidOptions, UidOrder

CLASSIC = "01 01 00 04 08 04 DE AD BE EF"


def card(answer: str, **how: object):
    (target,) = parse_targets(bytes.fromhex(answer), "reader")
    return target.seen().card(UidOptions(**how))


@pytest.mark.parametrize(
    ("answer", "uid", "technology"),
    [
        (CLASSIC, "DEADBEEF", CardTechnology.MIFARE_CLASSIC),
        ("01 01 00 44 00 07 04 A1 B2 C3 D4 E5 F6", "04A1B2C3D4E5F6", CardTechnology.MIFARE_ULTRALIGHT),
        ("01 01 03 44 20 07 04 A1 B2 C3 D4 E5 F6 06 75 77 81 02 80", "04A1B2C3D4E5F6", CardTechnology.ISO_DEP),
        ("01 01 00 04 28 04 01 02 03 04 01", "01020304", CardTechnology.ISO_DEP),
        ("01 01 00 04 40 04 01 02 03 04", "01020304", CardTechnology.ISO_14443A),
    ],
)
def test_cards_show_number_and_technology(answer, uid, technology):
    shown = card(answer)
    assert (shown.uid, shown.technology, shown.security) == (uid, technology, CardSecurity.UID)


def test_the_number_is_written_as_the_backend_wants_it():
    assert card(CLASSIC, uid_case=UidCase.LOWER, uid_order=UidOrder.REVERSED).uid == "efbeadde"


def test_a_number_made_anew_each_time_is_flagged():
    assert card("01 01 00 04 20 04 08 11 22 33 01").random_uid
    assert not card("01 01 00 44 00 07 08 A1 B2 C3 D4 E5 F6").random_uid  # only four-byte numbers are ever random


def test_historical_bytes_come_without_interface_bytes():
    assert historical_bytes(bytes.fromhex("7577810280")) == bytes.fromhex("80")
    assert historical_bytes(b"") == b""


def test_two_cards_are_told_apart():
    both = bytes.fromhex("02 01 03 44 20 04 01 02 03 04 02 78 02 00 04 08 04 DE AD BE EF")
    assert [target.uid.hex() for target in parse_targets(both, "reader")] == ["01020304", "deadbeef"]


@given(st.binary(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_answer_is_a_list_of_cards_or_a_named_error(answer):
    try:
        targets = parse_targets(answer, "reader")
    except ProtocolViolation:
        return
    assert len(targets) == answer[0]
