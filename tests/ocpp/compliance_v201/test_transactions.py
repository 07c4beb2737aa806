"""2.0.1: transactions, starts and stops, from afar and on the spot, and what is owed of them."""

from __future__ import annotations

import pytest

from tests.ocpp.bench import CARD, OTHER
from tests.ocpp.bench_v201 import Bench201, case
from tests.ocpp.central import Refusal, Silence, now


def numbers(it: Bench201) -> list[int]:
    return [each.payload["seqNo"] for each in it.central.heard if each.action == "TransactionEvent"]


@case()
async def test_tc_e_02_cs(it: Bench201) -> None:
    it.plug()
    await it.standing("Occupied")
    await it.card()
    await it.central.expect("Authorize")
    began = await it.event("Started", triggerReason="ChargingStateChanged")
    info = began.payload["transactionInfo"]
    assert info["chargingState"] == "Charging"
    assert (began.payload["seqNo"], began.payload["evse"]) == (0, {"id": 1, "connectorId": 1})
    assert began.payload["idToken"] == {"idToken": CARD, "type": "ISO14443"}


@case()
async def test_tc_e_03_cs(it: Bench201) -> None:
    it.plug()
    plugged = await it.standing("Occupied")
    await it.card()
    asked = await it.central.expect("Authorize")
    began = await it.event("Started")
    assert plugged.number < asked.number < began.number


@case()
async def test_tc_e_04_cs(it: Bench201) -> None:
    await it.card()
    asked = await it.central.expect("Authorize")
    it.plug()
    began = await it.event("Started")
    assert asked.number < began.number


@case(connector__plug_in_s=20.0)
async def test_tc_e_05_cs(it: Bench201) -> None:
    await it.card()
    await it.central.expect("Authorize")
    await it.central.silence("TransactionEvent", for_s=60.0)
    assert (await it.get("EVSE:1", "AvailabilityState"))["attributeValue"] == "Available"


@case()
async def test_tc_e_06_cs(it: Bench201) -> None:
    await it.charge()
    await it.card()
    ended = await it.event("Ended", triggerReason="StopAuthorized")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "Local"
    assert ended.payload["seqNo"] == 1
    contexts = {each["context"] for value in ended.payload["meterValue"] for each in value["sampledValue"]}
    assert "Transaction.End" in contexts


@case()
async def test_tc_e_07_cs(it: Bench201) -> None:
    name = await it.charge()
    it.vehicles[1].stop_energy()
    waits = await it.event("Updated", triggerReason="ChargingStateChanged")
    assert waits.payload["transactionInfo"] == {"transactionId": name, "chargingState": "SuspendedEV"}
    await it.card()
    await it.event("Ended", triggerReason="StopAuthorized")
    assert numbers(it) == [0, 1, 2]


@case()
async def test_tc_e_35_cs(it: Bench201) -> None:
    name = await it.charge()
    assert (await it.central.ask("RequestStopTransaction", transactionId=name))["status"] == "Accepted"
    ended = await it.event("Ended", triggerReason="RemoteStop")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "Remote"
    assert "idToken" not in ended.payload


@case(boards=("tethered",))
async def test_tc_e_37_cs(it: Bench201) -> None:
    await it.charge()
    await it.unplug(force=True)
    ended = await it.event("Ended", triggerReason="EVCommunicationLost")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "EVDisconnected"
    await it.standing("Available")


@case()
async def test_tc_e_24_cs(it: Bench201) -> None:
    assert await it.put("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", "true") == "Accepted"
    await it.charge()
    it.drive_off()
    ended = await it.event("Ended", triggerReason="EVCommunicationLost")
    info = ended.payload["transactionInfo"]
    assert (info["stoppedReason"], info["chargingState"]) == ("EVDisconnected", "Idle")
    await it.take_cable()
    await it.standing("Available")


