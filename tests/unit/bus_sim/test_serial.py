"""A simulated serial line behaves as the contract of serial adapters says."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.bus.sim.faults import Faults
from cc613hal.bus.sim.serial import SimulatedSerial
from cc613hal.clock import run_virtual
from cc613hal.errors import BusClosed


class Reader:
    """An emulated barcode reader: says a code when told to, echoes what it hears."""

    def attach(self, send: object) -> None:
        self.say = send

    def receive(self, data: bytes) -> None:
        self.say(data)


def test_reading_ends_with_the_first_bytes_or_after_its_time() -> None:
    async def main() -> None:
        peer = Reader()
        line = SimulatedSerial(peer)
        loop = asyncio.get_running_loop()
        loop.call_later(0.5, peer.say, b"4006381333931")
        assert await line.read(2.0) == b"4006381333931"
        assert loop.time() == pytest.approx(0.5)
        assert await line.read(2.0) == b""
        assert loop.time() == pytest.approx(2.5)

    run_virtual(main())


def test_unplugging_ends_a_waiting_read_at_once_and_plugging_brings_the_line_back() -> None:
    async def main() -> None:
        faults = Faults()
        line = SimulatedSerial(Reader(), faults=faults)
        asyncio.get_running_loop().call_later(0.5, faults.unplug)
        with pytest.raises(BusClosed, match="unplugged"):
            await line.read(10.0)
        assert asyncio.get_running_loop().time() == pytest.approx(0.5)
        faults.plug()
        await line.write(b"again")
        assert await line.read(1.0) == b"again"

    run_virtual(main())


def test_closing_ends_a_waiting_read() -> None:
    async def main() -> None:
        line = SimulatedSerial(Reader())
        waiting = asyncio.create_task(line.read(10.0))
        await asyncio.sleep(0.1)
        await line.aclose()
        with pytest.raises(BusClosed, match="closed"):
            await waiting

    run_virtual(main())


def test_a_cancelled_read_loses_no_bytes() -> None:
    async def main() -> None:
        peer = Reader()
        line = SimulatedSerial(peer)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await line.read(10.0)
        peer.say(b"late")
        assert await line.read(0.1) == b"late"

    run_virtual(main())


def test_faults_of_the_line_lose_delay_and_damage_what_is_said() -> None:
    async def main() -> None:
        faults = Faults()
        line = SimulatedSerial(Reader(), faults=faults)
        faults.silence = True
        await line.write(b"lost")
        assert await line.read(0.1) == b""
        faults.clear()
        faults.crc = True
        await line.write(b"ab")
        assert await line.read(0.1) == b"a\x9d"
        faults.clear()
        faults.late_s = 0.3
        begun = asyncio.get_running_loop().time()
        await line.write(b"slow")
        assert await line.read(1.0) == b"slow"
        assert asyncio.get_running_loop().time() - begun == pytest.approx(0.3)

    run_virtual(main())
