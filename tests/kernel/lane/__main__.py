"""`python -m tests.kernel.lane [--why] [-- pytest arguments]`: run tests inside a real Linux kernel.

Exit status: 0 passed; 1 tests failed, or the lane broke (the reason is printed); 2 wrong arguments; 77 this machine cannot run the lane.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import attrs

from tests.kernel.lane.errors import CannotRunHereError, LaneBrokenError
from tests.kernel.lane.initramfs import SHARED, Errand, Module, initramfs
from tests.kernel.lane.modules import build, collect, index
from tests.kernel.lane.packages import Kit, check_machine, existing_kit, fetch_kit
from tests.kernel.lane.processes import run, say
from tests.kernel.lane.vm import Limits, Machine, Outcome, run_machine

PASSED, FAILED, CANNOT = 0, 1, 77

ROOT = Path(__file__).resolve().parents[3]
"""The repository."""

CACHE = ROOT / ".cache" / "kernel-lane"
GUEST_TESTS = "tests/kernel/guest"
DRIVER_TESTS = ("drivers/rfid/tests/test_uinput.py",)
"""Tests of driver packages that ask the kernel for their device, and run wherever it gives them one."""

SWITCH = "CC613HAL_KERNEL_LANE"
"""Set to 1 in the guest: without it the guest tests are skipped, wherever they are collected."""

EARLY = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "configfs")
COMPARED = ("lm75", "tmp102", "jc42", "st_accel_i2c", "mma8452", "ti-ads1015", "max31865", "sca3300", "ds2482", "w1_therm", "mcp320x")
"""The kernel's own drivers for sensors that we drive as well, and the 1-Wire bus behind I2C that one of them needs."""
LATE = ("i2c-dev", "spidev", "i2c-stub", "irq_sim", "gpio-sim", "pwm-pca9685", *COMPARED, "evdev", "uinput", "cc613_bridge")
PARAMETERS = {"i2c_stub": ("chip_addr=0x20,0x48,0x50",), "cc613_bridge": ("kernel_chips=max31865,sca3300,mcp3208",)}
"""Module → parameters. The stub is a bus with SMBus only, as some boards have; these are its chips. The bridge offers those on SPI to the
kernel's drivers, behind the chip selects that have a character device."""

LOCK_WAIT_S = 1200.0


@attrs.frozen
class Options:
    """What was asked for on the command line."""

    why: bool
    python: Path
    folder: Path
    cache: Path
    timeout_s: float
    refresh: bool
    pytest: tuple[str, ...]


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; everything after `--` is for pytest."""
    ours, theirs = list(arguments), []
    if "--" in ours:
        at = ours.index("--")
        ours, theirs = ours[:at], ours[at + 1 :]
    parser = argparse.ArgumentParser(
        prog="python -m tests.kernel.lane",
        description="Run pytest inside Debian's stock Linux kernel in QEMU, on simulated I2C, SPI, GPIO and serial hardware.",
        epilog="Exit status: 0 passed, 1 failed, 77 this machine cannot run it. Arguments after -- go to pytest; with a path among them,"
        f" that is collected instead of {GUEST_TESTS}.",
    )
    parser.add_argument("--why", action="store_true", help="only say whether the lane can run here, why not, and what it would do first")
    parser.add_argument(
        "--python", type=Path, default=None, metavar="PROGRAM", help="interpreter for the tests (default: .venv, else the one running)"
    )
    parser.add_argument(
        "--cache", type=Path, default=CACHE, metavar="FOLDER", help="where everything is kept (default: .cache/kernel-lane)"
    )
    parser.add_argument(
        "--timeout", type=float, default=600.0, metavar="SECONDS", help="for the tests, once the kernel is up (default: 600)"
    )
    parser.add_argument("--refresh", action="store_true", help="fetch the packages anew, for a newer kernel")
    found = parser.parse_args(ours)
    return Options(
        why=found.why,
        python=(found.python or default_python()).absolute(),
        folder=ROOT,
        cache=found.cache.absolute(),
        timeout_s=found.timeout,
        refresh=found.refresh,
        pytest=tuple(theirs),
    )


def default_python(root: Path = ROOT) -> Path:
    """The interpreter of the repository's virtual environment, else the one that runs this; unresolved, for the link finds the packages."""
    venv = root / ".venv" / "bin" / "python"
    return venv if venv.exists() else Path(sys.executable)


def pytest_command(python: Path, arguments: Sequence[str], root: Path = ROOT) -> list[str]:
    """The command to run inside: quiet, no cache folder, and our tests unless the arguments name some.

    Our tests do without hypothesis, whose plugin takes seven seconds to load in there.
    """
    named = any((root / argument.partition("::")[0]).exists() for argument in arguments if not argument.startswith("-"))
    ours = [] if named else ["-p", "no:hypothesispytest", *DRIVER_TESTS, GUEST_TESTS]
    return [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, *ours]


