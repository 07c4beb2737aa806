"""How identifiers are written, in every form that readers and backends are known to use."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal_rfid.uid import UID_LENGTHS, UidCase, UidForm, UidOptions, UidOrder, is_random, written

FOUR = bytes.fromhex("DEADBEEF")
SEVEN = bytes.fromhex("04A1B2C3D4E5F6")
UIDS = st.sampled_from(UID_LENGTHS).flatmap(lambda length: st.binary(min_size=length, max_size=length))


@pytest.mark.parametrize(
    ("uid", "options", "text"),
    [
        (FOUR, {}, "DEADBEEF"),
        (FOUR, {"uid_case": UidCase.LOWER}, "deadbeef"),
        (FOUR, {"uid_order": UidOrder.REVERSED}, "EFBEADDE"),
        (FOUR, {"uid_separator": ":"}, "DE:AD:BE:EF"),
        (SEVEN, {"uid_prefix": "RFID-"}, "RFID-04A1B2C3D4E5F6"),
        (SEVEN, {"uid_length": 8}, "04A1B2C3"),
        (FOUR, {"uid_form": UidForm.DECIMAL}, "3735928559"),
        (FOUR, {"uid_form": UidForm.DECIMAL, "uid_order": UidOrder.REVERSED}, "4022250974"),
        (bytes.fromhex("00000102"), {"uid_form": UidForm.DECIMAL}, "258"),
        (bytes.fromhex("00000102"), {"uid_form": UidForm.DECIMAL_10}, "0000000258"),
        (SEVEN, {"uid_form": UidForm.DECIMAL_10}, str(0xC3D4E5F6)),
        (FOUR, {"uid_form": UidForm.WIEGAND_26}, "17348879"),  # AD = 173, BEEF = 48879
        (FOUR, {"uid_form": UidForm.WIEGAND_26, "uid_separator": ","}, "173,48879"),
        (FOUR, {"uid_form": UidForm.WIEGAND_34}, "5700548879"),  # DEAD = 57005
        (bytes.fromhex("00010002"), {"uid_form": UidForm.WIEGAND_34, "uid_separator": "-"}, "00001-00002"),
    ],
)
def test_each_form(uid, options, text):
    assert written(uid, UidOptions(**options)) == text


@given(UIDS, st.sampled_from(UidOrder), st.sampled_from(UidCase))
@settings(max_examples=60, deadline=None)
def test_hexadecimal_loses_nothing(uid, order, case):
    text = written(uid, UidOptions(uid_order=order, uid_case=case))
    back = bytes.fromhex(text)
    assert (back if order is UidOrder.WIRE else back[::-1]) == uid


@given(UIDS, st.integers(1, 64), st.sampled_from(UidForm))
@settings(max_examples=60, deadline=None)
def test_no_identifier_is_longer_than_its_limit(uid, length, form):
    assert len(written(uid, UidOptions(uid_form=form, uid_length=length))) <= length


@given(UIDS)
@settings(max_examples=60, deadline=None)
def test_number_forms_have_their_digits(uid):
    digits = {UidForm.DECIMAL_10: 10, UidForm.WIEGAND_26: 8, UidForm.WIEGAND_34: 10}
    for form, count in digits.items():
        text = written(uid, UidOptions(uid_form=form))
        assert text.isdecimal()
        assert len(text) == count


def test_only_four_bytes_beginning_08_are_random():
    assert is_random(bytes.fromhex("08A1B2C3"))
    assert not is_random(bytes.fromhex("04A1B2C3"))
    assert not is_random(bytes.fromhex("08A1B2C3D4E5F6"))
