"""Signed values that are no OCMF and no telegram: the bytes of EDL40 with a signature, billing files, Alfen's lines, Porsche's texts."""

from __future__ import annotations

import base64
import json
import re
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.ocmf import Checker, Curve, FindingCode, PublicKey, RecordUnreadable, SignedValue, Status, TransactionVerdict, read_values
from cc613hal.ocmf.alfen import read_alfen
from cc613hal.ocmf.edl_block import EdlBlock, build_block, emoc_status, read_block
from cc613hal.ocmf.edl_files import read_mennekes, read_signature_only
from cc613hal.ocmf.pcdf import read_pcdf

SAMPLES = Path(__file__).parent / "samples"
SAMPLE_ENERGY = {"NewEHZXML.xml": "1.9", "test_mennekes_full.xml": "141.9", "valid2.pcdf": "619"}


def values_of(name: str) -> list[SignedValue]:
    with (SAMPLES / name).open("rb") as file:
        return list(read_values(file))


def verdict_codes(values: list[SignedValue], *keys: PublicKey) -> tuple[Status, set[FindingCode]]:
    checker = Checker(keys)
    codes = {finding.code for verdict in checker.check(values) for finding in verdict.findings}
    return checker.summary.status, codes


def raw(key: ec.EllipticCurvePrivateKey, data: bytes, half: int) -> bytes:
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(half, "big") + s.to_bytes(half, "big")


def point(key: ec.EllipticCurvePrivateKey, size: int) -> bytes:
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")


class TestPublicSamples:
    @pytest.mark.parametrize("name", SAMPLE_ENERGY)
    def test_are_verified_with_their_energy(self, name: str) -> None:
        checker = Checker()
        energies = [each.energy_wh for each in checker.check(values_of(name)) if isinstance(each, TransactionVerdict)]
        assert checker.summary.status is Status.VERIFIED
        assert energies == [Decimal(SAMPLE_ENERGY[name])]

    def test_a_line_of_an_alfen_station_is_a_begin_that_wants_its_end(self) -> None:
        assert verdict_codes(values_of("alfen-begin.txt")) == (
            Status.REFUSED,
            {FindingCode.KEY_FROM_FILE, FindingCode.TIME_INFORMATIVE, FindingCode.NO_END},
        )
        assert Checker().check_record(values_of("alfen-begin.txt")[0]).status is Status.VERIFIED

    @pytest.mark.parametrize("name", [*SAMPLE_ENERGY, "alfen-begin.txt"])
    def test_another_key_than_the_trusted_one_is_refused(self, name: str) -> None:
        trusted = Checker().check_record(values_of("isa-edl-40p-ok.xml")[0]).key
        assert trusted is not None
        status, codes = verdict_codes(values_of(name), trusted)
        assert status is Status.REFUSED
        assert FindingCode.KEY_NOT_TRUSTED in codes

    @settings(max_examples=200, deadline=None)
    @given(st.data())
    def test_no_change_of_a_single_character_is_believed(self, data: st.DataObject) -> None:
        value = data.draw(st.sampled_from([each for name in (*SAMPLE_ENERGY, "alfen-begin.txt") for each in values_of(name)]))
        at = data.draw(st.integers(0, len(value.data) - 1))
        sign = data.draw(st.sampled_from("0123456789abcdefABCDEF+/=;:()<"))
        changed = Checker().check_record(attrs.evolve(value, data=value.data[:at] + sign + value.data[at + 1 :]))
        if changed.status is Status.VERIFIED:
            original = Checker().check_record(value)
            assert changed.evidence is not None
            assert original.evidence is not None
            assert changed.evidence.signed_bytes == original.evidence.signed_bytes
            assert changed.evidence.signature == original.evidence.signature
            assert changed.key == original.key

    @pytest.mark.parametrize("field", ["Value", "Scaler", "Pagination", "SecondIndex", "MeterStatus", "EventCounter", "CustomerIdent"])
    def test_every_number_of_a_bill_is_signed(self, field: str) -> None:
        value = values_of("test_mennekes_full.xml")[0]
        numbers = json.loads(value.data)
        numbers[field] = numbers[field][:-1] + ("1" if numbers[field][-1] != "1" else "2")
        assert FindingCode.SIGNATURE_WRONG in verdict_codes([attrs.evolve(value, data=json.dumps(numbers))])[1]

    @pytest.mark.parametrize(("old", "new"), [("BV:1", "BV:0"), ("0000.619", "0001.619"), ("CSC:18", "CSC:19"), ("211", "212")])
    def test_every_field_of_a_text_is_signed(self, old: str, new: str) -> None:
        value = values_of("valid2.pcdf")[0]
        assert FindingCode.SIGNATURE_WRONG in verdict_codes([attrs.evolve(value, data=value.data.replace(old, new, 1))])[1] or old == "211"


