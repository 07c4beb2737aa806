"""The modem as an application sees it, against two emulated families."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from cc613hal.board import open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BusError, BusTimeout, CommandFailed, ConfigError, ConnectFailed, DeadlineExceeded, DeviceRefused, SafetyRefused
from cc613hal.health import HealthState
from cc613hal.interfaces import Modem, Registration, SimState
from cc613hal.plant import Simulation
from cc613hal.testing.bench import PART, board_for
from cc613hal_modem.emulation import EC25, ELS61, EmulatedSim

BOTH = pytest.mark.parametrize("family", [EC25, ELS61], ids=lambda family: family.model)


class Bench:
    def __init__(self, simulation, board):
        self.simulation = simulation
        self.board = board
        self.modem = board.get(Modem, PART)
        self.emulated = simulation.plant.parts[PART]

    @property
    def now_s(self):
        return self.simulation.clock.monotonic_s()

    def sent(self, beginning):
        return [command for command in self.emulated.commands if command.startswith(beginning)]

    def trace(self):
        return b"".join(frame.data for actor, _ in self.board.buses.values() for frame in actor.trace)


@asynccontextmanager
async def bench(family=EC25, *, pin="", state_dir=None, prepare=None, sim=None, **options):
    description = board_for("modem.at", options=options)
    async with Simulation(description) as simulation:
        emulated = simulation.plant.parts[PART]
        emulated.family = family
        emulated.sim = sim or EmulatedSim(pin=pin)
        if prepare is not None:
            prepare(emulated)
        async with open_board(description, simulation.buses, clock=simulation.clock, state_dir=state_dir) as board:
            yield Bench(simulation, board)


# -- what it tells ----------------------------------------------------------------------------------------------------------------


@BOTH
def test_it_says_who_it_is_and_keeps_numbers_of_the_subscriber_out_of_print(family):
    async def main():
        async with bench(family) as b:
            identity = await b.modem.identify_modem()
            assert (identity.vendor, identity.model, identity.revision) == (family.maker, family.model, family.revision)
            assert (identity.imei, identity.iccid) == ("490154203237518", "8949020000012345678")
            assert identity.imei not in repr(identity)
            assert identity.iccid not in repr(identity)

    run_virtual(main())


@BOTH
def test_it_reads_card_network_and_signal(family):
    async def main():
        async with bench(family) as b:
            reading = await b.modem.read_modem()
            assert (reading.sim, reading.registration, reading.source) == (SimState.READY, Registration.HOME, PART)
            assert (reading.operator, reading.technology) == ("26201", "4G")
            assert (reading.rssi_dbm, reading.rsrp_dbm, reading.rsrq_db) == (-71.0, -95.0, -10.0)

    run_virtual(main())


def test_without_a_network_there_is_no_operator_and_unknown_is_none():
    async def main():
        async with bench() as b:
            b.emulated.registration, b.emulated.csq, b.emulated.cesq = 2, "99,99", "99,99,255,255,255,255"
            reading = await b.modem.read_modem()
            assert (reading.registration, reading.operator, reading.technology) == (Registration.SEARCHING, None, None)
            assert (reading.rssi_dbm, reading.rsrp_dbm, reading.rsrq_db) == (None, None, None)

    run_virtual(main())


def test_a_modem_that_only_knows_gsm_commands_is_read_all_the_same():
    async def main():
        async with bench() as b:
            b.emulated.refuse = {"AT+CEREG": "ERROR", "AT+CGREG": "+CME ERROR: 4", "AT+CESQ": "ERROR"}
            b.emulated.access = 0
            reading = await b.modem.read_modem()
            assert (reading.registration, reading.technology, reading.rsrp_dbm) == (Registration.HOME, "2G", None)

    run_virtual(main())


def test_no_card_is_a_state_and_no_error():
    async def main():
        async with bench() as b:
            b.emulated.sim = None
            assert (await b.modem.read_modem()).sim is SimState.ABSENT
            assert (await b.modem.identify_modem()).iccid is None
            with pytest.raises(CommandFailed, match="absent") as failure:
                await b.modem.enter_pin("1234")
            assert failure.value.evidence is SimState.ABSENT

    run_virtual(main())


# -- the PIN ----------------------------------------------------------------------------------------------------------------------


@BOTH
def test_the_right_pin_unlocks_after_the_counter_was_read(family):
    async def main():
        async with bench(family, pin="1234") as b:
            assert (await b.modem.read_modem()).sim is SimState.PIN_REQUIRED
            b.emulated.commands.clear()
            assert await b.modem.enter_pin("1234") is SimState.READY
            commands = list(b.emulated.commands)
            assert commands.index(family.counter) < commands.index('AT+CPIN="1234"')

    run_virtual(main())


@pytest.mark.parametrize("dialect", ["generic", "quectel"])
def test_the_standards_counter_serves_where_it_is_asked_for(dialect):
    async def main():
        description = board_for("modem.at", options={"dialect": dialect, "pin_counter": "cpinr"})
        async with Simulation(description) as simulation:
            simulation.plant.parts[PART].sim = EmulatedSim(pin="1234")
            async with open_board(description, simulation.buses, clock=simulation.clock) as board:
                assert await board.get(Modem, PART).enter_pin("1234") is SimState.READY

    run_virtual(main())


@BOTH
def test_a_refused_pin_is_never_sent_again_also_after_a_restart(family, tmp_path):
    sim = EmulatedSim(pin="1234")

    async def wrong_once():
        async with bench(family, sim=sim, state_dir=tmp_path) as b:
            with pytest.raises(CommandFailed, match="refused") as failure:
                await b.modem.enter_pin("9999")
            assert failure.value.evidence is SimState.PIN_REQUIRED
            with pytest.raises(SafetyRefused, match="refused it before"):
                await b.modem.enter_pin("9999")
            assert len(b.sent("AT+CPIN=")) == 1

    async def again():
        async with bench(family, sim=sim, state_dir=tmp_path) as b:
            with pytest.raises(SafetyRefused, match="refused it before"):
                await b.modem.enter_pin("9999")
            assert not b.sent("AT+CPIN=")
            assert await b.modem.enter_pin("1234") is SimState.READY

    run_virtual(wrong_once())
    assert sim.left == 2
    assert "9999" not in "".join(file.read_text() for file in tmp_path.iterdir())
    run_virtual(again())


def test_the_last_try_is_never_used_up():
    async def main():
        async with bench(pin="1234") as b:
            for pin in ("1111", "2222", "3333", "4444", "1234"):
                with pytest.raises((CommandFailed, SafetyRefused)):
                    await b.modem.enter_pin(pin)
            assert b.emulated.sim.left == 1
            assert len(b.sent("AT+CPIN=")) == 2
            with pytest.raises(SafetyRefused, match="only 1 attempt left"):
                await b.modem.enter_pin("1234")

    run_virtual(main())


@BOTH
@pytest.mark.parametrize("told", ["", "255", "-3", "soon", "1", "0"])
def test_a_counter_that_is_missing_low_or_makes_no_sense_forbids_the_attempt(family, told):
    async def main():
        async with bench(family, pin="1234") as b:
            b.emulated.counter = told
            with pytest.raises(SafetyRefused):
                await b.modem.enter_pin("1234")
            assert not b.sent("AT+CPIN=")

    run_virtual(main())


def test_an_unanswered_pin_is_sent_again_only_while_it_cost_nothing():
    async def main():
        async with bench(pin="1234", sim_timeout_s=2.0) as b:
            b.emulated.refuse = {"AT+CPIN=": ""}  # swallowed: no end of an answer ever comes
            with pytest.raises(BusTimeout):
                await b.modem.enter_pin("1234")
            b.emulated.sim.left = 2
            with pytest.raises(SafetyRefused, match="cost a try"):
                await b.modem.enter_pin("1234")
            assert len(b.sent("AT+CPIN=")) == 1
            b.emulated.sim.left, b.emulated.refuse = 3, {}
            assert await b.modem.enter_pin("1234") is SimState.READY

    run_virtual(main())


def test_a_refusal_without_a_reason_is_judged_by_the_counter():
    async def main():
        async with bench(pin="1234") as b:
            b.emulated.refuse = {"AT+CPIN=": "ERROR"}
            with pytest.raises(DeviceRefused):
                await b.modem.enter_pin("1234")  # three attempts before, three after: the card never saw it
            b.emulated.refuse = {}
            assert await b.modem.enter_pin("1234") is SimState.READY

    run_virtual(main())


@BOTH
def test_a_refused_pin_stays_refused_while_the_card_hides_its_number(family):
    async def main():
        async with bench(family, pin="1234") as b:
            with pytest.raises(CommandFailed):
                await b.modem.enter_pin("9999")
            b.emulated.refuse = {family.iccid: "ERROR"}
            with pytest.raises(SafetyRefused, match="refused it before"):
                await b.modem.enter_pin("9999")
            b.emulated.refuse = {}
            b.emulated.sim = EmulatedSim(pin="9999", iccid="8949020000087654321")
            assert await b.modem.enter_pin("9999") is SimState.READY, "another card may have that very PIN"

    run_virtual(main())


def test_a_busy_card_costs_nothing_and_may_be_tried_later():
    async def main():
        async with bench(pin="1234") as b:
            b.emulated.refuse = {"AT+CPIN=": "+CME ERROR: 14"}
            with pytest.raises(DeviceRefused, match="SIM busy") as refused:
                await b.modem.enter_pin("1234")
            assert refused.value.transient
            b.emulated.refuse = {}
            assert await b.modem.enter_pin("1234") is SimState.READY

    run_virtual(main())


def test_an_unlocked_card_gets_no_pin_and_a_blocked_one_neither():
    async def main():
        async with bench(pin="") as b:
            assert await b.modem.enter_pin("1234") is SimState.READY
            b.emulated.sim = EmulatedSim(pin="1234", left=0)
            with pytest.raises(SafetyRefused, match="PUK"):
                await b.modem.enter_pin("1234")
            assert not b.sent("AT+CPIN=")

    run_virtual(main())


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", '1234"', "1234\rAT+CFUN=0"])
def test_what_cannot_be_a_pin_is_refused_without_printing_it(pin):
    async def main():
        async with bench(pin="1234") as b:
            with pytest.raises(ConfigError) as refused:
                await b.modem.enter_pin(pin)
            assert not pin or pin not in str(refused.value)
            assert not b.sent("AT+CPIN=")

    run_virtual(main())


def test_pin_and_password_are_in_no_trace_and_no_error():
    async def main():
        async with bench(pin="1234") as b:
            with pytest.raises(CommandFailed) as failure:
                await b.modem.enter_pin("8642")
            assert "8642" not in f"{failure.value} {failure.value.__cause__}"
            await b.modem.set_apn("internet", user="me", password="swordfish")
            assert b"8642" not in b.trace()
            assert b"swordfish" not in b.trace()
            assert b"AT+CSQ" in b.trace() or b"AT+CMEE" in b.trace()

    run_virtual(main())


# -- access point -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "with_login", "open_again"),
    [
        (EC25, 'AT+QICSGP=1,1,"iot.example","me","secret",2', 'AT+QICSGP=1,1,"iot.example","","",0'),
        (ELS61, 'AT^SGAUTH=1,2,"me","secret"', "AT^SGAUTH=1,0"),
    ],
    ids=["EC25", "ELS61"],
)
def test_the_access_point_is_set_in_the_makers_words_and_its_login_removed_again(family, with_login, open_again):
    async def main():
        async with bench(family, auth=2) as b:
            await b.modem.set_apn("iot.example", user="me", password="secret")
            assert (b.emulated.apn, b.emulated.login) == ("iot.example", with_login)
            await b.modem.set_apn("iot.example")
            assert b.emulated.login == open_again

    run_virtual(main())


@pytest.mark.parametrize("apn", ['a"b', "a\rAT+CFUN=0", "ä", "a\\b", "x" * 101])
def test_an_access_point_cannot_smuggle_commands(apn):
    async def main():
        async with bench() as b:
            with pytest.raises(ConfigError):
                await b.modem.set_apn(apn)
            assert not b.sent("AT+CGDCONT")

    run_virtual(main())


def test_a_refused_access_point_says_why():
    async def main():
        async with bench() as b:
            b.emulated.refuse = {"AT+CGDCONT": "+CME ERROR: 50"}
            with pytest.raises(DeviceRefused, match="incorrect parameters") as refused:
                await b.modem.set_apn("internet")
            assert refused.value.code == 50
            assert b.board.health()[PART].usable, "a refusal is an answer"

    run_virtual(main())


# -- restart ----------------------------------------------------------------------------------------------------------------------


@BOTH
def test_a_reset_waits_until_the_modem_is_back_and_set_up(family):
    async def main():
        async with bench(family) as b:
            b.emulated.commands.clear()
            started_s = b.now_s
            await b.modem.reset_modem()
            assert 5.0 <= b.now_s - started_s < 12.0
            assert b.emulated.commands[0] == "AT+CFUN=1,1"
            assert b.sent("ATE0")
            assert b.sent("AT+CMEE=1")
            assert (await b.modem.read_modem()).registration is Registration.HOME

    run_virtual(main())


def test_a_usb_modem_whose_port_vanishes_during_its_restart_is_waited_for():
    async def main():
        async with bench() as b:
            restarting = asyncio.create_task(b.modem.reset_modem())
            await asyncio.sleep(0.3)
            b.simulation.faults(PART).unplug()
            await asyncio.sleep(8)
            b.simulation.faults(PART).plug()
            await restarting
            assert (await b.modem.read_modem()).rssi_dbm == -71.0
            await asyncio.sleep(60)
            assert b.board.health()[PART].state is HealthState.OK

    run_virtual(main())


def test_a_modem_that_never_comes_back_is_reported_within_its_deadline():
    async def main():
        async with bench(boot_s=20.0) as b:
            b.emulated.boot_s = -1
            started_s = b.now_s
            with pytest.raises(DeadlineExceeded, match="20 s after its restart"):
                await b.modem.reset_modem()
            assert b.now_s - started_s < 40.0

    run_virtual(main())


def test_a_modem_that_ignores_the_reset_is_found_out():
    async def main():
        async with bench() as b:
            b.emulated.obeys_reset = False
            with pytest.raises(CommandFailed, match="goes on answering"):
                await b.modem.reset_modem()

    run_virtual(main())


def test_a_modem_that_restarts_by_itself_is_set_up_again():
    async def main():
        async with bench() as b:
            b.emulated.restart()
            await asyncio.sleep(10)
            b.emulated.commands.clear()
            await b.modem.read_modem()
            assert b.sent("ATE0")
            assert b.sent("AT+CMEE=1")

    run_virtual(main())


# -- bad manners ------------------------------------------------------------------------------------------------------------------


def cut_into_bytes(emulated):
    emulated.piecewise = True


def echo_for_ever(emulated):
    emulated.sticky_echo = True


def talk_in_between(emulated):
    emulated.unsolicited = "+CREG: 5"


def ring(emulated):
    emulated.unsolicited = "RING"


def be_slow(emulated):
    emulated.answer_s = 0.9


def be_noisy(emulated):
    emulated.garbage = b"\x00\xfe\x80+CR\xff\r"


@BOTH
@pytest.mark.parametrize(
    "manner", [cut_into_bytes, echo_for_ever, talk_in_between, ring, be_slow, be_noisy], ids=lambda manner: manner.__name__
)
def test_bad_manners_change_no_reading(family, manner):
    async def main():
        async with bench(family, pin="1234", prepare=manner) as b:
            assert await b.modem.enter_pin("1234") is SimState.READY
            reading = await b.modem.read_modem()
            assert (reading.sim, reading.registration, reading.operator) == (SimState.READY, Registration.HOME, "26201")
            assert reading.rssi_dbm == -71.0
            identity = await b.modem.identify_modem()
            assert (identity.vendor, identity.imei) == (family.maker, "490154203237518")

    run_virtual(main())


def test_the_echo_may_be_left_on():
    async def main():
        async with bench(echo=True) as b:
            assert (await b.modem.read_modem()).rssi_dbm == -71.0
            assert b.sent("ATE1")
            await b.modem.reset_modem()

    run_virtual(main())


def test_unsolicited_lines_between_commands_are_taken_for_no_answer():
    async def main():
        async with bench() as b:
            for line in ("+CSQ: 3,99", "OK", "ERROR", "+CPIN: SIM PUK"):
                b.emulated.say(line)
            reading = await b.modem.read_modem()
            assert (reading.rssi_dbm, reading.sim) == (-71.0, SimState.READY)

    run_virtual(main())


def test_one_lost_answer_is_asked_for_again():
    async def main():
        async with bench() as b:
            b.emulated.dumb = 1
            assert (await b.modem.read_modem()).registration is Registration.HOME

    run_virtual(main())


def test_a_late_answer_is_not_taken_for_the_next_one():
    async def main():
        async with bench(timeout_s=1.0) as b:
            b.emulated.answer_s = 1.05
            task = asyncio.create_task(b.modem.identify_modem())
            await asyncio.sleep(1.02)
            b.emulated.answer_s = 0.0
            assert (await task).imei == "490154203237518"
            assert (await b.modem.read_modem()).rssi_dbm == -71.0

    run_virtual(main())


def test_a_cancelled_question_does_not_disturb_the_next():
    async def main():
        async with bench() as b:
            b.emulated.answer_s = 0.5
            asking = asyncio.create_task(b.modem.read_modem())
            await asyncio.sleep(0.2)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert (await b.modem.identify_modem()).imei == "490154203237518"

    run_virtual(main())


def test_callers_take_turns():
    async def main():
        async with bench(prepare=be_slow) as b:
            readings = await asyncio.gather(*(b.modem.read_modem() for _ in range(3)), b.modem.identify_modem())
            assert [reading.rssi_dbm for reading in readings[:3]] == [-71.0] * 3

    run_virtual(main())


def test_a_silent_modem_goes_offline_within_seconds_and_comes_back_as_the_same_object():
    async def main():
        async with bench(timeout_s=2.0) as b:
            b.emulated.dumb = -1
            for _ in range(3):
                with pytest.raises(BusError):
                    await b.modem.read_modem()
            assert b.board.health()[PART].state is HealthState.OFFLINE
            b.emulated.dumb = 0
            await asyncio.sleep(90)
            assert (await b.modem.read_modem()).sim is SimState.READY
            assert b.board.get(Modem, PART) is b.modem
            assert b.board.health()[PART].state is HealthState.OK

    run_virtual(main())


def test_unplugged_and_plugged_back_it_is_set_up_anew():
    async def main():
        async with bench() as b:
            b.simulation.faults(PART).unplug()
            with pytest.raises(BusError):
                await b.modem.read_modem()
            await asyncio.sleep(5)
            b.emulated.boot_s = 0.0
            b.emulated.restart()
            b.simulation.faults(PART).plug()
            await asyncio.sleep(60)
            assert b.board.health()[PART].state is HealthState.OK
            assert (await b.modem.read_modem()).rssi_dbm == -71.0

    run_virtual(main())


def test_noise_instead_of_answers_names_the_line_speed():
    async def main():
        async with bench(prepare=lambda emulated: emulated.refuse.update({"AT": "\xfe\xfc"})):
            pass

    with pytest.raises(ConnectFailed, match="line speed"):
        run_virtual(main())


async def test_over_a_pseudo_terminal_and_the_systems_serial_driver_it_says_the_same():
    description = board_for("modem.at")
    async with Simulation(description, ptys=True) as simulation:
        emulated = simulation.plant.parts[PART]
        emulated.sim, emulated.unsolicited = EmulatedSim(pin="1234"), "+CREG: 5"
        async with open_board(description, simulation.buses) as board:
            modem = board.get(Modem, PART)
            assert await modem.enter_pin("1234") is SimState.READY
            assert (await modem.read_modem()).rsrp_dbm == -95.0
