"""Fetch what the lane needs from Debian's archive with apt, into the cache: no root, nothing installed, nothing on the system changed.

Two kinds of packages, both only unpacked:

- the kernel that boots, its headers and its source, always from the archive, so that they fit each other;
- tools (QEMU, a static busybox, the compiler the kernel was built with), with whatever libraries this machine does not have. A tool that is
  installed here is used as it is.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import tarfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from tests.kernel.lane.errors import CannotRunHereError, LaneBrokenError
from tests.kernel.lane.processes import Finished, Say, run, say

TOOLS = ("qemu-system-x86", "busybox-static", "make", "binutils")
"""Packages of programs the lane calls. The compiler is added once the kernel is known."""

NEEDED_SOURCES = (
    "drivers/gpio/gpio-sim.c",
    "drivers/gpio/gpiolib.h",
    "drivers/iio/accel/sca3300.c",
    "drivers/iio/temperature/max31865.c",
    "drivers/pwm/pwm-pca9685.c",
    "kernel/irq/irq_sim.c",
)
"""What is taken out of the kernel source: drivers that Debian's kernel leaves out, a simulated GPIO chip among them, and what they need."""

UNPACKED_BYTES = 1_500_000_000
"""Room the cache needs while it is being made (it keeps less)."""

LAYOUT = 3
"""Number of this layout of the cache; a cache with another number is made anew."""

NETWORK_HELP = (
    "check the network and that apt knows a Debian archive with its security updates (`apt-get update` should work), then run this again"
)

Runner = Callable[[Sequence[str], str, float], Finished]
"""Run a command (argv, label, timeout in seconds)."""


@attrs.frozen
class Package:
    """A package in the archive that is not on this machine."""

    name: str
    version: str

    @property
    def pinned(self) -> str:
        """The name as apt takes it, with the version."""
        return f"{self.name}={self.version}"


@attrs.frozen
class Kit:
    """Everything the lane needs, ready in the cache.

    Attributes:
        release: The kernel's release, such as `6.1.0-56-amd64`.
        root: Where packages have been unpacked: `boot/`, `lib/modules/`, `usr/`.
        sources: The files of `NEEDED_SOURCES`, in the same folders.
        versions: Package → version, for whoever wants to know what was tested on.
    """

    release: str
    root: Path
    sources: Path
    versions: Mapping[str, str]

    @property
    def image(self) -> Path:
        """The kernel that boots."""
        return self.root / "boot" / f"vmlinuz-{self.release}"

    @property
    def modules(self) -> Path:
        """The folder with that kernel's modules."""
        return self.root / "lib" / "modules" / self.release

    @property
    def headers(self) -> Path:
        """What modules of our own are built against."""
        return self.root / "usr" / "src" / f"linux-headers-{self.release}"

    def environment(self) -> dict[str, str]:
        """The process environment in which tools of the kit are found next to those installed."""
        return tool_environment(self.root, os.environ)

    def tool(self, name: str) -> str:
        """The path of a program of the kit or of this machine.

        Raises:
            LaneBrokenError: It is in neither, so the packages are not what they were.
        """
        found = shutil.which(name, path=self.environment()["PATH"])
        if found is None:
            raise LaneBrokenError(f"no program {name!r} in {self.root} nor on this machine; remove the cache folder and try again")
        return found


