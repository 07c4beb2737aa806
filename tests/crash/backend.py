"""The central system of the crash test: a program of its own that writes down every message before it answers.

A line for each call: ``[action, payload, name, id, connection]``, in one system call; ``name`` is the number that a begun transaction
was given, ``id`` the message id, ``connection`` the number of the connection. A message id that was heard before is the same message
again: it is answered as before.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol


class Recorder:
    """Answers like a central system, and keeps the book."""

    def __init__(self, book: int, dice: random.Random) -> None:
        self._book, self._dice, self._connections = book, dice, 0
        self._names: dict[str, int] = {}

    def answer(self, identifier: str, action: str, payload: dict[str, Any], connection: int) -> dict[str, Any]:
        """Write down, then answer."""
        answer: dict[str, Any] = {}
        if action == "BootNotification":
            return {"status": "Accepted", "currentTime": datetime.now(UTC).isoformat(), "interval": 3600}
        if action == "StartTransaction":
            name = self._names.setdefault(identifier, len(self._names) + 1)
            answer = {"idTagInfo": {"status": "Accepted"}, "transactionId": name}
        line = json.dumps([action, payload, answer.get("transactionId"), identifier, connection])
        os.write(self._book, (line + "\n").encode())
        return answer

    async def meet(self, connection: ServerConnection) -> None:
        """One connection of the station, which may be killed at any moment."""
        self._connections += 1
        number = self._connections
        try:
            async for text in connection:
                _, identifier, action, payload = json.loads(text)
                answer = self.answer(identifier, action, payload, number)
                await asyncio.sleep(self._dice.uniform(0.0, 0.002))
                await connection.send(json.dumps([3, identifier, answer]))
        except ConnectionClosed:
            return


async def main() -> None:
    """``backend BOOK SEED VERSION``; prints its port."""
    book = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    recorder = Recorder(book, random.Random(sys.argv[2]))
    async with serve(recorder.meet, "127.0.0.1", 0, subprotocols=[Subprotocol(f"ocpp{sys.argv[3]}")]) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main())
