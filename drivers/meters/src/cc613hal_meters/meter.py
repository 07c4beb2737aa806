"""One driver for every meter with a register map."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any, NamedTuple, cast

from cc613hal.bus.modbus import Table
from cc613hal.bus.serial import Parity
from cc613hal.clock import Stamp
from cc613hal.errors import DeviceRefused, ImplausibleReading, ProtocolViolation, WrongIdentity
from cc613hal.interfaces import (
    EnergyMeter,
    EnergyReading,
    Identified,
    Identity,
    MeterReading,
    PhaseMeter,
    PhaseReading,
    PowerMeter,
    PowerReading,
    SnapshotMeter,
)
from cc613hal.modbus_map import (
    CORE,
    QUANTITIES,
    LinkTiming,
    Objective,
    Plan,
    PlanDecoder,
    PlannedRead,
    Refusals,
    RegisterMap,
    Shape,
    Value,
    decode_register,
    make_plan,
)
from cc613hal.plugins import DeviceContext
from cc613hal.readings import Energy, PhaseValues, Quality
from cc613hal_meters.catalogue import map_for
from cc613hal_meters.judge import Judge, adjustment, source_of
from cc613hal_meters.options import MeterOptions, Planning, SunspecOptions
from cc613hal_meters.sunspec import locate
from cc613hal_meters.watch import FrozenWatch, RangeWatch

__all__ = ["ModbusMeter", "TotalsMeter"]

_PHASE_VALUES = CORE[:9]
_IDENTITY = ("vendor", "model", "serial_number", "firmware", "hardware")
_TEACHING = frozenset({2, 3})
"""Exception codes that say something about the request: illegal data address, illegal data value (MODBUS Application Protocol, 7)."""


class _Group:
    """A set of quantities that is read together, with everything about it worked out in advance.

    Args:
        quantities: what the caller gets, in this order; ``None`` for what the meter does not have.
        meter: the register map.
        plan: reads for them.
        options: mounting and transformer ratio.
    """

    def __init__(self, quantities: Sequence[str], meter: RegisterMap, plan: Plan, options: MeterOptions) -> None:
        self.quantities = tuple(quantities)
        self.plan = plan
        self.decoder = PlanDecoder(meter, plan)
        self.requests = tuple((read.address, read.count, read.table) for read in plan.reads)
        self.sources = tuple(source_of(quantity, options) for quantity in quantities)
        # the decoder's values get a None behind them: that is what a quantity the meter does not have points to
        slots = [self.decoder.slots.get(source, -1) for source in self.sources]
        self._pick: Callable[[list[Value]], tuple[Value, ...]] = itemgetter(*slots) if len(slots) > 1 else _only(slots[0])
        self._adjust = tuple((index, adjust) for index, name in enumerate(quantities) if (adjust := _adjust(name, options)))
        self.places = tuple(map(self.decoder.place, self.sources))
        self.ranges = RangeWatch(quantities, options.ct_ratio)
        self.frozen = FrozenWatch(options.stuck_wh, options.frozen_after_s)

    def values(self, blocks: Sequence[Sequence[int]]) -> tuple[Value, ...]:
        """The values in the order of ``quantities``."""
        decoded = self.decoder.decode(blocks)
        decoded.append(None)
        picked = self._pick(decoded)
        if self._adjust:
            changed = list(picked)
            for index, adjust in self._adjust:
                if changed[index] is not None:
                    changed[index] = adjust(changed[index])
            return tuple(changed)
        return picked


def _only(slot: int) -> Callable[[list[Value]], tuple[Value, ...]]:
    return lambda values: (values[slot],)


class _Answer(NamedTuple):
    """One group as it came: its values, the registers behind them, and when."""

    group: _Group
    blocks: list[tuple[int, ...]]
    values: tuple[Value, ...]
    stamp: Stamp


class TotalsMeter(PowerMeter, EnergyMeter, SnapshotMeter, Identified):
    """A meter described by a register map, also one that does not measure single phases.

    Every group of values is read in the fewest transactions (TCP) or the least time (RTU) and carries one time stamp, taken when the
    first answer of the group arrived. A read the meter refuses is split, planned anew and remembered, also across restarts.

    Readings are ``SUSPECT`` while a value is impossible or a counter is below what it had reached, ``STALE`` while the meter is
    stuck; the device's health is then degraded and says why.

    Args:
        context: the device's place on the board.
        options: the model and how it is mounted.
    """

    def __init__(self, context: DeviceContext, options: MeterOptions) -> None:
        self.map = self._nominal = map_for(options)
        self._context = context
        self._options = options
        self._port = context.modbus
        self._clock = context.clock
        self._device = context.device
        self._objective, self._timing = self._link()
        self._memory_key = f"refused.{self.map.name}" + (f".{self.map.variant}" if self.map.variant else "")
        self.refusals = _remembered(context.memory.load(self._memory_key), self.map)
        self._judgement = Judge(context)
        self._plan_all()

    async def connect(self) -> None:
        """Recognise the meter, and take note of its counters.

        Raises:
            WrongIdentity: the fingerprint in the map does not fit what answers, or a SunSpec meter lacks the model.
            BusError: nobody answers.
        """
        if self.map.discovery is not None:
            await self._locate()
        if self._options.check_identity:
            await self._check_fingerprint()
        self._core.frozen.forget()
        answer = await self._fetch("_energy", self._energy)
        self._judgement.begin(dict(zip(answer.group.sources, answer.values, strict=True)))

    async def aclose(self) -> None:
        """Nothing runs on its own; the counters are remembered for the next start."""
        self._judgement.remember()

    async def identify(self) -> Identity:
        """What the meter tells; vendor and model as configured (and checked by the fingerprint) where it does not."""
        answer = await self._fetch("_once", self._once)
        told: dict[str, Value] = dict(zip(answer.group.quantities, answer.values, strict=True))
        vendor, model, serial, firmware, hardware = (None if told.get(name) is None else str(told[name]) for name in _IDENTITY)
        return Identity(
            vendor=vendor or self.map.vendor, model=model or self.map.model, serial=serial, firmware=firmware, hardware=hardware
        )

    async def read_power(self) -> PowerReading:
        """Active power now, W.

        Raises:
            ImplausibleReading: the meter says that it has no value.
            DeviceRefused: it refuses even a single value.
        """
        answer = await self._fetch("_power", self._power)
        power_w = self._total(answer.values[0], answer.values[1:4])
        return PowerReading(stamp=answer.stamp, source=self._device, quality=self._judge("power", answer), power_w=power_w)

    async def read_energy(self) -> EnergyReading:
        """The counters now.

        Raises:
            ImplausibleReading: the meter says that it has no value.
            DeviceRefused: it refuses even a single value.
        """
        answer = await self._fetch("_energy", self._energy)
        reading = self._counted(answer, self._judge("energy", answer))
        if reading is None:
            raise self._no_value("energy_import")
        return reading

    async def read_all(self) -> MeterReading:
        """Phases, total power, frequency and counters as one group.

        Raises:
            ImplausibleReading: the meter has no value for the power.
            DeviceRefused: it refuses even a single value.
        """
        answer = await self._fetch("_core", self._core)
        u1, u2, u3, i1, i2, i3, p1, p2, p3, power, frequency, _, _ = cast("tuple[Any, ...]", answer.values)
        total = power if power is not None else self._total(None, (p1, p2, p3))
        quality = self._judge("all", answer, total)
        return MeterReading(
            stamp=answer.stamp,
            source=self._device,
            quality=quality,
            voltage_v=PhaseValues(u1, u2, u3),
            current_a=PhaseValues(_signed(i1, p1), _signed(i2, p2), _signed(i3, p3)),
            power_w=PhaseValues(p1, p2, p3),
            frequency_hz=frequency,
            total_power_w=total,
            energy=self._counted(answer, quality),
        )

    async def read_values(self, quantities: Sequence[str]) -> dict[str, Value]:
        """Any quantities of the map, planned for this one call; for tools, not for polling.

        Args:
            quantities: words of the vocabulary; what the meter does not have comes back as ``None``.
        """
        answer = await self._fetch("", self._group(quantities))
        return dict(zip(answer.group.quantities, answer.values, strict=True))

    @property
    def plans(self) -> Mapping[str, Plan]:
        """The reads of each verb; tools and tests look at them."""
        return {
            "read_power": self._power.plan,
            "read_phases": self._phases.plan,
            "read_energy": self._energy.plan,
            "read_all": self._core.plan,
        }

    def _link(self) -> tuple[Objective, LinkTiming]:
        serial, defaults = self._port.serial, self.map.link
        planning = self._options.planning
        least = planning is Planning.LEAST_TIME or (planning is Planning.AUTO and serial is not None)
        timing = LinkTiming.serial(
            serial.baud if serial else defaults.baud,
            parity=serial.parity is not Parity.NONE if serial else defaults.parity != "N",
            stop_bits=serial.stop_bits if serial else defaults.stop_bits,
            turnaround_s=self.map.limits.reply_s,
        )
        return Objective.LEAST_TIME if least else Objective.FEWEST_READS, timing

    def _plan_all(self) -> None:
        self._core = self._group(CORE)
        self._phases = self._group((*_PHASE_VALUES, "frequency"))
        has_power = "power" in self.map.quantities
        self._power = self._group(("power", *_PHASE_VALUES[6:]) if not has_power else ("power",))
        self._energy = self._group(("energy_import", "energy_export"))
        self._once = self._group(_IDENTITY)

    def _group(self, quantities: Sequence[str]) -> _Group:
        wanted = [source_of(name, self._options) for name in quantities]
        plan = make_plan(self.map, wanted, self._objective, self._timing, self.refusals)
        return _Group(quantities, self.map, plan, self._options)

    async def _fetch(self, name: str, group: _Group) -> _Answer:
        """Read a group; where the meter refuses, learn, plan anew and start again."""
        read = self._port.read_registers
        while True:
            blocks: list[tuple[int, ...]] = []
            stamp: Stamp | None = None
            try:
                for address, count, table in group.requests:
                    blocks.append(await read(address, count, table=table))
                    stamp = stamp or self._clock.stamp()
            except DeviceRefused as refusal:
                self._learn(group.plan.reads[len(blocks)], refusal)
                group = cast("_Group", getattr(self, name)) if name else self._group(group.quantities)
                continue
            try:
                return _Answer(group, blocks, group.values(blocks), stamp or self._clock.stamp())
            except ValueError as error:
                raise ProtocolViolation(str(error), device=self._device) from error

    def _learn(self, read: PlannedRead, refusal: DeviceRefused) -> None:
        """Remember what the meter refused, or raise the refusal if nothing can be learnt from it."""
        known = self.refusals
        optional = frozenset(register.quantity for register in read.registers if register.optional)
        if refusal.code == 1 and len(optional) == len(read.registers):
            learnt = Refusals(max_registers=known.max_registers, ranges=known.ranges, quantities=known.quantities | optional)
        elif refusal.code not in _TEACHING:
            raise refusal
        elif len(read.registers) == 1:
            if not optional:
                raise DeviceRefused(
                    f"refuses {read.registers[0].quantity} at {read.address:#06x}: {refusal.message}",
                    code=refusal.code,
                    device=self._device,
                    hint=f"is this really the {self.map.vendor} {self.map.model}?",
                ) from refusal
            learnt = Refusals(max_registers=known.max_registers, ranges=known.ranges, quantities=known.quantities | optional)
        elif refusal.code == 2 and read.count > sum(register.count for register in read.registers):
            ranges = (*known.ranges, (read.table, read.address, read.count))
            learnt = Refusals(max_registers=known.max_registers, ranges=ranges, quantities=known.quantities)
        else:
            widest = max(register.count for register in self.map.registers)
            shorter = max(widest, read.count // 2)
            learnt = Refusals(max_registers=shorter, ranges=known.ranges, quantities=known.quantities)
            if shorter >= read.count:
                ranges = (*known.ranges, (read.table, read.address, read.count))
                learnt = Refusals(max_registers=known.max_registers, ranges=ranges, quantities=known.quantities)
        self._context.log.info("%s: refused %d registers from %#06x; planning anew", self._device, read.count, read.address)
        self.refusals = learnt
        self._context.memory.save(self._memory_key, _memorable(learnt))
        self._plan_all()

    def _judge(self, key: str, answer: _Answer, power_w: float | None = None) -> Quality:
        """How good a group is; ``power_w`` only where a counter is among its registers."""
        group, blocks, values, stamp = answer
        return self._judgement.quality(
            key,
            zip(group.sources[-2:], values[-2:], strict=False),
            impossible=group.ranges.complaint(values),
            stuck=group.frozen.complaint(blocks, stamp.monotonic_s, power_w),
        )

    def _counted(self, answer: _Answer, quality: Quality) -> EnergyReading | None:
        """The counters, which are the last two values of the group; ``None`` if the meter has no value for the import."""
        imported, exported = answer.values[-2:]
        if not isinstance(imported, Decimal):
            return None
        return EnergyReading(
            stamp=answer.stamp,
            source=self._device,
            quality=quality,
            imported=_energy(answer, -2, imported),
            exported=_energy(answer, -1, exported) if isinstance(exported, Decimal) else None,
        )

    def _total(self, power: Value, phases: Sequence[Value]) -> float:
        if isinstance(power, float):
            return power
        known = [value for value in phases if isinstance(value, float)]
        if len(known) != self.map.phases:
            raise self._no_value("power")
        return math.fsum(known)

    def _no_value(self, quantity: str) -> ImplausibleReading:
        return ImplausibleReading(f"the meter has no value for {quantity}", device=self._device, hint="check its wiring and settings")

    async def _locate(self) -> None:
        """Plan for the addresses at which this very meter has its blocks."""
        base = self._options.base if isinstance(self._options, SunspecOptions) else None
        self.map = await locate(self._port, self._nominal, base=base, device=self._device)
        self.refusals = _remembered(self._context.memory.load(self._memory_key), self.map)
        self._plan_all()

    async def _check_fingerprint(self) -> None:
        fingerprint = self.map.fingerprint
        if fingerprint is None:
            return
        register = fingerprint.register
        who = f"{self.map.vendor} {self.map.model}"
        hint = "check the driver, the unit number and the line's settings; check_identity = false works without this check"
        try:
            words = await self._port.read_registers(register.address, register.count, table=register.table)
        except DeviceRefused as refusal:
            if refusal.code not in {1, *_TEACHING}:
                raise
            raise WrongIdentity(
                f"refuses register {register.address:#06x}, which the {who} has: {refusal.message}", device=self._device, hint=hint
            ) from refusal
        value = decode_register(register, words)
        number = value if isinstance(value, float | int) else None
        if not fingerprint.fits(number):
            raise WrongIdentity(
                f"register {register.address:#06x} reads {value!r}, not what the {who} has there", device=self._device, hint=hint
            )


class ModbusMeter(TotalsMeter, PhaseMeter):
    """A meter described by a register map, with values of single phases."""

    async def read_phases(self) -> PhaseReading:
        """Voltage, current and power per phase, and the frequency.

        Raises:
            DeviceRefused: the meter refuses even a single value.
        """
        answer = await self._fetch("_phases", self._phases)
        u1, u2, u3, i1, i2, i3, p1, p2, p3, frequency = cast("tuple[Any, ...]", answer.values)
        return PhaseReading(
            stamp=answer.stamp,
            source=self._device,
            quality=self._judge("phases", answer),
            voltage_v=PhaseValues(u1, u2, u3),
            current_a=PhaseValues(_signed(i1, p1), _signed(i2, p2), _signed(i3, p3)),
            power_w=PhaseValues(p1, p2, p3),
            frequency_hz=frequency,
        )


def _adjust(quantity: str, options: MeterOptions) -> Callable[[Any], Any] | None:
    """What mounting and transformers make of a value; ``None`` for nothing."""
    factors = adjustment(quantity, options)
    if factors is None:
        return None
    factor = factors[1 if QUANTITIES[quantity].shape is Shape.COUNTER else 0]
    return lambda value: value * factor


def _energy(answer: _Answer, index: int, wh: Decimal) -> Energy:
    place = answer.group.places[index]
    raw = answer.blocks[place[0]][place[1] : place[2]] if place is not None else ()
    return Energy(wh, raw, answer.group.sources[index])


def _signed(current: float | None, power: float | None) -> float | None:
    """A current with the direction of its phase's power; many meters tell only its size."""
    if current is None or power is None or power == 0.0:
        return current
    return math.copysign(current, power)


def _memorable(refusals: Refusals) -> dict[str, Any]:
    return {
        "max_registers": refusals.max_registers,
        "ranges": [[table.value, address, count] for table, address, count in refusals.ranges],
        "quantities": sorted(refusals.quantities),
    }


def _remembered(stored: object, meter: RegisterMap) -> Refusals:
    """What was learnt before; nothing if the memory holds something else or makes the map unreadable."""
    try:
        data = cast("dict[str, Any]", stored or {})
        longest = data.get("max_registers")
        refusals = Refusals(
            max_registers=None if longest is None else int(longest),
            ranges=tuple((Table(table), int(address), int(count)) for table, address, count in data.get("ranges", ())),
            quantities=frozenset(map(str, data.get("quantities", ()))),
        )
        make_plan(meter, meter.quantities, refusals=refusals)
    except (AttributeError, TypeError, ValueError):
        return Refusals()
    return refusals
