"""Which boot this is, and what a system says that tells none."""

from __future__ import annotations

import pytest

from cc613hal_sensors.boot import boot_id


def test_a_boot_has_one_identity():
    assert boot_id() == boot_id()


@pytest.mark.parametrize(("content", "told"), [(b"8c19a3e0-6f0a\n", "8c19a3e0-6f0a"), (b"", None), (b"\n", None), (b"\xff\xfe", None)])
def test_what_the_file_may_hold(tmp_path, content, told):
    file = tmp_path / "boot_id"
    file.write_bytes(content)
    assert boot_id(file) == told


def test_no_such_file_and_no_such_folder(tmp_path):
    assert boot_id(tmp_path / "none") is None
    assert boot_id(tmp_path) is None
