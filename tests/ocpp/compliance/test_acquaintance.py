"""A station that its central system has never accepted gives no charge; one that was accepted once does, whatever is answered later."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ocpp.bench import CARD, INSTALLER, Bench, case
from tests.ocpp.central import now


def answered(status: str) -> Any:
    return lambda _: {"status": status, "currentTime": now(), "interval": 30}


@pytest.mark.parametrize("status", ["Pending", "Rejected", None])
def test_whoever_was_never_accepted_gives_no_charge(status: str | None) -> None:
    """OCPP 1.6, 4.2.1: not even to cards that are accepted without a connection."""

    @case(boot=False, authorization__unknown_offline=True)
    async def story(it: Bench) -> None:
        if status is None:
            it.central.listens = False
        else:
            it.central.answers["BootNotification"] = answered(status)
        await it.power_up()
        await it.sleep(5.0)
        it.plug()
        await it.card()
        await it.sleep(30.0)
        assert it.simulation.plant.outlet(1).contacts.value == 0
        assert not it.locked()
        it.central.answers.clear()
        it.central.listens = True
        await it.central.status("Available", 0, within_s=300.0)
        await it.central.silence("StartTransaction", for_s=60.0)
        await it.unplug()
        await it.central.status("Available")
        it.central.forget()
        it.plug()
        await it.card()
        await it.central.expect("StartTransaction", idTag=CARD)

    story("socket")


@pytest.mark.parametrize("status", ["Pending", None])
def test_whoever_was_accepted_once_charges_over_a_restart_before_it_is_accepted_again(status: str | None) -> None:
    @case(authorization__unknown_offline=True)
    async def story(it: Bench) -> None:
        await it.power_cut()
        if status is None:
            it.central.listens = False
        else:
            it.central.answers["BootNotification"] = answered(status)
        await it.power_up()
        await it.sleep(5.0)
        it.plug()
        await it.card()
        await it.sleep(30.0)
        assert it.simulation.plant.outlet(1).contacts.value == 3
        it.central.answers.clear()
        it.central.listens = True
        await it.central.expect("StartTransaction", 300.0, idTag=CARD)

    story("socket")


@pytest.mark.parametrize("change", [{"ocpp.url": "ws://other.example/ocpp"}, {"ocpp.identity": "CP 2"}])
def test_another_address_or_identity_is_another_acquaintance(change: dict[str, str]) -> None:
    @case(authorization__unknown_offline=True, boards=("socket",))
    async def story(it: Bench) -> None:
        assert it.kept is not None
        await it.kept.set(change, actor=INSTALLER)
        await it.power_cut()
        it.central.listens = False
        await it.power_up()
        it.plug()
        await it.card()
        await it.sleep(30.0)
        assert it.simulation.plant.outlet(1).contacts.value == 0
        await it.unplug()
        await it.sleep(5.0)
        it.central.listens = True
        await it.central.expect("BootNotification", 300.0)
        await it.sleep(5.0)
        it.plug()
        await it.card()
        await it.central.expect("StartTransaction", idTag=CARD)

    story("socket")


@case(boot=False, authorization__unknown_offline=True, ocpp__before_accepted=True)
async def test_an_operator_may_have_it_charge_before(it: Bench) -> None:
    it.central.answers["BootNotification"] = answered("Pending")
    await it.power_up()
    await it.central.expect("BootNotification")
    it.plug()
    await it.card()
    await it.sleep(60.0)
    assert it.simulation.plant.outlet(1).contacts.value == 3
    del it.central.answers["BootNotification"]
    await it.central.expect("StartTransaction", 120.0, idTag=CARD)


@case(boot=False, authorization__mode="every-card")
async def test_where_the_station_decides_itself_nobody_has_to_accept_it(it: Bench) -> None:
    it.central.answers["BootNotification"] = answered("Rejected")
    await it.power_up()
    await it.central.expect("BootNotification")
    it.plug()
    await it.card()
    await it.sleep(30.0)
    assert it.simulation.plant.outlet(1).contacts.value == 3
