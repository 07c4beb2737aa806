"""What is asked of apt, how its answers are read, and what is said when it cannot help."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.kernel.lane import packages
from tests.kernel.lane.errors import CannotRunHereError
from tests.kernel.lane.packages import (
    Archive,
    Kit,
    Package,
    check_machine,
    existing_kit,
    fetch_kit,
    parse_depends,
    parse_planned,
    tool_environment,
)
from tests.kernel.lane.processes import Finished

SIMULATION = """\
NOTE: This is only a simulation!
Inst busybox-static (1:1.35.0-4+deb12u1+b1 Debian:12.11/oldstable [amd64])
Inst linux-libc-dev [6.1.187-1] (6.1.192-2 Debian-Security:12/oldstable-security [amd64])
Conf busybox-static (1:1.35.0-4+deb12u1+b1 Debian:12.11/oldstable [amd64])
"""

DEPENDS = """\
linux-headers-6.1.0-56-amd64
  Depends: linux-headers-6.1.0-56-common
  PreDepends: something
 |Depends: initramfs-tools
  Depends: <linux-initramfs-tool>
  Recommends: other
"""


def quiet(_: str) -> None:
    """Say nothing."""


def test_planned_packages_are_read_with_their_new_versions() -> None:
    assert parse_planned(SIMULATION) == [Package("busybox-static", "1:1.35.0-4+deb12u1+b1"), Package("linux-libc-dev", "6.1.192-2")]


def test_dependencies_without_alternatives_are_read() -> None:
    assert parse_depends(DEPENDS) == ["linux-headers-6.1.0-56-common", "something"]


def test_installed_tools_go_before_unpacked_ones() -> None:
    env = tool_environment(Path("/cache/root"), {"PATH": "/usr/bin"})
    assert env["PATH"].split(":") == ["/usr/bin", "/cache/root/usr/bin", "/cache/root/bin", "/cache/root/usr/sbin", "/cache/root/sbin"]
    assert env["LD_LIBRARY_PATH"].startswith("/cache/root/usr/lib/")


def test_a_kit_counts_only_when_it_is_whole(tmp_path: Path) -> None:
    assert existing_kit(tmp_path) is None
    record = {"layout": packages.LAYOUT, "release": "6.1.0-1-amd64", "versions": {"linux-image": "6.1"}}
    (tmp_path / "kit.json").write_text(json.dumps(record))
    assert existing_kit(tmp_path) is None
    kit = Kit("6.1.0-1-amd64", tmp_path / "root", tmp_path / "sources", {"linux-image": "6.1"})
    kit.image.parent.mkdir(parents=True)
    kit.image.touch()
    kit.headers.mkdir(parents=True)
    assert existing_kit(tmp_path) == kit
    (tmp_path / "kit.json").write_text(json.dumps({**record, "layout": packages.LAYOUT - 1}))
    assert existing_kit(tmp_path) is None
    (tmp_path / "kit.json").write_text("{half")
    assert existing_kit(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [("system", "Darwin", "this is Darwin"), ("machine", "aarch64", "this machine is aarch64")],
)
def test_other_machines_are_told_so(monkeypatch: pytest.MonkeyPatch, name: str, answer: str, says: str) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, name, lambda: answer)
    with pytest.raises(CannotRunHereError, match=says) as refusal:
        check_machine()
    assert "Debian 12" in refusal.value.next_step


def test_a_machine_without_apt_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(CannotRunHereError, match="no `apt-get` here"):
        check_machine()


class FakeApt:
    """Answers from a table; without package lists of our own it knows nothing, as on a fresh container."""

    def __init__(self, answers: dict[str, str], knows_from_the_start: bool) -> None:
        self.answers = answers
        self.knows = knows_from_the_start
        self.asked: list[list[str]] = []

    def __call__(self, argv: Sequence[str], label: str, timeout_s: float) -> Finished:
        self.asked.append(list(argv))
        if "update" in argv:
            self.knows = True
            return Finished(0, "")
        return Finished(0, self.answers.get(argv[-1], "")) if self.knows else Finished(100, "E: Unable to locate package")


def test_lists_of_our_own_are_kept_in_the_cache(tmp_path: Path) -> None:
    apt = FakeApt({"linux-image-amd64": "  Depends: linux-image-6.1.0-56-amd64\n"}, knows_from_the_start=True)
    archive = Archive(tmp_path / "apt", apt, quiet)
    assert archive.depends("linux-image-amd64") == ["linux-image-6.1.0-56-amd64"]
    assert not any("Dir::State" in word for word in apt.asked[-1])
    archive.update()
    archive.depends("linux-image-amd64")
    assert f"Dir::State::lists={tmp_path / 'apt' / 'lists'}" in apt.asked[-1]


@pytest.fixture
def debian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "check_machine", lambda: None)


@pytest.mark.usefixtures("debian")
def test_stale_lists_are_renewed_once_and_then_the_reason_is_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[list[str]] = []

    def refuse(argv: Sequence[str], **_: object) -> Finished:
        asked.append(list(argv))
        return Finished(100, "E: Could not resolve the archive's name")

    monkeypatch.setattr(packages, "run", refuse)
    with pytest.raises(CannotRunHereError, match="Could not resolve") as refusal:
        fetch_kit(tmp_path, quiet)
    assert "check the network" in refusal.value.next_step
    assert ["update" in argv for argv in asked] == [False, True]
    assert existing_kit(tmp_path) is None


@pytest.mark.usefixtures("debian")
def test_an_archive_of_another_distribution_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(packages, "run", lambda _argv, **_: Finished(0, ""))
    with pytest.raises(CannotRunHereError, match="no Debian kernel"):
        fetch_kit(tmp_path, quiet)


@pytest.mark.usefixtures("debian")
def test_a_full_disk_is_told_before_anything_is_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(packages, "UNPACKED_BYTES", 1 << 80)
    with pytest.raises(CannotRunHereError, match="GB of room"):
        fetch_kit(tmp_path, quiet)
