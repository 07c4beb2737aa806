"""From key strokes to identifiers: pure functions and a small state machine, for readers that pretend to be a keyboard."""

from __future__ import annotations

import enum
import re

from attrs import define, field, frozen, validators

from cc613hal_rfid.keymap import ENTER_KEYS, SHIFT_KEYS, TAB_KEY, KeyLayout, character
from cc613hal_rfid.keys_port import EV_KEY, EV_SYN, SYN_DROPPED, InputEvent
from cc613hal_rfid.presentation import PresenceOptions
from cc613hal_rfid.uid import UID_LENGTHS, UidOrder

__all__ = ["Content", "Input", "Terminator", "TypedOptions", "TypedRefused", "Typist", "read_typed"]

_LONGEST = 128
"""Characters of one input; no identifier has more."""


class Terminator(enum.Enum):
    """What ends an input."""

    ENTER = "enter"
    TAB = "tab"
    NONE = "none"
    """A pause of ``gap_s``. A truncated input can then only be told by its length."""


class Content(enum.Enum):
    """What the reader types."""

    HEX = "hex"
    """Two digits a byte; separators ``:``, ``-`` and blank are left out."""
    DECIMAL = "decimal"
    """One number."""
    WIEGAND_26 = "wiegand-26"
    """Three digits of facility code and five of card number, with or without a mark between them: three bytes."""
    TEXT = "text"
    """The identifier as it stands, for readers whose numbers are not the card's."""


@frozen(kw_only=True)
class TypedOptions(PresenceOptions):
    """How a keyboard-wedge reader types.

    Attributes:
        layout: ``us``, ``de`` or ``fr``: the keyboard the reader takes itself for.
        terminator: ``enter``, ``tab`` or ``none``: what ends an input.
        gap_s: longest pause between two keys of one input, s.
        content: ``hex``, ``decimal``, ``wiegand-26`` or ``text``: what is typed.
        digits: characters an input must have, after ``start`` and ``end`` are taken off; 0 allows what the content allows: whole UIDs of 4,
            7 or 10 bytes as ``hex``, any number that fits as ``decimal``.
        number_bytes: bytes of the number a ``decimal`` stands for.
        typed_order: byte order of what is typed: ``wire`` or ``reversed``. ``uid_order`` then says how it is written.
        start: what stands in front of each input and is taken off.
        end: what stands behind it.
    """

    layout: KeyLayout = KeyLayout.US
    terminator: Terminator = Terminator.ENTER
    gap_s: float = field(default=0.5, validator=[validators.ge(0.02), validators.le(10)])
    content: Content = Content.HEX
    digits: int = field(default=0, validator=[validators.ge(0), validators.le(64)])
    number_bytes: int = field(default=4, validator=[validators.ge(3), validators.le(10)])
    typed_order: UidOrder = UidOrder.WIRE
    start: str = field(default="", validator=validators.max_len(8))
    end: str = field(default="", validator=validators.max_len(8))


class TypedRefused(Exception):  # noqa: N818  # says what happened
    """An input that is no identifier; the message says why, without the digits."""


@frozen
class Input:
    """What was typed.

    Attributes:
        text: the characters.
        spoilt: why it cannot be trusted; empty if it can.
    """

    text: str
    spoilt: str = ""


def read_typed(text: str, how: TypedOptions) -> bytes:
    """The bytes of an identifier, in wire order; of a ``text`` those of its characters.

    Args:
        text: what was typed, without terminator.
        how: the options.

    Raises:
        TypedRefused: it is truncated, or something else.
    """
    if not (text.startswith(how.start) and text.endswith(how.end) and len(text) >= len(how.start) + len(how.end)):
        raise TypedRefused(f"it does not begin with {how.start!r} and end with {how.end!r}")
    body = text[len(how.start) : len(text) - len(how.end)]
    if how.content is Content.HEX:
        body = re.sub(r"[ :-]", "", body)
    if how.digits and len(body) != how.digits:
        raise TypedRefused(f"{len(body)} characters instead of {how.digits}")
    uid = _READERS[how.content](body, how)
    return uid if how.typed_order is UidOrder.WIRE or how.content is Content.TEXT else uid[::-1]


