"""LEM DCBM 400 and 600, a DC meter that answers HTTP.

The link (:class:`LemLink`) knows the paths; the meter (:class:`LemMeter`) reads values through it. What signs is built on the same link.
Source: EVerest's driver LemDCBM400600, which follows LEM's communication protocols manual.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import quote

from cc613hal.bus.actor import Priority
from cc613hal.bus.http import HttpPort
from cc613hal.errors import DeviceRefused, ProtocolViolation
from cc613hal.interfaces import Identity
from cc613hal.modbus_map import Value
from cc613hal.plugins import DeviceContext
from cc613hal_meters.http_values import counter_words, member, number
from cc613hal_meters.told import Sample, ToldMeter
from cc613hal_meters.told_options import LemDcbmOptions

__all__ = ["LemLink", "LemMeter"]


class LemLink:
    """What a DCBM can be asked and told.

    Args:
        port: the host.

    Attributes:
        version: of the paths for transactions: 2 from application firmware x.2 on.
    """

    def __init__(self, port: HttpPort) -> None:
        self._port = port
        self.version = 1

    async def status(self) -> dict[str, object]:
        """Identification, versions, public key and status bits."""
        return await self._port.json("GET", "/v1/status")

    async def live(self) -> dict[str, object]:
        """The measured values."""
        return await self._port.json("GET", "/v1/livemeasure")

    async def settings(self, content: Mapping[str, object]) -> dict[str, object]:
        """Change settings: time, NTP, TLS, the identification type of OCMF. The meter keeps them from two minutes after power-up on."""
        return await self._port.json("PUT", "/v1/settings", dict(content), priority=Priority.CONTROL)

    async def legal(self) -> str:
        """The identifier of the transaction that runs, or of the last one; ``""`` for none."""
        try:
            told = await self._port.json("GET", f"/v{self.version}/legal")
        except DeviceRefused as refusal:
            if refusal.code == 404:
                return ""
            raise
        found = told.get("transactionId", "")
        return found if isinstance(found, str) else ""

    async def begin(self, content: Mapping[str, object]) -> dict[str, object]:
        """Begin a transaction; ``running`` in the answer says whether it did."""
        return await self._port.json("POST", f"/v{self.version}/legal", dict(content), expect=(201, 200), priority=Priority.CONTROL)

    async def end(self, transaction: str) -> dict[str, object]:
        """End a transaction; bit 2 of ``meterValue.transactionStatus`` in the answer is clear if it did."""
        target = f"/v{self.version}/legal?transactionId={quote(transaction, safe='')}"
        return await self._port.json("PUT", target, {"running": False}, priority=Priority.CONTROL)

    async def ocmf(self, transaction: str) -> bytes:
        """The signed record of a transaction, byte for byte; the last one of that identifier.

        Raises:
            DeviceRefused: there is none; ``code`` is the HTTP status.
            ProtocolViolation: the record is empty.
        """
        response = await self._port.request("GET", f"/v{self.version}/ocmf?transactionId={quote(transaction, safe='')}")
        if response.status != 200:
            raise DeviceRefused(f"has no record of transaction {transaction}: status {response.status}", code=response.status)
        if not response.body:
            raise ProtocolViolation(f"the record of transaction {transaction} is empty")
        return response.body


class LemMeter(ToldMeter):
    """A LEM DCBM 400 or 600. Its values stand where a meter of one phase has L1's.

    Args:
        context: the device's place on the board; an HTTP bus.
        options: the units it uses.
    """

    def __init__(self, context: DeviceContext, options: LemDcbmOptions) -> None:
        super().__init__(context, options)
        self.link = LemLink(context.http)
        self._factor = Decimal(1000) if options.kilo else Decimal(1)
        self._who = Identity()

    @property
    def phases(self) -> int:
        """A DC meter has one pair of conductors."""
        return 1

    async def connect(self) -> None:
        """Ask who it is, and take note of its counters."""
        status = await self.link.status()
        serial = member(status, "meterId", device=self._device)
        if not isinstance(serial, str):
            raise ProtocolViolation("its status has no meterId", device=self._device, hint="is this really a LEM DCBM?")
        version = status.get("version")
        firmware = version.get("applicationFirmwareVersion") if isinstance(version, dict) else None
        self.link.version = 2 if _knows_version_two(str(firmware)) else 1
        self._who = Identity(vendor="LEM", model="DCBM", serial=serial, firmware=str(firmware) if firmware is not None else None)
        await super().connect()

    async def sample(self) -> Sample:
        """The measured values in one answer.

        Raises:
            ProtocolViolation: the answer lacks one.
            BusError: it does not answer.
        """
        told = await self.link.live()
        stamp = self._context.clock.stamp()
        imported = number(told, "energyImportTotal", device=self._device) * self._factor
        exported = number(told, "energyExportTotal", device=self._device) * self._factor
        power = float(number(told, "power", device=self._device) * self._factor)
        values: dict[str, Value] = {
            "voltage_l1": float(number(told, "voltage", device=self._device)),
            "current_l1": float(number(told, "current", device=self._device)),
            "power_l1": power,
            "power": power,
            "energy_import": imported,
            "energy_export": exported,
        }
        raw = {"energy_import": counter_words(imported), "energy_export": counter_words(exported)}
        return Sample(stamp=stamp, values=values, raw=raw, identity=self._who)


def _knows_version_two(firmware: str) -> bool:
    """Application firmware of four numbers whose second is above 1 (EVerest's rule)."""
    numbers = firmware.split(".")
    return len(numbers) == 4 and numbers[1].isdecimal() and int(numbers[1]) > 1
