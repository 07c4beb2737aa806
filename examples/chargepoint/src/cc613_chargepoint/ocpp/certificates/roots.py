"""Root certificates that a backend installs, each for a use, on the disk, with limits."""

from __future__ import annotations

import enum
import hashlib
import logging
import os
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cc613_chargepoint.ocpp.certificates.chain import check_ca, check_dates, issued_by
from cc613_chargepoint.ocpp.certificates.errors import CertificateRefused, Why
from cc613_chargepoint.ocpp.certificates.hash_data import HashAlgorithm, HashData, hash_data, same
from cc613_chargepoint.ocpp.certificates.reading import certificate_of, check_strength, pem_of, subject_of

__all__ = ["Removal", "Root", "RootStore", "Use"]

_log = logging.getLogger(__name__)
_ISSUER = ".issuer"


class Use(enum.Enum):
    """What a root is trusted for; the value is its directory."""

    BACKEND = "backend"
    """The backend's server, and the operator's certificates (1.6 ``CentralSystemRootCertificate``, 2.0.1 ``CSMSRootCertificate``)."""
    MANUFACTURER = "manufacturer"
    """Firmware (``ManufacturerRootCertificate``)."""
    V2G = "v2g"
    """Vehicles and the station towards them (``V2GRootCertificate``)."""
    MO = "mo"
    """Contracts (``MORootCertificate``)."""


class Removal(enum.Enum):
    """What became of a request to remove a root; the values are OCPP's."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    NOT_FOUND = "NotFound"


@frozen
class Root:
    """An installed root.

    Attributes:
        use: what it is trusted for.
        certificate: the certificate.
        path: where it lies.
    """

    use: Use
    certificate: x509.Certificate
    path: Path


class RootStore:
    """The roots of a station.

    Args:
        directory: of the roots; made if need be.
        max_length: how many there may be, of all uses together (``CertificateStoreMaxLength``).
        additional_check: ``AdditionalRootCertificateCheck``: of the backend's there is one and one to fall back on, and a new one must be
            signed by the one before.
    """

    def __init__(self, directory: Path, *, max_length: int = 20, additional_check: bool = False) -> None:
        self._directory = directory
        self.max_length = max_length
        self.additional_check = additional_check

    def __iter__(self) -> Iterator[Root]:
        for use in Use:
            yield from self.of(use)

    def of(self, use: Use) -> tuple[Root, ...]:
        """The roots for a use, the latest first. A file that cannot be read is left out, and told."""
        found: list[Root] = []
        for path in sorted((self._directory / use.value).glob("*.pem"), reverse=True):
            try:
                found.append(Root(use, certificate_of(path.read_text("utf-8", "replace")), path))
            except (CertificateRefused, OSError) as error:
                _log.error("the root certificate %s cannot be used: %s", path, error)
        return tuple(found)

    def certificates(self, *uses: Use) -> tuple[x509.Certificate, ...]:
        """The certificates for some uses."""
        return tuple(root.certificate for use in uses for root in self.of(use))

    def install(self, text: str, use: Use, now: datetime, *, before: Sequence[x509.Certificate] = ()) -> Root:
        """Trust a root from now on; one that is there already is not installed twice.

        Args:
            text: PEM, as the backend sent it.
            use: what for.
            now: the moment.
            before: with the additional check, roots that are trusted without having been installed: one of them signs the first.

        Raises:
            CertificateRefused: it is no root, not valid, not signed by the one before where it must be, or there is no room.
            OSError: it cannot be written.
        """
        certificate = certificate_of(text)
        check_strength(certificate)
        check_ca(certificate)
        check_dates(certificate, now)
        if certificate.issuer == certificate.subject and not issued_by(certificate, certificate):
            raise CertificateRefused(Why.ISSUER, f"{subject_of(certificate)} has not signed itself as it says")
        present = self.of(use)
        for root in present:
            if root.certificate == certificate:
                return root
        leaving: tuple[Root, ...] = ()
        signer: x509.Certificate | None = None
        if self.additional_check and use is Use.BACKEND and (present or before):
            signers = [present[0].certificate] if present else before
            signer = next((each for each in signers if issued_by(certificate, each)), None)
            if signer is None:
                raise CertificateRefused(
                    Why.ISSUER,
                    f"{subject_of(certificate)} is not signed by the root before it",
                    hint="AdditionalRootCertificateCheck is on",
                )
            leaving = present[1:]
        if sum(1 for _ in self) - len(leaving) >= self.max_length:
            raise CertificateRefused(Why.FULL, f"{self.max_length} root certificates are installed, more do not fit", hint="delete one")
        root = Root(use, certificate, self._write(certificate, use, signer))
        for old in leaving:
            _unlink(old)
        return root

    def names(self, *uses: Use, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> tuple[tuple[Use, HashData], ...]:
        """How OCPP names the installed roots; without uses, all of them. One whose signer is unknown has no name and is left out."""
        wanted: Collection[Use] = uses or tuple(Use)
        named = ((root.use, self._name(root, algorithm)) for root in self if root.use in wanted)
        return tuple((use, name) for use, name in named if name is not None)

    def remove(self, name: HashData, *, needed: Use | None = None) -> Removal:
        """Trust a root no more.

        Args:
            name: as the backend names it.
            needed: a use of which the last root is in use: it stays.
        """
        for root in self:
            known = self._name(root, name.algorithm)
            if known is None or not same(known, name):
                continue
            if root.use is needed and len(self.of(root.use)) == 1:
                return Removal.FAILED
            try:
                _unlink(root)
            except OSError:
                _log.exception("a root certificate cannot be removed")
                return Removal.FAILED
            return Removal.ACCEPTED
        return Removal.NOT_FOUND

    def _name(self, root: Root, algorithm: HashAlgorithm) -> HashData | None:
        if root.certificate.issuer == root.certificate.subject:
            return hash_data(root.certificate, algorithm=algorithm)
        issuer = next((other.certificate for other in self if issued_by(root.certificate, other.certificate)), _issuer_beside(root))
        return None if issuer is None else hash_data(root.certificate, issuer, algorithm)

    def _write(self, certificate: x509.Certificate, use: Use, signer: x509.Certificate | None) -> Path:
        """Write it; whoever has signed it lies beside, since OCPP names certificates by their signer's key, and that one may go."""
        directory = self._directory / use.value
        directory.mkdir(parents=True, exist_ok=True)
        last = max((int(path.name.partition("-")[0]) for path in directory.glob("[0-9]*-*.pem")), default=0)
        digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()[:16]
        path = directory / f"{last + 1:06}-{digest}.pem"
        if signer is not None:
            _put(path.with_suffix(_ISSUER), signer)
        _put(path, certificate)
        return path


def _put(path: Path, certificate: x509.Certificate) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="ascii") as file:
        file.write(pem_of([certificate]))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _unlink(root: Root) -> None:
    root.path.unlink()
    root.path.with_suffix(_ISSUER).unlink(missing_ok=True)


def _issuer_beside(root: Root) -> x509.Certificate | None:
    try:
        return certificate_of(root.path.with_suffix(_ISSUER).read_text("utf-8", "replace"))
    except (CertificateRefused, OSError):
        return None
