"""A Bauer BSM-WS36A that signs with a test key."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from cc613hal.plant.emulation import EmulationSite
from cc613hal_meters.catalogue import map_for
from cc613hal_meters.emulation import Measured
from cc613hal_meters.options import BsmWs36aOptions
from cc613hal_meters.signing.bsm import (
    CURRENT,
    END,
    EPOCH,
    KEY,
    META,
    POWER_DOWNS,
    RECORD_REGISTERS,
    RECORD_STATUS,
    RECORD_TEXT,
    START,
    TURN_OFF,
    TURN_ON,
    Snapshot,
)
from cc613hal_meters.signing.emulation import SigningMeter, ocmf_time, payload_text
from cc613hal_meters.signing.registers import words_of

__all__ = ["EmulatedBsm", "emulate_bsm"]

_KINDS = ((CURRENT, "C"), (TURN_ON, "B"), (TURN_OFF, "E"), (START, "B"), (END, "E"))
"""In the order of the snapshots' type numbers, which the records carry as ``XT``."""
_VALID, _INVALID, _UPDATING = 0, 1, 2
_MODEL = "BSM-WS36A-H01-1311-0000"
_SNAPSHOT_REGISTERS = 254
_RECORD_MODEL_REGISTERS = 500
_NO_TIME = 0xFFFFFFFF


class EmulatedBsm(SigningMeter):
    """The emulated meter. A ``failure`` is what a snapshot's status says instead of "valid"; one in progress is lost with the supply.

    Attributes:
        stale: the record model keeps showing the record of the snapshot before (a page jump).
        output: what its digital output says: the contactor, with turn-on and turn-off snapshots.
    """

    stale = False

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.output = False
        self._session_from = Decimal(0)
        self._put32(EPOCH, _NO_TIME)
        key = self.public_key()
        self.words[KEY], self.words[KEY + 1] = 48, len(key)
        self.put_text(KEY + 2, key, 48)
        for snapshot, _ in _KINDS:
            self.words[snapshot.status] = _INVALID
            self.words[snapshot.record + RECORD_STATUS] = _INVALID

    def written(self, address: int, values: list[int]) -> None:
        """The clock, and requests for snapshots."""
        if address == EPOCH and len(values) >= 2:  # both halves
            self.set_time(values[0] << 16 | values[1])
        for number, (snapshot, reason) in enumerate(_KINDS):
            if address == snapshot.status and values == [_UPDATING]:
                if snapshot is TURN_ON:
                    self._session_from = self.register_kwh("0.01")
                self.output = {TURN_ON: True, TURN_OFF: False}.get(snapshot, self.output)
                self.later(partial(self._take, snapshot, number, reason))

    def refresh(self) -> None:
        """The time registers run."""
        self._put32(EPOCH, int(self.now().timestamp()) if self.synchronised else _NO_TIME)

    def power_returned(self) -> None:
        """Time is lost, and counted."""
        self._put32(POWER_DOWNS, self._get32(POWER_DOWNS) + 1)
        for snapshot, _ in _KINDS:
            if self.words[snapshot.status] == _UPDATING:
                self.words[snapshot.status] = _INVALID

    def _take(self, snapshot: Snapshot, number: int, reason: str) -> None:
        if self.failure is not None:
            self.words[snapshot.status] = self.failure
            return
        page = self.next_page()
        self.words[snapshot.model + 2] = number
        self._put32(snapshot.counter, page)
        for (address, count), offset in zip(META, (32, 102, 152), strict=True):
            self.words.update({snapshot.model + offset + place: self.words.get(address + place, 0) for place in range(count)})
        self.words[snapshot.status] = _VALID
        if self.stale and self.words[snapshot.record + RECORD_STATUS] == _VALID:
            return
        payload = payload_text(self._fields(page, number, reason))
        signature = self.sign(payload).hex()
        text = f'OCMF|{payload}|{{"SA":"ECDSA-secp256r1-SHA256","SD":"{signature}"}}'.encode()
        words = words_of(text, RECORD_REGISTERS)
        self.words.update(zip(range(snapshot.record + RECORD_TEXT, snapshot.record + RECORD_TEXT + RECORD_REGISTERS), words, strict=True))
        self.words[snapshot.record + RECORD_STATUS] = _VALID

    def _fields(self, page: int, number: int, reason: str) -> dict[str, Any]:
        user, place, note = (self.text_at(address, count) for address, count in META)
        zone = self.words.get(EPOCH + 2, 0)
        total = self.register_kwh("0.01")
        reading = {
            "TM": ocmf_time(self.now(), zone - 0x10000 if zone & 0x8000 else zone, "S" if self.synchronised else "U"),
            "TX": reason,
            "RV": total - self._session_from,
            "RI": "1-0:1.8.0*198",
            "RU": "kWh",
            "XV": total,
            "XI": "1-0:1.8.0*255",
            "XU": "kWh",
            "XT": number,
            "RT": "AC",
            "EF": "",
            "ST": "G",
        }
        fields: dict[str, Any] = {
            "FV": "1.0",
            "GI": f"BAUER Electronic {_MODEL}",
            "GS": self.serial_number,
            "GV": "1.9:32CA:AFF4, f1d3d06",
            "PG": f"T{page}",
            "MV": "BAUER Electronic",
            "MM": _MODEL,
            "MS": self.serial_number,
            "IS": True,
            "IT": "UNDEFINED",
            "ID": user,
            "X2": place,
            "X3": note,
            "RD": [reading],
        }
        return {name: value for name, value in fields.items() if value != ""}

    def _put32(self, address: int, value: int) -> None:
        self.words[address], self.words[address + 1] = value >> 16 & 0xFFFF, value & 0xFFFF

    def _get32(self, address: int) -> int:
        return self.words.get(address, 0) << 16 | self.words.get(address + 1, 0)


def emulate_bsm(site: EmulationSite, options: BsmWs36aOptions) -> None:
    """Put the emulated meter on its line; it is kept in ``site.plant.parts`` under the device's name."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1  # noqa: PLC0415  # only who emulates a signature needs it

    description = map_for(options)
    measured = Measured(outlet=site.outlet, phases=description.phases, before_wh=100000.0)
    areas = [range(POWER_DOWNS, KEY + 50)]
    areas += [range(snapshot.model, snapshot.model + _SNAPSHOT_REGISTERS) for snapshot, _ in _KINDS]
    areas += [range(snapshot.record, snapshot.record + _RECORD_MODEL_REGISTERS) for snapshot, _ in _KINDS]
    meter = EmulatedBsm(description, measured.values, site.outlet.clock, name=site.device, curve=SECP256R1(), areas=areas)
    site.plant.parts[site.device] = meter
    site.attach_modbus(meter)
