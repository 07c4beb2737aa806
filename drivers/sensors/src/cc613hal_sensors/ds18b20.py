"""A Maxim DS18B20 on 1-Wire, through the kernel's bus driver and its ``w1_slave`` file.

That file has the scratchpad itself, so that its CRC and the value from before the first conversion are judged here. Facts: see
:mod:`cc613hal_sensors.ds18b20_scratchpad`.
"""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.errors import BusMissing, ConfigError, FrameError
from cc613hal.interfaces import Identity
from cc613hal.plugins import DeviceContext
from cc613hal_sensors.ds18b20_scratchpad import Scratchpad, parse_slave
from cc613hal_sensors.sysfs_port import KernelThermometer
from cc613hal_sensors.thermometer import Measured, ThermometerOptions

__all__ = ["FAMILY", "FOLDER", "Ds18b20", "Ds18b20Options"]

FOLDER = "bus/w1/devices"
FAMILY = "28-"
"""Family code 0x28, as the kernel begins its name (data sheet)."""
_LOW_C, _HIGH_C = -55.0, 125.0


@frozen(kw_only=True)
class Ds18b20Options(ThermometerOptions):
    """Which sensor on the wire.

    Attributes:
        rom: its ROM code as the kernel writes it, ``28-0316a2794bff``; may be omitted where there is only one on all wires.
        trust_85: exactly +85 °C is a temperature unless the sensor says that it comes from power-on. ``false`` takes it for a lost supply
            in any case, for copies of the part that do not tell.
    """

    rom: str = field(default="", validator=validators.matches_re(r"(28-[0-9a-f]{12})?"))
    trust_85: bool = True


class Ds18b20(KernelThermometer):
    """A DS18B20.

    Args:
        context: the device's place on its board.
        options: which one.
    """

    def __init__(self, context: DeviceContext, options: Ds18b20Options) -> None:
        super().__init__(context, options, low_c=_LOW_C, high_c=_HIGH_C)
        self._options = options
        self._rom = options.rom

    async def connect(self) -> None:
        """Find the sensor by its ROM code, which is its identity, and convert once.

        Raises:
            BusMissing: it is not on the wire.
            ConfigError: there are several, and none was named.
            FrameError: its scratchpad does not come through.
        """
        self._forget()
        with self._told():
            self._rom = await self._find()
            await self._scratchpad()

    async def identify(self) -> Identity:
        """Its ROM code.

        Raises:
            BusMissing: it is not on the wire.
            ConfigError: there are several, and none was named.
        """
        with self._told():
            rom = await self._find()
        return Identity(vendor="Maxim", model="DS18B20", serial=rom)

    async def _measure(self) -> Measured:
        with self._told():
            scratchpad = await self._scratchpad()
            if self._from_power_on(scratchpad):  # it lost its supply; the conversion that was just asked for may have been lost with it
                scratchpad = await self._scratchpad()
        if self._from_power_on(scratchpad):
            raise self._implausible("+85 °C is what it holds after power-on: it does not convert", "check its supply, also a parasitic one")
        return Measured(scratchpad.celsius, scratchpad.raw)

    def _from_power_on(self, scratchpad: Scratchpad) -> bool:
        return scratchpad.after_power_on or (scratchpad.reads_85 and not self._options.trust_85)

    async def _scratchpad(self) -> Scratchpad:
        """A conversion and its result, which the kernel makes of a read; noise costs a second one."""
        file = f"{FOLDER}/{self._rom}/w1_slave"
        try:
            return parse_slave(await self._port.read(file), self._context.device)
        except FrameError:
            return parse_slave(await self._port.read(file), self._context.device)

    async def _find(self) -> str:
        there = [name for name in await self._port.names(FOLDER) if name.startswith(FAMILY)]
        if self._options.rom:
            if self._options.rom in there:
                return self._options.rom
            raise BusMissing(
                f"no DS18B20 {self._options.rom} on the wire", device=self._context.device, hint=f"there are: {', '.join(there) or 'none'}"
            )
        if not there:
            raise BusMissing(
                "no DS18B20 on any wire", device=self._context.device, hint="load the 1-Wire bus driver (w1-gpio) and check the pull-up"
            )
        if len(there) > 1:
            raise ConfigError(
                f"there are {len(there)} DS18B20: which one?",
                device=self._context.device,
                hint=f"add rom to its options: {', '.join(there)}",
            )
        return there[0]
