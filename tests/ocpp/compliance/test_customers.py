"""What becomes of customers, cable and energy around authorisation and unplugging: EV side, refusals, late cards."""

from __future__ import annotations

import pytest

from tests.ocpp.bench import CARD, OTHER, Bench, case

INVALID = {"status": "Invalid"}


async def refused_in_the_charge(it: Bench) -> int:
    """A transaction runs, and the central system says that its customer is none; its name."""
    it.central.answers["StartTransaction"] = lambda _: {"idTagInfo": INVALID, "transactionId": 41}
    it.plug()
    await it.central.status("Preparing")
    await it.card()
    await it.central.expect("StartTransaction", idTag=CARD)
    return 41


# -- the vehicle's side -------------------------------------------------------------------------------------------------------------------


@case()
async def test_tc_005_2_cs(it: Bench) -> None:
    if not it.tethered:
        await it.configure(UnlockConnectorOnEVSideDisconnect=False)
    transaction = await it.charging()
    it.drive_off()
    await it.central.expect("StopTransaction", transactionId=transaction, reason="EVDisconnected", idTag=None)
    await it.central.status("Finishing")
    if it.tethered:
        await it.central.status("Available")
        assert await it.central.ask("UnlockConnector", connectorId=1) == {"status": "NotSupported"}
        return
    await it.central.silence("StatusNotification", for_s=120.0)
    assert it.locked()
    assert await it.central.ask("UnlockConnector", connectorId=1) == {"status": "Unlocked"}
    await it.take_cable()
    await it.central.status("Available")
    await it.charging()


@case(boards=("socket",))
async def test_tc_005_1_cs_the_cable_stays(it: Bench) -> None:
    transaction = await it.charging()
    it.drive_off()
    await it.central.expect("StopTransaction", transactionId=transaction, reason="EVDisconnected", idTag=None)
    await it.central.status("Finishing")
    await it.take_cable()
    await it.central.status("Available")


@case()
async def test_the_key_is_a_setting_with_a_socket_and_false_with_a_fixed_cable(it: Bench) -> None:
    """Errata 3.84 and 3.85."""
    key = "UnlockConnectorOnEVSideDisconnect"
    (told,) = (await it.central.ask("GetConfiguration", key=[key]))["configurationKey"]
    assert told == {"key": key, "readonly": it.tethered, "value": "false" if it.tethered else "true"}
    everything = [each["key"] for each in (await it.central.ask("GetConfiguration"))["configurationKey"]]
    assert everything.count(key) == 1
    for value in ("false", "true"):
        answer = await it.central.ask("ChangeConfiguration", key=key, value=value)
        assert answer == {"status": "Rejected" if it.tethered else "Accepted"}


@case(boards=("socket",), connector__unlock_on_ev_side=False)
async def test_a_plug_that_was_left_goes_to_whoever_began_and_to_nobody_else(it: Bench) -> None:
    await it.charging()
    it.drive_off()
    await it.central.status("Finishing")
    it.central.forget()
    await it.card(OTHER)
    assert it.locked()
    assert await it.central.ask("RemoteStartTransaction", connectorId=1, idTag=OTHER) == {"status": "Rejected"}
    await it.central.silence("Authorize", "StartTransaction", "StatusNotification", for_s=30.0)
    await it.card(CARD)
    await it.take_cable()
    await it.central.status("Available")
    assert it.central.count("Authorize") == 1, "whoever began is not asked about to get the own cable back"


@case(boards=("socket",), connector__unlock_on_ev_side=False)
async def test_a_card_of_the_same_group_gets_the_cable_too(it: Bench) -> None:
    it.central.tags = {each: {"status": "Accepted", "parentIdTag": "FLEET"} for each in (CARD, OTHER)}
    await it.charging()
    it.drive_off()
    await it.central.status("Finishing")
    await it.card(OTHER)
    await it.take_cable()
    await it.central.status("Available")


@case(boards=("socket",), connector__unlock_on_ev_side=False)
async def test_a_vehicle_that_comes_back_to_a_held_cable_begins_nothing(it: Bench) -> None:
    await it.charging()
    it.drive_off()
    await it.central.status("Finishing")
    it.central.forget()
    outlet = it.simulation.plant.outlet(1)
    for load_ohm in (2740.0, 882.0, 246.0, None):  # B, C, D, gone again
        outlet.vehicle_ohm.set(load_ohm)
        await it.sleep(20.0)
        assert outlet.contacts.value == 0
        assert it.locked()
    outlet.pilot_shorted.set(True)  # nor does whoever shorts the loose end get the cable
    await it.sleep(20.0)
    assert it.locked()
    outlet.pilot_shorted.set(False)
    await it.central.silence("StatusNotification", "StartTransaction", for_s=20.0)
    await it.card(CARD)
    await it.take_cable()
    await it.central.status("Available")


