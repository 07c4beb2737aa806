"""The library's table of bad input for every driver of this package."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import ClassVar

from cc613hal.health import HealthState
from cc613hal.plant import Simulation
from cc613hal.testing.bench import PART
from cc613hal.testing.conformance import BadInputSuite, Bench

LINES_ONLY = {
    "wrong_identity": "a line has no identity",
    "out_of_range": "a line is high or low",
    "frozen": "a line that does not change is the usual thing",
    "lost_answer": "a line is read in the call itself: it is there or it is not",
}
CONVERTER = {
    "wrong_identity": "an MCP3208 has no identity register",
    "out_of_range": "every code is a voltage; what it means is judged by the windows, see test_pilot.py",
    "frozen": "a pilot that stands still is the usual thing",
}


class LinesOnly(BadInputSuite):
    cannot: ClassVar[Mapping[str, str]] = LINES_ONLY


class TestContactor(LinesOnly):
    driver = "bender.contactor"


class TestRcmb104(LinesOnly):
    driver = "bender.rcmb104"


class TestOptoInput(LinesOnly):
    driver = "bender.opto-input"


class TestRelay(LinesOnly):
    driver = "bender.relay"

    async def use(self, bench: Bench) -> tuple[object, ...]:
        await bench.device.switch_off()
        return ()


class TestSupply(LinesOnly):
    driver = "bender.supply"


class TestHouseholdSocket(LinesOnly):
    driver = "bender.household-socket"


class TestClimate(LinesOnly):
    driver = "bender.climate"


class TestFrontLed(LinesOnly):
    driver = "bender.front-led"

    async def use(self, bench: Bench) -> tuple[object, ...]:
        await bench.device.dark()
        return ()


class TestPilot(BadInputSuite):
    driver = "bender.pilot"
    cannot: ClassVar[Mapping[str, str]] = CONVERTER


class TestTetheredPilot(BadInputSuite):
    driver = "bender.pilot-tethered"
    cannot: ClassVar[Mapping[str, str]] = CONVERTER


class TestRcmb104Measuring(BadInputSuite):
    driver = "bender.rcmb104-measuring"
    cannot: ClassVar[Mapping[str, str]] = {
        "wrong_identity": "an MCP3208 has no identity register",
        "frozen": "no residual current, to the bit, is the usual thing",
    }

    @contextmanager
    def out_of_range(self, simulation: Simulation) -> Generator[None]:
        module = simulation.plant.parts[PART]
        module.rail = 4095
        yield
        module.rail = None


class TestPlc(BadInputSuite):
    driver = "bender.plc-qca7000"
    range_state: ClassVar[HealthState] = HealthState.OK
    cannot: ClassVar[Mapping[str, str]] = {
        "out_of_range": "it measures nothing; answers that make no sense are in test_plc.py",
        "frozen": "its link state may stay for weeks",
    }

    @contextmanager
    def wrong_identity(self, simulation: Simulation) -> Generator[None]:
        modem = simulation.plant.parts[PART]
        modem.signature = 0x55AA
        yield
        modem.signature = 0xAA55
