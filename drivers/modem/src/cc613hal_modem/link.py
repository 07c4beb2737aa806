"""Commands and answers over a serial line: one command in flight, unsolicited lines at any time, echo or none."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable

from cc613hal.bus.serial import SerialPort
from cc613hal.clock import Clock
from cc613hal.errors import BusTimeout, FrameError
from cc613hal_modem.lines import LineParser, final_of
from cc613hal_modem.refusals import refusal

__all__ = ["AtLink"]

_MOST_LINES = 200
_GREETING_S = 5.0
_QUIET_S = 0.1
"""Silence after which nothing of an answer is still under way: 1000 characters at 115200 Bd."""


class AtLink:
    """The line to one modem.

    Args:
        port: the line.
        clock: the board's clock.
        device: the modem's name on the board.
        log: where odd lines are noted.
        boot: lines that say the modem has started.
    """

    def __init__(self, port: SerialPort, clock: Clock, device: str, log: logging.Logger, boot: Iterable[str]) -> None:
        self.restarted = False
        """The modem said that it has started; whoever sets it up again clears this."""
        self.echoed = False
        """The modem repeated the last command."""
        self.unsolicited: deque[str] = deque(maxlen=32)
        """The last lines that came between commands."""
        self._port = port
        self._clock = clock
        self._device = device
        self._log = log
        self._boot = frozenset(boot)
        self._parser = LineParser()
        self._turn = asyncio.Lock()
        self._in_step = False

    async def command(self, text: str, *, timeout_s: float, secret: bool = False) -> tuple[str, ...]:
        """Send a command and return the lines of its answer, unsolicited ones among them.

        Args:
            text: the command.
            timeout_s: longest wait for the end of the answer, s.
            secret: it holds something that belongs in no trace, log or error.

        Raises:
            DeviceRefused: the modem said no; ``code`` is its number.
            BusTimeout: no answer, or none with an end.
            FrameError: only noise came.
            BusClosed: the line is gone.
        """
        async with self._turn:
            if not self._in_step:
                await self._get_in_step(min(timeout_s, _GREETING_S))
            await self._drain(0.0)
            return await self._exchange(text, timeout_s, secret=secret)

    async def get_in_step(self, timeout_s: float) -> None:
        """See that the modem listens, and that nothing of an earlier answer is still to come.

        Raises:
            BusError: it does not answer.
        """
        async with self._turn:
            await self._get_in_step(timeout_s)

    async def catch_up(self) -> None:
        """Take what the modem said since the last command.

        Raises:
            BusClosed: the line is gone.
        """
        async with self._turn:
            await self._drain(0.0)

    async def wait_for_boot(self, timeout_s: float) -> bool:
        """Listen for a line that says the modem has started; whether one came.

        Raises:
            BusClosed: the line is gone.
        """
        async with self._turn:
            until_s = self._clock.monotonic_s() + timeout_s
            while not self.restarted and (left_s := until_s - self._clock.monotonic_s()) > 0.0:
                self._note(await self._read(left_s))
            return self.restarted

    async def _get_in_step(self, timeout_s: float) -> None:
        await self._drain(0.0)
        await self._exchange("AT", timeout_s, secret=False)
        await self._drain(_QUIET_S)  # the answer may have been that to a command given up earlier; then ours follows
        self._in_step = True

    async def _exchange(self, text: str, timeout_s: float, *, secret: bool) -> tuple[str, ...]:
        shown = text.partition("=")[0] + "=…" if secret else text
        self._in_step = False  # until the end of the answer has been seen; also when cancelled
        self.echoed = False
        deadline_s = self._clock.monotonic_s() + timeout_s
        await self._port.write(text.encode("ascii") + b"\r", secret=secret)
        lines: list[str] = []
        while (left_s := deadline_s - self._clock.monotonic_s()) > 0.0:
            arrived = await self._read(left_s)
            for number, line in enumerate(arrived):
                if line == text:
                    self.echoed = True
                    continue
                final = final_of(line)
                if final is None:
                    if len(lines) < _MOST_LINES:
                        lines.append(line)
                    self._look_for_boot(line)
                    continue
                self._note(arrived[number + 1 :])
                self._in_step = True
                self._port.worked()
                if not final.ok:
                    raise refusal(shown, final, self._device)
                return tuple(lines)
        error = self._no_answer(shown, timeout_s, lines)
        self._port.failed(error)
        raise error

    def _no_answer(self, shown: str, timeout_s: float, lines: list[str]) -> BusTimeout | FrameError:
        if lines and all("?" in line for line in lines):
            return FrameError(
                f"only noise came in answer to {shown}: {lines[0][:40]!r}",
                device=self._device,
                hint="compare the line speed with the modem's",
            )
        how = "does not answer" if not lines else "does not finish its answer to"
        return BusTimeout(
            f"the modem {how} {shown} within {timeout_s:g} s", device=self._device, hint="check its supply, power key and the line's speed"
        )

    async def _read(self, timeout_s: float) -> list[str]:
        data = await self._port.read(timeout_s)
        return self._parser.feed(data) if data else []

    async def _drain(self, quiet_s: float) -> None:
        """Take what has arrived unasked, until it is quiet; a modem that never is does not hold us up for long."""
        until_s = self._clock.monotonic_s() + 20 * quiet_s
        while data := await self._port.read(quiet_s):
            self._note(self._parser.feed(data))
            if self._clock.monotonic_s() >= until_s:
                return

    def _note(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.unsolicited.append(line)
            self._log.debug("%s: unsolicited: %s", self._device, line)
            self._look_for_boot(line)

    def _look_for_boot(self, line: str) -> None:
        if line in self._boot:
            self.restarted = True
