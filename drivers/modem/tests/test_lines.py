"""Cutting a stream into lines, and reading them, whatever comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal_modem.lines import LONGEST_LINE, Final, LineParser, bare, fields, final_of, prefixed

PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)


@given(st.lists(PRINTABLE, max_size=8), st.lists(st.integers(1, 7), max_size=60))
def test_lines_come_out_the_same_however_the_stream_is_cut(lines, cuts):
    stream = b"".join(f"\r\n{line}\r\n".encode() for line in lines)
    parser, found = LineParser(), []
    for cut in cuts:
        found += parser.feed(stream[:cut])
        stream = stream[cut:]
    assert found + parser.feed(stream) == lines


@given(st.lists(st.binary(max_size=300), max_size=12))
def test_no_bytes_upset_it_and_what_comes_out_is_a_printed_line(pieces):
    parser = LineParser()
    for piece in pieces:
        for line in parser.feed(piece):
            assert line == line.strip()
            assert line.isascii()
            assert not {"\r", "\n", "\0"} & set(line)
            assert 0 < len(line) <= LONGEST_LINE


@given(st.binary(max_size=200))
def test_after_any_noise_the_next_answer_is_understood(noise):
    parser = LineParser()
    parser.feed(noise)
    parser.feed(b"\r\n")
    assert parser.feed(b"\r\n+CSQ: 21,99\r\n\r\nOK\r\n") == ["+CSQ: 21,99", "OK"]


def test_a_line_without_end_takes_no_memory_and_is_dropped():
    parser = LineParser()
    for _ in range(100):
        assert parser.feed(b"x" * 500) == []
    assert parser.feed(b"tail\r\nOK\r\n") == ["OK"]
    assert parser.dropped == 1


@given(
    st.lists(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters='"'), max_size=10), min_size=1, max_size=6)
)
def test_quoted_fields_keep_their_commas(parts):
    assert fields(",".join(f'"{part}"' for part in parts)) == tuple(part.strip() for part in parts)


@given(PRINTABLE)
def test_reading_any_line_raises_nothing(text):
    fields(text)
    final_of(text)
    prefixed([text], "+CSQ")
    bare([text], "AT+CGMI")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("OK", Final(ok=True)),
        ("ERROR", Final(ok=False)),
        ("+CME ERROR: 16", Final(ok=False, kind="CME", reason="16")),
        ("+CME ERROR: incorrect password", Final(ok=False, kind="CME", reason="incorrect password")),
        ("+CMS ERROR: 310", Final(ok=False, kind="CMS", reason="310")),
        ("OKAY", None),
        ("NO CARRIER", None),
        ("+CSQ: 21,99", None),
    ],
)
def test_what_ends_an_answer(line, expected):
    assert final_of(line) == expected


def test_plain_answers_are_told_from_unsolicited_lines():
    assert bare(["+CREG: 1", "RING", "Quectel"], "AT+CGMI") == ["Quectel"]
    assert bare(["+CGMI: Quectel"], "AT+CGMI") == ["Quectel"]
    assert bare(["^SYSSTART"], "AT+CGMI") == []
