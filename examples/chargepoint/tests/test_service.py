"""The application under a supervisor: one owner per data directory, ready in time, alive, structured logs, and what it kept."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import weakref
from pathlib import Path

import attrs
import pytest

from cc613_chargepoint.cli import main
from cc613_chargepoint.command import _parser
from cc613_chargepoint.service import BoardInUse, DataDirectoryBusy, JsonLines, Supervisor, owned, owned_board, settled
from cc613hal.board import load_board
from cc613hal.errors import ConfigError

RUN = [sys.executable, "-m", "cc613_chargepoint", "run", "--sim", "--by-hand"]


class TestPauses:
    def test_what_lives_as_long_as_the_station_is_not_looked_through_again(self) -> None:
        settled()
        try:
            assert gc.get_freeze_count() > 10_000
            assert len(gc.get_objects(generation=2)) < 1000
        finally:
            gc.unfreeze()

    def test_the_remains_of_the_station_before_are_collected(self) -> None:
        class Remains:
            def __init__(self) -> None:
                self.itself = self

        before = weakref.ref(remains := Remains())
        settled()
        del remains
        try:
            settled()
            assert before() is None
        finally:
            gc.unfreeze()


class TestDataDirectory:
    def test_it_has_one_owner(self, tmp_path: Path) -> None:
        with owned(tmp_path / "data"), pytest.raises(DataDirectoryBusy, match=str(os.getpid())), owned(tmp_path / "data"):
            pass
        with owned(tmp_path / "data"):
            pass

    def test_one_that_cannot_be_made_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(ConfigError, match="cannot be used"), owned(tmp_path / "file" / "data"):
            pass

    def test_the_command_says_so(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with owned(tmp_path):
            assert main(["run", "--sim", "--data", str(tmp_path)]) == 2
        assert "another station runs" in capsys.readouterr().err


def apart(place: Path) -> Path:
    """An overlay that puts a board's wires where nobody else on this machine has any."""
    file = place / "apart.toml"
    buses = ("i2c0", "spi0", "meter", "reader", "pwm")
    file.write_text("".join(f'[bus.{name}]\npath = "{place}/{name}"\n' for name in buses))
    return file


class TestBoard:
    def test_its_wires_have_one_owner(self, tmp_path: Path) -> None:
        """Whatever the data directories: I2C and SPI would let two applications switch one contactor."""
        board = load_board("bender.cc613", overlays=[apart(tmp_path)])
        with owned_board(board), pytest.raises(BoardInUse, match=f"process {os.getpid()}") as refused, owned_board(board):
            pass
        assert "a board belongs to one application" in str(refused.value)
        with owned_board(board):
            pass

    def test_boards_on_other_wires_do_not_mind_each_other(self, tmp_path: Path) -> None:
        board = load_board("bender.cc613", overlays=[apart(tmp_path)])
        other = attrs.evolve(
            board, buses={name: attrs.evolve(each, path=f"{each.path}9") for name, each in board.buses.items() if hasattr(each, "path")}
        )
        with owned_board(board), owned_board(other):
            pass

    def test_one_wire_in_common_is_enough(self, tmp_path: Path) -> None:
        """Also under another name: a link made by udev is the same wire."""
        board = load_board("bender.cc613", overlays=[apart(tmp_path)])
        node, link = tmp_path / "i2c-1", tmp_path / "by-name"
        node.write_text("")
        link.symlink_to(node)
        one, other = (attrs.evolve(board, buses={"i2c0": attrs.evolve(board.buses["i2c0"], path=str(path))}) for path in (node, link))
        with owned_board(one), pytest.raises(BoardInUse, match="i2c-1"), owned_board(other):
            pass

    def test_a_second_application_is_refused_before_it_touches_a_wire(self, tmp_path: Path) -> None:
        """Each has a data directory of its own; the first one holds the board."""
        with owned_board(load_board("bender.cc613", overlays=[apart(tmp_path)])):
            second = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "cc613_chargepoint",
                    "run",
                    "--energise-real-hardware",
                    "--overlay",
                    str(tmp_path / "apart.toml"),
                    "--data",
                    str(tmp_path / "second"),
                ],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        assert second.returncode == 2
        assert f"another station works with {tmp_path}/i2c0 of bender.cc613 (process {os.getpid()})" in second.stderr
        assert "Traceback" not in second.stderr

    def test_simulated_boards_share_nothing(self, tmp_path: Path) -> None:
        with owned_board(load_board("bender.cc613", overlays=[apart(tmp_path)])):
            assert main(["run", "--sim", "--virtual", "--for", "1", "--overlay", str(tmp_path / "apart.toml")]) == 0


