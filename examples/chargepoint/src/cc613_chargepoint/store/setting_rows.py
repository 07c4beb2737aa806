"""The values of the layers that change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cc613_chargepoint.store.queries import Queries
from cc613_chargepoint.store.tables import Setting

__all__ = ["SettingRows"]


class SettingRows:
    """The functions of the settings' table.

    Args:
        queries: of the transaction.
    """

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def all(self) -> Mapping[str, Mapping[str, Any]]:
        """Layer → key → value."""
        layers: dict[str, dict[str, Any]] = {}
        for row in self._queries.rows(Setting.select()):
            layers.setdefault(row["layer"], {})[row["key"]] = json.loads(row["value"])
        return layers

    def put(self, layer: str, key: str, value: Any) -> None:
        """Set a value of a layer."""
        self._queries.run(Setting.insert(layer=layer, key=key, value=json.dumps(value)).on_conflict("REPLACE"))

    def remove(self, layer: str, key: str) -> bool:
        """Let the layer say nothing about a key; whether it said something."""
        return self._queries.run(Setting.delete().where((Setting.layer == layer) & (Setting.key == key))) == 1
