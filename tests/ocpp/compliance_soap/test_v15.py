"""OCPP 1.5: what it says otherwise than 1.6, on the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from cc613_chargepoint.ocpp.soap import Spoken
from tests.ocpp.bench import BOARDS, CARD, OTHER, Bench
from tests.ocpp.central import Refusal
from tests.ocpp.soap_central import IDENTITY, play

ACCEPTED, REJECTED = {"status": "Accepted"}, {"status": "Rejected"}
IMAGE, UPLOADS = "https://files.example/image.bin", "ftp://me:secret@files.example/up"


def case(*, boot: bool = True, board: str = "socket", **named: Any) -> Callable[[Callable[[Bench], Awaitable[None]]], Callable[[], None]]:
    """Make a test of a story."""
    settings = {key.replace("__", "."): value for key, value in named.items()}

    def made(story: Callable[[Bench], Awaitable[None]]) -> Callable[[], None]:
        def test() -> None:
            play(story, Spoken.V15, board=BOARDS[board], settings=settings, boot=boot)

        test.__name__, test.__doc__ = story.__name__, story.__doc__
        return test

    return made


async def charging(it: Bench) -> int:
    """A transaction runs, begun from afar; its name."""
    it.plug()
    await it.central.status("Occupied")
    await it.remote_start()
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.sleep(20.0)
    it.central.forget()
    return it.central.transaction


def statuses(it: Bench, connector: int = 1) -> list[str]:
    """What was told of a connector so far."""
    return [
        each.payload["status"]
        for each in it.central.heard
        if each.action == "StatusNotification" and each.payload["connectorId"] == connector
    ]


@case(boot=False)
async def test_s15_01(it: Bench) -> None:
    it.central.interval_s = 77
    await it.power_up()
    boot = await it.central.expect("BootNotification")
    assert boot.payload["chargePointVendor"] == "cc613hal"
    for connector in (0, 1):
        await it.central.status("Available", connector)
    first = await it.central.expect("Heartbeat", 100.0)
    second = await it.central.expect("Heartbeat", 100.0)
    assert second.at_s - first.at_s == pytest.approx(77.0, abs=1.0)


@case(boot=False)
async def test_s15_02(it: Bench) -> None:
    it.central.answers["BootNotification"] = {"status": "Rejected", "currentTime": "2026-01-01T00:00:00Z", "interval": 50}
    await it.power_up()
    first = await it.central.expect("BootNotification")
    second = await it.central.expect("BootNotification", 60.0)
    assert second.at_s - first.at_s >= 50.0
    assert {each.action for each in it.central.heard} == {"BootNotification"}
    del it.central.answers["BootNotification"]
    await it.central.expect("BootNotification", 60.0)
    await it.central.status("Available", 1)


@case()
async def test_s15_03(it: Bench) -> None:
    vehicle = it.plug()
    await it.central.status("Occupied")
    await it.remote_start()
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.sleep(30.0)
    vehicle.stop_energy()
    await it.sleep(60.0)
    vehicle.request_energy()
    await it.sleep(60.0)
    await it.central.ask("RemoteStopTransaction", transactionId=it.central.transaction)
    await it.central.expect("StopTransaction")
    await it.sleep(30.0)
    await it.unplug()
    await it.central.status("Available", 1)
    assert statuses(it) == ["Available", "Occupied", "Available"]


@case()
async def test_s15_04(it: Bench) -> None:
    assert await it.central.ask("ChangeAvailability", connectorId=1, type="Inoperative") == ACCEPTED
    await it.central.status("Unavailable")
    assert await it.central.ask("ChangeAvailability", connectorId=1, type="Operative") == ACCEPTED
    await it.central.status("Available")
    assert await reserve(it) == "Accepted"
    await it.central.status("Reserved")
    assert await it.central.ask("CancelReservation", reservationId=1) == ACCEPTED
    await it.central.status("Available")


@case()
async def test_s15_05(it: Bench) -> None:
    it.simulation.plant.outlet(1).bolt_blocked.set(True)
    await it.card()
    it.plug()
    await it.central.status("Faulted", errorCode="ConnectorLockFailure")
    await it.central.silence("StartTransaction", for_s=20.0)


@case(authorization__pre_authorize=True)
async def test_s15_05_where_1_5_has_no_word(it: Bench) -> None:
    """The list and the central system disagree: OtherError, and the text says what."""
    assert await send(it, 1, "Full", entry(CARD)) == "Accepted"
    it.central.tags[CARD] = {"status": "Blocked"}
    it.plug()
    await it.card()
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.central.expect("StatusNotification", connectorId=0, errorCode="OtherError")


@case()
async def test_s15_06(it: Bench) -> None:
    it.plug()
    await it.card()
    await it.central.expect("Authorize", idTag=CARD)
    start = await it.central.expect("StartTransaction", idTag=CARD, connectorId=1)
    await it.sleep(300.0)
    await it.card()
    stop = await it.central.expect("StopTransaction", transactionId=1, idTag=CARD)
    assert set(stop.payload) == {"transactionId", "idTag", "timestamp", "meterStop"}
    assert stop.payload["meterStop"] > start.payload["meterStart"]


@case(ocpp__sample_s=60, ocpp__sampled_data=("Energy.Active.Import.Register", "Current.Import", "Voltage", "Frequency"))
async def test_s15_07(it: Bench) -> None:
    transaction = await charging(it)
    told = await it.central.expect("MeterValues", transactionId=transaction)
    (entry,) = told.payload["values"]
    assert set(entry) == {"timestamp", "value"}
    by_measurand = {each["measurand"]: each for each in entry["value"]}
    assert list(by_measurand) == ["Energy.Active.Import.Register", "Current.Import", "Voltage"]  # 1.5 has no frequency
    assert {name: each["unit"] for name, each in by_measurand.items()} == {
        "Energy.Active.Import.Register": "Wh",
        "Current.Import": "Amp",
        "Voltage": "Volt",
    }
    assert all("phase" not in each and each["context"] == "Sample.Periodic" for each in entry["value"])
    assert 5.0 < float(by_measurand["Current.Import"]["value"]) < 33.0
    assert 220.0 < float(by_measurand["Voltage"]["value"]) < 240.0


@case(ocpp__sample_s=60, ocpp__stop_sampled_data=("Energy.Active.Import.Register",))
async def test_s15_08(it: Bench) -> None:
    transaction = await charging(it)
    await it.sleep(200.0)
    await it.central.ask("RemoteStopTransaction", transactionId=transaction)
    stop = await it.central.expect("StopTransaction")
    (data,) = stop.payload["transactionData"]
    contexts = [value["context"] for entry in data["values"] for value in entry["value"]]
    assert (contexts[0], contexts[-1]) == ("Transaction.Begin", "Transaction.End")
    assert "Sample.Periodic" in contexts


@case()
async def test_s15_09(it: Bench) -> None:
    it.central.tags[OTHER] = {"status": "Blocked"}
    it.plug()
    await it.card(OTHER)
    await it.central.expect("Authorize", idTag=OTHER)
    await it.central.silence("StartTransaction", for_s=90.0)


@case()
async def test_s15_10(it: Bench) -> None:
    transaction = await charging(it)
    assert await it.central.ask("RemoteStopTransaction", transactionId=transaction + 1) == REJECTED
    assert await it.central.ask("RemoteStopTransaction", transactionId=transaction) == ACCEPTED
    await it.central.expect("StopTransaction", transactionId=transaction)


@case()
async def test_s15_11(it: Bench) -> None:
    transaction = await charging(it)
    assert await it.central.ask("UnlockConnector", connectorId=1) == ACCEPTED
    await it.central.expect("StopTransaction", transactionId=transaction)
    assert await it.central.ask("UnlockConnector", connectorId=9) == REJECTED


@case(board="tethered")
async def test_s15_11_and_a_fixed_cable(it: Bench) -> None:
    assert await it.central.ask("UnlockConnector", connectorId=1) == REJECTED


@pytest.mark.parametrize("kind", ["Hard", "Soft"])
def test_s15_12(kind: str) -> None:
    async def story(it: Bench) -> None:
        transaction = await charging(it)
        assert await it.central.ask("Reset", type=kind) == ACCEPTED
        stop = await it.central.expect("StopTransaction", 120.0, transactionId=transaction)
        boot = await it.central.expect("BootNotification", 120.0)
        assert kind == "Hard" or stop.number < boot.number  # a hard one may tell it afterwards
        assert it.restarts == 1

    play(story, Spoken.V15)


@case()
async def test_s15_13(it: Bench) -> None:
    transaction = await charging(it)
    assert await it.central.ask("ChangeAvailability", connectorId=1, type="Inoperative") == {"status": "Scheduled"}
    await it.central.ask("RemoteStopTransaction", transactionId=transaction)
    await it.central.expect("StopTransaction")
    await it.sleep(20.0)
    await it.unplug()
    await it.central.status("Unavailable", 1)
    assert await it.central.ask("ChangeAvailability", connectorId=9, type="Operative") == REJECTED


@case()
async def test_s15_14(it: Bench) -> None:
    for key, value, answer in (
        ("HeartBeatInterval", "600", "Accepted"),
        ("ConnectionTimeOut", "45", "Accepted"),
        ("MeterValueSampleInterval", "-1", "Rejected"),
        ("MeterValueSampleInterval", "now", "Rejected"),
        ("NumberOfConnectors", "2", "Rejected"),
        ("ChargePointId", "another", "Rejected"),
        ("ProximityLockRetries", "3", "NotSupported"),
        ("SupportedFeatureProfiles", "Core", "NotSupported"),
    ):
        assert await it.central.ask("ChangeConfiguration", key=key, value=value) == {"status": answer}, key
    assert await it.key("HeartBeatInterval") == "600"


@case()
async def test_s15_15(it: Bench) -> None:
    everything = {each["key"]: each for each in (await it.central.ask("GetConfiguration"))["configurationKey"]}
    of_15 = {
        "HeartBeatInterval", "ConnectionTimeOut", "ResetRetries", "ChargePointId", "MeterValueSampleInterval", "ClockAlignedDataInterval",
        "MeterValuesSampledData", "MeterValuesAlignedData", "StopTxnSampledData", "StopTxnAlignedData",
    }  # fmt: skip
    assert of_15 <= set(everything)
    assert everything["ChargePointId"] == {"key": "ChargePointId", "readonly": True, "value": IDENTITY}
    later = ("HeartbeatInterval", "SupportedFeatureProfiles", "ChargeProfile", "ChargingSchedule", "MaxCharging", "ConnectorSwitch3to1")
    assert not [key for key in everything if key.startswith(later)]
    asked = await it.central.ask("GetConfiguration", key=["chargepointid", "ChargeProfileMaxStackLevel", "HeartBeatInterval", "Nonsense"])
    assert [each["key"] for each in asked["configurationKey"]] == ["HeartBeatInterval", "ChargePointId"]
    assert sorted(asked["unknownKey"]) == ["ChargeProfileMaxStackLevel", "Nonsense"]
    assert await it.central.ask("GetConfiguration", key=["SupportedFeatureProfiles"]) == {"unknownKey": ["SupportedFeatureProfiles"]}
    own = await it.central.ask("GetConfiguration", key=["ChargePointId"])
    assert own == {"configurationKey": [everything["ChargePointId"]]}


def entry(tag: str, status: str | None = "Accepted") -> dict[str, Any]:
    return {"idTag": tag} if status is None else {"idTag": tag, "idTagInfo": {"status": status}}


async def send(it: Bench, version: int, kind: str, *entries: dict[str, Any], **more: Any) -> str:
    answer = await it.central.ask("SendLocalList", listVersion=version, updateType=kind, localAuthorisationList=list(entries), **more)
    assert set(answer) == {"status"}
    status: str = answer["status"]
    return status


@case(authorization__pre_authorize=True)
async def test_s15_16(it: Bench) -> None:
    assert await send(it, 2, "Full", entry(CARD), entry(OTHER, "Blocked"), hash="d41d8cd98f00b204e9800998ecf8427e") == "Accepted"
    assert await it.central.ask("GetLocalListVersion") == {"listVersion": 2}
    assert await send(it, 3, "Differential", entry(OTHER, None)) == "Accepted"
    assert await send(it, 3, "Differential", entry(OTHER)) == "VersionMismatch"
    assert await it.central.ask("GetLocalListVersion") == {"listVersion": 3}
    it.plug()
    await it.card()
    await it.central.expect("StartTransaction", idTag=CARD)
    assert it.central.count("Authorize") == 0


async def reserve(it: Bench, number: int = 1, tag: str = CARD) -> str:
    until = (it.wall() + timedelta(minutes=10)).isoformat()
    answer = await it.central.ask("ReserveNow", connectorId=1, expiryDate=until, idTag=tag, reservationId=number)
    status: str = answer["status"]
    return status


@case()
async def test_s15_17(it: Bench) -> None:
    assert await reserve(it, 12) == "Accepted"
    await it.central.status("Reserved")
    assert await reserve(it, 13, OTHER) == "Occupied"
    it.plug()
    await it.card()
    await it.central.expect("StartTransaction", idTag=CARD, reservationId=12)
    assert await it.central.ask("CancelReservation", reservationId=12) == REJECTED
    assert await it.central.ask("CancelReservation", reservationId=99) == REJECTED


@case()
async def test_s15_18(it: Bench) -> None:
    assert await it.central.ask("DataTransfer", vendorId="example.vendor", messageId="m", data="x") == {"status": "UnknownVendorId"}


@case(authorization__cache=True)
async def test_s15_19(it: Bench) -> None:
    assert await it.central.ask("ClearCache") == ACCEPTED


@case(authorization__cache=False)
async def test_s15_19_without_a_cache(it: Bench) -> None:
    assert await it.central.ask("ClearCache") == REJECTED


@pytest.mark.parametrize(("where", "told"), [(UPLOADS, "Uploaded"), ("ftp://dead.example/up", "UploadFailed")])
def test_s15_20(where: str, told: str) -> None:
    async def story(it: Bench) -> None:
        answer = await it.central.ask("GetDiagnostics", location=where, retries=0)
        assert set(answer) == {"fileName"}
        await it.central.expect("DiagnosticsStatusNotification", 120.0, status=told)
        assert it.central.count("DiagnosticsStatusNotification") == 1

    play(story, Spoken.V15)


@pytest.mark.parametrize(
    ("image", "told"), [(b"good", ["Downloaded", "Installed"]), (b"bad", ["Downloaded", "InstallationFailed"]), (None, ["DownloadFailed"])]
)
def test_s15_21(image: bytes | None, told: list[str]) -> None:
    async def story(it: Bench) -> None:
        if image is not None:
            it.files.there[IMAGE] = image
        assert await it.central.ask("UpdateFirmware", location=IMAGE, retrieveDate=it.wall().isoformat(), retries=0) == {}
        for status in told:
            await it.central.expect("FirmwareStatusNotification", 240.0, status=status)
        await it.sleep(60.0)
        assert [each.payload["status"] for each in it.central.heard if each.action == "FirmwareStatusNotification"] == told

    play(story, Spoken.V15)


@case()
async def test_s15_22(it: Bench) -> None:
    """Nor does the station begin such a thing: 1.6 is not spoken here."""
    back = it.central
    for action, content in (("TriggerMessage", {"requestedMessage": "Heartbeat"}), ("ClearChargingProfile", {})):
        with pytest.raises(ValueError, match="no operation"):
            await back.ask(action, **content)
    back.spoken = Spoken.V16  # type: ignore[attr-defined]
    with pytest.raises(Refusal, match="NotSupported"):
        await back.ask("TriggerMessage", requestedMessage="Heartbeat")
