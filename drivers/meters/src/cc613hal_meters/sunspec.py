"""Finding the blocks of a SunSpec device: the text ``SunS``, then models one behind the other (SunSpec Device Information Model, V1.1)."""

from __future__ import annotations

from cc613hal.bus.modbus import ModbusPort, Table
from cc613hal.errors import DeviceRefused, WrongIdentity
from cc613hal.modbus_map import Block, RegisterMap

__all__ = ["locate", "models"]

_MARKER = (0x5375, 0x6E53)
_END = 0xFFFF
_MOST_MODELS = 64
"""A walk that is longer does not end in a real device; it bounds the time a wrong one can take."""


async def models(port: ModbusPort, base: int) -> tuple[Block, ...] | None:
    """The models behind a base address, in their order; ``None`` if ``SunS`` is not there.

    Args:
        port: the device.
        base: where the text should be.

    Raises:
        BusError: nobody answers.
    """
    if await _pair(port, base) != _MARKER:
        return None
    found: list[Block] = []
    address = base + 2
    while len(found) < _MOST_MODELS and address < 0xFFFF:
        head = await _pair(port, address)
        if head is None or head[0] == _END:
            break
        block = Block(ids=(head[0],), address=address, length=head[1])
        found.append(block)
        address = block.end
    return tuple(found)


async def locate(port: ModbusPort, meter: RegisterMap, *, base: int | None = None, device: str | None = None) -> RegisterMap:
    """The map with the addresses this device has.

    Args:
        port: the device.
        meter: a map with a discovery.
        base: where ``SunS`` is; the map's bases are tried if omitted.
        device: name for messages.

    Raises:
        WrongIdentity: the device is no SunSpec device, or lacks a model the map needs.
        BusError: nobody answers.
    """
    discovery = meter.discovery
    if discovery is None:
        return meter
    bases = discovery.bases if base is None else (base,)
    for place in bases:
        there = await models(port, place)
        if there is None:
            continue
        addresses: list[int] = []
        for block in discovery.blocks:
            fits = [item for item in there if item.ids[0] in block.ids and _holds(item, block, meter)]
            if not fits:
                known = ", ".join(str(item.ids[0]) for item in there) or "none"
                wanted = " or ".join(map(str, block.ids))
                raise WrongIdentity(f"has no SunSpec model {wanted}; it has {known}", device=device, hint="try the other SunSpec driver")
            addresses.append(fits[0].address)
        return meter.relocated(addresses)
    where = ", ".join(map(str, bases))
    raise WrongIdentity(f"has no SunS at {where}", device=device, hint="switch SunSpec on in the meter, or set the option base")


def _holds(found: Block, block: Block, meter: RegisterMap) -> bool:
    """Whether a model found is long enough for the registers the map has in it."""
    last = max((register.end for register in meter.registers if block.address <= register.address < block.end), default=0)
    return found.length + 2 >= last - block.address


async def _pair(port: ModbusPort, address: int) -> tuple[int, int] | None:
    try:
        first, second = await port.read_registers(address, 2, table=Table.HOLDING)
    except DeviceRefused:
        return None
    return first, second
