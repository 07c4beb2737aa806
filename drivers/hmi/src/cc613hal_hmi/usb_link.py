"""The line to a USB HMI: one command in flight, repeated until it is answered; events at any time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from cc613hal.bus.serial import SerialPort
from cc613hal.errors import BusError, BusTimeout, DeviceRefused, FrameError
from cc613hal_hmi.usb_frames import Frame, FrameReader, encode_frame
from cc613hal_hmi.usb_messages import ANSWER, Kind, Refusal

__all__ = ["HmiLink"]

_ATTEMPTS = 3
_LONG_S = 3600.0
_REASONS: dict[int, str] = {
    Refusal.UNKNOWN: "does not know this command",
    Refusal.MALFORMED: "does not understand what the command says",
    Refusal.NOT_FITTED: "does not have what the command is for",
    Refusal.BUSY: "is busy",
    Refusal.NO_HELLO: "has not been greeted since it started",
}


class HmiLink:
    """The line to one HMI.

    Args:
        port: finds the line, which is another object's after it was plugged again.
        device: the HMI's name on the board.
        log: where damaged frames are noted.
        heard: is called with every frame that is no answer.
        answer_s: longest wait for an answer, s; a command is said three times.
    """

    def __init__(
        self, port: Callable[[], SerialPort], device: str, log: logging.Logger, heard: Callable[[Frame], None], *, answer_s: float
    ) -> None:
        self._port = port
        self._device = device
        self._log = log
        self._heard = heard
        self._answer_s = answer_s
        self._turn = asyncio.Lock()
        self._sequence = 0
        self._waiting: tuple[Frame, asyncio.Future[Frame]] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._reader = FrameReader()
        self._bytes = 0
        self._frames = 0

    async def start(self) -> None:
        """Listen, from scratch."""
        await self.aclose()
        self._reader = FrameReader()
        self._listening = asyncio.create_task(self._listen(self._port()), name=f"{self._device}.listen")

    async def aclose(self) -> None:
        """Stop listening."""
        task, self._listening = self._listening, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def ask(self, kind: Kind, body: bytes = b"") -> bytes:
        """Send a command; returns the body of its answer.

        Raises:
            DeviceRefused: the HMI said no; ``code`` is its reason.
            BusTimeout: no answer.
            FrameError: what came was no answer, nor any frame.
            BusClosed: the line is gone.
        """
        async with self._turn:
            self._sequence = self._sequence % 255 + 1
            command = Frame(kind, self._sequence, body)
            answer = await self._exchange(command)
        port = self._port()
        port.worked()
        if answer.kind == Kind.REFUSED:
            reason = answer.body[1] if len(answer.body) > 1 else 0
            words = _REASONS.get(reason, "gives a reason that is not known")
            raise DeviceRefused(f"refuses {kind.name}: it {words}", device=self._device, code=reason)
        return answer.body

    async def _exchange(self, command: Frame) -> Frame:
        arrived: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting = (command, arrived)
        bytes_before, frames_before = self._bytes, self._frames
        try:
            for _ in range(_ATTEMPTS):
                await self._port().write(encode_frame(command))
                await asyncio.wait((arrived,), timeout=self._answer_s)
                if arrived.done():
                    return arrived.result()
        finally:
            self._waiting = None
            arrived.cancel()
        error = self._silence(noise=self._bytes > bytes_before and self._frames == frames_before)
        self._port().failed(error)
        raise error

    def _silence(self, *, noise: bool) -> BusError:
        if noise:
            return FrameError(
                "what arrives are no frames of a USB HMI", device=self._device, hint="is it another device? see the bus's path and speed"
            )
        return BusTimeout("the HMI does not answer", device=self._device, hint="check its supply and firmware, and the bus's path")

    async def _listen(self, port: SerialPort) -> None:
        try:
            while True:
                data = await port.read(_LONG_S)
                self._bytes += len(data)
                damaged = self._reader.damaged
                for frame in self._reader.feed(data):
                    self._take(frame)
                if self._reader.damaged > damaged:
                    self._log.debug("%s: noise between frames: %s", self._device, data.hex(" "))
        except BusError as error:  # the board knows from the port; who waits for an answer learns it here
            if self._waiting is not None and not self._waiting[1].done():
                self._waiting[1].set_exception(error)

    def _take(self, frame: Frame) -> None:
        self._frames += 1
        if frame.kind in {Kind.BUTTON, Kind.STARTED}:
            self._heard(frame)
            return
        if self._waiting is None:
            return  # a late answer
        command, arrived = self._waiting
        of_this = frame.kind == command.kind | ANSWER or (frame.kind == Kind.REFUSED and frame.body[:1] == bytes((command.kind,)))
        if of_this and frame.sequence == command.sequence and not arrived.done():
            arrived.set_result(frame)
