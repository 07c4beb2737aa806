"""A disk that is really full, a database that another program holds, damage before and while the station runs, a clock that leaps."""

from __future__ import annotations

import asyncio
import functools
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613_chargepoint.app import StationSettings
from cc613_chargepoint.domain.events import ChargingEnded, FaultCleared, FaultRaised, SessionEnded
from cc613_chargepoint.domain.fault import FaultName
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.settings import Actor, Settings, table
from cc613_chargepoint.simulated import SimulatedStation, simulated_station
from cc613_chargepoint.store import Retention, Store, StoreDamaged, StoredSample, StoreError
from cc613_chargepoint.store.retention import DOUBTS, LEAP, Belief, weighed
from cc613hal.clock import Clock, ClockState, run_virtual

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TOKEN = Token(id="04A2B3", source=TokenSource.CARD)
MAKER = Actor(name="test", role=Role.MANUFACTURER)


def play(path: Path, story: Callable[[SimulatedStation, Store], Awaitable[None]], *, busy_s: float = 0.05, **more) -> None:
    async def main() -> None:
        async with (
            await Store.open(path, busy_s=busy_s) as store,
            simulated_station(settings=StationSettings(store_sample_s=5.0), store=store, **more) as made,
        ):
            await story(made, store)

    run_virtual(main())


async def fill(path: Path, sessions: int = 40, samples: int = 40) -> None:
    """Sessions with samples, settings, a fault, something owed."""
    async with await Store.open(path) as store:
        await (await Settings.load(store, Clock())).set(
            {"installation.current_a": 10.0, "authorization.mode": "list", "authorization.cards": ("04AA",)}, actor=MAKER
        )

        def work(tx) -> None:
            for number in range(sessions):
                at = NOW + timedelta(hours=number)
                session = tx.sessions.begin(
                    connector=1, token=TOKEN, started=at, clock_state=ClockState.SYNCHRONISED, begin_wh=Decimal(number * 1000)
                )
                for seq in range(samples):
                    sample = StoredSample(
                        seq=seq, at=at + timedelta(seconds=seq), power_w=1.0, current_a=(1.0,), register_wh=Decimal(number * 1000 + seq)
                    )
                    tx.sessions.sample(session.number, sample)
                tx.sessions.end(session.number, ended=at + timedelta(minutes=50), end_wh=Decimal(number * 1000 + 900), reason="card")

        await store.write(work)


def names(place: Path, part: str = "") -> list[str]:
    return sorted(each.name for each in place.iterdir() if part in each.name)


