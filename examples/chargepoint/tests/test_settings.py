"""Settings: one table, layers that say who set what, every mistake at once, every change on record."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613_chargepoint.app import StationSettings
from cc613_chargepoint.cli import main
from cc613_chargepoint.domain.fault import FaultName
from cc613_chargepoint.domain.role import Role
from cc613_chargepoint.evse.heat import ClimateMode, HeatSettings
from cc613_chargepoint.evse.household import HouseholdSettings
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.surroundings import BreakerInput, SurroundingsSettings
from cc613_chargepoint.settings import RESET, TABLE, Actor, InvalidValue, Kind, Layer, Parameter, Settings, SettingsRefused, Value, table
from cc613_chargepoint.settings.page import settings_page
from cc613_chargepoint.settings.parameter import Group
from cc613_chargepoint.settings.surroundings_rows import POINT
from cc613_chargepoint.store import Store
from cc613hal.clock import Clock, run_virtual

MAKER = Actor(name="maker", role=Role.MANUFACTURER)
OPERATOR = Actor(name="ops", role=Role.OPERATOR)


def settings() -> Settings:
    return Settings({}, None, Clock())


def changed(settings: Settings, values: dict, actor: Actor = MAKER, layer: Layer = Layer.OPERATOR, *, texts: bool = False):
    return run_virtual(settings.set(values, actor=actor, layer=layer, texts=texts))


class TestTable:
    @pytest.mark.parametrize("each", list(TABLE.values()), ids=lambda each: each.key)
    def test_every_parameter_accepts_its_default_and_says_what_it_is(self, each: Parameter) -> None:
        assert each.check(each.default) == each.default
        assert each.parse(each.text(each.default)) == each.default
        assert each.key.startswith(each.group.value + ".")
        assert all((each.en, each.de))
        assert each.en != each.de
        assert each.unit == "" or each.kind in {Kind.INT, Kind.FLOAT}

    def test_factory_values_contradict_nothing(self) -> None:
        assert [rule(settings().plain()) for rule in table.RULES] == [None] * len(table.RULES)

    def test_every_figure_of_a_connector_is_a_parameter_with_the_same_default(self) -> None:
        of_table = StationSettings.of(settings())
        assert of_table.connector == ConnectorSettings()
        keys = {key.partition(".")[2] for key in TABLE if key.startswith("connector.")}
        keys |= {"sample_s", "meter_lost_s", "meter_lost_policy", "meter_behind_rcd"}
        assert {each.name for each in attrs.fields(ConnectorSettings)} == keys

    def test_heat_surroundings_and_household_behave_as_the_table_says(self) -> None:
        of_table = StationSettings.of(settings())
        assert (of_table.heat, of_table.surroundings, of_table.household) == (HeatSettings(), SurroundingsSettings(), HouseholdSettings())

    def test_what_the_table_says_of_the_surroundings_reaches_the_rooms(self) -> None:
        made = settings()
        values = {
            "heat.curve": "40:16,50:10,60:0",
            "heat.external_sensors": "temp-ambient",
            "heat.external_reduce_c": "35",
            "heat.external_stop_c": "45",
            "heat.climate": "fan",
            "heat.upper_c": "38",
            "surroundings.inputs": "input1=rcd-tripped,earth=earth-missing@2",
            "surroundings.tilt_until_reboot": "on",
            "household.enabled": "off",
            "household.idle_s": "600",
        }
        changed(made, values, texts=True)
        of_table = StationSettings.of(made)
        assert of_table.heat.default_curve.points == ((40.0, 16.0), (50.0, 10.0), (60.0, 0.0))
        assert of_table.heat.curves["temp-ambient"].points == ((35.0, 16.0), (45.0, 6.0), (45.1, 0.0))
        assert (of_table.heat.climate, of_table.heat.upper_c) == (ClimateMode.FAN, 38.0)
        assert of_table.surroundings.tilt_until_reboot
        assert of_table.surroundings.breaker_inputs == {
            "input1": BreakerInput(fault=FaultName.RCD_TRIPPED),
            "earth": BreakerInput(fault=FaultName.EARTH_MISSING, connector=2),
        }
        assert (of_table.household.enabled, of_table.household.idle_s) == (False, 600.0)

    def test_the_page_has_every_key(self) -> None:
        page = settings_page()
        assert all(f"`{key}`" in page for key in TABLE)


class TestValues:
    @pytest.mark.parametrize(
        ("key", "text"),
        [
            ("installation.current_a", "5.9"), ("installation.current_a", "nan"), ("installation.current_a", "inf"),
            ("installation.current_a", "much"), ("installation.current_a", ""), ("store.session_days", "1.5"),
            ("connector.wake_up", "maybe"), ("authorization.mode", "everybody"), ("authorization.cards", "AB CD"),
            ("authorization.cards", "A" * 37), ("status.http_port", "65536"),
        ],
    )  # fmt: skip
    def test_what_it_cannot_be_is_refused_and_changes_nothing(self, key: str, text: str) -> None:
        made = settings()
        before = made.plain()
        with pytest.raises(SettingsRefused, match=key):
            changed(made, {key: text}, texts=True)
        assert made.plain() == before

    @pytest.mark.parametrize("value", ["16", True, None, [16.0], float("nan")])
    def test_json_of_another_type_is_refused(self, value: object) -> None:
        with pytest.raises(SettingsRefused):
            changed(settings(), {"installation.current_a": value})

    def test_every_mistake_is_told_at_once(self) -> None:
        with pytest.raises(SettingsRefused) as refused:
            changed(settings(), {"installation.curent_a": 16, "connector.plug_in_s": -1.0, "connector.wake_up": 3})
        assert [key for key, _ in refused.value.mistakes] == ["installation.curent_a", "connector.plug_in_s", "connector.wake_up"]
        assert "did you mean installation.current_a" in str(refused.value)

    def test_contradictions_between_values_are_refused(self) -> None:
        with pytest.raises(SettingsRefused, match="nobody could charge"):
            changed(settings(), {"authorization.mode": "list"})
        changed(settings(), {"authorization.mode": "list", "authorization.cards": ["AB"]})

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"heat.reduce_c": "80"}, "heat.reduce_c must be lower than heat.stop_c"),
            ({"heat.external_reduce_c": "75"}, "heat.external_reduce_c must be lower"),
            ({"heat.reduce_to_a": "20"}, "heat.reduce_to_a is more than"),
            ({"heat.curve": "60:6,70:16"}, "heat.curve: temperatures must rise"),
            ({"heat.curve": "60:16,60:6"}, "heat.curve: temperatures must rise"),
            ({"heat.external_curve": "70:16,60:6"}, "heat.external_curve: temperatures must rise"),
            ({"heat.lower_c": "42"}, "heater and fan would work against each other"),
            ({"surroundings.inputs": "in=rcd-tripped,in=mcb-type2"}, "can watch one thing only"),
        ],
    )
    def test_contradictions_of_the_surroundings_are_refused_with_the_keys_that_contradict(self, values: dict, words: str) -> None:
        made = settings()
        with pytest.raises(SettingsRefused, match=words):
            changed(made, values, texts=True)
        StationSettings.of(made)

    @given(st.lists(st.from_regex(POINT, fullmatch=True), min_size=1, max_size=6))
    def test_a_curve_that_is_accepted_can_be_used(self, points: list[str]) -> None:
        made = settings()
        try:
            changed(made, {"heat.curve": points})
        except SettingsRefused:
            return
        curve = StationSettings.of(made).heat.default_curve
        assert curve.allowed_a(1000.0) == curve.points[-1][1]

    def test_a_secret_is_never_shown_in_a_refusal(self) -> None:
        secret = Parameter(key="status.key", kind=Kind.TEXT, default="", maximum=4, group=Group.STATUS, en="a", de="b", secret=True)
        with pytest.raises(InvalidValue) as refused:
            secret.check("hunter2")
        assert "hunter2" not in str(refused.value)

    @pytest.mark.parametrize("text", ["", "1.6,1.6,2.0.1", "1.5"])
    def test_a_list_has_as_many_entries_as_it_may(self, text: str) -> None:
        with pytest.raises(InvalidValue):
            TABLE["ocpp.versions"].parse(text)

    @pytest.mark.parametrize("text", ["", "Berlin", "Europe", "europe/", "/etc/localtime", "../UTC", "Europe/../UTC", "CEST+1:x", "A" * 65])
    def test_a_time_zone_is_one_that_exists(self, text: str) -> None:
        with pytest.raises(InvalidValue):
            TABLE["ocpp.time_zone"].parse(text)

    @given(st.data())
    def test_text_of_a_value_is_read_back(self, data: st.DataObject) -> None:
        each = data.draw(st.sampled_from(list(TABLE.values())))
        match each.kind:
            case Kind.BOOL:
                value = data.draw(st.booleans())
            case Kind.INT:
                value = data.draw(st.integers(int(each.minimum), int(each.maximum)))
            case Kind.FLOAT:
                value = data.draw(st.floats(each.minimum, each.maximum))
            case Kind.CHOICE:
                value = data.draw(st.sampled_from(each.choices))
            case Kind.TEXT if each.holds is not None:
                zones = ("UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+3")
                value = data.draw(st.sampled_from({"ocpp.soap_host": ("", "127.0.0.1", "::1", "wwan0")}.get(each.key, zones)))
            case Kind.TEXT if each.pattern:
                most = each.maximum or 36
                fits = st.from_regex(each.pattern, fullmatch=True).filter(lambda text: text.isascii() and text.isprintable())
                value = data.draw(fits.filter(lambda text: text == text.strip() and len(text) <= most))
            case Kind.TEXT:
                value = data.draw(st.text("ABCdef019", min_size=int(each.minimum or 0), max_size=int(each.maximum or 36)))
            case Kind.LIST:
                entries = st.from_regex(each.pattern, fullmatch=True).filter(lambda text: text.isascii())
                value = tuple(data.draw(st.lists(entries, min_size=int(each.minimum or 0), max_size=int(min(4, each.maximum or 4)))))
        assert each.parse(each.text(value)) == value
        assert each.check(each.json(value)) == value


class TestSoap:
    def test_an_address_of_soap_is_one_of_the_central_system(self) -> None:
        made = settings()
        changed(made, {"ocpp.url": "https://central.example/soap", "ocpp.soap_version": "1.5", "ocpp.soap_port": "8080"}, texts=True)
        assert made.value("ocpp.soap_version").value == "1.5"
        for text in ("ftp://central.example/", "http://", "http://user:secret@central.example/", "http://central.example/#here"):
            for key in ("ocpp.url", "ocpp.soap_callback_url"):
                with pytest.raises(SettingsRefused, match=key):
                    changed(made, {key: text})
        with pytest.raises(SettingsRefused, match=r"ocpp\.url"):
            changed(made, {"ocpp.url": "wss://user:secret@central.example/"})  # a password is a setting of its own

    @pytest.mark.parametrize(
        ("more", "mistake"),
        [
            ({"ocpp.versions": ["2.0.1"]}, "ocpp.versions lacks 1.6"),
            ({"status.http_port": 9016}, "ocpp.soap_port and status.http_port are the same port"),
            ({"ocpp.soap_client_ca": "/etc/roots.pem"}, "ocpp.soap_client_ca keeps nobody out without TLS"),
            ({"pairing.role": "master", "pairing.port": 9016}, "ocpp.soap_port and pairing.port are the same port"),
        ],
    )
    def test_what_cannot_go_with_it_is_refused_and_goes_with_a_websocket(self, more: dict, mistake: str) -> None:
        with pytest.raises(SettingsRefused, match=mistake):
            changed(settings(), {"ocpp.url": "http://central.example/", **more})
        changed(settings(), {"ocpp.url": "ws://central.example/", **more})

    @pytest.mark.parametrize("place", ["", "127.0.0.1", "0.0.0.0", "::1", "2001:db8::17", "eth0", "br-lan.7", "ppp0"])
    def test_it_listens_at_an_address_or_an_interface(self, place: str) -> None:
        made = settings()
        changed(made, {"ocpp.soap_host": place}, texts=True)
        assert made.value("ocpp.soap_host").value == place

    @pytest.mark.parametrize("place", ["localhost:80", "127.0.0", "300.1.1.1", "a-name-of-16-char", "1eth", "::g", "station.example/x"])
    def test_anything_else_is_no_place_to_listen(self, place: str) -> None:
        with pytest.raises(SettingsRefused, match=r"ocpp\.soap_host"):
            changed(settings(), {"ocpp.soap_host": place}, texts=True)


class TestLayers:
    def test_the_strongest_layer_wins_and_is_named(self) -> None:
        made = settings()
        assert made.value("installation.current_a") == Value(16.0, Layer.FACTORY)
        for layer, value in ((Layer.OEM, 20.0), (Layer.BACKEND, 10.0), (Layer.OPERATOR, 32.0)):
            changed(made, {"installation.current_a": value}, layer=layer)
        assert made.value("installation.current_a") == Value(10.0, Layer.BACKEND)
        changed(made, {"installation.current_a": RESET}, layer=Layer.BACKEND)
        assert made.value("Installation.Current_A") == Value(32.0, Layer.OPERATOR)
        changed(made, {"installation.current_a": RESET})
        assert made.value("installation.current_a") == Value(20.0, Layer.OEM)

    def test_a_change_that_a_stronger_layer_hides_is_no_change_in_effect(self) -> None:
        made = settings()
        heard = []
        made.changes.on(heard.append)
        changed(made, {"connector.wake_after_s": 20.0}, layer=Layer.BACKEND)
        changed(made, {"connector.wake_after_s": 40.0})
        assert [(each.values, each.restart) for each in heard] == [({"connector.wake_after_s": 20.0}, ("connector.wake_after_s",))]

    def test_roles_change_what_they_may(self) -> None:
        made = settings()
        changed(made, {"installation.operator_current_a": 10.0}, OPERATOR)
        with pytest.raises(SettingsRefused, match="operator may not"):
            changed(made, {"installation.current_a": 32.0}, OPERATOR)
        with pytest.raises(SettingsRefused, match="oem"):
            changed(made, {"installation.operator_current_a": 10.0}, OPERATOR, Layer.OEM)
        with pytest.raises(SettingsRefused, match="factory"):
            changed(made, {"installation.current_a": 32.0}, layer=Layer.FACTORY)

    def test_roles_see_what_they_may(self) -> None:
        assert "authorization.cards" not in settings().all(Role.USER)
        assert "authorization.cards" in settings().all(Role.OPERATOR)

    def test_export_goes_in_again_and_gives_the_same(self) -> None:
        made = settings()
        changed(made, {"authorization.cards": ["AB", "CD"], "authorization.mode": "list"})
        changed(made, {"connector.simplified_pilot_a": 10.0, "connector.wake_up": False}, layer=Layer.OEM)
        other = settings()
        run_virtual(other.apply({Layer(name): values for name, values in made.exported().items()}, actor=MAKER))
        assert other.exported() == made.exported()
        assert other.all() == made.all()


async def test_changes_are_on_the_disk_with_who_made_them(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "s.db") as store:
        made = await Settings.load(store, Clock())
        await made.set({"installation.operator_current_a": 10.0}, actor=OPERATOR)
        await made.set({"installation.operator_current_a": 10.0}, actor=OPERATOR)
        await made.set({"installation.operator_current_a": RESET}, actor=MAKER)
        await made.set({"connector.wake_up": False}, actor=MAKER, layer=Layer.OEM)
        with pytest.raises(SettingsRefused):
            await made.set({"connector.wake_up": True, "nonsense": 1}, actor=MAKER)
        again = await Settings.load(store, Clock())
        assert again.all() == made.all()
        assert again.value("connector.wake_up") == Value(False, Layer.OEM)
        entries = [
            (each.actor, each.action, each.subject, each.before, each.after) for each in await store.read(lambda tx: tx.audit.recent())
        ]
        assert entries == [
            ("maker", "set", "oem:connector.wake_up", None, "false"),
            ("maker", "reset", "operator:installation.operator_current_a", "10", None),
            ("ops", "set", "operator:installation.operator_current_a", None, "10"),
        ]


async def test_stored_values_that_no_longer_fit_are_left_out_and_named(tmp_path: Path) -> None:
    async with await Store.open(tmp_path / "s.db") as store:
        await store.write(lambda tx: (tx.settings.put("operator", "gone.key", 1), tx.settings.put("oem", "installation.current_a", 9999)))
        made = await Settings.load(store, Clock())
        assert made.value("installation.current_a") == Value(16.0, Layer.FACTORY)
        assert len(made.ignored) == 2
        assert "gone.key" in " ".join(made.ignored)


class TestCommandLine:
    def config(self, data: Path, *words: str) -> int:
        return main(["config", words[0], "--data", str(data), *words[1:]])

    def test_set_get_list(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.config(tmp_path, "set", "installation.current_a=32", "store.sample_days=80") == 0
        assert "next start: store.sample_days" in capsys.readouterr().out
        assert self.config(tmp_path, "get", "installation.current_a", "--json") == 0
        assert json.loads(capsys.readouterr().out) == {"key": "installation.current_a", "value": 32.0, "layer": "operator", "unit": "A"}
        assert self.config(tmp_path, "list", "installation") == 0
        out = capsys.readouterr().out
        assert "installation.current_a = 32 A  [operator]" in out
        assert "connector." not in out
        assert self.config(tmp_path, "set", "installation.current_a=") == 0
        assert "installation.current_a = 16 A  [factory]" in capsys.readouterr().out

    def test_export_import_diff(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        here, there, file = tmp_path / "a", tmp_path / "b", tmp_path / "settings.json"
        assert self.config(here, "set", "authorization.mode=list", "authorization.cards=AB,CD") == 0
        assert self.config(here, "set", "--layer", "oem", "connector.wake_up=off") == 0
        capsys.readouterr()
        assert self.config(here, "export") == 0
        file.write_text(capsys.readouterr().out, "utf-8")
        assert self.config(there, "set", "installation.current_a=20") == 0
        capsys.readouterr()
        assert self.config(there, "diff", str(file)) == 0
        assert "+ connector.wake_up = false  [oem]" in capsys.readouterr().out
        assert self.config(there, "import", str(file)) == 0
        assert self.config(there, "set", "installation.current_a=") == 0
        capsys.readouterr()
        assert self.config(there, "export") == 0
        assert json.loads(capsys.readouterr().out) == json.loads(file.read_text("utf-8"))
        assert self.config(there, "diff", str(file)) == 0
        assert capsys.readouterr().out == "the file would change nothing\n"

    @pytest.mark.parametrize(
        "content",
        ["", "[]", "{}", '{"schema": 2, "layers": {}}', '{"schema": 1, "layers": {"factory": {}}}', '{"schema": 1, "layers": {"oem": []}}',
         '{"schema": 1, "layers": {"oem": {"installation.current_a": "32"}}}', '{"schema": 1, "layers": {}, "extra": 1}'],
    )  # fmt: skip
    def test_a_file_that_is_wrong_changes_nothing(self, tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "settings.json"
        file.write_text(content)
        assert self.config(tmp_path, "set", "store.fault_rows=") == 0
        capsys.readouterr()
        assert self.config(tmp_path, "import", str(file)) == 2
        assert "Traceback" not in capsys.readouterr().err
        assert self.config(tmp_path, "export") == 0
        assert json.loads(capsys.readouterr().out)["layers"] == {"oem": {}, "operator": {}, "backend": {}}

    def test_mistakes_are_told_with_what_is_meant(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.config(tmp_path, "set", "instalation.current_a=32", "connector.plug_in_s=x", "nonsense") == 2
        assert "no assignment" in capsys.readouterr().err
        assert self.config(tmp_path, "set", "instalation.current_a=32", "connector.plug_in_s=x") == 2
        error = capsys.readouterr().err
        assert "did you mean installation.current_a" in error
        assert "connector.plug_in_s" in error
        assert self.config(tmp_path, "set", "--role", "operator", "installation.current_a=32") == 2
        assert self.config(tmp_path / "nowhere", "list") == 2
        assert not (tmp_path / "nowhere").exists()


def test_the_command_line_helps_whoever_does_not_know_the_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "set", "--data", str(tmp_path), "hmi.languages=de"]) == 0
    assert main(["config", "get", "--data", str(tmp_path), "zzz"]) == 2
    assert "`config list` shows them all" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["config", "list", "--data", str(tmp_path), "lamps"])
    assert "hmi" in capsys.readouterr().err
    exported = tmp_path / "settings.json"
    assert main(["config", "export", "--data", str(tmp_path)]) == 0
    exported.write_text(capsys.readouterr().out)
    assert main(["config", "diff", "--data", str(tmp_path), str(exported)]) == 0
    assert "would change nothing" in capsys.readouterr().out


def test_without_a_verb_there_is_help_and_a_version_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    told = capsys.readouterr().err
    assert all(verb in told for verb in ("run", "config", "status", "store", "sim"))
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert "cc613hal 0." in capsys.readouterr().out
