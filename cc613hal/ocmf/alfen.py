"""Records of Alfen stations: one line of six fields, ``AP;type;version;public key;data set;signature;``, the last three in base32.

The signature (secp192r1, 48 bytes) covers the data set of 82 bytes; numbers in it are least significant byte first:

    ====== ======================== ====== ==============================
    0–9    adapter                  38–43  OBIS, 44 unit, 45 scaler
    10–13  adapter's firmware       46–53  value
    14–15  its check sum            54–73  identification, zero-filled
    16–25  meter                    74–77  number of the session
    26–27  status of the meter      78–81  page
    28–29  status of the adapter
    30–33  second index, 34–37 time
    ====== ======================== ====== ==============================

Sources: the reader of the S.A.F.E. transparency software 1.4.1 (Apache-2.0) and the description of the format in OpenChargingCloud's
Chargy, checked against a public record.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from decimal import Decimal

from attrs import field, frozen

from cc613hal.ocmf.edl_block import WATT_HOURS
from cc613hal.ocmf.errors import RecordUnreadable
from cc613hal.sml import obis_text

__all__ = ["AlfenRecord", "read_alfen"]

_SET_BYTES, _SIGNATURE_BYTES, _KEY_BYTES = 82, 48, 25
_CLOCK_ERROR = 0x0001
_METER_ERRORS = 0x0006
"""EEPROM and flash of the meter; missing phases and their sequence say nothing about the energy."""
_ADAPTER_ERRORS = 0xC401
"""Fatal error, begin and end do not fit, memory error, meter not reached."""


@frozen(kw_only=True)
class AlfenRecord:
    """One signed value.

    Attributes:
        kind: ``0`` begin, ``1`` end, ``2`` in between; not signed.
        adapter: identification of the signing adapter.
        meter: identification of the meter.
        clock_error: the meter's clock is not in order.
        energy_error: meter or adapter are not in order.
        time: of the value, UTC.
        obis: register.
        wh: energy, exact.
        customer: identification, as the station has it.
        session: number of the session.
        page: page.
        key_text: public key in the record, base32; not signed.
        signed_bytes: the data set.
        signature: its two numbers.
    """

    kind: str
    adapter: bytes
    meter: bytes
    clock_error: bool
    energy_error: bool
    time: datetime
    obis: str
    wh: Decimal
    customer: str
    session: int
    page: int
    key_text: str = field(repr=False)
    signed_bytes: bytes = field(repr=False)
    signature: tuple[int, int] = field(repr=False)


def read_alfen(text: str) -> AlfenRecord:
    """Read one record.

    Raises:
        RecordUnreadable: not these fields, another version, another length.
    """
    parts = text.strip().strip('"').rstrip(";").split(";")
    if len(parts) != 6 or parts[0] != "AP":
        raise RecordUnreadable(f"a record of this format has six fields and begins with AP, this has {len(parts)}")
    kind, version = parts[1], parts[2]
    if kind not in {"0", "1", "2"} or version != "3":
        raise RecordUnreadable(f"type {kind!r} and version {version!r} of the record are unknown; version 3 is read")
    data, signature = _base32(parts[4], "data set", _SET_BYTES), _base32(parts[5], "signature", _SIGNATURE_BYTES)
    _base32(parts[3], "public key", _KEY_BYTES)
    if data[44] != WATT_HOURS:
        raise RecordUnreadable(f"the unit of the value is number {data[44]}, not watt hours")
    scaler = int.from_bytes(data[45:46], "little", signed=True)
    if not -9 <= scaler <= 9:
        raise RecordUnreadable(f"the scaler of the value is {scaler}")
    meter_status, adapter_status = _number(data[26:28]), _number(data[28:30])
    half = _SIGNATURE_BYTES // 2
    return AlfenRecord(
        kind=kind,
        adapter=data[:10],
        meter=data[16:26],
        clock_error=bool(meter_status & _CLOCK_ERROR),
        energy_error=bool(meter_status & _METER_ERRORS or adapter_status & _ADAPTER_ERRORS),
        time=datetime.fromtimestamp(_number(data[34:38]), UTC),
        obis=obis_text(data[38:44]),
        wh=Decimal(int.from_bytes(data[46:54], "little", signed=True)).scaleb(scaler),
        customer=data[54:74].rstrip(b"\0").decode("ascii", "backslashreplace"),
        session=_number(data[74:78]),
        page=_number(data[78:82]),
        key_text=parts[3],
        signed_bytes=data,
        signature=(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")),
    )


def _base32(text: str, what: str, size: int) -> bytes:
    compact = "".join(text.split()).rstrip("=")
    try:
        data = base64.b32decode(compact + "=" * (-len(compact) % 8))
    except (binascii.Error, ValueError) as error:
        raise RecordUnreadable(f"the record's {what} is not base32") from error
    if len(data) != size:
        raise RecordUnreadable(f"the record's {what} has {len(data)} bytes, not {size}")
    return data


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
