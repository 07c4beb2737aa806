"""Recognising meters on a line without changing them."""

from __future__ import annotations

from cc613hal.bus.modbus import ModbusPort
from cc613hal.errors import DeviceRefused, WrongIdentity
from cc613hal.modbus_map import Fingerprint, RegisterMap, decode_register
from cc613hal.plugins import Certainty, Evidence
from cc613hal_meters.catalogue import map_named
from cc613hal_meters.sunspec import locate

__all__ = ["probe_b23", "probe_bsm", "probe_em24_e1", "probe_map", "probe_sdm630", "probe_sunspec_203", "probe_sunspec_213"]


async def probe_sdm630(port: ModbusPort) -> Evidence | None:
    """An Eastron with the SDM630's map: L1's voltage as a float in the first input registers."""
    return await probe_map(port, map_named("sdm630"))


async def probe_b23(port: ModbusPort) -> Evidence | None:
    """An ABB B23 or B24: the beginning of its type as text."""
    return await probe_map(port, map_named("b23"))


async def probe_em24_e1(port: ModbusPort) -> Evidence | None:
    """A Carlo Gavazzi EM24 with Ethernet: its identification code."""
    return await probe_map(port, map_named("em24-e1"))


async def probe_bsm(port: ModbusPort) -> Evidence | None:
    """A Bauer BSM: the id of the maker's own SunSpec model."""
    return await probe_map(port, map_named("bsm-ws36a"))


async def probe_sunspec_203(port: ModbusPort) -> Evidence | None:
    """A SunSpec meter with a model of whole numbers."""
    return await _probe_sunspec(port, map_named("sunspec-203"))


async def probe_sunspec_213(port: ModbusPort) -> Evidence | None:
    """A SunSpec meter with a model of floats."""
    return await _probe_sunspec(port, map_named("sunspec-213"))


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
        certainty=_certainty(fingerprint, value),
    )


def _certainty(fingerprint: Fingerprint, value: float) -> Certainty:
    if fingerprint.values:
        return Certainty.CERTAIN
    typical = fingerprint.typical
    return Certainty.LIKELY if typical is not None and typical[0] <= value <= typical[1] else Certainty.POSSIBLE


async def _probe_sunspec(port: ModbusPort, meter: RegisterMap) -> Evidence | None:
    try:
        found = await locate(port, meter)
    except WrongIdentity:
        return None
    discovery = found.discovery
    if discovery is None:
        return None
    block = discovery.blocks[-1]
    return Evidence(
        text=f"a SunSpec model {block.ids[0]} to {block.ids[-1]} begins at {block.address}",
        certainty=Certainty.CERTAIN,
        options={"base": discovery.blocks[0].address - 2},
    )
