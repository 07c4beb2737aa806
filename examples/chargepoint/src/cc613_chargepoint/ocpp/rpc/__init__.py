"""OCPP-J's remote procedure calls: frames, one connection's conversation, and how the connection is kept up."""

from __future__ import annotations

from cc613_chargepoint.ocpp.rpc.frames import BadFrame, Call, CallError, CallResult, ErrorCode, Frame, encoded, parsed
from cc613_chargepoint.ocpp.rpc.link import BackendWire, CallFailed, Link, LinkClosed, NoAnswerInTime, Priority, Reply, RpcError, Wire

__all__ = [
    "BackendWire",
    "BadFrame",
    "Call",
    "CallError",
    "CallFailed",
    "CallResult",
    "ErrorCode",
    "Frame",
    "Link",
    "LinkClosed",
    "NoAnswerInTime",
    "Priority",
    "Reply",
    "RpcError",
    "Wire",
    "encoded",
    "parsed",
]
