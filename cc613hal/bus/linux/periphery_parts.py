"""The only place that loads python-periphery: opened GPIO lines, and SPI where spidev is not installed."""

from __future__ import annotations

import os
from typing import Any

from periphery import SPI, CdevGPIO

from cc613hal.bus.gpio import LineRequest, Pull
from cc613hal.bus.spi import SpiSettings

__all__ = ["GpioHandle", "SpiHandle"]

_BIAS = {Pull.AS_IS: "default", Pull.NONE: "disable", Pull.UP: "pull_up", Pull.DOWN: "pull_down"}


class GpioHandle:
    """One requested line; levels are logical. Every method may raise ``OSError``.

    Args:
        path: the chip's character device.
        offset: the line's number on it.
        request: how the line is needed.
        initial: logical level of an output from its first moment; ``None`` makes an input with both edges.
    """

    kernel_clock = "realtime"
    """python-periphery asks for wall clock stamps (GPIO_V2_LINE_FLAG_EVENT_CLOCK_REALTIME), so they step when the time is set."""

    def __init__(self, path: str, offset: int, request: LineRequest, initial: bool | None) -> None:
        if initial is None:
            direction, edge, drive = "in", "both", "default"
        else:
            # periphery's "high" and "low" are electrical, everything else about an inverted line is logical (gpio_cdev2.py, _reopen)
            direction, edge = "high" if initial is not request.active_low else "low", "none"
            drive = "open_drain" if request.open_drain else "default"
        self._gpio = CdevGPIO(
            path,
            offset,
            direction,
            edge=edge,
            bias=_BIAS[request.pull],
            drive=drive,
            inverted=request.active_low,
            label=f"cc613hal {request.name}"[:31],
        )
        if initial is None:
            os.set_blocking(self._gpio.fd, False)

    @property
    def descriptor(self) -> int:
        """The line's file descriptor, readable when an edge has come."""
        return int(self._gpio.fd)

    def read(self) -> bool:
        """The logical level."""
        return bool(self._gpio.read())

    def write(self, active: bool) -> None:
        """Set the logical level."""
        self._gpio.write(active)

    def edge(self) -> tuple[bool, float]:
        """The next edge: logical level after it, and the kernel's stamp in s. ``EAGAIN`` if there is none."""
        event: Any = self._gpio.read_event()  # its type stub leaves out the named tuple's fields
        return event.edge == "rising", event.timestamp / 1e9

    def close(self) -> None:
        """Release the line."""
        self._gpio.close()


class SpiHandle:
    """One chip select through python-periphery. Every method may raise ``OSError``.

    Args:
        path: ``/dev/spidevB.S``.
        settings: how the chip wants to be spoken to; bits are reversed by the port, not here.
    """

    def __init__(self, path: str, settings: SpiSettings) -> None:
        self._spi = SPI(path, settings.mode, settings.speed_hz)
        self._settings = settings

    def transfer(self, data: bytes, settings: SpiSettings) -> bytes:
        """Exchange bytes."""
        if settings.mode != self._settings.mode:
            self._spi.mode = settings.mode
        if settings.speed_hz != self._settings.speed_hz:
            self._spi.max_speed = settings.speed_hz
        self._settings = settings
        return bytes(self._spi.transfer(data))

    def close(self) -> None:
        """Release the chip select."""
        self._spi.close()
