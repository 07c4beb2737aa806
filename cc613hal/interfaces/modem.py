"""Cellular modems."""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from cc613hal.readings import Reading

__all__ = ["Modem", "ModemIdentity", "ModemReading", "Registration", "SimState"]


class SimState(enum.Enum):
    """The SIM card."""

    READY = "ready"
    PIN_REQUIRED = "pin-required"
    PUK_REQUIRED = "puk-required"
    ABSENT = "absent"
    FAILED = "failed"


class Registration(enum.Enum):
    """Network registration (3GPP TS 27.007, +CREG)."""

    NOT_REGISTERED = "not-registered"
    HOME = "home"
    SEARCHING = "searching"
    DENIED = "denied"
    ROAMING = "roaming"
    UNKNOWN = "unknown"


@frozen(kw_only=True)
class ModemIdentity:
    """Who the modem is; the subscriber numbers are personal data and stay out of ``repr``."""

    vendor: str
    model: str
    revision: str
    imei: str = field(repr=False)
    iccid: str | None = field(default=None, repr=False)


@frozen(kw_only=True)
class ModemReading(Reading):
    """The modem now.

    Attributes:
        sim: the SIM card.
        registration: network registration.
        operator: name or number of the network.
        technology: ``2G``, ``3G``, ``4G`` … as told.
        rssi_dbm: received signal strength, dBm.
        rsrp_dbm: LTE reference signal power, dBm.
        rsrq_db: LTE reference signal quality, dB.
    """

    sim: SimState
    registration: Registration
    operator: str | None = None
    technology: str | None = None
    rssi_dbm: float | None = None
    rsrp_dbm: float | None = None
    rsrq_db: float | None = None


@runtime_checkable
class Modem(Protocol):
    """A cellular modem."""

    @abstractmethod
    async def identify_modem(self) -> ModemIdentity:
        """Who the modem is."""

    @abstractmethod
    async def read_modem(self) -> ModemReading:
        """SIM, registration and signal now."""

    @abstractmethod
    async def enter_pin(self, pin: str) -> SimState:
        """Unlock the SIM.

        Raises:
            SafetyRefused: fewer than two attempts are left; the last one is never burnt.
            CommandFailed: the PIN was refused; it is not tried again.
        """

    @abstractmethod
    async def set_apn(self, apn: str, *, user: str = "", password: str = "") -> None:
        """Set the access point of the first context."""

    @abstractmethod
    async def reset_modem(self) -> None:
        """Restart the modem and wait until it answers again."""
