"""A card reader that pretends to be a keyboard, read through Linux evdev and taken from everybody else.

Such readers tell nothing but a number: neither what card it is, nor when it is taken away. Facts: see :mod:`cc613hal_rfid.keys_port`.
"""

from __future__ import annotations

import asyncio

from attrs import field, frozen, validators

from cc613hal.errors import BusClosed, BusError, WrongIdentity
from cc613hal.interfaces import Card, CardTechnology, Identified, Identity, RefusalReason
from cc613hal.plugins import DeviceContext, Driver
from cc613hal_rfid.keys_port import EvdevKeys, InputEvent, KeysIdentity, KeysPort
from cc613hal_rfid.presentation import SeenCard
from cc613hal_rfid.reader import PollingReader
from cc613hal_rfid.typed import Content, Input, TypedOptions, TypedRefused, Typist, read_typed

__all__ = ["Keyboard", "KeyboardOptions"]


@frozen(kw_only=True)
class KeyboardOptions(TypedOptions):
    """Which reader it is, and how it types.

    Attributes:
        path: the reader: ``usb:VENDOR:PRODUCT[:SERIAL]`` (hexadecimal, as ``lsusb`` prints it), or a path under ``/dev/input/by-id``.
        name: what the device must call itself, or the beginning of it; empty for any name.
        away_s: a card counts as gone this long after it was typed, s; typed again before, it is the same presentation.
    """

    path: str = field(validator=validators.min_len(1))
    name: str = ""
    away_s: float = field(default=2.0, validator=[validators.ge(0.1), validators.le(60)])


class Keyboard(PollingReader, Driver, Identified):
    """A keyboard-wedge reader.

    From :meth:`connect` on nothing it types reaches anybody else. It has no field that could be switched off, and cannot exchange APDUs.

    Args:
        context: the device's place on its board.
        options: which reader, and how it types.
    """

    def __init__(self, context: DeviceContext, options: KeyboardOptions) -> None:
        super().__init__(context, options)
        self._options = options
        self._port: KeysPort | None = None
        self._identity = KeysIdentity("", 0, 0)
        self._typist = Typist(options)
        self._gap: asyncio.TimerHandle | None = None
        self._typed: tuple[SeenCard, float] | None = None
        self._news = asyncio.Event()

    async def connect(self) -> None:
        """Take the reader. Polling that was started before goes on.

        Raises:
            BusMissing: it is not plugged in.
            BusPermission: the user may not read it.
            BusBusy: another program has taken it.
            WrongIdentity: it cannot type, or calls itself something else.
        """
        self._drop()
        try:
            port = self._context.port(KeysPort, lambda: EvdevKeys(self._options.path, self._context.device))
            identity = port.open(self._heard, self._lost)
        except BusError as error:
            self._context.health.offline(error)
            raise
        if not identity.name.startswith(self._options.name):
            port.close()
            raise WrongIdentity(
                f"it calls itself {identity.name!r}, not {self._options.name!r}", device=self._context.device, hint="check the option path"
            )
        self._port, self._identity = port, identity
        self._connected.set()

    async def identify(self) -> Identity:
        """What the device calls itself.

        Raises:
            BusClosed: it is not there.
        """
        if self._port is None:
            raise self._away()
        return Identity(model=self._identity.name, hardware=f"usb:{self._identity.vendor:04x}:{self._identity.product:04x}")

    async def poll_once(self) -> tuple[Card, ...]:
        """The card that was typed within ``away_s``.

        Raises:
            BusClosed: the reader is not there.
        """
        if self._port is None:
            raise self._away()
        if self._typed is None or self._context.clock.monotonic_s() - self._typed[1] >= self._options.away_s:
            return ()
        return self._presentations.admitted([self._typed[0]])

    async def _step(self) -> None:
        if self._port is None:
            raise self._away()
        try:
            async with asyncio.timeout(self._options.away_s if self._presentations.any else None):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()
        self._presentations.forget()

    async def _field_off(self) -> None:
        return

    def _drop(self) -> None:
        port, self._port = self._port, None
        self._typed = None
        self._typist.forget()
        self._stop_waiting()
        self._news.set()
        if port is not None:
            port.close()

    def _away(self) -> BusClosed:
        return BusClosed("the reader is not there", device=self._context.device, hint="plug it in again", transient=True)

    # -- what it types --------------------------------------------------------------------------------------------------------------

    def _heard(self, event: InputEvent) -> None:
        typed = self._typist.hear(event)
        self._stop_waiting()
        if typed is not None:
            self._take(typed)
        elif self._typist.typing:
            self._gap = asyncio.get_running_loop().call_later(self._options.gap_s, self._paused)

    def _paused(self) -> None:
        typed = self._typist.pause()
        if typed is not None:
            self._take(typed)

    def _stop_waiting(self) -> None:
        if self._gap is not None:
            self._gap.cancel()
            self._gap = None

    def _take(self, typed: Input) -> None:
        try:
            if typed.spoilt:
                raise TypedRefused(typed.spoilt)
            uid = read_typed(typed.text, self._options)
        except TypedRefused as error:
            self._context.log.debug("%s: an input of %d characters is refused: %s", self._context.device, len(typed.text), error)
            if self._looks():
                self._presentations.refuse(RefusalReason.UNREADABLE, f"the input is refused: {error}")
            return
        text = self._options.content is Content.TEXT
        seen = SeenCard(uid=b"" if text else uid, technology=CardTechnology.KEYBOARD, text=uid.decode() if text else "")
        self._typed = seen, self._context.clock.monotonic_s()
        if self._looks():
            self._presentations.look([seen])
            self._news.set()

    def _looks(self) -> bool:
        """Whether somebody wants to hear of cards."""
        return self._polling is not None and not self._polling.done()

    def _lost(self, error: BusError) -> None:
        self._drop()
        self._context.health.offline(error)
