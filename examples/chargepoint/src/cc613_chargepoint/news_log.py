"""The station's news as log records that machines read: the event itself is in the record, as it is on the socket."""

from __future__ import annotations

import logging

from cc613_chargepoint.domain.events import FaultRaised, Sampled, SignatureLost, StationEvent
from cc613_chargepoint.facade.codec import packed
from cc613_chargepoint.narrator import told

__all__ = ["log_news"]

_log = logging.getLogger("station")


def log_news(news: StationEvent) -> None:
    """Log one piece of news. Readings of the meter, one a second and connector, are for debugging only."""
    level = (
        logging.DEBUG if isinstance(news, Sampled) else logging.WARNING if isinstance(news, FaultRaised | SignatureLost) else logging.INFO
    )
    if _log.isEnabledFor(level):
        where = f"connector {news.connector}" if news.connector else "station"
        _log.log(level, "%s: %s", where, told(news)[1], extra={"event": packed(news)})
