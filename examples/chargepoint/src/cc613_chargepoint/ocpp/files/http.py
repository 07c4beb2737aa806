"""Files over HTTP and HTTPS: ranges, redirects that are judged anew, PUT with a form as fall-back. Blocking, on a transfer's thread."""

from __future__ import annotations

import base64
import http.client
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

from attrs import evolve

from cc613_chargepoint.ocpp.files.errors import BadLocation, TransferFailed, TransferRefused
from cc613_chargepoint.ocpp.files.job import CHUNK, Bounds, PartFile, Stop, Trust, connected
from cc613_chargepoint.ocpp.files.location import Location, location, remote_name

__all__ = ["fetch", "send"]

_RANGE = re.compile(r"^bytes (?:(\d+)-\d+|\*)/(\d+|\*)$")
_MOVED = frozenset({301, 302, 303, 307, 308})
_NO_SUCH_METHOD = frozenset({405, 501})
_AGENT = "cc613-chargepoint"


def fetch(where: Location, part: PartFile, trust: Trust, bounds: Bounds, stop: Stop) -> None:
    """Get a file, from the byte where the last attempt ended if the server lets.

    Raises:
        TransferError: see the tree; what arrived is kept in ``part``.
    """
    have = part.begin()
    for _ in range(bounds.redirects + 2):  # one more for a range that the server refuses
        connection = _connected(where, trust, bounds, stop)
        try:
            headers = {"Accept-Encoding": "identity"}
            if have:
                headers |= {"Range": f"bytes={have}-", "If-Range": part.validator}
            with _asked(connection, where, headers) as answer:
                if answer.status in _MOVED:
                    where = _followed(where, answer, bounds)
                elif answer.status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and have:
                    if _total(answer) == have:
                        return  # the last attempt had everything and did not know
                    part.drop()
                    have = 0
                else:
                    _received(answer, part, have, stop)
                    return
        finally:
            connection.close()
    raise TransferRefused(f"more than {bounds.redirects} redirects", hint="the address leads in circles", transient=False)


class _Sending:
    """One file on its way to a server.

    Args:
        source: the file.
        trust: whom to trust.
        bounds: what it may cost.
        stop: ends it.
    """

    def __init__(self, source: Path, trust: Trust, bounds: Bounds, stop: Stop) -> None:
        self._source = source
        self._trust = trust
        self._bounds = bounds
        self._stop = stop

    def put(self, where: Location) -> int:
        """As it is; the answer's status."""
        return self._request("PUT", where, "application/octet-stream", b"", b"")

    def form(self, where: Location, name: str) -> int:
        """In a form; the answer's status."""
        mark = secrets.token_hex(16)
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        return self._request("POST", where, f"multipart/form-data; boundary={mark}", head.encode(), f"\r\n--{mark}--\r\n".encode())

    def _request(self, method: str, where: Location, kind: str, head: bytes, tail: bytes) -> int:
        length = len(head) + self._source.stat().st_size + len(tail)
        for _ in range(self._bounds.redirects + 1):
            connection = _connected(where, self._trust, self._bounds, self._stop)
            try:
                connection.putrequest(method, where.target, skip_host=True, skip_accept_encoding=True)
                for name, value in _headers(where, {"Content-Type": kind, "Content-Length": str(length)}).items():
                    connection.putheader(name, value)
                connection.endheaders()
                cut = self._body(connection, head, tail)
                try:
                    answer = connection.getresponse()
                except (OSError, http.client.HTTPException) as error:
                    raise cut or error from error  # what broke first says more
                with answer:
                    if answer.status in _MOVED and answer.status != http.client.SEE_OTHER:
                        where = _followed(where, answer, self._bounds)
                    elif answer.status < 400 or answer.status in _NO_SUCH_METHOD:
                        return answer.status
                    else:
                        raise _refused(answer)
            finally:
                connection.close()
        raise TransferRefused(f"more than {self._bounds.redirects} redirects", hint="the address leads in circles", transient=False)

    def _body(self, connection: http.client.HTTPConnection, head: bytes, tail: bytes) -> OSError | None:
        """Send it; a server may answer and hang up before it has read all: then why."""
        try:
            if head:
                connection.send(head)
            for data in _chunks(self._source, self._stop):
                connection.send(data)
            if tail:
                connection.send(tail)
        except (BrokenPipeError, ConnectionError) as error:
            return error
        return None


