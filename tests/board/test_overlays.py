"""Bases and overlays: the overlay wins key by key, removals, and messages that name the file a value came from."""

from __future__ import annotations

from pathlib import Path

import cc613hal_test_parts as parts
import pytest

from cc613hal.board import check_board, load_board
from cc613hal.errors import BoardFileError
from cc613hal.plugins.manager import Plugins

BASE = """\
schema = 1
name = "base"
summary = "the base"
[bus.i2c0]
type = "i2c"
path = "/dev/i2c-1"
[bus.gpio]
type = "gpio"
chips = ["/dev/gpiochip0"]
[device.probe]
driver = "test.probe"
bus = "i2c0"
address = 0x48
options = { offset_k = 2, mode = "slow" }
[device.k1]
driver = "test.contactor"
connector = 1
lines = { coil = "K1", mirror = "M1" }
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write(tmp_path, "base.toml", BASE)


def test_tables_merge_key_by_key_and_the_overlay_wins(tmp_path: Path, base: Path, plugins: Plugins) -> None:
    top = write(tmp_path, "top.toml", 'schema = 1\nname = "top"\nbase = "base.toml"\n[device.probe.options]\noffset_k = 3\n')
    board = load_board(top, plugins=plugins)
    assert (board.name, board.summary) == ("top", "the base")
    assert board.devices["probe"].options == parts.ProbeOptions(offset_k=3, mode="slow")
    assert [Path(source).name for source in board.sources] == ["base.toml", "top.toml"]


def test_false_removes_a_device_a_bus_and_a_role(tmp_path: Path, base: Path, plugins: Plugins) -> None:
    over = write(tmp_path, "o.toml", "bus.i2c0 = false\ndevice.probe = false\ndevice.k1.lines.mirror = false\n")
    board = load_board(base, overlays=[over], plugins=plugins)
    assert list(board.devices) == ["k1"]
    assert list(board.buses) == ["gpio"]
    assert list(board.devices["k1"].lines) == ["coil"]


def test_a_device_that_moves_to_another_kind_of_bus_loses_its_place(tmp_path: Path, base: Path, plugins: Plugins) -> None:
    over = write(tmp_path, "o.toml", "[device.probe]\naddress = false\n")
    (problem,) = check_board(base, overlays=[over], plugins=plugins)
    assert "device.probe" in str(problem)
    assert "address" in str(problem), "there is none any more"


def test_removing_what_is_not_there_is_a_mistake(tmp_path: Path, base: Path, plugins: Plugins) -> None:
    over = write(tmp_path, "o.toml", "\ndevice.prope = false\n")
    (problem,) = check_board(base, overlays=[over], plugins=plugins)
    assert str(problem) == f"{over}:2: device.prope: is to be removed, but the base has none"


def test_another_driver_does_not_inherit_the_options_of_the_former(tmp_path: Path, base: Path, plugins: Plugins) -> None:
    over = write(tmp_path, "o.toml", '[device.probe]\ndriver = "test.double"\n')
    assert load_board(base, overlays=[over], plugins=plugins).devices["probe"].options is None


def test_another_bus_type_does_not_inherit_the_settings_of_the_former(tmp_path: Path, plugins: Plugins) -> None:
    first = write(tmp_path, "a.toml", 'schema = 1\nname = "a"\n[bus.m]\ntype = "serial"\npath = "/dev/ttyS0"\n')
    over = write(tmp_path, "o.toml", '[bus.m]\ntype = "modbus-tcp"\nhost = "meter.local"\n')
    assert load_board(first, overlays=[over], plugins=plugins).buses["m"].physical == "meter.local:502"


def test_each_mistake_names_the_file_its_value_came_from(tmp_path: Path, plugins: Plugins) -> None:
    base = write(tmp_path, "base.toml", BASE.replace("0x48", "0x99"))
    over = write(tmp_path, "o.toml", "[device.k1]\nconnector = 0\n")
    with pytest.raises(BoardFileError) as caught:
        load_board(base, overlays=[over], plugins=plugins)
    assert [problem.split(": ")[0] for problem in caught.value.problems] == [f"{base}:13", f"{over}:2"]


def test_overlays_are_laid_in_order(tmp_path: Path, base: Path, plugins: Plugins) -> None:
    one = write(tmp_path, "1.toml", "device.k1.connector = 2\n")
    two = write(tmp_path, "2.toml", "device.k1.connector = 3\n")
    assert load_board(base, overlays=[one, two], plugins=plugins).devices["k1"].connector == 3
    assert load_board(base, overlays=[two, one], plugins=plugins).connectors == (2,)


def test_bases_in_a_circle_are_told(tmp_path: Path, plugins: Plugins) -> None:
    one = write(tmp_path, "1.toml", 'schema = 1\nname = "1"\nbase = "2.toml"\n')
    write(tmp_path, "2.toml", 'schema = 1\nname = "2"\nbase = "1.toml"\n')
    (problem,) = check_board(one, plugins=plugins)
    assert "the bases go round in a circle" in str(problem)


def test_an_overlay_has_no_base(tmp_path: Path, base: Path, plugins: Plugins) -> None:
    over = write(tmp_path, "o.toml", 'base = "base.toml"\n')
    (problem,) = check_board(base, overlays=[over], plugins=plugins)
    assert str(problem).startswith(f"{over}:1: base: an overlay has no base")


def test_a_missing_board_lists_what_is_installed(plugins: Plugins) -> None:
    (problem,) = check_board("bender.cc614", plugins=plugins)
    assert 'there is no board and no file "bender.cc614"' in str(problem)


def test_a_file_that_is_no_text(tmp_path: Path, plugins: Plugins) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"name = \xff\xfe")
    (problem,) = check_board(path, plugins=plugins)
    assert "is no UTF-8 text" in str(problem)
