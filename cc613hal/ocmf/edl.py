"""Signed records of EDL40 meters (EMH, Isabellenhütte): telegrams of SML whose signature covers a block of 320 bytes.

The block is not in the telegram: the verifier builds it from the telegram's entries. All numbers in it are least significant byte
first; times are local seconds, with the offsets of the telegram added. What is not listed is zero.

EDL_40_P (secp192r1, 48 bytes; newer meters, as the EMH eMOC, secp256r1 and 64 bytes; the two bytes behind are the index of the log
book): see :mod:`cc613hal.ocmf.edl_block`. The eMOC puts a byte before the contract id that tells begin and end apart.

ISA_EDL_40_P (secp256r1) carries the value at the begin beside the one now:

    ======= ============================== ======= =============================================
    0–9     server id                      227–230 time of the begin
    10–13   time of the value              231–250 hash of the contract
    14      status, lowest byte            251     status of the begin, lowest byte
    15–30   OBIS, unit, scaler, value      252–267 OBIS, unit, scaler, value at the begin
    31–32   index of the log book          268–273 name of the list
    33–98   inner signature of the value   274–277 page
    99–226  contract id, filled with zeros 278–    zeros
    ======= ============================== ======= =============================================

Sources: "ehz SML Kundenidentifikation" and the FNN specification of EDL40 as the S.A.F.E. transparency software 1.4.1 implements them
(Apache-2.0; formats ``EDL_40_P`` and ``ISA_EDL_40_P``), checked against its public samples.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from attrs import evolve, field, frozen

from cc613hal.ocmf.curves import Curve
from cc613hal.ocmf.edl_block import BLOCK_BYTES, WATT_HOURS, EdlBlock, build_block, emoc_status
from cc613hal.ocmf.errors import RecordUnreadable
from cc613hal.sml import GET_LIST_RESPONSE, SmlError, SmlValue, decode_frame, obis_text, parse_file

__all__ = ["EdlRecord", "EdlValue", "read_edl"]

_CONTRACT = bytes.fromhex("8182815401FF")
_PAGE = bytes.fromhex("8180817101FF")
_SECONDS_INDEX = bytes.fromhex("810060080001")
_EMOC = {
    "begin": bytes.fromhex("010001110064"),
    "begin_compensated": bytes.fromhex("0100011100C8"),
    "line_resistance": bytes.fromhex("00AF6C6C72FF"),
    "stopwatch": bytes.fromhex("00AF647572FF"),
    "price": bytes.fromhex("00AF707263FF"),
}
"""Entries that meters with signatures of 64 bytes sign too."""
_IMPORT = (bytes.fromhex("0100011100FF"), bytes.fromhex("0100010800FF"))
_ISA_BEGIN = bytes.fromhex("010001080080")
_ISA_NOW = bytes.fromhex("0100010800FF")
_ISA_PAGE = bytes.fromhex("8180C7F040FF")
_ISA_HASH = bytes.fromhex("8180816101FF")
_CURVES = {48: Curve.SECP192R1, 64: Curve.SECP256R1}
"""Bytes of a raw signature to the curve it is on."""


@frozen(kw_only=True)
class EdlValue:
    """One energy value of a record.

    Attributes:
        obis: register.
        wh: energy, exact.
        time: local time of the meter with its offset; ``None`` if the meter does not know it (it then counts seconds only).
        status: the byte of the status that is signed.
    """

    obis: str
    wh: Decimal
    time: datetime | None
    status: int


@frozen(kw_only=True)
class EdlRecord:
    """A signed telegram.

    Attributes:
        format: ``EDL_40_P``, ``ISA_EDL_40_P``, ``EDL_40_SIG`` or ``EDL_40_MENNEKES``.
        server: identification of the meter.
        page: number of the record.
        seconds_index: seconds the meter has been in operation; ``None`` where the format has none.
        contract: what identifies the customer, without the zeros behind it.
        value: the energy now.
        begin: the energy when the contract was set, in the same record (ISA only).
        signed_bytes: the block that the signature covers.
        signature: its two numbers.
        curve: which it is on, by its length.
        log_index: index of the log book.
    """

    format: str
    server: bytes
    page: int
    seconds_index: int | None
    contract: bytes
    value: EdlValue
    begin: EdlValue | None = None
    signed_bytes: bytes = field(repr=False)
    signature: tuple[int, int] = field(repr=False)
    curve: Curve
    log_index: bytes


@frozen
class _Entry:
    """An entry of the list with what the block needs; ``time`` holds seconds and the two offsets in minutes."""

    obis: bytes
    status: int
    time: tuple[int, int] | None
    unit: int | None
    scaler: int
    value: SmlValue
    signature: bytes

    @property
    def seconds(self) -> int:
        return 0 if self.time is None else (self.time[0] + self.time[1] * 60) & 0xFFFFFFFF


def read_edl(data: bytes, name: str | None = None) -> EdlRecord:
    """Read a signed telegram.

    Args:
        data: an SML frame, or the messages in it.
        name: ``EDL_40_P`` or ``ISA_EDL_40_P``; found out from the entries if omitted.

    Raises:
        RecordUnreadable: no SML, no list of values, an entry is missing or of another kind.
    """
    try:
        bodies = [message.body for message in parse_file(_messages(data)) if message.tag == GET_LIST_RESPONSE]
    except SmlError as error:
        raise RecordUnreadable(f"no signed SML telegram: {error}") from error
    if len(bodies) != 1:
        raise RecordUnreadable(f"the telegram has {len(bodies)} lists of values, exactly one is signed")
    telegram = _telegram(bodies[0])
    found = name or ("ISA_EDL_40_P" if _ISA_BEGIN in telegram.named or _ISA_PAGE in telegram.named else "EDL_40_P")
    if found == "ISA_EDL_40_P":
        return _isa(telegram)
    if found == "EDL_40_P":
        return _edl(telegram)
    raise RecordUnreadable(f"the format {found!r} is none of EDL_40_P and ISA_EDL_40_P")


@frozen
class _Telegram:
    """The list of values of a telegram, its entries by their OBIS code."""

    server: bytes
    name: bytes
    named: dict[bytes, _Entry]
    signature: bytes
    curve: Curve

    @property
    def numbers(self) -> tuple[int, int]:
        half = self.curve.scalar_bytes
        return int.from_bytes(self.signature[:half], "big"), int.from_bytes(self.signature[half : 2 * half], "big")

    @property
    def log_index(self) -> bytes:
        return self.signature[-2:]


def _messages(data: bytes) -> bytes:
    return decode_frame(data) if data.startswith(b"\x1b\x1b\x1b\x1b") else data


def _telegram(body: SmlValue) -> _Telegram:
    match body:
        case [_, bytes() as server, name, _, list() as values, bytes() as signature, _]:
            pass
        case _:
            raise RecordUnreadable("the telegram's list is not signed, or not built as SML says")
    if len(server) != 10:
        raise RecordUnreadable(f"the server id has {len(server)} bytes, 10 are needed")
    named: dict[bytes, _Entry] = {}
    for value in values:
        entry = _entry(value)
        if entry.obis in named:
            raise RecordUnreadable(f"the entry {obis_text(entry.obis)} is there twice")
        named[entry.obis] = entry
    curve = _CURVES.get(len(signature) - 2)
    if curve is None:
        raise RecordUnreadable(f"a signature of {len(signature)} bytes; 50 or 66 are known")
    return _Telegram(server, name if isinstance(name, bytes) else b"", named, signature, curve)


def _entry(fields: SmlValue) -> _Entry:
    match fields:
        case [bytes() as obis, status, time, unit, scaler, value, signature]:
            return _Entry(
                obis=obis,
                status=status if isinstance(status, int) else 0,
                time=_local_time(time),
                unit=unit if isinstance(unit, int) else None,
                scaler=scaler if isinstance(scaler, int) else 0,
                value=value,
                signature=signature if isinstance(signature, bytes) else b"",
            )
        case _:
            raise RecordUnreadable("an entry of the telegram is not built as SML says")


def _local_time(time: SmlValue) -> tuple[int, int] | None:
    """Seconds and offset in minutes of the choice second index (1), time stamp (2) or local time stamp (3)."""
    match time:
        case [3, [int() as seconds, int() as local, int() as season]]:
            return seconds, local + season
        case [1 | 2, int() as seconds]:
            return seconds, 0
        case _:
            return None


def _needed(named: dict[bytes, _Entry], what: str, *codes: bytes) -> _Entry:
    for code in codes:
        if code in named:
            return named[code]
    raise RecordUnreadable(f"the telegram has no entry for the {what}")


def _number(entry: _Entry, what: str, bits: int = 32) -> int:
    value = entry.value
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << bits:
        raise RecordUnreadable(f"the telegram's {what} is no number of {bits} bits")
    return value


def _energy(entry: _Entry) -> EdlValue:
    if entry.unit != WATT_HOURS:
        raise RecordUnreadable(f"the unit of {obis_text(entry.obis)} is number {entry.unit}, not watt hours")
    if not -9 <= entry.scaler <= 9:
        raise RecordUnreadable(f"the scaler of {obis_text(entry.obis)} is {entry.scaler}")
    time = None
    if entry.time is not None and entry.time[0]:
        seconds, offset = entry.time
        if abs(offset) >= 24 * 60:
            raise RecordUnreadable(f"an offset of {offset} minutes is no time zone")
        time = datetime.fromtimestamp(seconds & 0xFFFFFFFF, UTC).astimezone(timezone(timedelta(minutes=offset)))
    return EdlValue(
        obis=obis_text(entry.obis), wh=Decimal(_number(entry, "energy", 63)).scaleb(entry.scaler), time=time, status=entry.status & 0xFF
    )


def _octets(entry: _Entry, what: str, size: int) -> bytes:
    if not isinstance(entry.value, bytes) or len(entry.value) > size:
        raise RecordUnreadable(f"the telegram's {what} is no text of at most {size} bytes")
    return entry.value


def _little(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


def _measured(entry: _Entry) -> bytes:
    """OBIS, unit, scaler and value: 16 bytes, the same in both formats."""
    return entry.obis + bytes([WATT_HOURS, entry.scaler & 0xFF]) + _little(_number(entry, "energy", 63), 8)


def _edl(telegram: _Telegram) -> EdlRecord:
    named = telegram.named
    now = _needed(named, "energy", *_IMPORT)
    contract = _needed(named, "contract id", _CONTRACT)
    page = _number(_needed(named, "page", _PAGE), "page")
    match _needed(named, "second index", _SECONDS_INDEX).value:
        case [1, [1, int() as index]] if 0 <= index < 1 << 32:
            seconds_index = index
        case _:
            raise RecordUnreadable("the telegram's second index is not built as SML says")
    value = _energy(now)
    named_contract = _octets(contract, "contract id", 128)
    emoc = telegram.curve is Curve.SECP256R1
    more = {field: _number(named[code], field, 63) for field, code in _EMOC.items() if emoc and code in named}
    status = emoc_status(now.status) if emoc else now.status & 0xFF
    block = EdlBlock(
        server=telegram.server,
        seconds=now.seconds,
        status=status,
        seconds_index=seconds_index,
        page=page,
        obis=now.obis,
        scaler=now.scaler,
        value=_number(now, "energy", 63),
        log_index=telegram.log_index,
        contract=named_contract,
        contract_seconds=contract.seconds,
        **more,
    )
    return EdlRecord(
        format="EDL_40_P",
        server=telegram.server,
        page=page,
        seconds_index=seconds_index,
        contract=named_contract.rstrip(b"\0"),
        value=evolve(value, status=status),
        signed_bytes=build_block(block),
        signature=telegram.numbers,
        curve=telegram.curve,
        log_index=telegram.log_index,
    )


def _isa(telegram: _Telegram) -> EdlRecord:
    named = telegram.named
    now, begin = _needed(named, "energy now", _ISA_NOW), _needed(named, "energy at the begin", _ISA_BEGIN)
    contract = _octets(_needed(named, "contract id", _CONTRACT), "contract id", 128)
    page = _number(_needed(named, "page", _ISA_PAGE), "page")
    extra = _octets(_needed(named, "hash of the contract", _ISA_HASH), "hash of the contract", 20)
    if len(now.signature) != 66 or len(telegram.name) != 6 or len(extra) != 20:
        raise RecordUnreadable("the telegram's inner signature, list name or hash has another length than the format says")
    block = b"".join(
        (
            telegram.server,
            _little(now.seconds, 4),
            bytes([now.status & 0xFF]),
            _measured(now),
            telegram.log_index,
            now.signature,
            contract.ljust(128, b"\0"),
            _little(begin.seconds, 4),
            extra,
            bytes([begin.status & 0xFF]),
            _measured(begin),
            telegram.name,
            _little(page, 4),
        )
    ).ljust(BLOCK_BYTES, b"\0")
    return EdlRecord(
        format="ISA_EDL_40_P",
        server=telegram.server,
        page=page,
        seconds_index=None,
        contract=contract.rstrip(b"\0"),
        value=_energy(now),
        begin=_energy(begin),
        signed_bytes=block,
        signature=telegram.numbers,
        curve=telegram.curve,
        log_index=telegram.log_index,
    )