BLOCK = EdlBlock(
    server=bytes.fromhex("0A01454D480000BA05B4"),
    seconds=1_700_000_000,
    status=8,
    seconds_index=77,
    page=12,
    obis=bytes.fromhex("0100011100FF"),
    scaler=-1,
    value=123_456,
    log_index=b"\0\7",
    contract=b"ABCDEFGH",
    contract_seconds=1_699_999_990,
)


class TestSignedBlock:
    def test_is_read_back_as_it_was_built(self) -> None:
        emoc = attrs.evolve(BLOCK, begin=9, begin_compensated=8, line_resistance=1000, stopwatch=6, price=5)
        for block in (BLOCK, emoc):
            assert read_block(build_block(block)) == block
            assert len(build_block(block)) == 320

    @pytest.mark.parametrize(
        ("change", "why"),
        [
            (lambda data: data[:-1], "not 320"),
            (lambda data: data[:29] + b"\x1b" + data[30:], "not watt hours"),
            (lambda data: data[:-1] + b"\1", "more than the format knows"),
        ],
    )
    def test_anything_else_is_refused(self, change: object, why: str) -> None:
        with pytest.raises(RecordUnreadable, match=why):
            read_block(change(build_block(BLOCK)))  # type: ignore[operator]

    def test_a_number_without_room_is_refused(self) -> None:
        with pytest.raises(RecordUnreadable, match="no room"):
            build_block(attrs.evolve(BLOCK, page=1 << 32))

    def test_the_status_of_an_emoc_is_translated(self) -> None:
        assert emoc_status(0x80040104) == 0x88  # as in the public sample
        assert emoc_status(0) == 0
        assert emoc_status(0x7FFD_0000 | 1 << 17) & 1

    @pytest.mark.parametrize(("curve", "half"), [(ec.SECP192R1(), 24), (ec.SECP256R1(), 32)])
    def test_begin_and_end_of_own_making_are_a_charge(self, curve: ec.EllipticCurve, half: int) -> None:
        key = ec.generate_private_key(curve)

        def signed(block: EdlBlock, context: str) -> SignedValue:
            data = build_block(block)
            parts = {"publicKey": point(key, half), "meterValueSignature": raw(key, data, half) + b"\0\7", "encodedMeterValue": data}
            inner = "".join(f'<{name} encoding="base64">{base64.b64encode(part).decode()}</{name}>' for name, part in parts.items())
            return SignedValue(data=f"<signedMeterValue>{inner}</signedMeterValue>", context=context, transaction_id="1")

        end = attrs.evolve(BLOCK, page=13, value=123_500, seconds=BLOCK.seconds + 60)
        values = [signed(BLOCK, "Transaction.Begin"), signed(end, "Transaction.End")]
        checker = Checker()
        verdicts = list(checker.check(values))
        assert checker.summary.status is Status.VERIFIED
        assert isinstance(verdicts[-1], TransactionVerdict)
        assert verdicts[-1].energy_wh == Decimal("4.4")

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("<signedMeterValue/>", "no <meterValueSignature>"),
            ("<signedMeterValue><publicKey>a</publicKey><publicKey>b</publicKey></signedMeterValue>", "twice"),
            ("<signedMeterValue><encodingMethod>OCMF</encodingMethod></signedMeterValue>", "not EDL"),
            ('<!DOCTYPE a [<!ENTITY b "c">]><signedMeterValue/>', "document type"),
            ("<signedMeterValue>", "no XML"),
            ('<?xml version="1.0" encoding="Mtf-8"?><signedMeterValue/>', "no XML"),
            ("<a><b><c><d><e/></d></c></b></a>", "nested"),
            ("<s><meterValueSignature>?</meterValueSignature></s>", "not base64"),
            ("<s><meterValueSignature>AAAA</meterValueSignature><encodedMeterValue>AAAA</encodedMeterValue></s>", "not 320"),
        ],
    )
    def test_broken_elements_say_what_is_wrong(self, text: str, why: str) -> None:
        with pytest.raises(RecordUnreadable, match=why):
            read_signature_only(text.encode())


