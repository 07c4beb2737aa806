"""Recognising a PCA9685 without changing anything."""

from __future__ import annotations

from cc613hal.bus.i2c import I2cPort
from cc613hal.plugins import Certainty, Evidence

__all__ = ["probe_pca9685"]

_ALL_CALL = 0x05
_MODE2 = 0x01
_PRE_SCALE = 0xFE


async def probe_pca9685(port: I2cPort) -> Evidence | None:
    """Whether the registers at this address look like a PCA9685's.

    The chip has no identity: its all-call address (reset value E0, data sheet table 4), the bits of MODE2 that are always 0, and a
    prescaler of at least 3 are the best it offers.

    Args:
        port: the bus, bound to the address.

    Raises:
        BusError: nobody answers.
    """
    all_call = (await port.write_read(bytes((_ALL_CALL,)), 1))[0]
    mode2 = (await port.write_read(bytes((_MODE2,)), 1))[0]
    prescale = (await port.write_read(bytes((_PRE_SCALE,)), 1))[0]
    if all_call != 0xE0 or mode2 & 0xE0 or prescale < 3:
        return None
    return Evidence(text=f"all-call address 0x{all_call:02X}, MODE2 0x{mode2:02X}, prescaler {prescale}", certainty=Certainty.LIKELY)
