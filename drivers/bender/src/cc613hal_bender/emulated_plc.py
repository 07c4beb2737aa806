"""An emulated QCA7000 with its firmware, and the ways in which it can misbehave.

Source, as for the driver: the Linux kernel's driver (qca_7k.h, qca_spi.c, qca_framing.h); management messages as in open-plc-utils.
"""

from __future__ import annotations

from cc613hal.plant.emulation import EmulationSite, follow_output
from cc613hal.plant.physics import Timer
from cc613hal_bender.homeplug import CONFIRM, LINK_STATUS, RESET, SET_KEY, SOFTWARE_VERSION, Message, message, parse
from cc613hal_bender.plc import PlcOptions
from cc613hal_bender.qca7000 import BUFFER_BYTES, READ_AVAILABLE, SIGNATURE, SIGNATURE_REGISTER, SIZE, WRITE_SPACE, framed, unframed

__all__ = ["EmulatedQca7000", "emulate_qca7000"]


class EmulatedQca7000:
    """The chip: change its attributes to change the world, or to make it misbehave."""

    def __init__(self, site: EmulationSite, options: PlcOptions) -> None:
        self.mac = bytes.fromhex("00B0528A1C07")
        self.firmware = "MAC-QCA7000-1.1.3.11-00"
        self.link = False
        """It has a link with a vehicle."""
        self.signature = SIGNATURE
        """Another value is another chip."""
        self.absent = False
        """The data line floats."""
        self.mute = False
        """The chip is there, its firmware does not answer."""
        self.garbage = b""
        """Bytes before every answer in the buffer."""
        self.claims: int | None = None
        """What it says is in its read buffer, whatever is."""
        self.full = False
        """It has no room for frames."""
        self.refuses_key = False
        """It does not take keys."""
        self.nonsense = False
        """Its answers have the right type and no content."""
        self.boot_s = 2.0
        """How long a restart takes, s; negative for one that never ends."""
        self.network: tuple[bytes, bytes] | None = None
        """Identifier and key that were set."""
        self.resets = 0
        """How often it was restarted."""
        self._accepted = options.key_accepted
        self._outbox = b""
        self._size = 0
        self._down = False
        self._timer = Timer()
        follow_output(site, "reset", self._reset_line)

    def transfer(self, data: bytes) -> bytes:
        """One chip select's worth of bytes."""
        if self.absent or (self._down and data[0] & 0xC0):
            return b"\xff" * len(data)
        command = int.from_bytes(data[:2])
        if command & 0x4000:
            return b"\0\0" + self._register(command & 0x3FFF, data[2:], read=bool(command & 0x8000))
        if command & 0x8000:
            taken, self._outbox = self._outbox[: self._size], self._outbox[self._size :]
            return b"\0\0" + taken.ljust(len(data) - 2, b"\0")
        for frame in unframed(data[2:]):
            self._hear(frame)
        return bytes(len(data))

    def restart(self) -> None:
        """Begin anew: what was in its buffers is gone."""
        self.resets += 1
        self._down, self._outbox, self.link = True, b"", False
        if self.boot_s >= 0.0:
            self._timer.start(self.boot_s, self._up)

    def _up(self) -> None:
        self._down = False

    def _reset_line(self, active: bool) -> None:
        if active:
            self.restart()

    def _register(self, register: int, value: bytes, *, read: bool) -> bytes:
        if not read:
            if register == SIZE:
                self._size = int.from_bytes(value)
            return bytes(len(value))
        available = len(self._outbox) if self.claims is None else self.claims
        values = {SIGNATURE_REGISTER: self.signature, WRITE_SPACE: 0 if self.full else BUFFER_BYTES, READ_AVAILABLE: available}
        return values.get(register, 0).to_bytes(2)

    def _hear(self, frame: bytes) -> None:
        request = parse(frame)
        if request is None or self.mute or self._down:
            return
        answer = self._answer(request)
        if answer is None:
            return
        reply = message(request.kind + CONFIRM, b"\xff" if self.nonsense else answer, source=self.mac, to=request.source)
        wire = framed(reply)
        self._outbox += self.garbage + len(wire).to_bytes(4) + wire
        if request.kind == RESET:
            outbox = self._outbox
            self.restart()
            self._down, self._outbox = False, outbox  # it answers, then goes
            self._timer.start(0.05, self._go)

    def _go(self) -> None:
        self._down, self._outbox = True, b""
        if self.boot_s >= 0.0:
            self._timer.start(self.boot_s, self._up)

    def _answer(self, request: Message) -> bytes | None:
        if request.kind == SOFTWARE_VERSION:
            text = self.firmware.encode() + b"\0"
            return b"\0\x20" + bytes((len(text),)) + text
        if request.kind == LINK_STATUS:
            return b"\0" + bytes((self.link,))
        if request.kind == RESET:
            return b"\0"
        if request.kind == SET_KEY:
            if self.refuses_key:
                return bytes((1 - self._accepted,)) + bytes(13)
            self.network = request.payload[14:21], request.payload[22:38]
            return bytes((self._accepted,)) + bytes(13)
        return None


def emulate_qca7000(site: EmulationSite, options: PlcOptions) -> None:
    """Put an emulated modem on the device's bus and line."""
    modem = EmulatedQca7000(site, options)
    site.plant.parts[site.device] = modem
    site.attach_spi(modem)
