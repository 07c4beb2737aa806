"""What a driver may ask of a UDP multicast group, and what an adapter must provide.

Nobody is asked there: devices tell of their own accord, and every listener hears all of them. A port therefore has no request; its
driver keeps what it heard and judges it by its age.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import frozen

from cc613hal.bus.actor import BusActor, Observer
from cc613hal.clock import Stamp
from cc613hal.errors import BusError
from cc613hal.events import Events

__all__ = ["Datagram", "MulticastAdapter", "MulticastPort"]


@frozen
class Datagram:
    """One datagram.

    Attributes:
        data: its content.
        sender: address of whoever sent it.
        stamp: when it arrived.
    """

    data: bytes
    sender: str
    stamp: Stamp


@runtime_checkable
class MulticastAdapter(Protocol):
    """A joined group."""

    @property
    @abstractmethod
    def datagrams(self) -> Events[Datagram]:
        """Every datagram, in the loop iteration in which it arrives."""

    @property
    @abstractmethod
    def losses(self) -> Events[BusError]:
        """The group can no longer be heard: the interface is gone."""

    @abstractmethod
    async def aclose(self) -> None:
        """Leave the group."""


class MulticastPort:
    """A group as one device's driver sees it.

    Args:
        actor: the group's owner (its clock and statistics).
        adapter: the group.
        observer: is told how listening goes; the driver reports it with :meth:`worked` and :meth:`failed`, since only it knows whom it
            waits for.
    """

    def __init__(self, actor: BusActor, adapter: MulticastAdapter, observer: Observer | None = None) -> None:
        self._actor = actor
        self._adapter = adapter
        self._observer = observer

    @property
    def datagrams(self) -> Events[Datagram]:
        """Every datagram of the group, whoever sent it."""
        return self._adapter.datagrams

    @property
    def losses(self) -> Events[BusError]:
        """The group can no longer be heard; what was heard before is no reading any more."""
        return self._adapter.losses

    def worked(self) -> None:
        """Report that the device was heard."""
        self._actor.statistics.transfers += 1
        if self._observer is not None:
            self._observer.succeeded()

    def failed(self, error: BusError) -> None:
        """Report that the device was not heard in time."""
        self._actor.statistics.transfers += 1
        self._actor.statistics.errors[error.kind] += 1
        if self._observer is not None:
            self._observer.failed(error)
