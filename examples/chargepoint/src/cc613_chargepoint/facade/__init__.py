"""Commands and events everybody outside uses: in process, and over a Unix socket."""

from __future__ import annotations

from cc613_chargepoint.facade.codec import NotUnderstood
from cc613_chargepoint.facade.station_facade import Facade, Handler, NotAllowed, Refused

__all__ = ["Facade", "Handler", "NotAllowed", "NotUnderstood", "Refused"]
