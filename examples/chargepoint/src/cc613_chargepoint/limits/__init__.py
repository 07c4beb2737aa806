"""Every current limit with its source and expiry, what temperatures allow, and how fast an offer may follow."""

from __future__ import annotations

from cc613_chargepoint.limits.book import LimitBook
from cc613_chargepoint.limits.derating import Derating, DeratingCurve
from cc613_chargepoint.limits.pacing import OfferPacing

__all__ = ["Derating", "DeratingCurve", "LimitBook", "OfferPacing"]
