"""The family of the LM75 as data: same address range, same first registers, different widths and identities."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

__all__ = ["VARIANTS", "IdRegister", "Variant"]


@frozen(kw_only=True)
class IdRegister:
    """A register that tells which chip it is.

    Attributes:
        address: its address.
        mask: bits that count.
        value: what they read.
    """

    address: int
    mask: int
    value: int


@frozen(kw_only=True)
class Variant:
    """One chip of the family.

    Attributes:
        model: its name.
        vendor: who makes it.
        shift: unused low bits of the temperature register.
        step_c: °C per remaining bit.
        low_c: lowest temperature the part is specified for, °C.
        high_c: highest, °C.
        config_bytes: width of the configuration register (address 1).
        config_reset: what that register reads after power-on.
        config_fixed: bits of it that always read as they do then.
        shutdown_mask: bits of that register that stop measuring.
        shutdown_value: what they read when it does.
        conversion_s: until the first temperature is there after power-on or shutdown, s; the register holds an older value till then.
        extended_flag: bit of the temperature register that says that one bit more is used; 0 if the chip has none.
        identity: where the chip tells who it is; ``None`` if it does not.
        source: where these figures are from.
    """

    model: str
    vendor: str | None
    shift: int
    step_c: float
    low_c: float = -55.0
    high_c: float = 125.0
    config_bytes: int = 1
    config_reset: int = 0
    config_fixed: int = 0
    shutdown_mask: int = 0x01
    shutdown_value: int = 0x01
    conversion_s: float
    extended_flag: int = 0
    identity: IdRegister | None = None
    source: str

    def celsius(self, raw: int) -> float:
        """The temperature, in °C, that a register content means.

        Args:
            raw: the 16 bits of register 0.
        """
        signed = raw - 0x10000 if raw & 0x8000 else raw
        shift = self.shift - 1 if raw & self.extended_flag else self.shift
        return (signed >> shift) * self.step_c

    def raw(self, celsius: float, *, extended: bool = False) -> int:
        """The register content the chip makes of a temperature, held at the ends of its scale.

        Args:
            celsius: °C.
            extended: with one bit more, where the chip has such a mode.
        """
        flag = self.extended_flag if extended else 0
        shift = self.shift - 1 if flag else self.shift
        steps = round(celsius / self.step_c)
        most = (1 << (15 - shift)) - 1
        return (max(-most - 1, min(most, steps)) << shift) & 0xFFFF | flag


VARIANTS: Mapping[str, Variant] = {
    "lm75": Variant(
        model="LM75", vendor=None, shift=7, step_c=0.5, conversion_s=0.3, source="TI LM75A data sheet SNOS808; Linux hwmon/lm75.c"
    ),
    "lm75b": Variant(
        model="LM75B", vendor="NXP", shift=5, step_c=0.125, conversion_s=0.1, source="NXP LM75B data sheet; Linux hwmon/lm75.c"
    ),
    "pct2075": Variant(
        model="PCT2075",
        vendor="NXP",
        shift=5,
        step_c=0.125,
        conversion_s=0.1,
        source="NXP PCT2075 data sheet; Adafruit_CircuitPython_PCT2075",
    ),
    "tmp102": Variant(
        model="TMP102",
        vendor="Texas Instruments",
        shift=4,
        step_c=0.0625,
        conversion_s=0.035,
        extended_flag=0x0001,
        config_bytes=2,
        config_reset=0x60A0,
        config_fixed=0x6020,
        shutdown_mask=0x0100,
        shutdown_value=0x0100,
        source="TI TMP102 data sheet SBOS397; Linux hwmon/tmp102.c",
    ),
    "tmp1075": Variant(
        model="TMP1075",
        vendor="Texas Instruments",
        shift=4,
        step_c=0.0625,
        conversion_s=0.04,
        config_bytes=2,
        config_reset=0x00FF,
        config_fixed=0x00FF,
        shutdown_mask=0x0100,
        shutdown_value=0x0100,
        identity=IdRegister(address=0x0F, mask=0xFFFF, value=0x7500),
        source="TI TMP1075 data sheet SBOS854; Linux hwmon/lm75.c",
    ),
    "tmp117": Variant(
        model="TMP117",
        vendor="Texas Instruments",
        shift=0,
        step_c=0.0078125,
        high_c=150.0,
        conversion_s=0.15,
        config_bytes=2,
        config_reset=0x0220,
        shutdown_mask=0x0C00,
        shutdown_value=0x0400,
        identity=IdRegister(address=0x0F, mask=0x0FFF, value=0x0117),
        source="TI TMP117 data sheet SNOSD82; Adafruit_CircuitPython_TMP117",
    ),
}
"""Chips by the word used for ``variant`` in a board file."""
