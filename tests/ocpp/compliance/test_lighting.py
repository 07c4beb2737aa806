"""LightIntensity and BlinkRepeat: keys with a range, and what the lights then do."""

from __future__ import annotations

import pytest
from attrs import evolve

from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.ocpp.engine.offered import OfferedHere
from cc613_chargepoint.settings import hmi
from cc613hal.interfaces import Colour, Indicator, Pattern
from cc613hal_hmi.language import status_patterns
from tests.ocpp.bench import OTHER, Bench, case

BENDER = status_patterns("bender")


def shown(it: Bench) -> Pattern | None:
    assert it.board is not None
    return it.board.get(Indicator, "leds").shown


def dimmed(pattern: Pattern, share: float) -> Pattern:
    return evolve(pattern, colours=tuple(Colour(each.red * share, each.green * share, each.blue * share) for each in pattern.colours))


@case()
async def test_the_lights_are_as_bright_as_the_central_system_wants(it: Bench) -> None:
    assert await it.key("LightIntensity") == "100"
    assert shown(it) == BENDER["free"]
    for percent in (40, 0, 100):
        await it.configure(LightIntensity=percent)
        await it.sleep(0.5)
        assert shown(it) == dimmed(BENDER["free"], percent / 100)
    await it.configure(LightIntensity=25)
    await it.charging()
    assert shown(it) == dimmed(BENDER["charging"], 0.25)


@case()
async def test_a_light_remembers_how_bright_it_was_over_a_restart(it: Bench) -> None:
    await it.configure(LightIntensity=30, BlinkRepeat=2)
    await it.power_cut()
    await it.power_up()
    await it.central.expect("BootNotification")
    assert await it.key("BlinkRepeat") == "2"
    assert shown(it) == dimmed(BENDER["free"], 0.3)


@pytest.mark.parametrize("times", [1, 3, 8])
def test_a_refused_card_is_answered_with_so_many_blinks(times: int) -> None:
    @case(boards=("socket",), hmi__rejected_s=1.0)
    async def story(it: Bench) -> None:
        await it.configure(BlinkRepeat=times)
        it.central.tags[OTHER] = {"status": "Blocked"}
        lasts_s = times * BENDER["rejected"].period_s
        it.plug()
        assert it.station is not None
        seen_s = 0.0
        it.station.customers.present(Token(id=OTHER, source=TokenSource.CARD))
        await it.central.expect("Authorize")
        while shown(it) != BENDER["rejected"]:
            await it.sleep(0.01)
        while shown(it) == BENDER["rejected"]:
            await it.sleep(0.01)
            seen_s += 0.01
        assert seen_s == pytest.approx(lasts_s, abs=0.1)
        assert shown(it) == BENDER["authorising"], "the plug still waits for a customer"

    story("socket")


@pytest.mark.parametrize(
    ("key", "value"), [("LightIntensity", "101"), ("LightIntensity", "-1"), ("BlinkRepeat", "21"), ("BlinkRepeat", "x")]
)
def test_what_no_light_can_do_is_rejected(key: str, value: str) -> None:
    @case(boards=("socket",))
    async def story(it: Bench) -> None:
        assert await it.central.ask("ChangeConfiguration", key=key, value=value) == {"status": "Rejected"}

    story("socket")


@case(boards=("socket",), hmi__front_lights=["front", "leds"])
async def test_a_station_without_lights_for_customers_has_no_such_keys(it: Bench) -> None:
    """No key without an effect."""
    asked = await it.central.ask("GetConfiguration", key=["LightIntensity", "BlinkRepeat"])
    assert asked.get("configurationKey", []) == []
    assert asked["unknownKey"] == ["LightIntensity", "BlinkRepeat"]
    everything = {each["key"] for each in (await it.central.ask("GetConfiguration"))["configurationKey"]}
    assert not everything & {"LightIntensity", "BlinkRepeat"}
    assert await it.central.ask("ChangeConfiguration", key="LightIntensity", value="50") == {"status": "NotSupported"}
    assert it.engine is not None
    offered: OfferedHere = it.engine.offered
    assert [offered.absent(each) for each in (hmi.BRIGHTNESS, hmi.BLINKS, hmi.SOUNDS)] == [True, True, False]
