"""Certificates: chains, names, roots with limits, the station's own with renewal and the way back, signed firmware. OpenSSL judges."""

from __future__ import annotations

import base64
import random
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPRequestBuilder
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from cc613_chargepoint.ocpp.certificates import (
    CertificateRefused,
    HashAlgorithm,
    HashData,
    KeyKind,
    OwnCertificates,
    Posture,
    Removal,
    RootStore,
    Subject,
    Use,
    Why,
    certificate_of,
    certificates_of,
    check_signing_certificate,
    hash_data,
    profile_refusal,
    same,
    verified,
    verify_file,
)

NOW = datetime.now(UTC)
STATION = Subject(organization="Operator", common_name="SN-0815")


def refused(why: Why, message: str = "") -> Any:
    return pytest.raises(CertificateRefused, match=message or None, check=lambda error: error.why is why)


def trusted(der: bytes, authority: Any) -> None:
    (leaf,) = certificates_of(f"-----BEGIN CERTIFICATE-----{base64.b64encode(der).decode()}-----END CERTIFICATE-----")
    verified(leaf, (), [authority.certificate], NOW)


class TestReading:
    def test_line_ends_may_be_lost_or_written_out(self, authority: Any) -> None:
        for text in (
            authority.pem,
            authority.pem.replace("\n", ""),
            authority.pem.replace("\n", "\\n"),
            authority.pem.replace("\n", "\r\n"),
        ):
            assert certificate_of(text) == authority.certificate

    @pytest.mark.parametrize(
        "text", ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"]
    )
    def test_what_is_no_certificate_is_refused(self, text: str) -> None:
        with refused(Why.FORMAT):
            certificates_of(text)

    def test_more_than_fits_is_refused(self, authority: Any) -> None:
        with refused(Why.FORMAT, "too many"):
            certificates_of(authority.pem * 30)
        with refused(Why.FORMAT, "2 certificates"):
            certificate_of(authority.pem * 2)

    @given(st.binary(max_size=300))
    def test_whatever_stands_between_the_marks_is_read_or_refused(self, noise: bytes) -> None:
        with refused(Why.FORMAT):
            certificates_of(f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(noise).decode()}\n-----END CERTIFICATE-----")

    def test_a_certificate_with_a_flipped_bit_is_never_trusted(self, authority: Any) -> None:
        der = authority.issue().certificate.public_bytes(Encoding.DER)
        dice = random.Random(613)
        for _ in range(300):
            broken = bytearray(der)
            broken[dice.randrange(len(der))] ^= 1 << dice.randrange(8)
            with pytest.raises(CertificateRefused):
                trusted(bytes(broken), authority)