def _hex(body: str, how: TypedOptions) -> bytes:
    if not re.fullmatch(r"[0-9A-Fa-f]*", body):
        raise TypedRefused("it is no hexadecimal number")
    if len(body) % 2 or (not how.digits and len(body) // 2 not in UID_LENGTHS) or not body:
        raise TypedRefused(f"{len(body)} hexadecimal digits are no identifier of 4, 7 or 10 bytes")
    return bytes.fromhex(body)


def _decimal(body: str, how: TypedOptions) -> bytes:
    if not re.fullmatch(r"[0-9]+", body):
        raise TypedRefused("it is no decimal number")
    if int(body) >= 1 << 8 * how.number_bytes:
        raise TypedRefused(f"the number does not fit into {how.number_bytes} bytes")
    return int(body).to_bytes(how.number_bytes, "big")


def _wiegand_26(body: str, how: TypedOptions) -> bytes:  # noqa: ARG001  # every content has the same signature
    parts = re.fullmatch(r"([0-9]{3})[^0-9]?([0-9]{5})", body)
    if parts is None or int(parts[1]) > 0xFF or int(parts[2]) > 0xFFFF:
        raise TypedRefused("it is no facility code of three digits and card number of five")
    return bytes((int(parts[1]),)) + int(parts[2]).to_bytes(2, "big")


def _text(body: str, how: TypedOptions) -> bytes:  # noqa: ARG001  # every content has the same signature
    if not body or not body.isprintable():
        raise TypedRefused("it is empty")
    return body.encode()


_READERS = {Content.HEX: _hex, Content.DECIMAL: _decimal, Content.WIEGAND_26: _wiegand_26, Content.TEXT: _text}


@define
class Typist:
    """Collects keys until an input is complete. The caller sees to the time: :meth:`pause` when no key came for ``gap_s``.

    Args:
        how: the options.
    """

    how: TypedOptions
    _text: str = field(default="", init=False)
    _spoilt: str = field(default="", init=False)
    _shifts: set[int] = field(factory=set[int], init=False)

    @property
    def typing(self) -> bool:
        """Whether an input has begun."""
        return bool(self._text or self._spoilt)

    def hear(self, event: InputEvent) -> Input | None:
        """Take an event; returns the input it completes."""
        if event.type == EV_SYN and event.code == SYN_DROPPED:
            self._spoilt = "keys were lost"
            self._shifts.clear()
            return None
        if event.type != EV_KEY or event.value == 2:
            return None
        if event.code in SHIFT_KEYS:
            (self._shifts.add if event.value else self._shifts.discard)(event.code)
            return None
        if not event.value:
            return None
        ends = {Terminator.ENTER: event.code in ENTER_KEYS, Terminator.TAB: event.code == TAB_KEY, Terminator.NONE: False}
        if ends[self.how.terminator]:
            return self._finish() if self.typing else None
        self._type(event.code)
        return None

    def _type(self, code: int) -> None:
        text = character(code, shift=bool(self._shifts), layout=self.how.layout)
        if text is None:
            self._spoilt = self._spoilt or f"key {code} writes nothing on this layout"
        elif len(self._text) >= _LONGEST:
            self._spoilt = f"more than {_LONGEST} characters"
        else:
            self._text += text

    def pause(self) -> Input | None:
        """No key came for ``gap_s``: the input is complete, or was broken off."""
        if not self.typing:
            return None
        if self.how.terminator is not Terminator.NONE:
            self._spoilt = self._spoilt or "it was broken off"
        return self._finish()

    def forget(self) -> None:
        """The reader went: what it had begun will not go on."""
        self._text, self._spoilt = "", ""
        self._shifts.clear()

    def _finish(self) -> Input:
        done = Input(self._text, self._spoilt)
        self._text, self._spoilt = "", ""
        return done
