"""2.0.1: signed meter values, and the variables that say which are signed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from cc613hal.clock import ClockState
from cc613hal.ocmf import Status
from tests.ocpp.bench import play
from tests.ocpp.bench_v201 import SETTINGS, Bench201, case
from tests.ocpp.central import Heard
from tests.ocpp.signed import AT_ONCE, TOGETHER, Signature, bill, checked, key_of, signatures201, station_that_signs

Story = Callable[[Bench201], Awaitable[None]]
REGISTER = "Energy.Active.Import.Register"
VARIABLES = [
    ("OCPPCommCtrlr", "PublicKeyWithSignedMeterValue"), ("SampledDataCtrlr", "SignReadings"), ("SampledDataCtrlr", "SignStartedReadings"),
    ("SampledDataCtrlr", "SignUpdatedReadings"), ("AlignedDataCtrlr", "SignReadings"), ("AlignedDataCtrlr", "SignUpdatedReadings"),
]  # fmt: skip


def signed_case(meter: str = AT_ONCE, **settings: Any) -> Callable[[Story], Any]:
    """A test of a story at a station whose meter signs."""
    named = {**SETTINGS, **{key.replace("__", "."): value for key, value in settings.items()}}

    def made(story: Story) -> Any:
        def test(tmp_path: Path) -> None:
            play(story, board=station_that_signs(tmp_path, meter), settings=named, kind=Bench201, dialect="v201")

        test.__doc__, test.__name__ = story.__doc__, story.__name__
        return test

    return made


async def put(it: Bench201, **variables: str) -> None:
    """Set variables of both controllers: ``Sampled__SignReadings="true"``."""
    for name, value in variables.items():
        which, _, variable = name.partition("__")
        where = "OCPPCommCtrlr" if which == "Comm" else f"{which}DataCtrlr"
        assert await it.put(where, variable, value) == "Accepted", name


async def key_from_the_station(it: Bench201) -> str:
    await it.sleep(1.0)  # the meter is asked for it after the start
    found = await it.get("FiscalMetering:1", "PublicKey")
    assert found["attributeStatus"] == "Accepted"
    text: str = found["attributeValue"]
    return text


async def end(it: Bench201) -> Heard:
    await it.card()
    return await it.event("Ended")


def told(heard: Heard) -> list[Signature]:
    return signatures201(heard.payload.get("meterValue", []))


def samples(heard: Heard, context: str) -> list[dict[str, Any]]:
    return [each for value in heard.payload["meterValue"] for each in value["sampledValue"] if each["context"] == context]


@signed_case()
async def test_tc_j_04_cs(it: Bench201) -> None:
    """Every value on the clock that the end brings is signed, and verifies."""
    await put(it, Aligned__TxEndedInterval="30", Aligned__TxEndedMeasurands=REGISTER, Aligned__SignReadings="true")
    await it.charge()
    await it.sleep(100.0)
    ended = await end(it)
    on_the_clock = samples(ended, "Sample.Clock")
    assert len(on_the_clock) >= 3
    assert all(each["signedMeterValue"]["publicKey"] for each in on_the_clock)
    records = told(ended)
    assert [checked(each) for each in records if each.context == "Sample.Clock"] == ["C"] * len(on_the_clock)
    assert [checked(each) for each in records if each.context.startswith("Transaction")] == ["B", "E"]


@signed_case()
async def test_tc_j_11_cs(it: Bench201) -> None:
    """Every sample that the end brings is signed, and so are begin and end themselves."""
    await put(
        it,
        Sampled__TxUpdatedInterval="30",
        Sampled__TxEndedInterval="20",
        Sampled__TxEndedMeasurands=REGISTER,
        Sampled__SignReadings="true",
    )
    await it.charge()
    await it.sleep(70.0)
    ended = await end(it)
    periodic = samples(ended, "Sample.Periodic")
    assert len(periodic) == 3
    assert all(each["signedMeterValue"]["encodingMethod"] == "OCMF" for each in periodic)
    records = told(ended)
    assert [checked(each) for each in records] == ["B", "C", "C", "C", "E"]
    assert len({each.record for each in records}) == 5
    everything = [each for value in ended.payload["meterValue"] for each in value["sampledValue"]]
    assert len(everything) == 5  # no value stands there once signed and once not
    stamps = [value["timestamp"] for value in ended.payload["meterValue"]]
    assert stamps == sorted(stamps)
    updated = [each for each in it.central.heard if each.payload.get("triggerReason") == "MeterValuePeriodic"]
    assert len(updated) == 2
    assert not any(told(each) for each in updated)  # that is another variable's


@signed_case(ocpp__sample_s=20)
async def test_values_in_between_are_signed_where_they_are_asked_for(it: Bench201) -> None:
    it.simulation.clock.state = ClockState.SYNCHRONISED
    await put(it, Sampled__TxUpdatedMeasurands=f"{REGISTER},Voltage", Sampled__SignUpdatedReadings="true")
    await it.charge()
    events = [await it.event("Updated", triggerReason="MeterValuePeriodic") for _ in range(3)]
    records = [each for event in events for each in told(event)]
    assert [checked(each) for each in records] == ["C", "C", "C"]
    for event in events:  # the signature stands in the register's own value
        assert [("signedMeterValue" in each) for each in samples(event, "Sample.Periodic")] == [True, False, False, False]
    ended = told(await end(it))
    assert bill([ended[0], *records, ended[1]], records[0].key) is Status.VERIFIED


@signed_case(ocpp__aligned_s=30)
async def test_values_on_the_clock_follow_their_own_variables(it: Bench201) -> None:
    await put(it, Sampled__SignUpdatedReadings="true", Aligned__SignUpdatedReadings="true")  # the second alone has no effect
    await it.charge()
    assert told(await it.event("Updated", triggerReason="MeterValueClock")) == []
    await put(it, Aligned__SignReadings="true")
    (signed,) = told(await it.event("Updated", triggerReason="MeterValueClock"))
    assert (signed.context, checked(signed)) == ("Sample.Clock", "C")


@signed_case(ocpp__aligned_s=30, ocpp__sign_aligned=True, ocpp__sign_aligned_updated=True)
async def test_outside_of_transactions_nothing_is_signed(it: Bench201) -> None:
    for _ in range(2):
        assert told(await it.central.expect("MeterValues", evseId=1)) == []


@signed_case()
async def test_the_begin_is_told_signed(it: Bench201) -> None:
    await put(it, Sampled__SignStartedReadings="true")
    it.plug()
    await it.card()
    began = await it.event("Started")
    (signed,) = told(began)
    assert checked(signed) == "B"
    assert len(samples(began, "Transaction.Begin")) == 1
    assert told(await end(it))[0].record == signed.record


@signed_case()
async def test_the_begin_waits_for_its_signature(it: Bench201) -> None:
    """The session is owed before its meter has signed; a queue that is busy just then must not tell it without."""
    await put(it, Sampled__SignStartedReadings="true")
    assert it.station is not None
    assert it.engine is not None
    signing, engine = it.station.signing[1], it.engine
    really = signing.begin

    async def slowly(number: int, token: Any) -> None:
        engine.sender.wake()
        await it.sleep(4.0)
        await really(number, token)

    signing.begin = slowly  # type: ignore[method-assign]
    it.plug()
    await it.card()
    assert [checked(each) for each in told(await it.event("Started"))] == ["B"]


@pytest.mark.parametrize(
    ("policy", "along"),
    [("Never", [False] * 5), ("OncePerTransaction", [True, False, False, False, False]), ("EveryMeterValue", [True] * 5)],
)
def test_the_public_key_goes_along_as_often_as_it_is_asked_for(policy: str, along: list[bool], tmp_path: Path) -> None:
    async def story(it: Bench201) -> None:
        await put(
            it, Sampled__SignStartedReadings="true", Sampled__SignUpdatedReadings="true", Sampled__TxUpdatedInterval="20",
            Comm__PublicKeyWithSignedMeterValue=policy,
        )  # fmt: skip
        key = await key_from_the_station(it)
        for _ in range(2):  # once in each transaction
            await it.charge()
            await it.sleep(45.0)
            await end(it)
            signed = [each for event in it.central.heard if event.action == "TransactionEvent" for each in told(event)]
            assert [bool(each.key) for each in signed] == along, [each.context for each in signed]
            assert {each.key for each in signed} <= {"", key}
            assert all(checked(each, key) for each in signed)
            await it.unplug()
            await it.standing("Available")
            it.central.heard.clear()

    play(story, board=station_that_signs(tmp_path), settings=SETTINGS, kind=Bench201, dialect="v201")


# -- the device model ------------------------------------------------------------------------------------------------------------------


@signed_case()
async def test_the_variables_are_there(it: Bench201) -> None:
    values = [(await it.get(*each)).get("attributeValue") for each in VARIABLES]
    assert values == ["EveryMeterValue", "true", "false", "false", "false", "false"]
    assert await it.put("OCPPCommCtrlr", "PublicKeyWithSignedMeterValue", "Sometimes") == "Rejected"
    assert await it.put("AlignedDataCtrlr", "SignReadings", "perhaps") == "Rejected"
    key = key_of(await key_from_the_station(it))
    assert key.curve.value == "secp256r1"
    assert await it.put("FiscalMetering:1", "PublicKey", "mine") == "Rejected"
    await it.central.ask("GetBaseReport", requestId=1, reportBase="FullInventory")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    while True:
        report = (await it.central.expect("NotifyReport")).payload
        found |= {(each["component"]["name"], each["variable"]["name"]): each for each in report["reportData"]}
        if not report["tbc"]:
            break
    assert {*VARIABLES, ("FiscalMetering", "PublicKey")} <= set(found)
    listed = found["OCPPCommCtrlr", "PublicKeyWithSignedMeterValue"]
    assert listed["variableCharacteristics"]["valuesList"] == "Never,OncePerTransaction,EveryMeterValue"
    assert found["FiscalMetering", "PublicKey"]["component"]["evse"] == {"id": 1}
    assert found["FiscalMetering", "PublicKey"]["variableAttribute"][0]["mutability"] == "ReadOnly"


@case()
async def test_a_station_without_a_meter_that_signs_has_no_such_variables(it: Bench201) -> None:
    for where, what in VARIABLES:
        assert (await it.get(where, what))["attributeStatus"] == "UnknownVariable"
        assert await it.put(where, what, "true") == "UnknownVariable"
    assert (await it.get("FiscalMetering:1", "PublicKey"))["attributeStatus"] == "UnknownComponent"


@signed_case(TOGETHER, ocpp__sample_s=20)
async def test_a_meter_that_signs_begin_and_end_only_says_so(it: Bench201) -> None:
    for where in ("SampledDataCtrlr", "AlignedDataCtrlr"):
        assert (await it.get(where, "SignUpdatedReadings"))["attributeValue"] == "false"
        assert await it.put(where, "SignUpdatedReadings", "true") == "Rejected"
    await put(it, Sampled__SignStartedReadings="true", Sampled__TxEndedMeasurands=REGISTER)
    it.plug()
    await it.card()
    assert told(await it.event("Started")) == []
    assert told(await it.event("Updated", triggerReason="MeterValuePeriodic")) == []
    ended = await end(it)
    assert samples(ended, "Sample.Periodic")
    (signed,) = told(ended)  # one record with begin and end goes once, with the end
    assert signed.context == "Transaction.End"
    assert checked(signed).startswith("B")


@signed_case()
async def test_a_backend_cannot_switch_off_begin_and_end(it: Bench201) -> None:
    assert await it.put("SampledDataCtrlr", "SignReadings", "false") == "Rejected"
    await put(it, Aligned__SignReadings="false", Comm__PublicKeyWithSignedMeterValue="Never")
    await it.charge()
    key = await key_from_the_station(it)
    ended = await end(it)
    assert [checked(each, key) for each in told(ended)] == ["B", "E"]
    assert [each["sampledValue"][0]["context"] for each in ended.payload["meterValue"]] == ["Transaction.Begin", "Transaction.End"]


@signed_case(ocpp__signed_ends=False)
async def test_unless_the_operator_leaves_it_the_choice(it: Bench201) -> None:
    await put(it, Sampled__SignReadings="false")
    await it.charge()
    assert told(await end(it)) == []


@signed_case(ocpp__sign_updated=True, ocpp__sign_aligned=True, ocpp__sign_aligned_updated=True)
async def test_what_is_asked_for_out_of_turn_is_signed_as_well(it: Bench201) -> None:
    await it.charge()
    for message in ("MeterValues", "TransactionEvent"):
        answer = await it.central.ask("TriggerMessage", requestedMessage=message, evse={"id": 1})
        assert answer["status"] == "Accepted"
        (signed,) = told(await it.central.expect(message))
        assert (signed.context, checked(signed)) == ("Trigger", "C")