@case(boards=("socket", "tethered"))
async def test_tc_e_25_cs(it: Bench201) -> None:
    if not it.tethered:
        assert await it.put("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", "false") == "Accepted"
    await it.charge()
    it.drive_off()
    ended = await it.event("Ended", triggerReason="EVCommunicationLost")
    info = ended.payload["transactionInfo"]
    assert (info["stoppedReason"], info["chargingState"]) == ("EVDisconnected", "Idle")
    if not it.tethered:
        await it.central.silence("StatusNotification", for_s=60.0)
        assert it.locked()
        assert (await it.central.ask("UnlockConnector", evseId=1, connectorId=1))["status"] == "Unlocked"
        await it.take_cable()
    await it.standing("Available")


@case(boards=("socket", "tethered"))
async def test_the_variable_is_a_setting_with_a_socket_and_false_with_a_fixed_cable(it: Bench201) -> None:
    told = await it.get("OCPPCommCtrlr", "UnlockOnEVSideDisconnect")
    assert told["attributeValue"] == ("false" if it.tethered else "true")
    assert await it.put("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", "false") == ("Rejected" if it.tethered else "Accepted")


@case(boards=("socket", "tethered"), connector__plug_in_s=30.0)
async def test_a_card_that_comes_too_late_begins_nothing(it: Bench201) -> None:
    it.plug()
    await it.standing("Occupied")
    await it.sleep(40.0)
    await it.card()
    await it.central.silence("Authorize", "TransactionEvent", for_s=30.0)
    await it.start_from_afar(8)
    began = await it.event("Started")
    assert began.payload["transactionInfo"]["remoteStartId"] == 8


@case()
async def test_tc_c_02_cs(it: Bench201) -> None:
    it.central.tags[CARD] = {"status": "Invalid"}
    it.plug()
    await it.card()
    await it.central.expect("Authorize")
    await it.central.silence("TransactionEvent", for_s=60.0)


@case()
async def test_tc_c_04_cs(it: Bench201) -> None:
    await it.charge()
    await it.card(OTHER)
    await it.central.silence("TransactionEvent", for_s=30.0, eventType="Ended")


@case()
async def test_tc_c_39_cs(it: Bench201) -> None:
    group = {"idToken": "FAMILY", "type": "Central"}
    it.central.tags |= {CARD: {"status": "Accepted", "groupIdToken": group}, OTHER: {"status": "Accepted", "groupIdToken": group}}
    await it.charge()
    await it.card(OTHER)
    ended = await it.event("Ended", triggerReason="StopAuthorized")
    assert ended.payload["idToken"]["idToken"] == OTHER


@case()
async def test_tc_c_42_cs(it: Bench201) -> None:
    it.central.tags |= {
        CARD: {"status": "Accepted", "groupIdToken": {"idToken": "FAMILY", "type": "Central"}},
        OTHER: {"status": "Accepted", "groupIdToken": {"idToken": "NEIGHBOURS", "type": "Central"}},
    }
    await it.charge()
    await it.card(OTHER)
    await it.central.silence("TransactionEvent", for_s=30.0, eventType="Ended")


@case()
async def test_tc_e_16_cs(it: Bench201) -> None:
    it.central.answers["TransactionEvent"] = lambda _: {"idTokenInfo": {"status": "Invalid"}}
    it.plug()
    await it.card()
    await it.event("Started")
    ended = await it.event("Ended", triggerReason="Deauthorized")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "DeAuthorized"


@case(ocpp__stop_on_invalid=False)
async def test_tc_c_17_cs(it: Bench201) -> None:
    it.central.answers["TransactionEvent"] = lambda _: {"idTokenInfo": {"status": "Invalid"}}
    it.plug()
    await it.card()
    await it.event("Started")
    waits = await it.event("Updated", triggerReason="ChargingStateChanged")
    assert waits.payload["transactionInfo"]["chargingState"] == "SuspendedEVSE"
    await it.central.silence("TransactionEvent", eventType="Ended")


# -- from afar ---------------------------------------------------------------------------------------------------------------------------


