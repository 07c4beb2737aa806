"""A driver whose task reads all the time, while another one writes."""

from __future__ import annotations

import asyncio

from cc613hal.bus.replay.wires import ReplaySerial
from cc613hal.bus.serial import SerialSettings
from cc613hal.bus.trace import Frame
from cc613hal.clock import Clock, run_virtual


def test_what_was_said_after_a_write_reaches_who_was_reading_already() -> None:
    async def main() -> None:
        frames = [Frame(0.0, "line", "", ">", b"ask"), Frame(0.0, "line", "", "<", b"answer")]
        clock = Clock()
        line = ReplaySerial("line", frames, SerialSettings(), clock, [])
        assert await line.read(5.0) == b""
        assert clock.monotonic_s() >= 5.0
        reading = asyncio.create_task(line.read(3600.0))
        await clock.sleep(1.0)
        await line.write(b"as")
        await clock.sleep(1.0)
        assert not reading.done(), "half of what was written then"
        await line.write(b"k")
        assert await reading == b"answer"
        assert clock.monotonic_s() < 10.0

    run_virtual(main())
