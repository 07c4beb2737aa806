"""A meter made from its register map, measuring the plant, and able to misbehave."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from attrs import define

from cc613hal.bus.modbus import Table
from cc613hal.errors import DeviceRefused
from cc613hal.modbus_map import QUANTITIES, Register, RegisterMap, Shape, Value, encode_register
from cc613hal.plant.emulation import EmulationSite, ModbusUnit
from cc613hal.plant.world import Outlet
from cc613hal_meters.catalogue import map_for
from cc613hal_meters.options import MeterOptions, Mounted

__all__ = ["MapMeter", "Measured", "emulate_meter"]

_PHASES = ("_l1", "_l2", "_l3")
_ILLEGAL_ADDRESS = 2
_ILLEGAL_VALUE = 3


@define
class Measured:
    """What the emulated meter is connected to.

    Attributes:
        outlet: where it sits; voltages are those of the mains, so that a meter in front of the contactor always shows them.
        frequency_hz: mains frequency, Hz.
        before_wh: what its counter showed when the plant was made, Wh.
        export_wh: what its export counter shows, Wh.
        serial_number: what it says.
        firmware: what it says.
    """

    outlet: Outlet
    frequency_hz: float = 50.0
    before_wh: float = 0.0
    export_wh: float = 0.0
    serial_number: int = 12345678
    firmware: str = "1.0"

    def values(self) -> dict[str, Value]:
        """Every quantity the plant can tell, in the vocabulary's units; power factor 1."""
        volts, amperes, watts = self.outlet.mains_v.value, self.outlet.current_a.value, self.outlet.phase_power_w
        imported = max(0.0, self.before_wh + self.outlet.energy_now_wh())
        found: dict[str, Value] = {
            "frequency": self.frequency_hz,
            "energy_import": imported,
            "energy_export": self.export_wh,
            "energy_total": imported + self.export_wh,
            "serial_number": str(self.serial_number),
            "firmware": self.firmware,
            "voltage_mean_ln": sum(volts) / 3,
            "current_mean": sum(amperes) / 3,
            "phase_sequence": 0,
            "type_code": 0,
            "application": 0,
        }
        found |= _powers("", sum(watts))
        for phase, volt, ampere, watt in zip(_PHASES, volts, amperes, watts, strict=True):
            found |= {f"voltage{phase}": volt, f"current{phase}": abs(ampere), **_powers(phase, watt)}
            found[f"energy_import{phase}"] = imported / 3
            found[f"energy_export{phase}"] = self.export_wh / 3
        return found


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
        reads: what was asked: (table, address, count).
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

    @property
    def stuck(self) -> bool:
        """Whether it answers with what it last measured."""
        return self._held is not None

    @stuck.setter
    def stuck(self, stuck: bool) -> None:
        self._held = self._values() if stuck else None

    def read(self, table: Table, address: int, count: int) -> list[int]:
        """Registers of the map.

        Raises:
            DeviceRefused: code 2 outside the map, 3 for too many registers, or what ``exception`` asks for.
        """
        self.reads.append((table, address, count))
        if self.exception is not None:
            raise DeviceRefused("refuses everything", code=self.exception)
        if count > (self.longest or self.map.limits.max_registers):
            raise DeviceRefused(f"{count} registers are too many", code=self.refusal)
        words = self._registers(table)
        answer: list[int] = []
        for place in range(address, address + count):
            word = words.get(place)
            if word is None and not (self.map.limits.gaps_readable and words and min(words) <= place <= max(words)):
                raise DeviceRefused(f"no register {place:#06x}", code=_ILLEGAL_ADDRESS)
            answer.append(word or 0)
        return answer

    def write(self, table: Table, address: int, values: list[int]) -> None:
        """A meter takes nothing here.

        Raises:
            DeviceRefused: always, with code 2.
        """
        raise DeviceRefused(f"{len(values)} {table.name.lower()} from {address:#06x} cannot be written", code=_ILLEGAL_ADDRESS)

    def _registers(self, table: Table) -> dict[int, int]:
        values = self._held if self._held is not None else self._values()
        words: dict[int, int] = {}
        for register in self.map.registers:
            if register.table is table:
                encoded = self._encode(register, values.get(register.quantity))
                words.update(zip(range(register.address, register.end), encoded, strict=True))
        fingerprint = self.map.fingerprint
        if fingerprint is not None and fingerprint.register.table is table and fingerprint.values:
            register = fingerprint.register
            encoded = encode_register(register, fingerprint.values[0])
            words.update(zip(range(register.address, register.end), encoded, strict=True))
        return words

    def _encode(self, register: Register, value: Value) -> tuple[int, ...]:
        if register.quantity in self.exponents:
            value = self.exponents[register.quantity]
        if register.quantity in self.not_available:
            value = None
        elif value is None:
            value = "" if QUANTITIES[register.quantity].shape is Shape.TEXT else 0
        if QUANTITIES[register.quantity].shape is Shape.TEXT and register.type.word != "ascii":
            value = int(str(value)) if str(value).isdigit() else 0
        return encode_register(register, value, exponent=self.exponents.get(register.scale_by, 0))

    def _values(self) -> dict[str, Value]:
        values = self._measure() | self.overrides
        if self.lost_wh:
            for name, value in values.items():
                if QUANTITIES[name].shape is Shape.COUNTER and isinstance(value, float | int | Decimal):
                    values[name] = max(0.0, float(value) - self.lost_wh)
        return values


def emulate_meter(site: EmulationSite, options: MeterOptions) -> None:
    """Put the emulated meter on its line; it is kept in ``site.plant.parts`` under the device's name.

    A meter the options call reversed is emulated reversed, one with current transformers sees their secondary side.
    """
    measured = Measured(outlet=site.outlet)

    def secondary() -> dict[str, Value]:
        return _wired(measured.values(), options)

    meter = MapMeter(map_for(options), secondary)
    site.plant.parts[site.device] = meter
    site.attach_modbus(meter)


def _powers(phase: str, watt: float) -> dict[str, Value]:
    return {
        f"power{phase}": watt,
        f"power_import{phase}": max(watt, 0.0),
        f"power_export{phase}": max(-watt, 0.0),
        f"apparent_power{phase}": abs(watt),
        f"reactive_power{phase}": 0.0,
        f"power_factor{phase}": 1.0,
    }


def _wired(values: dict[str, Value], options: MeterOptions) -> dict[str, Value]:
    """The same values as a meter sees them that is mounted in this way."""
    reversed_ = options.mounted is Mounted.REVERSED
    seen: dict[str, Value] = {}
    for name, value in values.items():
        quantity = QUANTITIES[name]
        factor = (1.0 / options.ct_ratio if quantity.transformed else 1.0) * (-1.0 if quantity.directed and reversed_ else 1.0)
        seen[quantity.opposite if reversed_ and quantity.opposite else name] = value * factor if isinstance(value, float) else value
    return seen
