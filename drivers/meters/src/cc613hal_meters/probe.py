"""Recognising meters on a line without changing them."""

from __future__ import annotations

from cc613hal.bus.modbus import ModbusPort
from cc613hal.errors import DeviceRefused
from cc613hal.modbus_map import RegisterMap, decode_register
from cc613hal.plugins import Certainty, Evidence
from cc613hal_meters.catalogue import map_named

__all__ = ["probe_map", "probe_sdm630"]


async def probe_sdm630(port: ModbusPort) -> Evidence | None:
    """An Eastron with the SDM630's map: L1's voltage as a float in the first input registers."""
    return await probe_map(port, map_named("sdm630"))


async def probe_map(port: ModbusPort, meter: RegisterMap) -> Evidence | None:
    """Whether a unit has a map's fingerprint; ``None`` if it answers something else.

    Raises:
        BusError: nobody answers.
    """
    fingerprint = meter.fingerprint
    if fingerprint is None:
        return None
    register = fingerprint.register
    try:
        words = await port.read_registers(register.address, register.count, table=register.table)
    except DeviceRefused:
        return None
    value = decode_register(register, words)
    if not isinstance(value, float | int) or not fingerprint.fits(value):
        return None
    return Evidence(
        text=f"register {register.address:#06x} reads {value:g}, as the {meter.vendor} {meter.model} does",
        certainty=Certainty.CERTAIN if fingerprint.values else Certainty.POSSIBLE,
    )
