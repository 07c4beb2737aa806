"""A host that answers HTTP, in process."""

from __future__ import annotations

import asyncio

from cc613hal.bus.http import HttpAdapter, HttpRequest, HttpResponse
from cc613hal.bus.sim.chips import HttpService
from cc613hal.bus.sim.faults import Faults
from cc613hal.errors import BusClosed, BusMissing, BusTimeout, ConfigError, FrameError

__all__ = ["HttpHost", "SimulatedHttp"]


class HttpHost:
    """An emulated host: a part that answers, or nobody yet.

    Args:
        name: the bus, for errors.
    """

    def __init__(self, name: str = "http") -> None:
        self.name = name
        self.faults = Faults()
        self._services: list[HttpService] = []

    def join(self, service: HttpService) -> None:
        """Put a part on this host; several share it by their paths.

        Raises:
            ConfigError: this very part is there already.
        """
        if service in self._services:
            raise ConfigError("the same part twice on one host", device=self.name)
        self._services.append(service)

    def answer(self, request: HttpRequest) -> HttpResponse:
        """What the first part says that knows the path; 404 if none does.

        Raises:
            BusMissing: there is no part.
        """
        if not self._services:
            raise BusMissing("nobody listens there", device=self.name, hint="check address and port", transient=True)
        for service in self._services:
            response = service.handle(request)
            if response.status != 404 or service is self._services[-1]:
                return response
        return HttpResponse(status=404)


class SimulatedHttp(HttpAdapter):
    """The connection to an emulated host.

    Args:
        host: the host.
    """

    def __init__(self, host: HttpHost) -> None:
        self._host = host
        self._closed = False

    async def request(self, request: HttpRequest, timeout_s: float) -> HttpResponse:
        """The part's answer, late, damaged or lost as the faults say."""
        host, faults = self._host, self._host.faults
        if self._closed or not faults.plugged:
            raise BusClosed(f"{host.name} is {'closed' if self._closed else 'unplugged'}", device=host.name)
        if not faults.any:
            return host.answer(request)
        late_s = timeout_s if faults.loses() else faults.delay_s()
        response = host.answer(request)
        if late_s >= timeout_s:
            await asyncio.sleep(timeout_s)
            raise BusTimeout(
                f"{request.method} {request.target}: no whole answer within {timeout_s:g} s",
                device=host.name,
                hint="check power, network and address",
            )
        if late_s:
            await asyncio.sleep(late_s)
        if faults.crc or (faults.noise and faults.corrupts()):
            raise FrameError("what came is no HTTP: simulated noise", device=host.name)
        return response

    async def aclose(self) -> None:
        """Close the connection."""
        self._closed = True
