"""What customers see and hear of a station: lights, displays, sounders."""

from __future__ import annotations

from cc613_chargepoint.hmi.panel import HmiSettings, Panel

__all__ = ["HmiSettings", "Panel"]
