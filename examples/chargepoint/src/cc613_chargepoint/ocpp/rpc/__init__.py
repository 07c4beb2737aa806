"""OCPP-J's remote procedure calls: frames, one connection's conversation, and how the connection is kept up."""

from __future__ import annotations

from cc613_chargepoint.ocpp.rpc.frames import (
    OCPP16,
    OCPP201,
    BadFrame,
    Call,
    CallError,
    CallResult,
    Dialect,
    ErrorCode,
    Frame,
    Unknown,
    encoded,
    parsed,
)
from cc613_chargepoint.ocpp.rpc.link import BackendWire, CallFailed, Link, LinkClosed, NoAnswerInTime, Priority, Reply, RpcError, Wire

__all__ = [
    "OCPP16",
    "OCPP201",
    "BackendWire",
    "BadFrame",
    "Call",
    "CallError",
    "CallFailed",
    "CallResult",
    "Dialect",
    "ErrorCode",
    "Frame",
    "Link",
    "LinkClosed",
    "NoAnswerInTime",
    "Priority",
    "Reply",
    "RpcError",
    "Unknown",
    "Wire",
    "encoded",
    "parsed",
]
