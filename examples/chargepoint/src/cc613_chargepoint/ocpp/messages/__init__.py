"""OCPP messages as frozen attrs values, checked on the way in and on the way out."""

from __future__ import annotations

from cc613_chargepoint.ocpp.messages.codec import Invalid, Text, decoded, encoded

__all__ = ["Invalid", "Text", "decoded", "encoded"]