class TestChains:
    def test_through_intermediates_in_any_order(self, authority: Any, make_authority: Any) -> None:
        middle = make_authority("Middle", by=authority)
        lower = make_authority("Lower", by=middle)
        leaf = lower.issue("SN").certificate
        chain = verified(leaf, [middle.certificate, authority.certificate, lower.certificate], [authority.certificate], NOW)
        assert chain == (leaf, lower.certificate, middle.certificate, authority.certificate)

    def test_an_intermediate_may_be_what_is_trusted(self, authority: Any, make_authority: Any) -> None:
        middle = make_authority("Middle", by=authority)
        assert len(verified(middle.issue().certificate, (), [middle.certificate], NOW)) == 2

    def test_dates_of_everything_in_the_chain_count(self, authority: Any, make_authority: Any) -> None:
        old = make_authority("Old", by=authority, days=(-10, -1))
        for leaf, others in (
            (authority.issue(days=(-10, -1)), ()),
            (authority.issue(days=(1, 10)), ()),
            (old.issue(), (old.certificate,)),
        ):
            with refused(Why.DATES):
                verified(leaf.certificate, others, [authority.certificate], NOW)

    def test_nobody_who_is_trusted(self, authority: Any, make_authority: Any) -> None:
        foreign = make_authority("Test Root")  # the same name, another key
        for leaf, others in ((foreign.issue(), ()), (foreign.issue(), (foreign.certificate,)), (authority.issue(), ())):
            with refused(Why.ISSUER, "nobody"):
                verified(leaf.certificate, others, [foreign.certificate] if leaf.certificate.issuer == "x" else [], NOW)

    def test_a_leaf_is_no_authority(self, authority: Any, make_authority: Any) -> None:
        fake = make_authority("Fake", by=authority, ca=False)
        with refused(Why.ISSUER, "no authority"):
            verified(fake.issue().certificate, [fake.certificate], [authority.certificate], NOW)

    def test_a_weak_key_is_refused(self, authority: Any) -> None:
        with refused(Why.KEY, "1024 bits"):
            verified(authority.issue(key=rsa.generate_private_key(65537, 1024)).certificate, (), [authority.certificate], NOW)
        with refused(Why.KEY, "elliptic curve"):
            verified(authority.issue(key=ed25519.Ed25519PrivateKey.generate()).certificate, (), [authority.certificate], NOW)

    def test_what_was_taken_back(self, authority: Any) -> None:
        leaf = authority.issue().certificate
        with refused(Why.REVOKED):
            verified(leaf, (), [authority.certificate], NOW, revoked=lambda one, issuer: (one, issuer) == (leaf, authority.certificate))

    def test_a_chain_without_end_ends(self, authority: Any, make_authority: Any) -> None:
        chain = [authority]
        for number in range(9):
            chain.append(make_authority(f"Level {number}", by=chain[-1]))
        with refused(Why.ISSUER):
            verified(chain[-1].issue().certificate, [each.certificate for each in chain], [authority.certificate], NOW)


