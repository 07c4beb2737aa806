"""GPIO chips made with the kernel's `gpio-sim`: lines with names, whose outer side the test holds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

CONFIGFS = Path("/sys/kernel/config/gpio-sim")
PLATFORM = Path("/sys/devices/platform")


@attrs.frozen
class GpioSim:
    """A live simulated GPIO chip.

    Attributes:
        path: Its character device.
        lines: The names of its lines, by offset.
        state: Where the kernel shows the outer side of the lines.
    """

    path: str
    lines: tuple[str, ...]
    state: Path

    def offset(self, line: str | int) -> int:
        """The offset of a line given by name or offset."""
        return line if isinstance(line, int) else self.lines.index(line)

    def value(self, line: str | int) -> bool:
        """What a voltmeter on the line would show: an output's level, or an input's pull."""
        return (self.state / f"sim_gpio{self.offset(line)}" / "value").read_text().strip() == "1"

    def pull(self, line: str | int, high: bool) -> None:
        """Pull a line from the outside."""
        (self.state / f"sim_gpio{self.offset(line)}" / "pull").write_text("pull-up" if high else "pull-down")


@contextlib.contextmanager
def gpio_sim(name: str, lines: Sequence[str], label: str | None = None) -> Iterator[GpioSim]:
    """Make a chip for the time of the `with` block.

    Args:
        name: A name for the chip that is not in use.
        lines: Names of its lines in order; an empty name leaves a line without one.
        label: The chip's label as programs see it; by default the kernel makes one.
    """
    top = CONFIGFS / name
    bank = top / "bank0"
    made: list[Path] = []

    def make(folder: Path) -> None:
        folder.mkdir()
        made.append(folder)

    try:
        make(top)
        make(bank)
        (bank / "num_lines").write_text(str(len(lines)))
        if label is not None:
            (bank / "label").write_text(label)
        for offset, line in enumerate(lines):
            if line:
                make(bank / f"line{offset}")
                (bank / f"line{offset}" / "name").write_text(line)
        (top / "live").write_text("1")
        chip = (bank / "chip_name").read_text().strip()
        device = (top / "dev_name").read_text().strip()
        yield GpioSim(f"/dev/{chip}", tuple(lines), PLATFORM / device / chip)
    finally:
        if top.exists():
            with contextlib.suppress(OSError):  # not live yet
                (top / "live").write_text("0")
        for folder in reversed(made):
            folder.rmdir()
