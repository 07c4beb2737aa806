"""Error numbers of the kernel in words, with the next step."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from cc613hal.bus.linux.errors import bus_error, near_paths, near_words
from cc613hal.errors import BusBusy, BusClosed, BusError, BusMissing, BusPermission, BusTimeout


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOENT, BusMissing),
        (errno.EACCES, BusPermission),
        (errno.EPERM, BusPermission),
        (errno.EBUSY, BusBusy),
        (errno.ETIMEDOUT, BusTimeout),
        (errno.ENODEV, BusClosed),
        (errno.EIO, BusClosed),
        (errno.EINVAL, BusError),
    ],
)
def test_every_number_has_its_error(number: int, kind: type[BusError]) -> None:
    error = bus_error(OSError(number, "x"), "opening /dev/i2c-1", device="i2c0", path="/dev/i2c-1")
    assert type(error) is kind
    assert str(error).startswith("i2c0: opening /dev/i2c-1: ")


def test_a_missing_node_names_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "i2c-0").touch()
    (tmp_path / "i2c-3").touch()
    assert near_paths(str(tmp_path / "i2c-7")) == f"there are {tmp_path}/i2c-0, {tmp_path}/i2c-3"
    assert "is the kernel driver loaded" in near_paths(str(tmp_path / "spidev0"))
    assert "exists" in near_paths("/nowhere/at/all0")


def test_a_missing_name_suggests_near_ones() -> None:
    assert near_words("K1_COL", ["K1_COIL", "K1_MIRROR", "LED"]).startswith("did you mean K1_COIL")
    assert near_words("zzz", ["A", "B"]) == "there are A, B"
    assert near_words("zzz", []) == "there is none at all"


def test_a_refused_permission_names_the_group_or_a_udev_rule(tmp_path: Path) -> None:
    node = tmp_path / "i2c-1"
    node.touch()
    hint = bus_error(PermissionError(errno.EACCES, "x"), "opening", device="i2c0", path=str(node)).hint
    assert hint
    assert "udev rule" in hint
    assert ("group" in hint) is (node.group() != "root")
