"""2.0.1: where a transaction begins and ends, as TxStartPoint and TxStopPoint say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ocpp.bench import CARD, OTHER
from tests.ocpp.bench_v201 import Bench201, case
from tests.ocpp.central import Heard, Refusal

HERE = {"id": 1, "connectorId": 1}
TOKEN = {"idToken": CARD, "type": "ISO14443"}
NORMAL = {"start": ["EVConnected", "Authorized"], "stop": ["EVConnected"]}


def points(start: list[str] | None = None, stop: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return {**({} if start is None else {"ocpp__tx_start": start}), **({} if stop is None else {"ocpp__tx_stop": stop}), **more}


def events(it: Bench201) -> list[dict]:
    return [each.payload for each in it.central.heard if each.action == "TransactionEvent"]


def said(it: Bench201) -> list[tuple[str, str, str]]:
    """Of every event: its kind, its trigger and the state of the charge."""
    return [(each["eventType"], each["triggerReason"], each["transactionInfo"].get("chargingState", "")) for each in events(it)]


def whole(it: Bench201) -> None:
    """All events are of one transaction, and their numbers have no gaps."""
    found = events(it)
    assert len({each["transactionInfo"]["transactionId"] for each in found}) == 1
    assert [each["seqNo"] for each in found] == list(range(len(found)))
    assert sum("idToken" in each for each in found[:-1]) <= 2


def contexts(heard: Heard) -> set[str]:
    return {each["context"] for value in heard.payload.get("meterValue", []) for each in value["sampledValue"]}


# -- begins ------------------------------------------------------------------------------------------------------------------------------


@case(**points(["EVConnected"]))
async def test_tc_e_09_cs(it: Bench201) -> None:
    it.plug()
    await it.standing("Occupied")
    began = await it.event("Started", triggerReason="CablePluggedIn", evse=HERE)
    assert began.payload["transactionInfo"]["chargingState"] == "EVConnected"
    assert "idToken" not in began.payload
    assert contexts(began) == {"Transaction.Begin"}
    await it.card()
    asked = await it.central.expect("Authorize")
    who = await it.event("Updated", triggerReason="Authorized")
    assert asked.number < who.number
    assert who.payload["idToken"] == TOKEN
    flows = await it.event("Updated", triggerReason="ChargingStateChanged")
    assert flows.payload["transactionInfo"]["chargingState"] == "Charging"
    assert "idToken" not in flows.payload
    assert "meterValue" not in flows.payload, "the begin was told"
    whole(it)


@case(**points(["Authorized"]))
async def test_tc_e_10_cs(it: Bench201) -> None:
    await it.card()
    asked = await it.central.expect("Authorize")
    began = await it.event("Started", triggerReason="Authorized", idToken=TOKEN)
    assert asked.number < began.number
    assert began.payload["transactionInfo"]["chargingState"] == "Idle"
    it.plug()
    plugged = await it.event("Updated", triggerReason="CablePluggedIn", evse=HERE)
    assert plugged.payload["transactionInfo"]["chargingState"] == "EVConnected"
    await it.event("Updated", triggerReason="ChargingStateChanged")
    whole(it)
    assert said(it)[-1] == ("Updated", "ChargingStateChanged", "Charging")


@case(**points(["Authorized"]))
async def test_tc_e_13_cs(it: Bench201) -> None:
    await it.start_from_afar(77)
    began = await it.event("Started", triggerReason="RemoteStart")
    assert began.payload["transactionInfo"]["remoteStartId"] == 77
    assert began.payload["idToken"] == {"idToken": CARD, "type": "Central"}
    it.plug()
    await it.event("Updated", triggerReason="CablePluggedIn")
    await it.event("Updated", triggerReason="ChargingStateChanged")
    whole(it)


@case(**points(["PowerPathClosed"]))
async def test_tc_e_01_cs(it: Bench201) -> None:
    await it.card()
    await it.central.expect("Authorize")
    await it.central.silence("TransactionEvent", for_s=5.0)
    it.plug()
    began = await it.event("Started", triggerReason="CablePluggedIn", idToken=TOKEN, evse=HERE)
    assert began.payload["transactionInfo"]["chargingState"] == "EVConnected"
    await it.event("Updated", triggerReason="ChargingStateChanged")
    whole(it)


@case(**points(["PowerPathClosed"]))
async def test_the_power_path_is_closed_by_whoever_identifies_last(it: Bench201) -> None:
    it.plug()
    await it.standing("Occupied")
    await it.central.silence("TransactionEvent", for_s=5.0)
    await it.start_from_afar(78)
    began = await it.event("Started", triggerReason="RemoteStart")
    assert began.payload["transactionInfo"]["remoteStartId"] == 78


@case(**points(["PowerPathClosed"]))
async def test_tc_e_38_cs(it: Bench201) -> None:
    it.plug(automatic=False)
    await it.standing("Occupied")
    await it.card()
    await it.event("Started", triggerReason="Authorized")
    waits = await it.event("Updated", triggerReason="ChargingStateChanged")
    assert waits.payload["transactionInfo"]["chargingState"] == "SuspendedEV"
    it.vehicles[1].request_energy()
    flows = await it.event("Updated", triggerReason="ChargingStateChanged")
    assert flows.payload["transactionInfo"]["chargingState"] == "Charging"
    whole(it)


@case(boards=("double",), **points(["Authorized"]))
async def test_tc_j_08_cs(it: Bench201) -> None:
    await it.card()
    began = await it.event("Started", triggerReason="Authorized")
    assert "evse" not in began.payload
    assert "meterValue" not in began.payload
    it.plug(2)
    plugged = await it.event("Updated", triggerReason="CablePluggedIn")
    assert plugged.payload["evse"] == {"id": 2, "connectorId": 1}
    flows = await it.event("Updated", triggerReason="ChargingStateChanged")
    assert contexts(flows) == {"Transaction.Begin"}
    whole(it)


@case(boards=("double",), **points(["EVConnected", "Authorized"]))
async def test_two_outlets_have_their_own_transactions(it: Bench201) -> None:
    for outlet, card in ((1, CARD), (2, OTHER)):
        it.plug(outlet)
        await it.event("Started", evse={"id": outlet, "connectorId": 1})
        await it.card(card)
        await it.event("Updated", triggerReason="Authorized", idToken={"idToken": card, "type": "ISO14443"})
        await it.event("Updated", triggerReason="ChargingStateChanged")
    assert len({each["transactionInfo"]["transactionId"] for each in events(it)}) == 2


@case(**points(["EVConnected"]))
async def test_a_remote_start_names_the_transaction_that_runs(it: Bench201) -> None:
    it.plug()
    began = await it.event("Started")
    token = {"idToken": CARD, "type": "Central"}
    answer = await it.central.ask("RequestStartTransaction", idToken=token, remoteStartId=5, evseId=1)
    assert answer == {"status": "Accepted", "transactionId": began.payload["transactionInfo"]["transactionId"]}
    who = await it.event("Updated", triggerReason="RemoteStart")
    assert who.payload["transactionInfo"]["remoteStartId"] == 5


# -- ends --------------------------------------------------------------------------------------------------------------------------------


@case(**points(stop=["EVConnected"]))
async def test_tc_e_14_cs(it: Bench201) -> None:
    name = await it.charge()
    await it.card()
    stopped = await it.event("Updated", triggerReason="StopAuthorized", idToken=TOKEN)
    assert stopped.payload["transactionInfo"]["chargingState"] == "EVConnected"
    await it.central.silence("TransactionEvent", for_s=60.0)
    await it.unplug()
    await it.standing("Available")
    ended = await it.event("Ended", triggerReason="EVCommunicationLost")
    assert ended.payload["transactionInfo"] == {"transactionId": name, "chargingState": "Idle", "stoppedReason": "Local"}
    assert "Transaction.End" in contexts(ended)
    whole(it)


@case(boards=("tethered",), **points(stop=["EVConnected"]))
async def test_tc_e_20_cs(it: Bench201) -> None:
    await it.charge()
    await it.unplug(force=True)
    ended = await it.event("Ended", triggerReason="EVCommunicationLost")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "EVDisconnected"
    assert ended.payload["transactionInfo"]["chargingState"] == "Idle"


@case(**points(stop=["Authorized"]))
async def test_tc_e_15_cs(it: Bench201) -> None:
    await it.charge()
    await it.card()
    ended = await it.event("Ended", triggerReason="StopAuthorized")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "Local"


@case(**points(stop=["Authorized"]))
async def test_tc_e_21_cs(it: Bench201) -> None:
    name = await it.charge()
    assert (await it.central.ask("RequestStopTransaction", transactionId=name))["status"] == "Accepted"
    ended = await it.event("Ended", triggerReason="RemoteStop")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "Remote"


@case(boards=("tethered",), **points(stop=["Authorized"]))
async def test_tc_e_17_cs(it: Bench201) -> None:
    await it.charge()
    it.vehicles[1].stop_energy()
    await it.event("Updated", triggerReason="ChargingStateChanged")
    await it.unplug(force=True)
    ended = await it.event("Ended", triggerReason="EVCommunicationLost")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "EVDisconnected"
    await it.standing("Available")


@case(**points(["Authorized"], ["Authorized"], connector__plug_in_s=20.0))
async def test_tc_e_39_cs(it: Bench201) -> None:
    await it.card()
    await it.event("Started", triggerReason="Authorized")
    ended = await it.event("Ended", triggerReason="EVConnectTimeout")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "Timeout"
    it.plug()
    await it.standing("Occupied")
    await it.central.silence("TransactionEvent", for_s=30.0)


@case(**points(stop=["EnergyTransfer"]))
async def test_tc_e_08_cs(it: Bench201) -> None:
    await it.charge()
    await it.card()
    await it.event("Updated", triggerReason="StopAuthorized", idToken=TOKEN)
    ended = await it.event("Ended", triggerReason="ChargingStateChanged")
    info = ended.payload["transactionInfo"]
    assert (info["chargingState"], info["stoppedReason"]) == ("EVConnected", "Local")
    whole(it)


@case(**points(stop=["EnergyTransfer"]))
async def test_tc_e_22_cs(it: Bench201) -> None:
    await it.charge()
    it.vehicles[1].stop_energy()
    ended = await it.event("Ended", triggerReason="ChargingStateChanged")
    info = ended.payload["transactionInfo"]
    assert (info["chargingState"], info["stoppedReason"]) == ("EVConnected", "StoppedByEV")
    assert "Transaction.End" in contexts(ended)


# -- all of it ---------------------------------------------------------------------------------------------------------------------------


@case(**points(["EVConnected"], ["EVConnected"]))
async def test_from_plug_to_plug(it: Bench201) -> None:
    it.plug()
    await it.event("Started")
    await it.card()
    await it.event("Updated", triggerReason="ChargingStateChanged")
    await it.card()
    await it.event("Updated", triggerReason="StopAuthorized")
    await it.unplug()
    await it.event("Ended")
    whole(it)
    assert said(it) == [
        ("Started", "CablePluggedIn", "EVConnected"),
        ("Updated", "Authorized", "EVConnected"),
        ("Updated", "ChargingStateChanged", "Charging"),
        ("Updated", "StopAuthorized", "EVConnected"),
        ("Ended", "EVCommunicationLost", "Idle"),
    ]


@case(**points(["EVConnected"], ["EVConnected"]))
async def test_nobody_comes_and_the_vehicle_leaves(it: Bench201) -> None:
    it.plug()
    await it.event("Started")
    await it.unplug()
    ended = await it.event("Ended", triggerReason="EVCommunicationLost")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "EVDisconnected"
    it.plug()
    again = await it.event("Started")
    assert again.payload["seqNo"] == 0
    assert again.payload["transactionInfo"]["transactionId"] != ended.payload["transactionInfo"]["transactionId"]


@case(**points(["EVConnected"], ["EVConnected"]))
async def test_a_transaction_without_energy_is_stopped_from_afar(it: Bench201) -> None:
    it.plug()
    name = (await it.event("Started")).payload["transactionInfo"]["transactionId"]
    assert await it.central.ask("GetTransactionStatus", transactionId=name) == {"messagesInQueue": False, "ongoingIndicator": True}
    assert (await it.central.ask("RequestStopTransaction", transactionId=name))["status"] == "Accepted"
    ended = await it.event("Ended", triggerReason="RemoteStop")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "Remote"
    await it.sleep(1.0)
    assert await it.central.ask("GetTransactionStatus", transactionId=name) == {"messagesInQueue": False, "ongoingIndicator": False}
    assert (await it.central.ask("RequestStopTransaction", transactionId=name))["status"] == "Rejected"


@case(**points(["EVConnected"], ["EVConnected"]))
async def test_a_triggered_event_has_a_number_of_the_transaction(it: Bench201) -> None:
    it.plug()
    await it.event("Started")
    assert (await it.central.ask("TriggerMessage", requestedMessage="TransactionEvent"))["status"] == "Accepted"
    out_of_turn = await it.event("Updated", triggerReason="Trigger")
    assert out_of_turn.payload["transactionInfo"]["chargingState"] == "EVConnected"
    await it.unplug()
    await it.event("Ended")
    whole(it)


@case(**points(["Authorized"], ["EVConnected"]))
async def test_an_early_customer_whom_the_backend_refuses(it: Bench201) -> None:
    it.central.answers["TransactionEvent"] = lambda said: {"idTokenInfo": {"status": "Invalid"}} if "idToken" in said else {}
    it.plug()
    await it.standing("Occupied")
    await it.card()
    await it.event("Started", triggerReason="Authorized")
    await it.event("Updated", triggerReason="Deauthorized")
    await it.unplug()
    ended = await it.event("Ended", triggerReason="EVCommunicationLost")
    assert ended.payload["seqNo"] == len(events(it)) - 1


@case(boards=("socket", "tethered"), **points(["Authorized"], ["PowerPathClosed"]))
async def test_a_customer_who_is_refused_before_the_cable_comes_is_expected_no_more(it: Bench201) -> None:
    it.central.answers["TransactionEvent"] = lambda said: {"idTokenInfo": {"status": "Invalid"}} if "idToken" in said else {}
    await it.card()
    await it.event("Started", triggerReason="Authorized")
    await it.event("Ended", 15.0, triggerReason="Deauthorized")
    it.central.forget()
    it.plug()
    await it.standing("Occupied")
    await it.central.silence("TransactionEvent", for_s=30.0)
    assert it.simulation.plant.outlet(1).contacts.value == 0
    await it.unplug()
    await it.standing("Available")


@case(**points(["EVConnected"], ["EVConnected"]))
async def test_values_on_the_clock_belong_to_a_transaction_that_waits(it: Bench201) -> None:
    await it.put("AlignedDataCtrlr", "Interval", "60")
    it.plug()
    await it.event("Started")
    aligned = await it.event("Updated", triggerReason="MeterValueClock")
    assert contexts(aligned) == {"Sample.Clock"}
    await it.central.silence("MeterValues", for_s=70.0)


@case(**points(["EVConnected"], ["EVConnected"]))
async def test_profiles_of_a_transaction_are_taken_before_its_energy(it: Bench201) -> None:
    it.plug()
    name = (await it.event("Started")).payload["transactionInfo"]["transactionId"]
    profile = {
        "id": 3,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "transactionId": name,
        "chargingSchedule": [{"id": 3, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 7.0}]}],
    }
    assert (await it.central.ask("SetChargingProfile", evseId=1, chargingProfile=profile))["status"] == "Accepted"
    await it.card()
    await it.event("Updated", triggerReason="ChargingStateChanged")
    found = await it.central.ask("GetCompositeSchedule", duration=60, evseId=1, chargingRateUnit="A")
    assert found["schedule"]["chargingSchedulePeriod"][0]["limit"] == 7.0
    await it.card()
    await it.event("Updated", triggerReason="StopAuthorized")
    await it.unplug()
    await it.event("Ended")
    await it.sleep(1.0)
    asked = {"chargingProfilePurpose": "TxProfile"}
    assert (await it.central.ask("GetChargingProfiles", requestId=1, chargingProfile=asked))["status"] == "NoProfiles"


@case(**points(["EVConnected"], ["EVConnected"]))
async def test_a_change_of_availability_waits_for_the_whole_transaction(it: Bench201) -> None:
    it.plug()
    await it.event("Started")
    answer = await it.central.ask("ChangeAvailability", operationalStatus="Inoperative", evse={"id": 1})
    assert answer["status"] == "Scheduled"
    await it.central.silence("StatusNotification", for_s=10.0, connectorStatus="Unavailable")
    await it.unplug()
    await it.event("Ended")
    await it.standing("Unavailable")


# -- what is owed ------------------------------------------------------------------------------------------------------------------------


@case(**points(["EVConnected"], ["EVConnected"]))
async def test_a_reset_ends_what_has_no_energy(it: Bench201) -> None:
    it.plug()
    await it.event("Started")
    assert await it.central.ask("Reset", type="OnIdle") == {"status": "Scheduled"}
    assert await it.central.ask("Reset", type="Immediate") == {"status": "Accepted"}
    ended = await it.event("Ended", triggerReason="ResetCommand")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "ImmediateReset"
    boot = await it.central.expect("BootNotification", 120.0)
    assert ended.number < boot.number


@pytest.mark.parametrize("moment", ["plugged", "charging", "over"])
def test_a_power_cut_ends_it_once(moment: str) -> None:
    @case(**points(["EVConnected"], ["EVConnected"]))
    async def story(it: Bench201) -> None:
        it.plug()
        name = (await it.event("Started")).payload["transactionInfo"]["transactionId"]
        if moment != "plugged":
            await it.card()
            await it.event("Updated", triggerReason="ChargingStateChanged")
        if moment == "over":
            await it.card()
            await it.event("Updated", triggerReason="StopAuthorized")
        await it.sleep(5.0)
        before = len(events(it))
        await it.power_cut()
        await it.power_up()
        await it.central.expect("BootNotification", 120.0)
        ended = await it.event("Ended", 120.0)
        assert ended.payload["transactionInfo"]["transactionId"] == name
        assert ended.payload["transactionInfo"]["stoppedReason"] == ("Local" if moment == "over" else "PowerLoss")
        assert ended.payload["seqNo"] == before
        assert ("Transaction.End" in contexts(ended)) is (moment != "plugged")
        again = await it.event("Started", 60.0)
        assert again.payload["transactionInfo"]["transactionId"] != name
        assert again.payload["seqNo"] == 0
        assert sum(each["eventType"] == "Ended" for each in events(it)) == 1

    story("socket")


@case(**points(["EVConnected"], ["EVConnected"]))
async def test_offline_everything_waits_in_order(it: Bench201) -> None:
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.sleep(10.0)
    await it.unplug()
    await it.sleep(5.0)
    it.central.listens = True
    await it.event("Started", 120.0, offline=True)
    await it.event("Ended", 120.0, offline=True)
    whole(it)


@case(**points(["EVConnected"], ["EVConnected"], ocpp__retry_s=1, ocpp__attempts=2))
async def test_a_message_that_is_given_up_leaves_its_number_behind(it: Bench201) -> None:
    def refuses(said: dict) -> dict:
        if said["eventType"] == "Started":
            raise Refusal("InternalError")
        return {}

    it.central.answers["TransactionEvent"] = refuses
    it.plug()
    await it.event("Started")
    await it.event("Started")
    await it.unplug()
    ended = await it.event("Ended")
    assert ended.payload["seqNo"] == 1


@case()
async def test_points_may_be_set(it: Bench201) -> None:
    for name in ("TxStartPoint", "TxStopPoint"):
        assert await it.put("TxCtrlr", name, "EVConnected,Authorized") == "Accepted"
        assert (await it.get("TxCtrlr", name))["attributeValue"] == "EVConnected,Authorized"
        for bad in ("DataSigned", "ParkingBayOccupancy", "", "evconnected", "EVConnected;Authorized"):
            assert await it.put("TxCtrlr", name, bad) == "Rejected"
    it.plug()
    await it.event("Started", triggerReason="CablePluggedIn")
