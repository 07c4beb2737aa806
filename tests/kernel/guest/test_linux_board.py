"""A board file, real drivers, the Linux adapters, a real kernel: only the parts at the far end are emulated."""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from decimal import Decimal

import attrs
import pytest

from cc613hal.board import Board, open_board, parse_board
from cc613hal.bus.sim.signal import Signal
from cc613hal.errors import CommandFailed, ConnectFailed, NoAnswer
from cc613hal.health import HealthState
from cc613hal.interfaces import CardReader, Colour, Contactor, ContactorState, EnergyMeter, Indicator, Pattern, PowerMeter
from cc613hal.plant.world import FieldCard
from cc613hal.plugins.manager import Plugins
from cc613hal_hmi.emulation import Pca9685Chip
from cc613hal_rfid.emulation import Pn532Chip, SpiPn532
from tests.kernel.bench.gpio_sim import GpioSim
from tests.kernel.guest.conftest import I2cBench, ModbusBench, SpiBench

CHANNELS = ((0, 1, 2), (3, 4, 5))
CARD = FieldCard(uid=bytes.fromhex("04A1B2C3D4E5F6"))

BOARD = """
schema = 1
name = "kernel-lane"
summary = "one part on each kind of bus"

[bus.i2c]
type = "i2c"
path = "{i2c}"

[bus.spi]
type = "spi"
path = "{spi}"

[bus.gpio]
type = "gpio"
chips = ["{gpio}"]

[bus.meters]
type = "modbus-rtu"
path = "{serial}"
settings = {{ baud = 19200, parity = "E" }}
timeout_s = 2.0

[device.meter]
driver = "meters.sdm630"
connector = 1
bus = "meters"
address = 1

[device.contactor]
driver = "bender.contactor"
connector = 1
lines = {{ coil = "K1-COIL", mirror = "K1-MIRROR" }}
options = {{ min_off_s = 0.0, close_s = 1.0, open_s = 1.0 }}

[device.lights]
driver = "hmi.pca9685"
connector = 1
bus = "i2c"
address = 0x40
options = {{ channels = [[0, 1, 2], [3, 4, 5]] }}

[device.reader]
driver = "rfid.pn532"
connector = 1
bus = "spi"
address = 0
options = {{ ack_s = 1.0 }}
"""


class Coil:
    """The contactor itself: its mirror contact follows the coil, unless it is welded."""

    def __init__(self, gpio: GpioSim) -> None:
        self._gpio = gpio
        self._stop = threading.Event()
        self.welded = False
        self._thread = threading.Thread(target=self._follow, name="contactor", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        shown: bool | None = None
        while not self._stop.wait(0.01):
            closed = not (self._gpio.value("K1-COIL") or self.welded)
            if closed is not shown:
                self._gpio.pull("K1-MIRROR", closed)
                shown = closed

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        self._thread.join(5.0)


@attrs.frozen
class World:
    """The far ends of the wires."""

    gpio: GpioSim
    coil: Coil
    lights: Pca9685Chip
    reader: Pn532Chip
    meter: dict[int, int]
    i2c: I2cBench
    text: str

    def measure(self, address: int, value: float) -> None:
        """Let the meter show this at a register address."""
        self.meter[address], self.meter[address + 1] = struct.unpack(">HH", struct.pack(">f", value))


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return Plugins.discover()


@pytest.fixture
def world(i2c: I2cBench, spi: SpiBench, modbus: ModbusBench, make_gpio: Callable[[Sequence[str]], GpioSim]) -> Iterator[World]:
    gpio = make_gpio(["K1-COIL", "K1-MIRROR"])
    gpio.pull("K1-MIRROR", high=True)
    lights = Pca9685Chip(CHANNELS)
    reader = Pn532Chip(Signal[tuple[FieldCard, ...]](()))
    i2c.attach(0x40, lights)
    spi.attach(0, SpiPn532(reader))
    meter = modbus.line.units[1] = dict.fromkeys(range(0x200), 0)
    coil = Coil(gpio)
    text = BOARD.format(i2c=i2c.path, spi=spi.path.rpartition(".")[0], gpio=gpio.path, serial=modbus.path)
    world = World(gpio, coil, lights, reader, meter, i2c, text)
    for address, value in {0x00: 230.0, 0x02: 231.0, 0x04: 229.0, 0x46: 50.0}.items():
        world.measure(address, value)
    yield world
    coil.close()


@pytest.fixture
async def board(world: World, plugins: Plugins) -> AsyncIterator[Board]:
    async with open_board(parse_board(world.text, plugins=plugins), sigterm=False) as board:
        yield board


async def test_every_device_connects(board: Board) -> None:
    assert {name: health.state for name, health in board.health().items()} == dict.fromkeys(
        ("contactor", "lights", "reader", "meter"), HealthState.OK
    )


async def test_the_contactor_closes_and_opens_with_feedback(world: World, board: Board) -> None:
    contactor = board.get(Contactor)
    await contactor.switch_on()
    assert world.gpio.value("K1-COIL") is True
    assert (await contactor.sense()).state is ContactorState.ON
    await contactor.switch_off()
    assert world.gpio.value("K1-COIL") is False
    assert (await contactor.sense()).state is ContactorState.OFF


async def test_a_contactor_that_stays_closed_is_told(world: World, board: Board) -> None:
    contactor = board.get(Contactor)
    await contactor.switch_on()
    world.coil.welded = True
    with pytest.raises(CommandFailed):
        await contactor.switch_off()
    assert world.gpio.value("K1-COIL") is False
    world.coil.welded = False
    await asyncio.sleep(0.3)


async def test_leaving_the_board_releases_the_coil(world: World, plugins: Plugins) -> None:
    with pytest.raises(KeyError, match="something went wrong"):  # noqa: PT012  # the block is what is left
        async with open_board(parse_board(world.text, plugins=plugins), sigterm=False) as board:
            await board.get(Contactor).switch_on()
            assert world.gpio.value("K1-COIL") is True
            raise KeyError("something went wrong")
    assert world.gpio.value("K1-COIL") is False


async def test_lights_shine_as_they_are_told(world: World, board: Board) -> None:
    await board.get(Indicator).show(Pattern(colours=(Colour(0.0, 1.0, 0.0),)))
    assert [light.value for light in world.lights.lights] == [Colour(0.0, 1.0, 0.0)] * 2


async def test_a_card_is_read_over_a_bus_that_sends_the_other_bit_first(world: World, board: Board) -> None:
    reader = board.get(CardReader)
    assert await reader.poll_once() == ()
    world.reader.cards.set((CARD,))
    (card,) = await reader.poll_once()
    assert card.uid.upper() == CARD.uid.hex().upper()


async def test_the_meter_is_read_over_the_serial_line(world: World, board: Board) -> None:
    world.measure(0x0034, 11_040.0)
    world.measure(0x0048, 1234.5)
    world.measure(0x0156, 1234.5)
    assert (await board.get(PowerMeter).read_power()).power_w == pytest.approx(11_040.0)
    assert (await board.get(EnergyMeter).read_energy()).imported.wh == Decimal(1_234_500)


async def test_a_part_that_does_not_answer_keeps_the_board_from_opening(world: World, plugins: Plugins) -> None:
    world.i2c.detach(0x40)
    with pytest.raises(ConnectFailed) as failure:
        async with open_board(parse_board(world.text, plugins=plugins), sigterm=False):
            pytest.fail("it opened")
    assert isinstance(failure.value.failures["lights"], NoAnswer)
    assert world.gpio.value("K1-COIL") is False
