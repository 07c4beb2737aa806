"""Stations with more than one connector: two vehicle sockets, or a vehicle socket and a household socket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from cc613_chargepoint.app import Station, StationSettings, connector_numbers
from cc613_chargepoint.authorization.policy import AuthorizationSettings, Mode
from cc613_chargepoint.domain.events import ChargingEnded, Decided, SessionEnded
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.domain.token import Token, TokenSource
from cc613_chargepoint.domain.verdict import Verdict
from cc613_chargepoint.evse.household import HouseholdConnector, HouseholdSettings
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.simulated import CARD, SimulatedStation, simulated_station
from cc613hal.board import BoardDescription, parse_board
from cc613hal.clock import run_virtual
from cc613hal.errors import ConfigError
from cc613hal.plugins.manager import Plugins

OTHER = "04FFEEDDCCBBAA"

DOUBLE = """
schema = 1
name = "test.double"
summary = "two type 2 sockets on one controller"
base = "bender.cc613"

[bus.gpio.lines]
K3_COIL = "gpiochip0:30"
K3_MIRROR = "gpiochip0:31"
RCD2_DC = "gpiochip0:32"
RCD2_RMS = "gpiochip0:33"
RCD2_TEST = "gpiochip0:34"
CP2_FAULT = "gpiochip0:35"
CP2_ALERT = "gpiochip0:36"
LOCK2_IN1 = "gpiochip0:37"
LOCK2_IN2 = "gpiochip0:38"
LOCK2_FEEDBACK = "gpiochip0:39"
OPENER2_OK = "gpiochip0:40"

[bus.pwm]
type = "pwm"
path = "/sys/class/pwm/pwmchip0"
channels = { CP1_PWM = 0, CP2_PWM = 1 }

[device.contactor2]
driver = "bender.contactor"
connector = 2
[device.contactor2.lines]
coil = "K3_COIL"
mirror = { name = "K3_MIRROR", active_low = true, pull = "up", debounce_s = 0.005 }

[device.rcd2]
driver = "bender.rcmb104"
connector = 2
[device.rcd2.lines]
dc = { name = "RCD2_DC", pull = "up" }
rms = { name = "RCD2_RMS", pull = "up" }
test = { name = "RCD2_TEST", active_low = true, open_drain = true }

[device.pilot2]
driver = "bender.pilot"
connector = 2
bus = "spi0"
select = 1
[device.pilot2.lines]
pwm = "CP2_PWM"
fault = "CP2_FAULT"
alert = "CP2_ALERT"

[device.lock2]
driver = "hella.micro-actuator-1"
connector = 2
[device.lock2.lines]
in1 = "LOCK2_IN1"
in2 = "LOCK2_IN2"
feedback = { name = "LOCK2_FEEDBACK", active_low = true, pull = "up", debounce_s = 0.02 }
energy_ok = "OPENER2_OK"

