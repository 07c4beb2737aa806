"""The station's own certificate: keys that are made here and never leave, requests for signature, renewal, and the way back."""

from __future__ import annotations

import enum
import json
import logging
import os
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from attrs import Attribute, field, frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cc613_chargepoint.ocpp.certificates.chain import check_dates, check_purpose, issued_by, verified
from cc613_chargepoint.ocpp.certificates.errors import CertificateRefused, Why
from cc613_chargepoint.ocpp.certificates.reading import LONGEST, certificates_of, check_strength, key_bytes, pem_of, subject_of

__all__ = ["KeyKind", "OwnCertificate", "OwnCertificates", "Subject"]

_log = logging.getLogger(__name__)
RENEWAL = timedelta(days=30)
"""A certificate is renewed this long before it ends (OCPP 1.6 security whitepaper ed. 3, A03: one month)."""
KEPT = 2
"""Own certificates that are kept: the one in use, and the one to fall back on."""


class KeyKind(enum.Enum):
    """What keys are made."""

    EC_P256 = "EC P-256"
    RSA_2048 = "RSA 2048"


def _writable(_subject: object, attribute: Attribute[str], value: str) -> None:
    if not 1 <= len(value) <= 64:
        raise ValueError(f"{attribute.name} has {len(value)} characters; X.509 takes 1 to 64")


@frozen(kw_only=True)
class Subject:
    """Whom the certificate is for.

    Attributes:
        organization: ``CpoName``.
        common_name: the station's serial number.

    Raises:
        ValueError: one is empty or longer than 64 characters.
    """

    organization: str = field(validator=_writable)
    common_name: str = field(validator=_writable)

    @property
    def name(self) -> x509.Name:
        """As X.509 writes it."""
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organization),
                x509.NameAttribute(NameOID.COMMON_NAME, self.common_name),
            ]
        )

    def fits(self, certificate: x509.Certificate) -> bool:
        """Whether a certificate is for it; more attributes may be there."""

        def values(oid: x509.ObjectIdentifier) -> list[str | bytes]:
            return [each.value for each in certificate.subject.get_attributes_for_oid(oid)]

        return values(NameOID.COMMON_NAME) == [self.common_name] and values(NameOID.ORGANIZATION_NAME) == [self.organization]


@frozen(kw_only=True)
class OwnCertificate:
    """A certificate of the station with its key.

    Attributes:
        number: rises with each.
        chain: itself first.
        chain_path: PEM file of the chain.
        key_path: PEM file of the key, readable by the station's user alone.
        worked: a connection was accepted with it.
        failed: connections with it failed, so that the one before is in use again.
    """

    number: int
    chain: tuple[x509.Certificate, ...]
    chain_path: Path
    key_path: Path
    worked: bool = False
    failed: bool = False

    @property
    def certificate(self) -> x509.Certificate:
        """Itself."""
        return self.chain[0]


