"""I2C, SPI, Modbus and serial buses that play a recording."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from cc613hal.bus.i2c import I2cAdapter, I2cCapabilities, I2cRead, I2cWrite
from cc613hal.bus.modbus import ModbusAdapter, ModbusRequest
from cc613hal.bus.replay.pdu import pdu_of, request_pdu, values_from
from cc613hal.bus.replay.script import ReplayMismatchError, Script, Transaction, difference, error_of_kind
from cc613hal.bus.replay.tap import CANCELLED, READ, WRITE, shape_of
from cc613hal.bus.serial import SerialAdapter, SerialCapabilities, SerialSettings
from cc613hal.bus.spi import SpiAdapter, SpiCapabilities, SpiSettings
from cc613hal.bus.trace import Frame
from cc613hal.clock import Clock
from cc613hal.errors import BusTimeout, HalError

__all__ = ["ReplayI2c", "ReplayModbus", "ReplaySerial", "ReplaySpi"]


def _failure(transaction: Transaction, bus: str) -> HalError | None:
    """The error a transaction ended with; one without any end (the recording stops there) timed out."""
    if transaction.failure == CANCELLED:
        return BusTimeout("the recorded program cancelled this transaction", device=bus)
    return error_of_kind(transaction.failure, bus=bus) if transaction.failure else None


class ReplayI2c(I2cAdapter):
    """An I2C bus from a recording.

    Args:
        script: its expected transactions.
    """

    def __init__(self, script: Script) -> None:
        self._script = script

    @property
    def capabilities(self) -> I2cCapabilities:
        """Plain messages."""
        return I2cCapabilities(note="replay")

    async def transfer(self, address: int, messages: Sequence[I2cWrite | I2cRead]) -> bytes:
        """The recorded answer.

        Raises:
            ReplayMismatchError: this was not recorded here.
            BusError: the recorded failure.
        """
        sent = b"".join(message.data for message in messages if isinstance(message, I2cWrite))
        transaction = self._script.expect(f"0x{address:02X}", sent, note=shape_of(messages))
        if (failure := _failure(transaction, self._script.bus)) is not None:
            raise failure
        answer = b"".join(frame.data for frame in transaction.answers)
        wanted = sum(message.count for message in messages if isinstance(message, I2cRead))
        if len(answer) != wanted:
            raise self._script.complain(
                [f"{self._script.bus}: transaction {transaction.number} reads {wanted} bytes, the recording has {len(answer)}"]
            )
        return answer

    async def aclose(self) -> None:
        """Nothing to release: a recording in memory holds no file, thread or line; the bus may be used again."""


class ReplaySpi(SpiAdapter):
    """An SPI bus from a recording. Recordings hold bits as drivers see them, so it takes any bit order.

    Args:
        script: its expected transactions.
    """

    def __init__(self, script: Script) -> None:
        self._script = script

    @property
    def capabilities(self) -> SpiCapabilities:
        """Both bit orders."""
        return SpiCapabilities(lsb_first=True, note="replay")

    async def transfer(self, select: int, data: bytes, settings: SpiSettings) -> bytes:  # noqa: ARG002 - the mode is not recorded
        """The recorded answer.

        Raises:
            ReplayMismatchError: this was not recorded here.
            BusError: the recorded failure.
        """
        transaction = self._script.expect(str(select), bytes(data))
        if (failure := _failure(transaction, self._script.bus)) is not None:
            raise failure
        answer = b"".join(frame.data for frame in transaction.answers)
        if len(answer) != len(data):
            raise self._script.complain(
                [f"{self._script.bus}: transaction {transaction.number} exchanges {len(data)} bytes, the recording has {len(answer)}"]
            )
        return answer

    async def aclose(self) -> None:
        """Nothing to release: a recording in memory holds no file, thread or line; the bus may be used again."""


class ReplayModbus(ModbusAdapter):
    """A Modbus line or connection from a recording of protocol data units, or from an adapter's trace of whole frames.

    Args:
        script: its expected transactions.
    """

    def __init__(self, script: Script) -> None:
        script.waiting = deque(map(_as_pdu, script.waiting))
        self._script = script

    async def execute(self, request: ModbusRequest, timeout_s: float) -> tuple[int, ...]:
        """The recorded answer.

        Raises:
            ReplayMismatchError: this was not recorded here.
            BusError: the recorded failure.
            DeviceRefused: the recorded exception answer.
        """
        transaction = self._script.expect(str(request.unit), request_pdu(request))
        if (failure := _failure(transaction, self._script.bus)) is not None:
            raise failure
        answers = [pdu for frame in transaction.answers if (pdu := pdu_of(frame)) is not None]
        if not answers:
            raise BusTimeout(f"unit {request.unit} did not answer within {timeout_s:g} s in the recording", device=self._script.bus)
        return values_from(request, answers[-1])

    async def aclose(self) -> None:
        """Nothing to release: a recording in memory holds no file, thread or line; the bus may be used again."""


def _as_pdu(transaction: Transaction) -> Transaction:
    request = transaction.request
    pdu = pdu_of(request)
    if pdu is None:
        return transaction
    return Transaction(
        Frame(request.at_s, request.bus, request.unit, ">", pdu), transaction.answers, transaction.failure, transaction.number
    )


class ReplaySerial(SerialAdapter):
    """A serial line from a recording: what was written is compared as one stream, what arrived comes in the recorded pieces.

    Args:
        name: the bus.
        frames: its frames.
        settings: from the board file.
        clock: for reads that time out because nothing was recorded.
        complaints: shared list of what went wrong.
    """

    def __init__(self, name: str, frames: Iterable[Frame], settings: SerialSettings, clock: Clock, complaints: list[str]) -> None:
        self._name = name
        self._waiting = deque(frames)
        self._settings = settings
        self._clock = clock
        self._complaints = complaints
        self._sent_of_first = 0
        self._wrote = asyncio.Event()

    @property
    def settings(self) -> SerialSettings:
        """The settings of the board file."""
        return self._settings

    @property
    def capabilities(self) -> SerialCapabilities:
        """What it really does."""
        return SerialCapabilities(rs485=self._settings.rs485 is not None, notes=("replay",))

    async def write(self, data: bytes) -> None:
        """Compare with what was written then; the pieces may differ, the bytes may not.

        Raises:
            ReplayMismatchError: other bytes were recorded, or an answer that has not been read comes first.
            BusError: the recorded failure.
        """
        self._drop_unread(data)
        rest = data
        while rest:
            if not self._waiting:
                raise self._complain([f"{self._name}: the recording has ended", f"  asked:    {rest.hex(' ').upper()}"])
            frame = self._waiting[0]
            if frame.direction != ">":
                raise self._complain(
                    [
                        f"{self._name}: writes {rest.hex(' ').upper()}",
                        f"  while the recording goes on with {frame.direction} {frame.data.hex(' ').upper()}",
                    ]
                )
            expected = frame.data[self._sent_of_first :]
            count = min(len(rest), len(expected))
            if rest[:count] != expected[:count]:
                raise self._complain(
                    [
                        f"{self._name}: writes something else than recorded at {frame.at_s:.3f} s",
                        *difference(("", expected, ""), ("", rest[: len(expected)], "")),
                    ]
                )
            self._sent_of_first += count
            rest = rest[count:]
            if self._sent_of_first == len(frame.data):
                self._waiting.popleft()
                self._sent_of_first = 0
        self._wrote.set()
        self._raise_recorded_failure(WRITE)

    async def read(self, timeout_s: float) -> bytes:
        """What arrived then; ``b""`` after ``timeout_s`` where the recording waits for the program to write.

        Raises:
            BusError: the recorded failure.
        """
        until_s = self._clock.monotonic_s() + timeout_s
        while True:
            self._raise_recorded_failure(READ, "")
            if self._waiting and self._waiting[0].direction == "<":
                return self._waiting.popleft().data
            self._wrote.clear()
            try:
                async with asyncio.timeout(until_s - self._clock.monotonic_s()):
                    await self._wrote.wait()  # a task that reads all the time is answered when another one has written
            except TimeoutError:
                return b""

    def discard_input(self) -> int:
        """Nothing: what was thrown away then is not in the recording."""
        return 0

    async def aclose(self) -> None:
        """Nothing to release: a recording in memory holds no file, thread or line; the bus may be used again."""

    def leftovers(self) -> list[str]:
        """What was recorded and has not happened, in words."""
        left = [frame for frame in self._waiting if frame.direction == ">"]
        if not left:
            return []
        return [f"{self._name}: {len(left)} recorded writes did not happen; the first is {left[0].data.hex(' ').upper()}"]

    def _drop_unread(self, data: bytes) -> None:
        """Leave out answers nobody read, if the program goes on as recorded: it discarded them, then as now."""
        following = next((frame for frame in self._waiting if frame.direction == ">"), None)
        if self._sent_of_first or following is None or not data.startswith(following.data[: len(data)]):
            return
        while self._waiting[0].direction != ">":  # with them goes what a driver itself complained of (traces have that, recordings do not)
            self._waiting.popleft()

    def _raise_recorded_failure(self, *units: str) -> None:
        if self._waiting and self._waiting[0].direction == "!" and self._waiting[0].unit in units:
            raise error_of_kind(self._waiting.popleft().note, bus=self._name)

    def _complain(self, lines: Sequence[str]) -> ReplayMismatchError:
        text = "\n".join(lines)
        self._complaints.append(text)
        return ReplayMismatchError(text)
