"""2.0.1: who may charge: statuses, groups, the cache, and what counts without a connection."""

from __future__ import annotations

import pytest

from tests.ocpp.bench import CARD, OTHER
from tests.ocpp.bench_v201 import Bench201, case

GROUP = {"idToken": "FAMILY", "type": "Central"}


async def known(it: Bench201, **info) -> None:
    """The cache knows the card from a charge that is over, with what the backend said of it then."""
    it.central.tags[CARD] = {"status": "Accepted", **info}
    await it.charge()
    await it.card()
    await it.event("Ended")
    await it.unplug()
    await it.standing("Available")
    it.central.forget()


async def refused(it: Bench201, for_s: float = 40.0) -> None:
    await it.central.silence("TransactionEvent", for_s=for_s)


@pytest.mark.parametrize("status", ["NotAllowedTypeEVSE", "Expired", "Unknown", "Blocked", "NoCredit"])
def test_tc_c_06_07_56_cs(status: str) -> None:
    @case()
    async def story(it: Bench201) -> None:
        it.central.tags[CARD] = {"status": status}
        it.plug()
        await it.card()
        await it.central.expect("Authorize")
        await refused(it)

    story("socket")


@case()
async def test_tc_c_26_cs(it: Bench201) -> None:
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.card()
    await it.sleep(30.0)
    it.central.listens = True
    await it.central.connected()
    await refused(it)


CACHE = {"authorization__cache": True, "authorization__pre_authorize": True}


@case(**CACHE)
async def test_tc_c_34_cs(it: Bench201) -> None:
    await known(it)
    it.central.answers["TransactionEvent"] = lambda _: {"idTokenInfo": {"status": "Blocked"}}
    it.plug()
    await it.card()
    await it.event("Started")
    await it.event("Ended", triggerReason="Deauthorized")
    del it.central.answers["TransactionEvent"]
    await it.card()  # the plug stays locked until whoever began comes back
    await it.unplug()
    await it.standing("Available")
    it.central.forget()
    it.plug()
    await it.card()
    await it.central.expect("Authorize")  # what is not valid in the cache is asked again


@case(authorization__cache=True)
async def test_tc_c_36_cs(it: Bench201) -> None:
    await known(it)
    it.plug()
    await it.card()
    await it.central.expect("Authorize")
    await it.event("Started")


@case(**CACHE, authorization__cache_lifetime_s=60.0)
async def test_tc_c_46_cs(it: Bench201) -> None:
    await known(it)
    await it.sleep(120.0)
    it.plug()
    await it.card()
    await it.central.expect("Authorize")


@pytest.mark.parametrize("status", ["Invalid", "Blocked", "Expired"])
def test_tc_c_09_10_11_cs(status: str) -> None:
    @case(**CACHE)
    async def story(it: Bench201) -> None:
        it.central.tags[CARD] = {"status": status}
        it.plug()
        await it.card()
        await it.central.expect("Authorize")
        await it.sleep(10.0)
        await it.card()
        await it.central.expect("Authorize")  # still asked, still refused
        await refused(it)

    story("socket")


@case(**CACHE)
async def test_tc_c_12_cs(it: Bench201) -> None:
    it.central.tags[CARD] = {"status": "Invalid"}
    it.plug()
    await it.card()
    await it.central.expect("Authorize")
    await it.sleep(10.0)
    it.central.tags[CARD] = {"status": "Accepted"}
    await it.card()
    await it.central.expect("Authorize")
    await it.event("Started")


@case(**CACHE)
async def test_tc_c_13_cs(it: Bench201) -> None:
    await known(it)
    await it.card()
    await it.central.silence("Authorize", "TransactionEvent", for_s=10.0)
    it.plug()
    await it.event("Started")


@case(**CACHE)
async def test_tc_c_41_cs(it: Bench201) -> None:
    it.central.tags[OTHER] = {"status": "Accepted", "groupIdToken": GROUP}
    await known(it, groupIdToken=GROUP)
    it.plug()
    await it.card()
    await it.event("Started")
    await it.card(OTHER)
    await it.event("Ended", triggerReason="StopAuthorized")


@case(**CACHE)
async def test_tc_c_16_cs(it: Bench201) -> None:
    await known(it)
    it.central.answers["TransactionEvent"] = lambda _: {"idTokenInfo": {"status": "Invalid"}}
    it.plug()
    await it.card()
    await it.event("Started")
    await it.event("Ended", triggerReason="Deauthorized")


@case(**CACHE)
async def test_tc_c_44_cs(it: Bench201) -> None:
    """Whoever is of the group of a charge, and is not valid in the cache, is asked about; refused, they end nothing."""
    it.central.tags[OTHER] = {"status": "Invalid", "groupIdToken": GROUP}
    it.plug()
    await it.card(OTHER)
    await it.central.expect("Authorize")  # the answer is in the cache from now on
    await it.unplug()
    await it.standing("Available")
    await known(it, groupIdToken=GROUP)
    it.plug()
    await it.card()
    await it.event("Started")
    await it.card(OTHER)
    await it.central.expect("Authorize", idToken={"idToken": OTHER, "type": "ISO14443"})
    await it.central.silence("TransactionEvent", for_s=40.0, eventType="Ended")
    it.central.tags[OTHER] = {"status": "Accepted", "groupIdToken": GROUP}
    await it.card(OTHER)
    await it.event("Ended", triggerReason="StopAuthorized")


async def charged_offline(it: Bench201, for_s: float) -> None:
    """A customer of the cache charges without a connection; when it is back, the backend says that they are none."""
    await known(it)
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.card()
    await it.sleep(for_s)
    it.central.answers["TransactionEvent"] = lambda said: {"idTokenInfo": {"status": "Invalid"}} if "idToken" in said else {}
    it.central.listens = True
    await it.event("Started", 120.0, offline=True)


