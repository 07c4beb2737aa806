"""Device nodes that come and go: the kernel's and udev's messages say when to look, and a slow look catches what they do not say.

A message is only a reason to look whether the node is there; so nothing has to be believed, and the order of messages does not matter.
Both groups of the socket are heard: the kernel's (a node went or came) and udev's (its links exist and the user may open it). In a
container of its own network the socket is silent, and where it is forbidden there is none; then the slow look does all of it.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from cc613hal.bus.hotplug import PlugChanged, Uevent, parse_uevent
from cc613hal.bus.linux.nodes import device_node
from cc613hal.bus.options import BusOptions, I2cOptions, ModbusRtuOptions, SerialOptions
from cc613hal.errors import HalError
from cc613hal.events import Subscription

__all__ = ["NodeWatch", "uevent_socket", "watch_nodes", "watched_nodes"]

_KERNEL_GROUP, _UDEV_GROUP = 1, 2
"""Multicast groups of NETLINK_KOBJECT_UEVENT (systemd ``MONITOR_GROUP_KERNEL``, ``MONITOR_GROUP_UDEV``)."""
_NETLINK_KOBJECT_UEVENT = 15
"""Linux ``include/uapi/linux/netlink.h``."""
_MOST_BYTES = 64 * 1024
_LOOK_S = 1.0
_log = logging.getLogger(__name__)

NodeOf = Callable[[], str]
"""Finds the device node of a bus; raises a :class:`HalError` if there is none."""
_Identity = tuple[str, int, int, int]


def uevent_socket() -> socket.socket:
    """The socket on which the kernel and udev tell what happens to devices. Only root may send on it.

    Raises:
        OSError: not allowed, or no such thing here.
    """
    heard = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, _NETLINK_KOBJECT_UEVENT)
    try:
        heard.bind((0, _KERNEL_GROUP | _UDEV_GROUP))
    except OSError:
        heard.close()
        raise
    return heard


def watched_nodes(buses: Mapping[str, BusOptions]) -> dict[str, NodeOf]:
    """How to find the node of each bus that can be plugged: serial lines, Modbus RTU, I2C."""
    nodes: dict[str, NodeOf] = {}
    for name, options in buses.items():
        if isinstance(options, SerialOptions | ModbusRtuOptions):
            nodes[name] = _finder(options.path, "tty", name)
        elif isinstance(options, I2cOptions):
            nodes[name] = _finder(options.path, "i2c-dev", name)
    return nodes


def watch_nodes(nodes: Mapping[str, NodeOf], changed: PlugChanged) -> Subscription:
    """Watch device nodes; see :meth:`cc613hal.bus.hotplug.HotPlug.watch`."""
    try:
        heard: socket.socket | None = uevent_socket() if nodes else None
    except OSError as error:
        heard = None
        _log.info("the kernel's messages about devices cannot be heard (%s); nodes are looked at every %g s", error.strerror, _LOOK_S)
    watch = NodeWatch(nodes, changed, heard)
    watch.start()
    return Subscription(watch.close)


class NodeWatch:
    """Tells when device nodes come and go.

    Args:
        nodes: how to find the node of each bus.
        changed: is told.
        heard: a socket with uevents, read and closed here; ``None`` for the slow look alone.
        look_s: time between slow looks, s.
    """

    def __init__(
        self, nodes: Mapping[str, NodeOf], changed: PlugChanged, heard: socket.socket | None = None, *, look_s: float = _LOOK_S
    ) -> None:
        self._nodes = dict(nodes)
        self._changed = changed
        self._heard = heard
        self._look_s = look_s
        self._seen: dict[str, _Identity | None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin on the running loop; what is there now is no news."""
        self._seen = {name: _identity(node) for name, node in self._nodes.items()}
        if not self._nodes:
            return
        if self._heard is not None:
            asyncio.get_running_loop().add_reader(self._heard.fileno(), self._readable)
        self._later()

    def close(self) -> None:
        """Stop."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._heard is not None:
            asyncio.get_running_loop().remove_reader(self._heard.fileno())
            self._heard.close()
            self._heard = None

    def _later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._look_s, self._slow_look)

    def _slow_look(self) -> None:
        self._look(frozenset())
        self._later()

    def _readable(self) -> None:
        """Take every message that has arrived, and look once."""
        events: list[Uevent] = []
        while self._heard is not None:
            try:
                event = parse_uevent(self._heard.recv(_MOST_BYTES))
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # that one says: messages were lost, and looking makes up for them
                    self._deaf(error)
                break
            if event is not None:
                events.append(event)
        self._look(frozenset(event.node for event in events if event.node and event.action != "remove"))

    def _deaf(self, error: OSError) -> None:
        assert self._heard is not None
        _log.warning("the kernel's messages about devices ended (%s); nodes are looked at every %g s", error.strerror, self._look_s)
        asyncio.get_running_loop().remove_reader(self._heard.fileno())
        self._heard.close()
        self._heard = None

    def _look(self, told: frozenset[str]) -> None:
        """Compare what is there with what was.

        Args:
            told: nodes of which something was said; one that has been there before may now be openable.
        """
        for name, node in self._nodes.items():
            before, now = self._seen[name], _identity(node)
            self._seen[name] = now
            if before is not None and before != now:
                self._changed(name, False)
            if now is not None and (before != now or now[0].removeprefix("/dev/") in told):
                self._changed(name, True)


def _finder(path: str, subsystem: str, bus: str) -> NodeOf:
    return lambda: device_node(path, subsystem, device=bus)


def _identity(node: NodeOf) -> _Identity | None:
    """What distinguishes this node from one that takes its name later: devtmpfs gives every new node a new inode."""
    try:
        real = Path(node()).resolve()
        status = real.stat()
    except (HalError, OSError):
        return None
    return str(real), status.st_dev, status.st_ino, status.st_rdev
