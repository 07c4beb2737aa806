"""A meter's S0 pulse output on a GPIO line (IEC 62053-31): the pulses are counted, the time between them gives the power."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from cc613hal.bus.gpio import Edge
from cc613hal.clock import Stamp
from cc613hal.errors import BusError
from cc613hal.events import Subscription
from cc613hal.interfaces import EnergyMeter, EnergyReading, PowerMeter, PowerReading
from cc613hal.plugins import DeviceContext
from cc613hal.readings import Energy, Quality
from cc613hal_meters.told import words_of
from cc613hal_meters.told_options import S0Options

__all__ = ["S0Meter"]

_STUCK_S = 5.0
"""A pulse this long is a shorted line: the standard's longest useful pulses take tenths of a second."""
_WS_PER_KWH = 3.6e6


class S0Meter(PowerMeter, EnergyMeter):
    """Counts pulses. It cannot tell import from export, and misses what comes while the station is off.

    A pulse counts when it ends, if it was long enough and did not come sooner than the largest possible power allows. The kernel's time
    stamps measure both, so a busy processor changes nothing.

    Args:
        context: the device's place on the board; the line ``pulse``.
        options: pulses per kilowatt hour, limits, how often the count is written down.
    """

    def __init__(self, context: DeviceContext, options: S0Options) -> None:
        self._context = context
        self._options = options
        self._line = context.input("pulse")
        self._subscription: Subscription | None = None
        self._wh_per_pulse = Decimal(1000) / Decimal(repr(options.pulses_per_kwh)) * Decimal(repr(options.ct_ratio))
        self._shortest_s = _WS_PER_KWH / options.pulses_per_kwh / options.max_power_w * options.ct_ratio
        self.pulses = 0
        self.rejected = 0
        """Pulses that were too short, or came faster than is possible."""
        self._saved = 0
        self._saving: asyncio.TimerHandle | None = None
        self._rose_s: float | None = None
        self._rose_seen_s: float | None = None
        self._last_s: float | None = None
        self._last_seen_s: float | None = None
        self._interval_s: float | None = None
        self._suspect = False

    async def connect(self) -> None:
        """Take up the count where it was written down, and listen.

        Raises:
            BusError: the line is not there.
        """
        if self._subscription is None:
            stored: object = self._context.memory.load("pulses", 0)
            self.pulses = self._saved = max(self.pulses, stored if isinstance(stored, int) and stored >= 0 else 0)
            self._subscription = self._line.edges.on(self._edge)
        self._rose_s = self._rose_seen_s = self._last_s = self._last_seen_s = self._interval_s = None
        if self._line.read():
            self._rose_seen_s = self._context.clock.monotonic_s()  # its length is not known: it does not count, but may be stuck

    async def aclose(self) -> None:
        """Stop listening and write the count down."""
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None
        if self._saving is not None:
            self._saving.cancel()
            self._saving = None
        self._save()

    async def read_power(self) -> PowerReading:
        """Power from the time between the last two pulses, or what the time since the last one still allows if that is less, W.

        Raises:
            BusError: the line is gone.
        """
        self._look()
        stamp = self._context.clock.stamp()
        power_w = self._power_w(stamp.monotonic_s)
        sign = -1.0 if self._options.reversed and power_w else 1.0
        return PowerReading(stamp=stamp, source=self._context.device, quality=self._quality(stamp), power_w=sign * power_w)

    async def read_energy(self) -> EnergyReading:
        """The counted energy. A meter mounted the other way round has counted the export; its import is unknown and told as 0 Wh.

        Raises:
            BusError: the line is gone.
        """
        self._look()
        stamp = self._context.clock.stamp()
        counted = Energy(Decimal(repr(self._options.start_wh)) + self.pulses * self._wh_per_pulse, words_of(self.pulses), "pulses")
        nothing = Energy(Decimal(0), (), "none")
        imported, exported = (nothing, counted) if self._options.reversed else (counted, None)
        return EnergyReading(stamp=stamp, source=self._context.device, quality=self._quality(stamp), imported=imported, exported=exported)

    def _power_w(self, now_s: float) -> float:
        if self._last_seen_s is None or self._interval_s is None:
            return 0.0
        since_s = now_s - self._last_seen_s
        if since_s > self._options.zero_after_s:
            return 0.0
        return _WS_PER_KWH / self._options.pulses_per_kwh * self._options.ct_ratio / max(self._interval_s, since_s)

    def _look(self) -> None:
        """Ask the line itself: without this, a line that is gone looks like a meter at rest."""
        try:
            self._line.read()
        except BusError as error:
            self._context.health.failed(error)
            raise
        self._context.health.succeeded()

    def _quality(self, stamp: Stamp) -> Quality:
        if self._rose_seen_s is not None and stamp.monotonic_s - self._rose_seen_s > _STUCK_S:
            self._suspect = True
            self._context.health.degraded(f"a pulse lasts longer than {_STUCK_S:g} s: the line is shorted or its polarity is wrong")
            return Quality.STALE
        return Quality.SUSPECT if self._suspect else Quality.GOOD

    def _edge(self, edge: Edge) -> None:
        at_s = edge.kernel_s if edge.kernel_s is not None and edge.kernel_clock == "monotonic" else edge.stamp.monotonic_s
        if edge.active:
            self._rose_s, self._rose_seen_s = at_s, edge.stamp.monotonic_s
            return
        rose_s, self._rose_s, self._rose_seen_s = self._rose_s, None, None
        if rose_s is None:
            return  # it had begun before anybody listened
        too_short = at_s - rose_s < self._options.min_pulse_s
        too_soon = self._last_s is not None and rose_s - self._last_s < self._shortest_s * 0.98
        if too_short or too_soon:
            self.rejected += 1
            if too_soon:
                self._complain()
            return
        self._interval_s = None if self._last_s is None else rose_s - self._last_s
        self._last_s, self._last_seen_s = rose_s, edge.stamp.monotonic_s
        self.pulses += 1
        if self._suspect:
            self._suspect = False
            self._context.health.ok("pulses come as they can again")
        if self._saving is None:
            self._saving = asyncio.get_running_loop().call_later(self._options.save_every_s, self._save)

    def _complain(self) -> None:
        self._suspect = True
        most_w = self._options.max_power_w
        self._context.health.degraded(f"pulses come faster than {most_w:g} W can make them: a disturbed line, or a wrong pulses_per_kwh")

    def _save(self) -> None:
        self._saving = None
        if self.pulses != self._saved:
            self._saved = self.pulses
            self._context.memory.save("pulses", self.pulses)
