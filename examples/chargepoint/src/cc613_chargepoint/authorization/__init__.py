"""Who may charge: rules asked in order, each with its reason."""

from __future__ import annotations

from cc613_chargepoint.authorization.authorizer import Authorizer, token_of
from cc613_chargepoint.authorization.rule import Answer, Opinion, Request, Rule, accept, nothing, refuse

__all__ = ["Answer", "Authorizer", "Opinion", "Request", "Rule", "accept", "nothing", "refuse", "token_of"]