[device.meter2]
driver = "meters.sdm630"
connector = 2
bus = "meter"
unit = 2
"""


def double() -> BoardDescription:
    return parse_board(DOUBLE, file="double.toml", plugins=Plugins.discover())


def play(story: Callable[[SimulatedStation], Awaitable[None]], *, board: str | BoardDescription, **settings) -> None:
    async def main() -> None:
        async with simulated_station(board, StationSettings(**settings)) as made:
            await story(made)

    run_virtual(main())


def states(made: SimulatedStation) -> list[State]:
    return [each.state for each in made.station.connectors.values()]


# -- two vehicle sockets ----------------------------------------------------------------------------------------------------------------


def test_two_customers_charge_beside_each_other_and_each_ends_their_own() -> None:
    async def story(made: SimulatedStation) -> None:
        assert connector_numbers(made.board) == [1, 2]
        made.plug(1)
        await made.until_state(State.CONNECTED, 1)
        await made.tap(CARD)
        await made.until_state(State.CHARGING, 1)
        made.plug(2)
        await made.until_state(State.CONNECTED, 2)
        await made.tap(OTHER)
        await made.until_state(State.CHARGING, 2)
        await made.sleep(600.0)
        await made.tap(OTHER)
        await made.until_state(State.FINISHING, 2)
        assert states(made) == [State.CHARGING, State.FINISHING]
        ended = made.of(ChargingEnded)
        assert [(each.connector, each.record.token.id) for each in ended] == [(2, OTHER)]
        assert made.outlet.contacts.value == 3

    play(story, board=double())


def test_a_customer_who_is_expected_at_one_connector_may_plug_in_at_the_other() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.tap(CARD)
        assert states(made) == [State.AUTHORISED, State.AVAILABLE]
        made.plug(2)
        await made.until_state(State.CHARGING, 2)
        assert states(made) == [State.AVAILABLE, State.CHARGING]
        assert made.station.connectors[1].token is None

    play(story, board=double())


def test_a_third_customer_finds_no_free_place_and_disturbs_nobody() -> None:
    async def story(made: SimulatedStation) -> None:
        for number, card in ((1, CARD), (2, OTHER)):
            made.plug(number)
            await made.until_state(State.CONNECTED, number)
            await made.tap(card)
            await made.until_state(State.CHARGING, number)
        await made.tap("04000000000003")
        assert states(made) == [State.CHARGING, State.CHARGING]
        assert [each.token.id for each in made.station.connectors.values() if each.token] == [CARD, OTHER]

    play(story, board=double())


BACKEND = AuthorizationSettings(mode=Mode.BACKEND, cards=(CARD, OTHER))


def test_a_card_never_means_the_plug_for_which_nobody_identified_in_time() -> None:
    """Two connectors and one reader: a second driver must not charge the first one's vehicle (OCPP 1.6 errata, 3.20)."""

    async def story(made: SimulatedStation) -> None:
        made.plug(1)
        await made.until_state(State.UNCLAIMED, 1)
        await made.tap(CARD)
        assert states(made) == [State.UNCLAIMED, State.AUTHORISED]
        made.plug(2)
        await made.until_state(State.CHARGING, 2)
        await made.tap(OTHER)  # and now there is no place but that one
        assert states(made) == [State.UNCLAIMED, State.CHARGING]
        refused = made.of(Decided)[-1].verdict
        assert (refused.accepted, refused.rule, refused.token.id) == (False, "too-late", OTHER)
        assert "pulled first" in refused.reasons[0]
        await made.tap(CARD)
        await made.until_state(State.FINISHING, 2)

    play(story, board=double(), connector=ConnectorSettings(plug_in_s=20.0), authorization=BACKEND)


def test_whoever_names_the_connector_may_come_late() -> None:
    async def story(made: SimulatedStation) -> None:
        made.plug(1)
        await made.until_state(State.UNCLAIMED, 1)
        made.station.customers.present(Token(id=CARD, source=TokenSource.REMOTE), connector=1)
        await made.until_state(State.CHARGING, 1)

    play(story, board=double(), connector=ConnectorSettings(plug_in_s=20.0), authorization=BACKEND)


LATE = AuthorizationSettings(mode=Mode.BACKEND, cards=(CARD,), late_card=True)


@pytest.mark.parametrize("who", [AuthorizationSettings(), LATE], ids=["every card", "late card"])
def test_where_late_cards_count_a_plug_is_preferred_to_a_free_place(who: AuthorizationSettings) -> None:
    async def story(made: SimulatedStation) -> None:
        made.plug(2)
        await made.until_state(State.UNCLAIMED, 2)
        await made.tap(CARD)
        await made.until_state(State.CHARGING, 2)

    play(story, board=double(), connector=ConnectorSettings(plug_in_s=20.0), authorization=who)


def test_an_unclaimed_plug_that_is_pulled_and_plugged_in_again_waits_anew() -> None:
    async def story(made: SimulatedStation) -> None:
        vehicle = made.plug(1)
        await made.until_state(State.UNCLAIMED, 1)
        await made.sleep(500.0)
        vehicle.unplug()
        await made.until_state(State.AVAILABLE, 1)
        made.plug(1)
        await made.until_state(State.CONNECTED, 1)
        await made.sleep(15.0)
        assert made.state is State.CONNECTED
        await made.tap(CARD)
        await made.until_state(State.CHARGING, 1)

    play(story, board=double(), connector=ConnectorSettings(plug_in_s=20.0), authorization=BACKEND)


