"""``make soak``: three days of a busy station in minutes; exit code 0 if nothing grew, was left behind, or was said unexpectedly."""

from __future__ import annotations

import argparse
import logging
import resource
import sys
import tempfile
import time
from pathlib import Path

from cc613hal.clock import run_virtual
from tests.soak.days import Outcome, soak

MEMORY_KB = 3_000
"""So much may the process grow after its first hours: the allocator's own, not objects that pile up."""


def findings(outcome: Outcome, charges: int) -> list[str]:
    """What is wrong, in words; empty if nothing is."""
    found = list(outcome.stuck)
    if outcome.charges < charges:
        found.append(f"{outcome.charges} of {charges} customers came")
    if outcome.open_sessions or outcome.sessions != outcome.ended.total() or outcome.told != outcome.sessions:
        ended = f"{outcome.ended.total()} ended, {outcome.told} told"
        found.append(f"{outcome.sessions} sessions in the database, {outcome.open_sessions} of them open, {ended}")
    if len(outcome.looks) > 6:
        found += [
            f"{outcome.growth(name)} more {name} at the end"
            for name, allowed in (("memory_kb", MEMORY_KB), ("tasks", 1), ("descriptors", 1), ("timers", 2))
            if outcome.growth(name) > allowed
        ]
    return found + [f"unexpected: {line}" for line in outcome.unexpected[:50]]


def main() -> int:
    """Run; 0 if nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=72.0, help="simulated (default: %(default)g)")
    parser.add_argument("--charges", type=int, default=400, help="over both sockets (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=613)
    arguments = parser.parse_args()
    logging.basicConfig(handlers=[logging.NullHandler()])
    began_s, busy_s = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as place:
        outcome = run_virtual(soak(Path(place), hours=arguments.hours, charges=arguments.charges, seed=arguments.seed))
        size = sum(each.stat().st_size for each in Path(place).glob("station.db*"))
    print(
        f"{arguments.hours:g} simulated hours in {time.monotonic() - began_s:.0f} s ({time.process_time() - busy_s:.0f} s processor time)"
    )
    print(f"{outcome.charges} customers, {outcome.sessions} sessions, {outcome.open_sessions} open; database {size / 1e6:.1f} MB")
    print("ended: " + ", ".join(f"{count} × {reason}" for reason, count in outcome.ended.most_common()))
    print("faults: " + (", ".join(f"{count} × {name}" for name, count in outcome.faults.most_common()) or "none"))
    for look in outcome.looks[:: max(1, len(outcome.looks) // 8)] + outcome.looks[-1:]:
        held = f"{look.tasks} tasks, {look.descriptors} descriptors, {look.timers} timers"
        print(f"  hour {look.hour:5.1f}: {look.memory_kb / 1024:.1f} MB, {held}")
    print(
        f"highest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f} MB; {outcome.expected} log lines about the faults"
    )
    found = findings(outcome, arguments.charges)
    print(
        "\n".join(found) if found else "nothing grew, nothing was left behind, nothing unexpected was said",
        file=sys.stderr if found else sys.stdout,
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
