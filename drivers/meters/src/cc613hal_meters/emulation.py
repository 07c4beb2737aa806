"""A meter made from its register map, measuring the plant, and able to misbehave."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from attrs import define, field

from cc613hal.bus.modbus import Table
from cc613hal.errors import DeviceRefused
from cc613hal.modbus_map import QUANTITIES, Discovery, Register, RegisterMap, Shape, Value, ValueType, encode_register
from cc613hal.plant.emulation import EmulationSite, ModbusUnit
from cc613hal.plant.world import Outlet
from cc613hal_meters.catalogue import map_for
from cc613hal_meters.options import MeterOptions, MountedOptions, SunspecOptions

__all__ = ["MapMeter", "Measured", "as_wired", "emulate_meter"]

_PHASES = ("_l1", "_l2", "_l3")
_IMPORTS = tuple(f"energy_import{phase}" for phase in _PHASES)
_EXPORTS = tuple(f"energy_export{phase}" for phase in _PHASES)
_ILLEGAL_ADDRESS = 2
_ILLEGAL_VALUE = 3
_WYE = 3
"""Last digit of the SunSpec models for three phases and neutral (203, 213)."""


@define
class Measured:
    """What the emulated meter is connected to.

    A meter with one phase sees L1 and counts its energy only.

    Attributes:
        outlet: where it sits; voltages are those of the mains, so that a meter in front of the contactor always shows them.
        frequency_hz: mains frequency, Hz.
        before_wh: what its counter showed when the plant was made, Wh.
        export_wh: what its export counter shows, Wh.
        serial_number: what it says.
        firmware: what it says.
        phases: phases it measures, 1 or 3.
    """

    outlet: Outlet
    frequency_hz: float = 50.0
    before_wh: float = 0.0
    export_wh: float = 0.0
    serial_number: int = 12345678
    firmware: str = "1.0"
    phases: int = 3
    _phase_wh: list[float] = field(factory=lambda: [0.0, 0.0, 0.0], init=False)
    _booked_s: float = field(default=0.0, init=False)
    _booked_w: tuple[float, float, float] = field(default=(0.0, 0.0, 0.0), init=False)
    _moment: tuple[object, object] | None = field(default=None, init=False)
    _flow: dict[str, Value] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._book()
        self.outlet.mains_v.on(lambda _: self._book())
        self.outlet.current_a.on(lambda _: self._book())

    def _book(self) -> None:
        """Add what each phase delivered since it last changed; exact without ticking, as the outlet's own counter is."""
        now_s = self.outlet.clock.monotonic_s()
        hours = (now_s - self._booked_s) / 3600.0
        self._phase_wh = [wh + watts * hours for wh, watts in zip(self._phase_wh, self._booked_w, strict=True)]
        self._booked_s, self._booked_w = now_s, self.outlet.phase_power_w

    def values(self) -> dict[str, Value]:
        """Every quantity the plant can tell, in the vocabulary's units; power factor 1.

        The same mapping every time, brought up to date.
        """
        hours = (self.outlet.clock.monotonic_s() - self._booked_s) / 3600.0
        counted = [wh + watts * hours for wh, watts in zip(self._phase_wh, self._booked_w, strict=True)]
        imported = max(0.0, self.before_wh + (self.outlet.energy_now_wh() if self.phases > 1 else counted[0]))
        found = self._flowing()
        found["energy_import"], found["energy_export"], found["energy_total"] = imported, self.export_wh, imported + self.export_wh
        found["frequency"], found["firmware"], found["serial_number"] = self.frequency_hz, self.firmware, str(self.serial_number)
        before_wh, export_wh = self.before_wh / self.phases, self.export_wh / self.phases
        for taken, given, wh in zip(_IMPORTS, _EXPORTS, counted, strict=True):
            found[taken], found[given] = max(0.0, before_wh + wh), export_wh
        return found

    def _flowing(self) -> dict[str, Value]:
        """What follows from voltages and currents alone; worked out when they change."""
        moment = self.outlet.mains_v.value, self.outlet.current_a.value
        if moment != self._moment:
            volts, amperes = moment
            watts = self.outlet.phase_power_w if self.phases > 1 else (self.outlet.phase_power_w[0], 0.0, 0.0)
            found: dict[str, Value] = {
                "voltage_mean_ln": sum(volts) / 3,
                "current_mean": sum(amperes) / 3,
                "phase_sequence": 0,
                "type_code": 0,
                "application": 0,
            }
            found |= _powers("", sum(watts))
            for phase, volt, ampere, watt in zip(_PHASES, volts, amperes, watts, strict=True):
                found |= {f"voltage{phase}": volt, f"current{phase}": abs(ampere), **_powers(phase, watt)}
            self._moment, self._flow = moment, found
        return self._flow


