"""Messages: the classes say what the published schemas say, and whatever breaks a rule is named with its code."""

from __future__ import annotations

import json
import math
import typing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import ocpp
import pytest
from attrs import NOTHING, fields, has
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cc613_chargepoint.ocpp.messages import Invalid, codec, decoded, encoded, v16, v201
from cc613_chargepoint.ocpp.messages.codec import Items, Range, stamp
from cc613_chargepoint.ocpp.messages.v16_types import IdTagInfo, MeterValue, SampledValue
from cc613_chargepoint.ocpp.rpc import ErrorCode

SCHEMAS = Path(ocpp.__file__).parent
MESSAGES = {
    **{("v16", name): kind for name, kind in v16.REQUESTS.items()},
    **{("v16", f"{name}Response"): kind for name, kind in v16.RESPONSES.items()},
    **{("v201", f"{name}Request"): kind for name, kind in v201.REQUESTS.items()},
    **{("v201", f"{name}Response"): kind for name, kind in v201.RESPONSES.items()},
}
EVERY = pytest.mark.parametrize(("version", "name"), sorted(MESSAGES))


def schema(version: str, name: str) -> dict:
    return json.loads((SCHEMAS / version / "schemas" / f"{name}.json").read_text("utf-8-sig"))


def resolved(part: dict, whole: dict) -> dict:
    return whole["definitions"][part["$ref"].rsplit("/", 1)[-1]] if "$ref" in part else part


def test_every_message_that_has_a_schema_is_there() -> None:
    known = {(version, path.stem) for version in ("v16", "v201") for path in (SCHEMAS / version / "schemas").glob("*.json")}
    assert known == set(MESSAGES)


def compare(kind: type, part: dict, whole: dict, path: str) -> None:
    """The class has the schema's members, and none else; what is required, how long, and which words are the same."""
    hints = typing.get_type_hints(kind, include_extras=True)
    members = {codec._member(each, hints[each.name]).wire: each for each in fields(kind)}
    properties = part.get("properties", {})
    assert set(members) == set(properties), path
    assert {wire for wire, each in members.items() if each.default is NOTHING} == set(part.get("required", [])), path
    for wire, each in members.items():
        compare_member(hints[each.name], resolved(properties[wire], whole), whole, f"{path}.{wire}")


def compare_member(hint: object, part: dict, whole: dict, path: str) -> None:
    rule = None
    while True:
        if typing.get_origin(hint) is typing.Annotated:
            hint, rule = typing.get_args(hint)[:2]
        elif type(None) in typing.get_args(hint):
            (hint,) = (each for each in typing.get_args(hint) if each is not type(None))
        else:
            break
    if typing.get_origin(hint) is typing.Literal:
        words = set(typing.get_args(hint))
        known = set(part["enum"])
        assert words == known or words - known == {"Hertz"}, path
    elif typing.get_origin(hint) is tuple:
        assert part["type"] == "array", path
        allowed = rule or Items()
        assert (allowed.least, allowed.most) == (part.get("minItems", allowed.least), part.get("maxItems")), path
        compare_member(typing.get_args(hint)[0], resolved(part["items"], whole), whole, path + "[]")
    elif has(hint):
        compare(hint, part, whole, path)
    elif hint is datetime:
        assert part["format"] == "date-time", path
    elif hint is typing.Any:
        assert path.endswith("customData") or "type" not in part, path
    elif isinstance(rule, Range):
        assert (rule.least, rule.most) == (part.get("minimum", -math.inf), part.get("maximum", math.inf)), path
    else:
        assert part["type"] == {str: "string", int: "integer", float: "number", bool: "boolean"}[hint], path
        assert part.get("maxLength") == (rule.limit if rule else None), path


@EVERY
def test_a_class_says_what_the_schema_says(version, name) -> None:
    whole = schema(version, name)
    compare(MESSAGES[version, name], whole, whole, name)


def values_of(hint: object) -> st.SearchStrategy:
    """Whatever a member may be."""
    rule = None
    if typing.get_origin(hint) is typing.Annotated:
        hint, rule = typing.get_args(hint)[:2]
    if type(None) in typing.get_args(hint):
        (inner,) = (each for each in typing.get_args(hint) if each is not type(None))
        return st.none() | values_of(inner)
    if typing.get_origin(hint) is typing.Literal:
        return st.sampled_from([each for each in typing.get_args(hint) if each != "Hertz"])
    if typing.get_origin(hint) is tuple:
        most = min(2, rule.most) if isinstance(rule, Items) and rule.most else 2
        return st.lists(values_of(typing.get_args(hint)[0]), min_size=1, max_size=most).map(tuple)
    if has(hint):
        return of(hint)
    if hint is datetime:
        return st.integers(631_152_000, 3_786_912_000).map(lambda s: datetime.fromtimestamp(s, UTC))
    if hint is typing.Any:
        return st.none()
    if isinstance(rule, Range):
        return st.integers(int(max(rule.least, 0)), int(min(rule.most, 1000))).map(hint)
    if hint is str:
        return st.text(st.characters(codec="utf-8"), max_size=min(rule.limit, 40) if rule else 40)
    return {int: st.integers(-1000, 100_000), float: st.integers(0, 1000).map(lambda n: n / 10), bool: st.booleans()}[hint]


def of(kind: type) -> st.SearchStrategy:
    hints = typing.get_type_hints(kind, include_extras=True)
    return st.builds(kind, **{each.name: values_of(hints[each.name]) for each in fields(kind)})


