"""What a backend has done at the station: starts and stops, unlocking, availability, resets, reservations (functional blocks B, E to H)."""

from __future__ import annotations

from collections.abc import Mapping

from cc613_chargepoint.ocpp.engine.asked.operations import Booking, Unlocking
from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.engine.version import Handler
from cc613_chargepoint.ocpp.messages import encoded
from cc613_chargepoint.ocpp.messages.v201_provisioning import Reset, ResetResponse
from cc613_chargepoint.ocpp.messages.v201_transactions import (
    CancelReservation,
    CancelReservationResponse,
    ChangeAvailability,
    ChangeAvailabilityResponse,
    GetTransactionStatus,
    GetTransactionStatusResponse,
    RequestStartTransaction,
    RequestStartTransactionResponse,
    RequestStopTransaction,
    RequestStopTransactionResponse,
    ReserveNow,
    ReserveNowResponse,
    UnlockConnector,
    UnlockConnectorResponse,
)
from cc613_chargepoint.ocpp.messages.v201_types import StatusInfo
from cc613_chargepoint.ocpp.messages.v201_words import UnlockStatus
from cc613_chargepoint.ocpp.rpc import Reply
from cc613_chargepoint.ocpp.v201.smart import profile_of, told

__all__ = ["Operating"]

_UNLOCKED: Mapping[Unlocking, UnlockStatus] = {
    Unlocking.UNLOCKED: "Unlocked",
    Unlocking.FAILED: "UnlockFailed",
    Unlocking.NOT_SUPPORTED: "UnlockFailed",
}


class Operating:
    """Carries it out.

    Args:
        engine: knows the station.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handlers(self) -> Mapping[str, Handler]:
        """Action → who carries it out."""
        return {
            "CancelReservation": self._cancel,
            "ChangeAvailability": self._change_availability,
            "GetTransactionStatus": self._transaction_status,
            "RequestStartTransaction": self._start,
            "RequestStopTransaction": self._stop,
            "ReserveNow": self._reserve,
            "Reset": self._reset,
            "UnlockConnector": self._unlock,
        }

    # -- transactions -----------------------------------------------------------------------------------------------------------------

    async def _start(self, request: RequestStartTransaction) -> Reply:
        operations, token = self._engine.operations, request.id_token
        identifier = token.id_token.upper()
        connector = operations.startable(request.evse_id, identifier) if identifier else None
        profile = None if request.charging_profile is None else profile_of(request.charging_profile)
        if connector is None:
            return Reply(encoded(RequestStartTransactionResponse(status="Rejected")))
        if profile is not None and (why := self._engine.charging.refused_at_start(profile)) is not None:
            return Reply(encoded(RequestStartTransactionResponse(status="Rejected", status_info=told(why))))
        await self._engine.named.note([(token.id_token, token.type)])
        operations.expect(connector, identifier)

        async def then() -> None:
            if profile is not None:
                self._engine.charging.at_start(profile, connector, identifier)
            self._engine.ledger.asked_from_afar(connector, request.remote_start_id, identifier)
            await operations.start(connector, identifier)

        begun = self._engine.extents.running.get(connector)
        uid = None if begun is None else begun.uid
        return Reply(encoded(RequestStartTransactionResponse(status="Accepted", transaction_id=uid)), then)

    async def _stop(self, request: RequestStopTransaction) -> Reply:
        connector = await self._engine.ledger.connector_of_uid(request.transaction_id)
        if connector is None:
            return Reply(encoded(RequestStopTransactionResponse(status="Rejected")))
        then = self._engine.operations.stop_transaction
        return Reply(encoded(RequestStopTransactionResponse(status="Accepted")), lambda: then(connector))

    async def _transaction_status(self, request: GetTransactionStatus) -> Reply:
        ledger = self._engine.ledger
        if request.transaction_id is None:
            return Reply(encoded(GetTransactionStatusResponse(messages_in_queue=await ledger.owed())))
        running = await ledger.connector_of_uid(request.transaction_id) is not None
        owed = await ledger.owed(request.transaction_id)
        return Reply(encoded(GetTransactionStatusResponse(messages_in_queue=owed, ongoing_indicator=running)))

    async def _unlock(self, request: UnlockConnector) -> Reply:
        operations, outlet = self._engine.operations, request.evse_id
        if outlet not in operations.connectors or request.connector_id != 1:
            return Reply(encoded(UnlockConnectorResponse(status="UnknownConnector")))
        if self._engine.view.connectors[outlet].in_session:
            return Reply(encoded(UnlockConnectorResponse(status="OngoingAuthorizedTransaction")))
        return Reply(encoded(UnlockConnectorResponse(status=_UNLOCKED[await operations.unlock(outlet)])))

    # -- service ----------------------------------------------------------------------------------------------------------------------

    async def _change_availability(self, request: ChangeAvailability) -> Reply:
        operations, evse = self._engine.operations, request.evse
        if evse is not None and (evse.id not in operations.connectors or evse.connector_id not in {None, 1}):
            return Reply(encoded(ChangeAvailabilityResponse(status="Rejected")))
        operative = request.operational_status == "Operative"
        found = await operations.change_availability(0 if evse is None else evse.id, operative=operative)
        return Reply(encoded(ChangeAvailabilityResponse(status=found.value)), operations.apply_availability)

    async def _reset(self, request: Reset) -> Reply:
        operations, resets, outlet = self._engine.operations, self._engine.resets, request.evse_id
        if outlet and outlet not in operations.restartable:
            there = outlet in operations.connectors
            words = "this outlet has a controller of its own, and starts again with it" if there else "there is no such outlet"
            why = StatusInfo(reason_code="UnsupportedRequest" if there else "UnknownEvse", additional_info=words)
            return Reply(encoded(ResetResponse(status="Rejected", status_info=why)))
        busy = self._engine.ledger.transactions
        if request.type == "OnIdle" and (outlet in busy if outlet else busy):

            async def later() -> None:  # a connection that is lost meanwhile takes nothing away
                operations.spawn(resets.outlet_when_idle(outlet) if outlet else resets.when_idle())

            return Reply(encoded(ResetResponse(status="Scheduled")), later)
        now = (lambda: resets.outlet(outlet)) if outlet else (lambda: resets.station(hard=False))
        return Reply(encoded(ResetResponse(status="Accepted")), now)

    # -- reservations -----------------------------------------------------------------------------------------------------------------

    async def _reserve(self, request: ReserveNow) -> Reply:
        booking = Booking(
            number=request.id,
            connector=request.evse_id or 0,
            token=request.id_token.id_token,
            until=request.expiry_date_time,
            parent=None if request.group_id_token is None else request.group_id_token.id_token,
        )
        found = await self._engine.operations.reserve(booking)
        return Reply(encoded(ReserveNowResponse(status=found.value)))

    async def _cancel(self, request: CancelReservation) -> Reply:
        there = await self._engine.operations.cancel(request.reservation_id)
        return Reply(encoded(CancelReservationResponse(status="Accepted" if there else "Rejected")))
