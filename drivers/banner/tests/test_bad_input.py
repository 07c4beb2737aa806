"""The library's table of bad input for every driver of this package."""

from __future__ import annotations

from contextlib import contextmanager
from typing import ClassVar

from cc613hal.testing.bench import PART
from cc613hal.testing.conformance import BadInputSuite

NO_IDENTITY = "neither sensors nor gateway have a public identity register"


class TestDiscrete(BadInputSuite):
    driver = "banner.discrete"
    cannot: ClassVar = {
        "wrong_identity": "a line has no identity",
        "out_of_range": "a line is high or low",
        "frozen": "a bay where nothing happens is the usual thing",
        "lost_answer": "a line is read in the call itself: it is there or it is not",
    }


class Measuring(BadInputSuite):
    cannot: ClassVar = {"wrong_identity": NO_IDENTITY, "frozen": "a parked car keeps its distance to the millimetre"}

    @contextmanager
    def out_of_range(self, simulation):
        simulation.plant.parts[PART].stuck_raw = 60_000
        yield
        simulation.plant.parts[PART].stuck_raw = None


class TestModbusDistance(Measuring):
    driver = "banner.modbus-distance"


class TestDx80Distance(Measuring):
    driver = "banner.dx80"
    options: ClassVar = {"meaning": "distance"}


class TestDx80State(BadInputSuite):
    driver = "banner.dx80"
    cannot: ClassVar = {
        "wrong_identity": NO_IDENTITY,
        "out_of_range": "every number is below the threshold or not",
        "frozen": "a bay where nothing happens is the usual thing; a node that went silent shows in its status, see test_dx80.py",
    }