def test_a_fault_at_one_connector_leaves_the_other_charging() -> None:
    async def story(made: SimulatedStation) -> None:
        for number, card in ((1, CARD), (2, OTHER)):
            made.plug(number)
            await made.until_state(State.CONNECTED, number)
            await made.tap(card)
            await made.until_state(State.CHARGING, number)
        made.plant.outlet(2).residual_dc_ma.set(20.0)
        await made.until_state(State.FAULTED, 2)
        await made.sleep(10.0)
        assert made.station.connectors[1].state is State.CHARGING
        assert [(each.connector) for each in made.of(ChargingEnded)] == [2]

    play(story, board=double())


def test_each_connector_has_its_own_limits() -> None:
    async def story(made: SimulatedStation) -> None:
        for number, card in ((1, CARD), (2, OTHER)):
            made.plug(number)
            await made.until_state(State.CONNECTED, number)
            await made.tap(card)
            await made.until_state(State.CHARGING, number)
        made.station.books[2].set("load management", 7.0)
        await made.sleep(10.0)
        drawn = [max(made.plant.outlet(number).current_a.value) for number in (1, 2)]
        assert drawn == pytest.approx([15.2, 6.65], abs=0.1)

    play(story, board=double())


# -- a household socket beside it ---------------------------------------------------------------------------------------------------------


def test_the_household_socket_is_fed_for_a_customer_and_off_when_the_plug_is_pulled() -> None:
    async def story(made: SimulatedStation) -> None:
        outlet = made.plant.outlet(2)
        assert isinstance(made.station.connectors[2], HouseholdConnector)
        outlet.socket_plugged.set(True)
        await made.until_state(State.CONNECTED, 2)
        await made.tap(CARD)
        await made.until_state(State.CHARGING, 2)
        assert outlet.contacts.value == 1
        outlet.socket_plugged.set(False)
        await made.until_state(State.AVAILABLE, 2)
        await made.until(lambda: outlet.contacts.value == 0, 1.0)
        await made.until(lambda: made.station.connectors[2].token is None, 1.0)

    play(story, board="bender.cc613-household")


def test_the_same_card_ends_what_it_began_at_the_household_socket() -> None:
    async def story(made: SimulatedStation) -> None:
        outlet = made.plant.outlet(2)
        outlet.socket_plugged.set(True)
        await made.until_state(State.CONNECTED, 2)
        await made.tap(CARD)
        await made.until_state(State.CHARGING, 2)
        await made.tap(CARD)
        await made.until_state(State.FINISHING, 2)
        await made.until(lambda: outlet.contacts.value == 0, 1.0)
        outlet.socket_plugged.set(False)
        await made.until_state(State.AVAILABLE, 2)
        assert [each.verdict.accepted for each in made.of(Decided)] == [True, True]

    play(story, board="bender.cc613-household")


def test_a_tripped_breaker_of_the_household_socket_is_its_own_fault_and_clears_when_it_is_closed() -> None:
    async def story(made: SimulatedStation) -> None:
        outlet = made.plant.outlet(2)
        outlet.socket_plugged.set(True)
        await made.until_state(State.CONNECTED, 2)
        await made.tap(CARD)
        await made.until_state(State.CHARGING, 2)
        outlet.breaker_closed.set(False)
        await made.until_state(State.FAULTED, 2)
        assert made.faults == [FaultName.MCB_HOUSEHOLD]
        assert made.station.connectors[1].state is State.AVAILABLE
        outlet.breaker_closed.set(True)
        await made.until_state(State.CONNECTED, 2)
        assert outlet.contacts.value == 0, "nobody is authorised any more"

    play(story, board="bender.cc613-household")


def test_a_limit_of_nothing_pauses_the_household_socket() -> None:
    async def story(made: SimulatedStation) -> None:
        outlet = made.plant.outlet(2)
        outlet.socket_plugged.set(True)
        await made.until_state(State.CONNECTED, 2)
        await made.tap(CARD)
        await made.until_state(State.CHARGING, 2)
        made.station.books[2].set("load management", 0.0)
        await made.until_state(State.PAUSED, 2)
        await made.until(lambda: outlet.contacts.value == 0, 1.0)
        made.station.books[2].withdraw("load management")
        await made.until_state(State.CHARGING, 2)

    play(story, board="bender.cc613-household")