@EVERY
def test_what_is_written_obeys_the_schema_and_is_read_back(version, name) -> None:
    validator = (jsonschema.Draft4Validator if version == "v16" else jsonschema.Draft6Validator)(schema(version, name))

    @settings(max_examples=20 if version == "v16" else 5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(of(MESSAGES[version, name]))
    def round_trip(value) -> None:
        payload = json.loads(json.dumps(encoded(value)))
        mistakes = [each.message for each in validator.iter_errors(payload) if "multiple of" not in each.message]
        assert not mistakes
        assert decoded(MESSAGES[version, name], payload) == value

    round_trip()


START = {"connectorId": 1, "idTag": "A", "meterStart": 5, "timestamp": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"idTag": "x" * 21}, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, "idTag"),
        ({"idTag": 5}, ErrorCode.TYPE_CONSTRAINT_VIOLATION, "idTag"),
        ({"connectorId": "1"}, ErrorCode.TYPE_CONSTRAINT_VIOLATION, "connectorId"),
        ({"connectorId": True}, ErrorCode.TYPE_CONSTRAINT_VIOLATION, "connectorId"),
        ({"connectorId": 1.5}, ErrorCode.TYPE_CONSTRAINT_VIOLATION, "connectorId"),
        ({"connectorId": None}, ErrorCode.TYPE_CONSTRAINT_VIOLATION, "connectorId"),
        ({"timestamp": "yesterday"}, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, "timestamp"),
        ({"timestamp": "2026-01-01"}, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, "timestamp"),
        ({"timestamp": 0}, ErrorCode.TYPE_CONSTRAINT_VIOLATION, "timestamp"),
        ({"surprise": 1}, ErrorCode.FORMATION_VIOLATION, "surprise"),
    ],
)
def test_a_broken_rule_is_named(change, code, path) -> None:
    with pytest.raises(Invalid) as caught:
        decoded(v16.StartTransaction, {**START, **change})
    assert (caught.value.code, caught.value.path) == (code, path)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(Invalid, match="idTag: it is missing") as caught:
        decoded(v16.StartTransaction, {key: value for key, value in START.items() if key != "idTag"})
    assert caught.value.code is ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION


def test_the_place_of_a_mistake_deep_inside_is_named() -> None:
    payload = {"connectorId": 1, "meterValue": [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": [{"value": "1"}, {"value": 2}]}]}
    with pytest.raises(Invalid) as caught:
        decoded(v16.MeterValues, payload)
    assert caught.value.path == "meterValue[0].sampledValue[1].value"
    with pytest.raises(Invalid, match="at least 1"):
        decoded(v16.MeterValues, {"connectorId": 1, "meterValue": []})


def test_an_answer_may_say_more_than_it_should() -> None:
    found = decoded(v16.HeartbeatResponse, {"currentTime": "2026-01-01T00:00:00Z", "server": "x"}, lenient=True)
    assert found.current_time == datetime(2026, 1, 1, tzinfo=UTC)


def test_what_may_be_left_out_may_be_null() -> None:
    assert decoded(v16.GetConfiguration, {"key": None}) == v16.GetConfiguration()


def test_whole_numbers_may_have_a_point() -> None:
    payload = {"status": "Accepted", "currentTime": "2026-01-01T00:00:00Z", "interval": 300.0}
    assert decoded(v16.BootNotificationResponse, payload).interval == 300


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-01T12:00:00Z", datetime(2026, 1, 1, 12, tzinfo=UTC)),
        ("2026-01-01T12:00:00.123Z", datetime(2026, 1, 1, 12, 0, 0, 123_000, tzinfo=UTC)),
        ("2026-01-01T12:00:00.123456789Z", datetime(2026, 1, 1, 12, 0, 0, 123_456, tzinfo=UTC)),
        ("2026-01-01T14:00:00+02:00", datetime(2026, 1, 1, 14, tzinfo=timezone(timedelta(hours=2)))),
        ("2026-01-01T12:00:00", datetime(2026, 1, 1, 12, tzinfo=UTC)),
    ],
)
def test_times_are_understood_as_they_come(text, moment) -> None:
    found = decoded(v16.HeartbeatResponse, {"currentTime": text}).current_time
    assert found == moment
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 7, 1, 12, 0, 0, 123_999, tzinfo=UTC), "2026-07-01T12:00:00.123Z"),
        (datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2))), "2026-07-01T10:00:00.000Z"),
        (datetime(987, 6, 5, tzinfo=UTC), "0987-06-05T00:00:00.000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "9999-12-31T23:59:59.000Z"),
    ],
)
def test_a_time_has_a_year_of_four_digits_and_is_read_back(at: datetime, text: str) -> None:
    assert stamp(at) == text
    assert decoded(v16.HeartbeatResponse, {"currentTime": text}).current_time == at.replace(microsecond=at.microsecond // 1000 * 1000)


def test_what_is_sent_obeys_the_rules_too() -> None:
    with pytest.raises(Invalid, match="idTag"):
        encoded(v16.Authorize(id_tag="x" * 21))
    with pytest.raises(Invalid, match=r"sampledValue\[0\].measurand"):
        encoded(MeterValue(timestamp=datetime.now(UTC), sampled_value=(SampledValue(value="1", measurand="Mood"),)))


def test_nothing_is_sent_of_what_is_not_known() -> None:
    assert encoded(IdTagInfo(status="Accepted")) == {"status": "Accepted"}


def test_a_vendor_may_add_what_it_likes_to_anything_in_2_0_1() -> None:
    custom = {"vendorId": "acme", "mood": {"today": "fine"}}
    payload = {"idToken": {"idToken": "04A2", "type": "ISO14443", "customData": custom}, "customData": custom}
    found = decoded(v201.REQUESTS["Authorize"], payload)
    assert found.custom_data == found.id_token.custom_data == custom
    assert encoded(found) == payload
