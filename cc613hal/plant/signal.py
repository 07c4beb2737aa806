"""Values of the simulated world that others may watch (they live with the simulated buses, which hand out line levels as signals)."""

from __future__ import annotations

from cc613hal.bus.sim.signal import Signal

__all__ = ["Signal"]