def test_nobody_plugs_in_and_the_household_socket_forgets_the_customer() -> None:
    async def story(made: SimulatedStation) -> None:
        made.station.connectors[1].raise_fault(Fault(name=FaultName.WRONG_WIRING, detail="out of the way"))
        await made.until_state(State.FAULTED, 1)
        await made.tap(CARD)
        await made.until_state(State.AUTHORISED, 2)
        await made.until_state(State.AVAILABLE, 2, within_s=30.0)
        made.station.connectors[1].clear_fault(FaultName.WRONG_WIRING, "done")

    play(story, board="bender.cc613-household", connector=ConnectorSettings(plug_in_s=20.0))


METERED = """
schema = 1
name = "test.metered-household"
summary = "a household socket with a meter of its own"
base = "bender.cc613-household"

[device.meter2]
driver = "meters.sdm630"
connector = 2
bus = "meter"
unit = 2
"""


def metered() -> BoardDescription:
    return parse_board(METERED, file="metered.toml", plugins=Plugins.discover())


def test_a_metered_household_socket_bills_what_its_meter_counted() -> None:
    async def story(made: SimulatedStation) -> None:
        outlet = made.plant.outlet(2)
        outlet.socket_plugged.set(True)
        await made.until_state(State.CONNECTED, 2)
        await made.tap(CARD)
        await made.until_state(State.CHARGING, 2)
        outlet.current_a.set((8.0, 0.0, 0.0))
        await made.sleep(3600.0)
        outlet.current_a.set((0.0, 0.0, 0.0))
        await made.tap(CARD)
        await made.until_state(State.FINISHING, 2)
        outlet.socket_plugged.set(False)
        await made.until_state(State.AVAILABLE, 2)
        (ended,) = made.of(SessionEnded)
        assert float(ended.record.energy_wh) == pytest.approx(230.0 * 8.0, abs=10.0)
        assert ended.record.reason == "card presented again"

    play(story, board=metered())


def test_too_much_current_at_the_household_socket_is_a_fault() -> None:
    async def story(made: SimulatedStation) -> None:
        outlet = made.plant.outlet(2)
        outlet.socket_plugged.set(True)
        await made.until_state(State.CONNECTED, 2)
        await made.tap(CARD)
        await made.until_state(State.CHARGING, 2)
        outlet.current_a.set((14.0, 0.0, 0.0))
        await made.until(lambda: outlet.contacts.value == 0, 12.0)
        assert made.faults == [FaultName.OVER_CURRENT]
        outlet.current_a.set((0.0, 0.0, 0.0))

    play(story, board=metered())


def test_a_session_that_draws_nothing_for_long_ends_by_itself() -> None:
    async def story(made: SimulatedStation) -> None:
        outlet = made.plant.outlet(2)
        outlet.socket_plugged.set(True)
        await made.until_state(State.CONNECTED, 2)
        await made.tap(CARD)
        await made.until_state(State.CHARGING, 2)
        outlet.current_a.set((8.0, 0.0, 0.0))
        await made.sleep(300.0)
        assert made.station.connectors[2].state is State.CHARGING
        outlet.current_a.set((0.0, 0.0, 0.0))
        await made.until_state(State.FINISHING, 2, within_s=130.0)
        await made.until(lambda: bool(made.sessions))
        assert made.sessions[0].reason == "less than 0.2 A for 120 s"

    play(story, board=metered(), household=HouseholdSettings(idle_s=120.0))


def test_a_warning_is_told_and_stops_nobody() -> None:
    async def story(made: SimulatedStation) -> None:
        await made.charge()
        made.station.connector.raise_fault(Fault(name=FaultName.UPDATE_RUNNING, detail="new software"))
        await made.sleep(10.0)
        assert made.faults == [FaultName.UPDATE_RUNNING]
        assert made.state is State.CHARGING
        made.station.connector.clear_fault(FaultName.UPDATE_RUNNING, "done")
        await made.sleep(10.0)
        assert made.state is State.CHARGING

    play(story, board="bender.cc613")


# -- somebody else decides, or serves ---------------------------------------------------------------------------------------------------


