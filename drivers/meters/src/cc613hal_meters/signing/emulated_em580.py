"""A Carlo Gavazzi EM580 that signs with a test key."""

from __future__ import annotations

from typing import Any

from cc613hal.plant.emulation import EmulationSite
from cc613hal_meters.catalogue import map_for
from cc613hal_meters.emulation import Measured
from cc613hal_meters.options import Em580Options
from cc613hal_meters.signing.em580 import (
    CHARGE_POINT,
    CHARGE_POINT_REGISTERS,
    CHARGE_POINT_TYPE,
    COMMAND,
    CORRUPTED,
    FAMILIES,
    FILE,
    FILE_REGISTERS,
    FILE_SIZE,
    FLAGS,
    IDENT_DATA,
    IDENT_DATA_REGISTERS,
    IDENT_FLAGS,
    IDENT_LEVEL,
    IDENT_STATUS,
    IDENT_TYPE,
    KEY_DER,
    KEY_REGISTERS,
    KEY_TYPE,
    LEVELS,
    NOT_READY,
    READY,
    RUNNING,
    STATE,
    TARIFF_TEXT,
    TARIFF_TEXT_REGISTERS,
    TIME,
    TIME_STATE,
    TYPES,
    ZONE,
)
from cc613hal_meters.signing.emulation import SigningMeter, ocmf_time, payload_text
from cc613hal_meters.signing.registers import words_of

__all__ = ["EmulatedEm580", "emulate_em580"]

_OBIS = "1-0:1.8.0"


class EmulatedEm580(SigningMeter):
    """The emulated meter; a ``failure`` leaves the record corrupted. A loss of supply ends a transaction with the reason P."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._begin: dict[str, Any] | None = None
        self.words[KEY_TYPE] = 0
        self.put_text(KEY_DER, self.public_key(), KEY_REGISTERS[0])

    def written(self, address: int, values: list[int]) -> None:
        """Commands, the time, and the confirmation of a read record."""
        if address == TIME:
            self.set_time(sum(word << 16 * place for place, word in enumerate(values)))
            self.words[TIME_STATE] = 1
        elif address == STATE:
            if values[0] != NOT_READY:
                self.words[STATE] = CORRUPTED
            self.words[FILE_SIZE] = 0
        elif address == COMMAND:
            self._command(chr(values[0]))

    def refresh(self) -> None:
        """The time registers run."""
        seconds = int(self.now().timestamp())
        self.words.update({TIME + place: seconds >> 16 * place & 0xFFFF for place in range(4)})

    def power_returned(self) -> None:
        """Time is lost; a transaction ends."""
        self.words[TIME_STATE] = 0
        if self.words.get(STATE) == RUNNING and self._begin is not None:
            self._close("P")

    def _command(self, letter: str) -> None:
        state = self.words.get(STATE, NOT_READY)
        if letter == "B" and state == NOT_READY:
            self._begin = self._reading("B")
            self.later(lambda: self.words.update({STATE: RUNNING}))
        elif letter in "EA" and state == RUNNING:
            self.later(lambda: self._close(letter))

    def _close(self, reason: str) -> None:
        if self.failure is not None:
            self.words[STATE] = CORRUPTED
            return
        fields: dict[str, Any] = {
            "FV": "1.2",
            "GI": "EM580",
            "GS": self.serial_number,
            "PG": f"T{self.next_page()}",
            "MV": "Carlo Gavazzi",
            "MM": "EM580",
            "MS": self.serial_number,
            "IS": bool(self.words.get(IDENT_STATUS)),
            "IL": LEVELS[self.words.get(IDENT_LEVEL, 0)] or "NONE",
            "IF": self._flags(),
            "IT": next(name for name, number in TYPES.items() if number == self.words.get(IDENT_TYPE, 0)),
            "ID": self.text_at(IDENT_DATA, IDENT_DATA_REGISTERS),
            "TT": self.text_at(TARIFF_TEXT, TARIFF_TEXT_REGISTERS),
            "CT": "CBIDC" if self.words.get(CHARGE_POINT_TYPE) else "EVSEID",
            "CI": self.text_at(CHARGE_POINT, CHARGE_POINT_REGISTERS),
            "RD": [self._begin or self._reading("B"), self._reading(reason)],
        }
        payload = payload_text(fields)
        signature = self.sign(payload).hex()
        text = f'OCMF|{payload}|{{"SA":"ECDSA-brainpool256r1-SHA256","SD":"{signature}"}}'.encode()
        words = words_of(text)
        self.words.update(dict.fromkeys(range(FILE, FILE + FILE_REGISTERS), 0))
        self.words.update(zip(range(FILE, FILE + len(words)), words, strict=True))
        self.words[FILE_SIZE] = len(words)
        self.words[STATE] = READY

    def _flags(self) -> list[str]:
        """Those of each family that are not its NONE."""
        found: list[str] = []
        for place, family in enumerate(FAMILIES):
            number = self.words.get(IDENT_FLAGS + place, 0)
            found += [name for name, known in FLAGS.items() if number and known == number and name.startswith(family + "_")]
        return found

    def _reading(self, reason: str) -> dict[str, Any]:
        zone = self.words.get(ZONE, 0)
        offset = zone - 0x10000 if zone & 0x8000 else zone
        return {
            "TM": ocmf_time(self.now(), offset, "S" if self.words.get(TIME_STATE) else "U"),
            "TX": reason,
            "RV": self.register_kwh(),
            "RI": _OBIS,
            "RU": "kWh",
            "RT": "AC",
            "EF": "",
            "ST": "G",
        }


def emulate_em580(site: EmulationSite, options: Em580Options) -> None:
    """Put the emulated meter on its line; it is kept in ``site.plant.parts`` under the device's name."""
    from cryptography.hazmat.primitives.asymmetric.ec import BrainpoolP256R1  # noqa: PLC0415  # only who emulates a signature needs it

    description = map_for(options)
    measured = Measured(outlet=site.outlet, phases=description.phases, before_wh=1234567.0)
    areas = [
        range(KEY_TYPE, KEY_TYPE + 1),
        range(KEY_DER, KEY_DER + 62),
        range(TARIFF_TEXT, TARIFF_TEXT + TARIFF_TEXT_REGISTERS),
        range(IDENT_STATUS, TIME_STATE + 1),
        range(STATE, FILE + FILE_REGISTERS),
    ]
    meter = EmulatedEm580(description, measured.values, site.outlet.clock, name=site.device, curve=BrainpoolP256R1(), areas=areas)
    site.plant.parts[site.device] = meter
    site.attach_modbus(meter)
