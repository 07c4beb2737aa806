"""2.0.1: how connectors are, and which are in service."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.ocpp.bench_v201 import Bench201, case

CHOSEN = {
    "evse": {"evse": {"id": 1}},
    "connector": {"evse": {"id": 1, "connectorId": 1}},
    "station": {},
}
"""What the cases G_03 to G_21 are about; they differ in nothing else."""


async def change(it: Bench201, status: str, what: dict) -> str:
    answer = await it.central.ask("ChangeAvailability", operationalStatus=status, **what)
    found: str = answer["status"]
    return found


@case()
async def test_tc_g_01_cs(it: Bench201) -> None:
    it.plug()
    await it.standing("Occupied")


@case()
async def test_tc_g_02_cs(it: Bench201) -> None:
    it.plug()
    await it.standing("Occupied")
    await it.unplug()
    await it.standing("Available")


def of_each(story):
    """A case for the station, its outlet and its connector."""

    @pytest.mark.parametrize("what", CHOSEN)
    def test(what: str) -> None:
        made = case()(lambda it: story(it, CHOSEN[what]))
        made("socket")

    return test


async def _to_inoperative(it: Bench201, what: dict) -> None:
    assert await change(it, "Inoperative", what) == "Accepted"
    await it.standing("Unavailable")


async def _operative_again(it: Bench201, what: dict) -> None:
    await _to_inoperative(it, what)
    assert await change(it, "Operative", what) == "Accepted"
    await it.standing("Available")


async def _operative_already(it: Bench201, what: dict) -> None:
    assert await change(it, "Operative", what) == "Accepted"
    await it.central.silence("StatusNotification", for_s=20.0)


async def _inoperative_already(it: Bench201, what: dict) -> None:
    await _to_inoperative(it, what)
    assert await change(it, "Inoperative", what) == "Accepted"
    await it.central.silence("StatusNotification", for_s=20.0)


async def _with_a_transaction(it: Bench201, what: dict) -> None:
    await it.charge()
    assert await change(it, "Inoperative", what) == "Scheduled"
    await it.central.silence("StatusNotification", for_s=20.0)
    await it.card()
    await it.event("Ended")
    await it.standing("Unavailable")


async def _over_a_restart(it: Bench201, what: dict) -> None:
    await _to_inoperative(it, what)
    await it.power_cut()
    await it.power_up()
    await it.central.expect("BootNotification", 120.0)
    await it.standing("Unavailable")


test_tc_g_03_05_07_cs = of_each(_to_inoperative)
test_tc_g_04_06_08_cs = of_each(_operative_again)
test_tc_g_09_12_15_cs = of_each(_operative_already)
test_tc_g_10_13_16_cs = of_each(_inoperative_already)
test_tc_g_11_14_17_cs = of_each(_with_a_transaction)
test_tc_g_18_19_21_cs = of_each(_over_a_restart)


@case()
async def test_who_is_not_there_cannot_be_put_out_of_service(it: Bench201) -> None:
    assert await change(it, "Inoperative", {"evse": {"id": 9}}) == "Rejected"
    assert await change(it, "Inoperative", {"evse": {"id": 1, "connectorId": 2}}) == "Rejected"


@case()
async def test_a_reservation_holds_and_can_be_cancelled(it: Bench201) -> None:
    until = it.wall().replace(year=it.wall().year + 1).isoformat().replace("+00:00", "Z")
    token = {"idToken": "SOMEBODY", "type": "Central"}
    assert (await it.central.ask("ReserveNow", id=5, expiryDateTime=until, idToken=token, evseId=1))["status"] == "Accepted"
    await it.standing("Reserved")
    it.plug()
    await it.card()
    await it.central.silence("TransactionEvent", for_s=30.0)
    await it.unplug()
    assert (await it.central.ask("CancelReservation", reservationId=5))["status"] == "Accepted"
    assert (await it.central.ask("CancelReservation", reservationId=5))["status"] == "Rejected"


@case()
async def test_a_reservation_that_ends_by_itself_is_told(it: Bench201) -> None:  # H04.FR.01, H01.FR.19
    token = {"idToken": "04A2B3C4D5E680", "type": "ISO14443"}
    until = (it.wall() + timedelta(seconds=60)).isoformat()
    assert (await it.central.ask("ReserveNow", id=6, expiryDateTime=until, idToken=token, evseId=1))["status"] == "Accepted"
    await it.standing("Reserved")
    await it.central.expect("ReservationStatusUpdate", 90.0, reservationId=6, reservationUpdateStatus="Expired")
    await it.standing("Available")
    until = (it.wall() + timedelta(hours=1)).isoformat()
    assert (await it.central.ask("ReserveNow", id=7, expiryDateTime=until, idToken=token, evseId=1))["status"] == "Accepted"
    assert (await it.central.ask("ChangeAvailability", operationalStatus="Inoperative", evse={"id": 1}))["status"] == "Accepted"
    await it.central.expect("ReservationStatusUpdate", reservationId=7, reservationUpdateStatus="Removed")
    await it.central.silence("ReservationStatusUpdate", for_s=20.0)


@case()
async def test_the_end_of_a_reservation_is_told_after_a_time_without_connection(it: Bench201) -> None:
    token = {"idToken": "04A2B3C4D5E680", "type": "ISO14443"}
    until = (it.wall() + timedelta(seconds=60)).isoformat()
    assert (await it.central.ask("ReserveNow", id=8, expiryDateTime=until, idToken=token, evseId=1))["status"] == "Accepted"
    await it.central.hang_up(and_stay_away=True)
    await it.sleep(120.0)
    it.central.listens = True
    await it.central.expect("ReservationStatusUpdate", 90.0, reservationId=8, reservationUpdateStatus="Expired")
