"""Sends what waits on the disk: strictly in order, persistent, tried again as the settings say, and given up in the end."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable

from cc613_chargepoint.ocpp.rpc import CallFailed, LinkClosed, NoAnswerInTime, RpcError
from cc613_chargepoint.store import OutboxMessage, Store, StoreError, Transaction
from cc613hal.clock import Clock

__all__ = ["Sender", "Settled", "nothing"]

_log = logging.getLogger(__name__)

Settled = Callable[[Transaction], None]
"""What an answer means for the store; committed together with the message's removal."""


def nothing(tx: Transaction) -> None:
    """The answer means nothing for the store."""
    del tx


class Sender:
    """One queue's sender.

    A message leaves the queue in the transaction that records what its answer means. Where its answer was lost, with the connection or
    with the process, a backend hears the same message once more: the same content under the same message id, so that it can tell. An
    attempt that failed while the connection stood is repeated under a new id (OCPP-J 1.6, 4.1.4), and counts.

    Args:
        queue: its name in the outbox.
        store: the station's.
        clock: the station's clock.
        online: waits until messages may be sent; true if they may now.
        deliver: has the backend take a message, and says what its answer means.
        given_up: what giving a message up means for the store.
        attempts: how often a message is sent, s; asked anew each time.
        retry_s: pause after a failed attempt, times the number of attempts, s; asked anew each time.
    """

    def __init__(
        self,
        queue: str,
        store: Store,
        clock: Clock,
        *,
        online: Callable[[], Awaitable[None]],
        deliver: Callable[[OutboxMessage], Awaitable[Settled]],
        given_up: Callable[[OutboxMessage], Settled],
        attempts: Callable[[], int],
        retry_s: Callable[[], float],
    ) -> None:
        self._queue, self._store, self._clock = queue, store, clock
        self._online, self._deliver, self._given_up = online, deliver, given_up
        self._attempts, self._retry_s = attempts, retry_s
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()

    def wake(self) -> None:
        """Something was put into the queue."""
        self._empty.clear()
        self._wake.set()

    async def drained(self) -> None:
        """Wait until nothing is owed any more."""
        self.wake()
        await self._empty.wait()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._online()
            self._wake.clear()
            try:
                head = await self._store.read(lambda tx: tx.outbox.head(self._queue), "looking what is owed")
                if head is None:
                    self._empty.set()
                    await self._wake.wait()
                    continue
                await self._send(head)
            except StoreError as error:
                _log.error("what is owed cannot be read or settled: %s", error)
                await self._clock.sleep(10.0)

    async def _send(self, head: OutboxMessage) -> None:
        at, name = self._clock.wall(), str(uuid.uuid4())
        message = await self._store.write(lambda tx: tx.outbox.sending(head.id, at, name), "noting an attempt")
        if message is None:
            return
        try:
            settled = await self._deliver(message)
        except LinkClosed as closed:
            _log.info("message %d (%s) waits for the next connection: %s", message.id, message.kind, closed.message)
            await self._clock.sleep(0.5)
            return
        except (CallFailed, NoAnswerInTime) as error:
            await self._failed(message, error)
            return

        def settle(tx: Transaction) -> None:
            if tx.outbox.remove(message.id):
                settled(tx)

        await self._store.write(settle, "settling what was owed")

    async def _failed(self, message: OutboxMessage, error: RpcError) -> None:
        sent = message.attempts
        if sent >= max(1, self._attempts()):
            _log.error("message %d (%s) is given up after %d attempts: %s", message.id, message.kind, sent, error.message)

            def give_up(tx: Transaction) -> None:
                if tx.outbox.remove(message.id):
                    self._given_up(message)(tx)

            await self._store.write(give_up, "giving a message up")
            return
        await self._store.write(lambda tx: tx.outbox.refused(message.id), "noting a failed attempt")
        pause_s = self._retry_s() * sent
        _log.warning("message %d (%s), attempt %d: %s; again in %g s", message.id, message.kind, sent, error.message, pause_s)
        await self._clock.sleep(pause_s)
