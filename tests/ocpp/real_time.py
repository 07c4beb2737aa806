"""A station on the simulated board in real time, and a central system behind real TLS on a TCP port of this machine."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from websockets.asyncio.server import Server, serve

from cc613hal.board import load_board
from cc613hal.plant import Simulation
from tests.ocpp.authority import Authority
from tests.ocpp.bench import SETTINGS, Bench
from tests.ocpp.central import Central

IDENTITY, SECRET = "CP 1", "correct-horse-battery"
LOGIN = "Basic " + base64.b64encode(f"{IDENTITY}:{SECRET}".encode()).decode()


class TcpCentral(Central):
    """The central system of the cases, on a port of 127.0.0.1."""

    port = 0

    async def _listen(self, handler: Any, **how: Any) -> Server:
        server = await serve(handler, "127.0.0.1", self.port, **how)
        self.port = server.sockets[0].getsockname()[1]
        return server

    @property
    def socket_path(self) -> str | None:
        return None


async def live(
    story: Callable[[Any], Awaitable[None]],
    *,
    profile: int = 2,
    settings: dict[str, Any] | None = None,
    boot: bool = True,
    kind: type[Bench] = Bench,
    dialect: str = "v16",
) -> None:
    """Run a case as it would run in the field: the loop's own time, TCP, TLS with certificates that are checked.

    Args:
        story: the case.
        profile: security profile: 2 with a password, 3 with a certificate of the station's own.
        settings: of the station.
        boot: whether the station is up and idle when the story begins.
        kind: of the bench.
        dialect: the version: ``v16`` or ``v201``.
    """
    with tempfile.TemporaryDirectory(prefix="live-") as name:
        place, authority = Path(name), Authority()
        roots = place / "roots.pem"
        roots.write_text(authority.pem)
        central = TcpCentral(place / "none", dialect=dialect, password=LOGIN if profile == 2 else None)
        simulation = Simulation(load_board("bender.cc613"))
        await central.serve(authority.server(place, "127.0.0.1", clients=profile == 3))
        secret = {"ocpp.password": SECRET} if profile == 2 else {"ocpp.client_certificate": str(authority.file(place, "SN-1", client=True))}
        how = {
            "ocpp.url": f"wss://127.0.0.1:{central.port}/ocpp",
            "ocpp.identity": IDENTITY,
            "ocpp.security_profile": profile,
            "ocpp.ca_file": str(roots),
            **secret,
        }
        async with simulation:
            it = kind(central, simulation, place, {**SETTINGS, **how, **(settings or {})})
            try:
                async with it.alive(boot=boot):
                    await story(it)
            finally:
                assert central._server is not None
                central._server.close()
                await central._server.wait_closed()
        assert not central.mistakes, central.mistakes


def tls_of(it: Bench) -> Any:
    """What TLS agreed upon, as the central system sees it."""
    assert it.central.connection is not None
    return it.central.connection.transport.get_extra_info("ssl_object")
