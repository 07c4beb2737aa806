"""Stations of two controllers, put together: the master with its slave's connector, and the slave with its link."""

from __future__ import annotations

import random
from pathlib import Path

from cc613_chargepoint.app import Station, StationSettings, connector_numbers
from cc613_chargepoint.authorization.rules import Backend
from cc613_chargepoint.pairing import PairingRole, PairingSettings, SlaveConnector, SlaveLink, owing
from cc613_chargepoint.pairing.identity import Identity
from cc613_chargepoint.pairing.wire import Dial, Door, tls_dial, tls_door
from cc613_chargepoint.records import Along
from cc613_chargepoint.store import Store
from cc613hal.board import Board
from cc613hal.errors import ConfigError

__all__ = ["master_station", "paired_station", "slave_station"]


def paired_station(
    board: Board,
    settings: StationSettings,
    pair: PairingSettings,
    store: Store,
    data: Path,
    *,
    along: Along | None = None,
    backend: Backend | None = None,
) -> Station:
    """The station that its role makes it, over TLS with the other controller.

    Args:
        board: of this controller, open.
        settings: of the station.
        pair: what was decided about both; its role is master or slave.
        store: of this controller.
        data: its data directory, with its identity.
        along: what a master owes to its backend about sessions, its slave's too.
        backend: whom a master asks for tokens that it does not know.

    Raises:
        NotOnBoard: the board lacks a part that no charge can do without.
        ConfigError: the controllers are not paired, or the board does not fit the role.
    """
    identity = Identity.of(data)
    if pair.role is PairingRole.MASTER:
        door = tls_door(identity, pair.listen, pair.port)
        return master_station(board, settings, pair, store, door, along=along, backend=backend)
    if not pair.master:
        raise ConfigError("this slave does not know its master", hint="`cc613-chargepoint pair slave`, or set pairing.master")
    return slave_station(board, settings, pair, store, tls_dial(identity, pair.master, pair.port))


def master_station(
    board: Board,
    settings: StationSettings,
    pair: PairingSettings,
    store: Store,
    door: Door,
    *,
    along: Along | None = None,
    backend: Backend | None = None,
) -> Station:
    """The master: its own connectors, and its slave's.

    Args:
        board: of this controller, open.
        settings: of the station.
        pair: what was decided about both.
        store: of this controller.
        door: where the slave comes in.
        along: is called in the transaction of every session's begin and end, the slave's too.
        backend: who is asked for tokens that the station does not know.

    Raises:
        NotOnBoard: the board lacks a part that no charge can do without.
        ConfigError: the board has a connector of the slave's number.
    """
    slave = SlaveConnector(pair, board.clock, store, door)
    station = Station(board, settings, store=store, along=along, backend=backend, elsewhere=(slave,))
    own = [connector for number, connector in station.connectors.items() if number != slave.number]
    slave.attend(
        own,
        lambda token, random_uid: station.customers.present(token, connector=slave.number, random=random_uid),
        along,
    )
    return station


def slave_station(
    board: Board, settings: StationSettings, pair: PairingSettings, store: Store, dial: Dial, *, dice: random.Random | None = None
) -> Station:
    """The slave: one connector, and the link to its master.

    Args:
        board: of this controller, open.
        settings: of the station.
        pair: what was decided about both.
        store: of this controller.
        dial: connects to the master.
        dice: for the pauses between attempts.

    Raises:
        NotOnBoard: the board lacks a part that no charge can do without.
        ConfigError: the board has more than one connector.
    """
    numbers = connector_numbers(board, household=settings.household.enabled)
    if len(numbers) > 1:
        raise ConfigError(
            f"a slave serves one connector, and {board.description.name} has {', '.join(map(str, numbers))}",
            hint="lay an overlay over the board that leaves one, or make this controller the master",
        )
    station = Station(board, settings, store=store, along=owing)
    link = SlaveLink(
        station.connector, station.news, pair, clock=board.clock, store=store, dial=dial, board=board.description.name, dice=dice
    )
    station.customers.elsewhere = link.presented
    station.services["link to the master"] = link.run
    return station
