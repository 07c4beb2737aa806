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


class TestKuester02s(BadInputSuite):
    driver = "actuators.kuester-02s"
    cannot: ClassVar[Mapping[str, str]] = LINES_ONLY


class TestWalther9798999009(BadInputSuite):
    driver = "actuators.walther-9798999009"
    cannot: ClassVar[Mapping[str, str]] = LINES_ONLY


class TestScame20023261bl(BadInputSuite):
    driver = "actuators.scame-200.23261bl"
    cannot: ClassVar[Mapping[str, str]] = LINES_ONLY


class TestHartingType2(BadInputSuite):
    driver = "actuators.harting-type2"
    cannot: ClassVar[Mapping[str, str]] = LINES_ONLY


class TestKuester04s(BadInputSuite):
    driver = "actuators.kuester-04s"
    cannot: ClassVar[Mapping[str, str]] = LINES_ONLY


class TestScame20023260bs(BadInputSuite):
    driver = "actuators.scame-200.23260bs"
    cannot: ClassVar[Mapping[str, str]] = LINES_ONLY


class TestScame20023261bp(BadInputSuite):
    driver = "actuators.scame-200.23261bp"
    cannot: ClassVar[Mapping[str, str]] = LINES_ONLY


class TestScame20023261bs(BadInputSuite):
    driver = "actuators.scame-200.23261bs"
    cannot: ClassVar[Mapping[str, str]] = LINES_ONLY


class TestGeneric(BadInputSuite):
    driver = "actuators.generic"
    cannot: ClassVar[Mapping[str, str]] = LINES_ONLY
