"""The parts of a transfer by themselves: what is kept of a file that came in pieces, how an attempt is ended, who is a known host."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613_chargepoint.ocpp.files import Bounds, FileTransfers, FirstUse, TooBig, TransferFailed, Trust
from cc613_chargepoint.ocpp.files.job import PartFile, Stop, connected
from cc613_chargepoint.ocpp.files.location import location

ORIGIN = "http://files.example/x"


def part(tmp_path: Path, *, limit: int = 1000, origin: str = ORIGIN) -> PartFile:
    return PartFile(tmp_path / "deep" / "image.bin", origin, limit)


def received(file: PartFile, data: bytes, validator: str = '"v1"') -> None:
    file.begin()
    file.identify(validator)
    with file.opened(0) as opened:
        file.write(opened, data)


class TestPartFile:
    def test_what_has_arrived_is_there_for_the_next_attempt(self, tmp_path: Path) -> None:
        received(part(tmp_path), b"half")
        again = part(tmp_path)
        assert (again.begin(), again.validator) == (4, '"v1"')
        with again.opened(4) as opened:
            again.write(opened, b"whole")
        assert again.finish().read_bytes() == b"halfwhole"
        assert [path.name for path in (tmp_path / "deep").iterdir()] == ["image.bin"]

    def test_what_lies_behind_is_cut_off(self, tmp_path: Path) -> None:
        file = part(tmp_path)
        received(file, b"0123456789")
        with file.opened(3) as opened:
            file.write(opened, b"ab")
        assert file.path.read_bytes() == b"012ab"

    @pytest.mark.parametrize("note", ["", "{", "[]", "{}", '{"origin": 7}', '{"origin": "other", "validator": "x"}'])
    def test_a_note_that_does_not_fit_means_to_begin_anew(self, tmp_path: Path, note: str) -> None:
        file = part(tmp_path)
        received(file, b"half")
        file.path.with_name("image.bin.part.json").write_text(note)
        assert part(tmp_path).begin() == 0
        assert not file.path.exists()

    def test_another_address_and_a_file_without_a_name_begin_anew(self, tmp_path: Path) -> None:
        received(part(tmp_path), b"half")
        assert part(tmp_path, origin="http://other.example/x").begin() == 0
        received(part(tmp_path), b"half", validator="")
        assert part(tmp_path).begin() == 0

    def test_a_note_without_its_part_begins_anew(self, tmp_path: Path) -> None:
        file = part(tmp_path)
        received(file, b"half")
        file.path.unlink()
        assert part(tmp_path).begin() == 0

    def test_it_never_grows_beyond_its_limit_whatever_was_said(self, tmp_path: Path) -> None:
        file = part(tmp_path, limit=10)
        received(file, b"0123456789")
        with pytest.raises(TooBig, match="more than 10"), file.opened(10) as opened:
            file.write(opened, b"x")
        assert not file.path.exists()
        with pytest.raises(TooBig, match="11 bytes"):
            file.expect(11)
        file.expect(10)
        file.expect(None)

    def test_there_is_no_whole_file_before_it_is_whole(self, tmp_path: Path) -> None:
        file = part(tmp_path)
        file.target.parent.mkdir()
        file.target.write_bytes(b"the one before")
        received(file, b"half")
        assert file.target.read_bytes() == b"the one before"
        assert file.finish().read_bytes() == b"half"

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=6))
    def test_pieces_make_the_whole_whenever_it_is_interrupted(self, tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
        place = tmp_path_factory.mktemp("part")
        for piece in pieces:
            file = part(place)
            have = file.begin()
            file.identify("v")
            with file.opened(have) as opened:
                file.write(opened, piece)
        assert part(place).begin() == len(b"".join(pieces))
        assert part(place).finish().read_bytes() == b"".join(pieces)


class TestStop:
    def test_what_is_attached_is_closed_once_and_what_comes_later_at_once(self) -> None:
        stop, closed = Stop(60.0), []
        stop.attach(lambda: closed.append("first"))
        stop.check()
        stop.ask()
        stop.ask()
        stop.attach(lambda: closed.append("late"))
        assert closed == ["first", "late"]
        with pytest.raises(TransferFailed, match="was stopped") as told:
            stop.check()
        assert not told.value.transient

    def test_an_attempt_takes_only_so_long(self) -> None:
        with pytest.raises(TransferFailed, match="within 0 s"):
            Stop(0.0).check()
        assert Stop(0.0).left_s() == 0.0
        assert 50.0 < Stop(60.0).left_s() <= 60.0

    def test_a_connection_is_shut_down_whatever_is_laid_over_it(self) -> None:
        stop, (ours, theirs) = Stop(60.0), socket.socketpair()
        with ours, theirs:
            stop.watch(ours)
            stop.ask()
            assert theirs.recv(1) == b""
            stop.release()

    def test_what_was_released_is_left_alone(self) -> None:
        stop, (ours, theirs) = Stop(60.0), socket.socketpair()
        with ours, theirs:
            stop.watch(ours)
            stop.release()
            stop.ask()
            ours.sendall(b"x")
            assert theirs.recv(1) == b"x"

    def test_a_connection_that_is_refused_is_closed(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            stop = Stop(60.0)
            where = location(f"http://127.0.0.1:{server.getsockname()[1]}/")
            with pytest.raises(OSError, match="the station itself"):
                connected(where, Bounds(), stop)
            accepted, _ = server.accept()
            stop.release()
            with accepted:
                assert accepted.recv(1) == b""


class TestHosts:
    def test_a_key_that_was_told_is_the_only_one(self, tmp_path: Path) -> None:
        hosts = FirstUse(tmp_path / "hosts.json", {"files.example:22": "SHA256:a"})
        assert hosts.trusts("Files.Example", 22, "SHA256:a")
        assert not hosts.trusts("files.example", 22, "SHA256:b")
        assert not (tmp_path / "hosts.json").exists()

    def test_the_first_key_of_each_place_is_remembered(self, tmp_path: Path) -> None:
        for port in (22, 2022):
            assert FirstUse(tmp_path / "hosts.json").trusts("x", port, f"SHA256:{port}")
            assert FirstUse(tmp_path / "hosts.json").trusts("X", port, f"SHA256:{port}")
            assert not FirstUse(tmp_path / "hosts.json").trusts("x", port, "SHA256:other")
        assert json.loads((tmp_path / "hosts.json").read_text()) == {"x:22": "SHA256:22", "x:2022": "SHA256:2022"}

    def test_who_may_not_remember_trusts_nobody_new(self) -> None:
        assert not FirstUse(None).trusts("x", 22, "SHA256:a")


@pytest.fixture
def dribbling() -> int:  # type: ignore[misc]
    """A server that sends a byte now and then, for ever."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.02)
        except OSError:
            return

    thread = threading.Thread(target=serve)
    thread.start()
    yield server.getsockname()[1]
    server.close()
    thread.join()


async def test_a_server_that_dribbles_is_left_in_the_end(dribbling: int, tmp_path: Path) -> None:
    bounds = Bounds(own_addresses=True, silence_s=5.0, longest_s=0.3)
    files = FileTransfers(Trust(tls=ssl.create_default_context()), bounds)
    with pytest.raises(TransferFailed, match=r"not finished within 0\.3 s"):
        await files.download(f"http://127.0.0.1:{dribbling}/x", tmp_path / "x")


async def test_attempts_wait_as_long_as_the_backend_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    class Recorded:
        async def sleep(self, seconds: float) -> None:
            waited.append(seconds)
            await asyncio.sleep(0)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    files = FileTransfers(Trust(tls=ssl.create_default_context()), evolve(Bounds(), own_addresses=True))
    monkeypatch.setattr(files, "_clock", Recorded())
    for interval in (7.0, None):
        with pytest.raises(TransferFailed):
            await files.download(f"http://127.0.0.1:{port}/x", tmp_path / "x", retries=2, interval_s=interval)
    assert waited == [7.0, 7.0, 30.0, 30.0]
