"""Meters that tell everything at once, in a telegram, a datagram or one answer: their drivers say what came, the rest is here."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import cast

from attrs import field, frozen

from cc613hal.clock import Stamp
from cc613hal.errors import ImplausibleReading
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
from cc613hal.modbus_map import CORE, Value
from cc613hal.plugins import DeviceContext
from cc613hal.readings import Energy, PhaseValues, Quality
from cc613hal_meters.judge import Judge, adjustment, source_of
from cc613hal_meters.options import ToldOptions
from cc613hal_meters.watch import FrozenWatch, RangeWatch

__all__ = ["Sample", "ToldMeter", "ToldPhaseMeter", "words_of"]

_PHASES = ("_l1", "_l2", "_l3")
_COUNTERS = ("energy_import", "energy_export")


@frozen(kw_only=True)
class Sample:
    """What a meter told.

    Attributes:
        stamp: when it arrived.
        values: in the vocabulary's words and units (counters as Decimals in Wh), as the meter sees them; ``None`` or missing
            for what it does not tell.
        raw: the words the counters came from.
        identity: what it says about itself.
        doubt: what the meter itself says against its values; ``None`` for nothing.
    """

    stamp: Stamp
    values: Mapping[str, Value]
    raw: Mapping[str, tuple[int, ...]] = field(factory=dict[str, tuple[int, ...]])
    identity: Identity = field(factory=Identity)
    doubt: str | None = None


class ToldMeter(PowerMeter, EnergyMeter, SnapshotMeter, Identified):
    """A meter that tells everything at once.

    Readings are ``SUSPECT`` while a value is impossible or a counter is below what it had reached, ``STALE`` while the meter is stuck; the
    device's health is then degraded and says why.

    Args:
        context: the device's place on the board.
        options: how the meter is mounted.
    """

    def __init__(self, context: DeviceContext, options: ToldOptions) -> None:
        self._context = context
        self._options = options
        self._device = context.device
        self.judge = Judge(context)
        self._sources = {name: source_of(name, options) for name in CORE}
        self._factors = {name: found for name in CORE if (found := adjustment(name, options)) is not None}
        self._ranges = RangeWatch(CORE, options.ct_ratio)
        self._frozen = FrozenWatch(options.stuck_wh, options.frozen_after_s)
        self._identity = Identity()

    @abstractmethod
    async def sample(self) -> Sample:
        """What the meter tells now.

        Raises:
            BusError: it does not answer, or was not heard in time.
            ProtocolViolation: it tells something that makes no sense.
        """

    async def connect(self) -> None:
        """Hear the meter once, and take note of its counters.

        Raises:
            BusError: nobody is there.
            WrongIdentity: it is another meter.
        """
        self._frozen.forget()
        self._begin(await self.sample())

    async def aclose(self) -> None:
        """The counters are remembered for the next start."""
        self.judge.remember()

    async def identify(self) -> Identity:
        """What the meter told about itself when it was last heard."""
        return self._identity

    async def read_power(self) -> PowerReading:
        """Active power of all phases now.

        Raises:
            ImplausibleReading: the meter does not tell it.
            BusError: the meter does not answer, or was not heard in time.
        """
        sample, values, quality = await self._read("power")
        return PowerReading(stamp=sample.stamp, source=self._device, quality=quality, power_w=self._total(values))

    async def read_energy(self) -> EnergyReading:
        """The counters now.

        Raises:
            ImplausibleReading: the meter does not tell them.
            BusError: the meter does not answer, or was not heard in time.
        """
        sample, values, quality = await self._read("energy")
        reading = self._counted(sample, values, quality)
        if reading is None:
            raise self._no_value("energy_import")
        return reading

    async def read_all(self) -> MeterReading:
        """Everything the meter tells, as one group with one time stamp.

        Raises:
            ImplausibleReading: the meter does not tell its power.
            BusError: the meter does not answer, or was not heard in time.
        """
        sample, values, quality = await self._read("all")
        return MeterReading(
            stamp=sample.stamp,
            source=self._device,
            quality=quality,
            voltage_v=_phases(values, "voltage"),
            current_a=_currents(values),
            power_w=_phases(values, "power"),
            frequency_hz=_number(values["frequency"]),
            total_power_w=self._total(values),
            energy=self._counted(sample, values, quality),
        )

    def _begin(self, sample: Sample) -> None:
        self._identity = sample.identity
        self.judge.begin({name: value for name, value in self._adjusted(sample).items() if name in _COUNTERS})

    async def _read(self, verb: str) -> tuple[Sample, dict[str, Value], Quality]:
        sample = await self.sample()
        self._identity = sample.identity
        values = self._adjusted(sample)
        content = tuple(values.values())
        quality = self.judge.quality(
            verb,
            ((name, values[name]) for name in _COUNTERS),
            impossible=sample.doubt or self._ranges.complaint(content),
            stuck=self._frozen.complaint(content, sample.stamp.monotonic_s, self._known_power(values)),
        )
        return sample, values, quality

    def _adjusted(self, sample: Sample) -> dict[str, Value]:
        """The core set towards the vehicle, behind the transformers; what is no number does not leave."""
        values: dict[str, Value] = {}
        for name in CORE:
            value = sample.values.get(self._sources[name])
            if isinstance(value, float) and not math.isfinite(value):
                value = None
            factors = self._factors.get(name)
            if factors is not None and isinstance(value, float):
                value *= factors[0]
            elif factors is not None and isinstance(value, Decimal):
                value *= factors[1]
            values[name] = value
        return values

    def _known_power(self, values: Mapping[str, Value]) -> float | None:
        power = values["power"]
        return power if isinstance(power, float) and isinstance(values["energy_import"], Decimal) else None

    def _total(self, values: Mapping[str, Value]) -> float:
        power = values["power"]
        if isinstance(power, float):
            return power
        known = _phases(values, "power").known()
        if len(known) != self.phases:
            raise self._no_value("power")
        return math.fsum(known)

    @property
    def phases(self) -> int:
        """How many phases the meter measures."""
        return 3

    def _counted(self, sample: Sample, values: Mapping[str, Value], quality: Quality) -> EnergyReading | None:
        imported, exported = values["energy_import"], values["energy_export"]
        if not isinstance(imported, Decimal):
            return None
        return EnergyReading(
            stamp=sample.stamp,
            source=self._device,
            quality=quality,
            imported=self._energy(sample, "energy_import", imported),
            exported=self._energy(sample, "energy_export", exported) if isinstance(exported, Decimal) else None,
        )

    def _energy(self, sample: Sample, name: str, wh: Decimal) -> Energy:
        source = self._sources[name]
        return Energy(wh, sample.raw.get(source, ()), source)

    def _no_value(self, quantity: str) -> ImplausibleReading:
        return ImplausibleReading(f"the meter does not tell {quantity}", device=self._device, hint=self.silent_hint)

    @property
    def silent_hint(self) -> str:
        """What to do when the meter leaves out a value."""
        return "check its settings"


class ToldPhaseMeter(ToldMeter, PhaseMeter):
    """A meter that tells the values of single phases too."""

    async def read_phases(self) -> PhaseReading:
        """Voltage, current and power per phase, and the frequency.

        Raises:
            BusError: the meter does not answer, or was not heard in time.
        """
        sample, values, quality = await self._read("phases")
        return PhaseReading(
            stamp=sample.stamp,
            source=self._device,
            quality=quality,
            voltage_v=_phases(values, "voltage"),
            current_a=_currents(values),
            power_w=_phases(values, "power"),
            frequency_hz=_number(values["frequency"]),
        )


def words_of(value: int, width: int = 8) -> tuple[int, ...]:
    """A counter as 16-bit words, the highest first; what :attr:`cc613hal.readings.Energy.raw` holds."""
    octets = value.to_bytes(width, "big", signed=value < 0)
    return tuple(int.from_bytes(octets[at : at + 2], "big") for at in range(0, width, 2))


def _number(value: Value) -> float | None:
    return value if isinstance(value, float) else None


def _phases(values: Mapping[str, Value], what: str) -> PhaseValues:
    return PhaseValues(*(_number(values[f"{what}{phase}"]) for phase in _PHASES))


def _currents(values: Mapping[str, Value]) -> PhaseValues:
    """Currents with the direction of their phase's power; many meters tell only the size."""
    found: Sequence[float | None] = [
        current if current is None or not power else math.copysign(current, power)
        for current, power in zip(_triple(values, "current"), _triple(values, "power"), strict=True)
    ]
    return PhaseValues(*found)


def _triple(values: Mapping[str, Value], what: str) -> tuple[float | None, float | None, float | None]:
    return cast("tuple[float | None, float | None, float | None]", tuple(_number(values[f"{what}{phase}"]) for phase in _PHASES))
