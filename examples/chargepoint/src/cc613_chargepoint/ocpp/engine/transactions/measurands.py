"""What a meter tells, as the measurands that a backend asked for."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal

from cc613_chargepoint.facade.commands import MeterView
from cc613_chargepoint.ocpp.engine.owed.facts import Quantity

__all__ = ["DEFAULT", "quantities", "register_text"]

DEFAULT = "Energy.Active.Import.Register"
_PHASES = ("L1", "L2", "L3")
NOMINAL_V = 230.0
"""Of the mains, V: an offer is a current, and a promise of power only at this voltage."""
_FINEST = Decimal("0.001")
"""Of a register that is told, Wh: a meter that counts in floating point shows digits that it does not measure."""


def quantities(view: MeterView, names: Sequence[str]) -> tuple[Quantity, ...]:
    """The values of measurands. One that is measured on several phases is told for each of them, unless a phase is named.

    Args:
        view: what the meter told.
        names: measurands; none means the energy register.
    """
    found: list[Quantity] = []
    for name in names or (DEFAULT,):
        base, _, last = name.rpartition(".")
        measurand, phase = (base, last) if last in _PHASES else (name, None)
        if phase is not None and measurand == "Power.Active.Import":
            values = _per_phase(measurand, view.phase_power_w, "W", "")
        else:
            values = _of(view, measurand)
        found += [each for each in values if phase is None or (each.phase or "").startswith(phase)]
    return tuple(found)


def register_text(register_wh: Decimal | None) -> str | None:
    """A register as it is told: Wh to the thousandth. What is less is cut, so that no energy is invented."""
    if register_wh is None:
        return None
    exponent = register_wh.as_tuple().exponent
    fine = isinstance(exponent, int) and exponent < -3
    return format(register_wh.quantize(_FINEST, ROUND_DOWN) if fine else register_wh, "f")


def _of(view: MeterView, measurand: str) -> list[Quantity]:
    phases = sum(each is not None for each in view.current_a) or 1
    whole: dict[str, tuple[str | None, str | None]] = {
        "Energy.Active.Import.Register": (_register(view.import_wh), "Wh"),
        "Energy.Active.Export.Register": (_register(view.export_wh), "Wh"),
        "Power.Active.Import": (_text(view.power_w), "W"),
        "Power.Offered": (_text(view.offered_a * NOMINAL_V * phases), "W"),
        "Current.Offered": (_text(view.offered_a), "A"),
        "Frequency": (None if view.frequency_hz is None else _text(view.frequency_hz), None),
    }
    if measurand == "Current.Import":
        return _per_phase(measurand, view.current_a, "A", "")
    if measurand == "Voltage":
        return _per_phase(measurand, view.voltage_v, "V", "-N")
    value, unit = whole.get(measurand, (None, None))
    return [] if value is None else [Quantity(measurand=measurand, value=value, unit=unit)]


def _register(shown: str | None) -> str | None:
    return None if shown is None else register_text(Decimal(shown))


def _per_phase(measurand: str, values: Sequence[float | None], unit: str, suffix: str) -> list[Quantity]:
    return [
        Quantity(measurand=measurand, value=_text(value), unit=unit, phase=name + suffix)
        for name, value in zip(_PHASES, values, strict=False)
        if value is not None
    ]


def _text(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