@define
class _Asked:
    """A read that is asked again and again.

    Attributes:
        places: the addresses.
        registers: those among them, and those that reach in.
        refused: the first address that cannot be read; ``None`` if all can.
        quantities: what the registers stand for.
        seen: the values of the last answer; ``None`` if it does not follow from them alone.
        words: the last answer.
    """

    places: range
    registers: tuple[Register, ...]
    refused: int | None
    quantities: tuple[str, ...]
    seen: tuple[Value, ...] | None = field(default=None, init=False)
    words: list[int] = field(factory=list, init=False)


@define
class _Page:
    """One table of the map.

    Attributes:
        registers: in the map's order.
        fixed: words that are always the same.
        gaps_readable: holes between the registers read as zero.
        encoded: what registers last said, by address and quantity, with the value and exponent it came from.
    """

    registers: tuple[Register, ...]
    fixed: dict[int, int]
    gaps_readable: bool
    encoded: dict[tuple[int, str], tuple[tuple[Value, int], tuple[int, ...]]] = field(factory=dict, init=False)
    _reads: dict[tuple[int, int], _Asked] = field(factory=dict, init=False)

    def read(self, start: int, count: int) -> _Asked:
        """What there is to know about a read."""
        asked = self._reads.get((start, count))
        if asked is None:
            places = range(start, start + count)
            registers = tuple(register for register in self.registers if register.address < places.stop and register.end > start)
            asked = self._reads[start, count] = _Asked(
                places, registers, self._first_refused(places), tuple(register.quantity for register in registers)
            )
        return asked

    def _first_refused(self, places: range) -> int | None:
        known = {place for register in self.registers for place in range(register.address, register.end)} | set(self.fixed)
        readable = range(min(known), max(known) + 1) if self.gaps_readable and known else known
        return next((place for place in places if place not in readable), None)


class MapMeter(ModbusUnit):
    """The emulated meter.

    It knows the registers of its map and nothing else: a read outside them is refused with exception 2, and one longer than the device
    bears with exception 3. Holes read as zero where the map says that they can be read. Values have the resolution of their registers
    (a counter in a 32-bit float too).

    Args:
        meter: its register map.
        measure: gives the values it would show now, by quantity.

    Attributes:
        stuck: answers with what it last measured.
        not_available: quantities it has no value for at the moment.
        exception: refuses every read with this Modbus exception code; ``None`` for none.
        lost_wh: its energy counters are this much lower than they should be, Wh (an exchange or a reset).
        overrides: quantities whose value somebody dictates.
        exponents: contents of scale registers.
        longest: refuses longer reads with ``refusal``, although the map allows them; ``None`` for the map's own limit.
        refusal: the exception code for reads that are too long.
        reads: what was asked last: (table, address, count); the latest thousand at least.
    """

    def __init__(self, meter: RegisterMap, measure: Callable[[], dict[str, Value]]) -> None:
        self.map = meter
        self._measure = measure
        self._held: dict[str, Value] | None = None
        self.not_available: set[str] = set()
        self.exception: int | None = None
        self.lost_wh = 0.0
        self.overrides: dict[str, Value] = {}
        self.exponents: dict[str, int] = {}
        self.longest: int | None = None
        self.refusal = _ILLEGAL_VALUE
        self.reads: list[tuple[Table, int, int]] = []
        self._pages: dict[Table, _Page] = {}
        self.exponents |= {item.quantity: item.example for item in meter.registers if _is_exponent(item) and isinstance(item.example, int)}

    @property
    def stuck(self) -> bool:
        """Whether it answers with what it last measured."""
        return self._held is not None

    @stuck.setter
    def stuck(self, stuck: bool) -> None:
        self._held = dict(self._values()) if stuck else None

    def read(self, table: Table, address: int, count: int) -> list[int]:
        """Registers of the map.

        Raises:
            DeviceRefused: code 2 outside the map, 3 for too many registers, or what ``exception`` asks for.
        """
        self.reads.append((table, address, count))
        if len(self.reads) > 2000:
            del self.reads[:1000]  # days of a station that charges must not pile up
        if self.exception is not None:
            raise DeviceRefused("refuses everything", code=self.exception)
        if count > (self.longest or self.map.limits.max_registers):
            raise DeviceRefused(f"{count} registers are too many", code=self.refusal)
        page = self._page(table)
        asked = page.read(address, count)
        if asked.refused is not None:
            raise DeviceRefused(f"no register {asked.refused:#06x}", code=_ILLEGAL_ADDRESS)
        values = self._held if self._held is not None else self._values()
        seen = tuple(map(values.get, asked.quantities))
        plain = not (self.exponents or self.not_available or self.overrides)
        if plain and seen == asked.seen:
            return list(asked.words)
        encoded = [self._encode(page, register, values.get(register.quantity)) for register in asked.registers]
        words: dict[int, int] = {}
        for register, part in zip(asked.registers, encoded, strict=True):
            words.update(zip(range(register.address, register.end), part, strict=True))
        words.update(page.fixed)
        asked.words = [words.get(place, 0) for place in asked.places]
        asked.seen = seen if plain else None
        return list(asked.words)

    def write(self, table: Table, address: int, values: list[int]) -> None:
        """A meter takes nothing here.

        Raises:
            DeviceRefused: always, with code 2.
        """
        raise DeviceRefused(f"{len(values)} {table.name.lower()} from {address:#06x} cannot be written", code=_ILLEGAL_ADDRESS)

    def _page(self, table: Table) -> _Page:
        page = self._pages.get(table)
        if page is None:
            registers = tuple(register for register in self.map.registers if register.table is table)
            fingerprint = self.map.fingerprint
            fixed: dict[int, int] = {}
            if fingerprint is not None and fingerprint.register.table is table and fingerprint.values:
                register = fingerprint.register
                encoded = encode_register(register, fingerprint.values[0])
                fixed.update(zip(range(register.address, register.end), encoded, strict=True))
            if table is Table.HOLDING and self.map.discovery is not None:
                fixed |= _headers(self.map.discovery)
            page = self._pages[table] = _Page(registers, fixed, self.map.limits.gaps_readable)
        return page

    def _encode(self, page: _Page, register: Register, value: Value) -> tuple[int, ...]:
        name = register.quantity
        text = QUANTITIES[name].shape is Shape.TEXT
        if register.example is not None and name not in self.overrides:
            value = register.example
        if name in self.exponents:
            value = self.exponents[name]
        if name in self.not_available:
            value = None
        elif value is None:
            value = "" if text else 0
        if text and register.type.word != "ascii":
            value = _digits(str(value), 16 if register.type is ValueType.HEX32 else 10)
        exponent = self.exponents.get(register.scale_by, 0)
        known = page.encoded.get((register.address, name))
        if known is not None and known[0] == (value, exponent):
            return known[1]  # most values of a meter stand still from one read to the next
        words = encode_register(register, value, exponent=exponent)
        page.encoded[register.address, name] = (value, exponent), words
        return words

    def _values(self) -> dict[str, Value]:
        values = self._measure()
        if self.overrides or self.lost_wh:
            values = values | self.overrides
        if self.lost_wh:
            for name, value in values.items():
                if QUANTITIES[name].shape is Shape.COUNTER and isinstance(value, float | int | Decimal):
                    values[name] = max(0.0, float(value) - self.lost_wh)
        return values


