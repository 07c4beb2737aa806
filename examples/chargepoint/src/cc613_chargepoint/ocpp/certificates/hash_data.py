"""How OCPP names a certificate: the hashes of OCSP's CertID (RFC 6960, section 4.1.1)."""

from __future__ import annotations

import enum
import hashlib

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cc613_chargepoint.ocpp.certificates.errors import CertificateRefused, Why

__all__ = ["HashAlgorithm", "HashData", "hash_data", "same"]


class HashAlgorithm(enum.Enum):
    """The algorithms of OCPP, spelt its way."""

    SHA256 = "SHA256"
    SHA384 = "SHA384"
    SHA512 = "SHA512"


@frozen
class HashData:
    """A certificate's name.

    Attributes:
        algorithm: of both hashes.
        issuer_name_hash: of the issuer's distinguished name, hexadecimal.
        issuer_key_hash: of the issuer's public key, hexadecimal.
        serial_number: hexadecimal, without leading zeros.
    """

    algorithm: HashAlgorithm
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str


def hash_data(
    certificate: x509.Certificate, issuer: x509.Certificate | None = None, algorithm: HashAlgorithm = HashAlgorithm.SHA256
) -> HashData:
    """A certificate's name.

    Args:
        certificate: the certificate.
        issuer: who signed it; ``None`` if it has signed itself.
        algorithm: of the hashes.

    Raises:
        CertificateRefused: the issuer is needed and was not given.
    """
    if issuer is None:
        if certificate.issuer != certificate.subject:
            raise CertificateRefused(Why.ISSUER, "the issuer's key is needed to name this certificate")
        issuer = certificate
    name = certificate.issuer.public_bytes()
    return HashData(
        algorithm,
        hashlib.new(algorithm.value.lower(), name).hexdigest(),
        hashlib.new(algorithm.value.lower(), _key_bits(issuer)).hexdigest(),
        f"{certificate.serial_number:x}",
    )


def same(one: HashData, other: HashData) -> bool:
    """Whether two names mean the same certificate: case and leading zeros do not count."""
    return (
        one.algorithm is other.algorithm
        and one.issuer_name_hash.lower() == other.issuer_name_hash.lower()
        and one.issuer_key_hash.lower() == other.issuer_key_hash.lower()
        and one.serial_number.lower().lstrip("0") == other.serial_number.lower().lstrip("0")
    )


def _key_bits(certificate: x509.Certificate) -> bytes:
    """The bits of the public key: without the algorithm, tag, length and number of unused bits around them."""
    info = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    _, start, _ = _element(info, 0)
    _, _, after_algorithm = _element(info, start)
    tag, bits, end = _element(info, after_algorithm)
    if tag != 0x03 or info[bits] != 0:
        raise CertificateRefused(Why.FORMAT, "a public key of this form has no name in OCPP")
    return info[bits + 1 : end]


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, begin and end of the content of a DER element."""
    length, start = data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(data[start : start + count]), start + count
    return data[at], start, start + length
