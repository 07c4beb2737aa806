"""Every temperature, the bay, and the meter of a board, without await."""

from __future__ import annotations

from cc613hal import sync
from cc613hal.interfaces import PresenceSensor, SnapshotMeter, TemperatureSensor

with sync.open_board("bender.cc613", sim=True) as board:
    for name, sensor in board.all(TemperatureSensor).items():
        print(f"{name}: {sensor.read().temperature_c:.1f} °C")
    print(f"bay occupied: {board.get(PresenceSensor).read_presence().occupied}")
    reading = board.get(SnapshotMeter).read_all()
    print(f"mains: {reading.voltage_v.known()} V, {reading.total_power_w:.0f} W")
