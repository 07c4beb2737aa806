"""A wired distance sensor read over Modbus.

Banner's register maps differ by model and are not all public, so every number is an option. Sensors behind a Sure Cross DX80 gateway have a
driver of their own, :mod:`cc613hal_banner.dx80`.
"""

from __future__ import annotations

import enum

from attrs import field, frozen, validators

from cc613hal.bus.modbus import Table
from cc613hal.errors import ConfigError
from cc613hal.plugins import DeviceContext
from cc613hal_banner.polled import PolledBay, Sight, Unwell
from cc613hal_banner.window import WindowOptions, distance_of, in_window

__all__ = ["ModbusDistance", "ModbusDistanceOptions", "RegisterTable", "RegisterType"]


class RegisterTable(enum.Enum):
    """Where the register is."""

    HOLDING = "holding"
    INPUT = "input"


class RegisterType(enum.Enum):
    """What the register holds."""

    U16 = "u16"
    S16 = "s16"
    U32 = "u32"
    """Two registers, high word first."""
    U32_SWAPPED = "u32-swapped"
    """Two registers, low word first."""

    @property
    def words(self) -> int:
        """How many registers."""
        return 1 if self in {RegisterType.U16, RegisterType.S16} else 2


_TABLES = {RegisterTable.HOLDING: Table.HOLDING, RegisterTable.INPUT: Table.INPUT}


@frozen(kw_only=True)
class ModbusDistanceOptions(WindowOptions):
    """Where the distance is and what it means.

    Attributes:
        register: zero-based address of the distance. No sensor's is published: 16 is only where a DX80 gateway has its first node's.
        table: holding or input registers.
        type: width, sign and word order.
        status_register: zero-based address of a register that says whether the sensor is well; ``None`` without one.
        status_ok: what it reads then.
    """

    register: int = field(default=16, validator=[validators.ge(0), validators.le(0xFFFF)])
    table: RegisterTable = RegisterTable.HOLDING
    type: RegisterType = RegisterType.U16
    status_register: int | None = field(default=None, validator=validators.optional([validators.ge(0), validators.le(0xFFFF)]))
    status_ok: int = field(default=128, validator=[validators.ge(0), validators.le(0xFFFF)])

    def __attrs_post_init__(self) -> None:
        WindowOptions.__attrs_post_init__(self)
        if self.register + self.type.words > 0x10000:
            raise ConfigError(f"register = {self.register} has no room for {self.type.words} registers")


class ModbusDistance(PolledBay):
    """A distance sensor with registers.

    Args:
        context: the device's place on its board.
        options: where the distance is and what it means.
    """

    def __init__(self, context: DeviceContext, options: ModbusDistanceOptions) -> None:
        super().__init__(context, options)
        self._options = options

    async def look(self) -> Sight | Unwell:
        """The distance now, and what the status register says where there is one.

        Raises:
            BusError: nobody answers.
            DeviceRefused: the unit has no such register.
            ImplausibleReading: farther than ``longest_mm``.
        """
        options, modbus = self._options, self._context.modbus
        words = await modbus.read_registers(options.register, options.type.words, table=_TABLES[options.table])
        if options.status_register is not None:
            status = (await modbus.read_registers(options.status_register, 1, table=_TABLES[options.table]))[0]
            if status != options.status_ok:
                return Unwell(f"the sensor's status reads {status}, well is {options.status_ok}")
        distance_mm = distance_of(_number(words, options.type), options, self._context.device)
        return Sight(car=in_window(distance_mm, options, was_in=self.car), distance_mm=distance_mm)


def _number(words: tuple[int, ...], kind: RegisterType) -> int:
    """The number in one or two registers."""
    if kind is RegisterType.S16:
        return words[0] - 0x10000 if words[0] & 0x8000 else words[0]
    if kind is RegisterType.U32:
        return words[0] << 16 | words[1]
    if kind is RegisterType.U32_SWAPPED:
        return words[1] << 16 | words[0]
    return words[0]
