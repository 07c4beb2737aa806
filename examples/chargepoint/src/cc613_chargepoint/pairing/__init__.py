"""Two controllers in one station: the master speaks to the outside, the slave serves its connector and speaks to the master alone."""

from __future__ import annotations

from cc613_chargepoint.pairing.deliveries import owing
from cc613_chargepoint.pairing.master import SlaveConnector
from cc613_chargepoint.pairing.settings import LostPolicy, PairingRole, PairingSettings
from cc613_chargepoint.pairing.slave import SlaveLink

__all__ = ["LostPolicy", "PairingRole", "PairingSettings", "SlaveConnector", "SlaveLink", "owing"]
