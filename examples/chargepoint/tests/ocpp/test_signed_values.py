"""Which values are told signed, and with which key along: the rules, without a wire."""

from __future__ import annotations

import asyncio
import base64
import itertools
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from cc613_chargepoint.domain.events import RecordSigned, SessionBegan
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.facade.commands import (
    Answer,
    Command,
    ConnectorStatus,
    GetPublicKey,
    PublicKeyView,
    SignedNow,
    SignNow,
    StationStatus,
)
from cc613_chargepoint.ocpp.engine.owed.facts import (
    Measured,
    Quantity,
    Reading,
    SignedValue,
    StopReason,
    TransactionBegan,
    TransactionEnded,
)
from cc613_chargepoint.ocpp.engine.transactions.ledger import Ledger
from cc613_chargepoint.ocpp.engine.transactions.sampling import Beat
from cc613_chargepoint.ocpp.engine.transactions.signing import BEGIN_S, Signing, brings_key, key_text, may_be_signed, signing_method
from cc613_chargepoint.ocpp.engine.transactions.thinning import spread, thinned
from cc613_chargepoint.ocpp.messages import encoded
from cc613_chargepoint.ocpp.v16 import words as words16
from cc613_chargepoint.ocpp.v201 import words as words201
from cc613_chargepoint.settings import TABLE, Actor, Layer, Settings, ocpp
from cc613_chargepoint.store import Store
from cc613hal.clock import Clock, ClockState, run_virtual
from cc613hal.errors import CommandFailed, Unsupported
from cc613hal.ocmf import Curve

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BACKEND = Actor(name="backend", role=Role.OPERATOR)
P256 = "3059301306072A8648CE3D020106082A8648CE3D03010703420004" + "AB" * 64
_CURVE = Curve.SECP192R1.numbers
P192 = f"3049301306072A8648CE3D020106082A8648CE3D03010103320004{_CURVE.gx:048X}{_CURVE.gy:048X}"
RECORD = SignedValue(context="Sample.Periodic", format="OCMF", record="OCMF|{}|{}", public_key=P256, at=NOW)
ENERGY = Quantity(measurand="Energy.Active.Import.Register", value="1000", unit="Wh")
SAMPLE = Reading(at=NOW, context="Sample.Periodic", quantities=(ENERGY,), signed=RECORD)
END = TransactionEnded(
    session=1, connector=1, token="A", started=NOW, begin_wh="1000", ended=NOW, end_wh="2000", reason=StopReason.LOCAL,
    readings=(SAMPLE, SAMPLE),
    signed=(evolve(RECORD, context="Transaction.Begin"), evolve(RECORD, context="Transaction.End")),
)  # fmt: skip


def status(**connectors: tuple[bool, bool]) -> StationStatus:
    """A station: ``c1=(signs, signs now)``."""
    return StationStatus(
        board="b",
        connectors=tuple(
            ConnectorStatus(number=int(name[1:]), state="available", signs=can[0], signs_now=can[1]) for name, can in connectors.items()
        ),
    )


async def nobody(command: Command) -> Answer:
    raise AssertionError(f"{command} was not expected")


@asynccontextmanager
async def signing(
    place: Path, ask: Callable[[Command], Awaitable[Answer]] = nobody, *, station: StationStatus | None = None, **said: Any
) -> AsyncIterator[tuple[Signing, Ledger, Settings, Store]]:
    """What decides, with settings as they are said: ``sign_updated=True``."""
    async with await Store.open(place / "s.db") as store:
        settings = await Settings.load(store, Clock())
        await settings.set({f"ocpp.{key}": value for key, value in said.items()}, actor=BACKEND)
        ledger = Ledger(store)
        yield Signing(settings, ledger, Clock(), station or status(c1=(True, True)), ask), ledger, settings, store


# -- which ------------------------------------------------------------------------------------------------------------------------------

MATRIX = [
    # sampled, aligned, started, updated, aligned updated → begin, periodic, clock (application note, table 20)
    ((False, False, False, False, False), (False, False, False)),
    ((False, False, True, True, True), (False, False, False)),
    ((True, True, False, False, False), (False, False, False)),
    ((True, True, True, False, False), (True, False, False)),
    ((True, True, True, True, False), (True, True, False)),
    ((True, True, True, False, True), (True, False, True)),
    ((True, True, True, True, True), (True, True, True)),
    ((True, False, False, True, True), (False, True, False)),
    ((False, True, True, True, True), (False, False, True)),
]


