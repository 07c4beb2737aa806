"""The library's table of bad input for every meter of this package."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from typing import ClassVar

from cc613hal.errors import BusTimeout
from cc613hal.health import HealthState
from cc613hal.plant import Simulation
from cc613hal.readings import Quality
from cc613hal.testing.bench import PART
from cc613hal.testing.conformance import BadInputSuite, Bench
from cc613hal_meters.catalogue import map_named, model_names

IMPOSSIBLE = {"voltage_l1": 5000.0, "frequency": 900.0, "power": 2e9}
"""The first of these that a map has is what its meter lies about, in V, Hz or W."""


GENERIC = {"lost_answer", "unplugged", "permission", "absent", "may_be_absent"}
"""Rows that need nothing of a driver's author: every driver goes through them in tests/conformance, so here only some do."""
EVERY_ROW = ("sdm630", "sunspec-203")


class MapMeter(BadInputSuite):
    """A meter tells forty values: one that cannot be makes the reading suspect, and takes the others along as they are."""

    options: ClassVar[Mapping[str, object]] = {"frozen_after_s": 300.0}
    range_quality = Quality.SUSPECT
    range_state = HealthState.DEGRADED
    frozen_quality = Quality.STALE
    frozen_s = 400.0
    poll_s = 20.0

    def prepare(self, simulation: Simulation) -> None:
        outlet = simulation.plant.outlet(1)
        outlet.contacts.set(3)
        outlet.current_a.set((32.0, 32.0, 32.0))  # a meter at rest says the same for hours and is not frozen

    async def use(self, bench: Bench) -> tuple[object, ...]:
        return (await bench.device.read_all(),)  # with its counters, which move as long as anything flows

    @contextmanager
    def wrong_identity(self, simulation: Simulation) -> Generator[None]:
        part = simulation.plant.parts[PART]
        part.read = lambda table, address, count: [0x5555] * count  # somebody else's registers
        yield
        del part.read

    @contextmanager
    def out_of_range(self, simulation: Simulation) -> Generator[None]:
        part = simulation.plant.parts[PART]
        quantity = next(name for name in IMPOSSIBLE if any(register.quantity == name for register in part.map.registers))
        part.overrides[quantity] = IMPOSSIBLE[quantity]
        yield
        del part.overrides[quantity]

    @contextmanager
    def frozen(self, simulation: Simulation) -> Generator[None]:
        simulation.plant.parts[PART].stuck = True
        yield
        simulation.plant.parts[PART].stuck = False


class Unrecognisable(MapMeter):
    """A meter whose map has no fingerprint."""

    cannot: ClassVar[Mapping[str, str]] = {"wrong_identity": "nothing public in its registers tells it from other makes"}
    wrong_identity = BadInputSuite.wrong_identity


for model in model_names():
    name = "Test" + "".join(part.capitalize() for part in model.split("-"))
    base = MapMeter if map_named(model).fingerprint or map_named(model).discovery else Unrecognisable
    skipped = [] if model in EVERY_ROW else [test for test in dir(base) if test.startswith("test_") and any(map(test.count, GENERIC))]
    globals()[name] = type(name, (base,), {"driver": f"meters.{model}", "__module__": __name__, **dict.fromkeys(skipped)})


class ToldMeter(BadInputSuite):
    """A meter that tells its values unasked, or over HTTP."""

    options: ClassVar[Mapping[str, object]] = {"frozen_after_s": 300.0}
    range_quality = Quality.SUSPECT
    range_state = HealthState.DEGRADED
    frozen_quality = Quality.STALE
    frozen_s = 400.0
    poll_s = 20.0
    quantity = "voltage_l1"

    def prepare(self, simulation: Simulation) -> None:
        outlet = simulation.plant.outlet(1)
        outlet.contacts.set(3)
        outlet.current_a.set((32.0, 32.0, 32.0))

    async def use(self, bench: Bench) -> tuple[object, ...]:
        return (await bench.device.read_all(),)

    @contextmanager
    def out_of_range(self, simulation: Simulation) -> Generator[None]:
        simulation.plant.parts[PART].overrides[self.quantity] = IMPOSSIBLE[self.quantity]
        yield
        del simulation.plant.parts[PART].overrides[self.quantity]

    @contextmanager
    def frozen(self, simulation: Simulation) -> Generator[None]:
        simulation.plant.parts[PART].stuck = True
        yield
        simulation.plant.parts[PART].stuck = False


class SmlMeter(ToldMeter):
    quantity = "power"
    options: ClassVar[Mapping[str, object]] = {"frozen_after_s": 300.0, "server_id": "0a014555530000000001"}

    @contextmanager
    def wrong_identity(self, simulation: Simulation) -> Generator[None]:
        part = simulation.plant.parts[PART]
        part.server, own = bytes.fromhex("0a014555530000000002"), part.server
        yield
        part.server = own


class TestEmhEhz(SmlMeter):
    driver = "meters.emh-ehz"


class TestEdl40(SmlMeter):
    driver = "meters.edl40"


class TestEasymeterQ3(SmlMeter):
    driver = "meters.easymeter-q3"


class TestSpeedwire(ToldMeter):
    driver = "meters.speedwire"
    identity_error = BusTimeout  # several meters share the group: another one is no mistake, the right one is missing
    options: ClassVar[Mapping[str, object]] = {"frozen_after_s": 300.0, "serial_number": 1900000007}

    @contextmanager
    def wrong_identity(self, simulation: Simulation) -> Generator[None]:
        part = simulation.plant.parts[PART]
        part.serial_number, own = 1900000008, part.serial_number
        yield
        part.serial_number = own


class DcMeter(ToldMeter):
    cannot: ClassVar[Mapping[str, str]] = {"wrong_identity": "nothing public in its answers tells it from other meters with the same names"}


class TestLemDcbm(DcMeter):
    driver = "meters.lem-dcbm"


class TestIemDcr(DcMeter):
    driver = "meters.iem-dcr"


class TestGsh01(DcMeter):
    driver = "meters.gsh01"


class TestS0(BadInputSuite):
    driver = "meters.s0"
    cannot: ClassVar[Mapping[str, str]] = {
        "wrong_identity": "a line has no identity",
        "out_of_range": "pulses faster than the meter's greatest power are not counted, and reported: see test_s0.py",
        "frozen": "a meter that does not pulse is at rest",
        "lost_answer": "a line is read in the call itself: it is there or it is not",
    }


class TestCustom(MapMeter):
    driver = "meters.custom"
    options: ClassVar[Mapping[str, object]] = {**MapMeter.options, "map": str(files("cc613hal_meters") / "maps" / "sdm630.toml")}
