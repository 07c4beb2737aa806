"""Drivers for tests of the board: small, scripted, and found under an importable name as a real package's would be."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import field, frozen, validators

from cc613hal.bus.modbus import ModbusPort
from cc613hal.bus.serial import SerialPort
from cc613hal.errors import CommandFailed, HalError
from cc613hal.interfaces import Relay, SafeState, TemperatureReading, TemperatureSensor
from cc613hal.plugins import (
    BoardSpec,
    BusKind,
    Certainty,
    DeviceContext,
    Direction,
    DriverSpec,
    Evidence,
    LineSpec,
    SafeRank,
    UseSpec,
    hookimpl,
)


@frozen(kw_only=True)
class ProbeOptions:
    offset_k: float = field(default=0.0, validator=[validators.ge(-10), validators.le(10)])
    mode: str = field(default="fast", validator=validators.in_(("fast", "slow")))
    average: int = field(default=1, validator=validators.gt(0))


class Probe(TemperatureSensor):
    """Register 0 is the identity 0x5A, register 1 the temperature."""

    def __init__(self, context: DeviceContext, options: ProbeOptions) -> None:
        self.context = context
        self.port = context.i2c
        self.options = options
        self.connects = 0
        self.closed = False

    async def connect(self) -> None:
        await self.port.write_read(b"\x00", 1)
        self.connects += 1
        self.context.memory.save("connects", self.context.memory.load("connects", 0) + 1)

    async def read(self) -> TemperatureReading:
        raw = await self.port.write_read(b"\x01", 1)
        return TemperatureReading(
            stamp=self.context.clock.stamp(), source=self.context.device, temperature_c=raw[0] + self.options.offset_k
        )

    async def aclose(self) -> None:
        self.closed = True


class Switch(Relay, SafeState):
    """A relay on one output; what it does is written down in ``story``."""

    story: ClassVar[list[str]] = []
    broken: ClassVar[set[str]] = set()
    slow: ClassVar[dict[str, float]] = {}

    def __init__(self, context: DeviceContext, options: Any) -> None:
        self.context = context
        self.line = context.output("coil")

    async def connect(self) -> None:
        if self.context.device in self.broken:
            raise CommandFailed("the coil does not pull", device=self.context.device)

    async def switch_on(self) -> None:
        self.line.write(True)

    async def switch_off(self) -> None:
        self.line.write(False)

    @property
    def is_on(self) -> bool:
        return self.line.written

    async def make_safe(self) -> None:
        name = self.context.device
        await self.context.clock.sleep(self.slow.get(name, 0.0))
        self.story.append(name)
        if f"{name}.safe" in self.broken:
            raise HalError("stuck", device=name)
        await self.switch_off()

    async def aclose(self) -> None:
        self.story.append(f"{self.context.device} closed")


class Follower(Relay):
    """Builds on a sensor."""

    def __init__(self, context: DeviceContext, options: Any) -> None:
        self.context = context
        self.sensor = context.uses("sensor", TemperatureSensor)
        self.connects = 0

    async def connect(self) -> None:
        await self.sensor.read()
        self.connects += 1

    async def switch_on(self) -> None: ...

    async def switch_off(self) -> None: ...

    @property
    def is_on(self) -> bool:
        return False

    async def aclose(self) -> None: ...


async def probe_probe(port: Any) -> Evidence | None:
    return Evidence(text="identity reads 0x5A", certainty=Certainty.CERTAIN) if await port.write_read(b"\x00", 1) == b"\x5a" else None


async def writing_probe(port: Any) -> Evidence | None:
    await port.write(b"\x00\x01\x02")
    return None


async def meter_probe(port: ModbusPort) -> Evidence | None:
    return Evidence(text="register 0 reads 42", certainty=Certainty.LIKELY) if await port.read_registers(0, 1) == (42,) else None


async def writing_meter_probe(port: ModbusPort) -> Evidence | None:
    await port.write_registers(0, [1])
    return None


async def reader_probe(port: SerialPort) -> Evidence | None:
    await port.write(b"?")
    return Evidence(text="answers ! to ?", certainty=Certainty.CERTAIN) if await port.read(0.2) == b"!" else None


COIL = LineSpec(role="coil", direction=Direction.OUTPUT, help="drives the coil")


def _switch(name: str, rank: SafeRank) -> DriverSpec:
    return DriverSpec(
        name=f"test.{name}",
        summary="a switch",
        implementation="cc613hal_test_parts:Switch",
        capabilities=("Relay", "SafeState"),
        lines=(COIL, LineSpec(role="mirror", direction=Direction.INPUT, help="feedback", required=False)),
        rank=rank,
    )


DRIVERS = (
    DriverSpec(
        name="test.probe",
        summary="a temperature sensor",
        implementation="cc613hal_test_parts:Probe",
        options="cc613hal_test_parts:ProbeOptions",
        capabilities=("TemperatureSensor",),
        buses=(BusKind.I2C,),
        addresses=(0x48, 0x49),
        probe="cc613hal_test_parts:probe_probe",
    ),
    DriverSpec(
        name="test.twin",
        summary="same addresses, no probe",
        implementation="cc613hal_test_parts:Probe",
        buses=(BusKind.I2C,),
        addresses=(0x4A,),
    ),
    DriverSpec(
        name="test.double",
        summary="same again, and its probe writes",
        implementation="cc613hal_test_parts:Probe",
        buses=(BusKind.I2C,),
        addresses=(0x48, 0x4A),
        probe="",
    ),
    DriverSpec(
        name="test.rude",
        summary="its probe writes",
        implementation="cc613hal_test_parts:Probe",
        buses=(BusKind.I2C,),
        addresses=(0x48,),
        probe="cc613hal_test_parts:writing_probe",
    ),
    DriverSpec(
        name="test.meter",
        summary="a meter",
        implementation="cc613hal_test_parts:Probe",
        buses=(BusKind.MODBUS,),
        addresses=(1,),
        probe="cc613hal_test_parts:meter_probe",
    ),
    DriverSpec(
        name="test.rude-meter",
        summary="its probe writes",
        implementation="cc613hal_test_parts:Probe",
        buses=(BusKind.MODBUS,),
        addresses=(1,),
        probe="cc613hal_test_parts:writing_meter_probe",
    ),
    DriverSpec(
        name="test.reader",
        summary="a reader",
        implementation="cc613hal_test_parts:Probe",
        buses=(BusKind.SERIAL,),
        probe="cc613hal_test_parts:reader_probe",
    ),
    DriverSpec(name="test.broken", summary="no such class", implementation="cc613hal_test_parts:Missing"),
    DriverSpec(
        name="test.dimmer",
        summary="a pwm output",
        implementation="cc613hal_test_parts:Switch",
        lines=(LineSpec(role="out", direction=Direction.PWM, help="the channel"),),
    ),
    DriverSpec(
        name="test.follower",
        summary="builds on a sensor",
        implementation="cc613hal_test_parts:Follower",
        capabilities=("Relay",),
        uses=(
            UseSpec(role="sensor", capability="TemperatureSensor", help="what it follows"),
            UseSpec(role="other", capability="Relay", help="another one", required=False),
        ),
    ),
    _switch("contactor", SafeRank.CONTACTOR),
    _switch("pilot", SafeRank.PILOT),
    _switch("lock", SafeRank.LOCK),
    _switch("relay", SafeRank.RELAY),
    _switch("light", SafeRank.INDICATOR),
)


class Package:
    """The plug-in of these drivers."""

    boards: tuple[BoardSpec, ...] = ()

    @hookimpl
    def cc613hal_drivers(self) -> tuple[DriverSpec, ...]:
        return DRIVERS

    @hookimpl
    def cc613hal_boards(self) -> tuple[BoardSpec, ...]:
        return self.boards
