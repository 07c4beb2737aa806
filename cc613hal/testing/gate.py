"""A gate in front of a board's buses that refuses to open them, or loses an answer in the middle of what a driver is doing.

What a simulated part cannot do wrong by itself happens here: a missing udev rule, and a transfer that reached the part but whose answer
never reached the driver. Everything else passes through untouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

from typing_extensions import TypeForm

from cc613hal.bus.actor import BusActor
from cc613hal.bus.factory import AnyAdapter, BusFactory, StandIns
from cc613hal.bus.i2c import I2cAdapter, I2cCapabilities, I2cRead, I2cWrite
from cc613hal.bus.modbus import ModbusAdapter, ModbusRequest
from cc613hal.bus.options import BusOptions, I2cOptions, ModbusRtuOptions, ModbusTcpOptions, SerialOptions, SpiOptions
from cc613hal.bus.serial import SerialAdapter, SerialCapabilities, SerialSettings
from cc613hal.bus.spi import SpiAdapter, SpiCapabilities, SpiSettings
from cc613hal.errors import BusError, BusTimeout

__all__ = ["Gate"]

T = TypeVar("T")


class Gate(BusFactory, StandIns):
    """Opens buses through another factory, unless told not to.

    Args:
        inner: opens the buses.

    Attributes:
        refusal: raised instead of opening any bus; ``None`` lets them be opened.
        answers: answers that came through so far, over all buses.
    """

    def __init__(self, inner: BusFactory) -> None:
        self.refusal: BusError | None = None
        self.answers = 0
        self._inner = inner
        self._lose_at = 0

    def lose_answer(self, number: int) -> None:
        """Lose one answer: the ``number``-th from now on, counted from 1. The part has got the request and done what it says."""
        self._lose_at = self.answers + number

    @property
    def lost(self) -> bool:
        """Whether the answer that was to be lost has been."""
        return 0 < self._lose_at <= self.answers

    async def open(self, name: str, options: BusOptions, actor: BusActor) -> AnyAdapter:
        """Open a bus through the inner factory.

        Raises:
            BusError: the refusal, or what the inner factory raises.
        """
        if self.refusal is not None:
            raise self.refusal
        adapter = await self._inner.open(name, options, actor)
        match options:  # by what was asked for: an adapter of one kind has the methods of another
            case I2cOptions():
                return _I2c(self, cast("I2cAdapter", adapter))
            case SpiOptions():
                return _Spi(self, cast("SpiAdapter", adapter))
            case SerialOptions():
                return _Serial(self, cast("SerialAdapter", adapter))
            case ModbusRtuOptions() | ModbusTcpOptions():
                return _Modbus(self, cast("ModbusAdapter", adapter))
            case _:
                return adapter

    def stand_in(self, device: str, kind: TypeForm[T]) -> T | None:
        """Whoever stands in through the inner factory.

        Raises:
            BusError: the refusal.
        """
        if self.refusal is not None:
            raise self.refusal
        return self._inner.stand_in(device, kind) if isinstance(self._inner, StandIns) else None

    def loses(self) -> bool:
        """Count an answer; whether this one is lost."""
        self.answers += 1
        return self.answers == self._lose_at

    def check(self) -> None:
        """Count an answer of a bus on which a lost one is an error.

        Raises:
            BusTimeout: this one is lost.
        """
        if self.loses():
            raise BusTimeout("the bus failed in the middle of a transaction", hint="once is noise; often is a wiring fault")


class _I2c(I2cAdapter):
    def __init__(self, gate: Gate, inner: I2cAdapter) -> None:
        self._gate, self._inner = gate, inner

    @property
    def capabilities(self) -> I2cCapabilities:
        return self._inner.capabilities

    async def transfer(self, address: int, messages: Sequence[I2cWrite | I2cRead]) -> bytes:
        answer = await self._inner.transfer(address, messages)
        self._gate.check()
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Spi(SpiAdapter):
    def __init__(self, gate: Gate, inner: SpiAdapter) -> None:
        self._gate, self._inner = gate, inner

    @property
    def capabilities(self) -> SpiCapabilities:
        return self._inner.capabilities

    async def transfer(self, select: int, data: bytes, settings: SpiSettings) -> bytes:
        answer = await self._inner.transfer(select, data, settings)
        self._gate.check()
        return answer

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Modbus(ModbusAdapter):
    def __init__(self, gate: Gate, inner: ModbusAdapter) -> None:
        self._gate, self._inner = gate, inner

    async def execute(self, request: ModbusRequest, timeout_s: float) -> tuple[int, ...]:
        values = await self._inner.execute(request, timeout_s)
        self._gate.check()
        return values

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Serial(SerialAdapter):
    """On a serial line nobody reports a lost answer: it does not come."""

    def __init__(self, gate: Gate, inner: SerialAdapter) -> None:
        self._gate, self._inner = gate, inner

    @property
    def settings(self) -> SerialSettings:
        return self._inner.settings

    @property
    def capabilities(self) -> SerialCapabilities:
        return self._inner.capabilities

    async def write(self, data: bytes) -> None:
        await self._inner.write(data)

    async def read(self, timeout_s: float) -> bytes:
        data = await self._inner.read(timeout_s)
        return b"" if data and self._gate.loses() else data

    def discard_input(self) -> int:
        return self._inner.discard_input()

    async def aclose(self) -> None:
        await self._inner.aclose()
