"""Commands and answers of the PN532 over any wire: acknowledgement, repetition, abort; nothing about cards."""

from __future__ import annotations

import logging

from cc613hal.errors import BusError, BusTimeout, DeviceRefused, FrameError
from cc613hal_rfid.frames import ACK, FROM_CHIP, NACK, Ack, Damaged, Data, ErrorFrame, encode
from cc613hal_rfid.transport import Transport

__all__ = ["ATTEMPTS", "Pn532Link"]

ATTEMPTS = 3
_REPEATS = 2
"""How often a damaged answer is asked for again (UM0701-02, section 6.2.1.4: a NACK makes the chip repeat its last frame)."""


class Pn532Link:
    """One command at a time; the caller sees to that.

    Args:
        transport: the wire.
        device: for error messages.
        ack_s: longest wait for an acknowledgement, s; the chip needs at most 15 ms (UM0701-02, section 6.2.2).
        log: where odd answers are noted.
    """

    def __init__(self, transport: Transport, device: str, ack_s: float, log: logging.Logger) -> None:
        self.transport = transport
        self.discarded = 0
        self._device = device
        self._ack_s = ack_s
        self._log = log

    async def command(self, code: int, data: bytes = b"", *, timeout_s: float = 0.5, size: int = 64, attempts: int = ATTEMPTS) -> bytes:
        """Send a command and return what follows the answer code.

        Args:
            code: command code.
            data: its parameters.
            timeout_s: longest wait for the answer after the acknowledgement, s.
            size: longest answer that can come.
            attempts: how often it may be carried out; 1 for what must not happen twice.

        Raises:
            BusTimeout: no answer in spite of repetition.
            FrameError: only damaged answers.
            DeviceRefused: the chip calls the command a syntax error.
        """
        error: BusError = BusTimeout("no attempt was made", device=self._device)
        for _ in range(attempts):
            try:
                answer = await self.begin(code, data, size=size)
                if answer is None:
                    answer = await self.finish(code, timeout_s, size)
            except (BusTimeout, FrameError) as trouble:
                error = trouble
                await self.abort()
                continue
            self.transport.worked()
            return answer
        self.transport.failed(error)
        raise error

    async def begin(self, code: int, data: bytes = b"", *, size: int = 64) -> bytes | None:
        """Send a command and see it acknowledged.

        Returns:
            The answer, if it came although the acknowledgement was lost; ``None`` if the answer is still to come.

        Raises:
            BusTimeout: no acknowledgement.
            DeviceRefused: the chip calls the command a syntax error.
        """
        await self.transport.send(encode(bytes((code,)) + data))
        while (received := await self.transport.receive(self._ack_s, size)) is not None:
            match received:
                case Ack():
                    return None
                case Damaged():  # whether it was the acknowledgement or the answer, the answer can be asked for again
                    return None
                case ErrorFrame():
                    raise self._refused(code)
                case Data(tfi, payload) if tfi == FROM_CHIP and payload[0] == code + 1:
                    return payload[1:]
                case _:
                    self._discard(code, received)
        raise BusTimeout(
            f"the PN532 does not acknowledge command 0x{code:02X}", device=self._device, hint="check supply, wiring and interface switches"
        )

    async def finish(self, code: int, timeout_s: float, size: int) -> bytes:
        """Wait for the answer to an acknowledged command.

        Raises:
            BusTimeout: none came; the command still runs in the chip, see :meth:`abort`.
            FrameError: only damaged ones came.
        """
        damaged = 0
        while (received := await self.transport.receive(timeout_s, size)) is not None:
            match received:
                case Data(tfi, payload) if tfi == FROM_CHIP and payload[0] == code + 1:
                    return payload[1:]
                case ErrorFrame():
                    raise self._refused(code)
                case Damaged(reason):
                    damaged += 1
                    if damaged > _REPEATS:
                        raise FrameError(f"the PN532's answer to 0x{code:02X} is damaged again and again: {reason}", device=self._device)
                    await self.transport.send(NACK)
                case Ack():
                    continue
                case _:
                    self._discard(code, received)
        raise BusTimeout(f"the PN532 does not answer command 0x{code:02X} within {timeout_s:g} s", device=self._device)

    async def abort(self) -> None:
        """Stop the running command (UM0701-02, section 6.2.1.3: an ACK from the host aborts) and throw away what the chip had said."""
        await self.transport.send(ACK)
        await self.transport.drain()

    def _discard(self, code: int, received: object) -> None:
        self.discarded += 1
        self._log.debug("%s: threw away %s while waiting for the answer to 0x%02X", self._device, received, code)

    def _refused(self, code: int) -> DeviceRefused:
        self.transport.worked()
        return DeviceRefused(f"the PN532 does not understand command 0x{code:02X}", code=0x7F, device=self._device)
