"""A Modbus line in process: no frames, no sockets, no waiting but what a fault asks for."""

from __future__ import annotations

import asyncio

from cc613hal.bus.modbus import EXCEPTION_NAMES, ModbusAdapter, ModbusRequest
from cc613hal.bus.sim.modbus_units import ModbusUnits
from cc613hal.errors import BusClosed, BusTimeout, DeviceRefused, FrameError

__all__ = ["SimulatedModbus"]


class SimulatedModbus(ModbusAdapter):
    """Emulated units behind the adapter's contract.

    Args:
        units: the units and what is wrong with them.
        name: the bus's name for errors.
    """

    def __init__(self, units: ModbusUnits | None = None, *, name: str = "modbus") -> None:
        self.units = ModbusUnits() if units is None else units
        self.name = name
        self._closed = False

    async def execute(self, request: ModbusRequest, timeout_s: float) -> tuple[int, ...]:
        """Carry out one request; faults of the line and of the unit decide how it ends."""
        if self._closed or not self.units.line.plugged:
            raise BusClosed(f"{self.name} is {'closed' if self._closed else 'unplugged'}", device=self.name)
        faults = self.units.of(request.unit)
        broadcast = request.unit == 0 and 0 not in self.units.units
        if self.units.hears(request.unit) and not any(fault.any for fault in faults):
            return self._answer(request, broadcast=False)
        delay_s = sum(fault.delay_s() for fault in faults)
        silent = any(fault.nack or fault.loses() for fault in faults) or (not self.units.hears(request.unit) and not broadcast)
        if silent or delay_s > timeout_s:
            await asyncio.sleep(timeout_s)
            raise BusTimeout(
                f"unit {request.unit} did not answer within {timeout_s:g} s",
                device=self.name,
                hint="check its supply, wiring and unit number",
            )
        if delay_s:
            await asyncio.sleep(delay_s)
        if any(fault.crc or fault.corrupts() for fault in faults):
            raise FrameError(f"check sum of unit {request.unit}'s answer is wrong", device=self.name)
        return self._answer(request, broadcast=broadcast)

    def _answer(self, request: ModbusRequest, *, broadcast: bool) -> tuple[int, ...]:
        if broadcast:
            for unit in self.units.units.values():
                unit.write(request.table, request.address, list(request.values))
            return ()
        try:
            answer = tuple(self.units.apply(request))
        except DeviceRefused as refusal:
            code = refusal.code or 4
            raise DeviceRefused(
                f"unit {request.unit} refused: {EXCEPTION_NAMES.get(code, f'exception {code}')}", code=code, device=self.name
            ) from refusal
        if not request.values and len(answer) != request.count:
            raise FrameError(f"unit {request.unit} answered {len(answer)} values, asked for {request.count}", device=self.name)
        return answer

    async def aclose(self) -> None:
        """Refuse everything from now on."""
        self._closed = True
