"""Adapters that come and go on a real kernel, with its own messages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from cc613hal.bus.linux import hotplug
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.bus.options import SerialOptions
from cc613hal.bus.serial import SerialSettings
from cc613hal.errors import BusClosed
from tests.kernel.bench.ports import SerialPair
from tests.kernel.guest.conftest import Opener


class Card:
    """The two-port serial card, which a driver can be taken off and given back: its nodes go and come as a USB adapter's do."""

    def __init__(self, device: str) -> None:
        self._place = Path(f"/sys/class/tty/{Path(device).name}/device").resolve()
        self._driver = (self._place / "driver").resolve()
        self.present = True

    def pull(self) -> None:
        (self._driver / "unbind").write_text(self._place.name)
        self.present = False

    def plug(self) -> None:
        (self._driver / "bind").write_text(self._place.name)
        self.present = True


@pytest.fixture
def card(serial_ports: SerialPair) -> Iterator[Card]:
    card = Card(serial_ports.device)
    yield card
    if not card.present:
        card.plug()


async def test_the_kernels_messages_tell_at_once(
    card: Card, serial_ports: SerialPair, open_bus: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hotplug, "_LOOK_S", 600.0)  # only messages can tell
    told: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
    subscription = LinuxBuses().watch({"line": SerialOptions(path=serial_ports.device)}, lambda *news: told.put_nowait(news))
    try:
        line = await open_bus.serial(serial_ports.device, SerialSettings())
        card.pull()
        assert await asyncio.wait_for(told.get(), 5) == ("line", False)
        with pytest.raises(BusClosed):
            await line.read(0.1)
        card.plug()
        assert await asyncio.wait_for(told.get(), 5) == ("line", True)
        again = await open_bus.serial(serial_ports.device, SerialSettings())
        await again.write(b"back")
    finally:
        subscription.cancel()
