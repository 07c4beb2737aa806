"""What an emulated part must offer to sit on a simulated bus.

The Protocols live beside the buses because buses must not know the simulated world; :mod:`cc613hal.plant.emulation` exports them
to driver packages.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from cc613hal.bus.http import HttpRequest, HttpResponse
from cc613hal.bus.modbus import Table

__all__ = ["HttpService", "I2cChip", "ModbusUnit", "MulticastSender", "SerialPeer", "SpiChip"]


@runtime_checkable
class I2cChip(Protocol):
    """An emulated I2C part. A transaction is a write, a read, or a write and a read with repeated start (two calls)."""

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Bytes from the controller. Raise :class:`~cc613hal.errors.NoAnswer` to refuse."""

    @abstractmethod
    def read(self, count: int) -> bytes:
        """Exactly ``count`` bytes for the controller."""


@runtime_checkable
class SpiChip(Protocol):
    """An emulated SPI part; bits as they are on the wire, most significant first."""

    @abstractmethod
    def transfer(self, data: bytes) -> bytes:
        """One transfer with chip select held; returns as many bytes as came."""


@runtime_checkable
class SerialPeer(Protocol):
    """An emulated part on a serial line."""

    @abstractmethod
    def attach(self, send: Callable[[bytes], None]) -> None:
        """Keep ``send``; call it to say something, now or later."""

    @abstractmethod
    def receive(self, data: bytes) -> None:
        """Bytes from the controller, in whatever pieces they arrived."""


@runtime_checkable
class HttpService(Protocol):
    """An emulated part that answers HTTP."""

    @abstractmethod
    def handle(self, request: HttpRequest) -> HttpResponse:
        """The answer; status 404 for a path it does not know."""


@runtime_checkable
class MulticastSender(Protocol):
    """An emulated part that tells a multicast group of its own accord."""

    @abstractmethod
    def attach(self, send: Callable[[bytes], None]) -> None:
        """Keep ``send``; call it with every datagram."""


@runtime_checkable
class ModbusUnit(Protocol):
    """An emulated Modbus unit."""

    @abstractmethod
    def read(self, table: Table, address: int, count: int) -> list[int]:
        """Registers or bits. Raise :class:`~cc613hal.errors.DeviceRefused` with ``code`` for an exception response."""

    @abstractmethod
    def write(self, table: Table, address: int, values: list[int]) -> None:
        """Take registers or bits."""
