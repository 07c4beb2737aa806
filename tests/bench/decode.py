"""Taking a full SDM630 block apart."""

from __future__ import annotations

import struct
import timeit

from cc613hal.modbus_map import PlanDecoder, make_plan
from cc613hal_meters.catalogue import map_named

TARGET_US = 60.0
BLOCK = 76
"""Registers 0x0000 to 0x004B: everything the meter tells about the present, and its counters."""


def measure() -> list[tuple[str, str, str, bool]]:
    """Rows of name, measured, target, met."""
    meter = map_named("sdm630")
    wanted = [register.quantity for register in meter.registers if register.address < BLOCK]
    plan = make_plan(meter, wanted)
    assert [read.count for read in plan.reads] == [BLOCK]
    decoder = PlanDecoder(meter, plan)
    block = [struct.unpack(f">{BLOCK}H", struct.pack(f">{BLOCK // 2}f", *(230.0 + index / 7 for index in range(BLOCK // 2))))]
    assert len(decoder.decode(block)) == len(wanted)
    took_us = min(timeit.repeat(lambda: decoder.decode(block), number=2000, repeat=7)) / 2000 * 1e6
    return [
        (
            f"decoding a full SDM630 block ({BLOCK} registers, {len(wanted)} values)",
            f"{took_us:.1f} µs",
            f"at most {TARGET_US:.0f} µs",
            took_us <= TARGET_US,
        )
    ]
