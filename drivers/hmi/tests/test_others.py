"""Drivers that others wrote, on the parts that we emulate: they and ours must make the same light and the same dots.

adafruit-circuitpython-pca9685, luma.oled and RPLCD (all MIT) are installed with the tests only. What the published COBS examples say
follows.
"""

from __future__ import annotations

import pytest
from adafruit_pca9685 import PCA9685
from luma.oled.device import sh1106, ssd1306
from PIL import Image
from RPLCD import i2c as rplcd

from cc613hal.clock import run_virtual
from cc613hal.interfaces import Colour, Pattern
from cc613hal.testing.bench import open_part
from cc613hal_hmi.emulated_displays import Hd44780Backpack, Ssd1306Panel
from cc613hal_hmi.emulation import Pca9685Chip
from cc613hal_hmi.font import WIDTH, font
from cc613hal_hmi.hd44780 import Hd44780Options
from cc613hal_hmi.ssd1306 import Ssd1306Options
from cc613hal_hmi.usb_frames import _cobs, _uncobs

# -- HD44780 on a PCF8574 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("columns", "rows"), [(16, 2), (20, 2), (20, 4)])
@pytest.mark.parametrize("lines", [("Frei", "22 kW"), ("Höhe: 11 kW", "Tür auf, 21 °C"), ("a" * 20, "b" * 20, "c" * 20, "d" * 20)])
def test_rplcd_and_our_driver_write_the_same_on_the_display(monkeypatch, columns, rows, lines):
    display = Hd44780Backpack(Hd44780Options(columns=columns, rows=rows))

    class Wire:
        """smbus2's bus, as far as RPLCD asks it."""

        def __init__(self, port: int) -> None:
            assert port == 1

        def write_byte(self, address: int, value: int) -> None:
            assert address == 0x27
            display.write(bytes([value]))

        def close(self) -> None:
            return

    shown = [line[:columns] for line in lines[:rows]]
    monkeypatch.setattr(rplcd, "SMBus", Wire)
    theirs = rplcd.CharLCD("PCF8574", 0x27, port=1, cols=columns, rows=rows, charmap="A00", auto_linebreaks=False)
    for row, line in enumerate(shown):
        theirs.cursor_pos = (row, 0)
        theirs.write_string(line)
    assert display.lit

    async def ours():
        async with open_part("hmi.hd44780", options={"columns": columns, "rows": rows}) as b:
            await b.device.show_text(list(shown))
            return b.emulated.text

    assert display.text == run_virtual(ours())
    assert display.text[0].startswith(b"F" if shown[0] == "Frei" else b"H" if shown[0].startswith("H") else b"aaaa")


# -- PCA9685 --------------------------------------------------------------------------------------------------------------------------


class Bus:
    """An I2C bus as CircuitPython has it, with one chip."""

    def __init__(self, chip: Pca9685Chip) -> None:
        self.chip = chip

    def try_lock(self) -> bool:
        return True

    def unlock(self) -> None:
        return

    def writeto(self, address: int, data: bytes, *, start: int = 0, end: int | None = None) -> None:
        assert address == 0x40
        self.chip.write(bytes(data)[start:end])

    def readfrom_into(self, address: int, buffer: bytearray, *, start: int = 0, end: int | None = None) -> None:
        span = range(*slice(start, end).indices(len(buffer)))
        buffer[span.start : span.stop] = self.chip.read(len(span))

    def writeto_then_readfrom(self, address, out, into, *, out_start=0, out_end=None, in_start=0, in_end=None) -> None:
        self.writeto(address, out, start=out_start, end=out_end)
        self.readfrom_into(address, into, start=in_start, end=in_end)


@pytest.mark.parametrize("frequency_hz", [50, 200, 1000])
@pytest.mark.parametrize("level", [0.0, 0.01, 0.25, 0.6, 0.999, 1.0])
def test_adafruits_driver_and_ours_make_the_same_light(level, frequency_hz):
    theirs = Pca9685Chip(((0, 1, 2),))
    driver = PCA9685(Bus(theirs), address=0x40)
    driver.frequency = frequency_hz
    driver.channels[0].duty_cycle = round(level * 0xFFFF)

    async def ours():
        async with open_part("hmi.pca9685", options={"channels": [[0, 1, 2]], "frequency_hz": float(frequency_hz)}) as b:
            await b.device.show(Pattern(colours=(Colour(level, 0, 0),)))
            return b.emulated.lights[0].value.red, b.emulated.register(0xFE)

    red, prescale = run_virtual(ours())
    assert red == pytest.approx(theirs.lights[0].value.red, abs=1.5 / 4096), "a step of the chip"
    assert abs(prescale - theirs.register(0xFE)) <= 1, "they round the prescaler down and up elsewhere"


