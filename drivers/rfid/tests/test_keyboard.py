"""The keyboard-wedge reader as an application sees it, and its evdev side at the level of file descriptors."""

from __future__ import annotations

import asyncio
import errno
import os
import struct
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cc613hal.board import open_board
from cc613hal.bus.linux.nodes import UsbAdapter
from cc613hal.clock import run_virtual
from cc613hal.errors import BusBusy, BusClosed, BusMissing, BusPermission, ConfigError, ConnectFailed, WrongIdentity
from cc613hal.health import HealthState
from cc613hal.interfaces import CardReader, CardRefusals, CardSecurity, CardTechnology, Identified, RefusalReason
from cc613hal.plant import FieldCard, Simulation
from cc613hal.testing.bench import PART, board_for
from cc613hal_rfid.keyboard_emulation import keys_for
from cc613hal_rfid.keys_port import EvdevKeys, InputEvent, KeysIdentity, find_nodes

CARD = FieldCard(uid=bytes.fromhex("04A1B2C3D4E5F6"))
OTHER = FieldCard(uid=bytes.fromhex("DEADBEEF"))


class Bench:
    def __init__(self, simulation, board):
        self.simulation = simulation
        self.board = board
        self.reader = board.get(CardReader, PART)
        self.typing = simulation.plant.parts[PART]
        self.health = board.health()[PART]
        self.events = []
        self.refusals = []
        self.reader.cards.on(self.events.append)
        board.get(CardRefusals, PART).refusals.on(self.refusals.append)

    @property
    def seen(self):
        return [f"{'+' if event.present else '-'}{event.card.uid}" for event in self.events]

    async def hold(self, *cards, seconds=1.0):
        self.simulation.plant.cabinet.cards.set(tuple(cards))
        await asyncio.sleep(seconds)
        self.simulation.plant.cabinet.cards.set(())


@asynccontextmanager
async def bench(**options):
    description = board_for("rfid.keyboard", options={"path": "usb:ffff:0035", **options})
    async with Simulation(description) as simulation, open_board(description, simulation.buses, clock=simulation.clock) as board:
        yield Bench(simulation, board)


def test_a_typed_card_comes_and_goes_after_its_time():
    async def main():
        async with bench() as b:
            await b.reader.start_polling()
            await b.hold(CARD)
            assert b.seen == ["+04A1B2C3D4E5F6"]
            await asyncio.sleep(5)
            assert b.seen == ["+04A1B2C3D4E5F6", "-04A1B2C3D4E5F6"]
            card = b.events[0].card
            assert (card.technology, card.security, card.raw_uid) == (CardTechnology.KEYBOARD, CardSecurity.UID, CARD.uid)

    run_virtual(main())


def test_a_card_held_again_and_again_is_one_presentation():
    async def main():
        async with bench() as b:
            await b.reader.start_polling()
            for _ in range(5):
                await b.hold(CARD)
            await asyncio.sleep(5)
            await b.hold(CARD)
            assert b.seen == ["+04A1B2C3D4E5F6", "-04A1B2C3D4E5F6", "+04A1B2C3D4E5F6"]

    run_virtual(main())


@pytest.mark.parametrize("terminator", ["enter", "tab", "none"])
@pytest.mark.parametrize("layout", ["us", "de", "fr"])
def test_each_layout_and_terminator(layout, terminator):
    async def main():
        async with bench(layout=layout, terminator=terminator) as b:
            await b.reader.start_polling()
            await b.hold(CARD)
            assert b.seen == ["+04A1B2C3D4E5F6"]

    run_virtual(main())


@pytest.mark.parametrize(
    ("options", "uid"),
    [
        ({"content": "decimal", "digits": 10}, "DEADBEEF"),
        ({"content": "decimal", "digits": 10, "typed_order": "reversed"}, "DEADBEEF"),
        ({"content": "decimal", "digits": 10, "uid_form": "decimal-10"}, "3735928559"),
        ({"content": "wiegand-26"}, "ADBEEF"),
        ({"content": "text"}, "DEADBEEF"),
        ({"start": ";", "end": "?", "uid_case": "lower"}, "deadbeef"),
    ],
)
def test_each_content(options, uid):
    async def main():
        async with bench(**options) as b:
            await b.reader.start_polling()
            await b.hold(OTHER)
            assert b.seen == [f"+{uid}"]

    run_virtual(main())