@case()
async def test_tc_f_01_cs(it: Bench201) -> None:
    it.plug()
    await it.standing("Occupied")
    await it.start_from_afar(31)
    began = await it.event("Started")
    assert began.payload["transactionInfo"]["remoteStartId"] == 31
    assert began.payload["idToken"] == {"idToken": CARD, "type": "Central"}


@case()
async def test_tc_f_02_cs(it: Bench201) -> None:
    await it.start_from_afar(32)
    asked = await it.central.expect("Authorize", idToken={"idToken": CARD, "type": "Central"})
    it.plug()
    began = await it.event("Started")
    assert asked.number < began.number
    assert began.payload["transactionInfo"]["remoteStartId"] == 32


@case()
async def test_tc_f_03_cs(it: Bench201) -> None:
    assert await it.put("AuthCtrlr", "AuthorizeRemoteStart", "false") == "Accepted"
    await it.start_from_afar(33)
    it.plug()
    await it.event("Started")
    await it.central.silence("Authorize", for_s=5.0)


@case(connector__plug_in_s=20.0)
async def test_tc_f_04_cs(it: Bench201) -> None:
    await it.start_from_afar()
    await it.central.silence("TransactionEvent", for_s=60.0)
    assert (await it.get("EVSE:1", "AvailabilityState"))["attributeValue"] == "Available"


@case()
async def test_where_nothing_can_start_a_start_is_rejected(it: Bench201) -> None:
    token = {"idToken": CARD, "type": "Central"}
    assert (await it.central.ask("RequestStartTransaction", idToken=token, remoteStartId=1, evseId=9))["status"] == "Rejected"
    await it.charge()
    assert (await it.central.ask("RequestStartTransaction", idToken=token, remoteStartId=1, evseId=1))["status"] == "Rejected"


@case()
async def test_tc_f_08_cs(it: Bench201) -> None:
    name = await it.charge()
    assert (await it.central.ask("RequestStopTransaction", transactionId=name))["status"] == "Accepted"
    await it.event("Ended", triggerReason="RemoteStop")


@case()
async def test_tc_f_09_cs(it: Bench201) -> None:
    await it.charge()
    assert (await it.central.ask("RequestStopTransaction", transactionId="somebody else's"))["status"] == "Rejected"
    await it.central.silence("TransactionEvent", for_s=20.0, eventType="Ended")


@case()
async def test_tc_f_05_cs(it: Bench201) -> None:
    await it.charge()
    assert (await it.central.ask("UnlockConnector", evseId=1, connectorId=1))["status"] == "OngoingAuthorizedTransaction"


@case()
async def test_tc_f_06_07_cs(it: Bench201) -> None:
    assert (await it.central.ask("UnlockConnector", evseId=1, connectorId=1))["status"] == "Unlocked"
    it.plug()
    await it.standing("Occupied")
    assert (await it.central.ask("UnlockConnector", evseId=1, connectorId=1))["status"] == "Unlocked"


@case()
async def test_tc_f_10_cs(it: Bench201) -> None:
    for evse, connector in ((9, 1), (1, 2)):
        assert (await it.central.ask("UnlockConnector", evseId=evse, connectorId=connector))["status"] == "UnknownConnector"


# -- what is owed ------------------------------------------------------------------------------------------------------------------------


@case(ocpp__retry_s=5, ocpp__attempts=3)
async def test_tc_e_41_cs(it: Bench201) -> None:
    def silent(_: object) -> object:
        raise Silence

    it.central.answers["TransactionEvent"] = silent
    it.plug()
    await it.card()
    tries = [await it.event("Started", 120.0) for _ in range(3)]
    assert len({str(each.payload) for each in tries}) == 1, "the same message each time"
    await it.central.silence("TransactionEvent", for_s=120.0, eventType="Started")
    del it.central.answers["TransactionEvent"]
    await it.card()
    ended = await it.event("Ended", 200.0)
    assert ended.payload["seqNo"] == 1


