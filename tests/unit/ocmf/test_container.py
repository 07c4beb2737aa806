"""Files for the transparency software: written so that it can check them, read as a stream whatever they hold."""

from __future__ import annotations

import base64
import io
import tracemalloc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from pyocmf.utils.xml import OcmfContainer

from cc613hal.ocmf import PublicKey, RecordInvalid, RecordUnreadable, SignedValue, ValueContext, read_values, value_of, write_values
from cc613hal.ocmf import container as module
from cc613hal.ocmf.container import _CHUNK

SAMPLES = Path(__file__).parent / "samples"
VALUE = SignedValue(data="OCMF|{}|{}", format="OCMF", encoding="plain")


def read(text: str | bytes) -> list[SignedValue]:
    return list(read_values(io.BytesIO(text.encode() if isinstance(text, str) else text)))


def written(*values: SignedValue) -> bytes:
    stream = io.BytesIO()
    write_values(stream, values)
    return stream.getvalue()


def sample(name: str) -> list[SignedValue]:
    with (SAMPLES / name).open("rb") as file:
        return list(read_values(file))


class TestWriting:
    def test_every_value_says_format_and_encoding(self) -> None:
        record = sample("test_ocmf_ebee_01.xml")[0]
        value = value_of(record.data, PublicKey.from_text(record.key), transaction_id="15060", context=ValueContext.BEGIN)
        text = written(value).decode()
        assert '<value transactionId="15060" context="Transaction.Begin">' in text
        assert '<signedData format="OCMF" encoding="plain">OCMF|' in text
        assert '<publicKey encoding="hex">3059' in text

    def test_another_implementation_reads_it(self, tmp_path: Path) -> None:
        values = [evolve(value, format="OCMF", encoding="plain", key_encoding="hex") for value in sample("test_ocmf_ebee_01.xml")]
        (tmp_path / "bill.xml").write_bytes(written(*values))
        theirs = OcmfContainer.from_xml(tmp_path / "bill.xml")
        assert [(record.transaction_id, record.context, record.verify_signature()) for record in theirs] == [
            (15060, "Transaction.Begin", True),
            (15060, "Transaction.End", True),
        ]

    @given(
        st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=50),
        st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20),
    )
    def test_whatever_it_holds_comes_back(self, data: str, number: str) -> None:
        value = evolve(VALUE, data=f"OCMF|{data}|{{}}", transaction_id=number, context="Transaction.End")
        (back,) = read(written(value))
        assert (back.data, back.transaction_id, back.format, back.encoding) == (value.data, value.transaction_id, "OCMF", "plain")

    def test_line_breaks_inside_signed_bytes_survive(self) -> None:
        (back,) = read(written(evolve(VALUE, data='OCMF|{"a":\r\n1}|{}')))
        assert back.data == 'OCMF|{"a":\r\n1}|{}'

    @pytest.mark.parametrize("changes", [{"format": ""}, {"encoding": ""}, {"key": "30"}, {"data": "\x00"}, {"transaction_id": "\x1b"}])
    def test_what_the_transparency_software_could_not_check_is_not_written(self, changes: dict[str, str]) -> None:
        with pytest.raises(RecordInvalid):
            written(evolve(VALUE, **changes))


class TestReading:
    @pytest.mark.parametrize(("name", "count"), [("test_ocmf_ebee_01.xml", 2), ("brainpoolP256r1.xml", 2), ("edl-40-01.xml", 1)])
    def test_public_files(self, name: str, count: int) -> None:
        assert len(sample(name)) == count

    @pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
    def test_in_the_encoding_that_they_declare(self, codec: str) -> None:
        declared = {"utf-8-sig": "utf-8"}.get(codec, codec)
        text = f'<?xml version="1.0" encoding="{declared}"?><values><value><signedData>OCMF|Säule|{{}}</signedData></value></values>'
        assert read(text.encode(codec))[0].data == "OCMF|Säule|{}"

    def test_the_line_of_each_value_is_told(self) -> None:
        assert [value.line for value in sample("test_ocmf_ebee_01.xml")] == [2, 6]

    @pytest.mark.parametrize(
        ("value", "content"),
        [
            (SignedValue(data=" OCMF|a|b\n"), b"OCMF|a|b"),
            (SignedValue(data=base64.b64encode(b"OCMF|a|b").decode(), encoding="base64"), b"OCMF|a|b"),
            (SignedValue(data=b"OCMF|a|b".hex(), encoding="hex"), b"OCMF|a|b"),
            (SignedValue(data="1b 1B 1b 1b", encoding="plain"), b"\x1b\x1b\x1b\x1b"),
        ],
    )
    def test_encodings(self, value: SignedValue, content: bytes) -> None:
        assert value.content() == content

    @pytest.mark.parametrize(
        "value", [SignedValue(data="?", encoding="base64"), SignedValue(data="zz", encoding="hex"), SignedValue(data="x", encoding="rot13")]
    )
    def test_wrong_encodings_are_refused(self, value: SignedValue) -> None:
        with pytest.raises(RecordUnreadable):
            value.content()

    def test_bare_records_also_over_several_lines(self) -> None:
        text = 'OCMF|{"a":1}|{}\n\nOCMF|{\n "a":2\n}|{}\r\n1b1b1b1b01\n{"signedMeterData":"T0NNRg=="}\n'
        assert [(value.data, value.line) for value in read(text)] == [
            ('OCMF|{"a":1}|{}', 1),
            ('OCMF|{\n "a":2\n}|{}', 3),
            ("1b1b1b1b01", 6),
            ('{"signedMeterData": "T0NNRg=="}', 7),
        ]

    def test_bare_records_of_other_formats_stand_on_a_line_each(self) -> None:
        assert [value.data for value in read("1b1b1b1b01\n\n4f434d467c\nOCMF|{}|{}")] == ["1b1b1b1b01", "4f434d467c", "OCMF|{}|{}"]

    def test_nothing_holds_nothing(self) -> None:
        assert read("") == read(" \n\n") == read("<values/>") == []


