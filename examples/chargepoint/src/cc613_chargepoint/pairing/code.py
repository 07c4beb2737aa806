"""The one-time code of a pairing: who the master is, and a secret that only the person at both controllers knows.

160 bits as eight groups of four letters: 96 bits of the SHA-256 of the master's certificate, so that nobody can stand between; 56 bits of
secret, so that nobody else can be the slave; 8 bits that tell a mistyped code from a wrong one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Self

from attrs import frozen

from cc613hal.errors import ConfigError

__all__ = ["PairingCode", "fingerprint"]

_PRINT, _SECRET, _CHECK = 12, 7, 1
"""Bytes of the code."""


def fingerprint(certificate: bytes) -> bytes:
    """SHA-256 of a certificate in DER."""
    return hashlib.sha256(certificate).digest()


@frozen(repr=False)
class PairingCode:
    """A one-time code.

    Attributes:
        master: the beginning of the fingerprint of the master's certificate.
        secret: shown once, used once, kept nowhere.
    """

    master: bytes
    secret: bytes

    @classmethod
    def fresh(cls, certificate: bytes) -> Self:
        """A new code of the master with this certificate (DER)."""
        return cls(fingerprint(certificate)[:_PRINT], secrets.token_bytes(_SECRET))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The code of what somebody typed; case, blanks and hyphens do not matter.

        Raises:
            ConfigError: it is none.
        """
        letters = "".join(text.split()).replace("-", "").upper()
        hint = "type it as `cc613-chargepoint pair master` shows it: eight groups of four letters and digits from 2 to 7"
        try:
            raw = base64.b32decode(letters)
        except ValueError:
            raw = b""
        if len(raw) != _PRINT + _SECRET + _CHECK:
            raise ConfigError("this is no pairing code", hint=hint)
        if raw[-_CHECK:] != _check(raw[:-_CHECK]):
            raise ConfigError("the pairing code has a mistake in it", hint=hint)
        return cls(raw[:_PRINT], raw[_PRINT:-_CHECK])

    def is_of(self, certificate: bytes) -> bool:
        """Whether it was made by whoever has this certificate (DER)."""
        return hmac.compare_digest(fingerprint(certificate)[:_PRINT], self.master)

    def opened_by(self, secret: str) -> bool:
        """Whether somebody knows the secret (hexadecimal)."""
        return hmac.compare_digest(self.secret.hex(), secret)

    def __str__(self) -> str:
        raw = self.master + self.secret
        letters = base64.b32encode(raw + _check(raw)).decode("ascii")
        return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def _check(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()[:_CHECK]
