"""The real command in a process of its own, where signals, pipes and other programs matter."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from pymodbus.client import ModbusTcpClient

from cc613hal.cli.main import main

COMMAND = [sys.executable, "-m", "cc613hal.cli.main"]


def start(*argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_sim_serves_a_meter_that_answers_http() -> None:
    process = start("sim", "--driver", "meters.lem-dcbm", "--json")
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        with urllib.request.urlopen(f"{told['where']}/v1/livemeasure", timeout=10) as answer:  # our own server
            assert json.loads(answer.read())["voltage"] == 230.0
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


def test_sim_serves_a_meter_to_another_program_until_interrupted() -> None:
    process = start("sim", "--driver", "meters.sdm630", "--tcp", "0", "--json")
    assert process.stdout is not None
    where = json.loads(process.stdout.readline())["where"]
    host, _, port = where.partition(":")
    with ModbusTcpClient(host, port=int(port)) as client:
        answer = client.read_input_registers(0, count=2, device_id=1)
    assert answer.registers == [0x4366, 0x0000], "230.0 V as IEEE 754"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert errors == "cc613hal: interrupted\n"


def test_terminating_a_held_contactor_ends_as_ctrl_c_does() -> None:
    process = start("set", "contactor1", "on", "--yes", "--sim", "--hold", "60")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("contactor1: on")
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = start("watch", "supply", "--sim", "--interval", "0.01")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=20) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_are_no_error(closed: str) -> None:
    finished = subprocess.run(
        ["sh", "-c", f'"$0" -m cc613hal.cli.main check --board bender.cc613 {closed}', sys.executable],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert finished.returncode == 0
    assert finished.stderr == ""


def test_ctrl_c_while_the_command_loads_ends_it_without_a_traceback() -> None:
    for delay_s in (0.05, 0.1, 0.15, 0.2):
        process = start("watch", "--sim")
        time.sleep(delay_s)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert process.returncode in {130, -signal.SIGINT}
        assert "build_parser" not in errors, "no traceback from loading the verbs"


@pytest.mark.parametrize(
    "arguments",
    [
        ("watch", "--sim", "--interval", "nan"),
        ("watch", "--sim", "--interval", "-1"),
        ("watch", "--sim", "--count", "-3"),
        ("record", "--sim", "--rounds", "-1", "x.trace"),
        ("sim", "--driver", "meters.sdm630", "--tcp", "99999"),
        ("trace", "--sim", "--seconds", "inf"),
    ],
)
def test_numbers_that_make_no_sense_are_refused_where_they_are_written(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert "must be 0" in capsys.readouterr().err
