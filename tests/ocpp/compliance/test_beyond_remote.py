"""Starts from afar that meet each other, a reservation, or nobody; what is left of them when they come to nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from cc613_chargepoint.metering import SessionMeter
from tests.ocpp.bench import CARD, OTHER, Bench, case

ACCEPTED, REJECTED = {"status": "Accepted"}, {"status": "Rejected"}


def profile(limit_a: float) -> dict[str, Any]:
    return {
        "chargingProfileId": 5, "stackLevel": 0, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit_a}]},
    }  # fmt: skip


def later(it: Bench, minutes: float) -> str:
    return (it.wall() + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


@case(boards=("socket",))
async def test_x16_40(it: Bench) -> None:
    """Two starts in one breath: while the first is asked about, the second is Rejected, and is welcome once the first is not."""

    async def slowly(said: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(5.0)
        return {"idTagInfo": {"status": "Invalid" if said["idTag"] == "A" else "Accepted"}}

    it.central.answers["Authorize"] = slowly
    assert await it.central.ask("RemoteStartTransaction", idTag="A", connectorId=1) == ACCEPTED
    assert await it.central.ask("RemoteStartTransaction", idTag="B", connectorId=1) == REJECTED
    assert await it.central.ask("RemoteStartTransaction", idTag="B") == REJECTED
    await it.sleep(8.0)
    await it.remote_start("B")
    await it.central.status("Preparing")
    it.plug()
    await it.central.expect("StartTransaction", idTag="B")


@case(boards=("socket",), connector__plug_in_s=10.0)
async def test_x16_41(it: Bench) -> None:
    """The profile of a start that came to nothing is nobody's: not the next customer's, and not after a refusal either."""
    await it.remote_start(chargingProfile=profile(7.0))
    await it.central.status("Preparing")
    await it.central.status("Available")
    it.central.tags[OTHER] = {"status": "Blocked"}
    await it.remote_start(OTHER, chargingProfile=profile(8.0))
    await it.central.expect("Authorize", idTag=OTHER)
    await it.sleep(2.0)
    await it.card()
    it.plug()
    await it.central.expect("StartTransaction")
    await it.sleep(5.0)
    found = await it.central.ask("GetCompositeSchedule", connectorId=1, duration=60)
    assert [each["limit"] for each in found["chargingSchedule"]["chargingSchedulePeriod"]] == [16.0]


@case(boards=("socket",), ocpp__authorize_remote=False)
async def test_x16_42(it: Bench) -> None:
    """Without authorisation a start still meets the reservation: the holder uses it up, a stranger is Rejected."""
    reserved = await it.central.ask("ReserveNow", connectorId=1, expiryDate=later(it, 30), idTag=CARD, reservationId=11)
    assert reserved == ACCEPTED
    await it.central.status("Reserved")
    assert await it.central.ask("RemoteStartTransaction", idTag=OTHER, connectorId=1) == REJECTED
    assert await it.central.ask("RemoteStartTransaction", idTag=OTHER) == REJECTED
    await it.remote_start(CARD.lower())
    it.plug()
    await it.central.expect("StartTransaction", reservationId=11)
    assert it.central.count("Authorize") == 0
    assert await it.central.ask("CancelReservation", reservationId=11) == REJECTED


@case(boards=("socket",), ocpp__authorize_remote=False)
async def test_x16_43(it: Bench) -> None:
    """A reservation for any connector that takes the last one keeps strangers away, started from afar or not."""
    assert await it.central.ask("ReserveNow", connectorId=0, expiryDate=later(it, 30), idTag=CARD, reservationId=12) == ACCEPTED
    await it.central.status("Reserved")
    assert await it.central.ask("RemoteStartTransaction", idTag=OTHER, connectorId=1) == REJECTED
    await it.remote_start()
    it.plug()
    await it.central.expect("StartTransaction", reservationId=12)


@case(boards=("socket",), ocpp__authorize_remote=False)
async def test_x16_44(it: Bench) -> None:
    """Where a group holds the reservation, whoever is started is asked about: only the backend knows who belongs to it."""
    it.central.tags |= {
        CARD: {"status": "Accepted", "parentIdTag": "FLEET"},
        OTHER: {"status": "Accepted", "parentIdTag": "OTHERS"},
    }
    booked = await it.central.ask(
        "ReserveNow", connectorId=1, expiryDate=later(it, 30), idTag="HOLDER", parentIdTag="FLEET", reservationId=13
    )
    assert booked == ACCEPTED
    it.plug()
    await it.central.ask("RemoteStartTransaction", idTag=OTHER, connectorId=1)
    await it.central.expect("Authorize", idTag=OTHER)
    await it.central.silence("StartTransaction", for_s=10.0)
    await it.central.ask("RemoteStartTransaction", idTag=CARD, connectorId=1)
    await it.central.expect("StartTransaction", idTag=CARD, reservationId=13)


@case(boards=("socket",), connector__plug_in_s=10.0)
async def test_x16_45(it: Bench) -> None:
    """A holder who identified and did not come leaves no reservation to the next customer's transaction."""
    assert await it.central.ask("ReserveNow", connectorId=1, expiryDate=later(it, 30), idTag=CARD, reservationId=14) == ACCEPTED
    await it.card()
    await it.central.status("Preparing")
    await it.central.status("Available")
    await it.card(OTHER)
    it.plug()
    began = await it.central.expect("StartTransaction", idTag=OTHER)
    assert "reservationId" not in began.payload


@case(boards=("socket",), connector__plug_in_s=10.0)
async def test_a_reserved_connector_that_somebody_has_left_is_available_on_its_way_back_to_reserved(it: Bench) -> None:
    assert await it.central.ask("ReserveNow", connectorId=1, expiryDate=later(it, 30), idTag=CARD, reservationId=15) == ACCEPTED
    await it.central.status("Reserved")
    it.plug()
    await it.central.status("Preparing")
    await it.unplug()
    left = await it.central.status("Available")
    assert (await it.central.status("Reserved")).number == left.number + 1


@case(boards=("socket",))
async def test_x16_51(it: Bench) -> None:
    """A reset waits for the end of the session, however long the meter takes to show it, and to sign it: no end is lost to a power cut."""
    whole = SessionMeter.insist

    async def slowly(meter: SessionMeter, tries: int = 3) -> Any:
        await asyncio.sleep(6.0)
        return await whole(meter, tries)

    SessionMeter.insist = slowly  # type: ignore[method-assign]
    try:
        for kind in ("Soft", "Hard"):
            transaction = await it.charging()
            assert await it.central.ask("Reset", type=kind) == ACCEPTED
            ended = await it.central.expect("StopTransaction", 120.0, transactionId=transaction)
            assert ended.payload["reason"] == f"{kind}Reset"
            boot = await it.central.expect("BootNotification", 120.0)
            assert kind == "Hard" or ended.number < boot.number
            it.vehicles[1].unplug(force=True)
            await it.central.status("Available")
            it.central.forget()
    finally:
        SessionMeter.insist = whole  # type: ignore[method-assign]
