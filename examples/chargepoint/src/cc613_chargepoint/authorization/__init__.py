"""From a presented token to a verdict with its reasons."""

from __future__ import annotations

from cc613_chargepoint.authorization.authorizer import Authorizer

__all__ = ["Authorizer"]
