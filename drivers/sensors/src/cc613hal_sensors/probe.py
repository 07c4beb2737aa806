"""Recognising sensors without changing anything, by registers as the chips' data sheets have them after power-on."""

from __future__ import annotations

from cc613hal.bus.i2c import I2cPort
from cc613hal.plugins import Certainty, Evidence
from cc613hal_sensors import ads1115, adxl345, lis2dh12, mcp9808, mma8451
from cc613hal_sensors.variants import VARIANTS

__all__ = ["probe_ads1115", "probe_adxl345", "probe_lis2dh12", "probe_lm75", "probe_mcp9808", "probe_mma8451"]


async def probe_lis2dh12(port: I2cPort) -> Evidence | None:
    """Whether the identity register at this address is a LIS2DH12's.

    Args:
        port: the bus, bound to the address.

    Raises:
        BusError: nobody answers.
    """
    return await _identity(port, lis2dh12.WHO_AM_I, lis2dh12.IDENTITY, "WHO_AM_I", "LIS2DH12, LIS3DH")


async def probe_adxl345(port: I2cPort) -> Evidence | None:
    """Whether the identity register at this address is an ADXL345's.

    Args:
        port: the bus, bound to the address.

    Raises:
        BusError: nobody answers.
    """
    return await _identity(port, adxl345.DEVICE_ID, adxl345.IDENTITY, "DEVID", "ADXL345, ADXL343")


async def probe_mma8451(port: I2cPort) -> Evidence | None:
    """Whether the identity register at this address is an MMA8451's.

    Args:
        port: the bus, bound to the address.

    Raises:
        BusError: nobody answers.
    """
    return await _identity(port, mma8451.WHO_AM_I, mma8451.IDENTITY, "WHO_AM_I", "MMA8451")


async def probe_ads1115(port: I2cPort) -> Evidence | None:
    """Whether the thresholds at this address are an ADS1115's after power-on; nobody who only converts changes them.

    That is likely, not certain: the part has no identity, and an ADS1015 has the same. What hangs at its inputs cannot be read at all.

    Args:
        port: the bus, bound to the address.

    Raises:
        BusError: nobody answers.
    """
    low = int.from_bytes(await port.write_read(bytes((ads1115.LOW_THRESHOLD,)), 2), "big")
    high = int.from_bytes(await port.write_read(bytes((ads1115.HIGH_THRESHOLD,)), 2), "big")
    if (low, high) != ads1115.THRESHOLDS:
        return None
    return Evidence(
        text="thresholds 0x8000 and 0x7FFF, as an ADS1115 or ADS1015 has them after power-on; what hangs at it cannot be read",
        certainty=Certainty.LIKELY,
    )


async def probe_mcp9808(port: I2cPort) -> Evidence | None:
    """Whether the registers for manufacturer and device at this address are an MCP9808's.

    Args:
        port: the bus, bound to the address.

    Raises:
        BusError: nobody answers.
    """
    maker = int.from_bytes(await port.write_read(bytes((mcp9808.MANUFACTURER,)), 2), "big")
    part = int.from_bytes(await port.write_read(bytes((mcp9808.DEVICE,)), 2), "big")
    if maker != mcp9808.MICROCHIP or part >> 8 != mcp9808.MCP9808:
        return None
    return Evidence(text=f"manufacturer 0x{maker:04X}, device 0x{part:04X} (MCP9808)", certainty=Certainty.CERTAIN)


async def _identity(port: I2cPort, register: int, wanted: int, name: str, parts: str) -> Evidence | None:
    found = (await port.write_read(bytes((register,)), 1))[0]
    if found != wanted:
        return None
    return Evidence(text=f"{name} reads 0x{found:02X} ({parts})", certainty=Certainty.CERTAIN)


async def probe_lm75(port: I2cPort) -> Evidence | None:
    """Whether a chip of the LM75 family is at this address, and which, as far as it tells.

    Chips without identity are recognised by the reset values of their limit registers (75 °C and 80 °C: LM75, LM75B, PCT2075, TMP102),
    which is likely, not certain; which of those four it is cannot be read, and the proposed option is a guess.

    Args:
        port: the bus, bound to the address.

    Raises:
        BusError: nobody answers.
    """
    for word, variant in VARIANTS.items():
        if variant.identity is not None:
            raw = int.from_bytes(await port.write_read(bytes((variant.identity.address,)), 2), "big")
            if raw & variant.identity.mask == variant.identity.value:
                return Evidence(
                    text=f"identity register reads 0x{raw:04X} ({variant.model})", certainty=Certainty.CERTAIN, options={"variant": word}
                )
    low = int.from_bytes(await port.write_read(b"\x02", 2), "big")
    high = int.from_bytes(await port.write_read(b"\x03", 2), "big")
    if (low, high) != (0x4B00, 0x5000):
        return None
    return Evidence(
        text="limits of 75 °C and 80 °C, as the LM75 family has them after power-on; which chip it is cannot be read",
        certainty=Certainty.LIKELY,
        options={"variant": "lm75b"},
    )
