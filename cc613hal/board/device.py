"""A device of an open board: its place, its driver, its health, and how it is brought up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeGuard, TypeVar

from typing_extensions import TypeForm

from cc613hal.board.context import BoardContext, Place
from cc613hal.board.memory import DeviceMemory
from cc613hal.board.model import DeviceDescription
from cc613hal.bus.actor import Observer
from cc613hal.clock import Clock
from cc613hal.errors import ConfigError, DeadlineExceeded, HalError
from cc613hal.health import Health
from cc613hal.plugins.context import Driver
from cc613hal.plugins.manager import load_implementation

__all__ = ["DeviceObserver", "OpenDevice", "fulfils"]

T = TypeVar("T")


def fulfils(driver: object, capability: TypeForm[T]) -> TypeGuard[T]:
    """Whether a driver inherits a capability *by name*. That it happens to have methods of the same names proves nothing: half of the
    interfaces have a ``read``.
    """
    bases: set[object] = {*type(driver).__mro__}
    return bases.issuperset((capability,))


class DeviceObserver(Observer):
    """Tells a device's health how its transfers go, but not while it is being brought up.

    A device that was away may have lost its settings. That it answers again is a reason to set it up at once, not to believe it.

    Args:
        health: the device's health.
    """

    def __init__(self, health: Health) -> None:
        self._health = health
        self.away = True
        self.connecting = False
        self.answered = asyncio.Event()

    def succeeded(self) -> None:
        """A transfer worked."""
        if not self.away:
            self._health.succeeded()
        elif not self.connecting:
            self.answered.set()

    def failed(self, error: Exception) -> None:
        """A transfer failed."""
        if self.away:
            self._health.last_error = error
        else:
            self._health.failed(error)


class OpenDevice:
    """One device of an open board.

    Args:
        description: what the board file says.
        clock: the board's clock.
        memory: its share of the board's memory.
        place: its wires and neighbours.
        connect_timeout_s: longest time to identify and set up, s.

    Attributes:
        driver: the driver object, the same one until the board closes; ``None`` while it could not be made.
        error: why it is not there; ``None`` while it is.
    """

    def __init__(
        self, description: DeviceDescription, clock: Clock, memory: DeviceMemory, place: Place, *, connect_timeout_s: float
    ) -> None:
        self.description = description
        self.health = Health(description.id, clock)
        self.observer = DeviceObserver(self.health)
        self.context = BoardContext(description, clock, health=self.health, observer=self.observer, memory=memory, place=place)
        self.driver: Driver | None = None
        self.error: Exception | None = None
        self._connect_timeout_s = connect_timeout_s

    @property
    def name(self) -> str:
        """Its name on the board."""
        return self.description.id

    @property
    def buses(self) -> frozenset[str]:
        """Every bus it cannot work without: the one it sits on and those of its lines."""
        return self.context.buses

    def construct(self) -> None:
        """Make the driver object, unless there is one.

        Raises:
            PluginError: its class cannot be loaded.
            Exception: whatever its constructor raises.
        """
        if self.driver is None:
            implementation: Callable[..., object] = load_implementation(self.description.driver)
            driver = implementation(self.context, self.description.options)
            if not isinstance(driver, Driver):
                raise ConfigError(
                    f"{self.description.driver.implementation} has no connect and aclose", device=self.name, hint="tell the driver's author"
                )
            self.driver = driver

    async def bring_up(self) -> None:
        """Claim the lines, make the driver, and let it identify and set up its part; then the device is back.

        Raises:
            HalError: it could not; also in :attr:`error`, and the device is offline.
            Exception: likewise, from a driver that raises something else.
        """
        self.observer.away = self.observer.connecting = True
        try:
            with self.health.connecting():
                self.context.claim_lines()
                self.construct()
                assert self.driver is not None
                await self._connect(self.driver)
        except Exception as error:
            self.gone(error)
            raise
        finally:
            self.observer.connecting = False
            self.observer.answered.clear()
        self.error = None
        self.observer.away = False
        self.health.succeeded()

    def gone(self, error: Exception) -> None:
        """It is certainly not there; it has to be brought up again."""
        self.error = error
        self.observer.away = True
        self.health.offline(error)

    async def _connect(self, driver: Driver) -> None:
        deadline = asyncio.timeout(self._connect_timeout_s)
        try:
            async with deadline:
                await driver.connect()
        except TimeoutError as error:
            if isinstance(error, HalError) or not deadline.expired():
                raise
            raise DeadlineExceeded(
                f"did not connect within {self._connect_timeout_s:g} s", device=self.name, hint="check its supply and wiring"
            ) from error