@case(boards=("socket",), connector__unlock_on_ev_side=False)
async def test_a_plug_that_was_torn_out_is_not_waited_for(it: Bench) -> None:
    await it.charging()
    await it.unplug(force=True)
    await it.central.status("Finishing")
    await it.central.status("Available")
    await it.sleep(5.0)
    assert not it.locked()


@case(boards=("socket",), connector__unlock_on_ev_side=False)
async def test_whoever_ends_the_charge_at_the_station_has_the_plug_back_at_once(it: Bench) -> None:
    await it.charging()
    await it.card()
    await it.central.expect("StopTransaction", idTag=CARD)
    await it.unplug()
    await it.central.status("Available")


@case(boards=("socket",), connector__unlock_on_ev_side=False)
async def test_a_reset_ends_the_keeping_of_a_plug(it: Bench) -> None:
    """Who began is known to the running station alone: a started one holds nobody's cable."""
    await it.charging()
    it.drive_off()
    await it.central.status("Finishing")
    assert await it.central.ask("Reset", type="Soft") == {"status": "Accepted"}
    await it.central.expect("BootNotification", 120.0)
    await it.take_cable()


# -- refused after the begin --------------------------------------------------------------------------------------------------------------


@case()
async def test_the_plug_of_a_refused_customer_stays_locked_until_they_come_back(it: Bench) -> None:
    """Errata 3.5, and 3.17: online as offline."""
    name = await refused_in_the_charge(it)
    await it.central.expect("StopTransaction", transactionId=name, reason="DeAuthorized")
    await it.central.status("Finishing")
    await it.sleep(60.0)
    outlet = it.simulation.plant.outlet(1)
    assert outlet.contacts.value == 0
    if not it.tethered:
        assert it.locked()
        it.drive_off()
        await it.card(OTHER)
        assert it.locked()
        await it.card(CARD)
        await it.take_cable()
    else:
        it.drive_off()
    await it.central.status("Available")
    assert it.central.count("StartTransaction") == 1


@case(boards=("socket",))
async def test_a_refused_customer_who_comes_back_while_the_vehicle_is_there_can_unplug(it: Bench) -> None:
    await refused_in_the_charge(it)
    await it.central.status("Finishing")
    await it.card(CARD)
    await it.unplug()
    await it.central.status("Available")


@case(boards=("socket",))
async def test_the_central_system_can_give_a_refused_customer_the_plug(it: Bench) -> None:
    await refused_in_the_charge(it)
    await it.central.status("Finishing")
    assert await it.central.ask("UnlockConnector", connectorId=1) == {"status": "Unlocked"}
    await it.unplug()
    await it.central.status("Available")


# -- energy for the way home --------------------------------------------------------------------------------------------------------------


@case(authorization__unknown_offline=True)
async def test_a_refused_customer_gets_the_energy_that_the_operator_leaves_them(it: Bench) -> None:
    await it.configure(StopTransactionOnInvalidId=False, MaxEnergyOnInvalidId=500)
    await refused_in_the_charge(it)
    await it.central.status("Charging")
    paused = await it.central.status("SuspendedEVSE", within_s=600.0)
    delivered_wh = it.simulation.plant.outlet(1).energy_now_wh()
    assert 500.0 <= delivered_wh <= 540.0, "one reading of the meter later, and what the vehicle takes to stop"
    assert paused.at_s > 100.0
    await it.central.silence("StopTransaction", for_s=60.0)
    assert it.simulation.plant.outlet(1).energy_now_wh() - delivered_wh < 30.0
    await it.card()
    await it.central.expect("StopTransaction", transactionId=41)
    await it.unplug()
    await it.central.status("Available")
    del it.central.answers["StartTransaction"]
    it.central.forget()
    await it.charging()  # the next customer is not kept from charging


@case(boards=("socket",))
async def test_without_that_key_a_refused_customer_gets_nothing_more(it: Bench) -> None:
    await it.configure(StopTransactionOnInvalidId=False)
    assert await it.key("MaxEnergyOnInvalidId") == "0"
    await refused_in_the_charge(it)
    await it.central.status("SuspendedEVSE")
    await it.sleep(30.0)
    assert it.simulation.plant.outlet(1).energy_now_wh() < 60.0


@case(boards=("socket",), authorization__unknown_offline=True)
async def test_energy_that_was_had_before_the_refusal_counts(it: Bench) -> None:
    await it.configure(StopTransactionOnInvalidId=False, MaxEnergyOnInvalidId=500)
    it.central.tags[CARD] = INVALID
    await it.central.hang_up(and_stay_away=True)
    it.plug()
    await it.card()
    await it.sleep(600.0)
    had_wh = it.simulation.plant.outlet(1).energy_now_wh()
    assert had_wh > 500.0
    it.central.listens = True
    began = await it.central.expect("StartTransaction", 120.0, idTag=CARD)
    paused = await it.central.status("SuspendedEVSE")
    assert paused.at_s - began.at_s < 20.0


