"""An emulated PC/SC terminal behind the driver's port, with the cards of the plant. It can misbehave on request."""

from __future__ import annotations

import asyncio

from attrs import define, field

from cc613hal.bus.sim.faults import Faults
from cc613hal.errors import BusClosed, BusMissing, BusTimeout, Unsupported
from cc613hal.plant.emulation import EmulationSite
from cc613hal.plant.signal import Signal
from cc613hal.plant.world import FieldCard
from cc613hal_rfid.atr import storage_atr, wrapped_atr
from cc613hal_rfid.cards import historical_bytes
from cc613hal_rfid.pcsc import BUZZER_OFF, FIRMWARE, GET_UID, OK, PcscOptions
from cc613hal_rfid.picc import Application, no_such_file
from cc613hal_rfid.terminal_port import CardGone, SlotState, TerminalPort

__all__ = ["SimulatedTerminal", "atr_of", "emulate_pcsc"]


def atr_of(card: FieldCard) -> bytes:
    """What a terminal says of a card."""
    if card.sak & 0x20:
        return wrapped_atr(historical_bytes(card.ats))
    return storage_atr(0x03, {0x08: 0x0001, 0x18: 0x0002, 0x00: 0x0003}.get(card.sak, 0x0000))


@define(eq=False)
class SimulatedTerminal(TerminalPort):
    """The terminal; of several cards it shows the first.

    Attributes:
        cards: what is held to it.
        name: what it is called.
        firmware: what it answers to its own commands; ``None`` allows none.
        uid_status: answered instead of an identifier, if not empty.
        leave_early: cards that are gone before they can be read.
        answer_s: cards answer this much later, s.
        application: what ISO-DEP cards answer to an APDU; ``None`` means that the card left.
        beeps: it beeps at cards.
        faults: whether it is plugged in.
    """

    cards: Signal[tuple[FieldCard, ...]]
    name: str = "ACS ACR122U PICC Interface 00 00"
    firmware: bytes | None = b"ACR122U207"
    uid_status: bytes = b""
    leave_early: int = 0
    answer_s: float = 0.0
    application: Application = no_such_file
    beeps: bool = True
    faults: Faults = field(factory=Faults)
    _changed: asyncio.Event = field(factory=asyncio.Event)
    _count: int = 0
    _shown: FieldCard | None = None

    def __attrs_post_init__(self) -> None:
        self.cards.on(self._cards_changed)

    def obey(self, faults: Faults) -> None:
        """Show these faults."""
        self.faults = faults
        faults.on_plug(lambda _: self._changed.set())

    def _cards_changed(self, cards: tuple[FieldCard, ...]) -> None:
        first = cards[0] if cards else None
        if first != self._shown:
            self._shown = first
            self._count += 1
            self._changed.set()

    async def open(self, wanted: str) -> str:
        """Found, if it is plugged in and called so."""
        if not self.faults.plugged or wanted.lower() not in self.name.lower():
            raise BusMissing(f"no terminal is called {wanted!r}", hint="plug it in")
        return self.name

    async def wait(self, known: SlotState | None, timeout_s: float) -> SlotState:
        """The state, once it is another one."""
        deadline = asyncio.timeout(timeout_s)
        try:
            async with deadline:
                while self._state() == known:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        return self._state()

    def _state(self) -> SlotState:
        if not self.faults.plugged:
            raise BusClosed("the terminal was unplugged", hint="plug it in again", transient=True)
        return SlotState(atr=atr_of(self._shown) if self._shown is not None else b"", count=self._count)

    async def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        """The terminal's own answer, or the card's."""
        self._state()
        if self.answer_s > timeout_s:
            await asyncio.sleep(timeout_s)
            raise BusTimeout(f"the card does not answer within {timeout_s:g} s")
        await asyncio.sleep(self.answer_s)
        if self._shown is None or self.leave_early:
            self.leave_early = max(0, self.leave_early - 1)
            raise CardGone("no card")
        if apdu == GET_UID:
            return self.uid_status or self._shown.uid + OK
        answer = self.application(self._shown, apdu)
        if answer is None:
            raise CardGone("the card left")
        return answer

    async def direct(self, command: bytes) -> bytes:
        """Its firmware, and its beeper."""
        if self.firmware is None:
            raise Unsupported("a command to the terminal: feature not supported", hint="allow CCID escape commands")
        if command == FIRMWARE:
            return self.firmware
        if command == BUZZER_OFF:
            self.beeps = False
        return OK

    async def forget_card(self) -> None:
        """Nothing is kept."""

    async def aclose(self) -> None:
        """Let go; whoever still waits is released."""
        self._changed.set()


def emulate_pcsc(site: EmulationSite, options: PcscOptions) -> None:  # noqa: ARG001  # the options concern the driver only
    """Put a terminal where the board has one; ``plant.parts[device]`` is the :class:`SimulatedTerminal`."""
    terminal = SimulatedTerminal(site.plant.cabinet.cards)
    site.plant.parts[site.device] = terminal
    terminal.obey(site.attach_port(terminal))
