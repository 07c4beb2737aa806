"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.plugins import DriverSpec, hookimpl


@hookimpl
def cc613hal_drivers() -> tuple[DriverSpec, ...]:
    """The drivers of this package."""
    return ()
