"""A temperature that a kernel driver offers in ``/sys/class/hwmon``: whatever sensor the board's device tree declares.

Facts: Linux ``Documentation/hwmon/sysfs-interface.rst``.
"""

from __future__ import annotations

import re

from attrs import field, frozen, validators

from cc613hal.errors import BusMissing, ConfigError
from cc613hal.interfaces import Identity
from cc613hal.plugins import DeviceContext
from cc613hal_sensors.sysfs_port import KernelThermometer, millidegrees
from cc613hal_sensors.thermometer import Measured, ThermometerOptions

__all__ = ["FOLDER", "Hwmon", "HwmonOptions"]

FOLDER = "class/hwmon"
_LOW_C, _HIGH_C = -55.0, 150.0
"""What silicon thermometers can measure at most; narrow it to what the part and the place can be."""


@frozen(kw_only=True)
class HwmonOptions(ThermometerOptions):
    """Which of the kernel's thermometers.

    Attributes:
        chip: what its driver calls it: the content of the file ``name`` (``lm75``, ``jc42``, ``imx_thermal_zone`` …).
        bus_device: the kernel's name for the part, where there are several of that chip: ``1-0048`` for address 0x48 on I2C bus 1,
            ``spi0.1``.
        channel: number of its temperature: 1 is ``temp1_input``.
        label: text of its label instead of its number, where the driver gives one (``temp2_label``).
    """

    chip: str = field(default="lm75", validator=validators.matches_re(r"[\w.+-]+"))
    bus_device: str = field(default="", validator=validators.matches_re(r"[\w.:-]*"))
    channel: int = field(default=1, validator=[validators.ge(1), validators.le(99)])
    label: str = ""


class Hwmon(KernelThermometer):
    """A temperature of the kernel's.

    Args:
        context: the device's place on its board.
        options: which one.
    """

    def __init__(self, context: DeviceContext, options: HwmonOptions) -> None:
        super().__init__(context, options, low_c=_LOW_C, high_c=_HIGH_C)
        self._options = options
        self._temperature = ""
        self._tells_faults = False
        self._part = ""

    async def connect(self) -> None:
        """Find it by name: the kernel's numbers change from start to start.

        Raises:
            BusMissing: there is none.
            ConfigError: there are several.
        """
        self._forget()
        with self._told():
            folder, self._part = await self._find()
            channel = await self._channel(folder)
        self._temperature = f"{folder}/temp{channel}"

    async def identify(self) -> Identity:
        """What the kernel calls it.

        Raises:
            BusMissing: it is gone.
            ConfigError: there are several.
        """
        with self._told():
            _, part = await self._find()
        return Identity(vendor="Linux", model=self._options.chip, hardware=part or None)

    async def _measure(self) -> Measured:
        with self._told():
            if self._tells_faults and await self._port.read(f"{self._temperature}_fault") not in {"", "0"}:
                raise self._implausible("the chip reports a fault of its element", "check the element for an open or short circuit")
            text = await self._port.read(f"{self._temperature}_input")
        value = millidegrees(text)
        if value is None:
            raise self._implausible(f"the kernel says {text[:40]!r} where a temperature in m°C belongs", "see the kernel log")
        return Measured(value / 1000, text)

    async def _find(self) -> tuple[str, str]:
        wanted, there, found = self._options, list[str](), list[tuple[str, str]]()
        for number in await self._port.names(FOLDER):
            folder = f"{FOLDER}/{number}"
            chip, part = await self._port.read(f"{folder}/name"), await self._port.link(f"{folder}/device")
            there.append(f"{chip} ({part})" if part else chip)
            if chip == wanted.chip and wanted.bus_device in {"", part}:
                found.append((folder, part))
        if not found:
            asked = f"{wanted.chip} at {wanted.bus_device}" if wanted.bus_device else wanted.chip
            raise BusMissing(
                f"the kernel has no hardware monitor {asked}", device=self._context.device, hint=f"there are: {', '.join(there) or 'none'}"
            )
        if len(found) > 1:
            raise ConfigError(
                f"the kernel has {len(found)} of {wanted.chip}: which one?",
                device=self._context.device,
                hint=f"add bus_device to its options: {', '.join(part for _, part in found)}",
            )
        return found[0]

    async def _channel(self, folder: str) -> int:
        files = set(await self._port.names(folder))
        there = sorted(int(match[1]) for name in files if (match := re.fullmatch(r"temp(\d+)_input", name)))
        channel = self._options.channel
        if self._options.label:
            labels = {number: await self._port.read(f"{folder}/temp{number}_label") for number in there if f"temp{number}_label" in files}
            channel = next((number for number, label in labels.items() if label == self._options.label), 0)
            if not channel:
                raise BusMissing(
                    f"{self._options.chip} has no temperature {self._options.label!r}",
                    device=self._context.device,
                    hint=f"its labels are: {', '.join(labels.values()) or 'none'}",
                )
        if channel not in there:
            raise BusMissing(
                f"{self._options.chip} has no temp{channel}",
                device=self._context.device,
                hint=f"it has: {', '.join(f'temp{number}' for number in there) or 'none'}",
            )
        self._tells_faults = f"temp{channel}_fault" in files
        return channel
