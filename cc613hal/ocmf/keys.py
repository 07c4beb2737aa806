"""Public keys: every spelling that files, labels and meters use, one value, one canonical form (DER)."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
from collections.abc import Iterable

from attrs import field, frozen

from cc613hal.ocmf.curves import Curve
from cc613hal.ocmf.der import read_key_info, write_key_info
from cc613hal.ocmf.elliptic import on_curve, point_from_x
from cc613hal.ocmf.errors import KeyUnusable, RecordUnreadable

__all__ = ["PublicKey"]

_MAX_TEXT = 4096
_GROUPING = str.maketrans("", "", ":-.")
_URL_SAFE = str.maketrans("-_", "+/")
_BY_OID = {curve.numbers.oid: curve for curve in Curve}


@frozen
class PublicKey:
    """A point on a curve.

    Attributes:
        curve: which.
        x: coordinate.
        y: coordinate.
    """

    curve: Curve
    x: int = field(repr=False)
    y: int = field(repr=False)

    def __attrs_post_init__(self) -> None:
        if not on_curve(self.curve.numbers, self.x, self.y):
            raise KeyUnusable(f"the key is no point of {self.curve.value}", hint="a digit is wrong, or the key belongs to another curve")

    @classmethod
    def from_der(cls, data: bytes) -> PublicKey:
        """Read a SubjectPublicKeyInfo, also one with a compressed point.

        Raises:
            KeyUnusable: another structure, an unknown curve, no point of the curve.
        """
        try:
            oid, point = read_key_info(data)
        except RecordUnreadable as error:
            raise KeyUnusable(error.message) from error
        curve = _BY_OID.get(oid)
        if curve is None:
            raise KeyUnusable(f"no record is signed on the curve with the object identifier {oid}")
        return cls.from_point(curve, point)

    @classmethod
    def from_point(cls, curve: Curve, data: bytes) -> PublicKey:
        """Read a point of a known curve: X and Y (raw), or with the byte 04 before them, or compressed (02, 03).

        Raises:
            KeyUnusable: a wrong length, no point of the curve.
        """
        size = curve.coordinate_bytes
        if len(data) == 2 * size + 1 and data[0] == 4:
            data = data[1:]
        elif len(data) == size + 1 and data[0] in {2, 3}:
            found = point_from_x(curve.numbers, int.from_bytes(data[1:], "big"), odd=data[0] == 3)
            if found is None:
                raise KeyUnusable(f"the compressed key is no point of {curve.value}")
            return cls(curve, *found)
        if len(data) != 2 * size:
            raise KeyUnusable(f"a point of {curve.value} has {2 * size} bytes, this has {len(data)}")
        return cls(curve, int.from_bytes(data[:size], "big"), int.from_bytes(data[size:], "big"))

    @classmethod
    def from_bytes(cls, data: bytes, curves: Iterable[Curve] = ()) -> PublicKey:
        """Read DER, or a bare point of the first of ``curves`` that it fits.

        Raises:
            KeyUnusable: neither.
        """
        if data[:1] == b"\x30":
            try:
                return cls.from_der(data)
            except KeyUnusable:
                if len(data) not in {2 * curve.coordinate_bytes for curve in curves}:
                    raise
        for curve in curves:
            try:
                return cls.from_point(curve, data)
            except KeyUnusable:
                continue
        raise KeyUnusable(f"{len(data)} bytes are no public key", hint="give it as DER (SubjectPublicKeyInfo) in hexadecimal or base64")

    @classmethod
    def from_text(cls, text: str, curves: Iterable[Curve] = ()) -> PublicKey:
        """Read hexadecimal (also with blanks, dashes, colons or ``0x``), base64 (also its form for addresses), base32, PEM, or what the
        Open Charge Alliance's note on signed meter values makes of a key (``oca:base16:asn1:…``, itself in base64).

        Args:
            text: the key as written.
            curves: curves whose bare points are accepted beside DER.

        Raises:
            KeyUnusable: no key in any of these spellings.
        """
        if len(text) > _MAX_TEXT:
            raise KeyUnusable(f"{len(text)} characters are no public key")
        curves = tuple(curves)
        last: KeyUnusable | None = None
        for data in _spellings(text):
            try:
                return cls.from_bytes(data, curves)
            except KeyUnusable as error:
                last = last or error
        raise last or KeyUnusable(f"{text[:24]!r} is no public key", hint="give it as DER (SubjectPublicKeyInfo) in hexadecimal or base64")

    @property
    def point(self) -> bytes:
        """X and Y, each with the length of the curve."""
        size = self.curve.coordinate_bytes
        return self.x.to_bytes(size, "big") + self.y.to_bytes(size, "big")

    @property
    def der(self) -> bytes:
        """SubjectPublicKeyInfo with the uncompressed point."""
        return write_key_info(self.curve.numbers.oid, b"\x04" + self.point)

    @property
    def hex(self) -> str:
        """The DER form in upper-case hexadecimal, as labels and files carry it."""
        return self.der.hex().upper()

    @property
    def base64(self) -> str:
        """The DER form in base64."""
        return base64.b64encode(self.der).decode()

    @property
    def fingerprint(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the DER form, to compare by eye."""
        return hashlib.sha256(self.der).hexdigest()[:16].upper()


def _spellings(text: str, depth: int = 0) -> Iterable[bytes]:
    lines = [line.strip() for line in text.strip().splitlines()]
    compact = "".join("".join(line.split()) for line in lines if not line.startswith("-----"))
    if compact.startswith("oca:"):
        compact = compact.rpartition(":")[2]
    bare = compact.translate(_GROUPING).removeprefix("0x").removeprefix("0X")
    with contextlib.suppress(ValueError):  # hexadecimal is only the first of the spellings tried
        yield bytes.fromhex(bare)
    standard = compact.translate(_URL_SAFE)
    with contextlib.suppress(binascii.Error, ValueError):
        data = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
        yield data
        if data.isascii() and not depth:  # a spelling in base64: what OCPP makes of a printed key
            yield from _spellings(data.decode("ascii"), depth + 1)
    with contextlib.suppress(binascii.Error, ValueError):
        upper = compact.upper().rstrip("=")
        yield base64.b32decode(upper + "=" * (-len(upper) % 8))
