"""The composite schedule: a hundred thousand random sets of profiles against counting every second, and what one costs.

The sets and the counting are those of ``examples/chargepoint/tests/test_composite_schedule.py``. ``COMPOSITE_SETS`` changes how many.
"""

from __future__ import annotations

import importlib.util
import os
import random
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

from cc613_chargepoint.ocpp.smart_charging import (
    Charge,
    Kind,
    Outlet,
    Period,
    Profile,
    ProfileBook,
    Purpose,
    Recurrence,
    Schedule,
    Unit,
    composite,
)

SETS = int(os.environ.get("COMPOSITE_SETS", "100000"))
TARGET_MS = 2.0
_TEST = Path(__file__).parents[2] / "examples/chargepoint/tests/test_composite_schedule.py"


def _oracle() -> ModuleType:
    spec = importlib.util.spec_from_file_location("cc613_composite", _TEST)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _heavy(now: datetime) -> ProfileBook:
    """Twenty profiles of 24 periods: more than a backend installs."""
    book = ProfileBook()
    for number in range(20):
        purpose = (Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX)[number % 3]
        recurs = number % 2 == 0
        periods = tuple(Period(start_s=hour * 3600 + number, limit=6.0 + (hour * 7 + number) % 26) for hour in range(24))
        periods = (Period(start_s=0, limit=8.0), *periods[1:])
        each = Profile(
            id=number,
            stack_level=number,
            purpose=purpose,
            kind=Kind.RECURRING if recurs else Kind.ABSOLUTE,
            recurrence=Recurrence.DAILY if recurs else None,
            schedule=Schedule(
                unit=Unit.AMPERE, periods=periods, start=now - timedelta(days=3, hours=number), duration_s=80_000 if recurs else None
            ),
        )
        book = book.with_profile(each, 0 if purpose is Purpose.STATION_MAX else 1)
    return book


def measure() -> list[tuple[str, str, str, bool]]:
    """Rows of (name, measured, target, met)."""
    oracle, dice, wrong, started_s = _oracle(), random.Random(613), 0, time.perf_counter()
    for number in range(SETS):
        case = oracle.random_case(dice)
        if not oracle.agrees(*case):
            wrong += 1
            sys.stderr.write(f"set {number} differs: {case}\n")
    took_s = time.perf_counter() - started_s
    now, zone = datetime(2026, 3, 28, 18, tzinfo=UTC), ZoneInfo("Europe/Berlin")
    book, outlet = _heavy(now), Outlet(number=1, local_a=32.0, charge=Charge(started=now - timedelta(hours=1)))
    times_ms = []
    for _ in range(300):
        begin_s = time.perf_counter()
        composite(book, outlet, now=now, duration_s=86_400, unit=Unit.AMPERE, zone=zone)
        times_ms.append((time.perf_counter() - begin_s) * 1e3)
    median_ms = statistics.median(times_ms)
    return [
        ("composite schedules that differ from counting every second", f"{wrong} of {SETS} ({took_s:.0f} s)", "0", not wrong),
        (
            "composite schedule of a day, 20 profiles of 24 periods",
            f"{median_ms:.2f} ms (median), {max(times_ms):.2f} ms (longest)",
            f"at most {TARGET_MS:.0f} ms",
            median_ms <= TARGET_MS,
        ),
    ]
