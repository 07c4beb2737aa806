"""A USB HMI for firmware authors: the device's side of the protocol, on a pseudo-terminal or a serial port, printing what it would show.

    python examples/usb_hmi_device.py                      a short conversation, byte by byte, with nobody else
    python examples/usb_hmi_device.py --link /tmp/hmi      on a pseudo-terminal, under a link that a board file can name
    python examples/usb_hmi_device.py --port /dev/ttyGS0   a serial port or a USB gadget

Press Enter to press its button. It uses nothing of the library, on purpose: read it beside
docs/reference/usb-hmi.md and write the same in C.
"""

from __future__ import annotations

import argparse
import os
import select
import struct
import sys
import time
import tty
from collections.abc import Callable
from pathlib import Path

HELLO, HEARTBEAT, LIGHTS, TEXT, SOUND = 0x01, 0x02, 0x03, 0x04, 0x05
BUTTON, STARTED, REFUSED, ANSWER = 0x40, 0x41, 0x7E, 0x80
UNKNOWN, MALFORMED, NO_HELLO = 1, 2, 5
LONGEST = 245  # kind, sequence, 240 bytes of body, CRC, one byte of COBS
COLUMNS, ROWS, LIGHTS_FITTED, BUTTONS = 16, 2, 5, 1
MOTIONS = ("dark", "steady", "blinking", "rotating", "together")


