"""What a recording says has to happen, and the complaint when something else does."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from attrs import Factory, define, field, frozen

from cc613hal.bus.trace import Frame, parse_frame
from cc613hal.errors import BusError, ConfigError, HalError

__all__ = ["ReplayMismatchError", "Script", "Transaction", "error_of_kind", "read_recording", "transactions"]


class ReplayMismatchError(AssertionError):
    """The program did something else than the recording. No :class:`HalError`: no driver may take it for a fault of a wire."""


@frozen
class Transaction:
    """One thing the controller did, and what came of it.

    Attributes:
        request: what was sent.
        answers: what came back, in order.
        failure: kind of the error it ended with; empty if it worked.
        number: its place on its bus, from 1.
    """

    request: Frame
    answers: tuple[Frame, ...] = ()
    failure: str = ""
    number: int = 0


def read_recording(path: Path) -> list[Frame]:
    """The frames of a recording; a torn last line (full disk, power cut) is left out.

    Raises:
        ConfigError: the file cannot be read, or a line of it is no frame.
    """
    try:
        if path.is_char_device():
            raise OSError(errno.EINVAL, "it is a device, not a file")  # reading /dev/zero would never end
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the recording {path}: {error}", hint="record one with cc613hal record") from error
    lines = text.splitlines()
    torn = bool(lines) and not text.endswith("\n")
    frames: list[Frame] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            frames.append(parse_frame(line))
        except ValueError as error:
            if torn and number == len(lines):
                break
            raise ConfigError(f"{path}:{number}: {error}", hint="is this a file that cc613hal recorded?") from error
    return frames


def transactions(frames: Iterable[Frame]) -> Iterator[Transaction]:
    """Frames of one bus as transactions; answers whose request is not in the recording (a ring buffer that has wrapped) are left out."""
    request: Frame | None = None
    answers: list[Frame] = []
    failure = ""
    number = 0
    for frame in frames:
        if frame.direction == ">":
            if request is not None:
                yield Transaction(request, tuple(answers), failure, number)
            request, answers, failure, number = frame, [], "", number + 1
        elif frame.direction == "<":
            answers.append(frame)
        else:
            failure = frame.note
    if request is not None:
        yield Transaction(request, tuple(answers), failure, number)


def error_of_kind(kind: str, *, bus: str) -> HalError:
    """The error that a ``!`` frame stands for; a :class:`BusError` for a kind this library does not know."""
    message = "failed so in the recording"
    for known in _descendants(HalError):
        if known.kind == kind and "failures" not in known.__init__.__annotations__ and "problems" not in known.__init__.__annotations__:
            return known(message, device=bus)
    return BusError(f"{message}: {kind}", device=bus)


def _descendants(base: type[HalError]) -> Iterator[type[HalError]]:
    yield base
    for derived in base.__subclasses__():
        yield from _descendants(derived)


@define
class Script:
    """The expected transactions of one bus, in order.

    Attributes:
        bus: as the board file names it.
        waiting: what has not happened yet.
        complaints: shared list of everything that went wrong, in words.
        by_unit: order counts only within a unit, not across the bus.
    """

    bus: str
    waiting: deque[Transaction]
    complaints: list[str] = Factory(list[str])
    by_unit: bool = False
    done: int = field(default=0, init=False)

    def expect(self, unit: str, data: bytes, *, note: str = "", shown: str = "") -> Transaction:
        """The next transaction, if it is this one.

        Args:
            unit: whom the program talks to.
            data: what it sends.
            note: shape of the messages; compared only if the recording has one.
            shown: the request in words, for the complaint.

        Raises:
            ReplayMismatchError: the recording has something else here, or nothing any more.
        """
        index = self._next(unit)
        if index is None:
            raise self.complain(
                [
                    f"{self.bus}: the recording has ended after {self.done} transactions" + (f" of unit {unit}" if self.by_unit else ""),
                    f"  asked:    unit {unit or '-'}  {_hex(data)}  {shown or note}".rstrip(),
                ]
            )
        expected = self.waiting[index]
        same_shape = not note or not expected.request.note or note == expected.request.note
        if expected.request.unit != unit or expected.request.data != data or not same_shape:
            raise self.complain(self._difference(expected, unit, data, note, shown))
        del self.waiting[index]
        self.done += 1
        return expected

    def complain(self, lines: Sequence[str]) -> ReplayMismatchError:
        """Remember a complaint and return it as an error."""
        text = "\n".join(lines)
        self.complaints.append(text)
        return ReplayMismatchError(text)

    def leftovers(self) -> list[str]:
        """What has not happened, in words."""
        if not self.waiting:
            return []
        first = self.waiting[0]
        return [
            f"{self.bus}: {len(self.waiting)} recorded transactions did not happen; the first is number {first.number}, "
            f"unit {first.request.unit or '-'}  {_hex(first.request.data)}  {first.request.note}".rstrip()
        ]

    def _next(self, unit: str) -> int | None:
        if not self.by_unit:
            return 0 if self.waiting else None
        return next((index for index, transaction in enumerate(self.waiting) if transaction.request.unit == unit), None)

    def _difference(self, expected: Transaction, unit: str, data: bytes, note: str, shown: str) -> list[str]:
        request = expected.request
        head = [f"{self.bus}: transaction {expected.number} (recorded at {request.at_s:.3f} s) is another one than recorded"]
        return head + difference((request.unit, request.data, request.note), (unit, data, shown or note))


def difference(recorded: tuple[str, bytes, str], asked: tuple[str, bytes, str]) -> list[str]:
    """Two requests (unit, bytes, note) below each other, with marks under the bytes that differ."""
    width = max(len(recorded[0]), len(asked[0]), 1)
    prefix = "  recorded: unit {unit}  {data}  {note}"
    lines = [
        prefix.format(unit=(recorded[0] or "-").ljust(width), data=_hex(recorded[1]), note=recorded[2]).rstrip(),
        prefix.replace("recorded:", "asked:   ").format(unit=(asked[0] or "-").ljust(width), data=_hex(asked[1]), note=asked[2]).rstrip(),
    ]
    length = max(len(recorded[1]), len(asked[1]))
    marks = " ".join("  " if recorded[1][i : i + 1] == asked[1][i : i + 1] else "^^" for i in range(length)).rstrip()
    if marks:
        lines.append(" " * (len("  recorded: unit ") + width + 2) + marks)
    return lines


def _hex(data: bytes) -> str:
    return data.hex(" ").upper() or "(nothing)"
