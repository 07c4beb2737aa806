"""What the station remembers: why somebody was accepted or refused, and what a session was made of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from cc613_chargepoint.app import Station, StationSettings
from cc613_chargepoint.authorization.policy import AuthorizationSettings, Mode
from cc613_chargepoint.authorization.rules import Reservation
from cc613_chargepoint.domain.events import Decided
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.domain.verdict import Verdict
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.history import VERDICTS_KEPT, History
from cc613_chargepoint.simulated import CARD, SimulatedStation
from cc613_chargepoint.store import Store, StoreFull
from cc613_chargepoint.store.export import session_dict
from cc613hal.board import load_board, open_board
from cc613hal.clock import Clock, run_virtual
from cc613hal.plant import Simulation


@asynccontextmanager
async def remembering(
    store: Store, board: str = "bender.cc613", overlay: Path | None = None, **settings
) -> AsyncIterator[SimulatedStation]:
    simulation = Simulation(load_board(board, overlays=[] if overlay is None else [overlay]))
    async with simulation, open_board(simulation.description, simulation.buses, clock=simulation.clock) as opened:
        made = SimulatedStation(simulation, opened, Station(opened, StationSettings(**settings), store=store))
        made.station.news.on(made.news.append)
        serving = asyncio.create_task(made.station.run())
        await made.sleep(1.0)
        try:
            yield made
            await made.sleep(1.0)
            assert not serving.done()
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving


def test_every_verdict_is_kept_with_who_asked_where_and_why(tmp_path: Path) -> None:
    async def main() -> None:
        settings = AuthorizationSettings(mode=Mode.LIST, cards=(CARD,))
        async with await Store.open(tmp_path / "station.db") as store:
            async with remembering(store, authorization=settings) as made:
                await made.tap("DEADBEEF")
                await made.tap(CARD)
            entries = [each for each in await store.read(lambda tx: tx.audit.recent()) if each.action == "authorize"]
        assert [(each.actor, each.role, each.subject, each.after) for each in reversed(entries)] == [
            ("DEADBEEF", "card", "connector 1", "refused by list: not on the local list"),
            (CARD, "card", "connector 1", "accepted by list: on the local list"),
        ]

    run_virtual(main())


def test_what_the_reader_refuses_is_a_verdict_too(tmp_path: Path) -> None:
    overlay = tmp_path / "reader.toml"
    overlay.write_text('schema = 1\n[device.reader]\noptions = { random_uid = "refuse" }\n')

    async def main() -> None:
        async with await Store.open(tmp_path / "station.db") as store:
            async with remembering(store, overlay=overlay) as made:
                await made.tap("08123456")
                (decided,) = made.of(Decided)
                assert not decided.verdict.accepted
                assert decided.verdict.rule == "reader"
            (entry,) = [each for each in await store.read(lambda tx: tx.audit.recent()) if each.action == "authorize"]
            assert entry.actor == "unknown"
            assert entry.after is not None
            assert entry.after.startswith("refused by reader: ")

    run_virtual(main())


def test_a_session_is_kept_in_its_parts_and_they_add_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with await Store.open(tmp_path / "station.db") as store:
            async with remembering(store) as made:
                vehicle = await made.charge()
                await made.sleep(600.0)
                made.station.limits.set("load management", 0.0)
                await made.until_state(State.PAUSED)
                await made.sleep(300.0)
                made.station.limits.withdraw("load management")
                await made.until_state(State.CHARGING)
                await made.sleep(600.0)
                vehicle.stop_energy()
                await made.until_state(State.READY)
                await made.sleep(120.0)
                made.unplug(force=True)
                await made.until(lambda: bool(made.sessions))
            (session,) = await store.read(lambda tx: tx.sessions.recent())
            parts = await store.read(lambda tx: tx.sessions.intervals(session.number))
        assert [each.state for each in parts] == ["charging", "suspended-evse", "suspended-ev", "charging", "suspended-ev"]
        assert parts[0].started == session.started
        assert parts[-1].ended == session.ended
        assert all(before.ended == after.started for before, after in pairwise(parts))
        assert sum((each.end_wh - each.begin_wh for each in parts), Decimal(0)) == session.energy_wh
        shown = session_dict(session, intervals=parts)["intervals"]
        assert shown[0]["begin_wh"] == format(parts[0].begin_wh, "f")
        assert len(shown) == len(parts)

    run_virtual(main())


def test_verdicts_that_the_disk_does_not_take_wait_for_it_and_are_bounded(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    class Full(Store):
        full = True

        async def write(self, work, what="writing"):
            if self.full:
                raise StoreFull(f"{what}: database or disk is full", device="store")
            return await super().write(work, what)

    async def main() -> None:
        clock = Clock()
        async with await Full.open(tmp_path / "station.db") as store:
            history = History(store, clock)
            running = asyncio.create_task(history.run())
            verdict = Verdict(token=Token(id="A1", source=TokenSource.CARD), accepted=False, reasons=("unknown",), rule="list")
            for _ in range(2 * VERDICTS_KEPT):
                history.hear(Decided(connector=1, verdict=verdict))
            await clock.sleep(10.0)
            store.full = False
            await clock.sleep(120.0)
            kept = len(await store.read(lambda tx: tx.audit.recent(1000)))
            assert VERDICTS_KEPT <= kept <= VERDICTS_KEPT + 2
            assert "the disk does not follow" in caplog.text
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    run_virtual(main())


def test_reservations_stand_over_a_restart_until_they_end(tmp_path: Path) -> None:
    async def main() -> list[list[int]]:
        seen: list[list[int]] = []
        async with await Store.open(tmp_path / "station.db") as store:
            async with remembering(store) as made:
                reservations, now = made.station.authorizer.reservations, made.board.clock.wall()
                for number, hours in ((1, 1.0), (2, 5.0), (3, 5.0)):
                    reservations.keep(
                        Reservation(number=number, connector=1, token=CARD, until=now + timedelta(hours=hours), parent="FLEET")
                    )
                reservations.cancel(3)
                await made.sleep(1.0)
            async with remembering(store) as again:
                kept = again.station.authorizer.reservations
                seen.append(sorted(kept.valid(again.board.clock.wall())))
                await again.tap("DEADBEEF")
                assert again.state is State.AVAILABLE, "it is reserved for somebody else"
                await again.sleep(2 * 3600.0)
                seen.append(sorted(kept.valid(again.board.clock.wall())))
                await again.tap(CARD)
                assert again.state is State.AUTHORISED
                await again.sleep(2.0)
            async with remembering(store) as last:
                seen.append(sorted(last.station.authorizer.reservations.valid(last.board.clock.wall())))
        return seen

    assert run_virtual(main()) == [[1, 2], [2], []], "ended by time, then by use"