# -- OLED -----------------------------------------------------------------------------------------------------------------------------


LUMA = pytest.mark.filterwarnings("ignore:Image.Image.getdata:DeprecationWarning")  # luma's own affair


class Wire:
    """The wire as luma has it, to an emulated panel."""

    def __init__(self, panel: Ssd1306Panel) -> None:
        self.panel = panel

    def command(self, *values: int) -> None:
        self.panel.write(bytes((0x00, *values)))

    def data(self, values: bytes) -> None:
        self.panel.write(bytes((0x40, *values)))

    def cleanup(self) -> None:
        return


def picture(lines: list[str]) -> Image.Image:
    """Text drawn dot by dot, columns of the font from the top."""
    image = Image.new("1", (128, 64))
    table = font()
    for row, line in enumerate(lines):
        for place, character in enumerate(line):
            for x, column in enumerate(table.columns[table.table[character]]):
                for y in range(8):
                    if column >> y & 1:
                        image.putpixel((place * WIDTH + x, row * 8 + y), 1)
    return image


@LUMA
def test_luma_draws_what_our_driver_writes():
    lines = ["Frei", "22 kW, 21 °C", "", "Grüße"]
    panel = Ssd1306Panel(Ssd1306Options(controller="sh1106"))
    device = sh1106(Wire(panel))
    device.display(picture(lines))
    assert [line for line in panel.text if line] == [line for line in lines if line]

    async def ours():
        async with open_part("hmi.ssd1306", options={"controller": "sh1106"}) as b:
            await b.device.show_text(lines)
            return [bytes(page[2:128]) for page in b.emulated._dots]

    assert run_virtual(ours()) == [bytes(page[2:128]) for page in panel._dots]
    device.cleanup()


@LUMA
@pytest.mark.parametrize("height", [64, 32])
def test_luma_sets_the_panel_up_as_we_do(height):
    panel = Ssd1306Panel(Ssd1306Options(height=height))
    device = ssd1306(Wire(panel), width=128, height=height)

    async def ours():
        async with open_part("hmi.ssd1306", options={"height": height}) as b:
            return dict(b.emulated.settings)

    ours = run_virtual(ours())
    what = {0xA8: "multiplex ratio", 0xD3: "offset", 0xDA: "wiring of the rows", 0x8D: "charge pump"}
    assert {name: ours[key] for key, name in what.items()} == {name: panel.settings[key] for key, name in what.items()}
    device.cleanup()


# -- COBS -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "coded"),
    [  # the examples of the encyclopaedia's article on COBS, without the border
        ("00", "01 01"),
        ("00 00", "01 01 01"),
        ("00 11 00", "01 02 11 01"),
        ("11 22 00 33", "03 11 22 02 33"),
        ("11 22 33 44", "05 11 22 33 44"),
        ("11 00 00 00", "02 11 01 01 01"),
        (bytes(range(1, 255)).hex(), "ff" + bytes(range(1, 255)).hex()),
        ("00" + bytes(range(1, 255)).hex(), "01 ff" + bytes(range(1, 255)).hex()),
        (bytes(range(1, 256)).hex(), "ff" + bytes(range(1, 255)).hex() + "02 ff"),
        (bytes(range(2, 256)).hex() + "00", "ff" + bytes(range(2, 256)).hex() + "01 01"),
        (bytes(range(3, 256)).hex() + "00 01", "fe" + bytes(range(3, 256)).hex() + "02 01"),
    ],
)
def test_cobs_as_published(data, coded):
    assert _cobs(bytes.fromhex(data)).hex() == bytes.fromhex(coded).hex()
    assert _uncobs(bytes.fromhex(coded)) == bytes.fromhex(data)
