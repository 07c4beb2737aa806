"""As people do it: two directories, one command at each, two programs, and the power goes at any moment."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from cc613_chargepoint.cli import main

PROGRAM = [sys.executable, "-m", "cc613_chargepoint"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def typed(*words: object) -> tuple[int, str, str]:
    """What the command line answers: exit code, output, errors. In this process: a new one for every look would take its time."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        code = main([str(word) for word in words])
    return code, out.getvalue(), errors.getvalue()


def answer(*words: object) -> Any:
    code, out, errors = typed(*words, "--json")
    assert code == 0, errors
    return json.loads(out)


@define
class Two:
    """Both controllers, by their data directories."""

    place: Path
    running: dict[str, subprocess.Popen[str]] = field(factory=dict)
    errors: list[str] = field(factory=list)

    def pair(self) -> None:
        port, link = free_port(), free_port()
        for name in ("master", "slave"):
            assert main(["config", "set", "--data", str(self.place / name), f"pairing.port={link}", "pairing.lease_s=4"]) == 0
        waiting = subprocess.Popen(
            [*PROGRAM, "pair", "master", "--data", str(self.place / "master"), "--port", str(port), "--listen", "127.0.0.1", "--json"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert waiting.stdout is not None
        code = json.loads(waiting.stdout.readline())["code"]
        told = answer("pair", "slave", "--data", self.place / "slave", "--port", port, "127.0.0.1", code)
        assert told["changed"]["pairing.role"]["value"] == "slave"
        rest, _ = waiting.communicate(timeout=60)
        assert waiting.returncode == 0
        assert json.loads(rest)["changed"]["pairing.role"]["value"] == "master"

    def start(self, name: str) -> None:
        self.running[name] = subprocess.Popen(
            [*PROGRAM, "run", "--sim", "--by-hand", "--data", str(self.place / name)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill(self, name: str, how: signal.Signals = signal.SIGKILL) -> None:
        process = self.running.pop(name)
        process.send_signal(how)
        _, errors = process.communicate(timeout=60)
        self.errors.append(errors)
        if how is signal.SIGTERM:
            assert process.returncode == 0, errors

    def status(self) -> dict[int, dict[str, Any]]:
        """The connectors of the master, empty while it starts."""
        code, out, _ = typed("status", "--data", self.place / "master", "--json")
        return {} if code else {each["number"]: each for each in json.loads(out)["connectors"]}

    def until(self, state: str, within_s: float = 60.0) -> dict[str, Any]:
        """Wait for connector 2 of the master."""
        until = time.monotonic() + within_s
        seen: dict[int, dict[str, Any]] = {}
        while time.monotonic() < until:
            seen = self.status()
            if seen and seen[2]["state"] == state:
                return seen[2]
            time.sleep(0.2)
        raise AssertionError(f"connector 2 did not become {state}: {seen}")

    def sim(self, name: str, *words: str) -> None:
        code, _, errors = typed("sim", *words, "--data", self.place / name)
        assert code == 0, errors

    def sessions(self, name: str) -> dict[str, dict[str, Any]]:
        return {each["uid"]: each for each in answer("sessions", "--data", self.place / name)["sessions"]}


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    made = Two(tmp_path)
    try:
        yield made
    finally:
        for process in made.running.values():
            process.kill()
            process.communicate()


@pytest.mark.timeout(300)
def test_two_controllers_are_paired_charge_and_are_killed_in_the_middle(two: Two) -> None:
    two.pair()
    assert answer("pair", "show", "--data", two.place / "slave")["paired"]
    for name in ("master", "slave"):
        two.start(name)
    two.until("available")
    two.sim("slave", "plug")
    two.sim("master", "tap")
    charging = two.until("charging")
    assert charging["offer_a"] == 16.0
    two.kill("master")  # SIGKILL: the slave goes on
    two.start("master")
    two.until("charging")
    two.kill("slave")  # and now it does not
    faulted = two.until("faulted")
    assert [each["name"] for each in faulted["faults"]] == ["slave-unreachable"]
    two.start("slave")
    two.until("available")
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline and not all(each["ended"] for each in two.sessions("master").values()):
        time.sleep(0.2)
    at_master, at_slave = two.sessions("master"), two.sessions("slave")
    assert at_master.keys() == at_slave.keys()
    assert len(at_master) == 1
    assert [each["energy_wh"] for each in at_master.values()] == [each["energy_wh"] for each in at_slave.values()]
    assert {each["name"] for each in answer("fault", "--data", two.place / "master")["faults"]} == {"slave-unreachable"}
    for name in ("slave", "master"):
        two.kill(name, signal.SIGTERM)
    assert not any("Traceback" in errors for errors in two.errors)


@pytest.mark.timeout(300)
def test_killed_at_random_nothing_is_lost_and_nothing_is_billed_twice(two: Two) -> None:
    """A few rounds in every run of the tests; PAIR_KILLS=50 for more."""
    dice = random.Random(os.environ.get("PAIR_SEED", "613"))
    two.pair()
    for name in ("master", "slave"):
        two.start(name)
    for _ in range(int(os.environ.get("PAIR_KILLS", "2"))):
        two.until("available")
        two.sim("slave", "plug")
        two.sim("master", "tap")
        time.sleep(dice.uniform(0.0, 4.0))
        victim = dice.choice(["master", "slave"])
        two.kill(victim)
        time.sleep(dice.uniform(0.0, 2.0))
        two.start(victim)
        time.sleep(dice.uniform(0.0, 3.0))
        if victim == "master":  # a simulated vehicle dies with its simulated controller
            with contextlib.suppress(AssertionError):
                two.sim("slave", "unplug", "--force")
    two.until("available")
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        at_master, at_slave = two.sessions("master"), two.sessions("slave")
        if at_master.keys() == at_slave.keys() and all(each["ended"] for each in (*at_master.values(), *at_slave.values())):
            break
        time.sleep(0.3)
    assert {uid: each["energy_wh"] for uid, each in at_master.items()} == {uid: each["energy_wh"] for uid, each in at_slave.items()}
    assert all(each["ended"] for each in at_master.values())
    for name in ("slave", "master"):
        two.kill(name, signal.SIGTERM)
    assert not any("Traceback" in errors for errors in two.errors)


# -- what can be typed wrong --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["master", "slave"])
def test_a_role_without_a_partner_is_refused_with_the_next_step(role: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--sim", "--role", role, "--data", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert "pair slave" in error or "pair master" in error


@pytest.mark.parametrize("more", [[], ["--data", "x", "--virtual", "--once"]])
def test_a_role_needs_a_directory_and_the_real_time(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--sim", "--role", "slave", *more]) == 2
    assert "--role slave needs --data" in capsys.readouterr().err


def test_a_code_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pair", "slave", "--data", str(tmp_path), "127.0.0.1", "ABCD"]) == 2
    assert "no pairing code" in capsys.readouterr().err
    assert not (tmp_path / "station.db").exists()


def test_who_is_paired_says_so_and_is_not_paired_anew_by_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from cc613_chargepoint.pairing.code import PairingCode
    from cc613_chargepoint.pairing.identity import Identity

    data = str(tmp_path / "one")
    assert main(["pair", "show", "--data", data]) == 0
    assert capsys.readouterr().out == "not paired\n"
    other = Identity.of(tmp_path / "other")
    Identity.of(tmp_path / "one").trust(other.certificate)
    assert main(["pair", "show", "--data", data]) == 0
    assert other.words() in capsys.readouterr().out
    code = str(PairingCode.fresh(other.certificate))
    assert main(["pair", "slave", "--data", data, "127.0.0.1", code]) == 2
    assert "is paired already" in capsys.readouterr().err
    assert main(["pair", "slave", "--data", data, "--again", "--port", str(free_port()), "127.0.0.1", code]) == 3
    assert "pair master" in capsys.readouterr().err
    assert main(["pair", "forget", "--data", data]) == 0
    assert main(["pair", "show", "--data", data, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["paired"] is False


@pytest.mark.parametrize(
    ("assignments", "mistake"),
    [
        (["pairing.role=slave"], "would never find its master"),
        (["pairing.safe_current_a=20", "pairing.supply_current_a=16"], "is more than"),
        (["pairing.connector=1"], "pairing.connector"),
        (["pairing.lost_policy=hope"], "continue"),
    ],
)
def test_settings_that_contradict_are_refused(
    assignments: list[str], mistake: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "set", "--data", str(tmp_path), *assignments]) == 2
    assert mistake in capsys.readouterr().err
