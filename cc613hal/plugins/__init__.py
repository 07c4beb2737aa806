"""Driver packages: what they announce, how they are found, what a driver gets from its board."""

from __future__ import annotations

from cc613hal.plugins.context import DeviceContext, Driver, Memory
from cc613hal.plugins.evidence import Certainty, Evidence
from cc613hal.plugins.hookspecs import hookimpl
from cc613hal.plugins.spec import (
    API_VERSION,
    BoardSpec,
    BusKind,
    Direction,
    DriverSpec,
    LineSpec,
    QualityLevel,
    SafeRank,
    UseSpec,
)

__all__ = [
    "API_VERSION",
    "BoardSpec",
    "BusKind",
    "Certainty",
    "DeviceContext",
    "Direction",
    "Driver",
    "DriverSpec",
    "Evidence",
    "LineSpec",
    "Memory",
    "QualityLevel",
    "SafeRank",
    "UseSpec",
    "hookimpl",
]
