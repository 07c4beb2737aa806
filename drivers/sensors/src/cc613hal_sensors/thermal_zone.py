"""A thermal zone of the kernel: how warm the processor is. Facts: Linux ``Documentation/driver-api/thermal/sysfs-api.rst``."""

from __future__ import annotations

from attrs import field, frozen, validators

from cc613hal.errors import BusMissing, ConfigError
from cc613hal.interfaces import Identity
from cc613hal.plugins import DeviceContext
from cc613hal_sensors.sysfs_port import KernelThermometer, millidegrees
from cc613hal_sensors.thermometer import Measured, ThermometerOptions

__all__ = ["FOLDER", "ThermalZone", "ThermalZoneOptions"]

FOLDER = "class/thermal"
_LOW_C, _HIGH_C = -45.0, 130.0
"""What is plausible for a processor in a charging station (inferred)."""


@frozen(kw_only=True)
class ThermalZoneOptions(ThermometerOptions):
    """Which of the kernel's thermal zones.

    Attributes:
        zone: its type, the content of its file ``type``: ``cpu-thermal``, ``imx_thermal_zone``, ``x86_pkg_temp`` …
    """

    zone: str = field(default="cpu-thermal", validator=validators.min_len(1))


class ThermalZone(KernelThermometer):
    """A thermal zone.

    Args:
        context: the device's place on its board.
        options: which one.
    """

    def __init__(self, context: DeviceContext, options: ThermalZoneOptions) -> None:
        super().__init__(context, options, low_c=_LOW_C, high_c=_HIGH_C)
        self._options = options
        self._folder = ""

    async def connect(self) -> None:
        """Find it by its type: the kernel's numbers change from start to start.

        Raises:
            BusMissing: there is none.
            ConfigError: there are several.
        """
        self._forget()
        with self._told():
            self._folder = await self._find()

    async def identify(self) -> Identity:
        """Its type.

        Raises:
            BusMissing: it is gone.
            ConfigError: there are several.
        """
        with self._told():
            await self._find()
        return Identity(vendor="Linux", model=self._options.zone)

    async def _measure(self) -> Measured:
        with self._told():
            text = await self._port.read(f"{self._folder}/temp")
        value = millidegrees(text)
        if value is None:
            raise self._implausible(f"the kernel says {text[:40]!r} where a temperature in m°C belongs", "see the kernel log")
        return Measured(value / 1000, text)

    async def _find(self) -> str:
        zones = [name for name in await self._port.names(FOLDER) if name.startswith("thermal_zone")]
        types = {name: await self._port.read(f"{FOLDER}/{name}/type") for name in zones}
        found = [name for name, kind in types.items() if kind == self._options.zone]
        if not found:
            raise BusMissing(
                f"the kernel has no thermal zone {self._options.zone}",
                device=self._context.device,
                hint=f"there are: {', '.join(sorted(set(types.values()))) or 'none'}",
            )
        if len(found) > 1:
            raise ConfigError(
                f"the kernel has {len(found)} thermal zones {self._options.zone}",
                device=self._context.device,
                hint="they cannot be told apart; use sensors.hwmon for one of their sensors",
            )
        return f"{FOLDER}/{found[0]}"
