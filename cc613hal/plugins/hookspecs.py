"""The two hooks a driver package implements; found through the entry point group ``cc613hal.drivers``."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from cc613hal.plugins.spec import BoardSpec, DriverSpec

__all__ = ["ENTRY_POINT_GROUP", "PROJECT", "cc613hal_boards", "cc613hal_drivers", "hookimpl"]

PROJECT = "cc613hal"
ENTRY_POINT_GROUP = "cc613hal.drivers"

_hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@_hookspec
def cc613hal_drivers() -> Iterable[DriverSpec]:  # type: ignore[empty-body]  # a hook specification has no body
    """The drivers this package offers."""


@_hookspec
def cc613hal_boards() -> Iterable[BoardSpec]:  # type: ignore[empty-body]  # a hook specification has no body
    """The board descriptions this package ships."""
