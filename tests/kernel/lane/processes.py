"""Run programs with a time limit, a heartbeat for whoever watches, and no orphans."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs

HEARTBEAT_S = 10.0
"""How often a line is printed while something long is running."""

Say = Callable[[str], None]
"""Where progress goes: one short line at a time."""


def say(text: str) -> None:
    """Print one line of progress at once, also when the output is a pipe."""
    print(f"kernel lane: {text}", file=sys.stderr, flush=True)


@attrs.frozen
class Finished:
    """How a program ended. `output` is what it wrote to both of its streams, in order."""

    status: int
    output: str

    @property
    def tail(self) -> str:
        """The last lines of the output: enough to see what went wrong."""
        return "\n".join(self.output.strip().splitlines()[-15:])


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a program that was started in a session of its own, together with the children it made. Safe when it is gone already."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(3.0)


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    label: str,
    timeout_s: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    progress: Say = say,
) -> Finished:
    """Run a program to its end and return its status and output; print a heartbeat while it takes long.

    Raises:
        TimeoutError: It ran longer than `timeout_s`; it and its children have been ended.
        FileNotFoundError: There is no such program.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=cwd, env=env, start_new_session=True
        )
        try:
            while True:
                left = timeout_s - (time.monotonic() - started)
                if left <= 0:
                    raise TimeoutError(f"{label}: not finished after {timeout_s:.0f} s")
                try:
                    process.wait(min(HEARTBEAT_S, left))
                    break
                except subprocess.TimeoutExpired:
                    progress(f"{label}: {time.monotonic() - started:.0f} s so far")
        finally:
            stop(process)
        output.seek(0)
        return Finished(process.returncode, output.read().decode(errors="replace"))
