"""What a backend asks in the profile Core."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.messages import encoded, v16
from cc613_chargepoint.ocpp.rpc import CallFailed, ErrorCode, Reply
from cc613_chargepoint.ocpp.v16.contracts import VENDOR, Contracts16
from cc613_chargepoint.ocpp.v16.keys import MAX_KEYS, Keys
from cc613_chargepoint.ocpp.v16.smart import profile_of
from cc613_chargepoint.settings import ocpp, table

__all__ = ["Core"]

Handler = Callable[[Any], Awaitable[Reply]]


class Core:
    """Carries it out.

    Args:
        engine: knows the station.
        keys: the configuration.
        contracts: carries out what Plug & Charge asks.
    """

    def __init__(self, engine: Engine, keys: Keys, contracts: Contracts16) -> None:
        self._engine, self._keys, self._contracts = engine, keys, contracts

    def handlers(self) -> Mapping[str, Handler]:
        """Action → who carries it out."""
        return {
            "ChangeAvailability": self._change_availability,
            "ChangeConfiguration": self._change_configuration,
            "ClearCache": self._clear_cache,
            "DataTransfer": self._data_transfer,
            "GetConfiguration": self._get_configuration,
            "RemoteStartTransaction": self._remote_start,
            "RemoteStopTransaction": self._remote_stop,
            "Reset": self._reset,
            "UnlockConnector": self._unlock,
        }

    async def _change_availability(self, request: v16.ChangeAvailability) -> Reply:
        operations = self._engine.operations
        found = await operations.change_availability(request.connector_id, operative=request.type == "Operative")
        return Reply(encoded(v16.ChangeAvailabilityResponse(status=found.value)), operations.apply_availability)

    async def _change_configuration(self, request: v16.ChangeConfiguration) -> Reply:
        if request.key.casefold() == "securityprofile":
            return await self._change_profile(request)
        changed = await self._keys.change(request.key, request.value)
        payload = encoded(v16.ChangeConfigurationResponse(status=cast("Any", changed.status)))
        reconnects = changed.key == ocpp.PASSWORD.key and self._engine.settings.get(ocpp.SECURITY_PROFILE) in {1, 2}
        return Reply(payload, self._engine.reconnect if reconnects else None)

    async def _change_profile(self, request: v16.ChangeConfiguration) -> Reply:
        """Only upward, and only with what it needs (security whitepaper, A05)."""
        security = self._engine.security
        wanted = int(request.value) if request.value.strip().isdecimal() else -1
        if security is None or security.profile_refused(wanted) is not None:
            return Reply(encoded(v16.ChangeConfigurationResponse(status="Rejected")))
        changed = await self._keys.change(request.key, request.value)
        accepted = changed.status == "Accepted"
        payload = encoded(v16.ChangeConfigurationResponse(status=cast("Any", changed.status)))
        return Reply(payload, self._engine.raise_profile if accepted else None)

    async def _clear_cache(self, request: v16.ClearCache) -> Reply:
        del request
        if not self._engine.settings.get(table.CACHE):
            return Reply(encoded(v16.ClearCacheResponse(status="Rejected")))
        await self._engine.store.write(lambda tx: tx.token_cache.clear(), "clearing the authorization cache")
        return Reply(encoded(v16.ClearCacheResponse(status="Accepted")))

    async def _data_transfer(self, request: v16.DataTransfer) -> Reply:
        if request.vendor_id == VENDOR:
            return await self._contracts.handle(request)
        return Reply(encoded(v16.DataTransferResponse(status="UnknownVendorId")))

    async def _get_configuration(self, request: v16.GetConfiguration) -> Reply:
        if request.key is not None and len(request.key) > MAX_KEYS:
            raise CallFailed(ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, f"at most {MAX_KEYS} keys may be asked for at once")
        known, unknown = self._keys.read(request.key or ())
        return Reply(encoded(v16.GetConfigurationResponse(configuration_key=tuple(known), unknown_key=tuple(unknown))))

    def _registered(self) -> bool:
        """While the boot is pending, nothing may be started or stopped from afar (OCPP 1.6, 4.2.1)."""
        return self._engine.registration == "Accepted"

    async def _remote_start(self, request: v16.RemoteStartTransaction) -> Reply:
        operations = self._engine.operations
        profile = None if request.charging_profile is None else profile_of(request.charging_profile)
        profile_fits = profile is None or self._engine.charging.refused_at_start(profile) is None
        connector = operations.startable(request.connector_id, request.id_tag)
        if not self._registered() or request.connector_id == 0 or not profile_fits or connector is None:
            return Reply(encoded(v16.RemoteStartTransactionResponse(status="Rejected")))
        operations.expect(connector, request.id_tag)

        async def then() -> None:
            if profile is not None:
                self._engine.charging.at_start(profile, connector, request.id_tag)
            await operations.start(connector, request.id_tag)

        return Reply(encoded(v16.RemoteStartTransactionResponse(status="Accepted")), then)

    async def _remote_stop(self, request: v16.RemoteStopTransaction) -> Reply:
        connector = await self._engine.ledger.connector_named(request.transaction_id) if self._registered() else None
        if connector is None:
            return Reply(encoded(v16.RemoteStopTransactionResponse(status="Rejected")))

        async def then() -> None:
            await self._engine.operations.stop(connector)

        return Reply(encoded(v16.RemoteStopTransactionResponse(status="Accepted")), then)

    async def _reset(self, request: v16.Reset) -> Reply:
        async def then() -> None:
            await self._engine.resets.station(hard=request.type == "Hard")

        return Reply(encoded(v16.ResetResponse(status="Accepted")), then)

    async def _unlock(self, request: v16.UnlockConnector) -> Reply:
        found = await self._engine.operations.unlock(request.connector_id)
        return Reply(encoded(v16.UnlockConnectorResponse(status=found.value)))
