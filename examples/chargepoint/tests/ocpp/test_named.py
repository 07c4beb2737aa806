"""What backends call customers: as they wrote it, over restarts, and not without end."""

from __future__ import annotations

from pathlib import Path

from cc613_chargepoint.ocpp.engine import named
from cc613_chargepoint.ocpp.engine.named import Named
from cc613_chargepoint.store import Store


async def test_it_is_remembered_as_it_was_written_and_the_last_word_counts(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "station.db") as store:
        it = Named(store)
        await it.note([("Jane.Doe", "Central"), ("04a1", "ISO14443")])
        await it.note([("jane.doe", "eMAID")])
        again = Named(store)
        await again.load()
        assert dict(again.said) == dict(it.said) == {"04a1": ("04a1", "ISO14443"), "jane.doe": ("jane.doe", "eMAID")}


async def test_the_oldest_is_forgotten_when_there_are_too_many(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(named, "LIMIT", 2)
    async with await Store.open(tmp_path / "station.db") as store:
        it = Named(store)
        for name in ("A", "B", "a", "C"):
            await it.note([(name, "Central")])
        again = Named(store)
        await again.load()
        assert set(again.said) == set(it.said) == {"a", "c"}


async def test_a_message_that_is_said_again_calls_the_customer_what_it_did(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "station.db") as store:
        it = Named(store)
        assert it.for_message(1, "04A1") is None
        await it.note([("04a1", "Central")])
        assert it.for_message(1, "04A1") is None
        assert it.for_message(2, "04A1") == ("04a1", "Central")
