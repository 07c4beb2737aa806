"""What a backend asks in the profile Remote Trigger: first the answer, then the message, once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from cc613_chargepoint.ocpp.engine.engine import Engine
from cc613_chargepoint.ocpp.messages import encoded, v16
from cc613_chargepoint.ocpp.rpc import Reply

if TYPE_CHECKING:
    from cc613_chargepoint.ocpp.v16.version import V16

__all__ = ["Trigger"]


class Trigger:
    """Carries it out.

    Args:
        engine: knows the station.
        version: says what is asked for.
    """

    def __init__(self, engine: Engine, version: V16) -> None:
        self._engine, self._version = engine, version

    def handlers(self) -> Mapping[str, Callable[[Any], Awaitable[Reply]]]:
        """Action → who carries it out."""
        return {"TriggerMessage": self._trigger}

    async def _trigger(self, request: v16.TriggerMessage) -> Reply:
        then = self.wanted(request.requested_message, request.connector_id)
        if isinstance(then, str):
            return Reply(encoded(v16.TriggerMessageResponse(status="Rejected" if then == "Rejected" else "NotImplemented")))
        return Reply(encoded(v16.TriggerMessageResponse(status="Accepted")), then)

    def wanted(self, message: str, connector: int | None, *, extended: bool = False) -> Callable[[], Awaitable[None]] | str:
        """What says the message that is asked for; or the word of the refusal.

        Args:
            message: its name.
            connector: which; ``None`` means all that it can be about.
            extended: firmware is told in the form of the security whitepaper.
        """
        numbers = self._engine.operations.connectors
        if not self._engine.registration and message != "BootNotification":
            return "Rejected"  # between power-up and the boot's answer nothing else is said (OCPP 1.6, 4.2)
        match message:
            case "BootNotification":
                return "Rejected" if self._engine.registration == "Accepted" else self._engine.boot_now
            case "Heartbeat":
                return self._version.heartbeat
            case "StatusNotification":
                if connector is not None and connector not in {0, *numbers}:
                    return "Rejected"
                return lambda: self._statuses([0, *numbers] if connector is None else [connector])
            case "MeterValues":
                if connector is not None and connector not in numbers:
                    return "Rejected"
                return lambda: self._values(numbers if connector is None else [connector])
            case _:
                return self._upkeep(message, extended) or "NotImplemented"

    def _upkeep(self, message: str, extended: bool) -> Callable[[], Awaitable[None]] | None:
        upkeep = self._engine.upkeep
        if upkeep is None:
            return None
        kind = {
            "FirmwareStatusNotification": "signed-firmware" if extended else "firmware",
            "DiagnosticsStatusNotification": "diagnostics",
            "LogStatusNotification": "log",
        }.get(message)
        if kind is None:
            return None
        notice = upkeep.now(kind)
        return lambda: self._version.notice(notice)

    async def _statuses(self, numbers: list[int]) -> None:
        for number in numbers:
            await self._version.status(self._engine.view.report(number))

    async def _values(self, numbers: list[int]) -> None:
        engine = self._engine
        for number in numbers:
            fact = await engine.signing.asked_for(number, await engine.read_meter(number))
            transaction = None if fact.session is None else await engine.ledger.name_of(fact.session)
            await self._version.say_values(fact, transaction)
            await engine.signing.told(fact)
