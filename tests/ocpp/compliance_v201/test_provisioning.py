"""2.0.1: cold boot, variables, reports, resets."""

from __future__ import annotations

import json

import pytest

from tests.ocpp.bench import CARD, OTHER
from tests.ocpp.bench_v201 import Bench201, case, component, variable
from tests.ocpp.central import Refusal, now

MANDATORY = {
    ("AlignedDataCtrlr", "Measurands"), ("AlignedDataCtrlr", "Interval"), ("AlignedDataCtrlr", "TxEndedMeasurands"),
    ("AuthCtrlr", "AuthorizeRemoteStart"), ("AuthCtrlr", "LocalAuthorizeOffline"), ("AuthCtrlr", "LocalPreAuthorize"),
    ("ChargingStation", "AvailabilityState"), ("ChargingStation", "Available"), ("ChargingStation", "SupplyPhases"),
    ("ClockCtrlr", "DateTime"), ("ClockCtrlr", "TimeSource"),
    ("Connector", "AvailabilityState"), ("Connector", "Available"), ("Connector", "ConnectorType"), ("Connector", "SupplyPhases"),
    ("DeviceDataCtrlr", "BytesPerMessage"), ("DeviceDataCtrlr", "ItemsPerMessage"),
    ("EVSE", "AvailabilityState"), ("EVSE", "Available"), ("EVSE", "Power"), ("EVSE", "SupplyPhases"),
    ("OCPPCommCtrlr", "NetworkConfigurationPriority"), ("OCPPCommCtrlr", "NetworkProfileConnectionAttempts"),
    ("OCPPCommCtrlr", "OfflineThreshold"), ("OCPPCommCtrlr", "RetryBackOffWaitMinimum"), ("OCPPCommCtrlr", "RetryBackOffRepeatTimes"),
    ("OCPPCommCtrlr", "RetryBackOffRandomRange"), ("LocalAuthListCtrlr", "Entries"), ("LocalAuthListCtrlr", "BytesPerMessage"),
    ("AlignedDataCtrlr", "TxEndedInterval"), ("SampledDataCtrlr", "TxEndedInterval"), ("SampledDataCtrlr", "TxStartedMeasurands"),
    ("OCPPCommCtrlr", "FileTransferProtocols"), ("OCPPCommCtrlr", "MessageTimeout"), ("OCPPCommCtrlr", "MessageAttempts"),
    ("OCPPCommCtrlr", "MessageAttemptInterval"), ("OCPPCommCtrlr", "ResetRetries"), ("OCPPCommCtrlr", "UnlockOnEVSideDisconnect"),
    ("OCPPCommCtrlr", "WebSocketPingInterval"), ("OCPPCommCtrlr", "HeartbeatInterval"),
    ("SampledDataCtrlr", "TxEndedMeasurands"), ("SampledDataCtrlr", "TxUpdatedInterval"), ("SampledDataCtrlr", "TxUpdatedMeasurands"),
    ("SecurityCtrlr", "OrganizationName"), ("SecurityCtrlr", "CertificateEntries"),
    ("SmartChargingCtrlr", "Entries"), ("SmartChargingCtrlr", "LimitChangeSignificance"), ("SmartChargingCtrlr", "PeriodsPerSchedule"),
    ("SmartChargingCtrlr", "ProfileStackLevel"), ("SmartChargingCtrlr", "RateUnit"), ("LocalAuthListCtrlr", "ItemsPerMessage"),
    ("SecurityCtrlr", "SecurityProfile"),
    ("TxCtrlr", "EVConnectionTimeOut"), ("TxCtrlr", "StopTxOnEVSideDisconnect"), ("TxCtrlr", "StopTxOnInvalidId"),
    ("TxCtrlr", "TxStartPoint"), ("TxCtrlr", "TxStopPoint"),
}  # fmt: skip
"""Required variables of the specification (part 2, appendix 3) for Core, Local Authorization List and Smart Charging."""


async def report(it: Bench201, base: str) -> list[dict]:
    assert await it.central.ask("GetBaseReport", requestId=41, reportBase=base) == {"status": "Accepted"}
    found: list[dict] = []
    number = 0
    while True:
        part = await it.central.expect("NotifyReport", requestId=41, seqNo=number)
        found += part.payload.get("reportData", [])
        if not part.payload["tbc"]:
            return found
        number += 1


