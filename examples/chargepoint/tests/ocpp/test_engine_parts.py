"""The engine's pure parts: reasons, measurands, clock-aligned times, statuses, thinning, words, keys."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cc613_chargepoint.domain.events import AvailabilityChanged, ChargingEnded, FaultCleared, FaultRaised, SessionBegan, StateChanged
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.domain.session import SessionRecord
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.facade.commands import MeterView
from cc613_chargepoint.ocpp.engine.owed.corrected_times import latest, shift_outbox, shifted
from cc613_chargepoint.ocpp.engine.owed.facts import (
    Measured,
    Quantity,
    Reading,
    SignedValue,
    Standing,
    StatusReport,
    StopReason,
    TransactionBegan,
    TransactionEnded,
    packed,
    unpacked,
)
from cc613_chargepoint.ocpp.engine.owed.reporting import Reporter
from cc613_chargepoint.ocpp.engine.owed.sending import Sender, nothing
from cc613_chargepoint.ocpp.engine.owed.standing import StationView
from cc613_chargepoint.ocpp.engine.transactions.measurands import quantities
from cc613_chargepoint.ocpp.engine.transactions.reasons import DEAUTHORIZED, HARD_RESET, REMOTE_STOP, SOFT_RESET, UNLOCK_COMMAND, reason_of
from cc613_chargepoint.ocpp.engine.transactions.sampling import next_aligned
from cc613_chargepoint.ocpp.engine.transactions.signing import Offered
from cc613_chargepoint.ocpp.engine.trust.network_profiles import NetworkProfile
from cc613_chargepoint.ocpp.engine.trust.notes import SecurityNotes
from cc613_chargepoint.ocpp.engine.trust.security import Security, endpoint, password_bytes
from cc613_chargepoint.ocpp.messages import encoded
from cc613_chargepoint.ocpp.rpc import CallFailed, ErrorCode, LinkClosed, NoAnswerInTime
from cc613_chargepoint.ocpp.v16 import words
from cc613_chargepoint.ocpp.v16.keys import Keys
from cc613_chargepoint.records import POWER_LOSS
from cc613_chargepoint.settings import TABLE, Actor, Parameter, Settings
from cc613_chargepoint.settings.ocpp import MEASURANDS
from cc613_chargepoint.store import Store
from cc613hal.clock import Clock, run_virtual

NOW = datetime(2026, 3, 1, 12, 0, 7, 500_000, tzinfo=UTC)
VIEW = MeterView(
    at=NOW, power_w=11_040.0, phase_power_w=(3680.0, 3680.0, 3680.0), current_a=(16.0, 16.0, 16.0), voltage_v=(230.0, 231.5, None),
    frequency_hz=50.01, import_wh="1234.5", export_wh=None, offered_a=16.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (REMOTE_STOP, StopReason.REMOTE),
        (DEAUTHORIZED, StopReason.DE_AUTHORIZED),
        (SOFT_RESET, StopReason.SOFT_RESET),
        (HARD_RESET, StopReason.HARD_RESET),
        (UNLOCK_COMMAND, StopReason.UNLOCK_COMMAND),
        ("unlock asked for by somebody", StopReason.UNLOCK_COMMAND),
        ("vehicle unplugged", StopReason.EV_DISCONNECTED),
        (POWER_LOSS, StopReason.POWER_LOSS),
        ("fault: no-power", StopReason.POWER_LOSS),
        ("fault: residual-current", StopReason.OTHER),
        ("card presented again", StopReason.LOCAL),
        ("anything else", StopReason.LOCAL),
    ],
)
def test_reasons_follow_from_the_words_of_the_record(said, reason) -> None:
    assert reason_of(said) is reason


@pytest.mark.parametrize(
    ("shown", "told"),
    [("1234.5", "1234.5"), ("11.799694038927555084228515625", "11.799"), ("0.9999999", "0.999"), ("5000", "5000"), ("7.000", "7.000")],
)
def test_a_register_is_told_to_the_thousandth_and_never_more_than_was_measured(shown, told) -> None:
    found = quantities(
        attrs.evolve(VIEW, import_wh=shown, export_wh=shown), (f"Energy.Active.{way}.Register" for way in ("Import", "Export"))
    )
    assert [each.value for each in found] == [told, told]


def test_measurands_are_told_per_phase_where_they_are_measured_so() -> None:
    found = quantities(VIEW, ("Energy.Active.Import.Register", "Current.Import", "Voltage", "Power.Active.Import", "Frequency"))
    assert [(each.measurand, each.phase, each.value, each.unit) for each in found] == [
        ("Energy.Active.Import.Register", None, "1234.5", "Wh"),
        ("Current.Import", "L1", "16", "A"),
        ("Current.Import", "L2", "16", "A"),
        ("Current.Import", "L3", "16", "A"),
        ("Voltage", "L1-N", "230", "V"),
        ("Voltage", "L2-N", "231.5", "V"),
        ("Power.Active.Import", None, "11040", "W"),
        ("Frequency", None, "50.01", None),
    ]


def test_one_phase_may_be_asked_for() -> None:
    found = quantities(VIEW, ("Voltage.L2", "Power.Active.Import.L3", "Current.Import.L1"))
    assert [(each.phase, each.value) for each in found] == [("L2-N", "231.5"), ("L3", "3680"), ("L1", "16")]


def test_what_is_not_measured_is_left_out_and_no_name_means_the_register() -> None:
    assert quantities(VIEW, ("Energy.Active.Export.Register", "SoC")) == ()
    assert [each.measurand for each in quantities(VIEW, ())] == ["Energy.Active.Import.Register"]


def test_every_measurand_that_may_be_set_is_known_here() -> None:
    whole = VIEW.__class__(**{**{name: getattr(VIEW, name) for name in VIEW.__slots__ if not name.startswith("_")}, "export_wh": "1"})
    for name in MEASURANDS:
        assert quantities(whole, (name,)), name


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.integers(1, 86_400))  # noqa: DTZ001 - the zone is put on below
def test_clock_aligned_times_are_multiples_from_midnight(naive, interval_s) -> None:
    now = naive.replace(tzinfo=UTC)
    at = next_aligned(now, interval_s)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    assert now < at <= now + timedelta(seconds=interval_s)
    assert (at - midnight).total_seconds() % interval_s == 0.0


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", None),
        ("00ff" * 8, bytes.fromhex("00ff" * 8)),
        ("ab" * 20, b"\xab" * 20),
        ("sixteen letters!", b"sixteen letters!"),
        ("g" * 32, b"g" * 32),
    ],
)
def test_a_password_is_bytes_in_hexadecimal_or_text(text, key) -> None:
    assert password_bytes(text) == key


# -- statuses ------------------------------------------------------------------------------------------------------------------------------


def told(*news) -> list[tuple[int, Standing, str]]:
    reports: list[StatusReport] = []
    view = StationView([1], reports.append, lambda: NOW)
    view.refresh(0)
    view.refresh(1)
    for each in news:
        view.hear(each)
    return [(each.connector, each.standing, each.error) for each in reports]


def state(after: str) -> StateChanged:
    return StateChanged(connector=1, before="", after=after, because="")


TOKEN = Token(id="A", source=TokenSource.CARD)
BEGAN = SessionBegan(connector=1, number=1, token=TOKEN, started=NOW, begin_wh=Decimal(0))
ENDED = ChargingEnded(
    connector=1,
    record=SessionRecord(
        number=1, connector=1, token=TOKEN, started=NOW, ended=NOW, duration_s=0.0, begin_wh=Decimal(0), end_wh=Decimal(0)
    ),
)
FAULT = Fault(name=FaultName.RESIDUAL_CURRENT, detail="6 mA")
START = [(0, Standing.AVAILABLE, "NoError"), (1, Standing.AVAILABLE, "NoError")]


@pytest.mark.parametrize(
    ("news", "standings"),
    [
        ([state("authorised"), state("available")], [Standing.PREPARING, Standing.AVAILABLE]),
        ([state("connected"), state("starting"), state("ready"), state("energising")], [Standing.PREPARING]),
        ([state("connected"), BEGAN, state("charging")], [Standing.PREPARING, Standing.CHARGING]),
        (
            [BEGAN, state("charging"), state("ready"), state("paused"), state("ready"), state("energising"), state("charging")],
            [Standing.CHARGING, Standing.SUSPENDED_EV, Standing.SUSPENDED_EVSE, Standing.SUSPENDED_EV, Standing.CHARGING],
        ),
        (
            [BEGAN, state("charging"), state("stopping"), state("finishing"), ENDED, state("available")],
            [Standing.CHARGING, Standing.FINISHING, Standing.AVAILABLE],
        ),
        ([BEGAN, state("charging"), state("available"), ENDED], [Standing.CHARGING, Standing.FINISHING, Standing.AVAILABLE]),
        (
            [AvailabilityChanged(connector=1, in_service=False), AvailabilityChanged(connector=1, in_service=True)],
            [Standing.UNAVAILABLE, Standing.AVAILABLE],
        ),
        ([BEGAN, state("charging"), AvailabilityChanged(connector=1, in_service=False)], [Standing.CHARGING]),
    ],
)  # fmt: skip
def test_standings_follow_from_the_news(news, standings) -> None:
    assert told(*news) == [*START, *((1, each, "NoError") for each in standings)]


def test_a_fault_is_told_with_its_code_and_its_end_with_what_follows() -> None:
    """Faulted by nothing is no status: it is told once it is over."""
    seen = told(FaultRaised(connector=1, fault=FAULT), state("faulted"), FaultCleared(connector=1, fault=FAULT), state("available"))
    assert seen == [*START, (1, Standing.FAULTED, "GroundFailure"), (1, Standing.AVAILABLE, "NoError")]


def test_a_fault_that_ends_a_charge_is_told_as_that_and_nothing_in_between() -> None:
    seen = told(BEGAN, state("charging"), FaultRaised(connector=1, fault=FAULT), state("faulted"))
    assert seen == [*START, (1, Standing.CHARGING, "NoError"), (1, Standing.FAULTED, "GroundFailure")]


def test_a_connector_is_called_free_only_once_it_has_looked() -> None:
    async def story(reporter, online) -> None:
        online.set()
        reporter.take(report(Standing.AVAILABLE, connector=0))
        reporter.take(report(Standing.AVAILABLE, connector=1))
        reporter.take(report(Standing.AVAILABLE, connector=2))
        await asyncio.sleep(1.0)
        reporter.take(report(Standing.PREPARING, connector=1))
        await asyncio.sleep(2.0)
        reporter.take(report(Standing.AVAILABLE, connector=1))
        await asyncio.sleep(0.1)

    told = [(each.connector, each.standing) for each in reporter_scene(0.0, story, first_s=2.0)]
    assert told == [(0, Standing.AVAILABLE), (1, Standing.PREPARING), (2, Standing.AVAILABLE), (1, Standing.AVAILABLE)]


def test_a_warning_leaves_the_standing_as_it_is() -> None:
    warning = Fault(name=FaultName.BACKEND_LOST, detail="")
    assert told(FaultRaised(connector=1, fault=warning)) == [*START, (1, Standing.AVAILABLE, "OtherError")]


def reporter_scene(minimum_s: float, story, *, first_s: float = 0.0) -> list[StatusReport]:
    sent: list[StatusReport] = []

    async def whole() -> None:
        online = asyncio.Event()

        async def send(report: StatusReport) -> None:
            if not online.is_set():
                raise LinkClosed("gone")
            sent.append(report)

        reporter = Reporter(Clock(), minimum_s=lambda: minimum_s, online=online.is_set, wait_online=online.wait, send=send, first_s=first_s)
        running = asyncio.create_task(reporter.run())
        await story(reporter, online)
        running.cancel()

    run_virtual(whole())
    return sent


def report(standing: Standing, connector: int = 1) -> StatusReport:
    return StatusReport(connector=connector, standing=standing, at=NOW)


def test_while_offline_there_is_no_history() -> None:
    async def story(reporter, online) -> None:
        for standing in (Standing.AVAILABLE, Standing.PREPARING, Standing.CHARGING, Standing.FINISHING):
            reporter.take(report(standing))
        online.set()
        reporter.all_again()
        await asyncio.sleep(1.0)
        reporter.take(report(Standing.AVAILABLE))
        reporter.take(report(Standing.PREPARING))
        await asyncio.sleep(1.0)
        online.clear()
        reporter.take(report(Standing.AVAILABLE))
        reporter.take(report(Standing.PREPARING))
        online.set()
        reporter.changed()
        await asyncio.sleep(1.0)

    standings = [each.standing for each in reporter_scene(0.0, story)]
    assert standings == [Standing.FINISHING, Standing.AVAILABLE, Standing.PREPARING]


def test_a_status_that_does_not_last_is_not_told_and_a_fault_at_once() -> None:
    async def story(reporter, online) -> None:
        online.set()
        reporter.take(report(Standing.AVAILABLE))
        reporter.take(report(Standing.PREPARING))
        await asyncio.sleep(5.0)
        reporter.take(report(Standing.CHARGING))
        await asyncio.sleep(11.0)
        reporter.take(report(Standing.FAULTED))
        await asyncio.sleep(0.1)

    assert [each.standing for each in reporter_scene(10.0, story)] == [Standing.AVAILABLE, Standing.CHARGING, Standing.FAULTED]


# -- facts and words -----------------------------------------------------------------------------------------------------------------------

READING = Reading(at=NOW, context="Sample.Periodic", quantities=(Quantity(measurand="Voltage", value="230", unit="V", phase="L1-N"),))
SIGNED = SignedValue(context="Transaction.End", format="OCMF", record='OCMF|{"a":1}|{}', public_key="3059", at=NOW, key="b2Nh")
END = TransactionEnded(
    session=3, connector=1, token="A", started=NOW, begin_wh="1000.9", ended=NOW, end_wh="2000.9", reason=StopReason.LOCAL,
    readings=(READING,), signed=(SIGNED,),
)  # fmt: skip


@pytest.mark.parametrize(
    "fact",
    [
        END,
        TransactionBegan(session=1, connector=1, token="A", started=NOW, begin_wh=None),
        Measured(session=None, connector=2, readings=(READING,)),
    ],
)
def test_facts_survive_the_outbox(fact) -> None:
    assert unpacked(type(fact), packed(fact)) == fact


def test_registers_are_cut_to_whole_wh() -> None:
    said = encoded(words.stop(END, 7, most=100, bare=False))
    assert (said["meterStop"], said["transactionId"], said["reason"], said["idTag"]) == (2000, 7, "Local", "A")
    assert (
        encoded(words.start(TransactionBegan(session=1, connector=1, token="A" * 36, started=NOW, begin_wh="999.99")))["meterStart"] == 999
    )


def test_signed_records_go_in_the_container_or_bare() -> None:
    boxed, bare = (encoded(words.stop(END, 7, most=100, bare=each))["transactionData"][-1]["sampledValue"][0] for each in (False, True))
    assert boxed["format"] == bare["format"] == "SignedData"
    assert bare["value"] == SIGNED.record
    inside = json.loads(boxed["value"])
    assert base64.b64decode(inside["signedMeterData"]).decode() == SIGNED.record
    assert (inside["encodingMethod"], inside["signingMethod"]) == ("OCMF", "")
    assert inside["publicKey"] == "b2Nh"


def test_a_signed_telegram_goes_in_the_container_as_its_bytes() -> None:
    """It is kept in hexadecimal; base64 of the digits would be read by nobody."""
    edl = SignedValue(context="Transaction.End", format="EDL_40_P", record="1B1B1B1B01010101", public_key="3059", at=NOW)
    ended = evolve(END, signed=(edl,))
    inside = json.loads(encoded(words.stop(ended, 7, most=100, bare=False))["transactionData"][-1]["sampledValue"][0]["value"])
    assert base64.b64decode(inside["signedMeterData"]) == bytes.fromhex(edl.record)
    assert inside["encodingMethod"] == "EDL_40_P"
    assert encoded(words.stop(ended, 7, most=100, bare=True))["transactionData"][-1]["sampledValue"][0]["value"] == edl.record
    assert evolve(edl, record="no digits").content == b"no digits"


@given(st.integers(0, 60), st.integers(2, 40))
def test_of_too_many_values_the_ends_stay_and_the_middle_is_spread(count, most) -> None:
    def value(index: int, context: str) -> Reading:
        return Reading(at=NOW + timedelta(seconds=index), context=context, quantities=READING.quantities)

    middle = [value(index, "Sample.Periodic") for index in range(1, count + 1)]
    values = words.meter_values([value(0, "Transaction.Begin"), *middle, value(count + 1, "Transaction.End")], bare=False)
    kept = words.thinned(values, most)
    assert len(kept) == min(most, len(values))
    assert (kept[0], kept[-1]) == (values[0], values[-1])
    assert [each.timestamp for each in kept] == sorted(each.timestamp for each in kept)


def test_times_of_facts_are_moved_and_nothing_else() -> None:
    by = timedelta(days=3, seconds=5)
    moved = unpacked(TransactionEnded, shifted(packed(END), by))
    assert (moved.started, moved.ended, moved.readings[0].at, moved.signed[0].at) == (NOW + by,) * 4
    assert moved.begin_wh == END.begin_wh


# -- keys ----------------------------------------------------------------------------------------------------------------------------------


class EverythingOffered(Offered):
    """A station whose table is all there is to know."""

    def absent(self, which: Parameter[Any]) -> bool:
        return False

    def fixed(self, which: Parameter[Any]) -> str | None:
        return None

    def objection(self, which: Parameter[Any], text: str) -> str:
        return ""


def keys() -> Keys:
    backend, told = Actor(name="backend", role=Role.OPERATOR), {"NumberOfConnectors": lambda: "1", "MeterPublicKey1": lambda: None}
    return Keys(Settings({}, None, Clock()), backend, told, EverythingOffered())


def test_every_key_of_the_table_is_told_once_and_secrets_without_value() -> None:
    found, unknown = keys().read(())
    names = [each.key for each in found]
    assert len(set(names)) == len(names)
    assert {each.ocpp16 for each in TABLE.values() if each.ocpp16} <= set(names)
    assert not unknown
    assert next(each for each in found if each.key == "AuthorizationKey").value is None


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("heartbeatINTERVAL", "60", "Accepted"),
        ("HeartbeatInterval", "0", "Rejected"),
        ("HeartbeatInterval", "-1", "Rejected"),
        ("HeartbeatInterval", "soon", "Rejected"),
        ("WebSocketPingInterval", "0", "Accepted"),
        ("WebSocketPingInterval", "-1", "Rejected"),
        ("LocalPreAuthorize", "TRUE", "Accepted"),
        ("LocalPreAuthorize", "perhaps", "Rejected"),
        ("MeterValuesSampledData", "Voltage.L1,Current.Import", "Accepted"),
        ("MeterValuesSampledData", "Voltage,Mood", "Rejected"),
        ("MeterValuesSampledData", ",".join(["Voltage"] * 17), "Rejected"),
        ("ConnectorPhaseRotation", "1.RST,2.NotApplicable", "Accepted"),
        ("ConnectorPhaseRotation", "1.ABC", "Rejected"),
        ("NumberOfConnectors", "2", "Rejected"),
        ("ReserveConnectorZeroSupported", "false", "Rejected"),
        ("AuthorizationKey", "short", "Rejected"),
        ("Nonsense", "1", "NotSupported"),
    ],
)
def test_changes_are_answered_as_ocpp_wants(key, value, status) -> None:
    assert run_virtual(keys().change(key, value)).status == status


# -- sending -------------------------------------------------------------------------------------------------------------------------------


async def sending(
    place: Path,
    answers: dict[str, list[object]],
    *,
    attempts: int = 3,
    retry_s: float = 10.0,
    heard: list[str] | None = None,
    put: bool = True,
) -> tuple[list[tuple[float, str]], int]:
    """What was tried and when, and how many messages are left; ``heard`` takes the names under which they went out."""
    tried: list[tuple[float, str]] = []
    clock = Clock()
    async with await Store.open(place / "s.db") as store:
        for payload in answers if put else ():
            await store.write(lambda tx, payload=payload: tx.outbox.put(queue="q", kind="k", payload=payload, created=clock.wall()))

        async def deliver(message):
            tried.append((clock.monotonic_s(), message.payload))
            if heard is not None:
                heard.append(message.sent_as)
            answer = answers[message.payload].pop(0)
            if isinstance(answer, Exception):
                raise answer
            return nothing

        async def online() -> None:
            return

        sender = Sender(
            "q",
            store,
            clock,
            online=online,
            deliver=deliver,
            given_up=lambda _: nothing,
            attempts=lambda: attempts,
            retry_s=lambda: retry_s,
        )
        running = asyncio.create_task(sender.run())
        async with asyncio.timeout(1000.0):
            await sender.drained()
        running.cancel()
        return tried, await store.read(lambda tx: tx.outbox.count())


FAILED, SLOW, GONE = CallFailed(ErrorCode.INTERNAL_ERROR), NoAnswerInTime("no"), LinkClosed("gone")


def test_one_after_the_other_with_growing_pauses(tmp_path) -> None:
    tried, left = run_virtual(sending(tmp_path, {"a": [FAILED, SLOW, None], "b": [None]}))
    assert [(round(at), what) for at, what in tried] == [(0, "a"), (10, "a"), (30, "a"), (30, "b")]
    assert left == 0


def test_after_the_last_attempt_the_next_message_has_its_turn(tmp_path) -> None:
    tried, left = run_virtual(sending(tmp_path, {"a": [FAILED, FAILED], "b": [None]}, attempts=2))
    assert [what for _, what in tried] == ["a", "a", "b"]
    assert left == 0


def test_a_connection_that_goes_is_no_attempt(tmp_path) -> None:
    tried, left = run_virtual(sending(tmp_path, {"a": [GONE] * 10 + [None]}, attempts=1))
    assert len(tried) == 11
    assert left == 0


@pytest.mark.parametrize(
    ("story", "names"),
    [
        ([None], "a"),
        ([GONE, GONE, None], "aaa"),
        ([FAILED, SLOW, None], "abc"),
        ([FAILED, GONE, None], "abb"),
        ([GONE, FAILED, None], "aab"),
    ],
)
def test_the_same_attempt_over_again_has_the_same_name_and_another_one_another(tmp_path, story, names) -> None:
    heard: list[str] = []
    run_virtual(sending(tmp_path, {"a": list(story)}, heard=heard))
    letters = {name: letter for letter, name in zip("abc", dict.fromkeys(heard), strict=False)}
    assert "".join(letters[each] for each in heard) == names


def test_a_process_that_was_killed_repeats_its_last_attempt(tmp_path) -> None:
    async def killed() -> None:
        async with await Store.open(tmp_path / "s.db") as store:
            await store.write(lambda tx: tx.outbox.put(queue="q", kind="k", payload="a", created=NOW))
            await store.write(lambda tx: tx.outbox.sending(1, NOW, "before the crash"))

    heard: list[str] = []
    run_virtual(killed())
    tried, left = run_virtual(sending(tmp_path, {"a": [FAILED, None]}, heard=heard, put=False, attempts=2))
    assert (heard[0], len(set(heard)), len(tried), left) == ("before the crash", 2, 2, 0)


def test_only_what_was_put_after_the_start_is_moved(tmp_path) -> None:
    async def story() -> None:
        began = TransactionBegan(session=1, connector=1, token="A", started=NOW, begin_wh=None)
        async with await Store.open(tmp_path / "s.db") as store:

            def put(tx):
                return tx.outbox.put(queue="q", kind="began", payload=packed(began), created=NOW)

            assert await store.read(latest) == 0
            await store.write(put)
            before = await store.read(latest)
            await store.write(put)
            assert await store.write(lambda tx: shift_outbox(tx, before, timedelta(days=1))) == 1
            old, new = await store.read(lambda tx: [unpacked(TransactionBegan, each.payload).started for each in tx.outbox.waiting("q")])
            assert (old, new) == (NOW, NOW + timedelta(days=1))

    run_virtual(story())


@pytest.mark.parametrize(
    ("url", "profile", "found", "secure"),
    [
        ("ws://a.example/ocpp", 1, "ws://a.example/ocpp", False),
        ("ws://a.example/ocpp", 2, "wss://a.example/ocpp", True),
        ("wss://a.example/ocpp", 0, "wss://a.example/ocpp", True),
        ("http://a.example:8080/cs?x=http:", 1, "http://a.example:8080/cs?x=http:", False),
        ("http://a.example:8080/cs?x=http:", 2, "https://a.example:8080/cs?x=http:", True),
        ("https://a.example/cs", 2, "https://a.example/cs", True),
    ],
)
def test_a_security_profile_with_tls_never_goes_without(tmp_path: Path, url: str, profile: int, found: str, secure: bool) -> None:
    settings = Settings({"operator": {"ocpp.password": "0123456789abcdefXY", "ocpp.identity": "CP1"}}, None, Clock())
    security = Security(tmp_path, settings, Clock(), serial="1")
    where = endpoint(settings, ("ocpp1.6",), security, NetworkProfile(slot=0, url=url, security_profile=profile))
    assert where.url == found
    assert (where.tls is not None) is secure


@pytest.mark.parametrize(("kind", "level"), [("StartupOfTheDevice", "INFO"), ("ResetOrReboot", "INFO"), ("InvalidMessages", "WARNING")])
def test_only_what_is_not_as_it_should_be_warns(kind, level, caplog) -> None:
    engine = SimpleNamespace(
        clock=Clock(),
        settings=SimpleNamespace(get=lambda _: 0),
        operations=SimpleNamespace(spawn=lambda work: work.close()),
    )
    with caplog.at_level(logging.INFO):
        SecurityNotes(engine, lambda: None).note(kind)
    assert [each.levelname for each in caplog.records] == [level]
