"""What a driver may ask of a serial line, and what an adapter must provide."""

from __future__ import annotations

import enum
from abc import abstractmethod
from typing import Protocol, runtime_checkable

from attrs import field, frozen, validators

from cc613hal.bus.actor import BusActor, Observer
from cc613hal.errors import BusError
from cc613hal.units import rtu_character_s

__all__ = ["Parity", "Rs485Settings", "SerialAdapter", "SerialCapabilities", "SerialPort", "SerialSettings"]


class Parity(enum.Enum):
    """Parity of a serial character."""

    NONE = "N"
    EVEN = "E"
    ODD = "O"


@frozen(kw_only=True)
class Rs485Settings:
    """Direction control of an RS-485 transceiver by the UART (TIOCSRS485).

    Attributes:
        rts_on_send: level of RTS while sending.
        delay_before_send_s: pause after switching to send, s.
        delay_after_send_s: pause before switching back, s.
    """

    rts_on_send: bool = True
    delay_before_send_s: float = 0.0
    delay_after_send_s: float = 0.0


@frozen(kw_only=True)
class SerialSettings:
    """Speed and format of a serial line; the default is 9600 8N1.

    Attributes:
        baud: bits per second.
        parity: none, even or odd.
        data_bits: 7 or 8.
        stop_bits: 1 or 2.
        rs485: ask the UART to control direction; ``None`` where the transceiver does it itself.
    """

    baud: int = field(
        default=9600, validator=validators.in_((300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600))
    )
    parity: Parity = Parity.NONE
    data_bits: int = field(default=8, validator=validators.in_((7, 8)))
    stop_bits: int = field(default=1, validator=validators.in_((1, 2)))
    rs485: Rs485Settings | None = None

    @property
    def character_s(self) -> float:
        """Seconds one character takes."""
        return rtu_character_s(self.baud, parity=self.parity is not Parity.NONE, stop_bits=self.stop_bits, data_bits=self.data_bits)

    def __str__(self) -> str:
        return f"{self.baud} {self.data_bits}{self.parity.value}{self.stop_bits}"


@frozen(kw_only=True)
class SerialCapabilities:
    """What an opened serial line really does; the notes say which settings it could not take.

    Attributes:
        parity: the line keeps parity and character size (a pseudo-terminal does not).
        rs485: the UART controls direction.
        modem_lines: RTS, CTS, DTR and DSR exist.
        notes: limits in words.
    """

    parity: bool = True
    rs485: bool = False
    modem_lines: bool = True
    notes: tuple[str, ...] = ()


@runtime_checkable
class SerialAdapter(Protocol):
    """One open serial line. It has one user."""

    @property
    @abstractmethod
    def settings(self) -> SerialSettings:
        """The settings it was opened with."""

    @property
    @abstractmethod
    def capabilities(self) -> SerialCapabilities:
        """What it really does."""

    @abstractmethod
    async def write(self, data: bytes) -> None:
        """Hand bytes to the line; returns when they have been accepted by the system.

        Raises:
            BusClosed: unplugged.
        """

    @abstractmethod
    async def read(self, timeout_s: float) -> bytes:
        """What has arrived, at least one byte; ``b""`` if nothing came in time.

        Raises:
            BusClosed: unplugged.
        """

    @abstractmethod
    def discard_input(self) -> int:
        """Throw away what has arrived unread; returns how many bytes that was."""

    @abstractmethod
    async def aclose(self) -> None:
        """Release the line."""


class SerialPort:
    """A serial line as its one device sees it: traced, and its health reported.

    Args:
        actor: the line's owner (its clock, trace and statistics).
        adapter: the line.
        observer: is told how exchanges go; the driver reports them with :meth:`worked` and :meth:`failed`, since only it knows.
    """

    def __init__(self, actor: BusActor, adapter: SerialAdapter, observer: Observer | None = None) -> None:
        self._actor = actor
        self._adapter = adapter
        self._observer = observer

    @property
    def settings(self) -> SerialSettings:
        """The settings the line was opened with."""
        return self._adapter.settings

    @property
    def capabilities(self) -> SerialCapabilities:
        """What the line really does."""
        return self._adapter.capabilities

    async def write(self, data: bytes, *, secret: bool = False) -> None:
        """Send bytes.

        Args:
            data: the bytes.
            secret: the trace shows stars in their place (a PIN, a password); a recording of the line itself still holds them.
        """
        shown, note = (b"*" * len(data), "secret") if secret else (data, "")
        self._actor.trace.record(self._actor.clock.monotonic_s(), self._actor.name, "", ">", shown, note)
        try:
            await self._adapter.write(data)
        except BusError as error:
            self.failed(error)
            raise

    async def read(self, timeout_s: float) -> bytes:
        """What has arrived, at least one byte; ``b""`` if nothing came within ``timeout_s``."""
        try:
            data = await self._adapter.read(timeout_s)
        except BusError as error:
            self.failed(error)
            raise
        if data:
            self._actor.trace.record(self._actor.clock.monotonic_s(), self._actor.name, "", "<", data)
        return data

    def discard_input(self) -> int:
        """Throw away what has arrived unread; returns how many bytes that was."""
        return self._adapter.discard_input()

    def worked(self) -> None:
        """Report that an exchange made sense."""
        self._actor.statistics.transfers += 1
        if self._observer is not None:
            self._observer.succeeded()

    def failed(self, error: BusError) -> None:
        """Report that an exchange failed."""
        self._actor.statistics.transfers += 1
        self._actor.statistics.errors[error.kind] += 1
        self._actor.trace.record(self._actor.clock.monotonic_s(), self._actor.name, "", "!", b"", error.kind)
        if self._observer is not None:
            self._observer.failed(error)
