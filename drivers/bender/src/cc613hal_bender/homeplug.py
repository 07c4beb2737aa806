"""Management messages a host exchanges with its own HomePlug Green PHY modem.

Sources: HomePlug AV management messages as public implementations use them: EVerest libslac (Ethernet type 0x88E1, MMV, message types,
CM_SET_KEY, Qualcomm's link status 0xA0B8 and reset 0xA01C with the vendor code 00:B0:52); open-plc-utils (VS_SW_VER 0xA000;
00:B0:52:00:00:01 reaches the modem on this very wire).
"""

from __future__ import annotations

from attrs import frozen

__all__ = [
    "CONFIRM",
    "LINK_STATUS",
    "RESET",
    "SET_KEY",
    "SOFTWARE_VERSION",
    "Message",
    "mac_text",
    "message",
    "parse",
    "set_key",
    "vendor_request",
]

_LOCAL_MODEM = bytes.fromhex("00B052000001")
_ETHER_TYPE = bytes.fromhex("88E1")
_VENDOR = bytes.fromhex("00B052")
CONFIRM = 0x0001
"""Added to a request's type gives its confirmation."""
SOFTWARE_VERSION, RESET, LINK_STATUS, SET_KEY = 0xA000, 0xA01C, 0xA0B8, 0x6008
_VENDOR_TYPES = range(0xA000, 0xC000)


@frozen(kw_only=True)
class Message:
    """A management message.

    Attributes:
        source: who sent it, 6 bytes.
        kind: message type.
        payload: what follows the header; without the vendor code and the fragmentation field.
    """

    source: bytes
    kind: int
    payload: bytes


def message(kind: int, payload: bytes, *, source: bytes, to: bytes = _LOCAL_MODEM) -> bytes:
    """An Ethernet frame with a management message; vendor messages get the vendor code, others the (empty) fragmentation field."""
    vendor = kind in _VENDOR_TYPES
    head = b"\0" if vendor else b"\1"  # MMV 1.0 and 1.1
    return to + source + _ETHER_TYPE + head + kind.to_bytes(2, "little") + (_VENDOR if vendor else b"\0\0") + payload


def vendor_request(kind: int, *, source: bytes) -> bytes:
    """A request without arguments."""
    return message(kind, b"", source=source)


def set_key(nid: bytes, nmk: bytes, *, source: bytes) -> bytes:
    """CM_SET_KEY.REQ: network identifier and membership key, unencrypted to the own modem.

    Raises:
        ValueError: the identifier has 7 bytes, the key 16.
    """
    if len(nid) != 7 or len(nmk) != 16:
        raise ValueError(f"a network identifier has 7 bytes and a membership key 16, not {len(nid)} and {len(nmk)}")
    nonces = b"\xaa" * 4 + bytes(4)
    protocol = b"\x04" + b"\0\0" + b"\0"  # PID: HLE protocol; PRN and PMN are not used
    return message(SET_KEY, b"\x01" + nonces + protocol + b"\0" + nid + b"\x01" + nmk, source=source)


def parse(frame: bytes) -> Message | None:
    """The management message in an Ethernet frame; ``None`` if it holds none."""
    if len(frame) < 19 or frame[12:14] != _ETHER_TYPE:
        return None
    kind = int.from_bytes(frame[15:17], "little")
    if kind in _VENDOR_TYPES:
        if frame[17:20] != _VENDOR:
            return None
        payload = frame[20:]
    else:
        payload = frame[17:] if frame[14] == 0 else frame[19:]
    return Message(source=frame[6:12], kind=kind, payload=payload)


def mac_text(mac: bytes) -> str:
    """``00:b0:52:…``"""
    return mac.hex(":")
