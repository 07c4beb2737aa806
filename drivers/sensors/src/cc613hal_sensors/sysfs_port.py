"""What thermometers of the kernel ask of ``/sys``, and what they all do the same way."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from cc613hal.errors import BusClosed, BusError, BusMissing
from cc613hal.plugins import DeviceContext
from cc613hal_sensors.thermometer import Thermometer, ThermometerOptions

__all__ = ["KernelThermometer", "SysfsPort", "millidegrees"]


@runtime_checkable
class SysfsPort(Protocol):
    """Files of the kernel. Paths are relative to ``/sys``. Reading may take as long as a conversion, and never holds up the loop."""

    @abstractmethod
    async def names(self, folder: str) -> tuple[str, ...]:
        """What is in a folder, sorted; nothing where there is no such folder."""

    @abstractmethod
    async def read(self, file: str) -> str:
        """The content of a file, without white space around it.

        Raises:
            BusMissing: there is no such file.
            BusClosed: its device is gone.
            BusPermission: the user may not read it.
            BusError: the kernel could not read the part.
        """

    @abstractmethod
    async def link(self, path: str) -> str:
        """Name of what a link points to; empty where there is no such link."""

    @abstractmethod
    async def aclose(self) -> None:
        """Nothing will be read any more."""


class KernelThermometer(Thermometer):
    """A thermometer that a kernel driver reads.

    Args:
        context: the device's place on its board.
        options: what is plausible where it sits.
        low_c: lowest temperature that can be meant, °C.
        high_c: highest, °C.
    """

    def __init__(self, context: DeviceContext, options: ThermometerOptions, *, low_c: float, high_c: float) -> None:
        super().__init__(context, options, low_c=low_c, high_c=high_c)
        self._port = context.port(SysfsPort, lambda: _linux(context.device))

    async def aclose(self) -> None:
        """Let go of the kernel's files; the part goes on measuring."""
        await self._port.aclose()

    @contextmanager
    def _told(self) -> Generator[None]:
        """The device's health hears how it went: there is no bus that does. What is gone is looked for again by the board."""
        try:
            yield
        except (BusClosed, BusMissing) as error:
            self._context.health.offline(error)
            raise
        except BusError as error:
            self._context.health.failed(error)
            raise
        self._context.health.succeeded()


def millidegrees(text: str, low: int = -273_150, high: int = 10_000_000) -> int | None:
    """A temperature as the kernel writes it, m°C; ``None`` for anything else.

    Args:
        text: content of the file.
        low: less than this cannot be, m°C.
        high: more than this cannot be, m°C.
    """
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        return None
    value = int(text)
    return value if low <= value <= high else None


def _linux(device: str) -> SysfsPort:
    from cc613hal_sensors.sysfs_linux import LinuxSysfs  # noqa: PLC0415  # nobody who simulates needs it

    return LinuxSysfs(device)
