"""What is said about a simulated station: words, scripts, and the world that follows them."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613_chargepoint.cli import main
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.facade import Refused
from cc613_chargepoint.facade.codec import packed, unpacked_command
from cc613_chargepoint.simulated import SimulatedStation, simulated_station
from cc613_chargepoint.simulating.actions import ACTIONS, FAULTS, Break, Drive, Look, Note, Park, Plug, Tap, Unplug, Wait, Weather
from cc613_chargepoint.simulating.script import ScriptFailed, duration_s, play, read_script
from cc613_chargepoint.simulating.words import action_of, add_actions
from cc613_chargepoint.simulating.world import World
from cc613hal.clock import run_virtual
from cc613hal.errors import ConfigError


def said(*words: str):
    parser = argparse.ArgumentParser()
    add_actions(parser.add_subparsers(dest="action", required=True))
    given = parser.parse_args(words)
    return action_of(given.action, given)


class TestWords:
    @pytest.mark.parametrize(
        ("words", "action"),
        [
            (("look",), Look()),
            (("park",), Park()),
            (("leave",), Park(leave=True)),
            (("tap",), Tap()),
            (("tap", "01020304", "--hold", "0.5"), Tap(card="01020304", hold_s=0.5)),
            (("plug",), Plug()),
            (("plug", "--cable", "fixed", "--phases", "1", "--connector", "2"), Plug(cable_a=0, phases=1, connector=2)),
            (("plug", "--battery", "5000", "--no-diode", "--asleep"), Plug(battery_wh=5000.0, diode=False, asleep=True)),
            (("unplug", "--force"), Unplug(force=True)),
            (("full",), Drive(wants=False)),
            (("hungry", "--connector", "2"), Drive(wants=True, connector=2)),
            (("fault", "residual-dc", "8"), Break(fault="residual-dc", value=8.0)),
            (("fault", "silent:meter1", "--over"), Break(fault="silent:meter1", over=True)),
            (("weather", "--temperature", "-25", "--place", "relay"), Weather(temperature_c=-25.0, place="relay")),
            (("weather", "--tilt", "30", "--supply", "9.5"), Weather(tilt_deg=30.0, supply_v=9.5)),
            (("wait", "charging", "--within", "90"), Wait(state="charging", within_s=90.0)),
            (("note", "so", "far"), Note(text="so far")),
        ],
    )
    def test_every_action_has_a_word_and_survives_the_socket(self, words: tuple[str, ...], action) -> None:
        assert said(*words) == action
        assert unpacked_command(packed(action), ACTIONS) == action

    def test_the_help_names_every_fault(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["sim", "fault", "--help"])
        told = capsys.readouterr().out
        assert all(word in told for word in FAULTS)

    def test_without_a_simulated_station_it_says_how_to_start_one(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["sim", "plug", "--data", str(tmp_path)]) == 3
        assert "run --sim --by-hand" in capsys.readouterr().err


class TestScripts:
    @given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
    def test_times_are_read_back(self, hours: int, minutes: int, seconds: int) -> None:
        total = hours * 3600 + minutes * 60 + seconds
        assert duration_s(f"{hours}:{minutes:02}:{seconds:02}") == total
        assert duration_s(f"{hours * 60 + minutes}:{seconds}") == total
        assert duration_s(str(total)) == total

    @pytest.mark.parametrize("text", ["", "soon", "1:2:3:4", "-5", "nan", "1e3"])
    def test_what_is_no_time_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="is no time"):
            duration_s(text)

    def test_lines_have_times_comments_and_blanks(self, tmp_path: Path) -> None:
        path = tmp_path / "day.txt"
        path.write_text("# a day\n\n0:05 plug --cable 20  # a thin one\n+1:00:00 unplug\n")
        first, second = read_script(path)
        assert (first.number, first.at_s, first.after, first.action) == (3, 5.0, False, Plug(cable_a=20))
        assert (second.number, second.at_s, second.after, second.action) == (4, 3600.0, True, Unplug())

    def test_every_mistake_is_named_with_its_line(self, tmp_path: Path) -> None:
        path = tmp_path / "day.txt"
        path.write_text("soon plug\n0 plugg\n5 plug --cable 32\n7 plug --cable 99\n9 'tap\n11\n")
        with pytest.raises(ConfigError) as refused:
            read_script(path)
        lines = refused.value.message.splitlines()
        assert [line.split(":")[1] for line in lines] == ["1", "2", "4", "5", "6"]
        assert "sim --help" in (refused.value.hint or "")

    @pytest.mark.parametrize("content", [None, b"\xff\xfe", b"# nothing\n"])
    def test_a_file_that_is_no_script_is_refused(self, tmp_path: Path, content: bytes | None) -> None:
        path = tmp_path / "day.txt"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ConfigError):
            read_script(path)

    def test_a_day_passes_in_seconds_from_the_command_line(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        script = tmp_path / "day.txt"
        script.write_text(
            "0 tap\n+4 plug --battery 2000\n+0 wait charging\n2:00:00 tap\n+0 wait finishing\n+5 unplug\n+0 wait available\n"
            "24:00:00 note over\n"
        )
        assert main(["run", "--sim", "--virtual", "--script", str(script), "--data", str(tmp_path / "data")]) == 0
        told = capsys.readouterr().out
        assert "2000.0 Wh" in told
        assert "86400." in told
        assert main(["run", "--sim", "--virtual", "--for", "0:02", "--data", str(tmp_path / "data")]) == 0, "the data is free again"

    def test_a_line_that_cannot_be_carried_out_ends_it_and_is_named(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        script = tmp_path / "day.txt"
        script.write_text("0 tap\n+4 plug\n+0 wait charging\n+1 unplug\n+1 note never\n")
        assert main(["run", "--sim", "--virtual", "--script", str(script)]) == 2
        out = capsys.readouterr()
        assert f"{script}:4: the plug is locked" in out.err
        assert "never" not in out.out

    @pytest.mark.parametrize(
        ("options", "because"),
        [
            (["--virtual", "--for", "5"], "needs --sim"),
            (["--sim", "--virtual"], "--virtual needs"),
            (["--sim", "--by-hand"], "--by-hand needs --data"),
            (["--sim", "--by-hand", "--once", "--data", "x"], "do not go together"),
            (["--sim", "--script", "nowhere.txt"], "cannot be read"),
        ],
    )
    def test_options_that_do_not_go_together_are_refused(
        self, options: list[str], because: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert main(["run", *options]) == 2
        assert because in capsys.readouterr().err


def play_at(story: Callable[[SimulatedStation, World], Awaitable[None]], board: str = "bender.cc613") -> list[str]:
    told: list[str] = []

    async def run() -> None:
        async with simulated_station(board) as made:
            world = World(made.simulation, lambda number: made.station.connectors[number].state.value, told.append)
            await story(made, world)

    run_virtual(run())
    return told


class TestWorld:
    def test_a_charge(self) -> None:
        async def story(made: SimulatedStation, world: World) -> None:
            await world.do(Park())
            await world.do(Tap())
            await made.sleep(3.0)
            await world.do(Plug(phases=1, max_current_a=10.0))
            await world.do(Wait(state="charging"))
            await made.sleep(5.0)
            assert made.outlet.current_a.value == pytest.approx((10.0, 0.0, 0.0))
            assert "contacts on 3 phases, 10.0 0.0 0.0 A" in await world.do(Look())
            await world.do(Drive(wants=False))
            await world.do(Wait(state="ready"))
            await world.do(Drive(wants=True))
            await world.do(Wait(state="charging"))
            await world.do(Unplug(force=True))
            await world.do(Wait(state="available"))
            await world.do(Park(leave=True))

        told = play_at(story)
        assert told[0] == "a vehicle parks"
        assert told[-1] == "the bay is empty"

    def test_a_household_socket_is_plugged_in_as_well(self) -> None:
        async def story(made: SimulatedStation, world: World) -> None:
            await world.do(Plug(connector=2))
            await world.do(Wait(state="connected", connector=2))
            await world.do(Tap())
            await world.do(Wait(state="charging", connector=2))
            assert made.plant.outlet(2).current_a.value == (10.0, 0.0, 0.0)
            with pytest.raises(Refused, match="taken"):
                await world.do(Plug(connector=2))
            await world.do(Unplug(connector=2))
            await world.do(Wait(state="available", connector=2))
            assert made.plant.outlet(2).current_a.value == (0.0, 0.0, 0.0)

        play_at(story, "bender.cc613-household")

    @pytest.mark.parametrize("fault", FAULTS)
    def test_what_breaks_can_be_mended(self, fault: str) -> None:
        def seen(made: SimulatedStation) -> list:
            names = (
                "welded", "stuck_open", "bolt_blocked", "pilot_shorted", "pe_connected", "residual_dc_ma", "residual_rms_ma", "mains_v",
                "breaker_closed", "rcd_closed", "opener_v",
            )  # fmt: skip
            return [getattr(made.outlet, name).value for name in names]

        async def story(made: SimulatedStation, world: World) -> None:
            sound = seen(made)
            await world.do(Break(fault=fault))
            assert sum(before != after for before, after in zip(sound, seen(made), strict=True)) == 1
            await world.do(Break(fault=fault, over=True))
            assert seen(made) == sound

        play_at(story)

    def test_a_device_falls_silent_and_answers_again(self) -> None:
        async def story(made: SimulatedStation, world: World) -> None:
            for word in ("silent", "unplugged"):
                await world.do(Break(fault=f"{word}:meter1"))
                assert made.simulation.faults("meter1").any
                await world.do(Break(fault=f"{word}:meter1", over=True))
                assert not made.simulation.faults("meter1").any

        play_at(story)

    def test_weather_reaches_the_sensors(self) -> None:
        async def story(made: SimulatedStation, world: World) -> None:
            await world.do(Weather(temperature_c=70.0, place="relay"))
            cabinet = made.plant.cabinet
            assert cabinet.temperature("relay").value == 70.0
            assert cabinet.temperature("internal").value == 25.0
            await world.do(Weather(temperature_c=-10.0, tilt_deg=90.0, supply_v=9.0))
            assert cabinet.temperature("relay").value == cabinet.temperature("internal").value == -10.0
            assert cabinet.gravity_g.value == pytest.approx((1.0, 0.0, 0.0))
            assert cabinet.supply_v.value == 9.0

        play_at(story)

    @pytest.mark.parametrize(
        ("action", "because"),
        [
            (Tap(card="123"), "no identifier"),
            (Tap(hold_s=-1.0), "held for"),
            (Plug(connector=7), "no connector 7"),
            (Plug(cable_a=99), "no cable"),
            (Plug(phases=4), "1 to 3 phases"),
            (Unplug(), "no vehicle"),
            (Drive(wants=True), "no vehicle"),
            (Break(fault="weldet"), "did you mean welded"),
            (Break(fault="phase-lost", value=4.0), "no phase 4"),
            (Break(fault="silent:meter9"), "meter9"),
            (Weather(), "nothing is said"),
            (Weather(temperature_c=1.0, place="moon"), "no 'moon'"),
            (Wait(state="charging", within_s=1.0), "is available, not charging"),
        ],
    )
    def test_what_cannot_be_is_refused_with_a_reason(self, action, because: str) -> None:
        async def story(made: SimulatedStation, world: World) -> None:
            with pytest.raises(Refused, match=because):
                await world.do(action)
            assert made.state is State.AVAILABLE

        assert play_at(story) == []

    def test_a_locked_plug_holds_and_gives_way_to_force(self, tmp_path: Path) -> None:
        script = tmp_path / "s.txt"
        script.write_text("0 tap\n+4 plug\n+0 wait charging\n+1 unplug\n")

        async def story(made: SimulatedStation, world: World) -> None:
            with pytest.raises(ScriptFailed, match=r"s\.txt:4: the plug is locked") as failed:
                await play(read_script(script), world, made.board.clock, str(script))
            assert "--force" in (failed.value.hint or "")
            assert made.state is State.CHARGING
            await world.do(Unplug(force=True))

        play_at(story)
