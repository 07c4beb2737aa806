"""The checker verifies what is genuine and complete, and refuses everything else with words for it."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.errors import Unsupported
from cc613hal.ocmf import (
    Checker,
    ControllerSigner,
    FileKey,
    FindingCode,
    Identification,
    IdentificationLevel,
    IdentificationType,
    MemoryPageCounter,
    MeterState,
    OcmfReading,
    OcmfRecord,
    OcmfTime,
    Page,
    PageContext,
    PublicKey,
    ReadingReason,
    ReadingUnit,
    RecordVerdict,
    Rules,
    SignedValue,
    SignerIdentity,
    Status,
    TimeState,
    TransactionVerdict,
    ValueContext,
    no_identification,
    read_record,
    read_values,
    sign_payload,
    value_of,
)
from cc613hal.ocmf.findings import LANGUAGES
from cc613hal.ocmf.signatures import verify

SAMPLES = Path(__file__).parent / "samples"
GOOD = {
    "test_ocmf_ebee_01.xml": "0",
    "test_ocmf_keba_kcp30.xml": "0.1",
    "brainpoolP256r1.xml": "0",
    "bsm-ws36a-ocmf.xml": "150",
    "isa-edl-40p-ok.xml": "22329.4",
    "edl-40-01.xml": None,
    "edl-40-02.xml": None,
    "nistP384_0Wh.xml": "0",
    "OCMF_Test_Data_00.xml": "0",
    "VW_OCMF_load.xml": "1101",
    "Ocmf_Example_OBIS_98.8.0_2.8.0.xml": "1000",
    "chargepoint_3.xml": "1304",
    "NewEHZSML.xml": "1.9",
}
OCMF = [name for name in GOOD if "edl" not in name and "EHZ" not in name]
TAMPERED = ("test_ocmf_ebee_02.xml", "test_ocmf_keba_kcp30_fail.xml")
IDENTITY = SignerIdentity(gateway="CC613", gateway_serial="G1", gateway_version="1", meter_serial="M1")
WHO = Identification(assigned=True, level=IdentificationLevel.HEARSAY, flags=None, type=IdentificationType.ISO14443, data="7BCF78AD")


def values_of(name: str) -> list[SignedValue]:
    with (SAMPLES / name).open("rb") as file:
        return list(read_values(file))


def checked(
    values: list[SignedValue], *keys: PublicKey, rules: Rules | None = None
) -> tuple[Checker, list[RecordVerdict | TransactionVerdict]]:
    checker = Checker(keys, rules)
    return checker, list(checker.check(values))


def codes(verdicts: list[RecordVerdict | TransactionVerdict]) -> set[FindingCode]:
    return {finding.code for verdict in verdicts for finding in verdict.findings}


class TestPublicSamples:
    @pytest.mark.parametrize("name", GOOD)
    def test_genuine_ones_are_verified(self, name: str) -> None:
        checker, verdicts = checked(values_of(name))
        assert checker.summary.status is Status.VERIFIED
        energies = [verdict.energy_wh for verdict in verdicts if isinstance(verdict, TransactionVerdict)]
        assert energies == ([] if GOOD[name] is None else [Decimal(GOOD[name] or 0)])

    @pytest.mark.parametrize("name", TAMPERED)
    def test_tampered_ones_are_refused_because_of_the_signature(self, name: str) -> None:
        checker, verdicts = checked(values_of(name))
        assert checker.summary.status is Status.REFUSED
        assert FindingCode.SIGNATURE_WRONG in codes(verdicts)
        assert all(verdict.energy_wh is None for verdict in verdicts if isinstance(verdict, TransactionVerdict))

    def test_all_of_them_in_one_run_do_not_disturb_each_other(self) -> None:
        values = [attrs.evolve(value, source=name) for name in GOOD for value in values_of(name)]
        checker, _ = checked(values)
        assert checker.summary.status is Status.VERIFIED

    @pytest.mark.parametrize("name", GOOD)
    def test_without_their_key_there_is_no_verdict(self, name: str) -> None:
        checker, verdicts = checked([attrs.evolve(value, key="") for value in values_of(name)])
        assert checker.summary.status is Status.NO_KEY
        assert FindingCode.NO_KEY in codes(verdicts)

    @pytest.mark.parametrize("name", GOOD)
    def test_a_key_that_is_trusted_replaces_the_one_in_the_file(self, name: str) -> None:
        values = values_of(name)
        verdict = Checker().check_record(values[0])
        assert verdict.key is not None
        checker, verdicts = checked([attrs.evolve(value, key="") for value in values], verdict.key)
        assert checker.summary.status is Status.VERIFIED
        assert FindingCode.KEY_FROM_FILE not in codes(verdicts)


class TestEveryChange:
    """Whatever single place is changed, nothing else than what was signed is ever verified."""

    @pytest.mark.parametrize("name", OCMF)
    def test_every_digit_of_every_payload(self, name: str) -> None:
        value = values_of(name)[0]
        evidence = Checker().check_record(value).evidence
        assert evidence is not None
        assert evidence.record is not None
        begin = value.data.index("|") + 1
        payload = evidence.record.payload_text
        changed = 0
        for at, sign in enumerate(payload):
            if not sign.isdigit():
                continue
            other = str((int(sign) + 1) % 10)
            data = value.data[: begin + at] + other + value.data[begin + at + 1 :]
            assert Checker().check_record(attrs.evolve(value, data=data)).status is not Status.VERIFIED, (at, sign)
            changed += 1
        assert changed > 20

    @settings(max_examples=150, deadline=None)
    @given(st.data())
    def test_any_character_of_a_record(self, data: st.DataObject) -> None:
        value = values_of(data.draw(st.sampled_from(OCMF)))[0]
        at = data.draw(st.integers(0, len(value.data) - 1))
        sign = data.draw(st.characters(codec="utf-8", exclude_characters=value.data[at]))
        changed = attrs.evolve(value, data=value.data[:at] + sign + value.data[at + 1 :])
        verdict = Checker().check_record(changed)
        if verdict.status is Status.VERIFIED:
            # outside the signed bytes: the case of a hexadecimal digit, white space, an extension that nobody reads
            original = Checker().check_record(value)
            assert verdict.evidence is not None
            assert original.evidence is not None
            assert verdict.evidence.signed_bytes == original.evidence.signed_bytes
            assert verdict.evidence.signature == original.evidence.signature
            assert verdict.key == original.key

    @pytest.mark.parametrize("name", [name for name in GOOD if name not in {"OCMF_Test_Data_00.xml", "chargepoint_3.xml"}])  # base64
    def test_every_digit_of_the_signature_and_of_the_key(self, name: str) -> None:
        value = values_of(name)[0]
        for part in ("key", "data"):
            text = getattr(value, part)
            found = re.search(r'"SD" ?: ?"', text)
            begin = found.end() if part == "data" and found else 0
            end = text.index('"', begin) if begin else len(text)
            step = 1 if begin or part == "key" else 7  # telegrams are long
            for at in range(begin, end, step):
                if text[at] not in "0123456789ABCDEFabcdef":
                    continue
                other = f"{int(text[at], 16) ^ 1:x}"
                changed = attrs.evolve(value, **{part: text[:at] + other + text[at + 1 :]})
                assert Checker().check_record(changed).status is not Status.VERIFIED, (part, at)

    @pytest.mark.parametrize("name", ["edl-40-01.xml", "isa-edl-40p-ok.xml"])
    def test_every_signed_byte_of_a_telegram(self, name: str) -> None:
        value = values_of(name)[0]
        verdict = Checker().check_record(value)
        assert verdict.evidence is not None
        assert verdict.key is not None
        block = verdict.evidence.signed_bytes
        for at in range(len(block)):
            changed = block[:at] + bytes([block[at] ^ 0x10]) + block[at + 1 :]
            assert not verify(verdict.key, changed, verdict.evidence.signature), at


class Session:
    """A station that signs, and time and energy to be set by tests."""

    def __init__(self, key: FileKey) -> None:
        self.key = key
        self.pages = MemoryPageCounter(first=28)
        self.signer = ControllerSigner(key, self.pages, IDENTITY)
        self.time = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)

    def reading(self, reason: ReadingReason | None, wh: int, **changes: object) -> OcmfReading:
        self.time += timedelta(minutes=1)
        reading = OcmfReading(
            time=OcmfTime(self.time, TimeState.SYNCHRONISED), reason=reason, value=Decimal(wh), obis="1-b:1.8.0", unit=ReadingUnit.WH
        )
        return attrs.evolve(reading, **changes)

    async def record(self, reading: OcmfReading, who: Identification | None = WHO) -> OcmfRecord:
        """Signs whatever it is told, as a careless signer would."""
        return await self.signer.sign(reading, who)

    async def charge(self, *readings: OcmfReading, number: str = "1") -> list[SignedValue]:
        return [self.value(await self.record(reading), number) for reading in readings]

    def value(self, record: OcmfRecord, number: str = "1", context: str = "") -> SignedValue:
        return value_of(record.text, self.key.public_key, transaction_id=number, context=context)


@pytest.fixture
def station(tmp_path: Path) -> Session:
    return Session(FileKey.create(tmp_path / "key.pem"))


B, C, E, X, A = ReadingReason.BEGIN, ReadingReason.CHARGING, ReadingReason.END, ReadingReason.EXCEPTION, ReadingReason.END_ABORT


class TestTransactions:
    async def test_begin_samples_and_end_are_verified(self, station: Session) -> None:
        read = station.reading
        values = await station.charge(read(B, 1000), read(C, 1500), read(ReadingReason.TARIFF_CHANGE, 1600), read(E, 2500))
        checker, verdicts = checked(values, station.key.public_key)
        assert checker.summary.status is Status.VERIFIED
        assert isinstance(verdicts[-1], TransactionVerdict)
        assert (verdicts[-1].energy_wh, verdicts[-1].pages) == (1500, ("T28", "T29", "T30", "T31"))

    async def test_the_order_in_the_file_does_not_matter_the_pages_do(self, station: Session) -> None:
        begin, end = await station.charge(station.reading(B, 0), station.reading(E, 5))
        assert checked([end, begin])[0].summary.status is Status.VERIFIED
        end, begin = await station.charge(station.reading(E, 5), station.reading(B, 5))
        assert FindingCode.PAGE_ORDER in codes(checked([begin, end])[1])

    @pytest.mark.parametrize(
        ("readings", "code"),
        [
            (lambda s: [s.reading(B, 0)], FindingCode.NO_END),
            (lambda s: [s.reading(E, 0)], FindingCode.NO_BEGIN),
            (lambda s: [s.reading(C, 0)], FindingCode.NO_BEGIN),
            (lambda s: [s.reading(B, 0), s.reading(B, 0), s.reading(E, 1)], FindingCode.MANY_BEGINS),
            (lambda s: [s.reading(B, 0), s.reading(E, 0), s.reading(E, 1)], FindingCode.MANY_ENDS),
            (lambda s: [s.reading(B, 9), s.reading(E, 8)], FindingCode.ENERGY_BACKWARDS),
            (lambda s: [s.reading(B, 0), s.reading(C, 9), s.reading(E, 8)], FindingCode.ENERGY_BACKWARDS),
            (lambda s: [s.reading(B, 0), s.reading(E, 8, unit=ReadingUnit.KWH)], FindingCode.REGISTER_CHANGED),
            (lambda s: [s.reading(B, 0), s.reading(E, 8, obis="01-00:B3.08.00")], FindingCode.REGISTER_CHANGED),
            (lambda s: [s.reading(B, 0), s.reading(E, 8, obis="1-0:16.7.0")], FindingCode.ENERGY_MISSING),
            (
                lambda s: [s.reading(B, 0), s.reading(E, 8, time=OcmfTime(datetime(2020, 1, 1, tzinfo=UTC), TimeState.SYNCHRONISED))],
                FindingCode.TIME_BACKWARDS,
            ),
            (lambda s: [s.reading(B, 0, time=OcmfTime(s.time, TimeState.RELATIVE)), s.reading(E, 8)], FindingCode.TIME_RELATIVE_BEGIN),
            (lambda s: [s.reading(B, 0, time=OcmfTime(s.time, TimeState.UNKNOWN)), s.reading(E, 8)], FindingCode.TIME_UNKNOWN),
            (lambda s: [s.reading(B, 0), s.reading(E, 8, errors="t")], FindingCode.TIME_ERROR),
            (lambda s: [s.reading(B, 0), s.reading(E, 8, errors="E")], FindingCode.ENERGY_ERROR),
            (lambda s: [s.reading(B, 0), s.reading(E, 8, state=MeterState.SUBSTITUTE)], FindingCode.METER_STATE),
            (lambda s: [s.reading(B, 0), s.reading(X, 8), s.reading(E, 8)], FindingCode.EXCEPTION),
            (lambda s: [s.reading(B, -1), s.reading(E, 8)], FindingCode.ENERGY_NEGATIVE),
            (
                lambda s: [s.reading(B, 0), s.reading(A, 0, value=None, obis=None, unit=None, state=MeterState.DISCONNECTED, errors="E")],
                FindingCode.METER_STATE,
            ),
        ],
        ids=lambda value: value.value if isinstance(value, FindingCode) else "",
    )
    async def test_what_contradicts_a_charge_is_refused(
        self, station: Session, readings: Callable[[Session], list[OcmfReading]], code: FindingCode
    ) -> None:
        checker, verdicts = checked(await station.charge(*readings(station)))
        assert checker.summary.status is Status.REFUSED
        assert code in codes(verdicts)

    async def test_a_record_left_out_is_seen_by_its_page(self, station: Session) -> None:
        read = station.reading
        values = await station.charge(read(B, 0), read(C, 1), read(C, 2), read(E, 3))
        for left_out in (1, 2):
            checker, verdicts = checked([value for at, value in enumerate(values) if at != left_out])
            assert checker.summary.status is Status.REFUSED
            assert FindingCode.PAGE_GAP in codes(verdicts)

    async def test_an_end_of_another_charge_is_seen(self, station: Session) -> None:
        first = await station.charge(station.reading(B, 0), station.reading(E, 5))
        second = await station.charge(station.reading(B, 5), station.reading(E, 500))
        checker, verdicts = checked([first[0], second[1]])
        assert checker.summary.status is Status.REFUSED
        assert FindingCode.PAGE_GAP in codes(verdicts)

    async def test_another_customer_meter_or_key_at_the_end_is_seen(self, station: Session, tmp_path: Path) -> None:
        begin = station.value(await station.record(station.reading(B, 0)))
        payload = read_record(begin.data).payload
        end = attrs.evolve(payload, page=Page(PageContext.TRANSACTION, 29), readings=(station.reading(E, 5),))
        other_key = FileKey.create(tmp_path / "other.pem")
        for changed, code in (
            (attrs.evolve(end, identification=no_identification()), FindingCode.CUSTOMER_CHANGED),
            (attrs.evolve(end, meter_serial="M2"), FindingCode.METER_CHANGED),
        ):
            record = await sign_payload(changed, station.key)
            assert code in codes(checked([begin, station.value(record)])[1])
        record = await sign_payload(end, other_key)
        value = value_of(record.text, other_key.public_key, transaction_id="1", context="")
        checker, verdicts = checked([begin, value])
        assert checker.summary.status is Status.REFUSED
        assert FindingCode.KEY_CHANGED in codes(verdicts)
        assert FindingCode.KEY_NOT_TRUSTED in codes(checked([begin, value], station.key.public_key)[1])

    async def test_a_charge_sold_twice_is_seen(self, station: Session) -> None:
        values = await station.charge(station.reading(B, 0), station.reading(E, 5))
        again = [attrs.evolve(value, transaction_id="2") for value in values]
        checker, verdicts = checked([*values, *again])
        assert checker.summary.status is Status.REFUSED
        assert FindingCode.PAGE_TWICE in codes(verdicts)

    async def test_the_same_record_twice_in_one_charge_counts_once(self, station: Session) -> None:
        begin, end = await station.charge(station.reading(B, 0), station.reading(E, 5))
        checker, verdicts = checked([begin, begin, end, end])
        assert checker.summary.status is Status.VERIFIED
        assert FindingCode.DUPLICATE in codes(verdicts)

    async def test_a_value_behind_a_charge_that_was_complete_is_refused(self, station: Session) -> None:
        first = await station.charge(station.reading(B, 0), station.reading(E, 5))
        second = await station.charge(station.reading(B, 5), station.reading(E, 6), number="2")
        late = await station.charge(station.reading(E, 500))
        checker, verdicts = checked([*first, *second, *late])
        assert checker.summary.status is Status.REFUSED
        assert FindingCode.SCATTERED in codes(verdicts)

    async def test_the_file_must_call_a_record_what_it_is(self, station: Session) -> None:
        begin = await station.record(station.reading(B, 0))
        end = await station.record(station.reading(E, 5))
        good = [station.value(begin, context="Transaction.Begin"), station.value(end, context="Transaction.End")]
        assert checked(good)[0].summary.status is Status.VERIFIED
        swapped = [station.value(begin, context="Transaction.End"), station.value(end, context="Transaction.Begin")]
        assert FindingCode.CONTEXT_CONTRADICTS in codes(checked(swapped)[1])

    async def test_bare_records_are_put_together_by_meter_and_page(self, station: Session) -> None:
        records = [await station.record(station.reading(reason, wh)) for reason, wh in ((B, 0), (E, 5), (B, 5), (C, 6), (E, 9))]
        stream = io.BytesIO("\n".join(record.text for record in records).encode())
        checker, verdicts = checked(list(read_values(stream)), station.key.public_key)
        assert checker.summary.status is Status.VERIFIED
        assert [verdict.energy_wh for verdict in verdicts if isinstance(verdict, TransactionVerdict)] == [5, 4]

    async def test_a_fiscal_record_stands_alone(self, station: Session) -> None:
        record = await station.signer.fiscal(station.reading(None, 5))
        checker, verdicts = checked([station.value(record)])
        assert checker.summary.status is Status.VERIFIED
        assert len(verdicts) == 1
        assert FindingCode.PAGE_TWICE in codes(checked([station.value(record), station.value(record, "2")])[1])

    async def test_an_unreadable_record_makes_its_charge_unreadable_not_refused(self, station: Session) -> None:
        begin, end = await station.charge(station.reading(B, 0), station.reading(E, 5))
        checker, _ = checked([begin, attrs.evolve(end, data="OCMF|nonsense|{}")])
        assert checker.summary.status is Status.UNREADABLE


class TestRules:
    async def test_energy_only_forgives_the_clock(self, station: Session) -> None:
        begin = station.reading(B, 0, time=OcmfTime(station.time, TimeState.UNKNOWN))
        values = await station.charge(begin, station.reading(E, 8, errors="t"))
        assert checked(values)[0].summary.status is Status.REFUSED
        checker, verdicts = checked(values, rules=Rules(energy_only=True))
        assert checker.summary.status is Status.VERIFIED
        assert FindingCode.TIME_INFORMATIVE in codes(verdicts)

    async def test_records_only_says_nothing_about_charges(self, station: Session) -> None:
        checker, verdicts = checked(await station.charge(station.reading(B, 0)), rules=Rules(records_only=True))
        assert checker.summary.status is Status.VERIFIED
        assert not any(isinstance(verdict, TransactionVerdict) for verdict in verdicts)

    async def test_complete_wants_every_page_of_the_meter(self, station: Session) -> None:
        first = await station.charge(station.reading(B, 0), station.reading(E, 1))
        await station.charge(station.reading(B, 1), station.reading(E, 2))
        third = await station.charge(station.reading(B, 2), station.reading(E, 3), number="3")
        assert checked([*first, *third])[0].summary.status is Status.VERIFIED
        checker, verdicts = checked([*first, *third], rules=Rules(complete=True))
        assert checker.summary.status is Status.REFUSED
        assert FindingCode.MISSING_PAGES in codes(verdicts)

    def test_nothing_at_all_is_not_verified(self) -> None:
        assert checked([])[0].summary.status is Status.UNREADABLE


class TestRecords:
    async def test_a_signature_member_that_the_format_does_not_know_is_refused(self, station: Session) -> None:
        record = await station.record(station.reading(B, 0))
        text = record.text.replace('"SA":', '"SB":')
        assert FindingCode.SIGNATURE_MEMBERS in codes([Checker().check_record(attrs.evolve(station.value(record), data=text))])

    @pytest.mark.parametrize(
        ("old", "new", "status"),
        [
            ('"SA":"ECDSA-secp256r1-SHA256"', '"SA":"ECDSA-secp384r1-SHA256"', Status.REFUSED),
            ('"SA":"ECDSA-secp256r1-SHA256"', '"SA":"ECDSA-secp256k1-SHA256"', Status.REFUSED),
            ('"SA":"ECDSA-secp256r1-SHA256"', '"SA":"ECDSA-secp256r1-SHA512"', Status.REFUSED),
            ('"SA":"ECDSA-secp256r1-SHA256"', '"SA":"RSA-2048-SHA256"', Status.UNREADABLE),
            ('"SA":"ECDSA-secp256r1-SHA256"', '"SA":"none"', Status.UNREADABLE),
            ('"SA":"ECDSA-secp256r1-SHA256"', '"SE":"rot13"', Status.UNREADABLE),
            ('"SA":"ECDSA-secp256r1-SHA256"', '"SM":"text/plain"', Status.UNREADABLE),
            ('"SA":"ECDSA-secp256r1-SHA256",', "", Status.VERIFIED),
        ],
    )
    async def test_the_algorithm_must_be_the_one_it_is_signed_with(self, station: Session, old: str, new: str, status: Status) -> None:
        value = station.value(await station.record(station.reading(B, 0)))
        assert old in value.data
        assert Checker().check_record(attrs.evolve(value, data=value.data.replace(old, new))).status is status

    async def test_a_key_appended_to_the_record_is_only_the_files_key(self, station: Session) -> None:
        record = await station.record(station.reading(B, 0))
        value = SignedValue(data=f"{record.text}|{station.key.public_key.hex}")
        verdict = Checker().check_record(value)
        assert verdict.status is Status.VERIFIED
        assert FindingCode.KEY_FROM_FILE in codes([verdict])

    @pytest.mark.parametrize("r_or_s", [0, 1])
    @pytest.mark.parametrize("number", [0, -1])
    def test_numbers_no_signature_can_have_are_refused(self, r_or_s: int, number: int) -> None:
        value = values_of("test_ocmf_ebee_01.xml")[0]
        verdict = Checker().check_record(value)
        assert verdict.key is not None
        assert verdict.evidence is not None
        numbers = list(verdict.evidence.signature)
        numbers[r_or_s] = number if number >= 0 else verdict.key.curve.numbers.n
        assert not verify(verdict.key, verdict.evidence.signed_bytes, (numbers[0], numbers[1]))

    @pytest.mark.parametrize("name", ["NEW"])
    def test_a_format_that_is_not_checked_here_says_so(self, name: str) -> None:
        verdict = Checker().check_record(SignedValue(data="x", format=name))
        assert verdict.status is Status.UNREADABLE
        assert name in verdict.findings[0].explain("de")


class TestWords:
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_finding_has_words_in_every_language(self, language: str) -> None:
        from cc613hal.ocmf.findings import _WORDS, Finding
        from cc613hal.ocmf.german import GERMAN

        assert set(_WORDS) == set(FindingCode)
        assert set(GERMAN) == {code.value for code in FindingCode}
        for code, (_, english) in _WORDS.items():
            german = GERMAN[code.value]
            names = re.findall(r"\{(\w+)\}", english)
            assert sorted(names) == sorted(re.findall(r"\{(\w+)\}", german)), code
            text = Finding(code, dict.fromkeys(names, "VALUE")).explain(language)
            assert text.endswith(".")
            assert text.count("VALUE") == len(names)
            assert english != german

    def test_control_characters_of_a_record_do_not_reach_a_terminal(self) -> None:
        verdict = Checker().check_record(SignedValue(data="\x1b[2J evil " * 50, format="OCMF"))
        text = verdict.findings[0].explain()
        assert "\x1b" not in text
        assert len(text) < 400


def test_without_cryptography_it_says_what_to_install_and_calls_nothing_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    from cc613hal.ocmf import signatures

    signatures._openssl_key.cache_clear()
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.ec", None)
    with pytest.raises(Unsupported, match=r"cc613hal\[ocmf\]"):
        Checker().check_record(values_of("bsm-ws36a-ocmf.xml")[0])


def test_contexts_of_ocpp_are_spelt_as_ocpp_does() -> None:
    assert [context.value for context in (ValueContext.BEGIN, ValueContext.END)] == ["Transaction.Begin", "Transaction.End"]
