"""Files over FTP and FTPS (pyftpdlib) and SFTP (paramiko): interrupted, refused, not trusted; and what the station itself is given."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from cc613_chargepoint.maintenance import RecentLog
from cc613_chargepoint.ocpp.files import (
    BadLocation,
    Bounds,
    FileTransfers,
    FirstUse,
    NotTrusted,
    TooBig,
    TransferFailed,
    TransferRefused,
    Trust,
)
from cc613_chargepoint.ocpp.service import tools_of
from cc613_chargepoint.settings import Settings
from cc613hal.clock import Clock

IMAGE = random.Random(613).randbytes(1_500_000)
HERE = Bounds(own_addresses=True, silence_s=3.0)
Peer = Callable[..., list[str]]


def whole(path: Path) -> bool:
    return path.read_bytes() == IMAGE


class TestFtp:
    @pytest.fixture(params=["plain", "explicit"])
    def mode(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    def address(self, peer: Peer, shelf: Path, mode: str, cuts: int, authority: Any, path: str) -> str:
        pem = authority.issue().save(shelf.parent / "ftp.pem")
        (port,) = peer("ftp_server", shelf, mode, cuts, pem)
        return f"{'ftp' if mode == 'plain' else 'ftps'}://station:s3cret%2F%3F@127.0.0.1:{port}/{path}"

    async def test_a_file_arrives(self, files: FileTransfers, peer: Peer, shelf: Path, mode: str, authority: Any, target: Path) -> None:
        done = await files.download(self.address(peer, shelf, mode, 0, authority, "fw/image.bin"), target)
        assert whole(target)
        assert done.attempts == 1

    async def test_an_interrupted_download_goes_on(
        self, files: FileTransfers, peer: Peer, shelf: Path, mode: str, authority: Any, target: Path
    ) -> None:
        url = self.address(peer, shelf, mode, 2, authority, "fw/image.bin")
        with pytest.raises(TransferFailed):
            await files.download(url, target)
        arrived = (target.parent / "image.bin.part").stat().st_size
        assert 400_000 < arrived < 1_400_000
        done = await files.download(url, target, retries=2, interval_s=0.0)
        assert whole(target)
        assert done.attempts == 2

    async def test_a_file_is_put_and_an_interrupted_one_goes_on(
        self, files: FileTransfers, peer: Peer, shelf: Path, mode: str, authority: Any, source: Path
    ) -> None:
        url = self.address(peer, shelf, mode, 1, authority, "logs")
        done = await files.upload(url, source, retries=2, interval_s=0.05)
        assert (shelf / "logs" / "diagnostics.tar.gz").read_bytes() == IMAGE
        assert done.attempts == 2

    async def test_a_wrong_password_or_file_is_told_in_the_servers_words(
        self, files: FileTransfers, peer: Peer, shelf: Path, authority: Any, target: Path
    ) -> None:
        url = self.address(peer, shelf, "plain", 0, authority, "fw/none.bin")
        with pytest.raises(TransferRefused, match="550"):
            await files.download(url, target)
        with pytest.raises(TransferRefused, match="530"):
            await files.download(url.replace("s3cret", "wrong"), target)
        with pytest.raises(BadLocation, match="names no file"):
            await files.download(url.replace("fw/none.bin", ""), target)

    async def test_a_file_that_is_too_big_is_not_begun(
        self, files: FileTransfers, peer: Peer, shelf: Path, authority: Any, target: Path
    ) -> None:
        with pytest.raises(TooBig):
            await files.download(self.address(peer, shelf, "plain", 0, authority, "fw/image.bin"), target, size_bytes=1000)

    async def test_tls_from_the_first_byte(
        self, files: FileTransfers, peer: Peer, shelf: Path, authority: Any, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = self.address(peer, shelf, "implicit", 0, authority, "fw/image.bin")
        monkeypatch.setattr("cc613_chargepoint.ocpp.files.ftp.IMPLICIT_PORT", int(re.search(r":(\d+)/", url)[1]))
        await files.download(url, target)
        assert whole(target)

    async def test_a_server_with_another_authority_is_not_trusted(
        self, files: FileTransfers, peer: Peer, shelf: Path, make_authority: Any, target: Path
    ) -> None:
        url = self.address(peer, shelf, "explicit", 0, make_authority("Foreign"), "fw/image.bin")
        with pytest.raises(NotTrusted, match="certificate"):
            await files.download(url, target, retries=5, interval_s=60.0)


class TestSftp:
    def address(self, peer: Peer, shelf: Path, cuts: int, path: str) -> tuple[str, str]:
        port, fingerprint = peer("sftp_server", shelf, cuts)
        return f"sftp://station:s3cret%2F%3F@127.0.0.1:{port}/{path}", fingerprint

    async def test_a_file_arrives_and_one_goes(self, files: FileTransfers, peer: Peer, shelf: Path, target: Path, source: Path) -> None:
        url, _ = self.address(peer, shelf, 0, "fw/image.bin")
        await files.download(url, target)
        await files.upload(url.replace("fw/image.bin", "logs/"), source, name="d.tgz")
        assert whole(target)
        assert whole(shelf / "logs" / "d.tgz")

    async def test_an_interrupted_download_goes_on(self, files: FileTransfers, peer: Peer, shelf: Path, target: Path) -> None:
        url, _ = self.address(peer, shelf, 1, "fw/image.bin")
        done = await files.download(url, target, retries=2, interval_s=0.0)
        assert whole(target)
        assert done.attempts == 2

    async def test_an_interrupted_upload_goes_on(self, files: FileTransfers, peer: Peer, shelf: Path, source: Path) -> None:
        url, _ = self.address(peer, shelf, 1, "logs")
        done = await files.upload(url, source, retries=2, interval_s=0.2)
        assert (shelf / "logs" / "diagnostics.tar.gz").read_bytes() == IMAGE
        assert done.attempts == 2

    async def test_what_the_server_refuses_is_told(self, files: FileTransfers, peer: Peer, shelf: Path, target: Path) -> None:
        url, _ = self.address(peer, shelf, 0, "fw/none.bin")
        with pytest.raises(TransferRefused):
            await files.download(url, target)
        with pytest.raises(TransferRefused):
            await files.download(url.replace("s3cret", "wrong"), target)

    async def test_another_host_key_than_the_first_is_refused_before_the_password_goes(
        self, files: FileTransfers, trust: Trust, peer: Peer, shelf: Path, target: Path, tmp_path: Path
    ) -> None:
        url, fingerprint = self.address(peer, shelf, 0, "fw/image.bin")
        place = re.search(r"@([^/]+)/", url)[1]
        await files.download(url, target)
        told = FileTransfers(evolve(trust, host_keys=FirstUse(None, {place: fingerprint})), HERE)
        await told.download(url, target)
        (tmp_path / "hosts.json").write_text(f'{{"{place}": "SHA256:other"}}')
        with pytest.raises(NotTrusted, match=re.escape(fingerprint)):
            await files.download(url, target, retries=3, interval_s=60.0)
        (tmp_path / "hosts.json").write_text("nonsense")
        with pytest.raises(NotTrusted):
            await files.download(url, target)
        with pytest.raises(NotTrusted):
            await FileTransfers(evolve(trust, host_keys=None), HERE).download(url, target)

    async def test_the_station_itself_is_not_asked(self, trust: Trust, peer: Peer, shelf: Path, target: Path) -> None:
        url, _ = self.address(peer, shelf, 0, "fw/image.bin")
        with pytest.raises(NotTrusted, match="the station itself"):
            await FileTransfers(trust, evolve(HERE, own_addresses=False)).download(url, target)


class TestOfTheStation:
    """What the station itself is given."""

    @pytest.mark.parametrize(("backend", "here"), [("ws://127.0.0.1:9000/ocpp", True), ("wss://backend.example/ocpp", False)])
    async def test_files_beside_the_backend(
        self, peer: Peer, shelf: Path, authority: Any, tmp_path: Path, target: Path, backend: str, here: bool
    ) -> None:
        (port,) = peer("ftp_server", shelf, "plain", 0, authority.issue().save(tmp_path / "ftp.pem"))
        settings = Settings({"operator": {"ocpp.url": backend}}, None, Clock())
        tools = tools_of(settings, Clock(), tmp_path / "data", pages={}, log=RecentLog())
        url = f"ftp://station:s3cret%2F%3F@127.0.0.1:{port}/fw/image.bin"
        if here:
            await tools.files.download(url, target)
            assert whole(target)
        else:
            with pytest.raises(NotTrusted, match="the station itself"):
                await tools.files.download(url, target)

    async def test_sftp_remembers_the_first_host_key(self, peer: Peer, shelf: Path, tmp_path: Path, target: Path) -> None:
        settings = Settings({"operator": {"ocpp.url": "ws://127.0.0.1:9000/ocpp"}}, None, Clock())
        (tmp_path / "data").mkdir()
        tools = tools_of(settings, Clock(), tmp_path / "data", pages={}, log=RecentLog())
        port, fingerprint = peer("sftp_server", shelf, 0)
        await tools.files.download(f"sftp://station:s3cret%2F%3F@127.0.0.1:{port}/fw/image.bin", target)
        assert whole(target)
        assert fingerprint in (tmp_path / "data" / "ssh_hosts.json").read_text()
