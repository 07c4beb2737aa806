"""The acceptance list of OCPP 1.6 once more, over SOAP: every case that does not speak of JSON, WebSockets or the security whitepaper."""

from __future__ import annotations

import inspect
import re

import pytest

from cc613_chargepoint.ocpp.soap import Spoken
from tests.ocpp.bench import BOARDS, STORIES, Story
from tests.ocpp.compliance import test_beyond, test_core, test_lists, test_metering, test_remote, test_smart_charging, test_upkeep
from tests.ocpp.soap_central import play

MODULES = (test_beyond, test_core, test_lists, test_metering, test_remote, test_smart_charging, test_upkeep)
JSON = re.compile(r"central\.(say|strays|requests|password|serve|refuses)\b|\.transport\b|\]\.id\b")
"""What a case touches that has no counterpart over SOAP: frames as they are, the WebSocket, message ids."""
ELSEWHERE: dict[str, str] = {}
"""Further cases that say nothing over SOAP, and why."""
TOLD = {name: told for module in MODULES for name, told in STORIES[module.__name__].items()}
SPOKEN = {name: told for name, told in TOLD.items() if name not in ELSEWHERE and not JSON.search(inspect.getsource(told.story))}


def test_what_is_left_out_is_there_and_has_a_reason() -> None:
    assert all(name in TOLD and reason for name, reason in ELSEWHERE.items())
    assert len(TOLD) - len(SPOKEN) < 10


@pytest.mark.timeout(300)  # a thousand transactions are several thousand exchanges of HTTP
@pytest.mark.parametrize("name", SPOKEN)
def test_over_soap(name: str) -> None:
    told: Story = TOLD[name]
    play(told.story, Spoken.V16, board=BOARDS[told.boards[0]], settings=told.settings, boot=told.boot, start=told.start)
