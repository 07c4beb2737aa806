"""What a transaction that is more than its session has to know of the station, and what follows from its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cc613_chargepoint.ocpp.engine.owed.facts import Reading
from cc613_chargepoint.ocpp.engine.transactions.extent import Around
from cc613_chargepoint.ocpp.engine.transactions.measurands import DEFAULT, quantities

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.engine.engine import Engine

__all__ = ["Outlets"]


class Outlets(Around):
    """As an engine knows it.

    Args:
        engine: whose station it is.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def wanted(self) -> bool:
        """See :class:`Around`."""
        return self._engine.spoken.by_points

    def serves(self, connector: int) -> bool:
        """See :class:`Around`."""
        return self._engine.view.connectors[connector].in_service

    def several(self) -> bool:
        """See :class:`Around`."""
        return len(self._engine.operations.connectors) > 1

    def remote(self, connector: int, token: str) -> int | None:
        """See :class:`Around`."""
        return self._engine.ledger.remote(connector, token)

    def reserved(self, connector: int) -> int | None:
        """See :class:`Around`."""
        return self._engine.ledger.reserved(connector)

    def online(self) -> bool:
        """See :class:`Around`."""
        return self._engine.connected

    async def register(self, connector: int) -> tuple[Reading, ...]:
        """See :class:`Around`."""
        values = quantities(await self._engine.read_meter(connector), (DEFAULT,))
        return (Reading(at=self._engine.clock.wall(), context="Transaction.Begin", quantities=values),) if values else ()

    def stop(self, connector: int, reason: str) -> None:
        """See :class:`Around`."""
        self._engine.operations.spawn(self._engine.operations.stop(connector, reason))

    def closed(self, connector: int) -> None:
        """See :class:`Around`."""
        self._engine.operations.transaction_over(connector)

    def owed(self) -> None:
        """See :class:`Around`."""
        self._engine.sender.wake()
