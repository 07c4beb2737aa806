"""What the slave owes its master, from store to store: whatever is told twice, late or out of turn is stored once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cc613_chargepoint.domain.session import Sample, SessionRecord
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.pairing.deliveries import QUEUE, REPLACED, identity_of, next_owed, owing, paid, take_record, take_session
from cc613_chargepoint.pairing.messages import SessionTold, SignedTold
from cc613_chargepoint.records import StoreRecorder, close_interrupted, record_of
from cc613_chargepoint.store import Retention, Store, StoreConflict, StoredSession
from cc613hal.clock import Clock, ClockState

NOW = datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=UTC)
CARD = Token(id="04A2B3C4D5E680", source=TokenSource.CARD)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[tuple[Store, Store]]:
    """Of master and slave."""
    async with AsyncExitStack() as stack:
        made = [await stack.enter_async_context(await Store.open(tmp_path / name)) for name in ("master.db", "slave.db")]
        yield made[0], made[1]


def sample(register_wh: int = 0) -> Sample:
    return Sample(at_s=0.0, power_w=0.0, current_a=(0.0,), register_wh=Decimal(register_wh))


def record(number: int, end_wh: int = 500) -> SessionRecord:
    return SessionRecord(
        number=number, connector=1, token=CARD, started=NOW, ended=NOW, duration_s=12.5, begin_wh=Decimal(0), end_wh=Decimal(end_wh),
        highest_current_a=15.5, reason="card presented again",
    )  # fmt: skip


async def charged(slave: Store, end_wh: int = 500) -> int:
    recorder = StoreRecorder(slave, Clock(ClockState.INFORMATIVE), along=owing)
    number = await recorder.begin(1, CARD, NOW, sample())
    await recorder.end(record(number, end_wh))
    return number


async def deliver(master: Store, slave: Store, *, tell_twice: bool = False) -> list[tuple[str, bool]]:
    """Everything that is owed; what it was, and whether it told an end."""
    told = []
    while (owed := await next_owed(slave)) is not None:
        assert isinstance(owed, SessionTold)
        taken = await take_session(master, owed.session, 2, NOW)
        told.append((owed.kind, taken.ended))
        if tell_twice:  # the link broke before the slave heard that it was taken
            again = await take_session(master, owed.session, 2, NOW)
            assert (again.session, again.ended) == (taken.session, False)
        await paid(slave, owed, NOW)
    return told


@pytest.mark.parametrize("tell_twice", [False, True])
async def test_a_session_comes_over_as_it_is_with_the_masters_number(stores: tuple[Store, Store], tell_twice: bool) -> None:
    master, slave = stores
    own = {"connector": 1, "token": CARD, "started": NOW, "clock_state": ClockState.UNKNOWN, "begin_wh": None}
    await master.write(lambda tx: tx.sessions.begin(**own))
    number = await charged(slave)
    assert await deliver(master, slave, tell_twice=tell_twice) == [("begun", False), ("ended", True)]
    here = await slave.read(lambda tx: tx.sessions.get(number))
    there = await master.read(lambda tx: tx.sessions.by_uid(here.uid))
    assert there is not None
    assert (here.number, there.number, here.connector, there.connector) == (1, 2, 1, 2)
    for name in ("uid", "token", "started", "clock_state", "begin_wh", "ended", "end_wh", "duration_s", "highest_current_a", "reason"):
        assert getattr(there, name) == getattr(here, name), name
    assert record_of(there) == record(2) if there.connector == 1 else record_of(there).energy_wh == 500


async def test_an_end_alone_is_enough(stores: tuple[Store, Store]) -> None:
    """The master's file was damaged between begin and end and begun anew."""
    master, slave = stores
    await charged(slave)
    begun = await next_owed(slave)
    assert begun is not None
    await paid(slave, begun, NOW)
    assert await deliver(master, slave) == [("ended", True)]
    assert [each.energy_wh for each in await master.read(lambda tx: tx.sessions.recent())] == [500]


async def test_a_session_that_a_power_cut_ended_is_owed_too(stores: tuple[Store, Store]) -> None:
    master, slave = stores
    recorder = StoreRecorder(slave, Clock(), along=owing)
    await recorder.begin(1, CARD, NOW, sample(7))
    await close_interrupted(slave, Clock(), along=owing)
    assert await deliver(master, slave) == [("begun", False), ("recovered", True)]