@case(boards=("socket", "tethered"), **CACHE)
async def test_tc_c_15_cs(it: Bench201) -> None:
    assert await it.put("TxCtrlr", "StopTxOnInvalidId", "false") == "Accepted"
    assert await it.put("TxCtrlr", "MaxEnergyOnInvalidId", "500") == "Accepted"
    await charged_offline(it, 30.0)
    outlet, before_wh = it.simulation.plant.outlet(1), it.simulation.plant.outlet(1).energy_now_wh()
    waits = await it.event("Updated", 600.0, triggerReason="ChargingStateChanged")
    assert waits.payload["transactionInfo"]["chargingState"] == "SuspendedEVSE"
    assert outlet.energy_now_wh() - before_wh > 300.0
    await it.sleep(5.0)
    delivered_wh = outlet.energy_now_wh()
    await it.central.silence("TransactionEvent", for_s=60.0, eventType="Ended")
    assert outlet.energy_now_wh() == delivered_wh


@case(boards=("socket", "tethered"), **CACHE)
async def test_tc_c_18_cs(it: Bench201) -> None:
    assert await it.put("TxCtrlr", "StopTxOnInvalidId", "true") == "Accepted"
    assert await it.put("TxCtrlr", "MaxEnergyOnInvalidId", "500") == "Accepted"
    await charged_offline(it, 30.0)
    before_wh = it.simulation.plant.outlet(1).energy_now_wh()
    ended = await it.event("Ended", 600.0, triggerReason="Deauthorized")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "DeAuthorized"
    assert it.simulation.plant.outlet(1).energy_now_wh() - before_wh > 300.0


@case(**CACHE, ocpp__max_energy_on_invalid_wh=500)
async def test_tc_c_18_cs_used_up_before(it: Bench201) -> None:
    await charged_offline(it, 600.0)
    ended = await it.event("Ended", 20.0, triggerReason="Deauthorized")
    assert ended.payload["transactionInfo"]["stoppedReason"] == "DeAuthorized"


@case(boards=("socket", "tethered"))
async def test_tc_c_05_cs(it: Bench201) -> None:
    """Whoever is refused before the charge has their plug; after its begin it stays locked until they come back."""
    it.central.tags[CARD] = {"status": "Invalid"}
    it.plug()
    await it.card()
    await it.central.expect("Authorize")
    await refused(it)
    await it.unplug()
    await it.standing("Available")
    it.central.tags[CARD] = {"status": "Accepted"}
    it.central.answers["TransactionEvent"] = lambda _: {"idTokenInfo": {"status": "Invalid"}}
    it.plug()
    await it.card()
    await it.event("Started")
    await it.event("Ended", triggerReason="Deauthorized")
    await it.sleep(60.0)
    assert it.locked() is not it.tethered
    await it.card(OTHER)
    assert it.locked() is not it.tethered
    await it.card()
    await it.unplug()
    await it.standing("Available")


@case(authorization__cache=True)
async def test_tc_e_45_cs(it: Bench201) -> None:
    it.central.tags[OTHER] = {"status": "Accepted", "groupIdToken": GROUP}
    it.plug()
    await it.card(OTHER)
    await it.event("Started")
    await it.card(OTHER)
    await it.event("Ended")
    await it.unplug()
    await it.standing("Available")
    it.central.tags[CARD] = {"status": "Accepted", "groupIdToken": GROUP}
    await it.charge()
    await it.central.hang_up(and_stay_away=True)
    await it.card(OTHER)
    await it.sleep(5.0)
    it.central.listens = True
    await it.event("Ended", 120.0, offline=True, triggerReason="StopAuthorized")


@case()
async def test_a_customer_is_called_what_the_backend_calls_them(it: Bench201) -> None:
    """As it was written and of the kind that was said; over a new connection and a restart, too."""
    token = {"idToken": "Jane.Doe@Example", "type": "eMAID"}
    answer = await it.central.ask("RequestStartTransaction", idToken=token, remoteStartId=3, evseId=1)
    assert answer["status"] == "Accepted"
    await it.central.expect("Authorize", idToken=token)
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.sleep(20.0)
    await it.power_cut()
    await it.sleep(5.0)
    it.central.listens = True
    await it.power_up()
    await it.event("Started", 120.0, idToken=token)
    await it.event("Ended", 120.0)


@case(authorization__pre_authorize=True)
async def test_a_customer_of_the_local_list_is_called_as_on_it(it: Bench201) -> None:
    token = {"idToken": CARD.lower(), "type": "Local"}
    entry = {"idToken": token, "idTokenInfo": {"status": "Accepted"}}
    assert (await it.central.ask("SendLocalList", versionNumber=1, updateType="Full", localAuthorizationList=[entry])) == {
        "status": "Accepted"
    }
    it.plug()
    await it.card()
    await it.event("Started", idToken=token)


@case()
async def test_a_repeated_message_calls_the_customer_what_it_did(it: Bench201) -> None:
    """Even where the backend has given the customer another kind meanwhile."""
    await it.charge()
    it.central.answers["TransactionEvent"] = lambda _: never()

    async def never() -> dict:
        await it.sleep(1000.0)
        return {}

    await it.card()
    ended = await it.event("Ended", idToken={"idToken": CARD, "type": "ISO14443"})
    await it.unplug()
    await it.central.ask("RequestStartTransaction", idToken={"idToken": CARD, "type": "Central"}, remoteStartId=9, evseId=1)
    del it.central.answers["TransactionEvent"]
    await it.central.hang_up()
    again = await it.event("Ended", 60.0)
    assert again.payload == ended.payload
