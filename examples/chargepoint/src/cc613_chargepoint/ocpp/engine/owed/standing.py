"""How connectors are, as backends distinguish it: from the station's news to the reports that are owed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from attrs import define, evolve, field

from cc613_chargepoint.domain.events import (
    AvailabilityChanged,
    ChargingEnded,
    FaultCleared,
    FaultRaised,
    SessionBegan,
    StateChanged,
    StationEvent,
)
from cc613_chargepoint.domain.fault import Fault, Severity
from cc613_chargepoint.ocpp.engine.owed.facts import Standing, StatusReport

__all__ = ["ConnectorView", "StationView"]

_IDLE = {"available"}
_BUSY_WITHOUT_SESSION = {"authorised", "connected", "starting", "ready", "energising", "paused", "stopping", "refusing"}
_NOT_FREE_AGAIN = {"finishing", "held", "unclaimed"}
"""Nobody charges, and the plug is still there: after a charge, kept for its owner, or nobody identified in time (errata 3.20)."""
_IN_SESSION = {
    "ready": Standing.SUSPENDED_EV,
    "charging": Standing.CHARGING,
    "paused": Standing.SUSPENDED_EVSE,
}


@define
class ConnectorView:
    """What the news have told of a connector.

    Attributes:
        number: which.
        state: word of its state.
        in_session: a transaction runs.
        in_service: whether customers are served there.
        reserved: it is kept for somebody.
        faults: what stands, by word.
        over: word about the fault that is over, while the connector has not left its state.
        last: how it was told last, within a session; energising and stopping keep it.
    """

    number: int
    state: str = "available"
    in_session: bool = False
    in_service: bool = True
    reserved: bool = False
    faults: dict[str, Fault] = field(factory=dict[str, Fault])
    over: str = ""
    last: Standing = Standing.AVAILABLE

    @property
    def idle(self) -> bool:
        """Nobody and nothing is there."""
        return self.state in _IDLE

    def stopping_faults(self) -> list[Fault]:
        """The faults that are more than warnings."""
        return [each for each in self.faults.values() if each.name.kind.severity is not Severity.WARNING]

    def standing(self) -> Standing:
        """How it is."""
        if self.state == "faulted" or self.stopping_faults():
            return Standing.FAULTED
        if self.in_session:
            self.last = _IN_SESSION.get(self.state, self.last if self.last in _IN_SESSION.values() else Standing.CHARGING)
            return self.last
        if not self.in_service:
            return Standing.UNAVAILABLE
        if self.state in _NOT_FREE_AGAIN:
            return Standing.FINISHING
        if self.state in _BUSY_WITHOUT_SESSION:
            return Standing.PREPARING
        return Standing.RESERVED if self.reserved else Standing.AVAILABLE


_IN_USE = {Standing.PREPARING, Standing.CHARGING, Standing.SUSPENDED_EV, Standing.SUSPENDED_EVSE, Standing.FINISHING}
_ONLY_WITH = {Standing.PREPARING, Standing.SUSPENDED_EV, Standing.SUSPENDED_EVSE, Standing.FINISHING}


class StationView:
    """All connectors, and the station itself as number 0.

    Args:
        numbers: of the connectors.
        tell: is given every report that says something new, in order.
        wall: the time.
    """

    def __init__(self, numbers: Collection[int], tell: Callable[[StatusReport], None], wall: Callable[[], datetime]) -> None:
        self.connectors = {number: ConnectorView(number) for number in (0, *numbers)}
        self._tell, self._wall = tell, wall
        self._told: dict[int, StatusReport] = {}

    def hear(self, news: StationEvent) -> None:
        """Take the news in, and report what they change."""
        view = self.connectors.get(news.connector)
        if view is None:
            return
        cleared = ""
        match news:
            case StateChanged():
                view.state, cleared, view.over = news.after, view.over, ""
            case SessionBegan():
                view.in_session, view.last = True, Standing.CHARGING
            case ChargingEnded():
                if view.in_session and view.state == "available":  # the plug went with the charge: it was finishing, if only for a moment
                    self._report(StatusReport(connector=view.number, standing=Standing.FINISHING, at=self._wall()))
                view.in_session = False
            case FaultRaised(fault=fault):
                view.faults[fault.name.word] = fault
            case FaultCleared(fault=fault):
                view.faults.pop(fault.name.word, None)
                cleared = fault.name.kind.cleared
            case AvailabilityChanged():
                view.in_service = news.in_service
            case _:
                return
        if view.state == "faulted" and not view.stopping_faults():
            view.over = cleared or view.over  # faulted by nothing is no status: what follows is told with the word about what is over
            return
        self.refresh(view.number, cleared=cleared)

    def refresh(self, number: int, *, cleared: str = "") -> None:
        """Report how a connector is, if that is new."""
        self._report(self.report(number, cleared=cleared))

    def report(self, number: int, *, cleared: str = "") -> StatusReport:
        """How a connector is now."""
        view = self.connectors[number]
        standing = view.standing()
        faults = view.stopping_faults() or list(view.faults.values())
        if number == 0 and standing not in {Standing.AVAILABLE, Standing.UNAVAILABLE, Standing.FAULTED}:
            standing = Standing.AVAILABLE
        made = StatusReport(connector=number, standing=standing, info=cleared[:50], at=self._wall())
        if not faults:
            return evolve(made, error="OtherError") if standing is Standing.FAULTED else made
        kind = faults[0].name.kind
        wrong_place = kind.ocpp == "EVCommunicationError" and standing not in _ONLY_WITH
        return evolve(made, error="OtherError" if wrong_place else kind.ocpp, info=kind.info[:50], vendor_error=kind.word[:50])

    def _report(self, report: StatusReport) -> None:
        told = self._told.get(report.connector)
        if told is not None and told.says() == report.says():
            return
        if told is not None and evolve(told, info="").says() == evolve(report, info="").says() and report.error == "NoError":
            return  # nothing but a word about what is over
        if told is not None and report.standing is Standing.RESERVED and told.standing in _IN_USE:
            self._say(evolve(report, standing=Standing.AVAILABLE))  # nothing goes from use to reserved at once (OCPP 1.6, 4.9)
        self._say(report)

    def _say(self, report: StatusReport) -> None:
        self._told[report.connector] = report
        self._tell(report)