@case(boot=False)
async def test_tc_b_01_cs(it: Bench201) -> None:
    it.central.interval_s = 40
    await it.power_up()
    boot = await it.central.expect("BootNotification", reason="PowerUp")
    assert boot.payload["chargingStation"].keys() >= {"model", "vendorName"}
    await it.standing("Available")
    await it.central.expect("Heartbeat")


@case(boot=False)
async def test_tc_b_02_cs(it: Bench201) -> None:
    it.central.answers["BootNotification"] = lambda _: {"status": "Pending", "currentTime": now(), "interval": 60}
    await it.power_up()
    first = await it.central.expect("BootNotification")
    assert (await it.get("OCPPCommCtrlr", "HeartbeatInterval"))["attributeStatus"] == "Accepted"
    assert await it.put("OCPPCommCtrlr", "HeartbeatInterval", "90") == "Accepted"
    assert await report(it, "FullInventory")
    await it.central.silence(for_s=20.0)
    del it.central.answers["BootNotification"]
    second = await it.central.expect("BootNotification")
    assert second.at_s - first.at_s >= 60.0
    await it.standing("Available")


@case(boot=False)
async def test_tc_b_03_cs(it: Bench201) -> None:
    it.central.answers["BootNotification"] = lambda _: {"status": "Rejected", "currentTime": now(), "interval": 120}
    await it.power_up()
    first = await it.central.expect("BootNotification")
    await it.central.silence(for_s=100.0)
    del it.central.answers["BootNotification"]
    second = await it.central.expect("BootNotification", 300.0)
    assert 120.0 <= second.at_s - first.at_s <= 130.0


@case(boot=False)
async def test_tc_b_30_cs(it: Bench201) -> None:
    for status in ("Pending", "Rejected"):
        it.central.answers["BootNotification"] = lambda _, status=status: {"status": status, "currentTime": now(), "interval": 60}
        if status == "Pending":
            await it.power_up()
        await it.central.expect("BootNotification", 100.0)
        await it.sleep(1.0)
        for action in ("ClearCache", "RequestStartTransaction" if status == "Rejected" else "GetLocalListVersion"):
            token = {"idToken": CARD, "type": "Central"}
            with pytest.raises(Refusal) as refused:
                await it.central.ask(action, **({"idToken": token, "remoteStartId": 1} if action.startswith("Request") else {}))
            assert refused.value.code == "SecurityError"


@case(boot=False)
async def test_nobody_is_started_or_stopped_while_the_boot_is_pending(it: Bench201) -> None:  # B02.FR.05
    it.central.answers["BootNotification"] = lambda _: {"status": "Pending", "currentTime": now(), "interval": 60}
    await it.power_up()
    await it.central.expect("BootNotification")
    await it.sleep(1.0)
    token = {"idToken": CARD, "type": "Central"}
    assert (await it.central.ask("RequestStartTransaction", idToken=token, remoteStartId=1, evseId=1))["status"] == "Rejected"
    assert (await it.central.ask("RequestStopTransaction", transactionId="any"))["status"] == "Rejected"
    it.plug()
    await it.central.silence(for_s=30.0)


@case()
async def test_tc_b_06_cs(it: Bench201) -> None:
    found = await it.get("OCPPCommCtrlr", "MessageTimeout/Default")
    assert (found["attributeStatus"], found["attributeValue"], found["attributeType"]) == ("Accepted", "30", "Actual")


@case()
async def test_tc_b_07_cs(it: Bench201) -> None:
    asked = [
        {"component": component("DeviceDataCtrlr"), "variable": variable("ItemsPerMessage/GetReport")},
        {"component": component("AuthCtrlr"), "variable": variable("AuthorizeRemoteStart")},
        {"component": component("EVSE:1"), "variable": variable("AvailabilityState")},
    ]
    answer = await it.central.ask("GetVariables", getVariableData=asked)
    assert [each["attributeStatus"] for each in answer["getVariableResult"]] == ["Accepted"] * 3
    assert [each["variable"] for each in answer["getVariableResult"]] == [each["variable"] for each in asked]


@case()
async def test_tc_b_32_cs(it: Bench201) -> None:
    for where in ("UnknownCtrlr", "EVSE:9", "Connector:1.2"):
        assert (await it.get(where, "AvailabilityState"))["attributeStatus"] == "UnknownComponent"


@case()
async def test_tc_b_33_cs(it: Bench201) -> None:
    for what in ("Mood", "MessageTimeout/Unknown"):
        assert (await it.get("OCPPCommCtrlr", what))["attributeStatus"] == "UnknownVariable"