class TestBill:
    @pytest.mark.parametrize(
        ("change", "why"),
        [
            ({"Value": None}, "has no Value"),
            ({"Value": "x"}, "makes no sense"),
            ({"Timestamp": "2018-09-04T12:22:14"}, "no zone"),
            ({"Signature": "00"}, "1 bytes"),
            ({"Scaler": "77"}, "scaler"),
            ({"ServerId": "00"}, "length"),
            ({"Value": "-1"}, "no room"),
        ],
    )
    def test_says_what_makes_no_sense(self, change: dict[str, str | None], why: str) -> None:
        numbers = {**json.loads(values_of("test_mennekes_full.xml")[0].data), **change}
        with pytest.raises(RecordUnreadable, match=why):
            read_mennekes(json.dumps(numbers).encode())

    def test_a_field_that_is_there_twice_is_refused(self) -> None:
        text = (SAMPLES / "test_mennekes_full.xml").read_bytes()
        twice = text.replace(b"<Value>519116</Value>", b"<Value>519116</Value><Value>519117</Value>")
        path_like = __import__("io").BytesIO(twice)
        with pytest.raises(RecordUnreadable, match="twice"):
            list(read_values(path_like))


ALFEN = (SAMPLES / "alfen-begin.txt").read_text().strip()


class TestAlfen:
    def test_says_what_the_line_says(self) -> None:
        record = read_alfen(ALFEN)
        assert (record.wh, record.page, record.session, record.customer) == (Decimal(15762), 17, 18, "1")
        assert record.time.isoformat() == "2018-11-23T14:41:01+00:00"
        assert not record.clock_error
        assert not record.energy_error

    def test_begin_and_end_of_own_making_are_a_charge_and_errors_of_the_adapter_refuse(self) -> None:
        key = ec.generate_private_key(ec.SECP192R1())
        public = PublicKey.from_point(Curve.SECP192R1, point(key, 24))
        compressed = bytes([2 + (public.y & 1)]) + public.x.to_bytes(24, "big")

        def line(kind: str, page: int, value: int, adapter_status: int = 0) -> str:
            data = bytearray(read_alfen(ALFEN).signed_bytes)
            data[28:30], data[46:54], data[78:82] = (
                adapter_status.to_bytes(2, "little"),
                value.to_bytes(8, "little"),
                page.to_bytes(4, "little"),
            )
            fields = (compressed, bytes(data), raw(key, bytes(data), 24))
            return ";".join(("AP", kind, "3", *(base64.b32encode(part).decode() for part in fields))) + ";"

        def judged(*lines: str) -> Status:
            return verdict_codes([SignedValue(data=each) for each in lines])[0]

        assert judged(line("0", 1, 100), line("1", 2, 150)) is Status.VERIFIED
        assert judged('"' + line("0", 1, 100) + '"', line("1", 2, 150)) is Status.VERIFIED
        assert judged(line("0", 1, 100), line("1", 2, 90)) is Status.REFUSED
        assert judged(line("0", 1, 100), line("1", 3, 150)) is Status.REFUSED
        assert judged(line("0", 1, 100), line("1", 2, 150, adapter_status=1)) is Status.REFUSED

    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ("AP;", "XX;", "begins with AP"),
            ("AP;0", "AP;7", "type '7'"),
            (";3;", ";4;", "version '4'"),
            ("AMVBBEIO", "AMVBBEI", "25"),
            ("BJKGK43U", "BJKGK43", "not 82|not base32"),
            ("BJKGK43U", "BJKGK431", "not base32"),
        ],
    )
    def test_anything_else_is_refused(self, old: str, new: str, why: str) -> None:
        with pytest.raises(RecordUnreadable, match=why):
            read_alfen(ALFEN.replace(old, new, 1))


PCDF = (SAMPLES / "valid2.pcdf").read_text().strip()


class TestPcdf:
    def test_says_what_the_text_says(self) -> None:
        record = read_pcdf(PCDF)
        assert (record.wh, record.count, record.meter) == (Decimal(619), 18, "39202000189")
        assert (record.end - record.begin).total_seconds() == 34

    @pytest.mark.parametrize("flag", ["TV", "BV", "SP"])
    def test_a_flag_that_is_not_one_is_an_error(self, flag: str) -> None:
        record = read_pcdf(re.sub(rf"\({flag}:1\)", f"({flag}:0)", PCDF))
        assert record.time_error is (flag == "TV")
        assert record.energy_error is (flag != "TV")

    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ("128.8.0", "1.8.0", "not built"),
            ("(TV:1)", "", "has no TV"),
            ("(TV:1)", "(TV:1)(TV:1)", "twice"),
            ("*kWh", "*Wh", "none"),
            ("(ST:21", "(ST:2113", "no sense"),
            ("(SG:3046", "(SG:zz46", "no sense"),
            ("(SG:", "(XX:", "has no SG"),
        ],
    )
    def test_anything_else_is_refused(self, old: str, new: str, why: str) -> None:
        with pytest.raises(RecordUnreadable, match=why):
            read_pcdf(PCDF.replace(old, new, 1))

    @given(st.text(max_size=80))
    def test_noise(self, noise: str) -> None:
        for read, head in ((read_pcdf, "128.8.0("), (read_alfen, "AP;0;3;")):
            try:
                read(head + noise)
            except RecordUnreadable:
                continue
