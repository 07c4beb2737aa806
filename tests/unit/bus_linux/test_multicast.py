"""Real UDP multicast on the loopback interface."""

from __future__ import annotations

import asyncio
import socket

import pytest

from cc613hal.bus.actor import BusActor
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.bus.linux.multicast_udp import UdpMulticast
from cc613hal.bus.multicast import Datagram
from cc613hal.bus.options import MulticastOptions
from cc613hal.bus.sim.multicast import LoopbackSender, MulticastGroup
from cc613hal.clock import Clock
from cc613hal.errors import BusError, BusMissing

GROUP = "239.12.255.254"


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def heard(adapter: UdpMulticast, *, count: int) -> list[Datagram]:
    found: list[Datagram] = []
    with adapter.datagrams.stream() as stream:
        async with asyncio.timeout(5.0):
            async for datagram in stream:
                found.append(datagram)
                if len(found) == count:
                    break
    return found


async def test_datagrams_of_the_group_arrive_at_every_listener() -> None:
    port = free_port()
    options = MulticastOptions(group=GROUP, port=port, interface="127.0.0.1")
    one, other = BusActor("one", Clock()), BusActor("other", Clock())
    first, second = [await LinuxBuses().open(actor.name, options, actor) for actor in (one, other)]
    assert isinstance(first, UdpMulticast)
    assert isinstance(second, UdpMulticast)
    group = MulticastGroup()
    sender = LoopbackSender(group, GROUP, port)
    try:
        asking = asyncio.gather(heard(first, count=2), heard(second, count=2))
        await asyncio.sleep(0)
        group.send(b"one")
        group.send(b"two")
        for found in await asking:
            assert [datagram.data for datagram in found] == [b"one", b"two"]
            assert found[0].sender == "127.0.0.1"
        assert [frame.data for frame in one.trace] == [b"one", b"two"]
    finally:
        sender.close()
        await first.aclose()
        await second.aclose()


async def test_after_closing_nothing_is_heard_and_no_loss_is_told() -> None:
    port = free_port()
    adapter = await UdpMulticast.open(BusActor("g", Clock()), MulticastOptions(group=GROUP, port=port, interface="127.0.0.1"))
    losses: list[BusError] = []
    adapter.losses.on(losses.append)
    found: list[Datagram] = []
    adapter.datagrams.on(found.append)
    await adapter.aclose()
    group = MulticastGroup()
    sender = LoopbackSender(group, GROUP, port)
    group.send(b"late")
    sender.close()
    await asyncio.sleep(0.02)
    assert (found, losses) == ([], [])


async def test_a_socket_that_dies_is_told() -> None:
    adapter = await UdpMulticast.open(BusActor("g", Clock()), MulticastOptions(group=GROUP, port=free_port(), interface="127.0.0.1"))
    losses: list[BusError] = []
    adapter.losses.on(losses.append)
    assert adapter._transport is not None
    adapter.error_received(OSError("network is down"))  # a complaint alone is no loss
    assert losses == []
    adapter._transport.close()
    await asyncio.sleep(0.01)
    assert [error.kind for error in losses] == ["bus-closed"]


async def test_an_interface_that_is_not_there_is_said() -> None:
    with pytest.raises(BusMissing, match=r"joining 239\.12\.255\.254:9522@192\.0\.2\.77") as missing:
        await UdpMulticast.open(BusActor("g", Clock()), MulticastOptions(group=GROUP, port=9522, interface="192.0.2.77"))
    assert "interface is the address" in (missing.value.hint or "")


@pytest.mark.parametrize(("group", "interface"), [("192.0.2.1", ""), ("", ""), ("239.1.2.3", "eth0"), ("nonsense", "")])
def test_addresses_that_make_no_sense_are_refused(group: str, interface: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        MulticastOptions(group=group, port=1, interface=interface)
