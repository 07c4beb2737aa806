"""From the state of connectors to lines on a display: a page per connector and language, in turn."""

from __future__ import annotations

import asyncio
import logging
import textwrap
from collections.abc import Sequence

from cc613_chargepoint.hmi.condition import TEXT_OF, Condition, Conditions
from cc613_chargepoint.hmi.texts import Texts
from cc613hal.clock import Clock
from cc613hal.interfaces import Display

__all__ = ["Screen", "fitted"]

_log = logging.getLogger(__name__)


def fitted(lines: Sequence[str], columns: int, rows: int) -> list[str]:
    """Lines on a display: what is too long goes on in the next row, what is too much is left out.

    Args:
        lines: to be shown.
        columns: characters of a row; 0 for a display that has not said yet.
        rows: of the display.
    """
    if columns <= 0 or rows <= 0:
        return list(lines)
    rest = len(lines)
    made: list[str] = []
    for line in lines:
        rest -= 1
        wrapped = textwrap.wrap(line, columns) or [""]
        room = max(1, rows - len(made) - rest)  # later lines keep theirs
        made += wrapped[:room]
    return made[:rows]


class Screen:
    """Keeps a display current; a broken one never disturbs a charge: its health tells.

    Args:
        name: of the device.
        display: the display.
        texts: what to say.
        conditions: of the connectors that the display is for.
        clock: the station's clock.
        languages: shown in turn.
        rotate_s: how long each page stays, s.
    """

    def __init__(
        self, name: str, display: Display, texts: Texts, conditions: Conditions, clock: Clock, *, languages: Sequence[str], rotate_s: float
    ) -> None:
        self._name, self._display, self._texts, self._conditions, self._clock = name, display, texts, conditions, clock
        self.languages, self.rotate_s = languages, rotate_s
        self._changed = conditions.watch(figures=True)
        self._lost = False

    def wanted(self) -> list[str]:
        """What is to be shown now."""
        columns, rows = self._display.size
        turn = int(self._clock.monotonic_s() / self.rotate_s)
        languages = self.languages or ("en",)
        if (refused := self._conditions.refused()) is not None:
            language = languages[turn % len(languages)]
            return fitted(self._texts.lines(language, "rejected", refused.values(language)), columns, rows)
        connectors = list(self._conditions.of.values())
        language, here = languages[turn % len(languages)], connectors[turn // len(languages) % len(connectors)]
        lines = self._texts.lines(language, TEXT_OF[here.state], here.values(language))
        return fitted(self._numbered(lines, here) if len(connectors) > 1 else lines, columns, rows)

    def _numbered(self, lines: list[str], here: Condition) -> list[str]:
        return [f"{here.connector}: {lines[0]}", *lines[1:]]

    async def run(self) -> None:
        """Keep the display current until cancelled."""
        shown: list[str] | None = None
        while True:
            self._changed.clear()
            if (lines := self.wanted()) != shown:
                await self._show(lines)
                shown = lines
            try:
                async with asyncio.timeout(self._pause_s()):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _pause_s(self) -> float | None:
        """How long this page stays if nothing happens, s."""
        refused_s = self._conditions.refused_for_s()
        if len(self.languages) * len(self._conditions.of) <= 1:
            return refused_s
        turn_s = self.rotate_s - self._clock.monotonic_s() % self.rotate_s
        return turn_s if refused_s is None else min(turn_s, refused_s)

    async def _show(self, lines: Sequence[str]) -> None:
        try:
            await self._display.show_text(lines)
        except Exception as error:  # noqa: BLE001 - whatever its driver raises, it ends no charge
            if not self._lost:  # once; the driver shows the last text when the display is back
                _log.warning("%s: the text cannot be changed: %s", self._name, error)
            self._lost = True
        else:
            self._lost = False