@pytest.mark.parametrize(("keys", "signed"), MATRIX)
@pytest.mark.parametrize("always", [False, True])
async def test_the_matrix_of_the_application_note(keys: tuple[bool, ...], signed: tuple[bool, ...], always: bool, tmp_path: Path) -> None:
    names = ("sign_sampled", "sign_aligned", "sign_started", "sign_updated", "sign_aligned_updated")
    async with signing(tmp_path, signed_ends=always, **dict(zip(names, keys, strict=True))) as (it, *_):
        assert (it.begins, it.updates(aligned=False), it.updates(aligned=True)) == signed
        assert it.ends is (always or keys[0] or keys[1])
        assert (it.samples_of_end(aligned=False), it.samples_of_end(aligned=True)) == keys[:2]
        told = await it.ended(END)
        assert bool(told.signed) is it.ends


@pytest.mark.parametrize(
    ("names", "can"),
    [((), True), (("Voltage",), False), (("Voltage", "Energy.Active.Import.Register"), True), (("Current.Import",), False)],
)
def test_meters_sign_energy(names: tuple[str, ...], can: bool) -> None:
    assert may_be_signed(names) is can


async def test_what_backends_may_set_depends_on_the_meters(tmp_path: Path) -> None:
    of_signing = {each.key for each in TABLE.values() if each.ocpp16.startswith(("SampledDataSign", "AlignedDataSign", "PublicKeyWith"))}
    assert len(of_signing) == 6
    async with signing(tmp_path / "a", station=status(c1=(False, False))) as (it, *_):
        assert {each.key for each in TABLE.values() if it.absent(each)} == of_signing
    async with signing(tmp_path / "b", station=status(c1=(True, False), c2=(False, False))) as (it, *_):
        assert not any(it.absent(each) for each in TABLE.values())
        fixed = {each.key: it.fixed(each) for each in TABLE.values() if it.fixed(each) is not None}
        assert fixed == {"ocpp.sign_updated": "false", "ocpp.sign_aligned_updated": "false"}
    async with signing(tmp_path / "c", station=status(c1=(True, False), c2=(True, True))) as (it, _, settings, _):
        assert not any(it.fixed(each) for each in TABLE.values())
        assert it.objection(ocpp.SIGN_SAMPLED, " FALSE ")
        assert not it.objection(ocpp.SIGN_SAMPLED, "true")
        assert not it.objection(ocpp.SIGN_ALIGNED, "false")
        await settings.set({"ocpp.signed_ends": False}, actor=BACKEND)
        assert not it.objection(ocpp.SIGN_SAMPLED, "false")
    assert ocpp.SIGNED_ENDS.ocpp16 == ocpp.SIGNED_ENDS.ocpp201 == ""  # no backend reaches it


async def test_what_a_backend_had_set_before_the_operator_decided_does_not_count(tmp_path: Path) -> None:
    async with signing(tmp_path, signed_ends=False) as (it, _, settings, _):
        await settings.set({"ocpp.sign_sampled": False}, actor=BACKEND, layer=Layer.BACKEND)
        assert not it.ends
        await settings.set({"ocpp.signed_ends": True}, actor=BACKEND)
        assert len((await it.ended(END)).signed) == 2


# -- signatures -------------------------------------------------------------------------------------------------------------------------


async def test_a_value_that_is_not_signed_is_complained_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    asked: list[Command] = []
    works = False

    async def meter(command: Command) -> Answer:
        asked.append(command)
        if not works:
            raise CommandFailed("no signature by the deadline", device="meter1")
        return SignedNow(at=NOW, format="OCMF", record="OCMF|{}|{}", public_key=P256)

    async with signing(tmp_path, meter, station=status(c1=(True, True), c2=(True, False))) as (it, *_):
        with caplog.at_level(logging.WARNING):
            assert [await it.sign(1, 7, "Trigger") for _ in range(3)] == [None] * 3
            assert await it.sign(2, 8, "Trigger") is None  # is not even asked
            works = True
            assert await it.sign(1, 7, "Trigger") == evolve(RECORD, context="Trigger")
            works = False
            assert await it.sign(1, 7, "Trigger") is None
    assert asked == [SignNow(connector=1, session=7, context="Trigger")] * 5
    assert len([each for each in caplog.records if "go unsigned" in each.message]) == 2


