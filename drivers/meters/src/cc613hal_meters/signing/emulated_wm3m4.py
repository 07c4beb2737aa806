"""An Iskra WM3M4 that signs with a test key.

Source, as for the driver: Iskra WM3M4 user manual V1.14. Signatures are in the ASN.1 of RFC 3279, section 2.2.3; as a fault,
with both numbers at full length.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from cc613hal.plant.emulation import EmulationSite
from cc613hal_meters.catalogue import map_for
from cc613hal_meters.emulation import Measured
from cc613hal_meters.options import Wm3m4Options
from cc613hal_meters.signing.emulation import SigningMeter, ocmf_time, payload_text
from cc613hal_meters.signing.registers import bytes_of, u32_of
from cc613hal_meters.signing.wm3m4 import (
    COMMAND,
    DATA,
    DATA_LENGTH,
    METADATA,
    METADATA_LENGTH,
    METADATA_REGISTERS,
    POINT,
    SIGNATURE,
    SIGNATURE_LENGTH,
    STATE,
    STATUS,
    SYNCHRONISED,
    TIME,
    TIME_STATE,
    ZONE,
)

__all__ = ["EmulatedWm3m4", "emulate_wm3m4"]

_IDLE, _ACTIVE, _AFTER_POWER_FAILURE, _AFTER_RESET = 0, 1, 2, 3
_SIGNED, _IN_PROGRESS, _BAD_STATE, _BAD_SIZE, _NOT_INITIALISED = 15, 2, 131, 253, 0
_OBIS = "1-0:1.8.0"


class EmulatedWm3m4(SigningMeter):
    """The emulated meter; faults as in :class:`SigningMeter`, and:

    Attributes:
        padded: writes r and s with superfluous leading zeros, as its firmware is known to.
    """

    padded = False

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._begin: dict[str, Any] | None = None
        self.words[STATE] = _IDLE
        self.words[STATUS] = _NOT_INITIALISED
        self.put_text(POINT, self.public_key()[-64:])

    def written(self, address: int, values: list[int]) -> None:
        """Commands, and the two halves of the time."""
        if address == TIME + 1:
            self.set_time(u32_of([self.words[TIME], self.words[TIME + 1]]))
        elif address == COMMAND:
            self._command(chr(values[0] >> 8))

    def refresh(self) -> None:
        """The time registers run."""
        seconds = int(self.now().timestamp())
        self.words[TIME], self.words[TIME + 1] = seconds >> 16, seconds & 0xFFFF

    def power_returned(self) -> None:
        """Time and metadata are lost; a transaction is not."""
        self.words[TIME_STATE] = 0
        self.words[METADATA_LENGTH] = 0
        self.words[STATUS] = _NOT_INITIALISED
        if self.words[STATE] != _IDLE:
            self.words[STATE] = _AFTER_POWER_FAILURE

    def reset(self) -> None:
        """It restarts by itself and keeps what it was told."""
        if self.words[STATE] != _IDLE:
            self.words[STATE] = _AFTER_RESET

    def _command(self, letter: str) -> None:
        state = self.words[STATE]
        if letter not in "Br" or (letter == "B") != (state == _IDLE):
            self.words[STATUS] = _BAD_STATE
            return
        if not self.words.get(METADATA_LENGTH):
            self.words[STATUS] = _BAD_SIZE
            return
        self.words[STATUS] = _IN_PROGRESS
        if letter == "B":
            self._begin = self._reading("B")
            self.words[STATE] = _ACTIVE
            self.later(self._finish_begin)
        else:
            readings = [self._begin or self._reading("B"), self._reading("R" if state != _AFTER_POWER_FAILURE else "P")]
            self.words[STATE] = _IDLE
            self.later(lambda: self._finish_end(readings))

    def _finish_begin(self) -> None:
        self.words[STATUS] = _SIGNED if self.failure is None else self.failure
        if self.failure is not None:
            self.words[STATE] = _IDLE

    def _finish_end(self, readings: list[dict[str, Any]]) -> None:
        if self.failure is not None:
            self.words[STATUS] = self.failure
            return
        length = self.words[METADATA_LENGTH]
        metadata = bytes_of([self.words.get(place, 0) for place in range(METADATA, METADATA + METADATA_REGISTERS)])[:length]
        fields: dict[str, Any] = json.loads(metadata)
        fields |= {"PG": f"T{self.next_page()}", "MV": "Iskra", "MM": "WM3M4C", "MS": self.serial_number, "RD": readings}
        payload = payload_text(fields)
        signature = self._padded(self.sign(payload)) if self.padded else self.sign(payload)
        self.put_text(DATA, payload.encode())
        self.put_text(SIGNATURE, signature)
        self.words[DATA_LENGTH], self.words[SIGNATURE_LENGTH] = len(payload.encode()), len(signature)
        self.words[STATUS] = _SIGNED

    def _reading(self, reason: str) -> dict[str, Any]:
        zone = self.words.get(ZONE, 0)
        offset = zone - 0x10000 if zone & 0x8000 else zone
        state = "S" if self.words.get(TIME_STATE) == SYNCHRONISED and self.synchronised else "U"
        return {
            "TM": ocmf_time(self.now(), offset, state),
            "TX": reason,
            "RV": self.register_kwh(),
            "RI": _OBIS,
            "RU": "kWh",
            "RT": "AC",
            "EF": "",
            "ST": "G",
        }

    @staticmethod
    def _padded(signature: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: PLC0415  # only for this fault

        parts = b"".join(b"\x02\x21" + number.to_bytes(33, "big") for number in decode_dss_signature(signature))
        return bytes([0x30, len(parts)]) + parts


def emulate_wm3m4(site: EmulationSite, options: Wm3m4Options) -> None:
    """Put the emulated meter on its line; it is kept in ``site.plant.parts`` under the device's name."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1  # noqa: PLC0415  # only who emulates a signature needs it

    description = map_for(options)
    measured = Measured(outlet=site.outlet, phases=description.phases, before_wh=float(Decimal(1234567)))
    areas = [range(STATE, STATE + 1), range(COMMAND, METADATA + METADATA_REGISTERS), range(DATA, SIGNATURE + 64)]
    meter = EmulatedWm3m4(description, measured.values, site.outlet.clock, name=site.device, curve=SECP256R1(), areas=areas)
    site.plant.parts[site.device] = meter
    site.attach_modbus(meter)
