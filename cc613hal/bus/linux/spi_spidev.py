"""SPI through ``/dev/spidevB.S``: with spidev where it is installed (the extra ``spi``), else with python-periphery."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from cc613hal.bus.linux.errors import bus_error
from cc613hal.bus.linux.worker import Worker
from cc613hal.bus.spi import SpiAdapter, SpiCapabilities, SpiSettings
from cc613hal.errors import ConfigError, HalError

__all__ = ["LinuxSpi", "SpiChipSelect", "SpidevHandle", "best_handle"]

_BUFFER = Path("/sys/module/spidev/parameters/bufsiz")
_DEFAULT_BUFFER = 4096
"""spidev's buffer where the module parameter cannot be read (Linux ``drivers/spi/spidev.c``, ``bufsiz``)."""


class SpiChipSelect(Protocol):
    """One opened chip select; every method may raise ``OSError``."""

    def transfer(self, data: bytes, settings: SpiSettings) -> bytes:
        """Exchange bytes."""

    def close(self) -> None:
        """Release it."""


class SpidevHandle:
    """One chip select through spidev.

    Args:
        path: ``/dev/spidevB.S``.
        settings: how the chip wants to be spoken to.
    """

    def __init__(self, path: str, settings: SpiSettings) -> None:
        import spidev

        self._spi: Any = spidev.SpiDev()
        self._spi.open_path(path)
        self._spi.mode = settings.mode
        self._settings = settings

    def transfer(self, data: bytes, settings: SpiSettings) -> bytes:
        """Exchange bytes with one chip select pulse."""
        if settings.mode != self._settings.mode:
            self._spi.mode = settings.mode
        self._settings = settings
        return bytes(self._spi.xfer2(list(data), settings.speed_hz))

    def close(self) -> None:
        """Release the chip select."""
        self._spi.close()


def best_handle() -> Callable[[str, SpiSettings], SpiChipSelect]:
    """The class to open chip selects with: spidev's if it is installed, else periphery's."""
    if find_spec("spidev") is not None:
        return SpidevHandle
    from cc613hal.bus.linux.periphery_parts import SpiHandle

    return SpiHandle


class LinuxSpi(SpiAdapter):
    """One SPI controller; chip selects are opened when first used.

    Args:
        name: the bus as the board file names it.
        path: the character device without the chip select (``/dev/spidev0``).
        handle: opens a chip select; the best installed one if omitted.
        worker: the thread transfers run on; one of its own if omitted.
    """

    def __init__(
        self, name: str, path: str, handle: Callable[[str, SpiSettings], SpiChipSelect] | None = None, worker: Worker | None = None
    ) -> None:
        self._name = name
        self._path = path
        self._handle = handle or best_handle()
        self._worker = worker or Worker(name)
        self._selects: dict[int, SpiChipSelect] = {}
        try:
            most = int(_BUFFER.read_text())
        except (OSError, ValueError):
            most = _DEFAULT_BUFFER
        self._capabilities = SpiCapabilities(max_length=most, note=f"transfers of up to {most} bytes (spidev's buffer)")

    @property
    def capabilities(self) -> SpiCapabilities:
        """Most controllers cannot reverse bits, so the port does it."""
        return self._capabilities

    async def transfer(self, select: int, data: bytes, settings: SpiSettings) -> bytes:
        """Exchange bytes with one chip selected throughout."""
        if len(data) > self._capabilities.max_length:
            raise ConfigError(
                f"a transfer of {len(data)} bytes is longer than spidev's buffer of {self._capabilities.max_length}",
                device=self._name,
                hint="load the module with spidev.bufsiz=65536",
            )
        try:
            return await self._worker.run(self._transfer, select, data, settings)
        except HalError:
            raise
        except OSError as error:
            path = f"{self._path}.{select}"
            raise bus_error(error, f"transfer on {path}", device=self._name, path=path) from error

    async def aclose(self) -> None:
        """Release all chip selects."""
        await self._worker.aclose(self._close)

    def _transfer(self, select: int, data: bytes, settings: SpiSettings) -> bytes:
        opened = self._selects.get(select)
        if opened is None:
            opened = self._selects[select] = self._handle(f"{self._path}.{select}", settings)
        return opened.transfer(data, settings)

    def _close(self) -> None:
        while self._selects:
            self._selects.popitem()[1].close()
