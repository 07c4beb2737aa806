"""Upkeep: an image that is no image is refused; diagnostics tell much and no secret."""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import shutil
import struct
import subprocess
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613_chargepoint.maintenance import (
    MASK,
    DiagnosticsArchive,
    FirmwareDirectory,
    FirmwareRefused,
    Masking,
    RecentLog,
    squashfs,
)

KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIEo\n-----END EC PRIVATE KEY-----"


def image(used: int = 4096, *, magic: int = 0x73717368, version: tuple[int, int] = (4, 0), block_log: int = 17, size: int = 4096) -> bytes:
    head = struct.pack("<5I6H4Q", magic, 1, 0, 1 << 17, 0, 1, block_log, 0, 1, *version, 0, used, 0, 0)
    return head.ljust(size, b"\x5a")


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


class TestFirmware:
    async def test_a_good_image_is_taken_over_with_a_note(self, tmp_path: Path) -> None:
        firmware = FirmwareDirectory(tmp_path / "firmware")
        assert await firmware.installed() is None
        place = await firmware.landing()
        place.write_bytes(image())
        done = await firmware.install(place, source="https://files.example/x", signed_by="CN=Maker")
        assert done.image.read_bytes() == image()
        assert (done.sha256, done.size_bytes) == (hashlib.sha256(image()).hexdigest(), 4096)
        assert await FirmwareDirectory(tmp_path / "firmware").installed() == done
        assert not place.exists()

    async def test_a_later_image_takes_the_place_of_the_first(self, tmp_path: Path) -> None:
        firmware = FirmwareDirectory(tmp_path)
        for size in (4096, 8192):
            place = await firmware.landing()
            place.write_bytes(image(size=size))
            last = await firmware.install(place)
        assert names(tmp_path) == sorted([last.image.name, "installed.json"])

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"", "0 bytes are no image"),
            (b"<html>404</html>".ljust(500), "does not begin like"),
            (image(magic=1), "does not begin like"),
            (image(version=(5, 1)), "makes no sense"),
            (image(block_log=12), "makes no sense"),
            (image(used=5000), "4096 of 5000 bytes"),
        ],
    )
    async def test_what_is_no_image_is_refused_and_removed(self, tmp_path: Path, data: bytes, why: str) -> None:
        firmware = FirmwareDirectory(tmp_path)
        place = await firmware.landing()
        place.write_bytes(data)
        with pytest.raises(FirmwareRefused, match=why):
            await firmware.install(place, source="ftp://x/y")
        assert names(tmp_path) == []
        with pytest.raises(FirmwareRefused, match="no file"):
            await firmware.install(place)

    async def test_a_product_has_its_own_check(self, tmp_path: Path) -> None:
        firmware = FirmwareDirectory(tmp_path, check=lambda path: None if path.read_bytes() == b"ours" else "not ours")
        place = await firmware.landing()
        place.write_bytes(b"ours")
        assert (await firmware.install(place)).size_bytes == 4

    async def test_a_note_that_cannot_be_read_means_that_nothing_is_known(self, tmp_path: Path) -> None:
        (tmp_path / "installed.json").write_text("{")
        assert await FirmwareDirectory(tmp_path).installed() is None
        (tmp_path / "installed.json").write_text(json.dumps({"image": "gone.bin", "sha256": "", "size_bytes": 1, "taken": "2026-01-01"}))
        assert await FirmwareDirectory(tmp_path).installed() is None

    @pytest.mark.skipif(shutil.which("mksquashfs") is None, reason="squashfs-tools is not installed")
    def test_what_mksquashfs_writes_is_an_image(self, tmp_path: Path) -> None:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "file").write_bytes(b"x" * 100_000)
        subprocess.run(["mksquashfs", tmp_path / "in", tmp_path / "out.sqfs", "-quiet"], check=True, capture_output=True)
        assert squashfs(tmp_path / "out.sqfs") is None