@pytest.mark.parametrize("fault", ["break_off", "lose_keys"])
def test_a_truncated_input_is_refused_once_and_the_next_is_read(fault):
    async def main():
        async with bench() as b:
            await b.reader.start_polling()
            setattr(b.typing, fault, 1)
            await b.hold(CARD)
            assert b.seen == []
            assert [refusal.reason for refusal in b.refusals] == [RefusalReason.UNREADABLE]
            assert CARD.uid.hex().upper()[:6] not in b.refusals[0].detail
            await b.hold(CARD)
            assert b.seen == ["+04A1B2C3D4E5F6"]
            assert b.health.state is HealthState.OK

    run_virtual(main())


def test_what_is_broken_off_does_not_become_the_beginning_of_the_next():
    async def main():
        async with bench() as b:
            await b.reader.start_polling()
            b.typing.type("0000", enter=False)
            await asyncio.sleep(1)
            await b.hold(OTHER)
            assert b.seen == ["+DEADBEEF"]
            assert len(b.refusals) == 1

    run_virtual(main())


def test_garbage_in_front_is_refused():
    async def main():
        async with bench() as b:
            await b.reader.start_polling()
            b.typing.garbage = "xyz"
            await b.hold(OTHER)
            assert (b.seen, len(b.refusals)) == ([], 1)

    run_virtual(main())


def test_nobody_hears_what_is_typed_while_nobody_asks():
    async def main():
        async with bench() as b:
            await b.hold(CARD)
            assert [card.uid for card in await b.reader.poll_once()] == ["04A1B2C3D4E5F6"]
            await asyncio.sleep(5)
            assert await b.reader.poll_once() == ()
            assert (b.seen, b.refusals) == ([], [])

    run_virtual(main())


def test_random_numbers_can_be_refused():
    async def main():
        async with bench(random_uid="refuse") as b:
            await b.reader.start_polling()
            await b.hold(FieldCard(uid=bytes.fromhex("08112233")))
            assert (b.seen, [refusal.reason for refusal in b.refusals]) == ([], [RefusalReason.RANDOM_UID])

    run_virtual(main())


def test_unplugged_and_back_it_goes_on():
    async def main():
        async with bench() as b:
            await b.reader.start_polling()
            b.simulation.faults(PART).unplug()
            await asyncio.sleep(0)
            assert b.health.state is HealthState.OFFLINE
            with pytest.raises(BusClosed):
                await b.reader.poll_once()
            with pytest.raises(BusClosed):
                await b.board.get(Identified, PART).identify()
            await asyncio.sleep(20)
            b.simulation.faults(PART).plug()
            await asyncio.sleep(40)
            assert b.health.state is HealthState.OK
            await b.hold(CARD)
            assert b.seen == ["+04A1B2C3D4E5F6"]
            assert (await b.board.get(Identified, PART).identify()).hardware == "usb:ffff:0035"

    run_virtual(main())


def test_another_device_in_its_place_is_refused():
    async def main():
        with pytest.raises(ConnectFailed, match="calls itself"):
            async with bench(name="Yubico"):
                pass

    run_virtual(main())


# -- evdev, at the level of file descriptors ---------------------------------------------------------------------------------------------

EVENT = struct.Struct("@llHHi")
DIGIT_KEYS = bytes((0xFC, 0x0F))  # bits 2 to 11: KEY_1 to KEY_0


def record(event: InputEvent) -> bytes:
    return EVENT.pack(1, 2, event.type, event.code, event.value)


class Kernel:
    """The four ioctls, answered as evdev does."""

    def __init__(self, keys=DIGIT_KEYS, grab=0):
        self.keys, self.grab_error, self.grabbed = keys, grab, False

    def __call__(self, fd, request, argument=0):
        if request == 0x40044590:
            if self.grab_error:
                raise OSError(self.grab_error, os.strerror(self.grab_error))
            self.grabbed = bool(argument)
        elif request & 0xFFFF == 0x4502:
            argument[:] = struct.pack("@HHHH", 3, 0xFFFF, 0x0035, 0x0110)
        elif request & 0xFFFF == 0x4506:
            argument[:7] = b"Reader\0"
        elif request & 0xFFFF == 0x4521:
            argument[: len(self.keys)] = self.keys
        else:
            raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
        return 0


