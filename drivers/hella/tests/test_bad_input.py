"""The library's table of bad input; jams and broken contact wires are in the tests of the locks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from cc613hal.testing.conformance import BadInputSuite

LINES_ONLY = {
    "wrong_identity": "a line has no identity",
    "out_of_range": "a contact is open or closed",
    "frozen": "a bolt that stays where it is, is the usual thing; one that does not follow its motor is a jam",
    "lost_answer": "a line is read in the call itself: it is there or it is not",
}


class TestMicroActuator1(BadInputSuite):
    driver = "hella.micro-actuator-1"
    cannot: ClassVar[Mapping[str, str]] = LINES_ONLY
