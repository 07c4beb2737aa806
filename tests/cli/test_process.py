"""The real command in a process of its own, where signals, pipes and other programs matter."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

from pymodbus.client import ModbusTcpClient

COMMAND = [sys.executable, "-m", "cc613hal.cli.main"]


def start(*argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*COMMAND, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_sim_serves_a_meter_to_another_program_until_interrupted():
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


def test_terminating_a_held_contactor_ends_as_ctrl_c_does():
    process = start("set", "contactor1", "on", "--yes", "--sim", "--hold", "60")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("contactor1: on")
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_a_reader_that_goes_away_is_no_error():
    process = start("watch", "supply", "--sim", "--interval", "0.01")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=20) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
