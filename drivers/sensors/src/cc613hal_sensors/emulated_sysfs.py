"""An emulated kernel with a thermometer: its files, what they say of the simulated cabinet, and how they misbehave on request."""

from __future__ import annotations

from abc import abstractmethod

from cc613hal.bus.sim.faults import Faults
from cc613hal.clock import Clock
from cc613hal.errors import BusError, BusMissing, NoAnswer
from cc613hal.plant.emulation import EmulationSite
from cc613hal.plant.signal import Signal
from cc613hal_sensors import ds18b20, hwmon, thermal_zone
from cc613hal_sensors.ds18b20 import Ds18b20Options
from cc613hal_sensors.ds18b20_scratchpad import POWER_ON, slave_text
from cc613hal_sensors.hwmon import HwmonOptions
from cc613hal_sensors.sysfs_port import SysfsPort
from cc613hal_sensors.thermal_zone import ThermalZoneOptions

__all__ = ["EmulatedDs18b20", "EmulatedHwmon", "EmulatedSysfs", "EmulatedZone", "emulate_ds18b20", "emulate_hwmon", "emulate_thermal_zone"]


class EmulatedSysfs(SysfsPort):
    """Files by path.

    Args:
        temperature_c: what the part feels, °C.
        clock: paces conversions.

    Attributes:
        faults: unplugged, its driver is not loaded; ``nack`` is a part that does not answer the kernel; ``late_s`` makes it slow.
        refusal: raised instead of everything; ``None`` for none.
        stuck_text: what the file with the temperature says, whatever the part feels; ``None`` for the truth.
        links: what links point to, by path.
        fixed: files that never change, by path; other parts of the kernel are put here.
        reads: files read so far.
        closed: nobody reads any more.
    """

    def __init__(self, temperature_c: Signal[float], clock: Clock) -> None:
        self.faults = Faults()
        self.refusal: BusError | None = None
        self.stuck_text: str | None = None
        self.links: dict[str, str] = {}
        self.fixed: dict[str, str] = {}
        self.reads = 0
        self.closed = False
        self._temperature_c = temperature_c
        self._clock = clock

    @property
    @abstractmethod
    def file(self) -> str:
        """Path of the file with the temperature."""

    @abstractmethod
    def truth(self) -> str:
        """What it says."""

    async def names(self, folder: str) -> tuple[str, ...]:
        """What is in a folder."""
        self._check()
        inside = {path.removeprefix(f"{folder}/").split("/")[0] for path in self._paths() if path.startswith(f"{folder}/")}
        return tuple(sorted(inside))

    async def read(self, file: str) -> str:
        """The content of a file."""
        self._check()
        self.reads += 1
        if file not in self._paths():
            raise BusMissing(f"reading {file}: No such file or directory", device=file, hint="load its kernel driver")
        if file != self.file:
            return self.fixed[file]
        await self._clock.sleep(self.faults.late_s)
        self._check()
        if self.faults.nack:
            raise NoAnswer(f"reading {file}: No such device or address", device=file, hint="check the part's wiring and supply")
        return self.truth().strip() if self.stuck_text is None else self.stuck_text

    async def link(self, path: str) -> str:
        """Name of what a link points to."""
        self._check()
        return self.links.get(path, "") if self.faults.plugged else ""

    async def aclose(self) -> None:
        """Nobody reads any more."""
        self.closed = True

    def _paths(self) -> set[str]:
        return {*self.fixed, self.file} if self.faults.plugged else set()

    def _check(self) -> None:
        if self.refusal is not None:
            raise self.refusal

    def _millidegrees(self) -> str:
        return str(round(self._temperature_c.value * 1000))


class EmulatedHwmon(EmulatedSysfs):
    """A chip in ``/sys/class/hwmon``, among others.

    Args:
        temperature_c: what it feels, °C.
        clock: paces conversions.
        options: its name and channel.
    """

    def __init__(self, temperature_c: Signal[float], clock: Clock, options: HwmonOptions) -> None:
        super().__init__(temperature_c, clock)
        self._folder = f"{hwmon.FOLDER}/hwmon1"
        self._channel = options.channel
        self.fixed = {f"{hwmon.FOLDER}/hwmon0/name": "cpu_thermal", f"{self._folder}/name": options.chip}
        if options.label:
            self.fixed[f"{self._folder}/temp{self._channel}_label"] = options.label
        self.links[f"{self._folder}/device"] = options.bus_device or "1-0048"

    @property
    def file(self) -> str:
        """Path of the file with the temperature."""
        return f"{self._folder}/temp{self._channel}_input"

    def truth(self) -> str:
        """The temperature, m°C."""
        return self._millidegrees()

    def report_fault(self, *, broken: bool) -> None:
        """The chip's driver reports a broken element, or that it is whole; from the next time the device connects."""
        self.fixed[f"{self._folder}/temp{self._channel}_fault"] = "1" if broken else "0"

    def add(self, number: int, chip: str, part: str) -> None:
        """Another chip."""
        folder = f"{hwmon.FOLDER}/hwmon{number}"
        self.fixed[f"{folder}/name"] = chip
        self.fixed[f"{folder}/temp1_input"] = "11000"
        self.links[f"{folder}/device"] = part


