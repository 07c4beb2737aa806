"""The library's suites, inherited by every driver of this package."""

from __future__ import annotations

from contextlib import contextmanager
from typing import ClassVar

from cc613hal.errors import BusPermission
from cc613hal.testing.bench import PART
from cc613hal.testing.conformance import BadInputSuite, DriverSuite, TemperatureSensorSuite, TiltSensorSuite


@contextmanager
def held(simulation, name, value):
    """While it lasts, the emulated part has this attribute."""
    chip = simulation.plant.parts[PART]
    before = getattr(chip, name)
    setattr(chip, name, value)
    yield
    setattr(chip, name, before)


class TestLm75b(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.lm75"


class TestLm75(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.lm75"
    options: ClassVar = {"variant": "lm75"}


class TestTmp102(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.lm75"
    options: ClassVar = {"variant": "tmp102", "place": "relay"}


class TestTmp117(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.lm75"
    options: ClassVar = {"variant": "tmp117"}


class TestTmp117WhenThingsGoWrong(BadInputSuite):
    driver = "sensors.lm75"
    frozen_s = 20.0
    options: ClassVar = {"variant": "tmp117", "stuck_s": 10.0}

    def wrong_identity(self, simulation):
        return held(simulation, "identity", 0x7500)

    def out_of_range(self, simulation):
        return held(simulation, "stuck_raw", 0x7FFF)  # 256 °C

    @contextmanager
    def frozen(self, simulation):
        yield
        simulation.plant.cabinet.temperature("internal").set(26.0)


class TestLm75bWhenThingsGoWrong(TestTmp117WhenThingsGoWrong):
    options: ClassVar = {"variant": "lm75b", "stuck_s": 10.0}
    cannot: ClassVar = {"wrong_identity": "it has no identity register"}
    wrong_identity = BadInputSuite.wrong_identity

    def out_of_range(self, simulation):
        return held(simulation, "stuck_raw", 0xFFFF)  # nobody drives the line


class TestMcp9808(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.mcp9808"


class TestMcp9808WhenThingsGoWrong(TestTmp117WhenThingsGoWrong):
    driver = "sensors.mcp9808"
    options: ClassVar = {"stuck_s": 10.0}

    def wrong_identity(self, simulation):
        return held(simulation, "manufacturer", 0x1131)

    def out_of_range(self, simulation):
        return held(simulation, "stuck_raw", 0x0FFF)  # 256 °C


class TestMax31865(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.max31865"


class TestMax31865OfFourWires(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.max31865"
    options: ClassVar = {"r0_ohm": 100.0, "reference_ohm": 430.0, "wires": 4, "filter_hz": 60}


class TestMax31865WhenThingsGoWrong(TestTmp117WhenThingsGoWrong):
    driver = "sensors.max31865"
    options: ClassVar = {"stuck_s": 10.0}

    @contextmanager
    def wrong_identity(self, simulation):
        chip = simulation.plant.parts[PART]
        chip.forgets, chip._registers[0] = True, 0x5A
        yield
        chip.forgets = False
        chip.power_cycle()

    def out_of_range(self, simulation):
        return held(simulation, "broken", "open")


class TestAds1115(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.ads1115"


class TestAds1115ByRatio(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.ads1115"
    options: ClassVar = {"input": 1, "supply_input": 3}


class TestAds1115WhenThingsGoWrong(TestTmp117WhenThingsGoWrong):
    driver = "sensors.ads1115"
    options: ClassVar = {"stuck_s": 10.0}

    def wrong_identity(self, simulation):
        return held(simulation, "forgets", True)

    def out_of_range(self, simulation):
        return held(simulation, "broken", "open")


class TestDs18b20(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.ds18b20"


class TestHwmon(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.hwmon"


class TestThermalZone(DriverSuite, TemperatureSensorSuite):
    driver = "sensors.thermal-zone"


class KernelWhenThingsGoWrong(TestTmp117WhenThingsGoWrong):
    """Nothing that is read through the kernel has a bus of ours: who it is and what gets lost is the kernel's affair."""

    options: ClassVar = {"stuck_s": 10.0}
    cannot: ClassVar = {"wrong_identity": "it is found by the name it must have", "lost_answer": "there is no bus: the kernel answers"}
    wrong_identity = BadInputSuite.wrong_identity

    def out_of_range(self, simulation):
        return held(simulation, "stuck_text", "200000")

    @contextmanager
    def absent(self, simulation):
        faults = simulation.plant.parts[PART].faults
        faults.unplug()
        yield
        faults.plug()

    @contextmanager
    def forbidden(self, simulation, gate):
        kernel = simulation.plant.parts[PART]
        kernel.refusal = BusPermission("reading name: Permission denied", device=PART, hint="give the user access by a udev rule")
        yield
        kernel.refusal = None


class TestHwmonWhenThingsGoWrong(KernelWhenThingsGoWrong):
    driver = "sensors.hwmon"


class TestThermalZoneWhenThingsGoWrong(KernelWhenThingsGoWrong):
    driver = "sensors.thermal-zone"


class TestDs18b20WhenThingsGoWrong(KernelWhenThingsGoWrong):
    driver = "sensors.ds18b20"

    def out_of_range(self, simulation):
        return held(simulation, "powered_on", 10_000)


class TestLis2dh12(DriverSuite, TiltSensorSuite):
    driver = "sensors.lis2dh12"


class TestAdxl345(DriverSuite, TiltSensorSuite):
    driver = "sensors.adxl345"


class TestMma8451(DriverSuite, TiltSensorSuite):
    driver = "sensors.mma8451"


class TestScl3300(DriverSuite, TiltSensorSuite):
    driver = "sensors.scl3300"


class TiltWhenThingsGoWrong(BadInputSuite):
    options: ClassVar = {"frozen_samples": 20}
    frozen_s = 20.0
    other = 0x00

    def wrong_identity(self, simulation):
        return held(simulation, "identity", self.other)

    @contextmanager
    def out_of_range(self, simulation):
        simulation.plant.cabinet.gravity_g.set((2.0, 2.0, 2.0))
        yield
        simulation.plant.cabinet.gravity_g.set((0.0, 0.0, 1.0))

    def frozen(self, simulation):
        return held(simulation, "stuck", True)


class TestLis2dh12WhenThingsGoWrong(TiltWhenThingsGoWrong):
    driver = "sensors.lis2dh12"
    other = 0xE5


class TestAdxl345WhenThingsGoWrong(TiltWhenThingsGoWrong):
    driver = "sensors.adxl345"
    other = 0x1A


class TestMma8451WhenThingsGoWrong(TiltWhenThingsGoWrong):
    driver = "sensors.mma8451"
    other = 0x2A


class TestScl3300WhenThingsGoWrong(TiltWhenThingsGoWrong):
    driver = "sensors.scl3300"
    other = 0x51