class TestNames:
    @pytest.mark.parametrize("algorithm", list(HashAlgorithm))
    def test_they_are_those_of_ocsp(self, authority: Any, algorithm: HashAlgorithm) -> None:
        leaf = authority.issue().certificate
        request = OCSPRequestBuilder().add_certificate(leaf, authority.certificate, getattr(hashes, algorithm.value)()).build()
        name = hash_data(leaf, authority.certificate, algorithm)
        assert name.issuer_name_hash == request.issuer_name_hash.hex()
        assert name.issuer_key_hash == request.issuer_key_hash.hex()
        assert int(name.serial_number, 16) == request.serial_number

    def test_openssl_says_the_same(self, authority: Any, tmp_path: Path) -> None:
        leaf = authority.issue(key=rsa.generate_private_key(65537, 2048))
        (tmp_path / "ca.pem").write_text(authority.pem)
        (tmp_path / "leaf.pem").write_text(leaf.pem)
        command = ["openssl", "ocsp", "-sha256", "-issuer", tmp_path / "ca.pem", "-cert", tmp_path / "leaf.pem", "-req_text"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.lower()
        name = hash_data(leaf.certificate, authority.certificate)
        assert f"issuer name hash: {name.issuer_name_hash}" in said
        assert f"issuer key hash: {name.issuer_key_hash}" in said

    def test_a_root_names_itself_and_nothing_else_does(self, authority: Any) -> None:
        assert hash_data(authority.certificate) == hash_data(authority.certificate, authority.certificate)
        with refused(Why.ISSUER):
            hash_data(authority.issue().certificate)

    def test_leading_zeros_and_case_do_not_count(self, make_authority: Any) -> None:
        name = hash_data(make_authority("Small", serial=0x0ABC).certificate)
        assert name.serial_number == "abc"
        assert same(name, HashData(name.algorithm, name.issuer_name_hash.upper(), name.issuer_key_hash, "000ABC"))
        assert not same(name, HashData(HashAlgorithm.SHA512, name.issuer_name_hash, name.issuer_key_hash, "abc"))


class TestRoots:
    def test_one_is_installed_named_and_removed(self, tmp_path: Path, authority: Any) -> None:
        roots = RootStore(tmp_path)
        root = roots.install(authority.pem, Use.BACKEND, NOW)
        assert roots.install(authority.pem, Use.BACKEND, NOW) == root
        assert RootStore(tmp_path).certificates(Use.BACKEND) == (authority.certificate,)
        ((use, name),) = roots.names()
        assert use is Use.BACKEND
        assert roots.names(Use.MANUFACTURER) == ()
        assert roots.remove(name, needed=Use.BACKEND) is Removal.FAILED
        assert roots.remove(name, needed=Use.V2G) is Removal.ACCEPTED
        assert roots.remove(name) is Removal.NOT_FOUND
        assert roots.certificates(Use.BACKEND) == ()

    def test_what_is_no_root_is_refused(self, tmp_path: Path, authority: Any, make_authority: Any) -> None:
        roots = RootStore(tmp_path)
        with refused(Why.ISSUER, "no authority"):
            roots.install(authority.issue().pem, Use.BACKEND, NOW)
        with refused(Why.DATES, "was valid until"):
            roots.install(make_authority(days=(-9, -1)).pem, Use.BACKEND, NOW)
        with refused(Why.FORMAT):
            roots.install("nonsense", Use.BACKEND, NOW)
        assert list(roots) == []

    def test_the_store_has_an_end(self, tmp_path: Path, make_authority: Any) -> None:
        roots = RootStore(tmp_path, max_length=2)
        roots.install(make_authority("A").pem, Use.BACKEND, NOW)
        roots.install(make_authority("B").pem, Use.V2G, NOW)
        with refused(Why.FULL, "2 root certificates"):
            roots.install(make_authority("C").pem, Use.MO, NOW)

    def test_with_the_additional_check_a_new_root_is_signed_by_the_one_before(
        self, tmp_path: Path, authority: Any, make_authority: Any
    ) -> None:
        roots = RootStore(tmp_path, additional_check=True)
        roots.install(authority.pem, Use.BACKEND, NOW)
        with refused(Why.ISSUER, "the root before it"):
            roots.install(make_authority("Other").pem, Use.BACKEND, NOW)
        second = make_authority("Second", by=authority)
        third = make_authority("Third", by=second)
        roots.install(second.pem, Use.BACKEND, NOW)
        assert roots.certificates(Use.BACKEND) == (second.certificate, authority.certificate)
        roots.install(third.pem, Use.BACKEND, NOW)
        assert roots.certificates(Use.BACKEND) == (third.certificate, second.certificate)
        names = [name for _, name in roots.names(Use.BACKEND)]
        assert len(names) == 2, "the signer of the second has gone, and it has its name all the same"
        assert roots.remove(names[1]) is Removal.ACCEPTED
        assert roots.certificates(Use.BACKEND) == (third.certificate,)
        assert len(roots.names(Use.BACKEND)) == 1
        assert roots.remove(roots.names(Use.BACKEND)[0][1]) is Removal.ACCEPTED
        assert not list((tmp_path / "backend").iterdir()), "nothing is left behind"
        roots.install(make_authority("Maker").pem, Use.MANUFACTURER, NOW)

    def test_with_the_additional_check_the_first_root_is_signed_by_one_that_was_trusted_before(
        self, tmp_path: Path, authority: Any, make_authority: Any
    ) -> None:
        roots = RootStore(tmp_path, additional_check=True)
        with refused(Why.ISSUER, "the root before it"):
            roots.install(make_authority("Other").pem, Use.BACKEND, NOW, before=[authority.certificate])
        trusted = [make_authority().certificate, authority.certificate]
        roots.install(make_authority("Second", by=authority).pem, Use.BACKEND, NOW, before=trusted)
        with refused(Why.ISSUER, "the root before it"):  # now the installed one alone counts
            roots.install(make_authority("Third", by=authority).pem, Use.BACKEND, NOW, before=[authority.certificate])

    def test_a_damaged_file_is_told_and_left_out(self, tmp_path: Path, authority: Any, caplog: pytest.LogCaptureFixture) -> None:
        roots = RootStore(tmp_path)
        roots.install(authority.pem, Use.BACKEND, NOW).path.write_text("damaged")
        assert roots.certificates(Use.BACKEND) == ()
        assert "cannot be used" in caplog.text


def sign(authority: Any, request: str, *, days: tuple[int, int] = (-1, 365), **subject: str) -> str:
    wanted = x509.load_pem_x509_csr(request.encode())
    names = {"organization": STATION.organization, "name": STATION.common_name, **subject}
    return authority.issue(names["name"], organization=names["organization"], public_key=wanted.public_key(), days=days).pem


class TestOwn:
    @pytest.fixture
    def own(self, tmp_path: Path) -> OwnCertificates:
        return OwnCertificates(tmp_path / "own")

    @pytest.mark.parametrize("kind", list(KeyKind))
    def test_a_request_says_who_it_is_and_openssl_verifies_it(self, tmp_path: Path, kind: KeyKind) -> None:
        request = OwnCertificates(tmp_path / "own", key_kind=kind).request(STATION)
        said = subprocess.run(
            ["openssl", "req", "-verify", "-noout", "-subject", "-nameopt", "RFC2253"],
            input=request,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "CN=SN-0815,O=Operator" in said.stdout
        assert "verify OK" in said.stdout + said.stderr

    def test_keys_are_closed_to_others_and_new_each_time(self, own: OwnCertificates, tmp_path: Path, authority: Any) -> None:
        first, second = own.request(STATION), own.request(STATION)
        assert x509.load_pem_x509_csr(first.encode()).public_key() != x509.load_pem_x509_csr(second.encode()).public_key()
        kept = own.accept(sign(authority, second), [authority.certificate], NOW)
        for path in (kept.key_path, tmp_path / "own"):
            assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        assert not own.waiting

    def test_a_certificate_that_fits_is_used(self, own: OwnCertificates, tmp_path: Path, authority: Any, make_authority: Any) -> None:
        middle = make_authority("Middle", by=authority)
        chain = sign(middle, own.request(STATION)) + middle.pem + authority.pem
        kept = own.accept(chain, [authority.certificate], NOW)
        assert OwnCertificates(tmp_path / "own").in_use(NOW) == kept
        assert certificates_of(kept.chain_path.read_text()) == kept.chain  # with the intermediate, without the root
        assert len(kept.chain) == 2

    def test_a_certificate_that_does_not_fit_is_refused_and_the_request_waits_on(
        self, own: OwnCertificates, authority: Any, make_authority: Any
    ) -> None:
        trusted = [authority.certificate]
        with refused(Why.KEY, "no certificate was asked for"):
            own.accept(authority.issue().pem, trusted, NOW)
        request = own.request(STATION)
        for text, why in (
            (authority.issue("SN-0815").pem, Why.KEY),
            (sign(authority, request, name="SN-0816"), Why.SUBJECT),
            (sign(authority, request, organization="Somebody"), Why.SUBJECT),
            (sign(authority, request, days=(-9, -1)), Why.DATES),
            (sign(make_authority("Foreign"), request), Why.ISSUER),
            ("nonsense", Why.FORMAT),
            (sign(authority, request) * 20, Why.FORMAT),
        ):
            with refused(why):
                own.accept(text, trusted, NOW)
            assert own.waiting
        server_only = authority.issue(
            "SN-0815", public_key=x509.load_pem_x509_csr(request.encode()).public_key(), usages=(ExtendedKeyUsageOID.SERVER_AUTH,)
        )
        with refused(Why.FORMAT, "another purpose"):
            own.accept(server_only.pem, trusted, NOW)
        assert own.accept(sign(authority, request), trusted, NOW).number == 1

    def test_without_roots_it_must_at_least_fit_the_request_where_that_is_allowed(self, own: OwnCertificates, authority: Any) -> None:
        request = own.request(STATION)
        with refused(Why.ISSUER):
            own.accept(sign(authority, request), (), NOW)
        with refused(Why.ISSUER, "behind it"):
            own.accept(sign(authority, request) + authority.issue().pem, (), NOW, needs_root=False)
        assert own.accept(sign(authority, request) + authority.pem, (), NOW, needs_root=False).number == 1

    def test_one_that_begins_later_waits_for_its_day(self, own: OwnCertificates, authority: Any) -> None:
        first = own.accept(sign(authority, own.request(STATION)), [authority.certificate], NOW)
        later = own.accept(sign(authority, own.request(STATION), days=(10, 400)), [authority.certificate], NOW)
        assert own.in_use(NOW) == first
        assert own.in_use(NOW + timedelta(days=11)) == later

    def test_it_is_renewed_a_month_ahead(self, own: OwnCertificates, authority: Any) -> None:
        assert own.renew_at() is None
        kept = own.accept(sign(authority, own.request(STATION), days=(-1, 100)), [authority.certificate], NOW)
        assert own.renew_at() == kept.certificate.not_valid_after_utc - timedelta(days=30)

    def test_one_that_does_not_work_gives_way_to_the_last_that_did(self, own: OwnCertificates, tmp_path: Path, authority: Any) -> None:
        first = own.accept(sign(authority, own.request(STATION)), [authority.certificate], NOW)
        assert own.failed(first.number, NOW) is None  # there is no other
        assert own.in_use(NOW).number == first.number
        own.worked(first.number)
        second = own.accept(sign(authority, own.request(STATION)), [authority.certificate], NOW)
        assert own.in_use(NOW).number == second.number
        assert own.failed(second.number, NOW).number == first.number
        assert OwnCertificates(tmp_path / "own").in_use(NOW).number == first.number
        third = own.accept(sign(authority, own.request(STATION)), [authority.certificate], NOW)
        own.worked(third.number)
        assert [each.number for each in own.all()] == [3, 2]

    def test_when_the_new_one_has_ended_the_old_one_is_better_than_nothing(self, own: OwnCertificates, authority: Any) -> None:
        first = own.accept(sign(authority, own.request(STATION), days=(-1, 500)), [authority.certificate], NOW)
        own.worked(first.number)
        own.accept(sign(authority, own.request(STATION), days=(-1, 10)), [authority.certificate], NOW)
        assert own.in_use(NOW + timedelta(days=20)).number == first.number
        assert own.in_use(NOW + timedelta(days=900)) is None

    def test_a_damaged_one_is_told_and_left_out(self, own: OwnCertificates, authority: Any, caplog: pytest.LogCaptureFixture) -> None:
        own.accept(sign(authority, own.request(STATION)), [authority.certificate], NOW).chain_path.write_text("damaged")
        assert own.in_use(NOW) is None
        assert "cannot be used" in caplog.text

    def test_a_name_that_x509_cannot_write_is_refused_before_a_key_is_made(self, own: OwnCertificates) -> None:
        for names in ({"organization": "", "common_name": "x"}, {"organization": "x", "common_name": "x" * 65}):
            with pytest.raises(ValueError, match="1 to 64"):
                own.request(Subject(**names))
        assert not own.waiting


class TestPosture:
    def test_a_profile_that_does_not_work_gives_way_to_the_last_that_did(self) -> None:
        posture = Posture(profile=1).worked().raised(2)
        assert posture.tried
        posture = posture.failed().failed()
        assert posture.profile == 2
        assert posture.failed() == Posture(profile=1, working=1)

    def test_one_that_worked_stays_however_often_it_fails(self) -> None:
        posture = Posture(profile=1).worked().raised(3).failed().worked()
        for _ in range(20):
            posture = posture.failed()
        assert (posture.profile, posture.tried) == (3, False)

    def test_a_station_that_never_was_connected_has_nothing_to_fall_back_on(self) -> None:
        posture = Posture(profile=2)
        for _ in range(20):
            posture = posture.failed()
        assert posture.profile == 2

    @pytest.mark.parametrize(
        ("wanted", "present", "missing", "why"),
        [
            (2, 1, "", None),
            (3, 1, "", None),
            (1, 0, "root certificate", None),
            (3, 2, "password", None),
            (1, 1, "", "not higher"),
            (0, 2, "", "not higher"),
            (4, 2, "", "no security profile 4"),
            (-1, 0, "", "no security profile"),
            (1, 0, "password", "authorization key"),
            (2, 1, "password", "authorization key"),
            (2, 1, "root", "root certificate"),
            (3, 1, "root", "root certificate"),
            (3, 1, "certificate", "a certificate of the station"),
        ],
    )
    def test_it_goes_up_only_and_needs_what_it_needs(self, wanted: int, present: int, missing: str, why: str | None) -> None:
        has = {f"has_{name}": name not in missing.split() for name in ("password", "root", "certificate")}
        refusal = profile_refusal(wanted, present, **has)
        assert refusal is None if why is None else why in (refusal or "")


class TestFirmwareSignature:
    USAGE = (ExtendedKeyUsageOID.CODE_SIGNING,)

    @pytest.fixture
    def image(self, tmp_path: Path) -> Path:
        path = tmp_path / "image.bin"
        path.write_bytes(random.Random(1).randbytes(3_000_000))
        return path

    @pytest.mark.parametrize("kind", ["ec", "rsa"])
    def test_what_openssl_has_signed_is_verified(self, authority: Any, tmp_path: Path, image: Path, kind: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
        signer = authority.issue("Maker", key=key, usages=self.USAGE)
        signer.save(tmp_path / "key.pem")
        pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"] if kind == "rsa" else []
        command = ["openssl", "dgst", "-sha256", "-sign", tmp_path / "key.pem", *pss, "-out", tmp_path / "sig", image]
        subprocess.run(command, check=True, capture_output=True)
        signature = base64.encodebytes((tmp_path / "sig").read_bytes()).decode()
        signed_by = check_signing_certificate(signer.pem, [authority.certificate], NOW)
        digest = subprocess.run(["sha256sum", image], capture_output=True, text=True, check=True).stdout.split()[0]
        assert verify_file(image, signature, signed_by) == digest
        assert signed_by.subject == "CN=Maker,O=Operator"
        with image.open("r+b") as file:
            file.seek(2_999_999)
            file.write(b"?")
        with refused(Why.SIGNATURE, "not that of CN=Maker"):
            verify_file(image, signature, signed_by)

    def test_a_signature_of_another_form_or_key_is_none(self, authority: Any, image: Path) -> None:
        key = rsa.generate_private_key(65537, 2048)
        signer = check_signing_certificate(authority.issue("Maker", key=key, usages=self.USAGE).pem, [authority.certificate], NOW)
        old_form = key.sign(image.read_bytes(), padding.PKCS1v15(), hashes.SHA256())
        for signature in (base64.b64encode(old_form).decode(), base64.b64encode(b"x" * 256).decode(), ""):
            with refused(Why.SIGNATURE, "not that of"):
                verify_file(image, signature, signer)
        with refused(Why.SIGNATURE, "no base64"):
            verify_file(image, "!!!", signer)

    def test_the_certificate_is_judged_before_anything_else(self, authority: Any, make_authority: Any) -> None:
        trusted = [authority.certificate]
        for text, why in (
            (make_authority("Foreign").issue(usages=self.USAGE).pem, Why.ISSUER),
            (authority.issue(days=(-9, -1), usages=self.USAGE).pem, Why.DATES),
            (authority.issue().pem, Why.FORMAT),
            ("nonsense", Why.FORMAT),
        ):
            with refused(why):
                check_signing_certificate(text, trusted, NOW)
        with refused(Why.REVOKED):
            check_signing_certificate(authority.issue(usages=self.USAGE).pem, trusted, NOW, revoked=lambda *_: True)

    def test_its_intermediate_may_come_along(self, authority: Any, make_authority: Any) -> None:
        middle = make_authority("Middle", by=authority)
        text = middle.issue("Maker", usages=self.USAGE).pem + middle.pem
        assert check_signing_certificate(text, [authority.certificate], NOW).certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