@case()
async def test_tc_b_34_cs(it: Bench201) -> None:
    assert (await it.get("OCPPCommCtrlr", "HeartbeatInterval", attributeType="Target"))["attributeStatus"] == "NotSupportedAttributeType"


@case()
async def test_tc_b_09_cs(it: Bench201) -> None:
    assert await it.put("OCPPCommCtrlr", "HeartbeatInterval", "77") == "Accepted"
    assert (await it.get("OCPPCommCtrlr", "HeartbeatInterval"))["attributeValue"] == "77"


@case()
async def test_tc_b_10_cs(it: Bench201) -> None:
    data = [
        {"component": component("AuthCtrlr"), "variable": variable("LocalPreAuthorize"), "attributeValue": "true"},
        {"component": component("TxCtrlr"), "variable": variable("EVConnectionTimeOut"), "attributeValue": "45"},
    ]
    answer = await it.central.ask("SetVariables", setVariableData=data)
    assert {each["attributeStatus"] for each in answer["setVariableResult"]} <= {"Accepted", "RebootRequired"}


@case()
async def test_tc_b_35_cs(it: Bench201) -> None:
    assert await it.put("UnknownCtrlr", "HeartbeatInterval", "77") == "UnknownComponent"


@case()
async def test_tc_b_36_cs(it: Bench201) -> None:
    assert await it.put("OCPPCommCtrlr", "Mood", "fine") == "UnknownVariable"


@case()
async def test_tc_b_37_cs(it: Bench201) -> None:
    assert await it.put("OCPPCommCtrlr", "HeartbeatInterval", "77", attributeType="MaxSet") == "NotSupportedAttributeType"


@case()
async def test_tc_b_11_cs(it: Bench201) -> None:
    for value in ("-1", "soon", ""):
        assert await it.put("OCPPCommCtrlr", "HeartbeatInterval", value) == "Rejected"
    assert await it.put("AuthCtrlr", "LocalPreAuthorize", "maybe") == "Rejected"


@case()
async def test_tc_b_39_cs(it: Bench201) -> None:
    assert await it.put("OCPPCommCtrlr", "FileTransferProtocols", "CARRIER-PIGEON") == "Rejected"
    assert await it.put("SecurityCtrlr", "SecurityProfile", "0") == "Rejected"


@case()
async def test_a_variable_that_is_only_written_is_not_told(it: Bench201) -> None:
    found = await it.get("SecurityCtrlr", "BasicAuthPassword")
    assert found["attributeStatus"] == "Rejected"
    assert "attributeValue" not in found


@case()
async def test_names_count_in_any_case(it: Bench201) -> None:
    assert (await it.get("ocppcommctrlr", "heartbeatinterval"))["attributeStatus"] == "Accepted"


@case()
async def test_tc_b_12_cs(it: Bench201) -> None:
    found = await report(it, "ConfigurationInventory")
    assert found
    assert {each["variableAttribute"][0]["mutability"] for each in found} <= {"ReadWrite", "WriteOnly"}


@case()
async def test_tc_b_13_cs(it: Bench201) -> None:
    found = await report(it, "FullInventory")
    keys = [(str(each["component"]), str(each["variable"])) for each in found]
    assert len(set(keys)) == len(keys), "every variable once"
    assert all("variableCharacteristics" in each for each in found)


@case()
async def test_tc_b_15_cs(it: Bench201) -> None:
    found = await report(it, "SummaryInventory")
    assert {each["variable"]["name"] for each in found} == {"Available", "AvailabilityState", "Problem"}


@case()
async def test_tc_b_53_cs(it: Bench201) -> None:
    found = {(each["component"]["name"], each["variable"]["name"]) for each in await report(it, "FullInventory")}
    assert found >= MANDATORY, MANDATORY - found


@case()
async def test_parts_of_the_model_may_be_asked_for(it: Bench201) -> None:
    async def asked(**what) -> list[dict]:
        assert await it.central.ask("GetReport", requestId=5, **what) == {"status": "Accepted"}
        found = (await it.central.expect("NotifyReport", requestId=5)).payload["reportData"]
        it.central.forget()
        return found

    evse = await asked(componentVariable=[{"component": component("EVSE:1")}])
    assert {each["component"]["name"] for each in evse} == {"EVSE"}
    one = await asked(componentVariable=[{"component": component("EVSE:1"), "variable": variable("Power")}])
    assert [each["variable"]["name"] for each in one] == ["Power"]
    available = await asked(componentCriteria=["Available"], componentVariable=[{"component": component("EVSE:1")}])
    assert {each["variable"]["name"] for each in available} >= {"Available", "AvailabilityState", "Power"}  # B08.FR.08: the component whole
    silent = await asked(componentCriteria=["Problem", "Active"], componentVariable=[{"component": component("ClockCtrlr")}])
    assert {each["variable"]["name"] for each in silent} >= {"DateTime", "TimeSource"}  # B08.FR.07: or it has no word about it
    assert await it.central.ask("GetReport", requestId=6, componentCriteria=["Problem"]) == {"status": "EmptyResultSet"}


