"""What a station is for its backend, and what it says when the backend cannot be asked."""

from __future__ import annotations

from attrs import frozen

from cc613hal.errors import HalError

__all__ = ["Identity", "Offline"]


class Offline(HalError, ConnectionError):  # noqa: N818 - the base class says that it is an error
    """The backend cannot be asked now."""

    kind = "offline"
    default_transient = True


@frozen(kw_only=True)
class Identity:
    """What the station is, for its boot.

    Attributes:
        vendor: its maker.
        model: its model.
        serial: its serial number; empty for none.
        firmware: version of its software.
    """

    vendor: str
    model: str
    serial: str
    firmware: str