def test_a_begin_is_waited_for_as_long_as_a_meter_may_take(tmp_path: Path) -> None:
    began = TransactionBegan(session=1, connector=1, token="A", started=NOW, begin_wh="1000")

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        async with signing(tmp_path, sign_started=True) as (it, ledger, settings, store):
            token = Token(id="A", source=TokenSource.CARD)
            opened = await store.write(
                lambda tx: tx.sessions.begin(
                    connector=1, token=token, started=NOW, clock_state=ClockState.SYNCHRONISED, begin_wh=Decimal(1000)
                ),
                "beginning",
            )
            assert opened.number == 1
            start_s = loop.time()
            assert await it.awaited_begin(began) is None
            assert BEGIN_S <= loop.time() - start_s <= BEGIN_S + 1.0
            loop.call_later(3.0, ledger.hear, SessionBegan(connector=1, number=1, token=token, started=NOW, begin_wh=Decimal(1000)))
            start_s = loop.time()
            assert await it.awaited_begin(began) is None  # the session runs, and its meter signs begin and end together
            assert 3.0 <= loop.time() - start_s <= 4.0
            await settings.set({"ocpp.sign_started": False}, actor=BACKEND)
            start_s = loop.time()
            assert await it.awaited_begin(evolve(began, session=9)) is None  # not wanted: nothing is looked up, nobody waits
            assert loop.time() == start_s

    run_virtual(scene())


# -- keys -------------------------------------------------------------------------------------------------------------------------------


def test_a_meter_is_asked_for_its_key_until_it_tells_it(tmp_path: Path) -> None:
    answers: list[Any] = [
        CommandFailed("busy"),
        CommandFailed("busy"),
        PublicKeyView(connector=1, curve="", hex=P256, base64="", fingerprint=""),
    ]
    asked: list[Command] = []

    async def meter(command: Command) -> Answer:
        asked.append(command)
        assert isinstance(command, GetPublicKey)
        if command.connector == 2:
            raise Unsupported("it is printed on the housing")
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Answer)
        return answer

    async def scene() -> None:
        async with signing(tmp_path, meter, station=status(c1=(True, True), c2=(True, False), c3=(False, False))) as (it, *_):
            assert it.key_of(1, 500) is None
            async with asyncio.timeout(300.0):
                await it.run()
            assert it.key_of(1, 500) == key_text(P256, "note")
            assert it.key_of(2, 500) is None
            assert it.key_of(3, 500) is None
            assert it.key_of(1, 200) is None  # too long to be read this way
            it.hear(RecordSigned(connector=1, session=7, context="x", with_begin=False, format="OCMF", record="", public_key=P192))
            assert it.key_of(1, 500) == key_text(P192, "note")  # the meter was exchanged

    run_virtual(scene())
    assert [each.connector for each in asked if isinstance(each, GetPublicKey)] == [1, 2, 1, 1]
    assert not any(each.drawing for each in asked if isinstance(each, GetPublicKey))


def test_how_keys_are_written() -> None:
    assert key_text("", "note") == key_text("", "der") == ""
    assert base64.b64decode(key_text(P256, "note")).decode() == f"oca:base16:asn1:{P256}"
    assert key_text(P256, "oca") == f"oca:base16:asn1:{P256}"
    assert base64.b64decode(key_text(P256, "der")).hex().upper() == P256
    longest = "30" * 167  # 167 bytes are 500 characters: secp521r1 has 158
    assert len(key_text(longest, "note")) <= 500 < len(key_text(longest + "30" * 15, "note"))


@pytest.mark.parametrize(
    ("format", "key", "method"),
    [("OCMF", P256, ""), ("EDL_40_P", P192, "ECDSA-secp192r1-SHA256"), ("EDL_40_P", "", ""), ("EDL_40_P", "3059", ""), ("ALFEN", P192, "")],
)
def test_how_it_is_signed_is_said_where_the_record_does_not(format: str, key: str, method: str) -> None:  # noqa: A002 - OCPP's word
    assert signing_method(evolve(RECORD, format=format, public_key=key)) == method


