"""The real link: TCP and TLS between two stations, over a proxy that can cut it, stall it, or let it hang half open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from attrs import define, field

from cc613_chargepoint.domain.events import ChargingEnded
from cc613_chargepoint.domain.fault import FaultName
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.pairing import PairingSettings
from cc613_chargepoint.pairing.identity import Identity
from cc613_chargepoint.pairing.messages import Stop
from cc613_chargepoint.pairing.wire import Talk, TlsWire, Wire, WireLost, tls_dial, tls_door
from cc613_chargepoint.simulated_pair import simulated_pair
from cc613hal.errors import ConfigError

HOST = "127.0.0.1"


@define
class Proxy:
    """Between slave and master. It delays, cuts and forgets; it never reorders and never changes a byte."""

    target: int
    flows: asyncio.Event = field(factory=asyncio.Event)
    refuses: bool = False
    writers: list[asyncio.StreamWriter] = field(factory=list)
    tasks: list[asyncio.Task[None]] = field(factory=list)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.transport.abort()
            return
        there_reader, there_writer = await asyncio.open_connection(HOST, self.target)
        self.writers += [writer, there_writer]
        self.tasks += [asyncio.create_task(self.carry(reader, there_writer)), asyncio.create_task(self.carry(there_reader, writer))]

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self.flows.wait()
                writer.write(data)
                await writer.drain()
            await self.flows.wait()
        writer.close()

    def cut(self) -> None:
        self.refuses = True
        for writer in self.writers:
            writer.transport.abort()
        self.writers = []

    def stall(self) -> None:
        self.flows.clear()

    def mend(self) -> None:
        self.refuses = False
        self.flows.set()


@asynccontextmanager
async def proxy(target: int) -> AsyncIterator[tuple[Proxy, int]]:
    made = Proxy(target)
    made.flows.set()
    server = await asyncio.start_server(made.meet, HOST, 0)
    try:
        yield made, int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        made.cut()
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)


@pytest.fixture
def identities(tmp_path: Path) -> tuple[Identity, Identity]:
    """Of master and slave, paired."""
    master, slave = Identity.of(tmp_path / "master"), Identity.of(tmp_path / "slave")
    master.trust(slave.certificate)
    slave.trust(master.certificate)
    return master, slave


@asynccontextmanager
async def listening(master: Identity) -> AsyncIterator[tuple[int, asyncio.Queue[Wire]]]:
    ports: list[int] = []
    wires: asyncio.Queue[Wire] = asyncio.Queue()

    async def serve(wire: Wire) -> None:
        wires.put_nowait(wire)
        await asyncio.Event().wait()

    async with tls_door(master, HOST, 0, told=ports.append)(serve):
        yield ports[0], wires


async def test_the_paired_slave_comes_in_and_lines_go_both_ways(identities: tuple[Identity, Identity]) -> None:
    async with listening(identities[0]) as (port, wires):
        here = await tls_dial(identities[1], HOST, port)()
        async with asyncio.timeout(20.0):
            there = await wires.get()
            here.send(b"hello\n")
            assert await there.receive() == b"hello\n"
            there.send(b"welcome\n")
            assert await here.receive() == b"welcome\n"
            await there.finish()
            with pytest.raises(WireLost):
                await here.receive()
        here.abort()
        with pytest.raises(WireLost):
            here.send(b"more\n")


async def test_nobody_else_gets_in(identities: tuple[Identity, Identity], tmp_path: Path) -> None:
    """Neither a controller with another certificate, nor one without, nor one that speaks an older TLS."""
    master, slave = identities
    stranger = Identity.of(tmp_path / "stranger")
    stranger.trust(master.certificate)
    async with listening(master) as (port, wires):
        wire = await tls_dial(stranger, HOST, port)()  # in TLS 1.3 the refusal comes with the first word
        with pytest.raises(WireLost):
            await wire.receive()
        wire.abort()
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        bare.check_hostname, bare.verify_mode = False, ssl.CERT_NONE
        reader, writer = await asyncio.open_connection(HOST, port, ssl=bare)
        with contextlib.suppress(OSError):
            assert await reader.read() == b""
        writer.close()
        old = slave.client()
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(OSError):
            await asyncio.open_connection(HOST, port, ssl=old)
        plain_reader, plain_writer = await asyncio.open_connection(HOST, port)
        plain_writer.write(b"GET / HTTP/1.0\r\n\r\n")
        with contextlib.suppress(OSError):
            await plain_reader.read()
        plain_writer.close()
        assert wires.empty()


async def test_the_slave_talks_to_no_other_master(identities: tuple[Identity, Identity], tmp_path: Path) -> None:
    stranger = Identity.of(tmp_path / "stranger")
    stranger.trust(identities[1].certificate)
    async with listening(stranger) as (port, wires):
        with pytest.raises(WireLost, match="is not the paired master"):
            await tls_dial(identities[1], HOST, port)()
        assert wires.empty()


async def test_a_master_that_is_not_there_is_said_so(identities: tuple[Identity, Identity]) -> None:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
    with pytest.raises(WireLost, match="does not answer"):
        await tls_dial(identities[1], HOST, port)()


async def test_a_taken_port_is_named(identities: tuple[Identity, Identity]) -> None:
    async with listening(identities[0]) as (port, _):
        with pytest.raises(ConfigError, match=r"pairing\.port"):
            async with tls_door(identities[0], HOST, port)(lambda _: asyncio.sleep(0)):
                pass


async def test_a_peer_that_reads_nothing_is_gone_and_nobody_waits_for_it(identities: tuple[Identity, Identity]) -> None:
    async with listening(identities[0]) as (port, wires):
        here = await tls_dial(identities[1], HOST, port)()
        there = await wires.get()
        assert isinstance(there, TlsWire)
        there._reader._limit = 1  # it stops reading from the socket

        async def talk_on() -> None:
            for _ in range(1000):
                here.send(b"x" * 100_000 + b"\n")
                await asyncio.sleep(0)

        with pytest.raises(WireLost, match="does not read"):
            await talk_on()
        here.abort()


async def test_a_line_without_an_end_ends_the_link(identities: tuple[Identity, Identity]) -> None:
    async with listening(identities[0]) as (port, wires):
        here = await tls_dial(identities[1], HOST, port)()
        there = await wires.get()
        here.send(b"x" * 600_000)
        with pytest.raises(WireLost):
            await there.receive()
        here.abort()


async def test_silence_ends_a_conversation(identities: tuple[Identity, Identity]) -> None:
    async with listening(identities[0]) as (port, _):
        talk = Talk(await tls_dial(identities[1], HOST, port)())
        talk.say(Stop(reason="x"))
        with pytest.raises(WireLost, match=r"nothing was heard for 0\.05 s"):
            await talk.hear(0.05)
        talk.end()


@pytest.mark.timeout(120)
async def test_two_stations_over_tls_lose_the_link_and_bill_once(tmp_path: Path, identities: tuple[Identity, Identity]) -> None:
    """Real time, real sockets: charge, stall until the slave is at its safe current, unplug unheard, mend: one bill with all the energy."""
    pairing = PairingSettings(supply_a=32.0, safe_a=6.0, lease_s=2.0)
    ports: list[int] = []

    async with AsyncExitProxy() as between:

        async def dial() -> Wire:
            if not ports:
                raise WireLost("the master is not there yet")
            return await tls_dial(identities[1], HOST, await between.towards(ports[0]))()

        door = tls_door(identities[0], HOST, 0, told=ports.append)
        async with simulated_pair(tmp_path, pairing, door=door, dial=dial, settle_s=0.5) as pair:
            remote = pair.master.station.connectors[2]
            await pair.until(lambda: remote.state is State.AVAILABLE, 60.0)
            pair.slave.plug()
            await pair.until(lambda: remote.state is State.CONNECTED, 60.0)
            await pair.master.tap(rest_s=0.1)
            await pair.until(lambda: remote.state is State.CHARGING, 60.0)
            await pair.until(lambda: pair.slave.station.limits.effective().current_a == 32.0, 60.0)
            assert between.made is not None
            between.made.stall()
            await pair.until(lambda: pair.slave.station.limits.effective().current_a == 6.0, 60.0)
            await pair.until(lambda: any(each.name is FaultName.SLAVE_UNREACHABLE for each in remote.faults), 60.0)
            pair.slave.unplug(force=True)
            await pair.until(lambda: pair.slave.state is State.AVAILABLE, 60.0)
            between.made.cut()
            between.made.mend()
            await pair.until(lambda: remote.state is State.AVAILABLE, 60.0)
            await pair.until(lambda: bool(pair.master.of(ChargingEnded)), 60.0)
            await pair.sleep(1.0)
            (at_master,), (at_slave,) = [await store.read(lambda tx: tx.sessions.recent()) for store in pair.stores]
            assert (at_master.uid, at_master.energy_wh) == (at_slave.uid, at_slave.energy_wh)
            assert len(pair.master.of(ChargingEnded)) == 1
            assert await pair.stores[1].read(lambda tx: tx.outbox.count()) == 0


class AsyncExitProxy(contextlib.AsyncExitStack):
    """A proxy that is made when the port behind it is known."""

    made: Proxy | None = None
    port = 0

    async def towards(self, target: int) -> int:
        if self.made is None:
            self.made, self.port = await self.enter_async_context(proxy(target))
        return self.port
