"""Envelopes and HTTP messages by themselves: what is said comes back, in every dialect, packed or not, in pieces of any size."""

from __future__ import annotations

import asyncio
import gzip
import os
import zlib
from pathlib import Path
from typing import Any

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613_chargepoint.ocpp.soap import FaultCode, Service, SoapFault, SoapInvalid, schema_of
from cc613_chargepoint.ocpp.soap.envelope import ADDRESSING, ADDRESSING_2004, Addressed, Heard, answer, fault, heard, new_id, request
from cc613_chargepoint.ocpp.soap.http import Message, TooLong, Unreadable, receive
from cc613_chargepoint.ocpp.soap.xml import LONGEST_BYTES, parsed, serialised

SCHEMA = schema_of(Service.STATION_16)
WORDS = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"), exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=60,
)


def ask(identity: str = "CP 1", to: str = "http://station/", sender: str = "http://backend/", message_id: str = "urn:uuid:1") -> bytes:
    return request("ClearCache", SCHEMA.element("ClearCache", {}), Addressed(identity=identity, to=to, sender=sender), message_id)


class TestEnvelopes:
    @given(WORDS, WORDS, WORDS, WORDS)
    def test_who_asks_whom_comes_back_as_it_went(self, identity: str, to: str, sender: str, message_id: str) -> None:
        told = heard(ask(identity, to, sender, message_id))
        assert (told.identity, told.sender, told.message_id, told.action) == (identity, sender, message_id, "/ClearCache")

    @pytest.mark.parametrize("addressing", [ADDRESSING, ADDRESSING_2004])
    def test_an_answer_names_its_question(self, addressing: str) -> None:
        question = heard(ask(message_id="urn:uuid:42").replace(ADDRESSING.encode(), addressing.encode()))
        document = answer("ClearCache", SCHEMA.element("ClearCache", {"status": "Accepted"}, answer=True), question)
        told = heard(document)
        assert (told.relates_to, told.action, told.addressing) == ("urn:uuid:42", "/ClearCacheResponse", addressing)
        assert SCHEMA.payload(told.body, "ClearCache", answer=True) == {"status": "Accepted"}
        assert document.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")

    def test_a_question_without_an_id_is_answered_without_relation(self) -> None:
        question = Heard(body=parsed(b"<x/>"))
        assert b"RelatesTo" not in answer("ClearCache", SCHEMA.element("ClearCache", {"status": "Accepted"}, answer=True), question)

    @pytest.mark.parametrize("code", list(FaultCode))
    @given(reason=st.text(max_size=700))
    def test_every_fault_comes_back_with_its_code_whatever_its_reason(self, code: FaultCode, reason: str) -> None:
        with pytest.raises(SoapFault) as told:
            heard(fault(code, reason, SCHEMA.namespace))
        assert told.value.code is code
        assert told.value.reason

    def test_a_fault_says_whose_mistake_it_is_and_which_question(self) -> None:
        document = fault(FaultCode.IDENTITY_MISMATCH, "x", SCHEMA.namespace, heard(ask(message_id="urn:uuid:9")))
        assert b"soap:Sender" in document
        assert b"ocpp:IdentityMismatch" in document
        assert b"urn:uuid:9" in document
        assert b"soap:Receiver" in fault(FaultCode.INTERNAL_ERROR, "x", SCHEMA.namespace)

    def test_an_identity_that_xml_cannot_hold_is_refused_in_words(self) -> None:
        with pytest.raises(SoapInvalid, match="cannot hold"):
            ask(identity="CP\x00")

    def test_each_message_has_an_id_of_its_own(self) -> None:
        assert len({new_id() for _ in range(100)}) == 100

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ((b"Envelope", b"Letter"), "an envelope was expected"),
            ((b"<soap:Body>", b"<soap:Body><x/>"), "one body with one message"),
            ((b"soap:Body", b"soap:Corpse"), "one body with one message"),
        ],
    )
    def test_what_is_no_envelope_is_refused_in_words(self, change: tuple[bytes, bytes], why: str) -> None:
        with pytest.raises(SoapInvalid, match=why):
            heard(ask().replace(*change))

    def test_a_header_that_must_be_understood_is_told_and_another_one_is_not(self) -> None:
        extra = b'<x:security xmlns:x="urn:x" soap:mustUnderstand="%s"/></soap:Header>'
        assert heard(ask().replace(b"</soap:Header>", extra % b"true")).unknown == "security"
        assert heard(ask().replace(b"</soap:Header>", extra % b"false")).unknown == ""

    def test_the_first_of_two_identities_counts(self) -> None:
        second = b"<ocpp:chargeBoxIdentity>other</ocpp:chargeBoxIdentity></soap:Header>"
        assert heard(ask().replace(b"</soap:Header>", second)).identity == "CP 1"


