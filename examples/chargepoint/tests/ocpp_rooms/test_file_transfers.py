"""Files over real servers: FTP, FTPS (pyftpdlib), HTTP, HTTPS (the standard library's), SFTP (paramiko)."""

from __future__ import annotations

import asyncio
import logging
import random
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field

from cc613_chargepoint.ocpp.files import (
    BadLocation,
    Bounds,
    FileTransfers,
    NotTrusted,
    TooBig,
    TransferError,
    TransferFailed,
    TransferRefused,
    Trust,
)
from cc613hal.errors import ConfigError

IMAGE = random.Random(613).randbytes(1_500_000)
HERE = Bounds(own_addresses=True, silence_s=3.0)
Peer = Callable[..., list[str]]


@define(eq=False)
class Web:
    """What the HTTP server does, and what it saw."""

    port: int = 0
    tag: str = '"v1"'
    cut_after: int | None = None
    ranges: bool = True
    puts: bool = True
    redirects: dict[str, str] = field(factory=dict)
    status: int | None = None
    seen: list[tuple[str, str, dict[str, str]]] = field(factory=list)
    got: dict[str, bytes] = field(factory=dict)
    lies: str = ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    web: Web

    def log_message(self, *arguments: Any) -> None:
        pass

    def note(self) -> bool:
        self.web.seen.append((self.command, self.path, dict(self.headers)))
        if self.path in self.web.redirects:
            self.answer(307, {"Location": self.web.redirects[self.path], "Content-Length": "0"})
        elif self.web.status is not None:
            self.answer(self.web.status, {"Content-Length": "0"})
        else:
            return True
        return False

    def answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def do_GET(self) -> None:
        if not self.note():
            return
        web, start = self.web, 0
        asked = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and web.ranges and self.headers.get("If-Range") == web.tag:
            start = int(asked[1])
        headers = {"Content-Length": str(len(IMAGE) - start), "ETag": web.tag}
        if start >= len(IMAGE):
            self.answer(416, {"Content-Range": f"bytes */{len(IMAGE)}", "Content-Length": "0"})
            return
        if web.lies == "no length":
            del headers["Content-Length"]
            headers["Connection"] = "close"
        if web.lies == "other range" and start:
            headers["Content-Range"] = f"bytes {start - 7}-{len(IMAGE) - 1}/{len(IMAGE)}"
        elif start:
            headers["Content-Range"] = f"bytes {start}-{len(IMAGE) - 1}/{len(IMAGE)}"
        self.answer(206 if start else 200, headers)
        end = len(IMAGE)
        if web.cut_after is not None and start + web.cut_after < end:
            end, self.close_connection = start + web.cut_after, True
        try:
            self.wfile.write(IMAGE[start:end])
            while web.lies == "no length":
                self.wfile.write(IMAGE)
        except OSError:
            self.close_connection = True

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.note():
            return
        if not self.web.puts:
            self.answer(405, {"Content-Length": "0"})
            return
        self.web.got[self.path] = body
        self.answer(201, {"Content-Length": "0"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.note():
            return
        mark = re.search(r"boundary=(\w+)", self.headers["Content-Type"])[1].encode()
        head, _, rest = body.partition(b"\r\n\r\n")
        name = re.search(rb'filename="([^"]+)"', head)[1].decode()
        self.web.got[f"form {self.path} {name}"] = rest.removesuffix(b"\r\n--" + mark + b"--\r\n")
        self.answer(204, {})


def serving(tls: ssl.SSLContext | None = None) -> Iterator[Web]:
    web = Web()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"web": web}))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield web
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def web() -> Iterator[Web]:
    yield from serving()


@pytest.fixture
def tls_web(authority: Any, tmp_path: Path) -> Iterator[Web]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue().save(tmp_path / "web.pem"))
    yield from serving(context)


def whole(path: Path) -> bool:
    return path.read_bytes() == IMAGE


def left_over(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir()) if target.parent.exists() else []


