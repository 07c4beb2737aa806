"""Which question each capability can be asked without changing anything, and asking them."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Sequence
from typing import Any

from attrs import frozen

from cc613hal.cli.session import Session, capabilities
from cc613hal.errors import HalError, NotOnBoard

__all__ = ["READERS", "Answer", "questions", "read_all", "read_one"]

READERS: dict[str, tuple[str, ...]] = {
    "CardReader": ("poll_once",),
    "Contactor": ("sense", "counter"),
    "ControlPilot": ("read",),
    "DigitalInput": ("read_input",),
    "DigitalOutput": ("output",),
    "EmergencyOpener": ("opener",),
    "EnergyMeter": ("read_energy",),
    "HouseholdSocket": ("read_socket",),
    "Identified": ("identify",),
    "Indicator": ("shown",),
    "Modem": ("read_modem",),
    "PhaseMeter": ("read_phases",),
    "PhaseSwitching": ("phases",),
    "PlcModem": ("read_plc",),
    "PlugLock": ("position",),
    "PowerMeter": ("read_power",),
    "PresenceSensor": ("read_presence",),
    "ProximityPilot": ("read_cable",),
    "Relay": ("is_on",),
    "ResidualCurrentMonitor": ("read",),
    "SnapshotMeter": ("read_all",),
    "SupplyMonitor": ("read_supply",),
    "TemperatureSensor": ("read",),
    "TiltSensor": ("read_tilt",),
    "WeldCheck": ("check_weld",),
}
"""Members that only read, by capability."""


@frozen(kw_only=True)
class Answer:
    """What a device answered to one question.

    Attributes:
        device: who.
        capability: as what.
        question: which member of the Protocol.
        value: the answer; ``None`` if it failed.
        error: why it failed.
        took_s: how long it took, s.
    """

    device: str
    capability: str
    question: str
    value: Any = None
    error: HalError | None = None
    took_s: float = 0.0


def questions(session: Session, only: Sequence[str] = ()) -> list[tuple[str, str, Any, str]]:
    """Device, capability, Protocol and member of everything that can be read.

    Args:
        session: the open board.
        only: names of devices; all if empty.

    Raises:
        NotOnBoard: the board has no device of such a name.
    """
    found: list[tuple[str, str, Any, str]] = []
    for device in only or session.description.devices:
        for name, protocol in capabilities(session.description, device):
            found.extend((device, name, protocol, member) for member in READERS.get(name, ()))
    return found


async def read_one(session: Session, device: str, capability: str, protocol: Any, member: str) -> Answer:
    """Ask one question."""
    clock = session.board.clock
    begin_s = clock.monotonic_s()
    try:
        found = session.board.all(protocol)
        if device not in found:
            raise NotOnBoard("is not connected", device=device, hint="see cc613hal info for its health")
        value = getattr(found[device], member)
        if callable(value):
            value = value()
        if inspect.isawaitable(value):
            value = await value
    except HalError as error:
        return Answer(device=device, capability=capability, question=member, error=error, took_s=clock.monotonic_s() - begin_s)
    return Answer(device=device, capability=capability, question=member, value=value, took_s=clock.monotonic_s() - begin_s)


async def read_all(session: Session, only: Sequence[str] = ()) -> AsyncIterator[Answer]:
    """Ask everything that can be read, one after the other."""
    for device, capability, protocol, member in questions(session, only):
        yield await read_one(session, device, capability, protocol, member)
