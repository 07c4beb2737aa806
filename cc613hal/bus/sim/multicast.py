"""A UDP multicast group, in process, and its twin on a real socket of the loopback interface."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from cc613hal.bus.actor import BusActor
from cc613hal.bus.multicast import Datagram, MulticastAdapter
from cc613hal.bus.sim.chips import MulticastSender
from cc613hal.bus.sim.faults import Faults
from cc613hal.errors import BusClosed, BusError
from cc613hal.events import Events, EventSource

__all__ = ["LoopbackSender", "MulticastGroup", "SimulatedMulticast"]


class MulticastGroup:
    """The devices of a group, and everybody who listens to them.

    Args:
        name: the bus, for errors.
    """

    def __init__(self, name: str = "multicast") -> None:
        self.name = name
        self.faults = Faults()
        self._listeners: list[Callable[[bytes, str], None]] = []
        self._senders = 0

    def join(self, sender: MulticastSender) -> None:
        """Let a part send to the group; each gets an address of its own."""
        self._senders += 1
        address = f"192.0.2.{self._senders}"
        sender.attach(lambda data: self.send(data, address))

    def send(self, data: bytes, sender: str = "192.0.2.254") -> None:
        """A datagram to everybody who listens; lost, damaged or late as the faults say."""
        faults = self.faults
        if faults.any:
            if faults.loses():
                return
            data = faults.garble(data)
            delay_s = faults.delay_s()
            if delay_s:
                asyncio.get_running_loop().call_later(delay_s, self._deliver, data, sender)
                return
        self._deliver(data, sender)

    def listen(self, listener: Callable[[bytes, str], None]) -> Callable[[], None]:
        """Call ``listener`` with every datagram and its sender; returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def _deliver(self, data: bytes, sender: str) -> None:
        for listener in tuple(self._listeners):
            listener(data, sender)


class SimulatedMulticast(MulticastAdapter):
    """A joined group.

    Args:
        group: the group.
        actor: its owner.
    """

    def __init__(self, group: MulticastGroup, actor: BusActor) -> None:
        self._group = group
        self._actor = actor
        self._datagrams: EventSource[Datagram] = EventSource(f"{group.name} datagrams")
        self._losses: EventSource[BusError] = EventSource(f"{group.name} losses")
        self._leave = group.listen(self._heard)
        self._closed = False
        group.faults.on_plug(self._plugged)

    @property
    def datagrams(self) -> Events[Datagram]:
        """Every datagram of the group."""
        return self._datagrams

    @property
    def losses(self) -> Events[BusError]:
        """The cable was pulled."""
        return self._losses

    async def aclose(self) -> None:
        """Leave the group."""
        self._closed = True
        self._leave()

    def _heard(self, data: bytes, sender: str) -> None:
        stamp = self._actor.clock.stamp()
        self._actor.trace.record(stamp.monotonic_s, self._actor.name, sender, "<", data)
        self._datagrams.publish(Datagram(data, sender, stamp))

    def _plugged(self, plugged: bool) -> None:
        if not plugged and not self._closed:
            self._leave()
            self._losses.publish(BusClosed(f"{self._group.name} is unplugged", device=self._group.name))


class LoopbackSender:
    """Sends what a group's parts say to the real group as well, on the loopback interface only.

    Args:
        group: the emulated group.
        address: the real group's address.
        port: its port.
        interface: address of the network card to send from.
    """

    def __init__(self, group: MulticastGroup, address: str, port: int, interface: str = "127.0.0.1") -> None:
        self._to = (address, port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        self._leave = group.listen(lambda data, _: self._send(data))

    def _send(self, data: bytes) -> None:
        self._socket.sendto(data, self._to)

    def close(self) -> None:
        """Stop sending."""
        self._leave()
        self._socket.close()
