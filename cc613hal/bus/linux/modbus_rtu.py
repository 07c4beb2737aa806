"""Modbus RTU over anything that carries bytes: a serial line, a TCP gateway, a simulated line.

RTU frames carry no transaction number, so an answer that comes after its time-out looks like the answer to the next request. This
client compares unit, function and count with the request, and after a time-out (or a cancelled request) keeps the line silent and
throws away what arrives until a late answer can no longer come.
"""

from __future__ import annotations

import asyncio

from cc613hal.bus.actor import BusActor
from cc613hal.bus.linux.modbus_pymodbus import Exchange, Exchanges, foreign_length
from cc613hal.bus.modbus import ModbusAdapter, ModbusRequest
from cc613hal.bus.serial import SerialAdapter
from cc613hal.errors import BusClosed, BusError, BusTimeout, FrameError, Unsupported

__all__ = ["RtuClient"]

_CHATTER = 1024
"""More unusable bytes than this in one answer are not noise but a wrong speed or a second master."""

_BROADCAST_S = 0.1
"""How long units get for a broadcast before the next request, s (MODBUS over Serial Line V1.02, section 2.4.1: 100 to 200 ms)."""


class RtuClient(ModbusAdapter):
    """The master of one RTU line.

    Args:
        actor: the line's owner; it keeps the silence between frames, frames are recorded in its trace.
        link: what carries the bytes.
        drain_s: how long after a time-out a late answer may still come, s.
        gap_s: an answer that pauses longer than this in its middle is over, s. Far above the 1.5 characters of the standard, because USB
            adapters deliver in pieces 16 ms apart (FTDI AN232B-04).
    """

    def __init__(self, actor: BusActor, link: SerialAdapter, *, drain_s: float = 0.2, gap_s: float = 0.03) -> None:
        self._actor = actor
        self._link = link
        self._drain_s = drain_s
        self._character_s = link.settings.character_s
        self._gap_s = max(gap_s, 5 * self._character_s)
        self._exchanges = Exchanges()
        self._awaited: Exchange | None = None
        self._dirty_until_s = float("-inf")

    @property
    def link(self) -> SerialAdapter:
        """What carries the bytes; its capabilities say what the line really does."""
        return self._link

    async def execute(self, request: ModbusRequest, timeout_s: float) -> tuple[int, ...]:
        """Carry out one request; see :class:`~cc613hal.bus.modbus.ModbusAdapter`."""
        exchange = self._exchanges.of(request)
        if request.unit == 0 and not request.values:
            raise Unsupported("unit 0 is everybody at once and can only be written", device=self._actor.name)
        now_s = asyncio.get_running_loop().time()
        if now_s < self._dirty_until_s:
            await self._drain()
        if stray := self._link.discard_input():
            self._actor.statistics.discarded_frames += 1
            self._record("", "<", b"", f"thrown away: {stray} bytes that nobody asked for")
        frame = exchange.rtu
        self._record(request.unit, ">", frame)
        deadline_s = asyncio.get_running_loop().time() + timeout_s + len(frame) * self._character_s
        self._awaited, self._dirty_until_s = exchange, deadline_s + self._drain_s  # until the answer is there
        try:
            await self._send(frame)
            if request.unit == 0:
                await asyncio.sleep(_BROADCAST_S + len(frame) * self._character_s)
                self._clean()
                return ()
            answer = await self._answer(exchange, deadline_s, timeout_s)
        except BusError as error:
            self._record(request.unit, "!", b"", error.kind)
            raise
        self._clean()
        self._record(request.unit, "<", answer)
        return exchange.values(answer[1:-2])

    async def aclose(self) -> None:
        """Release the line."""
        await self._link.aclose()

    async def _send(self, frame: bytes) -> None:
        try:
            await self._link.write(frame)
        except BusClosed:
            self._clean()  # nothing was sent, so nothing will be answered
            raise

    async def _answer(self, exchange: Exchange, deadline_s: float, timeout_s: float) -> bytes:
        loop = asyncio.get_running_loop()
        unit = exchange.request.unit
        heard = b""
        while True:
            begun = exchange.begun(heard)
            full = len(heard) >= exchange.rtu_answer_length
            data = await self._link.read(self._gap_s if begun or full else max(0.0, deadline_s - loop.time()))
            if data:
                heard += data
                found = exchange.find(heard)
                if found is not None:
                    answer, start = found
                    self._forget(heard[:start], "before the answer")
                    if exchange.find(heard[start + len(answer) :]) is not None:
                        raise FrameError(f"unit {unit} answered twice; neither answer can be believed", device=self._actor.name)
                    return answer
                heard = self._without_foreign(heard)
                if len(heard) > _CHATTER:
                    raise FrameError(
                        "the line does not become silent", device=self._actor.name, hint="check speed, parity and for a second master"
                    )
            elif begun:
                self._clean()  # it was the answer, damaged: no other one will come
                raise FrameError(
                    f"unit {unit}'s answer is damaged ({_shown(heard)})", device=self._actor.name, hint="check wiring and termination"
                )
            elif full:
                raise FrameError(
                    f"only noise where unit {unit} should answer ({_shown(heard)})", device=self._actor.name, hint="check speed and parity"
                )
            elif loop.time() >= deadline_s:
                self._forget(heard, "noise")
                raise BusTimeout(
                    f"unit {unit} did not answer within {timeout_s:g} s",
                    device=self._actor.name,
                    hint="check its supply, wiring, unit number and speed",
                )

    async def _drain(self) -> None:
        """Listen, silently, until a late answer has come or can no longer come."""
        loop = asyncio.get_running_loop()
        heard = b""
        awaited = self._awaited
        while (left_s := self._dirty_until_s - loop.time()) > 0.0:
            try:
                data = await self._link.read(left_s)
            except BusClosed:
                await asyncio.sleep(left_s)  # a gateway may pass the late answer on to the next connection; :meth:`execute` makes it
                break
            heard += data
            if awaited is not None and awaited.find(heard) is not None:
                break  # one request, one answer: this was it
            heard = heard[-_CHATTER:]
        self._forget(heard, "late")
        self._clean()

    def _clean(self) -> None:
        self._awaited, self._dirty_until_s = None, float("-inf")

    def _without_foreign(self, heard: bytes) -> bytes:
        """What is left of heard bytes without complete answers to other questions."""
        while length := foreign_length(heard):
            self._forget(heard[:length], "answer to another request")
            heard = heard[length:]
        return heard

    def _forget(self, data: bytes, why: str) -> None:
        if data:
            self._actor.statistics.discarded_frames += 1
            self._record("", "<", data, f"thrown away: {why}")

    def _record(self, unit: object, direction: str, data: bytes, note: str = "") -> None:
        trace = self._actor.trace
        if trace.enabled:
            trace.record(self._actor.clock.monotonic_s(), self._actor.name, unit, direction, data, note)


def _shown(heard: bytes) -> str:
    return f"{heard[:16].hex(' ')}{' …' if len(heard) > 16 else ''}"
