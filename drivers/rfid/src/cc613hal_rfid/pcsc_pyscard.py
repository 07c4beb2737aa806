"""PC/SC through pyscard: the only module of this package that imports ``smartcard``, and only when a terminal is opened.

pyscard's calls block, so each terminal has two threads of its own with a context each: one waits for changes, the other talks to the card.
Facts: PC/SC part 5 and pcsc-lite's ``winscard.h``; results are compared by name, so that no number has to be repeated here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from attrs import frozen

from cc613hal.bus.linux.worker import Worker
from cc613hal.errors import BusBusy, BusClosed, BusError, BusMissing, BusPermission, BusTimeout, Unsupported
from cc613hal_rfid.terminal_port import CardGone, SlotState, TerminalPort

__all__ = ["PyscardTerminal"]

T = TypeVar("T")

_SLICE_S = 0.5
"""Longest single wait for a change: so long a cancelled wait may still take."""

_SERVICE_GONE = {"SCARD_E_NO_SERVICE", "SCARD_E_SERVICE_STOPPED", "SCARD_E_INVALID_HANDLE", "SCARD_F_COMM_ERROR", "SCARD_F_INTERNAL_ERROR"}
"""The service ended, or is another one than before."""
_NO_READER = {"SCARD_E_NO_READERS_AVAILABLE", "SCARD_E_UNKNOWN_READER", "SCARD_E_READER_UNAVAILABLE"}
_FORBIDDEN = {"SCARD_E_NO_ACCESS", "SCARD_W_SECURITY_VIOLATION"}
_NO_CARD = {
    "SCARD_E_NO_SMARTCARD",
    "SCARD_W_REMOVED_CARD",
    "SCARD_W_UNPOWERED_CARD",
    "SCARD_W_UNRESPONSIVE_CARD",
    "SCARD_W_RESET_CARD",
    "SCARD_E_NOT_TRANSACTED",
    "SCARD_E_PROTO_MISMATCH",
    "SCARD_F_COMM_ERROR",
}
_NO_ESCAPE = {"SCARD_E_UNSUPPORTED_FEATURE", "SCARD_E_INVALID_VALUE", "SCARD_E_INVALID_PARAMETER", "SCARD_E_NOT_TRANSACTED"}

_ASKING, _CONNECTING, _SENDING = "asking for the PC/SC service", "connecting to the card", "sending an APDU"
_COMMANDING = "a command to the terminal"


@frozen
class _Refused(Exception):  # noqa: N818  # an answer of the service, translated at the border of this module
    names: frozenset[str]
    text: str
    doing: str


class PyscardTerminal(TerminalPort):
    """A terminal of the system's PC/SC service.

    Args:
        device: for error messages and the threads' names.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._reader = ""
        self._watcher: Worker | None = None
        self._talker: Worker | None = None
        self._scard: Any = None
        self._watching: Any = None
        self._talking: Any = None
        self._card: tuple[Any, Any] | None = None
        self._raw_state = 0

    async def open(self, wanted: str) -> str:
        """Find a terminal."""
        await self.aclose()
        try:
            from smartcard import scard  # noqa: PLC0415  # an optional extra, needed only here
        except ImportError as error:
            raise BusMissing(
                f"pyscard cannot be used: {error}", device=self._device, hint="pip install 'cc613hal-rfid[pcsc]'; it needs libpcsclite"
            ) from error
        self._scard = scard
        self._watcher, self._talker = Worker(f"{self._device}-watch"), Worker(f"{self._device}-card")
        try:
            self._watching = await self._run(self._watcher, self._establish)
            self._talking = await self._run(self._talker, self._establish)
            names: list[str] = await self._run(self._watcher, self._list)
            self._reader = self._choose(names, wanted)
        except BusError:
            await self.aclose()
            raise
        return self._reader

    async def wait(self, known: SlotState | None, timeout_s: float) -> SlotState:
        """Wait for a change, in slices."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + timeout_s
        while True:
            left_s = 0.0 if known is None else max(0.0, until_s - loop.time())
            state = await self._run(self._watcher, self._status, known is not None, min(left_s, _SLICE_S))
            if state != known or loop.time() >= until_s:
                return state

    async def transmit(self, apdu: bytes, timeout_s: float) -> bytes:
        """Exchange an APDU. The service has no time limit of its own: an answer that comes too late is thrown away."""
        exchange = asyncio.ensure_future(self._run(self._talker, self._transmit, apdu))
        try:
            done, _ = await asyncio.wait({exchange}, timeout=timeout_s)
        except asyncio.CancelledError:
            exchange.cancel()
            raise
        if not done:
            exchange.add_done_callback(_look_at)
            raise BusTimeout(f"the card does not answer within {timeout_s:g} s", device=self._device)
        return exchange.result()

    async def direct(self, command: bytes) -> bytes:
        """CCID escape."""
        return await self._run(self._talker, self._escape, command)

    async def forget_card(self) -> None:
        """Disconnect."""
        if self._talker is not None:
            await self._run(self._talker, self._disconnect)

    async def aclose(self) -> None:
        """Release both contexts on their threads."""
        watcher, talker, self._watcher, self._talker = self._watcher, self._talker, None, None
        for worker, context in ((watcher, self._watching), (talker, self._talking)):
            if worker is not None:
                await worker.aclose(lambda context=context: self._release(context))  # type: ignore[misc]  # the default binds the loop's value
        self._watching = self._talking = None
        self._card = None
        self._raw_state = 0

    # -- on the threads ---------------------------------------------------------------------------------------------------------------

    def _checked(self, answer: Any, doing: str) -> Any:
        """What a call of pyscard returned besides its result code."""
        code, *rest = answer if isinstance(answer, (list, tuple)) else (answer,)
        if code != self._scard.SCARD_S_SUCCESS:
            known = (name for name in dir(self._scard) if name.startswith(("SCARD_E_", "SCARD_W_", "SCARD_F_")))
            names = frozenset(name for name in known if getattr(self._scard, name) == code)  # pcsc-lite gives one number two names
            raise _Refused(names, str(self._scard.SCardGetErrorMessage(code)), doing)
        return rest[0] if len(rest) == 1 else rest

    def _establish(self) -> Any:
        return self._checked(self._scard.SCardEstablishContext(self._scard.SCARD_SCOPE_SYSTEM), _ASKING)

    def _release(self, context: Any) -> None:
        if context is not None:
            self._scard.SCardReleaseContext(context)

    def _list(self) -> list[str]:
        try:
            return list(self._checked(self._scard.SCardListReaders(self._watching, []), "listing the terminals"))
        except _Refused as refused:
            if refused.names & _NO_READER:
                return []
            raise

    def _status(self, follow: bool, seconds: float) -> SlotState:
        scard = self._scard
        before = self._raw_state if follow else scard.SCARD_STATE_UNAWARE
        answer = scard.SCardGetStatusChange(self._watching, round(seconds * 1000), [(self._reader, before)])
        states = answer[1] if answer[0] == scard.SCARD_E_TIMEOUT else self._checked(answer, f"waiting for {self._reader}")
        _, state, atr = states[0]
        if state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE):
            raise _Refused(frozenset({"SCARD_E_READER_UNAVAILABLE"}), "the reader was unplugged", f"waiting for {self._reader}")
        self._raw_state = state & ~scard.SCARD_STATE_CHANGED
        there = state & scard.SCARD_STATE_PRESENT and not state & scard.SCARD_STATE_MUTE
        return SlotState(atr=bytes(atr) if there else b"", count=state >> 16)

    def _transmit(self, apdu: bytes) -> bytes:
        if self._card is None:
            scard = self._scard
            protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
            card, protocol = self._checked(
                scard.SCardConnect(self._talking, self._reader, scard.SCARD_SHARE_SHARED, protocols), _CONNECTING
            )
            self._card = card, scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        card, protocol = self._card
        try:
            return bytes(self._checked(self._scard.SCardTransmit(card, protocol, list(apdu)), _SENDING))
        except _Refused:
            self._disconnect(self._scard.SCARD_RESET_CARD)  # so that the service looks who is there now
            raise

    def _escape(self, command: bytes) -> bytes:
        scard = self._scard
        card, _ = self._checked(scard.SCardConnect(self._talking, self._reader, scard.SCARD_SHARE_DIRECT, 0), "connecting to the terminal")
        try:
            # CM_IOCTL of the CCID driver on Linux (libccid, SCARD_CTL_CODE(1)); it has to be allowed by ifdDriverOptions bit 0
            return bytes(self._checked(scard.SCardControl(card, scard.SCARD_CTL_CODE(1), list(command)), _COMMANDING))
        finally:
            scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)

    def _disconnect(self, disposition: int | None = None) -> None:
        if self._card is not None:
            (card, _), self._card = self._card, None
            self._scard.SCardDisconnect(card, self._scard.SCARD_LEAVE_CARD if disposition is None else disposition)

    # -- between the threads and the loop -----------------------------------------------------------------------------------------------

    async def _run(self, worker: Worker | None, call: Callable[..., T], *arguments: object) -> T:
        if worker is None:
            raise BusClosed("the terminal is not open", device=self._device, transient=True)
        try:
            return await worker.run(call, *arguments)
        except _Refused as refused:
            raise self._translated(refused) from refused

    def _translated(self, refused: _Refused) -> BusError | CardGone | Unsupported:
        text = f"{refused.doing}: {refused.text}"
        if refused.names & _FORBIDDEN:
            return BusPermission(text, device=self._device, hint="allow it by a polkit rule for org.debian.pcsc-lite.access_pcsc")
        if "SCARD_E_SHARING_VIOLATION" in refused.names:
            return BusBusy(text, device=self._device, hint="another program has the card or the terminal for itself; end that one")
        if refused.doing in {_CONNECTING, _SENDING} and refused.names & _NO_CARD:
            return CardGone(text)
        if refused.doing == _COMMANDING and refused.names & _NO_ESCAPE:
            return Unsupported(text, device=self._device, hint="allow CCID escapes: ifdDriverOptions 0x0001 in libccid's Info.plist")
        if refused.doing == _ASKING and refused.names & _SERVICE_GONE:
            return BusMissing(text, device=self._device, hint="start pcscd (systemctl enable --now pcscd.socket)")
        if refused.names & (_SERVICE_GONE | _NO_READER):
            return BusClosed(text, device=self._device, hint="plug the terminal in again, and see whether pcscd runs", transient=True)
        return BusError(f"{text} ({', '.join(sorted(refused.names)) or 'unknown'})", device=self._device)

    def _choose(self, names: list[str], wanted: str) -> str:
        found = [name for name in names if wanted.lower() in name.lower()]
        known = f"there are: {', '.join(names)}" if names else "no terminal is plugged in, or its driver (libccid) is not installed"
        if not found:
            raise BusMissing(f"no terminal is called {wanted!r}" if wanted else "there is no terminal", device=self._device, hint=known)
        if len(found) > 1:
            raise BusBusy(f"{len(found)} terminals could be meant", device=self._device, hint=f"say which in the option reader; {known}")
        return found[0]


def _look_at(task: asyncio.Future[bytes]) -> None:
    """What nobody waits for any more must not be reported as forgotten."""
    if not task.cancelled():
        task.exception()