@case()
async def test_tc_b_20_cs(it: Bench201) -> None:
    assert await it.central.ask("Reset", type="OnIdle") == {"status": "Accepted"}
    await it.central.expect("BootNotification", 120.0, reason="RemoteReset")
    await it.standing("Available")


@case()
async def test_tc_b_21_cs(it: Bench201) -> None:
    await it.charge()
    assert await it.central.ask("Reset", type="OnIdle") == {"status": "Scheduled"}
    await it.central.silence("BootNotification", for_s=60.0)
    await it.card()
    await it.event("Ended", triggerReason="StopAuthorized")
    await it.central.expect("BootNotification", 120.0, reason="ScheduledReset")


@case()
async def test_tc_b_22_cs(it: Bench201) -> None:
    await it.charge()
    assert await it.central.ask("Reset", type="Immediate") == {"status": "Accepted"}
    ended = await it.event("Ended", triggerReason="ResetCommand")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "ImmediateReset"
    boot = await it.central.expect("BootNotification", 120.0, reason="RemoteReset")
    assert ended.number < boot.number


@case()
async def test_tc_b_23_cs(it: Bench201) -> None:
    answer = await it.central.ask("ChangeAvailability", operationalStatus="Inoperative", evse={"id": 1})
    assert answer["status"] == "Accepted"
    await it.standing("Unavailable")
    await it.central.ask("Reset", type="Immediate")
    await it.central.expect("BootNotification", 120.0)
    await it.standing("Unavailable")


@case(boards=("double",))
async def test_tc_b_25_cs(it: Bench201) -> None:
    await it.charge(2, OTHER)
    for kind in ("OnIdle", "Immediate"):
        assert await it.central.ask("Reset", type=kind, evseId=1) == {"status": "Accepted"}
        await it.central.silence("BootNotification", for_s=20.0)
    await it.charge(1)
    assert not [each for each in it.central.heard if each.payload.get("eventType") == "Ended"], "the other outlet goes on"


@case(boards=("double",))
async def test_tc_b_26_cs(it: Bench201) -> None:
    await it.charge(1)
    await it.charge(2, OTHER)
    assert await it.central.ask("Reset", type="OnIdle", evseId=1) == {"status": "Scheduled"}
    await it.central.silence("TransactionEvent", for_s=30.0, eventType="Ended")
    await it.card()
    await it.event("Ended", triggerReason="StopAuthorized", evse={"id": 1, "connectorId": 1})
    await it.central.silence("BootNotification", for_s=30.0)
    assert it.station is not None
    assert it.station.connectors[1].state.value == "connected", "who is still plugged in may begin again"
    assert it.station.connectors[2].state.value == "charging"
    await it.card()
    await it.event("Started", evse={"id": 1, "connectorId": 1})


@case(boards=("double",))
async def test_tc_b_27_cs(it: Bench201) -> None:
    await it.charge(1)
    await it.charge(2, OTHER)
    assert await it.central.ask("Reset", type="Immediate", evseId=1) == {"status": "Accepted"}
    ended = await it.event("Ended", triggerReason="ResetCommand", evse={"id": 1, "connectorId": 1})
    assert ended.payload["transactionInfo"]["stoppedReason"] == "ImmediateReset"
    await it.central.silence("BootNotification", for_s=30.0)
    assert not [each for each in it.central.heard if each.payload.get("eventType") == "Ended" and each is not ended]
    await it.unplug(1)
    await it.standing("Available")
    await it.charge(1)


@case(boards=("double",), ocpp__tx_start=["EVConnected"], ocpp__tx_stop=["EVConnected"])
async def test_a_reset_of_an_outlet_ends_what_waits_there(it: Bench201) -> None:
    it.plug(1)
    began = await it.event("Started")
    assert await it.central.ask("Reset", type="Immediate", evseId=1) == {"status": "Accepted"}
    ended = await it.event("Ended", triggerReason="ResetCommand")
    assert ended.payload["transactionInfo"]["transactionId"] == began.payload["transactionInfo"]["transactionId"]
    again = await it.event("Started", triggerReason="CablePluggedIn")
    assert again.payload["transactionInfo"]["transactionId"] != began.payload["transactionInfo"]["transactionId"]


