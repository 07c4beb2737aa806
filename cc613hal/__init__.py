"""Hardware abstraction for EV charge controllers of the Bender CC613 class, with pluggable board drivers."""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["__version__"]
