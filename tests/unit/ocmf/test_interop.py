"""Proof against what nobody here wrote: pyocmf, the ecdsa package, OpenSSL. Where they disagree, the reason stands in the documentation."""

from __future__ import annotations

import hashlib
import random
import warnings
from collections.abc import Iterator
from pathlib import Path

import ecdsa
import pyocmf
import pytest
from pyocmf.exceptions import PyOCMFError

from cc613hal.ocmf import Checker, Curve, FindingCode, PublicKey, RecordUnreadable, Status, read_record, read_values, value_of
from cc613hal.ocmf.curves import curve_named
from cc613hal.ocmf.elliptic import on_curve, point_from_x, verify_numbers
from cc613hal.ocmf.signatures import decode_signature, verify
from tests.bench._ocmf_sessions import SIGNING_CURVES, Signed, sessions

SAMPLES = Path(__file__).parent / "samples"
THEIRS = {
    Curve.SECP192R1: ecdsa.NIST192p,
    Curve.SECP256K1: ecdsa.SECP256k1,
    Curve.SECP256R1: ecdsa.NIST256p,
    Curve.SECP384R1: ecdsa.NIST384p,
    Curve.SECP521R1: ecdsa.NIST521p,
    Curve.BRAINPOOL256R1: ecdsa.BRAINPOOLP256r1,
    Curve.BRAINPOOL384R1: ecdsa.BRAINPOOLP384r1,
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class TestEveryoneVerifiesWhatWeWrite:
    async def test_random_sessions_on_all_curves(self, tmp_path: Path) -> None:
        count = 0
        async for session in sessions(tmp_path, 30 * len(SIGNING_CURVES), seed=20260304):
            await self._check(session)
            count += 1
        assert count == 30 * len(SIGNING_CURVES)

    async def _check(self, session: Signed) -> None:
        values = [value_of(record.text, session.key, transaction_id="7", context="") for record in session.records]
        checker = Checker([session.key])
        verdicts = list(checker.check(values))
        assert checker.summary.status is Status.VERIFIED, [finding.explain() for verdict in verdicts for finding in verdict.findings]
        assert verdicts[-1].energy_wh == session.wh  # type: ignore[union-attr]
        if session.key.curve is Curve.BRAINPOOL384R1:
            # pyocmf has no name for this curve as its own key reader spells it; the ecdsa package verifies it instead
            theirs = ecdsa.VerifyingKey.from_der(session.key.der, hashfunc=hashlib.sha256)
            for record in session.records:
                assert theirs.verify(bytes.fromhex(record.signature.data), record.signed_bytes, sigdecode=ecdsa.util.sigdecode_der)
            return
        records = [pyocmf.OCMF.from_string(record.text, strict=True) for record in session.records]
        assert all(record.verify_signature(session.key.hex) for record in records)
        assert records[0].check_eichrecht(records[-1], errors_only=True) == []


BOTH_READ = (
    "brainpoolP256r1.xml",
    "bsm-ws36a-ocmf.xml",
    "chargepoint_3.xml",
    "nistP384_0Wh.xml",
    "Ocmf_Example_OBIS_98.8.0_2.8.0.xml",
    "OCMF_Test_Data_00.xml",
    "test_ocmf_ebee_01.xml",
    "test_ocmf_ebee_02.xml",
    "test_ocmf_keba_kcp30.xml",
    "test_ocmf_keba_kcp30_fail.xml",
    "VW_OCMF_load.xml",
)
"""Public samples in OCMF whose signature is in DER."""


class TestAgreementOnTheSamples:
    @pytest.mark.parametrize("name", BOTH_READ)
    def test_signatures(self, name: str) -> None:
        with (SAMPLES / name).open("rb") as file:
            for value in read_values(file):
                key = "".join(value.key.split())
                theirs = pyocmf.OCMF.from_string(value.data.strip()).verify_signature(key)
                record = read_record(value.data)
                ours = verify(PublicKey.from_text(value.key), record.signed_bytes, decode_signature(record.signature))
                assert ours == theirs

    def test_a_session_register_that_only_we_know(self) -> None:
        # Bauer writes its session energy into 1-0:1.8.0*198; the official list of registers lacks it
        with (SAMPLES / "bsm-ws36a-ocmf.xml").open("rb") as file:
            values = list(read_values(file))
        begin, end = (pyocmf.OCMF.from_string(value.data) for value in values)
        assert {issue.code.value for issue in begin.check_eichrecht(end, errors_only=True)} != set()
        checker = Checker()
        list(checker.check(values))
        assert checker.summary.status is Status.VERIFIED

    async def test_a_page_left_out_that_only_we_refuse(self, tmp_path: Path) -> None:
        longer = [session async for session in sessions(tmp_path, 40, curves=[Curve.SECP256R1]) if len(session.records) > 2]
        begin, *_, end = longer[0].records
        assert pyocmf.OCMF.from_string(begin.text).check_eichrecht(pyocmf.OCMF.from_string(end.text), errors_only=True) == []
        checker = Checker()
        verdicts = list(checker.check(value_of(record.text, longer[0].key, transaction_id="1", context="") for record in (begin, end)))
        assert checker.summary.status is Status.REFUSED
        assert [finding.code for finding in verdicts[-1].findings] == [FindingCode.PAGE_GAP]


class TestPlainIntegers:
    """Our own verification, beside two others."""

    @pytest.mark.parametrize("curve", THEIRS, ids=lambda curve: curve.value)
    def test_the_numbers_of_the_curves_are_theirs(self, curve: Curve) -> None:
        ours, theirs = curve.numbers, THEIRS[curve]
        p = ours.p
        assert (p, ours.n, ours.gx, ours.gy) == (theirs.curve.p(), theirs.order, theirs.generator.x(), theirs.generator.y())
        assert (ours.a % p, ours.b % p) == (theirs.curve.a() % p, theirs.curve.b() % p)
        assert ours.oid == ".".join(map(str, theirs.oid))
        assert p % 4 == 3

    @pytest.mark.parametrize("curve", THEIRS, ids=lambda curve: curve.value)
    def test_verify_and_refuse_as_openssl_does(self, curve: Curve) -> None:
        chance = random.Random(curve.value)
        for _ in range(4):
            private = ecdsa.SigningKey.generate(THEIRS[curve], hashfunc=hashlib.sha256)
            key = PublicKey.from_point(curve, private.verifying_key.to_string())
            message = chance.randbytes(chance.randrange(200))
            digest = hashlib.sha256(message).digest()
            r, s = private.sign(message, sigencode=lambda r, s, _: (r, s), allow_truncate=True)
            for digest_, r_, s_ in (
                (digest, r, s),
                (digest, r, s ^ 1),
                (digest[::-1], r, s),
                (digest, s, r),
                (digest, 0, s),
                (digest, r, 0),
            ):
                ours = verify_numbers(curve.numbers, (key.x, key.y), digest_, r_, s_)
                assert ours == ((digest_, r_, s_) == (digest, r, s))
            assert verify(key, message, (r, s))
            assert not verify(key, message + b"x", (r, s))

    def test_secp192k1_which_openssl_lacks(self) -> None:
        numbers = Curve.SECP192K1.numbers
        plane = ecdsa.ellipticcurve.CurveFp(numbers.p, numbers.a, numbers.b, 1)
        generator = ecdsa.ellipticcurve.PointJacobi(plane, numbers.gx, numbers.gy, 1, numbers.n, generator=True)
        theirs = ecdsa.curves.Curve("secp192k1", plane, generator, (1, 3, 132, 0, 31))
        private = ecdsa.SigningKey.generate(theirs, hashfunc=hashlib.sha256)
        key = PublicKey.from_point(Curve.SECP192K1, private.verifying_key.to_string())
        reading = '{"TM":"2026-01-01T00:00:00,000+0000 S","TX":"B","RV":1,"RI":"1-b:1.8.0","RU":"kWh","EF":"","ST":"G"}'
        payload = '{"PG":"T1","MS":"1","RD":[' + reading + "]}"
        signature = private.sign(payload.encode(), sigencode=ecdsa.util.sigencode_der, allow_truncate=True).hex()
        text = f'OCMF|{payload}|{{"SA":"ECDSA-secp192k1-SHA256","SD":"{signature}"}}'
        assert pyocmf.OCMF.from_string(text).verify_signature(key.hex)
        value = value_of(text, key, transaction_id="", context="")
        assert Checker().check_record(value).status is Status.VERIFIED
        changed = value_of(text.replace('"RV":1', '"RV":2'), key, transaction_id="", context="")
        assert Checker().check_record(changed).status is Status.REFUSED

    def test_points_beside_the_curve_and_roots_that_are_none(self) -> None:
        numbers = Curve.SECP256R1.numbers
        assert on_curve(numbers, numbers.gx, numbers.gy)
        assert not on_curve(numbers, numbers.gx, numbers.gy + 1)
        assert not on_curve(numbers, numbers.gx + numbers.p, numbers.gy)
        assert not verify_numbers(numbers, (1, 1), b"x" * 32, 1, 1)
        assert point_from_x(numbers, numbers.gx, odd=bool(numbers.gy & 1)) == (numbers.gx, numbers.gy)
        assert point_from_x(numbers, numbers.p + 1, odd=False) is None
        assert any(point_from_x(numbers, x, odd=False) is None for x in range(10))


@pytest.mark.parametrize("name", ["secp256r1", "SECP256R1", "prime256v1", "P-256", "brainpoolP384r1", "brainpool384r1"])
def test_curves_are_known_by_all_their_names(name: str) -> None:
    assert curve_named(name) in {Curve.SECP256R1, Curve.BRAINPOOL384R1}


@pytest.mark.parametrize("text", ["OCMF|{}|{}", "OCMF|x", 'OCMF|{"RD":[{}]}|{"SD":"00"}'])
def test_what_the_other_implementation_cannot_read_is_not_believed_here_either(text: str) -> None:
    with pytest.raises((PyOCMFError, ValueError)):
        pyocmf.OCMF.from_string(text)
    with pytest.raises(RecordUnreadable):
        read_record(text)
