"""2.0.1: meter values in step with a transaction, and with the clock."""

from __future__ import annotations

from tests.ocpp.bench_v201 import Bench201, case


def sampled(payload: dict) -> list[dict]:
    return [each for value in payload["meterValue"] for each in value["sampledValue"]]


@case(ocpp__aligned_s=900)
async def test_tc_j_01_cs(it: Bench201) -> None:
    told = await it.central.expect("MeterValues", 1000.0, evseId=1)
    assert {each["context"] for each in sampled(told.payload)} == {"Sample.Clock"}
    assert told.payload["meterValue"][0]["timestamp"][14:19] in {"00:00", "15:00", "30:00", "45:00"}


@case(ocpp__aligned_s=300)
async def test_tc_j_02_cs(it: Bench201) -> None:
    name = await it.charge()
    told = await it.event("Updated", 400.0, triggerReason="MeterValueClock")
    assert told.payload["transactionInfo"]["transactionId"] == name
    assert {each["context"] for each in sampled(told.payload)} == {"Sample.Clock"}
    await it.central.silence("MeterValues", for_s=5.0)


@case(ocpp__aligned_s=60, ocpp__stop_aligned_data=["Energy.Active.Import.Register"])
async def test_tc_j_03_cs(it: Bench201) -> None:
    await it.charge()
    await it.sleep(130.0)
    await it.card()
    ended = await it.event("Ended")
    assert sum(each["context"] == "Sample.Clock" for each in sampled(ended.payload)) == 2


@case()
async def test_tc_j_07_cs(it: Bench201) -> None:
    it.plug()
    await it.card()
    began = await it.event("Started")
    assert {each["context"] for each in sampled(began.payload)} == {"Transaction.Begin"}


@case(ocpp__sample_s=15, ocpp__sampled_data=["Energy.Active.Import.Register", "Current.Import", "Voltage"])
async def test_tc_j_09_cs(it: Bench201) -> None:
    await it.charge()
    first, second = [await it.event("Updated", triggerReason="MeterValuePeriodic") for _ in range(2)]
    assert 14.5 <= second.at_s - first.at_s <= 15.5
    assert {each["measurand"] for each in sampled(first.payload)} == {"Energy.Active.Import.Register", "Current.Import", "Voltage"}
    assert {each.get("phase") for each in sampled(first.payload) if each["measurand"] == "Current.Import"} == {"L1", "L2", "L3"}
    assert all(isinstance(each["value"], float) for each in sampled(first.payload))


@case(ocpp__sample_s=15, ocpp__stop_sampled_data=["Energy.Active.Import.Register"])
async def test_tc_j_10_cs(it: Bench201) -> None:
    await it.charge()
    await it.sleep(40.0)
    await it.card()
    ended = await it.event("Ended")
    contexts = [each["context"] for each in sampled(ended.payload)]
    assert contexts.count("Sample.Periodic") == 2
    assert contexts[0] == "Transaction.Begin"
    assert contexts[-1] == "Transaction.End"


@case()
async def test_tc_j_03_cs_in_a_beat_of_its_own(it: Bench201) -> None:
    assert await it.put("AlignedDataCtrlr", "TxEndedMeasurands", "Energy.Active.Import.Register") == "Accepted"
    assert await it.put("AlignedDataCtrlr", "TxEndedInterval", "30") == "Accepted"
    assert (await it.get("AlignedDataCtrlr", "TxEndedInterval"))["attributeValue"] == "30"
    await it.charge()
    await it.sleep(100.0)
    await it.card()
    ended = await it.event("Ended")
    values = [each for each in ended.payload["meterValue"] if each["sampledValue"][0]["context"] == "Sample.Clock"]
    assert len(values) == 3
    assert {each["timestamp"][17:19] for each in values} == {"00", "30"}
    assert not [each for each in it.central.heard if each.action == "MeterValues" or each.payload.get("triggerReason") == "MeterValueClock"]


@case(ocpp__sample_s=60)
async def test_tc_j_10_cs_in_a_beat_of_its_own(it: Bench201) -> None:
    assert (await it.get("SampledDataCtrlr", "TxEndedInterval"))["attributeValue"] == "60"  # as what is told, until it is set
    assert await it.put("SampledDataCtrlr", "TxEndedMeasurands", "Energy.Active.Import.Register") == "Accepted"
    assert await it.put("SampledDataCtrlr", "TxEndedInterval", "7") == "Accepted"
    assert await it.put("SampledDataCtrlr", "TxEndedInterval", "-1") == "Rejected"
    await it.charge()
    await it.sleep(65.0)
    await it.card()
    ended = await it.event("Ended")
    contexts = [each["context"] for each in sampled(ended.payload)]
    assert contexts.count("Sample.Periodic") == 9
    assert len([each for each in it.central.heard if each.payload.get("triggerReason") == "MeterValuePeriodic"]) == 1


@case(ocpp__sample_s=20, ocpp__stop_sampled_data=["Energy.Active.Import.Register"])
async def test_an_interval_of_nothing_brings_begin_and_end_alone(it: Bench201) -> None:
    assert await it.put("SampledDataCtrlr", "TxEndedInterval", "0") == "Accepted"
    await it.charge()
    await it.sleep(50.0)
    await it.card()
    ended = await it.event("Ended")
    assert [each["context"] for each in sampled(ended.payload)] == ["Transaction.Begin", "Transaction.End"]
