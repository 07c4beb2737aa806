"""What went over a connection, for people who look for faults: one JSON object per line, secrets masked.

A line: ``{"at": time, "way": "sent" | "received" | "opened" | "closed", "frame": […]}``; what is no frame stands as ``text``. Over SOAP
the frame is how the station thinks of the message, in the words of 1.6; what went over the wire stands as ``envelope``. The file is begun
anew at a size limit, and the one before is kept.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cc613_chargepoint.ocpp.rpc.masking import MASK, masked, masked_text

__all__ = ["MASK", "WireLog", "masked", "masked_text"]

_log = logging.getLogger(__name__)

TEXT_LIMIT = 2000
BYTES_LIMIT = 64
"""Of a message that is no text so many bytes are shown."""


class WireLog:
    """Writes what a connection carries into a file.

    Args:
        path: of the file; the one before is kept beside it as ``.1``.
        wall: the time, for the lines.
        limit_bytes: a new file is begun beyond.
        personal: whether identifiers of customers are shortened.
    """

    def __init__(
        self,
        path: Path,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        limit_bytes: int = 4 * 1024 * 1024,
        personal: bool = False,
    ) -> None:
        self.path = path
        self._wall, self._limit, self._personal = wall, limit_bytes, personal
        self._failed = False

    def opened(self, url: str, subprotocol: str) -> None:
        """A connection begins."""
        self._line({"way": "opened", "url": masked_text(url), "subprotocol": subprotocol})

    def closed(self) -> None:
        """It is over."""
        self._line({"way": "closed"})

    def sent(self, text: str) -> None:
        """A message goes out."""
        self._line({"way": "sent", **self._shown(text)})

    def received(self, text: str | bytes) -> None:
        """A message came in."""
        self._line({"way": "received", **self._shown(text)})

    def envelope(self, way: str, document: bytes) -> None:
        """What went over a wire as XML, beside the frame that stands for it.

        Args:
            way: ``sent`` or ``received``.
            document: the envelope.
        """
        self._line({"way": way, "envelope": masked_text(_readable(document))[:TEXT_LIMIT]})

    def _shown(self, text: str | bytes) -> dict[str, Any]:
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            return {"text": masked_text(_readable(text))[:TEXT_LIMIT]}
        return {"frame": masked(frame, personal=self._personal)}

    def _line(self, entry: dict[str, Any]) -> None:
        line = json.dumps({"at": self._wall().isoformat(timespec="milliseconds"), **entry}, ensure_ascii=True) + "\n"
        try:
            if self.path.exists() and self.path.stat().st_size + len(line) > self._limit:
                self.path.replace(self.path.with_suffix(self.path.suffix + ".1"))
            with self.path.open("a", encoding="ascii") as file:
                file.write(line)
            self._failed = False
        except OSError as error:
            if not self._failed:  # once: a full disk must not fill the log as well
                _log.warning("the wire log %s cannot be written: %s", self.path, error)
            self._failed = True


def _readable(message: str | bytes) -> str:
    if isinstance(message, str):
        return message
    try:
        return message.decode("utf-8")
    except UnicodeDecodeError:
        return f"{len(message)} bytes: {message[:BYTES_LIMIT].hex(' ')}"


def lines(path: Path, actions: Collection[str] = ()) -> list[dict[str, Any]]:
    """The entries of a wire log, oldest first; what a crash tore is left out.

    Args:
        path: of the log.
        actions: only calls of these names, and their answers.
    """
    found: list[dict[str, Any]] = []
    wanted: set[str] = set()
    for line in path.read_text("ascii", "replace").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if not isinstance(entry, dict) or "way" not in entry:
            continue
        frame = entry.get("frame")
        if actions:
            if not isinstance(frame, list) or len(frame) < 3:
                continue
            if frame[0] == 2 and frame[2] in actions:
                wanted.add(str(frame[1]))
            elif str(frame[1]) not in wanted:
                continue
        found.append(entry)
    return found
