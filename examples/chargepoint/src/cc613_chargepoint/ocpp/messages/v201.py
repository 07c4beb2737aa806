"""Every message of OCPP 2.0.1: a request and an answer for each action.

The tests hold every class against the schemas that the `ocpp` package brings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cc613_chargepoint.ocpp.messages import (
    v201_charging,
    v201_firmware,
    v201_monitoring,
    v201_provisioning,
    v201_security,
    v201_transactions,
)

__all__ = ["REQUESTS", "RESPONSES"]

_ROOMS = (v201_charging, v201_firmware, v201_monitoring, v201_provisioning, v201_security, v201_transactions)
_MESSAGES: Mapping[str, type[Any]] = {name: getattr(room, name) for room in _ROOMS for name in room.__all__}

RESPONSES: Mapping[str, type[Any]] = {name.removesuffix("Response"): kind for name, kind in _MESSAGES.items() if name.endswith("Response")}
"""Action → class of its answer."""

REQUESTS: Mapping[str, type[Any]] = {action: _MESSAGES[action] for action in RESPONSES}
"""Action → class of its request."""
