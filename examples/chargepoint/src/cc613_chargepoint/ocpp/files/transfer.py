"""Downloads and uploads with attempts, each on a thread of its own: the loop never waits for a disk or a server."""

from __future__ import annotations

import asyncio
import contextlib
import ftplib
import functools
import http.client
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from attrs import frozen

from cc613_chargepoint.ocpp.files import ftp, sftp
from cc613_chargepoint.ocpp.files import http as web
from cc613_chargepoint.ocpp.files.errors import NotTrusted, TransferError, TransferFailed, TransferRefused
from cc613_chargepoint.ocpp.files.job import Bounds, PartFile, Stop, Trust
from cc613_chargepoint.ocpp.files.location import Location, location
from cc613hal.clock import Clock
from cc613hal.errors import ConfigError

__all__ = ["FileTransfers", "Transferred"]

_log = logging.getLogger(__name__)
DEFAULT_INTERVAL_S = 30.0
"""Between attempts where the backend does not say."""
GRACE_S = 5.0
"""How long a cancelled transfer's thread may take to let go of its files."""


@frozen(kw_only=True)
class Transferred:
    """A file that arrived.

    Attributes:
        path: the file on the station.
        size_bytes: of it.
        attempts: it took.
    """

    path: Path
    size_bytes: int
    attempts: int


class _Attempt(Protocol):
    def __call__(self, number: int, stop: Stop, /) -> None: ...


class FileTransfers:
    """Moves files for a backend.

    Args:
        trust: whom to trust.
        bounds: what a transfer may cost.
        clock: the station's clock, for the time between attempts.
    """

    def __init__(self, trust: Trust, bounds: Bounds | None = None, clock: Clock | None = None) -> None:
        self.trust = trust
        self.bounds = bounds or Bounds()
        self._clock = clock or Clock()

    def judge(self, url: str) -> Location:
        """Whether an address is worth an attempt; nothing is sent anywhere.

        Raises:
            BadLocation: it is no address, or one that is not allowed.
        """
        return location(url, allowed=self.bounds.schemes)

    async def download(
        self, url: str, target: Path, *, retries: int = 0, interval_s: float | None = None, size_bytes: int | None = None
    ) -> Transferred:
        """Get a file. What an attempt received is kept for the next one, and for the next call with the same address.

        Args:
            url: where it is.
            target: where it shall be; it appears there whole, or not at all.
            retries: attempts after the first one.
            interval_s: between attempts, s.
            size_bytes: the file may have, if less than the bounds allow.

        Raises:
            BadLocation: the address; nothing was tried.
            NotTrusted: whoever answers is not who was asked for.
            TooBig: the file.
            TransferError: the last attempt's error.
        """
        where = self.judge(url)
        limit = min(self.bounds.size_bytes, size_bytes or self.bounds.size_bytes)
        part = PartFile(target, str(where), limit)

        def attempt(_number: int, stop: Stop) -> None:
            fetch = {"http": web.fetch, "https": web.fetch, "sftp": sftp.fetch}.get(where.scheme, ftp.fetch)
            fetch(where, part, self.trust, self.bounds, stop)
            part.finish()

        attempts = await self._tried(attempt, f"downloading {where}", retries, interval_s)
        return Transferred(path=target, size_bytes=_size(target), attempts=attempts)

    async def upload(
        self, url: str, source: Path, *, name: str | None = None, retries: int = 0, interval_s: float | None = None
    ) -> Transferred:
        """Put a file into a directory of a server.

        Args:
            url: the directory; by HTTP, an address with a query is the file itself.
            source: the file.
            name: it shall have there; its own if omitted.
            retries: attempts after the first one.
            interval_s: between attempts, s.

        Raises:
            BadLocation: the address; nothing was tried.
            FileNotFoundError: there is no such file.
            NotTrusted: whoever answers is not who was asked for.
            TransferError: the last attempt's error.
        """
        where, size = self.judge(url), _size(source)
        called = name or source.name

        def attempt(number: int, stop: Stop) -> None:
            sending = (self.trust, self.bounds, stop)
            if where.scheme in {"http", "https"}:
                web.send(where, source, called, sending)
            elif where.scheme == "sftp":
                sftp.send(where, source, called, sending, go_on=number > 1)
            else:
                ftp.send(where, source, called, sending, go_on=number > 1)

        attempts = await self._tried(attempt, f"uploading to {where}", retries, interval_s)
        return Transferred(path=source, size_bytes=size, attempts=attempts)

    async def _tried(self, attempt: _Attempt, what: str, retries: int, interval_s: float | None) -> int:
        number = 1
        while True:
            stop = Stop(self.bounds.longest_s)
            try:
                await _on_a_thread(functools.partial(attempt, number, stop), stop, what)
            except TransferError as error:
                if number > retries or not error.transient:
                    raise
                wait_s = DEFAULT_INTERVAL_S if interval_s is None else max(0.0, interval_s)
                _log.warning("%s: attempt %d of %d failed, the next one in %g s: %s", what, number, retries + 1, wait_s, error.message)
            else:
                return number
            number += 1
            await self._clock.sleep(wait_s)


