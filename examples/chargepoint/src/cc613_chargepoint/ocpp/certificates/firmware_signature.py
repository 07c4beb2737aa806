"""Signed firmware: the certificate first, then the signature over the whole file, which is read once and never held in memory."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from attrs import frozen
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import ExtendedKeyUsageOID

from cc613_chargepoint.ocpp.certificates.chain import Revoked, check_purpose, verified
from cc613_chargepoint.ocpp.certificates.errors import CertificateRefused, Why
from cc613_chargepoint.ocpp.certificates.reading import certificates_of, subject_of

__all__ = ["SignedBy", "check_signing_certificate", "verify_file"]

_SHA256 = Prehashed(hashes.SHA256())


@frozen
class SignedBy:
    """A certificate whose signature on firmware counts.

    Attributes:
        certificate: whose key signs.
        subject: for people.
    """

    certificate: x509.Certificate
    subject: str


def check_signing_certificate(text: str, anchors: Iterable[x509.Certificate], now: datetime, *, revoked: Revoked | None = None) -> SignedBy:
    """Judge the certificate before anything is downloaded.

    Args:
        text: PEM, as the backend sent it; intermediates may follow.
        anchors: the manufacturer's roots.
        now: the moment.
        revoked: knows what was taken back; without it, nothing was.

    Raises:
        CertificateRefused: :attr:`Why.REVOKED` for one that was taken back, anything else for one that is not good.
    """
    leaf, *others = certificates_of(text)
    check_purpose(leaf, ExtendedKeyUsageOID.CODE_SIGNING)
    verified(leaf, others, anchors, now, revoked=revoked)
    return SignedBy(leaf, subject_of(leaf))


def verify_file(path: Path, signature: str, signer: SignedBy) -> str:
    """Verify a signature over a whole file: RSASSA-PSS or ECDSA, with SHA-256. Reads in pieces; call it on a thread.

    Args:
        path: of the file.
        signature: base64, as the backend sent it.
        signer: whose it must be.

    Returns:
        SHA-256 of the file, hexadecimal.

    Raises:
        CertificateRefused: :attr:`Why.SIGNATURE`: it is not the signer's for this file.
        OSError: the file cannot be read.
    """
    try:
        given = base64.b64decode("".join(signature.split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise CertificateRefused(Why.SIGNATURE, "the signature is no base64") from error
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(1024 * 1024):
            digest.update(data)
    key = signer.certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(given, digest.digest(), padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO), _SHA256)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(given, digest.digest(), ec.ECDSA(_SHA256))
        else:
            raise CertificateRefused(Why.KEY, "signatures are RSA-PSS or ECDSA")
    except InvalidSignature as error:
        raise CertificateRefused(Why.SIGNATURE, f"the signature is not that of {signer.subject} for this file") from error
    return digest.hexdigest()
