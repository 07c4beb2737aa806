"""What text displays share: only cells that differ are written, and a part that lost its supply is set up and shows its text again."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping, Sequence

from cc613hal.errors import BusError, WrongIdentity
from cc613hal.interfaces import Display, SafeState
from cc613hal.plugins import DeviceContext, Driver
from cc613hal_hmi.characters import Change, cells, changes

__all__ = ["TextScreen"]


class TextScreen(Driver, Display, SafeState):
    """A display of character cells.

    Args:
        context: the device's place on its board.
        size: columns and rows.
        table: the characters the part has, and their codes.
        check_s: how often the part is asked whether it still has its settings, s; 0 never.
        bridge: equal cells between two changed ones that are written again because moving over them costs more.
    """

    def __init__(self, context: DeviceContext, *, size: tuple[int, int], table: Mapping[str, int], check_s: float, bridge: int) -> None:
        self._context = context
        self._size = size
        self._table = table
        self._check_s = check_s
        self._bridge = bridge
        self._lines: tuple[str, ...] = ()
        self._shown: tuple[bytes, ...] | None = None
        self._drawing = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    @abstractmethod
    async def _set_up(self) -> None:
        """Start the part; it shows nothing after that.

        Raises:
            WrongIdentity: it is another part.
            BusError: nobody answers.
        """

    @abstractmethod
    async def _has_settings(self) -> bool:
        """Whether the part still has what ``_set_up`` wrote."""

    @abstractmethod
    async def _write(self, change: Change) -> None:
        """Write cells."""

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, in characters."""
        return self._size

    async def connect(self) -> None:
        """Start the part, and show again what was shown before it was gone.

        Raises:
            WrongIdentity: it is another part.
            BusError: nobody answers.
        """
        async with self._drawing:
            await self._start()
        if self._check_s and (self._watching is None or self._watching.done()):
            self._watching = asyncio.create_task(self._watch(), name=f"{self._context.device}.watch")

    async def aclose(self) -> None:
        """Stop watching; the display stays as it is."""
        task, self._watching = self._watching, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def make_safe(self) -> None:
        """Show nothing: a text nobody keeps up to date misleads."""
        await self.clear()

    async def show_text(self, lines: Sequence[str]) -> None:
        """Replace what is shown; only what differs is written.

        Raises:
            BusError: the part does not answer; the text is shown as soon as it is back.
        """
        self._lines = tuple(lines)
        async with self._drawing:
            await self._draw()

    async def clear(self) -> None:
        """Show nothing.

        Raises:
            BusError: the part does not answer.
        """
        await self.show_text(())

    async def _start(self) -> None:
        self._shown = None
        await self._set_up()
        self._shown = self._cells(())
        await self._draw()

    async def _draw(self) -> None:
        wanted, shown = self._cells(self._lines), self._shown
        if wanted == shown:
            return
        self._shown = None  # until all of it is written, nobody knows
        for change in changes(shown, wanted, bridge=self._bridge):
            await self._write(change)
        self._shown = wanted

    def _cells(self, lines: Sequence[str]) -> tuple[bytes, ...]:
        columns, rows = self._size
        return cells(lines, columns, rows, self._table)

    async def _watch(self) -> None:
        while True:
            await self._context.clock.sleep(self._check_s)
            try:
                async with self._drawing:
                    if self._shown is not None and await self._has_settings():
                        continue
                    self._context.log.warning("%s: the display lost its settings and is set up again", self._context.device)
                    await self._start()
            except BusError as error:
                self._shown = None
                self._context.log.debug("%s: the check failed: %s", self._context.device, error)
            except WrongIdentity as error:
                self._context.health.fault(str(error), error)
