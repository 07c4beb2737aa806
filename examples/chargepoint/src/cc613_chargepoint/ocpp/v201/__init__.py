"""OCPP 2.0.1: the engine's facts in its words, and what its backends ask."""

from __future__ import annotations

from cc613_chargepoint.ocpp.v201.version import V201

__all__ = ["V201"]
