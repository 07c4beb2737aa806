"""Serial lines: pyserial opens and configures them, bytes go through the file descriptor and the event loop."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import select
import termios

import serial
from serial.rs485 import RS485Settings

from cc613hal.bus.linux.errors import bus_error
from cc613hal.bus.serial import Parity, Rs485Settings, SerialAdapter, SerialCapabilities, SerialSettings
from cc613hal.errors import BusClosed, BusTimeout

__all__ = ["LinuxSerial"]

_PIECE = 4096
_RETRY_S = 0.2
"""An unplugged line is tried again at most this often, s."""
_WRITE_S = 2.0
"""Longest wait for the system to take bytes beyond the time the wire needs for them, s (flow control held by a dead USB adapter)."""


def _opened(path: str, settings: SerialSettings) -> tuple[serial.Serial, list[str]]:
    """The opened port, and what it could not take.

    A pseudo-terminal and some UARTs refuse parity and character size (glibc's tcsetattr reports EINVAL); the line is then opened
    without, and says so.
    """
    plain = f"refuses {settings.data_bits} data bits with parity {settings.parity.value}; runs with 8 data bits and no parity"
    for parity, size, note in ((settings.parity.value, settings.data_bits, ""), ("N", 8, plain)):
        try:
            port = serial.Serial(path, settings.baud, parity=parity, bytesize=size, stopbits=settings.stop_bits, timeout=0, exclusive=True)
        except termios.error as error:
            if note or error.args[0] != errno.EINVAL:
                raise OSError(error.args[0], os.strerror(error.args[0])) from error
            continue
        return port, [note] if note else []
    raise AssertionError("unreachable: the second try returns or raises")


def _keeps_format(descriptor: int, settings: SerialSettings) -> bool:
    flags = termios.tcgetattr(descriptor)[2]
    size = {5: termios.CS5, 6: termios.CS6, 7: termios.CS7, 8: termios.CS8}[settings.data_bits]
    return bool(flags & termios.PARENB) is (settings.parity is not Parity.NONE) and flags & termios.CSIZE == size


def _rs485(port: serial.Serial, wanted: Rs485Settings | None) -> str:
    if wanted is None:
        return ""
    try:
        port.rs485_mode = RS485Settings(
            rts_level_for_tx=wanted.rts_on_send,
            rts_level_for_rx=not wanted.rts_on_send,
            delay_before_tx=wanted.delay_before_send_s,
            delay_before_rx=wanted.delay_after_send_s,
        )
    except (ValueError, NotImplementedError, OSError, termios.error) as error:
        return f"no RS-485 direction control by the UART ({error}); the transceiver must switch by itself"
    return ""


def _has_modem_lines(descriptor: int) -> bool:
    try:
        fcntl.ioctl(descriptor, termios.TIOCMGET, b"\0\0\0\0")
    except OSError:
        return False
    return True


def _open_or_say(name: str, path: str, settings: SerialSettings) -> tuple[serial.Serial, list[str]]:
    try:
        return _opened(path, settings)
    except serial.SerialException as error:
        raise bus_error(OSError(error.errno or errno.EIO, str(error)), f"opening {path}", device=name, path=path) from error
    except OSError as error:
        raise bus_error(error, f"opening {path} with {settings}", device=name, path=path) from error


class LinuxSerial(SerialAdapter):
    """One serial line, for one user. Use :meth:`open` on the running loop.

    After the adapter was unplugged, the transfer in progress fails with :class:`~cc613hal.errors.BusClosed`; later ones try to open the
    line again and work once it is back.

    Args:
        name: the bus as the board file names it.
        path: its device node.
        settings: speed and format.
        port: the opened port.
        notes: what it could not take.
    """

    def __init__(self, name: str, path: str, settings: SerialSettings, port: serial.Serial, notes: list[str]) -> None:
        self._name = name
        self._path = path
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._arrived = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._lost: BusClosed | None = None
        self._closed = False
        self._retry_s = 0.0
        self._use(port, notes)

    def _use(self, port: serial.Serial, notes: list[str]) -> None:
        settings = self._settings
        self._port = port
        self._fd = int(port.fileno())
        refused = _rs485(port, settings.rs485)
        parity = not notes and _keeps_format(self._fd, settings)
        if not parity and not notes:
            notes = [f"does not keep {settings.data_bits}{settings.parity.value}"]
        self._capabilities = SerialCapabilities(
            parity=parity,
            rs485=settings.rs485 is not None and not refused,
            modem_lines=_has_modem_lines(self._fd),
            notes=tuple(note for note in (*notes, refused) if note),
        )
        self._loop.add_reader(self._fd, self._readable)

    @classmethod
    def open(cls, name: str, path: str, settings: SerialSettings) -> LinuxSerial:
        """Open the line for this program alone.

        Raises:
            BusMissing: no such device node.
            BusPermission: the user may not use it.
            BusBusy: another program has it open.
        """
        port, notes = _open_or_say(name, path, settings)
        return cls(name, path, settings, port, notes)

    @property
    def settings(self) -> SerialSettings:
        """The settings it was opened with."""
        return self._settings

    @property
    def capabilities(self) -> SerialCapabilities:
        """What it really does."""
        return self._capabilities

    async def write(self, data: bytes) -> None:
        """Hand bytes to the system.

        Raises:
            BusClosed: unplugged.
            BusTimeout: the system does not take them (flow control).
        """
        self._check()
        rest = memoryview(data)
        until_s = self._loop.time() + _WRITE_S + len(data) * self._settings.character_s
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:
                await self._writable(until_s)
            except OSError as error:
                raise self._lose(error) from error

    async def read(self, timeout_s: float) -> bytes:
        """What has arrived, at least one byte; ``b""`` if nothing came in time."""
        if not self._arrived:
            self._check()
            if timeout_s > 0.0:
                waiter = self._waiter = self._loop.create_future()
                timer = self._loop.call_later(timeout_s, _wake, waiter)
                try:
                    await waiter
                finally:
                    timer.cancel()
                    self._waiter = None
            if not self._arrived:
                self._check()
        data = bytes(self._arrived)
        self._arrived.clear()
        return data

    def discard_input(self) -> int:
        """Throw away what has arrived unread, in this program and in the kernel."""
        if self._lost is None:
            self._take()
        count = len(self._arrived)
        self._arrived.clear()
        return count

    async def aclose(self) -> None:
        """Release the line; a waiting read ends."""
        self._closed = True
        self._lose(None)

    def _check(self) -> None:
        lost = self._lost
        if lost is None:
            return
        if not self._closed and self._loop.time() >= self._retry_s:
            self._retry_s = self._loop.time() + _RETRY_S
            self._use(*_open_or_say(self._name, self._path, self._settings))
            self._lost = None
            return
        raise BusClosed(lost.message, device=lost.device, hint=lost.hint) from lost

    def _readable(self) -> None:
        self._take()
        _wake(self._waiter)

    def _take(self) -> None:
        try:
            while True:
                data = os.read(self._fd, _PIECE)
                if not data:  # nothing there, or hung up: with VMIN and VTIME zero a read says neither which
                    if _hung_up(self._fd):
                        self._lose(OSError(errno.EIO, "hung up"))
                    return
                self._arrived += data
                if len(data) < _PIECE:
                    return
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError | None) -> BusClosed:
        if self._lost is not None:
            return self._lost
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._fd = -1
        self._port.close()
        why = f"gone: {error.strerror or error}" if error is not None else "closed"
        self._lost = BusClosed(f"{self._path} is {why}", device=self._name, hint="plug the adapter in again" if error is not None else None)
        self._retry_s = self._loop.time() + _RETRY_S
        _wake(self._waiter)
        return self._lost

    async def _writable(self, until_s: float) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()
        timer = self._loop.call_at(until_s, _wake, ready)
        self._loop.add_writer(self._fd, _wake, ready)
        try:
            await ready
        finally:
            timer.cancel()
            if self._fd >= 0:
                self._loop.remove_writer(self._fd)
        self._check()
        if self._loop.time() >= until_s:
            raise BusTimeout(f"{self._path} takes no more bytes", device=self._name, hint="check flow control and the adapter")


def _hung_up(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