@case(ocpp__retry_s=5, ocpp__attempts=3)
async def test_tc_e_42_cs(it: Bench201) -> None:
    def silent(_: object) -> object:
        raise Silence

    it.central.answers["TransactionEvent"] = silent
    it.plug()
    await it.card()
    await it.event("Started")
    del it.central.answers["TransactionEvent"]
    await it.event("Started", 120.0)
    await it.central.silence("TransactionEvent", for_s=60.0, eventType="Started")


@case(ocpp__retry_s=5, ocpp__attempts=3)
async def test_tc_e_50_cs(it: Bench201) -> None:
    def refuses(_: object) -> object:
        raise Refusal("InternalError")

    it.central.answers["TransactionEvent"] = refuses
    it.plug()
    await it.card()
    first, second, third = [await it.event("Started", 60.0) for _ in range(3)]
    assert 5.0 <= second.at_s - first.at_s <= 7.0
    assert 10.0 <= third.at_s - second.at_s <= 12.0
    await it.central.silence("TransactionEvent", for_s=60.0, eventType="Started")


@case(ocpp__retry_s=5, ocpp__attempts=3)
async def test_tc_e_51_cs(it: Bench201) -> None:
    def refuses(_: object) -> object:
        raise Refusal("InternalError")

    it.central.answers["TransactionEvent"] = refuses
    it.plug()
    await it.card()
    await it.event("Started")
    del it.central.answers["TransactionEvent"]
    await it.event("Started", 60.0)
    await it.card()
    await it.event("Ended")


@case(ocpp__sample_s=10)
async def test_tc_e_40_cs(it: Bench201) -> None:
    await it.charge()
    await it.central.hang_up(and_stay_away=True)
    await it.sleep(35.0)
    it.central.listens = True
    late = [await it.event("Updated", 120.0, triggerReason="MeterValuePeriodic", offline=True) for _ in range(3)]
    assert [each.payload["seqNo"] for each in late] == [1, 2, 3]
    await it.event("Updated", 120.0, offline=False)


@case(authorization__cache=True)
async def test_tc_e_43_cs(it: Bench201) -> None:
    await it.charge()
    await it.card()
    await it.event("Ended")
    await it.unplug()
    await it.standing("Available")
    await it.central.hang_up(and_stay_away=True)
    it.central.forget()
    it.plug()
    await it.card()
    await it.sleep(30.0)
    await it.card()
    await it.unplug()
    it.central.listens = True
    began, ended = await it.event("Started", 120.0, offline=True), await it.event("Ended", 120.0, offline=True)
    assert began.payload["timestamp"] < ended.payload["timestamp"]
    assert (began.payload["seqNo"], ended.payload["seqNo"]) == (0, 1)


@case()
async def test_tc_e_44_cs(it: Bench201) -> None:
    await it.charge()
    await it.central.hang_up(and_stay_away=True)
    await it.card()
    await it.sleep(5.0)
    it.central.listens = True
    ended = await it.event("Ended", 120.0, offline=True)
    assert ended.payload["transactionInfo"]["stoppedReason"] == "Local"


@case()
async def test_a_power_cut_ends_a_transaction_with_its_own_number(it: Bench201) -> None:
    name = await it.charge()
    await it.sleep(30.0)
    await it.power_cut()
    await it.power_up()
    await it.central.expect("BootNotification", 120.0)
    ended = await it.event("Ended", 120.0)
    assert ended.payload["transactionInfo"]["transactionId"] == name
    assert ended.payload["transactionInfo"]["stoppedReason"] == "PowerLoss"
    assert ended.payload["seqNo"] == 1


# -- how a transaction is -----------------------------------------------------------------------------------------------------------------


async def told(it: Bench201, name: str | None = None) -> dict:
    return await it.central.ask("GetTransactionStatus", **({} if name is None else {"transactionId": name}))


@case()
async def test_tc_e_28_cs(it: Bench201) -> None:
    assert await told(it, "nobody's") == {"messagesInQueue": False, "ongoingIndicator": False}


