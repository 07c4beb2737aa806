"""Isabellenhütte IEM-DCR, a DC meter that answers HTTP.

The link (:class:`IemDcrLink`) knows the paths; the meter (:class:`IemDcrMeter`) reads values through it. What signs is built on the same
link. Source: EVerest's driver IsabellenhuetteIemDcr.
"""

from __future__ import annotations

from collections.abc import Mapping

from cc613hal.bus.actor import Priority
from cc613hal.bus.http import HttpPort
from cc613hal.errors import DeviceRefused, ProtocolViolation
from cc613hal.interfaces import Identity
from cc613hal.modbus_map import Value
from cc613hal.plugins import DeviceContext
from cc613hal_meters.http_values import counter_words, member, number
from cc613hal_meters.told import Sample, ToldMeter
from cc613hal_meters.told_options import IemDcrOptions

__all__ = ["IemDcrLink", "IemDcrMeter"]

_ROOT = "/counter/v1/ocmf/"
_IMPORT, _EXPORT = 2, 3
"""Places of the counters among the readings."""


class IemDcrLink:
    """What an IEM-DCR can be asked and told.

    Args:
        port: the host.
    """

    def __init__(self, port: HttpPort) -> None:
        self._port = port

    async def ask(self, what: str) -> dict[str, object]:
        """One of ``metervalue``, ``gw``, ``datetime``, ``publickey``."""
        return await self._port.json("GET", _ROOT + what)

    async def tell(self, what: str, content: Mapping[str, object]) -> dict[str, object]:
        """One of ``gw`` (once per power-up), ``datetime``, ``tariff``, ``user``, ``receipt`` (``TX`` is ``B`` or ``E``)."""
        return await self._port.json("POST", _ROOT + what, dict(content), priority=Priority.CONTROL)

    async def record(self, what: str = "transaction") -> bytes:
        """The signed record, byte for byte: ``receipt`` of what was just ended, ``transaction`` for the last one.

        Newer firmware has the last one under version 2 of the interface, which is then tried.

        Raises:
            DeviceRefused: there is none; ``code`` is the HTTP status.
            ProtocolViolation: the record is empty.
        """
        response = await self._port.request("GET", _ROOT + what)
        if response.status != 200 and what == "transaction":
            response = await self._port.request("GET", _ROOT.replace("v1", "v2") + what)
        if response.status != 200:
            raise DeviceRefused(f"has no {what} record: status {response.status}", code=response.status)
        if not response.body:
            raise ProtocolViolation(f"the {what} record is empty")
        return response.body

    async def live(self) -> dict[str, object]:
        """The measured values, whether a transaction runs (``XT``) and the status (``XC``)."""
        return await self.ask("metervalue")


class IemDcrMeter(ToldMeter):
    """An Isabellenhütte IEM-DCR. Its values stand where a meter of one phase has L1's.

    Args:
        context: the device's place on the board; an HTTP bus.
        options: how it is mounted.
    """

    def __init__(self, context: DeviceContext, options: IemDcrOptions) -> None:
        super().__init__(context, options)
        self.link = IemDcrLink(context.http)

    @property
    def phases(self) -> int:
        """A DC meter has one pair of conductors."""
        return 1

    async def sample(self) -> Sample:
        """The measured values in one answer.

        Raises:
            ProtocolViolation: the answer lacks one.
            BusError: it does not answer.
        """
        told = await self.link.live()
        stamp = self._context.clock.stamp()
        imported = number(told, "RD", _IMPORT, "WV", device=self._device) * 1000
        exported = number(told, "RD", _EXPORT, "WV", device=self._device) * 1000
        power = float(number(told, "P", device=self._device))
        values: dict[str, Value] = {
            "voltage_l1": float(number(told, "U2", device=self._device)),
            "current_l1": float(number(told, "I", device=self._device)),
            "power_l1": power,
            "power": power,
            "energy_import": imported,
            "energy_export": exported,
        }
        return Sample(
            stamp=stamp,
            values=values,
            raw={"energy_import": counter_words(imported), "energy_export": counter_words(exported)},
            identity=Identity(vendor="Isabellenhütte", model="IEM-DCR", serial=str(member(told, "MS", device=self._device))),
        )