class TestAttacks:
    @pytest.mark.parametrize(
        "text",
        [
            '<!DOCTYPE values [<!ENTITY a "aaaa">]><values><value><signedData>&a;</signedData></value></values>',
            '<!DOCTYPE values SYSTEM "file:///etc/passwd"><values/>',
            '<!DOCTYPE v [<!ENTITY a "0"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><values>&b;</values>',
            '<!DOCTYPE values [<!ENTITY % p SYSTEM "http://127.0.0.1/">%p;]><values/>',
        ],
    )
    def test_document_types_and_entities_are_refused(self, text: str) -> None:
        with pytest.raises(RecordUnreadable, match="document type"):
            read(text)

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("<values>", "no XML"),
            ("<values></value>", "no XML"),
            ('<?xml version="1.0" encoding="utf-9"?><values/>', "no XML: unknown encoding"),
            ('<?xml version="1.0" encoding="shift-jis"?><values/>', "no XML: multi-byte"),
            ("<values><value>&undefined;</value></values>", "no XML"),
            ("<invoices/>", "root is <invoices>"),
            ("<" + "x" * 100, "no XML"),
            ("<values>" + "<a>" * 40, "nested deeper"),
            ("<values><value><signedData>a</signedData><signedData>b</signedData></value></values>", "twice"),
            ("<values><value><publicKey>a</publicKey><publicKey>b</publicKey></value></values>", "twice"),
            ("<values><value><signedData>a<b>c</b></signedData></value></values>", "elements inside"),
        ],
    )
    def test_broken_files_say_what_is_wrong(self, text: str, why: str) -> None:
        with pytest.raises(RecordUnreadable, match=why):
            read(text)

    def test_values_before_the_break_are_given_out(self) -> None:
        values = read_values(io.BytesIO(b"<values><value><signedData>a</signedData></value><broken"))
        assert next(values).data == "a"
        with pytest.raises(RecordUnreadable):
            next(values)

    @given(st.binary(max_size=300))
    def test_noise_is_read_or_refused_and_nothing_else(self, noise: bytes) -> None:
        for text in (noise, b"<values>" + noise + b"</values>"):
            try:
                read(text)
            except RecordUnreadable:
                continue


class _Endless(io.RawIOBase):
    """A file of any size that takes no room: a head, then the same piece again and again."""

    def __init__(self, head: bytes, piece: bytes, size: int) -> None:
        self._pieces = self._all(head, piece, size)
        self.given = 0

    @staticmethod
    def _all(head: bytes, piece: bytes, size: int) -> Iterator[bytes]:
        yield head
        whole = piece * max(1, _CHUNK // len(piece))
        for _ in range(size // len(whole)):
            yield whole

    def read(self, size: int = -1) -> bytes:
        data = next(self._pieces, b"")
        self.given += len(data)
        return data


GIGABYTE = 1 << 30


class TestSize:
    @pytest.mark.parametrize(
        ("head", "piece"),
        [
            (b"<values><value><signedData>", b"a"),
            (b"<values><value><publicKey>", b"a"),
            (b"<values><value transactionId='", b"1"),
            (b"<values><!--", b"x"),
            (b"<values><", b"v"),
            (b"OCMF|", b"x"),
            (b"OCMF|", b"x" * 200 + b"\n"),
            (b"z", b"x"),
        ],
        ids=["data", "key", "attribute", "comment", "tag", "bare", "bare-lines", "garbage"],
    )
    def test_a_gigabyte_of_one_thing_is_given_up_early_with_little_memory(self, head: bytes, piece: bytes) -> None:
        stream = _Endless(head, piece, GIGABYTE)
        tracemalloc.start()
        try:
            with pytest.raises(RecordUnreadable):
                list(read_values(stream))  # type: ignore[arg-type]
            assert tracemalloc.get_traced_memory()[1] < 32 << 20
        finally:
            tracemalloc.stop()
        assert stream.given < 32 << 20

    def test_a_long_file_is_read_value_by_value(self) -> None:
        value = b"<value transactionId='1'><signedData>" + b"x" * 2000 + b"</signedData></value>\n"
        stream = _Endless(b"<values>", value, 8 << 20)
        tracemalloc.start()
        try:
            values = read_values(stream)  # type: ignore[arg-type]
            assert sum(1 for _ in islice(values, 4000)) == 4000
            assert tracemalloc.get_traced_memory()[1] < 4 << 20
        finally:
            tracemalloc.stop()

    def test_a_file_of_more_values_than_a_station_makes_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "MAX_VALUES", 3)
        with pytest.raises(RecordUnreadable, match="split it"):
            read("<values>" + "<value/>" * 4 + "</values>")
