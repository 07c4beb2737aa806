"""What a central system made with PyPI `ocpp` remembers of what a station said, whatever the version."""

from __future__ import annotations

import asyncio
from typing import Any

from websockets.asyncio.server import ServerConnection

PATIENCE_S = 40.0
"""How long a message may take, s: in real time, on a busy machine."""


class Recording:
    """Beside the package's ``ChargePoint``, which is its end of the conversation."""

    def __init__(self, identity: str, connection: ServerConnection) -> None:
        super().__init__(identity, connection)  # type: ignore[call-arg]  # of the package's class beside this one
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.news = asyncio.Event()

    def note(self, action: str, said: dict[str, Any]) -> None:
        self.heard.append((action, said))
        self.news.set()

    async def until(self, action: str, **members: object) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for name, said in self.heard:
                    if name == action and all(said.get(key) == value for key, value in members.items()):
                        return said
                self.news.clear()
                await self.news.wait()
