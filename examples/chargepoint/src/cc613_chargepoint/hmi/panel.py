"""Everything customers see and hear of a station: each light, display and sounder of the board, kept current."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from attrs import fields, frozen

from cc613_chargepoint.domain.events import StationEvent
from cc613_chargepoint.hmi.condition import Conditions
from cc613_chargepoint.hmi.lights import FrontLight, Lights
from cc613_chargepoint.hmi.screen import Screen
from cc613_chargepoint.hmi.sounds import Sounds
from cc613_chargepoint.hmi.texts import Texts, own_texts
from cc613_chargepoint.settings import Settings
from cc613hal.board import Board
from cc613hal.errors import ConfigError
from cc613hal.interfaces import Display, Indicator, Pattern, Sounder
from cc613hal_hmi.language import status_patterns

__all__ = ["HmiSettings", "Panel"]

_log = logging.getLogger(__name__)


@frozen(kw_only=True)
class HmiSettings:
    """What an installer decides about lights, texts and sounds; see the parameters ``hmi.…``."""

    lights: str = "bender"
    front_lights: tuple[str, ...] = ("front",)
    brightness: int = 100
    blinks: int = 0
    texts: str = ""
    languages: tuple[str, ...] = ("en",)
    rotate_s: float = 4.0
    rejected_s: float = 2.0
    sounds: bool = True

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What the parameter table says."""
        values = settings.plain()
        return cls(**{each.name: values[f"hmi.{each.name}"] for each in fields(cls)})


class Panel:
    """Lights, displays and sounders of a board.

    A part that belongs to a connector shows that one; a part of the station shows all of them. Parts may be pulled and plugged in at any
    time: their drivers show what was last asked for when they are back. A file of one's own that cannot be read costs its texts, not the
    charge: the built-in ones are shown, and the log says what is wrong.

    Args:
        board: open.
        connectors: numbers of the station's connectors.
        settings: what the installer decided.
    """

    def __init__(self, board: Board, connectors: Iterable[int], settings: HmiSettings) -> None:
        clock, numbers = board.clock, tuple(connectors)
        texts, patterns = _texts(settings.texts), _patterns(settings.lights)
        self._conditions: dict[int | None, Conditions] = {}
        self._lights: list[Lights | FrontLight] = []
        self._screens: list[Screen] = []
        self._sounds: list[Sounds] = []

        def conditions(name: str) -> Conditions:
            number = board.parts[name].description.connector
            mine = numbers if number is None or number not in numbers else (number,)
            return self._conditions.setdefault(number, Conditions(mine, clock))

        for name, indicator in board.all(Indicator).items():
            if name in settings.front_lights:
                self._lights.append(FrontLight(name, indicator, status_patterns("bender-front"), conditions(name)))
            else:
                self._lights.append(Lights(name, indicator, patterns, conditions(name)))
        for name, display in board.all(Display).items():
            self._screens.append(
                Screen(name, display, texts, conditions(name), clock, languages=settings.languages, rotate_s=settings.rotate_s)
            )
        for name, sounder in board.all(Sounder).items():
            mine = frozenset(conditions(name).of)
            self._sounds.append(Sounds(name, sounder, texts, mine, enabled=settings.sounds))
        self.obey(settings)

    @property
    def lights(self) -> bool:
        """Whether there are lights for customers."""
        return any(isinstance(each, Lights) for each in self._lights)

    def obey(self, settings: HmiSettings) -> None:
        """Take over what may change while the station runs."""
        for conditions in self._conditions.values():
            conditions.rejected_s = settings.rejected_s
        for light in self._lights:
            if isinstance(light, Lights):
                light.brightness, light.blinks = settings.brightness / 100, settings.blinks
        for screen in self._screens:
            screen.languages, screen.rotate_s = settings.languages, settings.rotate_s
        for sounds in self._sounds:
            sounds.enabled = settings.sounds
        for conditions in self._conditions.values():
            conditions.touch()

    def hear(self, news: StationEvent) -> None:
        """Take note of what happened; the parts follow in :meth:`run`."""
        for conditions in self._conditions.values():
            conditions.hear(news)
        for sounds in self._sounds:
            sounds.hear(news)

    async def run(self) -> None:
        """Keep everything current until cancelled."""
        async with asyncio.TaskGroup() as group:
            for part in (*self._lights, *self._screens, *self._sounds):
                group.create_task(part.run(), name=f"hmi {type(part).__name__.lower()}")


def _texts(path: str) -> Texts:
    if not path:
        return Texts.built_in()
    try:
        return own_texts(Path(path))
    except ConfigError as error:
        _log.error("hmi.texts: %s; the built-in texts are shown", error)
        return Texts.built_in()


def _patterns(language: str) -> Mapping[str, Pattern]:
    try:
        return status_patterns(language)
    except ConfigError as error:
        _log.error("hmi.lights: %s; the lights speak Bender's language", error)
        return status_patterns()