SECRET_TEXTS = [
    ("Authorization: Basic c3RhdGlvbjpzZWNyZXQ=", "c3RhdGlvbjpzZWNyZXQ="),
    ("{'authorization': 'Bearer abcdefgh'}", "abcdefgh"),
    ("fetching ftp://user:hunter22@files.example/x", "hunter22"),
    ("password=hunter22 next", "hunter22"),
    ('{"backend.password": "hunter22", "x": 1}', "hunter22"),
    ("AuthorizationKey = 0011223344556677", "0011223344556677"),
    ('[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"0011aabb"}]', "0011aabb"),
    (f"key is\n{KEY}\nend", "MHcCAQEEIIEo"),
    (KEY[:45], "MHcCAQEE"),
    ("api_key: 'hunter22'", "hunter22"),
]


class TestMasking:
    @pytest.mark.parametrize(("text", "secret"), SECRET_TEXTS)
    def test_what_looks_like_a_secret_is_masked(self, text: str, secret: str) -> None:
        assert secret not in Masking().mask(text)
        assert MASK in Masking().mask(text)

    def test_what_is_none_stays(self) -> None:
        text = "session 7: 12.5 kWh at http://files.example:8080/x; the authorization list has 3 entries"
        assert Masking(["abc"]).mask(text) == text

    @given(
        st.text(), st.text(min_size=4, max_size=20).filter(lambda secret: MASK not in secret and not set(secret) <= set(MASK)), st.text()
    )
    def test_a_known_secret_never_gets_out(self, before: str, secret: str, after: str) -> None:
        assert secret not in Masking([secret]).mask(before + secret + after).replace(MASK, "\0")


class TestDiagnostics:
    @pytest.fixture
    def log(self) -> RecentLog:
        handler = RecentLog(lines=3)
        for number in range(5):
            record = logging.LogRecord("station", logging.WARNING, "", 0, "event %d", (number,), None)
            record.created = datetime(2026, 6, 1, 12, number, tzinfo=UTC).timestamp()
            handler.handle(record)
        return handler

    async def test_an_archive_has_every_page_and_the_recent_log(self, tmp_path: Path, log: RecentLog) -> None:
        async def settings() -> str:
            return "backend.url = wss://x\nnote = hunter2222\n"

        async def broken() -> str:
            raise RuntimeError("the store is closed")

        collecting = DiagnosticsArchive("SN 7/1", {"settings.txt": settings, "faults.txt": broken}, log, lambda: ["hunter2222"])
        path = await collecting.archive(tmp_path / "out")
        assert path is not None
        assert path.name.startswith("SN_7_1-diagnostics-")
        with tarfile.open(path) as archive:
            texts = {name: archive.extractfile(name).read().decode() for name in archive.getnames()}
        assert texts["settings.txt"] == f"backend.url = wss://x\nnote = {MASK}\n"
        assert texts["faults.txt"] == "could not be written: the store is closed\n"
        assert texts["log.txt"].splitlines()[0] == "2026-06-01T12:02:00.000+00:00 WARNING station: event 2"
        assert len(texts["log.txt"].splitlines()) == 3

    async def test_the_log_of_a_time_only(self, log: RecentLog) -> None:
        at = datetime(2026, 6, 1, 12, 3, tzinfo=UTC)
        assert "event 3" in log.text(at, at)
        assert log.text(at, at).count("\n") == 1
        assert log.text(at + timedelta(hours=1)) == ""

    async def test_a_page_is_cut_to_its_recent_part(self, tmp_path: Path, log: RecentLog) -> None:
        async def long() -> str:
            return "old " * 1000 + "recent"

        collecting = DiagnosticsArchive("s", {"long.txt": long}, log, list, page_bytes=100)
        with tarfile.open(await collecting.archive(tmp_path)) as archive:
            assert archive.extractfile("long.txt").read().endswith(b"recent")
            assert archive.getmember("long.txt").size == 100

    async def test_where_there_is_nothing_there_is_no_file(self, tmp_path: Path) -> None:
        collecting = DiagnosticsArchive("s", {}, RecentLog(), list)
        assert await collecting.archive(tmp_path) is None
        assert await collecting.security_log(tmp_path, []) is None
        assert names(tmp_path) == []

    async def test_a_security_log_is_masked_too(self, tmp_path: Path, log: RecentLog) -> None:
        path = await DiagnosticsArchive("s", {}, log, list).security_log(tmp_path, ["SettingSystemTime", "login password=hunter22"])
        assert path is not None
        assert gzip.decompress(path.read_bytes()).decode() == f"SettingSystemTime\nlogin password={MASK}\n"
