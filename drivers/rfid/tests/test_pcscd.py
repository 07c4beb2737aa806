"""The PC/SC reader on the real thing: pcscd with a virtual terminal (vpcd), pyscard, and cards that answer over a socket.

Runs where Debian's ``pcscd`` and ``vsmartcard-vpcd`` and Python's ``pyscard`` are installed and pcscd may be started; elsewhere it says
what is missing. pcscd has one place for its socket, so it is not tried beside one that runs already.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

from cc613hal.board import open_board
from cc613hal.board.reconnect import BackOff
from cc613hal.errors import CommandFailed, ConnectFailed
from cc613hal.health import HealthState
from cc613hal.interfaces import CardReader, CardRefusals, CardTechnology, Identified, SecureCardReader
from cc613hal.plant import FieldCard
from cc613hal.testing.bench import PART, board_for
from cc613hal_rfid.pcsc_emulation import atr_of

SOCKET = Path("/run/pcscd/pcscd.comm")
VPCD = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
PLAIN = FieldCard(uid=bytes.fromhex("DEADBEEF"))
SECURE = FieldCard(uid=bytes.fromhex("04A1B2C3D4E5F6"), sak=0x20, atqa=0x0344, ats=bytes.fromhex("7577810280"))


def missing() -> str:
    """Why the real thing cannot run here; empty if it can."""
    if find_spec("smartcard") is None:
        return "pyscard is not installed: make .venv/made-readers"
    if shutil.which("pcscd") is None:
        return "pcscd is not installed: apt install pcscd"
    if not VPCD.exists():
        return "the virtual terminal is not installed: apt install vsmartcard-vpcd"
    if os.geteuid() != 0:
        return "pcscd can only be started by root"
    if answers(SOCKET):
        return "another pcscd runs on this machine"
    return ""


def answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True


WHY_NOT = missing()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "it runs")


class Service:
    """pcscd with one virtual terminal on a free port."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.config = folder / "reader.conf"
        self.log = folder / "pcscd.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.config.write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{self.port:#x}\nLIBPATH {VPCD}\nCHANNELID {self.port:#x}\n'
        )

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(["pcscd", "--foreground", "--config", str(self.config)], stdout=log, stderr=log)
        until_s = time.monotonic() + 10
        while not answers(SOCKET):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < until_s, self.log.read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


@pytest.fixture
def service(tmp_path):
    running = Service(tmp_path)
    running.start()
    yield running
    running.stop()