def guest_environment(python: Path) -> dict[str, str]:
    """All of the environment in the guest: little, so that it is the same everywhere."""
    return {
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "COLUMNS": "140",
        "PYTHONUNBUFFERED": "1",
        SWITCH: "1",
        "CC613HAL_KERNEL_LANE_SHARED": SHARED,
    }


@contextlib.contextmanager
def locked(cache: Path, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """Be the only one who changes the cache; wait for whoever does, with a word about it."""
    cache.mkdir(parents=True, exist_ok=True)
    started, said = time.monotonic(), False
    with (cache / "lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() - started > wait_s:
                    raise LaneBrokenError(f"another run has been busy with {cache} for {wait_s / 60:.0f} minutes") from None
                if not said:
                    say("another run is making the cache; waiting for it")
                    said = True
                time.sleep(0.5)
        yield


def prepare(options: Options) -> tuple[Kit, list[Module], list[Module]]:
    """Fetch and build what is not in the cache; return the kit and the modules to load, early and late."""
    with locked(options.cache):
        kit = None if options.refresh else existing_kit(options.cache)
        if kit is None:
            kit = fetch_kit(options.cache)
        shelves = [build(kit, options.cache), index(kit.modules)]
    order = [Module(name, content, PARAMETERS.get(name, ())) for name, content in collect([*EARLY, *LATE], shelves)]
    early = {name for name, _ in collect(EARLY, shelves)}
    return kit, [m for m in order if m.name in early], [m for m in order if m.name not in early]


def compile_ahead(options: Options) -> None:
    """Byte-compile what the tests will import, so that the guest, which is slow, need not: it cannot keep what it compiles."""
    script = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    library = run([str(options.python), "-c", script], label="asking the interpreter", timeout_s=60).output.strip()
    folders = [library, *(str(options.folder / name) for name in ("cc613hal", "drivers", "tests/kernel"))]
    run(["nice", str(options.python), "-m", "compileall", "-q", *folders], label="byte-compiling", timeout_s=600)


def check_python(python: Path) -> None:
    """Make sure that the tests can start at all.

    Raises:
        CannotRunHereError: No such interpreter, or it lacks what the guest tests import.
    """
    script = "import attrs, periphery, pymodbus, pytest, serial, smbus2"
    try:
        finished = run([str(python), "-c", script], label="asking the interpreter", timeout_s=60)
    except OSError as error:
        raise CannotRunHereError(
            f"the interpreter {python} does not start ({error})", "make the virtual environment first, or give --python"
        ) from None
    if finished.status:
        raise CannotRunHereError(
            f"{python} lacks packages that the tests import ({finished.tail.splitlines()[-1]})",
            "install the project into it, or give --python",
        )


def run_lane(options: Options) -> Outcome:
    """Prepare, boot, run, clean up.

    Raises:
        CannotRunHereError: This machine lacks something.
        LaneBrokenError: Something that should work did not.
    """
    check_python(options.python)
    kit, early, late = prepare(options)
    compile_ahead(options)
    command = pytest_command(options.python, options.pytest, options.folder)
    errand = Errand(command, str(options.folder), guest_environment(options.python))
    shared = options.cache / "shared"
    shared.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cc613hal-lane-") as scratch:
        archive = Path(scratch) / "initramfs.cpio"
        archive.write_bytes(initramfs(Path(kit.tool("busybox")).read_bytes(), early, late, errand))
        machine = Machine(
            qemu=kit.tool("qemu-system-x86_64"),
            kernel=kit.image,
            initramfs=archive,
            shared=Path(tempfile.mkdtemp(dir=scratch)),
            socket=Path(scratch) / "serial",
        )
        say(f"booting Linux {kit.release} in plain emulation")
        outcome = run_machine(machine, kit.environment(), Limits(command_s=options.timeout_s))
        for name in (path for path in machine.shared.iterdir() if path.is_file()):
            shutil.copy(name, shared)
    return outcome


def explain(options: Options) -> int:
    """Say whether the lane can run here and what it would do first."""
    check_machine()
    check_python(options.python)
    kit = existing_kit(options.cache)
    if kit is None:
        say(f"can run here; a first run fetches about 250 MB of Debian packages into {options.cache} and takes a minute or two")
    else:
        say(f"can run here, with Linux {kit.release} from {options.cache}; tests run with {options.python}")
    return PASSED


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    """Let a polite kill take the same way out as Ctrl-C, so that nothing stays behind."""
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the lane; return the exit status."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        if options.why:
            return explain(options)
        outcome = run_lane(options)
    except CannotRunHereError as error:
        say(f"cannot run here: {error}")
        return CANNOT
    except (LaneBrokenError, TimeoutError) as error:
        say(f"broken: {error}")
        return FAILED
    except KeyboardInterrupt:
        say("interrupted")
        return FAILED
    verdict = "passed" if outcome.status == 0 else f"failed (pytest's status {outcome.status})"
    say(f"{verdict}; kernel up after {outcome.boot_s:.1f} s, {outcome.total_s:.1f} s in all")
    return PASSED if outcome.status == 0 else FAILED


if __name__ == "__main__":
    sys.exit(main())
