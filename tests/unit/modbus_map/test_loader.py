"""A map says everything that is wrong with it, with the line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.bus.modbus import Table
from cc613hal.errors import ConfigError
from cc613hal.modbus_map import Group, MapError, ValueType, WordOrder, load_map, parse_map

HEAD = """format = 1
[identity]
vendor = "Acme"
model = "M1"
phases = 3
[evidence]
sources = ["Acme M1 manual"]
confidence = "one-source"
"""
POWER = """[[register]]
quantity = "power"
address = 0x10
type = "i32"
unit = "kW"
scale = 0.1
"""


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(MapError) as caught:
        parse_map(text, name="m1", source="m1.toml")
    return caught.value.problems


def test_a_good_map() -> None:
    text = HEAD + "[defaults]\nword_order = 'lsw-first'\ntable = 'holding'\n" + POWER
    meter = parse_map(text, name="m1")
    [power] = meter.registers
    assert (meter.vendor, meter.phases, meter.sources) == ("Acme", 3, ("Acme M1 manual",))
    assert (power.type, power.count, power.table, power.word_order) == (ValueType.I32, 2, Table.HOLDING, WordOrder.LSW_FIRST)
    assert power.scale == Decimal(100)
    assert power.group is Group.FAST


def test_a_file_has_its_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(HEAD + POWER, encoding="utf-8")
    assert load_map(path).name == "mine"


def test_registers_in_short_form_have_lines_too() -> None:
    rows = ['    { quantity = "power", address = 0, type = "f32" },', '    { quantity = "powr", address = 2, type = "f32" },']
    text = "\n".join(["format = 1", "register = [", *rows, "]", ""])
    found = problems(text + HEAD.removeprefix("format = 1\n"))
    assert found == ("m1.toml:4: register[1].quantity: 'powr' is no word of the vocabulary (did you mean 'power'?)",)


def extra(line: str) -> str:
    return POWER + line + "\n"


def second(**keys: object) -> str:
    lines = {"quantity": '"frequency"', "address": 0, "type": '"u16"', **keys}
    return POWER + "[[register]]\n" + "".join(f"{key} = {value}\n" for key, value in lines.items())


MISTAKES = [
    (extra("addresses = 1"), "register[0].addresses: unknown key (did you mean 'address'?)"),
    (extra("count = 3"), "i32 takes 2 registers, not 3"),
    (extra("not_available = 0x1FFFFFFFF"), "8589934591 is no content of 2 registers"),
    (extra("group = 'quick'"), "'quick' is none of fast, slow, once"),
    (extra("scale_by = 'exponent_power'"), "'exponent_power' is no exponent register of this map"),
    (extra("optional = 1"), "must be true or false, not 1"),
    (extra("byte_order = 'middle'"), "'middle' is none of big, little"),
    (second(address=0x11), "frequency at 0x0011 overlaps power (0x0010 to 0x0011)"),
    (second(quantity='"power"', address=0x20, type='"i32"'), "power is already read from register[0]"),
    (second(address=65536), "65536 is outside 0 to 65535"),
    (second(address=-1), "-1 is outside 0 to 65535"),
    (second(unit='"V"'), "register[1].unit: 'V' is none of Hz, mHz"),
    (second(scale=0), "must be a number other than 0, not 0"),
    (second(scale='"ten"'), "must be a number other than 0, not 'ten'"),
    (second(scale="inf"), "must be a number other than 0"),
    (second(type='"ascii"', count=2), "frequency is no text"),
    (second(quantity='"model"', type='"ascii"'), "say how many registers this ascii takes"),
    (second(quantity='"model"', type='"f32"'), "model is a whole number or text, not f32"),
    (second(type='"f16"'), "'f16' is none of"),
    (second(table='"coil"'), "'coil' is none of holding, input"),
    (second(quantity='"model"', type='"ascii"', count=126), "126 registers are more than the device gives in one read (125)"),
    (POWER + "[[register]]\nquantity = 'frequency'\n", "register[1].address: is missing"),
    (POWER + "[limits]\nmax_registers = 126\n", "limits"),
    (POWER + "[limits]\nmax_registers = 1\n", "2 registers are more than the device gives in one read (1)"),
    (POWER + "[limits]\nbarriers = [{ table = 'input', address = 0x11 }]\n", "the barrier at 0x0011 cuts power in two"),
    (POWER + "[limits]\nbarriers = [5]\n", "must look like"),
    (POWER + "[link]\nbaud = '9600'\n", "link.baud: must be a whole number, not '9600'"),
    (POWER + "[link]\nparity = 'X'\n", "link"),
    (POWER + "[link]\ntransports = ['can']\n", "'can' is none of rtu, tcp"),
    (POWER + "[[derived]]\nquantity = 'power'\nplus = ['power']\n", "power is already there"),
    (POWER + "[[derived]]\nquantity = 'frequency'\nplus = ['power']\n", "power is in W, frequency in Hz"),
    (POWER + "[[derived]]\nquantity = 'power_l1'\nplus = ['pwer']\n", "'pwer' has no register in this map (did you mean 'power'?)"),
    (POWER + "[[derived]]\nquantity = 'power_l1'\n", "name what it is made of"),
    (POWER + "[fingerprint]\naddress = 0\ntype = 'u16'\n", "say what it must read: low and high, or values"),
    (POWER + "[fingerprint]\naddress = 0\ntype = 'u16'\nvalues = ['a']\n", "must be a list of whole numbers"),
    (POWER + "[surprise]\n", "surprise: unknown key"),
    ("", "a map without registers measures nothing"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=[message[:40] for _, message in MISTAKES])
def test_each_mistake_is_named(text: str, message: str) -> None:
    found = problems(HEAD + text)
    assert any(message in problem for problem in found), found
    assert all(problem.startswith("m1.toml:") for problem in found)


def test_all_mistakes_come_at_once() -> None:
    found = problems("format = 2\n[identity]\nvendor = 'Acme'\n[evidence]\nconfidence = 'sure'\n" + second(address=0x11, typo=1))
    text = "\n".join(found)
    for part in ("format", "identity.model", "identity.phases", "evidence.sources", "'sure' is none of", "register[1].typo"):
        assert part in text
    with pytest.raises(ConfigError, match="mistakes"):
        parse_map("format = 2\n", name="m")


def test_the_line_is_that_of_the_table() -> None:
    [problem] = problems(HEAD + POWER + '[[register]]\nquantity = "frequency"\naddress = 3\ntype = "u61"\n')
    assert problem.startswith("m1.toml:15: register[1].type: 'u61' is none of")


def test_no_toml_is_one_mistake() -> None:
    [problem] = problems("format = [")
    assert problem.startswith("m1.toml: ")


toml_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 70000) | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=4
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["register", "derived", "limits", "link", "identity", "evidence", "fingerprint", "defaults"]), toml_values)
def test_whatever_stands_there_ends_in_a_map_or_its_mistakes(key: str, value: object) -> None:
    import json

    text = f"{key} = {json.dumps(value)}\nformat = 1\n" if value is not None else "format = 1\n"
    with pytest.raises(MapError):
        parse_map(text, name="m")


DISCOVERY = """[discovery]
bases = [40000, 0]
blocks = [
    { ids = [1], address = 40002, length = 66 },
    { ids = [203, 204], address = 40070, length = 105 },
]
"""


def test_blocks_move_the_registers_inside_them_only() -> None:
    rows = "".join(
        f'[[register]]\nquantity = "{name}"\naddress = {address}\ntype = "u16"\ntable = "holding"\n'
        for name, address in {"voltage_l1": 40010, "power": 40088, "frequency": 10}.items()
    )
    meter = parse_map(HEAD + rows + DISCOVERY, name="m1")
    assert meter.discovery is not None
    assert meter.discovery.blocks[1].ids == (203, 204)
    moved = meter.relocated([2, 100])
    assert {register.quantity: register.address for register in moved.registers} == {"frequency": 10, "voltage_l1": 10, "power": 118}
    assert moved.discovery is not None
    assert [block.address for block in moved.discovery.blocks] == [2, 100]
    assert meter.relocated([40002, 40070]) == meter
    with pytest.raises(ValueError, match="other blocks than 1"):
        meter.relocated([2])


VARIANT = """[variant.new]
help = "since 2024"
register = [{ quantity = "power", address = 0x20, type = "f32" }, { quantity = "frequency", address = 0x30, type = "f32" }]
"""


def test_a_variant_takes_the_place_of_registers_of_the_same_quantity() -> None:
    text = HEAD + POWER + POWER.replace("power", "power_l1").replace("0x10", "0x12") + VARIANT
    usual, new = (parse_map(text, name="m1", variant=variant) for variant in ("", "new"))
    assert [(item.name, item.help) for item in usual.variants] == [("new", "since 2024")]
    assert {register.quantity: register.address for register in usual.registers} == {"power": 0x10, "power_l1": 0x12}
    assert {register.quantity: register.address for register in new.registers} == {"power_l1": 0x12, "power": 0x20, "frequency": 0x30}


def test_a_variant_can_replace_everything_and_the_fingerprint() -> None:
    extra_keys = "replace = true\nfingerprint = { address = 0x30, type = 'u16', values = [7] }\n"
    text = HEAD + POWER + POWER.replace("power", "power_l1").replace("0x10", "0x12") + VARIANT + extra_keys
    new = parse_map(text, name="m1", variant="new")
    assert [register.quantity for register in new.registers] == ["power", "frequency"]
    assert new.fingerprint is not None
    assert new.fingerprint.values == (7,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (DISCOVERY.replace("40070", "40060"), "must be in the order of their addresses and not overlap"),
        (DISCOVERY.replace("[1]", "[]"), "discovery.blocks[0].ids: must be a list of whole numbers from 0 to 65535"),
        (DISCOVERY.replace("[40000, 0]", "[70000]"), "discovery.bases: must be a list of whole numbers"),
        ("[discovery]\nbases = [0]\n", "name the blocks to look for"),
        ("[variant.x]\nhlp = 'y'\n", "variant.x.hlp: unknown key (did you mean 'help'?)"),
        (
            "[fingerprint]\naddress = 0\ntype = 'u16'\nlow = 0\ntypical = [1]\n",
            "fingerprint.typical: must be the smallest and the largest number",
        ),
        (
            POWER.replace("power", "frequency").replace("0x10", "0x20").replace("kW", "Hz") + "example = 'x'\n",
            "example: must be a whole number",
        ),
        ('[[register]]\nquantity = "frequency"\naddress = 0x20\ntype = "hex32"\n', "frequency is not told in hexadecimal digits"),
    ],
)
def test_mistakes_in_discovery_and_variants_are_named(text: str, message: str) -> None:
    assert any(message in problem for problem in problems(HEAD + POWER + text)), problems(HEAD + POWER + text)
