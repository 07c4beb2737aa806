"""Laying one board file over another.

Tables merge key by key and the overlay wins; arrays and values replace. ``false`` in place of a device, a bus, a line or uses role, or
a device's place on its bus removes it. Whatever is left remembers the file and the line it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field

from cc613hal.board.problems import Place, Problem, as_table, path_text
from cc613hal.board.toml_lines import KeyPath

__all__ = ["Document", "lay_over"]

_REMOVABLE = {("bus", 2), ("device", 2)}
"""Tables whose direct children may be removed: top-level key and length of the child's path."""
_REMOVABLE_ROLES = {"lines", "uses"}
_REMOVABLE_KEYS = {"unit", "address"}
"""Of a device: where the other bus it moves to knows no such thing."""


@define
class Document:
    """Values of one or several board files, with the place of every key.

    Attributes:
        values: as tomllib gives them.
        places: where each key stands.
        files: the files in the order they were laid over each other.
    """

    values: dict[str, Any] = field(factory=dict)
    places: dict[KeyPath, Place] = field(factory=dict)
    files: tuple[str, ...] = ()


def lay_over(base: Document, overlay: Document) -> tuple[Document, list[Problem]]:
    """The overlay on the base, and what the overlay wanted to remove that is not there.

    A device that gets another driver loses the options of its former one, and a bus that gets another type loses its former settings:
    they would mean nothing to the new one. Neither argument is changed.
    """
    merger = _Merger({**base.places}, overlay.places)
    values = merger.merge(base.values, overlay.values, ())
    return Document(values, merger.places, (*base.files, *overlay.files)), merger.problems


@define
class _Merger:
    places: dict[KeyPath, Place]
    over: dict[KeyPath, Place]
    problems: list[Problem] = field(factory=list)

    def merge(self, base: Mapping[str, Any], over: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
        """A new table: ``over`` key by key onto ``base``, with tables merged in depth and ``false`` removing what can be removed."""
        merged = dict(base)
        self._drop_what_no_longer_fits(merged, over, path)
        for key, value in over.items():
            here = (*path, key)
            if value is False and _removable(here):
                self._remove(merged, key, here)
            elif (table := as_table(value)) is not None and (below := as_table(merged.get(key))) is not None:
                self.places[here] = self.over.get(here, self.places.get(here, Place("", 0)))
                merged[key] = self.merge(below, table, here)
            else:
                self._forget(here)
                self._adopt(here)
                merged[key] = self._without_removals(value, here)
        return merged

    def _without_removals(self, value: Any, path: KeyPath) -> Any:
        """A table that is new as a whole; a removal inside it has nothing to remove."""
        table = as_table(value)
        return value if table is None else self.merge({}, table, path)

    def _drop_what_no_longer_fits(self, merged: dict[str, Any], over: Mapping[str, Any], path: KeyPath) -> None:
        if len(path) != 2:
            return
        if path[0] == "device" and "driver" in over and over["driver"] != merged.get("driver"):
            merged.pop("options", None)
            self._forget((*path, "options"))
        if path[0] == "bus" and "type" in over and over["type"] != merged.get("type"):
            for key in tuple(merged):
                merged.pop(key)
                self._forget((*path, key))

    def _remove(self, merged: dict[str, Any], key: str, path: KeyPath) -> None:
        if key not in merged:
            self.problems.append(Problem(self.over[path], path_text(path), "is to be removed, but the base has none", ""))
        merged.pop(key, None)
        self._forget(path)

    def _forget(self, path: KeyPath) -> None:
        for known in [known for known in self.places if known[: len(path)] == path]:
            del self.places[known]

    def _adopt(self, path: KeyPath) -> None:
        self.places.update({known: place for known, place in self.over.items() if known[: len(path)] == path})


def _removable(path: KeyPath) -> bool:
    if (path[0], len(path)) in _REMOVABLE:
        return True
    if len(path) == 3 and path[0] == "device" and path[2] in _REMOVABLE_KEYS:
        return True
    return len(path) == 4 and path[0] == "device" and path[2] in _REMOVABLE_ROLES
