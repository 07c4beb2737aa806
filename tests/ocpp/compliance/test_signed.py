"""Signed meter values on the wire: begin and end, values in between, and the keys that say which are signed."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from cc613hal.clock import ClockState
from cc613hal.ocmf import Status
from tests.ocpp.bench import Bench, play
from tests.ocpp.central import Heard
from tests.ocpp.signed import AT_ONCE, BOTH_ENDS, TOGETHER, Signature, bill, checked, key_of, signatures16, station_that_signs

Story = Callable[[Bench], Awaitable[None]]
REGISTER = "Energy.Active.Import.Register"
SIGN_ALL = {"SampledDataSignReadings": True, "SampledDataSignUpdatedReadings": True, "SampledDataSignStartedReadings": True}
OF_SIGNING = [
    "PublicKeyWithSignedMeterValue", "SampledDataSignReadings", "SampledDataSignStartedReadings", "SampledDataSignUpdatedReadings",
    "AlignedDataSignReadings", "AlignedDataSignUpdatedReadings",
]  # fmt: skip


def signed_case(meter: str = AT_ONCE, *, dialects: tuple[bool, ...] = (False, True), **settings: Any) -> Callable[[Story], Any]:
    """A test of a story at a station whose meter signs; in the container and bare, unless said otherwise."""
    named = {key.replace("__", "."): value for key, value in settings.items()}

    def made(story: Story) -> Any:
        @pytest.mark.parametrize("bare", dialects, ids=["bare" if each else "container" for each in dialects])
        def test(bare: bool, tmp_path: Path) -> None:
            play(story, board=station_that_signs(tmp_path, meter), settings={**named, "ocpp.signed_bare": bare})

        test.__doc__, test.__name__ = story.__doc__, story.__name__
        return test

    return made


async def end(it: Bench) -> Heard:
    """The running transaction ends, and says so."""
    await it.central.ask("RemoteStopTransaction", transactionId=it.central.transaction)
    return await it.central.expect("StopTransaction", transactionId=it.central.transaction)


async def key_from_the_station(it: Bench) -> str:
    await it.sleep(1.0)  # the meter is asked for it after the start
    return await it.key("MeterPublicKey1")


def told(heard: Heard) -> list[Signature]:
    return signatures16(heard.payload.get("transactionData") or heard.payload["meterValue"])


@signed_case()
async def test_x16_13(it: Bench) -> None:
    """The end of a transaction brings the signed records along, packed as the application note says, or bare."""
    await it.charging()
    await it.sleep(120.0)
    ended = told(await end(it))
    assert [each.context for each in ended] == ["Transaction.Begin", "Transaction.End"]
    key = await key_from_the_station(it)
    assert [checked(each, key) for each in ended] == ["B", "E"]
    assert all("04A2B3C4D5E680" in each.record for each in ended)
    bare = it.settings["ocpp.signed_bare"]
    assert [each.key for each in ended] == (["", ""] if bare else [key, key])


# -- the keys -----------------------------------------------------------------------------------------------------------------------------


@signed_case(dialects=(False,))
async def test_the_keys_of_the_application_note_are_there(it: Bench) -> None:
    await it.sleep(2.0)  # the meter is asked for its key
    answer = await it.central.ask("GetConfiguration", key=[*OF_SIGNING, "StartTxnSampledData", "MeterPublicKey1", "MeterPublicKey2"])
    found = {each["key"]: (each["readonly"], each["value"]) for each in answer["configurationKey"]}
    key = found.pop("MeterPublicKey1")
    assert found == {
        "PublicKeyWithSignedMeterValue": (False, "EveryMeterValue"),
        "SampledDataSignReadings": (False, "true"),
        "SampledDataSignStartedReadings": (False, "false"),
        "SampledDataSignUpdatedReadings": (False, "false"),
        "AlignedDataSignReadings": (False, "false"),
        "AlignedDataSignUpdatedReadings": (False, "false"),
        "StartTxnSampledData": (False, ""),
    }
    assert key[0] is True
    assert key_of(key[1]).curve.value == "secp256r1"
    assert len(key[1]) <= 500
    assert answer["unknownKey"] == ["MeterPublicKey2"]
    everything = await it.central.ask("GetConfiguration")
    assert {*OF_SIGNING, "StartTxnSampledData", "MeterPublicKey1"} <= {each["key"] for each in everything["configurationKey"]}
    assert await it.central.ask("ChangeConfiguration", key="MeterPublicKey1", value="mine") == {"status": "Rejected"}
    assert await it.central.ask("ChangeConfiguration", key="MeterPublicKey2", value="mine") == {"status": "NotSupported"}
    for value, status in (("Sometimes", "Rejected"), ("Never", "Accepted")):
        answer = await it.central.ask("ChangeConfiguration", key="PublicKeyWithSignedMeterValue", value=value)
        assert answer == {"status": status}
    for value, status in (("Energy.Of.The.Sun", "Rejected"), (f"{REGISTER},Voltage", "Accepted")):
        answer = await it.central.ask("ChangeConfiguration", key="StartTxnSampledData", value=value)
        assert answer == {"status": status}


def test_a_station_without_a_meter_that_signs_has_no_such_keys() -> None:
    async def story(it: Bench) -> None:
        answer = await it.central.ask("GetConfiguration", key=[*OF_SIGNING, "MeterPublicKey1", "StartTxnSampledData"])
        assert answer["unknownKey"] == [*OF_SIGNING, "MeterPublicKey1"]
        assert [each["key"] for each in answer["configurationKey"]] == ["StartTxnSampledData"]
        for key in OF_SIGNING:
            assert await it.central.ask("ChangeConfiguration", key=key, value="true") == {"status": "NotSupported"}
        everything = await it.central.ask("GetConfiguration")
        assert not {*OF_SIGNING, "MeterPublicKey1"} & {each["key"] for each in everything["configurationKey"]}

    play(story, board="bender.cc613", settings={})


@signed_case(TOGETHER, dialects=(False,))
async def test_a_meter_that_signs_begin_and_end_only_says_so(it: Bench) -> None:
    """The keys for values in between are read-only false; the values go unsigned, and nothing is made up."""
    answer = await it.central.ask("GetConfiguration", key=["SampledDataSignUpdatedReadings", "AlignedDataSignUpdatedReadings"])
    assert [(each["readonly"], each["value"]) for each in answer["configurationKey"]] == [(True, "false")] * 2
    for key in ("SampledDataSignUpdatedReadings", "AlignedDataSignUpdatedReadings"):
        assert await it.central.ask("ChangeConfiguration", key=key, value="true") == {"status": "Rejected"}
    await it.configure(
        SampledDataSignStartedReadings=True, AlignedDataSignReadings=True, StartTxnSampledData=REGISTER, StopTxnSampledData=REGISTER,
        MeterValueSampleInterval=20,
    )  # fmt: skip
    it.plug()
    await it.remote_start()
    began = await it.central.expect("MeterValues")
    assert [each["context"] for each in began.payload["meterValue"][0]["sampledValue"]] == ["Transaction.Begin"]
    assert told(began) == []
    periodic = await it.central.expect("MeterValues")
    assert told(periodic) == []
    await it.sleep(30.0)
    ended = told(await end(it))
    assert [each.context for each in ended] == ["Transaction.End"]  # one record with begin and end goes once, with the end
    assert checked(ended[0]) in {"BE", "Br", "BR"}


# -- what is signed -----------------------------------------------------------------------------------------------------------------------


@signed_case(ocpp__sample_s=20)
async def test_values_in_between_are_signed_where_they_are_asked_for(it: Bench) -> None:
    it.simulation.clock.state = ClockState.SYNCHRONISED
    await it.configure(**SIGN_ALL, MeterValuesSampledData=f"{REGISTER},Current.Import")
    await it.charging()
    values = [await it.central.expect("MeterValues", transactionId=it.central.transaction) for _ in range(3)]
    key = await key_from_the_station(it)
    records = [each for value in values for each in told(value)]
    assert [each.context for each in records] == ["Sample.Periodic"] * 3
    assert {checked(each, key) for each in records} == {"C"}
    assert len({each.record for each in records}) == 3
    for value in values:  # beside the raw value, which stays
        raw = [each["measurand"] for each in value.payload["meterValue"][0]["sampledValue"] if each["format"] == "Raw"]
        assert raw == [REGISTER, *["Current.Import"] * 3]
    ended = told(await end(it))
    assert [each.context for each in ended] == ["Transaction.Begin", "Transaction.End"]
    assert bill([ended[0], *records, ended[1]], key) is Status.VERIFIED
    assert bill(ended, key) is Status.REFUSED  # without the pages in between: they count with the others


@pytest.mark.parametrize(
    ("keys", "signed"),
    [
        ({}, False),
        ({"SampledDataSignUpdatedReadings": True}, True),
        ({"AlignedDataSignReadings": True, "AlignedDataSignUpdatedReadings": True}, False),
    ],
)
def test_periodic_values_follow_their_own_keys(keys: dict[str, bool], signed: bool, tmp_path: Path) -> None:
    async def story(it: Bench) -> None:
        await it.configure(MeterValueSampleInterval=20, **keys)
        await it.charging()
        assert bool(told(await it.central.expect("MeterValues"))) is signed

    play(story, board=station_that_signs(tmp_path), settings={})


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize(
    ("keys", "signed"),
    [
        ({"SampledDataSignUpdatedReadings": True}, False),
        ({"AlignedDataSignUpdatedReadings": True}, False),  # has an effect only with the other one
        ({"AlignedDataSignReadings": True, "AlignedDataSignUpdatedReadings": True}, True),
    ],
)
def test_values_on_the_clock_follow_theirs(keys: dict[str, bool], signed: bool, bare: bool, tmp_path: Path) -> None:
    async def story(it: Bench) -> None:
        await it.configure(ClockAlignedDataInterval=30, MeterValuesAlignedData=REGISTER, **keys)
        await it.charging()
        value = await it.central.expect("MeterValues", transactionId=it.central.transaction)
        assert {each["context"] for each in value.payload["meterValue"][0]["sampledValue"]} == {"Sample.Clock"}
        records = told(value)
        assert [each.context for each in records] == (["Sample.Clock"] if signed else [])
        for each in records:
            assert checked(each, await key_from_the_station(it)) == "C"
            assert each.at[17:19] in {"00", "30"}

    play(story, board=station_that_signs(tmp_path), settings={"ocpp.signed_bare": bare})


@signed_case(dialects=(False,))
async def test_outside_of_transactions_nothing_is_signed(it: Bench) -> None:
    """The meter would sign the name of its last customer along."""
    await it.configure(ClockAlignedDataInterval=30, AlignedDataSignReadings=True, AlignedDataSignUpdatedReadings=True)
    for _ in range(2):
        assert told(await it.central.expect("MeterValues")) == []


@signed_case()
async def test_the_begin_is_told_signed_right_behind_it(it: Bench) -> None:
    await it.configure(StartTxnSampledData=f"{REGISTER},Voltage", SampledDataSignStartedReadings=True)
    it.plug()
    await it.remote_start()
    began = await it.central.expect("StartTransaction")
    value = await it.central.expect("MeterValues", transactionId=it.central.transaction)
    assert value.number > began.number
    (only,) = value.payload["meterValue"]
    assert {each["context"] for each in only["sampledValue"]} == {"Transaction.Begin"}
    assert [each["measurand"] for each in only["sampledValue"] if each["format"] == "Raw"] == [REGISTER, *["Voltage"] * 3]
    (signed,) = told(value)
    assert checked(signed, await key_from_the_station(it)) == "B"
    assert int(signed.raw or 0) == began.payload["meterStart"]
    assert only["timestamp"] == began.payload["timestamp"]
    again = told(await end(it))
    assert again[0].record == signed.record  # the same record, not another one


def test_the_begin_is_told_raw_where_only_that_is_asked_for() -> None:
    """StartTxnSampledData needs no meter that signs."""

    async def story(it: Bench) -> None:
        await it.configure(StartTxnSampledData=f"{REGISTER},Voltage")
        it.plug()
        await it.remote_start()
        await it.central.expect("StartTransaction")
        value = await it.central.expect("MeterValues")
        samples = value.payload["meterValue"][0]["sampledValue"]
        assert [each["measurand"] for each in samples] == [REGISTER, *["Voltage"] * 3]
        assert {(each["context"], each["format"]) for each in samples} == {("Transaction.Begin", "Raw")}
        await it.central.silence("MeterValues", for_s=60.0)

    play(story, board="bender.cc613", settings={})


@signed_case(ocpp__sample_s=20)
async def test_the_samples_of_the_end_are_signed_too(it: Bench) -> None:
    """Those that StopTxnSampledData asks for; what is told meanwhile is not, unless that is asked for as well."""
    await it.configure(StopTxnSampledData=REGISTER)
    await it.charging()
    assert told(await it.central.expect("MeterValues")) == []
    await it.sleep(30.0)
    ended = told(await end(it))
    assert [each.context for each in ended] == ["Sample.Periodic", "Sample.Periodic", "Transaction.Begin", "Transaction.End"]
    key = await key_from_the_station(it)
    assert [checked(each, key) for each in ended] == ["C", "C", "B", "E"]


@signed_case(ocpp__aligned_s=30)
async def test_so_are_the_samples_on_the_clock(it: Bench) -> None:
    await it.configure(StopTxnAlignedData=REGISTER, AlignedDataSignReadings=True)
    await it.charging()
    await it.sleep(70.0)
    ended = told(await end(it))
    assert [each.context for each in ended][-2:] == ["Transaction.Begin", "Transaction.End"]
    assert {each.context for each in ended[:-2]} == {"Sample.Clock"}
    key = await key_from_the_station(it)
    assert all(checked(each, key) for each in ended)


@signed_case(ocpp__sampled_data=["Voltage"], ocpp__sample_s=20, dialects=(False,))
async def test_a_meter_signs_energy_and_nothing_else(it: Bench) -> None:
    await it.configure(**SIGN_ALL)
    await it.charging()
    value = await it.central.expect("MeterValues")
    assert {each["measurand"] for each in value.payload["meterValue"][0]["sampledValue"]} == {"Voltage"}


@signed_case()
async def test_what_is_asked_for_out_of_turn_is_signed_as_well(it: Bench) -> None:
    await it.configure(**SIGN_ALL)
    await it.central.ask("TriggerMessage", requestedMessage="MeterValues")
    assert told(await it.central.expect("MeterValues")) == []  # no transaction runs
    await it.charging()
    await it.central.ask("TriggerMessage", requestedMessage="MeterValues", connectorId=1)
    (signed,) = told(await it.central.expect("MeterValues", transactionId=it.central.transaction))
    assert (signed.context, checked(signed, await key_from_the_station(it))) == ("Trigger", "C")


@signed_case(ocpp__sample_s=20)
async def test_a_value_that_the_meter_does_not_sign_goes_without(it: Bench) -> None:
    """Nothing is made up, the transaction goes on, and the next one is signed again."""
    await it.configure(**SIGN_ALL)
    await it.charging()
    part: Any = it.simulation.plant.parts["meter1"]
    sign = part.sign
    assert len(told(await it.central.expect("MeterValues"))) == 1
    part.sign = lambda payload: sign(payload + " ")
    values = await it.central.expect("MeterValues")
    assert told(values) == []
    assert [each["format"] for each in values.payload["meterValue"][0]["sampledValue"]] == ["Raw"]
    part.sign = sign
    assert len(told(await it.central.expect("MeterValues"))) == 1
    key = await key_from_the_station(it)
    assert [checked(each, key) for each in told(await end(it))] == ["B", "E"]


# -- the key along ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "along"),
    [("Never", [False] * 5), ("OncePerTransaction", [True, False, False, False, False]), ("EveryMeterValue", [True] * 5)],
)
def test_the_public_key_goes_along_as_often_as_it_is_asked_for(policy: str, along: list[bool], tmp_path: Path) -> None:
    async def story(it: Bench) -> None:
        await it.configure(**SIGN_ALL, StartTxnSampledData=REGISTER, MeterValueSampleInterval=20, PublicKeyWithSignedMeterValue=policy)
        key = await key_from_the_station(it)
        for _ in range(2):  # once in each transaction
            await it.charging()
            it.central.forget()
            await it.sleep(45.0)
            await end(it)
            heard = [each for each in it.central.heard if each.action in {"MeterValues", "StopTransaction"}]
            signed = [record for each in heard for record in told(each)]
            assert [bool(each.key) for each in signed[-len(along) :]] == along, [each.context for each in signed]
            assert {each.key for each in signed} <= {"", key}
            assert all(checked(each, key) for each in signed)
            await it.unplug()
            await it.central.status("Available")
            it.central.heard.clear()

    play(story, board=station_that_signs(tmp_path), settings={})


@pytest.mark.parametrize(
    ("form", "start"), [("note", "b2NhOmJhc2UxNjphc24xOj"), ("oca", "oca:base16:asn1:3059"), ("der", "MFkwEwYHKoZIzj0CAQ")]
)
def test_the_operator_says_how_keys_are_written(form: str, start: str, tmp_path: Path) -> None:
    async def story(it: Bench) -> None:
        await it.charging()
        ended = told(await end(it))
        assert [each.key[: len(start)] for each in ended] == [start] * 2
        assert await key_from_the_station(it) == ended[0].key

    play(story, board=station_that_signs(tmp_path), settings={"ocpp.signed_key_form": form})


@signed_case(BOTH_ENDS, dialects=(False, True))
async def test_telegrams_say_how_they_are_signed_because_they_do_not_say_it_themselves(it: Bench) -> None:
    await it.configure(StartTxnSampledData=REGISTER, SampledDataSignStartedReadings=True)
    it.plug()
    await it.remote_start()
    (begin,) = told(await it.central.expect("MeterValues"))
    await it.sleep(60.0)
    ended = told(await end(it))
    assert [each.context for each in ended] == ["Transaction.Begin", "Transaction.End"]
    assert ended[0].record == begin.record
    assert ended[0].record.startswith("1B1B1B1B")
    if not it.settings["ocpp.signed_bare"]:
        assert {each.method for each in [begin, *ended]} == {"ECDSA-secp192r1-SHA256"}


# -- calibration law ----------------------------------------------------------------------------------------------------------------------


@signed_case()
async def test_a_backend_cannot_switch_off_begin_and_end(it: Bench) -> None:
    assert await it.central.ask("ChangeConfiguration", key="SampledDataSignReadings", value="False") == {"status": "Rejected"}
    assert await it.key("SampledDataSignReadings") == "true"
    await it.configure(AlignedDataSignReadings=False, PublicKeyWithSignedMeterValue="Never", StopTxnSampledData="")
    await it.charging()
    ended = told(await end(it))
    assert [each.context for each in ended] == ["Transaction.Begin", "Transaction.End"]
    key = await key_from_the_station(it)
    assert [checked(each, key) for each in ended] == ["B", "E"]


@signed_case(ocpp__signed_ends=False)
async def test_unless_the_operator_leaves_it_the_choice(it: Bench) -> None:
    """What is not told is signed and kept all the same."""
    await it.configure(SampledDataSignReadings=False)
    await it.charging()
    ended = await end(it)
    assert "transactionData" not in ended.payload
    assert it.store is not None
    kept = await it.store.read(lambda tx: tx.signed.of_session(1), "looking")
    assert [each.context for each in kept] == ["Transaction.Begin", "Transaction.End"]
    await it.unplug()
    await it.central.status("Available")
    await it.configure(AlignedDataSignReadings=True)  # either of both asks for them
    await it.charging()
    assert [each.context for each in told(await end(it))] == ["Transaction.Begin", "Transaction.End"]


@signed_case(ocpp__sample_s=20, dialects=(False,))
async def test_what_is_signed_in_between_is_kept_with_the_session(it: Bench) -> None:
    await it.configure(**SIGN_ALL)
    await it.charging()
    sent = [told(await it.central.expect("MeterValues"))[0].record for _ in range(2)]
    await end(it)
    await it.sleep(5.0)
    assert it.store is not None
    kept = await it.store.read(lambda tx: tx.signed.of_session(1), "looking")
    assert [each.context for each in kept] == ["Transaction.Begin", "Sample.Periodic", "Sample.Periodic", "Transaction.End"]
    assert [each.record for each in kept[1:3]] == sent
    assert all(each.delivered is not None for each in kept)


@signed_case(ocpp__sample_s=20, dialects=(False,))
async def test_what_was_signed_without_a_connection_is_told_later(it: Bench) -> None:
    await it.configure(**SIGN_ALL, StartTxnSampledData=REGISTER, PublicKeyWithSignedMeterValue="OncePerTransaction")
    key = await key_from_the_station(it)
    it.plug()
    await it.remote_start()
    (begin,) = told(await it.central.expect("MeterValues"))
    assert begin.key == key
    it.central.heard.clear()
    await it.central.hang_up(and_stay_away=True)
    await it.sleep(50.0)
    it.central.listens = True
    await it.central.connected()
    await it.sleep(10.0)
    signed = [record for each in it.central.heard if each.action == "MeterValues" for record in told(each)]
    assert len(signed) >= 2
    assert {checked(each, key) for each in signed} == {"C"}
    assert not any(each.key for each in signed)  # it went with the begin


@signed_case(dialects=(False,))
async def test_a_transaction_that_a_power_cut_ended_is_told_signed(it: Bench) -> None:
    await it.configure(**SIGN_ALL, MeterValueSampleInterval=20)
    transaction = await it.charging()
    await it.central.expect("MeterValues")
    await it.power_cut()
    await it.sleep(60.0)
    await it.power_up()
    ended = told(await it.central.expect("StopTransaction", transactionId=transaction, reason="PowerLoss"))
    assert [each.context for each in ended] == ["Transaction.Begin", "Transaction.End"]
    assert [checked(each) for each in ended] == ["B", "E"]
    assert base64.b64decode(ended[0].key).startswith(b"oca:")
