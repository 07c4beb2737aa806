"""Reads and modelled bus time of each meter's core set: planned, greedy, and one read per value."""

from __future__ import annotations

import timeit

from cc613hal.modbus_map import CORE, Objective, greedy_plan, make_plan, single_plan
from cc613hal_meters.catalogue import map_named, model_names

TARGETS = {"sdm630": (1, 3, 147), "em340": (2, 3, 176)}
"""Fewest reads; reads and milliseconds in least time, at 9600 8N1 with 10 ms turnaround."""
PLANNING_MS = 20.0
"""A plan is made once per device, when it is constructed."""


def measure() -> list[tuple[str, str, str, bool]]:
    """Rows of name, measured, target, met."""
    rows: list[tuple[str, str, str, bool]] = []
    for model in model_names():
        meter = map_named(model)
        fewest = make_plan(meter, CORE, Objective.FEWEST_READS)
        least = make_plan(meter, CORE, Objective.LEAST_TIME)
        greedy, single = greedy_plan(meter, CORE), single_plan(meter, CORE)
        others = f"greedy {greedy.time_s * 1000:.0f} ms, one per value {single.time_s * 1000:.0f} ms"
        fewest_reads, least_reads, least_ms = TARGETS.get(model, (len(greedy.reads), len(single.reads), round(greedy.time_s * 1000)))
        rows.append(
            (
                f"{model}: reads for the core set",
                f"{len(fewest.reads)} (greedy {len(greedy.reads)}, one per value {len(single.reads)})",
                f"at most {fewest_reads}",
                len(fewest.reads) <= fewest_reads,
            )
        )
        rows.append(
            (
                f"{model}: modelled time on its line for the core set",
                f"{least.time_s * 1000:.0f} ms in {len(least.reads)} reads ({others})",
                f"at most {least_ms} ms",
                round(least.time_s * 1000) <= least_ms and len(least.reads) <= least_reads,
            )
        )
    meter = map_named("sdm630")
    everything = [register.quantity for register in meter.registers]
    took_ms = min(timeit.repeat(lambda: make_plan(meter, everything, Objective.LEAST_TIME), number=5, repeat=5)) / 5 * 1e3
    rows.append(
        (
            f"planning all {len(everything)} values of an SDM630",
            f"{took_ms:.1f} ms",
            f"at most {PLANNING_MS:.0f} ms",
            took_ms <= PLANNING_MS,
        )
    )
    return rows
