"""What a person at the terminal reads of every kind of news."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cc613_chargepoint.domain import events
from cc613_chargepoint.domain.events import StationEvent
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.domain.limit import Offer
from cc613_chargepoint.domain.session import Sample, SessionRecord
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.domain.verdict import Verdict
from cc613_chargepoint.narrator import Narrator, told
from cc613hal.clock import Clock

TOKEN = Token(id="04A2B3C4", source=TokenSource.CARD, technology="mifare-classic", security="uid")
BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)
FAULT = Fault(name=FaultName.CONTACTOR_WELDED, detail="the contacts show closed")
SAMPLE = Sample(at_s=0.0, power_w=11_040.0, current_a=(16.0, 16.0, 16.0), register_wh=Decimal(1000))


def record(**changes: object) -> SessionRecord:
    known = {
        "number": 7, "connector": 1, "token": TOKEN, "started": BEGAN, "ended": BEGAN + timedelta(hours=1), "duration_s": 3600.0,
        "begin_wh": Decimal("1000.0"), "end_wh": Decimal("12000.5"), "highest_current_a": 16.1, "samples": 3600,
        "reason": "card presented again",
    }  # fmt: skip
    return SessionRecord(**{**known, **changes})


STORY: list[tuple[StationEvent, str]] = [
    (events.BayChanged(connector=0, bay="bay", occupied=True), "parking bay: somebody stands there"),
    (events.BayChanged(connector=0, bay="bay", occupied=True, blocked=True), "blocks it"),
    (events.BayChanged(connector=0, bay="bay", occupied=False), "parking bay: free"),
    (events.Decided(connector=0, verdict=Verdict(token=TOKEN, accepted=True, reasons=("on the list",))), "✓ card 04A2B3C4"),
    (events.Decided(connector=0, verdict=Verdict(token=TOKEN, accepted=False, reasons=("expired",))), "✗ card 04A2B3C4"),
    (events.CustomerAccepted(connector=1, token=TOKEN), "it is the turn of 04A2B3C4 (card)"),
    (events.StateChanged(connector=1, before="ready", after="charging", because="pilot C"), "▸ ready → charging  (pilot C)"),
    (events.StepDone(connector=1, step="lock", detail="confirmed", elapsed_s=0.5), "✓ lock: confirmed  [500 ms]"),
    (events.Offered(connector=1, offer=Offer(current_a=13.0, source="load management")), "offer: 13 A, limited by load management"),
    (events.Offered(connector=1, offer=Offer(current_a=0.0, source="operator")), "offer withdrawn (operator)"),
    (events.Sampled(connector=1, sample=SAMPLE, offered_a=16.0, energy_wh=250.0), "16.0  16.0  16.0 A of 16 A    11.04 kW"),
    (events.AvailabilityChanged(connector=1, in_service=False), "out of service"),
    (events.AvailabilityChanged(connector=1, in_service=True), "in service"),
    (events.ReservationUsed(connector=1, number=9), "reservation 9 is used"),
    (events.SessionBegan(connector=1, number=7, token=TOKEN, started=BEGAN, begin_wh=Decimal(1000)), "session 7 begins for 04A2B3C4"),
    (events.ChargingEnded(connector=1, record=record()), "charging is over: card presented again; 11000.5 Wh"),
    (events.ChargingEnded(connector=1, record=record(end_wh=None)), "energy unknown: the meter could not be read"),
    (events.SessionEnded(connector=1, record=record()), "session 7 on connector 1 is over"),
    (events.SessionRecovered(connector=1, record=record()), "session 7 was cut by a restart"),
    (
        events.RecordSigned(
            connector=1, session=7, context="Transaction.End", with_begin=True, format="OCMF", record="OCMF|…", public_key="30…"
        ),
        "✓ signed record kept: OCMF, Transaction.End",
    ),
    (events.SignatureLost(connector=1, session=7, detail="the meter is gone"), "not billed: the meter is gone"),
    (events.FaultRaised(connector=1, fault=FAULT), "✗ fault contactor-welded: the contacts show closed"),
    (events.FaultCleared(connector=1, fault=FAULT), "✓ fault contactor-welded cleared"),
    (events.Toggled(connector=1, lasted_s=0.2), "asked for 200 ms only"),
    (events.ResidualMeasured(connector=1, dc_ma=2.54, rms_ma=None, tripped=False), "∆ residual current: 2.5 mA DC\n"),
    (events.ResidualMeasured(connector=1, dc_ma=9.0, rms_ma=0.4, tripped=True), "residual current: 9.0 mA DC, 0.4 mA AC, tripped"),
    (events.Identified(connector=1, token=TOKEN), "the vehicle says that it is 04A2B3C4 (card)"),
    (events.SessionResumed(connector=1, number=7, token=TOKEN), "session 7 of 04A2B3C4 goes on"),
]


def lines(*news: StationEvent) -> str:
    out = io.StringIO()
    narrator = Narrator(Clock(), out)
    for each in news:
        narrator.hear(each)
    return out.getvalue()


@pytest.mark.parametrize(("news", "words"), STORY, ids=lambda value: type(value).__name__ if isinstance(value, StationEvent) else "")
def test_every_kind_of_news_is_told_in_words(news: StationEvent, words: str) -> None:
    text = lines(news)
    assert words in text
    assert "connector=" not in text, "that is Python, not English"


def test_no_kind_of_news_is_forgotten() -> None:
    kinds = {getattr(events, name) for name in events.__all__} - {StationEvent}
    assert {type(news) for news, _ in STORY} == kinds


def test_news_of_another_package_are_told_by_name_and_fields() -> None:
    class Weather(StationEvent):
        pass

    assert "Weather" in told(Weather(connector=0))[1]


def test_the_summary_of_a_session_has_customer_time_energy_and_registers() -> None:
    text = lines(events.SessionEnded(connector=1, record=record()))
    for words in ("04A2B3C4 (card)", "12:00:00 – 13:00:00 UTC, 3600 s", "11000.5 Wh", "1.0000 kWh → 12.0005 kWh", "at most 16.1 A"):
        assert words in text


def test_the_second_connector_is_named_and_the_only_one_is_not() -> None:
    first = events.StateChanged(connector=1, before="a", after="b", because="c")
    second = events.StateChanged(connector=2, before="a", after="b", because="c")
    assert "connector" not in lines(first)
    assert "▸ connector 2: a → b" in lines(second)


def test_readings_are_not_told_every_second_where_lines_stay() -> None:
    sampled = events.Sampled(connector=1, sample=SAMPLE, offered_a=16.0, energy_wh=250.0)
    assert lines(sampled, sampled, sampled).count("meter:") == 1
