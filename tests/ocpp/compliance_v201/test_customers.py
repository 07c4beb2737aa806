"""2.0.1: the local list, the cache, and what is known of a customer."""

from __future__ import annotations

import pytest

from tests.ocpp.bench import CARD, OTHER
from tests.ocpp.bench_v201 import Bench201, case


def entry(tag: str, status: str | None = "Accepted", **more) -> dict:
    token = {"idToken": tag, "type": "ISO14443"}
    return {"idToken": token} if status is None else {"idToken": token, "idTokenInfo": {"status": status, **more}}


async def send(it: Bench201, version: int, *entries: dict, kind: str = "Full") -> str:
    listed = {"localAuthorizationList": list(entries)} if entries else {}
    answer = await it.central.ask("SendLocalList", versionNumber=version, updateType=kind, **listed)
    status: str = answer["status"]
    return status


async def version(it: Bench201) -> int:
    number: int = (await it.central.ask("GetLocalListVersion"))["versionNumber"]
    return number


@case()
async def test_tc_d_01_cs(it: Bench201) -> None:
    assert await send(it, 3, entry(CARD), entry(OTHER)) == "Accepted"
    assert await version(it) == 3


@case()
async def test_tc_d_02_cs(it: Bench201) -> None:
    await send(it, 3, entry(CARD))
    assert await send(it, 4, entry(OTHER, "Blocked"), kind="Differential") == "Accepted"
    assert await version(it) == 4


@case(authorization__pre_authorize=True)
async def test_tc_d_03_cs(it: Bench201) -> None:
    await send(it, 3, entry(CARD), entry(OTHER))
    assert await send(it, 4, entry(CARD, None), kind="Differential") == "Accepted"
    it.plug()
    await it.card()
    await it.central.expect("Authorize")


@case()
async def test_tc_d_04_cs(it: Bench201) -> None:
    await send(it, 3, entry(CARD))
    assert await send(it, 4) == "Accepted"
    assert await version(it) == 0


@case()
async def test_tc_d_05_cs(it: Bench201) -> None:
    await send(it, 3, entry(CARD))
    assert await send(it, 4, kind="Differential") == "Accepted"
    assert await version(it) == 4


@case()
async def test_tc_d_06_cs(it: Bench201) -> None:
    await send(it, 3, entry(CARD))
    assert await send(it, 2, entry(OTHER), kind="Differential") == "VersionMismatch"
    assert await version(it) == 3


@case()
async def test_tc_d_07_cs(it: Bench201) -> None:
    await send(it, 3, entry(CARD))
    await it.power_cut()
    await it.power_up()
    await it.central.expect("BootNotification", 120.0)
    await it.sleep(2.0)
    assert await version(it) == 3


@case()
async def test_tc_d_08_cs(it: Bench201) -> None:
    assert await version(it) == 0


@case(authorization__local_list=False)
async def test_tc_d_10_cs(it: Bench201) -> None:
    assert await version(it) == 0
    assert await send(it, 3, entry(CARD)) == "Failed"


@case()
async def test_a_list_that_contradicts_itself_is_not_taken(it: Bench201) -> None:
    assert await send(it, 3, entry(CARD), entry(CARD, "Blocked")) == "Failed"
    assert await version(it) == 0


OFFLINE = [("Accepted", True), ("Invalid", False), ("Blocked", False), ("Expired", False)]


@pytest.mark.parametrize(("status", "charges"), OFFLINE)
def test_tc_c_21_to_24_cs(status: str, charges: bool) -> None:
    @case()
    async def story(it: Bench201) -> None:
        await send(it, 3, entry(CARD, status))
        await it.central.hang_up(and_stay_away=True)
        it.plug()
        await it.card()
        await it.sleep(20.0)
        it.central.listens = True
        if charges:
            await it.event("Started", 120.0, offline=True)
        else:
            await it.central.silence("TransactionEvent", for_s=60.0)

    story("socket")


@pytest.mark.parametrize(("status", "asked"), [("Accepted", False), ("Invalid", True), ("Blocked", True)])
def test_tc_c_27_to_30_cs(status: str, asked: bool) -> None:
    @case(authorization__pre_authorize=True)
    async def story(it: Bench201) -> None:
        await send(it, 3, entry(CARD, status))
        it.plug()
        await it.card()
        if asked:
            await it.central.expect("Authorize")
        else:
            await it.event("Started")
            await it.central.silence("Authorize", for_s=5.0)

    story("socket")


@case(authorization__pre_authorize=True)
async def test_tc_c_31_cs(it: Bench201) -> None:
    await send(it, 3, entry(CARD, "Invalid"))
    it.plug()
    await it.card()
    await it.central.expect("Authorize")
    await it.event("Started")


