"""Device nodes of I2C buses and SPI controllers that umockdev emulates: what libraries ask by ``ioctl`` goes to simulated buses.

Request numbers and structures are those of Linux ``include/uapi/linux/i2c-dev.h``, ``i2c.h`` and ``spi/spidev.h``. Needs to run below
``umockdev-wrapper``. The handlers run on a thread of their own while the caller's thread hangs in its ``ioctl``, as it does in a kernel.
"""

from __future__ import annotations

import asyncio
import errno
import struct
import sys
import threading
import warnings
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tests.descriptors.machine import DEBIAN

sys.path.append(str(DEBIAN))
with warnings.catch_warnings(action="ignore"):  # its importer is of an older make
    import gi

    gi.require_version("UMockdev", "1.0")
    from gi.repository import GLib, UMockdev
sys.path.remove(str(DEBIAN))

from cc613hal.bus.i2c import I2cRead, I2cWrite
from cc613hal.bus.sim.i2c import SimI2c
from cc613hal.bus.sim.spi import SimSpi
from cc613hal.bus.spi import SpiSettings
from cc613hal.errors import BusClosed, BusTimeout, HalError, NoAnswer

T = TypeVar("T")

I2C_SLAVE, I2C_SLAVE_FORCE, I2C_FUNCS, I2C_RDWR = 0x703, 0x706, 0x705, 0x707
I2C_QUIET = {0x701, 0x702, 0x708}
"""Retries, time-out and packet error checking: taken and without effect here."""
FUNCTIONS = 0x0000_0001 | 0x0EFF_0008
"""Plain I2C, and SMBus as the kernel emulates it on plain I2C."""
READ = 1
SPI_TYPE = ord("k")
SPI_MESSAGE = 0
SPI_FIELDS = {1: "mode", 2: "lsb_first", 3: "bits", 4: "hertz", 5: "mode"}


def errno_of(error: HalError) -> int:
    """What an adapter of the kernel reports for what a simulated bus raises."""
    match error:
        case NoAnswer():
            return errno.ENXIO
        case BusTimeout():
            return errno.ETIMEDOUT
        case BusClosed():
            return errno.ESHUTDOWN
        case _:
            return errno.EIO


