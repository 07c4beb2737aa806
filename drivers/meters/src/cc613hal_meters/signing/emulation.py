"""Emulated meters that really sign, with a test key, and that misbehave on request.

The records have the shape of those that the real meters make; key and signature are made with the package cryptography.
"""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from cc613hal.bus.modbus import Table
from cc613hal.clock import Clock
from cc613hal.errors import DeviceRefused
from cc613hal.modbus_map import RegisterMap, Value
from cc613hal_meters.emulation import MapMeter
from cc613hal_meters.signing.registers import bytes_of, words_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve, EllipticCurvePrivateKey

__all__ = ["SigningMeter", "ocmf_time", "payload_text", "test_key"]

_ILLEGAL_ADDRESS = 2
_ILLEGAL_VALUE = 3
_BUSY = 6


class SigningMeter(MapMeter):
    """A meter made from its map, with registers besides that are memory, and an own clock.

    Args:
        meter: its register map.
        measure: gives the values it would show now.
        clock: of the plant.
        name: its test key is derived from this: the same name has the same key in every run.
        curve: of the key.
        areas: addresses of the memory beside the map.

    Attributes:
        busy_s: how long a signature takes, s.
        refuses_while_busy: refuses every request to its signing registers in that time with "busy" (exception 6).
        failure: the status that the next signature ends with instead of success; ``None`` for success.
        clock_error_s: how far its clock runs ahead, s.
        page: number of the next record.
    """

    def __init__(
        self,
        meter: RegisterMap,
        measure: Callable[[], dict[str, Value]],
        clock: Clock,
        *,
        name: str,
        curve: EllipticCurve,
        areas: Iterable[range],
    ) -> None:
        super().__init__(meter, measure)
        self._plant_clock = clock
        self._areas = tuple(areas)
        self.words: dict[int, int] = {}
        self.busy_s = 0.2
        self.refuses_while_busy = False
        self.failure: int | None = None
        self.clock_error_s = 0.0
        self.page = 1
        self._pending: tuple[float, Callable[[], None]] | None = None
        self._set_at: tuple[float, float] | None = None
        self.key = test_key(name, curve)

    @property
    def synchronised(self) -> bool:
        """Whether somebody has set its clock since its supply came."""
        return self._set_at is not None

    @property
    def serial_number(self) -> str:
        """As its records say it."""
        return str(self._values().get("serial_number", ""))

    def public_key(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415  # only who emulates a signature needs it
            Encoding,
            PublicFormat,
        )

        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, payload: str) -> bytes:
        """The signature of a payload, DER."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA  # noqa: PLC0415  # see above
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415  # see above

        return self.key.sign(payload.encode(), ECDSA(SHA256()))

    def lose_power(self) -> None:
        """Its supply goes and comes back: time is lost, and a signature in progress with it."""
        self._set_at = None
        self._pending = None
        self.power_returned()

    def set_time(self, seconds: int) -> None:
        """Somebody sets its clock, in seconds since 1970."""
        self._set_at = self._plant_clock.monotonic_s(), float(seconds)

    def now(self) -> datetime:
        """What its clock shows; 1970 and on if nobody has set it."""
        at_s, seconds = self._set_at or (0.0, 0.0)
        return datetime.fromtimestamp(seconds + self._plant_clock.monotonic_s() - at_s + self.clock_error_s, UTC)

    def next_page(self) -> int:
        """Count a record."""
        self.page += 1
        return self.page - 1

    def register_kwh(self, digits: str = "0.001") -> Decimal:
        """The import counter as its records show it, kWh."""
        value = self.shown().get("energy_import")
        wh = Decimal(repr(value)) if isinstance(value, float) else Decimal(0)
        return wh.scaleb(-3).quantize(Decimal(digits))

    def shown(self) -> dict[str, Value]:
        """What it measures, or last measured if it is stuck."""
        return self._held if self._held is not None else self._values()

    def read(self, table: Table, address: int, count: int) -> list[int]:
        """Registers of the map or of the memory beside it; see the base class."""
        self._settle()
        if not self._mine(address, count):
            return super().read(table, address, count)
        self.reads.append((table, address, count))
        if len(self.reads) > 2000:
            del self.reads[:1000]  # days of a station that charges must not pile up
        self._refuse(count, self.longest or self.map.limits.max_registers)
        self.refresh()
        return [self.words.get(place, 0) for place in range(address, address + count)]

    def write(self, table: Table, address: int, values: list[int]) -> None:
        """Memory beside the map takes what is written; what it means is the model's business."""
        self._settle()
        if table is not Table.HOLDING or not self._mine(address, len(values)):
            raise DeviceRefused(f"{address:#06x} cannot be written", code=_ILLEGAL_ADDRESS)
        self._refuse(len(values), self.longest or self.map.limits.max_registers)
        self.words.update(zip(range(address, address + len(values)), values, strict=True))
        self.written(address, values)

    @abstractmethod
    def written(self, address: int, values: list[int]) -> None:
        """Something was written."""

    @abstractmethod
    def power_returned(self) -> None:
        """What a loss of supply does to the registers."""

    def refresh(self) -> None:
        """Bring registers up to date before they are read; nothing by default."""

    def later(self, action: Callable[[], None]) -> None:
        """Be busy, then do this."""
        self._pending = self._plant_clock.monotonic_s() + self.busy_s, action

    def put_text(self, address: int, text: bytes, count: int | None = None) -> None:
        """Put a text into the memory."""
        words = words_of(text, count)
        self.words.update(zip(range(address, address + len(words)), words, strict=True))

    def text_at(self, address: int, count: int) -> str:
        """The text in the memory, up to its first zero byte."""
        data = bytes_of([self.words.get(place, 0) for place in range(address, address + count)])
        return data.partition(b"\0")[0].decode("utf-8", "replace")

    def _settle(self) -> None:
        if self._pending is not None and self._plant_clock.monotonic_s() >= self._pending[0]:
            action, self._pending = self._pending[1], None
            action()

    def _refuse(self, count: int, longest: int) -> None:
        if self.exception is not None:
            raise DeviceRefused("refuses everything", code=self.exception)
        if self.refuses_while_busy and self._pending is not None:
            raise DeviceRefused("is signing", code=_BUSY)
        if count > longest:
            raise DeviceRefused(f"{count} registers are too many", code=_ILLEGAL_VALUE)

    def _mine(self, address: int, count: int) -> bool:
        return any(address in area and address + count - 1 in area for area in self._areas)


def ocmf_time(moment: datetime, offset_min: int, state: str) -> str:
    """A time as OCMF writes it."""
    local = moment.astimezone(timezone(timedelta(minutes=offset_min)))
    return f"{local:%Y-%m-%dT%H:%M:%S},{local.microsecond // 1000:03d}{local:%z} {state}"


def payload_text(fields: Mapping[str, Any]) -> str:
    """JSON as meters write it: no blanks, numbers with their digits."""
    return "{" + ",".join(f"{json.dumps(name)}:{_written(value)}" for name, value in fields.items()) + "}"


def _written(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return payload_text(value)
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value)


def test_key(name: str, curve: EllipticCurve) -> EllipticCurvePrivateKey:
    """The key that an emulated meter of this name signs with: the same in every run, and known to everybody."""
    from cryptography.hazmat.primitives.asymmetric.ec import derive_private_key  # noqa: PLC0415  # see above

    return derive_private_key(
        int.from_bytes(hashlib.sha256(f"cc613hal test key {name}".encode()).digest()) >> (258 - min(curve.key_size, 256)), curve
    )
