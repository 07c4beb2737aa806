"""SMA Energy Meter and Sunny Home Manager 2.0, heard in their multicast group."""

from __future__ import annotations

from cc613hal.bus.multicast import Datagram
from cc613hal.errors import BusError, BusTimeout, WrongIdentity
from cc613hal.events import Subscription
from cc613hal.interfaces import Identity
from cc613hal.plugins import DeviceContext
from cc613hal_meters.latest import Latest
from cc613hal_meters.speedwire import COUNTED, SpeedwireTelegram, decode_telegram, values_of
from cc613hal_meters.told import Sample, ToldPhaseMeter, words_of
from cc613hal_meters.told_options import SpeedwireOptions

__all__ = ["SpeedwireMeter"]

_MODELS = {270: "Energy Meter", 349: "Energy Meter 2.0", 372: "Sunny Home Manager 2.0"}

_MOST_METERS = 64
"""Meters that are told apart; anybody in the network can invent serial numbers, and memory is bounded."""


class SpeedwireMeter(ToldPhaseMeter):
    """A meter of SMA's that tells a multicast group about once a second. Nothing is ever sent.

    Args:
        context: the device's place on the board; a multicast bus.
        options: which of the meters in the group.
    """

    def __init__(self, context: DeviceContext, options: SpeedwireOptions) -> None:
        super().__init__(context, options)
        self._port = context.multicast
        self._serial_number = options.serial_number
        self._age_s = options.age_s
        self._latest: Latest[SpeedwireTelegram] = Latest(context.clock)
        self._listening: tuple[Subscription, ...] = ()
        self.heard: dict[int, int] = {}
        """Datagrams by the serial number of who sent them."""

    async def connect(self) -> None:
        """Listen, and wait for the meter."""
        self._latest.forget()
        self.heard.clear()
        if not self._listening:
            self._listening = (self._port.datagrams.on(self._hear), self._port.losses.on(self._latest.fail))
        await super().connect()

    async def aclose(self) -> None:
        """Stop listening; the counters are remembered for the next start."""
        for subscription in self._listening:
            subscription.cancel()
        self._listening = ()
        await super().aclose()

    async def sample(self) -> Sample:
        """What the meter said last.

        Raises:
            WrongIdentity: several meters are heard, and none was chosen.
            BusTimeout: it was not heard in time.
        """
        found = await self._latest.get(self._age_s)
        if found is None:
            others = ", ".join(map(str, sorted(self.heard)))
            wanted = f"meter {self._serial_number} was not" if self._serial_number else "no energy meter was"
            error: BusError = BusTimeout(
                f"{wanted} heard within {self._age_s:g} s",
                device=self._device,
                hint=f"heard were {others}" if others else "multicast must reach this interface: look at IGMP snooping and WiFi",
            )
            self._port.failed(error)
            raise error
        self._port.worked()
        telegram, stamp = found
        if not self._serial_number and len(self.heard) > 1:
            raise WrongIdentity(
                f"several meters are in this group: {', '.join(map(str, sorted(self.heard)))}",
                device=self._device,
                hint="choose one with the option serial_number",
            )
        return Sample(
            stamp=stamp,
            values=values_of(telegram),
            raw={name: words_of(telegram.counters[number]) for name, number in COUNTED.items() if number in telegram.counters},
            identity=Identity(
                vendor="SMA",
                model=_MODELS.get(telegram.susy_id, f"SUSy {telegram.susy_id}"),
                serial=str(telegram.serial_number),
                firmware=telegram.version or None,
            ),
        )

    def _hear(self, datagram: Datagram) -> None:
        try:
            telegram = decode_telegram(datagram.data)
        except ValueError as error:
            self._context.log.debug("%s: a datagram from %s: %s", self._device, datagram.sender, error)
            return
        if telegram is None:
            return
        if telegram.serial_number in self.heard or len(self.heard) < _MOST_METERS:
            self.heard[telegram.serial_number] = self.heard.get(telegram.serial_number, 0) + 1
        if self._serial_number in {0, telegram.serial_number}:
            self._latest.put(telegram, datagram.stamp)
