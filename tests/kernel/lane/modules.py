"""Kernel modules: which ones a module needs, and building those that Debian's kernel does not have.

Built here, against the headers of the kernel that boots: `gpio-sim`, `irq_sim` and the drivers of
`LEFT_OUT` from that kernel's own source, and `cc613_bridge`, ours.
"""

from __future__ import annotations

import hashlib
import lzma
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tests.kernel.lane.errors import LaneBrokenError
from tests.kernel.lane.packages import Kit
from tests.kernel.lane.processes import Say, run, say

OUR_SOURCE = Path(__file__).with_name("module")
"""The folder with the C source of the module of ours."""

NOT_EXPORTED = ("handle_simple_irq(irq_to_desc(irqnum));", "generic_handle_irq(irqnum);")
"""`irq_sim` is written to be built in, with the table of interrupts at hand. As a module it calls what is exported, to the same effect."""


LEFT_OUT = ("drivers/iio/accel/sca3300.c", "drivers/iio/temperature/max31865.c", "drivers/pwm/pwm-pca9685.c")
"""Drivers that Debian does not build for PCs, built as they stand: what a driver of ours is compared with."""


def canonical(name: str) -> str:
    """The name of a module as the kernel compares it: `i2c-dev` and `i2c_dev` are one."""
    return name.replace("-", "_")


def declared_needs(module: bytes) -> list[str]:
    """The modules that a module names as needed, from its `.modinfo`; an empty list if it needs none."""
    found = re.search(rb"(?:^|\0)depends=([^\0]*)\0", module)
    return [canonical(name) for name in found[1].decode("ascii").split(",") if name] if found else []


def load_order(wanted: Iterable[str], needs: Callable[[str], list[str] | None]) -> list[str]:
    """The modules to load so that all of `wanted` are there, each after those it needs, none twice.

    Args:
        wanted: Names, spelt with either dash or underscore.
        needs: Canonical name → canonical names of what it needs directly, or None if there is no such module: built into the kernel.
    """
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in order:
            return
        if name in path:
            raise LaneBrokenError(f"kernel modules need each other in a circle: {' → '.join([*path, name])}")
        below = needs(name)
        if below is None:
            return
        for other in below:
            visit(other, (*path, name))
        order.append(name)

    for name in wanted:
        visit(canonical(name), ())
    return order


def read_module(path: Path) -> bytes:
    """The bytes of a module file, unpacked if it is compressed."""
    content = path.read_bytes()
    return lzma.decompress(content) if path.suffix == ".xz" else content


def index(folder: Path) -> dict[str, Path]:
    """Canonical name → file, of all modules below a folder."""
    found = [*folder.rglob("*.ko"), *folder.rglob("*.ko.xz")]
    return {canonical(path.name.partition(".ko")[0]): path for path in found}


def collect(wanted: Iterable[str], shelves: Iterable[Mapping[str, Path]]) -> list[tuple[str, bytes]]:
    """The modules to load, in order, as (canonical name, content); earlier shelves win."""
    files: dict[str, Path] = {}
    for shelf in shelves:
        files = {**shelf, **files}
    contents: dict[str, bytes] = {}

    def needs(name: str) -> list[str] | None:
        if name not in files:
            return None
        contents[name] = read_module(files[name])
        return declared_needs(contents[name])

    return [(name, contents[name]) for name in load_order(wanted, needs)]


def prepare_sources(kit: Kit, into: Path) -> None:
    """Lay out one folder in which the kernel's build system finds everything that is built here."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for path in LEFT_OUT:
        shutil.copy(kit.sources / path, into)
    gpio = kit.sources / "drivers" / "gpio"
    shutil.copy(gpio / "gpio-sim.c", into)
    shutil.copy(gpio / "gpiolib.h", into)
    text = (kit.sources / "kernel" / "irq" / "irq_sim.c").read_text().replace(*NOT_EXPORTED)
    if "MODULE_LICENSE" not in text:
        text += '\n#include <linux/module.h>\nMODULE_LICENSE("GPL");\n'
    (into / "irq_sim.c").write_text(text)
    ours = sorted(OUR_SOURCE.glob("*.c"))
    for path in ours:
        shutil.copy(path, into)
    names = [path.stem for path in ours] + [Path(path).stem for path in LEFT_OUT] + ["irq_sim", "gpio-sim"]
    (into / "Kbuild").write_text(f"obj-m := {' '.join(f'{name}.o' for name in names)}\n")


def fingerprint(kit: Kit) -> str:
    """Changes whenever what is built, or what it is built for, changes."""
    digest = hashlib.sha256(f"{kit.release} {sorted(kit.versions.items())}".encode())
    for path in [*sorted(OUR_SOURCE.iterdir()), Path(__file__)]:
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def build(kit: Kit, cache: Path, progress: Say = say) -> dict[str, Path]:
    """Build the modules unless they are there already; canonical name → file. The caller holds the lock of the cache.

    Raises:
        LaneBrokenError: The compiler said no; its last words are in the message.
    """
    folder, stamp = cache / "built", cache / "built" / "fingerprint"
    wanted = fingerprint(kit)
    if not stamp.exists() or stamp.read_text() != wanted:
        progress(f"building kernel modules: gpio-sim, irq_sim, {', '.join(Path(path).stem for path in LEFT_OUT)}, cc613_bridge")
        prepare_sources(kit, folder)
        # several people share the machine: one job, and politely
        command = ["nice", kit.tool("make"), "-C", str(kit.headers), f"M={folder.absolute()}", "ARCH=x86", "modules"]
        finished = run(command, label="building kernel modules", timeout_s=600, env=kit.environment(), progress=progress)
        (folder / "build.log").write_text(finished.output)
        if finished.status:
            raise LaneBrokenError(f"the kernel modules do not build:\n{finished.tail}")
        stamp.write_text(wanted)
    return index(folder)