def send(where: Location, source: Path, name: str, sending: tuple[Trust, Bounds, Stop]) -> None:
    """Put a file into the directory that the address is; an address with a query is taken for the file itself (it is signed as it is).

    A server that knows no PUT is offered a form.

    Args:
        where: the directory.
        source: the file.
        name: of the file over there.
        sending: whom to trust, what it may cost, what ends it.

    Raises:
        TransferError: see the tree.
    """
    plain = remote_name(name)
    upload = _Sending(source, *sending)
    if upload.put(where if where.query else evolve(where, path=f"{where.path.rstrip('/')}/{plain}")) not in _NO_SUCH_METHOD:
        return
    if upload.form(where, plain) in _NO_SUCH_METHOD:
        raise TransferRefused("the server takes neither PUT nor a form", hint="ask its operator for another address")


def _chunks(source: Path, stop: Stop) -> Iterator[bytes]:
    with source.open("rb") as file:
        while data := file.read(CHUNK):
            stop.check()
            yield data


def _connected(where: Location, trust: Trust, bounds: Bounds, stop: Stop) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(where.host, where.port, timeout=bounds.silence_s)
    connection.sock = connected(where, bounds, stop)
    if where.scheme == "https":
        try:
            connection.sock = trust.context().wrap_socket(connection.sock, server_hostname=where.host)
        except BaseException:
            connection.close()
            raise
    return connection


def _headers(where: Location, more: dict[str, str]) -> dict[str, str]:
    headers = {"Host": where.authority, "User-Agent": _AGENT, "Connection": "close", **more}
    if where.user:
        pair = f"{where.user}:{where.password}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    return headers


def _asked(connection: http.client.HTTPConnection, where: Location, more: dict[str, str]) -> http.client.HTTPResponse:
    connection.putrequest("GET", where.target, skip_host=True, skip_accept_encoding=True)
    for name, value in _headers(where, more).items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection.getresponse()


def _followed(where: Location, answer: http.client.HTTPResponse, bounds: Bounds) -> Location:
    target = answer.getheader("Location")
    if not target:
        raise TransferFailed(f"a redirect ({answer.status}) to nowhere")
    base = f"{where.scheme}://{where.authority}{where.target}"
    there = location(urljoin(base, target), allowed=[scheme for scheme in bounds.schemes if scheme.startswith("http")])
    if where.encrypted and not there.encrypted:
        raise BadLocation(f"a redirect from {where.scheme} to {there.scheme} gives the encryption up")
    if (there.scheme, there.host, there.port) == (where.scheme, where.host, where.port) and not there.user:
        return evolve(there, user=where.user, password=where.password)
    return there  # the password is for nobody else


def _total(answer: http.client.HTTPResponse) -> int | None:
    match = _RANGE.match(answer.getheader("Content-Range", ""))
    return int(match[2]) if match and match[2] != "*" else None


def _received(answer: http.client.HTTPResponse, part: PartFile, have: int, stop: Stop) -> None:
    if answer.status == http.client.PARTIAL_CONTENT:
        match = _RANGE.match(answer.getheader("Content-Range", ""))
        if not match or match[1] is None or int(match[1]) != have:
            part.drop()
            raise TransferFailed("the server sent another range than was asked for")
        total = _total(answer)
    elif answer.status == http.client.OK:
        have, total = 0, answer.length
        if total is None and not answer.chunked and answer.getheader("Content-Length") is not None:
            raise TransferFailed("the server says a length that is none")
        part.identify(_validator(answer))
    else:
        raise _refused(answer)
    part.expect(total)
    with part.opened(have) as file:
        while data := answer.read1(CHUNK):
            stop.check()
            part.write(file, data)
        if total is not None and file.tell() != total:
            raise TransferFailed(f"the connection ended after {file.tell()} of {total} bytes")


def _validator(answer: http.client.HTTPResponse) -> str:
    """What may stand in ``If-Range``: a strong entity tag, or else the date."""
    tag = answer.getheader("ETag", "")
    if tag.startswith('"') and len(tag) <= 200:
        return tag
    return answer.getheader("Last-Modified", "")[:40]


def _refused(answer: http.client.HTTPResponse) -> TransferFailed | TransferRefused:
    reason = re.sub(r"[^\x20-\x7e]", "?", answer.reason)[:80]
    if answer.status >= 500 or answer.status in {408, 425, 429}:
        return TransferFailed(f"the server answered {answer.status} {reason}")
    return TransferRefused(f"the server answered {answer.status} {reason}")
