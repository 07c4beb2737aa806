"""Core: reset, unlock, configuration, refusals, data transfer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.ocpp.bench import CARD, OTHER, Bench, case
from tests.ocpp.central import Refusal

REQUIRED = {
    "AuthorizeRemoteTxRequests": False,
    "ClockAlignedDataInterval": False,
    "ConnectionTimeOut": False,
    "ConnectorPhaseRotation": False,
    "GetConfigurationMaxKeys": True,
    "HeartbeatInterval": False,
    "LocalAuthorizeOffline": False,
    "LocalPreAuthorize": False,
    "MeterValuesAlignedData": False,
    "MeterValuesSampledData": False,
    "MeterValueSampleInterval": False,
    "NumberOfConnectors": True,
    "ResetRetries": False,
    "StopTransactionOnInvalidId": False,
    "StopTxnAlignedData": False,
    "StopTxnSampledData": False,
    "SupportedFeatureProfiles": True,
    "TransactionMessageAttempts": False,
    "TransactionMessageRetryInterval": False,
}
"""Required keys of the Core profile and whether they are read-only (OCPP 1.6, 9.1)."""


@case()
async def test_tc_013_cs(it: Bench) -> None:
    assert await it.central.ask("ChangeAvailability", connectorId=1, type="Inoperative") == {"status": "Accepted"}
    await it.central.status("Unavailable")
    assert await it.central.ask("Reset", type="Hard") == {"status": "Accepted"}
    await it.central.expect("BootNotification")
    await it.central.status("Available", 0)
    await it.central.status("Unavailable")
    assert await it.central.ask("ChangeAvailability", connectorId=1, type="Operative") == {"status": "Accepted"}
    await it.central.status("Available")


@case()
async def test_tc_014_cs(it: Bench) -> None:
    assert await it.central.ask("ChangeAvailability", connectorId=1, type="Inoperative") == {"status": "Accepted"}
    await it.central.status("Unavailable")
    assert await it.central.ask("Reset", type="Soft") == {"status": "Accepted"}
    await it.central.expect("BootNotification")
    await it.central.status("Unavailable")


@case()
async def test_tc_015_cs(it: Bench) -> None:
    transaction = await it.charging()
    assert await it.central.ask("Reset", type="Hard") == {"status": "Accepted"}
    await it.central.expect("StopTransaction", transactionId=transaction, reason="HardReset")
    await it.central.expect("BootNotification")
    await it.central.expect("StatusNotification", connectorId=1, status=lambda said: said in {"Finishing", "Preparing"})


@case()
async def test_tc_016_cs(it: Bench) -> None:
    transaction = await it.charging()
    assert await it.central.ask("Reset", type="Soft") == {"status": "Accepted"}
    ended = await it.central.expect("StopTransaction", transactionId=transaction, reason="SoftReset")
    await it.central.status("Finishing")
    boot = await it.central.expect("BootNotification")
    assert ended.number < boot.number
    await it.central.silence("StopTransaction", for_s=30.0)


@case(boards=("socket",))
async def test_tc_017_1_cs(it: Bench) -> None:
    assert await it.central.ask("UnlockConnector", connectorId=1) == {"status": "Unlocked"}


@case(boards=("tethered",))
async def test_tc_017_2_cs(it: Bench) -> None:
    assert await it.central.ask("UnlockConnector", connectorId=1) == {"status": "NotSupported"}


@case(boards=("socket",))
async def test_tc_018_1_cs(it: Bench) -> None:
    transaction = await it.charging()
    assert await it.central.ask("UnlockConnector", connectorId=1) == {"status": "Unlocked"}
    await it.central.expect("StopTransaction", transactionId=transaction, reason="UnlockCommand")
    await it.central.status("Finishing")
    await it.unplug()
    await it.central.status("Available")


@case(boards=("tethered",))
async def test_tc_018_2_cs(it: Bench) -> None:
    await it.charging()
    assert await it.central.ask("UnlockConnector", connectorId=1) == {"status": "NotSupported"}
    await it.central.silence("StopTransaction", for_s=30.0)


@case()
async def test_tc_019_cs(it: Bench) -> None:
    one = await it.central.ask("GetConfiguration", key=["MeterValueSampleInterval"])
    assert [each["key"] for each in one["configurationKey"]] == ["MeterValueSampleInterval"]
    everything = {each["key"]: each for each in (await it.central.ask("GetConfiguration"))["configurationKey"]}
    for key, readonly in REQUIRED.items():
        assert everything[key]["readonly"] is readonly, key
    assert everything["UnlockConnectorOnEVSideDisconnect"]["readonly"] is it.tethered
    most = int(await it.key("GetConfigurationMaxKeys"))
    many = await it.central.ask("GetConfiguration", key=(list(REQUIRED) * 10)[:most])
    assert len(many["configurationKey"]) == most
    assert not many.get("unknownKey")
    with pytest.raises(Refusal, match="OccurenceConstraintViolation"):
        await it.central.ask("GetConfiguration", key=["A"] * (most + 1))
    unknown = await it.central.ask("GetConfiguration", key=["Nonsense", "heartbeatinterval"])
    assert unknown["unknownKey"] == ["Nonsense"]
    assert unknown["configurationKey"][0]["key"] == "HeartbeatInterval"


@case()
async def test_tc_021_cs(it: Bench) -> None:
    await it.configure(MeterValueSampleInterval=17)
    assert await it.key("MeterValueSampleInterval") == "17"


@case()
async def test_tc_023_4_cs(it: Bench) -> None:
    it.central.tags[CARD] = {"status": "Invalid"}
    await it.configure(LocalPreAuthorize=True, MinimumStatusDuration=10)
    it.plug()
    await it.central.status("Preparing")
    await it.card()
    await it.central.expect("Authorize", idTag=CARD)
    await it.central.silence("StartTransaction", for_s=30.0)


@case()
async def test_tc_023_5_cs(it: Bench) -> None:
    it.central.tags[CARD] = {"status": "Invalid"}
    await it.configure(LocalPreAuthorize=True, MinimumStatusDuration=10)
    it.plug()
    await it.central.status("Preparing")
    await it.remote_start()
    await it.central.expect("Authorize", idTag=CARD)
    await it.central.silence("StartTransaction", for_s=30.0)


@case()
async def test_tc_026_cs(it: Bench) -> None:
    await it.charging()
    assert await it.central.ask("RemoteStartTransaction", connectorId=1, idTag=OTHER) == {"status": "Rejected"}
    await it.central.silence("Authorize", "StartTransaction", for_s=10.0)


@case()
async def test_tc_027_cs(it: Bench) -> None:
    assert await it.central.ask("RemoteStartTransaction", connectorId=0, idTag=CARD) == {"status": "Rejected"}


@case()
async def test_tc_028_cs(it: Bench) -> None:
    transaction = await it.charging()
    assert await it.central.ask("RemoteStopTransaction", transactionId=transaction + 1) == {"status": "Rejected"}
    await it.central.silence("StopTransaction", for_s=10.0)


@case()
async def test_tc_031_cs(it: Bench) -> None:
    assert await it.central.ask("UnlockConnector", connectorId=77) == {"status": "NotSupported"}


@case()
async def test_tc_040_1_cs(it: Bench) -> None:
    assert await it.central.ask("ChangeConfiguration", key="Nonsense", value="1") == {"status": "NotSupported"}


@case()
async def test_tc_040_2_cs(it: Bench) -> None:
    before = await it.key("MeterValueSampleInterval")
    assert await it.central.ask("ChangeConfiguration", key="MeterValueSampleInterval", value="-1") == {"status": "Rejected"}
    assert await it.central.ask("ChangeConfiguration", key="MeterValueSampleInterval", value="often") == {"status": "Rejected"}
    assert await it.key("MeterValueSampleInterval") == before


@case()
async def test_tc_041_cs(it: Bench) -> None:
    it.plug(diode=False)
    await it.central.status("Preparing")
    await it.card()
    await it.central.expect("StatusNotification", connectorId=1, status="Faulted", errorCode=lambda code: code != "NoError")
    await it.central.silence("StartTransaction", for_s=20.0)
    assert await it.central.ask("RemoteStartTransaction", connectorId=1, idTag=OTHER) == {"status": "Rejected"}
    await it.unplug(force=True)
    await it.central.status("Available")


@case()
async def test_tc_034_cs(it: Bench) -> None:
    assert await it.central.ask("ChangeAvailability", connectorId=0, type="Inoperative") == {"status": "Accepted"}
    await it.central.status("Unavailable", 0)
    await it.central.status("Unavailable", 1)
    await it.power_cut()
    await it.power_up()
    await it.central.expect("BootNotification")
    await it.central.status("Unavailable", 0)
    await it.central.status("Unavailable", 1)


@case()
async def test_tc_062_cs(it: Bench) -> None:
    answer = await it.central.ask("DataTransfer", vendorId="com.example.unknown", messageId="x", data="y")
    assert answer["status"] in {"UnknownVendorId", "Rejected", "UnknownMessageId"}


@case()
async def test_tc_054_cs(it: Bench) -> None:
    for message, connector in (("MeterValues", 1), ("Heartbeat", None), ("StatusNotification", 1)):
        where = {} if connector is None else {"connectorId": connector}
        assert await it.central.ask("TriggerMessage", requestedMessage=message, **where) == {"status": "Accepted"}
        said = await it.central.expect(message, **where)
        if message == "MeterValues":
            assert said.payload["meterValue"][0]["sampledValue"][0]["context"] == "Trigger"
    await it.central.silence(for_s=5.0)


@case()
async def test_tc_055_cs(it: Bench) -> None:
    assert await it.central.ask("TriggerMessage", requestedMessage="MeterValues", connectorId=9) == {"status": "Rejected"}
    await it.central.silence("MeterValues", for_s=10.0)


def later(it: Bench, **span: float) -> str:
    return (it.wall() + timedelta(**span)).isoformat()
