"""How a station carries out what backends and operators ask of it beyond a charge: identify, reserve, in and out of service, restart."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from cc613_chargepoint.app import Station
from cc613_chargepoint.authorization.rules import Reservation
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.evse.served import ServedConnector
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.facade import Handler, Refused
from cc613_chargepoint.facade.commands import (
    Answer,
    CancelReservation,
    Command,
    Done,
    MeterView,
    Present,
    ReadMeter,
    Reserve,
    Restart,
    SetAvailability,
)
from cc613_chargepoint.settings import Actor
from cc613hal.board import Board
from cc613hal.errors import Unsupported
from cc613hal.interfaces import SnapshotMeter
from cc613hal.readings import PhaseValues

__all__ = ["ServiceAnswers", "remote_token"]

ENDING_S = 20.0
"""How long sessions may take to end before a restart, s."""


def remote_token(identifier: str) -> Token:
    """The token of somebody who identifies from afar.

    Raises:
        Refused: it is no identifier.
    """
    if not 0 < len(identifier) <= 36 or not identifier.isprintable():
        raise Refused("an identifier has 1 to 36 characters")
    return Token(id=identifier.upper(), source=TokenSource.REMOTE)


class ServiceAnswers:
    """Carries out those commands.

    Args:
        station: is asked and told.
        board: its board.
        connector: the connector of a number; refuses those that are not there.
        offered_a: what a vehicle may draw at a connector now, A.
    """

    def __init__(
        self, station: Station, board: Board, connector: Callable[[int], ServedConnector], offered_a: Callable[[int], float]
    ) -> None:
        self._station, self._board, self._connector, self._offered_a = station, board, connector, offered_a

    def handlers(self) -> Mapping[type[Command], Handler]:
        """Command → who carries it out."""
        return {
            Present: self._present,
            SetAvailability: self._set_availability,
            ReadMeter: self._read_meter,
            Reserve: self._reserve,
            CancelReservation: self._cancel_reservation,
            Restart: self._restart,
        }

    async def _present(self, command: Present, actor: Actor) -> Answer:
        del actor
        number = None if command.connector is None else self._connector(command.connector).number
        self._station.customers.present(remote_token(command.token), connector=number)
        return Done(detail="the station decides")

    async def _set_availability(self, command: SetAvailability, actor: Actor) -> Answer:
        del actor
        number = self._connector(command.connector).number
        self._station.customers.serve(number, command.in_service)
        return Done(detail=f"connector {number} is {'in' if command.in_service else 'out of'} service")

    async def _read_meter(self, command: ReadMeter, actor: Actor) -> Answer:
        del actor
        number = self._connector(command.connector).number
        meter = self._board.optional(SnapshotMeter, connector=number)
        if meter is None:
            raise Unsupported(f"connector {number} has no meter")
        reading = await meter.read_all()
        energy = reading.energy
        exported = None if energy is None or energy.exported is None else format(energy.exported.wh, "f")
        return MeterView(
            at=self._board.clock.wall(),
            power_w=reading.total_power_w,
            phase_power_w=_phases(reading.power_w),
            current_a=_phases(reading.current_a),
            voltage_v=_phases(reading.voltage_v),
            frequency_hz=reading.frequency_hz,
            import_wh=None if energy is None else format(energy.imported.wh, "f"),
            export_wh=exported,
            offered_a=self._offered_a(number),
        )

    async def _reserve(self, command: Reserve, actor: Actor) -> Answer:
        del actor
        if command.connector:
            self._connector(command.connector)
        if command.until.tzinfo is None:
            raise Refused("the end of a reservation needs a time zone")
        kept = Reservation(
            number=command.number, connector=command.connector, token=command.token, until=command.until, parent=command.parent
        )
        self._station.authorizer.reservations.keep(kept)
        return Done(detail=f"reservation {command.number} is kept until {command.until:%Y-%m-%d %H:%M:%S} UTC")

    async def _cancel_reservation(self, command: CancelReservation, actor: Actor) -> Answer:
        del actor
        if not self._station.authorizer.reservations.cancel(command.number):
            raise Refused(f"there is no reservation {command.number}")
        return Done(detail=f"reservation {command.number} is ended")

    async def _restart(self, command: Restart, actor: Actor) -> Answer:
        """Sessions end first, each with its values; what has not ended in time is ended after the restart, as after a power cut."""
        del actor
        if command.connector:
            return await self._restart_connector(self._connector(command.connector), command.reason)
        connectors = self._station.connectors.values()
        await self._stop(connectors, command.reason)
        await self._recorded(connectors)
        await self._board.clock.sleep(0.2)  # the last news are on their way
        self._station.restart.set()
        return Done(detail="the station starts again")

    async def _restart_connector(self, connector: ServedConnector, reason: str) -> Answer:
        if not connector.restarts:
            raise Unsupported(f"connector {connector.number} starts again with its own controller only")
        await self._stop([connector], reason)
        await self._recorded([connector])
        if connector.session_number is not None:
            raise Refused(f"connector {connector.number} cannot end its session now")
        connector.restart(reason)
        return Done(detail=f"connector {connector.number} starts again")

    async def _recorded(self, connectors: Iterable[ServedConnector]) -> None:
        """Wait until the ends of sessions are on the disk: a meter that signs takes its time."""
        ending, loop = list(connectors), asyncio.get_running_loop()
        until_s = loop.time() + ENDING_S
        while any(each.session_number is not None for each in ending) and loop.time() < until_s:
            await self._board.clock.sleep(0.05)

    async def _stop(self, connectors: Iterable[ServedConnector], reason: str) -> None:
        busy = [each for each in connectors if each.token is not None and each.state is not State.HELD]
        for each in busy:
            each.stop(reason)
        over = {State.AVAILABLE, State.CONNECTED, State.FINISHING, State.HELD, State.FAULTED}
        loop = asyncio.get_running_loop()
        until_s = loop.time() + ENDING_S
        while any(each.state not in over for each in busy) and loop.time() < until_s:
            await self._board.clock.sleep(0.05)


def _phases(values: PhaseValues) -> tuple[float | None, ...]:
    return values.l1, values.l2, values.l3
