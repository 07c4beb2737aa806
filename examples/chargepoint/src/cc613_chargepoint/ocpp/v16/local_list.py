"""What a backend asks in the profile Local Auth List Management."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.messages import encoded, v16
from cc613_chargepoint.ocpp.rpc import Reply
from cc613_chargepoint.ocpp.v16 import words
from cc613_chargepoint.ocpp.v16.told import LIST_LIMIT, SEND_LIMIT
from cc613_chargepoint.settings import table
from cc613_chargepoint.store import StoreError, Transaction

__all__ = ["LocalLists"]

Status = Literal["Accepted", "Failed", "NotSupported", "VersionMismatch"]


class _TooLong(Exception):  # noqa: N818 - it only undoes a transaction
    """The list would be too long: nothing of it is kept."""


class LocalLists:
    """Carries it out: all or nothing, so that a list is never half of two."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handlers(self) -> Mapping[str, Callable[[Any], Awaitable[Reply]]]:
        """Action → who carries it out."""
        return {"GetLocalListVersion": self._version, "SendLocalList": self._send}

    @property
    def _enabled(self) -> bool:
        return self._engine.settings.get(table.LOCAL_LIST)

    async def _version(self, request: v16.GetLocalListVersion) -> Reply:
        del request
        if not self._enabled:
            return Reply(encoded(v16.GetLocalListVersionResponse(list_version=-1)))

        def look(tx: Transaction) -> int:
            return tx.token_list.version if tx.token_list.count() else 0

        version = await self._engine.store.read(look, "reading the local list's version")
        return Reply(encoded(v16.GetLocalListVersionResponse(list_version=version)))

    async def _send(self, request: v16.SendLocalList) -> Reply:
        return Reply(encoded(v16.SendLocalListResponse(status=await self._taken(request))))

    async def _taken(self, request: v16.SendLocalList) -> Status:
        entries = request.local_authorization_list or ()
        if not self._enabled:
            return "NotSupported"
        if request.list_version <= 0 or len(entries) > SEND_LIMIT:
            return "Failed"
        folded = [each.id_tag.casefold() for each in entries]
        if len(set(folded)) != len(folded):
            return "Failed"  # which of the two would count?
        full = request.update_type == "Full"
        if full and any(each.id_tag_info is None for each in entries):
            return "Failed"
        kept = [words.known(each.id_tag, each.id_tag_info) for each in entries if each.id_tag_info is not None]
        removed = [each.id_tag for each in entries if each.id_tag_info is None]

        def work(tx: Transaction) -> Status:
            if full:
                tx.token_list.replace(kept, version=request.list_version)
            elif request.list_version <= tx.token_list.version:
                return "VersionMismatch"
            else:
                tx.token_list.update(kept, removed, version=request.list_version)
            if tx.token_list.count() > LIST_LIMIT:
                raise _TooLong
            for each in kept:
                tx.token_cache.forget(each.id)  # what is on the list is never in the cache too
            return "Accepted"

        try:
            return await self._engine.store.write(work, "keeping the local list")
        except (StoreError, _TooLong):
            return "Failed"
