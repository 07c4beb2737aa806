"""Verifying and encoding ECDSA signatures, with OpenSSL where it knows the curve and with plain integers where it does not.

``cryptography`` is an optional dependency (extra ``ocmf``) and is imported at the first signature.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import re
from types import ModuleType
from typing import TYPE_CHECKING, Any

from attrs import frozen

from cc613hal.errors import Unsupported
from cc613hal.ocmf.curves import Curve, curve_named
from cc613hal.ocmf.der import read_signature, write_signature
from cc613hal.ocmf.elliptic import verify_numbers
from cc613hal.ocmf.errors import KeyUnusable, RecordUnreadable
from cc613hal.ocmf.keys import PublicKey
from cc613hal.ocmf.values import SignatureSection

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve, EllipticCurvePublicKey

__all__ = ["SignatureAlgorithm", "algorithm_of", "decode_signature", "is_bare", "openssl_curve", "require_cryptography", "verify"]

_ALGORITHM = re.compile(r"ECDSA-([A-Za-z0-9]+)-SHA-?(256|384|512)", re.ASCII | re.IGNORECASE)
_MAX_SIGNATURE = 512
_OPENSSL_NAMES = {
    Curve.SECP192R1: "SECP192R1",
    Curve.SECP256K1: "SECP256K1",
    Curve.SECP256R1: "SECP256R1",
    Curve.SECP384R1: "SECP384R1",
    Curve.SECP521R1: "SECP521R1",
    Curve.BRAINPOOL256R1: "BrainpoolP256R1",
    Curve.BRAINPOOL384R1: "BrainpoolP384R1",
}


@frozen
class SignatureAlgorithm:
    """Curve and hash of a signature.

    Attributes:
        curve: which.
        hash_name: as :mod:`hashlib` calls it.
    """

    curve: Curve = Curve.SECP256R1
    hash_name: str = "sha256"

    def __str__(self) -> str:
        # the format's table says brainpool256r1, files in the field and other readers RFC 5639's brainpoolP256r1; the transparency
        # software reads both
        name = "brainpoolP256r1" if self.curve is Curve.BRAINPOOL256R1 else self.curve.value
        return f"ECDSA-{name}-{self.hash_name.upper()}"


def algorithm_of(section: SignatureSection) -> SignatureAlgorithm:
    """What a signature section says it is signed with; without ``SA`` the format's default, ECDSA-secp256r1-SHA256.

    Raises:
        RecordUnreadable: an algorithm, encoding or type that the format does not define.
    """
    if (section.mime_type or "application/x-der").lower() not in {"application/x-der", "application/der"}:
        raise RecordUnreadable(f"the signature's type (SM) {section.mime_type!r} is unknown")
    if not section.algorithm:
        return SignatureAlgorithm()
    match = _ALGORITHM.fullmatch(section.algorithm.strip())
    if match is None:
        raise RecordUnreadable(f"the signature algorithm (SA) {section.algorithm!r} is unknown")
    try:
        return SignatureAlgorithm(curve_named(match[1]), f"sha{match[2]}")
    except KeyUnusable as error:
        raise RecordUnreadable(f"the signature algorithm (SA) {section.algorithm!r} is unknown: {error.message}") from error


def decode_signature(section: SignatureSection) -> tuple[int, int]:
    """The two numbers of a signature: a DER sequence, or the bare numbers one behind the other, each as long as the curve's.

    The encoding is the one that the section says (``SE``), hexadecimal without one; base64 that says nothing of itself is taken too.

    Raises:
        RecordUnreadable: the encoding or the structure is wrong.
    """
    data = _decoded(section)
    half = algorithm_of(section).curve.scalar_bytes
    if is_bare(section):
        return int.from_bytes(data[:half], "big"), int.from_bytes(data[half:], "big")
    return read_signature(data)


def is_bare(section: SignatureSection) -> bool:
    """Whether the signature is two bare numbers where the format wants DER.

    Raises:
        RecordUnreadable: the encoding is wrong.
    """
    data = _decoded(section)
    if len(data) != 2 * algorithm_of(section).curve.scalar_bytes:
        return False
    try:
        read_signature(data)
    except RecordUnreadable:
        return True
    return False  # a short DER sequence may have this length by chance


def _decoded(section: SignatureSection) -> bytes:
    said = (section.encoding or "").strip().lower()
    text = "".join(section.data.split())
    if len(text) > 2 * _MAX_SIGNATURE:
        raise RecordUnreadable(f"the signature (SD) of {len(text)} characters is none")
    if said not in {"", "hex", "base64"}:
        raise RecordUnreadable(f"the signature's encoding (SE) {section.encoding!r} is unknown")
    if said != "base64":
        try:
            return binascii.unhexlify(text.removeprefix("0x").removeprefix("0X"))
        except (binascii.Error, ValueError) as error:
            if said:
                raise RecordUnreadable("the signature (SD) is not hexadecimal") from error
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RecordUnreadable(f"the signature (SD) is not {said or 'hexadecimal'}") from error


def verify(key: PublicKey, message: bytes, signature: tuple[int, int], hash_name: str = "sha256") -> bool:
    """Whether a signature is a key's over a message.

    Args:
        key: the public key.
        message: what was signed, before hashing.
        signature: the two numbers.
        hash_name: hash function as :mod:`hashlib` calls it.

    Raises:
        Unsupported: ``cryptography`` is not installed.
    """
    r, s = signature
    n = key.curve.numbers.n
    if not (0 < r < n and 0 < s < n):
        return False
    digest = hashlib.new(hash_name, message).digest()
    handle = _openssl_key(key)
    if handle is None:
        return verify_numbers(key.curve.numbers, (key.x, key.y), digest, r, s)
    invalid, scheme = _verification(hash_name)
    try:
        handle.verify(write_signature(r, s), digest, scheme)
    except invalid:
        return False
    return True


def require_cryptography(module: str) -> ModuleType:
    """A module of ``cryptography``.

    Raises:
        Unsupported: it is not installed.
    """
    from importlib import import_module  # noqa: PLC0415

    try:
        return import_module(f"cryptography.{module}")
    except ImportError as error:
        raise Unsupported(
            "signatures need the package cryptography, which is not installed", hint="pip install 'cc613hal[ocmf]'"
        ) from error


def openssl_curve(curve: Curve) -> EllipticCurve | None:
    """The curve as ``cryptography`` calls it; ``None`` for secp192k1, which OpenSSL's binding does not offer."""
    ec: Any = require_cryptography("hazmat.primitives.asymmetric.ec")
    name = _OPENSSL_NAMES.get(curve)
    return None if name is None else getattr(ec, name)()


@functools.lru_cache(maxsize=256)
def _openssl_key(key: PublicKey) -> EllipticCurvePublicKey | None:
    ec: Any = require_cryptography("hazmat.primitives.asymmetric.ec")
    unsupported = require_cryptography("exceptions").UnsupportedAlgorithm
    curve = openssl_curve(key.curve)
    if curve is None:
        return None
    try:
        handle: EllipticCurvePublicKey = ec.EllipticCurvePublicNumbers(key.x, key.y, curve).public_key()
    except unsupported:
        return None  # an OpenSSL built without this curve: plain integers verify it
    return handle


@functools.lru_cache(maxsize=8)
def _verification(hash_name: str) -> tuple[type[Exception], Any]:
    ec: Any = require_cryptography("hazmat.primitives.asymmetric.ec")
    utils: Any = require_cryptography("hazmat.primitives.asymmetric.utils")
    hashes: Any = require_cryptography("hazmat.primitives.hashes")
    invalid: type[Exception] = require_cryptography("exceptions").InvalidSignature
    return invalid, ec.ECDSA(utils.Prehashed(getattr(hashes, hash_name.upper())()))
