"""Every current limit with its source; the effective one always names who set it."""

from __future__ import annotations

from cc613_chargepoint.limits.book import LimitBook
from cc613_chargepoint.limits.pacing import OfferPacing

__all__ = ["LimitBook", "OfferPacing"]
