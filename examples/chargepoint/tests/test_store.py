"""The store: what it acknowledges is on the disk, what contradicts is refused, what is damaged is kept aside."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.store import (
    KnownToken,
    Retention,
    SignedRecord,
    Store,
    StoreClosed,
    StoreConflict,
    StoredInterval,
    StoredSample,
    StoredSession,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreTooNew,
    Transaction,
)
from cc613_chargepoint.store.export import session_dict, sessions_csv, sessions_json
from cc613_chargepoint.store.tables import ALL, from_utc, to_utc
from cc613hal.clock import ClockState, run_virtual

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
TOKEN = Token(id="04A2B3", source=TokenSource.CARD, technology="mifare", security="uid")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(tmp_path / "station.db") as store:
        yield store


def begin(tx: Transaction, connector: int = 1, started: datetime = NOW) -> StoredSession:
    return tx.sessions.begin(
        connector=connector, token=TOKEN, started=started, clock_state=ClockState.INFORMATIVE, begin_wh=Decimal("1234.50")
    )


def end(tx: Transaction, number: int, ended: datetime = NOW) -> StoredSession:
    return tx.sessions.end(number, ended=ended, end_wh=Decimal("2000.00"), reason="card", duration_s=60.0, highest_current_a=16.0)


def sample(seq: int, wh: str = "1300.00") -> StoredSample:
    return StoredSample(seq=seq, at=NOW + timedelta(seconds=seq), power_w=7.5, current_a=(1.0, 2.0, 3.0), register_wh=Decimal(wh))


def sign(tx: Transaction, page: int | None, session: int | None = None) -> SignedRecord:
    return tx.signed.add(
        session=session,
        connector=1,
        context="Transaction.Begin",
        format="OCMF",
        record='OCMF|{"RV":0.2000}|{}',
        public_key="3059",
        counter="T",
        page=page,
        created=NOW,
    )


class TestSessions:
    async def test_a_session_comes_back_digit_for_digit(self, store: Store) -> None:
        begun = await store.write(begin)
        await store.write(lambda tx: tx.sessions.sample(begun.number, sample(1)))
        interval = StoredInterval(state="charging", started=NOW, ended=NOW, begin_wh=Decimal("1.0"), end_wh=Decimal("2.00"))
        await store.write(lambda tx: tx.sessions.interval(begun.number, interval))
        ended = await store.write(lambda tx: end(tx, begun.number))
        found = await store.read(lambda tx: tx.sessions.get(begun.number))
        assert found == ended
        assert found.token == TOKEN
        assert found.started == NOW
        assert str(found.begin_wh) == "1234.50"
        assert found.energy_wh == Decimal("765.50")
        assert await store.read(lambda tx: tx.sessions.samples(begun.number)) == [sample(1)]
        assert await store.read(lambda tx: tx.sessions.last_sample(begun.number)) == sample(1)
        assert await store.read(lambda tx: tx.sessions.intervals(begun.number)) == [interval]
        assert await store.read(lambda tx: tx.sessions.by_uid(begun.uid)) == ended

    async def test_a_connector_has_one_open_session(self, store: Store) -> None:
        begun = await store.write(begin)
        with pytest.raises(StoreConflict):
            await store.write(begin, "beginning a session")
        await store.write(lambda tx: begin(tx, connector=2))
        assert [each.connector for each in await store.read(lambda tx: tx.sessions.open())] == [1, 2]
        await store.write(lambda tx: end(tx, begun.number))
        again = await store.write(begin)
        assert again.number > begun.number

    async def test_a_session_ends_once(self, store: Store) -> None:
        begun = await store.write(begin)
        await store.write(lambda tx: end(tx, begun.number))
        with pytest.raises(StoreConflict, match="not open"):
            await store.write(lambda tx: end(tx, begun.number))

    async def test_the_same_sample_is_not_stored_twice_nor_without_a_session(self, store: Store) -> None:
        begun = await store.write(begin)
        await store.write(lambda tx: tx.sessions.sample(begun.number, sample(1)))
        for number in (begun.number, 99):
            with pytest.raises(StoreConflict):
                await store.write(lambda tx, number=number: tx.sessions.sample(number, sample(1)))

    async def test_sessions_are_paged_and_found_by_time(self, store: Store) -> None:
        for day in range(5):
            begun = await store.write(lambda tx, day=day: begin(tx, started=NOW + timedelta(days=day)))
            await store.write(lambda tx, number=begun.number: end(tx, number))
        newest = await store.read(lambda tx: tx.sessions.recent(2))
        assert [each.number for each in newest] == [5, 4]
        assert [each.number for each in await store.read(lambda tx: tx.sessions.recent(2, before=4))] == [3, 2]
        span = await store.read(lambda tx: tx.sessions.between(NOW + timedelta(days=1), NOW + timedelta(days=3)))
        assert [each.number for each in span] == [2, 3]

    async def test_a_time_without_zone_is_refused(self, store: Store) -> None:
        with pytest.raises(ValueError, match="no time zone"):
            await store.write(lambda tx: begin(tx, started=datetime(2026, 1, 1)))  # noqa: DTZ001 - that is the point
        assert await store.read(lambda tx: tx.sessions.open()) == []


@given(st.lists(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)), min_size=2, max_size=2))  # noqa: DTZ001
def test_text_order_of_times_is_time_order(moments: list[datetime]) -> None:
    first, second = (each.replace(tzinfo=timezone(timedelta(hours=1))) for each in moments)
    assert (to_utc(first) < to_utc(second)) == (first < second)
    assert from_utc(to_utc(first)) == first


class TestTransactions:
    async def test_all_of_it_or_nothing(self, store: Store) -> None:
        def both(tx: Transaction) -> None:
            begin(tx)
            tx.outbox.put(queue="transactions", kind="StartTransaction", payload="{}", created=NOW)
            raise RuntimeError("the caller changed its mind")

        with pytest.raises(RuntimeError, match="changed its mind"):
            await store.write(both)
        assert await store.read(lambda tx: tx.sessions.open()) == []
        assert await store.read(lambda tx: tx.outbox.count()) == 0

    async def test_one_that_fails_does_not_take_the_others_of_its_commit_along(self, store: Store) -> None:
        begun = await store.write(begin)
        work = [store.write(lambda tx, seq=seq: tx.sessions.sample(begun.number, sample(seq))) for seq in (1, 2, 2, 3)]
        results = await asyncio.gather(*work, return_exceptions=True)
        assert [type(each) for each in results] == [type(None), type(None), StoreConflict, type(None)]
        assert [each.seq for each in await store.read(lambda tx: tx.sessions.samples(begun.number))] == [1, 2, 3]

    async def test_who_is_cancelled_while_waiting_has_asked_all_the_same(self, store: Store) -> None:
        waiting = asyncio.ensure_future(store.write(begin))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await store.write(lambda tx: None)
        assert len(await store.read(lambda tx: tx.sessions.open())) == 1

    async def test_reading_cannot_change_anything(self, store: Store) -> None:
        await store.read(lambda tx: tx.outbox.count())
        with pytest.raises(StoreError):
            await store.read(begin)
        assert await store.read(lambda tx: tx.sessions.open()) == []

    async def test_writing_does_not_hold_up_the_loop(self, store: Store) -> None:
        inside = asyncio.Event()
        loop = asyncio.get_running_loop()
        import threading

        go_on = threading.Event()

        def slow(tx: Transaction) -> None:
            loop.call_soon_threadsafe(inside.set)
            assert go_on.wait(10)

        writing = asyncio.ensure_future(store.write(slow))
        await inside.wait()  # the loop turns while the writer is held
        assert await store.read(lambda tx: tx.outbox.count()) == 0  # and readers have their turn
        go_on.set()
        await writing

    async def test_after_closing_everything_is_refused(self, tmp_path: Path) -> None:
        store = await Store.open(tmp_path / "station.db")
        await store.aclose()
        await store.aclose()
        with pytest.raises(StoreClosed):
            await store.write(begin)

    def test_under_virtual_time_no_time_passes_while_it_writes(self, tmp_path: Path) -> None:
        async def main() -> float:
            async with await Store.open(tmp_path / "station.db") as store:
                asyncio.get_running_loop().call_later(3600.0, lambda: None)
                await store.write(begin)
                return asyncio.get_running_loop().time()

        assert run_virtual(main()) == 0.0


class TestOutbox:
    async def test_messages_come_in_the_order_they_were_recorded(self, store: Store) -> None:
        for kind in ("StartTransaction", "MeterValues", "StopTransaction"):
            await store.write(lambda tx, kind=kind: tx.outbox.put(queue="transactions", kind=kind, payload="{}", created=NOW, session=1))
        await store.write(lambda tx: tx.outbox.put(queue="security", kind="SecurityEventNotification", payload="{}", created=NOW))
        assert [each.kind for each in await store.read(lambda tx: tx.outbox.waiting("transactions"))] == [
            "StartTransaction",
            "MeterValues",
            "StopTransaction",
        ]
        head = await store.read(lambda tx: tx.outbox.head("transactions"))
        assert head is not None
        await store.write(lambda tx: tx.outbox.sending(head.id, NOW, "one"))
        await store.write(lambda tx: tx.outbox.rewrite(head.id, '{"id":7}'))
        tried = await store.read(lambda tx: tx.outbox.head("transactions"))
        assert tried is not None
        assert (tried.attempts, tried.last_attempt, tried.payload) == (1, NOW, '{"id":7}')
        assert await store.write(lambda tx: tx.outbox.remove(head.id))
        assert not await store.write(lambda tx: tx.outbox.remove(head.id))
        assert [each.kind for each in await store.read(lambda tx: tx.outbox.of_session(1))] == ["MeterValues", "StopTransaction"]
        assert await store.read(lambda tx: tx.outbox.count("security")) == 1

    async def test_an_attempt_keeps_its_name_until_it_was_refused(self, store: Store) -> None:
        message = await store.write(lambda tx: tx.outbox.put(queue="q", kind="k", payload="", created=NOW))
        told: list[tuple[str, int]] = []
        for name in ("one", "two", "refused", "three"):
            if name == "refused":
                await store.write(lambda tx: tx.outbox.refused(message.id))
                continue
            sent = await store.write(lambda tx, name=name: tx.outbox.sending(message.id, NOW, name))
            assert sent is not None
            told.append((sent.sent_as, sent.attempts))
        assert told == [("one", 1), ("one", 1), ("three", 2)]

    async def test_what_thinning_has_taken_meanwhile_is_not_sent(self, store: Store) -> None:
        message = await store.write(lambda tx: tx.outbox.put(queue="q", kind="k", payload="", created=NOW, droppable=True))
        await store.write(lambda tx: tx.outbox.thin("q", 0))
        assert await store.write(lambda tx: tx.outbox.sending(message.id, NOW, "one")) is None

    async def test_an_identifier_is_never_used_again(self, store: Store) -> None:
        put = lambda tx: tx.outbox.put(queue="q", kind="k", payload="", created=NOW)  # noqa: E731
        first = await store.write(put)
        await store.write(lambda tx: tx.outbox.remove(first.id))
        assert (await store.write(put)).id > first.id

    @settings(max_examples=25, deadline=None)
    @given(counts=st.lists(st.integers(0, 12), min_size=1, max_size=4), keep=st.integers(0, 30))
    def test_thinning_takes_middle_samples_only(self, tmp_path_factory: pytest.TempPathFactory, counts: list[int], keep: int) -> None:
        async def main() -> None:
            async with await Store.open(tmp_path_factory.mktemp("thin") / "s.db") as store:

                def fill(tx: Transaction) -> None:
                    for session, count in enumerate(counts):
                        tx.outbox.put(queue="t", kind="Start", payload="", created=NOW, session=session)
                        for _ in range(count):
                            tx.outbox.put(queue="t", kind="Meter", payload="", created=NOW, session=session, droppable=True)
                        tx.outbox.put(queue="t", kind="Stop", payload="", created=NOW, session=session)

                await store.write(fill)
                removed = await store.write(lambda tx: tx.outbox.thin("t", keep))
                left = await store.read(lambda tx: tx.outbox.waiting("t"))
                droppable = [each for each in left if each.droppable]
                assert removed == max(0, sum(counts) - keep)
                assert len(droppable) == min(sum(counts), keep)
                assert [each.kind for each in left if not each.droppable] == ["Start", "Stop"] * len(counts)

        run_virtual(main())


class TestSignedRecords:
    async def test_a_page_is_used_once_whatever_happens_to_its_record(self, store: Store) -> None:
        assert await store.write(lambda tx: tx.signed.next_page("T")) == 1
        assert await store.write(lambda tx: tx.signed.next_page("T")) == 2
        assert await store.write(lambda tx: tx.signed.next_page("F")) == 1
        await store.write(lambda tx: sign(tx, 2))
        with pytest.raises(StoreConflict):
            await store.write(lambda tx: sign(tx, 2))
        assert await store.read(lambda tx: tx.signed.pages()) == {"T": 2, "F": 1}

    async def test_pages_can_be_moved_on_but_not_back(self, store: Store) -> None:
        await store.write(lambda tx: tx.signed.set_page("T", 100))
        with pytest.raises(StoreConflict, match="not after"):
            await store.write(lambda tx: tx.signed.set_page("T", 100))
        assert await store.write(lambda tx: tx.signed.next_page("T")) == 101

    async def test_the_database_itself_refuses_to_rewrite_or_lose_one(self, store: Store) -> None:
        record = await store.write(lambda tx: sign(tx, 1, session=7))
        for sql in ("UPDATE signed SET record = 'x'", "DELETE FROM signed", "UPDATE page_counter SET page = 0"):
            await store.write(lambda tx: tx.signed.pages() or tx.signed.next_page("T"))
            with pytest.raises(StoreConflict):
                await store.write(lambda tx, sql=sql: tx.execute(sql))
        assert await store.read(lambda tx: tx.signed.owed()) == [record]
        await store.write(lambda tx: tx.signed.delivered(record.id, NOW))
        assert await store.read(lambda tx: tx.signed.owed()) == []
        (kept,) = await store.read(lambda tx: tx.signed.of_session(7))
        assert (kept.record, kept.delivered) == (record.record, NOW)
        assert await store.read(lambda tx: tx.signed.after(record.id)) == []


class TestTokens:
    async def test_the_list_knows_its_entries_without_case(self, store: Store) -> None:
        a, b = KnownToken(id="AbC", status="Accepted", parent="fleet"), KnownToken(id="X", status="Blocked")
        await store.write(lambda tx: tx.token_list.replace([a, b], version=3))
        assert await store.read(lambda tx: tx.token_list.find("aBc")) == a
        await store.write(lambda tx: tx.token_list.update([KnownToken(id="Y", status="Accepted")], ["x"], version=4))
        assert [each.id for each in await store.read(lambda tx: tx.token_list.all())] == ["AbC", "Y"]
        assert await store.read(lambda tx: (tx.token_list.version, tx.token_list.count())) == (4, 2)
        await store.write(lambda tx: tx.token_list.replace([], version=0))
        assert await store.read(lambda tx: tx.token_list.count()) == 0

    async def test_a_full_cache_gives_up_what_lets_nobody_charge_then_the_oldest(self, store: Store) -> None:
        def put(identifier: str, status: str, minute: int) -> None:
            return lambda tx: tx.token_cache.put(KnownToken(id=identifier, status=status), heard=NOW + timedelta(minutes=minute), limit=3)

        for identifier, status, minute in (("old", "Accepted", 0), ("bad", "Invalid", 1), ("mid", "Accepted", 2), ("new", "Accepted", 3)):
            await store.write(put(identifier, status, minute))
        assert [each.id for each in await store.read(lambda tx: tx.token_cache.all())] == ["new", "mid", "old"]
        await store.write(put("newest", "Accepted", 4))
        assert [each.id for each in await store.read(lambda tx: tx.token_cache.all())] == ["newest", "new", "mid"]
        found = await store.read(lambda tx: tx.token_cache.find("NEW"))
        assert found is not None
        assert found.heard == NOW + timedelta(minutes=3)
        await store.write(lambda tx: tx.token_cache.clear())
        assert await store.read(lambda tx: tx.token_cache.count()) == 0

    def test_what_expires_is_no_longer_valid(self) -> None:
        token = KnownToken(id="a", status="Accepted", expires=NOW)
        assert token.valid_at(NOW - timedelta(seconds=1))
        assert not token.valid_at(NOW)
        assert not KnownToken(id="a", status="Blocked").valid_at(NOW)


async def test_faults_stand_once_and_are_kept_when_they_are_gone(store: Store) -> None:
    raise_it = lambda tx: tx.faults.begin(name="over-current", connector=1, severity="stop", detail="20 A", raised=NOW)  # noqa: E731
    await store.write(raise_it)
    await store.write(raise_it)
    assert [each.detail for each in await store.read(lambda tx: tx.faults.standing())] == ["20 A"]
    assert await store.write(lambda tx: tx.faults.end(name="over-current", connector=1, cleared=NOW, by="unplugged"))
    assert not await store.write(lambda tx: tx.faults.end(name="over-current", connector=1, cleared=NOW, by="unplugged"))
    await store.write(raise_it)
    assert [(each.cleared, each.cleared_by) for each in await store.read(lambda tx: tx.faults.recent())] == [(None, ""), (NOW, "unplugged")]


async def test_settings_memory_and_audit_come_back(store: Store) -> None:
    def write(tx: Transaction) -> None:
        tx.settings.put("operator", "a.b", [1, "ü"])
        tx.settings.put("operator", "a.b", {"x": None})
        tx.settings.put("backend", "a.b", 1.5)
        tx.memory.put("ocpp", "boot", {"status": "Accepted"})
        tx.audit.add(at=NOW, actor="cli", role="operator", action="set", subject="a.b", before="1", after="2")

    await store.write(write)
    assert await store.read(lambda tx: tx.settings.all()) == {"operator": {"a.b": {"x": None}}, "backend": {"a.b": 1.5}}
    assert await store.write(lambda tx: tx.settings.remove("backend", "a.b"))
    assert not await store.write(lambda tx: tx.settings.remove("backend", "a.b"))
    assert await store.read(lambda tx: tx.memory.all("ocpp")) == {"boot": {"status": "Accepted"}}
    await store.write(lambda tx: tx.memory.forget("ocpp", "boot"))
    assert await store.read(lambda tx: tx.memory.get("ocpp", "boot")) is None
    (entry,) = await store.read(lambda tx: tx.audit.recent())
    assert (entry.actor, entry.subject, entry.after) == ("cli", "a.b", "2")


async def test_the_queries_know_exactly_the_columns_that_the_migrations_make(store: Store) -> None:
    for table in ALL:
        name = table._meta.table_name
        columns = {row[1] for row in await store.read(lambda tx, name=name: tx.execute(f"PRAGMA table_info({name})"))}
        assert columns == set(table._meta.columns), name
    made = {
        row[0]
        for row in await store.read(
            lambda tx: tx.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite*'")
        )
    }
    assert made == {table._meta.table_name for table in ALL} | {"migration"}


class TestRetention:
    async def test_what_is_old_goes_and_what_is_owed_stays(self, tmp_path: Path) -> None:
        retention = Retention(session_days=10, sample_days=5, fault_rows=2, audit_rows=3)
        async with await Store.open(tmp_path / "s.db", retention=retention) as store:

            def fill(tx: Transaction) -> None:
                for days in (20, 20, 20, 7, 0):
                    ended = NOW - timedelta(days=days)
                    number = begin(tx, started=ended).number
                    tx.sessions.sample(number, sample(1))
                    end(tx, number, ended)
                tx.outbox.put(queue="q", kind="Stop", payload="", created=NOW, session=1)
                sign(tx, 1, session=2)
                begin(tx, started=NOW - timedelta(days=400))
                for _ in range(5):
                    tx.faults.begin(name="x", connector=0, severity="s", detail="", raised=NOW)
                    tx.faults.end(name="x", connector=0, cleared=NOW, by="")
                    tx.audit.add(at=NOW, actor="", role="", action="", subject="")

            await store.write(fill)
            removed = await store.prune(NOW, sure=True)
            assert removed == {"sample": 4, "signed": 0, "session": 1, "fault": 3, "audit": 2}
            assert [each.number for each in await store.read(lambda tx: tx.sessions.recent())] == [6, 5, 4, 2, 1]
            assert len(await store.read(lambda tx: tx.signed.owed())) == 1
            assert set((await store.prune(NOW)).values()) == {0}

    async def test_at_its_limit_it_refuses_and_takes_again_what_pruning_has_made_room_for(self, tmp_path: Path) -> None:
        retention = Retention(session_days=10, sample_days=5, size_limit_bytes=400_000)
        async with await Store.open(tmp_path / "s.db", retention=retention) as store:
            number = (await store.write(begin)).number
            stored = 0
            with pytest.raises(StoreFull, match="full"):  # noqa: PT012 - one of them is refused; which one is not the point
                while True:
                    await store.write(lambda tx, first=stored: [tx.sessions.sample(number, sample(first + i)) for i in range(200)])
                    stored += 200
            assert len(await store.read(lambda tx: tx.sessions.samples(number))) == stored > 0
            assert (await store.size()).used_bytes <= 400_000
            await store.write(lambda tx: end(tx, number))
            assert (await store.prune(NOW + timedelta(days=6)))["sample"] == stored
            await store.write(begin)


class TestFilesThatAreNotSound:
    async def fill(self, path: Path) -> None:
        async with await Store.open(path) as store:
            number = (await store.write(begin)).number
            await store.write(lambda tx: [tx.sessions.sample(number, sample(seq)) for seq in range(2000)])

    @pytest.mark.parametrize("damage", ["header", "pages", "truncated", "text"])
    async def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(
        self, tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = tmp_path / "station.db"
        await self.fill(path)
        content = bytearray(path.read_bytes())
        if damage == "header":
            content[0:100] = b"\xff" * 100
        elif damage == "pages":
            for page in range(2, len(content) // 4096):
                content[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
        elif damage == "truncated":
            del content[len(content) // 2 :]
        else:
            content = bytearray(b"this is no database at all " * 100)
        path.write_bytes(content)
        async with await Store.open(path) as store:
            kept = store.opening.damaged_copy
            assert kept is not None
            assert kept.read_bytes() == content
            assert store.opening.damage
            await store.write(lambda tx: begin(tx, 2))
        assert str(kept) in caplog.text
        async with await Store.open(path) as store:
            assert store.opening.damaged_copy is None
            assert 2 in {each.connector for each in await store.read(lambda tx: tx.sessions.open())}

    async def test_two_damages_in_one_second_keep_two_copies(self, tmp_path: Path) -> None:
        path = tmp_path / "station.db"
        kept = set()
        for _ in range(2):
            path.write_bytes(b"nonsense" * 1000)
            async with await Store.open(path) as store:
                kept.add(store.opening.damaged_copy)
        assert len(kept) == 2
        assert all(each.exists() for each in kept)

    async def test_somebody_elses_database_is_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "station.db"
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE photos (id)")
        other.close()
        before = path.read_bytes()
        with pytest.raises(StoreError, match="another application"):
            await Store.open(path)
        assert path.read_bytes() == before
        assert os.listdir(tmp_path) == ["station.db"]  # noqa: PTH208

    async def test_a_file_of_a_later_version_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "station.db"
        async with await Store.open(path) as store:
            await store.write(lambda tx: tx.execute("INSERT INTO migration (name, applied) VALUES ('9999_future', '2030-01-01')"))
        with pytest.raises(StoreTooNew, match="9999_future"):
            await Store.open(path)

    async def test_a_locked_file_is_told_as_such_and_changes_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "station.db"
        async with await Store.open(path, busy_s=0.05) as store:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreLocked, match="beginning a session"):
                await store.write(begin, "beginning a session")
            other.execute("ROLLBACK")
            other.close()
            assert (await store.write(begin)).number == 1

    async def test_a_directory_that_cannot_be_made_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreError, match="cannot be made"):
            await Store.open(tmp_path / "file" / "data" / "station.db")


def test_what_was_acknowledged_before_sigkill_is_there_after_it(tmp_path: Path) -> None:
    """A child process stores samples and prints each number after its acknowledgement, until it is killed."""
    program = textwrap.dedent("""
        import asyncio, sys
        from datetime import UTC, datetime
        from decimal import Decimal
        from pathlib import Path
        from cc613_chargepoint.domain.token import Token, TokenSource
        from cc613_chargepoint.store import Store, StoredSample
        from cc613hal.clock import ClockState

        async def main():
            store, now = await Store.open(Path(sys.argv[1])), datetime.now(UTC)
            token = Token(id="a", source=TokenSource.CARD)
            session = await store.write(lambda tx: tx.sessions.begin(
                connector=1, token=token, started=now, clock_state=ClockState.UNKNOWN, begin_wh=Decimal(0)))
            seq = 0
            async def one(seq):
                sample = StoredSample(seq=seq, at=now, power_w=0.0, current_a=(), register_wh=Decimal(seq))
                await store.write(lambda tx: tx.sessions.sample(session.number, sample))
                print(seq, flush=True)
            while True:
                await asyncio.gather(*(one(seq + i) for i in range(5)))
                seq += 5
        asyncio.run(main())
    """)
    child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "s.db")], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    acknowledged = [child.stdout.readline() for _ in range(100)]
    child.send_signal(signal.SIGKILL)
    acknowledged += child.stdout.readlines()
    child.stdout.close()
    child.wait(10)

    async def look() -> set[int]:
        async with await Store.open(tmp_path / "s.db") as store:
            assert store.opening.damaged_copy is None
            await store.check()
            return {each.seq for each in await store.read(lambda tx: tx.sessions.samples(1))}

    assert {int(line) for line in acknowledged if line.endswith("\n")} <= asyncio.run(look())


class TestExport:
    SESSION = StoredSession(
        number=7,
        uid="u",
        connector=1,
        token=Token(id="=cmd()", source=TokenSource.CARD),
        started=NOW,
        clock_state=ClockState.UNKNOWN,
        begin_wh=Decimal("0.10"),
        ended=NOW,
        end_wh=Decimal("5.00"),
        duration_s=1.5,
        reason='said "stop", then left',
    )

    def test_csv_is_read_back_and_runs_no_formula(self) -> None:
        (row,) = csv.DictReader(io.StringIO(sessions_csv([self.SESSION])))
        assert row["token"] == "'=cmd()"
        assert (row["energy_wh"], row["reason"], row["number"]) == ("4.90", 'said "stop", then left', "7")

    def test_json_keeps_every_digit(self) -> None:
        (data,) = json.loads(sessions_json([self.SESSION]))
        assert (data["begin_wh"], data["end_wh"], data["energy_wh"], data["token"]) == ("0.10", "5.00", "4.90", "=cmd()")

    def test_samples_and_intervals_come_along_when_given(self) -> None:
        interval = StoredInterval(state="charging", started=NOW, ended=NOW, begin_wh=Decimal(1), end_wh=Decimal("2.0"))
        data = session_dict(self.SESSION, [sample(1)], [interval])
        assert data["samples"][0]["register_wh"] == "1300.00"
        assert data["intervals"][0]["end_wh"] == "2.0"
