"""Diagnostics as one compressed archive: recent log, settings, states, whatever was told to belong; without secrets, bounded."""

from __future__ import annotations

import asyncio
import gzip
import io
import logging
import re
import tarfile
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from cc613_chargepoint.maintenance.interface import Diagnostics
from cc613_chargepoint.maintenance.masking import Masking
from cc613hal.clock import Clock

__all__ = ["DiagnosticsArchive", "RecentLog"]

_log = logging.getLogger(__name__)
Page = Callable[[], Awaitable[str]]


class RecentLog(logging.Handler):
    """Keeps the last lines of the log in memory, for diagnostics. Add it to the root logger.

    Args:
        lines: how many; a line takes about 200 bytes.
    """

    def __init__(self, lines: int = 5000) -> None:
        super().__init__()
        self._lines: deque[tuple[float, str]] = deque(maxlen=lines)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self._lines.append((record.created, self.format(record)[:2000]))

    def text(self, since: datetime | None = None, until: datetime | None = None) -> str:
        """The lines of a time, each with its moment in UTC."""
        first = float("-inf") if since is None else since.timestamp()
        last = float("inf") if until is None else until.timestamp()
        kept = [(at, line) for at, line in self._lines.copy() if first <= at <= last]
        return "".join(f"{datetime.fromtimestamp(at, UTC).isoformat(timespec='milliseconds')} {line}\n" for at, line in kept)


class DiagnosticsArchive(Diagnostics):
    """Collects diagnostics.

    Args:
        station: its serial number, for the file's name.
        pages: file name in the archive → what writes it when it is asked for (settings, faults, status, versions). One that fails leaves
            its error there, not the whole without.
        log: the recent log.
        secrets: every value that must not leave the station, asked for each time.
        page_bytes: of each page at most; its end is kept, which is the recent part.
        clock: the station's clock.
    """

    def __init__(
        self,
        station: str,
        pages: Mapping[str, Page],
        log: RecentLog,
        secrets: Callable[[], Iterable[str]],
        *,
        page_bytes: int = 4 * 1024 * 1024,
        clock: Clock | None = None,
    ) -> None:
        self._station = re.sub(r"[^A-Za-z0-9._-]+", "_", station) or "station"
        self._pages = dict(pages)
        self._recent = log
        self._secrets = secrets
        self._page_bytes = page_bytes
        self._clock = clock or Clock()

    async def archive(self, directory: Path, *, since: datetime | None = None, until: datetime | None = None) -> Path | None:
        """See :class:`~cc613_chargepoint.maintenance.interface.Diagnostics`."""
        texts = {"log.txt": self._recent.text(since, until)}
        for name, page in self._pages.items():
            try:
                texts[name] = await page()
            except Exception as error:  # noqa: BLE001 - what can be had is worth more than nothing
                _log.warning("diagnostics: %s could not be written: %s", name, error)
                texts[name] = f"could not be written: {error}\n"
        if not any(texts.values()):
            return None
        return await asyncio.to_thread(self._pack, directory, texts)

    async def security_log(self, directory: Path, lines: Sequence[str]) -> Path | None:
        """See :class:`~cc613_chargepoint.maintenance.interface.Diagnostics`."""
        if not lines:
            return None
        text = Masking(self._secrets()).mask("".join(f"{line}\n" for line in lines))
        path = self._named(directory, "security", "log.gz")
        await asyncio.to_thread(path.write_bytes, gzip.compress(text.encode()))
        return path

    def _named(self, directory: Path, what: str, ending: str) -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        return directory / f"{self._station}-{what}-{self._clock.wall():%Y%m%dT%H%M%SZ}.{ending}"

    def _pack(self, directory: Path, texts: Mapping[str, str]) -> Path:
        masking, stamp = Masking(self._secrets()), int(self._clock.wall().timestamp())
        path = self._named(directory, "diagnostics", "tar.gz")
        with tarfile.open(path, "w:gz") as archive:
            for name, text in sorted(texts.items()):
                data = masking.mask(text).encode("utf-8", "replace")
                cut = data[-self._page_bytes :]
                entry = tarfile.TarInfo(name)
                entry.size, entry.mtime = len(cut), stamp
                archive.addfile(entry, io.BytesIO(cut))
        return path
