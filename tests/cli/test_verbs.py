"""What each verb prints and how it ends."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cc613hal.bus.trace import parse_frame
from cc613hal.cli.exit_codes import ExitCode
from cc613hal.cli.main import VERBS

WRONG = """
schema = 1
name = "wrong"
[bus.i2c0]
type = "i2c"
pth = "/dev/i2c-1"
[device.t]
driver = "sensors.lm57"
bus = "i2c9"
"""


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_explains_itself_with_an_example_and_exit_codes(cc613hal, verb):
    outcome = cc613hal(verb, "--help")
    assert outcome.status == ExitCode.OK
    assert f"example:\n  cc613hal {verb}" in outcome.out
    assert "130 interrupted" in outcome.out


def test_no_verb_is_wrong_usage(cc613hal):
    assert cc613hal().status == ExitCode.USAGE
    assert cc613hal("fly").status == ExitCode.USAGE


def test_list_shows_drivers_boards_and_capabilities(cc613hal, monkeypatch):
    monkeypatch.setenv("CC613HAL_PLUGINS", "bender,meters")
    outcome = cc613hal("list", "--json")
    assert outcome.status == ExitCode.OK
    assert "meters.sdm630" in {driver["name"] for driver in outcome.data["drivers"]}
    assert "bender.cc613" in {board["name"] for board in outcome.data["boards"]}
    contactor = next(item for item in outcome.data["capabilities"] if item["name"] == "Contactor")
    assert "bender.contactor" in contactor["drivers"]
    assert "bender.cc613" in cc613hal("list", "boards").out


def test_list_shows_broken_plugins_and_the_rest(cc613hal, monkeypatch):
    monkeypatch.setenv("CC613HAL_PLUGINS", "bender,nosuch")
    outcome = cc613hal("list")
    assert outcome.status == ExitCode.PLUGIN
    assert "nosuch" in outcome.out
    assert "bender.contactor" in outcome.out


def test_check_tells_every_mistake_with_its_line(cc613hal, tmp_path):
    file = tmp_path / "wrong.toml"
    file.write_text(WRONG)
    outcome = cc613hal("check", str(file))
    assert outcome.status == ExitCode.USAGE
    assert f"{file}:6:" in outcome.err
    assert "sensors.lm75" in outcome.err, "did you mean"
    assert len(cc613hal("check", str(file), "--json").data["problems"]) >= 2


def test_check_praises_a_good_board(cc613hal):
    outcome = cc613hal("check", "bender.cc613", "--json")
    assert outcome.status == ExitCode.OK
    assert "meter1" in outcome.data["devices"]


def test_a_wrong_board_file_is_told_by_every_verb_without_traceback(cc613hal, tmp_path):
    file = tmp_path / "wrong.toml"
    file.write_text(WRONG)
    outcome = cc613hal("read", "--board", str(file), "--sim")
    assert outcome.status == ExitCode.USAGE
    assert "Traceback" not in outcome.err
    assert "sensors.lm57" in outcome.err


def test_no_board_says_how_to_name_one(cc613hal):
    outcome = cc613hal("read")
    assert outcome.status == ExitCode.USAGE
    assert "--board" in outcome.err


def test_info_shows_devices_health_buses_and_statistics(cc613hal):
    outcome = cc613hal("info", "--json", sim=True)
    assert outcome.status == ExitCode.OK
    assert {row["health"] for row in outcome.data["devices"]} == {"ok"}
    assert next(row for row in outcome.data["buses"] if row["bus"] == "meter")["transfers"] > 0
    assert "contactor1" in cc613hal("info", sim=True).out


def test_read_tells_values_with_units_and_how_long_they_took(cc613hal):
    outcome = cc613hal("read", "meter1", "temp-internal", sim=True)
    assert outcome.status == ExitCode.OK
    assert "temperature 25 °C" in outcome.out
    assert "voltage 230/230/230 V" in outcome.out
    assert " ms " in outcome.out


def test_read_as_json_keeps_energy_exact(cc613hal):
    answers = {answer["question"]: answer for answer in cc613hal("read", "meter1", "--json", sim=True).data}
    assert isinstance(answers["read_energy"]["value"]["imported"]["wh"], str)
    assert answers["read_energy"]["error"] is None


def test_reading_an_unknown_device_names_those_there_are(cc613hal):
    outcome = cc613hal("read", "meter9", sim=True)
    assert outcome.status == ExitCode.USAGE
    assert "meter1" in outcome.err


def test_a_board_in_the_place_of_a_device_is_told_where_it_belongs(cc613hal):
    outcome = cc613hal("read", "bender.cc613", sim=True)
    assert outcome.status == ExitCode.USAGE
    assert "--board bender.cc613" in outcome.err


def test_a_reading_that_knows_nothing_yet_says_so(cc613hal):
    assert "nothing is known yet" in cc613hal("read", "bay", sim=True).out


def test_watch_writes_csv_to_standard_output_where_no_file_is_named(cc613hal):
    outcome = cc613hal("watch", "temp-internal", "--count", "1", "--interval", "0.01", "--csv", sim=True)
    rows = list(csv.DictReader(io.StringIO(outcome.out)))
    assert {"device": "temp-internal", "quantity": "temperature_c", "value": "25.0"}.items() <= rows[0].items()


def test_a_device_is_not_taken_for_the_file_of_csv(cc613hal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = cc613hal("watch", "--count", "1", "--csv", "meter1", sim=True)
    assert outcome.status == ExitCode.USAGE
    assert "watch meter1 --csv" in outcome.err
    assert not list(tmp_path.iterdir())


def test_watch_writes_csv_that_can_be_read_again(cc613hal, tmp_path):
    file = tmp_path / "log.csv"
    assert cc613hal("watch", "temp-internal", "--count", "2", "--interval", "0.01", "--csv", str(file), sim=True).status == ExitCode.OK
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    temperatures = [row for row in rows if row["quantity"] == "temperature_c"]
    assert [float(row["value"]) for row in temperatures] == [25.0, 25.0]


def test_watch_prints_json_lines(cc613hal):
    outcome = cc613hal("watch", "supply", "--count", "1", "--json", sim=True)
    assert json.loads(outcome.out.splitlines()[0])["device"] == "supply"


def test_trace_prints_real_frames_in_the_replay_format(cc613hal):
    outcome = cc613hal("trace", "meter1", "--bus", "meter", "--json", sim=True)
    frames = [parse_frame(line) for line in outcome.out.splitlines()]
    assert frames[0].data.startswith(b"\x01\x04")
    assert {frame.direction for frame in frames} == {">", "<"}
    assert cc613hal("trace", "--bus", "nope", sim=True).status == ExitCode.USAGE


def test_record_and_replay_agree(cc613hal, tmp_path):
    file = tmp_path / "bench.trace"
    recorded = cc613hal("record", str(file), sim=True)
    assert recorded.status == ExitCode.OK
    assert "frames" in recorded.out
    replayed = cc613hal("replay", str(file), "--board", "bender.cc613")
    assert replayed.status == ExitCode.OK, replayed.err
    assert "temperature 25 °C" in replayed.out


def test_replay_complains_where_something_else_is_asked(cc613hal, tmp_path):
    file = tmp_path / "bench.trace"
    cc613hal("record", str(file), sim=True)
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if json.loads(line)["bus"] != "i2c0"))
    assert cc613hal("replay", str(file), "--board", "bender.cc613").status != ExitCode.OK


def test_hardware_test_writes_junit_and_record(cc613hal, tmp_path):
    junit, record = tmp_path / "test.xml", tmp_path / "test.json"
    outcome = cc613hal("test", "--active", "--yes", "--junit", str(junit), "--record", str(record), "--serial-number", "0042", sim=True)
    assert outcome.status == ExitCode.OK, outcome.out
    suite = ET.parse(junit).getroot()[0]
    assert suite.get("failures") == "0"
    assert any(case.get("name") == "lock and unlock" for case in suite)
    data = json.loads(record.read_text())
    assert data["unit"] == "0042"
    assert data["simulated"] is True
    assert {check["outcome"] for check in data["checks"]} == {"passed"}


def test_hardware_test_without_active_moves_nothing_and_says_so(cc613hal):
    checks = cc613hal("test", "lock1", "--json", sim=True).data["checks"]
    assert {"device": "lock1", "name": "lock and unlock", "outcome": "skipped", "detail": "needs --active", "took_s": 0.0} in checks


def test_scan_proposes_text_and_writes_nothing(cc613hal, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = cc613hal("scan", sim=True)
    assert outcome.status == ExitCode.OK
    assert 'driver = "sensors.lm75"' in outcome.out
    assert list(tmp_path.iterdir()) == []


def test_schema_is_a_json_schema_with_the_installed_drivers(cc613hal):
    schema = cc613hal("schema").data
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "meters.sdm630" in json.dumps(schema)


def test_diag_bundle_holds_what_helps_and_no_cards(cc613hal, tmp_path):
    file = tmp_path / "help.zip"
    assert cc613hal("diag", "--output", str(file), sim=True).status == ExitCode.OK
    with zipfile.ZipFile(file) as bundle:
        names = set(bundle.namelist())
        frames = [parse_frame(line) for line in bundle.read("trace.jsonl").decode().splitlines()]
    assert names == {"versions.json", "plugins.json", "board.json", "info.json", "readings.json", "trace.jsonl"}
    assert all(frame.data == b"" for frame in frames if frame.bus == "reader")
    assert any(frame.data for frame in frames if frame.bus == "i2c0")


def test_diag_hides_what_sounds_secret():
    from cc613hal.cli.diag import HIDDEN, redact

    assert redact({"apn": {"user": "x", "password": "y"}, "keys": ["a"], "private_key": "z", "pin": "1"}) == {
        "apn": {"user": "x", "password": HIDDEN},
        "keys": ["a"],
        "private_key": HIDDEN,
        "pin": HIDDEN,
    }


def test_doctor_tells_what_is_missing_and_the_next_step(cc613hal, tmp_path):
    board = tmp_path / "b.toml"
    board.write_text(f'schema = 1\nname = "b"\n[bus.line]\ntype = "serial"\npath = "{tmp_path}/ttyNONE"\n')
    outcome = cc613hal("doctor", "--board", str(board), "--json")
    assert outcome.status == ExitCode.FAILED
    finding = next(item for item in outcome.data if item["what"] == "bus line")
    assert finding["state"] == "missing"
    assert "correct the path" in finding["next_step"]


def test_doctor_is_content_with_what_is_there(cc613hal, tmp_path):
    node = tmp_path / "ttyHERE"
    node.touch()
    board = tmp_path / "b.toml"
    board.write_text(f'schema = 1\nname = "b"\n[bus.line]\ntype = "serial"\npath = "{node}"\n')
    outcome = cc613hal("doctor", "--board", str(board), "--json")
    assert next(item for item in outcome.data if item["what"] == "bus line")["state"] == "ok"


def test_shell_runs_code_with_the_board(cc613hal):
    outcome = cc613hal("shell", "-c", "print(board.get(EnergyMeter).read_energy().imported.kwh)", sim=True)
    assert outcome.status == ExitCode.OK
    assert outcome.out.strip() == "0.000"


def test_sim_refuses_what_no_other_program_could_open(cc613hal):
    outcome = cc613hal("sim", "--driver", "sensors.lm75")
    assert outcome.status == ExitCode.USAGE
    assert "serial, Modbus and HTTP" in outcome.err


def test_a_file_that_cannot_be_written_is_told_in_one_line(cc613hal):
    outcome = cc613hal("watch", "supply", "--count", "1", "--csv", "/nonexistent/log.csv", sim=True)
    assert outcome.status == ExitCode.OUTPUT
    assert "Traceback" not in outcome.err
    assert "check the path" in outcome.err


def test_a_full_disk_is_told_in_one_line(cc613hal):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    outcome = cc613hal("watch", "supply", "--count", "1", "--csv", "/dev/full", sim=True)
    assert outcome.status == ExitCode.OUTPUT
    assert "free some space" in outcome.err


def test_debug_shows_the_traceback(cc613hal):
    from cc613hal.errors import ConfigError

    with pytest.raises(ConfigError):
        cc613hal("--debug", "read")
