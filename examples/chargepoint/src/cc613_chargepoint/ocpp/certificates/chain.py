"""Chains of certificates up to somebody whom the station trusts (RFC 5280, the parts that such chains use)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes

from cc613_chargepoint.ocpp.certificates.errors import CertificateRefused, Why
from cc613_chargepoint.ocpp.certificates.reading import check_strength, subject_of

__all__ = ["Revoked", "check_ca", "check_dates", "check_purpose", "issued_by", "verified"]

DEEPEST = 6
"""Certificates between a leaf and its root, at most."""
Revoked = Callable[[x509.Certificate, x509.Certificate], bool]
"""Whether a certificate (first) was taken back by its issuer (second)."""


def check_dates(certificate: x509.Certificate, now: datetime) -> None:
    """Raises CertificateRefused: it is not valid yet, or not any more."""
    if now < certificate.not_valid_before_utc:
        raise CertificateRefused(
            Why.DATES,
            f"{subject_of(certificate)} is valid from {certificate.not_valid_before_utc.isoformat()} on",
            hint="check the station's clock",
        )
    if now >= certificate.not_valid_after_utc:
        raise CertificateRefused(Why.DATES, f"{subject_of(certificate)} was valid until {certificate.not_valid_after_utc.isoformat()}")


def check_ca(certificate: x509.Certificate, below: int = 0) -> None:
    """Whether it may sign certificates.

    Args:
        certificate: of an authority.
        below: how many authorities stand between it and the leaf.

    Raises:
        CertificateRefused: it may not.
    """
    extensions = certificate.extensions
    try:
        basic = extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        raise CertificateRefused(Why.ISSUER, f"{subject_of(certificate)} does not say that it is an authority") from None
    if not basic.ca or (basic.path_length is not None and basic.path_length < below):
        raise CertificateRefused(Why.ISSUER, f"{subject_of(certificate)} is no authority for this")
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.key_cert_sign:
        raise CertificateRefused(Why.ISSUER, f"{subject_of(certificate)} may not sign certificates")


def check_purpose(certificate: x509.Certificate, purpose: x509.ObjectIdentifier) -> None:
    """Whether it may be used for something; one that names no purpose may.

    Raises:
        CertificateRefused: it names others.
    """
    try:
        named = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if purpose not in named and x509.oid.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE not in named:
        raise CertificateRefused(Why.FORMAT, f"{subject_of(certificate)} is for another purpose")


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether an authority has signed a certificate."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def verified(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    anchors: Iterable[x509.Certificate],
    now: datetime,
    *,
    revoked: Revoked | None = None,
) -> tuple[x509.Certificate, ...]:
    """The chain from a leaf to one of the anchors.

    Args:
        leaf: what is to be trusted.
        others: what came with it, in any order.
        anchors: whom the station trusts.
        now: the moment.
        revoked: knows what was taken back; without it, nothing was.

    Returns:
        The chain, the leaf first, the anchor last.

    Raises:
        CertificateRefused: there is none.
    """
    check_strength(leaf)
    check_dates(leaf, now)
    trusted = tuple(anchors)
    chain = [leaf]
    while len(chain) <= DEEPEST + 1:
        here = chain[-1]
        if len(chain) > 1 and here in trusted:
            return tuple(chain)
        issuer = _issuer(here, trusted) or _issuer(here, [each for each in others if each not in chain])
        if issuer is None:
            break
        if isinstance(here.signature_hash_algorithm, hashes.SHA1 | hashes.MD5):
            raise CertificateRefused(Why.FORMAT, f"the signature of {subject_of(here)} uses {here.signature_hash_algorithm.name}")
        check_ca(issuer, below=len(chain) - 1)
        check_strength(issuer)
        check_dates(issuer, now)
        if revoked is not None and revoked(here, issuer):
            raise CertificateRefused(Why.REVOKED, f"{subject_of(here)} was revoked by {subject_of(issuer)}")
        chain.append(issuer)
    raise CertificateRefused(
        Why.ISSUER,
        f"nobody whom the station trusts has signed {subject_of(chain[-1])}",
        hint="install the root certificate of its authority",
    )


def _issuer(certificate: x509.Certificate, candidates: Iterable[x509.Certificate]) -> x509.Certificate | None:
    return next((each for each in candidates if each != certificate and issued_by(certificate, each)), None)
