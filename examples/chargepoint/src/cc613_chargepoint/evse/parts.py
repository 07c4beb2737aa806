"""The parts of one connector, as the board offers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from attrs import field, frozen

from cc613hal.board import Board
from cc613hal.errors import NotOnBoard
from cc613hal.health import Health
from cc613hal.interfaces import (
    Contactor,
    ControlPilot,
    EmergencyRelease,
    HouseholdSocket,
    ImmediateOff,
    PhaseSwitching,
    PlugLock,
    ProximityPilot,
    ResidualCurrentMonitor,
    SnapshotMeter,
    WeldCheck,
)

__all__ = ["ConnectorParts", "HouseholdParts"]


@frozen(kw_only=True)
class ConnectorParts:
    """What a charge needs. A tethered cable has neither lock nor proximity.

    Attributes:
        number: of the connector.
        pilot: control pilot.
        contactor: feeds the vehicle.
        drop: the same contactor's immediate release.
        rcd: residual current monitor.
        meter: measures the session.
        weld: tells whether the contactor hangs; ``None`` if nothing can.
        phases: chooses 1 or 3 phases; ``None`` where there is one contactor only.
        lock: keeps the plug; ``None`` with a tethered cable.
        opener: tells what became of the plug when the supply failed; ``None`` where nothing does.
        proximity: tells the cable; ``None`` with a tethered cable.
        vital: health of the parts without which nothing may be energised, by device name.
    """

    number: int
    pilot: ControlPilot
    contactor: Contactor
    drop: ImmediateOff
    rcd: ResidualCurrentMonitor
    meter: SnapshotMeter
    weld: WeldCheck | None = None
    phases: PhaseSwitching | None = None
    lock: PlugLock | None = None
    opener: EmergencyRelease | None = None
    proximity: ProximityPilot | None = None
    vital: Mapping[str, Health] = field(factory=dict[str, Health])

    @classmethod
    def of(cls, board: Board, number: int) -> Self:
        """The parts of a connector.

        Raises:
            NotOnBoard: one that no charge can do without is missing.
        """
        health = board.health()
        vital = (ControlPilot, Contactor, ResidualCurrentMonitor)
        socket = board.optional(PlugLock, connector=number)
        try:
            return cls(
                number=number,
                pilot=board.get(ControlPilot, connector=number),
                contactor=board.get(Contactor, connector=number),
                drop=board.get(ImmediateOff, connector=number),
                rcd=board.get(ResidualCurrentMonitor, connector=number),
                meter=board.get(SnapshotMeter, connector=number),
                weld=board.optional(WeldCheck, connector=number),
                phases=board.optional(PhaseSwitching, connector=number),
                lock=socket,
                opener=board.optional(EmergencyRelease, connector=number) if socket is not None else None,
                proximity=board.optional(ProximityPilot, connector=number) if socket is not None else None,
                vital={name: health[name] for kind in vital for name in board.all(kind, connector=number)},
            )
        except NotOnBoard as error:
            raise NotOnBoard(
                f"connector {number} cannot charge: {error.message}",
                hint="every connector needs pilot, contactor, residual current monitor and meter",
            ) from error


@frozen(kw_only=True)
class HouseholdParts:
    """What a household socket needs.

    Attributes:
        number: of the connector.
        socket: its auxiliary contacts.
        contactor: feeds it.
        drop: the same contactor's immediate release.
        meter: measures the session; ``None``: the socket is not billed.
        weld: tells whether the contactor hangs; ``None`` if nothing can.
    """

    number: int
    socket: HouseholdSocket
    contactor: Contactor
    drop: ImmediateOff
    meter: SnapshotMeter | None = None
    weld: WeldCheck | None = None

    @classmethod
    def of(cls, board: Board, number: int) -> Self:
        """The parts of a household socket.

        Raises:
            NotOnBoard: it has no contactor of its own.
        """
        return cls(
            number=number,
            socket=board.get(HouseholdSocket, connector=number),
            contactor=board.get(Contactor, connector=number),
            drop=board.get(ImmediateOff, connector=number),
            meter=board.optional(SnapshotMeter, connector=number),
            weld=board.optional(WeldCheck, connector=number),
        )
