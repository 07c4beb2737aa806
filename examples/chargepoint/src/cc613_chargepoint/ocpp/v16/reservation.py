"""What a backend asks in the profile Reservation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cc613_chargepoint.ocpp.engine.asked.operations import Booking
from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.messages import encoded, v16
from cc613_chargepoint.ocpp.rpc import Reply

__all__ = ["Reservation"]


class Reservation:
    """Carries it out."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handlers(self) -> Mapping[str, Callable[[Any], Awaitable[Reply]]]:
        """Action → who carries it out."""
        return {"ReserveNow": self._reserve, "CancelReservation": self._cancel}

    async def _reserve(self, request: v16.ReserveNow) -> Reply:
        booking = Booking(
            number=request.reservation_id,
            connector=request.connector_id,
            token=request.id_tag,
            until=request.expiry_date,
            parent=request.parent_id_tag,
        )
        found = await self._engine.operations.reserve(booking)
        return Reply(encoded(v16.ReserveNowResponse(status=found.value)))

    async def _cancel(self, request: v16.CancelReservation) -> Reply:
        there = await self._engine.operations.cancel(request.reservation_id)
        return Reply(encoded(v16.CancelReservationResponse(status="Accepted" if there else "Rejected")))
