"""Files over FTP and FTPS (explicit TLS, implicit on port 990). Blocking; runs on a transfer's thread."""

from __future__ import annotations

import contextlib
import ftplib
import socket
import ssl
from collections.abc import Generator
from pathlib import Path

from cc613_chargepoint.ocpp.files.errors import BadLocation, TransferFailed
from cc613_chargepoint.ocpp.files.job import CHUNK, Bounds, PartFile, Stop, Trust, connected
from cc613_chargepoint.ocpp.files.location import Location, remote_name

__all__ = ["fetch", "send"]

IMPLICIT_PORT = 990


class _Plain(ftplib.FTP):
    """FTP that can be stopped from outside.

    Args:
        where: the server.
        bounds: what it may cost.
        stop: ends it.
    """

    def __init__(self, where: Location, bounds: Bounds, stop: Stop) -> None:
        super().__init__(timeout=bounds.silence_s)
        self.host, self.port = where.host, where.port
        self._stop = stop
        self.sock = connected(where, bounds, stop)
        self.af = self.sock.family

    def greet(self) -> None:
        """Hear what the server has to say first."""
        assert self.sock is not None
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Open a data connection."""
        data, size = super().ntransfercmd(cmd, rest)
        self._stop.watch(data)
        return data, size


class _Secure(_Plain, ftplib.FTP_TLS):
    """FTP under TLS whose data connections go on with the session of the control connection: many servers ask for that.

    Args:
        where: the server.
        bounds: what it may cost.
        stop: ends it.
        tls: whom to trust.
    """

    def __init__(self, where: Location, bounds: Bounds, stop: Stop, tls: ssl.SSLContext) -> None:
        ftplib.FTP_TLS.__init__(self, context=tls, timeout=bounds.silence_s)  # noqa: S321 - under TLS
        self.host, self.port = where.host, where.port
        self._stop = stop
        self._implicit = where.port == IMPLICIT_PORT
        self.sock = connected(where, bounds, stop)
        self.af = self.sock.family

    def greet(self) -> None:
        """Hear what the server has to say first; under TLS from the first byte where that is implicit."""
        assert self.sock is not None
        if self._implicit:
            self.sock = self.context.wrap_socket(self.sock, server_hostname=self.host)
        super().greet()
        if not self._implicit:
            self.auth()

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Open a data connection."""
        data, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 - it goes under TLS on the next lines
        self._stop.watch(data)
        session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
        try:
            return self.context.wrap_socket(data, server_hostname=self.host, session=session), size
        except BaseException:
            data.close()
            raise


def fetch(where: Location, part: PartFile, trust: Trust, bounds: Bounds, stop: Stop) -> None:
    """Get a file, from the byte where the last attempt ended if it is still the same.

    Raises:
        TransferError: see the tree; what arrived is kept in ``part``.
        ftplib.Error: the server said no.
    """
    if not where.steps:
        raise BadLocation(f"{where} names no file")
    with _session(where, trust, bounds, stop) as ftp:
        name = where.steps[-1]
        size, changed = _size(ftp, name), _changed(ftp, name)
        have = part.begin()
        validator = f"{size} {changed}" if size is not None else ""
        if have and (validator != part.validator or size is None or have > size):
            part.drop()
            have = 0
        part.identify(validator)
        part.expect(size)
        data = ftp.transfercmd(f"RETR {name}", have or None)
        with data, part.opened(have) as file:
            while received := data.recv(CHUNK):
                stop.check()
                part.write(file, received)
            arrived = file.tell()
        if size is not None and arrived != size:
            raise TransferFailed(f"the connection ended after {arrived} of {size} bytes")
        _completed(ftp)


def send(where: Location, source: Path, name: str, sending: tuple[Trust, Bounds, Stop], *, go_on: bool = False) -> None:
    """Put a file into the directory that the address is.

    Args:
        where: the directory.
        source: the file.
        name: of the file over there.
        sending: whom to trust, what it may cost, what ends it.
        go_on: an attempt before has begun it: what is over there already is not sent again.

    Raises:
        TransferError: see the tree.
        ftplib.Error: the server said no.
    """
    trust, bounds, stop = sending
    total, plain = source.stat().st_size, remote_name(name)
    with _session(where, trust, bounds, stop, depth=len(where.steps)) as ftp, source.open("rb") as file:
        there = _size(ftp, plain) or 0 if go_on else 0
        there = there if there <= total else 0
        file.seek(there)
        data = ftp.transfercmd(f"STOR {plain}", there or None)
        with data:
            while chunk := file.read(CHUNK):
                stop.check()
                data.sendall(chunk)
            _ended(data)
        _completed(ftp)
        arrived = _size(ftp, plain)
        if arrived is not None and arrived != total:
            raise TransferFailed(f"the server has {arrived} of {total} bytes")


@contextlib.contextmanager
def _session(where: Location, trust: Trust, bounds: Bounds, stop: Stop, *, depth: int | None = None) -> Generator[ftplib.FTP]:
    """Logged in, binary, in the directory of the file."""
    ftp = _Secure(where, bounds, stop, trust.context()) if where.scheme == "ftps" else _Plain(where, bounds, stop)
    try:
        ftp.greet()
        ftp.login(where.user or "anonymous", where.password)
        if isinstance(ftp, _Secure):
            ftp.prot_p()
        for step in where.steps[: len(where.steps) - 1 if depth is None else depth]:
            ftp.cwd(step)
        ftp.voidcmd("TYPE I")
        yield ftp
        with contextlib.suppress(OSError, EOFError, ftplib.Error):
            ftp.quit()
    finally:
        ftp.close()


def _ended(data: socket.socket) -> None:
    """Tell the server that this was all."""
    if isinstance(data, ssl.SSLSocket):
        with contextlib.suppress(ssl.SSLError, OSError):  # a server may close without a word: its answer counts
            data.unwrap()
            return
    with contextlib.suppress(OSError):
        data.shutdown(socket.SHUT_WR)


def _completed(ftp: ftplib.FTP) -> None:
    """The server must say that it was all: a closed data connection alone says nothing."""
    answer = ftp.voidresp()
    if not answer.startswith("2"):
        raise TransferFailed(f"the server answered {answer[:80]!r} at the end")


def _size(ftp: ftplib.FTP, name: str) -> int | None:
    try:
        return ftp.size(name)
    except ftplib.error_perm:
        return None  # an old server that knows no SIZE, or no such file: the transfer will tell


def _changed(ftp: ftplib.FTP, name: str) -> str:
    try:
        return ftp.sendcmd(f"MDTM {name}")[4:40]
    except ftplib.error_perm:
        return ""