class Node(UMockdev.IoctlBase):
    """What both kinds have in common.

    Attributes:
        loop: the loop that hangs in its ``ioctl`` meanwhile; chips may set timers on it.
        mishaps: what went wrong in a chip or here, and belongs to the test.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.mishaps: list[Exception] = []

    def do_handle_ioctl(self, client: Any) -> bool:
        """Answer one request. No exception may leave it: below is C."""
        try:
            result = self.answer(client.get_request(), client.get_arg())
        except HalError as error:
            client.complete(-1, errno_of(error))
        except OSError as error:
            client.complete(-1, error.errno or errno.EIO)
        except Exception as error:
            self.mishaps.append(error)
            client.complete(-1, errno.EINVAL)
        else:
            client.complete(result, 0)
        return True

    def answer(self, request: int, argument: Any) -> int:
        """The result of a request."""
        raise NotImplementedError

    def now(self, transfer: Coroutine[Any, Any, T]) -> T:
        """What a simulated bus answers. Where it lets one wait, the wait is over: whoever opened the node has waited before."""
        asyncio._set_running_loop(self.loop)
        try:
            while True:
                pause = transfer.send(None)
                pause.set_result(None)
        except StopIteration as end:
            return end.value
        finally:
            asyncio._set_running_loop(None)
            transfer.close()


class I2cNode(Node):
    """One ``/dev/i2c-N``.

    Attributes:
        bus: the simulated bus behind it.
    """

    bus: SimI2c

    def answer(self, request: int, argument: Any) -> int:
        """The result of a request."""
        if request in I2C_QUIET | {I2C_SLAVE, I2C_SLAVE_FORCE}:
            return 0
        if request == I2C_FUNCS:
            argument.resolve(0, 8).update(0, struct.pack("Q", FUNCTIONS))
            return 0
        if request != I2C_RDWR:
            raise OSError(errno.ENOTTY, "no such request")
        header = argument.resolve(0, 16)
        _, count = struct.unpack("QI", bytes(header.retrieve())[:12])
        table = header.resolve(0, 16 * count)
        described = [struct.unpack_from("HHH", bytes(table.retrieve()), 16 * index) for index in range(count)]
        buffers = [table.resolve(16 * index + 8, length) for index, (_, _, length) in enumerate(described)]
        messages = [
            I2cRead(length) if flags & READ else I2cWrite(bytes(buffer.retrieve()))
            for (_, flags, length), buffer in zip(described, buffers, strict=True)
        ]
        got = self.now(self.bus.transfer(described[0][0], messages))
        for (_, flags, length), buffer in zip(described, buffers, strict=True):
            if flags & READ:
                buffer.update(0, got[:length])
                got = got[length:]
        return count


class SpiNode(Node):
    """One ``/dev/spidevB.S``.

    Attributes:
        bus: the simulated controller behind it.
        select: its chip select.
    """

    bus: SimSpi
    select: int

    def __init__(self) -> None:
        super().__init__()
        self.fields = {"mode": 0, "lsb_first": 0, "bits": 8, "hertz": 500_000}

    def answer(self, request: int, argument: Any) -> int:
        """The result of a request."""
        writes, kind, number, size = request >> 30 == 1, request >> 8 & 0xFF, request & 0xFF, request >> 16 & 0x3FFF
        if kind != SPI_TYPE or number not in {SPI_MESSAGE, *SPI_FIELDS}:
            raise OSError(errno.ENOTTY, "no such request")
        block = argument.resolve(0, size)
        if number == SPI_MESSAGE:
            return self._message(block, size)
        name = SPI_FIELDS[number]
        if writes:
            self.fields[name] = int.from_bytes(bytes(block.retrieve())[:size], "little")
        else:
            block.update(0, self.fields[name].to_bytes(size, "little"))
        return 0

    def _message(self, block: Any, size: int) -> int:
        sent, answers = b"", []
        for index in range(size // 32):
            transmit, receive, length, _ = struct.unpack_from("QQII", bytes(block.retrieve()), 32 * index)
            sent += bytes(block.resolve(32 * index, length).retrieve()) if transmit else bytes(length)
            answers.append((block.resolve(32 * index + 8, length) if receive else None, length))
        got = self.now(self.bus.transfer(self.select, sent, self._settings()))
        for buffer, length in answers:
            if buffer is not None:
                buffer.update(0, got[:length])
            got = got[length:]
        return len(sent)

    def _settings(self) -> SpiSettings:
        """How it was clocked. Which bit comes first is not seen here: the port has turned them round already."""
        _, wanted = self.bus._chips.get(self.select, (None, None))
        return SpiSettings(
            mode=self.fields["mode"] & 3, speed_hz=self.fields["hertz"], lsb_first=bool(wanted is not None and wanted.lsb_first)
        )


class Nodes:
    """The emulated machine: nodes are made when they are first needed, and used again."""

    def __init__(self) -> None:
        self._testbed = UMockdev.Testbed.new()
        self._i2c: dict[SimI2c, tuple[str, I2cNode]] = {}
        self._spi: dict[tuple[SimSpi, int], tuple[str, SpiNode]] = {}
        self._spare_i2c: list[tuple[str, I2cNode]] = []
        self._spare_spi: list[tuple[str, SpiNode]] = []
        self._numbers = 0
        threading.Thread(target=GLib.MainLoop().run, name="umockdev", daemon=True).start()

    def i2c(self, bus: SimI2c) -> tuple[str, I2cNode]:
        """The node of a simulated bus."""
        if bus not in self._i2c:
            _, node = self._i2c[bus] = self._spare_i2c.pop() if self._spare_i2c else self._made("i2c-{}", "i2c-dev", I2cNode)
            node.bus = bus
        return self._i2c[bus]

    def spi(self, bus: SimSpi, select: int) -> tuple[str, SpiNode]:
        """The node of one chip select of a simulated controller."""
        if (bus, select) not in self._spi:
            _, node = self._spi[bus, select] = self._spare_spi.pop() if self._spare_spi else self._made("spidev{}.0", "spidev", SpiNode)
            node.bus, node.select = bus, select
        return self._spi[bus, select]

    def clear(self) -> list[Exception]:
        """Take the buses away again; what went wrong behind the nodes."""
        used = [*self._i2c.values(), *self._spi.values()]
        mishaps = [mishap for _, node in used for mishap in node.mishaps]
        for _, node in used:
            node.mishaps.clear()
        self._spare_i2c += self._i2c.values()
        self._spare_spi += self._spi.values()
        self._i2c.clear()
        self._spi.clear()
        return mishaps

    def _made(self, name: str, subsystem: str, make: Callable[[], Any]) -> tuple[str, Any]:
        self._numbers += 1
        name = name.format(self._numbers)
        self._testbed.add_from_string(
            f"P: /devices/platform/bench/{name}\nN: {name}\nE: SUBSYSTEM={subsystem}\nE: DEVNAME=/dev/{name}\n"
            f"E: MAJOR=89\nE: MINOR={self._numbers}\nA: dev=89:{self._numbers}\n"
        )
        node = make()
        self._testbed.attach_ioctl(f"/dev/{name}", node)
        return f"/dev/{name}", node
