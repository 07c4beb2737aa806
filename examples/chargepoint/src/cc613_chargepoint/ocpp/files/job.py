"""What one attempt of a transfer is given: bounds, trust, where bytes go, and a way to stop it from outside."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self
from urllib.parse import urlsplit

from attrs import define, field, frozen

from cc613_chargepoint.ocpp.files.errors import NotTrusted, TooBig, TransferError, TransferFailed
from cc613_chargepoint.ocpp.files.location import SCHEMES, Location, is_own_address

__all__ = ["CHUNK", "Bounds", "HostKeys", "PartFile", "Stop", "Trust", "connected"]

CHUNK = 64 * 1024
"""Bytes that are moved at a time."""


@frozen(kw_only=True)
class Bounds:
    """What a transfer may cost.

    Attributes:
        size_bytes: of the file.
        silence_s: how long a server may say nothing, s.
        longest_s: how long one attempt may take, s: a server that sends a byte now and then ends too.
        redirects: of HTTP that are followed.
        schemes: that are spoken.
        own_addresses: this machine and its link may be addressed (for tests and for a server on the station itself).
    """

    size_bytes: int = 512 * 1024 * 1024
    silence_s: float = 30.0
    longest_s: float = 3600.0
    redirects: int = 5
    schemes: Collection[str] = tuple(SCHEMES)
    own_addresses: bool = False

    @classmethod
    def beside(cls, backend_url: str, **bounds: Any) -> Self:
        """Bounds for the files of a backend: one that runs on this machine itself may keep its files there too.

        Args:
            backend_url: where the backend is.
            bounds: the others.
        """
        host = urlsplit(backend_url).hostname or ""
        try:
            here = is_own_address(host)
        except ValueError:
            here = host == "localhost" or host.endswith(".localhost")
        return cls(own_addresses=here, **bounds)


class HostKeys(Protocol):
    """Who decides whether an SSH host is the right one."""

    def trusts(self, host: str, port: int, fingerprint: str) -> bool:
        """Whether a key is the host's.

        Args:
            host: as the address says.
            port: of the service.
            fingerprint: ``SHA256:…`` as OpenSSH prints it.
        """
        ...


@frozen(kw_only=True)
class Trust:
    """Whom to trust, and as whom to appear.

    Attributes:
        tls: for FTPS and HTTPS; a function is asked at each connection, so that roots that were installed meanwhile count.
        host_keys: for SFTP; ``None`` refuses every host.
        identity: private key for SFTP, a file that OpenSSH understands; ``None`` for passwords alone.
    """

    tls: ssl.SSLContext | Callable[[], ssl.SSLContext]
    host_keys: HostKeys | None = None
    identity: Path | None = None

    def context(self) -> ssl.SSLContext:
        """For a connection that begins now."""
        return self.tls if isinstance(self.tls, ssl.SSLContext) else self.tls()


class Stop:
    """Ends an attempt that runs on another thread: closes what it waits for."""

    def __init__(self, longest_s: float) -> None:
        self._lock = threading.Lock()
        self._closers: list[Callable[[], None]] = []
        self._watched: list[socket.socket] = []
        self._until_s = time.monotonic() + longest_s
        self._longest_s = longest_s
        self.asked = False

    def attach(self, close: Callable[[], None]) -> None:
        """Have something closed when the attempt is to end; at once, if it is already."""
        with self._lock:
            if not self.asked:
                self._closers.append(close)
                return
        close()

    def watch(self, sock: socket.socket) -> None:
        """Have a connection shut down when the attempt is to end, whatever is laid over it later."""
        same = sock.dup()

        def close() -> None:
            with contextlib.suppress(OSError):
                same.shutdown(socket.SHUT_RDWR)

        with self._lock:
            self._watched.append(same)
        self.attach(close)

    def release(self) -> None:
        """The attempt has ended."""
        with self._lock:
            self._closers.clear()
            watched, self._watched = self._watched, []
        for sock in watched:
            sock.close()

    def ask(self) -> None:
        """End it."""
        with self._lock:
            self.asked = True
            for close in self._closers:
                close()
            self._closers.clear()

    def left_s(self) -> float:
        """How long the attempt may still take, s."""
        return max(0.0, self._until_s - time.monotonic())

    def check(self) -> None:
        """Between chunks.

        Raises:
            TransferFailed: it is to end, or it took too long.
        """
        if self.asked:
            raise TransferFailed("the transfer was stopped", transient=False)
        if time.monotonic() > self._until_s:
            raise TransferFailed(f"the transfer was not finished within {self._longest_s:g} s")


@define
class PartFile:
    """A file that is being received. What has arrived stays for the next attempt, also over a restart.

    Attributes:
        target: where the whole file will be.
        origin: the address; a part of another address is of no use.
        limit_bytes: it never grows beyond.
        validator: what the server calls this version of the file (entity tag, size and time); it must be the same to go on.
    """

    target: Path
    origin: str
    limit_bytes: int
    validator: str = field(default="", init=False)

    @property
    def path(self) -> Path:
        """Where the part lies."""
        return self.target.with_name(self.target.name + ".part")

    @property
    def _note(self) -> Path:
        return self.target.with_name(self.target.name + ".part.json")

    def begin(self) -> int:
        """How many bytes are there that an attempt can go on from; what does not belong to this address is removed."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            note = json.loads(self._note.read_text("utf-8"))
            if note["origin"] == self.origin and note["validator"]:
                self.validator = str(note["validator"])
                return self.path.stat().st_size
        except (OSError, ValueError, KeyError, TypeError):
            pass
        self.drop()
        return 0

    def drop(self) -> None:
        """Begin anew."""
        self.validator = ""
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def identify(self, validator: str) -> None:
        """The server calls what it sends now by this name; empty if it has none, then an interrupted part is of no use."""
        if validator != self.validator:
            self.validator = validator
            self._note.write_text(json.dumps({"origin": self.origin, "validator": validator}), "utf-8")

    def expect(self, total_bytes: int | None) -> None:
        """The server says how big the file will be.

        Raises:
            TooBig: bigger than it may be, or than the disk has room for.
        """
        if total_bytes is not None and total_bytes > self.limit_bytes:
            self.drop()
            raise TooBig(f"the file has {total_bytes} bytes", hint=f"at most {self.limit_bytes} are allowed")
        there = self.path.stat().st_size if self.path.exists() else 0
        free = shutil.disk_usage(self.path.parent).free
        if total_bytes is not None and total_bytes - there > free:
            raise TooBig(f"the file has {total_bytes} bytes, the disk has room for {free}", hint=f"make room in {self.path.parent}")

    def opened(self, at: int) -> BinaryIO:
        """To be written from a byte on; what lies behind it is cut off."""
        file = self.path.open("r+b" if at and self.path.exists() else "wb")
        file.truncate(at)
        file.seek(at)
        return file

    def write(self, file: BinaryIO, data: bytes) -> None:
        """Append.

        Raises:
            TooBig: the file is bigger than it may be, whatever the server said.
            TransferError: the disk did not take it.
        """
        if file.tell() + len(data) > self.limit_bytes:
            file.close()
            self.drop()
            raise TooBig(f"the file has more than {self.limit_bytes} bytes", hint="its server said something else, or nothing")
        try:
            file.write(data)
        except OSError as error:
            raise TransferError(f"{self.path} cannot be written: {error}", hint="make room on the disk") from error

    def finish(self) -> Path:
        """It is whole: on the disk, under its name."""
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        self.path.replace(self.target)
        self._note.unlink(missing_ok=True)
        directory = os.open(self.target.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        return self.target


def connected(where: Location, bounds: Bounds, stop: Stop) -> socket.socket:
    """A connection to where an address leads, unless that is this machine: names can lie, the connected address cannot.

    Raises:
        NotTrusted: it is.
        OSError: nobody is there.
    """
    stop.check()
    sock = socket.create_connection((where.host, where.port), bounds.silence_s)
    try:
        stop.watch(sock)
        peer = str(sock.getpeername()[0])
        if not bounds.own_addresses and is_own_address(peer):
            raise NotTrusted(f"{where} leads to {peer}, which is the station itself or its link")
    except BaseException:
        sock.close()
        raise
    return sock
