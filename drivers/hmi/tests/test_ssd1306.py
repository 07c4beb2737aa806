"""What one reads on the OLED, and how few dots are written for it."""

from __future__ import annotations

import asyncio

import pytest

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, BusError, ConnectFailed
from cc613hal.testing.bench import PART, open_part
from cc613hal_hmi.font import WIDTH, font

DRIVER = "hmi.ssd1306"


@pytest.mark.parametrize(("options", "rows"), [({}, 8), ({"controller": "sh1106"}, 8), ({"height": 32, "rotated": True}, 4)])
def test_text_is_read_on_the_display(options, rows):
    async def main():
        async with open_part(DRIVER, options=options) as b:
            assert b.device.size == (21, rows)
            await b.device.show_text(["Ladepunkt 1", "", "22,0 kW  21 °C  3 €", "Größe ÄÖÜ"])
            assert b.emulated.text == ["Ladepunkt 1", "", "22,0 kW  21 °C  3 €", "Größe ÄÖÜ"] + [""] * (rows - 4)

    run_virtual(main())


def test_only_changed_cells_are_written():
    async def main():
        async with open_part(DRIVER) as b:
            await b.device.show_text(["10.0 kW  00:59"])
            before = b.emulated.data_bytes
            await b.device.show_text(["10.1 kW  00:59"])
            assert b.emulated.data_bytes == before + WIDTH
            await asyncio.sleep(600)
            assert b.emulated.data_bytes == before + WIDTH

    run_virtual(main())


def test_a_display_that_lost_its_supply_shows_the_text_again():
    async def main():
        async with open_part(DRIVER) as b:
            await b.device.show_text(["Frei"])
            b.emulated.power_cycle()
            await asyncio.sleep(31)
            assert b.emulated.text == ["Frei"] + [""] * 7

    run_virtual(main())


def test_unplugged_and_back_the_text_asked_for_meanwhile_is_shown():
    async def main():
        async with open_part(DRIVER) as b:
            b.simulation.faults(PART).unplug()
            for _ in range(4):
                with pytest.raises(BusError):
                    await b.device.show_text(["Wieder da"])
            b.emulated.power_cycle()
            b.simulation.faults(PART).plug()
            await asyncio.sleep(90)
            assert b.emulated.text[0] == "Wieder da"

    run_virtual(main())


@pytest.mark.parametrize(("status", "message"), [(0x00, "on after it was switched off"), (0x40, "stays off")])
def test_another_chip_is_refused_unless_one_says_it_cannot_be_read(status, message):
    def stuck(simulation):
        simulation.plant.parts[PART].status_stuck = status

    async def main(**options):
        async with open_part(DRIVER, before=stuck, options=options) as b:
            await b.device.show_text(["ok"])
            assert b.emulated.text[0] == "ok"

    with pytest.raises(ConnectFailed, match=message):
        run_virtual(main())
    run_virtual(main(read_back=False))


def test_leaving_the_board_blanks_it():
    async def main():
        async with open_part(DRIVER, options={"contrast": 20}) as b:
            await b.device.show_text(["Laden"])
            panel = b.emulated
            assert panel.settings[0x81] == 20
        assert panel.text == [""] * 8

    run_virtual(main())


@pytest.mark.parametrize("options", [{"controller": "sh1107"}, {"height": 48}, {"contrast": 256}])
def test_a_display_that_cannot_be_is_refused(options):
    async def main():
        async with open_part(DRIVER, options=options):
            pass

    with pytest.raises(BoardFileError):
        run_virtual(main())


def test_the_font_has_every_character_of_a_keyboard_and_no_two_alike():
    ours = font()
    assert set(map(chr, range(0x20, 0x7F))) | set("äöüÄÖÜß°€") <= set(ours.table)
    assert len(set(ours.columns)) == len(ours.columns)
    assert all(len(columns) == WIDTH and columns[-1] == 0 for columns in ours.columns)


def test_an_l_is_an_l():
    assert font().columns[font().table["L"]] == bytes((0x7F, 0x40, 0x40, 0x40, 0x40, 0x00))
