"""The register maps in this package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from cc613hal.modbus_map import RegisterMap, load_map, parse_map
from cc613hal_meters.options import CustomOptions, MeterOptions

_PACKAGE = "cc613hal_meters"

__all__ = ["map_for", "map_named", "model_names"]


def model_names() -> tuple[str, ...]:
    """Names of all maps, sorted."""
    return tuple(sorted(item.name.removesuffix(".toml") for item in (files(_PACKAGE) / "maps").iterdir() if item.name.endswith(".toml")))


def map_named(model: str, variant: str = "") -> RegisterMap:
    """A map of this package.

    Args:
        model: its name.
        variant: another reading of it; ``""`` for the usual one.

    Raises:
        FileNotFoundError: there is none of that name.
        MapError: it has mistakes.
    """
    file = files(_PACKAGE) / "maps" / f"{model}.toml"
    return parse_map(file.read_text(encoding="utf-8"), name=model, source=f"{model}.toml", variant=variant)


def map_for(options: MeterOptions) -> RegisterMap:
    """The map a device's options ask for.

    Raises:
        FileNotFoundError: the file of a meter with a map of its own is missing.
        MapError: it has mistakes.
    """
    variant = options.variant
    return load_map(Path(options.map), variant=variant) if isinstance(options, CustomOptions) else map_named(options.model, variant)
