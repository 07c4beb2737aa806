"""What one reads on the display, and how few characters are written for it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import run_virtual
from cc613hal.errors import BoardFileError, BusError, ConnectFailed
from cc613hal.testing.bench import PART, open_part
from cc613hal_hmi.characters import A00, A02, cells, changes

DRIVER = "hmi.hd44780"


def shown(bench, table=A00):
    back = {code: character for character, code in reversed(table.items())}
    return ["".join(back[code] for code in row).rstrip() for row in bench.emulated.text]


def test_text_with_umlauts_and_degrees_is_read_on_the_display():
    async def main():
        async with open_part(DRIVER) as b:
            await b.device.show_text(["Größe: 11 kW", "Tür auf, 21 °C"])
            assert shown(b) == ["Größe: 11 kW", "Tür auf, 21 °C"]
            assert b.emulated.text[1][1] == 0xF5
            assert b.emulated.lit

    run_virtual(main())


@pytest.mark.parametrize(
    ("text", "read"),
    [("Ärger", "Aerger"), ("5 €", "5 EUR"), ("déjà", "deja"), ("a~b\\c", "a-b/c"), ("日", "?"), ("„ja“", '"ja"'), ("a\tb", "a b")],
)
def test_characters_the_part_lacks_become_their_nearest(text, read):
    assert cells([text], 16, 1, A00)[0].rstrip() == read.encode("ascii")


def test_the_european_generator_has_capital_umlauts():
    async def main():
        async with open_part(DRIVER, options={"rom": "A02"}) as b:
            await b.device.show_text(["ÄÖÜ äöü ß"])
            assert b.emulated.text[0].rstrip() == "ÄÖÜ äöü ß".encode("latin-1")

    run_virtual(main())


def test_four_rows_are_where_they_belong():
    async def main():
        async with open_part(DRIVER, options={"columns": 20, "rows": 4}) as b:
            lines = [f"row {number} to the end..." for number in range(1, 6)]
            await b.device.show_text(lines)
            assert shown(b) == [line[:20] for line in lines[:4]]

    run_virtual(main())


def test_only_changed_cells_are_written_and_nothing_while_nothing_changes():
    async def main():
        async with open_part(DRIVER) as b:
            await b.device.show_text(["Laden", "10.0 kW  00:59"])
            before = b.emulated.characters
            await b.device.show_text(["Laden", "10.0 kW  00:59"])
            assert b.emulated.characters == before
            await b.device.show_text(["Laden", "10.1 kW  01:00"])
            assert b.emulated.characters == before + 1 + 4
            assert shown(b) == ["Laden", "10.1 kW  01:00"]
            await asyncio.sleep(600)
            assert b.emulated.characters == before + 5

    run_virtual(main())


def test_a_display_that_lost_its_supply_shows_the_text_again():
    async def main():
        async with open_part(DRIVER) as b:
            await b.device.show_text(["Frei"])
            b.emulated.power_cycle()
            assert shown(b) == ["", ""]
            await asyncio.sleep(31)
            assert shown(b) == ["Frei", ""]

    run_virtual(main())


def test_it_starts_from_whatever_state_the_display_was_left_in():
    async def main(lost):
        async with open_part(DRIVER) as b:
            b.emulated.swallow = lost  # halves of bytes out of step
            await b.device.show_text(["xyz"])
            await b.device.connect()
            assert shown(b) == ["xyz", ""]

    for lost in (1, 2, 3):
        run_virtual(main(lost))


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
            assert shown(b)[0] == "Wieder da"

    run_virtual(main())


def test_a_bare_port_is_no_display_unless_one_says_it_cannot_be_read():
    def bare(simulation):
        simulation.plant.parts[PART].absent = True

    async def main(**options):
        async with open_part(DRIVER, before=bare, options=options):
            pass

    with pytest.raises(ConnectFailed, match="address counter"):
        run_virtual(main())
    run_virtual(main(read_back=False))


def test_leaving_the_board_blanks_it_and_switches_the_backlight_off():
    async def main():
        async with open_part(DRIVER) as b:
            await b.device.show_text(["Laden"])
            chip = b.emulated
        assert chip.text == [b" " * 16] * 2
        assert not chip.lit

    run_virtual(main())


def test_another_wiring_of_the_backpack():
    async def main():
        async with open_part(
            DRIVER,
            options={"pins": {"rs": 6, "rw": 5, "enable": 4, "backlight": 7, "d4": 0, "d5": 1, "d6": 2, "d7": 3}, "backlight_low": True},
        ) as b:
            await b.device.show_text(["ok"])
            assert shown(b)[0] == "ok"
            assert b.emulated.lit
            await b.device.light(False)
            assert not b.emulated.lit

    run_virtual(main())


@pytest.mark.parametrize("options", [{"pins": {"d7": 6}}, {"pins": 3}, {"rows": 3}, {"rom": "A01"}, {"columns": 4}])
def test_a_display_that_cannot_be_is_refused(options):
    async def main():
        async with open_part(DRIVER, options=options):
            pass

    with pytest.raises(BoardFileError):
        run_virtual(main())


@given(st.lists(st.text(max_size=30), max_size=6), st.sampled_from([A00, A02]))
def test_any_text_fills_exactly_the_cells(lines, table):
    picture = cells(lines, 16, 2, table)
    assert [len(row) for row in picture] == [16, 16]
    assert {code for row in picture for code in row} <= set(table.values())


rows = st.lists(st.binary(min_size=8, max_size=8), min_size=2, max_size=2)


@given(rows, rows, st.integers(0, 3))
def test_applying_the_changes_gives_the_new_picture(old, new, bridge):
    picture = [bytearray(row) for row in old]
    for change in changes(old, new, bridge=bridge):
        picture[change.row][change.column : change.column + len(change.codes)] = change.codes
    assert [bytes(row) for row in picture] == new