def crc16(data: bytes) -> int:
    """CRC-16 with the polynomial 0x1021, beginning with 0xFFFF, bit by bit as a small controller does it."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def cobs(data: bytes) -> bytes:
    """The data without zeros; frames are short, so a run never reaches 254 bytes."""
    coded = bytearray(1)
    counted = 0
    for byte in data:
        if byte:
            coded.append(byte)
        else:
            coded[counted] = len(coded) - counted
            counted = len(coded)
            coded.append(0)
    coded[counted] = len(coded) - counted
    return bytes(coded)


def uncobs(coded: bytes) -> bytes | None:
    """The data again; ``None`` if a count leads past the end."""
    data = bytearray()
    while coded:
        count = coded[0]
        if count > len(coded):
            return None
        data += coded[1:count]
        coded = coded[count:]
        if coded:
            data.append(0)
    return bytes(data)


class Hmi:
    """The device: what arrives goes into :meth:`receive`, what it says comes out of ``send``, time passes by :meth:`tick`."""

    def __init__(self, send: Callable[[bytes], None], show: Callable[[str], None], now_s: float) -> None:
        self._send = send
        self._show = show
        self._held = bytearray()
        self._too_long = False
        self._greeted = False
        self._lost_after_s = 0.0
        self._heard_s = self._now_s = self._started_s = now_s
        self._lost = 0
        self._missing = False
        self._pressed = 0
        self._events = 0
        self._last = (b"", b"")
        self._event(STARTED)

    def receive(self, data: bytes) -> None:
        """Bytes from the controller, in whatever pieces."""
        for byte in data:
            if byte:
                self._too_long = self._too_long or len(self._held) >= LONGEST
                if not self._too_long:
                    self._held.append(byte)
                continue
            content = None if self._too_long else uncobs(bytes(self._held))
            self._held.clear()
            self._too_long = False
            if content and len(content) >= 4 and crc16(content) == 0:
                self._command(content[:-2])

    def tick(self, now_s: float) -> None:
        """Let time pass; say so when the controller has been silent for too long."""
        self._now_s = now_s
        if self._greeted and not self._missing and now_s - self._heard_s > self._lost_after_s:
            self._missing = True
            self._lost += 1
            self._show("CONTROLLER LOST")

    def press(self, pressed: bool) -> None:
        """The button, already debounced."""
        self._pressed = int(pressed)
        self._event(BUTTON, bytes((0, pressed)))

    def _command(self, command: bytes) -> None:
        self._heard_s = self._now_s
        if self._missing:
            self._missing = False
            self._show("controller is back")
        if command != self._last[0]:  # the same again means that our answer got lost: answer again, do not do it again
            self._last = (command, self._answer(command[0], command[1], command[2:]))
        self._send(self._last[1])

    def _answer(self, kind: int, sequence: int, body: bytes) -> bytes:
        if kind != HELLO and not self._greeted:
            return self.frame(REFUSED, sequence, bytes((kind, NO_HELLO)))
        handler = {HELLO: self._hello, HEARTBEAT: self._heartbeat, LIGHTS: self._lights, TEXT: self._text, SOUND: self._sound}.get(kind)
        if handler is None:
            return self.frame(REFUSED, sequence, bytes((kind, UNKNOWN)))
        try:
            return self.frame(kind | ANSWER, sequence, handler(body))
        except (struct.error, IndexError, UnicodeDecodeError):
            return self.frame(REFUSED, sequence, bytes((kind, MALFORMED)))

    def _hello(self, body: bytes) -> bytes:
        lowest, highest, lost_after = struct.unpack_from(">BBH", body)
        self._greeted = True
        self._lost_after_s = lost_after / 10
        self._show(f"hello; versions {lowest} to {highest}, missing the controller after {self._lost_after_s:g} s")
        version = 1 if lowest <= 1 <= highest else 0
        words = [b"Example", b"usb_hmi_device", b"0001", b"1.0"]
        fitted = struct.pack(">BBBBBH", version, LIGHTS_FITTED, COLUMNS, ROWS, BUTTONS, 1)
        return fitted + b"".join(bytes((len(word),)) + word for word in words)

    def _heartbeat(self, body: bytes) -> bytes:
        del body
        return struct.pack(">IHB", int(self._now_s - self._started_s), self._pressed, self._lost % 256)

    def _lights(self, body: bytes) -> bytes:
        motion, period_ms, lights, brightness, count = struct.unpack_from(">BHBBB", body)
        colours = ["#" + bytes(struct.unpack_from(">BBB", body, 6 + 3 * index)).hex() for index in range(count)]
        which = f"{lights or 'all'} of them at {brightness / 2.55:.0f} %"
        self._show(f"lights {MOTIONS[motion]} {' '.join(colours)} every {period_ms} ms, {which}")
        return b""

    def _text(self, body: bytes) -> bytes:
        self._show(f"row {body[0]}: {body[1:].decode()}")
        return b""

    def _sound(self, body: bytes) -> bytes:
        tones = [struct.unpack_from(">HHH", body, 1 + 6 * index) for index in range(body[0])]
        self._show("sound: " + (", ".join(f"{on_ms} ms at {hertz} Hz" for on_ms, _, hertz in tones) or "silence"))
        return b""

    def _event(self, kind: int, body: bytes = b"") -> None:
        self._events = (self._events + 1) % 256
        self._send(self.frame(kind, self._events, body))

    @staticmethod
    def frame(kind: int, sequence: int, body: bytes) -> bytes:
        """A frame as it is on the line."""
        content = bytes((kind, sequence)) + body
        return b"\0" + cobs(content + crc16(content).to_bytes(2, "big")) + b"\0"


def conversation() -> None:
    """What a controller would say, and what the device answers."""

    def send(data: bytes) -> None:
        print(f"  device:     {data.hex(' ')}")

    hmi = Hmi(send, lambda text: print(f"              shows: {text}"), 0.0)
    charging = bytes((2, 0x07, 0xD0, 0, 255, 1, 0, 0, 255))
    sound = bytes((1, 0, 80, 0, 0, 0x0A, 0x8C))
    for number, (kind, body) in enumerate(((HELLO, bytes((1, 1, 0, 50))), (LIGHTS, charging), (TEXT, b"\x0022 kW"), (SOUND, sound))):
        command = Hmi.frame(kind, number + 1, body)
        print(f"  controller: {command.hex(' ')}")
        hmi.receive(command)
    hmi.press(True)
    hmi.tick(6.0)


def open_line(port: str, link: str) -> int:
    """The descriptor of the line: a serial port, or the far side of a new pseudo-terminal."""
    if port:
        descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(descriptor)
        return descriptor
    descriptor, near = os.openpty()  # the near side stays open, so that the line lives between two controllers
    tty.setraw(near)
    Path(link).unlink(missing_ok=True)
    Path(link).symlink_to(os.ttyname(near))
    print(f"listening on {link}", flush=True)
    return descriptor


def main() -> None:
    """Be the device until the line is gone."""
    parser = argparse.ArgumentParser(description="a USB HMI on a pseudo-terminal or a serial port")
    parser.add_argument("--port", default="", help="serial port or USB gadget to use")
    parser.add_argument("--link", default="", help="symbolic link to a new pseudo-terminal")
    parser.add_argument("--for", dest="for_s", type=float, default=float("inf"), metavar="SECONDS", help="end after this time")
    chosen = parser.parse_args()
    if not chosen.port and not chosen.link:
        conversation()
        return
    line = open_line(chosen.port, chosen.link)
    begun_s = time.monotonic()
    hmi = Hmi(lambda data: os.write(line, data) and None, lambda text: print(text, flush=True), begun_s)
    listen = [line, sys.stdin]
    while time.monotonic() - begun_s < chosen.for_s:
        ready, _, _ = select.select(listen, [], [], 0.1)
        hmi.tick(time.monotonic())
        if line in ready:
            data = os.read(line, 512)
            if not data:
                return
            hmi.receive(data)
        if sys.stdin in ready:
            if not sys.stdin.readline():
                listen.remove(sys.stdin)
                continue
            hmi.press(True)
            hmi.press(False)


if __name__ == "__main__":
    main()
