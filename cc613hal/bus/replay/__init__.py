"""Expected transactions: record what goes over buses, and play it back as buses that answer the same and complain about anything else."""

from __future__ import annotations

from cc613hal.bus.replay.recording import Recording
from cc613hal.bus.replay.replay import ReplayBuses
from cc613hal.bus.replay.script import ReplayMismatchError
from cc613hal.bus.replay.tap import RecordingBuses

__all__ = ["Recording", "RecordingBuses", "ReplayBuses", "ReplayMismatchError"]
