"""An emulated USB HMI: what its owner sees and hears, and firmware that misbehaves on request."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

from attrs import frozen

from cc613hal.interfaces import Beep, Colour, Motion, Pattern
from cc613hal.plant.emulation import EmulationSite, SerialPeer
from cc613hal.plant.signal import Signal
from cc613hal_hmi.usb_frames import Frame, FrameReader, encode_frame
from cc613hal_hmi.usb_hmi import UsbHmiOptions
from cc613hal_hmi.usb_messages import ANSWER, Kind, Refusal

__all__ = ["EmulatedHmi", "HmiModel", "emulate_usb_hmi"]

_MOTIONS = {1: Motion.STEADY, 2: Motion.BLINK, 3: Motion.ROTATE, 4: Motion.TOGETHER}


@frozen(kw_only=True)
class HmiModel:
    """What an emulated HMI has, and what it says of itself."""

    vendor: str = "Acme"
    model: str = "Panel 5"
    serial: str = "A-0001"
    firmware: str = "1.2.3"
    lights: int = 5
    columns: int = 20
    rows: int = 4
    buttons: int = 2
    sound: bool = True
    version: int = 1


class EmulatedHmi(SerialPeer):
    """An HMI on a USB cable.

    Args:
        model: what it has.

    Attributes:
        model: what it has; may be changed before it is greeted again.
        pattern: what its lights show; ``None`` when dark.
        brightness: of the lights, 0 to 1.
        rows: its text.
        missing: it shows that it misses its controller.
        played: every sequence of tones it was told to play.
        commands: every command it carried out, by kind.
        mute: it hears everything and says nothing.
        deaf: so many commands get lost on their way to it.
        lost_answers: so many answers get lost on their way back.
        babble: it says this instead of every answer; ``None`` for sense.
        refuses: it refuses every command but HELLO with this reason; ``None`` for none.
        cut: so many bytes are missing at the end of the body of WELCOME and ALIVE.
    """

    def __init__(self, model: HmiModel | None = None) -> None:
        self.model = model or HmiModel()
        self.pattern: Signal[Pattern | None] = Signal(None)
        self.brightness = 1.0
        self.rows: list[str] = [""] * self.model.rows
        self.missing = Signal(False)
        self.played: list[tuple[Beep, ...]] = []
        self.commands: list[Kind] = []
        self.mute = False
        self.deaf = 0
        self.lost_answers = 0
        self.babble: bytes | None = None
        self.refuses: Refusal | None = None
        self.cut = 0
        self._send: Callable[[bytes], None] | None = None
        self._reader = FrameReader()
        self._greeted = False
        self._lost_after_s = 0.0
        self._lost = 0
        self._timer: asyncio.TimerHandle | None = None
        self._started_s: float | None = None
        self._pressed = 0
        self._events = 0
        self._answered: tuple[Frame, Frame] | None = None

    def attach(self, send: Callable[[bytes], None]) -> None:
        """The line."""
        self._send = send

    def receive(self, data: bytes) -> None:
        """Bytes from the controller."""
        if self._started_s is None:
            self._started_s = asyncio.get_running_loop().time()
        for frame in self._reader.feed(data):
            if self.deaf:
                self.deaf -= 1
                continue
            self._hear_from_controller()
            self._answer(frame, self._obey(frame))

    # -- what its owner does ------------------------------------------------------------------------------------------------------------

    def press(self, button: int = 0, *, silent: bool = False) -> None:
        """Press a button and keep it pressed; ``silent`` loses the event on the wire."""
        self._touch(button, pressed=True, silent=silent)

    def release(self, button: int = 0, *, silent: bool = False) -> None:
        """Let it go."""
        self._touch(button, pressed=False, silent=silent)

    def restart(self, *, silent: bool = False) -> None:
        """Start anew, knowing nothing; ``silent`` does not say so."""
        self._greeted = False
        self._started_s = asyncio.get_running_loop().time()
        self._lost = 0
        self._answered = None
        self.pattern.set(None)
        self.rows = [""] * self.model.rows
        self._rest()
        if not silent:
            self._event(Kind.STARTED, b"")

    # -- firmware -----------------------------------------------------------------------------------------------------------------------

    def _touch(self, button: int, *, pressed: bool, silent: bool) -> None:
        self._pressed = self._pressed & ~(1 << button) | pressed << button
        if not silent:
            self._event(Kind.BUTTON, bytes((button, pressed)))

    def _event(self, kind: Kind, body: bytes) -> None:
        self._events = (self._events + 1) % 256
        self._say(Frame(kind, self._events, body))

    def _obey(self, frame: Frame) -> Frame:
        if self._answered is not None and frame == self._answered[0]:
            return self._answered[1]  # said again because the answer got lost: answered, and not done twice
        answer = self._carry_out(frame)
        self._answered = (frame, answer)
        return answer

    def _carry_out(self, frame: Frame) -> Frame:
        if frame.kind not in set(Kind):
            return self._refusal(frame, Refusal.UNKNOWN)
        kind = Kind(frame.kind)
        if kind is not Kind.HELLO and not self._greeted:
            return self._refusal(frame, Refusal.NO_HELLO)
        if kind is not Kind.HELLO and self.refuses is not None:
            return self._refusal(frame, self.refuses)
        try:
            body = self._bodies[kind](self, frame.body)
        except (struct.error, IndexError, UnicodeDecodeError, KeyError):
            return self._refusal(frame, Refusal.MALFORMED)
        self.commands.append(kind)
        return Frame(frame.kind | ANSWER, frame.sequence, body)

    @staticmethod
    def _refusal(frame: Frame, reason: Refusal) -> Frame:
        return Frame(Kind.REFUSED, frame.sequence, bytes((frame.kind, reason)))

    def _hello(self, body: bytes) -> bytes:
        lowest, highest, lost_after = struct.unpack_from(">BBH", body)
        self._greeted = True
        self._lost_after_s = lost_after / 10
        self._hear_from_controller()
        model = self.model
        version = model.version if lowest <= model.version <= highest else 0
        head = struct.pack(">BBBBBH", version, model.lights, model.columns, model.rows, model.buttons, model.sound)
        words = [word.encode() for word in (model.vendor, model.model, model.serial, model.firmware)]
        return self._shortened(head + b"".join(bytes((len(word),)) + word for word in words))

    def _heartbeat(self, body: bytes) -> bytes:
        del body
        uptime_s = asyncio.get_running_loop().time() - (self._started_s or 0.0)
        return self._shortened(struct.pack(">IHB", int(uptime_s), self._pressed, self._lost % 256))

    def _lights(self, body: bytes) -> bytes:
        motion, period_ms, lights, brightness, count = struct.unpack_from(">BHBBB", body)
        colours = [Colour(*(part / 255 for part in struct.unpack_from(">BBB", body, 6 + 3 * index))) for index in range(count)]
        self.brightness = brightness / 255
        shown = Pattern(colours=tuple(colours), motion=_MOTIONS[motion], period_s=period_ms / 1000, lights=lights) if motion else None
        self.pattern.set(shown)
        return b""

    def _text(self, body: bytes) -> bytes:
        self.rows[body[0]] = body[1:].decode()
        return b""

    def _sound(self, body: bytes) -> bytes:
        tones = [struct.unpack_from(">HHH", body, 1 + 6 * index) for index in range(body[0])]
        self.played.append(tuple(Beep(on_ms / 1000, off_ms / 1000, hertz) for on_ms, off_ms, hertz in tones))
        return b""

    _bodies = {Kind.HELLO: _hello, Kind.HEARTBEAT: _heartbeat, Kind.LIGHTS: _lights, Kind.TEXT: _text, Kind.SOUND: _sound}  # noqa: RUF012  # never changed

    def _shortened(self, body: bytes) -> bytes:
        return body[: len(body) - self.cut]

    def _hear_from_controller(self) -> None:
        self.missing.set(False)
        self._rest()
        if self._greeted and self._lost_after_s:
            self._timer = asyncio.get_running_loop().call_later(self._lost_after_s, self._miss)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _miss(self) -> None:
        self._lost += 1
        self.missing.set(True)

    def _answer(self, command: Frame, answer: Frame) -> None:
        del command
        if self.lost_answers:
            self.lost_answers -= 1
        elif self.babble is not None and self._send is not None:
            self._send(self.babble)
        else:
            self._say(answer)

    def _say(self, frame: Frame) -> None:
        if self._send is not None and not self.mute:
            self._send(encode_frame(frame))


def emulate_usb_hmi(site: EmulationSite, options: UsbHmiOptions) -> None:
    """Put an HMI at the other end of the device's line; ``plant.parts[device]`` is the :class:`EmulatedHmi`."""
    hmi = EmulatedHmi(HmiModel(model=options.model or "Panel 5"))
    site.plant.parts[site.device] = hmi
    site.attach_serial(hmi)
