"""Every mistake is told with its line, the keys that lead there, the reason, and what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from cc613hal.board import check_board, load_board, parse_board
from cc613hal.errors import BoardFileError
from cc613hal.plugins.manager import Plugins

RIGHT = """\
schema = 1
name = "test.board"
[bus.i2c0]
type = "i2c"
path = "/dev/i2c-1"
[bus.gpio]
type = "gpio"
chips = ["/dev/gpiochip0"]
[bus.meter]
type = "modbus-rtu"
path = "/dev/ttyS1"
[bus.reader]
type = "serial"
path = "/dev/ttyS2"
[bus.pwm]
type = "pwm"
path = "/sys/class/pwm/pwmchip0"
channels = { CP1_PWM = 0 }
[device.probe]
driver = "test.probe"
bus = "i2c0"
address = 0x48
[device.k1]
driver = "test.contactor"
lines = { coil = "K1" }
"""
"""What a case adds stands below; its lines are counted from 1."""

ADDED = [
    ('colour = "red"', 1, "device.k1.colour: unknown key", "known are driver"),
    ("conector = 1", 1, "device.k1.conector: unknown key", "did you mean connector?"),
    ('connector = "1"', 1, 'device.k1.connector: must be a whole number, not "1"', ""),
    ("connector = 0", 1, "device.k1.connector: must be 1 or more, not 0", ""),
    ("required = 1", 1, "device.k1.required: must be true or false, not 1", ""),
    ("address = 3", 1, "device.k1.address: a device without a bus has no address", "leave the key out"),
    ('bus = "i2c0"', 1, "device.k1.bus: test.contactor sits on no bus", "it uses lines only"),
    ("options = { a = 1 }", 1, "device.k1.options: test.contactor has no options", ""),
    ('uses = { adc = "probe" }', 1, "device.k1.uses.adc: test.contactor uses no adc", "it uses nothing"),
    ('uses = "probe"', 1, 'device.k1.uses: must be a table of roles, not "probe"', ""),
    ('[device.x]\nbus = "i2c0"', 1, "device.x: the key driver is missing", "bender.contactor"),
    ("[device.x]\ndriver = 5", 2, "device.x.driver: must be a text, not 5", ""),
    ('[device.x]\ndriver = "test.prope"', 2, 'device.x.driver: there is no driver "test.prope" installed', "did you mean test.probe"),
    ('[device.x]\ndriver = "acme.meter"', 2, 'device.x.driver: there is no driver "acme.meter" installed', "pip install cc613hal-acme"),
    ('[device.x]\ndriver = "test.probe"\naddress = 0x49', 1, "device.x: the key bus is missing", "test.probe sits on i2c"),
    ('[device.x]\ndriver = "test.probe"\nbus = "i2c1"\naddress = 1', 3, 'device.x.bus: the board has no bus "i2c1"', "did you mean i2c0?"),
    (
        '[device.x]\ndriver = "test.probe"\nbus = "meter"\nunit = 1',
        3,
        "device.x.bus: test.probe cannot sit on a bus of type modbus-rtu, only on i2c",
        "fitting here: i2c0",
    ),
    ('[device.x]\ndriver = "test.probe"\nbus = "i2c0"', 1, "device.x: the key address is missing", "usual are 0x48, 0x49"),
    (
        '[device.x]\ndriver = "test.probe"\nbus = "i2c0"\naddress = 0x99',
        4,
        "device.x.address: must be 0x03 to 0x77, not 0x99",
        "",
    ),
    (
        '[device.x]\ndriver = "test.probe"\nbus = "i2c0"\nunit = 0x49',
        4,
        "device.x.unit: means nothing on a bus of type i2c",
        "did you mean address?",
    ),
    (
        '[device.x]\ndriver = "test.probe"\nbus = "i2c0"\naddress = 0x48',
        4,
        "device.x.address: 0x48 on bus i2c0 belongs to probe",
        "each device needs its own",
    ),
    ('[device.x]\ndriver = "test.meter"\nbus = "meter"\nunit = 248', 4, "device.x.unit: must be 1 to 247, not 248", ""),
    (
        '[device.x]\ndriver = "test.meter"\nbus = "meter"\nunit = 1\naddress = 2',
        4,
        "device.x.unit: stands beside address; they mean the same",
        "keep unit",
    ),
    (
        '[device.x]\ndriver = "test.reader"\nbus = "reader"\naddress = 2',
        4,
        "device.x.address: a device on the serial bus reader has no address",
        "",
    ),
    (
        '[device.x]\ndriver = "test.reader"\nbus = "reader"\n[device.y]\ndriver = "test.reader"\nbus = "reader"',
        6,
        "device.y.bus: the serial bus reader belongs to x",
        "a serial line has one device",
    ),
    ('[device.x]\ndriver = "test.relay"', 1, "device.x: the line coil is missing: drives the coil", ""),
    (
        '[device.x]\ndriver = "test.relay"\nlines = { coll = "K2" }',
        3,
        "device.x.lines.coll: test.relay has no line coll",
        "did you mean coil?",
    ),
    (
        '[device.x]\ndriver = "test.relay"\nlines = { coil = "K1" }',
        3,
        "device.x.lines.coil: K1 is also coil of k1",
        "an output has one owner",
    ),
    (
        '[device.x]\ndriver = "test.relay"\nlines = { coil = { name = "K2", pull = "upp" } }',
        3,
        "device.x.lines.coil.pull: must be one of",
        "did you mean up?",
    ),
    (
        '[device.x]\ndriver = "test.relay"\nlines = { coil = { activ_low = true } }',
        3,
        "device.x.lines.coil: the key name is missing",
        "a text",
    ),
    (
        '[device.x]\ndriver = "test.relay"\nlines = { coil = { name = "K2", debounce_s = -1 } }',
        3,
        "device.x.lines.coil.debounce_s: must be 0 or more, not -1",
        "",
    ),
    (
        (
            '[device.x]\ndriver = "test.relay"\nlines = { coil = "K2", mirror = "M" }\n'
            '[device.y]\ndriver = "test.relay"\nlines = { coil = "K3", mirror = { name = "M", active_low = true } }'
        ),
        6,
        "device.y.lines.mirror: M is also mirror of x, with other settings",
        "one line has one polarity",
    ),
    (
        '[device.x]\ndriver = "test.dimmer"\nlines = { out = "CP2_PWM" }',
        3,
        'device.x.lines.out: no pwm bus has a channel "CP2_PWM"',
        "did you mean CP1_PWM?",
    ),
    ('[device.x]\ndriver = "test.follower"', 1, "device.x: uses.sensor is missing: what it follows", "TemperatureSensor"),
    (
        '[device.x]\ndriver = "test.follower"\nuses = { sensor = "prope" }',
        3,
        'device.x.uses.sensor: the board has no device "prope"',
        "did you mean probe?",
    ),
    (
        '[device.x]\ndriver = "test.follower"\nuses = { sensor = "k1" }',
        3,
        "device.x.uses.sensor: k1 (test.contactor) is no TemperatureSensor",
        "probe is",
    ),
    (
        (
            '[device.x]\ndriver = "test.follower"\nuses = { sensor = "probe", other = "y" }\n'
            '[device.y]\ndriver = "test.follower"\nuses = { sensor = "probe", other = "x" }'
        ),
        3,
        "device.x.uses.other: the devices use each other in a circle: x → y → x",
        "one of them must come first",
    ),
    (
        '[device.x]\ndriver = "test.probe"\nbus = "i2c0"\naddress = 0x49\noptions = { ofset_k = 1 }',
        5,
        "device.x.options.ofset_k: unknown key",
        "did you mean offset_k?",
    ),
    (
        '[device.x]\ndriver = "test.probe"\nbus = "i2c0"\naddress = 0x49\n[device.x.options]\noffset_k = 11',
        6,
        "device.x.options.offset_k: 'offset_k' must be <= 10",
        "",
    ),
    (
        '[device.x]\ndriver = "test.probe"\nbus = "i2c0"\naddress = 0x49\n[device.x.options]\naverage = true',
        6,
        "device.x.options.average: must be a whole number, not true",
        "",
    ),
    ("[device]\n[device.x.y]\n", 2, "device.x: the key driver is missing", ""),
    ('[device."a b"]\ndriver = "test.probe"', 1, 'device."a b": "a b" is no usable name', "letters, digits"),
    ('[bus.x]\npath = "/dev/x"', 1, "bus.x: the key type is missing", "one of i2c"),
    ('[bus.x]\ntype = "i3c"', 2, 'bus.x.type: there is no bus type "i3c"', "did you mean i2c"),
    ('[bus.x]\ntype = "i2c"', 1, "bus.x: the key path is missing", "a text"),
    ('[bus.x]\ntype = "i2c"\npath = "/dev/i2c-9"\nspeed = 1', 4, "bus.x.speed: unknown key", "known are trace"),
    ('[bus.x]\ntype = "i2c"\npath = "/dev/i2c-1"', 1, "bus.x: /dev/i2c-1 is also bus i2c0", 'write bus = "i2c0" in its devices'),
    (
        '[bus.x]\ntype = "modbus-rtu"\npath = "/dev/ttyS1"\nsettings = { baud = 19200 }',
        1,
        "bus.x: /dev/ttyS1 is also bus meter, with settings 9600 8N1 instead of 19200 8N1",
        "one wire has one setting",
    ),
    ('[bus.x]\ntype = "serial"\npath = "/dev/ttyS1"', 1, "bus.x: /dev/ttyS1 is also bus meter, with type modbus-rtu instead of serial", ""),
    ('[bus.x]\ntype = "serial"\npath = "/dev/ttyS9"\nsettings = { baud = 9601 }', 4, "bus.x.settings.baud: 'baud' must be in", ""),
    (
        '[bus.x]\ntype = "serial"\npath = "/dev/ttyS9"\nsettings.parity = "X"',
        4,
        'bus.x.settings.parity: must be one of "N", "E", "O", not "X"',
        "",
    ),
    ('[bus.x]\ntype = "modbus-tcp"\nhost = "m"\nport = 70000', 4, "bus.x.port: 'port' must be < 65536", ""),
    ('[bus.x]\ntype = "modbus-tcp"\nhost = "m"\ntimeout_s = 0', 4, "bus.x.timeout_s: 'timeout_s' must be > 0", ""),
    ('[bus.x]\ntype = "gpio"\nchips = "/dev/gpiochip1"', 3, 'bus.x.chips: must be a list, not "/dev/gpiochip1"', ""),
    ('[bus.x]\ntype = "gpio"\nchips = [\n  "/dev/gpiochip1",\n  7,\n]', 5, "bus.x.chips[1]: must be a text, not 7", ""),
    ('[bus.x]\ntype = "pwm"\npath = "p"\nchannels = { A = "0" }', 4, 'bus.x.channels.A: must be a whole number, not "0"', ""),
    ("[busses]", 1, "busses: unknown key", "did you mean bus or base?"),
    ('[device.x]\ndriver = "test.relay\nbus = 1', 2, "no valid TOML: Illegal character", "column"),
    ("[device.k1]", 1, "no valid TOML: Cannot declare", ""),
]


@pytest.mark.parametrize(("added", "line", "message", "hint"), ADDED, ids=[case[2][:50] for case in ADDED])
def test_a_mistake_is_told_with_its_line(plugins: Plugins, added: str, line: int, message: str, hint: str) -> None:
    with pytest.raises(BoardFileError) as caught:
        parse_board(RIGHT + added + "\n", file="depot.toml", plugins=plugins)
    matching = [problem for problem in caught.value.problems if problem.startswith(f"depot.toml:{RIGHT.count(chr(10)) + line}: {message}")]
    assert len(matching) == 1, caught.value
    assert hint in matching[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "b.toml:1: the key schema is missing (write schema = 1)"),
        ("schema = 1", 'b.toml:1: the key name is missing (for instance name = "depot.north")'),
        ("schema = 2\nname = 'x'", "b.toml:1: schema: must be 1, not 2 (update cc613hal)"),
        ("name = 'x'\nschema = '1'", 'b.toml:2: schema: must be 1, not "1" (write schema = 1)'),
        ("schema = 1\nname = 7", "b.toml:2: name: must be a text, not 7"),
        ("schema = 1\nname = 'x'\nbus = 3", "b.toml:3: bus: must be a table of tables ([bus.NAME]), not 3"),
        ("schema = 1\nname = 'x'\n[device]\nx = false", "b.toml:4: device.x: must be a table, not false (false removes it in an overlay)"),
        ("schema = 1\nname = 'x'\nbase = 'no.where'", 'b.toml:3: base: there is no board and no file "no.where"'),
        ("schema = 1\nname = 'x'\nbase = 3", "b.toml:3: base: must be a text, not 3 (a board's name or a file)"),
        (
            "schema = 1\nname = 'x'\n[device.r]\ndriver = 'test.relay'\nlines.coil = 'K'",
            'b.toml:5: device.r.lines.coil: the board has no bus of type gpio (add one: type = "gpio", chips = ["/dev/gpiochip0"])',
        ),
        (
            "schema = 1\nname = 'x'\n[device.r]\ndriver = 'test.broken'\noptions = { a = 1 }",
            "b.toml:5: device.r.options: test.broken has no options (leave the key out)",
        ),
    ],
)
def test_mistakes_of_the_whole_file(plugins: Plugins, text: str, message: str) -> None:
    with pytest.raises(BoardFileError) as caught:
        parse_board(text, file="b.toml", plugins=plugins)
    assert any(problem.startswith(message) for problem in caught.value.problems), caught.value


def test_all_mistakes_come_at_once_in_the_order_of_the_file(plugins: Plugins) -> None:
    text = RIGHT.replace("0x48", '"0x48"').replace('coil = "K1"', 'coil = "K1", mirrow = "M1"').replace('path = "/dev/i2c-1"', "")
    with pytest.raises(BoardFileError) as caught:
        parse_board(text, plugins=plugins)
    places = [int(problem.split(":")[1]) for problem in caught.value.problems]
    assert len(places) == 3
    assert places == sorted(places)
    assert str(caught.value).startswith("board board.toml has 3 mistakes:\nboard.toml:3: bus.i2c0: the key path is missing")


def test_one_mistake_is_not_told_again_by_what_depends_on_it(plugins: Plugins) -> None:
    text = RIGHT.replace('type = "gpio"', 'type = "gpoi"')
    with pytest.raises(BoardFileError) as caught:
        parse_board(text, plugins=plugins)
    assert len(caught.value.problems) == 1


def test_the_right_file_is_right(plugins: Plugins) -> None:
    board = parse_board(RIGHT, plugins=plugins)
    assert list(board.devices) == ["probe", "k1"]
    assert board.devices["probe"].address == 0x48
    assert board.devices["k1"].lines["coil"].name == "K1"
    assert board.bus_kind("k1") is None


def test_devices_come_after_those_they_use(plugins: Plugins) -> None:
    text = RIGHT.replace("[device.probe]", '[device.first]\ndriver = "test.follower"\nuses = { sensor = "probe" }\n[device.probe]')
    assert list(parse_board(text, plugins=plugins).devices) == ["probe", "first", "k1"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"schema = 1\nname = " + b"9" * 5000, "a number has too many digits", id="endless number"),
        pytest.param(b"schema = 1\na = " + b"[" * 5000 + b"]" * 5000, "nested too deeply", id="brackets in brackets"),
        pytest.param(b"#" * 2_000_001, "is longer than 2,000,000 bytes, as no board file is", id="huge"),
        pytest.param(b"name = '\xff'", "is no UTF-8 text", id="Latin-1"),
        pytest.param(b"schema = 1\0", "no valid TOML", id="NUL"),
    ],
)
def test_files_that_are_no_board_files_at_all(plugins: Plugins, tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "board.toml"
    file.write_bytes(content)
    (problem,) = check_board(file, plugins=plugins)
    assert reason in str(problem)
    assert str(problem).startswith(f"{file}:1")


def test_a_device_node_without_end_is_not_read_for_ever(plugins: Plugins) -> None:
    (problem,) = check_board(Path("/dev/zero"), plugins=plugins)
    assert "is it the right file?" in str(problem)


def test_the_mark_that_some_editors_put_in_front_is_no_mistake(plugins: Plugins, tmp_path: Path) -> None:
    file = tmp_path / "board.toml"
    file.write_bytes(b"\xef\xbb\xbf" + RIGHT.encode())
    assert load_board(file, plugins=plugins).name == "test.board"