@case(ocpp__retry_s=600)
async def test_tc_e_29_33_cs(it: Bench201) -> None:
    def refuses(_: object) -> object:
        raise Refusal("InternalError")

    it.plug()
    it.central.answers["TransactionEvent"] = refuses
    await it.card()
    began = await it.event("Started")
    name = began.payload["transactionInfo"]["transactionId"]
    assert await told(it, name) == {"messagesInQueue": True, "ongoingIndicator": True}
    assert await told(it) == {"messagesInQueue": True}


@case()
async def test_tc_e_30_cs(it: Bench201) -> None:
    name = await it.charge()
    await it.sleep(1.0)
    assert await told(it, name) == {"messagesInQueue": False, "ongoingIndicator": True}


@case(ocpp__retry_s=600)
async def test_tc_e_31_cs(it: Bench201) -> None:
    def refuses(_: object) -> object:
        raise Refusal("InternalError")

    name = await it.charge()
    it.central.answers["TransactionEvent"] = refuses
    await it.card()
    await it.event("Ended")
    await it.sleep(1.0)
    assert await told(it, name) == {"messagesInQueue": True, "ongoingIndicator": False}


@case()
async def test_tc_e_32_cs(it: Bench201) -> None:
    name = await it.charge()
    await it.card()
    await it.event("Ended")
    await it.sleep(1.0)
    assert await told(it, name) == {"messagesInQueue": False, "ongoingIndicator": False}


@case()
async def test_tc_e_34_cs(it: Bench201) -> None:
    assert await told(it) == {"messagesInQueue": False}


# -- messages out of turn -----------------------------------------------------------------------------------------------------------------


@case()
async def test_tc_f_11_12_cs(it: Bench201) -> None:
    for where in ({"evse": {"id": 1}}, {}):
        assert (await it.central.ask("TriggerMessage", requestedMessage="MeterValues", **where))["status"] == "Accepted"
        told = await it.central.expect("MeterValues", evseId=1)
        assert told.payload["meterValue"][0]["sampledValue"][0]["context"] == "Trigger"


@case()
async def test_tc_f_13_14_cs(it: Bench201) -> None:
    name = await it.charge()
    for where in ({"evse": {"id": 1}}, {}):
        assert (await it.central.ask("TriggerMessage", requestedMessage="TransactionEvent", **where))["status"] == "Accepted"
        told = await it.event("Updated", triggerReason="Trigger")
        assert told.payload["transactionInfo"] == {"transactionId": name, "chargingState": "Charging"}
    await it.card()
    await it.event("Ended")
    assert numbers(it) == [0, 1, 2, 3]


@case()
async def test_tc_f_20_cs(it: Bench201) -> None:
    assert (await it.central.ask("TriggerMessage", requestedMessage="Heartbeat"))["status"] == "Accepted"
    await it.central.expect("Heartbeat", 5.0)


@case()
async def test_tc_f_23_cs(it: Bench201) -> None:
    assert (await it.central.ask("TriggerMessage", requestedMessage="StatusNotification", evse={"id": 1, "connectorId": 1}))[
        "status"
    ] == "Accepted"
    await it.standing("Available", within_s=5.0)


@case()
async def test_tc_f_24_cs(it: Bench201) -> None:
    it.plug()
    await it.standing("Occupied")
    await it.central.ask("TriggerMessage", requestedMessage="StatusNotification", evse={"id": 1, "connectorId": 1})
    await it.standing("Occupied", within_s=5.0)


@case(ocpp__aligned_data=["Voltage"], ocpp__sampled_data=["Current.Import"])
async def test_triggered_values_are_those_of_the_clock_and_those_of_a_transaction_its_samples(it: Bench201) -> None:  # F06.FR.06, .07
    def measured(payload: dict) -> set[str]:
        return {each["measurand"] for value in payload["meterValue"] for each in value["sampledValue"]}

    assert (await it.central.ask("TriggerMessage", requestedMessage="TransactionEvent"))["status"] == "Rejected"  # there is none
    await it.charge()
    await it.central.ask("TriggerMessage", requestedMessage="MeterValues", evse={"id": 1})
    assert measured((await it.central.expect("MeterValues")).payload) == {"Voltage"}
    await it.central.ask("TriggerMessage", requestedMessage="TransactionEvent", evse={"id": 1})
    assert measured((await it.event("Updated", triggerReason="Trigger")).payload) == {"Current.Import"}