class EmulatedZone(EmulatedSysfs):
    """A thermal zone, beside a cooling device.

    Args:
        temperature_c: what it feels, °C.
        clock: paces conversions.
        options: its type.
    """

    def __init__(self, temperature_c: Signal[float], clock: Clock, options: ThermalZoneOptions) -> None:
        super().__init__(temperature_c, clock)
        self.fixed = {
            f"{thermal_zone.FOLDER}/thermal_zone0/type": options.zone,
            f"{thermal_zone.FOLDER}/cooling_device0/type": options.zone,
        }

    @property
    def file(self) -> str:
        """Path of the file with the temperature."""
        return f"{thermal_zone.FOLDER}/thermal_zone0/temp"

    def truth(self) -> str:
        """The temperature, m°C."""
        return self._millidegrees()


class EmulatedDs18b20(EmulatedSysfs):
    """A DS18B20 on the kernel's 1-Wire bus.

    Args:
        temperature_c: what it feels, °C.
        clock: paces its conversions: 0.75 s at 12 bits.
        options: its ROM code.

    Attributes:
        bits: resolution, 9 to 12.
        powered_on: so many of the next conversions are lost: it holds the value after power-on.
        spoilt: so many of the next readings have a wrong CRC.
        shorted: the data line is shorted to ground.
        tells_power_on: byte 6 says whether a conversion was made; some copies do not.
    """

    def __init__(self, temperature_c: Signal[float], clock: Clock, options: Ds18b20Options) -> None:
        super().__init__(temperature_c, clock)
        self.bits = 12
        self.powered_on = 0
        self.spoilt = 0
        self.shorted = False
        self.tells_power_on = True
        self._rom = options.rom or "28-0316a2794bff"
        self.fixed = {f"{ds18b20.FOLDER}/w1_bus_master1/w1_master_slave_count": "1"}
        self.faults.late_s = 0.75

    @property
    def file(self) -> str:
        """Path of the file with the temperature."""
        return f"{ds18b20.FOLDER}/{self._rom}/w1_slave"

    def truth(self) -> str:
        """Both lines of the file."""
        if self.shorted:
            return slave_text(bytes(8))
        good = not self.spoilt
        self.spoilt = max(0, self.spoilt - 1)
        return slave_text(self.scratchpad(), good=good)

    def scratchpad(self) -> bytes:
        """Its eight bytes after a conversion."""
        configuration = (self.bits - 9 << 5 | 0x1F).to_bytes(1, "big")
        if self.powered_on:
            self.powered_on -= 1
            content = POWER_ON
        else:
            raw = max(-880, min(2000, round(self._temperature_c.value * 16)))
            undefined = (1 << 12 - self.bits) - 1  # bits beyond the resolution may be anything
            content = (raw & 0xFFFF | undefined).to_bytes(2, "little") + b"\x4b\x46\x7f\xff" + bytes((0x10 - (raw & 0x0F), 0x10))
        byte_6 = content[6:7] if self.tells_power_on else b"\x00"
        return content[:4] + configuration + content[5:6] + byte_6 + content[7:]


def _attach(site: EmulationSite, kernel: EmulatedSysfs) -> None:
    late_s = kernel.faults.late_s
    site.plant.parts[site.device] = kernel
    kernel.faults = site.attach_port(kernel)
    kernel.faults.late_s = late_s


def emulate_hwmon(site: EmulationSite, options: HwmonOptions) -> None:
    """Give the emulated kernel a hardware monitor; ``plant.parts[device]`` is the :class:`EmulatedHwmon`."""
    _attach(site, EmulatedHwmon(site.plant.cabinet.temperature(options.place), site.plant.clock, options))


def emulate_thermal_zone(site: EmulationSite, options: ThermalZoneOptions) -> None:
    """Give the emulated kernel a thermal zone; ``plant.parts[device]`` is the :class:`EmulatedZone`."""
    _attach(site, EmulatedZone(site.plant.cabinet.temperature(options.place), site.plant.clock, options))


def emulate_ds18b20(site: EmulationSite, options: Ds18b20Options) -> None:
    """Give the emulated kernel a DS18B20; ``plant.parts[device]`` is the :class:`EmulatedDs18b20`."""
    _attach(site, EmulatedDs18b20(site.plant.cabinet.temperature(options.place), site.plant.clock, options))
