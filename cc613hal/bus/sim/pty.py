"""An emulated part behind a real pseudo-terminal, for everything that wants a device node: our Linux adapters, or other programs."""

from __future__ import annotations

import asyncio
import errno
import os
import tty
from pathlib import Path
from types import TracebackType
from typing import Self

from cc613hal.bus.sim.chips import SerialPeer
from cc613hal.bus.sim.faults import Faults
from cc613hal.bus.sim.rtu_server import RtuServer

__all__ = ["PtyLine"]


class PtyLine:
    """A pseudo-terminal whose other side is an emulated part.

    Args:
        peer: the part.
        faults: what is wrong with the line; :meth:`Faults.unplug` closes the terminal, as pulling a USB adapter does, and
            :meth:`Faults.plug` opens a new one under the same ``path`` if a ``link`` was given.
        link: a symbolic link that follows the terminal; without it ``path`` is the terminal's own name and changes with every plug.
    """

    def __init__(self, peer: SerialPeer, *, faults: Faults | None = None, link: Path | None = None) -> None:
        self._peer = peer
        self._faults = faults or Faults()
        # an RTU server applies its line's faults itself, frame by frame; here the same object then only says whether the line is plugged
        self._wire = Faults() if isinstance(peer, RtuServer) and peer.units.line is self._faults else self._faults
        self._link = link
        self._master = -1
        self._slave = -1
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unsent = bytearray()
        self._open = False
        self._faults.on_plug(self._plugged)
        peer.attach(self._hear)

    @property
    def path(self) -> str:
        """The device node to open."""
        return str(self._link) if self._link is not None else os.ttyname(self._slave)

    def start(self) -> None:
        """Make the terminal and serve it on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._open = True
        self._connect()

    async def aclose(self) -> None:
        """Close the terminal."""
        self._open = False
        self._disconnect()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    def _connect(self) -> None:
        assert self._loop is not None
        # the slave stays open here, so that the master does not fail with EIO while nobody else has it open
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        if self._link is not None:
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(os.ttyname(self._slave))
        self._loop.add_reader(self._master, self._readable)

    def _disconnect(self) -> None:
        if self._master < 0 or self._loop is None:
            return
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1
        self._unsent.clear()
        if self._link is not None:
            self._link.unlink(missing_ok=True)

    def _plugged(self, plugged: bool) -> None:
        if not self._open:
            return
        if plugged:
            self._connect()
        else:
            self._disconnect()

    def _readable(self) -> None:
        try:
            data = os.read(self._master, 4096)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno == errno.EIO:
                return  # the other program closed its end; the next one that opens it is served again
            raise
        if data and not self._wire.silence:
            self._peer.receive(self._wire.garble(data))

    def _hear(self, data: bytes) -> None:
        faults = self._wire
        if faults.any:
            if faults.loses():
                return
            data = faults.garble(data)
            if faults.crc and data:
                data = data[:-1] + bytes([data[-1] ^ 0xFF])
            delay_s = faults.delay_s()
            if delay_s and self._loop is not None:
                self._loop.call_later(delay_s, self._write, data)
                return
        self._write(data)

    def _write(self, data: bytes) -> None:
        if self._master < 0 or self._loop is None:
            return
        if not self._unsent:
            try:
                data = data[os.write(self._master, data) :]
            except BlockingIOError:
                pass
            if not data:
                return
            self._loop.add_writer(self._master, self._writable)
        self._unsent += data

    def _writable(self) -> None:
        try:
            del self._unsent[: os.write(self._master, self._unsent)]
        except BlockingIOError:
            return
        if not self._unsent and self._loop is not None:
            self._loop.remove_writer(self._master)
