"""Follow a running station from a process of your own, and lower its current for a minute.

Start a station first: ``cc613-chargepoint run --sim --data /tmp/station``, then ``python examples/watch_station.py /tmp/station``.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from cc613_chargepoint.domain.events import StateChanged
from cc613_chargepoint.facade.client import FacadeClient, NoStation
from cc613_chargepoint.facade.commands import SetLimit


async def main(data: Path) -> None:
    """Set a limit that ends by itself, then print what the connectors do."""
    async with FacadeClient(data / "station.sock") as station:
        print(await station.ask(SetLimit(connector=0, source="example", current_a=8.0, for_s=60.0)))
        async for news in station.watch():
            if isinstance(news, int):
                print(f"{news} events were missed")
            elif isinstance(news, StateChanged):
                print(f"connector {news.connector}: {news.before} → {news.after} ({news.because})")


if __name__ == "__main__":
    try:
        asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "/tmp/station")))  # noqa: S108 - where the text above says
    except NoStation as error:
        print(error)
    except KeyboardInterrupt:
        print()
