"""What a backend may ask of the station's upkeep. Adapters know these Protocols; who keeps them depends on the product."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from attrs import frozen

from cc613hal.errors import HalError

__all__ = ["Diagnostics", "Firmware", "FirmwareRefused", "Installation"]


class FirmwareRefused(HalError, ValueError):  # noqa: N818 - the base class says that it is an error
    """An image that is none, is damaged, or is not for this station; nothing was installed."""

    kind = "firmware-refused"


@frozen(kw_only=True)
class Installation:
    """An image that was taken over.

    Attributes:
        image: where it lies.
        sha256: of the image, hexadecimal.
        size_bytes: of the image.
        taken: when, UTC.
        source: where it came from, without passwords.
        signed_by: subject of the certificate under which its signature was verified; empty for none.
    """

    image: Path
    sha256: str
    size_bytes: int
    taken: datetime
    source: str = ""
    signed_by: str = ""


class Firmware(Protocol):
    """Takes images over."""

    @abstractmethod
    async def landing(self) -> Path:
        """Where a download may put an image: on the disk on which it will stay. What lay there before is gone."""

    @abstractmethod
    async def install(self, image: Path, *, source: str = "", signed_by: str = "") -> Installation:
        """Verify an image and take it over.

        Args:
            image: the file; it is moved.
            source: where it came from, without passwords.
            signed_by: under which certificate its signature was verified.

        Raises:
            FirmwareRefused: it is no image for this station; the file is removed.
        """

    @abstractmethod
    async def installed(self) -> Installation | None:
        """The image that was taken over last."""


class Diagnostics(Protocol):
    """Collects what helps to find a fault."""

    @abstractmethod
    async def archive(self, directory: Path, *, since: datetime | None = None, until: datetime | None = None) -> Path | None:
        """One file with everything, without secrets.

        Args:
            directory: where to put it.
            since: leave out log lines from before.
            until: leave out log lines from after.

        Returns:
            The file; ``None`` if there is nothing.
        """

    @abstractmethod
    async def security_log(self, directory: Path, lines: Sequence[str]) -> Path | None:
        """One file with security events.

        Args:
            directory: where to put it.
            lines: the events, oldest first.

        Returns:
            The file; ``None`` if there are none.
        """
