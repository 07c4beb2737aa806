"""Every setting once, as data; layers that say who set what."""

from __future__ import annotations

from cc613_chargepoint.settings.layers import RESET, Actor, Layer, Settings, SettingsChanged, SettingsRefused, Value
from cc613_chargepoint.settings.parameter import Group, InvalidValue, Kind, Parameter
from cc613_chargepoint.settings.table import TABLE, parameter

__all__ = [
    "RESET",
    "TABLE",
    "Actor",
    "Group",
    "InvalidValue",
    "Kind",
    "Layer",
    "Parameter",
    "Settings",
    "SettingsChanged",
    "SettingsRefused",
    "Value",
    "parameter",
]
