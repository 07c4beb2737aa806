"""Emulated hosts and groups in process: faults, absence, sharing, and playing recordings back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from cc613hal.bus.actor import BreakerPolicy, BusActor
from cc613hal.bus.http import HttpAdapter, HttpPort, HttpRequest, HttpResponse
from cc613hal.bus.multicast import Datagram, MulticastAdapter
from cc613hal.bus.options import HttpOptions, MulticastOptions
from cc613hal.bus.replay.recording import Recording
from cc613hal.bus.replay.replay import ReplayBuses
from cc613hal.bus.replay.script import ReplayMismatchError
from cc613hal.bus.replay.tap import RecordingBuses
from cc613hal.bus.sim.chips import HttpService, MulticastSender
from cc613hal.bus.sim.factory import SimulatedBuses
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusClosed, BusError, BusMissing, BusTimeout, ConfigError, DeviceRefused, FrameError

HTTP = HttpOptions(host="meter")
GROUP = MulticastOptions(group="239.12.255.254", port=9522)


class One(HttpService):
    def __init__(self, path: str) -> None:
        self.path = path

    def handle(self, request: HttpRequest) -> HttpResponse:
        if request.target != self.path:
            return HttpResponse(status=404)
        return HttpResponse(status=200, body=b'{"me": "%s"}' % self.path.encode())


class Ticker(MulticastSender):
    send: Callable[[bytes], None]

    def attach(self, send: Callable[[bytes], None]) -> None:
        self.send = send


def actor(name: str) -> BusActor:
    return BusActor(name, Clock(), breaker=BreakerPolicy(failures=0))


async def open_http(buses: SimulatedBuses) -> HttpPort:
    owner = actor("web")
    adapter = await buses.open("web", HTTP, owner)
    assert isinstance(adapter, HttpAdapter)
    return HttpPort(owner, adapter, timeout_s=2.0)


def test_parts_share_a_host_by_their_paths() -> None:
    async def play() -> None:
        buses = SimulatedBuses()
        port = await open_http(buses)
        with pytest.raises(BusMissing, match="nobody listens"):
            await port.json("GET", "/a")
        first = One("/a")
        buses.http("web").join(first)
        buses.http("web").join(One("/b"))
        with pytest.raises(ConfigError, match="twice"):
            buses.http("web").join(first)
        assert await port.json("GET", "/a") == {"me": "/a"}
        assert await port.json("GET", "/b") == {"me": "/b"}
        with pytest.raises(DeviceRefused):
            await port.json("GET", "/c")

    run_virtual(play())


def test_faults_of_a_host_are_the_errors_of_a_real_one() -> None:
    async def play() -> None:
        buses = SimulatedBuses()
        port = await open_http(buses)
        buses.http("web").join(One("/a"))
        faults = buses.faults("web")
        faults.silence = True
        began_s = Clock().monotonic_s()
        with pytest.raises(BusTimeout):
            await port.json("GET", "/a")
        assert Clock().monotonic_s() - began_s == pytest.approx(2.0)
        faults.clear()
        faults.late_s = 1.5
        assert await port.json("GET", "/a")
        faults.late_s = 2.5
        with pytest.raises(BusTimeout):
            await port.json("GET", "/a")
        faults.clear()
        faults.noise = 1.0
        with pytest.raises(FrameError):
            await port.json("GET", "/a")
        faults.clear()
        faults.unplug()
        with pytest.raises(BusClosed):
            await port.json("GET", "/a")
        with pytest.raises(BusClosed):
            await buses.open("web", HTTP, actor("web"))

    run_virtual(play())


def test_everybody_in_a_group_is_heard_with_an_address_until_the_cable_is_pulled() -> None:
    async def play() -> None:
        buses = SimulatedBuses()
        adapter = await buses.open("group", GROUP, actor("group"))
        assert isinstance(adapter, MulticastAdapter)
        found: list[Datagram] = []
        losses: list[BusError] = []
        adapter.datagrams.on(found.append)
        adapter.losses.on(losses.append)
        one, other = Ticker(), Ticker()
        buses.multicast("group").join(one)
        buses.multicast("group").join(other)
        one.send(b"1")
        other.send(b"2")
        assert [(item.sender, item.data) for item in found] == [("192.0.2.1", b"1"), ("192.0.2.2", b"2")]
        buses.faults("group").silence = True
        one.send(b"lost")
        buses.faults("group").clear()
        buses.faults("group").late_s = 0.5
        one.send(b"late")
        assert len(found) == 2
        await asyncio.sleep(0.6)
        assert found[-1].data == b"late"
        buses.faults("group").clear()
        buses.faults("group").unplug()
        one.send(b"nobody")
        assert len(found) == 3
        assert [error.kind for error in losses] == ["bus-closed"]

    run_virtual(play())


def test_what_was_recorded_plays_back(tmp_path: Path) -> None:
    file = tmp_path / "recording.txt"

    async def record() -> None:
        recording = Recording(file)
        buses = SimulatedBuses()
        tapped = RecordingBuses(buses, recording)
        buses.http("web").join(One("/a"))
        ticker = Ticker()
        buses.multicast("group").join(ticker)
        owner = actor("web")
        web = await tapped.open("web", HTTP, owner)
        assert isinstance(web, HttpAdapter)
        port = HttpPort(owner, web, timeout_s=1.0)
        group = await tapped.open("group", GROUP, actor("group"))
        await port.json("GET", "/a")
        with pytest.raises(DeviceRefused):
            await port.json("PUT", "/b", {"x": 1})
        buses.faults("web").silence = True
        with pytest.raises(BusTimeout):
            await port.json("GET", "/a")
        ticker.send(b"one")
        await asyncio.sleep(1.0)
        ticker.send(b"two")
        await group.aclose()
        recording.close()

    run_virtual(record())

    async def play() -> None:
        async with ReplayBuses.from_file(file) as buses:
            owner = actor("web")
            web = await buses.open("web", HTTP, owner)
            assert isinstance(web, HttpAdapter)
            port = HttpPort(owner, web, timeout_s=1.0)
            assert await port.json("GET", "/a") == {"me": "/a"}
            with pytest.raises(DeviceRefused) as refused:
                await port.json("PUT", "/b", {"x": 1})
            assert refused.value.code == 404
            with pytest.raises(BusTimeout):
                await port.json("GET", "/a")
            group = await buses.open("group", GROUP, actor("group"))
            assert isinstance(group, MulticastAdapter)
            found: list[Datagram] = []
            group.datagrams.on(found.append)
            await asyncio.sleep(1.5)
            assert [item.data for item in found] == [b"one"]
            await asyncio.sleep(1.0)
            assert [item.data for item in found] == [b"one", b"two"]
            await group.aclose()

    run_virtual(play())

    async def ask_something_else() -> None:
        buses = ReplayBuses.from_file(file)
        owner = actor("web")
        web = await buses.open("web", HTTP, owner)
        assert isinstance(web, HttpAdapter)
        with pytest.raises(ReplayMismatchError, match="GET /other"):
            await HttpPort(owner, web).json("GET", "/other")

    run_virtual(ask_something_else())
