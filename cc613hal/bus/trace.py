"""The ring buffer of frames on a bus, and its text form, which is also the replay format.

One JSON object per line::

    {"t": 12.345678, "bus": "meter", "unit": "1", "dir": ">", "data": "0104000000065DC8", "note": ""}

``dir`` is ``>`` for what the controller sent, ``<`` for what came back, ``!`` for a failure (``note`` then holds the error kind).
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen

__all__ = ["Frame", "Trace", "parse_frame"]


@frozen
class Frame:
    """One frame on a wire.

    Attributes:
        at_s: monotonic time, s.
        bus: as the board file names it.
        unit: whom it was for.
        direction: ``>`` sent, ``<`` received, ``!`` failed.
        data: the bytes.
        note: error kind or remark.
    """

    at_s: float
    bus: str
    unit: str
    direction: str
    data: bytes
    note: str = ""

    def line(self) -> str:
        """The frame as one line of JSON."""
        return json.dumps(
            {
                "t": round(self.at_s, 6),
                "bus": self.bus,
                "unit": self.unit,
                "dir": self.direction,
                "data": self.data.hex().upper(),
                "note": self.note,
            }
        )


def parse_frame(line: str) -> Frame:
    """A frame from its line.

    Raises:
        ValueError: the line is not one this library wrote.
    """
    try:
        raw: dict[str, Any] = json.loads(line)
        frame = Frame(
            float(raw["t"]), str(raw["bus"]), str(raw["unit"]), str(raw["dir"]), bytes.fromhex(raw["data"]), str(raw.get("note", ""))
        )
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"not a trace line: {line[:80]!r}") from error
    if frame.direction not in {">", "<", "!"}:
        raise ValueError(f"unknown direction {frame.direction!r} in trace line")
    return frame


class Trace:
    """The last frames of one bus.

    Args:
        size: how many frames are kept; 0 records nothing.
    """

    def __init__(self, size: int = 512) -> None:
        # what a frame is made of; the frame itself is made when somebody looks, which for most never happens
        self._frames: deque[tuple[float, str, object, str, bytes, str]] = deque(maxlen=size)
        self.enabled = size > 0

    def record(  # noqa: PLR0917 - the fields of a frame, in the order of its line
        self, at_s: float, bus: str, unit: object, direction: str, data: bytes, note: str = ""
    ) -> None:
        """Remember a frame."""
        if self.enabled:
            self._frames.append((at_s, bus, unit, direction, bytes(data), note))

    def __iter__(self) -> Iterator[Frame]:
        return iter([Frame(at_s, bus, str(unit), direction, data, note) for at_s, bus, unit, direction, data, note in tuple(self._frames)])

    def __len__(self) -> int:
        return len(self._frames)

    def clear(self) -> None:
        """Forget everything."""
        self._frames.clear()

    @staticmethod
    def dump(frames: Iterable[Frame]) -> str:
        """Frames as JSON lines, oldest first."""
        return "".join(frame.line() + "\n" for frame in frames)