@case(boards=("double",))
async def test_a_scheduled_reset_of_an_outlet_outlives_the_connection(it: Bench201) -> None:
    await it.charge(1)
    assert await it.central.ask("Reset", type="OnIdle", evseId=1) == {"status": "Scheduled"}
    assert await it.central.ask("Reset", type="OnIdle", evseId=1) == {"status": "Scheduled"}
    await it.central.hang_up()
    await it.central.connected()
    await it.card()
    await it.event("Ended", 120.0)
    await it.sleep(10.0)
    assert it.station is not None
    assert it.station.connectors[1].state.value == "connected"


@case()
async def test_an_outlet_that_is_not_there_is_not_reset(it: Bench201) -> None:
    answer = await it.central.ask("Reset", type="Immediate", evseId=2)
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "UnknownEvse")
    assert (await it.get("EVSE:1", "AllowReset"))["attributeValue"] == "true"


@case()
async def test_tc_b_57_cs(it: Bench201) -> None:
    await it.central.hang_up()
    await it.central.connected()
    await it.central.silence("BootNotification", for_s=30.0)
    await it.central.ask("GetLocalListVersion")


@case(ocpp__offline_threshold_s=30)
async def test_tc_b_51_cs(it: Bench201) -> None:
    await it.central.hang_up(and_stay_away=True)
    await it.sleep(60.0)
    it.central.listens = True
    await it.standing("Available", within_s=60.0)


@case(ocpp__offline_threshold_s=300)
async def test_tc_b_52_cs(it: Bench201) -> None:
    await it.central.hang_up(and_stay_away=True)
    await it.sleep(30.0)
    it.central.listens = True
    await it.central.connected()
    await it.central.silence("StatusNotification", for_s=30.0)


@case()
async def test_tc_p_01_cs(it: Bench201) -> None:
    answer = await it.central.ask("DataTransfer", vendorId="com.example.nobody", messageId="x")
    assert answer["status"] in {"UnknownVendorId", "Rejected"}


@case()
async def test_tc_p_03_cs(it: Bench201) -> None:
    custom = {"vendorId": "com.example", "weather": ["fine"]}
    token = {"idToken": CARD, "type": "Central", "customData": custom}
    answer = await it.central.ask("RequestStartTransaction", idToken=token, remoteStartId=1, evseId=1, customData=custom)
    assert answer["status"] == "Accepted"


@case(boards=("double",))
async def test_tc_b_41_cs(it: Bench201) -> None:
    await it.charge(1)
    await it.charge(2, OTHER)
    assert await it.central.ask("Reset", type="OnIdle") == {"status": "Scheduled"}
    await it.central.silence("BootNotification", for_s=20.0)
    await it.card()
    await it.event("Ended", triggerReason="StopAuthorized", evse={"id": 1, "connectorId": 1})
    await it.central.silence("BootNotification", for_s=60.0)
    await it.card(OTHER)
    await it.event("Ended", triggerReason="StopAuthorized", evse={"id": 2, "connectorId": 1})
    await it.central.expect("BootNotification", 120.0, reason="ScheduledReset")


@case()
async def test_refusals_are_spelt_as_in_this_version(it: Bench201) -> None:  # part 4, 4.3
    async def refused(action: str, payload: object) -> str:
        it.central.strays = []
        await it.central.say(json.dumps([2, "stray", action, payload]))
        await it.sleep(1.0)
        ((kind, _, code, *_),) = it.central.strays
        assert kind == 4
        return str(code)

    assert await refused("GetLocalListVersion", {"surprise": 1}) == "FormatViolation"
    for number, (payload, code) in enumerate(
        (({}, "OccurrenceConstraintViolation"), ({"type": 5}, "TypeConstraintViolation"), ({"type": "Soft"}, "PropertyConstraintViolation"))
    ):
        it.central.strays = []
        await it.central.say(json.dumps([2, f"stray-{number}", "Reset", payload]))
        await it.sleep(1.0)
        assert [each[2] for each in it.central.strays] == [code]
    it.central.strays = []
    await it.central.say("this is no frame")
    await it.sleep(1.0)
    assert [each[:3] for each in it.central.strays] == [[4, "-1", "RpcFrameworkError"]]