def tool_environment(root: Path, outer: Mapping[str, str]) -> dict[str, str]:
    """`outer` with the programs and libraries unpacked below `root` behind those installed."""
    env = dict(outer)
    programs = [str(root / part) for part in ("usr/bin", "bin", "usr/sbin", "sbin")]
    env["PATH"] = os.pathsep.join([*filter(None, [outer.get("PATH", "/usr/bin:/bin")]), *programs])
    libraries = [str(root / part) for part in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu")]
    env["LD_LIBRARY_PATH"] = os.pathsep.join([*filter(None, [outer.get("LD_LIBRARY_PATH", "")]), *libraries])
    env["LC_ALL"] = "C"
    return env


def parse_planned(simulation: str) -> list[Package]:
    """What `apt-get install --simulate` says it would install: its lines `Inst name [old] (version archive …)`."""
    found = re.findall(r"^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) ", simulation, re.MULTILINE)
    return [Package(name, version) for name, version in found]


def parse_depends(text: str) -> list[str]:
    """The packages named after `Depends:` in the output of `apt-cache depends`, without alternatives."""
    return re.findall(r"^ *(?:Pre)?Depends: ([^\s<|]+)$", text, re.MULTILINE)


def reason_of(output: str) -> str:
    """The first error in apt's output, as one line."""
    errors = [line.removeprefix("E:").strip().rstrip(".") for line in output.splitlines() if line.startswith("E:")]
    return " ".join(errors[0].split()) if errors else "it gave no reason"


def first_with(prefix: str, names: Iterable[str]) -> str | None:
    """The first name with this prefix."""
    return next((name for name in names if name.startswith(prefix)), None)


@attrs.define
class Archive:
    """apt, asked as any user may ask it.

    It begins with the package lists of this machine. When those are missing or too old, it fetches lists of its own into `state`, which
    needs no rights.
    """

    state: Path
    runner: Runner
    progress: Say = say
    own_lists: bool = False

    def _options(self) -> list[str]:
        options = ["-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=30"]
        if self.own_lists:
            options += ["-o", f"Dir::State::lists={self.state / 'lists'}", "-o", f"Dir::Cache={self.state / 'cache'}"]
        return options

    def update(self) -> None:
        """Fetch package lists into a folder of our own and use them from here on."""
        self.progress("fetching package lists")
        (self.state / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        (self.state / "cache").mkdir(parents=True, exist_ok=True)
        self.own_lists = True
        self._ask("apt-get", "update", "-q", "--error-on=any", label="package lists", timeout_s=300)

    def _ask(self, program: str, *arguments: str, label: str, timeout_s: float = 120) -> str:
        finished = self.runner([program, *self._options(), *arguments], label, timeout_s)
        if finished.status:
            raise _AptError(reason_of(finished.output))
        return finished.output

    def depends(self, package: str) -> list[str]:
        """What a package depends on, directly."""
        return parse_depends(self._ask("apt-cache", "depends", "--important", package, label=f"dependencies of {package}"))

    def candidate(self, package: str) -> Package:
        """The version of a package that would be installed."""
        text = self._ask("apt-cache", "policy", package, label=f"version of {package}")
        found = re.search(r"^ *Candidate: (\S+)$", text, re.MULTILINE)
        if found is None or found[1] == "(none)":
            raise _AptError(f"apt knows no package {package}")
        return Package(package, found[1])

    def missing(self, packages: Sequence[str]) -> list[Package]:
        """Those packages, and everything they need, that are not installed here."""
        return parse_planned(
            self._ask("apt-get", "install", "--simulate", "--no-install-recommends", *packages, label="what is missing here")
        )

    def download(self, packages: Sequence[Package], into: Path, fetch: Callable[[list[str], Path], Finished]) -> None:
        """Put the .deb files of these packages into a folder."""
        finished = fetch(["apt-get", *self._options(), "download", "-q", *(package.pinned for package in packages)], into)
        if finished.status:
            raise _AptError(reason_of(finished.output))


class _AptError(Exception):
    """apt said no."""


def check_machine() -> None:
    """Say early and plainly when this cannot be a machine for the lane.

    Raises:
        CannotRunHereError: It is not.
    """
    if platform.system() != "Linux":
        raise CannotRunHereError(
            f"the lane runs programs of this machine inside a Linux kernel, and this is {platform.system()}", "run it on Debian 12 (amd64)"
        )
    if platform.machine() != "x86_64":
        raise CannotRunHereError(
            f"the lane boots an amd64 kernel with this machine's own Python, and this machine is {platform.machine()}",
            "run it on Debian 12 (amd64)",
        )
    for program in ("apt-get", "apt-cache", "dpkg-deb"):
        if shutil.which(program) is None:
            raise CannotRunHereError(
                f"there is no `{program}` here, and the kernel and QEMU come as Debian packages", "run it on Debian 12 (amd64)"
            )


def existing_kit(cache: Path) -> Kit | None:
    """The kit of an earlier run, or None if there is none that is complete."""
    try:
        record = json.loads((cache / "kit.json").read_text())
        if record["layout"] != LAYOUT:
            return None
        kit = Kit(record["release"], cache / "root", cache / "sources", record["versions"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kit if kit.image.exists() and kit.headers.exists() else None


def fetch_kit(cache: Path, progress: Say = say) -> Kit:
    """Download and unpack everything, and record it; the caller holds the lock of the cache.

    Raises:
        CannotRunHereError: No apt, no network, no room, not Debian.
        LaneBrokenError: What was fetched is not what was expected.
    """
    check_machine()
    cache.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(cache).free < UNPACKED_BYTES:
        raise CannotRunHereError(
            f"the lane needs {UNPACKED_BYTES / 1e9:.1f} GB of room below {cache} while it fetches", "make room and run this again"
        )
    for name in ("root", "sources", "debs", "built"):
        shutil.rmtree(cache / name, ignore_errors=True)
    (cache / "kit.json").unlink(missing_ok=True)

    def call(argv: Sequence[str], label: str, timeout_s: float) -> Finished:
        try:
            return run(argv, label=label, timeout_s=timeout_s, env={**os.environ, "LC_ALL": "C"}, progress=progress)
        except TimeoutError as error:
            raise CannotRunHereError(f"apt did not finish: {error}", NETWORK_HELP) from error

    archive = Archive(cache / "apt", call, progress)
    try:
        try:
            release, packages = _download(archive, cache / "debs", progress)
        except _AptError:  # no lists, or lists that name files which are gone by now
            archive.update()
            release, packages = _download(archive, cache / "debs", progress)
    except _AptError as error:
        raise CannotRunHereError(f"apt could not provide the packages ({error})", NETWORK_HELP) from error
    _unpack(cache, release, progress)
    versions = {package.name: package.version for package in packages}
    (cache / "kit.json").write_text(json.dumps({"layout": LAYOUT, "release": release, "versions": versions}, indent=1) + "\n")
    return Kit(release, cache / "root", cache / "sources", versions)


def _download(archive: Archive, into: Path, progress: Say) -> tuple[str, list[Package]]:
    """Work out the packages and download them; return the kernel's release and the packages."""
    image = first_with("linux-image-", archive.depends("linux-image-amd64"))
    if image is None:
        raise CannotRunHereError("apt's archive has no Debian kernel (`linux-image-amd64`)", "run it on Debian 12 (amd64)")
    release = image.removeprefix("linux-image-")
    series = ".".join(release.split(".")[:2])
    headers = f"linux-headers-{release}"
    needed = archive.depends(headers)
    common = first_with("linux-headers-", needed)
    kbuild = first_with("linux-kbuild-", needed)
    compiler = first_with("linux-compiler-", needed) or first_with("gcc", needed)
    if common is None or kbuild is None or compiler is None:
        raise CannotRunHereError(
            f"the packages of this kernel ({release}) are cut in a way the lane does not know", "run it on Debian 12 (amd64)"
        )
    kernel = [archive.candidate(name) for name in (image, headers, common, kbuild, f"linux-source-{series}")]
    known = {package.name for package in kernel}
    packages = kernel + [package for package in archive.missing([*TOOLS, compiler]) if package.name not in known]
    progress(f"downloading {len(packages)} packages (kernel {release} with headers and source, QEMU), about 250 MB")
    into.mkdir(parents=True, exist_ok=True)
    archive.download(
        packages,
        into,
        lambda argv, folder: run(
            argv, label="downloading", timeout_s=1800, cwd=folder, env={**os.environ, "LC_ALL": "C"}, progress=progress
        ),
    )
    return release, packages


def _unpack(cache: Path, release: str, progress: Say) -> None:
    """Unpack what was downloaded, make the headers usable where they are, and take out the few source files."""
    root, debs = cache / "root", cache / "debs"
    progress("unpacking")
    for deb in sorted(debs.glob("*.deb")):
        if deb.name.startswith("linux-source-"):
            _take_sources(deb, cache / "sources", progress)
        else:
            _checked(run(["dpkg-deb", "-x", str(deb), str(root)], label=f"unpacking {deb.name}", timeout_s=300, progress=progress))
    shutil.rmtree(debs)
    makefile = root / "usr" / "src" / f"linux-headers-{release}" / "Makefile"
    makefile.write_text(makefile.read_text().replace("include /usr/src/", f"include {root.absolute()}/usr/src/"))


def _take_sources(deb: Path, into: Path, progress: Say) -> None:
    """Take the few files the lane needs out of the kernel source package."""
    progress("looking for the simulated GPIO chip in the kernel source (half a minute)")
    folder = deb.with_suffix("")
    _checked(run(["dpkg-deb", "-x", str(deb), str(folder)], label="unpacking the kernel source", timeout_s=600, progress=progress))
    tarball = next(folder.glob("usr/src/linux-source-*.tar.xz"))
    wanted = set(NEEDED_SOURCES)
    with tarfile.open(tarball, "r|xz") as archive:
        for member in archive:
            path = member.name.partition("/")[2]
            content = archive.extractfile(member) if path in wanted else None
            if content is None:
                continue
            target = into / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())
            wanted.remove(path)
            if not wanted:
                break
    shutil.rmtree(folder)
    if wanted:
        raise LaneBrokenError(f"the kernel source has no {', '.join(sorted(wanted))}")


def _checked(finished: Finished) -> None:
    if finished.status:
        raise LaneBrokenError(f"unpacking failed:\n{finished.tail}")
