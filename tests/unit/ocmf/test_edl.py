"""Signed SML telegrams: the block that is signed is built from the entries, and nothing else is believed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.ocmf import Checker, Curve, EdlRecord, FindingCode, PublicKey, RecordUnreadable, SignedValue, Status, read_edl, read_values
from cc613hal.ocmf.der import read_signature
from cc613hal.sml import (
    GET_LIST_RESPONSE,
    SmlInt,
    SmlValue,
    crc16_x25,
    decode_frame,
    decode_value,
    encode_frame,
    encode_message,
)

SAMPLES = Path(__file__).parent / "samples"
SERVER = bytes.fromhex("09014553591103956940")


def sample(name: str) -> tuple[bytes, str]:
    with (SAMPLES / name).open("rb") as file:
        (value,) = read_values(file)
    return value.content(), value.key


EDL, EDL_KEY = sample("edl-40-01.xml")
ISA, ISA_KEY = sample("isa-edl-40p-ok.xml")


def entry(obis: str, value: SmlValue, *, seconds: int = 0, unit: int | None = None, scaler: int = 0, status: int | None = None) -> SmlValue:
    return [
        bytes.fromhex(obis),
        None if status is None else SmlInt(status, 4),
        [SmlInt(3, 1), [SmlInt(seconds, 4), SmlInt(60, 2, signed=True), SmlInt(0, 2, signed=True)]],
        None if unit is None else SmlInt(unit, 1),
        None if unit is None else SmlInt(scaler, 1, signed=True),
        value,
        None,
    ]


def telegram(private: ec.EllipticCurvePrivateKey, *, wh: int, page: int, index: int, contract: bytes = b"4711") -> bytes:
    """A telegram as a meter of ours would sign it: first with no signature, to learn the block from the reader."""
    entries: list[SmlValue] = [
        entry("0100011100FF", wh, seconds=1_700_000_000 + index, unit=30, scaler=-1, status=0),
        entry("810060080001", [SmlInt(1, 1), [SmlInt(1, 1), SmlInt(index, 4)]]),
        entry("8180817101FF", SmlInt(page, 4)),
        entry("8182815401FF", contract, seconds=1_700_000_000),
    ]

    def framed(signature: bytes) -> bytes:
        body: SmlValue = [None, SERVER, bytes.fromhex("0100011100FF"), [SmlInt(1, 1), SmlInt(index, 4)], entries, signature, None]
        return encode_frame(encode_message(GET_LIST_RESPONSE, body))

    size = (private.curve.key_size + 7) // 8
    block = read_edl(framed(bytes(2 * size + 2))).signed_bytes
    r, s = read_signature(private.sign(block, ec.ECDSA(hashes.SHA256())))
    return framed(r.to_bytes(size, "big") + s.to_bytes(size, "big") + b"\0\0")


def key_of(private: ec.EllipticCurvePrivateKey) -> str:
    numbers, size = private.public_key().public_numbers(), (private.curve.key_size + 7) // 8
    return (numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")).hex()


class TestSamples:
    def test_says_what_the_telegram_says(self) -> None:
        record = read_edl(EDL)
        assert (record.format, record.page, record.seconds_index, record.contract) == ("EDL_40_P", 33, 729, b"62487887")
        assert (record.value.wh, record.value.obis, record.server) == (Decimal("327.5"), "1-0:1.17.0*255", SERVER)
        assert len(record.signed_bytes) == 320
        assert hashlib.sha256(record.signed_bytes[:41]).hexdigest() != hashlib.sha256(bytes(41)).hexdigest()

    def test_the_other_format_carries_begin_and_end(self) -> None:
        record = read_edl(ISA)
        assert record.format == "ISA_EDL_40_P"
        assert record.begin is not None
        assert record.value.wh - record.begin.wh == Decimal("22329.4")
        assert record.value.time == datetime(2020, 8, 11, 7, 14, 55, tzinfo=UTC)

    def test_the_messages_without_their_frame_are_the_same_record(self) -> None:
        assert read_edl(decode_frame(EDL)) == read_edl(EDL)

    def test_one_format_is_not_taken_for_the_other(self) -> None:
        for data, name in ((EDL, "ISA_EDL_40_P"), (ISA, "EDL_40_P"), (EDL, "PCDF")):
            with pytest.raises(RecordUnreadable):
                read_edl(data, name)


class TestTransactions:
    @pytest.mark.parametrize("curve", [ec.SECP192R1(), ec.SECP256R1()], ids=["secp192r1", "secp256r1"])
    def test_begin_and_end_make_a_charge(self, curve: ec.EllipticCurve) -> None:
        private = ec.generate_private_key(curve)
        begin, end = telegram(private, wh=1000, page=7, index=100), telegram(private, wh=3050, page=8, index=900)
        values = [
            SignedValue(data=data.hex(), format="EDL_40_P", encoding="hex", key=key_of(private), transaction_id="1", context=context)
            for data, context in ((begin, "Transaction.Begin"), (end, "Transaction.End"))
        ]
        checker = Checker()
        verdicts = list(checker.check(values))
        assert checker.summary.status is Status.VERIFIED
        assert verdicts[-1].energy_wh == Decimal("205.0")  # type: ignore[union-attr]
        checker = Checker()
        verdicts = list(checker.check(values[:1]))
        assert checker.summary.status is Status.REFUSED
        assert FindingCode.NO_END in {finding.code for finding in verdicts[-1].findings}

    def test_another_contract_at_the_end_is_seen(self) -> None:
        private = ec.generate_private_key(ec.SECP192R1())
        values = [
            SignedValue(
                data=telegram(private, wh=1000 + page, page=page, index=page, contract=contract).hex(),
                key=key_of(private),
                transaction_id="1",
                context=context,
            )
            for page, contract, context in ((7, b"4711", "Transaction.Begin"), (8, b"4712", "Transaction.End"))
        ]
        checker = Checker()
        codes = {finding.code for verdict in checker.check(values) for finding in verdict.findings}
        assert FindingCode.CUSTOMER_CHANGED in codes

    def test_a_key_of_another_curve_is_refused(self) -> None:
        private = ec.generate_private_key(ec.SECP192R1())
        value = SignedValue(data=telegram(private, wh=1, page=1, index=1).hex(), key=PublicKey.from_text(ISA_KEY, [Curve.SECP256R1]).hex)
        assert Checker().check_record(value).status is Status.REFUSED


def _patched(data: bytes, old: str, new: str) -> bytes:
    """A telegram with changed content and check sums that fit again."""
    body = decode_frame(data).replace(bytes.fromhex(old), bytes.fromhex(new))
    return encode_frame(body)


class TestRefused:
    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"", "0 lists"),
            (b"\x1b\x1b\x1b\x1b", "SML"),
            (EDL[:-10], "SML"),
            (EDL[:-1] + b"\0", "check sum"),
            (_patched(EDL, "8180817101FF", "8180817102FF"), "no entry for the page"),
            (_patched(EDL, "8180817101FF", "8182815401FF"), "twice"),
            (_patched(EDL, "621E52FF", "621B52FF"), "not watt hours"),
            (_patched(EDL, "621E52FF", "621E5270"), "scaler"),
            (_patched(EDL, "6500000021", "5500000021"), "accepted"),
            (_patched(EDL, "6500000021", "5580000021"), "no number"),
            (_patched(EDL, "0B0901455359", "0A0901455359"), "SML"),
            (_patched(EDL, "83043D", "83033D"), "SML"),
        ],
        ids=range(12),
    )
    def test_with_the_reason(self, data: bytes, why: str) -> None:
        if why == "accepted":  # a signed number for an unsigned one: the same value, the same signed block
            assert read_edl(data).signed_bytes == read_edl(EDL).signed_bytes
            return
        with pytest.raises(RecordUnreadable, match=why):
            read_edl(data)

    @given(st.binary(max_size=400))
    def test_noise(self, noise: bytes) -> None:
        for data in (noise, encode_frame(noise + b"\0")):
            with pytest.raises(RecordUnreadable):
                read_edl(data)

    @given(st.sampled_from([EDL, ISA]), st.data())
    def test_any_change_of_the_content_changes_the_signed_block_or_what_is_not_signed(self, data: bytes, draw: st.DataObject) -> None:
        body = bytearray(decode_frame(data))
        at = draw.draw(st.integers(0, len(body) - 1))
        body[at] ^= draw.draw(st.integers(1, 255))
        before: EdlRecord = read_edl(data)
        try:
            after = read_edl(encode_frame(bytes(body)))
        except RecordUnreadable:
            return
        if after.signed_bytes == before.signed_bytes:
            assert (after.value.wh, after.page, after.contract, after.server) == (
                before.value.wh,
                before.page,
                before.contract,
                before.server,
            )


def test_helpers_of_these_tests_speak_sml() -> None:
    assert decode_value(decode_frame(EDL))[1] > 0
    assert crc16_x25(b"123456789") == 0x906E
