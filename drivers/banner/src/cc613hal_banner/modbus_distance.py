"""A distance sensor read over Modbus: a wired sensor with registers, or a Sure Cross DX80 gateway in front of wireless ones.

Banner's register maps differ by model and are not all public, so every number is an option.
"""

from __future__ import annotations

import asyncio
import enum

from attrs import field, frozen, validators

from cc613hal.bus.modbus import Table
from cc613hal.debounce import Debounce
from cc613hal.errors import BusError, BusSuspended, ConfigError, DeviceRefused, HalError
from cc613hal.events import Events, EventSource
from cc613hal.interfaces import PresenceReading, PresenceSensor
from cc613hal.plugins import DeviceContext, Driver
from cc613hal.readings import Quality

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
class ModbusDistanceOptions:
    """Where the distance is and what it means.

    Attributes:
        register: zero-based address of the distance. On a DX80 gateway the inputs of node N are holding registers 16·N + 1 … counted
            from one (Banner DX80 manual), so node 1, input 1 is 16 here.
        table: holding or input registers.
        type: width, sign and word order.
        scale_mm: mm per count.
        near_mm: nearer is no car: a hand on the sensor, dirt, mm.
        far_mm: farther is no car: the wall or ground behind, mm.
        hysteresis_mm: how far beyond the window a car must move to be gone, mm.
        no_target: raw values that mean that nothing is there.
        status_register: zero-based address of a register that says whether the sensor is well; ``None`` without one (DX80: input 8).
        status_ok: what it reads then (DX80: 128).
        on_delay_s: a car counts as parked after this long, s.
        off_delay_s: the bay counts as free after this long, s.
        poll_s: pause between two looks, s.
        missed_polls: this many failed looks in a row make the bay unknown.
    """

    register: int = field(default=16, validator=[validators.ge(0), validators.le(0xFFFF)])
    table: RegisterTable = RegisterTable.HOLDING
    type: RegisterType = RegisterType.U16
    scale_mm: float = field(default=1.0, validator=validators.gt(0))
    near_mm: float = field(default=200.0, validator=validators.ge(0))
    far_mm: float = field(default=2500.0, validator=validators.gt(0))
    hysteresis_mm: float = field(default=100.0, validator=validators.ge(0))
    no_target: tuple[int, ...] = (0, 65535)
    status_register: int | None = field(default=None, validator=validators.optional([validators.ge(0), validators.le(0xFFFF)]))
    status_ok: int = field(default=128, validator=[validators.ge(0), validators.le(0xFFFF)])
    on_delay_s: float = field(default=3.0, validator=[validators.ge(0), validators.le(3600)])
    off_delay_s: float = field(default=10.0, validator=[validators.ge(0), validators.le(3600)])
    poll_s: float = field(default=1.0, validator=[validators.ge(0.05), validators.le(3600)])
    missed_polls: int = field(default=3, validator=[validators.ge(1), validators.le(100)])

    def __attrs_post_init__(self) -> None:
        if self.near_mm >= self.far_mm:
            raise ConfigError(f"near_mm = {self.near_mm:g} is not below far_mm = {self.far_mm:g}")
        if self.register + self.type.words > 0x10000:
            raise ConfigError(f"register = {self.register} has no room for {self.type.words} registers")


class ModbusDistance(Driver, PresenceSensor):
    """A distance sensor with registers.

    Args:
        context: the device's place on its board.
        options: where the distance is and what it means.
    """

    def __init__(self, context: DeviceContext, options: ModbusDistanceOptions) -> None:
        self._context = context
        self._options = options
        self._debounce = Debounce(options.on_delay_s, options.off_delay_s)
        self._changes: EventSource[PresenceReading] = EventSource(f"{context.device}.changes")
        self._task: asyncio.Task[None] | None = None
        self._inside = False
        self._missed = 0
        self._refused = False
        self._last = PresenceReading(stamp=context.clock.stamp(), source=context.device, quality=Quality.SUSPECT, occupied=None)

    async def connect(self) -> None:
        """Read once, then go on looking.

        Raises:
            BusError: nobody answers.
            DeviceRefused: the unit has no such register.
        """
        await self.read_presence()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look_for_ever(), name=f"{self._context.device}.looking")

    async def aclose(self) -> None:
        """Stop looking."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    @property
    def changes(self) -> Events[PresenceReading]:
        """Debounced changes of occupancy; ``occupied`` becomes ``None`` when the sensor is lost."""
        return self._changes

    async def read_presence(self) -> PresenceReading:
        """The bay now. A sensor that reports itself unwell gives quality BAD and ``occupied`` unknown.

        Raises:
            BusError: nobody answers.
            DeviceRefused: the unit has no such register.
        """
        options, modbus = self._options, self._context.modbus
        words = await modbus.read_registers(options.register, options.type.words, table=_TABLES[options.table])
        if options.status_register is not None:
            status = (await modbus.read_registers(options.status_register, 1, table=_TABLES[options.table]))[0]
            if status != options.status_ok:
                self._context.health.fault(f"the sensor's status reads {status}, well is {options.status_ok}")
                return self._lost(Quality.BAD)
            self._context.health.ok()
        elif self._refused:
            self._context.health.ok()
        self._missed, self._refused = 0, False
        return self._take(_number(words, options.type))

    async def _look_for_ever(self) -> None:
        while True:
            await self._context.clock.sleep(self._options.poll_s)
            try:
                await self.read_presence()
            except (BusError, DeviceRefused) as error:
                self._miss(error)

    def _miss(self, error: HalError) -> None:
        if isinstance(error, DeviceRefused):
            self._refused = True
            self._context.health.fault(str(error), error)
        if not isinstance(error, BusSuspended):
            self._context.log.debug("%s: a look failed: %s", self._context.device, error)
        self._missed += 1
        if self._missed >= self._options.missed_polls:
            self._lost(Quality.BAD)

    def _lost(self, quality: Quality) -> PresenceReading:
        was_known = self._debounce.state is not None
        self._debounce.forget()
        self._inside = False
        self._last = PresenceReading(stamp=self._context.clock.stamp(), source=self._context.device, quality=quality, occupied=None)
        if was_known:
            self._changes.publish(self._last)
        return self._last

    def _take(self, raw: int) -> PresenceReading:
        distance_mm = None if raw in self._options.no_target or raw < 0 else raw * self._options.scale_mm
        self._inside = self._in_window(distance_mm)
        changed = self._debounce.feed(self._inside, self._context.clock.monotonic_s())
        self._last = PresenceReading(
            stamp=self._context.clock.stamp(),
            source=self._context.device,
            quality=Quality.GOOD if self._debounce.state is not None else Quality.SUSPECT,
            occupied=self._debounce.state,
            distance_mm=distance_mm,
        )
        if changed:
            self._changes.publish(self._last)
        return self._last

    def _in_window(self, distance_mm: float | None) -> bool:
        if distance_mm is None:
            return False
        slack_mm = self._options.hysteresis_mm if self._inside else 0.0
        return self._options.near_mm - slack_mm <= distance_mm <= self._options.far_mm + slack_mm


def _number(words: tuple[int, ...], kind: RegisterType) -> int:
    """The number in one or two registers."""
    if kind is RegisterType.S16:
        return words[0] - 0x10000 if words[0] & 0x8000 else words[0]
    if kind is RegisterType.U32:
        return words[0] << 16 | words[1]
    if kind is RegisterType.U32_SWAPPED:
        return words[1] << 16 | words[0]
    return words[0]
