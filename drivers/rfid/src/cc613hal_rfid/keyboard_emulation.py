"""An emulated keyboard-wedge reader: it types the cards that come into the field, as evdev events. It can misbehave on request."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import define, field

from cc613hal.bus.sim.faults import Faults
from cc613hal.errors import BusClosed, BusError, BusMissing
from cc613hal.plant.emulation import EmulationSite
from cc613hal.plant.signal import Signal
from cc613hal.plant.world import FieldCard
from cc613hal_rfid.keyboard import KeyboardOptions
from cc613hal_rfid.keymap import TAB_KEY, KeyLayout, character
from cc613hal_rfid.keys_port import EV_KEY, EV_SYN, SYN_DROPPED, InputEvent, KeysIdentity, KeysPort
from cc613hal_rfid.typed import Content, Terminator
from cc613hal_rfid.uid import UidForm, UidOptions, UidOrder, written

__all__ = ["TypingReader", "emulate_keyboard", "keys_for"]


def keys_for(text: str, layout: KeyLayout = KeyLayout.US) -> Iterator[InputEvent]:
    """The events of somebody who types a text.

    Raises:
        StopIteration: a character that this layout does not have.
    """
    for letter in text:
        places = ((code, shift) for shift in (False, True) for code in range(2, 58))
        code, shift = next(place for place in places if character(place[0], shift=place[1], layout=layout) == letter)
        if shift:
            yield InputEvent(EV_KEY, 42, 1)
        yield InputEvent(EV_KEY, code, 1)
        yield InputEvent(EV_KEY, code, 0)
        if shift:
            yield InputEvent(EV_KEY, 42, 0)
        yield InputEvent(EV_SYN, 0, 0)


@define(eq=False)
class TypingReader(KeysPort):
    """The reader.

    Attributes:
        cards: what comes into its field.
        options: how it is set up.
        identity: who it is.
        break_off: this many of the next inputs end in the middle.
        lose_keys: this many of the next inputs run over the kernel's buffer.
        garbage: typed in front of every input.
        faults: whether it is plugged in.
    """

    cards: Signal[tuple[FieldCard, ...]]
    options: KeyboardOptions
    identity: KeysIdentity = KeysIdentity("Sycreader RFID Technology Co., Ltd SYC ID&IC USB Reader", 0xFFFF, 0x0035)  # noqa: RUF009  # frozen
    break_off: int = 0
    lose_keys: int = 0
    garbage: str = ""
    faults: Faults = field(factory=Faults)
    _heard: Callable[[InputEvent], None] | None = None
    _lost: Callable[[BusError], None] = lambda _: None
    _there: frozenset[FieldCard] = frozenset()

    def __attrs_post_init__(self) -> None:
        self.cards.on(self._cards_changed)

    def obey(self, faults: Faults) -> None:
        """Show these faults."""
        self.faults = faults
        faults.on_plug(lambda plugged: None if plugged else self._pulled())

    def open(self, heard: Callable[[InputEvent], None], lost: Callable[[BusError], None]) -> KeysIdentity:
        """Taken by the driver."""
        if not self.faults.plugged:
            raise BusMissing(f"{self.options.path} is not plugged in", hint="plug the reader in")
        self._heard, self._lost = heard, lost
        return self.identity

    def close(self) -> None:
        """Let go."""
        self._heard = None

    def type(self, text: str, *, enter: bool = True) -> None:
        """Type a text as it stands, and the terminator the reader is set up with."""
        for event in keys_for(text, self.options.layout):
            self._say(event)
        if enter and self.options.terminator is not Terminator.NONE:
            self._say(InputEvent(EV_KEY, TAB_KEY if self.options.terminator is Terminator.TAB else 28, 1))

    def _say(self, event: InputEvent) -> None:
        if self._heard is not None:
            self._heard(event)

    def _pulled(self) -> None:
        if self._heard is not None:
            self._heard = None
            self._lost(BusClosed("the reader was unplugged", hint="plug it in again", transient=True))

    def _cards_changed(self, cards: tuple[FieldCard, ...]) -> None:
        came, self._there = [card for card in cards if card not in self._there], frozenset(cards)
        for card in came:
            text = self.garbage + self.options.start + self._number(card) + self.options.end
            if self.break_off:
                self.break_off -= 1
                self.type(text[: len(text) // 2], enter=False)
                continue
            if self.lose_keys:
                self.lose_keys -= 1
                self._say(InputEvent(EV_SYN, SYN_DROPPED, 0))
            self.type(text)

    def _number(self, card: FieldCard) -> str:
        options = self.options
        if options.content in {Content.HEX, Content.TEXT}:
            return written(card.uid, UidOptions(uid_order=options.typed_order))
        uid = card.uid if options.typed_order is UidOrder.WIRE else card.uid[::-1]
        if options.content is Content.WIEGAND_26:
            return written(uid, UidOptions(uid_form=UidForm.WIEGAND_26))
        return str(int.from_bytes(uid[: options.number_bytes], "big")).zfill(options.digits)


def emulate_keyboard(site: EmulationSite, options: KeyboardOptions) -> None:
    """Put a typing reader where the board has one; ``plant.parts[device]`` is the :class:`TypingReader`."""
    reader = TypingReader(site.plant.cabinet.cards, options)
    site.plant.parts[site.device] = reader
    reader.obey(site.attach_port(reader))
