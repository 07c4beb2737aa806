"""Opening buses: the right adapter, the right timing, and no package before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cc613hal.bus.linux
from cc613hal.bus.actor import BusActor
from cc613hal.bus.factory import BusFactory
from cc613hal.bus.linux.factory import LinuxBuses
from cc613hal.bus.options import BUS_TYPES, BusOptions, GpioOptions, I2cOptions, ModbusRtuOptions, PwmOptions, SpiOptions
from cc613hal.bus.serial import SerialSettings
from cc613hal.bus.sim.pty import PtyLine
from cc613hal.bus.sim.rtu_server import RtuServer
from cc613hal.clock import Clock
from cc613hal.errors import BusMissing, Unsupported

PACKAGES = ("smbus2", "spidev", "periphery", "serial", "pymodbus")
FOLDER = Path(cc613hal.bus.linux.__file__).parent


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("package", PACKAGES)
def test_each_io_package_is_imported_in_exactly_one_file(package: str) -> None:
    assert len([path.name for path in FOLDER.glob("*.py") if package in imported(path)]) == 1


def test_importing_the_factory_loads_no_io_package() -> None:
    program = f"import cc613hal.bus.linux.factory, sys; print([name for name in {PACKAGES!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_it_is_a_bus_factory_for_every_type_a_board_file_knows() -> None:
    from cc613hal.bus.linux.factory import _OPENERS

    assert isinstance(LinuxBuses(), BusFactory)
    assert set(_OPENERS) == set(BUS_TYPES.values())


async def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(Unsupported, match="no Linux adapter"):
        await LinuxBuses().open("x", BusOptions(), BusActor("x", Clock()))


@pytest.mark.parametrize(
    "options",
    [
        I2cOptions(path="/dev/i2c-4711"),
        GpioOptions(chips=("/dev/gpiochip4711",)),
        PwmOptions(path="/sys/class/pwm/pwmchip4711", channels={"A": 0}),
        ModbusRtuOptions(path="/dev/ttyUSB4711"),
    ],
    ids=lambda options: options.kind,
)
async def test_a_bus_that_is_not_there_is_missing(options: BusOptions) -> None:
    with pytest.raises(BusMissing) as missing:
        await LinuxBuses().open("x", options, BusActor("x", Clock()))
    assert missing.value.device == "x"
    assert missing.value.hint


async def test_an_spi_bus_opens_its_chip_selects_later() -> None:
    adapter = await LinuxBuses().open("spi0", SpiOptions(path="/dev/spidev4711"), BusActor("spi0", Clock()))
    await adapter.aclose()


@pytest.mark.parametrize(
    ("extra", "silence_s"), [({}, 3.5 * 11 / 9600), ({"silence_s": 0.01}, 0.01), ({"settings": SerialSettings(baud=115200)}, 0.00175)]
)
async def test_an_rtu_line_keeps_the_silence_of_the_standard_or_of_its_options(extra: dict[str, object], silence_s: float) -> None:
    async with PtyLine(RtuServer()) as line:
        actor = BusActor("meter", Clock())
        adapter = await LinuxBuses().open("meter", ModbusRtuOptions(path=line.path, settle_s=0.02, **extra), actor)
        assert actor.timing.silence_s == pytest.approx(silence_s)
        assert actor.timing.settle_s == 0.02
        await adapter.aclose()
