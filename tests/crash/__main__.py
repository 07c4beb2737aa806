"""``make crash``: kill the application at random moments and look for what it had acknowledged."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from attrs import define, field

from cc613_chargepoint.store import Store, StoredSession
from tests.crash.station import live

ROOT = Path(__file__).parents[2]
GENERATION = 50
"""Lives on the same files; then fresh ones, so that the look at everything after each kill does not grow without end."""
AFRESH = 10
"""One life in so many begins in a new interpreter."""


class Broken(Exception):  # noqa: N818 - it is a finding
    """Something acknowledged is missing, doubled or torn."""


@define
class Ledger:
    """What was acknowledged, over all runs on one data directory."""

    begun: dict[int, Decimal] = field(factory=dict)
    samples: dict[tuple[int, int], Decimal] = field(factory=dict)
    ended: dict[int, Decimal | None] = field(factory=dict)

    def note(self, line: str) -> None:
        """Take down one acknowledgement.

        Raises:
            Broken: it contradicts an earlier one.
        """
        kind, number, *rest = line.split()
        session = int(number)
        register = None if rest[-1] == "None" else Decimal(rest[-1])
        if kind == "B":
            if session in self.begun:
                raise Broken(f"session {session} was begun twice")
            self.begun[session] = register or Decimal(0)
        elif kind == "S":
            if (session, int(rest[0])) in self.samples:
                raise Broken(f"sample {rest[0]} of session {session} was stored twice")
            self.samples[session, int(rest[0])] = register or Decimal(0)
        else:
            if session in self.ended:
                raise Broken(f"session {session} was ended twice")
            self.ended[session] = register

    async def compare(self, database: Path) -> int:
        """Hold it against the file; returns how many sessions the file has.

        Raises:
            Broken: with what is missing, doubled or torn.
        """
        async with await Store.open(database) as store:
            if store.opening.damaged_copy is not None:
                raise Broken(f"the database was damaged: {store.opening.damage}")
            await store.check()
            sessions = {each.number: each for each in await store.read(lambda tx: tx.sessions.recent(1_000_000))}
            stored = {
                (row[0], row[1]): Decimal(row[2])
                for row in await store.read(lambda tx: tx.execute("SELECT session, seq, register_wh FROM sample"))
            }
        for number, register in self.begun.items():
            if number not in sessions or sessions[number].begin_wh != register:
                raise Broken(f"session {number} was acknowledged and is not there as it was")
        for key, register in self.samples.items():
            if stored.get(key) != register:
                raise Broken(f"sample {key[1]} of session {key[0]} was acknowledged and is not there as it was")
        for number, end in self.ended.items():
            if sessions[number].ended is None or sessions[number].end_wh != end:
                raise Broken(f"the end of session {number} was acknowledged and is not there as it was")
        _one_open_each(sessions.values())
        return len(sessions)


def _one_open_each(sessions: object) -> None:
    seen: set[int] = set()
    for session in sessions:  # type: ignore[attr-defined]
        assert isinstance(session, StoredSession)
        if session.ended is None:
            if session.connector in seen:
                raise Broken(f"two sessions are open on connector {session.connector}")
            seen.add(session.connector)


@define
class Life:
    """One life of the application, from its start to SIGKILL: who it is, what it says, what it complains of."""

    pid: int
    says: TextIO
    complaints: TextIO

    def last_words(self) -> tuple[list[str], str]:
        """What it had said when it died, and what it had complained of."""
        with self.says, self.complaints:
            lines, complaints = self.says.readlines(), self.complaints.read()
        os.waitpid(self.pid, 0)
        return lines, complaints


def _born(mode: str, data: Path, seed: str, *, afresh: bool) -> Life:
    """Begin a life: in a new interpreter, as at a controller, or as a fork of this one, which is ten times cheaper.

    What is killed is the same: nothing of the application lives in the parent, and the store is opened by the child.
    """
    (says_end, says), (complaints_end, complaints) = os.pipe(), os.pipe()
    if afresh:
        command = [sys.executable, "-m", "tests.crash.station", mode, str(data), seed]
        actions = [(os.POSIX_SPAWN_DUP2, says, 1), (os.POSIX_SPAWN_DUP2, complaints, 2)]
        pid = os.posix_spawn(sys.executable, command, {**os.environ, "PYTHONPATH": str(ROOT)}, file_actions=actions)
    elif (pid := os.fork()) == 0:
        os.dup2(says, 1)
        os.dup2(complaints, 2)
        try:
            live(mode, data, seed)
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        os._exit(1)
    os.close(says)
    os.close(complaints)
    return Life(pid, os.fdopen(says_end), os.fdopen(complaints_end))


def run_once(mode: str, data: Path, ledger: Ledger, dice: random.Random, *, afresh: bool) -> None:
    """One life of the application, and what it had acknowledged.

    Raises:
        Broken: it ended by itself, or contradicts itself.
    """
    life = _born(mode, data, str(dice.random()), afresh=afresh)
    lines = []
    if dice.random() < 0.8:  # mostly while it charges, sometimes while it starts
        lines.append(life.says.readline())
        time.sleep(dice.expovariate(4.0))
    else:
        time.sleep(dice.uniform(0.2, 0.9) if afresh else dice.uniform(0.0, 0.2))
    os.kill(life.pid, signal.SIGKILL)
    more, complaints = life.last_words()
    for line in [*lines, *more]:
        if line.endswith("\n"):
            ledger.note(line)
    if "Traceback" in complaints:
        raise Broken(f"the application failed by itself:\n{complaints}")


def generation(runs: range, dice: random.Random) -> dict[str, int]:
    """Some lives, one after the other on the same files; what was acknowledged and found.

    Raises:
        Broken: something is missing, doubled or torn.
    """
    with tempfile.TemporaryDirectory() as place:
        ledgers, sessions = {"charges": Ledger(), "writing": Ledger()}, {"charges": 0, "writing": 0}
        for run in runs:
            mode = "writing" if run % 4 == 3 else "charges"
            data = Path(place) / mode
            data.mkdir(exist_ok=True)
            try:
                run_once(mode, data, ledgers[mode], dice, afresh=run % AFRESH == 0)
                sessions[mode] = asyncio.run(ledgers[mode].compare(data / "station.db"))
            except Broken as broken:
                raise Broken(f"run {run + 1} ({mode}): {broken}") from broken
    found = {name: sum(len(getattr(each, name)) for each in ledgers.values()) for name in ("begun", "samples", "ended")}
    return {**found, "sessions": sum(sessions.values())}


def main() -> int:
    """Run; 0 if nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="how often it is killed (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = random.randrange(1 << 32) if arguments.seed is None else arguments.seed
    dice, started = random.Random(seed), time.monotonic()
    totals = dict.fromkeys(("begun", "samples", "ended", "sessions"), 0)
    for first in range(0, arguments.runs, GENERATION):
        last = min(first + GENERATION, arguments.runs)
        try:
            found = generation(range(first, last), dice)
        except Broken as broken:
            print(f"seed {seed}: {broken}", file=sys.stderr)
            return 1
        totals = {name: totals[name] + count for name, count in found.items()}
        print(f"{last} kills, {totals['sessions']} sessions, {time.monotonic() - started:.0f} s", flush=True)
    print(
        f"acknowledged and found: {totals['begun']} begins, {totals['samples']} samples, {totals['ended']} ends in {totals['sessions']} "
        f"sessions; none lost, none doubled, no torn file, always restarted (seed {seed})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
