"""A connector as the station around it sees it, wherever its parts are: on this controller's board, or on another one's."""

from __future__ import annotations

from abc import ABC, abstractmethod

from cc613_chargepoint.domain.events import StationEvent
from cc613_chargepoint.domain.fault import Fault, FaultName
from cc613_chargepoint.domain.token import Token
from cc613_chargepoint.evse.session_keeper import OpenSession
from cc613_chargepoint.evse.settings import ConnectorSettings
from cc613_chargepoint.evse.transitions import State
from cc613_chargepoint.limits import LimitBook
from cc613hal.errors import Unsupported
from cc613hal.events import Events

__all__ = ["ServedConnector"]


class ServedConnector(ABC):
    """What customers, the facade and the surroundings may ask of a connector.

    Attributes:
        number: of the connector.
        limits: every limit that applies to it.
    """

    number: int
    limits: LimitBook

    @property
    @abstractmethod
    def news(self) -> Events[StationEvent]:
        """Everything that happens here."""

    @property
    @abstractmethod
    def state(self) -> State:
        """Where the connector is."""

    @property
    @abstractmethod
    def token(self) -> Token | None:
        """Whose turn it is."""

    @property
    @abstractmethod
    def group(self) -> str | None:
        """The group of whose turn it is; whoever is of it may end the charge."""

    @property
    @abstractmethod
    def faults(self) -> tuple[Fault, ...]:
        """What stands against charging."""

    @property
    @abstractmethod
    def locks(self) -> bool:
        """Whether a lock keeps the plug."""

    @abstractmethod
    def accept(self, token: Token, *, group: str | None = None) -> None:
        """A customer was accepted: starts a charge, or stops the one that the same customer, or one of the same group, started."""

    @abstractmethod
    def stop(self, reason: str, *, keep_plug: bool = False) -> None:
        """Ask for the end of the session.

        Args:
            reason: for the record.
            keep_plug: a plug that is locked stays so until whoever began comes back, or somebody unlocks it.
        """

    @abstractmethod
    def raise_fault(self, fault: Fault) -> None:
        """A fault from around the connector stands from now on: unless it is a warning, the contactor opens in this loop iteration."""

    @abstractmethod
    def clear_fault(self, name: FaultName, because: str) -> None:
        """The cause of a fault is gone; nothing happens if it does not stand."""

    @abstractmethod
    def release_plug(self, because: str) -> None:
        """Release the plug as soon as the contactor is off, whatever the session wants: the supply goes."""

    @property
    def restarts(self) -> bool:
        """Whether it can start again by itself, without the station."""
        return False

    def restart(self, reason: str) -> None:
        """Start again, as with the station: whoever is there begins anew. Nobody may charge.

        Raises:
            Unsupported: its parts are another controller's.
        """
        raise Unsupported(f"connector {self.number} starts again with its own controller only ({reason})")

    @property
    def session_number(self) -> int | None:
        """The number of the session that is open; ``None`` without one."""
        return None

    def resume(self, session: OpenSession) -> bool:
        """Go on with a session that a power cut interrupted, if that is wanted and possible; to be said before :meth:`run`.

        Returns:
            Whether the connector takes it; otherwise it has to be ended where it was.
        """
        del session
        return False

    def obey(self, settings: ConnectorSettings) -> None:
        """Take over what may change while the connector serves: how long customers may take, and who gets a plug whose vehicle left."""
        del settings

    @abstractmethod
    async def run(self) -> None:
        """Serve until cancelled; the contactor is off when this returns."""
