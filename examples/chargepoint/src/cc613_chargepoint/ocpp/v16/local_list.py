"""What a backend asks in the profile Local Auth List Management."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from cc613_chargepoint.ocpp.engine.asked.local_list import list_version, take_list
from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.messages import encoded, v16
from cc613_chargepoint.ocpp.rpc import Reply
from cc613_chargepoint.ocpp.v16 import words

__all__ = ["LocalLists"]

Status = Literal["Accepted", "Failed", "NotSupported", "VersionMismatch"]


class LocalLists:
    """Carries it out."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handlers(self) -> Mapping[str, Callable[[Any], Awaitable[Reply]]]:
        """Action → who carries it out."""
        return {"GetLocalListVersion": self._version, "SendLocalList": self._send}

    async def _version(self, request: v16.GetLocalListVersion) -> Reply:
        del request
        version = await list_version(self._engine)
        return Reply(encoded(v16.GetLocalListVersionResponse(list_version=-1 if version is None else version)))

    async def _send(self, request: v16.SendLocalList) -> Reply:
        return Reply(encoded(v16.SendLocalListResponse(status=await self._taken(request))))

    async def _taken(self, request: v16.SendLocalList) -> Status:
        if await list_version(self._engine) is None:
            return "NotSupported"
        entries = request.local_authorization_list or ()
        return await take_list(
            self._engine,
            version=request.list_version,
            full=request.update_type == "Full",
            kept=[words.known(each.id_tag, each.id_tag_info) for each in entries if each.id_tag_info is not None],
            removed=[each.id_tag for each in entries if each.id_tag_info is None],
        )
