"""ISO/IEC 14443-4, the reader's side: activation, blocks, chaining, waiting time, recovery. For readers that leave it to the host.

Section numbers are those of ISO/IEC 14443-4. Neither CID nor NAD is used: one card is active at a time. A lost block is asked for again by
its number (rule 4 and 6 of section 7.5.4.2), so the card never carries out a command twice.
"""

from __future__ import annotations

from attrs import frozen

from cc613hal_rfid.cards import historical_bytes
from cc613hal_rfid.iso14443a import RfAnswer, RfLink, crc_ok, with_crc

__all__ = ["CardLost", "IsoDep", "rats"]

_FRAME_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256)
"""FSDI and FSCI to bytes (section 5.1)."""

_FSDI_64 = 5
"""Our frame size, 64 bytes: what the FIFO of common readers holds."""

_FWI_DEFAULT = 4
"""Frame waiting time without TB1 (section 5.2.5)."""

_FWT_UNIT_S = 4096 / 13.56e6
"""256 · 16 / fc (section 7.2)."""

_FWT_EXTRA_S = 49152 / 13.56e6
"""ΔFWT = 49152 / fc: what the reader waits beyond it (section 7.2)."""

_ACTIVATION_S = 65536 / 13.56e6 + _FWT_EXTRA_S
"""Activation frame waiting time (section 5.1 and ISO/IEC 14443-3)."""

_RETRIES = 2

I_BLOCK, CHAINING, R_ACK, R_NAK, S_DESELECT, S_WTX = 0x02, 0x10, 0xA2, 0xB2, 0xC2, 0xF2
"""Protocol control bytes (section 7.1.1)."""


class CardLost(Exception):  # noqa: N818  # says what happened
    """The card does not answer any more, or not in this protocol."""


@frozen(kw_only=True)
class _Ats:
    frame: int
    wait_s: float
    historical: bytes
    raw: bytes

    @classmethod
    def read(cls, raw: bytes) -> _Ats:
        """From an answer to select without its length byte (section 5.2)."""
        if not raw:
            return cls(frame=32, wait_s=_FWT_UNIT_S * 2**_FWI_DEFAULT, historical=b"", raw=raw)
        frame = _FRAME_SIZES[min(raw[0] & 0x0F, len(_FRAME_SIZES) - 1)]
        at = 1 + bool(raw[0] & 0x10)
        fwi = raw[at] >> 4 if raw[0] & 0x20 and len(raw) > at else _FWI_DEFAULT
        wait_s = _FWT_UNIT_S * 2 ** (fwi if fwi < 15 else _FWI_DEFAULT)
        return cls(frame=frame, wait_s=wait_s, historical=historical_bytes(raw), raw=raw)


async def rats(link: RfLink) -> IsoDep | None:
    """Activate the selected card (section 5.6.1): a RATS, and once more if nothing understandable comes.

    Returns:
        ``None`` if the card does not speak the protocol after all.

    Raises:
        BusError: the reader does not work.
    """
    for _ in range(_RETRIES):
        answer = await link.exchange(with_crc(bytes((0xE0, _FSDI_64 << 4))), timeout_s=_ACTIVATION_S)
        if answer is not None and _intact(answer) and answer.data[0] == len(answer.data) - 2:
            return IsoDep(link, answer.data[1:-2])
    return None


class IsoDep:
    """An active card.

    Args:
        link: the field it is in.
        ats: its answer to select, without the length byte.
    """

    def __init__(self, link: RfLink, ats: bytes) -> None:
        self._link = link
        self._ats = _Ats.read(ats)
        self._number = 0

    @property
    def ats(self) -> bytes:
        """Its answer to select, without the length byte."""
        return self._ats.raw

    @property
    def historical(self) -> bytes:
        """The historical bytes of its answer to select."""
        return self._ats.historical

    async def transceive(self, apdu: bytes, timeout_s: float) -> bytes:
        """Send a command and return the answer.

        Args:
            apdu: the command.
            timeout_s: longest wait for one block, also if the card asks for more, s.

        Raises:
            CardLost: it does not answer any more.
            BusError: the reader does not work.
        """
        size = min(self._ats.frame, _FRAME_SIZES[_FSDI_64]) - 3
        pieces = [apdu[at : at + size] for at in range(0, len(apdu), size)]
        block = b""
        for index, piece in enumerate(pieces):
            more = index < len(pieces) - 1
            block = await self._block(I_BLOCK | (CHAINING if more else 0), piece, timeout_s, acknowledged=more)
        answer = block[1:]
        while block[0] & CHAINING:
            block = await self._block(R_ACK, b"", timeout_s, acknowledged=False)
            answer += block[1:]
        return answer

    async def deselect(self) -> bool:
        """Send the card to sleep (section 8); whether it acknowledged.

        Raises:
            BusError: the reader does not work.
        """
        for _ in range(_RETRIES):
            answer = await self._link.exchange(with_crc(bytes((S_DESELECT,))), timeout_s=_ACTIVATION_S)
            if answer is not None and _intact(answer) and answer.data[0] == S_DESELECT:
                return True
        return False

    async def _block(self, control: int, data: bytes, timeout_s: float, *, acknowledged: bool) -> bytes:
        """Send a block until the right answer to it comes; the answer without its check sum. Moves on to the next block number."""
        block = bytes((control | self._number,)) + data
        sent, tries, repeats = block, 0, 0
        while True:
            answer = await self._exchange(sent, timeout_s)
            if answer is not None and self._fits(answer, acknowledged):
                self._number ^= 1
                return answer
            if answer is not None and answer[0] & 0xF6 == R_ACK and answer[0] & 1 != self._number and repeats < _RETRIES:
                sent, tries, repeats = block, 0, repeats + 1  # it never got our block (rule 6)
                continue
            tries += 1
            if tries > _RETRIES:
                raise CardLost("no answer" if answer is None else f"block {answer.hex(' ').upper()} instead of an answer")
            # in a chain of the card's our acknowledgement is repeated (rule 5); otherwise the card is asked for its block again (rule 4)
            sent = block if control & 0xE0 == R_ACK & 0xE0 else bytes((R_NAK | self._number,))

    def _fits(self, answer: bytes, acknowledged: bool) -> bool:
        if answer[0] & 1 != self._number:
            return False
        return answer[0] & 0xF6 == R_ACK if acknowledged else answer[0] & 0xE2 == I_BLOCK

    async def _exchange(self, block: bytes, timeout_s: float) -> bytes | None:
        """One block out and one in; requests for more time are granted (section 7.3)."""
        wait_s = min(self._ats.wait_s + _FWT_EXTRA_S, timeout_s)
        granted_s = 0.0
        while True:
            answer = await self._link.exchange(with_crc(block), timeout_s=wait_s)
            if answer is None or not _intact(answer):
                return None
            if answer.data[0] != S_WTX or len(answer.data) != 4:
                return answer.data[:-2]
            multiplier = answer.data[1] & 0x3F
            wait_s = min(self._ats.wait_s * max(multiplier, 1) + _FWT_EXTRA_S, timeout_s)
            granted_s += wait_s
            if granted_s > timeout_s:
                raise CardLost(f"still computing after {timeout_s:g} s")
            block = bytes((S_WTX, multiplier))


def _intact(answer: RfAnswer) -> bool:
    return not answer.damaged and answer.collision is None and answer.bits == 0 and crc_ok(answer.data)
