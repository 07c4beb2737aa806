"""Why a certificate is refused."""

from __future__ import annotations

import enum
from typing import ClassVar

from cc613hal.errors import HalError

__all__ = ["CertificateRefused", "Why"]


class Why(enum.Enum):
    """What is wrong with a certificate, for programs."""

    FORMAT = "format"
    """It cannot be read, or it is no certificate for this use."""
    DATES = "dates"
    """It is not valid yet, or not any more."""
    ISSUER = "issuer"
    """Nobody whom the station trusts has signed it."""
    KEY = "key"
    """Its key is not the one that was asked for, or too weak."""
    SUBJECT = "subject"
    """It is somebody else's."""
    REVOKED = "revoked"
    """Its issuer has taken it back."""
    FULL = "full"
    """There is no room for it."""
    SIGNATURE = "signature"
    """What it signed is not what is there."""


class CertificateRefused(HalError, ValueError):  # noqa: N818 - the base class says that it is an error
    """A certificate, or what one signed, is refused; nothing has changed.

    Args:
        why: for programs.
        message: for people.
        hint: the next step.
    """

    kind: ClassVar[str] = "certificate-refused"

    def __init__(self, why: Why, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.why = why
