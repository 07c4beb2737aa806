"""``cc613-chargepoint store``: what is taken out of a database, and how it is looked after."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cc613_chargepoint.cli import main
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.store import Store, StoredInterval, StoredSample
from cc613hal.clock import ClockState

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    async def fill() -> None:
        async with await Store.open(tmp_path / "station.db") as store:

            def work(tx) -> None:
                for number, token in enumerate(("04A1", "=cmd()"), 1):
                    at = NOW + timedelta(days=number)
                    session = tx.sessions.begin(
                        connector=1, token=Token(id=token, source=TokenSource.REMOTE), started=at, clock_state=ClockState.UNKNOWN,
                        begin_wh=Decimal("10.50"),
                    ).number  # fmt: skip
                    tx.sessions.sample(
                        session, StoredSample(seq=1, at=at, power_w=11_000.0, current_a=(16.0,), register_wh=Decimal("11.50"))
                    )
                    tx.sessions.interval(
                        session,
                        StoredInterval(state="Charging", started=at, ended=at, begin_wh=Decimal("10.50"), end_wh=Decimal("12.00")),
                    )
                    tx.sessions.end(session, ended=at + timedelta(hours=1), end_wh=Decimal("1010.50"), reason="card")
                tx.faults.begin(name="tilted", connector=1, severity="stop", detail="leans", raised=NOW)
                tx.audit.add(at=NOW, actor="@evil", role="operator", action="set", subject="operator:x", before=None, after="1")

            await store.write(work)

    asyncio.run(fill())
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["store", words[0], "--data", *words[1:]]) == code
    out = capsys.readouterr()
    return out.err if code else out.out


def test_sessions_as_csv_and_json_with_every_digit_and_reading(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(said(capsys, "sessions", str(data)))))
    assert [row["token"] for row in rows] == ["04A1", "'=cmd()"], "no spreadsheet runs it"
    assert {row["energy_wh"] for row in rows} == {"1000.00"}
    first, _ = json.loads(said(capsys, "sessions", str(data), "--samples"))
    assert first["samples"][0]["register_wh"] == "11.50"
    assert first["intervals"][0]["state"] == "Charging"
    assert "samples" not in json.loads(said(capsys, "sessions", str(data), "--json"))[0]


def test_a_span_of_time_into_a_file(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "march.csv"
    assert said(capsys, "sessions", str(data), "--from", "2026-03-03", "--to", "2026-03-04", "--out", str(out)) == ""
    assert len(list(csv.DictReader(io.StringIO(out.read_text())))) == 1
    assert "cannot be written" in said(capsys, "sessions", str(data), "--out", str(tmp_path / "no" / "file"), code=3)


def test_faults_and_changes(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (fault,) = csv.DictReader(io.StringIO(said(capsys, "faults", str(data))))
    assert (fault["name"], fault["cleared"]) == ("tilted", "")
    (change,) = csv.DictReader(io.StringIO(said(capsys, "audit", str(data))))
    assert change["actor"] == "'@evil"
    assert json.loads(said(capsys, "audit", str(data), "--json"))[0]["actor"] == "@evil"
    assert json.loads(said(capsys, "faults", str(data), "--format", "json", "--from", "2026-04-01")) == []


def test_check_size_and_copy(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is sound" in said(capsys, "check", str(data))
    assert json.loads(said(capsys, "size", str(data), "--json"))["used_bytes"] > 10_000
    copy = tmp_path / "copy.db"
    said(capsys, "copy", str(data), str(copy))
    with sqlite3.connect(copy) as other:
        assert other.execute("SELECT count(*) FROM session").fetchone() == (2,)
    other.close()
    assert "is there already" in said(capsys, "copy", str(data), str(copy), code=3)


def test_what_is_damaged_is_named_and_left_where_it_is(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "station.db").write_bytes(b"no database" * 1000)
    for action in ("check", "sessions"):
        assert "restart" in said(capsys, action, str(data), code=3)
    assert [each.name for each in data.iterdir() if "damaged" in each.name] == []


@pytest.mark.parametrize(
    ("words", "because"), [(("--from", "soon"), "is no date"), (("--format", "xml"), "invalid choice")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(data: Path, words: tuple[str, ...], because: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["store", "sessions", "--data", str(data), *words])
    assert because in capsys.readouterr().err


def test_a_directory_without_a_database_and_samples_in_csv_are_refused(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "has no station.db" in said(capsys, "check", str(tmp_path / "empty"), code=2)
    assert "--samples" in said(capsys, "sessions", str(data), "--samples", "--format", "csv", code=2)
