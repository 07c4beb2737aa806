"""Local Auth List Management and Reservation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.ocpp.bench import CARD, OTHER, Bench, case

ACCEPTED = {"status": "Accepted"}


def entry(tag: str, status: str | None = "Accepted", **more: Any) -> dict[str, Any]:
    return {"idTag": tag} if status is None else {"idTag": tag, "idTagInfo": {"status": status, **more}}


async def version(it: Bench) -> int:
    found: int = (await it.central.ask("GetLocalListVersion"))["listVersion"]
    return found


async def send(it: Bench, number: int, kind: str, *entries: dict[str, Any]) -> str:
    answer = await it.central.ask("SendLocalList", listVersion=number, updateType=kind, localAuthorizationList=list(entries))
    status: str = answer["status"]
    return status


@case()
async def test_tc_042_1_cs(it: Bench) -> None:
    await it.configure(LocalAuthListEnabled=False)
    assert await version(it) == -1
    assert await send(it, 1, "Full", entry(CARD)) == "NotSupported"


@case()
async def test_tc_042_2_cs(it: Bench) -> None:
    assert await send(it, 3, "Full", entry(CARD)) == "Accepted"
    assert await version(it) == 3
    assert await it.central.ask("SendLocalList", listVersion=4, updateType="Full") == ACCEPTED
    assert await version(it) == 0


@case()
async def test_tc_043_cs(it: Bench) -> None:
    assert await send(it, 1, "Full", entry(CARD)) == "Accepted"
    assert await send(it, 2, "Differential", entry(OTHER), entry(CARD, None)) == "Accepted"
    assert await version(it) == 2


@case(authorization__local_list=False)
async def test_tc_043_1_cs(it: Bench) -> None:
    assert await send(it, 1, "Full", entry(CARD)) == "NotSupported"


@case()
async def test_tc_043_2_cs(it: Bench) -> None:
    assert await send(it, 2, "Full", entry(CARD)) == "Accepted"
    assert await send(it, 5, "Differential", entry(OTHER)) == "Accepted"
    assert await send(it, 4, "Differential", entry(OTHER, "Blocked")) == "VersionMismatch"
    assert await version(it) == 5


@case()
async def test_tc_043_3_cs(it: Bench) -> None:
    assert await send(it, 2, "Full", entry(CARD)) == "Accepted"
    most = int(await it.key("SendLocalListMaxLength"))
    assert await send(it, 3, "Full", *(entry(f"{number:X}") for number in range(most + 1))) == "Failed"
    assert await send(it, 3, "Full", entry(CARD), entry(CARD.lower(), "Blocked")) == "Failed"
    assert await send(it, 0, "Full", entry(OTHER)) == "Failed"
    assert await send(it, -1, "Full", entry(OTHER)) == "Failed"
    assert await version(it) == 2


@case()
async def test_tc_008_1_cs(it: Bench) -> None:
    await it.configure(LocalPreAuthorize=True)
    assert await send(it, 1, "Full", entry(CARD)) == "Accepted"
    it.plug()
    await it.card()
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.central.silence("Authorize", for_s=5.0)


@case()
async def test_tc_008_2_cs(it: Bench) -> None:
    await it.configure(LocalPreAuthorize=True)
    assert await send(it, 1, "Full", entry(CARD)) == "Accepted"
    it.plug()
    await it.remote_start()
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.central.silence("Authorize", for_s=5.0)


@case()
async def test_the_list_survives_a_power_cut(it: Bench) -> None:
    assert await send(it, 7, "Full", entry(CARD)) == "Accepted"
    await it.power_cut()
    await it.power_up()
    await it.central.expect("BootNotification")
    assert await version(it) == 7


@case(authorization__unknown_offline=True)
async def test_who_is_blocked_on_the_list_is_refused_offline_too(it: Bench) -> None:
    assert await send(it, 1, "Full", entry(CARD, "Blocked")) == "Accepted"
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.card()
    await it.sleep(20.0)
    it.central.listens = True
    await it.central.silence("StartTransaction", for_s=60.0)


@case()
async def test_a_list_that_the_central_system_contradicts_is_reported(it: Bench) -> None:
    await it.configure(LocalPreAuthorize=True)
    assert await send(it, 1, "Full", entry(CARD)) == "Accepted"
    it.central.tags[CARD] = {"status": "Blocked"}
    it.plug()
    await it.card()
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.central.expect("StatusNotification", connectorId=0, errorCode="LocalListConflict")
    await it.central.expect("StopTransaction", reason="DeAuthorized")


# -- reservation ---------------------------------------------------------------------------------------------------------------------------


async def reserve(it: Bench, number: int = 1, connector: int = 1, tag: str = CARD, *, for_s: float = 600.0, **more: Any) -> str:
    until = (it.wall() + timedelta(seconds=for_s)).isoformat()
    answer = await it.central.ask("ReserveNow", connectorId=connector, expiryDate=until, idTag=tag, reservationId=number, **more)
    status: str = answer["status"]
    return status


@case()
async def test_tc_046_1_cs(it: Bench) -> None:
    assert await reserve(it, 12) == "Accepted"
    await it.central.status("Reserved")
    await it.card(OTHER)
    await it.central.silence("StartTransaction", for_s=5.0)
    await it.card(CARD)
    await it.central.status("Preparing")
    it.plug()
    await it.central.expect("StartTransaction", idTag=CARD, reservationId=12)
    await it.central.status("Charging")


@case()
async def test_tc_046_2_cs(it: Bench) -> None:
    assert await reserve(it, 12) == "Accepted"
    await it.central.status("Reserved")
    answer = await it.central.ask("RemoteStartTransaction", idTag=OTHER, connectorId=1)
    assert answer == {"status": "Rejected"}
    await it.remote_start()
    await it.central.status("Preparing")
    it.plug()
    await it.central.expect("StartTransaction", idTag=CARD, reservationId=12)
    await it.central.status("Charging")


@case()
async def test_tc_047_cs(it: Bench) -> None:
    assert await reserve(it, for_s=30.0) == "Accepted"
    reserved = await it.central.status("Reserved")
    free = await it.central.status("Available")
    assert 25.0 <= free.at_s - reserved.at_s <= 35.0
    it.plug()
    await it.card(OTHER)
    began = await it.central.expect("StartTransaction", idTag=OTHER)
    assert "reservationId" not in began.payload


@case()
async def test_tc_048_1_cs(it: Bench) -> None:
    it.plug(diode=False)
    await it.card()
    await it.central.status("Faulted")
    assert await reserve(it) == "Faulted"


@case()
async def test_tc_048_2_cs(it: Bench) -> None:
    it.plug()
    await it.central.status("Preparing")
    assert await reserve(it) == "Occupied"


@case()
async def test_tc_048_3_cs(it: Bench) -> None:
    assert await it.central.ask("ChangeAvailability", connectorId=1, type="Inoperative") == ACCEPTED
    await it.central.status("Unavailable")
    assert await reserve(it) == "Unavailable"


@case(ocpp__reservations=False)
async def test_tc_048_4_cs(it: Bench) -> None:
    assert await reserve(it) == "Rejected"


@case()
async def test_tc_049_cs(it: Bench) -> None:
    assert await it.key("ReserveConnectorZeroSupported") == "true"
    assert await reserve(it, 5, 0) == "Accepted"
    await it.central.status("Reserved")
    await it.card(OTHER)
    await it.central.silence("StartTransaction", for_s=5.0)
    it.plug()
    await it.card(CARD)
    await it.central.expect("StartTransaction", idTag=CARD, reservationId=5)


@case()
async def test_tc_050_1_cs(it: Bench) -> None:
    it.plug(diode=False)
    await it.card()
    await it.central.status("Faulted")
    assert await reserve(it, connector=0) == "Faulted"


@case()
async def test_tc_050_2_cs(it: Bench) -> None:
    it.plug()
    await it.central.status("Preparing")
    assert await reserve(it, connector=0) == "Occupied"


@case()
async def test_tc_050_3_cs(it: Bench) -> None:
    assert await it.central.ask("ChangeAvailability", connectorId=0, type="Inoperative") == ACCEPTED
    await it.central.status("Unavailable")
    assert await reserve(it, connector=0) == "Unavailable"


@case(ocpp__reserve_any=False)
async def test_tc_050_4_cs(it: Bench) -> None:
    assert await it.key("ReserveConnectorZeroSupported") == "false"
    assert await reserve(it, connector=0) == "Rejected"


@case()
async def test_tc_051_cs(it: Bench) -> None:
    assert await reserve(it, 9) == "Accepted"
    await it.central.status("Reserved")
    assert await it.central.ask("CancelReservation", reservationId=9) == ACCEPTED
    await it.central.status("Available")
    it.plug()
    await it.card(OTHER)
    began = await it.central.expect("StartTransaction", idTag=OTHER)
    assert "reservationId" not in began.payload


@case()
async def test_tc_052_cs(it: Bench) -> None:
    assert await reserve(it, 9) == "Accepted"
    await it.central.status("Reserved")
    assert await it.central.ask("CancelReservation", reservationId=10) == {"status": "Rejected"}
    await it.central.silence("StatusNotification", for_s=10.0)


@case()
async def test_tc_053_1_cs(it: Bench) -> None:
    it.central.tags[OTHER] = {"status": "Accepted", "parentIdTag": "FLEET"}
    assert await reserve(it, 3, parentIdTag="FLEET") == "Accepted"
    await it.central.status("Reserved")
    await it.card(OTHER)
    await it.central.expect("Authorize", idTag=OTHER)
    await it.central.status("Preparing")
    it.plug()
    await it.central.expect("StartTransaction", idTag=OTHER, reservationId=3)


@case()
async def test_tc_053_2_cs(it: Bench) -> None:
    it.central.tags[OTHER] = {"status": "Accepted", "parentIdTag": "FLEET"}
    assert await reserve(it, 3, parentIdTag="FLEET") == "Accepted"
    await it.central.status("Reserved")
    await it.remote_start(OTHER)
    await it.central.expect("Authorize", idTag=OTHER)
    it.plug()
    await it.central.expect("StartTransaction", idTag=OTHER, reservationId=3)


@case()
async def test_x16_09(it: Bench) -> None:
    """A known reservation id replaces the old reservation."""
    assert await reserve(it, 4, tag=CARD) == "Accepted"
    assert await reserve(it, 4, tag=OTHER) == "Accepted"
    await it.card(CARD)
    await it.central.silence("StartTransaction", for_s=5.0)
    it.plug()
    await it.card(OTHER)
    await it.central.expect("StartTransaction", idTag=OTHER, reservationId=4)


@case()
async def test_a_reservation_survives_a_power_cut(it: Bench) -> None:
    assert await reserve(it, 4) == "Accepted"
    await it.central.status("Reserved")
    await it.power_cut()
    await it.power_up()
    await it.central.expect("BootNotification")
    await it.central.status("Reserved")
    await it.card(OTHER)
    await it.central.silence("StartTransaction", for_s=5.0)