@pytest.fixture
def fifo(tmp_path):
    path = tmp_path / "event7"
    os.mkfifo(path)
    return path


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # what is waited for comes from a file descriptor
            await asyncio.sleep(0.005)


async def test_records_arrive_whole_however_they_are_cut(fifo):
    kernel, heard, lost = Kernel(), [], []
    port = EvdevKeys(str(fifo), "reader", kernel)
    assert port.open(heard.append, lost.append) == KeysIdentity("Reader", 0xFFFF, 0x0035)
    assert kernel.grabbed
    events = list(keys_for("DEADBEEF"))
    data = b"".join(map(record, events))
    pen = os.open(fifo, os.O_WRONLY)
    for at in range(0, len(data), 37):
        os.write(pen, data[at : at + 37])
        await asyncio.sleep(0)
    await until(lambda: len(heard) >= len(events))
    assert heard == events
    os.close(pen)
    await until(lambda: bool(lost))
    assert isinstance(lost[0], BusClosed)  # the writer went: end of file
    port.close()


async def test_a_node_that_cannot_type_is_refused(fifo):
    with pytest.raises(WrongIdentity, match="no digit keys"):
        EvdevKeys(str(fifo), "reader", Kernel(keys=b"\0\0")).open(print, print)


async def test_a_file_that_is_no_input_device_is_refused(fifo):
    with pytest.raises(WrongIdentity, match="no input device"):
        EvdevKeys(str(fifo), "reader").open(print, print)  # the real ioctl on a real pipe


async def test_a_reader_that_somebody_else_has_is_busy(fifo):
    with pytest.raises(BusBusy, match="for this program alone"):
        EvdevKeys(str(fifo), "reader", Kernel(grab=errno.EBUSY)).open(print, print)


async def test_an_absent_node_is_missing_and_a_forbidden_one_forbidden(tmp_path, monkeypatch):
    with pytest.raises(BusMissing):
        EvdevKeys(str(tmp_path / "event0"), "reader").open(print, print)
    monkeypatch.setattr(os, "open", lambda *args: (_ for _ in ()).throw(PermissionError(errno.EACCES, "Permission denied")))
    with pytest.raises(BusPermission) as caught:
        EvdevKeys(str(tmp_path / "event0"), "reader").open(print, print)
    assert caught.value.hint


def descriptors():
    return list(Path("/proc/self/fd").iterdir())


async def test_a_refused_node_leaves_no_descriptor_open(fifo):
    before = len(descriptors())
    for kernel in (Kernel(keys=b"\0\0"), Kernel(grab=errno.EBUSY)):
        with pytest.raises((WrongIdentity, BusBusy)):
            EvdevKeys(str(fifo), "reader", kernel).open(print, print)
    assert len(descriptors()) == before


PLUGGED = [
    UsbAdapter("/dev/event3", "ffff", "0035", ""),
    UsbAdapter("/dev/input3", "ffff", "0035", ""),
    UsbAdapter("/dev/event4", "08ff", "0009", "A1"),
    UsbAdapter("/dev/event5", "08ff", "0009", "B2"),
]


@pytest.mark.parametrize(
    ("path", "nodes"),
    [
        ("/dev/input/by-id/x", ["/dev/input/by-id/x"]),
        ("usb:ffff:0035", ["/dev/input/event3"]),
        ("usb:FFFF:0035", ["/dev/input/event3"]),
        ("usb:08ff:0009:B2", ["/dev/input/event5"]),
        ("usb:08ff:0009", ["/dev/input/event4", "/dev/input/event5"]),
    ],
)
def test_a_usb_name_means_its_event_nodes(path, nodes):
    assert find_nodes(path, "reader", lambda kind: PLUGGED) == nodes


def test_a_usb_name_that_is_not_there_or_no_name():
    with pytest.raises(BusMissing) as caught:
        find_nodes("usb:1234:5678", "reader", lambda kind: PLUGGED)
    assert "usb:ffff:0035" in caught.value.hint
    with pytest.raises(ConfigError):
        find_nodes("usb:1234", "reader", lambda kind: PLUGGED)
