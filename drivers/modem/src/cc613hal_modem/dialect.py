"""Makers' dialects, from ``dialects.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import field, frozen

__all__ = ["CPINR", "Dialect", "Query", "dialects", "spoken_by"]


@frozen(kw_only=True)
class Query:
    """A question and where the answer stands.

    Attributes:
        command: what to send.
        prefix: what the answer's line begins with.
        name: what its first field must be; empty for none.
        field: place of the value.
    """

    command: str
    prefix: str
    name: str = ""
    field: int = 0


CPINR = Query(command='AT+CPINR="SIM PIN"', prefix="+CPINR", name="SIM PIN", field=1)
"""The standard's way to read the retry counter (3GPP TS 27.007, section 8.65)."""


def _query(value: Mapping[str, Any] | None) -> Query | None:
    return None if value is None else Query(**value)


def _required(value: Mapping[str, Any]) -> Query:
    return Query(**value)


def _texts(value: list[str]) -> tuple[str, ...]:
    return tuple(value)


@frozen(kw_only=True)
class Dialect:
    """One maker's commands.

    Attributes:
        name: its table in ``dialects.toml``.
        source: where it is from.
        makers: what the maker's answer to ``AT+CGMI`` begins with, in lower case.
        boot: lines that say the modem has started.
        iccid: how to ask for the card's number.
        counter: how to ask for PIN attempts; ``None`` for the standard's way only.
        login: commands that set user and password.
        open: commands that remove them.
    """

    name: str
    source: str
    makers: tuple[str, ...] = field(converter=_texts)
    boot: tuple[str, ...] = field(converter=_texts)
    iccid: Query = field(converter=_required)
    counter: Query | None = field(default=None, converter=_query)
    login: tuple[str, ...] = field(converter=_texts)
    open: tuple[str, ...] = field(converter=_texts)


@cache
def dialects() -> Mapping[str, Dialect]:
    """All dialects by name."""
    text = files("cc613hal_modem").joinpath("dialects.toml").read_text("utf-8")
    return {name: Dialect(name=name, **table) for name, table in tomllib.loads(text).items()}


def spoken_by(maker: str) -> Dialect:
    """The dialect of a maker; the generic one for a maker that is not known.

    Args:
        maker: answer to ``AT+CGMI``.
    """
    heard = maker.strip().casefold()
    fitting = [(len(word), dialect.name, dialect) for dialect in dialects().values() for word in dialect.makers if heard.startswith(word)]
    return max(fitting)[2] if fitting else dialects()["generic"]
