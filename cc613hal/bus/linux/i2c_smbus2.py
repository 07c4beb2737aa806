"""I2C through ``/dev/i2c-N`` with smbus2, on one thread owned by the bus."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from smbus2 import I2cFunc, SMBus, i2c_msg

from cc613hal.bus.i2c import I2cAdapter, I2cCapabilities, I2cRead, I2cWrite
from cc613hal.bus.linux.errors import bus_error
from cc613hal.bus.linux.worker import Worker
from cc613hal.errors import BusBusy, BusClosed, HalError, NoAnswer, Unsupported

__all__ = ["LinuxI2c"]

_NOBODY = {errno.ENXIO, errno.EREMOTEIO, errno.EIO, errno.ENODEV, errno.ETIMEDOUT}
"""What adapters report where no chip acknowledges (Linux ``Documentation/i2c/fault-codes.rst``, and what drivers really do)."""

_DEVICES = Path("/sys/bus/i2c/devices")

_BLOCK = 32
"""Most data bytes of an SMBus block (Linux ``I2C_SMBUS_BLOCK_MAX``)."""


class LinuxI2c(I2cAdapter):
    """One ``/dev/i2c-N``. Use :meth:`open`.

    Args:
        name: the bus as the board file names it.
        path: its character device.
        bus: the opened device.
        worker: the thread it is used on.
    """

    def __init__(self, name: str, path: str, bus: SMBus, worker: Worker) -> None:
        self._name = name
        self._path = path
        self._bus = bus
        self._worker = worker
        self._free: set[int] = set()
        self._node = _node(path)
        functions = I2cFunc(int(bus.funcs))
        self._block = bool(functions & I2cFunc.SMBUS_READ_I2C_BLOCK) and bool(functions & I2cFunc.SMBUS_WRITE_I2C_BLOCK)
        if functions & I2cFunc.I2C:
            self._capabilities = I2cCapabilities()
        else:
            most = _BLOCK + 1 if self._block else 3
            self._capabilities = I2cCapabilities(
                plain=False, max_length=most, note=f"SMBus only: register accesses of up to {most - 1} bytes, no plain messages"
            )

    @classmethod
    async def open(cls, name: str, path: str) -> LinuxI2c:
        """Open the bus.

        Raises:
            BusMissing: no such device node.
            BusPermission: the user may not use it.
        """
        worker = Worker(name)
        try:
            return cls(name, path, await worker.run(SMBus, path), worker)
        except OSError as error:
            await worker.aclose(lambda: None)
            if isinstance(error, HalError):
                raise
            raise bus_error(error, f"opening {path}", device=name, path=path) from error

    @property
    def capabilities(self) -> I2cCapabilities:
        """What the adapter behind the device node can do."""
        return self._capabilities

    async def transfer(self, address: int, messages: Sequence[I2cWrite | I2cRead]) -> bytes:
        """Carry out messages with repeated starts between them."""
        carry_out: Callable[[int, Sequence[I2cWrite | I2cRead]], bytes] = self._plain if self._capabilities.plain else self._smbus
        try:
            return await self._worker.run(carry_out, address, messages)
        except HalError:
            raise
        except OSError as error:
            raise self._translated(error, address) from error

    async def aclose(self) -> None:
        """Release the bus."""
        await self._worker.aclose(self._bus.close)

    def _plain(self, address: int, messages: Sequence[I2cWrite | I2cRead]) -> bytes:
        if address not in self._free:
            self._check_free(address)
        wire = [
            i2c_msg.write(address, message.data) if isinstance(message, I2cWrite) else i2c_msg.read(address, message.count)
            for message in messages
        ]
        self._bus.i2c_rdwr(*wire)
        return b"".join(bytes(sent) for sent, message in zip(wire, messages, strict=True) if isinstance(message, I2cRead))

    def _check_free(self, address: int) -> None:
        # I2C_SLAVE refuses an address that a kernel driver owns; I2C_RDWR does not, and would disturb that driver unseen
        # (Linux drivers/i2c/i2c-dev.c, i2cdev_check_addr is called for the former only)
        number = Path(self._path).resolve().name.removeprefix("i2c-")
        if (_DEVICES / f"{number}-{address:04x}" / "driver").exists():
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self._free.add(address)

    def _smbus(self, address: int, messages: Sequence[I2cWrite | I2cRead]) -> bytes:
        match tuple(messages):
            case (I2cWrite(data),):
                self._smbus_write(address, data)
                return b""
            case (I2cRead(count),) if count == 1:
                return bytes([self._bus.read_byte(address)])
            case (I2cWrite(data), I2cRead(count)) if len(data) == 1:
                return self._smbus_read(address, data[0], count)
            case _:
                raise self._unsupported("messages other than a write, a byte read, or a read after a one-byte register number")

    def _smbus_write(self, address: int, data: bytes) -> None:
        if not data:
            self._bus.write_quick(address)
        elif len(data) == 1:
            self._bus.write_byte(address, data[0])
        elif len(data) == 2:
            self._bus.write_byte_data(address, data[0], data[1])
        elif len(data) == 3:
            self._bus.write_word_data(address, data[0], int.from_bytes(data[1:], "little"))
        elif self._block and len(data) <= 1 + _BLOCK:
            self._bus.write_i2c_block_data(address, data[0], list(data[1:]))
        else:
            raise self._unsupported(f"a write of {len(data)} bytes")

    def _smbus_read(self, address: int, register: int, count: int) -> bytes:
        if count == 1:
            return bytes([self._bus.read_byte_data(address, register)])
        if count == 2:
            return int(self._bus.read_word_data(address, register)).to_bytes(2, "little")
        if self._block and count <= _BLOCK:
            return bytes(self._bus.read_i2c_block_data(address, register, count))
        raise self._unsupported(f"a read of {count} bytes")

    def _unsupported(self, what: str) -> Unsupported:
        return Unsupported(
            f"{self._path} speaks SMBus only and cannot form {what}", device=self._name, hint="use an adapter with plain I2C (I2C_FUNC_I2C)"
        )

    def _translated(self, error: OSError, address: int) -> HalError:
        who = f"0x{address:02X} on {self._path}"
        if error.errno in _NOBODY | {errno.ESHUTDOWN} and self._node is not None and _node(self._path) != self._node:
            return BusClosed(f"{self._path} is gone", device=self._name, hint="plug the adapter in again")
        if error.errno in _NOBODY:
            return NoAnswer(
                f"nobody acknowledges {who} ({errno.errorcode[error.errno]})", device=self._name, hint="check supply, wiring and address"
            )
        if error.errno == errno.EBUSY:
            return BusBusy(
                f"{who} belongs to a kernel driver",
                device=self._name,
                hint="unbind it (see /sys/bus/i2c/devices/*/driver), or read the part through the kernel driver's sysfs files",
            )
        if error.errno == errno.EOPNOTSUPP:
            return Unsupported(f"{self._path} cannot carry out these messages", device=self._name)
        return bus_error(error, f"transfer with {who}", device=self._name, path=self._path)


def _node(path: str) -> tuple[int, int] | None:
    """What tells the adapter's node from one that takes its name after it was unplugged: devtmpfs never gives an inode twice."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_ino, status.st_rdev
