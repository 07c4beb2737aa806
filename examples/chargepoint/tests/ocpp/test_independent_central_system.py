"""The whole program in a process of its own, in real time, against a central system that somebody else wrote (PyPI `ocpp`)."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action
from websockets.asyncio.server import ServerConnection, serve

from tests.ocpp.recording import Recording

PROGRAM = [sys.executable, "-m", "cc613_chargepoint"]
CARD = "04A2B3C4D5E680"


class CentralSystem(Recording, ChargePoint):
    """What the package calls a charge point is its end of the conversation."""

    @on(Action.boot_notification)
    def boot(self, **said: object) -> call_result.BootNotification:
        self.note("boot", said)
        return call_result.BootNotification(current_time=datetime.now(UTC).isoformat(), interval=60, status="Accepted")

    @on(Action.status_notification)
    def status(self, **said: object) -> call_result.StatusNotification:
        self.note("status", said)
        return call_result.StatusNotification()

    @on(Action.heartbeat)
    def heartbeat(self) -> call_result.Heartbeat:
        return call_result.Heartbeat(current_time=datetime.now(UTC).isoformat())

    @on(Action.authorize)
    def authorize(self, **said: object) -> call_result.Authorize:
        self.note("authorize", said)
        return call_result.Authorize(id_tag_info={"status": "Accepted"})

    @on(Action.start_transaction)
    def began(self, **said: object) -> call_result.StartTransaction:
        self.note("start", said)
        return call_result.StartTransaction(transaction_id=4711, id_tag_info={"status": "Accepted"})

    @on(Action.meter_values)
    def values(self, **said: object) -> call_result.MeterValues:
        self.note("values", said)
        return call_result.MeterValues()

    @on(Action.stop_transaction)
    def ended(self, **said: object) -> call_result.StopTransaction:
        self.note("stop", said)
        return call_result.StopTransaction()


@asynccontextmanager
async def central_system(tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, asyncio.Queue[CentralSystem]]]:
    met: asyncio.Queue[CentralSystem] = asyncio.Queue()

    async def meet(connection: ServerConnection) -> None:
        system = CentralSystem("CP1", connection)
        met.put_nowait(system)
        await system.start()

    async with serve(meet, "127.0.0.1", 0, subprotocols=["ocpp1.6"], ssl=tls) as server:
        yield server.sockets[0].getsockname()[1], met


async def program(*words: str) -> asyncio.subprocess.Process:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return await asyncio.create_subprocess_exec(
        *PROGRAM, *words, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )


async def done(*words: str) -> str:
    process = await program(*words)
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


async def test_a_charge_from_afar_against_a_central_system_that_somebody_else_wrote(tmp_path: Path) -> None:
    data = str(tmp_path)
    async with central_system() as (port, met):
        assignments = [f"ocpp.url=ws://127.0.0.1:{port}/steve", "ocpp.identity=CP1", "ocpp.sample_s=1", "ocpp.wire_log=on"]
        await done("config", "set", "--data", data, "authorization.mode=backend", *assignments)
        station = await program("run", "--sim", "--by-hand", "--data", data)
        try:
            async with asyncio.timeout(30.0):
                system = await met.get()
            boot = await system.until("boot")
            assert boot["charge_point_model"] == "bender.cc613"
            await system.until("status", connector_id=1, status="Available")
            assert "backend: connected, ocpp1.6, registered" in await done("status", "--data", data)
            await done("sim", "plug", "--data", data)
            await system.until("status", connector_id=1, status="Preparing")
            answer = await system.call(call.RemoteStartTransaction(id_tag=CARD, connector_id=1))
            assert answer.status == "Accepted"
            await system.until("authorize", id_tag=CARD)
            await system.until("start", id_tag=CARD, connector_id=1)
            await system.until("status", connector_id=1, status="Charging")
            values = await system.until("values", transaction_id=4711)
            assert values["meter_value"][0]["sampled_value"][0]["measurand"] == "Energy.Active.Import.Register"
            keys = await system.call(call.GetConfiguration())
            assert len(keys.configuration_key) > 20
            answer = await system.call(call.RemoteStopTransaction(transaction_id=4711))
            assert answer.status == "Accepted"
            ended = await system.until("stop", transaction_id=4711, reason="Remote")
            assert ended["meter_stop"] >= 0
            await system.until("status", connector_id=1, status="Finishing")
        finally:
            station.terminate()
            out, _ = await station.communicate()
        assert station.returncode == 0, out.decode()
        frames = [json.loads(line) for line in (tmp_path / "ocpp.log").read_text().splitlines()]
        assert {"sent", "received", "opened", "closed"} <= {each["way"] for each in frames}


def certificate(place: Path) -> tuple[ssl.SSLContext, Path]:
    """TLS for a central system on this machine, and the root that a station must trust."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (place / "server.pem").write_bytes(secret + pem)
    (place / "root.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "server.pem")
    return context, place / "root.pem"


async def test_the_same_over_real_tls_with_a_password(tmp_path: Path) -> None:
    data, (tls, root) = str(tmp_path / "data"), certificate(tmp_path)
    async with central_system(tls) as (port, met):
        assignments = [
            f"ocpp.url=wss://localhost:{port}/", "ocpp.identity=CP1", "ocpp.security_profile=2", "ocpp.password=0123456789abcdef",
            "ocpp.sample_s=0",
        ]  # fmt: skip
        await done("config", "set", "--data", data, "authorization.mode=backend", *assignments)
        await done("config", "set", "--role", "installer", "--data", data, f"ocpp.ca_file={root}")
        station = await program("run", "--sim", "--by-hand", "--data", data)
        try:
            async with asyncio.timeout(30.0):
                system = await met.get()
            await system.until("status", connector_id=1, status="Available")
            await done("sim", "plug", "--data", data)
            await system.until("status", connector_id=1, status="Preparing")
            answer = await system.call(call.RemoteStartTransaction(id_tag=CARD, connector_id=1))
            assert answer.status == "Accepted"
            await system.until("start", id_tag=CARD, connector_id=1)
            await system.call(call.Reset(type="Soft"))
            await system.until("stop", transaction_id=4711, reason="SoftReset")
            async with asyncio.timeout(30.0):
                again = await met.get()
            await again.until("boot")
        finally:
            station.terminate()
            out, _ = await station.communicate()
        assert station.returncode == 0, out.decode()
