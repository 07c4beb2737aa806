"""Ctrl-C and SIGTERM, in a process of their own: the safe state is reached and the exit code tells."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, sys
import cc613hal_test_parts as parts
from cc613hal.board import open_board, parse_board
from cc613hal.bus.sim.factory import SimulatedBuses
from cc613hal.clock import Clock
from cc613hal.interfaces import Relay
from cc613hal.plugins.manager import Plugins

TEXT = '''
schema = 1
name = "b"
[bus.gpio]
type = "gpio"
chips = ["/dev/gpiochip0"]
lines = { K1 = "gpiochip0:1" }
[device.k1]
driver = "test.contactor"
lines = { coil = "K1" }
'''

async def main():
    buses = SimulatedBuses(Clock())
    parts.Switch.slow["k1"] = 0.3
    try:
        async with open_board(parse_board(TEXT, plugins=Plugins.discover(only=[], extra=[parts.Package()])), buses) as board:
            await board.get(Relay).switch_on()
            print("ready", flush=True)
            await asyncio.sleep(30)
    finally:
        print("safe", parts.Switch.story, buses.gpio("gpio").wire("K1").level.value, flush=True)

asyncio.run(main())
"""


INTERRUPTED_ON_THE_WAY = """
import os, signal
original = parts.Switch.make_safe

async def make_safe(self):
    os.kill(os.getpid(), signal.SIGINT)
    self.story.append("goes on")
    await original(self)

parts.Switch.make_safe = make_safe
"""


def run(*signals: signal.Signals, before: str = "") -> tuple[int, str]:
    program = PROGRAM.replace("asyncio.run(main())", f"{before}\nasyncio.run(main())")
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parent
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for number in signals:
            process.send_signal(number)
        output, _ = process.communicate(timeout=20)
    return process.returncode, output


def test_ctrl_c() -> None:
    assert run(signal.SIGINT) == (-signal.SIGINT, "safe ['k1', 'k1 closed'] False\n")


@pytest.mark.timeout(30)
def test_sigterm_as_a_service_manager_sends_it() -> None:
    assert run(signal.SIGTERM) == (128 + signal.SIGTERM, "safe ['k1', 'k1 closed'] False\n")


@pytest.mark.timeout(30)
def test_a_second_ctrl_c_does_not_break_into_the_way_to_the_safe_state() -> None:
    code, output = run(signal.SIGINT, before=INTERRUPTED_ON_THE_WAY)
    assert output == "safe ['goes on', 'k1', 'k1 closed'] False\n"
    assert code == -signal.SIGINT