@pytest.mark.parametrize(
    ("policy", "told_before", "of_samples", "of_ends"),
    [
        ("Never", False, [False, False], [False, False]),
        ("EveryMeterValue", True, [True, True], [True, True]),
        ("OncePerTransaction", False, [False, False], [True, False]),  # samples may be left out of an end, its begin and end never are
        ("OncePerTransaction", True, [False, False], [False, False]),
    ],
)
async def test_the_key_goes_along_as_it_is_asked_for(
    policy: str, told_before: bool, of_samples: list[bool], of_ends: list[bool], tmp_path: Path
) -> None:
    async with signing(tmp_path, signed_key=policy) as (it, ledger, _, store):
        if told_before:
            await ledger.key_was_told(1)
        told = await it.ended(END)
        assert [bool(each.signed and each.signed.key) for each in told.readings] == of_samples
        assert [bool(each.key) for each in told.signed] == of_ends
        assert brings_key(told) is any([*of_samples, *of_ends])
        value = await it.measured(Measured(session=1, connector=1, readings=(SAMPLE,)))
        assert brings_key(value) is (policy == "EveryMeterValue" or (policy != "Never" and not told_before))
        await it.told(value)
        assert await ledger.has_key(1) is (told_before or brings_key(value))
        await store.write(lambda tx: Ledger.forget(tx, 1, ""), "the end was told")
        assert not await ledger.has_key(1)


async def test_without_a_record_before_it_the_first_sample_takes_the_key(tmp_path: Path) -> None:
    async with signing(tmp_path, signed_key="OncePerTransaction") as (it, *_):
        told = await it.ended(evolve(END, signed=()))
        assert [bool(each.signed and each.signed.key) for each in told.readings] == [True, False]
        outside = Measured(session=None, connector=1, readings=(SAMPLE,))
        assert await it.measured(outside) is outside


# -- words ------------------------------------------------------------------------------------------------------------------------------


def test_a_record_too_long_for_2_0_1_stays_away_and_its_value_does_not() -> None:
    longest, longer = evolve(RECORD, record="x" * 1875), evolve(RECORD, record="x" * 1876)
    assert words201.fits(longest)
    assert not words201.fits(longer)
    fact = evolve(END, readings=(evolve(SAMPLE, signed=longer), SAMPLE), signed=(longer, longest))
    kept = words201.without_long_records(fact)
    assert [each.signed for each in kept.readings] == [None, RECORD]
    assert kept.signed == (longest,)
    assert [each.quantities for each in kept.readings] == [(ENERGY,)] * 2
    said = encoded(words201.ended(kept, 3, token=None))
    assert [[("signedMeterValue" in each) for each in value["sampledValue"]] for value in said["meterValue"]] == [
        [False],
        [True],
        [False],
        [True],
    ]
    # over 1.6 there is no such limit
    assert len(encoded(words16.stop(fact, 7, most=100, bare=True))["transactionData"]) == 4


@pytest.mark.parametrize(
    ("readings", "signed", "values"),
    [
        # context and whether it is signed; a begin that no reading tells goes first, whatever else is left over last
        ([], [], [("Transaction.End", False)]),
        ([], ["Transaction.Begin", "Transaction.End"], [("Transaction.Begin", True), ("Transaction.End", True)]),
        ([], ["Transaction.End"], [("Transaction.End", True)]),
        (["Transaction.Begin", "Transaction.End"], ["Transaction.End"], [("Transaction.Begin", False), ("Transaction.End", True)]),
        (
            ["Transaction.Begin", "Sample.Clock", "Transaction.End"], ["Transaction.Begin", "Transaction.End"],
            [("Transaction.Begin", True), ("Sample.Clock", False), ("Transaction.End", True)],
        ),
        ([], ["Interruption.Begin"], [("Transaction.End", False), ("Interruption.Begin", True)]),
    ],
)  # fmt: skip
def test_records_stand_in_the_values_that_they_sign_in_2_0_1(
    readings: list[str], signed: list[str], values: list[tuple[str, bool]]
) -> None:
    fact = evolve(
        END,
        readings=tuple(evolve(SAMPLE, context=each, signed=None) for each in readings),
        signed=tuple(evolve(RECORD, context=each, register_wh="1000") for each in signed),
    )
    said = encoded(words201.ended(fact, 3, token=None))["meterValue"]
    samples = [sample for value in said for sample in value["sampledValue"]]
    assert [(each["context"], "signedMeterValue" in each) for each in samples] == values


