"""A Modbus RTU line with several emulated units, as real frames: the other end of a serial line, of a pty, or of a TCP gateway.

It speaks the way a line of cheap meters does: answers come late, not at all, with a wrong check sum or with noise around them,
and, if asked, take the time the wire takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from attrs import define

from cc613hal.bus.serial import SerialSettings
from cc613hal.bus.sim.chips import SerialPeer
from cc613hal.bus.sim.modbus_units import ModbusUnits, crc16, request_length

__all__ = ["RtuServer", "RtuStatistics"]

_STALE_S = 0.05
"""A request that stops in the middle is forgotten after this pause, s; far above 3.5 characters, because ptys stutter."""


@define
class RtuStatistics:
    """What the server saw.

    Attributes:
        requests: complete requests with a right check sum.
        answers: answers sent, late and damaged ones included.
        dropped_bytes: received bytes that belonged to no request.
    """

    requests: int = 0
    answers: int = 0
    dropped_bytes: int = 0


class RtuServer(SerialPeer):
    """Emulated units that hear the same line.

    Args:
        units: the units and what is wrong with them and with the line.
        pace: make requests and answers take their time on a wire with these settings; ``None`` for no time at all.
        turnaround_s: how long every unit thinks, s.
    """

    def __init__(self, units: ModbusUnits | None = None, *, pace: SerialSettings | None = None, turnaround_s: float = 0.0) -> None:
        self.units = ModbusUnits() if units is None else units
        self.statistics = RtuStatistics()
        self._character_s = pace.character_s if pace is not None else 0.0
        self._turnaround_s = turnaround_s
        self._heard = bytearray()
        self._heard_s = 0.0
        self._send: Callable[[bytes], None] | None = None

    def attach(self, send: Callable[[bytes], None]) -> None:
        """Answers go through ``send``."""
        self._send = send

    def receive(self, data: bytes) -> None:
        """Bytes from the controller, in whatever pieces."""
        now_s = asyncio.get_running_loop().time()
        if self._heard and now_s - self._heard_s > _STALE_S:
            self._forget(len(self._heard))
        self._heard_s = now_s
        self._heard += data
        while self._heard:
            length = request_length(self._heard)
            if length is None:
                self._forget(1)
            elif not length or len(self._heard) < length:
                return
            elif (request := bytes(self._heard[:length]))[-2:] == crc16(request[:-2]):
                del self._heard[:length]
                self._serve(request)
            else:
                self._forget(1)

    def _forget(self, count: int) -> None:
        self.statistics.dropped_bytes += count
        del self._heard[:count]

    def _serve(self, request: bytes) -> None:
        self.statistics.requests += 1
        number = request[0]
        faults = self.units.of(number)
        if any(fault.nack or fault.loses() for fault in faults):
            return
        pdu = self.units.serve(number, request[1:-2])
        if pdu is None:
            return
        frame = bytes([number]) + pdu
        check = crc16(frame)
        if any(fault.crc for fault in faults):
            check = bytes([check[0] ^ 0xFF, check[1]])
        frame += check
        for fault in faults:
            frame = fault.garble(frame)
        delay_s = self._turnaround_s + self._character_s * (len(request) + len(frame)) + sum(fault.delay_s() for fault in faults)
        self.statistics.answers += 1
        if delay_s > 0.0:
            asyncio.get_running_loop().call_later(delay_s, self._say, frame)
        else:
            self._say(frame)

    def _say(self, frame: bytes) -> None:
        if self._send is not None and self.units.line.plugged:
            self._send(frame)