class TestDownloadOverHttp:
    async def test_a_file_arrives_whole_and_nothing_else_is_left(self, files: FileTransfers, web: Web, target: Path) -> None:
        done = await files.download(f"http://u:p%40@127.0.0.1:{web.port}/fw/image.bin", target)
        assert whole(target)
        assert (done.size_bytes, done.attempts) == (len(IMAGE), 1)
        assert left_over(target) == ["image.bin"]
        assert web.seen[0][2]["Authorization"] == "Basic dTpwQA=="

    async def test_an_interrupted_download_goes_on_where_it_ended(self, files: FileTransfers, web: Web, target: Path) -> None:
        web.cut_after = 600_000
        done = await files.download(f"http://127.0.0.1:{web.port}/image.bin", target, retries=3, interval_s=0.01)
        assert whole(target)
        assert done.attempts == 3
        assert [headers.get("Range") for _, _, headers in web.seen] == [None, "bytes=600000-", "bytes=1200000-"]

    async def test_it_goes_on_in_another_call_too(self, files: FileTransfers, web: Web, target: Path) -> None:
        web.cut_after = 1_000_000
        url = f"http://127.0.0.1:{web.port}/image.bin"
        with pytest.raises(TransferFailed, match="after 1000000 of 1500000"):
            await files.download(url, target)
        assert left_over(target) == ["image.bin.part", "image.bin.part.json"]
        await files.download(url, target)
        assert whole(target)
        assert web.seen[1][2]["Range"] == "bytes=1000000-"

    async def test_a_file_that_has_changed_meanwhile_begins_anew(self, files: FileTransfers, web: Web, target: Path) -> None:
        web.cut_after = 1_000_000
        url = f"http://127.0.0.1:{web.port}/image.bin"
        with pytest.raises(TransferFailed):
            await files.download(url, target)
        (target.parent / "image.bin.part").write_bytes(b"?" * 1_000_000)
        web.tag, web.cut_after = '"v2"', None
        await files.download(url, target)
        assert whole(target)

    async def test_a_part_of_another_address_is_of_no_use(self, files: FileTransfers, web: Web, target: Path) -> None:
        web.cut_after = 1_000_000
        with pytest.raises(TransferFailed):
            await files.download(f"http://127.0.0.1:{web.port}/old.bin", target)
        web.cut_after = None
        await files.download(f"http://127.0.0.1:{web.port}/new.bin", target)
        assert "Range" not in web.seen[1][2]
        assert whole(target)

    async def test_an_attempt_that_had_everything_is_finished_without_another_byte(
        self, files: FileTransfers, web: Web, target: Path
    ) -> None:
        web.cut_after = 1_499_999
        url = f"http://127.0.0.1:{web.port}/image.bin"
        with pytest.raises(TransferFailed):
            await files.download(url, target)
        (target.parent / "image.bin.part").write_bytes(IMAGE)
        await files.download(url, target)
        assert whole(target)

    async def test_a_range_that_was_not_asked_for_is_thrown_away(self, files: FileTransfers, web: Web, target: Path) -> None:
        web.cut_after, web.lies = 600_000, "other range"
        with pytest.raises(TransferFailed, match="another range"):
            await files.download(f"http://127.0.0.1:{web.port}/image.bin", target, retries=1, interval_s=0.0)
        assert left_over(target) == []

    async def test_a_server_without_ranges_sends_all_again(self, files: FileTransfers, web: Web, target: Path) -> None:
        web.cut_after, web.ranges = 600_000, False
        with pytest.raises(TransferFailed):
            await files.download(f"http://127.0.0.1:{web.port}/i", target)
        web.cut_after = None
        await files.download(f"http://127.0.0.1:{web.port}/i", target)
        assert whole(target)

    @pytest.mark.parametrize(
        ("status", "kind"), [(404, TransferRefused), (401, TransferRefused), (500, TransferFailed), (503, TransferFailed)]
    )
    async def test_a_server_that_says_no_is_quoted(
        self, files: FileTransfers, web: Web, target: Path, status: int, kind: type[TransferError]
    ) -> None:
        web.status = status
        with pytest.raises(kind, match=f"answered {status}"):
            await files.download(f"http://127.0.0.1:{web.port}/image.bin", target, retries=2, interval_s=0.0)
        assert len(web.seen) == 3

    async def test_a_file_that_is_too_big_is_not_even_begun(self, trust: Trust, web: Web, target: Path) -> None:
        files = FileTransfers(trust, evolve(HERE, size_bytes=1000))
        with pytest.raises(TooBig, match="1500000 bytes"):
            await files.download(f"http://127.0.0.1:{web.port}/image.bin", target, retries=3, interval_s=0.0)
        assert len(web.seen) == 1

    async def test_a_body_without_end_ends(self, files: FileTransfers, web: Web, target: Path) -> None:
        web.lies = "no length"
        with pytest.raises(TooBig, match="more than 2000000"):
            await files.download(f"http://127.0.0.1:{web.port}/image.bin", target, size_bytes=2_000_000)
        assert left_over(target) == []

    async def test_a_file_for_which_the_disk_has_no_room_is_not_begun(
        self, files: FileTransfers, web: Web, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 10})())
        with pytest.raises(TooBig, match="room for 10"):
            await files.download(f"http://127.0.0.1:{web.port}/image.bin", target)