@case(ocpp__sample_s=10)
async def test_a_triggered_event_waits_for_its_turn_and_has_a_number_of_its_own(it: Bench201) -> None:
    await it.charge()
    it.central.answers["TransactionEvent"] = lambda _: slowly()

    async def slowly() -> dict:
        await it.sleep(8.0)
        return {}

    await it.event("Updated", triggerReason="MeterValuePeriodic")
    await it.central.ask("TriggerMessage", requestedMessage="TransactionEvent", evse={"id": 1})
    await it.event("Updated", 60.0, triggerReason="Trigger")
    del it.central.answers["TransactionEvent"]
    await it.card()
    await it.event("Ended", 60.0)
    events = [each.payload for each in it.central.heard if each.action == "TransactionEvent"]
    assert [each["seqNo"] for each in events] == list(range(len(events)))
    assert [each["timestamp"] for each in events] == sorted(each["timestamp"] for each in events)


@case(metering__store_sample_s=60.0)
async def test_a_power_cut_ends_a_transaction_not_before_what_was_said_of_it(it: Bench201) -> None:
    await it.charge()
    await it.sleep(20.0)
    it.vehicles[1].stop_energy()
    waits = await it.event("Updated", triggerReason="ChargingStateChanged")
    await it.power_cut()
    await it.sleep(30.0)
    await it.power_up()
    ended = await it.event("Ended", 120.0)
    assert ended.payload["transactionInfo"]["stoppedReason"] == "PowerLoss"
    assert ended.payload["timestamp"] >= waits.payload["timestamp"]


@case()
async def test_a_status_is_triggered_for_a_connector_and_nothing_else(it: Bench201) -> None:  # F06.FR.12
    for where in ({}, {"evse": {"id": 1}}, {"evse": {"id": 1, "connectorId": 2}}, {"evse": {"id": 9, "connectorId": 1}}):
        assert (await it.central.ask("TriggerMessage", requestedMessage="StatusNotification", **where))["status"] == "Rejected"
    await it.central.silence("StatusNotification", for_s=20.0)


@case(boot=False)
async def test_a_boot_that_is_triggered_says_so(it: Bench201) -> None:
    it.central.answers["BootNotification"] = lambda _: {"status": "Pending", "currentTime": now(), "interval": 600}
    await it.power_up()
    await it.central.expect("BootNotification", reason="PowerUp")
    await it.sleep(5.0)
    assert (await it.central.ask("TriggerMessage", requestedMessage="BootNotification"))["status"] == "Accepted"
    await it.central.expect("BootNotification", 30.0, reason="Triggered")
    del it.central.answers["BootNotification"]
    await it.central.expect("BootNotification", 700.0, reason="PowerUp")


@case()
async def test_tc_f_26_cs(it: Bench201) -> None:
    assert (await it.central.ask("TriggerMessage", requestedMessage="BootNotification"))["status"] == "Rejected"


@case()
async def test_tc_f_27_cs(it: Bench201) -> None:
    answer = await it.central.ask("TriggerMessage", requestedMessage="PublishFirmwareStatusNotification")
    assert answer["status"] == "NotImplemented"


@case()
async def test_what_is_unknown_or_not_done_is_refused_with_its_code(it: Bench201) -> None:
    with pytest.raises(Refusal) as refused:
        await it.central.ask("SetDisplayMessage", message={"id": 1, "priority": "InFront", "message": {"format": "UTF8", "content": "x"}})
    assert refused.value.code in {"NotSupported", "NotImplemented"}
