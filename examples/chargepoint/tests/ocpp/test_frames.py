"""Frames: what is read, what is refused, and who can be told."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613_chargepoint.ocpp.rpc import OCPP16, OCPP201, BadFrame, Call, CallError, CallResult, ErrorCode, Unknown, encoded, parsed

TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=36)
PAYLOADS = st.dictionaries(TEXTS, JSON, max_size=4)


@given(st.builds(Call, IDS, TEXTS.filter(bool), PAYLOADS) | st.builds(CallResult, IDS, PAYLOADS))
def test_what_is_written_is_read_back(frame) -> None:
    assert parsed(encoded(frame)) == frame


@given(st.builds(CallError, IDS, st.sampled_from([each.value for each in ErrorCode]), TEXTS, PAYLOADS))
def test_a_refusal_is_read_back(frame) -> None:
    assert parsed(encoded(frame)) == frame


@given(JSON.map(json.dumps) | st.text())
def test_whatever_comes_is_a_frame_or_is_refused_cleanly(text) -> None:
    try:
        parsed(text)
    except BadFrame as bad:
        encoded(CallError(bad.id, bad.code, bad.message))


@pytest.mark.parametrize("payload", ["{}", "null"])
def test_a_message_without_content_may_say_null(payload) -> None:
    assert parsed(f'[2,"1","Heartbeat",{payload}]') == Call("1", "Heartbeat", {})
    assert parsed(f'[3,"1",{payload}]') == CallResult("1", {})


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("", ""),
        ("{", ""),
        ("[]", ""),
        ("{}", ""),
        ('"2"', ""),
        ("[" * 100_000, ""),
        ('[2,"7","Reset"]', "7"),
        ('[2,"7","Reset",{},{}]', "7"),
        ('[2,"7","Reset",[]]', "7"),
        ('[2,"7",9,{}]', "7"),
        ('[2,"7","",{}]', "7"),
        ('["2","7","Reset",{}]', "7"),
        ('[true,"7","Reset",{}]', "7"),
        ('[2,7,"Reset",{}]', ""),
        ('[2,"","Reset",{}]', ""),
        (f'[2,"{"x" * 40}","Reset",{{}}]', "x" * 40),
        ('[2,"7","Reset",{"a":NaN}]', ""),
        ('[2,"7","Reset",{"a":"\\ud800"}]', ""),
        (f'[2,"7","Reset",{{"a":{"9" * 5000}}}]', ""),
        ('[3,"7"]', ""),
        ('[3,"7",[]]', ""),
        ('[4,"7"]', ""),
        ('[4,"7",5,"",{}]', ""),
    ],
)
def test_what_is_no_frame_is_refused_and_says_who_waits(text, identifier) -> None:
    with pytest.raises(BadFrame) as caught:
        parsed(text)
    assert caught.value.id == identifier


@pytest.mark.parametrize("kind", [0, 1, 5, 6, -2, 10**30])
def test_message_types_that_nobody_has_defined_are_ignored(kind) -> None:
    assert parsed(f'[{kind},"7","Reset",{{}}]') == Unknown("7")
    assert parsed(f"[{kind}]") == Unknown("")


def test_each_version_spells_its_refusals() -> None:
    spelt = {code: OCPP201.spelt(code) for code in ErrorCode}
    assert {code: text for code, text in spelt.items() if text != OCPP16.spelt(code)} == {
        ErrorCode.FORMATION_VIOLATION: "FormatViolation",
        ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: "OccurrenceConstraintViolation",
    }
    assert {ErrorCode.of(text) for text in spelt.values()} == set(ErrorCode)


def test_a_refusal_may_be_short() -> None:
    assert parsed('[4,"7","NotSupported"]') == CallError("7", "NotSupported")
    assert parsed('[4,"7","NotSupported",null,null]') == CallError("7", "NotSupported")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("FormatViolation", ErrorCode.FORMATION_VIOLATION),
        ("OccurrenceConstraintViolation", ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
        ("OccurenceConstraintViolation", ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
        ("SomethingOfTheirOwn", ErrorCode.GENERIC_ERROR),
    ],
)
def test_codes_are_understood_in_every_spelling(text, code) -> None:
    assert ErrorCode.of(text) is code
