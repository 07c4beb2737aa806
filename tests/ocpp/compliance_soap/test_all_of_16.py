"""The acceptance list of OCPP 1.6 once more, over SOAP: every case that does not speak of JSON, WebSockets or the security whitepaper."""

from __future__ import annotations

import pytest

from cc613_chargepoint.ocpp.soap import Spoken
from tests.ocpp.bench import BOARDS, STORIES, Story
from tests.ocpp.compliance import test_beyond, test_core, test_lists, test_metering, test_remote, test_smart_charging, test_upkeep
from tests.ocpp.soap_central import play

MODULES = (test_beyond, test_core, test_lists, test_metering, test_remote, test_smart_charging, test_upkeep)
ELSEWHERE = {
    "test_x16_08": "pings keep a WebSocket alive; over SOAP each message finds out by itself",
    "test_x16_12": "frames of JSON; envelopes are thrown at the listener in its own tests",
    "test_what_may_have_arrived_is_said_again_under_its_message_id": "message ids of JSON; over SOAP each exchange has a new one",
}
"""Cases that say nothing over SOAP, and why."""
TOLD = {name: told for module in MODULES for name, told in STORIES[module.__name__].items()}


def test_what_is_left_out_is_there_and_has_a_reason() -> None:
    assert all(name in TOLD and reason for name, reason in ELSEWHERE.items())


@pytest.mark.timeout(300)  # a thousand transactions are several thousand exchanges of HTTP
@pytest.mark.parametrize("name", [name for name in TOLD if name not in ELSEWHERE])
def test_over_soap(name: str) -> None:
    told: Story = TOLD[name]
    play(told.story, Spoken.V16, board=BOARDS[told.boards[0]], settings=told.settings, boot=told.boot, start=told.start)
