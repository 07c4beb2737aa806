"""What controller and USB HMI say to each other: bodies of frames to values and back; ``docs/reference/usb-hmi.md`` is the contract.

Numbers are big-endian. A receiver ignores bytes after those it knows, so that later versions can add to the end.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence

from attrs import frozen

from cc613hal.errors import ProtocolViolation
from cc613hal.interfaces import Beep, Colour, Motion, Pattern
from cc613hal_hmi.usb_frames import BODY

__all__ = [
    "ANSWER",
    "COLOURS",
    "TONES",
    "VERSIONS",
    "Alive",
    "Kind",
    "Refusal",
    "Welcome",
    "dark_body",
    "hello_body",
    "parse_alive",
    "parse_button",
    "parse_welcome",
    "pattern_body",
    "row_body",
    "sound_body",
]

VERSIONS = (1, 1)
"""Lowest and highest version of the protocol spoken here."""

ANSWER = 0x80
"""Set in the kind of an answer."""

COLOURS = 16
TONES = 32
"""Most colours of a pattern, most tones of a sequence."""


class Kind(enum.IntEnum):
    """Kinds of frames."""

    HELLO = 0x01
    HEARTBEAT = 0x02
    LIGHTS = 0x03
    TEXT = 0x04
    SOUND = 0x05
    BUTTON = 0x40
    """From the HMI: a button was pressed or released."""
    STARTED = 0x41
    """From the HMI: it has started and knows nothing."""
    REFUSED = 0x7E
    """From the HMI, instead of an answer."""


class Refusal(enum.IntEnum):
    """Why an HMI refuses a command."""

    UNKNOWN = 1
    MALFORMED = 2
    NOT_FITTED = 3
    BUSY = 4
    NO_HELLO = 5


_MOTIONS = {Motion.STEADY: 1, Motion.BLINK: 2, Motion.ROTATE: 3, Motion.TOGETHER: 4}
"""0 is dark."""

_WELCOME = struct.Struct(">BBBBBH")
_ALIVE = struct.Struct(">IHB")
_SOUND = 0x0001


@frozen(kw_only=True)
class Welcome:
    """What an HMI says about itself.

    Attributes:
        version: of the protocol, the one to be spoken; 0 if there is none both know.
        lights: how many lights it has.
        columns: of its text display; 0 without.
        rows: of its text display.
        buttons: how many buttons it has, at most 16.
        sound: it can make tones.
        vendor: who made it.
        model: what it is called.
        serial: its serial number.
        firmware: version of its software.
    """

    version: int
    lights: int
    columns: int
    rows: int
    buttons: int
    sound: bool
    vendor: str
    model: str
    serial: str
    firmware: str


@frozen(kw_only=True)
class Alive:
    """How an HMI is.

    Attributes:
        uptime_s: since it started, s.
        pressed: which buttons are pressed, bit 0 the first.
        lost: how often it missed its controller since it started, modulo 256.
    """

    uptime_s: int
    pressed: int
    lost: int


def hello_body(lost_after_s: float) -> bytes:
    """Versions the controller speaks, and after which silence the HMI shall say that it misses its controller, s."""
    return struct.pack(">BBH", *VERSIONS, round(lost_after_s * 10))


def parse_welcome(body: bytes, device: str) -> Welcome:
    """The answer to HELLO.

    Raises:
        ProtocolViolation: it is cut off, or says what cannot be.
    """
    try:
        version, lights, columns, rows, buttons, features = _WELCOME.unpack_from(body)
    except struct.error as error:
        raise _violation("WELCOME", body, device) from error
    words: list[str] = []
    place = _WELCOME.size
    for _ in range(4):
        length = body[place] if place < len(body) else None
        if length is None or place + 1 + length > len(body):
            raise _violation("WELCOME", body, device)
        words.append(body[place + 1 : place + 1 + length].decode("utf-8", "replace"))
        place += 1 + length
    if buttons > 16 or (columns == 0) != (rows == 0):
        raise _violation("WELCOME", body, device)
    vendor, model, serial, firmware = words
    return Welcome(
        version=version,
        lights=lights,
        columns=columns,
        rows=rows,
        buttons=buttons,
        sound=bool(features & _SOUND),
        vendor=vendor,
        model=model,
        serial=serial,
        firmware=firmware,
    )


def parse_alive(body: bytes, device: str) -> Alive:
    """The answer to HEARTBEAT.

    Raises:
        ProtocolViolation: it is cut off.
    """
    try:
        uptime_s, pressed, lost = _ALIVE.unpack_from(body)
    except struct.error as error:
        raise _violation("ALIVE", body, device) from error
    return Alive(uptime_s=uptime_s, pressed=pressed, lost=lost)


def parse_button(body: bytes) -> tuple[int, bool] | None:
    """Which button, and whether it is pressed; ``None`` if the body says neither."""
    return (body[0], bool(body[1])) if len(body) >= 2 and body[0] < 16 else None


def dark_body() -> bytes:
    """LIGHTS: every light off."""
    return struct.pack(">BHBBB", 0, 0, 0, 0, 0)


def pattern_body(pattern: Pattern, brightness: float) -> bytes:
    """LIGHTS: a pattern, which the HMI keeps moving by itself.

    Args:
        pattern: of 1 to 16 colours, with a period of up to 65.535 s.
        brightness: share of full brightness, 0 to 1.
    """
    head = struct.pack(
        ">BHBBB",
        _MOTIONS[pattern.motion],
        min(max(round(pattern.period_s * 1000), 0), 0xFFFF),
        min(pattern.lights, 255),
        _byte(brightness),
        len(pattern.colours),
    )
    return head + b"".join(map(_rgb, pattern.colours))


def row_body(row: int, text: str) -> bytes:
    """TEXT: what a row of the display shows, from 0; cut where the frame ends, never inside a character."""
    coded = text.encode("utf-8", "replace")[: BODY - 1]
    return bytes((row,)) + coded.decode("utf-8", "ignore").encode()


def sound_body(beeps: Sequence[Beep]) -> bytes:
    """SOUND: tones and pauses; none for silence."""
    return bytes((len(beeps),)) + b"".join(
        struct.pack(">HHH", round(beep.on_s * 1000), round(beep.off_s * 1000), round(beep.frequency_hz)) for beep in beeps
    )


def _rgb(colour: Colour) -> bytes:
    return bytes((_byte(colour.red), _byte(colour.green), _byte(colour.blue)))


def _byte(share: float) -> int:
    return round(255 * min(max(share, 0.0), 1.0))


def _violation(what: str, body: bytes, device: str) -> ProtocolViolation:
    return ProtocolViolation(
        f"{what} with the body {body.hex(' ') or '(empty)'}",
        device=device,
        hint="compare the firmware with the page on the protocol",
    )
