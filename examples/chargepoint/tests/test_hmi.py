"""What customers see and hear: lights, texts in their language, sounds, and an HMI that is pulled out and plugged in again."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613_chargepoint.app import StationSettings
from cc613_chargepoint.authorization.policy import AuthorizationSettings, Mode
from cc613_chargepoint.domain.fault import FaultName
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.hmi.condition import TEXT_OF, Condition
from cc613_chargepoint.hmi.lights import PATTERN_OF
from cc613_chargepoint.hmi.panel import HmiSettings
from cc613_chargepoint.hmi.screen import fitted
from cc613_chargepoint.hmi.texts import FIELDS, SOUNDS, WORDS, Texts, own_texts, parse_texts
from cc613_chargepoint.settings import Actor, Settings
from cc613_chargepoint.simulated import CARD, SimulatedStation, simulated_station
from cc613hal.board import parse_board
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import ConfigError
from cc613hal.plugins.manager import Plugins
from cc613hal_hmi.emulated_usb import EmulatedHmi
from cc613hal_hmi.language import status_patterns
from cc613hal_hmi.usb_messages import Kind

BOARD = """
schema = 1
name = "test.hmi"
summary = "a CC613 with an HMI on USB beside its LEDs, and a light on the front"
base = "{base}"

[bus.hmi]
type = "serial"
path = "/dev/ttyACM0"
settings = {{ baud = 115200, parity = "N", stop_bits = 1 }}

[bus.gpio.lines]
FRONT_RED = "gpiochip0:21"
FRONT_GREEN = "gpiochip0:22"
FRONT_BLUE = "gpiochip0:23"

[device.panel]
driver = "hmi.usb"
bus = "hmi"
required = false
{connector}

