"""Core: meter values, power failure, offline behaviour, cache."""

from __future__ import annotations

import itertools
from datetime import datetime

from tests.ocpp.bench import CARD, Bench, case
from tests.ocpp.central import Heard


def stamps(heard: list[Heard]) -> list[datetime]:
    return [datetime.fromisoformat(each.payload["meterValue"][0]["timestamp"]) for each in heard]


def steps(times: list[datetime]) -> list[float]:
    return [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]


@case()
async def test_tc_070_cs(it: Bench) -> None:
    await it.configure(MeterValueSampleInterval=10, MeterValuesSampledData="Energy.Active.Import.Register,Power.Active.Import")
    it.plug()
    await it.remote_start()
    began = await it.central.expect("StartTransaction")
    values = [await it.central.expect("MeterValues", connectorId=1, transactionId=it.central.transaction) for _ in range(3)]
    times = [datetime.fromisoformat(began.payload["timestamp"]), *stamps(values)]
    assert all(abs(step - 10.0) < 1.0 for step in steps(times)), times
    for each in values:
        samples = each.payload["meterValue"][0]["sampledValue"]
        assert [sample["measurand"] for sample in samples] == ["Energy.Active.Import.Register", "Power.Active.Import"]
        assert {sample["context"] for sample in samples} == {"Sample.Periodic"}


@case()
async def test_tc_070_cs_with_an_empty_list(it: Bench) -> None:
    await it.configure(MeterValueSampleInterval=10, MeterValuesSampledData="")
    await it.charging()
    said = await it.central.expect("MeterValues")
    assert [each["measurand"] for each in said.payload["meterValue"][0]["sampledValue"]] == ["Energy.Active.Import.Register"]


@case()
async def test_tc_071_cs(it: Bench) -> None:
    await it.configure(ClockAlignedDataInterval=30, MeterValuesAlignedData="Energy.Active.Import.Register,Voltage")
    await it.charging()
    values = [await it.central.expect("MeterValues", connectorId=1, transactionId=it.central.transaction) for _ in range(3)]
    for at in stamps(values):
        assert (at.second % 30, at.microsecond) == (0, 0)
    samples = values[0].payload["meterValue"][0]["sampledValue"]
    assert {each["context"] for each in samples} == {"Sample.Clock"}
    assert [each.get("phase") for each in samples if each["measurand"] == "Voltage"] == ["L1-N", "L2-N", "L3-N"]


@case()
async def test_tc_032_2_cs(it: Bench) -> None:
    transaction = await it.charging()
    await it.sleep(60.0)
    await it.power_cut()
    await it.sleep(120.0)
    await it.power_up()
    boot = await it.central.expect("BootNotification")
    ended = await it.central.expect("StopTransaction", transactionId=transaction, reason="PowerLoss")
    assert ended.number > boot.number
    await it.central.silence("StopTransaction", for_s=30.0)


@case()
async def test_tc_036_cs(it: Bench) -> None:
    await it.configure(MeterValueSampleInterval=10)
    await it.charging()
    await it.central.hang_up(and_stay_away=True)
    await it.sleep(45.0)
    gone = len(it.central.heard)
    it.central.listens = True
    await it.central.connected()
    await it.sleep(25.0)
    times = stamps([each for each in it.central.heard[gone:] if each.action == "MeterValues"])
    assert len(times) >= 4
    assert all(abs(step - 10.0) < 1.0 for step in steps(times)), times


@case(authorization__unknown_offline=True)
async def test_tc_037_1_cs(it: Bench) -> None:
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.card()
    await it.sleep(30.0)
    it.central.listens = True
    began = await it.central.expect("StartTransaction", 120.0, idTag=CARD)
    assert (it.wall() - datetime.fromisoformat(began.payload["timestamp"])).total_seconds() > 20.0
    await it.central.status("Charging")


@case(authorization__unknown_offline=True)
async def test_tc_037_2_cs(it: Bench) -> None:
    await it.configure(StopTransactionOnInvalidId=False)
    it.central.tags[CARD] = {"status": "Invalid"}
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.card()
    await it.sleep(30.0)
    it.central.listens = True
    await it.central.expect("StartTransaction", 120.0, idTag=CARD)
    await it.central.status("SuspendedEVSE")
    await it.central.silence("StopTransaction", for_s=30.0)


@case(authorization__unknown_offline=True)
async def test_tc_037_3_cs(it: Bench) -> None:
    await it.configure(StopTransactionOnInvalidId=True)
    it.central.tags[CARD] = {"status": "Invalid"}
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.card()
    await it.sleep(30.0)
    it.central.listens = True
    await it.central.expect("StartTransaction", 120.0, idTag=CARD)
    await it.central.expect("StopTransaction", transactionId=it.central.transaction, reason="DeAuthorized")
    await it.central.status("Finishing")


@case()
async def test_tc_038_cs(it: Bench) -> None:
    transaction = await it.charging()
    await it.central.hang_up(and_stay_away=True)
    await it.card()
    await it.sleep(20.0)
    it.central.listens = True
    await it.central.expect("StopTransaction", 120.0, transactionId=transaction, reason=lambda why: why in {None, "Local"})
    await it.central.status("Finishing")


@case(authorization__unknown_offline=True)
async def test_tc_039_cs(it: Bench) -> None:
    it.central.transaction = 700
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.card()
    await it.sleep(30.0)
    await it.card()
    await it.unplug()
    await it.sleep(10.0)
    it.central.listens = True
    began = await it.central.expect("StartTransaction", 120.0, idTag=CARD)
    ended = await it.central.expect("StopTransaction", transactionId=701)
    assert began.number < ended.number
    assert ended.payload["meterStop"] >= began.payload["meterStart"]


@case(authorization__cache=True)
async def test_tc_007_1_cs(it: Bench) -> None:
    await it.configure(LocalPreAuthorize=True)
    await it.charging()
    await it.card()
    await it.central.expect("StopTransaction")
    await it.unplug()
    await it.central.status("Available")
    it.central.forget()
    it.plug()
    await it.card()
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.central.silence("Authorize", for_s=5.0)


@case(authorization__cache=True)
async def test_tc_007_2_cs(it: Bench) -> None:
    await it.configure(LocalPreAuthorize=True)
    await it.card()
    await it.central.expect("Authorize", idTag=CARD)
    await it.card()
    await it.central.status("Available")
    it.central.forget()
    it.plug()
    await it.remote_start()
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.central.silence("Authorize", for_s=5.0)


@case(authorization__cache=True)
async def test_tc_061_1_cs(it: Bench) -> None:
    await it.configure(LocalPreAuthorize=True)
    await it.card()
    await it.central.expect("Authorize", idTag=CARD)
    await it.card()
    await it.central.status("Available")
    it.central.forget()
    assert await it.central.ask("ClearCache") == {"status": "Accepted"}
    await it.card()
    await it.central.expect("Authorize", idTag=CARD)


@case(authorization__cache=True)
async def test_tc_061_2_cs(it: Bench) -> None:
    await it.configure(LocalPreAuthorize=True)
    await it.card()
    await it.central.expect("Authorize", idTag=CARD)
    await it.card()
    await it.central.status("Available")
    it.central.forget()
    assert await it.central.ask("ClearCache") == {"status": "Accepted"}
    await it.remote_start()
    await it.central.expect("Authorize", idTag=CARD)


@case()
async def test_clear_cache_without_a_cache_is_rejected(it: Bench) -> None:
    assert await it.central.ask("ClearCache") == {"status": "Rejected"}
