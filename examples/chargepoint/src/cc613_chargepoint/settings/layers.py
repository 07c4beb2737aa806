"""The values in effect: factory, OEM, operator and backend, one above the other."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from attrs import frozen

from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.settings.parameter import InvalidValue, Parameter
from cc613_chargepoint.settings.table import RULES, TABLE, parameter
from cc613_chargepoint.store import Store, Transaction
from cc613hal.clock import Clock
from cc613hal.errors import ConfigError
from cc613hal.events import Events, EventSource

__all__ = ["Actor", "Layer", "Settings", "SettingsChanged", "SettingsRefused", "Value"]

T = TypeVar("T")
RESET = object()
"""Instead of a value: the layer shall say nothing."""
HIDDEN = "•••"


class Layer(enum.Enum):
    """Who said it, from the weakest to the strongest."""

    FACTORY = "factory"
    OEM = "oem"
    OPERATOR = "operator"
    BACKEND = "backend"


_CHANGING = (Layer.OEM, Layer.OPERATOR, Layer.BACKEND)


@frozen
class Value:
    """A value in effect.

    Attributes:
        value: as the parameter has it.
        layer: who said it.
    """

    value: Any
    layer: Layer


@frozen(kw_only=True)
class Actor:
    """Who changes something.

    Attributes:
        name: for the audit.
        role: what they may.
    """

    name: str
    role: Role


@frozen(kw_only=True)
class SettingsChanged:
    """Values in effect that are others now.

    Attributes:
        values: key → new value.
        restart: keys whose new value waits for the next start.
    """

    values: Mapping[str, Any]
    restart: tuple[str, ...] = ()


class SettingsRefused(ConfigError):  # noqa: N818 - the base class says that it is an error
    """Settings that were not accepted, with every mistake; nothing was changed.

    Attributes:
        mistakes: key (or empty, for what is wrong between values) and what is wrong.
    """

    kind = "settings"

    def __init__(self, mistakes: Sequence[tuple[str, str]]) -> None:
        super().__init__("\n".join(f"{key}: {what}" if key else what for key, what in mistakes))
        self.mistakes = tuple(mistakes)


class Settings:
    """Every setting of a station, kept in its store. Get one from :meth:`load`.

    Args:
        layers: layer → key → value, as stored.
        store: where changes go; ``None`` keeps them in memory.
        clock: for the audit.
    """

    def __init__(self, layers: Mapping[str, Mapping[str, Any]], store: Store | None, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._changes: EventSource[SettingsChanged] = EventSource("settings")
        self.ignored: list[str] = []
        self._layers: dict[Layer, dict[str, Any]] = {layer: {} for layer in _CHANGING}
        for layer in _CHANGING:
            for key, value in layers.get(layer.value, {}).items():
                try:
                    self._layers[layer][key] = parameter(key).check(value)
                except KeyError:
                    self.ignored.append(f"{layer.value} value of {key}: there is no such parameter any more")
                except InvalidValue as error:
                    self.ignored.append(f"{layer.value} value of {key}: {error}")

    @classmethod
    async def load(cls, store: Store, clock: Clock) -> Settings:
        """The stored settings; values that this version does not accept are left out and named in ``ignored``."""
        return cls(await store.read(lambda tx: tx.settings.all(), "reading the settings"), store, clock)

    @property
    def changes(self) -> Events[SettingsChanged]:
        """Every change of values in effect, after it is on the disk."""
        return self._changes

    def get(self, which: Parameter[T]) -> T:
        """The value in effect."""
        value: T = self.value(which.key).value
        return value

    def value(self, key: str) -> Value:
        """The value in effect and who said it.

        Raises:
            SettingsRefused: there is no such parameter.
        """
        which = _known(key)
        for layer in reversed(_CHANGING):
            if which.key in self._layers[layer]:
                return Value(self._layers[layer][which.key], layer)
        return Value(which.default, Layer.FACTORY)

    def all(self, role: Role = Role.MANUFACTURER) -> Mapping[str, Value]:
        """Every value that a role may see; secrets are replaced."""
        seen = {}
        for which in TABLE.values():
            if role >= which.see:
                found = self.value(which.key)
                seen[which.key] = Value(HIDDEN, found.layer) if which.secret and found.value else found
        return seen

    def exported(self, *, secrets: bool = False) -> dict[str, dict[str, Any]]:
        """Layer → key → value of every layer above the factory, as :meth:`set` takes them back.

        Args:
            secrets: whether secret values come along.
        """
        return {
            layer.value: {key: TABLE[key].json(value) for key, value in sorted(values.items()) if secrets or not TABLE[key].secret}
            for layer, values in self._layers.items()
        }

    async def set(self, values: Mapping[str, Any], *, actor: Actor, layer: Layer = Layer.OPERATOR, texts: bool = False) -> SettingsChanged:
        """Change several values of one layer, or none; see :meth:`apply`."""
        return await self.apply({layer: values}, actor=actor, texts=texts)

    async def apply(self, changes: Mapping[Layer, Mapping[str, Any]], *, actor: Actor, texts: bool = False) -> SettingsChanged:
        """Change several values in one transaction, or none.

        Args:
            changes: layer → key → value; :data:`RESET` lets the layer say nothing.
            actor: who changes them.
            texts: whether the values are texts to be parsed.

        Raises:
            SettingsRefused: with every mistake: unknown keys, values out of range, what the role may not, what contradicts.
            StoreError: they could not be stored; nothing was changed.
        """
        mistakes: list[tuple[str, str]] = []
        checked = {layer: self._checked(values, actor, layer, texts, mistakes) for layer, values in changes.items()}
        if mistakes:
            raise SettingsRefused(mistakes)
        planned = {each: dict(kept) for each, kept in self._layers.items()}
        for layer, values in checked.items():
            for key, value in values.items():
                if value is RESET:
                    planned[layer].pop(key, None)
                else:
                    planned[layer][key] = value
        if contradictions := [("", mistake) for rule in RULES if (mistake := rule(_effective(planned))) is not None]:
            raise SettingsRefused(contradictions)
        if self._store is not None:
            await self._store.write(lambda tx: self._keep(tx, checked, actor), "changing settings")
        before, self._layers = self.plain(), planned
        changed = {key: value for key, value in self.plain().items() if value != before[key]}
        news = SettingsChanged(values=changed, restart=tuple(key for key in changed if TABLE[key].restart))
        if changed:
            self._changes.publish(news)
        return news

    def plain(self) -> dict[str, Any]:
        """Key → value in effect."""
        return _effective(self._layers)

    def _checked(
        self, values: Mapping[str, Any], actor: Actor, layer: Layer, texts: bool, mistakes: list[tuple[str, str]]
    ) -> dict[str, Any]:
        checked: dict[str, Any] = {}
        if layer not in _CHANGING:
            mistakes.append(("", f"the {layer.value} layer cannot be changed"))
            return checked
        if values and layer is Layer.OEM and actor.role < Role.MANUFACTURER:
            mistakes.append(("", f"the role {actor.role.value} may not change the oem layer"))
        for key, value in values.items():
            try:
                which = parameter(key)
                if which.change is None or actor.role < which.change:
                    mistakes.append((key, f"the role {actor.role.value} may not change it"))
                    continue
                checked[which.key] = RESET if value is RESET else which.parse(value) if texts else which.check(value)
            except KeyError:
                mistakes.append((key, _unknown(key)))
            except InvalidValue as error:
                mistakes.append((key, str(error)))
        return checked

    def _keep(self, tx: Transaction, checked: Mapping[Layer, Mapping[str, Any]], actor: Actor) -> None:
        at = self._clock.wall()
        for layer, values in checked.items():
            for key, value in values.items():
                which, had = TABLE[key], self._layers[layer].get(key, RESET)
                if value is RESET:
                    tx.settings.remove(layer.value, key)
                else:
                    tx.settings.put(layer.value, key, value)
                if had is value or (had is not RESET and value is not RESET and had == value):
                    continue
                old, new = (None if each is RESET else HIDDEN if which.secret else which.text(each) for each in (had, value))
                action = "reset" if value is RESET else "set"
                tx.audit.add(
                    at=at, actor=actor.name, role=actor.role.value, action=action, subject=f"{layer.value}:{key}", before=old, after=new
                )


def _effective(layers: Mapping[Layer, Mapping[str, Any]]) -> dict[str, Any]:
    values = {which.key: which.default for which in TABLE.values()}
    for layer in _CHANGING:
        values.update(layers[layer])
    return values


def _known(key: str) -> Parameter[Any]:
    try:
        return parameter(key)
    except KeyError:
        raise SettingsRefused([(key, _unknown(key))]) from None


def _unknown(key: str) -> str:
    close = difflib.get_close_matches(key, TABLE, 1)
    return "there is no such parameter" + (f" (did you mean {close[0]}?)" if close else " (`config list` shows them all)")
