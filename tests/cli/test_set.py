"""``set`` asks before it touches the power path, and does not energise real hardware by accident."""

from __future__ import annotations

import pytest

from cc613hal.cli import set_
from cc613hal.cli.exit_codes import ExitCode


def test_real_hardware_is_not_energised_without_the_flag(cc613hal):
    outcome = cc613hal("set", "contactor1", "on", "--yes", "--board", "bender.cc613")
    assert outcome.status == ExitCode.REFUSED
    assert "--energise-real-hardware" in outcome.err


@pytest.mark.parametrize(("device", "action"), [("contactor1", "off"), ("lock1", "unlock"), ("pilot1", "offer"), ("rcd1", "self-test")])
def test_the_power_path_is_not_touched_where_nobody_can_be_asked(cc613hal, device, action):
    outcome = cc613hal("set", device, action, sim=True)
    assert outcome.status == ExitCode.REFUSED
    assert "--yes" in outcome.err


@pytest.mark.parametrize(("answer", "status"), [("y", ExitCode.OK), ("", ExitCode.REFUSED), ("no", ExitCode.REFUSED)])
def test_a_person_is_asked(cc613hal, monkeypatch, answer, status):
    questions = []
    monkeypatch.setattr(set_, "interactive", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: questions.append(question) or answer)
    assert cc613hal("set", "lock1", "lock", sim=True).status == status
    assert "lock1 lock" in questions[0]
    assert "simulated" in questions[0]


def test_switching_gives_evidence(cc613hal):
    outcome = cc613hal("set", "contactor1", "on", "--yes", "--json", sim=True)
    assert outcome.status == ExitCode.OK
    assert outcome.data["result"]["state"] == "on"
    assert outcome.data["result"]["verified"] is True


def test_harmless_things_need_no_yes(cc613hal):
    assert cc613hal("set", "leds", "show", "#00ff00", "blink", "--hold", "0.01", sim=True).status == ExitCode.OK
    assert cc613hal("set", "relay2", "off", sim=True).status == ExitCode.OK


def test_self_test_says_what_it_saw(cc613hal):
    outcome = cc613hal("set", "rcd1", "self-test", "--yes", sim=True)
    assert outcome.status == ExitCode.OK
    assert "passed yes" in outcome.out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("meter1", "on"), "it can only be read"),
        (("contactor1", "open"), "on, off"),
        (("leds", "show", "purple-ish"), "#RRGGBB"),
        (("leds", "show", "red", "wobble"), "blink"),
        (("leds", "show"), "green blink"),
        (("nobody", "on"), "contactor1"),
    ],
)
def test_wrong_words_are_answered_with_the_right_ones(cc613hal, words, hint):
    outcome = cc613hal("set", *words, "--yes", sim=True)
    assert outcome.status == ExitCode.USAGE
    assert hint in outcome.err


def test_a_duty_cycle_must_be_a_number(cc613hal):
    assert cc613hal("set", "pilot1", "offer", "much", "--yes", sim=True).status == ExitCode.USAGE
    assert cc613hal("set", "pilot1", "offer", "99", "--yes", sim=True).status == ExitCode.USAGE
    assert cc613hal("set", "pilot1", "offer", "50", "--yes", sim=True).status == ExitCode.OK
