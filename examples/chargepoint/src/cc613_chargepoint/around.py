"""What the parameter table says about the surroundings of the connectors, as the rooms take it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cc613_chargepoint.domain.fault import FaultName
from cc613_chargepoint.evse.heat import ClimateMode, HeatSettings
from cc613_chargepoint.evse.household import HouseholdSettings
from cc613_chargepoint.evse.surroundings import BreakerInput, SurroundingsSettings
from cc613_chargepoint.limits import DeratingCurve

__all__ = ["curve_of", "heat_of", "household_of", "surroundings_of"]

_STEP_C = 0.1
"""A curve that follows the line down to its end stops so little above, °C."""


def curve_of(values: Mapping[str, Any], prefix: str = "") -> DeratingCurve:
    """The curve of the internal sensors, or with ``prefix`` ``external_`` of the others.

    Raises:
        ValueError: the points contradict each other.
    """
    hysteresis_c = values["heat.hysteresis_c"]
    points: Sequence[str] = values[f"heat.{prefix}curve"]
    if points:
        pairs = (point.split(":") for point in points)
        return DeratingCurve(points=tuple((float(celsius), float(amperes)) for celsius, amperes in pairs), hysteresis_c=hysteresis_c)
    reduce_c, stop_c = values[f"heat.{prefix}reduce_c"], values[f"heat.{prefix}stop_c"]
    if reduce_c >= stop_c:
        raise ValueError(f"heat.{prefix}reduce_c ({reduce_c:g} °C) must be lower than heat.{prefix}stop_c ({stop_c:g} °C)")
    first_a, last_a = values["heat.reduce_from_a"], values["heat.reduce_to_a"]
    if last_a > first_a:
        raise ValueError(f"heat.reduce_to_a ({last_a:g} A) is more than heat.reduce_from_a ({first_a:g} A)")
    return DeratingCurve(points=((reduce_c, first_a), (stop_c, last_a), (stop_c + _STEP_C, 0.0)), hysteresis_c=hysteresis_c)


def heat_of(values: Mapping[str, Any]) -> HeatSettings:
    """What temperatures mean."""
    names = ("period_s", "stale_s", "safe_a", "climate_sensor", "lower_c", "upper_c", "band_c")
    return HeatSettings(
        curves=dict.fromkeys(values["heat.external_sensors"], curve_of(values, "external_")),
        default_curve=curve_of(values),
        climate=ClimateMode(values["heat.climate"]),
        **{name: values[f"heat.{name}"] for name in names},
    )


def surroundings_of(values: Mapping[str, Any]) -> SurroundingsSettings:
    """What tilt, supply, inputs and parking bays mean."""
    inputs: dict[str, BreakerInput] = {}
    for each in values["surroundings.inputs"]:
        name, _, meaning = each.partition("=")
        word, _, connector = meaning.partition("@")
        inputs[name] = BreakerInput(fault=FaultName.of(word), connector=int(connector or 0))
    names = ("tilt_period_s", "tilt_until_reboot", "release_on_mains_loss", "parked_too_long_s")
    return SurroundingsSettings(breaker_inputs=inputs, **{name: values[f"surroundings.{name}"] for name in names})


def household_of(values: Mapping[str, Any]) -> HouseholdSettings:
    """How a household socket behaves."""
    names = ("enabled", "idle_a", "idle_s", "flap_must_close", "weld_unproven")
    return HouseholdSettings(**{name: values[f"household.{name}"] for name in names})
