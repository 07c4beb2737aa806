"""Indicators of the HMI, for cc613hal."""

from __future__ import annotations

from cc613hal_hmi.language import status_patterns

__all__ = ["status_patterns"]
