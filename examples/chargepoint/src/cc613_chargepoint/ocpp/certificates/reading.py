"""Certificates from the text in which backends send them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cc613_chargepoint.ocpp.certificates.errors import CertificateRefused, Why

__all__ = ["LONGEST", "PublicKey", "certificate_of", "certificates_of", "check_strength", "key_bytes", "pem_of", "subject_of"]

LONGEST = 10_000
"""Characters of a chain: ``CertificateSignedMaxChainSize`` may not be set higher by default."""
MIN_RSA_BITS, MIN_EC_BITS = 2048, 224
"""OCPP 1.6 security whitepaper ed. 3, section 2.6: the least that a key may have."""
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_BLANKS = re.compile(r"\\r|\\n|\s+")

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def certificates_of(text: str, *, longest: int = LONGEST) -> tuple[x509.Certificate, ...]:
    r"""The certificates of a text, in its order. Line ends may be lost or written as ``\n``: some backends do that.

    Args:
        text: PEM.
        longest: characters it may have.

    Raises:
        CertificateRefused: none is in it, or one cannot be read.
    """
    if len(text) > longest:
        raise CertificateRefused(Why.FORMAT, f"{len(text)} characters of certificates are too many", hint=f"at most {longest}")
    found: list[x509.Certificate] = []
    for block in _BLOCK.findall(text):
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(_BLANKS.sub("", block), validate=True))
            _look_at(certificate)
        except (ValueError, binascii.Error, TypeError, x509.UnsupportedGeneralNameType) as error:
            raise CertificateRefused(Why.FORMAT, "a certificate cannot be read", hint="send it as PEM") from error
        except Exception as error:  # UnsupportedAlgorithm and what parsers of strangers' data may still raise
            raise CertificateRefused(Why.FORMAT, f"a certificate cannot be used: {type(error).__name__}") from error
        found.append(certificate)
    if not found:
        raise CertificateRefused(Why.FORMAT, "there is no certificate in the text", hint="send it as PEM")
    return tuple(found)


def _look_at(certificate: x509.Certificate) -> tuple[object, ...]:
    """Every part that is used later, which is read only when it is asked for: what cannot be read shall be told here."""
    names = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    dates = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return (*names, *dates, certificate.public_key(), tuple(certificate.extensions), certificate.signature_hash_algorithm)


def certificate_of(text: str, *, longest: int = LONGEST) -> x509.Certificate:
    """The one certificate of a text.

    Raises:
        CertificateRefused: there is none, or more than one.
    """
    found = certificates_of(text, longest=longest)
    if len(found) != 1:
        raise CertificateRefused(Why.FORMAT, f"{len(found)} certificates came where one is asked for")
    return found[0]


def pem_of(certificates: Sequence[x509.Certificate]) -> str:
    """As PEM."""
    return "".join(each.public_bytes(serialization.Encoding.PEM).decode() for each in certificates)


def subject_of(certificate: x509.Certificate) -> str:
    """Who it is, for people."""
    return certificate.subject.rfc4514_string() or f"serial number {certificate.serial_number:X}"


def key_bytes(key: object) -> bytes:
    """A public key in one form, to compare keys."""
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise CertificateRefused(Why.KEY, "keys are RSA or on an elliptic curve")
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def check_strength(certificate: x509.Certificate) -> PublicKey:
    """The certificate's key.

    Raises:
        CertificateRefused: it is too weak, or of another kind.
    """
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < MIN_RSA_BITS:
            raise CertificateRefused(Why.KEY, f"an RSA key of {key.key_size} bits is too weak", hint=f"at least {MIN_RSA_BITS}")
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.key_size < MIN_EC_BITS:
            raise CertificateRefused(Why.KEY, f"a curve of {key.key_size} bits is too weak", hint=f"at least {MIN_EC_BITS}")
        return key
    raise CertificateRefused(Why.KEY, "keys are RSA or on an elliptic curve")