async def test_what_is_owed_is_never_pruned(stores: tuple[Store, Store]) -> None:
    _, slave = stores
    await charged(slave)
    slave.retention = Retention(session_days=1)
    await slave.prune(datetime(2036, 1, 1, tzinfo=UTC))
    assert await slave.read(lambda tx: (len(tx.sessions.recent()), tx.outbox.count(QUEUE))) == (1, 2)


async def test_what_others_owe_is_committed_along_once(stores: tuple[Store, Store]) -> None:
    master, slave = stores
    await charged(slave)
    told: list[tuple[int, bool]] = []
    while (owed := await next_owed(slave)) is not None:
        for _ in range(2):
            await take_session(master, owed.session, 2, NOW, lambda _tx, session: told.append((session.number, session.ended is not None)))
        await paid(slave, owed, NOW)
    assert told == [(1, False), (1, True)]


async def test_a_session_that_was_given_up_and_comes_back_is_kept_for_people(stores: tuple[Store, Store]) -> None:
    master, slave = stores
    await charged(slave)
    begun = await next_owed(slave)
    assert isinstance(begun, SessionTold)
    await take_session(master, begun.session, 2, NOW)
    await paid(slave, begun, NOW)
    other = StoredSession(
        number=1, uid="another", connector=1, token=CARD, started=NOW, clock_state=ClockState.UNKNOWN, begin_wh=Decimal(0)
    )
    await take_session(master, other, 2, NOW)
    assert await deliver(master, slave) == [("ended", False)]
    sessions = {each.uid: each for each in await master.read(lambda tx: tx.sessions.recent())}
    assert (sessions[begun.session.uid].reason, sessions[begun.session.uid].energy_wh) == (REPLACED, None)
    (entry,) = await master.read(lambda tx: tx.audit.recent())
    assert entry.action == "late end"
    assert '"end_wh": "500"' in (entry.after or "")


async def signed(slave: Store, session: int | None, context: str, text: str, page: int | None = None) -> None:
    words: dict[str, Any] = {"connector": 1, "format": "OCMF", "public_key": "AB", "counter": "meter", "created": NOW}
    await slave.write(lambda tx: tx.signed.add(session=session, context=context, record=text, page=page, **words))


async def test_signed_records_come_over_byte_for_byte_and_once(stores: tuple[Store, Store]) -> None:
    master, slave = stores
    number = await charged(slave)
    texts = ['OCMF|{"a":1}|{"SD":"ü"}', "OCMF|{}|{}", "fiscal"]
    await signed(slave, number, "Transaction.Begin", texts[0], 1)
    await signed(slave, number, "Transaction.End", texts[1], 2)
    await signed(slave, None, "Sample.Clock", texts[2])
    identity = await identity_of(slave)
    assert identity == await identity_of(slave) != await identity_of(master)
    await deliver_sessions_first(master, slave)
    told = []
    while (owed := await next_owed(slave)) is not None:
        assert isinstance(owed, SignedTold)
        taken = await take_record(master, identity, owed, 2)
        assert taken is not None
        assert await take_record(master, identity, owed, 2) is None
        told.append((taken.record.record, taken.record.session, taken.with_begin))
        await paid(slave, owed, NOW)
    assert told == [(texts[0], 1, False), (texts[1], 1, False), (texts[2], None, False)]
    assert [each.connector for each in await master.read(lambda tx: tx.signed.owed())] == [2, 2, 2]
    assert await slave.read(lambda tx: tx.signed.owed()) == []


async def deliver_sessions_first(master: Store, slave: Store) -> None:
    for _ in range(2):
        owed = await next_owed(slave)
        assert isinstance(owed, SessionTold)
        await take_session(master, owed.session, 2, NOW)
        await paid(slave, owed, NOW)


async def test_an_end_without_a_begin_is_the_whole_transaction(stores: tuple[Store, Store]) -> None:
    master, slave = stores
    number = await charged(slave)
    await signed(slave, number, "Transaction.End", "both")
    await deliver_sessions_first(master, slave)
    owed = await next_owed(slave)
    assert isinstance(owed, SignedTold)
    taken = await take_record(master, "slave", owed, 2)
    assert taken is not None
    assert taken.with_begin


async def test_another_record_on_a_page_that_is_used_is_refused(stores: tuple[Store, Store]) -> None:
    master, slave = stores
    await signed(slave, None, "Sample.Clock", "one", 5)
    owed = await next_owed(slave)
    assert isinstance(owed, SignedTold)
    await take_record(master, "slave", owed, 2)
    import attrs

    forged = attrs.evolve(owed, record=attrs.evolve(owed.record, id=owed.record.id + 1, record="two"))
    with pytest.raises(StoreConflict):
        await take_record(master, "slave", forged, 2)
