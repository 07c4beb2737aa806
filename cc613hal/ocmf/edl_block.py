"""The 320 bytes that the signature of an EDL40 meter covers: built from values, and read back where a file carries the bytes themselves.

All numbers are least significant byte first; times are local seconds. What is not listed is zero.

    ====== ============================== =============================================
    0–9    server id                      39–40   index of the log book
    10–13  time of the value              41–168  contract id, filled with zeros
    14     status                         169–172 time of the contract id
    15–18  second index                   173–180 value at the begin of the transaction (eMOC)
    19–22  page                           181–188 the same, compensated for the cable's loss (eMOC)
    23–28  OBIS, 29 unit, 30 scaler       189–190 resistance of the line (eMOC)
    31–38  value                          191–194 stopwatch, 195–198 price (eMOC)
    ====== ============================== =============================================

Sources: "ehz SML Kundenidentifikation" as the S.A.F.E. transparency software 1.4.1 implements it (Apache-2.0), checked against its
public samples; what meters with signatures of 64 bytes (EMH eMOC) add is proven by the two samples of one such meter only.
"""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import frozen

from cc613hal.ocmf.errors import RecordUnreadable

__all__ = ["BLOCK_BYTES", "WATT_HOURS", "EdlBlock", "build_block", "emoc_status", "read_block"]

BLOCK_BYTES = 320
WATT_HOURS = 30
_CONTRACT_BYTES = 128
_EMOC_BITS = ((17, 0), (31, 3), (16, 4), (11, 5), (9, 6), (8, 7))
"""Bits of an eMOC's status word, and where they stand in the status byte."""


@frozen(kw_only=True)
class EdlBlock:
    """The signed values.

    Attributes:
        server: identification of the meter, 10 bytes.
        seconds: local time of the value, s since 1970.
        status: one byte.
        seconds_index: seconds the meter has been in operation.
        page: number of the record.
        obis: register, 6 bytes.
        scaler: power of ten of the value.
        value: energy in Wh, before the scaler.
        log_index: index of the log book, 2 bytes.
        contract: what identifies the customer, up to 128 bytes.
        contract_seconds: local time at which it was set, s since 1970.
        begin: value at the begin of the transaction (eMOC).
        begin_compensated: the same, compensated for the cable's loss (eMOC).
        line_resistance: in the meter's unit (eMOC).
        stopwatch: in the meter's unit (eMOC).
        price: in the meter's unit (eMOC).
    """

    server: bytes
    seconds: int
    status: int
    seconds_index: int
    page: int
    obis: bytes
    scaler: int
    value: int
    log_index: bytes
    contract: bytes
    contract_seconds: int
    begin: int = 0
    begin_compensated: int = 0
    line_resistance: int = 0
    stopwatch: int = 0
    price: int = 0

    @property
    def time(self) -> datetime | None:
        """Local time of the value; the bytes do not tell the zone, so it is shown as UTC. ``None`` while the clock was never set."""
        return datetime.fromtimestamp(self.seconds, UTC) if self.seconds else None


def build_block(values: EdlBlock) -> bytes:
    """The bytes.

    Raises:
        RecordUnreadable: a value that has no room.
    """
    if len(values.server) != 10 or len(values.obis) != 6 or len(values.log_index) != 2 or len(values.contract) > _CONTRACT_BYTES:
        raise RecordUnreadable("server id, register, log book index or contract id have another length than the format says")
    try:
        block = b"".join(
            (
                values.server,
                _little(values.seconds, 4),
                bytes([values.status & 0xFF]),
                _little(values.seconds_index, 4),
                _little(values.page, 4),
                values.obis,
                bytes([WATT_HOURS, values.scaler & 0xFF]),
                _little(values.value, 8),
                values.log_index,
                values.contract.ljust(_CONTRACT_BYTES, b"\0"),
                _little(values.contract_seconds, 4),
                _little(values.begin, 8),
                _little(values.begin_compensated, 8),
                _little(values.line_resistance, 2),
                _little(values.stopwatch, 4),
                _little(values.price, 4),
            )
        )
    except OverflowError as error:
        raise RecordUnreadable("a number of the telegram has no room in what is signed") from error
    return block.ljust(BLOCK_BYTES, b"\0")


def read_block(data: bytes) -> EdlBlock:
    """What the bytes say.

    Raises:
        RecordUnreadable: another length, another unit than watt hours, or something behind what the format knows.
    """
    if len(data) != BLOCK_BYTES:
        raise RecordUnreadable(f"the signed bytes are {len(data)}, not {BLOCK_BYTES}")
    if data[29] != WATT_HOURS:
        raise RecordUnreadable(f"the unit of the value is number {data[29]}, not watt hours")
    values = EdlBlock(
        server=data[:10],
        seconds=_number(data[10:14]),
        status=data[14],
        seconds_index=_number(data[15:19]),
        page=_number(data[19:23]),
        obis=data[23:29],
        scaler=int.from_bytes(data[30:31], "little", signed=True),
        value=_number(data[31:39]),
        log_index=data[39:41],
        contract=data[41:169].rstrip(b"\0"),
        contract_seconds=_number(data[169:173]),
        begin=_number(data[173:181]),
        begin_compensated=_number(data[181:189]),
        line_resistance=_number(data[189:191]),
        stopwatch=_number(data[191:195]),
        price=_number(data[195:199]),
    )
    if build_block(values) != data:
        raise RecordUnreadable("the signed bytes hold more than the format knows")
    return values


def emoc_status(word: int) -> int:
    """The status byte of a meter with signatures of 64 bytes, from the status word of its telegram."""
    return sum(1 << to for bit, to in _EMOC_BITS if word >> bit & 1)


def _little(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
