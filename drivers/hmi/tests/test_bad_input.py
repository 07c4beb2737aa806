"""The library's table of bad input, for every part of this package."""

from __future__ import annotations

from contextlib import contextmanager
from typing import ClassVar

from cc613hal.errors import BusPermission
from cc613hal.interfaces import Colour, Pattern
from cc613hal.testing.bench import PART
from cc613hal.testing.conformance import BadInputSuite
from cc613hal_hmi.emulated_usb import HmiModel

_OUTPUT = {"out_of_range": "an output measures nothing", "frozen": "an output measures nothing"}
_COLOURS = (Colour(0, 1, 0), Colour(0, 0, 1))


class LightsWhenThingsGoWrong(BadInputSuite):
    """Lights are used by showing something else each time."""

    cannot = _OUTPUT
    shown = 0

    async def use(self, bench):
        self.shown += 1
        await bench.device.show(Pattern(colours=(_COLOURS[self.shown % 2],)))
        return (None,)


class TestPca9685WhenThingsGoWrong(LightsWhenThingsGoWrong):
    driver = "hmi.pca9685"

    @contextmanager
    def wrong_identity(self, simulation):
        simulation.plant.parts[PART].mode2_stuck = 0xFF
        yield
        simulation.plant.parts[PART].mode2_stuck = None


class Stuck(LightsWhenThingsGoWrong):
    register, value = 0, 0

    @contextmanager
    def wrong_identity(self, simulation):
        simulation.plant.parts[PART].stuck[self.register] = self.value
        yield
        simulation.plant.parts[PART].stuck.clear()


class TestPca9633WhenThingsGoWrong(Stuck):
    driver = "hmi.pca9633"
    register, value = 1, 0xFF


class TestPca9552WhenThingsGoWrong(Stuck):
    driver = "hmi.pca9552"
    register, value = 6, 0x00


class TestLp5562WhenThingsGoWrong(Stuck):
    driver = "hmi.lp5562"
    register, value = 0, 0x12


class TestIs31fl32xxWhenThingsGoWrong(LightsWhenThingsGoWrong):
    driver = "hmi.is31fl32xx"
    cannot: ClassVar[dict[str, str]] = {**_OUTPUT, "wrong_identity": "the chip cannot be read"}


class TestLedClassWhenThingsGoWrong(LightsWhenThingsGoWrong):
    driver = "hmi.led-class"
    cannot: ClassVar[dict[str, str]] = {
        **_OUTPUT,
        "wrong_identity": "an LED is what its name says",
        "lost_answer": "there is no bus: the kernel answers",
    }

    @contextmanager
    def absent(self, simulation):
        simulation.plant.parts[PART].present = False
        yield
        simulation.plant.parts[PART].present = True

    @contextmanager
    def forbidden(self, simulation, gate):
        simulation.plant.parts[PART].refusal = BusPermission("writing none to trigger: Permission denied", device="x", hint="udev rule")
        yield
        simulation.plant.parts[PART].refusal = None


class TestUsbHmiWhenThingsGoWrong(LightsWhenThingsGoWrong):
    driver = "hmi.usb"

    @contextmanager
    def wrong_identity(self, simulation):
        simulation.plant.parts[PART].model = HmiModel(version=9)
        yield
        simulation.plant.parts[PART].model = HmiModel()


class TextWhenThingsGoWrong(BadInputSuite):
    cannot = _OUTPUT
    shown = 0

    async def use(self, bench):
        self.shown += 1
        await bench.device.show_text([f"number {self.shown}"])
        return (None,)


class TestHd44780WhenThingsGoWrong(TextWhenThingsGoWrong):
    driver = "hmi.hd44780"

    @contextmanager
    def wrong_identity(self, simulation):
        simulation.plant.parts[PART].absent = True
        yield
        simulation.plant.parts[PART].absent = False


class TestSsd1306WhenThingsGoWrong(TextWhenThingsGoWrong):
    driver = "hmi.ssd1306"

    @contextmanager
    def wrong_identity(self, simulation):
        simulation.plant.parts[PART].status_stuck = 0xFF
        yield
        simulation.plant.parts[PART].status_stuck = None


class TestBuzzerWhenThingsGoWrong(BadInputSuite):
    driver = "hmi.buzzer"
    cannot: ClassVar[dict[str, str]] = {
        **_OUTPUT,
        "wrong_identity": "a line is what the board file says",
        "lost_answer": "a line does not answer",
    }


class TestButtonWhenThingsGoWrong(BadInputSuite):
    driver = "hmi.button"
    cannot: ClassVar[dict[str, str]] = {
        "out_of_range": "there are two levels",
        "frozen": "a button nobody presses does not move either",
        "wrong_identity": "a line is what the board file says",
        "lost_answer": "a line does not answer",
    }
