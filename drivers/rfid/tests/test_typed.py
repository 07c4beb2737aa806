"""What a keyboard-wedge reader types, key by key, and which inputs are no identifier."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal_rfid.keyboard_emulation import keys_for
from cc613hal_rfid.keymap import KeyLayout, character
from cc613hal_rfid.keys_port import EV_KEY, EV_SYN, SYN_DROPPED, InputEvent
from cc613hal_rfid.typed import Content, Input, Terminator, TypedOptions, TypedRefused, Typist, read_typed
from cc613hal_rfid.uid import UID_LENGTHS, UidOrder

ENTER = InputEvent(EV_KEY, 28, 1)
HEADER = Path("/usr/include/linux/input-event-codes.h")


@pytest.mark.parametrize(
    ("text", "options", "uid"),
    [
        ("DEADBEEF", {}, "DEADBEEF"),
        ("de:ad:be:ef", {}, "DEADBEEF"),
        ("EFBEADDE", {"typed_order": UidOrder.REVERSED}, "DEADBEEF"),
        ("04A1B2C3D4E5F6", {}, "04A1B2C3D4E5F6"),
        ("0A1B2C", {"digits": 6}, "0A1B2C"),
        ("3735928559", {"content": Content.DECIMAL}, "DEADBEEF"),
        ("0000000258", {"content": Content.DECIMAL, "digits": 10}, "00000102"),
        ("258", {"content": Content.DECIMAL, "number_bytes": 3}, "000102"),
        ("173,48879", {"content": Content.WIEGAND_26}, "ADBEEF"),
        ("17348879", {"content": Content.WIEGAND_26}, "ADBEEF"),
        (";DEADBEEF?", {"start": ";", "end": "?"}, "DEADBEEF"),
        ("A-17/b", {"content": Content.TEXT}, b"A-17/b".hex()),
    ],
)
def test_what_is_typed_is_read(text, options, uid):
    assert read_typed(text, TypedOptions(**options)) == bytes.fromhex(uid)


@pytest.mark.parametrize(
    ("text", "options", "why"),
    [
        ("DEADBEE", {}, "7 hexadecimal digits"),  # truncated
        ("DEADBEEF01", {}, "10 hexadecimal digits"),
        ("", {}, "0 hexadecimal digits"),
        ("DEADBEEX", {}, "no hexadecimal number"),
        ("DEADBEEF", {"digits": 14}, "8 characters instead of 14"),
        ("4294967296", {"content": Content.DECIMAL}, "does not fit into 4 bytes"),
        ("12a", {"content": Content.DECIMAL}, "no decimal number"),
        ("٣", {"content": Content.DECIMAL}, "no decimal number"),  # a digit, and none a reader types
        ("000012345", {"content": Content.DECIMAL, "digits": 10}, "9 characters instead of 10"),
        ("256,00001", {"content": Content.WIEGAND_26}, "facility code"),
        ("1,1", {"content": Content.WIEGAND_26}, "facility code"),
        ("", {"content": Content.TEXT}, "empty"),
        ("DEADBEEF?", {"start": ";", "end": "?"}, "does not begin with"),
        (";", {"start": ";", "end": ";"}, "does not begin with"),
    ],
)
def test_what_is_no_identifier_is_refused_with_a_reason_and_without_the_digits(text, options, why):
    with pytest.raises(TypedRefused, match=re.escape(why)) as caught:
        read_typed(text, TypedOptions(**options))
    assert len(text) < 4 or text not in str(caught.value)


def play(events, **options):
    typist = Typist(TypedOptions(**options))
    return [done for event in events if (done := typist.hear(event)) is not None], typist


@given(st.sampled_from(UID_LENGTHS).flatmap(lambda n: st.binary(min_size=n, max_size=n)), st.sampled_from(KeyLayout), st.booleans())
@settings(max_examples=80, deadline=None)
def test_every_identifier_survives_every_layout(uid, layout, lower):
    text = uid.hex() if lower else uid.hex().upper()
    options = TypedOptions(layout=layout)
    done, _ = play([*keys_for(text, layout), ENTER], layout=layout)
    assert done == [Input(text)]
    assert read_typed(done[0].text, options) == uid


def test_the_wrong_layout_is_refused_rather_than_misread():
    done, _ = play([*keys_for("0123456789", KeyLayout.FR), ENTER], layout=KeyLayout.US)
    with pytest.raises(TypedRefused):
        read_typed(done[0].text, TypedOptions(content=Content.DECIMAL))


def test_the_key_pad_types_digits_on_every_layout():
    codes = [82, 79, 80, 81, 75, 76, 77, 71, 72, 73]
    for layout in KeyLayout:
        assert "".join(character(code, shift=False, layout=layout) for code in codes) == "0123456789"


@pytest.mark.skipif(not HEADER.exists(), reason="the kernel's header is not installed")
def test_key_codes_are_the_kernels():
    names = {name: int(code) for name, code in re.findall(r"#define KEY_(\w+)\s+(\d+)", HEADER.read_text())}
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789":
        assert character(names[letter], shift=False, layout=KeyLayout.US) == letter.lower()
    for digit in "0123456789":
        assert character(names[f"KP{digit}"], shift=False, layout=KeyLayout.US) == digit
    for name, mark in {"MINUS": "-", "SEMICOLON": ";", "COMMA": ",", "DOT": ".", "SLASH": "/", "SPACE": " ", "BACKSLASH": "\\"}.items():
        assert character(names[name], shift=False, layout=KeyLayout.US) == mark


def test_repeated_keys_and_releases_type_nothing():
    held = [InputEvent(EV_KEY, 2, 1), InputEvent(EV_KEY, 2, 2), InputEvent(EV_KEY, 2, 0), InputEvent(4, 4, 458782), ENTER]
    assert play(held)[0] == [Input("1")]


def test_a_lone_enter_is_no_input():
    assert play([ENTER, ENTER])[0] == []


def test_lost_keys_spoil_the_input_and_not_the_next():
    done, _ = play([*keys_for("DEAD"), InputEvent(EV_SYN, SYN_DROPPED, 0), *keys_for("BEEF"), ENTER, *keys_for("1234"), ENTER])
    assert done == [Input("DEADBEEF", "keys were lost"), Input("1234")]


def test_a_key_that_writes_nothing_spoils_the_input():
    (done,), _ = play([*keys_for("12"), InputEvent(EV_KEY, 103, 1), ENTER])  # cursor up
    assert "key 103" in done.spoilt


def test_endless_typing_is_bounded():
    (done,), _ = play([*keys_for("1" * 1000), ENTER])
    assert len(done.text) == 128
    assert "more than" in done.spoilt


@pytest.mark.parametrize(
    ("terminator", "spoilt"), [(Terminator.ENTER, "it was broken off"), (Terminator.TAB, "it was broken off"), (Terminator.NONE, "")]
)
def test_a_pause_ends_an_input_or_breaks_it_off(terminator, spoilt):
    done, typist = play(keys_for("DEADBEEF"), terminator=terminator)
    assert done == []
    assert typist.pause() == Input("DEADBEEF", spoilt)
    assert typist.pause() is None


@given(
    st.lists(st.builds(InputEvent, st.integers(0, 5), st.integers(0, 0x2FF), st.integers(-2, 3)), max_size=200), st.sampled_from(Terminator)
)
@settings(max_examples=100, deadline=None)
def test_any_events_at_all_are_survived(events, terminator):
    done, typist = play(events, terminator=terminator)
    for item in [*done, typist.pause()]:
        if item is not None:
            try:
                read_typed(item.text, TypedOptions())
            except TypedRefused:
                continue
