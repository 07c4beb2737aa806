"""The archive the guest boots with: readable by anyone who knows the format, and an init that a shell accepts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import attrs
import pytest

from tests.kernel.lane.initramfs import DOWN, UP, CpioWriter, Errand, Module, init_script, initramfs

ERRAND = Errand(["/opt/x/python", "-m", "pytest", "-k", "a or b", "it's"], "/home/some body/repo", {"PATH": "/bin", "WORDS": "two words"})


@attrs.frozen
class Entry:
    """One entry of an archive."""

    mode: int
    data: bytes
    device: tuple[int, int]


def read_newc(archive: bytes) -> dict[str, Entry]:
    """An independent reading of the format: `Documentation/driver-api/early-userspace/buffer-format.rst` of the kernel."""
    entries: dict[str, Entry] = {}
    at = 0
    while True:
        assert archive[at : at + 6] == b"070701"
        assert at % 4 == 0
        fields = [int(archive[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        _, mode, _, _, _, _, size, _, _, major, minor, name_size, _ = fields
        name = archive[at + 110 : at + 110 + name_size]
        assert name.endswith(b"\0")
        at = -(-(at + 110 + name_size) // 4) * 4
        data = archive[at : at + size]
        at = -(-(at + size) // 4) * 4
        if name == b"TRAILER!!!\0":
            assert at == len(archive)
            return entries
        entries[name[:-1].decode()] = Entry(mode, data, (major, minor))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 1000])
def test_what_is_written_can_be_read(size: int) -> None:
    writer = CpioWriter()
    writer.folder("dev")
    writer.character_device("dev/console", 5, 1)
    writer.file("a" * (size % 7 + 1), b"x" * size)
    entries = read_newc(writer.finish())
    assert entries["dev"].mode == 0o040755
    assert (entries["dev/console"].mode, entries["dev/console"].device) == (0o020600, (5, 1))
    assert entries["a" * (size % 7 + 1)] == Entry(0o100644, b"x" * size, (0, 0))


def test_the_archive_holds_an_init_a_busybox_and_the_modules() -> None:
    archive = initramfs(b"BUSYBOX", [Module("virtio", b"V")], [Module("i2c_stub", b"S", ("chip_addr=0x48",))], ERRAND)
    entries = read_newc(archive)
    assert entries["busybox"] == Entry(0o100755, b"BUSYBOX", (0, 0))
    assert entries["init"].mode == 0o100755
    assert (entries["modules/virtio.ko"].data, entries["modules/i2c_stub.ko"].data) == (b"V", b"S")


def test_modules_are_loaded_before_and_after_the_file_systems() -> None:
    script = init_script([Module("virtio", b"")], [Module("i2c_stub", b"", ("chip_addr=0x48",))], ERRAND)
    early, mount = script.index("insmod /modules/virtio.ko"), script.index("mount -t overlay")
    late, up = script.index("insmod /modules/i2c_stub.ko chip_addr=0x48"), script.index(UP)
    assert early < mount < late < up < script.index(DOWN)


def test_the_shell_accepts_the_script(tmp_path: Path) -> None:
    script = tmp_path / "init"
    script.write_text(init_script([Module("a", b"")], [Module("b", b"", ("words=two words",))], ERRAND))
    finished = subprocess.run(["/bin/sh", "-n", str(script)], check=False, capture_output=True, text=True, timeout=10)
    assert (finished.returncode, finished.stderr) == (0, "")


def test_words_arrive_at_the_command_as_they_were(tmp_path: Path) -> None:
    errand = attrs.evolve(
        ERRAND, command=[shutil.which("printf") or "printf", "[%s]", *ERRAND.command[1:]], folder=str(tmp_path / "some body's")
    )
    Path(errand.folder).mkdir()
    line = next(text for text in init_script([], [], errand).splitlines() if text.startswith("$b chroot"))
    line = line.replace("$b chroot /root ", "").replace("</root/dev/null", "</dev/null")
    finished = subprocess.run(["/bin/sh", "-c", line], check=False, capture_output=True, text=True, timeout=10)
    assert finished.stdout == "[-m][pytest][-k][a or b][it's]"
