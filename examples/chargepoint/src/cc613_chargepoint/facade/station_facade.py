"""The facade itself: commands go in, answers and events come out; who asks must be allowed to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cc613_chargepoint.domain.events import StationEvent
from cc613_chargepoint.facade.commands import COMMANDS, Answer, Command
from cc613_chargepoint.settings import Actor
from cc613hal.errors import SafetyRefused, Unsupported
from cc613hal.events import Events

__all__ = ["Facade", "Handler", "NotAllowed", "Refused"]

Handler = Callable[[Any, Actor], Awaitable[Answer]]
"""Carries out one kind of command for somebody."""


class NotAllowed(SafetyRefused):
    """The role of whoever asks does not include it."""

    kind = "not-allowed"


class Refused(SafetyRefused):
    """The station cannot do it now; the message is the reason, in the words that log, web and backend use."""

    kind = "refused"


class Facade:
    """What everybody outside uses of a station, in process.

    Args:
        handlers: who carries out which command.
        events: everything that happens.
        commands: what can be asked, by its name on the wire.
    """

    def __init__(
        self, handlers: Mapping[type[Command], Handler], events: Events[StationEvent], commands: Mapping[str, type[Command]] = COMMANDS
    ) -> None:
        self._handlers = handlers
        self.events = events
        self.commands = commands

    async def ask(self, command: Command, actor: Actor) -> Answer:
        """Carry out a command.

        Raises:
            NotAllowed: the actor's role does not include it.
            Refused: it cannot be done now.
            Unsupported: this station does not have what it takes.
            HalError: it was tried and did not work.
        """
        if actor.role < command.role:
            raise NotAllowed(f"{type(command).__name__} needs the role {command.role.value}, and {actor.name} has {actor.role.value}")
        handler = self._handlers.get(type(command))
        if handler is None:
            raise Unsupported(f"this station does not do {type(command).__name__}", hint="sessions, faults and settings need --data")
        return await handler(command, actor)