class OwnCertificates:
    """The station's certificates for one purpose.

    Args:
        directory: of theirs; made if need be, closed to others.
        key_kind: of new keys.
        max_chain: characters of a chain (``CertificateSignedMaxChainSize``).
    """

    def __init__(self, directory: Path, *, key_kind: KeyKind = KeyKind.EC_P256, max_chain: int = LONGEST) -> None:
        self._directory = directory
        self._key_kind = key_kind
        self._max_chain = max_chain

    def request(self, subject: Subject) -> str:
        """Make a new key and ask for its certificate. A request before is forgotten with its key.

        Args:
            subject: whom it will be for.

        Returns:
            The request (PKCS #10, PEM).

        Raises:
            OSError: the key cannot be written.
        """
        key = _new_key(self._key_kind)
        form = serialization.PrivateFormat.PKCS8
        pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        self._ready()
        _write_closed(self._pending, pem)
        _write_closed(self._directory / "pending.json", json.dumps([subject.organization, subject.common_name]).encode())
        return _request(key, subject)

    def request_again(self) -> str:
        """The request that waits once more, for the same key (PKCS #10, PEM).

        Raises:
            OSError: none waits.
        """
        key = serialization.load_pem_private_key(self._pending.read_bytes(), None)
        return _request(key, self._requested())

    @property
    def waiting(self) -> bool:
        """A request was made and not answered yet."""
        return self._pending.exists()

    def accept(
        self, text: str, anchors: Sequence[x509.Certificate], now: datetime, *, subject: Subject | None = None, needs_root: bool = True
    ) -> OwnCertificate:
        """Take the certificate that answers the request. It is used when it is valid; the one before stays to fall back on.

        Args:
            text: the chain, PEM, the station's certificate first.
            anchors: roots of the operator.
            now: the moment.
            subject: whom it must be for; whom it was requested for if omitted.
            needs_root: without roots every certificate is refused; otherwise it must only fit the request.

        Raises:
            CertificateRefused: with the reason; the request still waits.
            OSError: it cannot be written.
        """
        if not self.waiting:
            raise CertificateRefused(Why.KEY, "no certificate was asked for", hint="send TriggerMessage SignChargePointCertificate first")
        chain = certificates_of(text, longest=self._max_chain)
        leaf = chain[0]
        key = serialization.load_pem_private_key(self._pending.read_bytes(), None)
        if key_bytes(leaf.public_key()) != key_bytes(key.public_key()):
            raise CertificateRefused(Why.KEY, "the certificate is for another key than the one that was asked for")
        wanted = subject or self._requested()
        if not wanted.fits(leaf):
            raise CertificateRefused(
                Why.SUBJECT, f"the certificate is for {subject_of(leaf)}, not for {wanted.name.rfc4514_string()}", hint="compare CpoName"
            )
        check_purpose(leaf, ExtendedKeyUsageOID.CLIENT_AUTH)
        moment = max(now, leaf.not_valid_before_utc)  # one that begins later is kept for later
        if anchors or needs_root:
            whole = verified(leaf, chain[1:], anchors, moment)
        else:
            check_strength(leaf)
            check_dates(leaf, moment)
            whole = _in_order(chain)
        return self._keep(whole)

    def all(self) -> tuple[OwnCertificate, ...]:
        """The certificates that are kept, the latest first. One that cannot be read is left out, and told."""
        found: list[OwnCertificate] = []
        for place in sorted(self._directory.glob("[0-9]*"), reverse=True):
            try:
                chain = certificates_of((place / "chain.pem").read_text("ascii", "replace"), longest=10 * LONGEST)
                state: dict[str, bool] = json.loads((place / "state.json").read_text("utf-8")) if (place / "state.json").exists() else {}
            except (CertificateRefused, OSError, ValueError) as error:
                _log.error("the certificate in %s cannot be used: %s", place, error)
                continue
            found.append(_found(place, chain, worked=bool(state.get("worked")), failed=bool(state.get("failed"))))
        return tuple(found)

    def in_use(self, now: datetime) -> OwnCertificate | None:
        """What to appear with: the latest that is valid and has not failed; else the latest that is valid; else nothing."""
        valid = [each for each in self.all() if each.certificate.not_valid_before_utc <= now < each.certificate.not_valid_after_utc]
        return next((each for each in valid if not each.failed), valid[0] if valid else None)

    def worked(self, number: int) -> None:
        """A connection with it was accepted; certificates that are older than the one before it go."""
        self._note(number, worked=True, failed=False)
        for old in [each for each in self.all() if each.number < number][KEPT - 1 :]:
            shutil.rmtree(old.chain_path.parent)

    def failed(self, number: int, now: datetime) -> OwnCertificate | None:
        """Connections with it fail: fall back.

        Returns:
            The certificate to go on with; ``None`` if there is no other, then it stays in use.
        """
        other = next((each for each in self.all() if each.number != number and each.worked and _valid(each, now)), None)
        if other is not None:
            self._note(number, worked=False, failed=True)
        return other

    def renew_at(self) -> datetime | None:
        """When a new certificate is to be asked for: a month before the last one ends; ``None`` without one."""
        ends = [each.certificate.not_valid_after_utc for each in self.all() if not each.failed]
        return max(ends) - RENEWAL if ends else None

    @property
    def _pending(self) -> Path:
        return self._directory / "pending.key"

    def _requested(self) -> Subject:
        organization, common_name = json.loads((self._directory / "pending.json").read_text("utf-8"))
        return Subject(organization=organization, common_name=common_name)

    def _ready(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory.chmod(0o700)

    def _keep(self, chain: Sequence[x509.Certificate]) -> OwnCertificate:
        number = max((int(place.name) for place in self._directory.glob("[0-9]*")), default=0) + 1
        fresh, place = self._directory / "new", self._directory / f"{number:06}"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        sent = [each for each in chain if each.issuer != each.subject] or list(chain)  # a peer has the root itself
        _write_closed(fresh / "key.pem", self._pending.read_bytes())
        _write_closed(fresh / "chain.pem", pem_of(sent).encode())
        fresh.replace(place)
        self._pending.unlink()
        (self._directory / "pending.json").unlink(missing_ok=True)
        return _found(place, tuple(sent))

    def _note(self, number: int, *, worked: bool, failed: bool) -> None:
        place = self._directory / f"{number:06}"
        if place.exists():
            _write_closed(place / "state.json", json.dumps({"worked": worked, "failed": failed}).encode())


def _found(place: Path, chain: tuple[x509.Certificate, ...], *, worked: bool = False, failed: bool = False) -> OwnCertificate:
    return OwnCertificate(
        number=int(place.name), chain=chain, chain_path=place / "chain.pem", key_path=place / "key.pem", worked=worked, failed=failed
    )


def _valid(own: OwnCertificate, now: datetime) -> bool:
    return own.certificate.not_valid_before_utc <= now < own.certificate.not_valid_after_utc


def _in_order(chain: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    for below, above in pairwise(chain):
        if not issued_by(below, above):
            raise CertificateRefused(Why.ISSUER, f"{subject_of(below)} is not signed by what stands behind it in the chain")
    return tuple(chain)


def _request(key: PrivateKeyTypes, subject: Subject) -> str:
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise TypeError("the station makes keys of two kinds, and this is neither")
    made = x509.CertificateSigningRequestBuilder().subject_name(subject.name).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def _new_key(kind: KeyKind) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    if kind is KeyKind.RSA_2048:
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def _write_closed(path: Path, data: bytes) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
