"""A USB HMI with the documented protocol of ours: lights, text, sounds and buttons of a panel that any firmware author can build.

The HMI moves its patterns by itself, so a state costs one frame; a heartbeat every second keeps it from saying that it misses its
controller. The protocol is in ``docs/reference/usb-hmi.md``, a device to start from in ``examples/usb_hmi_device.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from attrs import field, frozen, validators

from cc613hal.errors import BusClosed, BusError, ConfigError, DeviceError, DeviceRefused, Unsupported, WrongIdentity
from cc613hal.events import Events, EventSource
from cc613hal.interfaces import Beep, DigitalInput, DigitalReading, Display, Identified, Identity, Indicator, Pattern, SafeState, Sounder
from cc613hal.plugins import DeviceContext, Driver
from cc613hal_hmi.language import pattern_of, status_patterns
from cc613hal_hmi.usb_frames import Frame
from cc613hal_hmi.usb_link import HmiLink
from cc613hal_hmi.usb_messages import (
    COLOURS,
    TONES,
    VERSIONS,
    Kind,
    Refusal,
    Welcome,
    dark_body,
    hello_body,
    parse_alive,
    parse_button,
    parse_welcome,
    pattern_body,
    row_body,
    sound_body,
)

__all__ = ["ButtonEvent", "UsbHmi", "UsbHmiOptions"]


@frozen(kw_only=True)
class UsbHmiOptions:
    """What is expected of the HMI.

    Attributes:
        model: the model it must say it is; empty for any.
        button: which of its buttons is this device's digital input, from 0.
        brightness: share of full brightness, 0 to 1.
        heartbeat_s: it is told at least this often that its controller lives, s.
        lost_after_s: after this silence it shows that it misses its controller, s; at least two heartbeats.
        answer_s: longest wait for an answer, s; commands are said three times.
        language: table of patterns by state: ``bender``, ``generic``, or the path of a file.
    """

    model: str = ""
    button: int = field(default=0, validator=[validators.ge(0), validators.le(15)])
    brightness: float = field(default=1.0, validator=[validators.ge(0), validators.le(1)])
    heartbeat_s: float = field(default=1.0, validator=[validators.ge(0.2), validators.le(60)])
    lost_after_s: float = field(default=5.0, validator=[validators.ge(0.5), validators.le(600)])
    answer_s: float = field(default=0.25, validator=[validators.ge(0.02), validators.le(5)])
    language: str = "bender"


@frozen
class ButtonEvent:
    """A button of the HMI was pressed or released.

    Attributes:
        button: which, from 0.
        pressed: it is pressed now.
    """

    button: int
    pressed: bool


class UsbHmi(Driver, Indicator, Display, Sounder, DigitalInput, SafeState, Identified):
    """An HMI on a USB cable.

    What it shows is kept here: it is shown again after the cable was pulled, or after the HMI started anew. What the HMI does not have is
    refused with :class:`~cc613hal.errors.Unsupported`.

    Args:
        context: the device's place on its board.
        options: what is expected of the HMI.

    Raises:
        ConfigError: the light language cannot be read, or the heartbeat is too slow.
    """

    def __init__(self, context: DeviceContext, options: UsbHmiOptions) -> None:
        if options.lost_after_s < 2 * options.heartbeat_s:
            raise ConfigError(
                f"lost_after_s of {options.lost_after_s:g} is less than two heartbeats of {options.heartbeat_s:g} s", device=context.device
            )
        self._context = context
        self._options = options
        self._patterns = status_patterns(options.language)
        self._link = HmiLink(lambda: context.serial, context.device, context.log, self._heard, answer_s=options.answer_s)
        self._welcome: Welcome | None = None
        self._greeting = asyncio.Lock()
        self._shown: Pattern | None = None
        self._lines: tuple[str, ...] = ()
        self._rows: dict[int, str] = {}
        self._uptime_s = 0
        self._pressed = 0
        self._started = asyncio.Event()
        self._playing = asyncio.Lock()
        self._drawing = asyncio.Lock()
        self._beating: asyncio.Task[None] | None = None
        self._presses: EventSource[ButtonEvent] = EventSource(f"{context.device}.presses")
        self._changes: EventSource[DigitalReading] = EventSource(f"{context.device}.changes")

    # -- life -----------------------------------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        """Greet the HMI, agree on a version, and show again what was shown before it was gone.

        Raises:
            WrongIdentity: another model, or no version both know.
            BusError: nobody answers, or something that is no HMI.
            ProtocolViolation: the HMI says what cannot be.
        """
        await self._stop_beating()
        await self._link.start()
        await self._greet()
        self._beating = asyncio.create_task(self._beat(), name=f"{self._context.device}.heartbeat")

    async def aclose(self) -> None:
        """Stop talking to it; it will show that it misses its controller."""
        await self._stop_beating()
        await self._link.aclose()

    async def make_safe(self) -> None:
        """Lights off, no text, silence: what nobody keeps up to date misleads.

        Raises:
            BusError: the HMI does not answer; it will show by itself that it misses its controller.
        """
        there = self._welcome
        if there is None or there.lights:
            await self.dark()
        if there is not None and there.columns:
            await self.clear()
        if there is not None and there.sound:
            await self._link.ask(Kind.SOUND, sound_body(()))

    async def identify(self) -> Identity:
        """What the HMI says about itself.

        Raises:
            WrongIdentity: another model.
            BusError: it does not answer.
        """
        welcome = await self._hello()
        return Identity(vendor=welcome.vendor, model=welcome.model, serial=welcome.serial, firmware=welcome.firmware)

    # -- lights ---------------------------------------------------------------------------------------------------------------------

    @property
    def lights(self) -> int:
        """How many lights the HMI has; 0 until it has said so."""
        return 0 if self._welcome is None else self._welcome.lights

    @property
    def shown(self) -> Pattern | None:
        """The pattern that is shown."""
        return self._shown

    @property
    def patterns(self) -> Mapping[str, Pattern]:
        """The light language: pattern by state."""
        return self._patterns

    async def show(self, pattern: Pattern) -> None:
        """Show a pattern until the next call.

        Raises:
            Unsupported: the HMI has no lights.
            ConfigError: no colour, or more than a frame holds.
            BusError: the HMI does not answer; the pattern is shown as soon as it is back.
        """
        if not 1 <= len(pattern.colours) <= COLOURS:
            raise ConfigError(f"a pattern needs 1 to {COLOURS} colours, not {len(pattern.colours)}", device=self._context.device)
        self._need(fitted=self._welcome is None or self._welcome.lights > 0, what="lights")
        self._shown = pattern
        await self._ask(Kind.LIGHTS, pattern_body(pattern, self._options.brightness))

    async def show_state(self, state: str) -> None:
        """Show what the light language says for a state.

        Raises:
            ConfigError: the language has no such state.
            BusError: as with :meth:`show`.
        """
        await self.show(pattern_of(self._patterns, state, self._context.device))

    async def dark(self) -> None:
        """Switch every light off.

        Raises:
            BusError: the HMI does not answer.
        """
        self._shown = None
        await self._ask(Kind.LIGHTS, dark_body())

    # -- text -----------------------------------------------------------------------------------------------------------------------

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, in characters; (0, 0) until the HMI has said so, or if it has no display."""
        return (0, 0) if self._welcome is None else (self._welcome.columns, self._welcome.rows)

    async def show_text(self, lines: Sequence[str]) -> None:
        """Replace what is shown; only rows that differ are sent.

        Raises:
            Unsupported: the HMI has no display.
            BusError: it does not answer; the text is shown as soon as it is back.
        """
        self._need(fitted=self._welcome is None or self._welcome.columns > 0, what="display")
        self._lines = tuple(lines)
        await self._draw()

    async def clear(self) -> None:
        """Show no text.

        Raises:
            BusError: the HMI does not answer.
        """
        await self.show_text(())

    async def _draw(self) -> None:
        async with self._drawing:
            columns, rows = self.size
            for row in range(rows):
                text = _printable(self._lines[row])[:columns] if row < len(self._lines) else ""
                if self._rows.get(row) != text:
                    self._rows.pop(row, None)  # until it is answered nobody knows
                    await self._ask(Kind.TEXT, row_body(row, text))
                    self._rows[row] = text

    # -- sound ----------------------------------------------------------------------------------------------------------------------

    async def play(self, beeps: tuple[Beep, ...]) -> None:
        """Play a sequence to its end; silent again when cancelled. Sequences asked for at the same time follow each other.

        Raises:
            Unsupported: the HMI makes no sounds.
            ConfigError: tones that do not fit a frame.
            BusError: the HMI does not answer.
        """
        self._need(fitted=self._welcome is None or self._welcome.sound, what="sounder")
        fits = all(0 <= beep.on_s <= 60 and 0 <= beep.off_s <= 60 and 20 <= beep.frequency_hz <= 20_000 for beep in beeps)
        if len(beeps) > TONES or not fits:
            raise ConfigError(
                "these tones cannot be played", device=self._context.device, hint=f"{TONES} tones of up to 60 s, 20 Hz to 20 kHz"
            )
        async with self._playing:
            if not beeps:
                return
            await self._ask(Kind.SOUND, sound_body(beeps))
            try:
                await self._context.clock.sleep(sum(beep.on_s + beep.off_s for beep in beeps))
            except asyncio.CancelledError:
                try:
                    await self._link.ask(Kind.SOUND, sound_body(()))
                except (BusError, DeviceError) as error:
                    self._context.log.debug("%s: could not be silenced: %s", self._context.device, error)
                raise

    # -- buttons ----------------------------------------------------------------------------------------------------------------------

    @property
    def presses(self) -> Events[ButtonEvent]:
        """Every button of the HMI, debounced by its firmware."""
        return self._presses

    async def read_input(self) -> DigitalReading:
        """Whether the button of this device is pressed, as the HMI says now.

        Raises:
            BusError: the HMI does not answer.
        """
        await self._heartbeat()
        return self._reading()

    @property
    def changes(self) -> Events[DigitalReading]:
        """Changes of the button of this device."""
        return self._changes

    def _reading(self) -> DigitalReading:
        active = bool(self._pressed >> self._options.button & 1)
        return DigitalReading(stamp=self._context.clock.stamp(), source=self._context.device, active=active)

    def _take_buttons(self, pressed: int) -> None:
        """Publish what changed; an event that got lost is made up for by the next heartbeat."""
        changed, self._pressed = self._pressed ^ pressed, pressed
        for button in range(16):
            if changed >> button & 1:
                self._presses.publish(ButtonEvent(button, bool(pressed >> button & 1)))
        if changed >> self._options.button & 1:
            self._changes.publish(self._reading())

    # -- conversation -----------------------------------------------------------------------------------------------------------------

    def _heard(self, frame: Frame) -> None:
        if frame.kind == Kind.STARTED:
            self._started.set()
        elif (told := parse_button(frame.body)) is not None:
            button, pressed = told
            self._take_buttons(self._pressed & ~(1 << button) | pressed << button)

    async def _hello(self) -> Welcome:
        welcome = parse_welcome(await self._link.ask(Kind.HELLO, hello_body(self._options.lost_after_s)), self._context.device)
        lowest, highest = VERSIONS
        if not lowest <= welcome.version <= highest:
            raise WrongIdentity(
                f"{welcome.model} speaks no version of the protocol from {lowest} to {highest}",
                device=self._context.device,
                hint=f"update its firmware ({welcome.firmware}), or this library",
            )
        if self._options.model not in {"", welcome.model}:
            raise WrongIdentity(
                f"it is a {welcome.vendor} {welcome.model}, not a {self._options.model}",
                device=self._context.device,
                hint="see the option model, or the bus's path",
            )
        return welcome

    async def _greet(self) -> None:
        async with self._greeting:
            self._started.clear()
            self._welcome = await self._hello()
            self._rows.clear()
            alive = parse_alive(await self._link.ask(Kind.HEARTBEAT), self._context.device)
            self._uptime_s = alive.uptime_s
            self._take_buttons(alive.pressed)
            if self._shown is not None and self._welcome.lights:
                await self._link.ask(Kind.LIGHTS, pattern_body(self._shown, self._options.brightness))
            if self._welcome.columns:
                await self._draw()

    async def _ask(self, kind: Kind, body: bytes) -> bytes:
        """Ask; an HMI that started anew is greeted first, and shows then what it is to show."""
        if self._welcome is None:
            raise BusClosed("the HMI has not been there yet", device=self._context.device, hint="it is set up as soon as it is")
        try:
            return await self._link.ask(kind, body)
        except DeviceRefused as error:
            if error.code != Refusal.NO_HELLO:
                raise
            self._started.set()
            raise BusClosed("the HMI has started anew", device=self._context.device, hint="it is set up again at once") from error

    async def _heartbeat(self) -> None:
        alive = parse_alive(await self._ask(Kind.HEARTBEAT, b""), self._context.device)
        if alive.uptime_s < self._uptime_s:
            self._started.set()
        self._uptime_s = alive.uptime_s
        self._take_buttons(alive.pressed)

    async def _beat(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._options.heartbeat_s):
                    await self._started.wait()
            except TimeoutError:
                pass
            anew = self._started.is_set()
            try:
                if anew:
                    self._context.log.info("%s: the HMI has started anew and is set up again", self._context.device)
                    await self._greet()
                else:
                    await self._heartbeat()
            except WrongIdentity as error:
                self._context.health.fault(str(error), error)
            except (BusError, DeviceError) as error:  # bus errors are in the health already, through the port
                self._context.log.debug("%s: the heartbeat failed: %s", self._context.device, error)
                if anew:
                    await self._context.clock.sleep(self._options.heartbeat_s)
                    self._started.set()

    async def _stop_beating(self) -> None:
        task, self._beating = self._beating, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def _need(self, *, fitted: bool, what: str) -> None:
        if not fitted:
            raise Unsupported(f"this HMI has no {what}", device=self._context.device)


def _printable(text: str) -> str:
    """Characters for one row: controls would mean something to a terminal, and nothing to a display."""
    return "".join(character if character.isprintable() else " " for character in text)
