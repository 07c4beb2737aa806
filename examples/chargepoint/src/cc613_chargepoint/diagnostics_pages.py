"""What stands in a diagnostics archive: versions, devices, settings, faults; secrets are taken out where it is packed."""

from __future__ import annotations

import json
import platform
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version

from cc613_chargepoint.settings import Settings
from cc613_chargepoint.store import Store
from cc613hal.board import Board

__all__ = ["diagnostics_pages"]


def diagnostics_pages(board: Board, settings: Settings, store: Store) -> Mapping[str, Callable[[], Awaitable[str]]]:
    """File name → what writes the page when it is asked for."""

    async def versions() -> str:
        packages = ("cc613-chargepoint", "cc613hal")
        known = {each: version(each) for each in packages}
        return _json({**known, "python": platform.python_version(), "system": platform.platform()})

    async def devices() -> str:
        return _json({"board": board.description.name, "devices": {name: each.state.value for name, each in board.health().items()}})

    async def values() -> str:
        return _json({key: {"value": each.value, "layer": each.layer.value} for key, each in settings.all().items()})

    async def faults() -> str:
        entries = await store.read(lambda tx: tx.faults.recent(500), "reading faults for diagnostics")
        lines = (
            f"{each.raised.isoformat()} {each.name} connector {each.connector}: {each.detail}"
            + (f" (cleared {each.cleared.isoformat()} by {each.cleared_by})" if each.cleared is not None else " (stands)")
            for each in entries
        )
        return "".join(f"{line}\n" for line in lines)

    return {"versions.json": versions, "devices.json": devices, "settings.json": values, "faults.txt": faults}


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"
