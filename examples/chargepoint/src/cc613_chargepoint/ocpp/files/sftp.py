"""Files over SFTP, with asyncssh on a loop of the transfer's own thread. Host keys are checked before a password is sent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cc613_chargepoint.ocpp.files.errors import BadLocation, NotTrusted, TransferFailed
from cc613_chargepoint.ocpp.files.job import Bounds, PartFile, Stop, Trust
from cc613_chargepoint.ocpp.files.location import Location, is_own_address, remote_name

if TYPE_CHECKING:
    import asyncssh

__all__ = ["FirstUse", "fetch", "send"]

_log = logging.getLogger(__name__)

_BLOCK = 1024 * 1024
"""Bytes asked for at a time; asyncssh splits them and keeps several requests on their way."""


class FirstUse:
    """Host keys that were told beforehand, or else the first one that was met: later another one is refused.

    Args:
        path: of the file that remembers; ``None`` trusts only what was told.
        told: ``host:port`` → fingerprint.
    """

    def __init__(self, path: Path | None, told: Mapping[str, str] | None = None) -> None:
        self._path = path
        self._told = dict(told or {})

    def trusts(self, host: str, port: int, fingerprint: str) -> bool:
        """See :class:`~cc613_chargepoint.ocpp.files.job.HostKeys`."""
        place = f"{host.lower()}:{port}"
        if place in self._told:
            return self._told[place] == fingerprint
        if self._path is None:
            return False
        try:
            known: dict[str, str] = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            known = {}
        except (OSError, ValueError):
            return False  # a file that cannot be read must not open the door
        if place in known:
            return known[place] == fingerprint
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.write_text(json.dumps({**known, place: fingerprint}, indent=1), "utf-8")
        fresh.replace(self._path)
        return True


def fetch(where: Location, part: PartFile, trust: Trust, bounds: Bounds, stop: Stop) -> None:
    """Get a file, from the byte where the last attempt ended if size and time are still the same.

    Raises:
        TransferError: see the tree; what arrived is kept in ``part``.
    """
    if not where.steps:
        raise BadLocation(f"{where} names no file")

    async def work() -> None:
        async with _session(where, trust, bounds) as sftp:
            path = _path(where)
            known = await sftp.stat(path)
            have = part.begin()
            validator = f"{known.size} {known.mtime}"
            if have and (validator != part.validator or known.size is None or have > known.size):
                part.drop()
                have = 0
            part.identify(validator)
            part.expect(known.size)
            async with sftp.open(path, "rb") as remote:
                with part.opened(have) as file:
                    while True:
                        stop.check()
                        async with asyncio.timeout(bounds.silence_s):
                            data: bytes = await remote.read(_BLOCK, have)
                        if not data:
                            break
                        part.write(file, data)
                        have += len(data)
            if known.size is not None and have != known.size:
                raise TransferFailed(f"the connection ended after {have} of {known.size} bytes")

    _run(work, stop)


def send(where: Location, source: Path, name: str, sending: tuple[Trust, Bounds, Stop], *, go_on: bool = False) -> None:
    """Put a file into the directory that the address is.

    Args:
        where: the directory.
        source: the file.
        name: of the file over there.
        sending: whom to trust, what it may cost, what ends it.
        go_on: an attempt before has begun it: what is over there already is not sent again.

    Raises:
        TransferError: see the tree.
    """
    trust, bounds, stop = sending
    total, path = source.stat().st_size, f"{_path(where).rstrip('/')}/{remote_name(name)}"

    async def work() -> None:
        async with _session(where, trust, bounds) as sftp:
            there = 0
            if go_on and await sftp.exists(path):
                there = (await sftp.stat(path)).size or 0
                there = max(0, there - _BLOCK) if there <= total else 0  # the last block's parts may have arrived out of order
            async with sftp.open(path, "r+b" if there else "wb") as remote:
                with source.open("rb") as file:
                    file.seek(there)
                    while data := file.read(_BLOCK):
                        stop.check()
                        async with asyncio.timeout(bounds.silence_s):
                            await remote.write(data, there)
                        there += len(data)
            arrived = (await sftp.stat(path)).size
            if arrived is not None and arrived != total:
                raise TransferFailed(f"the server has {arrived} of {total} bytes")

    _run(work, stop)


def _path(where: Location) -> str:
    """Absolute, as the address says; below ``/~/`` it begins at home."""
    steps = where.steps
    return "/".join(steps[1:]) or "." if steps[:1] == ("~",) else "/" + "/".join(steps)


@contextlib.asynccontextmanager
async def _session(where: Location, trust: Trust, bounds: Bounds) -> AsyncGenerator[asyncssh.SFTPClient]:
    import asyncssh  # noqa: PLC0415 - only who transfers by SFTP pays for it

    refused: list[NotTrusted] = []

    class Client(asyncssh.SSHClient):
        def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
            if not bounds.own_addresses and is_own_address(addr):
                refused.append(NotTrusted(f"{where} leads to {addr}, which is the station itself or its link"))
            elif trust.host_keys is None or not trust.host_keys.trusts(where.host, where.port, key.get_fingerprint()):
                refused.append(
                    NotTrusted(
                        f"{where.authority} shows the host key {key.get_fingerprint()}, which is not the one that is known",
                        hint="if the server has a new key, tell it to the station",
                    )
                )
            return not refused

    try:
        connection = await asyncssh.connect(
            where.host,
            where.port,
            username=where.user or "anonymous",
            password=where.password or None,
            client_keys=None if trust.identity is None else [str(trust.identity)],
            known_hosts=([], [], []),
            client_factory=Client,
            config=None,
            agent_path=None,
            connect_timeout=bounds.silence_s,
            login_timeout=bounds.silence_s,
            keepalive_interval=max(1.0, bounds.silence_s / 3),
        )
    except asyncssh.HostKeyNotVerifiable as error:
        raise refused[0] if refused else NotTrusted(f"{where.authority} showed no host key that fits") from error
    async with connection, connection.start_sftp_client() as sftp:
        yield sftp


def _run(work: Callable[[], Coroutine[Any, Any, None]], stop: Stop) -> None:
    """Carry out the work on a loop of this thread, until it is done or to be stopped."""

    async def main() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work())

        def cancel() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended: there is nothing left to stop
                loop.call_soon_threadsafe(task.cancel)

        # parts of a block that were under way when the connection broke: the first one has told already
        loop.set_exception_handler(lambda _, context: _log.debug("%s", context.get("message")))
        stop.attach(cancel)
        try:
            async with asyncio.timeout(stop.left_s()):
                await task
        except asyncio.CancelledError:
            stop.check()
            raise

    asyncio.run(main())