class TestSalvage:
    async def test_a_damaged_page_costs_what_lies_on_it(self, tmp_path: Path) -> None:
        path = tmp_path / "station.db"
        await fill(path, samples=400)
        content = bytearray(path.read_bytes())
        pages = len(content) // 4096
        for page in range(pages // 2, pages // 2 + 3):
            content[page * 4096 : (page + 1) * 4096] = b"\xa5" * 4096
        path.write_bytes(content)
        async with await Store.open(path) as store:
            rescued = store.opening.rescued
            assert store.opening.damaged_copy is not None
            assert store.opening.damaged_copy.read_bytes()[100:] == content[100:], "kept as it was, but for a counter in its header"
            assert rescued["session"] == 40
            assert 8_000 < rescued["sample"] < 16_000
            settings = await Settings.load(store, Clock())
            assert settings.get(table.INSTALLED_CURRENT_A) == 10.0, "an installation of 10 A must not become one of 16 A"
            assert settings.get(table.AUTHORIZATION_MODE) == "list"
            first = await store.read(lambda tx: tx.sessions.get(1))
            assert (first.begin_wh, first.end_wh, first.reason) == (Decimal(0), Decimal(900), "card")
            assert len(await store.read(lambda tx: tx.audit.recent())) == 3
            await store.check()
            new = await store.write(
                lambda tx: tx.sessions.begin(connector=1, token=TOKEN, started=NOW, clock_state=ClockState.UNKNOWN, begin_wh=None)
            )
            assert new.number > 1000, "numbers behind the damage may have been told to somebody"
        assert names(tmp_path, "reading") == []

    async def test_rows_that_are_nonsense_are_left_out(self, tmp_path: Path) -> None:
        path = tmp_path / "station.db"
        await fill(path, sessions=3, samples=3000)
        with sqlite3.connect(path) as other:
            other.execute("UPDATE setting SET value = 'no json' WHERE key = 'authorization.mode'")
            other.execute("UPDATE session SET started = 'yesterday' WHERE number = 2")
        other.close()
        content = bytearray(path.read_bytes())
        middle = len(content) // 8192 * 4096
        content[middle : middle + 8192] = b"\xa5" * 8192
        path.write_bytes(content)
        async with await Store.open(path) as store:
            assert store.opening.rescued["session"] == 2
            assert store.opening.rescued["setting"] == 2
            assert {each.number for each in await store.read(lambda tx: tx.sessions.recent())} == {1, 3}
            await Settings.load(store, Clock())

    async def test_of_a_file_that_is_no_database_nothing_is_read_and_it_is_said(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = tmp_path / "station.db"
        path.write_bytes(b"no database" * 1000)
        async with await Store.open(path) as store:
            assert store.opening.rescued == {}
        assert "no settings could be read" in caplog.text

    async def test_who_only_looks_recovers_nothing_and_migrates_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "station.db"
        async with await Store.open(path) as store:
            await store.write(lambda tx: tx.execute("DELETE FROM migration WHERE name = (SELECT max(name) FROM migration)"))
        with pytest.raises(StoreError, match="earlier version"):
            await Store.open(path, recover=False, migrate=False)
        path.write_bytes(b"no database" * 1000)
        with pytest.raises(StoreDamaged):
            await Store.open(path, recover=False)
        assert names(tmp_path) == ["station.db"]

    @staticmethod
    @functools.cache
    def sound() -> bytes:
        with tempfile.TemporaryDirectory() as place:
            asyncio.run(fill(Path(place) / "station.db", sessions=5, samples=30))
            return (Path(place) / "station.db").read_bytes()

    @settings(max_examples=30, deadline=None)
    @given(data=st.data())
    def test_whatever_is_broken_the_station_has_a_sound_file_again(
        self, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        place = tmp_path_factory.mktemp("broken")
        path = place / "station.db"
        content = bytearray(self.sound())
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(content) - 1))
            length = data.draw(st.sampled_from((1, 16, 512, 4096, 20_000)))
            content[at : at + length] = bytes(data.draw(st.sampled_from((0x00, 0xA5, 0xFF))) for _ in range(1)) * len(
                content[at : at + length]
            )
        path.write_bytes(content)

        async def look() -> None:
            try:
                store = await Store.open(path)
            except StoreError as error:
                if "another application" in error.message or "later version" in error.message:  # its mark was hit: it is left alone
                    return
                raise
            async with store:
                await store.read(lambda tx: (tx.sessions.open(), tx.faults.standing(), tx.settings.all()))
                await Settings.load(store, Clock())

        asyncio.run(look())
        shutil.rmtree(place)


class TestDamageWhileItRuns:
    def test_the_station_ends_when_nobody_is_served_and_starts_with_what_can_be_read(self, tmp_path: Path) -> None:
        path = tmp_path / "station.db"
        asyncio.run(fill(path, samples=1000))  # more than the database keeps in memory

        async def story(made: SimulatedStation, store: Store) -> None:
            await made.charge()
            content = bytearray(path.read_bytes())
            for page in range(60, 64):
                content[page * 4096 : (page + 1) * 4096] = b"\xa5" * 4096
            path.write_bytes(content)
            with pytest.raises(StoreDamaged):
                await store.check()
            await made.sleep(5.0)
            assert made.state is State.CHARGING, "nobody is cut off in the middle of a charge"
            made.unplug(force=True)
            await made.sleep(30.0)

        with pytest.raises(ExceptionGroup) as ended:
            play(path, story)
        assert ended.group_contains(StoreDamaged, match="malformed")

        async def after(made: SimulatedStation, store: Store) -> None:
            assert store.opening.damaged_copy is not None
            (raised,) = [each for each in made.of(FaultRaised) if each.connector == 0]
            assert raised.fault.name is FaultName.STORE_RECOVERED
            assert "read of it" in raised.fault.detail
            await made.charge()

        play(path, after, settle_s=3.0)


class TestLockedByAnotherProgram:
    def test_no_charge_begins_while_it_is_locked_and_one_does_afterwards(self, tmp_path: Path) -> None:
        path = tmp_path / "station.db"
        holder = textwrap.dedent("""
            import sqlite3, sys
            other = sqlite3.connect(sys.argv[1], isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            print("held", flush=True)
            sys.stdin.readline()
            other.execute("ROLLBACK")
        """)

        async def story(made: SimulatedStation, store: Store) -> None:
            other = subprocess.Popen(  # noqa: ASYNC220 - time is virtual: it does not pass meanwhile
                [sys.executable, "-c", holder, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            try:
                assert other.stdout is not None
                assert other.stdout.readline() == "held\n"
                await made.tap()
                made.plug()
                await made.until_state(State.FAULTED)
                assert FaultName.STORE_FAILED in made.faults
                assert made.outlet.contacts.value == 0
                other.communicate("\n", timeout=20)
            finally:
                other.kill()
                other.wait()
            await made.until(lambda: FaultName.STORE_FAILED in [each.fault.name for each in made.of(FaultCleared)], 90.0)
            made.unplug(force=True)
            await made.until_state(State.AVAILABLE)
            await made.sleep(5.0)
            await made.charge()
            assert len(await store.read(lambda tx: tx.sessions.open())) == 1

        play(path, story)


FULL_DISK = """
import asyncio, os, sys
from pathlib import Path
from cc613_chargepoint.app import StationSettings
from cc613_chargepoint.domain.events import ChargingEnded, FaultCleared, FaultRaised
from cc613_chargepoint.domain.fault import FaultName
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.simulated import simulated_station
from cc613_chargepoint.store import Store
from cc613hal.clock import run_virtual

place = Path(sys.argv[1])

def fill_up():
    out = os.open(place / "filler", os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(out, b"x" * 4096)
    except OSError as error:
        print("disk:", error.strerror, flush=True)
    os.close(out)

async def main():
    settings = StationSettings(store_sample_s=2.0)
    async with await Store.open(place / "station.db") as store, simulated_station(settings=settings, store=store) as made:
        await made.charge()
        await made.sleep(30.0)
        fill_up()
        await made.until_state(State.FAULTED, within_s=3600.0)
        assert FaultName.STORE_FAILED in made.faults, made.faults
        await made.until(lambda: made.outlet.contacts.value == 0, 0.2)
        assert made.of(ChargingEnded) == [], "an end that is not on the disk is not told"
        (place / "filler").unlink()
        await made.until(lambda: bool(made.of(ChargingEnded)), 120.0)
        made.unplug(force=True)
        await made.until_state(State.AVAILABLE)
        await made.sleep(5.0)
        await made.charge()
        sessions = await store.read(lambda tx: tx.sessions.recent())
        assert [each.ended is None for each in sessions] == [True, False], sessions
        assert sessions[1].end_wh == made.sessions[0].end_wh
        await store.check()
    print("lived through it", flush=True)

run_virtual(main())
"""


def test_a_disk_that_is_really_full_ends_the_charge_and_loses_nothing(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    script = tmp_path / "full_disk.py"
    script.write_text(FULL_DISK)
    namespace = ["unshare", "-m", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=1m none {place}"
    try:
        may = subprocess.run([*namespace, mount], capture_output=True, timeout=20, check=False).returncode == 0
    except FileNotFoundError:
        may = False
    if not may:
        namespace[1] = "-rm"  # with a user namespace of its own, where the kernel lets everybody have one
        if shutil.which("unshare") is None or subprocess.run([*namespace, mount], capture_output=True, timeout=20, check=False).returncode:
            pytest.skip("no file system of its own may be mounted here")
    run = f"{mount} && exec {sys.executable} {script} {place}"
    done = subprocess.run([*namespace, run], capture_output=True, text=True, timeout=55, check=False)
    assert "disk: No space left on device" in done.stdout, done.stderr
    assert "lived through it" in done.stdout, done.stderr


class TestClockThatLeaps:
    @pytest.mark.parametrize("years", [-30, 30])
    def test_a_session_keeps_its_duration_energy_and_place(self, tmp_path: Path, years: int) -> None:
        path = tmp_path / "station.db"

        async def story(made: SimulatedStation, store: Store) -> None:
            loop = asyncio.get_running_loop()
            await made.charge()
            await made.sleep(100.0)
            loop._start += timedelta(days=365 * years)
            loop._told_s = -1.0
            await made.sleep(100.0)
            made.unplug(force=True)
            await made.until(lambda: bool(made.of(SessionEnded)))
            record = made.of(ChargingEnded)[0].record
            assert record.duration_s == pytest.approx(200.0, abs=5.0)
            assert record.energy_wh > Decimal(500)
            (stored,) = await store.read(lambda tx: tx.sessions.recent())
            assert stored.duration_s == record.duration_s
            assert made.faults == []
            await made.sleep(5.0)
            await made.charge()
            assert len(await store.read(lambda tx: tx.sessions.recent())) == 2

        play(path, story)

    def test_two_years_of_sessions_survive_a_clock_that_is_wrong_for_weeks(self, tmp_path: Path) -> None:
        path = tmp_path / "station.db"
        asyncio.run(fill(path, samples=1))

        async def main() -> None:
            async with await Store.open(path) as store:

                async def count(now: datetime) -> int:
                    await store.prune(now)
                    return len(await store.read(lambda tx: tx.sessions.recent(1000)))

                assert await count(NOW + timedelta(days=10)) == 40
                for day in range(20):
                    assert await count(datetime(2056, 1, 1 + day, tzinfo=UTC)) == 40
                assert await count(datetime(1970, 1, 1, tzinfo=UTC)) == 40
                assert await count(NOW + timedelta(days=35)) == 40, "right again"
                assert await count(NOW + timedelta(days=60)) == 40
                store.retention = Retention(session_days=30, sample_days=30)
                assert await count(NOW + timedelta(days=61)) == 0, "what is old by a clock that is believed goes"

        asyncio.run(main())

    def test_a_leap_that_stays_is_believed_in_the_end(self) -> None:
        belief = Belief(NOW)
        later = NOW + timedelta(days=400)
        for day in range(DOUBTS - 1):
            belief = weighed(belief, later + timedelta(days=day))
            assert belief.doubts == day + 1
            assert belief.last == NOW
        assert weighed(belief, later + timedelta(days=DOUBTS)).doubts == 0

    @given(st.lists(st.integers(-20_000, 20_000), max_size=80))
    def test_only_what_was_seen_for_a_month_or_moves_a_little_is_believed(self, days: list[int]) -> None:
        belief = weighed(None, NOW)
        for each in days:
            now = NOW + timedelta(days=each)
            after = weighed(belief, now)
            if after.doubts == 0:
                assert after.last == now
                assert -timedelta(days=1) <= now - belief.last <= LEAP or belief.doubts == DOUBTS - 1
            else:
                assert after.last == belief.last
                assert after.doubts == belief.doubts + 1
            belief = after
