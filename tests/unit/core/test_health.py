"""Health: one line when a device goes, one when it comes back, and no defect is forgotten in between."""

from __future__ import annotations

import logging

import pytest

from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusClosed, BusMissing, BusTimeout, WrongIdentity
from cc613hal.health import Health, HealthChange, HealthState

SILENT = BusTimeout("did not answer", device="meter1")


@pytest.fixture
def health() -> Health:
    return Health("meter1", Clock())


def heard(health: Health) -> list[HealthChange]:
    changes: list[HealthChange] = []
    health.changes.on(changes.append)
    return changes


def test_a_device_begins_unknown_and_is_not_to_be_used(health: Health) -> None:
    assert (health.state, health.reason, health.usable) == (HealthState.UNKNOWN, "not connected yet", False)


def test_the_first_answer_makes_it_usable(health: Health) -> None:
    health.succeeded()
    assert health.state is HealthState.OK
    assert health.usable


def test_a_device_that_never_answered_is_offline_at_the_first_failure(health: Health) -> None:
    health.failed(SILENT)
    assert health.state is HealthState.OFFLINE
    assert health.last_error is SILENT


def test_one_lost_frame_does_not_take_a_device_offline(health: Health) -> None:
    health.succeeded()
    for _ in range(5):
        health.failed(SILENT)
        health.failed(SILENT)
        health.succeeded()
    assert health.state is HealthState.OK


def test_three_failures_in_a_row_do(health: Health) -> None:
    health.succeeded()
    for _ in range(3):
        assert health.usable
        health.failed(SILENT)
    assert health.state is HealthState.OFFLINE
    assert "did not answer" in health.reason


@pytest.mark.parametrize("error", [BusMissing("no such node"), WrongIdentity("an LM75 answers")])
def test_what_cannot_heal_takes_it_offline_at_once(health: Health, error: Exception) -> None:
    health.succeeded()
    health.failed(error)
    assert health.state is HealthState.OFFLINE


def test_unplugged_is_offline_at_once(health: Health) -> None:
    health.succeeded()
    health.offline(BusClosed("unplugged"))
    assert (health.state, health.reason) == (HealthState.OFFLINE, "unplugged")


def test_a_device_that_goes_and_returns_makes_two_changes_and_two_lines(health: Health, caplog: pytest.LogCaptureFixture) -> None:
    health.succeeded()
    changes = heard(health)
    with caplog.at_level(logging.INFO):
        for _ in range(50):
            health.failed(SILENT)
        for _ in range(50):
            health.succeeded()
    assert [(change.before, change.after) for change in changes] == [
        (HealthState.OK, HealthState.OFFLINE),
        (HealthState.OFFLINE, HealthState.OK),
    ]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "meter1: ok -> offline: meter1: did not answer" in caplog.records[0].getMessage()
    assert changes[0].error is SILENT


def test_answers_do_not_clear_a_defect(health: Health) -> None:
    health.fault("contacts welded")
    health.succeeded()
    assert (health.state, health.usable) == (HealthState.FAULT, False)
    health.ok()
    assert health.state is HealthState.OK


@pytest.mark.parametrize(("report", "state"), [("fault", HealthState.FAULT), ("degraded", HealthState.DEGRADED)])
def test_a_defect_is_still_there_after_a_time_offline(health: Health, report: str, state: HealthState) -> None:
    getattr(health, report)("one contact hangs")
    for _ in range(3):
        health.failed(SILENT)
    assert health.state is HealthState.OFFLINE
    health.succeeded()
    assert (health.state, health.reason) == (state, "one contact hangs")


def test_a_cleared_defect_does_not_come_back(health: Health) -> None:
    health.fault("contacts welded")
    health.ok("weld check passed")
    health.offline(BusClosed("unplugged"))
    health.succeeded()
    assert health.state is HealthState.OK


def test_a_degraded_device_works(health: Health) -> None:
    health.degraded("no parity on this line")
    assert health.usable
    assert health.reason == "no parity on this line"


def test_since_tells_how_long() -> None:
    async def main() -> float:
        clock = Clock()
        health = Health("meter1", clock)
        await clock.sleep(60.0)
        health.offline(SILENT)
        await clock.sleep(3600.0)
        health.offline(SILENT)
        return health.since.age_s(clock.stamp())

    assert run_virtual(main()) == pytest.approx(3600.0)
