"""How the rows of the parameter table are written: one function for each kind of value."""

from __future__ import annotations

from typing import Any

from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.settings.parameter import Group, Kind, Parameter

__all__ = ["AT_START", "choice", "count", "number", "switch", "text", "texts"]


def _group(key: str) -> Group:
    return Group(key.partition(".")[0])


def number(  # noqa: PLR0917 - a row of a table
    key: str, default: float, unit: str, minimum: float, maximum: float, en: str, de: str, **more: Any
) -> Parameter[float]:
    """A number, with its unit and range."""
    return Parameter(
        key=key, kind=Kind.FLOAT, default=default, unit=unit, minimum=minimum, maximum=maximum, group=_group(key), en=en, de=de, **more
    )


def count(  # noqa: PLR0917 - a row of a table
    key: str, default: int, unit: str, minimum: int, maximum: int, en: str, de: str, **more: Any
) -> Parameter[int]:
    """A whole number, with its unit and range."""
    return Parameter(
        key=key, kind=Kind.INT, default=default, unit=unit, minimum=minimum, maximum=maximum, group=_group(key), en=en, de=de, **more
    )


def switch(key: str, default: bool, en: str, de: str, **more: Any) -> Parameter[bool]:
    """On or off."""
    return Parameter(key=key, kind=Kind.BOOL, default=default, group=_group(key), en=en, de=de, **more)


def choice(key: str, default: str, choices: tuple[str, ...], en: str, de: str, **more: Any) -> Parameter[str]:
    """One of some words."""
    return Parameter(key=key, kind=Kind.CHOICE, default=default, choices=choices, group=_group(key), en=en, de=de, **more)


def text(key: str, default: str, pattern: str, en: str, de: str, **more: Any) -> Parameter[str]:
    """A text of a form."""
    return Parameter(key=key, kind=Kind.TEXT, default=default, pattern=pattern, group=_group(key), en=en, de=de, **more)


def texts(key: str, pattern: str, en: str, de: str, **more: Any) -> Parameter[tuple[str, ...]]:
    """Texts of a form; none by default."""
    return Parameter(key=key, kind=Kind.LIST, default=(), pattern=pattern, group=_group(key), en=en, de=de, **more)


AT_START: dict[str, Any] = {"restart": True, "change": Role.INSTALLER}
"""What takes effect with the next start, and is the installer's."""