def _size(path: Path) -> int:
    return path.stat().st_size


async def _on_a_thread(work: Callable[[], None], stop: Stop, what: str) -> None:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: TransferError | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        error: TransferError | None = None
        try:
            work()
        except Exception as caught:  # noqa: BLE001 - it goes to whoever waits, in our words
            error = _translated(caught, what, stop)
        finally:
            stop.release()
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=run, name=what[:60], daemon=True).start()
    try:
        await asyncio.shield(done)
    except asyncio.CancelledError:
        stop.ask()
        await asyncio.wait([done], timeout=GRACE_S)
        if done.done():
            done.exception()
        raise


def _translated(error: Exception, what: str, stop: Stop) -> TransferError:
    """A library's error in our words."""
    if isinstance(error, TransferError):
        ours = error
    elif isinstance(error, ConfigError):
        ours = TransferError(error.message, hint=error.hint)
    elif stop.asked:
        ours = TransferFailed("the transfer was stopped", transient=False)
    elif isinstance(error, ssl.SSLCertVerificationError):
        ours = NotTrusted(f"the server's certificate: {error.verify_message}", hint="install the root certificate of its authority")
    else:
        ours = _of_libraries(error)
    if ours.device is None:
        ours.device = what
    if ours is not error:
        ours.__cause__ = error
    return ours


def _of_libraries(error: Exception) -> TransferError:
    if isinstance(error, ftplib.error_perm):
        return TransferRefused(f"the server answered {_plain(error)}")
    if isinstance(error, ssl.SSLError):
        return TransferFailed(f"no secure connection: {error.reason or _plain(error)}")
    if isinstance(error, socket.gaierror):
        return TransferFailed("the host's name is unknown", hint="check the address and the network")
    if isinstance(error, TimeoutError):
        return TransferFailed("the server said nothing any more")
    if isinstance(error, EOFError):
        return TransferFailed("the server hung up")
    if isinstance(error, ftplib.Error | http.client.HTTPException | OSError):
        return TransferFailed(f"{type(error).__name__}: {_plain(error)}")
    return _of_ssh(error)


def _of_ssh(error: Exception) -> TransferError:
    import asyncssh  # noqa: PLC0415 - only who transfers by SFTP pays for it

    refusals = (asyncssh.PermissionDenied, asyncssh.SFTPNoSuchFile, asyncssh.SFTPPermissionDenied, asyncssh.SFTPNoSuchPath)
    if isinstance(error, refusals):
        return TransferRefused(f"the server answered: {_plain(error)}")
    if isinstance(error, asyncssh.Error):
        return TransferFailed(f"the connection failed: {_plain(error)}")
    return TransferFailed(f"{type(error).__name__}: {_plain(error)}", transient=False)


def _plain(error: Exception) -> str:
    """What a stranger wrote, for one line of a log."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(error))[:200]
