"""What can go wrong with records, keys and signatures.

::

    HalError
    ├── ConfigError
    │   └── KeyUnusable             a key that cannot be read, is on another curve, or lies open to others
    ├── RecordUnreadable (ValueError)  these bytes are no record of a known format
    ├── RecordInvalid (ValueError)     this record may not be written: a field contradicts the format
    ├── SigningFailed (RuntimeError)   the key did not sign
    └── PagesLost (RuntimeError)       the memory of the page counter is gone, damaged, or contradicts what is asked of it
"""

# ruff: noqa: N818 - the base class says that these are errors; each name says what happened

from __future__ import annotations

from cc613hal.errors import ConfigError, HalError

__all__ = ["KeyUnusable", "PagesLost", "RecordInvalid", "RecordUnreadable", "SigningFailed"]


class RecordUnreadable(HalError, ValueError):
    """These bytes are no record of a known format; nothing in them was believed."""

    kind = "record-unreadable"


class RecordInvalid(HalError, ValueError):
    """A record may not be written like this; a field is missing, too long, or contradicts another."""

    kind = "record-invalid"


class KeyUnusable(ConfigError):
    """A key cannot be read, lies on a curve nobody here knows, or its file is open to others."""

    kind = "key"


class SigningFailed(HalError, RuntimeError):
    """The key did not sign; there is no record, and the energy of this moment cannot be sold."""

    kind = "signing"
    default_transient = True


class PagesLost(HalError, RuntimeError):
    """The page counter's memory is missing, damaged, or contradicts what is asked of it; a person must look."""

    kind = "pages"
