"""What a backend asks about customers: the local list, the cache, and what is known of somebody (functional blocks C, D and N)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cc613_chargepoint.ocpp.engine.asked.local_list import list_version, take_list
from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.engine.version import Handler
from cc613_chargepoint.ocpp.messages import encoded
from cc613_chargepoint.ocpp.messages.v201_provisioning import (
    CustomerInformation,
    CustomerInformationResponse,
    NotifyCustomerInformation,
    NotifyCustomerInformationResponse,
)
from cc613_chargepoint.ocpp.messages.v201_transactions import (
    ClearCache,
    ClearCacheResponse,
    GetLocalListVersion,
    GetLocalListVersionResponse,
    SendLocalList,
    SendLocalListResponse,
)
from cc613_chargepoint.ocpp.rpc import Reply
from cc613_chargepoint.ocpp.v201 import words
from cc613_chargepoint.settings import table
from cc613_chargepoint.store import Transaction

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.v201.version import V201

__all__ = ["Customers"]

PART = 512
"""Characters in one part of what is known of a customer (NotifyCustomerInformation)."""
SESSIONS = 1000
"""Sessions that are looked through for a customer's."""


class Customers:
    """Carries it out.

    Args:
        engine: knows the station.
        version: remembers what backends call identifiers, and tells what is asked for.
    """

    def __init__(self, engine: Engine, version: V201) -> None:
        self._engine, self._version = engine, version

    def handlers(self) -> Mapping[str, Handler]:
        """Action → who carries it out."""
        return {
            "ClearCache": self._clear_cache,
            "CustomerInformation": self._information,
            "GetLocalListVersion": self._list_version,
            "SendLocalList": self._send_list,
        }

    async def _clear_cache(self, request: ClearCache) -> Reply:
        del request
        if not self._engine.settings.get(table.CACHE):
            return Reply(encoded(ClearCacheResponse(status="Rejected")))
        await self._engine.store.write(lambda tx: tx.token_cache.clear(), "clearing the authorization cache")
        return Reply(encoded(ClearCacheResponse(status="Accepted")))

    async def _list_version(self, request: GetLocalListVersion) -> Reply:
        del request
        return Reply(encoded(GetLocalListVersionResponse(version_number=await list_version(self._engine) or 0)))

    async def _send_list(self, request: SendLocalList) -> Reply:
        if await list_version(self._engine) is None:
            return Reply(encoded(SendLocalListResponse(status="Failed")))
        entries = request.local_authorization_list or ()
        tokens = [each.id_token for each in entries]
        await self._engine.named.note((each.id_token, each.type) for each in tokens if words.id_token(each.id_token.upper()) != each)
        taken = await take_list(
            self._engine,
            version=request.version_number,
            full=request.update_type == "Full",
            kept=[words.known(each.id_token.id_token, each.id_token_info) for each in entries if each.id_token_info is not None],
            removed=[each.id_token.id_token for each in entries if each.id_token_info is None],
        )
        return Reply(encoded(SendLocalListResponse(status=taken)))

    # -- what is known of somebody ------------------------------------------------------------------------------------------------------

    async def _information(self, request: CustomerInformation) -> Reply:
        if not request.report and not request.clear:
            return Reply(encoded(CustomerInformationResponse(status="Rejected")))
        identifier = request.customer_identifier or ("" if request.id_token is None else request.id_token.id_token)
        if not identifier:  # certificates of customers are not kept
            return Reply(encoded(CustomerInformationResponse(status="Invalid" if request.customer_certificate is None else "Accepted")))

        async def then() -> None:
            lines = await self._known(identifier)
            if request.clear:
                await self._engine.store.write(lambda tx: tx.token_cache.forget(identifier), "forgetting a customer")
            await self._tell(request.request_id, lines if request.report else ())

        return Reply(encoded(CustomerInformationResponse(status="Accepted")), then)

    async def _known(self, identifier: str) -> Sequence[str]:
        """What the station knows of a customer, a line for each thing. Bills are evidence: they are told, and not forgotten."""

        def look(tx: Transaction) -> list[str]:
            found: list[str] = []
            listed, cached = tx.token_list.find(identifier), tx.token_cache.find(identifier)
            if listed is not None:
                found.append(f"local list: {listed.status}")
            if cached is not None:
                found.append(f"cache: {cached.status}")
            found += [
                f"session {each.uid}: {each.started.isoformat()}, {each.energy_wh} Wh"
                for each in tx.sessions.recent(SESSIONS)
                if each.token.id.casefold() == identifier.casefold()
            ]
            return found

        return await self._engine.store.read(look, "looking what is known of a customer")

    async def _tell(self, request: int, lines: Sequence[str]) -> None:
        text, at = "\n".join(lines), self._engine.clock.wall()
        parts = [text[start : start + PART] for start in range(0, len(text), PART)] or [""]
        for number, part in enumerate(parts):
            message = NotifyCustomerInformation(data=part, seq_no=number, generated_at=at, request_id=request, tbc=number + 1 < len(parts))
            await self._version.call(message, NotifyCustomerInformationResponse)