class TestRedirects:
    async def test_one_is_followed_and_the_password_stays_with_its_server(self, files: FileTransfers, web: Web, target: Path) -> None:
        web.redirects = {"/a": "/b", "/b": f"http://localhost:{web.port}/c"}
        await files.download(f"http://u:p@127.0.0.1:{web.port}/a", target)
        assert [("Authorization" in headers) for _, _, headers in web.seen] == [True, True, False]
        assert whole(target)

    async def test_endless_ones_end(self, files: FileTransfers, web: Web, target: Path) -> None:
        web.redirects = {"/a": "/a"}
        with pytest.raises(TransferRefused, match="more than 5 redirects"):
            await files.download(f"http://127.0.0.1:{web.port}/a", target, retries=3, interval_s=0.0)
        assert len(web.seen) <= 7

    @pytest.mark.parametrize("there", ["file:///etc/passwd", "ftp://x/y", "http://x:0/", "http://a/%0d%0a"])
    async def test_a_hostile_one_is_refused(self, files: FileTransfers, web: Web, target: Path, there: str) -> None:
        web.redirects = {"/a": there}
        with pytest.raises(BadLocation):
            await files.download(f"http://127.0.0.1:{web.port}/a", target, retries=3, interval_s=0.0)
        assert len(web.seen) == 1

    async def test_encryption_is_not_given_up(self, files: FileTransfers, tls_web: Web, web: Web, target: Path) -> None:
        tls_web.redirects = {"/a": f"http://127.0.0.1:{web.port}/b"}
        with pytest.raises(BadLocation, match="gives the encryption up"):
            await files.download(f"https://127.0.0.1:{tls_web.port}/a", target)
        assert web.seen == []


