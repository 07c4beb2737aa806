"""What somebody once said of a token: a list, a cache, a backend."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

__all__ = ["ACCEPTED", "KnownToken"]

ACCEPTED = "Accepted"
"""The status that lets charge, as OCPP spells it."""


@frozen(kw_only=True)
class KnownToken:
    """What is known of a token.

    Attributes:
        id: as it was told; compared without case.
        status: ``Accepted``, ``Blocked``, ``Expired``, ``Invalid``, ``ConcurrentTx`` … as OCPP spells them.
        expires: when it stops being valid, UTC; ``None`` for never.
        parent: identifier of its group.
        heard: when it was told, UTC; list entries have none.
    """

    id: str
    status: str
    expires: datetime | None = None
    parent: str | None = None
    heard: datetime | None = None

    def valid_at(self, now: datetime) -> bool:
        """Whether it lets charge."""
        return self.status == ACCEPTED and (self.expires is None or now < self.expires)