def test_where_somebody_else_decides_every_presentation_goes_there() -> None:
    async def story(made: SimulatedStation) -> None:
        shown: list[str] = []
        verdict: bool | Verdict = True

        def elsewhere(token: Token, random: bool) -> bool | Verdict:
            shown.append(token.id)
            return verdict

        made.station.customers.elsewhere = elsewhere
        await made.tap(CARD)
        assert made.of(Decided) == []
        verdict = Verdict(token=Token(id=CARD, source=TokenSource.CARD), accepted=False, reasons=("nobody can be asked",))
        await made.tap(CARD)
        assert [each.verdict for each in made.of(Decided)] == [verdict]
        verdict = False
        await made.tap(CARD)
        await made.until_state(State.AUTHORISED)
        assert shown == [CARD] * 3

    play(story, board="bender.cc613")


def test_a_connector_number_is_on_the_board_or_elsewhere_never_both() -> None:
    async def story(made: SimulatedStation) -> None:
        with pytest.raises(ConfigError, match="has a connector 1 of its own"):
            Station(made.board, StationSettings(), elsewhere=[made.station.connector])

    play(story, board="bender.cc613")


# -- one starts again, the other goes on ------------------------------------------------------------------------------------------------


async def charging(made: SimulatedStation) -> None:
    """Both sockets charge."""
    for number, card in ((1, CARD), (2, OTHER)):
        made.plug(number)
        await made.until_state(State.CONNECTED, number)
        await made.tap(card)
        await made.until_state(State.CHARGING, number)


def test_a_connector_starts_again_and_the_other_charges_on() -> None:
    async def story(made: SimulatedStation) -> None:
        await charging(made)
        connector = made.station.connectors[1]
        connector.stop("it shall start again")
        await made.until_state(State.FINISHING, 1)
        connector.restart("wanted")
        await made.until_state(State.CONNECTED, 1)
        assert (connector.token, connector.faults) == (None, ())
        assert states(made) == [State.CONNECTED, State.CHARGING]
        await made.tap(CARD)
        await made.until_state(State.CHARGING, 1)
        assert [each.connector for each in made.of(ChargingEnded)] == [1]

    play(story, board=double())


def test_a_connector_that_starts_again_opens_its_contactor_whatever_it_does() -> None:
    async def story(made: SimulatedStation) -> None:
        await charging(made)
        made.station.connectors[1].restart("without a word before")
        await made.until(lambda: made.plant.outlet(1).contacts.value == 0, 2.0)
        await made.until_state(State.CONNECTED, 1)
        assert states(made)[1] is State.CHARGING
        assert [(each.connector, each.record.reason) for each in made.of(ChargingEnded)] == [(1, "without a word before")]
        await made.tap(CARD)
        await made.until_state(State.CHARGING, 1)
        assert made.station.connectors[1].session_number not in {None, made.of(ChargingEnded)[0].record.number}

    play(story, board=double())


def test_a_fault_goes_with_a_restart_unless_its_cause_stands() -> None:
    async def story(made: SimulatedStation) -> None:
        connector = made.station.connectors[1]
        connector.raise_fault(Fault(name=FaultName.DEVICE_LOST, detail="for a moment"))
        await made.until_state(State.FAULTED, 1)
        connector.restart("somebody hopes that it helps")
        await made.until_state(State.AVAILABLE, 1)
        assert connector.faults == ()
        made.plant.outlet(1).welded.set(True)
        connector.restart("somebody hopes too much")
        await made.until_state(State.FAULTED, 1)
        assert [fault.name for fault in connector.faults] == [FaultName.CONTACTOR_WELDED]
        made.plant.outlet(1).welded.set(False)

    play(story, board=double())


def test_a_household_socket_starts_again_too() -> None:
    async def story(made: SimulatedStation) -> None:
        made.plant.outlet(2).socket_plugged.set(True)
        await made.until_state(State.CONNECTED, 2)
        await made.tap(CARD)
        await made.until_state(State.CHARGING, 2)
        made.station.connectors[2].stop("it shall start again")
        await made.until_state(State.FINISHING, 2)
        made.station.connectors[2].restart("wanted")
        await made.until_state(State.CONNECTED, 2)
        assert made.plant.outlet(2).contacts.value == 0

    play(story, board="bender.cc613-household")
