"""Recognising a PN532 without changing anything."""

from __future__ import annotations

from typing import Any

from cc613hal.bus.i2c import I2cPort
from cc613hal.plugins import Certainty, Evidence

__all__ = ["probe_pn532"]


async def probe_pn532(port: Any) -> Evidence | None:
    """Whether a PN532 may be at this place.

    On I2C the chip starts every read with a status byte whose bits 7 to 1 are zero; more cannot be learned without writing, and a write
    would set the outputs of the port expanders that share address 0x24. On other wires nothing is tried.

    Args:
        port: the bus as one device sees it.

    Raises:
        BusError: nobody answers.
    """
    if not isinstance(port, I2cPort):
        return None
    status = (await port.read(1))[0]
    if status not in {0x00, 0x01}:
        return None
    return Evidence(text=f"a byte 0x{status:02X} that can be the status of a PN532", certainty=Certainty.POSSIBLE)
