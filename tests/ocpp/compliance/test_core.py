"""Core: boot, sessions, remote actions, reset, unlock, configuration."""

from __future__ import annotations

import itertools

from tests.ocpp.bench import CARD, OTHER, Bench, case
from tests.ocpp.central import now


@case(boot=False)
async def test_tc_001_cs(it: Bench) -> None:
    it.central.answers["BootNotification"] = lambda _: {"status": "Rejected", "currentTime": now(), "interval": 120}
    it.central.interval_s = 40
    await it.power_up()
    first = await it.central.expect("BootNotification")
    del it.central.answers["BootNotification"]
    second = await it.central.expect("BootNotification", 300.0)
    assert 120.0 <= second.at_s - first.at_s <= 130.0
    assert [each.action for each in it.central.heard[:2]] == ["BootNotification"] * 2
    await it.central.status("Available", 0)
    await it.central.status("Available", 1)
    beats = [await it.central.expect("Heartbeat") for _ in range(3)]
    assert [round(later.at_s - earlier.at_s) for earlier, later in itertools.pairwise(beats)] == [40, 40]


@case(boot=False)
async def test_tc_002_cs(it: Bench) -> None:
    it.central.answers["BootNotification"] = lambda _: {"status": "Pending", "currentTime": now(), "interval": 60}
    await it.power_up()
    first = await it.central.expect("BootNotification")
    everything = await it.central.ask("GetConfiguration", key=[])
    assert len(everything["configurationKey"]) > 20
    assert await it.central.ask("ChangeConfiguration", key="MeterValueSampleInterval", value="30") == {"status": "Accepted"}
    await it.central.silence(for_s=30.0)
    del it.central.answers["BootNotification"]
    second = await it.central.expect("BootNotification")
    assert second.at_s - first.at_s >= 60.0
    await it.central.status("Available", 0)
    await it.central.status("Available", 1)


@case()
async def test_tc_003_cs(it: Bench) -> None:
    it.plug()
    await it.central.status("Preparing")
    await it.card()
    asked = await it.central.expect("Authorize", idTag=CARD)
    began = await it.central.expect("StartTransaction", idTag=CARD, connectorId=1)
    await it.central.status("Charging")
    assert asked.number < began.number


@case()
async def test_tc_004_1_cs(it: Bench) -> None:
    await it.card()
    await it.central.expect("Authorize", idTag=CARD)
    await it.central.status("Preparing")
    it.plug()
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.central.status("Charging")


@case()
async def test_tc_004_2_cs(it: Bench) -> None:
    await it.configure(ConnectionTimeOut=20)
    await it.card()
    await it.central.expect("Authorize", idTag=CARD)
    waits = await it.central.status("Preparing")
    gone = await it.central.status("Available")
    assert 18.0 <= gone.at_s - waits.at_s <= 25.0
    await it.central.silence("StartTransaction")


@case()
async def test_tc_068_cs(it: Bench) -> None:
    transaction = await it.charging()
    await it.card(OTHER)
    await it.central.silence("Authorize", "StopTransaction", for_s=20.0)
    await it.card(CARD)
    await it.central.expect("StopTransaction", idTag=CARD, transactionId=transaction, reason=lambda why: why in {None, "Local"})
    await it.central.status("Finishing")
    await it.central.silence("Authorize", for_s=5.0)


@case()
async def test_tc_069_cs(it: Bench) -> None:
    it.central.tags = {CARD: {"status": "Accepted", "parentIdTag": "FLEET"}, OTHER: {"status": "Accepted", "parentIdTag": "FLEET"}}
    transaction = await it.charging()
    await it.card(OTHER)
    await it.central.expect("Authorize", idTag=OTHER)
    await it.central.expect("StopTransaction", idTag=OTHER, transactionId=transaction)
    await it.central.status("Finishing")


@case(boards=("socket",))
async def test_tc_005_1_cs(it: Bench) -> None:
    transaction = await it.charging()
    await it.unplug(force=True)
    await it.central.expect("StopTransaction", transactionId=transaction, reason="EVDisconnected", idTag=None)
    await it.central.status("Finishing")
    await it.central.status("Available")


@case()
async def test_tc_010_cs(it: Bench) -> None:
    it.plug()
    await it.central.status("Preparing")
    await it.remote_start()
    await it.central.expect("Authorize", idTag=CARD)
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.central.status("Charging")


@case(ocpp__authorize_remote=False)
async def test_tc_010_cs_without_authorization(it: Bench) -> None:
    it.plug()
    await it.central.status("Preparing")
    await it.remote_start()
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.central.status("Charging")
    await it.central.silence("Authorize", for_s=1.0)


@case()
async def test_tc_011_1_cs(it: Bench) -> None:
    await it.remote_start()
    await it.central.expect("Authorize", idTag=CARD)
    await it.central.status("Preparing")
    it.plug()
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.central.status("Charging")


@case(connector__plug_in_s=30.0)
async def test_tc_011_2_cs(it: Bench) -> None:
    await it.remote_start()
    await it.central.status("Preparing")
    await it.central.status("Available")
    await it.central.silence("StartTransaction")


@case()
async def test_tc_012_cs(it: Bench) -> None:
    transaction = await it.charging()
    assert await it.central.ask("RemoteStopTransaction", transactionId=transaction) == {"status": "Accepted"}
    await it.central.expect("StopTransaction", transactionId=transaction, reason="Remote")
    await it.central.status("Finishing")
    await it.unplug()
    await it.central.status("Available")
