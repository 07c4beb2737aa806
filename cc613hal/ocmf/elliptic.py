"""ECDSA verification in plain integers, for curves that the installed OpenSSL lacks (secp192k1 everywhere, more in some systems).

It only verifies: nothing here ever touches a secret, so nothing has to run in constant time. One verification takes a few
milliseconds. The formulas are the textbook ones for short Weierstrass curves in Jacobian coordinates (SEC 1 version 2.0,
sections 2.2.1 and 4.1.4; Hankerson, Menezes, Vanstone: Guide to Elliptic Curve Cryptography, section 3.2).
"""

from __future__ import annotations

from cc613hal.ocmf.curves import CurveNumbers

__all__ = ["on_curve", "point_from_x", "verify_numbers"]

_Jacobian = tuple[int, int, int]
"""(X, Y, Z) stands for the point (X / Z², Y / Z³); Z = 0 is the point at infinity."""

_INFINITY: _Jacobian = (1, 1, 0)


def on_curve(curve: CurveNumbers, x: int, y: int) -> bool:
    """Whether (x, y) is a point of the curve; the point at infinity has no such coordinates."""
    p = curve.p
    return 0 <= x < p and 0 <= y < p and (y * y - (x * x * x + curve.a * x + curve.b)) % p == 0


def point_from_x(curve: CurveNumbers, x: int, *, odd: bool) -> tuple[int, int] | None:
    """The point with a given x whose y is odd or even (compressed keys); ``None`` if there is none.

    All curves here have p = 3 mod 4, where a square root is one power.
    """
    p = curve.p
    if not 0 <= x < p:
        return None
    square = (x * x * x + curve.a * x + curve.b) % p
    y = pow(square, (p + 1) // 4, p)
    if y * y % p != square:
        return None
    return x, p - y if (y & 1) != odd else y


def verify_numbers(curve: CurveNumbers, point: tuple[int, int], digest: bytes, r: int, s: int) -> bool:
    """Whether (r, s) signs a digest under a public point.

    Args:
        curve: the numbers of the curve.
        point: the public point; must be on the curve.
        digest: the hash; its leftmost bits count, as many as the order has.
        r: first half of the signature.
        s: second half.
    """
    n = curve.n
    if not (0 < r < n and 0 < s < n and on_curve(curve, *point)):
        return False
    e = int.from_bytes(digest, "big")
    surplus = len(digest) * 8 - n.bit_length()
    if surplus > 0:
        e >>= surplus
    w = pow(s, -1, n)
    total = _twice_multiplied(curve, e * w % n, (curve.gx, curve.gy), r * w % n, point)
    if total[2] == 0:
        return False
    z_inverse = pow(total[2], -1, curve.p)
    return total[0] * z_inverse * z_inverse % curve.p % n == r


def _twice_multiplied(curve: CurveNumbers, u: int, first: tuple[int, int], v: int, second: tuple[int, int]) -> _Jacobian:
    """The sum of u · first and v · second, both at once, bit by bit (Shamir's trick)."""
    one: _Jacobian = (*first, 1)
    two: _Jacobian = (*second, 1)
    terms = (_INFINITY, one, two, _added(curve, one, two))
    total = _INFINITY
    for bit in range(max(u.bit_length(), v.bit_length()) - 1, -1, -1):
        total = _doubled(curve, total)
        term = terms[(u >> bit & 1) | (v >> bit & 1) << 1]
        if term[2]:
            total = _added(curve, total, term)
    return total


def _doubled(curve: CurveNumbers, point: _Jacobian) -> _Jacobian:
    x, y, z = point
    p = curve.p
    if not z or not y:
        return _INFINITY
    y_square = y * y % p
    s = 4 * x * y_square % p
    z_square = z * z % p
    m = (3 * x * x + curve.a * z_square * z_square) % p
    x_new = (m * m - 2 * s) % p
    return x_new, (m * (s - x_new) - 8 * y_square * y_square) % p, 2 * y * z % p


def _added(curve: CurveNumbers, one: _Jacobian, two: _Jacobian) -> _Jacobian:
    if not one[2]:
        return two
    if not two[2]:
        return one
    p = curve.p
    z1, z2 = one[2] * one[2] % p, two[2] * two[2] % p
    u1, u2 = one[0] * z2 % p, two[0] * z1 % p
    s1, s2 = one[1] * two[2] * z2 % p, two[1] * one[2] * z1 % p
    if u1 == u2:
        return _doubled(curve, one) if s1 == s2 else _INFINITY
    h, r = (u2 - u1) % p, (s2 - s1) % p
    h_square = h * h % p
    h_cube = h * h_square % p
    v = u1 * h_square % p
    x = (r * r - h_cube - 2 * v) % p
    return x, (r * (v - x) - s1 * h_cube) % p, h * one[2] * two[2] % p
