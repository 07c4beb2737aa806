"""UDP multicast on the system's sockets."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from cc613hal.bus.actor import BusActor
from cc613hal.bus.multicast import Datagram, MulticastAdapter
from cc613hal.bus.options import MulticastOptions
from cc613hal.errors import BusBusy, BusClosed, BusError, BusMissing
from cc613hal.events import Events, EventSource

__all__ = ["UdpMulticast"]


class UdpMulticast(MulticastAdapter, asyncio.DatagramProtocol):
    """A joined group. Use :meth:`open`.

    Args:
        actor: the group's owner.
        options: group, port and interface.
    """

    def __init__(self, actor: BusActor, options: MulticastOptions) -> None:
        self._actor = actor
        self._options = options
        self._datagrams: EventSource[Datagram] = EventSource(f"{actor.name} datagrams")
        self._losses: EventSource[BusError] = EventSource(f"{actor.name} losses")
        self._transport: asyncio.BaseTransport | None = None
        self._closed = False

    @classmethod
    async def open(cls, actor: BusActor, options: MulticastOptions) -> UdpMulticast:
        """Join the group.

        Raises:
            BusMissing: no such interface, or no route to the group.
            BusBusy: another program has the port for itself.
        """
        made = cls(actor, options)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_UDP)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # several programs may listen to one group
            sock.bind((options.group, options.port))  # to the group, not to every address: nothing else on this port concerns us
            member = struct.pack("4s4s", socket.inet_aton(options.group), socket.inet_aton(options.interface or "0.0.0.0"))  # noqa: S104  # the system's choice
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            await asyncio.get_running_loop().create_datagram_endpoint(lambda: made, sock=sock)
        except OSError as error:
            sock.close()
            where = f"joining {options.physical}"
            if error.errno == 98:  # EADDRINUSE
                raise BusBusy(f"{where}: another program has the port for itself", device=actor.name, hint="stop it") from error
            raise BusMissing(
                f"{where}: {error.strerror or error}",
                device=actor.name,
                hint="interface is the address of the network card the devices are on",
                transient=True,
            ) from error
        return made

    @property
    def datagrams(self) -> Events[Datagram]:
        """Every datagram of the group."""
        return self._datagrams

    @property
    def losses(self) -> Events[BusError]:
        """The socket failed."""
        return self._losses

    async def aclose(self) -> None:
        """Leave the group."""
        self._closed = True
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From now on datagrams come."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Record a datagram and hand it on."""
        stamp = self._actor.clock.stamp()
        self._actor.trace.record(stamp.monotonic_s, self._actor.name, str(addr[0]), "<", data)
        self._datagrams.publish(Datagram(data, str(addr[0]), stamp))

    def error_received(self, exc: Exception) -> None:
        """The socket complains; listening goes on."""
        self._actor.trace.record(self._actor.clock.monotonic_s(), self._actor.name, "", "!", b"", type(exc).__name__)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone; unless we closed it, that is a loss."""
        if not self._closed:
            self._losses.publish(BusClosed(f"the socket of {self._options.physical} is gone: {exc}", device=self._actor.name))
