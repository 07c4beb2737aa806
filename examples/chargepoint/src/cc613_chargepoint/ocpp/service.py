"""The backend connection of a station, as its settings describe it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from cc613_chargepoint.facade import Facade
from cc613_chargepoint.maintenance import DiagnosticsArchive, FirmwareDirectory, RecentLog
from cc613_chargepoint.ocpp.engine.asked.upkeep import Tools
from cc613_chargepoint.ocpp.engine.engine import Connect, Engine, Identity, Versions
from cc613_chargepoint.ocpp.engine.trust.network_profiles import NetworkProfile
from cc613_chargepoint.ocpp.engine.trust.security import Security, endpoint
from cc613_chargepoint.ocpp.files import Bounds, FileTransfers, FirstUse, Trust
from cc613_chargepoint.ocpp.rpc import BackendWire
from cc613_chargepoint.ocpp.rpc.backoff import Backoff
from cc613_chargepoint.ocpp.rpc.connection import Endpoint, connected
from cc613_chargepoint.ocpp.rpc.wire_log import WireLog
from cc613_chargepoint.ocpp.v16 import V16
from cc613_chargepoint.ocpp.v201 import V201
from cc613_chargepoint.settings import TABLE, Settings, ocpp
from cc613_chargepoint.store import Store
from cc613hal.clock import Clock
from cc613hal.errors import ConfigError

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.soap import SoapEndpoint

__all__ = ["VERSIONS", "WIRE_LOG", "backend_of", "conversing", "tools_of"]

_log = logging.getLogger(__name__)
MEND_S = 10.0
"""Pause before a conversation that a defect has ended begins anew, s."""

VERSIONS: Versions = {"ocpp1.6": V16, "ocpp2.0.1": V201}
"""Sub-protocol → version."""
WIRE_LOG = "ocpp.log"
"""The wire log's name in a data directory."""


def backend_of(
    settings: Settings,
    store: Store,
    clock: Clock,
    *,
    board: str,
    data: Path | None = None,
    unix_socket: str | None = None,
    backoff: Backoff | None = None,
    tools: Tools | None = None,
) -> Engine | None:
    """The engine that the settings ask for; ``None`` without an address.

    Args:
        settings: the station's.
        store: the station's.
        clock: the station's clock.
        board: name of the board, which is the model where none is set.
        data: where the wire log goes.
        unix_socket: connect there instead of to the host of the address (a local proxy, tests).
        backoff: pauses between attempts to connect.
        tools: for firmware and logs.
    """
    if not settings.get(ocpp.URL):
        return None
    log = WireLog(data / WIRE_LOG, wall=clock.wall) if data is not None and settings.get(ocpp.WIRE_LOG) else None
    identity = Identity(
        vendor=settings.get(ocpp.VENDOR),
        model=settings.get(ocpp.MODEL) or board,
        serial=settings.get(ocpp.SERIAL),
        firmware=version("cc613-chargepoint"),
    )

    security = Security(_place(data), settings, clock, serial=identity.serial)

    names = settings.get(ocpp.VERSIONS)
    if ocpp.speaks_soap(settings.get(ocpp.URL)):
        names = tuple(sorted(names))  # whose words go over SOAP comes first
    offered: Versions = {f"ocpp{name}": VERSIONS[f"ocpp{name}"] for name in names}

    def where(profile: NetworkProfile) -> Endpoint:
        found = endpoint(settings, tuple(offered), security, profile, serial=identity.serial)
        return found if unix_socket is None else evolve(found, unix_socket=unix_socket)

    return Engine(
        store,
        settings,
        clock,
        identity=identity,
        versions=offered,
        endpoint=where,
        log=log,
        backoff=backoff,
        security=security,
        tools=tools,
        connect=_connecting(settings, security),
    )


def _connecting(settings: Settings, security: Security) -> Connect:
    """Connects as the address says: a backend reached over a WebSocket may have named another one, or the other way round."""

    def connect(where: Endpoint, log: WireLog | None) -> contextlib.AbstractAsyncContextManager[BackendWire]:
        if not ocpp.speaks_soap(where.url):
            return connected(where, log)
        from cc613_chargepoint.ocpp.soap import soap_connected  # noqa: PLC0415 - a station that speaks JSON loads nothing of SOAP

        return soap_connected(_over_soap(settings, where, security), log)

    return connect


def _over_soap(settings: Settings, where: Endpoint, security: Security) -> SoapEndpoint:
    """Both ends of a conversation over SOAP.

    Raises:
        ConfigError: the station has no identity, or no certificate to listen with.
    """
    from cc613_chargepoint.ocpp.soap import Listening, SoapEndpoint, Spoken  # noqa: PLC0415 - see above

    if not where.identity:
        raise ConfigError("the station has no identity", hint="set ocpp.identity")
    password = settings.get(ocpp.SOAP_PASSWORD)
    return SoapEndpoint(
        url=where.url,
        identity=where.identity,
        spoken=Spoken.V15 if settings.get(ocpp.SOAP_VERSION) == "1.5" else Spoken.V16,
        password=where.password,
        tls=where.tls,
        listening=Listening(
            host=settings.get(ocpp.SOAP_HOST),
            port=settings.get(ocpp.SOAP_PORT),
            tls=security.listening_tls() if settings.get(ocpp.SOAP_TLS) else None,
            user=where.identity if password else "",
            password=password.encode(),
        ),
        compress=settings.get(ocpp.SOAP_COMPRESS),
        callback=settings.get(ocpp.SOAP_CALLBACK_URL),
        timeout_s=float(settings.get(ocpp.MESSAGE_TIMEOUT_S)),
    )


def _place(data: Path | None) -> Path:
    return (Path() if data is None else data) / "certificates"


def tools_of(settings: Settings, clock: Clock, data: Path, *, pages: Mapping[str, Callable[[], Awaitable[str]]], log: RecentLog) -> Tools:
    """What a station with a data directory uses for firmware and logs.

    Args:
        settings: the station's.
        clock: the station's clock.
        data: its data directory.
        pages: of the diagnostics, by name.
        log: the recent log.
    """
    serial = settings.get(ocpp.SERIAL) or settings.get(ocpp.IDENTITY)
    security = Security(_place(data), settings, clock, serial=serial)

    def secrets() -> list[str]:
        values = settings.plain()
        return [str(values[key]) for key, each in TABLE.items() if each.secret and values[key]]

    return Tools(
        files=FileTransfers(
            Trust(tls=lambda: security.tls(profile=2), host_keys=FirstUse(data / "ssh_hosts.json")),
            Bounds.beside(settings.get(ocpp.URL)),
            clock,
        ),
        firmware=FirmwareDirectory(data / "firmware", clock=clock),
        diagnostics=DiagnosticsArchive(serial or "station", pages, log, secrets, clock=clock),
        place=data / "diagnostics",
    )


@contextlib.asynccontextmanager
async def conversing(engine: Engine, facade: Facade) -> AsyncIterator[None]:
    """Converse with the backend while the context lasts. A defect in here costs the conversation a pause, and charging nothing."""
    task = asyncio.create_task(_converse(engine, facade), name="backend")
    await engine.listening.wait()  # nothing that the station tells from its first moment on may be missed
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _converse(engine: Engine, facade: Facade) -> None:
    while True:
        try:
            await engine.run(facade)
        except Exception:  # noqa: BLE001 - whatever it is, it is logged with its traceback and the station goes on
            _log.exception("the conversation with the backend broke down and begins anew in %g s", MEND_S)
        await asyncio.sleep(MEND_S)