@case(boards=("socket",))
async def test_a_charge_that_is_to_end_ends_at_once_in_this_version(it: Bench) -> None:
    await it.configure(StopTransactionOnInvalidId=True, MaxEnergyOnInvalidId=500)
    name = await refused_in_the_charge(it)
    await it.central.expect("StopTransaction", 20.0, transactionId=name, reason="DeAuthorized")


@case(boards=("socket",), connector__after_power_loss="resume")
async def test_a_refused_customer_is_refused_after_a_power_cut_too(it: Bench) -> None:
    await it.configure(StopTransactionOnInvalidId=False, MaxEnergyOnInvalidId=0)
    await refused_in_the_charge(it)
    await it.central.status("SuspendedEVSE")
    await it.sleep(30.0)
    had_wh = it.simulation.plant.outlet(1).energy_now_wh()
    await it.power_cut()
    it.central.forget()
    await it.power_up()
    await it.central.expect("BootNotification")
    await it.central.status("SuspendedEVSE")
    await it.sleep(120.0)
    assert it.simulation.plant.outlet(1).energy_now_wh() - had_wh < 60.0
    assert it.central.count("StartTransaction") == 1, "it is the same transaction"
    await it.card()
    await it.central.expect("StopTransaction", transactionId=41)


@pytest.mark.parametrize("value", ["-1", "much", "100001"])
def test_an_energy_that_makes_no_sense_is_rejected(value: str) -> None:
    @case()
    async def story(it: Bench) -> None:
        assert await it.central.ask("ChangeConfiguration", key="MaxEnergyOnInvalidId", value=value) == {"status": "Rejected"}

    story("socket")


# -- nobody identified in time ------------------------------------------------------------------------------------------------------------


@case(connector__plug_in_s=30.0)
async def test_a_card_that_comes_too_late_begins_nothing_on_a_cable_that_may_be_foreign(it: Bench) -> None:
    """Errata 3.20: the connector goes to Finishing, and a card there would begin a transaction on somebody else's cable."""
    it.plug()
    waits = await it.central.status("Preparing")
    late = await it.central.status("Finishing")
    assert 28.0 <= late.at_s - waits.at_s <= 35.0
    await it.card()
    await it.central.silence("Authorize", "StartTransaction", "StatusNotification", for_s=30.0)
    await it.unplug()
    await it.central.status("Available")
    it.plug()
    await it.card()
    await it.central.expect("StartTransaction", idTag=CARD)


@case(connector__plug_in_s=30.0, ocpp__authorize_remote=False)
async def test_whoever_is_started_there_without_being_judged_charges_too(it: Bench) -> None:
    it.plug()
    await it.central.status("Finishing")
    await it.remote_start()
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.central.status("Charging")


@case(connector__plug_in_s=30.0)
async def test_whoever_the_central_system_starts_there_charges_since_it_named_the_connector(it: Bench) -> None:
    it.plug()
    await it.central.status("Finishing")
    assert await it.central.ask("RemoteStartTransaction", idTag=CARD) == {"status": "Rejected"}, "the station does not choose that cable"
    await it.remote_start()
    await it.central.status("Preparing")
    await it.central.expect("StartTransaction", idTag=CARD)
    await it.central.status("Charging")


@case(connector__plug_in_s=30.0, authorization__late_card=True)
async def test_an_operator_may_have_late_cards_served(it: Bench) -> None:
    it.plug()
    await it.central.status("Finishing")
    await it.card()
    await it.central.expect("Authorize", idTag=CARD)
    await it.central.expect("StartTransaction", idTag=CARD)


@case(connector__plug_in_s=30.0, authorization__mode="every-card")
async def test_where_the_station_decides_itself_a_late_card_is_served(it: Bench) -> None:
    it.plug()
    await it.central.status("Finishing")
    await it.card()
    await it.central.expect("StartTransaction", idTag=CARD)


@case(connector__plug_in_s=30.0)
async def test_a_card_that_came_in_time_counts_however_long_the_answer_takes(it: Bench) -> None:
    async def slowly(_: dict[str, object]) -> dict[str, object]:
        await it.sleep(20.0)
        return {"idTagInfo": {"status": "Accepted"}}

    it.central.answers["Authorize"] = slowly
    it.plug()
    await it.central.status("Preparing")
    await it.sleep(20.0)
    await it.card()
    await it.central.status("Finishing")
    await it.central.expect("StartTransaction", idTag=CARD)
