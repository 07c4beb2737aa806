"""``make crash``: kill the application at random moments and look for what it had acknowledged."""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from attrs import define, field

from cc613_chargepoint.store import Store, StoredSession

ROOT = Path(__file__).parents[2]


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


def run_once(mode: str, data: Path, ledger: Ledger, dice: random.Random) -> None:
    """One life of the application, from its start to SIGKILL."""
    command = [sys.executable, "-m", "tests.crash.station", mode, str(data), str(dice.random())]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stderr is not None
    lines = []
    if dice.random() < 0.8:  # mostly while it charges, sometimes while it starts
        lines.append(child.stdout.readline())
        time.sleep(dice.expovariate(4.0))
    else:
        time.sleep(dice.uniform(0.2, 0.9))
    child.kill()
    lines += child.stdout.readlines()
    complaints = child.stderr.read()
    child.wait()
    child.stdout.close()
    child.stderr.close()
    for line in lines:
        if line.endswith("\n"):
            ledger.note(line)
    if complaints and "Traceback" in complaints:
        raise Broken(f"the application failed by itself:\n{complaints}")


def main() -> int:
    """Run; 0 if nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="how often it is killed (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = random.randrange(1 << 32) if arguments.seed is None else arguments.seed
    dice, started = random.Random(seed), time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        ledgers = {"charges": Ledger(), "writing": Ledger()}
        for run in range(arguments.runs):
            mode = "writing" if run % 4 == 3 else "charges"
            data = Path(place) / mode
            data.mkdir(exist_ok=True)
            try:
                run_once(mode, data, ledgers[mode], dice)
                sessions = asyncio.run(ledgers[mode].compare(data / "station.db"))
            except Broken as broken:
                print(f"run {run + 1} ({mode}), seed {seed}: {broken}", file=sys.stderr)
                return 1
            if run % 25 == 24 or run + 1 == arguments.runs:
                print(f"{run + 1} kills, {sessions} sessions in the last file, {time.monotonic() - started:.0f} s", flush=True)
        begun, samples, ended = (sum(len(getattr(each, name)) for each in ledgers.values()) for name in ("begun", "samples", "ended"))
        print(
            f"acknowledged and found: {begun} begins, {samples} samples, {ended} ends; none lost, none doubled, no torn file (seed {seed})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
