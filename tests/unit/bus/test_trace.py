"""The ring buffer of frames, and its text form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.bus.trace import Frame, Trace, parse_frame

FRAMES = st.builds(
    Frame,
    at_s=st.floats(0, 1e6).map(lambda value: round(value, 6)),
    bus=st.text(max_size=10),
    unit=st.text(max_size=5),
    direction=st.sampled_from("><!"),
    data=st.binary(max_size=40),
    note=st.text(max_size=10),
)


@given(FRAMES)
def test_every_frame_survives_its_text_form(frame: Frame) -> None:
    assert "\n" not in frame.line()
    assert parse_frame(frame.line()) == frame


@given(st.text(max_size=60))
def test_text_that_is_no_frame_is_refused_with_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        parse_frame(text)


@pytest.mark.parametrize(
    "line",
    [
        '{"t": 1, "bus": "m", "unit": "1", "dir": "?", "data": ""}',
        '{"t": 1, "bus": "m", "unit": "1", "dir": ">", "data": "0x"}',
        "[]",
        "{}",
        "7",
    ],
)
def test_json_that_is_no_frame_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        parse_frame(line)


def test_only_the_last_frames_are_kept() -> None:
    trace = Trace(size=3)
    for number in range(5):
        trace.record(float(number), "meter", 1, ">", bytes([number]))
    assert [frame.data for frame in trace] == [b"\2", b"\3", b"\4"]
    assert Trace.dump(trace).count("\n") == 3
    trace.clear()
    assert len(trace) == 0


def test_a_trace_of_size_zero_records_nothing() -> None:
    trace = Trace(size=0)
    trace.record(0.0, "meter", 1, ">", b"x")
    assert not trace.enabled
    assert not list(trace)
