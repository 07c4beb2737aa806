"""Every message survives the wire, and what is none is refused."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cc613_chargepoint.facade import NotUnderstood
from cc613_chargepoint.pairing import messages
from cc613_chargepoint.pairing.messages import Beat, Message, Stop, Taken, read_message, session_of, session_text, written
from cc613_chargepoint.store import StoredSession

PARTS: dict[Any, st.SearchStrategy] = {
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=4),
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    bool: st.booleans(),
    int: st.integers(),
    NoneType: st.none(),
    Any: st.none() | st.booleans() | st.integers() | st.text(max_size=5),
}
CURRENTS = {"current_a": st.floats(0.0, 1000.0)}
KINDS = [each for each in vars(messages).values() if isinstance(each, type) and issubclass(each, Message) and each is not Message]


def made(kind: Any) -> st.SearchStrategy:
    """Whatever a type allows."""
    if attrs.has(kind):
        hints = get_type_hints(kind)
        return st.builds(
            kind, **{each.name: CURRENTS[each.name] if each.name in CURRENTS else made(hints[each.name]) for each in attrs.fields(kind)}
        )
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return st.lists(made(arguments[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(made(arguments[0]), made(arguments[1]), max_size=3)
    if arguments:
        return st.one_of(*map(made, arguments))
    return st.sampled_from(kind) if isinstance(kind, type) and issubclass(kind, enum.Enum) else PARTS[kind]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_message_comes_back_as_it_was(kind: type[Message], data: st.DataObject) -> None:
    message, number = data.draw(made(kind)), data.draw(st.integers(1, 2**31))
    raw = written(number, message)
    assert raw.endswith(b"\n")
    assert raw.count(b"\n") == 1
    assert read_message(raw) == (number, message)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(made(StoredSession))
def test_a_session_comes_back_from_the_outbox_as_it_was(session: StoredSession) -> None:
    assert session_of(session_text(session)) == session


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"nonsense\n", b"[]\n", b'{"v":1}\n', b'{"v":1,"n":1,"type":"Nonsense","data":{}}\n',
        b'{"v":2,"n":1,"type":"Taken","data":{}}\n',
        b'{"v":1,"n":"1","type":"Stop","data":{"reason":""}}\n', b'{"v":1,"n":true,"type":"Stop","data":{"reason":""}}\n',
        b'{"v":1,"n":1,"type":"Stop","data":{"reason":"x","more":1}}\n', b'{"v":1,"n":1,"type":"Stop","data":{}}\n',
        b'{"v":1,"n":1,"type":"Beat","data":{"beat":1,"lease":0,"allowed_a":NaN,"safe_a":6.0}}\n', b"[" * 100_000 + b"\n",
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(raw: bytes) -> None:
    with pytest.raises(NotUnderstood):
        read_message(raw)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(raw: bytes) -> None:
    with pytest.raises(NotUnderstood):
        read_message(raw)


@given(st.sampled_from([Stop(reason="x"), Taken(id=5, signed=False), Beat(beat=1, lease=0, allowed_a=6.0, safe_a=6.0)]), st.data())
def test_a_torn_message_is_refused(message: Message, data: st.DataObject) -> None:
    raw = written(1, message)
    with pytest.raises(NotUnderstood):
        read_message(raw[: data.draw(st.integers(0, len(raw) - 2))])
