"""Power line communication modems on the control pilot (HomePlug Green PHY)."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.readings import Reading

__all__ = ["PlcModem", "PlcReading"]


@frozen(kw_only=True)
class PlcReading(Reading):
    """The modem now.

    Attributes:
        interface: network interface to the modem.
        mac: the modem's own address.
        firmware: as the modem tells.
        link: it has formed a link with a vehicle.
    """

    interface: str
    mac: str
    firmware: str
    link: bool


@runtime_checkable
class PlcModem(Protocol):
    """A Green PHY modem whose logical network the station sets (ISO 15118-3)."""

    @abstractmethod
    async def read_plc(self) -> PlcReading:
        """Identity and link now."""

    @abstractmethod
    async def set_network(self, nid: bytes, nmk: bytes) -> None:
        """Set network identifier (7 bytes) and membership key (16 bytes); the key never appears in logs."""

    @abstractmethod
    async def reset_plc(self) -> None:
        """Restart the modem and wait until it answers again."""