def emulate_meter(site: EmulationSite, options: MeterOptions) -> None:
    """Put the emulated meter on its line; it is kept in ``site.plant.parts`` under the device's name.

    A meter the options call reversed is emulated reversed, one with current transformers sees their secondary side.
    """
    description = map_for(options)
    if isinstance(options, SunspecOptions) and options.base is not None and description.discovery is not None:
        by = options.base - description.discovery.bases[0]
        description = description.relocated([block.address + by for block in description.discovery.blocks])
    measured = Measured(outlet=site.outlet, phases=description.phases)

    def secondary() -> dict[str, Value]:
        return as_wired(measured.values(), options)

    meter = MapMeter(description, secondary)
    site.plant.parts[site.device] = meter
    site.attach_modbus(meter)


def _headers(discovery: Discovery) -> dict[int, int]:
    """Marker, ids and lengths of the blocks, and the end, of a device that says where its registers are."""
    first, last = discovery.blocks[0], discovery.blocks[-1]
    words = {first.address - 2: 0x5375, first.address - 1: 0x6E53, last.end: 0xFFFF, last.end + 1: 0}
    for block in discovery.blocks:
        preferred = next((number for number in block.ids if number % 10 == _WYE), block.ids[0])
        words |= {block.address: preferred, block.address + 1: block.length}
    return words


def _is_exponent(register: Register) -> bool:
    return register.quantity.startswith("exponent_")


def _digits(text: str, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:
        return 0


def _powers(phase: str, watt: float) -> dict[str, Value]:
    return {
        f"power{phase}": watt,
        f"power_import{phase}": max(watt, 0.0),
        f"power_export{phase}": max(-watt, 0.0),
        f"apparent_power{phase}": abs(watt),
        f"reactive_power{phase}": 0.0,
        f"power_factor{phase}": 1.0,
    }


def as_wired(values: dict[str, Value], options: MountedOptions) -> dict[str, Value]:
    """The same values as a meter sees them that is mounted in this way."""
    reversed_ = options.reversed
    if not reversed_ and options.ct_ratio == 1.0:
        return values
    seen: dict[str, Value] = {}
    for name, value in values.items():
        quantity = QUANTITIES[name]
        factor = (1.0 / options.ct_ratio if quantity.transformed else 1.0) * (-1.0 if quantity.directed and reversed_ else 1.0)
        seen[quantity.opposite if reversed_ and quantity.opposite else name] = value * factor if isinstance(value, float) else value
    return seen
