"""Firmware Management."""

from __future__ import annotations

import pytest

from tests.ocpp.bench import CARD, Bench, case
from tests.ocpp.central import Refusal

IMAGE, UPLOADS = "https://files.example/image.bin", "ftp://me:secret@files.example/up"


async def firmware(it: Bench, *statuses: str, within_s: float = 120.0) -> None:
    for status in statuses:
        await it.central.expect("FirmwareStatusNotification", within_s, status=status)


@case()
async def test_tc_044_1_cs(it: Bench) -> None:
    it.files.there[IMAGE] = b"good"
    answer = await it.central.ask("UpdateFirmware", location=IMAGE, retrieveDate=it.wall().isoformat())
    assert answer == {}
    await firmware(it, "Downloading", "Downloaded", "Installing")
    await it.central.expect("BootNotification", 120.0)
    await it.central.status("Available", 1)
    await firmware(it, "Installed")
    assert it.firmware.taken == [b"good"]


@case()
async def test_tc_044_2_cs(it: Bench) -> None:
    answer = await it.central.ask("UpdateFirmware", location=IMAGE, retrieveDate=it.wall().isoformat(), retries=0)
    assert answer == {}
    await firmware(it, "Downloading", "DownloadFailed")
    await it.central.silence("BootNotification", "FirmwareStatusNotification", for_s=60.0)
    assert it.firmware.taken == []
    await it.charging()


@case()
async def test_tc_044_3_cs(it: Bench) -> None:
    it.files.there[IMAGE] = b"bad"
    await it.central.ask("UpdateFirmware", location=IMAGE, retrieveDate=it.wall().isoformat())
    await firmware(it, "Downloading", "Downloaded", "Installing", "InstallationFailed")
    await it.central.status("Available", 1)
    await it.central.silence("BootNotification", for_s=30.0)


@case()
async def test_an_update_waits_for_the_charge_that_runs_and_lets_nobody_new_begin(it: Bench) -> None:
    transaction = await it.charging()
    it.files.there[IMAGE] = b"good"
    await it.central.ask("UpdateFirmware", location=IMAGE, retrieveDate=it.wall().isoformat())
    await firmware(it, "Downloading", "Downloaded")
    await it.central.silence("FirmwareStatusNotification", "StopTransaction", for_s=300.0)
    await it.central.ask("RemoteStopTransaction", transactionId=transaction)
    await it.central.expect("StopTransaction", reason="Remote")
    await firmware(it, "Installing", "Installed")


@case()
async def test_tc_045_1_cs(it: Bench) -> None:
    answer = await it.central.ask("GetDiagnostics", location=UPLOADS)
    await it.central.expect("DiagnosticsStatusNotification", status="Uploading")
    await it.central.expect("DiagnosticsStatusNotification", status="Uploaded")
    assert [(url, name) for url, name, _ in it.files.arrived] == [(UPLOADS, answer["fileName"])]


@case()
async def test_tc_045_2_cs(it: Bench) -> None:
    await it.central.ask("GetDiagnostics", location="ftp://dead.example/up", retries=0)
    await it.central.expect("DiagnosticsStatusNotification", status="Uploading")
    await it.central.expect("DiagnosticsStatusNotification", status="UploadFailed")
    await it.charging()


@case()
async def test_hostile_addresses_are_refused(it: Bench) -> None:
    for url in ("file:///etc/passwd", "gopher://files.example/", "ftp:///x", "javascript:alert(1)"):
        with pytest.raises(Refusal, match="PropertyConstraintViolation"):
            await it.central.ask("GetDiagnostics", location=url)
        await it.central.ask("UpdateFirmware", location=url, retrieveDate=it.wall().isoformat())
        await firmware(it, "DownloadFailed")
    await it.central.silence("DiagnosticsStatusNotification", for_s=5.0)


@case()
async def test_tc_054_cs_of_upkeep(it: Bench) -> None:
    for message in ("DiagnosticsStatusNotification", "FirmwareStatusNotification"):
        assert await it.central.ask("TriggerMessage", requestedMessage=message) == {"status": "Accepted"}
        await it.central.expect(message, status="Idle")
    assert CARD
