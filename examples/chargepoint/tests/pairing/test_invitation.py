"""Pairing over a real socket: with the code, without it, and with somebody in between."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cc613_chargepoint.pairing.code import PairingCode
from cc613_chargepoint.pairing.identity import Identity
from cc613_chargepoint.pairing.invitation import PairingFailed, Terms, accept_invitation, invite
from cc613hal.errors import ConfigError

TERMS = Terms(port=4613, connector=2)
HOST = "127.0.0.1"


@asynccontextmanager
async def invitation(master: Identity, within_s: float = 30.0) -> AsyncIterator[tuple[PairingCode, int, asyncio.Task[None]]]:
    """A master that waits: its code, its port, and its end."""
    shown: asyncio.Future[tuple[PairingCode, int]] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(
        invite(master, TERMS, lambda code, port: shown.set_result((code, port)), address=HOST, port=0, within_s=within_s)
    )
    try:
        async with asyncio.timeout(20.0):
            code, port = await shown
        yield code, port, waiting
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


@pytest.fixture
def master(tmp_path: Path) -> Identity:
    return Identity.of(tmp_path / "master")


@pytest.fixture
def slave(tmp_path: Path) -> Identity:
    return Identity.of(tmp_path / "slave")


async def test_with_the_code_both_trust_each_other_and_keys_stay(master: Identity, slave: Identity) -> None:
    keys = master.key_file.read_bytes(), slave.key_file.read_bytes()
    async with invitation(master) as (code, port, waiting):
        assert await accept_invitation(slave, HOST, code, port=port) == TERMS
        await waiting
    assert master.peer == slave.certificate
    assert slave.peer == master.certificate
    assert (master.key_file.read_bytes(), slave.key_file.read_bytes()) == keys
    everything = b"".join(path.read_bytes() for place in (master.place, slave.place) for path in place.iterdir() if path.name != "key.pem")
    assert b"PRIVATE" not in everything


async def test_a_code_counts_once(master: Identity, slave: Identity, tmp_path: Path) -> None:
    async with invitation(master) as (code, port, waiting):
        await accept_invitation(slave, HOST, code, port=port)
        await waiting
        with pytest.raises(PairingFailed):
            await accept_invitation(Identity.of(tmp_path / "late"), HOST, code, port=port)
    assert master.peer == slave.certificate


async def test_a_wrong_secret_is_told_so_and_three_of_them_end_the_invitation(master: Identity, slave: Identity) -> None:
    async with invitation(master) as (code, port, waiting):
        wrong = PairingCode(code.master, bytes(7))
        for _ in range(3):
            with pytest.raises(PairingFailed, match="does not count"):
                await accept_invitation(slave, HOST, wrong, port=port)
        with pytest.raises(PairingFailed, match="three others"):
            await waiting
    assert master.peer is None
    assert slave.peer is None


async def test_who_stands_in_between_learns_nothing(master: Identity, slave: Identity, tmp_path: Path) -> None:
    """The slave knows the master's certificate from the code, and says no secret to any other."""
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    stranger = Identity.of(tmp_path / "stranger")

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.read())
        writer.close()

    server = await asyncio.start_server(meet, HOST, 0, ssl=stranger.alone())
    async with server:
        code = PairingCode.fresh(master.certificate)
        with pytest.raises(PairingFailed, match="did not make this code"):
            await accept_invitation(slave, HOST, code, port=server.sockets[0].getsockname()[1])
        async with asyncio.timeout(20.0):
            assert await heard == b""
    assert slave.peer is None


@pytest.mark.parametrize("raw", [b"", b"nonsense\n", b"[]\n", b'{"secret": 5}\n', b"x" * 40_000])
async def test_nonsense_does_not_disturb_an_invitation(master: Identity, slave: Identity, raw: bytes) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with invitation(master) as (code, port, waiting):
        _, writer = await asyncio.open_connection(HOST, port, ssl=context)
        writer.write(raw)
        writer.write_eof() if writer.can_write_eof() else None
        writer.close()
        await accept_invitation(slave, HOST, code, port=port)
        await waiting
    assert master.peer == slave.certificate


async def test_the_secret_without_a_certificate_pairs_nobody(master: Identity) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    async with invitation(master) as (code, port, waiting):
        reader, writer = await asyncio.open_connection(HOST, port, ssl=context)
        writer.write(json.dumps({"secret": code.secret.hex(), "certificate": "none"}).encode() + b"\n")
        assert await reader.read() == b""
        writer.close()
        assert not waiting.done()
    assert master.peer is None


async def test_an_invitation_ends_with_its_time(master: Identity) -> None:
    async with invitation(master, within_s=0.05) as (_, _, waiting):
        with pytest.raises(PairingFailed, match="no slave came"):
            await waiting


async def test_where_nobody_waits_the_slave_is_told_what_to_do(slave: Identity, master: Identity, unused_port: int) -> None:
    with pytest.raises(PairingFailed, match="pair master"):
        await accept_invitation(slave, HOST, PairingCode.fresh(master.certificate), port=unused_port)


async def test_a_taken_port_is_named(master: Identity) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), HOST, 0)
    async with server:
        with pytest.raises(ConfigError, match="cannot be used"):
            await invite(master, TERMS, lambda _code, _port: None, address=HOST, port=server.sockets[0].getsockname()[1], within_s=1.0)


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