def test_a_key_too_long_for_2_0_1_is_left_out_and_not_cut() -> None:
    said = encoded(words201.ended(evolve(END, signed=(evolve(RECORD, key="k" * 2501),)), 3, token=None))
    assert said["meterValue"][-1]["sampledValue"][0]["signedMeterValue"]["publicKey"] == ""


def test_a_signed_value_stands_beside_the_raw_one_in_1_6() -> None:
    fact = Measured(session=1, connector=1, readings=(evolve(SAMPLE, signed=evolve(RECORD, key="b2Nh")),))
    for bare in (False, True):
        (value,) = encoded(words16.measured(fact, 7, bare=bare))["meterValue"]
        assert [each["format"] for each in value["sampledValue"]] == ["Raw", "SignedData"]
        assert [each["context"] for each in value["sampledValue"]] == ["Sample.Periodic"] * 2
        assert (value["sampledValue"][1]["value"] == RECORD.record) is bare


@given(st.integers(0, 80), st.integers(0, 40), st.integers(0, 40), st.data())
def test_of_too_many_samples_the_ends_stay_and_the_middle_is_spread(count: int, most: int, most_signed: int, data: st.DataObject) -> None:
    samples = tuple(
        evolve(SAMPLE, at=NOW + timedelta(seconds=index), signed=RECORD if data.draw(st.booleans()) else None)
        for index in range(1, count + 1)
    )
    first, last = evolve(SAMPLE, context="Transaction.Begin", signed=None), evolve(SAMPLE, context="Transaction.End", signed=None)
    fact = evolve(END, readings=(first, *samples, last))
    kept = thinned(fact, most=most, most_signed=most_signed)
    assert (kept.readings[0], kept.readings[-1], kept.signed) == (first, last, fact.signed)
    middle = kept.readings[1:-1]
    assert len(middle) == min(count, max(0, most - 4))
    assert [each.at for each in middle] == sorted(each.at for each in middle)
    assert sum(each.signed is not None for each in middle) <= most_signed
    if most >= count + 4 and most_signed >= count:
        assert kept == fact
    assert {evolve(each, signed=RECORD) for each in middle} <= {evolve(each, signed=RECORD) for each in samples}


@given(st.integers(0, 500), st.integers(0, 500))
def test_what_stays_is_spread_evenly(count: int, room: int) -> None:
    stays = sorted(spread(count, room))
    assert len(stays) == min(count, room)
    if count and room > 1:
        assert (stays[0], stays[-1]) == (0, count - 1)
    steps = [later - earlier for earlier, later in itertools.pairwise(stays)]
    assert not steps or max(steps) - min(steps) <= 1


async def test_an_end_keeps_as_many_signatures_as_the_operator_says(tmp_path: Path) -> None:
    async with signing(tmp_path, stop_signed_values=2) as (it, *_):
        told = await it.ended(evolve(END, readings=(SAMPLE,) * 9))
        assert [each.signed is not None for each in told.readings] == [True, *[False] * 7, True]
        assert len(told.signed) == 2  # begin and end do not count


# -- beats ------------------------------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.floats(0.0, 400.0), st.sampled_from([0, 1, 10, 60])), max_size=60))
def test_a_beat_neither_drifts_nor_catches_up(steps: list[tuple[float, int]]) -> None:
    now_s, last_s, beat = 0.0, 0.0, Beat(0.0)
    for pause_s, interval_s in steps:
        now_s += pause_s
        due_s = beat.due_s(interval_s, now_s)
        if interval_s == 0:
            assert due_s == math.inf
            last_s = now_s
        else:
            assert due_s == last_s + interval_s
        beats = beat.beats(interval_s, now_s)
        assert beats is (due_s <= now_s)
        if beats:
            last_s = now_s if now_s - due_s >= interval_s else due_s
            assert beat.due_s(interval_s, now_s) > now_s  # once


def test_a_new_interval_counts_from_the_last_beat_on() -> None:
    beat = Beat(100.0)
    assert beat.due_s(60, 100.0) == 160.0
    assert beat.due_s(40, 130.0) == 140.0  # at once, not when the old one is over
    assert beat.beats(40, 140.3)
    assert beat.due_s(40, 141.0) == 180.0
    assert beat.beats(10, 175.0)  # late by more than an interval
    assert beat.due_s(10, 175.0) == 185.0
