"""Smart charging: profiles, why one is refused, what they allow together, and what changes next. It knows no OCPP version."""

from __future__ import annotations

from cc613_chargepoint.ocpp.smart_charging.acceptance import Objection, Refusal, Rules, refusal, refusal_at_start
from cc613_chargepoint.ocpp.smart_charging.book import Criteria, ProfileBook
from cc613_chargepoint.ocpp.smart_charging.composite import Composite, Outlook, Step, composite, divided, outlook, station_composite
from cc613_chargepoint.ocpp.smart_charging.keeper import ProfileKeeper
from cc613_chargepoint.ocpp.smart_charging.model import (
    Charge,
    Installed,
    Kind,
    Outlet,
    Period,
    Profile,
    Purpose,
    Recurrence,
    Schedule,
    Unit,
)

__all__ = [
    "Charge",
    "Composite",
    "Criteria",
    "Installed",
    "Kind",
    "Objection",
    "Outlet",
    "Outlook",
    "Period",
    "Profile",
    "ProfileBook",
    "ProfileKeeper",
    "Purpose",
    "Recurrence",
    "Refusal",
    "Rules",
    "Schedule",
    "Step",
    "Unit",
    "composite",
    "divided",
    "outlook",
    "refusal",
    "refusal_at_start",
    "station_composite",
]
