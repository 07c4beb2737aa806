"""Recordings: complete while all is well, honest and readable when the disk is full."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.bus.replay.recording import Recording
from cc613hal.bus.replay.script import read_recording, transactions
from cc613hal.bus.trace import Frame
from cc613hal.errors import ConfigError


def frame(number: int, *, at_s: float = 0.0, direction: str = ">") -> Frame:
    return Frame(at_s, "meter", "1", direction, number.to_bytes(4, "big"))


def test_what_was_recorded_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "bench.jsonl"
    frames = [frame(number, at_s=number / 8) for number in range(100)]
    with Recording(path) as recording:
        for each in frames:
            recording.add(each)
    assert read_recording(path) == frames
    assert recording.frames == 100
    assert recording.problem is None


def test_frames_reach_the_file_while_the_recording_runs(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "bench.jsonl")
    recording.add(frame(1, at_s=0.0))
    recording.add(frame(2, at_s=0.5))
    recording.add(frame(3, at_s=2.0))  # a second has passed: everything is written
    assert len(read_recording(recording.path)) == 3
    recording.close()


def test_a_file_that_cannot_be_made_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot record to .*no-such-folder.*No such file or directory \(choose a file"):
        Recording(tmp_path / "no-such-folder" / "bench.jsonl")


def test_a_full_disk_stops_the_recording_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    with Recording(Path("/dev/full"), on_stop=told.append) as recording:
        for number in range(2000):
            recording.add(frame(number, at_s=float(number)))
    assert recording.problem is not None
    assert "recording to /dev/full stopped: No space left on device" in recording.problem
    assert told == [recording.problem]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]  # said once, not two thousand times


@pytest.mark.parametrize("room", [0, 50, 500, 1234])
def test_a_full_disk_keeps_every_complete_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    real = os.write
    left = room

    def write(file: int, data: bytes) -> int:
        nonlocal left
        if left <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = real(file, bytes(data[:left]))
        left -= done
        return done

    monkeypatch.setattr(os, "write", write)
    recording = Recording(tmp_path / "bench.jsonl")
    for number in range(100):
        recording.add(frame(number, at_s=number / 10))
    recording.close()
    monkeypatch.undo()
    kept = read_recording(recording.path)
    assert [int.from_bytes(each.data) for each in kept] == list(range(len(kept)))
    assert recording.frames == len(kept)
    assert recording.problem is not None
    assert f"the {len(kept)} frames before" in recording.problem
    assert recording.path.stat().st_size <= room


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "torn.jsonl"
    path.write_text(frame(1).line() + "\n" + frame(2).line()[:40])
    assert read_recording(path) == [frame(1)]


@pytest.mark.parametrize(
    "line",
    ["hello", '{"t": 1}', "[]", '{"t":0,"bus":"a","unit":"","dir":"?","data":""}', '{"t":0,"bus":"a","unit":"","dir":">","data":"0"}'],
)
def test_a_file_that_is_no_recording_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text(frame(1).line() + f"\n{line}\n")
    with pytest.raises(ConfigError, match=r"other\.jsonl:2: .*is this a file that cc613hal recorded"):
        read_recording(path)


def test_a_missing_recording_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="record one with cc613hal record"):
        read_recording(tmp_path / "none.jsonl")


@given(st.lists(st.sampled_from(["<", ">", "!"]), max_size=30))
def test_any_order_of_frames_gives_one_transaction_per_request(directions: list[str]) -> None:
    frames = [Frame(0.0, "i2c0", "0x40", direction, bytes([number]), "no-answer") for number, direction in enumerate(directions)]
    found = list(transactions(frames))
    assert [transaction.request for transaction in found] == [each for each in frames if each.direction == ">"]
    assert [transaction.number for transaction in found] == list(range(1, len(found) + 1))
    first = directions.index(">") if ">" in directions else len(directions)
    assert sum(len(transaction.answers) for transaction in found) == directions[first:].count("<")


def test_a_device_node_without_end_is_no_recording() -> None:
    with pytest.raises(ConfigError, match="it is a device, not a file"):
        read_recording(Path("/dev/zero"))
