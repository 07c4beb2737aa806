"""Pages without gaps: the number of the next record, committed together with the record that bears it.

A page is used at the moment its record is durable, not before: a power cut between signing and committing leaves neither a gap
(the number was not used) nor a page used twice (the record never left). Therefore one call commits both.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
from abc import abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, NoReturn, Protocol, Self, runtime_checkable

from cc613hal.ocmf.errors import PagesLost
from cc613hal.ocmf.fields import PageContext
from cc613hal.ocmf.values import OcmfRecord, Page

__all__ = ["FilePageCounter", "MemoryPageCounter", "PageCounter"]


@runtime_checkable
class PageCounter(Protocol):
    """What a signer needs of durable memory; an application implements it on its store, in one database transaction per commit."""

    @abstractmethod
    async def next_page(self, context: PageContext) -> int:
        """The number the next record of a context gets; asking does not use it.

        Raises:
            PagesLost: the memory is gone or damaged; nothing may be signed until a person has looked.
        """

    @abstractmethod
    async def commit(self, page: Page, record: OcmfRecord) -> None:
        """Use a page for a record; when this returns, both survive a power cut.

        Raises:
            PagesLost: the page is not the next one of its context; nothing was stored.
        """


class MemoryPageCounter:
    """Pages in memory, for tests and for stations whose meter keeps the log; nothing survives.

    Args:
        first: number of the first page of each context.
    """

    def __init__(self, first: int = 1) -> None:
        self._next = dict.fromkeys(PageContext, first)
        self.records: list[OcmfRecord] = []
        """What was committed, in order."""

    async def next_page(self, context: PageContext) -> int:
        """The number the next record of a context gets."""
        return self._next[context]

    async def commit(self, page: Page, record: OcmfRecord) -> None:
        """Use a page for a record."""
        _expect(page, self._next[page.context])
        self._next[page.context] += 1
        self.records.append(record)


_LINE = re.compile(rb"([TF])(0|[1-9][0-9]{0,18}) ([0-9a-f]{64}) (.+)\n", re.DOTALL)
_HEADER = b"# cc613hal pages 1\n"
_MAX_LINE = 1 << 21


class FilePageCounter:
    """Pages in an append-only file that holds the records too, each line chained to the one before by SHA-256.

    A record is on the disk (``fsync``) when :meth:`commit` returns. A line that a power cut tore is cut off at the next start: it
    was never acknowledged. Any other damage, and a missing file, raises: a page may not be used twice because a file went away.
    The file may be read by others for diagnosis; it is locked against a second writer.

    Make the file once with :meth:`create`, at commissioning.

    Args:
        path: the file.

    Raises:
        PagesLost: missing, damaged, or open in another process.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._place = Path(path)
        self._next: dict[PageContext, int] = {}
        self._chain = hashlib.sha256(_HEADER).digest()
        self._file: BinaryIO | None = None
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pages")  # its thread starts with the first commit
        try:
            descriptor = os.open(self._place, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise PagesLost(
                f"the page counter {self._place} cannot be opened: {error.strerror}",
                hint="restore it from the backup; make a new one only together with a new key",
            ) from error
        self._file = os.fdopen(descriptor, "r+b")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._load(self._file)
        except BaseException as error:
            self.close()
            if isinstance(error, BlockingIOError):
                raise PagesLost(f"the page counter {self._place} is open in another process", hint="only one signer may run") from error
            raise

    @classmethod
    def create(cls, path: str | os.PathLike[str], first: int = 1) -> FilePageCounter:
        """Make the file, which must not exist yet, and open it.

        Args:
            path: where.
            first: number of the first page of each context.

        Raises:
            PagesLost: the file is there already, or it cannot be written.
        """
        place = Path(path)
        header = _HEADER + f"first {first}\n".encode()
        try:
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise PagesLost(
                f"the page counter {place} cannot be made: {error.strerror}", hint="an existing one is never overwritten"
            ) from error
        with os.fdopen(descriptor, "wb") as file:
            file.write(header)
            file.flush()
            os.fsync(descriptor)
        _sync_directory(place.parent)
        return cls(place)

    async def next_page(self, context: PageContext) -> int:
        """The number the next record of a context gets."""
        self._open_file()
        return self._next[context]

    async def commit(self, page: Page, record: OcmfRecord) -> None:
        """Use a page for a record; flushed to the disk when this returns.

        The disk is waited for on a thread of this counter's own. Whoever is cancelled here does not know whether the page was
        used; the counter does, and :meth:`next_page` tells.
        """
        self._open_file()
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._worker, self._append, page, record.text))

    def _append(self, page: Page, text: str) -> None:
        file = self._open_file()
        _expect(page, self._next[page.context])
        escaped = text.encode("utf-8").replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
        head, tail = f"{page} ".encode(), b" " + escaped + b"\n"
        chain = hashlib.sha256(self._chain + head + tail).digest()
        begin = file.seek(0, os.SEEK_END)
        try:
            file.write(head + chain.hex().encode() + tail)
            file.flush()
            os.fdatasync(file.fileno())
        except OSError as error:
            # what of the line reached the disk is unknown: nobody may write behind it until it was looked at again
            self._give_up(begin)
            raise PagesLost(
                f"the record of page {page} could not be stored in {self._place}: {error.strerror}", hint="free space, then open it again"
            ) from error
        self._chain = chain
        self._next[page.context] += 1

    def records(self) -> Iterator[tuple[Page, str]]:
        """All pages with their records' texts, oldest first."""
        with self._place.open("rb") as file:
            file.readline()
            file.readline()
            for line in file:
                match = _LINE.fullmatch(line)
                if match is not None:
                    text = re.sub(rb"\\(.)", lambda escape: {b"n": b"\n", b"r": b"\r"}.get(escape[1], escape[1]), match[4])
                    yield Page(PageContext(match[1].decode()), int(match[2])), text.decode("utf-8")

    def close(self) -> None:
        """Wait for what is being written and release the file."""
        self._worker.shutdown()
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_file(self) -> BinaryIO:
        if self._file is None:
            raise PagesLost(f"the page counter {self._place} is closed")
        return self._file

    def _give_up(self, good_until: int) -> None:
        """Cut the torn line off if that still works, and write no more through this object."""
        file = self._open_file()
        self._file = None
        with contextlib.suppress(OSError):  # the next start finds a torn line and cuts it off
            os.ftruncate(file.fileno(), good_until)
        with contextlib.suppress(OSError):  # closing would flush what the disk refused
            file.close()

    def _load(self, file: BinaryIO) -> None:
        if file.readline(_MAX_LINE) != _HEADER:
            self._damaged(1, "it does not begin like a page counter")
        first = re.fullmatch(rb"first (\d{1,19})\n", file.readline(_MAX_LINE))
        if first is None:
            self._damaged(2, "the first page is missing")
        self._next = dict.fromkeys(PageContext, int(first[1]))
        good_until = file.tell()
        for number, line in enumerate(iter(lambda: file.readline(_MAX_LINE), b""), start=3):
            if not line.endswith(b"\n") and len(line) < _MAX_LINE:
                os.ftruncate(file.fileno(), good_until)
                os.fsync(file.fileno())
                break
            match = _LINE.fullmatch(line)
            if match is None:
                self._damaged(number, "no page")
            head, tail = match[1] + match[2] + b" ", b" " + match[4] + b"\n"
            chain = hashlib.sha256(self._chain + head + tail).digest()
            context = PageContext(match[1].decode())
            if chain.hex().encode() != match[3] or int(match[2]) != self._next[context]:
                self._damaged(number, "the chain is broken")
            self._chain = chain
            self._next[context] += 1
            good_until += len(line)

    def _damaged(self, line: int, why: str) -> NoReturn:
        raise PagesLost(
            f"the page counter {self._place} is damaged in line {line}: {why}",
            hint="somebody changed it, or the disk lost data: restore the backup, or begin anew together with a new key",
        )


def _expect(page: Page, wanted: int) -> None:
    if page.number != wanted:
        raise PagesLost(f"page {page} is not the next one, {page.context.value}{wanted} is", hint="only one signer may use a page counter")


def _sync_directory(place: Path) -> None:
    directory = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
