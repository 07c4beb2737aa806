"""Adapters that come and go: the messages, the nodes, and the boards that follow them, on real sockets and pseudo-terminals."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.board import open_board
from cc613hal.board.loader import parse_board
from cc613hal.bus.hotplug import Uevent, parse_uevent
from cc613hal.bus.linux import hotplug
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.bus.linux.hotplug import NodeWatch, uevent_socket, watched_nodes
from cc613hal.bus.linux.nodes import device_node, usb_adapters
from cc613hal.bus.options import I2cOptions, ModbusRtuOptions, ModbusTcpOptions, SerialOptions
from cc613hal.bus.sim.pty import PtyLine
from cc613hal.clock import run_virtual
from cc613hal.errors import BusBusy, BusMissing, ConfigError
from cc613hal.health import Health, HealthState
from cc613hal.interfaces import Identified, TemperatureSensor
from cc613hal.plant import Simulation
from cc613hal.plugins.manager import Plugins
from cc613hal_modem.emulation import GENERIC, EmulatedModem, EmulatedSim

_PATH = b"/devices/usb1/1-1/ttyUSB0/tty/ttyUSB0"
KERNEL = b"add@%b\0ACTION=add\0DEVPATH=%b\0SUBSYSTEM=tty\0DEVNAME=ttyUSB0\0SEQNUM=42\0" % (_PATH, _PATH)


def udev(properties: bytes) -> bytes:
    """A message as udev sends it: prefix, magic, header size, offset and length, four filter words."""
    return b"libudev\0" + struct.pack(">I", 0xFEEDCAFE) + struct.pack("=III", 40, 40, len(properties)) + bytes(16) + properties


def uevent(action: str, node: str) -> bytes:
    return f"{action}@/devices/x/{node}\0ACTION={action}\0DEVPATH=/devices/x/{node}\0SUBSYSTEM=tty\0DEVNAME={node}\0".encode()


def test_a_message_of_the_kernel_and_the_same_from_udev_mean_the_same() -> None:
    told = parse_uevent(KERNEL)
    assert told is not None
    assert (told.action, told.subsystem, told.node) == ("add", "tty", "ttyUSB0")
    again = parse_uevent(udev(KERNEL.partition(b"\0")[2].replace(b"DEVNAME=tty", b"DEVNAME=/dev/tty")))
    assert again is not None
    assert (again.action, again.device, again.node) == (told.action, told.device, told.node)
    assert again.properties["SEQNUM"] == "42"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"libudev\0",
        b"libudev\0" + bytes(32),
        b"no at sign\0ACTION=add\0DEVPATH=/x\0",
        b"add@/x\0ACTION=add\0",
        udev(b"ACTION=add\0DEVPATH=/x\0")[:41],
        b"libudev\0" + struct.pack(">I", 0xFEEDCAFE) + struct.pack("=III", 40, 4_000_000_000, 12) + bytes(16),
    ],
)
def test_what_is_no_message_is_passed_over(message: bytes) -> None:
    assert parse_uevent(message) is None


@given(st.binary(max_size=200), st.sampled_from([b"", b"libudev\0", b"libudev\0\xfe\xed\xca\xfe", b"add@/x\0"]))
def test_whatever_arrives_is_a_message_or_none_and_never_an_error(noise: bytes, beginning: bytes) -> None:
    assert isinstance(parse_uevent(beginning + noise), Uevent | None)


# -- which node -------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    """A sysfs with two serial adapters of one kind, an I2C adapter, and a serial port that hangs at no USB."""
    root = tmp_path / "sys"
    for number, (product, serial, subsystem, node) in enumerate(
        [("6001", "A10KZP45", "tty", "ttyUSB0"), ("6001", "B7", "tty", "ttyUSB1"), ("0c53", "", "i2c-dev", "i2c-7")]
    ):
        usb = root / f"devices/usb1/1-{number}"
        place = usb / f"1-{number}:1.0" / node
        place.mkdir(parents=True)
        (usb / "idVendor").write_text("0403\n")
        (usb / "idProduct").write_text(f"{product}\n")
        if serial:
            (usb / "serial").write_text(f"{serial}\n")
        entry = root / "class" / subsystem / node
        entry.mkdir(parents=True)
        (entry / "device").symlink_to(place)
    (root / "class/tty/ttyS0").mkdir()
    return root


def test_a_usb_device_is_found_by_vendor_product_and_serial_number(sysfs: Path) -> None:
    assert device_node("usb:0403:6001:B7", "tty", device="hmi", sysfs=sysfs) == "/dev/ttyUSB1"
    assert device_node("usb:0403:0C53", "i2c-dev", device="i2c", sysfs=sysfs) == "/dev/i2c-7"
    assert device_node("/dev/serial/by-id/x", "tty", device="hmi", sysfs=sysfs) == "/dev/serial/by-id/x"
    assert [each.serial for each in usb_adapters("tty", sysfs=sysfs)] == ["A10KZP45", "B7"]


@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        ("usb:0403:6001", BusBusy, "usb:0403:6001:A10KZP45"),
        ("usb:0403:6001:C9", BusMissing, "ttyUSB1"),
        ("usb:1234:5678", BusMissing, "not plugged in"),
        ("usb:0403", ConfigError, "VENDOR:PRODUCT"),
        ("usb:0403:60zz", ConfigError, "hexadecimal"),
    ],
)
def test_a_usb_device_that_is_not_there_or_not_clear_is_refused_with_what_there_is(
    sysfs: Path, path: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error) as told:
        device_node(path, "tty", device="hmi", sysfs=sysfs)
    assert says in str(told.value)


def test_no_sysfs_at_all_means_no_usb_devices(tmp_path: Path) -> None:
    with pytest.raises(BusMissing, match="no such USB devices"):
        device_node("usb:0403:6001", "tty", device="hmi", sysfs=tmp_path)


def test_serial_lines_and_i2c_buses_can_be_plugged_and_networks_cannot() -> None:
    buses = {
        "hmi": SerialOptions(path="/dev/ttyACM0"),
        "meters": ModbusRtuOptions(path="/dev/ttyUSB0"),
        "i2c": I2cOptions(path="/dev/i2c-1"),
        "lan": ModbusTcpOptions(host="meter"),
    }
    assert sorted(watched_nodes(buses)) == ["hmi", "i2c", "meters"]


# -- the watch --------------------------------------------------------------------------------------------------------------------------


class Watched:
    """A node watched with messages from the test."""

    def __init__(self, node: Path, *, look_s: float = 60.0) -> None:
        self.node = node
        self.told: list[bool] = []
        self._mouth, heard = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        heard.setblocking(False)
        self._watch = NodeWatch({"hmi": lambda: str(node)}, lambda name, there: self.told.append(there), heard, look_s=look_s)

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._watch.close()
        self._mouth.close()

    async def hear(self, *messages: bytes) -> list[bool]:
        """What is told because of these messages."""
        before = len(self.told)
        for message in messages:
            self._mouth.send(message)
        await asyncio.sleep(0.02)
        return self.told[before:]


async def test_a_node_that_goes_and_comes_is_told_with_the_message(tmp_path: Path) -> None:
    node = tmp_path / "ttyACM0"
    node.touch()
    with Watched(node) as watched:
        assert await watched.hear(uevent("change", "sda")) == [], "what is there from the beginning is no news"
        node.unlink()
        assert await watched.hear(uevent("remove", "ttyACM0")) == [False]
        assert await watched.hear(uevent("remove", "ttyACM0")) == [], "told once"
        node.touch()
        assert await watched.hear(b"noise", uevent("add", "ttyACM0")) == [True]


async def test_a_node_replaced_between_two_looks_went_and_came(tmp_path: Path) -> None:
    node = tmp_path / "ttyACM0"
    node.touch()
    with Watched(node) as watched:
        (tmp_path / "new").touch()
        (tmp_path / "new").replace(node)
        assert await watched.hear(uevent("remove", "ttyACM0"), uevent("add", "ttyACM0")) == [False, True]


async def test_a_second_message_about_a_node_that_is_there_says_that_it_may_be_openable_now(tmp_path: Path) -> None:
    node = tmp_path / "ttyACM0"
    node.touch()
    with Watched(node) as watched:
        name = str(node).removeprefix("/dev/")
        assert await watched.hear(udev(uevent("add", name).partition(b"\0")[2])) == [True]
        assert await watched.hear(uevent("remove", name)) == [], "a late message about a node that is there again"


async def test_without_messages_the_slow_look_notices(tmp_path: Path) -> None:
    node = tmp_path / "ttyACM0"
    told: list[bool] = []
    watch = NodeWatch({"hmi": lambda: str(node)}, lambda name, there: told.append(there), None, look_s=0.01)
    watch.start()
    try:
        node.touch()
        await asyncio.sleep(0.05)
        node.unlink()
        await asyncio.sleep(0.05)
    finally:
        watch.close()
    assert told == [True, False]
    await asyncio.sleep(0.03)
    node.touch()
    await asyncio.sleep(0.03)
    assert told == [True, False], "closed"


def test_the_real_socket_can_be_had_or_says_why_not() -> None:
    try:
        heard = uevent_socket()
    except OSError as error:
        pytest.skip(f"no uevents for this user: {error}")
    with heard:
        assert not heard.getblocking()
        assert heard.getsockname()[1] == 3, "the kernel's group and udev's"


async def test_where_the_socket_is_forbidden_the_slow_look_remains(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    def forbidden() -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(hotplug, "uevent_socket", forbidden)
    monkeypatch.setattr(hotplug, "_LOOK_S", 0.01)
    caplog.set_level("INFO", "cc613hal")
    told: list[tuple[str, bool]] = []
    subscription = LinuxBuses().watch({"hmi": SerialOptions(path=str(tmp_path / "tty"))}, lambda *news: told.append(news))
    subscription.cancel()
    assert sum("looked at every" in record.getMessage() for record in caplog.records) == 1


# -- a board on real terminals ------------------------------------------------------------------------------------------------------------


async def usable_again(health: Health) -> None:
    """Wait until a device is usable."""
    with health.changes.stream() as changes:
        while not health.usable:
            await anext(changes)


MODEM = """
schema = 1
name = "plugged"
summary = "a modem on a USB cable"
[bus.usb]
type = "serial"
path = "{path}"
[device.modem]
driver = "modem.at"
bus = "usb"
"""


@pytest.fixture
def speaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], None]]:
    """The kernel, as far as the board hears it."""
    mouth, heard = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.setblocking(False)
    monkeypatch.setattr(hotplug, "uevent_socket", lambda: heard)
    monkeypatch.setattr(hotplug, "_LOOK_S", 60.0)
    with mouth:
        yield lambda message: mouth.send(message) and None


async def test_a_device_pulled_out_is_offline_at_once_and_back_at_once_as_the_same_object(
    tmp_path: Path, speaker: Callable[[bytes], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "cc613hal")
    link = tmp_path / "usb-Acme_M1"
    modem = EmulatedModem(GENERIC, EmulatedSim())
    async with PtyLine(modem, link=link) as line:
        description = parse_board(MODEM.format(path=link), file="plugged.toml", plugins=Plugins.discover())
        async with open_board(description, LinuxBuses(), sigterm=False) as board:
            device, health = board.get(Identified), board.health()["modem"]
            assert health.usable
            line._faults.unplug()
            speaker(uevent("remove", "ttyACM0"))
            await asyncio.sleep(0.05)
            assert health.state is HealthState.OFFLINE, "nobody asked it anything, and still it is known"
            await asyncio.sleep(1.8)  # the attempts have become rare: the next one would be in about a second
            line._faults.plug()
            speaker(uevent("add", "ttyACM0"))
            async with asyncio.timeout(5):
                await usable_again(health)
            assert board.get(Identified) is device
            assert (await device.identify()).model == "M1"
    said = [record.getMessage() for record in caplog.records]
    assert sum("bus usb is gone" in line for line in said) == 1
    assert sum("bus usb is back" in line for line in said) == 1


SENSOR = """
schema = 1
name = "plugged"
summary = "a sensor at a USB-I2C adapter"
[bus.usb-i2c]
type = "i2c"
path = "/dev/i2c-7"
[device.sensor]
driver = "sensors.lm75"
bus = "usb-i2c"
address = 0x48
"""


def test_a_simulated_cable_announces_itself_only_if_told_to() -> None:
    async def main(*, announces: bool) -> tuple[HealthState, float]:
        description = parse_board(SENSOR, file="plugged.toml", plugins=Plugins.discover())
        async with Simulation(description) as simulation:
            simulation.buses.announces_plugs = announces
            async with open_board(description, simulation.buses, clock=simulation.clock) as board:
                device, health = board.get(TemperatureSensor), board.health()["sensor"]
                await asyncio.sleep(1)
                simulation.faults("usb-i2c").unplug()
                await asyncio.sleep(20)
                before = health.state
                simulation.faults("usb-i2c").plug()
                begun_s = board.clock.monotonic_s()
                await usable_again(health)
                assert board.get(TemperatureSensor) is device
                return before, board.clock.monotonic_s() - begun_s

    told, after_s = run_virtual(main(announces=True))
    assert told is HealthState.OFFLINE
    assert after_s < 0.5, "the attempts were eight seconds apart by then"
    assert run_virtual(main(announces=False))[0] is HealthState.OK, "nobody asked it anything"
