"""The scanner knows the same keys as tomllib, and where they stand."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.board.toml_lines import KeyPath, key_positions


def paths(value: Any, path: KeyPath = ()) -> set[KeyPath]:
    found = {path} if path else set()
    if isinstance(value, dict):
        for key, entry in value.items():
            found |= paths(entry, (*path, key))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            found |= paths(entry, (*path, index))
    return found


TEXT = '''\
# comment
a = 1 # = 2
"quoted key" = 'x = "y"'
b.c."d.e" = """
f = 1
\\""" ""\\"
"""""
[t]   # header
list = [ # first
  1, [2, 3],
  { x = 1, y.z = "]" }, # last
]
when = 1979-05-27 07:32:00Z
[[many]]
n = 1
[many.sub]
k = \'\'\'
[no]
\'\'\'
[[many]]
n = 2
[many.sub]
k = 1.5e3
["\\u00e9".'lit"eral']
z = {}
'''


def test_every_kind_of_key_is_found_on_its_line() -> None:
    found = {path: position.line for path, position in key_positions(TEXT).items()}
    assert set(found) == paths(tomllib.loads(TEXT))
    lines = TEXT.splitlines()
    assert found["b", "c", "d.e"] == 4
    assert found["t",] == 1 + lines.index("[t]   # header")
    assert found["t", "list", 2, "y", "z"] == 1 + lines.index('  { x = 1, y.z = "]" }, # last')
    assert [found["many", 0, "n"], found["many", 1, "n"]] == [1 + lines.index("n = 1"), 1 + lines.index("n = 2")]
    assert found["many", 1, "sub", "k"] == 1 + lines.index("k = 1.5e3")
    assert found["é", 'lit"eral', "z"] == len(lines)


def test_windows_line_ends_count_once() -> None:
    assert key_positions("a = 1\r\nb = 2\r\n")["b",].line == 2


@pytest.mark.parametrize("text", ["a", "a = ", "[a", "a = [1", "a = {x = 1", '"a = 1', "= 1"])
def test_what_is_no_toml_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not TOML at line 1"):
        key_positions(text)


KEYS = st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True), st.text(max_size=5))
VALUES = st.recursive(
    st.one_of(st.integers(-(2**63), 2**63 - 1), st.booleans(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=12)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


def toml(value: Any, gap: str) -> str:
    """A value in TOML, with line breaks where arrays allow them."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {toml(entry, gap)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + gap + f",{gap}".join(toml(entry, gap) for entry in value) + gap + "]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.sampled_from(["", "\n", " # a ] remark\n"]), st.booleans())
def test_agrees_with_tomllib_on_any_document(document: dict[str, Any], gap: str, tables: bool) -> None:
    lines: dict[str, int] = {}
    text = ""
    plain = {key: value for key, value in document.items() if not (tables and isinstance(value, dict))}
    for key, value in (*plain.items(), *((key, value) for key, value in document.items() if key not in plain)):
        lines[key] = text.count("\n") + 1
        if key in plain:
            text += f"{quoted(key)} = {toml(value, gap)}\n"
        else:
            text += f"[{quoted(key)}]\n" + "".join(f"{quoted(inner)} = {toml(entry, gap)}\n" for inner, entry in value.items())
    parsed = tomllib.loads(text)
    found = key_positions(text)
    assert set(found) == paths(parsed)
    assert {key: found[key,].line for key in lines} == lines
