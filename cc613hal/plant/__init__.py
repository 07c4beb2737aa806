"""The simulated physical world behind simulated buses: vehicle, mains, contactor, leakage, heat, lock, meter, cards."""

from __future__ import annotations

from cc613hal.plant.emulation import EmulationSite
from cc613hal.plant.leakage import Leakage
from cc613hal.plant.signal import Signal
from cc613hal.plant.simulation import Simulation
from cc613hal.plant.vehicle import Vehicle
from cc613hal.plant.world import Cabinet, FieldCard, Outlet, Plant

__all__ = ["Cabinet", "EmulationSite", "FieldCard", "Leakage", "Outlet", "Plant", "Signal", "Simulation", "Vehicle"]
