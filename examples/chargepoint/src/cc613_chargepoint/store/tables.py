"""The tables as the queries see them. What makes them (types, checks, indices) stands in ``migrations/``; a test keeps both in step.

Times are UTC in ISO 8601 with microseconds, so that text order is time order and a person can read them. Energy is the decimal
text of the register, digit for digit.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import peewee

__all__ = [
    "ALL",
    "Audit",
    "CachedToken",
    "ChargingProfile",
    "FaultRow",
    "ListedToken",
    "Memory",
    "Outbox",
    "PageCounter",
    "Sample",
    "Session",
    "SessionInterval",
    "Setting",
    "Signed",
    "from_utc",
    "to_utc",
]


def to_utc(moment: datetime) -> str:
    """The text of a moment.

    Raises:
        ValueError: it has no time zone; guessing one would shift bills.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27)


def from_utc(text: str) -> datetime:
    """The moment of a text."""
    return datetime.fromisoformat(text)


class _Utc(peewee.TextField):
    def db_value(self, value: datetime | str | None) -> str | None:
        return to_utc(value) if isinstance(value, datetime) else value

    def python_value(self, value: str | None) -> datetime | None:
        return None if value is None else from_utc(value)


class _Exact(peewee.TextField):
    def db_value(self, value: Decimal | None) -> str | None:
        return None if value is None else format(value, "f")

    def python_value(self, value: str | None) -> Decimal | None:
        return None if value is None else Decimal(value)


class Session(peewee.Model):
    """A charging session; ``number`` never repeats in one file, ``uid`` never repeats at all."""

    number = peewee.AutoField()
    uid = peewee.TextField()
    connector = peewee.IntegerField()
    token = peewee.TextField()
    started = _Utc()
    clock_state = peewee.TextField()
    begin_wh = _Exact(null=True)
    ended = _Utc(null=True)
    end_wh = _Exact(null=True)
    duration_s = peewee.FloatField(null=True)
    highest_current_a = peewee.FloatField(default=0.0)
    reason = peewee.TextField(default="")

    class Meta:
        """Of the table."""

        table_name = "session"


class Sample(peewee.Model):
    """A stored reading of a session."""

    session = peewee.IntegerField()
    seq = peewee.IntegerField()
    at = _Utc()
    power_w = peewee.FloatField()
    current_a = peewee.TextField()
    register_wh = _Exact()

    class Meta:
        """Of the table."""

        table_name = "sample"
        primary_key = peewee.CompositeKey("session", "seq")


class SessionInterval(peewee.Model):
    """A part of a session in one state: charging, or suspended by one side."""

    session = peewee.IntegerField()
    seq = peewee.IntegerField()
    state = peewee.TextField()
    started = _Utc()
    ended = _Utc()
    begin_wh = _Exact()
    end_wh = _Exact()

    class Meta:
        """Of the table."""

        table_name = "session_interval"
        primary_key = peewee.CompositeKey("session", "seq")


class Outbox(peewee.Model):
    """A message that is owed to somebody, in the order it was recorded."""

    id = peewee.AutoField()
    queue = peewee.TextField()
    kind = peewee.TextField()
    payload = peewee.TextField()
    session = peewee.IntegerField(null=True)
    droppable = peewee.BooleanField(default=False)
    created = _Utc()
    attempts = peewee.IntegerField(default=0)
    last_attempt = _Utc(null=True)
    sent_as = peewee.TextField(default="")

    class Meta:
        """Of the table."""

        table_name = "outbox"


class Signed(peewee.Model):
    """A signed meter record, byte for byte."""

    id = peewee.AutoField()
    session = peewee.IntegerField(null=True)
    connector = peewee.IntegerField()
    context = peewee.TextField()
    format = peewee.TextField()
    record = peewee.TextField()
    public_key = peewee.TextField()
    counter = peewee.TextField()
    page = peewee.IntegerField(null=True)
    created = _Utc()
    delivered = _Utc(null=True)

    class Meta:
        """Of the table."""

        table_name = "signed"


class PageCounter(peewee.Model):
    """The last page used of a pagination."""

    name = peewee.TextField(primary_key=True)
    page = peewee.IntegerField()

    class Meta:
        """Of the table."""

        table_name = "page_counter"


class FaultRow(peewee.Model):
    """A fault that stands or stood; connector 0 is the station."""

    id = peewee.AutoField()
    name = peewee.TextField()
    connector = peewee.IntegerField()
    severity = peewee.TextField()
    detail = peewee.TextField()
    raised = _Utc()
    cleared = _Utc(null=True)
    cleared_by = peewee.TextField(default="")

    class Meta:
        """Of the table."""

        table_name = "fault"


class Audit(peewee.Model):
    """Who changed what."""

    id = peewee.AutoField()
    at = _Utc()
    actor = peewee.TextField()
    role = peewee.TextField()
    action = peewee.TextField()
    subject = peewee.TextField()
    before = peewee.TextField(null=True)
    after = peewee.TextField(null=True)

    class Meta:
        """Of the table."""

        table_name = "audit"


class Setting(peewee.Model):
    """A value of one layer, as JSON."""

    layer = peewee.TextField()
    key = peewee.TextField()
    value = peewee.TextField()

    class Meta:
        """Of the table."""

        table_name = "setting"
        primary_key = peewee.CompositeKey("layer", "key")


class ListedToken(peewee.Model):
    """An entry of the local authorization list."""

    folded = peewee.TextField(primary_key=True)
    id = peewee.TextField()
    status = peewee.TextField()
    expires = _Utc(null=True)
    parent = peewee.TextField(null=True)

    class Meta:
        """Of the table."""

        table_name = "listed_token"


class CachedToken(peewee.Model):
    """What a backend last said about a token."""

    folded = peewee.TextField(primary_key=True)
    id = peewee.TextField()
    status = peewee.TextField()
    expires = _Utc(null=True)
    parent = peewee.TextField(null=True)
    heard = _Utc()

    class Meta:
        """Of the table."""

        table_name = "cached_token"


class Memory(peewee.Model):
    """What a room must remember over a restart and nobody else reads, as JSON."""

    room = peewee.TextField()
    name = peewee.TextField()
    value = peewee.TextField()

    class Meta:
        """Of the table."""

        table_name = "memory"
        primary_key = peewee.CompositeKey("room", "name")


class ChargingProfile(peewee.Model):
    """A charging profile that a backend has installed; ``number`` is the order in which they came."""

    number = peewee.AutoField()
    id = peewee.IntegerField()
    connector = peewee.IntegerField()
    body = peewee.TextField()

    class Meta:
        """Of the table."""

        table_name = "charging_profile"


ALL: tuple[type[peewee.Model], ...] = (
    Session,
    Sample,
    SessionInterval,
    Outbox,
    Signed,
    PageCounter,
    FaultRow,
    Audit,
    Setting,
    ListedToken,
    CachedToken,
    Memory,
    ChargingProfile,
)
