"""Emulated parking sensors. They see ``plant.cabinet.bay_distance_mm`` and can misbehave on request."""

from __future__ import annotations

from cc613hal.bus.modbus import Table
from cc613hal.errors import DeviceRefused
from cc613hal.plant.emulation import EmulationSite, ModbusUnit
from cc613hal.plant.signal import Signal
from cc613hal_banner.discrete import DiscreteOptions
from cc613hal_banner.dx80 import REGISTERS_PER_NODE, Dx80Options, Meaning
from cc613hal_banner.modbus_distance import ModbusDistanceOptions, RegisterTable, RegisterType

__all__ = ["DiscreteSensor", "DistanceUnit", "Dx80Node", "emulate_discrete", "emulate_distance", "emulate_dx80"]


class DiscreteSensor:
    """A sensor with a PNP output: high while something is in the window it was taught.

    Args:
        distance_mm: what is in front of it, mm.
        output: electrical level of its output.
        window_mm: nearest and farthest distance that switches.
    """

    def __init__(self, distance_mm: Signal[float], output: Signal[bool], window_mm: tuple[float, float]) -> None:
        self._distance_mm = distance_mm
        self._output = output
        self._window_mm = window_mm
        self._stuck: bool | None = None
        distance_mm.on(lambda _: self._switch(), now=True)

    @property
    def stuck(self) -> bool | None:
        """The level the output hangs at; ``None`` while it works."""
        return self._stuck

    @stuck.setter
    def stuck(self, level: bool | None) -> None:
        self._stuck = level
        self._switch()

    def _switch(self) -> None:
        near_mm, far_mm = self._window_mm
        seen = near_mm <= self._distance_mm.value <= far_mm
        self._output.set(seen if self._stuck is None else self._stuck)


class DistanceUnit(ModbusUnit):
    """A Modbus unit with a distance, and a status where the driver expects one.

    Args:
        distance_mm: what is in front of it, mm.
        options: the driver's, so that the unit has its registers where the driver looks.

    Attributes:
        stuck_raw: what the distance reads, whatever is there; ``None`` for the truth.
        status: what the status register reads; ``None`` for well.
        range_mm: farther than this the sensor sees nothing, mm.
        refuse: exception code every read is answered with; 0 for none.
    """

    def __init__(self, distance_mm: Signal[float], options: ModbusDistanceOptions) -> None:
        self.stuck_raw: int | None = None
        self.status: int | None = None
        self.range_mm = 15_000.0
        self.refuse = 0
        self._distance_mm = distance_mm
        self._options = options

    def read(self, table: Table, address: int, count: int) -> list[int]:
        """Registers."""
        if self.refuse:
            raise DeviceRefused("told to refuse", code=self.refuse)
        options = self._options
        registers = dict(enumerate(self._words(), start=options.register))
        if options.status_register is not None:
            registers[options.status_register] = options.status_ok if self.status is None else self.status
        expected = Table.HOLDING if options.table is RegisterTable.HOLDING else Table.INPUT
        wanted = range(address, address + count)
        if table is not expected or any(number not in registers for number in wanted):
            raise DeviceRefused("no such register", code=2)
        return [registers[number] for number in wanted]

    def write(self, table: Table, address: int, values: list[int]) -> None:
        """The sensor has nothing to write."""
        raise DeviceRefused(f"{table.name.lower()} {address} cannot take {values}", code=2)

    def _words(self) -> list[int]:
        raw = self._raw()
        if self._options.type.words == 1:
            return [raw & 0xFFFF]
        high, low = raw >> 16 & 0xFFFF, raw & 0xFFFF
        return [low, high] if self._options.type is RegisterType.U32_SWAPPED else [high, low]

    def _raw(self) -> int:
        if self.stuck_raw is not None:
            return self.stuck_raw
        distance_mm = self._distance_mm.value
        if distance_mm > self.range_mm and self._options.no_target:
            return self._options.no_target[-1]
        most = 0x7FFF if self._options.type is RegisterType.S16 else (1 << 16 * self._options.type.words) - 1
        return min(most, round(distance_mm / self._options.scale_mm))  # a sensor stays at the end of its scale


class Dx80Node(ModbusUnit):
    """One node of a gateway over the bay, with the gateway's registers for it. Several nodes on one unit are a gateway with several.

    Args:
        distance_mm: what is in front of the node's sensor, mm.
        options: the driver's, so that the node is where the driver looks.

    Attributes:
        stuck_raw: what the node's input reads, whatever is there; ``None`` for the truth.
        status: what the node's status input reads; ``None`` for well.
        signal: what its strength input reads.
        range_mm: farther than this a node that measures sees nothing, mm.
        refuse: exception code every read is answered with; 0 for none.
    """

    def __init__(self, distance_mm: Signal[float], options: Dx80Options) -> None:
        self.stuck_raw: int | None = None
        self.status: int | None = None
        self.signal = 77
        self.range_mm = 15_000.0
        self.refuse = 0
        self._distance_mm = distance_mm
        self._options = options

    def read(self, table: Table, address: int, count: int) -> list[int]:
        """Registers."""
        if self.refuse:
            raise DeviceRefused("told to refuse", code=self.refuse)
        first = self._options.first
        if table is not Table.HOLDING or not first <= address <= address + count <= first + REGISTERS_PER_NODE:
            raise DeviceRefused("no such register", code=2)
        own = self._own()
        return [own.get(number, 0) for number in range(address, address + count)]

    def write(self, table: Table, address: int, values: list[int]) -> None:
        """Outputs are not used."""
        raise DeviceRefused(f"{table.name.lower()} {address} cannot take {values}", code=2)

    def _own(self) -> dict[int, int]:
        options = self._options
        own = {options.input: self._raw()}
        if options.signal_input is not None:
            own[options.signal_input] = self.signal
        if options.status_input:
            own[options.status_input] = options.status_ok if self.status is None else self.status
        return {options.first + number - 1: value for number, value in own.items()}

    def _raw(self) -> int:
        options, distance_mm = self._options, self._distance_mm.value
        if self.stuck_raw is not None:
            return self.stuck_raw
        if options.meaning is Meaning.STATE:
            taken = options.near_mm <= distance_mm <= options.far_mm
            return options.mask if taken is not options.active_low else 0
        if distance_mm > self.range_mm and options.no_target:
            return options.no_target[-1]
        return min(0xFFFF, round(distance_mm / options.scale_mm))


def emulate_discrete(site: EmulationSite, options: DiscreteOptions) -> None:
    """Mount a switching sensor over the bay; ``plant.parts[device]`` is the :class:`DiscreteSensor`.

    Its output is PNP: high means occupied. A board file whose line says ``active_low`` describes another sensor, and reads the opposite.
    """
    output = site.drive("occupied")
    site.plant.parts[site.device] = DiscreteSensor(site.plant.cabinet.bay_distance_mm, output, (options.near_mm, options.far_mm))


def emulate_distance(site: EmulationSite, options: ModbusDistanceOptions) -> None:
    """Mount a distance sensor over the bay; ``plant.parts[device]`` is the :class:`DistanceUnit`."""
    unit = DistanceUnit(site.plant.cabinet.bay_distance_mm, options)
    site.plant.parts[site.device] = unit
    site.attach_modbus(unit)


def emulate_dx80(site: EmulationSite, options: Dx80Options) -> None:
    """Mount a node over the bay; ``plant.parts[device]`` is the :class:`Dx80Node`."""
    gateway = Dx80Node(site.plant.cabinet.bay_distance_mm, options)
    site.plant.parts[site.device] = gateway
    site.attach_modbus(gateway)
