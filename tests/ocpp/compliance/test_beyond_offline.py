"""Who is served without the backend, what is told of short moments, and when a change of availability counts."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.ocpp.bench import CARD, OTHER, Bench, case

ACCEPTED = {"status": "Accepted"}


@case(boards=("socket",), authorization__unknown_offline=True)
async def test_x16_46(it: Bench) -> None:
    """Whom the list does not accept is not unknown: refused offline also where the list accepts nobody offline (§3.5.4)."""
    entries = [
        {"idTag": CARD, "idTagInfo": {"status": "Blocked"}},
        {"idTag": OTHER, "idTagInfo": {"status": "Accepted", "expiryDate": (it.wall() + timedelta(minutes=1)).isoformat()}},
    ]
    assert await it.central.ask("SendLocalList", listVersion=1, updateType="Full", localAuthorizationList=entries) == ACCEPTED
    for offline in (True, False):
        await it.configure(LocalAuthorizeOffline=offline)
        await it.central.hang_up(and_stay_away=True)
        await it.sleep(70.0)
        it.plug()
        await it.card(CARD)
        await it.card(OTHER)
        await it.sleep(10.0)
        it.central.listens = True
        await it.central.connected(200.0)
        await it.central.silence("StartTransaction", for_s=10.0)
        await it.unplug()
        await it.sleep(5.0)
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.card("04010203040506")
    await it.sleep(10.0)
    it.central.listens = True
    await it.central.expect("StartTransaction", 200.0, idTag="04010203040506")


@case(boards=("socket",), authorization__unknown_offline=True, authorization__cache=True)
async def test_an_acceptance_in_the_cache_that_has_run_out_is_a_refusal_without_the_backend(it: Bench) -> None:
    until = (it.wall() + timedelta(minutes=1)).isoformat()
    it.central.tags[CARD] = {"status": "Accepted", "expiryDate": until}
    await it.charging()
    await it.card()
    await it.central.status("Finishing")
    await it.unplug()
    await it.central.status("Available")
    it.central.forget()
    await it.central.hang_up(and_stay_away=True)
    await it.sleep(70.0)
    it.plug()
    await it.card()
    await it.sleep(10.0)
    it.central.listens = True
    await it.central.connected(200.0)
    await it.central.silence("StartTransaction", for_s=20.0)


@case()
async def test_x16_47(it: Bench) -> None:
    """MinimumStatusDuration: what lasted for less is never told, faults at once, and what came back is not told again."""
    await it.configure(MinimumStatusDuration=10)
    it.plug()
    await it.sleep(5.0)
    await it.unplug()
    await it.central.silence("StatusNotification", for_s=30.0)
    it.plug()
    preparing = await it.central.status("Preparing")
    assert 9.5 < (it.wall() - datetime.fromisoformat(preparing.payload["timestamp"])).total_seconds() < 11.5
    it.simulation.plant.outlet(1).residual_dc_ma.set(9.0)
    faulted = await it.central.status("Faulted", within_s=5.0)
    assert faulted.payload["errorCode"] == "GroundFailure"
    it.simulation.plant.outlet(1).residual_dc_ma.set(0.0)


@case(boards=("socket",))
async def test_x16_48(it: Bench) -> None:
    """A change of availability that waits for the end of a transaction is taken back by the next one; the last one counts."""
    transaction = await it.charging()
    for kind, answer in (("Inoperative", "Scheduled"), ("Inoperative", "Scheduled"), ("Operative", "Accepted")):
        assert await it.central.ask("ChangeAvailability", connectorId=1, type=kind) == {"status": answer}
    assert await it.central.ask("RemoteStopTransaction", transactionId=transaction) == ACCEPTED
    await it.central.status("Finishing")
    await it.unplug()
    await it.central.status("Available")
    await it.central.silence("StatusNotification", status="Unavailable", for_s=5.0)
    transaction = await it.charging()
    assert await it.central.ask("ChangeAvailability", connectorId=0, type="Inoperative") == {"status": "Scheduled"}
    await it.central.silence("StatusNotification", connectorId=1, for_s=5.0)
    assert await it.central.ask("RemoteStopTransaction", transactionId=transaction) == ACCEPTED
    await it.central.expect("StopTransaction", transactionId=transaction)
    await it.central.status("Unavailable", 1)
    await it.power_cut()
    await it.power_up()
    await it.central.status("Unavailable", 0)
    await it.central.status("Unavailable", 1)


@case(boards=("double",))
async def test_x16_49(it: Bench) -> None:
    """The station out of service with one customer there: the free connector goes at once, the other one with its customer."""
    transaction = await it.charging()
    assert await it.central.ask("ChangeAvailability", connectorId=0, type="Inoperative") == {"status": "Scheduled"}
    await it.central.status("Unavailable", 2)
    assert await it.central.ask("RemoteStartTransaction", idTag=OTHER, connectorId=2) == {"status": "Rejected"}
    assert await it.central.ask("RemoteStartTransaction", idTag=OTHER) == {"status": "Rejected"}
    assert await it.central.ask("RemoteStopTransaction", transactionId=transaction) == ACCEPTED
    await it.central.status("Unavailable", 1)
    assert await it.central.ask("ChangeAvailability", connectorId=0, type="Operative") == ACCEPTED
    await it.central.status("Available", 2)
    await it.unplug()
    await it.central.status("Available", 1)


@case(boards=("double",))
async def test_the_last_free_connector_is_kept_for_a_reservation_of_any(it: Bench) -> None:
    """One connector is in use, one is reserved for whoever comes: a stranger's card begins nothing there, the holder's does."""
    await it.charging()
    until = (it.wall() + timedelta(minutes=30)).isoformat()
    assert await it.central.ask("ReserveNow", connectorId=0, expiryDate=until, idTag=OTHER, reservationId=3) == ACCEPTED
    await it.central.status("Reserved", 2)
    it.plug(2)
    await it.central.status("Preparing", 2)
    await it.card("04010203040506")
    await it.central.silence("StartTransaction", for_s=15.0)
    await it.card(OTHER)
    await it.central.expect("StartTransaction", connectorId=2, idTag=OTHER, reservationId=3)
