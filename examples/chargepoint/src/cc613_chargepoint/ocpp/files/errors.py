"""What can go wrong with a file transfer, as one tree under the library's error base.

::

    TransferError (OSError)
    ├── BadLocation (ValueError)   the address is no address, or one that is not allowed; nothing was sent anywhere
    ├── TransferFailed             the network or the server; another try may help
    ├── TransferRefused            the server says no (unknown file, wrong password); another try may help if it changes its mind
    ├── NotTrusted                 certificate or host key: whoever answers is not who was asked for
    └── TooBig                     more bytes than are allowed
"""

# ruff: noqa: N818 - the base class says that these are errors; each name says what happened

from __future__ import annotations

from typing import ClassVar

from cc613hal.errors import HalError

__all__ = ["BadLocation", "NotTrusted", "TooBig", "TransferError", "TransferFailed", "TransferRefused"]


class TransferError(HalError, OSError):
    """A file did not get where it should."""

    kind: ClassVar[str] = "transfer"

    def __str__(self) -> str:
        return HalError.__str__(self)


class BadLocation(TransferError, ValueError):
    """The address is no address, or one that is not allowed."""

    kind: ClassVar[str] = "transfer-location"


class TransferFailed(TransferError):
    """The network failed, or the server did."""

    kind: ClassVar[str] = "transfer-failed"
    default_transient: ClassVar[bool] = True


class TransferRefused(TransferError):
    """The server said no."""

    kind: ClassVar[str] = "transfer-refused"
    default_transient: ClassVar[bool] = True


class NotTrusted(TransferError):
    """Whoever answers is not who was asked for."""

    kind: ClassVar[str] = "transfer-not-trusted"


class TooBig(TransferError):
    """More bytes than are allowed."""

    kind: ClassVar[str] = "transfer-too-big"
