"""Emulated meters of different speeds and parities on one simulated line: what a scan finds, proposes, and how long it waits."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cc613hal.board import Discovery, discover, parse_board
from cc613hal.bus.options import ModbusRtuOptions, SerialOptions
from cc613hal.bus.serial import Parity, SerialSettings
from cc613hal.bus.sim.factory import SimulatedBuses
from cc613hal.clock import Clock, run_virtual
from cc613hal.plant import Plant
from cc613hal.plugins import Certainty
from cc613hal.plugins.manager import Plugins
from cc613hal.plugins.spec import load_object
from cc613hal_meters.catalogue import map_named
from cc613hal_meters.emulation import MapMeter, Measured
from cc613hal_meters.emulation_told import SmlEmulation

SLOW, FAST = SerialSettings(baud=9600), SerialSettings(baud=19200, parity=Parity.EVEN)
TRIED = (SLOW, SerialSettings(baud=9600, parity=Parity.EVEN), SerialSettings(baud=19200), FAST)
LINE = {"line": ModbusRtuOptions(path="/dev/ttyS1")}
PLUGINS = Plugins.discover()


def meter(model: str) -> MapMeter:
    part = MapMeter(map_named(model), dict)
    for phase in ("l1", "l2", "l3"):
        part.overrides[f"voltage_{phase}"] = 231.5
    return part


def line(**parts: tuple[int, SerialSettings]) -> SimulatedBuses:
    buses = SimulatedBuses(Clock())
    for model, (unit, settings) in parts.items():
        buses.modbus("line").attach(unit, meter(model.replace("_", "-")))
        buses.modbus("line").speaks[unit] = settings
    return buses


def scan(buses: SimulatedBuses, **arguments: object) -> tuple[Discovery, float]:
    async def main() -> tuple[Discovery, float]:
        clock = Clock()
        began_s = clock.monotonic_s()
        found = await discover(LINE, buses, PLUGINS, **arguments)  # type: ignore[arg-type]  # each test knows its own
        return found, clock.monotonic_s() - began_s

    return run_virtual(main())


def test_meters_of_two_speeds_on_one_line_are_found_each_at_its_own() -> None:
    buses = line(sdm630=(1, SLOW), em340=(2, SLOW), b23=(3, FAST))
    found, _ = scan(buses, units=range(1, 5), settings=TRIED)
    seen = {finding.address: finding for finding in found.findings}
    assert {address: finding.settings for address, finding in seen.items()} == {1: SLOW, 2: SLOW, 3: FAST}
    assert [seen[unit].candidates[0].driver for unit in (1, 2, 3)] == ["meters.sdm630", "meters.em340", "meters.b23"]
    assert seen[3].candidates[0].evidence.certainty is Certainty.CERTAIN


def test_the_proposal_can_be_pasted_and_says_what_cannot_share_the_line() -> None:
    buses = line(sdm630=(1, SLOW), em340=(2, SLOW), b23=(3, FAST))
    found, _ = scan(buses, units=range(1, 5), settings=TRIED)
    text = found.toml()
    board = parse_board(f'schema = 1\nname = "found"\n{text}', file="proposal.toml", plugins=PLUGINS)
    assert {name: device.address for name, device in board.devices.items()} == {"sdm630": 1, "em340": 2}
    options = board.buses["line"]
    assert isinstance(options, ModbusRtuOptions)
    assert options.settings == SLOW
    assert "# 3 on line answers at 19200 8E1" in text
    assert "# one line has one speed: set it to 9600 8N1, or give it a line of its own" in text
    assert '# driver = "meters.b23"' in text


def test_when_most_speak_faster_the_line_is_proposed_faster() -> None:
    found, _ = scan(line(sdm630=(1, SLOW), b23=(3, FAST), pac2200=(4, FAST)), units=range(1, 5), settings=TRIED)
    options = found.buses["line"]
    assert isinstance(options, ModbusRtuOptions)
    assert options.settings == FAST


def test_evidence_is_ordered_and_never_more_certain_than_it_is() -> None:
    for model in ("sdm630", "em340", "iem3155", "umg604", "klefr-6924"):
        found, _ = scan(line(**{model.replace("-", "_"): (1, SLOW)}), units=(1,))
        [finding] = found.findings
        assert f"meters.{model}" in [candidate.driver for candidate in finding.candidates]
        order = [list(Certainty).index(candidate.evidence.certainty) for candidate in finding.candidates]
        assert order == sorted(order)
        assert Certainty.CERTAIN not in {candidate.evidence.certainty for candidate in finding.candidates}


def test_a_stranger_that_answers_is_told() -> None:
    buses = line()
    stranger = meter("sdm630")
    stranger.exception = 2
    buses.modbus("line").attach(9, stranger)
    found, _ = scan(buses, units=(9,))
    assert [(finding.address, finding.candidates) for finding in found.findings] == [(9, ())]
    assert "# 9 on line: somebody answers at 9600 8N1" in found.toml()
    assert "no installed driver knows its registers" in found.toml()


def test_waiting_gets_shorter_once_somebody_has_answered() -> None:
    quick = line(sdm630=(1, SLOW))
    quick.modbus("line").faults_of(1).late_s = 0.01
    _, alone_s = scan(line(), units=range(1, 200))
    _, with_one_s = scan(quick, units=range(1, 200))
    assert alone_s == pytest.approx(0.3 * 199, rel=0.05)
    assert with_one_s < alone_s / 3


def test_a_slow_meter_behind_a_quick_one_is_still_found() -> None:
    buses = line(sdm630=(1, SLOW), em340=(7, SLOW))
    buses.modbus("line").faults_of(1).late_s = 0.005
    buses.modbus("line").faults_of(7).late_s = 0.2
    found, _ = scan(buses, units=range(1, 12))
    assert [finding.address for finding in found.findings] == [1, 7]
    assert found.findings[1].reply_s == pytest.approx(0.2)


def test_what_was_not_given_all_the_time_is_said() -> None:
    buses = line(sdm630=(1, SLOW))
    buses.modbus("line").faults_of(1).late_s = 0.01
    found, _ = scan(buses, units=range(1, 100))
    assert any("were given 0.05 s to answer; name fewer for more time" in note for note in found.notes)


def test_nothing_is_written() -> None:
    class Proud(MapMeter):
        def write(self, table: object, address: int, values: list[int]) -> None:
            pytest.fail(f"{values} written to {address} of {table}")

    buses = SimulatedBuses(Clock())
    buses.modbus("line").attach(1, Proud(map_named("sdm630"), dict))
    found, _ = scan(buses, units=(1,))
    assert found.findings


LISTENED = {"line": SerialOptions(path="/dev/ttyS2")}


def listen(driver: str, change: Callable[[SmlEmulation], None] = lambda _: None) -> Discovery:
    async def main() -> Discovery:
        buses = SimulatedBuses(Clock())
        options = load_object(PLUGINS.drivers[driver].options)()
        part = SmlEmulation(Measured(outlet=Plant().outlet(1)), options)
        change(part)
        buses.serial("line").join(part)
        return await discover(LISTENED, buses, PLUGINS)

    return run_virtual(main())


@pytest.mark.parametrize(("driver", "sign"), [("meters.emh-ehz", b"EMH"), ("meters.easymeter-q3", b"ESY")])
def test_a_meter_that_pushes_is_found_by_listening(driver: str, sign: bytes) -> None:
    def named(part: SmlEmulation) -> None:
        part.maker = sign

    found = listen(driver, named)
    [finding] = found.findings
    assert [candidate.driver for candidate in finding.candidates] == [driver]
    assert finding.candidates[0].evidence.certainty is Certainty.CERTAIN
    board = parse_board(f'schema = 1\nname = "found"\n{found.toml()}', file="proposal.toml", plugins=PLUGINS)
    [device] = board.devices.values()
    assert device.driver.name == driver
    assert device.options.server_id.startswith("0a01")  # type: ignore[attr-defined]  # options of an SML meter


def test_a_meter_that_names_nobody_is_ambiguous_and_one_of_another_make_is_not_ours() -> None:
    def nameless(part: SmlEmulation) -> None:
        part.maker = b""

    found = listen("meters.emh-ehz", nameless)
    assert found.findings[0].ambiguous
    assert {candidate.driver for candidate in found.findings[0].candidates} == {"meters.emh-ehz", "meters.easymeter-q3"}

    def foreign(part: SmlEmulation) -> None:
        part.maker = b"ISK"

    assert listen("meters.emh-ehz", foreign).findings == ()


def test_a_line_on_which_only_noise_comes_finds_nothing() -> None:
    def noisy(part: SmlEmulation) -> None:
        part.damage = lambda frame: frame[:50]

    assert listen("meters.emh-ehz", noisy).findings == ()
