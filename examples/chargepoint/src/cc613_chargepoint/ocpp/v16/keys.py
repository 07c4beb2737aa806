"""Configuration keys of 1.6: those of the parameter table, and those that only tell what the station can."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.ocpp.engine.transactions.signing import Offered
from cc613_chargepoint.ocpp.messages.v16_types import KeyValue
from cc613_chargepoint.settings import TABLE, Actor, Layer, Parameter, Settings, SettingsRefused
from cc613_chargepoint.settings.parameter import Kind
from cc613hal.errors import HalError

__all__ = ["MAX_KEYS", "VALUE_LIMIT", "Changed", "Keys"]

MAX_KEYS = 64
"""Keys that one GetConfiguration may ask for."""
VALUE_LIMIT = 500
"""Longest value of a key (OCPP 1.6, 7.29)."""
_BY_KEY: Mapping[str, Parameter[Any]] = {each.ocpp16.casefold(): each for each in TABLE.values() if each.ocpp16}


@frozen
class Changed:
    """What became of a change.

    Attributes:
        status: in OCPP's word.
        key: of the parameter table; empty if none was changed.
    """

    status: str
    key: str = field(default="")


class Keys:
    """Reads and changes configuration keys.

    Args:
        settings: the station's.
        actor: the backend, for the audit.
        told: read-only keys → their value now; ``None`` where the station has none.
        offered: what may be done with the keys of the table here.
    """

    def __init__(self, settings: Settings, actor: Actor, told: Mapping[str, Callable[[], str | None]], offered: Offered) -> None:
        self._settings, self._actor, self._offered = settings, actor, offered
        self._told = {name.casefold(): (name, value) for name, value in told.items()}

    def read(self, asked: Sequence[str]) -> tuple[list[KeyValue], list[str]]:
        """The keys that are there, and those that are not.

        Args:
            asked: in any case; none asks for all.
        """
        if not asked:
            names = sorted({each.casefold() for each in (*_BY_KEY, *self._told)})
            return [found for name in names if (found := self._read(name)) is not None], []
        known, unknown = [], []
        for name in asked:
            found = self._read(name)
            if found is not None:
                known.append(found)
            else:
                unknown.append(name)
        return known, unknown

    def _read(self, name: str) -> KeyValue | None:
        if (told := self._told.get(name.casefold())) is not None:
            there = told[1]()
            return None if there is None else KeyValue(key=told[0], readonly=True, value=there[:VALUE_LIMIT])
        which = self._which(name)
        if which is None:
            return None
        if (fixed := self._offered.fixed(which)) is not None:
            return KeyValue(key=which.ocpp16, readonly=True, value=fixed)
        value = None if which.secret else _ocpp_text(which, self._settings.value(which.key).value)[:VALUE_LIMIT]
        return KeyValue(key=which.ocpp16, readonly=which.change is None or which.change > Role.OPERATOR, value=value)

    def _which(self, name: str) -> Parameter[Any] | None:
        """The parameter of a key that the station has."""
        which = _BY_KEY.get(name.casefold())
        return None if which is None or self._offered.absent(which) else which

    async def change(self, name: str, text: str) -> Changed:
        """Change a key, as OCPP answers it: unknown is ``NotSupported``; what it may not be, or nobody may change, is ``Rejected``."""
        if (told := self._told.get(name.casefold())) is not None:
            return Changed("NotSupported" if told[1]() is None else "Rejected")
        which = self._which(name)
        if which is None:
            return Changed("NotSupported")
        if which.change is None or which.change > self._actor.role or not _well_formed(which, text):
            return Changed("Rejected")
        if self._offered.fixed(which) is not None or self._offered.objection(which, text):
            return Changed("Rejected")
        try:
            await self._settings.set({which.key: text}, actor=self._actor, layer=Layer.BACKEND, texts=True)
        except (SettingsRefused, HalError):
            return Changed("Rejected")
        return Changed("RebootRequired" if which.restart else "Accepted", which.key)


def _ocpp_text(which: Parameter[Any], value: Any) -> str:
    return "" if value is None else which.text(value)


def _well_formed(which: Parameter[Any], text: str) -> bool:
    """Whether a text has the form of its key's type (OCPP 1.6, 9): the table's own reading takes more, for people at a keyboard."""
    match which.kind:
        case Kind.BOOL:
            return text.strip().lower() in {"true", "false"}
        case Kind.INT | Kind.FLOAT:  # every number among the keys of 1.6 is a whole one
            return re.fullmatch(r"[+-]?[0-9]+", text.strip()) is not None
        case _:
            return True
