"""What a blocking call costs on top of the asynchronous one."""

from __future__ import annotations

import statistics
import time

from cc613hal._facade import LoopThread
from cc613hal.interfaces import Relay
from cc613hal.sync import SyncRelay

CALLS = 3000
TARGET_US = 100.0


class InstantRelay(Relay):
    """A relay that costs nothing, so that only the facade is measured."""

    def __init__(self) -> None:
        self.on = False

    async def switch_on(self) -> None:
        self.on = True

    async def switch_off(self) -> None:
        self.on = False

    @property
    def is_on(self) -> bool:
        return self.on


def measure() -> list[tuple[str, str, str, bool]]:
    """Rows of name, measured, target, met."""
    device, loop = InstantRelay(), LoopThread("bench")
    relay = SyncRelay(device, "relay", loop)

    async def awaited() -> float:
        samples: list[float] = []
        for _ in range(CALLS):
            begin = time.perf_counter()
            await device.switch_on()
            samples.append(time.perf_counter() - begin)
        return statistics.median(samples)

    try:
        bare_s = loop.wait(awaited)
        blocking: list[float] = []
        for _ in range(CALLS):
            begin = time.perf_counter()
            relay.switch_on()
            blocking.append(time.perf_counter() - begin)
    finally:
        loop.stop()
    added_us = (statistics.median(blocking) - bare_s) * 1e6
    p99_us = sorted(blocking)[int(CALLS * 0.99)] * 1e6
    return [
        (
            "blocking facade, added per call (p50)",
            f"{added_us:.0f} µs (p99 {p99_us:.0f} µs)",
            f"≤ {TARGET_US:.0f} µs",
            added_us <= TARGET_US,
        )
    ]
