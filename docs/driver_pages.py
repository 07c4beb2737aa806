"""Reference pages of drivers, made from what their packages announce, their READMEs and ``quality.toml``: one table, and a page each."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from cc613hal.plugins.manager import Plugins
from cc613hal.plugins.spec import DriverSpec
from cc613hal.testing.quality import DriverQuality, announced, evidence, qualities
from cc613hal.testing.readme import options_table, wiring

DRIVERS = Path(__file__).parent.parent / "drivers"

_HEAD = """# Drivers

Every driver of this repository, made from what its package announces and from its `quality.toml`. Each part has a page of its own,
with wiring, lines, options and sources; `cc613hal list drivers` shows what is installed on your machine. No driver claims more than
it has been through: [the levels](../quality.md).

"tested how" says in which ways: *conformance suites* and *bad input* are the library's own suites, run on simulated buses; *random
input* makes up what nobody thought of; *recorded dialogue* compares every byte with a recording; *file descriptors* is the real adapter
on an emulated device node; *real kernel* runs on Debian's kernel in QEMU; *another implementation* holds the driver, or its emulated
part, against somebody else's.

| part | interfaces | bus | quality | tested how | sources of facts | configurable, because it is not public or differs |
|---|---|---|---|---|---|---|
"""
_FOOT = """
```{toctree}
:hidden:
:glob:
:maxdepth: 1
drivers/*
```
"""


@frozen
class Known:
    """All that is known of a driver.

    Attributes:
        spec: what its package announces.
        quality: its entry in ``quality.toml``.
        package: its package's folder.
        plugins: its package's announcements.
    """

    spec: DriverSpec
    quality: DriverQuality
    package: Path
    plugins: Plugins

    @property
    def buses(self) -> str:
        """Kinds of bus, in words."""
        return ", ".join(kind.value for kind in self.spec.buses) or ("lines" if self.spec.lines else "none")

    @property
    def reasons(self) -> dict[str, str]:
        """Options that are options because their figure is not certain, and why."""
        configurable = self.quality.configurable
        return dict(configurable) if isinstance(configurable, dict) else dict.fromkeys(configurable, "")


def known_drivers() -> list[Known]:
    """The drivers of this repository, family by family."""
    found: list[Known] = []
    for package in sorted(path.parent for path in DRIVERS.glob("*/pyproject.toml")):
        plugins, told = announced(package), qualities(package)
        found += [Known(spec, told[name], package, plugins) for name, spec in sorted(plugins.drivers.items())]
    return found


def driver_pages() -> dict[str, str]:
    """The table and the pages, by file name."""
    drivers = known_drivers()
    rows = "".join(_row(known) for known in drivers)
    return {"drivers.md": _HEAD + rows + _FOOT, **{f"drivers/{known.spec.name}.md": _page(known) for known in drivers}}


def _row(known: Known) -> str:
    spec = known.spec
    cells = [
        f"[{spec.name}](drivers/{spec.name}.md): {spec.summary}",
        ", ".join(spec.capabilities),
        known.buses,
        spec.quality.value,
        ", ".join(evidence(known.package, known.quality)),
        "; ".join(known.quality.sources),
        ", ".join(f"`{name}`" for name in known.reasons),
    ]
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |\n"


def _page(known: Known) -> str:
    spec, quality = known.spec, known.quality
    lines = [f"# {spec.name}", "", spec.summary[0].upper() + spec.summary[1:].rstrip(".") + ".", ""]
    lines += [f"- interfaces: {', '.join(f'`{name}`' for name in spec.capabilities)}", f"- bus: {known.buses}"]
    if spec.addresses:
        lines.append("- usual addresses: " + ", ".join(f"`{address:#04x}`" for address in spec.addresses))
    if spec.shared:
        lines.append("- several devices may share one address: each is a channel of the part")
    lines += [f"- package: `cc613hal-{known.package.name.replace('_', '-')}`, quality level [{spec.quality.value}](../../quality.md)"]
    lines += ["- emulated part for simulations: " + ("yes" if spec.emulator else "no")]
    meter = spec.name.removeprefix("meters.")
    if meter != spec.name and (Path(__file__).parent / "reference" / "generated" / "meters" / f"{meter}.md").exists():
        lines.append(f"- quantities, reads and times: [the meter's page](../meters/{meter}.md)")
    lines.append("")
    if picture := wiring((known.package / "README.md").read_text("utf-8"), spec.name):
        lines += ["## Wiring", "", "```text", picture.rstrip("\n"), "```", ""]
    lines += _lines_and_uses(spec)
    if options := options_table([spec], known.plugins, known.reasons):
        lines += ["## Options", "", *options, ""]
    lines += ["## What it stands on", "", *[f"- {source}" for source in quality.sources], ""]
    if quality.assumed:
        lines += ["Assumed, because nobody published it:", "", *[f"- {fact}" for fact in quality.assumed], ""]
    lines += [f"Tested by: {', '.join(evidence(known.package, quality))}.", "", *[f"- `{test}`" for test in quality.tests], ""]
    return "\n".join(lines)


def _lines_and_uses(spec: DriverSpec) -> list[str]:
    lines: list[str] = []
    if spec.lines:
        lines += ["## Lines", "", "| line | direction | required | meaning |", "|---|---|---|---|"]
        lines += [f"| `{line.role}` | {line.direction.value} | {'yes' if line.required else 'no'} | {line.help} |" for line in spec.lines]
        lines.append("")
    if spec.uses:
        lines += ["## Builds on", "", "| role | interface | required | meaning |", "|---|---|---|---|"]
        lines += [f"| `{use.role}` | `{use.capability}` | {'yes' if use.required else 'no'} | {use.help} |" for use in spec.uses]
        lines.append("")
    return lines
