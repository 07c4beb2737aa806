"""TLS against real servers: right ones, weaker ones, wrong names, ended and foreign certificates; each refusal with OCPP's event."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from cc613_chargepoint.ocpp.certificates import OwnCertificates, Subject, TlsEvent, client_context, server_context, tls_refusal
from cc613_chargepoint.ocpp.certificates.tls import NAMED_SUITES, STRONGER_SUITES

NOW = datetime.now(UTC)


@contextlib.asynccontextmanager
async def serving(context: ssl.SSLContext) -> AsyncIterator[int]:
    """A server on threads: asyncio's closes a failed handshake without telling the client why."""
    listener = socket.create_server(("127.0.0.1", 0))

    def greet(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, context.wrap_socket(connection, server_side=True) as secure:
            peer: Any = secure.getpeercert() or {}
            name = dict(pair[0] for pair in peer.get("subject", ())).get("commonName", "nobody")
            secure.sendall(f"{name} {secure.cipher()[0]}\n".encode())

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.settimeout(10.0)
                greet(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


async def ask(port: int, context: ssl.SSLContext, name: str = "127.0.0.1") -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    try:
        return (await reader.readuntil(b"\n")).decode()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def server_side(path: Path, issued: Any, *, highest: ssl.TLSVersion | None = None, ciphers: str = "") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.save(path / "server.pem"))
    if ciphers:
        context.set_ciphers(ciphers)
    if highest is not None:
        context.maximum_version = highest
    return context


@pytest.mark.parametrize("suite", [*NAMED_SUITES, *STRONGER_SUITES])
async def test_each_suite_of_the_policy_connects(authority: Any, tmp_path: Path, suite: str) -> None:
    key = None if "ECDSA" in suite else rsa.generate_private_key(65537, 2048)
    issued = authority.issue(key=key)
    async with serving(server_side(tmp_path, issued, highest=ssl.TLSVersion.TLSv1_2, ciphers=suite)) as port:
        assert await ask(port, client_context([authority.certificate])) == f"nobody {suite}\n"


async def test_the_later_version_is_preferred(authority: Any, tmp_path: Path) -> None:
    async with serving(server_side(tmp_path, authority.issue())) as port:
        assert "TLS_" in await ask(port, client_context([authority.certificate]))


def test_nothing_else_is_offered() -> None:
    offered = {each["name"] for each in client_context().get_ciphers() if each["protocol"] == "TLSv1.2"}
    assert offered == {*NAMED_SUITES, *STRONGER_SUITES}


async def refusal(port: int, context: ssl.SSLContext, name: str = "127.0.0.1") -> Any:
    with pytest.raises((ssl.SSLError, OSError, asyncio.IncompleteReadError)) as caught:
        await ask(port, context, name)
    return tls_refusal(caught.value)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
async def test_a_server_with_an_old_version_is_refused(authority: Any, tmp_path: Path) -> None:
    context = server_side(tmp_path, authority.issue(), ciphers="ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    async with serving(context) as port:
        assert (await refusal(port, client_context([authority.certificate]))).event is TlsEvent.VERSION


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"])
async def test_a_server_with_other_suites_is_refused(authority: Any, tmp_path: Path, suite: str) -> None:
    async with serving(server_side(tmp_path, authority.issue(), highest=ssl.TLSVersion.TLSv1_2, ciphers=suite)) as port:
        assert (await refusal(port, client_context([authority.certificate]))).event is TlsEvent.SUITE


@pytest.mark.parametrize("wrong", ["name", "ended", "early", "authority", "self-signed"])
async def test_a_server_that_is_not_the_right_one_is_refused(authority: Any, make_authority: Any, tmp_path: Path, wrong: str) -> None:
    issued = {
        "name": lambda: authority.issue("other.example"),
        "ended": lambda: authority.issue(days=(-9, -1)),
        "early": lambda: authority.issue(days=(1, 9)),
        "authority": lambda: make_authority("Foreign").issue(),
        "self-signed": lambda: authority.issue(),
    }[wrong]()
    trusted = () if wrong == "self-signed" else (authority.certificate,)
    async with serving(server_side(tmp_path, issued)) as port:
        told = await refusal(port, client_context(trusted))
    assert told.event is TlsEvent.SERVER_CERTIFICATE
    assert "the backend's certificate: " in told.reason


async def test_the_name_is_the_one_that_was_asked_for(authority: Any, tmp_path: Path) -> None:
    async with serving(server_side(tmp_path, authority.issue("backend.example"))) as port:
        assert await ask(port, client_context([authority.certificate]), "backend.example")
        assert (await refusal(port, client_context([authority.certificate]), "backend.example.evil")).event is TlsEvent.SERVER_CERTIFICATE


async def test_an_intermediate_is_trusted_without_its_root(authority: Any, make_authority: Any, tmp_path: Path) -> None:
    middle = make_authority("Middle", by=authority)
    async with serving(server_side(tmp_path, middle.issue())) as port:
        assert await ask(port, client_context([middle.certificate]))


async def test_the_station_shows_its_certificate_and_a_server_may_ask_for_it(authority: Any, make_authority: Any, tmp_path: Path) -> None:
    own = OwnCertificates(tmp_path / "own")
    wanted = own.request(Subject(organization="Operator", common_name="SN-0815"))
    from cryptography import x509

    answer = authority.issue("SN-0815", public_key=x509.load_pem_x509_csr(wanted.encode()).public_key())
    kept = own.accept(answer.pem, [authority.certificate], NOW)
    server = authority.issue()
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_text(server.pem)
    key.write_text(server.key_pem)
    async with serving(server_context(chain, key, clients=[authority.certificate])) as port:
        assert (await ask(port, client_context([authority.certificate], kept))).startswith("SN-0815 ")
        told = await refusal(port, client_context([authority.certificate]))
        assert told is None or told.event in {TlsEvent.OWN_CERTIFICATE, TlsEvent.SUITE}


async def test_openssl_as_the_server(authority: Any, tmp_path: Path) -> None:
    pem = authority.issue().save(tmp_path / "server.pem")
    for options, works in (
        (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"], True),
        (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA"], False),
    ):
        command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", pem, "-key", pem, "-www", *options]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            line = b""
            while not line.startswith(b"ACCEPT 127"):
                line = await asyncio.wait_for(process.stdout.readline(), 20.0)
            port = int(line.rsplit(b":", 1)[1])
            if works:
                reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client_context([authority.certificate]))
                writer.write(b"GET / HTTP/1.0\r\n\r\n")
                assert b"ECDHE-ECDSA-AES256-GCM-SHA384" in await reader.read()
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
            else:
                assert (await refusal(port, client_context([authority.certificate]))).event is TlsEvent.SUITE
        finally:
            process.kill()
            await process.communicate()


def test_an_error_that_is_none_of_tls_means_nothing() -> None:
    assert tls_refusal(ConnectionRefusedError()) is None


def test_what_a_library_has_wrapped_is_found() -> None:
    wrapped = OSError("it failed")
    wrapped.__cause__ = ssl.SSLCertVerificationError("x")
    assert tls_refusal(wrapped).event is TlsEvent.SERVER_CERTIFICATE
