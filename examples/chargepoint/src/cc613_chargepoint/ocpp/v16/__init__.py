"""OCPP 1.6: the engine's facts in its words, and its requests carried out by the engine."""

from __future__ import annotations

from cc613_chargepoint.ocpp.v16.version import V16

__all__ = ["V16"]