[device.front]
driver = "bender.front-led"
lines = {{ red = "FRONT_RED", green = "FRONT_GREEN", blue = "FRONT_BLUE" }}
required = false
"""
BENDER = status_patterns("bender")


def board(base: str = "bender.cc613", connector: str = ""):
    return parse_board(BOARD.format(base=base, connector=connector), file="hmi.toml", plugins=Plugins.discover())


def hmi(made: SimulatedStation) -> EmulatedHmi:
    part: EmulatedHmi = made.plant.parts["panel"]
    return part


def said(made: SimulatedStation) -> list[str]:
    return [row.rstrip() for row in hmi(made).rows if row.strip()]


def play(
    story: Callable[[SimulatedStation], Awaitable[None]],
    *,
    base: str = "bender.cc613",
    connector: str = "",
    cards: tuple[str, ...] = (CARD,),
    before=None,
    **settings,
) -> None:
    authorization = AuthorizationSettings(mode=Mode.LIST, cards=cards)

    async def run() -> None:
        all_settings = StationSettings(hmi=HmiSettings(**settings), authorization=authorization)
        async with simulated_station(board(base, connector), all_settings, before=before) as made:
            await story(made)

    run_virtual(run())


class TestWords:
    def test_every_state_has_a_pattern_and_a_text(self) -> None:
        states = {state.value for state in State}
        assert set(PATTERN_OF) == set(TEXT_OF) == states
        assert set(PATTERN_OF.values()) <= set(BENDER)
        assert set(TEXT_OF.values()) | {"rejected"} == set(WORDS)

    @pytest.mark.parametrize("language", ["en", "de"])
    @pytest.mark.parametrize("word", WORDS)
    def test_the_texts_that_come_along_fit_two_rows_of_sixteen(self, language: str, word: str) -> None:
        texts = Texts.built_in()
        values = {**Condition(1, power_w=43_000.0, energy_wh=99_990.0).values(language), "limit": "installation", "fault": "x"}
        lines = texts.lines(language, word, values)
        assert set(texts.languages[language]) == set(WORDS)
        assert len(lines) == 2
        assert all(0 < len(line) <= 16 for line in lines), lines

    def test_every_sound_is_there(self) -> None:
        assert set(Texts.built_in().sounds) == set(SOUNDS)

    def test_a_condition_has_a_value_for_every_field(self) -> None:
        assert set(Condition(1).values("en")) == set(FIELDS)

    @given(st.lists(st.text(max_size=60), max_size=4), st.integers(0, 40), st.integers(0, 6))
    def test_whatever_is_said_fits_the_display(self, lines: list[str], columns: int, rows: int) -> None:
        shown = fitted(lines, columns, rows)
        if columns and rows:
            assert len(shown) <= rows
            assert all(len(line) <= columns for line in shown)
        else:
            assert shown == lines

    def test_a_long_first_line_leaves_room_for_the_ones_after_it(self) -> None:
        assert fitted(["Out of order", "Residual current. Unplug the vehicle."], 16, 4) == [
            "Out of order", "Residual", "current. Unplug", "the vehicle.",
        ]  # fmt: skip
        assert fitted(["a very long line that wraps", "second"], 16, 2) == ["a very long line", "second"]


class TestFilesOfOnesOwn:
    def test_a_text_a_language_and_a_sound_are_laid_over_the_built_in_ones(self, tmp_path: Path) -> None:
        path = tmp_path / "acme.toml"
        path.write_text(
            '[en]\nfree = ["Welcome to Acme"]\n[fr]\nfree = ["Prêt"]\ncharging = ["{energy_kwh} kWh"]\n[sounds]\nfault = [[1, 0, 440]]\n',
            "utf-8",
        )
        texts = own_texts(path)
        values = Condition(1, energy_wh=1234.0).values("fr")
        assert texts.lines("en", "free", values) == ["Welcome to Acme"]
        assert texts.lines("de", "free", values) == ["Bereit", "Karte vorhalten"]
        assert texts.lines("fr", "charging", values) == ["1.23 kWh"]
        assert texts.lines("fr", "finished", values) == ["1.23 kWh", "Please unplug"], "English where it says nothing"
        assert texts.sounds["fault"][0].frequency_hz == 440.0
        assert texts.sounds["accepted"] == Texts.built_in().sounds["accepted"]

    @pytest.mark.parametrize(
        ("text", "because"),
        [
            ("[en]\nfre = ['x']", "did you mean free"),
            ("[en]\nzzzz = ['x']", "there are free"),
            ("[en]\nfree = 'x'", "1 to 4 lines"),
            ("[en]\nfree = []", "1 to 4 lines"),
            ("[en]\nfree = ['{password}']", "cannot stand in braces"),
            ("[en]\nfree = ['{limit.__class__}']", "cannot stand in braces"),
            ("[en]\nfree = ['{limit!r}']", "only a name"),
            ("[en]\nfree = ['{limit:99}']", "only a name"),
            ("[en]\nfree = ['{limit']", "expected '}'"),
            ("[en]\nfree = ['" + "x" * 41 + "']", "more than 40"),
            ("[english]\nfree = ['x']", "no language"),
            ("title = 'x'", "no table"),
            ("[sounds]\nbang = [[1, 1, 440]]", "no such word"),
            ("[sounds]\nfault = [[1, 1, 5]]", "tones of"),
            ("[sounds]\nfault = 7", "tones of"),
            ("[en", "Expected"),
        ],
    )
    def test_what_cannot_be_shown_is_named(self, text: str, because: str) -> None:
        with pytest.raises(ConfigError) as refused:
            parse_texts(text, "acme.toml")
        assert because in refused.value.message
        assert "acme.toml" in refused.value.message

    @given(st.text(max_size=200))
    def test_whatever_a_file_holds_it_is_taken_or_refused(self, text: str) -> None:
        try:
            parse_texts(text, "any")
        except ConfigError:
            pass

    def test_a_file_that_cannot_be_read_costs_its_texts_not_the_charge(self, caplog: pytest.LogCaptureFixture) -> None:
        async def story(made: SimulatedStation) -> None:
            assert said(made) == ["Ready to charge", "Show your card"]
            assert hmi(made).pattern.value == BENDER["free"]
            await made.charge()

        with caplog.at_level(logging.ERROR):
            play(story, texts="/nowhere/texts.toml", lights="/nowhere/lights.toml")
        assert "hmi.texts" in caplog.text
        assert "hmi.lights" in caplog.text

    def test_the_language_of_another_brand_is_spoken(self, tmp_path: Path) -> None:
        path = tmp_path / "acme.toml"
        path.write_text('[en]\nfree = ["Acme"]\n', "utf-8")

        async def story(made: SimulatedStation) -> None:
            assert said(made) == ["Acme"]
            assert hmi(made).pattern.value == status_patterns("generic")["free"]

        play(story, texts=str(path), lights="generic")


class TestCharge:
    def test_a_charge_is_seen_and_heard(self) -> None:
        async def story(made: SimulatedStation) -> None:
            assert said(made) == ["Ready to charge", "Show your card"]
            await made.tap()
            assert said(made) == ["Welcome", "Please plug in"]
            assert len(hmi(made).played) == 1
            assert len(hmi(made).played[0]) == 1
            made.plug()
            await made.until_state(State.CHARGING)
            await made.sleep(600.0)
            first, second = said(made)
            assert first == "Charging"
            assert second == "10.5 kW 1.74kWh"
            assert hmi(made).pattern.value == BENDER["charging"]
            await made.tap()
            assert said(made)[1] == "Please unplug"
            made.unplug()
            await made.until_state(State.AVAILABLE)
            await made.sleep(1.0)
            assert said(made) == ["Ready to charge", "Show your card"]

        play(story)

    def test_a_refused_card_is_shown_for_a_moment_and_heard(self) -> None:
        async def story(made: SimulatedStation) -> None:
            await made.tap("04000000000001", rest_s=0.0)
            assert said(made) == ["Card not", "accepted"]
            assert hmi(made).pattern.value == BENDER["rejected"]
            await made.sleep(4.0)
            assert said(made) == ["Ready to charge", "Show your card"]
            assert hmi(made).pattern.value == BENDER["free"]
            assert [len(each) for each in hmi(made).played] == [3]

        play(story)

    def test_a_fault_is_named_in_the_language_of_the_display_and_shown_on_the_front(self) -> None:
        async def story(made: SimulatedStation) -> None:
            front = status_patterns("bender-front")
            light = made.board.parts["front"].driver
            assert light.shown == front["ready"]
            await made.charge()
            made.outlet.residual_dc_ma.set(30.0)
            await made.until_state(State.FAULTED)
            await made.sleep(2.0)
            assert said(made) == ["Außer Betrieb", "Fehlerstrom. Bitte", "Fahrzeug abstecken."]
            assert FaultName.RESIDUAL_CURRENT.kind.de == "Fehlerstrom. Bitte Fahrzeug abstecken."
            assert hmi(made).pattern.value == BENDER["out-of-order"]
            assert light.shown == front["system-error"]
            assert hmi(made).played[-1][0].on_s == pytest.approx(0.5, abs=0.01)

        play(story, languages=("de",))

    def test_languages_take_turns_and_sounds_can_be_silenced(self) -> None:
        async def story(made: SimulatedStation) -> None:
            seen = set()
            for _ in range(40):
                seen.add(said(made)[0])
                await made.sleep(0.25)
            assert seen == {"Ready to charge", "Bereit"}
            await made.tap()
            assert hmi(made).played == []

        play(story, languages=("en", "de"), sounds=False, rotate_s=2.0)

    def test_a_station_with_two_connectors_shows_them_in_turn_on_one_display(self) -> None:
        async def story(made: SimulatedStation) -> None:
            await made.charge()
            seen = set()
            for _ in range(40):
                seen.add(said(made)[0])
                await made.sleep(0.25)
            assert seen == {"1: Charging", "2: Ready to charge"}
            assert hmi(made).pattern.value == BENDER["charging"]

        play(story, base="bender.cc613-household", rotate_s=2.0)

    def test_a_display_of_a_connector_shows_that_one_alone(self) -> None:
        async def story(made: SimulatedStation) -> None:
            await made.charge()
            for _ in range(20):
                assert said(made) == ["Ready to charge", "Show your card"]
                await made.sleep(0.5)

        play(story, base="bender.cc613-household", connector="connector = 2", rotate_s=2.0)


class TestHotPlug:
    def test_an_hmi_that_is_pulled_out_shows_what_is_true_when_it_is_back(self, caplog: pytest.LogCaptureFixture) -> None:
        async def story(made: SimulatedStation) -> None:
            faults = made.simulation.faults("panel")
            faults.unplug()
            await made.charge()
            assert said(made) == ["Ready to charge", "Show your card"], "it cannot know better"
            faults.plug()
            await made.until(lambda: said(made)[0] == "Charging", 30.0)
            assert hmi(made).pattern.value == BENDER["charging"]
            await made.tap()
            await made.until(lambda: said(made)[-1] == "Please unplug", 10.0)

        play(story)
        assert caplog.text.count("the text cannot be changed") == 1, "told once, not with every change"

    def test_one_that_is_plugged_in_long_after_the_start_is_served(self) -> None:
        async def story(made: SimulatedStation) -> None:
            assert hmi(made).commands == []
            await made.charge()
            made.simulation.faults("panel").plug()
            await made.until(lambda: Kind.TEXT in hmi(made).commands and said(made)[0] == "Charging", 60.0)
            assert hmi(made).pattern.value == BENDER["charging"]

        play(story, before=lambda simulation: simulation.faults("panel").unplug())


async def test_settings_change_what_a_running_station_says() -> None:
    settings = Settings({}, None, Clock())
    assert HmiSettings.of(settings) == HmiSettings()
    await settings.set({"hmi.languages": ("de", "en"), "hmi.sounds": False}, actor=Actor(name="test", role=Role.OPERATOR))
    assert HmiSettings.of(settings) == HmiSettings(languages=("de", "en"), sounds=False)


def test_a_running_station_obeys() -> None:
    async def story(made: SimulatedStation) -> None:
        made.station.obey(StationSettings(hmi=HmiSettings(languages=("de",), sounds=False)))
        await made.sleep(0.5)
        assert said(made) == ["Bereit", "Karte vorhalten"]
        await made.tap()
        assert hmi(made).played == []

    play(story)
