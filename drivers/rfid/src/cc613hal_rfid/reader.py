"""The life that all readers of this package share: events, polling that survives a reader's absence."""

from __future__ import annotations

import asyncio
from abc import abstractmethod

from cc613hal.errors import BusError, DeviceError, HalError
from cc613hal.events import Events
from cc613hal.interfaces import CardEvent, CardReader, CardRefusal, CardRefusals
from cc613hal.plugins import DeviceContext
from cc613hal_rfid.presentation import PresenceOptions, Presentations

__all__ = ["PollingReader"]

_FIRST_BACKOFF_S = 0.5
_LAST_BACKOFF_S = 5.0


class PollingReader(CardReader, CardRefusals):
    """A reader that looks for cards in a task of its own.

    Args:
        context: the device's place on its board.
        options: how cards are treated.
    """

    def __init__(self, context: DeviceContext, options: PresenceOptions) -> None:
        self._context = context
        self._presentations = Presentations(context.device, context.clock, options)
        self._connected = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None

    @property
    def cards(self) -> Events[CardEvent]:
        """Cards that come and go while the reader polls."""
        return self._presentations.cards

    @property
    def refusals(self) -> Events[CardRefusal]:
        """What was refused while the reader polled."""
        return self._presentations.refusals

    async def start_polling(self) -> None:
        """Look for cards until :meth:`stop_polling`."""
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll_for_ever(), name=f"{self._context.device}.polling")

    async def stop_polling(self) -> None:
        """Stop looking and switch the field off, where the reader has one of its own.

        Raises:
            BusError: the field could not be switched off.
        """
        task, self._polling = self._polling, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        self._presentations.clear()
        await self._field_off()

    async def aclose(self) -> None:
        """Stop polling and let the reader go, whether or not it is still there."""
        try:
            await self.stop_polling()
        except HalError as error:
            self._context.log.debug("%s: could not switch the field off: %s", self._context.device, error)
        self._drop()

    @abstractmethod
    async def _step(self) -> None:
        """Look once and wait for the next time."""

    @abstractmethod
    async def _field_off(self) -> None:
        """Switch the field off if the reader is there."""

    @abstractmethod
    def _drop(self) -> None:
        """Forget what was set up: it has to be set up again."""

    async def _poll_for_ever(self) -> None:
        backoff_s = _FIRST_BACKOFF_S
        while True:
            try:
                await self._step()
                backoff_s = _FIRST_BACKOFF_S
            except (BusError, DeviceError) as error:
                self._context.log.debug("%s: polling is interrupted: %s", self._context.device, error)
                self._drop()
                self._presentations.forget()
                self._connected.clear()
                try:
                    async with asyncio.timeout(backoff_s):
                        await self._connected.wait()
                except TimeoutError:
                    backoff_s = min(backoff_s * 2, _LAST_BACKOFF_S)
