"""The table of bad input catches what it is there for: drivers that lie about trouble, or talk too much about it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import ClassVar

import pytest

from cc613hal.bus.actor import BusActor
from cc613hal.bus.options import I2cOptions
from cc613hal.bus.sim.factory import SimulatedBuses
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusError, BusPermission, DeviceError, ImplausibleReading
from cc613hal.health import Health, HealthState
from cc613hal.testing.bench import PART
from cc613hal.testing.conformance import BadInputSuite
from cc613hal.testing.gate import Gate
from cc613hal_sensors.lm75 import Lm75


class Table(BadInputSuite):
    driver = "sensors.lm75"
    options: ClassVar = {"variant": "tmp117", "stuck_s": 60.0}

    @contextmanager
    def wrong_identity(self, simulation):
        simulation.plant.parts[PART].identity = 0x7500
        yield
        simulation.plant.parts[PART].identity = None

    @contextmanager
    def out_of_range(self, simulation):
        simulation.plant.parts[PART].stuck_raw = 0x7FFF
        yield
        simulation.plant.parts[PART].stuck_raw = None

    @contextmanager
    def frozen(self, simulation):
        yield
        simulation.plant.cabinet.temperature("internal").set(26.0)


ROWS = sorted(name for name in dir(BadInputSuite) if name.startswith("test_"))


@pytest.mark.parametrize("row", ROWS)
def test_a_good_driver_passes(row):
    getattr(Table(), row)()


def spoil(monkeypatch, spoilt):
    """Give the driver another read, built around the right one."""
    right = Lm75.read

    async def read(self):
        return await spoilt(self, lambda: right(self))

    monkeypatch.setattr(Lm75, "read", read)


def test_a_driver_that_gives_old_values_while_the_part_is_gone_is_caught(monkeypatch):
    last = {}

    async def cached(self, right):
        try:
            last[self] = await right()
        except BusError:
            if self not in last:
                raise
        return last[self]

    spoil(monkeypatch, cached)
    with pytest.raises(AssertionError, match="gone, and still reads"):
        Table().test_unplugged_and_back_it_is_the_same_object_and_told_once()


def test_a_driver_that_believes_everything_is_caught(monkeypatch):
    monkeypatch.setattr(Lm75, "_plausible", lambda self, raw: 25.0)
    with pytest.raises(AssertionError):
        Table().test_what_cannot_be_is_refused_and_told_once()


def test_a_driver_that_logs_every_failure_is_caught(monkeypatch):
    async def chatty(self, right):
        try:
            return await right()
        except ImplausibleReading:
            self._context.log.warning("that cannot be")
            raise

    spoil(monkeypatch, chatty)
    with pytest.raises(AssertionError, match="wanted 1 warnings and 0 infos"):
        Table().test_what_cannot_be_is_refused_and_told_once()


def test_a_driver_that_blames_the_part_for_the_wire_is_caught(monkeypatch):
    async def blaming(self, right):
        try:
            return await right()
        except BusError as error:
            raise DeviceError("broken", device=PART) from error

    spoil(monkeypatch, blaming)
    with pytest.raises(AssertionError, match="BusError, not DeviceError"):
        Table().test_unplugged_and_back_it_is_the_same_object_and_told_once()
    with pytest.raises(AssertionError, match="a BusError, not DeviceError"):
        Table().test_an_answer_lost_in_the_middle_costs_one_read_and_no_health()


def test_a_driver_that_takes_any_chip_for_its_own_is_caught(monkeypatch):
    async def credulous(self):
        return None

    monkeypatch.setattr(Lm75, "_check_identity", credulous)
    with pytest.raises(AssertionError, match="as if nothing were wrong"):
        Table().test_another_part_in_its_place_is_refused_with_a_hint()


def test_a_driver_that_does_not_see_a_frozen_part_is_caught(monkeypatch):
    monkeypatch.setattr(Lm75, "_stuck", lambda self, now_s: False)
    with pytest.raises(AssertionError, match="must be SUSPECT"):
        Table().test_a_frozen_value_becomes_suspect_and_is_told_once()


def test_a_row_needs_a_demonstration_or_a_reason():
    class Silent(Table):
        out_of_range = BadInputSuite.out_of_range

    class Explained(Silent):
        cannot: ClassVar = {"out_of_range": "every register content is a temperature"}

    class Both(Table):
        cannot: ClassVar = {"frozen": "no"}

    with pytest.raises(AssertionError, match="say in cannot why they do not apply: out_of_range"):
        Silent().test_every_row_of_the_table_is_shown_or_explained()
    Explained().test_every_row_of_the_table_is_shown_or_explained()
    with pytest.raises(pytest.skip.Exception, match="every register content"):
        Explained().test_what_cannot_be_is_refused_and_told_once()
    with pytest.raises(AssertionError, match="shown and explained away: frozen"):
        Both().test_every_row_of_the_table_is_shown_or_explained()


def test_the_gate_refuses_and_loses_what_it_is_told_to():
    async def main():
        buses = SimulatedBuses()
        gate = Gate(buses)
        options = I2cOptions(path="/dev/i2c-1")
        gate.refusal = BusPermission("no", device="i2c")
        with pytest.raises(BusPermission):
            await gate.open("i2c", options, BusActor("i2c", Clock()))
        gate.refusal = None
        bus = await gate.open("i2c", options, BusActor("i2c", Clock()))

        class Counter:
            written = 0

            def write(self, data):
                self.written += 1

            def read(self, count):
                return bytes(count)

        chip = Counter()
        buses.i2c("i2c").attach(0x20, chip)
        from cc613hal.bus.i2c import I2cWrite

        gate.lose_answer(2)
        await bus.transfer(0x20, [I2cWrite(b"\x00")])
        assert not gate.lost
        with pytest.raises(BusError, match="in the middle"):
            await bus.transfer(0x20, [I2cWrite(b"\x00")])
        assert gate.lost
        assert chip.written == 2, "the part got it"
        await bus.transfer(0x20, [I2cWrite(b"\x00")])

    run_virtual(main())


def test_what_a_driver_reports_while_it_connects_counts_only_if_it_connects():
    health = Health(PART, Clock())
    heard = []
    health.changes.on(heard.append)
    health.offline(BusError("gone"))

    def in_vain():
        with health.connecting():
            health.fault("broken")
            raise ValueError("in vain")

    with pytest.raises(ValueError, match="in vain"):
        in_vain()
    assert health.state is HealthState.OFFLINE
    health.succeeded()
    assert health.state is HealthState.OK
    health.offline(BusError("gone"))
    with health.connecting():
        health.degraded("half of it")
    assert health.state is HealthState.OFFLINE
    health.succeeded()
    assert (health.state, health.reason) == (HealthState.DEGRADED, "half of it")
    assert [change.after.value for change in heard] == ["offline", "ok", "offline", "degraded"]
