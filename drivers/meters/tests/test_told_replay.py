"""What was recorded from an emulated meter without a register map plays back as the same readings."""

from __future__ import annotations

from pathlib import Path

import pytest

from cc613hal.board import Board, open_board
from cc613hal.bus.replay.recording import Recording
from cc613hal.bus.replay.replay import ReplayBuses
from cc613hal.bus.replay.tap import RecordingBuses
from cc613hal.clock import run_virtual
from cc613hal.interfaces import MeterReading, SnapshotMeter
from cc613hal.plant import Simulation
from cc613hal.testing.bench import PART, board_for


async def read(board: Board) -> MeterReading:
    return await board.get(SnapshotMeter, PART).read_all()


@pytest.mark.parametrize(
    "driver", ["meters.emh-ehz", "meters.easymeter-q3", "meters.speedwire", "meters.gsh01", "meters.lem-dcbm", "meters.iem-dcr"]
)
def test_a_recording_plays_back_as_the_same_reading(driver: str, tmp_path: Path) -> None:
    description = board_for(driver)
    file = tmp_path / "recording.txt"
    seen: list[MeterReading] = []

    async def record() -> None:
        async with Simulation(description) as simulation:
            simulation.plant.outlet(1).contacts.set(3)
            simulation.plant.outlet(1).current_a.set((13.0, 0.0, 0.0))
            with Recording(file) as recording:
                tapped = RecordingBuses(simulation.buses, recording)
                async with open_board(description, tapped, clock=simulation.clock) as board:
                    seen.append(await read(board))

    async def replay() -> None:
        async with ReplayBuses.from_file(file) as buses, open_board(description, buses) as board:
            seen.append(await read(board))

    run_virtual(record())
    run_virtual(replay())
    recorded, played = seen
    assert recorded.total_power_w == pytest.approx(2990.0)
    assert played.total_power_w == recorded.total_power_w
    assert played.energy is not None
    assert recorded.energy is not None
    assert played.energy.imported == recorded.energy.imported
    assert played.voltage_v == recorded.voltage_v