class TestUploadOverHttp:
    async def test_it_is_put_into_the_directory(self, files: FileTransfers, web: Web, source: Path) -> None:
        await files.upload(f"http://127.0.0.1:{web.port}/logs/", source, name="station 7.tar.gz")
        assert web.got == {"/logs/station_7.tar.gz": IMAGE}

    async def test_an_address_that_is_signed_is_taken_as_it_is(self, files: FileTransfers, web: Web, source: Path) -> None:
        await files.upload(f"http://127.0.0.1:{web.port}/logs/x?sig=1", source)
        assert web.got == {"/logs/x?sig=1": IMAGE}

    async def test_a_server_without_put_gets_a_form(self, files: FileTransfers, web: Web, source: Path) -> None:
        web.puts = False
        await files.upload(f"http://127.0.0.1:{web.port}/logs", source)
        assert web.got == {"form /logs diagnostics.tar.gz": IMAGE}

    async def test_redirects_are_followed_with_the_file(self, files: FileTransfers, web: Web, source: Path) -> None:
        web.redirects = {"/logs/diagnostics.tar.gz": "/other/d"}
        await files.upload(f"http://127.0.0.1:{web.port}/logs", source)
        assert web.got == {"/other/d": IMAGE}

    async def test_a_refusal_is_tried_again_and_then_told(self, files: FileTransfers, web: Web, source: Path) -> None:
        web.status = 403
        with pytest.raises(TransferRefused, match="403"):
            await files.upload(f"http://127.0.0.1:{web.port}/logs", source, retries=1, interval_s=0.0)
        assert len(web.seen) == 2

    async def test_without_a_file_nobody_is_asked(self, files: FileTransfers, web: Web, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            await files.upload(f"http://127.0.0.1:{web.port}/logs", tmp_path / "none")
        assert web.seen == []


NONSENSE = [b"\x00" * 4096, b"SSH-1.5-old\r\n", b"220 hi\r\n500 no\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]


class TestWhoAnswers:
    async def test_https_with_the_right_certificate(self, files: FileTransfers, tls_web: Web, target: Path) -> None:
        await files.download(f"https://127.0.0.1:{tls_web.port}/image.bin", target)
        assert whole(target)

    async def test_a_root_that_was_installed_meanwhile_counts(self, authority: Any, tls_web: Web, target: Path) -> None:
        roots: list[str] = []

        def context() -> ssl.SSLContext:
            if not roots:
                raise ConfigError("no root is installed", hint="install one")
            return ssl.create_default_context(cadata=roots[0])

        files = FileTransfers(Trust(tls=context), HERE)
        with pytest.raises(TransferError, match="no root is installed"):
            await files.download(f"https://127.0.0.1:{tls_web.port}/image.bin", target, retries=3, interval_s=60.0)
        roots.append(authority.pem)
        await files.download(f"https://127.0.0.1:{tls_web.port}/image.bin", target)
        assert whole(target)

    async def test_a_certificate_of_somebody_else_is_not_tried_again(self, files: FileTransfers, tls_web: Web, target: Path) -> None:
        with pytest.raises(NotTrusted, match="certificate"):
            await files.download(f"https://localhost:{tls_web.port}/image.bin", target, retries=5, interval_s=60.0)

    async def test_the_station_itself_is_not_asked(self, trust: Trust, web: Web, target: Path) -> None:
        files = FileTransfers(trust, evolve(HERE, own_addresses=False))
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(NotTrusted, match="the station itself"):
                await files.download(f"http://{host}:{web.port}/image.bin", target)
        assert web.seen == []

    @pytest.mark.parametrize(
        ("backend", "here"),
        [
            ("ws://127.0.0.1:9000/ocpp", True),
            ("wss://localhost/x", True),
            ("http://[::1]:8080/", True),
            ("wss://backend.example/x", False),
            ("ws://10.0.0.9:80", False),
            ("", False),
        ],
    )
    def test_a_backend_on_this_machine_may_keep_its_files_here(self, backend: str, here: bool) -> None:
        bounds = Bounds.beside(backend, silence_s=7.0)
        assert (bounds.own_addresses, bounds.silence_s) == (here, 7.0)

    async def test_a_scheme_that_is_not_allowed_is_refused_at_once(self, trust: Trust, target: Path, source: Path) -> None:
        files = FileTransfers(trust, evolve(HERE, schemes={"https"}))
        with pytest.raises(BadLocation):
            await files.download("http://127.0.0.1:1/x", target)
        with pytest.raises(BadLocation):
            await files.upload("ftp://127.0.0.1:1/x", source)

    @pytest.mark.parametrize("scheme", ["http", "ftp", "sftp", "https", "ftps"])
    async def test_nobody_there_is_told_in_one_line(
        self, files: FileTransfers, target: Path, scheme: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with caplog.at_level(logging.WARNING), pytest.raises(TransferFailed) as told:
            await files.download(f"{scheme}://u:geheim@127.0.0.1:{port}/x", target, retries=1, interval_s=0.0)
        assert "attempt 1 of 2 failed" in caplog.text
        assert "geheim" not in caplog.text + str(told.value)

    @pytest.mark.parametrize("scheme", ["http", "ftp", "sftp"])
    async def test_a_server_that_says_nothing_is_left(self, trust: Trust, target: Path, scheme: str) -> None:
        files = FileTransfers(trust, evolve(HERE, silence_s=0.2))
        with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TransferFailed):
            await files.download(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/x", target)

    @pytest.mark.parametrize("scheme", ["http", "ftp", "sftp"])
    async def test_a_cancelled_transfer_lets_go_at_once(self, trust: Trust, target: Path, scheme: str) -> None:
        files = FileTransfers(trust, evolve(HERE, silence_s=50.0))
        with socket.create_server(("127.0.0.1", 0)) as silent:
            silent.settimeout(10.0)
            task = asyncio.ensure_future(files.download(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/x", target))
            connection, _ = await asyncio.to_thread(silent.accept)
            with connection:
                await asyncio.sleep(0.05)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asyncio.wait_for(task, 4.0)

    @pytest.mark.parametrize(
        "greeting", [b"\x00" * 4096, b"SSH-1.5-old\r\n", b"220 hi\r\n500 no\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]
    )
    @pytest.mark.parametrize("scheme", ["http", "ftp", "sftp"])
    async def test_nonsense_is_an_error_and_nothing_else(self, trust: Trust, target: Path, scheme: str, greeting: bytes) -> None:
        files = FileTransfers(trust, evolve(HERE, silence_s=1.0))
        with socket.create_server(("127.0.0.1", 0)) as server:

            def talk() -> None:
                connection, _ = server.accept()
                with connection:
                    connection.sendall(greeting)

            thread = threading.Thread(target=talk)
            thread.start()
            with pytest.raises(TransferError):
                await files.download(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/x", target)
            thread.join()
