"""The program that is killed: a simulated station on the fast clock with a real SQLite file. It prints what it has acknowledged.

Lines: ``R number`` a session of the last run was ended, ``B number register`` begun, ``S number seq register`` sampled,
``E number register`` ended. Each is written only after the store has answered.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.domain.events import SessionRecovered, StationEvent
from cc613_chargepoint.domain.session import Sample, SessionRecord
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.records import StoreRecorder, close_interrupted
from cc613_chargepoint.store import Store
from cc613hal.board import load_board, open_board
from cc613hal.clock import Clock, run_virtual
from cc613hal.plant import FieldCard, Simulation
from cc613hal.plant.vehicle import Vehicle


def say(*words: object) -> None:
    """One line, in one system call: it is there whole, or not at all."""
    os.write(1, (" ".join(str(word) for word in words) + "\n").encode())


class Witness(StoreRecorder):
    """A recorder that prints what it was told is on the disk."""

    async def begin(self, connector: int, token: Token, started: datetime, first: Sample) -> int:
        number = await super().begin(connector, token, started, first)
        say("B", number, first.register_wh)
        return number

    async def sample(self, number: int, seq: int, at: datetime, sample: Sample) -> None:
        await super().sample(number, seq, at, sample)
        if self._stored_s[number] == sample.at_s:
            say("S", number, seq, sample.register_wh)

    async def end(self, record: SessionRecord) -> None:
        await super().end(record)
        say("E", record.number, record.end_wh)


def heard(news: StationEvent) -> None:
    """Sessions of the last run, which the station has ended."""
    if isinstance(news, SessionRecovered):
        say("R", news.record.number, news.record.end_wh)


async def charges(data: Path, dice: random.Random) -> None:
    """Customers come and go on the simulated board, in virtual time, until the process is killed."""
    simulation = Simulation(load_board("bender.cc613"))
    async with (
        simulation,
        open_board(simulation.description, simulation.buses, clock=simulation.clock, state_dir=data) as board,
        await Store.open(data / "station.db") as store,
    ):
        recorder = Witness(store, simulation.clock)
        station = Station(board, StationSettings(store_sample_s=2.0), store=store, recorder=recorder)
        station.news.on(heard)
        serving = asyncio.create_task(station.run())
        clock = simulation.clock
        await clock.sleep(1.0)
        vehicle = Vehicle(simulation.plant.outlet(1))
        while not serving.done():
            uid = bytes([4, *dice.randbytes(6)])
            simulation.plant.cabinet.cards.set((FieldCard(uid=uid, sak=0, atqa=0x44),))
            await clock.sleep(1.0)
            simulation.plant.cabinet.cards.set(())
            vehicle.plug_in(cable_ohm=220.0)
            for _ in range(600):
                if station.connector.state is State.CHARGING:
                    break
                await clock.sleep(0.1)
            await clock.sleep(dice.uniform(1.0, 60.0))
            vehicle.unplug(force=True)
            await clock.sleep(5.0)
        await serving


async def writing(data: Path, dice: random.Random) -> None:
    """Many tasks write at once through the store's thread, in real time: group commits are cut as well."""
    clock = Clock()
    async with await Store.open(data / "station.db") as store:
        for news in await close_interrupted(store, clock):
            heard(news)

        async def connector(number: int) -> None:
            recorder, register, at_s = Witness(store, clock, every_s=1.0), Decimal(0), 0.0

            def sample() -> Sample:
                nonlocal register, at_s
                register, at_s = register + dice.randint(0, 9), at_s + 2.0
                return Sample(at_s=at_s, power_w=1.0, current_a=(1.0,), register_wh=register)

            while True:
                started, token = clock.wall(), Token(id=f"{dice.getrandbits(32):08X}", source=TokenSource.CARD)
                session = await recorder.begin(number, token, started, sample())
                for seq in range(dice.randint(1, 20)):
                    await recorder.sample(session, seq, clock.wall(), sample())
                await recorder.end(
                    SessionRecord(
                        number=session,
                        connector=number,
                        token=token,
                        started=started,
                        ended=clock.wall(),
                        duration_s=1.0,
                        begin_wh=Decimal(0),
                        end_wh=sample().register_wh,
                    )
                )

        await asyncio.gather(*(connector(number) for number in range(1, 9)))


def live(mode: str, data: Path, seed: str) -> None:
    """Live until killed.

    Args:
        mode: ``charges`` or ``writing``.
        data: directory of the database.
        seed: of this life's chances.
    """
    dice = random.Random(seed)
    if mode == "charges":
        run_virtual(charges(data, dice))
    else:
        asyncio.run(writing(data, dice))


if __name__ == "__main__":
    live(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