@asynccontextmanager
async def card_in(service: Service, card: FieldCard, application=lambda apdu: bytes.fromhex("6A82")):
    """A card in the virtual terminal: vpcd asks over a socket, a message is a length of two bytes and a body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    line: socket.socket = writer.get_extra_info("socket")

    async def serve():
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                # vpcd sends length and body apart: without quick acknowledgements every message costs 40 ms
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                length = int.from_bytes(await reader.readexactly(2), "big")
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                body = await reader.readexactly(length)
                if length == 1 and body[0] in {0, 1, 2}:  # power off, power on, reset
                    continue
                if body == b"\x04":
                    answer = atr_of(card)
                else:
                    answer = card.uid + b"\x90\x00" if body == bytes.fromhex("FFCA000000") else application(body)
                if answer is None:
                    continue
                writer.write(len(answer).to_bytes(2, "big") + answer)

    serving = asyncio.create_task(serve())
    try:
        yield
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        await serving


class Bench:
    def __init__(self, board):
        self.board = board
        self.reader = board.get(CardReader, PART)
        self.secure = board.get(SecureCardReader, PART)
        self.health = board.health()[PART]
        self.seen: list[str] = []
        self.events = []
        self.reader.cards.on(self._heard)
        board.get(CardRefusals, PART).refusals.on(lambda refusal: self.seen.append(f"!{refusal.reason.value}"))

    def _heard(self, event):
        self.events.append(event)
        self.seen.append(f"{'+' if event.present else '-'}{event.card.uid}")

    async def until(self, *seen):
        await eventually(lambda: self.seen == list(seen))

    async def becomes(self, state):
        await eventually(lambda: self.health.state is state)

    async def sees_a_card(self):
        async with asyncio.timeout(10):
            while not await self.reader.poll_once():  # noqa: ASYNC110  # the card arrives over a socket of another program
                await asyncio.sleep(0.02)


async def eventually(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  # pcscd is another program
            await asyncio.sleep(0.02)


@asynccontextmanager
async def bench(**options):
    wanted = {"reader": "Virtual PCD 00 00", "away_s": 0.2, "poll_s": 0.05, **options}
    back_off = BackOff(first_s=0.1, longest_s=0.3)
    async with open_board(board_for("rfid.pcsc", options=wanted), back_off=back_off) as board:
        yield Bench(board)


async def test_cards_come_and_go(service):
    async with bench() as b:
        await b.reader.start_polling()
        async with card_in(service, PLAIN):
            await b.until("+DEADBEEF")
        await b.until("+DEADBEEF", "-DEADBEEF")
        async with card_in(service, SECURE):
            await b.until("+DEADBEEF", "-DEADBEEF", "+04A1B2C3D4E5F6")
        technologies = [event.card.technology for event in b.events if event.present]
        assert technologies == [CardTechnology.MIFARE_CLASSIC, CardTechnology.ISO_DEP]
        assert b.events[-1].card.ats == bytes.fromhex("80")
        assert (await b.board.get(Identified, PART).identify()).model == "Virtual PCD 00 00"


async def test_apdus_reach_the_card_and_a_leaving_card_is_noticed(service):
    async with bench() as b:
        async with card_in(service, SECURE, lambda apdu: apdu[::-1] + b"\x90\x00"):
            await b.sees_a_card()
            assert await b.secure.transceive(bytes.fromhex("00A40400"), timeout_s=2) == bytes.fromhex("0004A4009000")
            long_apdu = bytes.fromhex("00D60000FA") + bytes(range(250))
            assert await b.secure.transceive(long_apdu, timeout_s=2) == long_apdu[::-1] + b"\x90\x00"
        with pytest.raises(CommandFailed):
            await b.secure.transceive(bytes.fromhex("00A40400"), timeout_s=2)
        await asyncio.sleep(1)  # pcscd looks at a virtual terminal every 0.4 s, and would not notice the swap
        async with card_in(service, PLAIN):
            await b.sees_a_card()
            with pytest.raises(CommandFailed, match="no ISO-DEP card"):
                await b.secure.transceive(bytes.fromhex("00A40400"))
        assert b.health.state is HealthState.OK


async def test_a_service_that_ends_and_comes_back_goes_on(service):
    async with bench() as b:
        await b.reader.start_polling()
        service.stop()
        await b.becomes(HealthState.OFFLINE)
        service.start()
        await b.becomes(HealthState.OK)
        async with card_in(service, PLAIN):
            await b.until("+DEADBEEF")


@pytest.mark.parametrize(("reader", "words"), [("ACR122U", "no terminal is called 'ACR122U'"), ("virtual", "2 terminals could be meant")])
async def test_a_terminal_that_cannot_be_found_is_named_with_what_there_is(service, reader, words):
    with pytest.raises(ConnectFailed, match=words) as caught:
        async with bench(reader=reader):
            pass
    assert "Virtual PCD 00 00" in caught.value.failures[PART].hint


async def test_commands_to_the_terminal_itself_are_a_loss_and_no_failure_where_they_are_refused(service):
    async with bench(direct=True) as b:
        assert b.health.state is HealthState.DEGRADED
        async with card_in(service, PLAIN):
            await b.reader.start_polling()
            await b.until("+DEADBEEF")


async def test_without_the_service_it_says_how_to_start_it(tmp_path):
    with pytest.raises(ConnectFailed, match="PC/SC service") as caught:
        async with bench():
            pass
    assert "pcscd" in caught.value.failures[PART].hint