def reading(data: bytes, sizes: list[int] | None = None) -> Message | None:
    """What a server makes of bytes that come in pieces."""

    async def read() -> Message | None:
        reader = asyncio.StreamReader()
        at = 0
        for size in [*(sizes or []), len(data)]:
            reader.feed_data(data[at : at + size])
            at += size
        reader.feed_eof()
        return await receive(h11.Connection(h11.SERVER), reader)

    return asyncio.run(read())


def posted(body: bytes, *headers: str) -> bytes:
    lines = ["POST / HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def deflated(body: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(body) + packing.flush()


PACKED: dict[str, Any] = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress, "Deflate": deflated, "identity": bytes}


class TestHttp:
    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=3000), st.sampled_from(sorted(PACKED)), st.lists(st.integers(1, 200), max_size=8))
    def test_a_body_comes_back_packed_or_not_in_pieces_of_any_size(self, body: bytes, how: str, sizes: list[int]) -> None:
        message = reading(posted(PACKED[how](body), f"Content-Encoding: {how}"), sizes)
        assert message is not None
        assert message.body == body

    def test_chunks_are_put_together(self) -> None:
        message = reading(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert message is not None
        assert (message.body, message.header("transfer-encoding"), message.header("none")) == (b"abcde", "chunked", "")

    def test_nothing_is_nothing(self) -> None:
        assert reading(b"") is None

    @pytest.mark.parametrize(
        "data",
        [b"\x00\x01\r\n\r\n", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nshort", b"A" * 200_000],
        ids=["noise", "half a line", "cut", "endless"],
    )
    def test_what_is_no_http_is_told_as_such(self, data: bytes) -> None:
        with pytest.raises(Unreadable, match="no HTTP"):
            reading(data)

    def test_too_much_is_refused_before_and_after_unpacking(self) -> None:
        with pytest.raises(TooLong):
            reading(posted(b"x" * (LONGEST_BYTES + 1)))
        with pytest.raises(TooLong, match="decompressed"):
            reading(posted(gzip.compress(b"x" * (LONGEST_BYTES + 1)), "Content-Encoding: gzip"))
        exactly = reading(posted(gzip.compress(b"x" * LONGEST_BYTES), "Content-Encoding: gzip"))
        assert exactly is not None
        assert len(exactly.body) == LONGEST_BYTES

    @pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, deflate", "compress"])
    def test_an_encoding_that_is_not_understood_is_named(self, encoding: str) -> None:
        with pytest.raises(SoapInvalid, match="is not understood"):
            reading(posted(b"x", f"Content-Encoding: {encoding}"))

    @pytest.mark.parametrize("body", [b"", b"nonsense", gzip.compress(b"hello", mtime=0)[:-6]], ids=["empty", "nonsense", "cut"])
    def test_what_is_not_packed_as_it_says_is_refused(self, body: bytes) -> None:
        with pytest.raises(SoapInvalid, match="the message is not gzip"):
            reading(posted(body, "Content-Encoding: gzip"))


def test_names_that_strangers_make_up_do_not_stay_in_the_memory() -> None:
    def resident_kib() -> int:
        return int(Path("/proc/self/status").read_text("ascii").split("VmRSS:")[1].split()[0])

    def read(first: int, last: int) -> None:
        for number in range(first, last):
            names = "".join(f"<name-{number}-{each}/>" for each in range(200))
            parsed(f"<made-up>{names}</made-up>".encode())

    read(0, 50)
    before = resident_kib()
    read(50, 1550)  # 300,000 names: 20 MB where they stay
    assert resident_kib() - before < 8192


@pytest.mark.parametrize(
    "kind",
    [
        '<!DOCTYPE x SYSTEM "{url}">',
        '<!DOCTYPE x PUBLIC "-//X//Y" "{url}">',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "{url}"> ]>',
        '<!DOCTYPE x [<!ENTITY % e SYSTEM "{url}"> %e; ]>',
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ATTLIST x y CDATA "z">]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_nothing_that_a_document_type_names_is_opened(kind: str, encoding: str, tmp_path: Path) -> None:
    """A pipe that nobody writes into: whoever opens it waits for ever."""
    os.mkfifo(tmp_path / "trap")
    document = kind.replace("{url}", (tmp_path / "trap").as_uri()) + "<x>&e;</x>"
    with pytest.raises(SoapInvalid, match=r"document type|no XML"):
        parsed(document.encode(encoding))


def test_a_document_is_written_as_it_was_read() -> None:
    document = ask()
    assert serialised(parsed(document)) == document
