"""One parameter as data: what it may be, who may see and change it, and how others call it."""

from __future__ import annotations

import enum
import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

from attrs import frozen

from cc613_chargepoint.domain.role import Role

__all__ = ["Group", "InvalidValue", "Kind", "Parameter"]

T_co = TypeVar("T_co", covariant=True)


class InvalidValue(ValueError):  # noqa: N818 - the base class says that it is an error
    """A value that a parameter cannot have; the message says what it may be."""


class Kind(enum.Enum):
    """Types of values."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    TEXT = "text"
    CHOICE = "choice"
    LIST = "list"
    """Of texts."""


class Group(enum.Enum):
    """Where a parameter stands in forms and documentation."""

    INSTALLATION = "installation"
    CONNECTOR = "connector"
    HEAT = "heat"
    SURROUNDINGS = "surroundings"
    HOUSEHOLD = "household"
    AUTHORIZATION = "authorization"
    METERING = "metering"
    STORE = "store"
    STATUS = "status"
    HMI = "hmi"
    OCPP = "ocpp"
    PAIRING = "pairing"


@frozen(kw_only=True)
class Parameter(Generic[T_co]):
    """A setting, described once for forms, command line, backends, files and documentation.

    Attributes:
        key: ``group.name``.
        kind: of its values.
        default: factory value.
        group: where it stands.
        en: what it does, in English.
        de: what it does, in German.
        unit: of the value; empty if it has none.
        minimum: smallest number, or fewest entries.
        maximum: largest number, most characters, or most entries.
        choices: the values of a ``CHOICE``.
        pattern: what a text, or each entry of a list, must match in full.
        see: the least role that may see it.
        change: the least role that may change it; ``None`` if nobody may.
        restart: whether a change takes effect only with the next start.
        ocpp16: key in OCPP 1.6; empty if it has none there.
        ocpp201: component and variable in OCPP 2.0.1, with a stop between; empty if it has none there.
        secret: never shown, exported or logged.
        none: whether it may be left without a value.
        holds: what else a text, or each entry of a list, must meet: gives what it must be instead, or nothing.
    """

    key: str
    kind: Kind
    default: T_co
    group: Group
    en: str
    de: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    see: Role = Role.USER
    change: Role | None = Role.OPERATOR
    restart: bool = False
    ocpp16: str = ""
    ocpp201: str = ""
    secret: bool = False
    none: bool = False
    holds: Callable[[str], str | None] | None = None

    def parse(self, text: str) -> T_co:
        """The value of a text, as command lines, forms and OCPP give it.

        Raises:
            InvalidValue: it is none.
        """
        text = text.strip()
        if self.none and text.lower() in {"", "none"}:
            return self.check(None)
        match self.kind:
            case Kind.BOOL:
                words = {"true": True, "false": False, "on": True, "off": False, "yes": True, "no": False, "1": True, "0": False}
                if text.lower() not in words:
                    raise InvalidValue(f"{text!r} is neither true nor false")
                return self.check(words[text.lower()])
            case Kind.INT | Kind.FLOAT:
                try:
                    number: float = int(text) if self.kind is Kind.INT else float(text)
                except ValueError:
                    raise InvalidValue(f"{text!r} is no {'whole ' if self.kind is Kind.INT else ''}number") from None
                return self.check(number)
            case Kind.LIST:
                return self.check([part.strip() for part in text.split(",") if part.strip()])
            case _:
                return self.check(text)

    def check(self, value: Any) -> T_co:
        """The value as this parameter has it, from JSON or Python.

        Raises:
            InvalidValue: it is none of its values.
        """
        if value is None:
            if self.none:
                return cast("T_co", None)
            raise InvalidValue("it needs a value")
        match self.kind:
            case Kind.BOOL:
                self._must(isinstance(value, bool), value, "true or false")
            case Kind.INT:
                self._must(isinstance(value, int) and not isinstance(value, bool), value, "a whole number")
                self._in_range(value)
            case Kind.FLOAT:
                self._must(isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value), value, "a number")
                self._in_range(value)
                value = float(value)
            case Kind.TEXT:
                self._text(value)
            case Kind.CHOICE:
                self._must(value in self.choices, value, "one of " + ", ".join(self.choices))
            case Kind.LIST:
                self._must(isinstance(value, list | tuple), value, "a list of texts")
                for each in value:
                    self._text(each)
                if self.maximum is not None:
                    self._must(len(value) <= self.maximum, value, f"a list of at most {self.maximum:g} entries")
                if self.minimum is not None:
                    self._must(len(value) >= self.minimum, value, f"a list of at least {self.minimum:g} entries")
                value = tuple(value)
        return cast("T_co", value)

    def text(self, value: Any) -> str:
        """The value as :meth:`parse` reads it."""
        if value is None:
            return "none"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, tuple | list):
            return ",".join(cast("Sequence[str]", value))
        return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)

    def json(self, value: Any) -> Any:
        """The value as JSON has it."""
        return json.loads(json.dumps(value))

    def range_text(self) -> str:
        """What it may be, in words."""
        if self.choices:
            return ", ".join(self.choices)
        ends = [f"{end:g}" if end is not None else "…" for end in (self.minimum, self.maximum)]
        return " to ".join(ends) if (self.minimum, self.maximum) != (None, None) else ""

    def _in_range(self, value: float) -> None:
        inside = (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)
        self._must(inside, value, f"{self.range_text()} {self.unit}".strip())

    def _text(self, value: Any) -> None:
        self._must(isinstance(value, str) and value.isprintable(), value, "a text on one line")
        if self.kind is Kind.TEXT and self.maximum is not None:
            self._must(len(value) <= self.maximum, value, f"at most {self.maximum:g} characters")
        if self.pattern:
            self._must(re.fullmatch(self.pattern, value) is not None, value, f"of the form {self.pattern}")
        if self.holds is not None and (wanted := self.holds(value)) is not None:
            self._must(False, value, wanted)

    def _must(self, holds: bool, value: Any, what: str) -> None:
        if not holds:
            raise InvalidValue(f"it must be {what}" if self.secret else f"{value!r} is not {what}")
