"""Plugs for which nobody identifies in time: they block the place, and backends hear that the connector is finishing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from cc613_chargepoint.domain.events import StateChanged, StationEvent
from cc613_chargepoint.ocpp.engine.standing import StationView

__all__ = ["Plugs"]


class Plugs:
    """Watches them (OCPP 1.6 errata, 3.20).

    Args:
        view: how the connectors are.
        wait_s: how long somebody may take to identify, s.
    """

    def __init__(self, view: StationView, wait_s: Callable[[], float]) -> None:
        self._view, self._wait_s = view, wait_s
        self._plugged: dict[int, asyncio.TimerHandle] = {}

    def hear(self, news: StationEvent) -> None:
        """A plug comes or goes, or somebody identifies."""
        if not isinstance(news, StateChanged):
            return
        if (timer := self._plugged.pop(news.connector, None)) is not None:
            timer.cancel()
        if news.after == "connected":
            self._plugged[news.connector] = asyncio.get_running_loop().call_later(self._wait_s(), self._nobody_came, news.connector)

    def end(self) -> None:
        """Watch no more."""
        for timer in self._plugged.values():
            timer.cancel()
        self._plugged.clear()

    def _nobody_came(self, connector: int) -> None:
        self._view.connectors[connector].waited_too_long = True
        self._view.refresh(connector)
