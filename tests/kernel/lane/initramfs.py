"""The first file system of the guest.

It holds a busybox, the modules, and an init that lays this machine's file system below everything and runs the command.
"""

from __future__ import annotations

import io
import shlex
import stat
from collections.abc import Iterable, Mapping, Sequence

import attrs

UP = "cc613hal-lane: up"
"""The line the guest prints when the command is about to run."""

DOWN = "cc613hal-lane: down"
"""The line the guest prints when the command has ended."""

SHARED = "/run/cc613hal-lane"
"""Where the guest sees the folder that it may write to and that remains."""

STATUS_FILE = "status"
"""The file in the shared folder that receives the exit status of the command."""

HOST_TAG = "host"
SHARED_TAG = "shared"


@attrs.frozen
class Module:
    """A kernel module to load: its content and its parameters."""

    name: str
    content: bytes
    parameters: tuple[str, ...] = ()


@attrs.frozen
class Errand:
    """What is to be done inside.

    Attributes:
        command: Program and arguments, with paths of this machine.
        folder: Where it runs.
        environment: All of its environment.
    """

    command: Sequence[str]
    folder: str
    environment: Mapping[str, str]


@attrs.define
class CpioWriter:
    """Writes the `newc` archive format that the kernel unpacks at boot."""

    _out: io.BytesIO = attrs.field(factory=io.BytesIO)
    _count: int = 0

    def _entry(self, path: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)) -> None:
        self._count += 1
        name = path.encode() + b"\0"
        numbers = (self._count, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
        head = b"070701" + b"".join(b"%08X" % number for number in numbers) + name
        self._out.write(head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4))

    def folder(self, path: str) -> None:
        """Add a directory; the ones above it must have been added before."""
        self._entry(path, stat.S_IFDIR | 0o755)

    def file(self, path: str, data: bytes, *, executable: bool = False) -> None:
        """Add a file."""
        self._entry(path, stat.S_IFREG | (0o755 if executable else 0o644), data)

    def character_device(self, path: str, major: int, minor: int) -> None:
        """Add a device node."""
        self._entry(path, stat.S_IFCHR | 0o600, device=(major, minor))

    def finish(self) -> bytes:
        """Close the archive and return it."""
        self._entry("TRAILER!!!", 0)
        return self._out.getvalue()


_MOUNTS = f"""
$b mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=512000,cache=loose {HOST_TAG} /host || stop "cannot mount this machine's files"
$b mount -t tmpfs -o mode=755 tmpfs /writes
$b mkdir /writes/upper /writes/work
$b mount -t overlay -o lowerdir=/host,upperdir=/writes/upper,workdir=/writes/work overlay /root || stop "cannot write over them"
cd /root
for each in proc sys dev; do $b mkdir -p $each; $b mount --move /$each $each; done
$b mkdir -p dev/pts dev/shm run tmp sys/kernel/config
$b mount -t devpts -o mode=620,ptmxmode=666 devpts dev/pts
$b mount -t tmpfs tmpfs dev/shm
$b mount -t tmpfs -o mode=755 tmpfs run
$b mkdir -p .{SHARED}
$b mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 {SHARED_TAG} .{SHARED} || stop "cannot mount the shared folder"
"""


def init_script(early: Iterable[Module], late: Iterable[Module], errand: Errand) -> str:
    """The program the kernel starts first.

    Args:
        early: Modules without which the file systems cannot be mounted.
        late: Modules of the hardware under test, loaded when /sys/kernel/config can be mounted.
        errand: What to run when everything is there.
    """
    environment = [f"{name}={value}" for name, value in sorted(errand.environment.items())]
    inside = f"cd {shlex.quote(errand.folder)} && exec env -i {shlex.join(environment)} {shlex.join(errand.command)}"

    def load(modules: Iterable[Module]) -> str:
        return "".join(f"$b insmod {shlex.join([f'/modules/{m.name}.ko', *m.parameters])} || stop cannot load {m.name}\n" for m in modules)

    return (
        "#!/busybox sh\n"
        "b=/busybox\n"
        'stop() { echo; echo "cc613hal-lane: the guest stopped: $*"; $b poweroff -f; }\n'
        "$b mount -t proc proc /proc\n$b mount -t sysfs sysfs /sys\n$b mount -t devtmpfs devtmpfs /dev\n"
        + load(early)
        + _MOUNTS
        + load(late)
        + "$b mount -t configfs configfs sys/kernel/config\n"
        "$b ip link set lo up\n$b hostname lane\n"
        f"echo; echo '{UP}'\n"
        f"$b chroot /root /bin/sh -c {shlex.quote(inside)} </root/dev/null\n"
        f"echo $? >/root{SHARED}/{STATUS_FILE}\n"
        f"echo; echo '{DOWN}'\n$b sync\n$b poweroff -f\n"
    )


def initramfs(busybox: bytes, early: Sequence[Module], late: Sequence[Module], errand: Errand) -> bytes:
    """The archive to boot with."""
    archive = CpioWriter()
    for path in ("dev", "proc", "sys", "host", "writes", "root", "modules"):
        archive.folder(path)
    archive.character_device("dev/console", 5, 1)
    archive.file("busybox", busybox, executable=True)
    for module in (*early, *late):
        archive.file(f"modules/{module.name}.ko", module.content)
    archive.file("init", init_script(early, late, errand).encode(), executable=True)
    return archive.finish()
