"""Where ISO 15118 takes over: the pilot shows 5 %, somebody talks with the vehicle, and the connector stays master of the contactor.

Who talks (power line modem, session, certificates) stands in a room of its own and implements :class:`HighLevel`. The connector gives it a
:class:`DigitalLink` for each vehicle and takes it back when the vehicle leaves, when a fault stands, or when the talk ends; then the pilot
rests without PWM for :data:`STEP_S` and goes on with the nominal duty cycle (ISO 15118-3, T_step_X1, as EVerest's Charger cites it).
Nothing that is said on the link can close a contactor: the vehicle has to show state C as well, and all that protects people is asked as
without it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Protocol

from cc613_chargepoint.domain.limit import ISO15118, Offer
from cc613_chargepoint.domain.token import Token
from cc613_chargepoint.limits import LimitBook
from cc613hal.events import Events

__all__ = ["STEP_S", "DigitalLink", "HighLevel"]

STEP_S = 3.0
"""Without PWM between 5 % and a nominal duty cycle, s."""


class DigitalLink:
    """One vehicle, as whoever talks with it sees the connector.

    Args:
        connector: its number.
        limits: of the connector.
        contactor_on: whether the contactor is closed.
        identify: takes who the vehicle says it is.
        power: takes whether the vehicle may be fed (PowerDelivery).
        end: takes why the session shall end.
    """

    def __init__(
        self,
        connector: int,
        limits: LimitBook,
        *,
        contactor_on: Callable[[], bool],
        identify: Callable[[Token], None],
        power: Callable[[], None],
        end: Callable[[str], None],
    ) -> None:
        self.connector = connector
        self.closed = False
        self._limits, self._contactor_on = limits, contactor_on
        self._identify, self._power, self._end = identify, power, end
        self._fed = False

    @property
    def allowed(self) -> Offer:
        """What the vehicle may draw now (EVSEMaxCurrent); the cable and every other limit have spoken."""
        return self._limits.effective()

    @property
    def changes(self) -> Events[Offer]:
        """Every change of what is allowed."""
        return self._limits.changes

    @property
    def contactor_on(self) -> bool:
        """Whether the contactor is closed."""
        return self._contactor_on()

    @property
    def fed(self) -> bool:
        """Whether the vehicle asked to be fed."""
        return self._fed and not self.closed

    def identify(self, token: Token) -> None:
        """The vehicle told who it is: its address (``VID:`` …) or its contract. The verdict comes as news of the station."""
        if not self.closed:
            self._identify(token)

    def agree(self, current_a: float | None) -> None:
        """What vehicle and station agreed on, A per phase; ``None`` withdraws it. It can only be less than what the others allow.

        Raises:
            ValueError: negative or no number.
        """
        if self.closed:
            return
        if current_a is None:
            self._limits.withdraw(ISO15118)
        else:
            self._limits.set(ISO15118, current_a)

    def feed(self, on: bool) -> None:
        """PowerDelivery: the contactor may close when the vehicle shows state C, or has to open."""
        if not self.closed and on is not self._fed:
            self._fed = on
            self._power()

    def end(self, because: str) -> None:
        """The vehicle, or its contract, ends the session."""
        if not self.closed:
            self._end(because)

    def close(self) -> None:
        """Nothing that is said from now on counts."""
        self.closed, self._fed = True, False
        self._limits.withdraw(ISO15118)


class HighLevel(Protocol):
    """Talks with vehicles digitally."""

    @abstractmethod
    async def talk(self, link: DigitalLink) -> None:
        """Talk with one vehicle, from plug-in on; cancelled when it leaves.

        Returning means that there is nothing to talk about (no modem answered, the session is over): the connector goes on with the nominal
        duty cycle. Whatever it raises means the same, and is logged.
        """
