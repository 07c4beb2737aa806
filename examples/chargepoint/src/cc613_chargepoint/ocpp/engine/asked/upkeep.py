"""Firmware and logs for a backend: moved, verified, handed to the station's upkeep; every step told in order."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from abc import abstractmethod
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from attrs import frozen

from cc613_chargepoint.facade.commands import Restart
from cc613_chargepoint.maintenance.interface import Diagnostics, Firmware, FirmwareRefused
from cc613_chargepoint.ocpp.engine.asked.operations import BACKEND
from cc613_chargepoint.ocpp.engine.owed.facts import Notice
from cc613_chargepoint.ocpp.files import BadLocation, Location, TransferError, TransferRefused
from cc613_chargepoint.store import Transaction
from cc613hal.errors import HalError

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.engine.engine import Engine

__all__ = ["NOTICES", "Files", "Tools", "Update", "Upkeep", "Verified"]

_log = logging.getLogger(__name__)

NOTICES = "notices"
"""Queue of what is told about firmware and logs."""
SECURITY_EVENT = "security event"
_ROOM, _PENDING = "ocpp", "firmware"
IDLE = "Idle"
OVER = {"Installed", "Uploaded", "UploadFailed", "UploadFailure", "DownloadFailed", "InstallationFailed", "InvalidSignature"}
"""After these nothing is under way."""
LOG_LINES = 10_000


class Files(Protocol):
    """Moves files; see :class:`cc613_chargepoint.ocpp.files.FileTransfers`."""

    @abstractmethod
    def judge(self, url: str) -> Location:
        """Whether an address is worth an attempt."""

    @abstractmethod
    async def download(
        self, url: str, target: Path, *, retries: int = 0, interval_s: float | None = None, size_bytes: int | None = None
    ) -> Any:
        """Get a file."""

    @abstractmethod
    async def upload(self, url: str, source: Path, *, name: str | None = None, retries: int = 0, interval_s: float | None = None) -> Any:
        """Put a file."""


@frozen(kw_only=True)
class Tools:
    """What the upkeep works with.

    Attributes:
        files: moves files.
        firmware: takes images over.
        diagnostics: collects what helps to find a fault.
        place: where archives lie until they are sent.
    """

    files: Files
    firmware: Firmware
    diagnostics: Diagnostics
    place: Path


LogAnswer = Literal["Accepted", "AcceptedCanceled", "Rejected"]
"""What is answered to the wish for a log, in every version."""

Verified = Callable[[Path], Awaitable[str]]
"""Verifies a signature over a file; whose it is. Raises :class:`~cc613hal.errors.HalError` if it is not good."""


@frozen(kw_only=True)
class Update:
    """An image that shall be installed.

    Attributes:
        location: where it is.
        retrieve: not before, UTC.
        install: not before, UTC; ``None`` as soon as possible.
        retries: attempts after the first one.
        interval_s: between attempts, s; ``None`` leaves it to the station.
        request: the backend's number for it; ``None`` for an update without a signature.
        verify: verifies its signature; ``None`` without one.
    """

    location: str
    retrieve: datetime
    install: datetime | None = None
    retries: int = 0
    interval_s: float | None = None
    request: int | None = None
    verify: Verified | None = None

    @property
    def signed(self) -> bool:
        """Whether it came with a signature."""
        return self.verify is not None


class Upkeep:
    """Carries it out, one update and one upload at a time.

    Args:
        engine: whose station it is.
        tools: to work with.
    """

    def __init__(self, engine: Engine, tools: Tools) -> None:
        self._engine, self._tools = engine, tools
        self._update: asyncio.Task[None] | None = None
        self._upload: asyncio.Task[None] | None = None
        self._installing = False
        self._numbers = itertools.count(1)
        self.firmware_status = IDLE
        self.log_status = IDLE
        self.firmware_request: int | None = None
        self.log_request: int | None = None

    async def tell(self, kind: str, status: str, request: int | None) -> None:
        """Owe a notice: it is told in order, over restarts."""
        if kind in {"log", "diagnostics"}:
            self.log_status, self.log_request = status, request
        else:
            self.firmware_status, self.firmware_request = status, request
        await self._engine.owe(Notice(kind=kind, status=status, request=request, at=self._engine.clock.wall()))

    def now(self, kind: str) -> Notice:
        """How it is now; what is over is not told again: nothing is under way.

        Args:
            kind: as :class:`Notice` has it.
        """
        about_firmware = kind.endswith("firmware")
        status = self.firmware_status if about_firmware else self.log_status
        request = self.firmware_request if about_firmware else self.log_request
        if status in OVER:
            status, request = IDLE, None
        return Notice(kind=kind, status=status, request=request, at=self._engine.clock.wall())

    def judge(self, url: str) -> str | None:
        """Why an address is refused; ``None`` if it may be tried."""
        try:
            self._tools.files.judge(url)
        except BadLocation as bad:
            return bad.message
        return None

    # -- firmware -----------------------------------------------------------------------------------------------------------------------

    def update(self, wanted: Update) -> bool | None:
        """Begin an update; one that is under way is given up for it.

        Returns:
            Whether another one was given up; ``None`` if the other one cannot be given up any more.
        """
        if self._installing:
            return None
        cancelled = self._update is not None and not self._update.done()
        if self._update is not None:
            self._update.cancel()
        self._update = asyncio.create_task(self._guarded(self._updating(wanted)), name="ocpp firmware")
        return cancelled

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except HalError as error:
            _log.error("upkeep for the backend: %s", error)
        except Exception:  # noqa: BLE001 - logged with its traceback; the station goes on
            _log.exception("upkeep for the backend failed")

    async def _until(self, moment: datetime | None) -> None:
        """Wait for a moment of the calendar, which may be set meanwhile."""
        while moment is not None and (wait_s := (moment - self._engine.clock.wall()).total_seconds()) > 0.0:
            await self._engine.clock.sleep(min(wait_s, 60.0))

    async def _updating(self, wanted: Update) -> None:
        kind = "signed-firmware" if wanted.signed else "firmware"

        async def say(status: str) -> None:
            await self.tell(kind, status, wanted.request)

        if wanted.signed and wanted.retrieve > self._engine.clock.wall():
            await say("DownloadScheduled")
        await self._until(wanted.retrieve)
        await say("Downloading")
        image = await self._tools.firmware.landing()
        try:
            await self._tools.files.download(wanted.location, image, retries=wanted.retries, interval_s=wanted.interval_s)
        except TransferError as error:
            _log.warning("the firmware was not downloaded: %s", error.message)
            await say("DownloadFailed")
            return
        await say("Downloaded")
        signed_by = ""
        if wanted.verify is not None:
            try:
                signed_by = await wanted.verify(image)
            except HalError as error:
                image.unlink(missing_ok=True)
                self._engine.note_security("InvalidFirmwareSignature", error.message)
                await say("InvalidSignature")
                return
            await say("SignatureVerified")
            if wanted.install is not None and wanted.install > self._engine.clock.wall():
                await say("InstallScheduled")
        await self._until(wanted.install)
        await self._install(wanted, image, signed_by, say)

    async def _install(self, wanted: Update, image: Path, signed_by: str, say: Callable[[str], Awaitable[None]]) -> None:
        """Nobody charges while an image is taken over: who does is waited for, nobody new begins."""
        operations = self._engine.operations
        with contextlib.suppress(HalError):
            await operations.hold(True)
        try:
            while self._engine.ledger.transactions:
                await self._engine.clock.sleep(1.0)
            self._installing = True
            await say("Installing")
            source = wanted.location.rpartition("@")[2]
            await self._tools.firmware.install(image, source=source, signed_by=signed_by)
        except FirmwareRefused as refused:
            _log.warning("%s", refused)
            self._installing = False
            await operations.hold(False)
            await say("InstallationFailed")
            return
        except BaseException:
            self._installing = False
            await operations.hold(False)
            raise
        pending = {"request": wanted.request, "signed": wanted.signed}

        def note(tx: Transaction) -> None:
            tx.memory.put(_ROOM, _PENDING, pending)
            tx.memory.put(_ROOM, "boot_reason", "FirmwareUpdate")

        await self._engine.store.write(note, "noting what was installed")
        if wanted.signed:
            await say("InstallRebooting")
        await self._engine.told()
        await self._engine.facade.ask(Restart(reason="firmware was installed"), BACKEND)

    async def after_boot(self) -> None:
        """The new image runs and the backend has accepted it: say so, once."""

        def take(tx: Transaction) -> Any:
            pending = tx.memory.get(_ROOM, _PENDING)
            tx.memory.forget(_ROOM, _PENDING)
            return pending

        pending = await self._engine.store.write(take, "looking what was installed")
        if pending:
            self._engine.note_security("FirmwareUpdated")
            await self.tell("signed-firmware" if pending["signed"] else "firmware", "Installed", pending["request"])

    def _fresh(self) -> Path:
        """A directory for one file: two that are made in the same second must not be the same."""
        return self._tools.place / f"{next(self._numbers)}"

    # -- logs ---------------------------------------------------------------------------------------------------------------------------

    async def diagnostics(self, since: datetime | None, until: datetime | None) -> Path | None:
        """The file that will be sent; ``None`` if there is nothing."""
        return await self._tools.diagnostics.archive(self._fresh(), since=since, until=until)

    async def security_log(self, since: datetime | None, until: datetime | None) -> Path | None:
        """The security events of a time as a file; ``None`` if there are none."""

        def look(tx: Transaction) -> list[str]:
            entries = [each for each in tx.audit.recent(LOG_LINES) if each.action == SECURITY_EVENT]
            wanted = [each for each in entries if (since is None or each.at >= since) and (until is None or each.at <= until)]
            return [f"{each.at.isoformat(timespec='milliseconds')} {each.subject} {each.after or ''}".rstrip() for each in reversed(wanted)]

        lines = await self._engine.store.read(look, "reading the security log")
        return await self._tools.diagnostics.security_log(self._fresh(), lines)

    async def send_log(
        self,
        url: str,
        *,
        security: bool,
        since: datetime | None,
        until: datetime | None,
        retries: int,
        interval_s: float | None,
        request: int,
    ) -> tuple[LogAnswer, str | None]:
        """Send a log; what is answered, and the file's name.

        Args:
            url: where to.
            security: the security log; otherwise diagnostics.
            since: not older, UTC.
            until: not younger, UTC.
            retries: attempts after the first one.
            interval_s: between attempts, s.
            request: the backend's number.
        """
        if self.judge(url) is not None:
            return "Rejected", None
        file = await (self.security_log(since, until) if security else self.diagnostics(since, until))
        if file is None:
            return "Rejected", None
        cancelled = self.upload(url, file, retries=retries, interval_s=interval_s, request=request)
        return "AcceptedCanceled" if cancelled else "Accepted", file.name

    def upload(self, url: str, file: Path, *, retries: int, interval_s: float | None, request: int | None) -> bool:
        """Send a file; an upload that is under way is given up for it. Whether one was.

        Args:
            url: where to.
            file: is removed afterwards.
            retries: attempts after the first one.
            interval_s: between attempts, s.
            request: the backend's number; ``None`` for diagnostics of the old kind.
        """
        cancelled = self._upload is not None and not self._upload.done()
        if self._upload is not None:
            self._upload.cancel()
        work = self._uploading(url, file, retries, interval_s, request)
        self._upload = asyncio.create_task(self._guarded(work), name="ocpp upload")
        return cancelled

    async def _uploading(self, url: str, file: Path, retries: int, interval_s: float | None, request: int | None) -> None:
        kind = "diagnostics" if request is None else "log"
        await self.tell(kind, "Uploading", request)
        try:
            await self._tools.files.upload(url, file, retries=retries, interval_s=interval_s)
        except TransferError as error:
            _log.warning("the log was not uploaded: %s", error.message)
            await self.tell(kind, _failure(error, request), request)
        else:
            await self.tell(kind, "Uploaded", request)
        finally:
            _remove(file)

    def give_up(self) -> None:
        """Give up what is under way."""
        for task in (self._update, self._upload):
            if task is not None:
                task.cancel()


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        file.parent.rmdir()


def _failure(error: TransferError, request: int | None) -> str:
    if request is None:
        return "UploadFailed"
    if isinstance(error, BadLocation):
        return "BadMessage"
    return "PermissionDenied" if isinstance(error, TransferRefused) else "UploadFailure"
