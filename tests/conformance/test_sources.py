"""No protocol constant without its source: a module with numbers of a part's protocol says in its own words where they come from."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path for path in (ROOT / "drivers").glob("*/src/**/*.py") if path.name != "plugin.py")
"""What announces drivers is left out: its ``sources`` are checked by the conformance suites."""

PLAIN = {0x00, 0x01, 0x0F, 0x7F, 0x80, 0xFE, 0xFF, 0xFF00, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF}
"""Ends and signs of bytes and words belong to no protocol."""

SOURCE = re.compile(
    r"data ?sheet|manual|application note|\bAN\d{4,}|\bUM\d{4,}|\bDS\d{4,}|\bRFC ?\d|\bISO|\bIEC|\bEN \d|\bDIN|\bBSI\b|3GPP|\bUSB\b"
    r"|specification|standard|Linux|kernel|open-plc-utils|libslac|EVerest|SunSpec|docs/reference|\bdocumentation\b|[Ss]ource",
)


def numbers(text: str) -> Iterator[str]:
    """What may be a constant of a protocol: numbers written in hexadecimal, and bytes given one by one."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NUMBER and token.string.lower().startswith("0x") and int(token.string, 16) not in PLAIN:
            yield token.string
        elif token.type == tokenize.STRING and re.match(r"[bB][rR]?['\"]", token.string) and r"\x" in token.string:
            value = ast.literal_eval(token.string)
            if isinstance(value, bytes) and any(byte not in PLAIN for byte in value):
                yield token.string


def in_words(text: str) -> str:
    """Docstrings, comments, and the strings that stand below constants."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return "\n".join(token.string for token in tokens if token.type in {tokenize.COMMENT, tokenize.STRING} and len(token.string) > 12)


@pytest.mark.parametrize("module", MODULES, ids=[str(path.relative_to(ROOT / "drivers")) for path in MODULES])
def test_numbers_of_a_protocol_have_a_source(module: Path) -> None:
    text = module.read_text("utf-8")
    found = list(dict.fromkeys(numbers(text)))
    assert not found or SOURCE.search(in_words(text)), f"say where these come from: {', '.join(found[:8])}"


def test_what_is_looked_for_is_found() -> None:
    assert list(numbers('x = 0x2A\ny = 0xFF\nz = b"\\x02ab"\nw = b"text"\n')) == ["0x2A", r'b"\x02ab"']
    assert SOURCE.search(in_words('"""A part, see its data sheet."""\nx = 0x2A\n'))
    assert not SOURCE.search(in_words('"""A part."""\nx = 0x2A  # the register\n'))