@case(authorization__cache=True, authorization__pre_authorize=True)
async def test_tc_c_25_cs(it: Bench201) -> None:
    await it.charge()
    await it.card()
    await it.event("Ended")
    await it.unplug()
    await it.standing("Available")
    await send(it, 3, entry(CARD, "Blocked"))
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.card()
    await it.sleep(20.0)
    it.central.listens = True
    await it.central.silence("TransactionEvent", for_s=60.0, eventType="Started", offline=True)


@case()
async def test_tc_c_40_43_cs(it: Bench201) -> None:
    group = {"idToken": "FAMILY", "type": "Central"}
    await send(it, 3, entry(CARD, groupIdToken=group), entry(OTHER, groupIdToken=group))
    it.central.tags |= {CARD: {"status": "Accepted", "groupIdToken": group}, OTHER: {"status": "Accepted", "groupIdToken": group}}
    await it.charge()
    await it.card(OTHER)
    await it.event("Ended", triggerReason="StopAuthorized")


@case(authorization__cache=True)
async def test_tc_c_37_cs(it: Bench201) -> None:
    assert (await it.central.ask("ClearCache"))["status"] == "Accepted"


@case(authorization__cache=False)
async def test_tc_c_38_cs(it: Bench201) -> None:
    assert (await it.central.ask("ClearCache"))["status"] == "Rejected"


@case(authorization__cache=True, authorization__pre_authorize=True)
async def test_tc_c_08_33_cs(it: Bench201) -> None:
    await it.charge()
    await it.card()
    await it.event("Ended")
    await it.unplug()
    await it.standing("Available")
    it.central.forget()
    it.plug()
    await it.card()
    await it.event("Started")
    await it.central.silence("Authorize", for_s=5.0)


@case(authorization__cache=True, authorization__pre_authorize=True)
async def test_tc_c_32_cs(it: Bench201) -> None:
    await it.charge()
    await it.card()
    await it.event("Ended")
    await it.unplug()
    await it.standing("Available")
    await it.power_cut()
    await it.power_up()
    await it.central.expect("BootNotification", 120.0)
    it.central.forget()
    it.plug()
    await it.card()
    await it.event("Started")
    await it.central.silence("Authorize", for_s=5.0)


# -- what is known of a customer -----------------------------------------------------------------------------------------------------------


async def information(it: Bench201, *, report: bool, clear: bool, tag: str = CARD, **more) -> str:
    which = more or {"idToken": {"idToken": tag, "type": "ISO14443"}}
    answer = await it.central.ask("CustomerInformation", requestId=9, report=report, clear=clear, **which)
    status: str = answer["status"]
    return status


@case(authorization__cache=True)
async def test_tc_n_27_cs(it: Bench201) -> None:
    await it.charge()
    await it.card()
    await it.event("Ended")
    assert await information(it, report=True, clear=False) == "Accepted"
    told = await it.central.expect("NotifyCustomerInformation", requestId=9, seqNo=0)
    assert "session" in told.payload["data"]
    assert "cache" in told.payload["data"]


@case()
async def test_tc_n_28_cs(it: Bench201) -> None:
    assert await information(it, report=True, clear=False, tag="NOBODY") == "Accepted"
    told = await it.central.expect("NotifyCustomerInformation", requestId=9)
    assert (told.payload["data"], told.payload.get("tbc", False)) == ("", False)


@case(authorization__cache=True)
async def test_tc_n_30_62_cs(it: Bench201) -> None:
    await it.charge()
    await it.card()
    await it.event("Ended")
    assert await information(it, report=True, clear=True, customerIdentifier=CARD) == "Accepted"
    assert "cache" in (await it.central.expect("NotifyCustomerInformation", requestId=9)).payload["data"]
    assert await information(it, report=True, clear=False) == "Accepted"
    assert "cache" not in (await it.central.expect("NotifyCustomerInformation", requestId=9)).payload["data"]


@case()
async def test_tc_n_31_cs(it: Bench201) -> None:
    assert await information(it, report=True, clear=True, tag="NOBODY") == "Accepted"
    assert (await it.central.expect("NotifyCustomerInformation", requestId=9)).payload["data"] == ""


@case()
async def test_tc_n_32_cs(it: Bench201) -> None:
    assert await information(it, report=False, clear=True) == "Accepted"
    await it.central.expect("NotifyCustomerInformation", requestId=9)


@case()
async def test_information_that_asks_for_nothing_is_refused(it: Bench201) -> None:
    assert await information(it, report=False, clear=False) == "Rejected"
