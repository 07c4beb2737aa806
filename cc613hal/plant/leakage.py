"""Insulation faults: residual current that flows only while the contacts are closed."""

from __future__ import annotations

from cc613hal.plant.world import Outlet

__all__ = ["Leakage"]


class Leakage:
    """An insulation fault in the vehicle or its cable.

    Args:
        outlet: where.
    """

    def __init__(self, outlet: Outlet) -> None:
        self.outlet = outlet
        self._dc_ma = 0.0
        self._rms_ma = 0.0
        outlet.contacts.on(lambda _: self._settle())

    def leak(self, *, dc_ma: float = 0.0, rms_ma: float = 0.0) -> None:
        """Let this much flow from now on whenever the contacts are closed.

        Args:
            dc_ma: smooth direct current, mA.
            rms_ma: alternating current, mA r.m.s.
        """
        self._dc_ma, self._rms_ma = dc_ma, rms_ma
        self._settle()

    def heal(self) -> None:
        """The fault is gone."""
        self.leak()

    def _settle(self) -> None:
        closed = self.outlet.contacts.value > 0
        self.outlet.residual_rms_ma.set(self._rms_ma if closed else 0.0)
        self.outlet.residual_dc_ma.set(self._dc_ma if closed else 0.0)
