"""Emulated EDL40 meters that really sign their telegrams, with a test key, and misbehave on request.

Entries, pages and the index of the log book are as in the public samples of such meters; messages and attention numbers are those of the
SML specification 1.04 (BSI TR-03109-1, Anlage IV); the status word is the one in published telegrams of an eHZ.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from cc613hal.clock import Clock
from cc613hal.ocmf.edl_block import EdlBlock, build_block, emoc_status
from cc613hal.plant.emulation import EmulationSite
from cc613hal.sml import Entry, Frames, SmlError, SmlInt, ValueList, decode_frame, encode_frame, encode_message, obis_code, parse_file
from cc613hal_meters.emulation import Measured
from cc613hal_meters.emulation_told import SmlEmulation
from cc613hal_meters.signing.edl40 import ATTENTION_RESPONSE, CONTRACT, DONE, SET_PARAMETER_REQUEST
from cc613hal_meters.signing.emulation import test_key
from cc613hal_meters.told_options import Assignment, Edl40Options

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve

__all__ = ["EmulatedEdl40", "emulate_edl40"]

_ENERGY = bytes.fromhex("0100011100FF")
_SECONDS_INDEX = bytes.fromhex("810060080001")
_PAGE = bytes.fromhex("8180817101FF")
_KEY = obis_code("129-129:199.130.5*255")
_NOT_POSSIBLE = bytes.fromhex("8181C7C7FE03")
_STATUS = 0x1C0104


class EmulatedEdl40(SmlEmulation):
    """A meter with customer identification.

    Attributes:
        busy_s: how long it takes from a contract id to the record, s.
        refuses: it takes no contract id, and says so.
        deaf: it takes no contract id, and says nothing.
        forged: the signature does not fit the key.
        tells_key: the key stands in its telegrams.
        page: of the last record.
        mute: it takes contract ids and says nothing to them.
    """

    def __init__(self, measured: Measured, options: Edl40Options, clock: Clock, *, name: str, curve: EllipticCurve) -> None:
        super().__init__(measured, options)
        self._clock = clock
        self._frames = Frames()
        self._half = curve.key_size // 8
        self.key = test_key(name, curve)
        self.busy_s = 1.0
        self.refuses = self.deaf = self.forged = self.mute = False
        self.tells_key = True
        self.page = 0
        self._contract, self._contract_seconds = b"", 0
        self._due_s: float | None = None
        self._record: tuple[Entry, ...] = ()
        self._signature = b""

    def receive(self, data: bytes) -> None:
        """Requests, of which it knows one: the contract id is set."""
        for frame in self._frames.feed(data):
            try:
                messages = parse_file(decode_frame(frame))
            except SmlError:
                continue
            for message in messages:
                match message.body:
                    case [_, _, _, [path], [_, [1, bytes() as contract], _]] if message.tag == SET_PARAMETER_REQUEST and path == CONTRACT:
                        self._set(contract, message.transaction)
                    case _:
                        pass

    def _set(self, contract: bytes, transaction: bytes) -> None:
        if self.deaf:
            return
        if not self.refuses:
            self._take(contract)
        if not self.mute and self._send is not None:
            number = _NOT_POSSIBLE if self.refuses else DONE
            self._send(encode_frame(encode_message(ATTENTION_RESPONSE, [self.server, number, None, None], transaction=transaction)))

    def _take(self, contract: bytes) -> None:
        if contract != self._contract:
            self._contract, self._contract_seconds = contract, self._seconds()
        self._due_s = self._clock.monotonic_s() + self.busy_s

    def present(self, contract: bytes) -> None:
        """Somebody else tells it a contract id: a reader of its own."""
        self._take(contract)

    def told(self) -> ValueList:
        """The list of values, with the last signed record in it."""
        if self._due_s is not None and self._clock.monotonic_s() >= self._due_s:
            self._due_s = None
            self._sign()
        plain = super().told()
        key = (Entry(obis=_KEY, value=self._point()),) if self.tells_key else ()
        return evolve(plain, entries=(*plain.entries, *key, *self._record), signature=self._signature)

    def _seconds(self) -> int:
        return int(self._clock.wall().timestamp())

    def _sign(self) -> None:
        self.page += 1
        value = int(Decimal(str(self.values()["energy_import"])).scaleb(1))
        index = int(self._clock.monotonic_s()) & 0xFFFFFFFF
        seconds = self._seconds()
        block = EdlBlock(
            server=self.server,
            seconds=seconds,
            status=emoc_status(_STATUS) if self._half == 32 else _STATUS & 0xFF,
            seconds_index=index,
            page=self.page,
            obis=_ENERGY,
            scaler=-1,
            value=value,
            log_index=b"\x06\x00",
            contract=self._contract,
            contract_seconds=self._contract_seconds,
        )
        self._record = (
            Entry(obis=_ENERGY, value=value, unit=30, scaler=-1, status=_STATUS, time=seconds),
            Entry(obis=_SECONDS_INDEX, value=cast("Any", [SmlInt(1, 1), [SmlInt(1, 1), SmlInt(index, 4)]])),
            Entry(obis=_PAGE, value=cast("Any", SmlInt(self.page, 4))),
            Entry(obis=CONTRACT, value=self._contract, time=self._contract_seconds),
        )
        self._signature = self._signed(build_block(block) + (b" " if self.forged else b"")) + block.log_index

    def _signed(self, data: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA  # noqa: PLC0415  # only who emulates a signature needs it
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: PLC0415  # see above
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415  # see above

        return b"".join(number.to_bytes(self._half, "big") for number in decode_dss_signature(self.key.sign(data, ECDSA(SHA256()))))

    def _point(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return b"".join(number.to_bytes(self._half, "big") for number in (numbers.x, numbers.y))


def emulate_edl40(site: EmulationSite, options: Edl40Options) -> None:
    """Put an emulated EDL40 meter at the other end of the line: an eMOC if the options say so. It is kept in ``site.plant.parts``."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP192R1, SECP256R1  # noqa: PLC0415  # see above

    curve = SECP256R1() if options.assign is Assignment.MARKED else SECP192R1()
    meter = EmulatedEdl40(Measured(outlet=site.outlet), options, site.outlet.clock, name=site.device, curve=curve)
    site.plant.parts[site.device] = meter
    site.attach_serial(meter)
