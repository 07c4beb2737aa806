"""An emulated PN532 for serial line, I2C and SPI. It sees the cards in ``plant.cabinet.cards`` and can misbehave on request."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from attrs import define, field

from cc613hal.bus.spi import SpiSettings, reverse_bits
from cc613hal.plant.emulation import EmulationSite, I2cChip, SerialPeer, SpiChip
from cc613hal.plant.signal import Signal
from cc613hal.plant.world import FieldCard
from cc613hal_rfid.frames import ACK, ERROR, FROM_CHIP, Ack, Data, FrameParser, Nack, encode
from cc613hal_rfid.pn532 import Pn532Options

__all__ = ["I2cPn532", "Pn532Chip", "SerialPn532", "SpiPn532", "emulate_pn532"]

_FILE_NOT_FOUND = bytes.fromhex("6A82")
_MORE = 0x40


def _no_such_file(card: FieldCard, apdu: bytes) -> bytes | None:  # noqa: ARG001  # the signature of every card's application
    return _FILE_NOT_FOUND


@define(eq=False)
class Pn532Chip:
    """The chip behind its host interface: frames in, frames out.

    Attributes:
        cards: what is in the field.
        firmware: answer to GetFirmwareVersion; another first byte is another chip.
        lose_acks: this many acknowledgements are not sent.
        damage: this many of the next frames (not acknowledgements) have a wrong data check sum.
        garbage: bytes sent before every frame.
        answer_s: answers come this much later, s.
        deaf: the chip takes everything and does nothing.
        mute: the chip acknowledges and never answers.
        application: what an ISO-DEP card answers to an APDU; ``None`` means that it left.
        commands: codes of the commands that were carried out, oldest first (the last 1000).
    """

    cards: Signal[tuple[FieldCard, ...]]
    firmware: bytes = bytes.fromhex("32010607")
    lose_acks: int = 0
    damage: int = 0
    garbage: bytes = b""
    answer_s: float = 0.0
    deaf: bool = False
    mute: bool = False
    application: Callable[[FieldCard, bytes], bytes | None] = _no_such_file
    commands: deque[int] = field(factory=lambda: deque[int](maxlen=1000))
    say: Callable[[bytes], None] = field(default=lambda _: None)
    forget: Callable[[], None] = field(default=lambda: None)
    _awake: bool = field(default=False, init=False)
    _retries: int = field(default=0xFF, init=False)
    _field_on: bool = field(default=False, init=False)
    _searching: int = field(default=0, init=False)
    _listed: dict[int, FieldCard] = field(factory=dict, init=False)
    _collected: bytes = field(default=b"", init=False)
    _last: bytes = field(default=b"", init=False)
    _pending: asyncio.TimerHandle | None = field(default=None, init=False)
    _parser: FrameParser = field(factory=FrameParser, init=False)

    def __attrs_post_init__(self) -> None:
        self.cards.on(self._cards_changed)

    @property
    def field_on(self) -> bool:
        """Whether the chip powers cards."""
        return self._field_on

    def power_cycle(self) -> None:
        """The supply went and came back: every setting is gone, and the chip sleeps."""
        self._stop()
        self._awake, self._retries, self._field_on = False, 0xFF, False
        self._listed.clear()
        self._parser.clear()

    def wake(self) -> None:
        """Somebody touched the host interface."""
        self._awake = True

    def hear(self, data: bytes) -> None:
        """Bytes from the host; asleep or deaf the chip ignores them."""
        if not self._awake or self.deaf:
            return
        for received in self._parser.feed(data):
            match received:
                case Ack():
                    self._stop()
                case Nack():
                    self._speak(self._last)
                case Data(payload=payload):
                    self._stop()
                    self._take(payload)
                case _:
                    continue

    def _take(self, payload: bytes) -> None:
        code, data = payload[0], payload[1:]
        self.commands.append(code)
        if self.lose_acks > 0:
            self.lose_acks -= 1
        else:
            self.say(self.garbage + ACK)
        handlers = {
            0x02: lambda _: self.firmware,
            0x14: lambda _: b"",
            0x32: self._configure,
            0x40: self._exchange,
            0x4A: self._list,
            0x52: self._release,
        }
        handler = handlers.get(code)
        if handler is None:
            self._answer(ERROR)
            return
        answer = handler(data)
        if answer is not None:
            self._answer(encode(bytes((code + 1,)) + answer, FROM_CHIP))

    def _configure(self, data: bytes) -> bytes:
        if data[0] == 0x01:
            self._field_on = bool(data[1] & 1)
            self._listed.clear() if not self._field_on else None
        elif data[0] == 0x05:
            self._retries = data[3]
        return b""

    def _list(self, data: bytes) -> bytes | None:
        self._field_on = True
        self._listed.clear()
        if not self.cards.value and self._retries == 0xFF:
            self._searching = data[0]
            return None
        return self._targets(data[0])

    def _targets(self, most: int) -> bytes:
        found = self.cards.value[:most]
        answer = bytes((len(found),))
        for number, card in enumerate(found, start=1):
            self._listed[number] = card
            answer += bytes((number,)) + card.atqa.to_bytes(2, "big") + bytes((card.sak, len(card.uid))) + card.uid
            if card.sak & 0x20:
                answer += bytes((len(card.ats) + 1,)) + card.ats
        return answer

    def _release(self, data: bytes) -> bytes:
        self._listed.clear() if data[:1] == b"\x00" else self._listed.pop(data[0], None)
        return b"\x00"

    def _exchange(self, data: bytes) -> bytes:
        card = self._listed.get(data[0] & 0x07)
        if card is None:
            return b"\x27"  # not in the right context (UM0701-02, section 7.1)
        if card not in self.cards.value:
            return b"\x01"  # time-out: the card left
        self._collected += data[1:]
        if data[0] & _MORE:
            return b"\x00"
        apdu, self._collected = self._collected, b""
        answer = self.application(card, apdu)
        return b"\x01" if answer is None else b"\x00" + answer

    def _cards_changed(self, cards: tuple[FieldCard, ...]) -> None:
        if self._searching and cards and self._awake and not self.deaf:
            most, self._searching = self._searching, 0
            self._answer(encode(b"\x4b" + self._targets(most), FROM_CHIP))

    def _answer(self, frame: bytes) -> None:
        if self.mute:
            return
        if self.answer_s:
            self._pending = asyncio.get_running_loop().call_later(self.answer_s, self._speak, frame)
        else:
            self._speak(frame)

    def _speak(self, frame: bytes) -> None:
        self._last = frame
        if self.damage > 0:
            self.damage -= 1
            frame = frame[:-2] + bytes((frame[-2] ^ 0x01, frame[-1]))
        self.say(self.garbage + frame)

    def _stop(self) -> None:
        self._searching = 0
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None
        self.forget()


@define(eq=False)
class SerialPn532(SerialPeer):
    """The chip on a serial line: any 0x55 wakes it."""

    chip: Pn532Chip

    def attach(self, send: Callable[[bytes], None]) -> None:
        """Speak through ``send``."""
        self.chip.say = send

    def receive(self, data: bytes) -> None:
        """Bytes from the host."""
        if 0x55 in data:
            self.chip.wake()
        self.chip.hear(data)


class _Outbox:
    """Frames that wait for the host to fetch them; the IRQ line is low while there is one."""

    def __init__(self, chip: Pn532Chip, irq: Signal[bool] | None) -> None:
        self.frames: deque[bytes] = deque()
        self._irq = irq
        chip.say, chip.forget = self._put, self._clear
        self._show()

    def take(self, count: int) -> bytes:
        """The next frame, filled up with zeros."""
        frame = self.frames.popleft() if self.frames else b""
        self._show()
        return frame[:count].ljust(count, b"\x00")

    def _put(self, frame: bytes) -> None:
        self.frames.append(frame)
        self._show()

    def _clear(self) -> None:
        self.frames.clear()
        self._show()

    def _show(self) -> None:
        if self._irq is not None:
            self._irq.set(not self.frames)


class I2cPn532(I2cChip):
    """The chip on I2C: a status byte before everything.

    Args:
        chip: the chip.
        irq: electrical level of its IRQ output, where it is wired.
    """

    def __init__(self, chip: Pn532Chip, irq: Signal[bool] | None = None) -> None:
        self.chip = chip
        self._outbox = _Outbox(chip, irq)

    def write(self, data: bytes) -> None:
        """Bytes from the host; being addressed wakes the chip."""
        self.chip.wake()
        self.chip.hear(data)

    def read(self, count: int) -> bytes:
        """The status byte, and with more than one byte the waiting frame."""
        if not self._outbox.frames:
            return b"\x00".ljust(count, b"\x80")
        return b"\x01" if count == 1 else b"\x01" + self._outbox.take(count - 1)


class SpiPn532(SpiChip):
    """The chip on SPI, least significant bit first.

    Args:
        chip: the chip.
        irq: electrical level of its IRQ output, where it is wired.
    """

    settings = SpiSettings(mode=0, speed_hz=5_000_000, lsb_first=True)

    def __init__(self, chip: Pn532Chip, irq: Signal[bool] | None = None) -> None:
        self.chip = chip
        self._outbox = _Outbox(chip, irq)

    def transfer(self, data: bytes) -> bytes:
        """One transfer; the first byte says whether data is written, or status or data is read."""
        sent = reverse_bits(data)
        answer = bytes(len(sent))
        if sent[0] == 0x01:
            self.chip.hear(sent[1:])
        elif sent[0] == 0x02:
            answer = b"\x00" + (b"\x01" if self._outbox.frames else b"\x00") * (len(sent) - 1)
        elif sent[0] == 0x03:
            answer = b"\x00" + self._outbox.take(len(sent) - 1)
        self.chip.wake()
        return reverse_bits(answer)


def emulate_pn532(site: EmulationSite, options: Pn532Options) -> None:  # noqa: ARG001  # the options concern the driver only
    """Put a PN532 where the board has one; ``plant.parts[device]`` is the :class:`Pn532Chip`."""
    chip = Pn532Chip(site.plant.cabinet.cards)
    site.plant.parts[site.device] = chip
    irq = site.drive("irq") if site.has_line("irq") else None
    if site.has_line("reset"):
        site.watch("reset").on(lambda _: chip.power_cycle())
    if site.has_bus("serial"):
        site.attach_serial(SerialPn532(chip))
    elif site.has_bus("i2c"):
        site.attach_i2c(I2cPn532(chip, irq))
    else:
        site.attach_spi(SpiPn532(chip, irq))
