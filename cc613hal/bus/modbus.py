"""What a driver may ask of a Modbus line or connection, and what an adapter must provide."""

from __future__ import annotations

import enum
from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.bus.actor import BusActor, Observer, Priority
from cc613hal.bus.serial import SerialSettings
from cc613hal.errors import ConfigError

__all__ = ["EXCEPTION_NAMES", "ModbusAdapter", "ModbusPort", "ModbusRequest", "Table"]


class Table(enum.Enum):
    """The four tables of a Modbus device; the value is the function code that reads it."""

    COILS = 1
    DISCRETE_INPUTS = 2
    HOLDING = 3
    INPUT = 4


EXCEPTION_NAMES = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target failed to respond",
}
"""Modbus exception codes (MODBUS Application Protocol V1.1b3, section 7)."""


@frozen(kw_only=True)
class ModbusRequest:
    """A read or a write.

    Attributes:
        unit: 1 to 247, or 0 and 255 where a TCP device wants it.
        table: which table; only ``HOLDING`` and ``COILS`` can be written.
        address: zero-based wire address.
        count: how many registers or bits.
        values: what to write; empty for a read.
    """

    unit: int
    table: Table
    address: int
    count: int
    values: tuple[int, ...] = ()


@runtime_checkable
class ModbusAdapter(Protocol):
    """A Modbus line (RTU) or connection (TCP, RTU over TCP)."""

    @abstractmethod
    async def execute(self, request: ModbusRequest, timeout_s: float) -> tuple[int, ...]:
        """Carry out one request.

        The answer is checked against the request (unit, function, number of values) before it is believed; after a time-out the
        line is kept silent and drained until a late answer can no longer come.

        Returns:
            The registers or bits that were read; empty for a write.

        Raises:
            BusTimeout: no answer in time, or a gateway says so (exception code 11).
            FrameError: noise, or an answer to another question.
            DeviceRefused: an exception response; ``code`` is the exception code.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Release the line or connection."""


class ModbusPort:
    """A Modbus line as one unit's driver sees it.

    Args:
        actor: the line's owner.
        adapter: the line.
        unit: unit number.
        timeout_s: longest wait for an answer, s.
        observer: is told how requests go.
        serial: speed and format of an RTU line, so that drivers can plan for it; ``None`` for TCP and gateways.
    """

    def __init__(
        self,
        actor: BusActor,
        adapter: ModbusAdapter,
        unit: int,
        *,
        timeout_s: float = 0.3,
        observer: Observer | None = None,
        serial: SerialSettings | None = None,
    ) -> None:
        self._actor = actor
        self._adapter = adapter
        self.unit = unit
        self.timeout_s = timeout_s
        self.serial = serial
        self._observer = observer

    async def read_registers(
        self, address: int, count: int, *, table: Table = Table.HOLDING, priority: Priority = Priority.TELEMETRY
    ) -> tuple[int, ...]:
        """Registers ``address`` to ``address + count - 1`` as unsigned 16-bit values.

        Raises:
            BusError: no answer, noise, suspended.
            DeviceRefused: the unit answered with an exception code.
        """
        return await self._run(ModbusRequest(unit=self.unit, table=table, address=address, count=count), priority)

    async def read_bits(
        self, address: int, count: int, *, table: Table = Table.DISCRETE_INPUTS, priority: Priority = Priority.TELEMETRY
    ) -> tuple[bool, ...]:
        """Coils or discrete inputs."""
        return tuple(map(bool, await self._run(ModbusRequest(unit=self.unit, table=table, address=address, count=count), priority)))

    async def write_registers(self, address: int, values: Sequence[int], *, priority: Priority = Priority.CONTROL) -> None:
        """Write holding registers: function 6 for one value, 16 for several.

        Raises:
            ConfigError: no values.
        """
        if not values:
            raise ConfigError(f"nothing to write to register {address} of unit {self.unit}")
        await self._run(
            ModbusRequest(unit=self.unit, table=Table.HOLDING, address=address, count=len(values), values=tuple(values)), priority
        )

    async def write_coils(self, address: int, values: Sequence[bool], *, priority: Priority = Priority.CONTROL) -> None:
        """Write coils: function 5 for one value, 15 for several.

        Raises:
            ConfigError: no values.
        """
        if not values:
            raise ConfigError(f"nothing to write to coil {address} of unit {self.unit}")
        await self._run(
            ModbusRequest(unit=self.unit, table=Table.COILS, address=address, count=len(values), values=tuple(map(int, values))), priority
        )

    async def _run(self, request: ModbusRequest, priority: Priority) -> tuple[int, ...]:
        return await self._actor.run(
            self.unit, lambda: self._adapter.execute(request, self.timeout_s), priority=priority, observer=self._observer
        )
