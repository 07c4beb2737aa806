"""Meters as data: register maps, the planner that reads them best, and decoding."""

from __future__ import annotations

from cc613hal.modbus_map.decode import PlanDecoder, ReadDecoder, Value, decode_register, encode_register
from cc613hal.modbus_map.loader import load_map, parse_map
from cc613hal.modbus_map.model import (
    Block,
    ByteOrder,
    Derived,
    Discovery,
    Fingerprint,
    Limits,
    LinkDefaults,
    MapError,
    Register,
    RegisterMap,
    ValueType,
    Variant,
    WordOrder,
)
from cc613hal.modbus_map.planner import LinkTiming, Objective, Plan, PlannedRead, Refusals, greedy_plan, make_plan, single_plan
from cc613hal.modbus_map.quantities import CORE, QUANTITIES, Group, Quantity, Shape

__all__ = [
    "CORE",
    "QUANTITIES",
    "Block",
    "ByteOrder",
    "Derived",
    "Discovery",
    "Fingerprint",
    "Group",
    "Limits",
    "LinkDefaults",
    "LinkTiming",
    "MapError",
    "Objective",
    "Plan",
    "PlanDecoder",
    "PlannedRead",
    "Quantity",
    "ReadDecoder",
    "Refusals",
    "Register",
    "RegisterMap",
    "Shape",
    "Value",
    "ValueType",
    "Variant",
    "WordOrder",
    "decode_register",
    "encode_register",
    "greedy_plan",
    "load_map",
    "make_plan",
    "parse_map",
    "single_plan",
]
