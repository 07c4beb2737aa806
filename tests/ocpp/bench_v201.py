"""The bench with a central system that speaks 2.0.1."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from tests.ocpp.bench import BOARDS, CARD, Bench, play
from tests.ocpp.central import Heard

__all__ = ["Bench201", "case", "component", "variable"]

SETTINGS = {"ocpp.versions": ["2.0.1"]}


def component(text: str) -> dict[str, Any]:
    """``EVSE:1`` or ``Connector:1.1`` or ``OCPPCommCtrlr`` as a component."""
    name, _, place = text.partition(":")
    if not place:
        return {"name": name}
    evse, _, connector = place.partition(".")
    return {"name": name, "evse": {"id": int(evse), **({"connectorId": int(connector)} if connector else {})}}


def variable(text: str) -> dict[str, Any]:
    """``MessageTimeout/Default`` as a variable with its instance."""
    name, _, instance = text.partition("/")
    return {"name": name, **({"instance": instance} if instance else {})}


class Bench201(Bench):
    """What a case of 2.0.1 works with."""

    async def idle(self) -> None:
        """Accepted, connected, idle, everything told."""
        await self.power_up()
        await self.central.expect("BootNotification")
        await self.standing("Available")
        self.central.forget()

    async def standing(self, status: str, evse: int = 1, within_s: float = 70.0) -> Heard:
        """A status of an outlet's connector."""
        return await self.central.expect("StatusNotification", within_s, evseId=evse, connectorId=1, connectorStatus=status)

    async def event(self, kind: str, within_s: float = 70.0, **members: Any) -> Heard:
        """Something that happened to a transaction."""
        return await self.central.expect("TransactionEvent", within_s, eventType=kind, **members)

    async def start_from_afar(self, number: int = 7, *, evse: int | None = 1, tag: str = CARD, kind: str = "Central") -> None:
        """Start somebody, as it must work."""
        where = {} if evse is None else {"evseId": evse}
        token = {"idToken": tag, "type": kind}
        answer = await self.central.ask("RequestStartTransaction", idToken=token, remoteStartId=number, **where)
        assert answer["status"] == "Accepted"

    async def charge(self, evse: int = 1, card: str = CARD) -> str:
        """A transaction runs, begun with a card; its name."""
        self.plug(evse)
        await self.standing("Occupied", evse)
        await self.card(card)
        began = await self.event("Started", evse={"id": evse, "connectorId": 1})
        self.central.forget()
        name: str = began.payload["transactionInfo"]["transactionId"]
        return name

    async def get(self, where: str, what: str, **more: Any) -> dict[str, Any]:
        """What the device model says of a variable."""
        asked = {"component": component(where), "variable": variable(what), **more}
        answer = await self.central.ask("GetVariables", getVariableData=[asked])
        result: dict[str, Any] = answer["getVariableResult"][0]
        return result

    async def put(self, where: str, what: str, value: str, **more: Any) -> str:
        """Change a variable; what is answered."""
        asked = {"component": component(where), "variable": variable(what), "attributeValue": value, **more}
        answer = await self.central.ask("SetVariables", setVariableData=[asked])
        status: str = answer["setVariableResult"][0]["attributeStatus"]
        return status


def case(*, boards: tuple[str, ...] = ("socket",), boot: bool = True, **settings: Any) -> Callable[[Any], Any]:
    """As :func:`tests.ocpp.bench.case`, in 2.0.1."""
    import pytest

    named = {**SETTINGS, **{key.replace("__", "."): value for key, value in settings.items()}}

    def made(story: Callable[[Bench201], Awaitable[None]]) -> Any:
        def test(outlet: str) -> None:
            play(story, board=BOARDS[outlet], settings=named, boot=boot, kind=Bench201, dialect="v201")

        functools.update_wrapper(test, story)
        del test.__wrapped__  # or pytest would look at the story's arguments
        return pytest.mark.parametrize("outlet", boards)(test)

    return made
