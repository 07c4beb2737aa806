"""The virtual machine: what QEMU is started with, and watching it until it ends."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from tests.kernel.lane.errors import LaneBrokenError
from tests.kernel.lane.initramfs import DOWN, HOST_TAG, SHARED_TAG, STATUS_FILE, UP
from tests.kernel.lane.processes import HEARTBEAT_S, Say, say, stop

KERNEL_COMMAND_LINE = "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off audit=0 nokaslr tsc=reliable random.trust_cpu=on"
"""Quick rather than safe: the guest lives for seconds and runs only what its caller could run anyway."""


@attrs.frozen
class Machine:
    """A machine to start.

    Attributes:
        qemu: The emulator's path.
        kernel: The kernel image.
        initramfs: The archive it boots with.
        shared: The folder of this machine that the guest may write to.
        socket: Where the two serial ports of the guest meet; a path in a folder of this run alone.
        memory_mb: The guest's memory.
    """

    qemu: str
    kernel: Path
    initramfs: Path
    shared: Path
    socket: Path
    memory_mb: int = 512

    def argv(self) -> list[str]:
        """The command line: plain emulation, which works everywhere and the same everywhere.

        The two ports of `pci-serial-2x` are joined with each other like with a null-modem cable: a socket on which QEMU listens and to
        which it connects itself. So both ends of a serial line are in the hands of the test, on real 16550 ports.
        """
        argv = [self.qemu, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-machine", "q35", "-cpu", "max"]
        argv += ["-accel", "tcg", "-m", str(self.memory_mb), "-smp", "1"]
        argv += ["-kernel", str(self.kernel), "-initrd", str(self.initramfs), "-append", KERNEL_COMMAND_LINE]
        argv += ["-chardev", "stdio,id=console,signal=off", "-device", "isa-serial,chardev=console"]
        argv += ["-chardev", f"socket,id=near,path={self.socket},server=on,wait=off"]
        argv += ["-chardev", f"socket,id=far,path={self.socket}"]
        argv += ["-device", "pci-serial-2x,chardev1=near,chardev2=far"]
        argv += ["-virtfs", f"local,path=/,mount_tag={HOST_TAG},security_model=none,readonly=on,multidevs=remap"]
        argv += ["-virtfs", f"local,path={self.shared},mount_tag={SHARED_TAG},security_model=none"]
        return argv


@attrs.frozen
class Limits:
    """How long things may take, in seconds: until the command runs, from there to its end, and until the machine is off after that."""

    boot_s: float = 120.0
    command_s: float = 600.0
    off_s: float = 20.0


@attrs.frozen
class Outcome:
    """How a run ended: the command's exit status, seconds until it started, seconds in all."""

    status: int
    boot_s: float
    total_s: float


def _show(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run_machine(
    machine: Machine, environment: Mapping[str, str], limits: Limits, *, show: Callable[[str], None] = _show, progress: Say = say
) -> Outcome:
    """Start the machine, show what it prints, and return how the command in it ended.

    Raises:
        LaneBrokenError: The machine did not start, stopped before the end, or ran out of time. It is off in any case.
    """
    started = time.monotonic()
    status_file = machine.shared / STATUS_FILE
    status_file.unlink(missing_ok=True)
    process = subprocess.Popen(
        machine.argv(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        start_new_session=True,
    )
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read_lines, args=(process, lines), name="guest console", daemon=True)
    reader.start()
    console = _Console(limits, started, show, progress)
    try:
        console.watch(lines)
        process.wait(10)
    except subprocess.TimeoutExpired:
        raise LaneBrokenError("QEMU closed its console but did not end, and has been stopped") from None
    finally:
        stop(process)
        reader.join(5.0)
    total_s = time.monotonic() - started
    try:
        status = int(status_file.read_text())
    except (OSError, ValueError):
        raise LaneBrokenError(f"the guest stopped without an exit status (QEMU's own: {process.returncode}){console.said()}") from None
    return Outcome(status, (console.up_at or started) - started, total_s)


@attrs.define
class _Console:
    """Follows what the guest prints: shows what the command says, keeps the rest for when something goes wrong."""

    limits: Limits
    started: float
    show: Callable[[str], None]
    progress: Say
    up_at: float | None = None
    kept: deque[str] = attrs.field(factory=lambda: deque(maxlen=15))

    def said(self) -> str:
        """The last lines that were kept, to put behind a message."""
        return "".join(f"\n  {line}" for line in self.kept)

    def watch(self, lines: queue.SimpleQueue[str | None]) -> None:
        """Read to the end of the console.

        Raises:
            LaneBrokenError: A time limit has passed.
        """
        ended_at: float | None = None
        while True:
            deadline, phase = self._deadline(ended_at)
            now = time.monotonic()
            if now >= deadline:
                raise LaneBrokenError(f"the guest {phase} and has been switched off{self.said()}")
            try:
                line = lines.get(timeout=min(HEARTBEAT_S, deadline - now))
            except queue.Empty:
                self.progress(f"{'booting' if self.up_at is None else 'running'}: {time.monotonic() - self.started:.0f} s so far")
                continue
            if line is None:
                return
            if line == UP:
                self.up_at = time.monotonic()
                self.progress(f"kernel is up after {self.up_at - self.started:.1f} s")
            elif line == DOWN:
                ended_at = time.monotonic()
            elif self.up_at is not None and ended_at is None:
                self.show(line)
            elif line:
                self.kept.append(line)

    def _deadline(self, ended_at: float | None) -> tuple[float, str]:
        """When the present phase must be over, and what to say if it is not."""
        if ended_at is not None:
            return ended_at + self.limits.off_s, f"did not switch itself off within {self.limits.off_s:.0f} s"
        if self.up_at is not None:
            return self.up_at + self.limits.command_s, f"was still busy after {self.limits.command_s:.0f} s"
        return self.started + self.limits.boot_s, f"was not up after {self.limits.boot_s:.0f} s"


def _read_lines(process: subprocess.Popen[bytes], into: queue.SimpleQueue[str | None]) -> None:
    """Hand over the lines of the console as they come, then None."""
    assert process.stdout is not None
    with process.stdout as console:
        for raw in console:
            into.put(raw.decode(errors="replace").rstrip("\r\n"))
    into.put(None)