class Listener:
    """A supervisor's end of the notification socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(20.0)
        self.environment = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "400000"}

    def next(self) -> list[str]:
        return self.socket.recv(4096).decode().split("\n")

    def close(self) -> None:
        self.socket.close()


def operated(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the documentation tells people to type at a running station."""

    def answer(verb: str, *words: str) -> str:
        assert main([verb, *(words[:1] if verb == "config" else ()), "--data", str(data), *(words[1:] if verb == "config" else words)]) == 0
        return capsys.readouterr().out

    def happen(*words: str) -> str:
        assert main(["sim", words[0], "--data", str(data), *words[1:]]) == 0
        return capsys.readouterr().out

    assert "connector 1" in answer("status")
    assert json.loads(answer("status", "--json"))["board"] == "bender.cc613"
    assert "7 A by noon" in answer("limit", "7", "--for", "600", "--source", "noon")
    assert "noon" not in answer("limit", "none", "--source", "noon")
    assert "installation.operator_current_a = 12 A  [operator]" in answer("config", "set", "installation.operator_current_a=12")
    assert "12 A by operator" in answer("status")
    assert "device" not in answer("fault")
    answer("sessions", "--json")
    assert "is available" in happen("wait", "available")
    assert "connector 1: empty" in happen("look")
    happen("tap", "04A2B3C4")
    assert "32 A cable" in happen("plug")
    assert json.loads(happen("wait", "charging", "--json"))["detail"] == "connector 1 is charging"
    assert "Sampled" in answer("watch", "--json", "--count", "3")
    happen("fault", "residual-dc")
    happen("wait", "faulted")
    assert main(["sim", "unplug", "--data", str(data), "--connector", "2"]) == 4
    assert "there is no connector 2" in capsys.readouterr().err


def test_a_supervised_station_is_ready_alive_and_stops_in_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listener = Listener(tmp_path / "notify")
    environment = {**os.environ, **listener.environment}
    started = time.monotonic()
    station = subprocess.Popen(
        [*RUN, "--data", str(tmp_path / "data"), "--log", "json"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        seen = listener.next()
        while "READY=1" not in seen:
            seen = listener.next()
        assert f"MAINPID={station.pid}" in seen
        assert time.monotonic() - started < 15.0
        assert ["WATCHDOG=1"] in [listener.next() for _ in range(3)]
        second = subprocess.run([*RUN, "--data", str(tmp_path / "data")], capture_output=True, text=True, timeout=30, check=False)
        assert second.returncode == 2
        assert f"process {station.pid}" in second.stderr
        operated(tmp_path / "data", capsys)
        station.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        _, errors = station.communicate(timeout=20)
        assert time.monotonic() - asked < 5.0
        assert station.returncode == 0
        assert "Traceback" not in errors
        lines = [json.loads(line) for line in errors.splitlines()]
        news = [line["event"]["type"] for line in lines if line["logger"] == "station"]
        assert {"StateChanged", "Decided", "Offered", "FaultRaised"} <= set(news)
        assert "Sampled" not in news, "readings every second would drown a log"
    finally:
        station.kill()
        station.wait()
        listener.close()


def test_a_supervisor_that_does_not_listen_is_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Supervisor({}).tell("READY=1")
    assert caplog.text == ""
    Supervisor({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).tell("READY=1")
    assert "cannot be told" in caplog.text


async def test_somebody_elses_watchdog_is_not_fed(tmp_path: Path) -> None:
    other = Supervisor({"NOTIFY_SOCKET": "x", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"})
    async with asyncio.timeout(1.0):
        await other.keep_alive()


def test_a_log_line_for_machines_holds_everything(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError("deep\ncause")
    except ValueError:
        record = logging.LogRecord("station", logging.ERROR, __file__, 1, "it %s", ("broke",), sys.exc_info())
    line = JsonLines().format(record)
    data = json.loads(line)
    assert "\n" not in line
    assert (data["level"], data["logger"], data["message"]) == ("error", "station", "it broke")
    assert "deep" in data["trace"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
class TestUnit:
    UNIT = Path(__file__).parents[1] / "systemd" / "cc613-chargepoint.service"

    def test_systemd_understands_every_directive(self, tmp_path: Path) -> None:
        unit = tmp_path / self.UNIT.name
        unit.write_text(re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", self.UNIT.read_text()))
        done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=30, check=False)
        assert self.UNIT.name not in done.stderr, done.stderr

    def test_it_gives_away_little(self) -> None:
        command = ["systemd-analyze", "security", "--offline=yes", "--threshold=25", "--no-pager", str(self.UNIT)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        if "Failed" in done.stderr or "unrecognized" in done.stderr:
            pytest.skip(f"this systemd cannot judge a file: {done.stderr.strip()}")
        assert done.returncode == 0, done.stdout[-500:]

    def test_what_it_starts_is_what_the_command_line_takes(self) -> None:
        (line,) = re.findall(r"^ExecStart=(.*)$", self.UNIT.read_text(), re.MULTILINE)
        words = line.split()
        assert words[0].endswith("/cc613-chargepoint")
        arguments = _parser().parse_args(words[1:])
        assert arguments.energise_real_hardware
        assert arguments.log == "json"
