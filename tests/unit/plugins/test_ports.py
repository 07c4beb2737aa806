"""What is no bus: the real thing on hardware, a stand-in in a simulation, nothing in a replay."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

import pytest

from cc613hal.board.context import BoardContext
from cc613hal.bus.replay import ReplayBuses
from cc613hal.bus.replay.recording import Recording
from cc613hal.bus.replay.tap import RecordingBuses
from cc613hal.bus.sim.factory import SimulatedBuses
from cc613hal.errors import BusMissing


class Bell(Protocol):
    @abstractmethod
    def ring(self) -> str: ...


class RealBell(Bell):
    def ring(self) -> str:
        return "real"


class ToyBell(Bell):
    def ring(self) -> str:
        return "toy"


class Gong:
    """Looks like a bell and is none."""

    def ring(self) -> str:
        return "gong"


def context_on(factory):
    class Here(BoardContext):
        device = "door"

        def __init__(self):
            self._place = self
            self.factory = factory

    return Here()


class Hardware:
    async def open(self, name, options, actor):
        raise AssertionError("no bus is opened here")


def test_hardware_gets_the_real_thing():
    assert context_on(Hardware()).port(Bell, RealBell).ring() == "real"


def test_a_simulation_gets_the_stand_in_of_that_device():
    buses = SimulatedBuses()
    buses.attach_port("door", Gong())
    buses.attach_port("door", ToyBell())
    buses.attach_port("gate", RealBell())
    assert context_on(buses).port(Bell, RealBell).ring() == "toy"


def test_a_simulation_without_a_stand_in_never_reaches_for_the_real_thing():
    buses = SimulatedBuses()
    buses.attach_port("door", Gong())
    with pytest.raises(BusMissing, match="stands in for its Bell"):
        context_on(buses).port(Bell, RealBell)


def test_a_stand_in_has_faults_of_its_own():
    buses = SimulatedBuses()
    faults = buses.attach_port("door", ToyBell())
    assert buses.port_faults("door") is faults
    assert buses.port_faults("gate") is None
    assert faults.plugged


def test_recording_passes_through_and_replay_refuses(tmp_path):
    buses = SimulatedBuses()
    buses.attach_port("door", ToyBell())
    recording = Recording.__new__(Recording)
    assert context_on(RecordingBuses(buses, recording)).port(Bell, RealBell).ring() == "toy"
    assert context_on(RecordingBuses(Hardware(), recording)).port(Bell, RealBell).ring() == "real"
    with pytest.raises(BusMissing, match="no Bell"):
        context_on(ReplayBuses(())).port(Bell, RealBell)
