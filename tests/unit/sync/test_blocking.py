"""Blocking calls: results, errors, Ctrl-C, and a board that reaches its safe state whatever happens."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from cc613hal._facade import LoopThread
from cc613hal.errors import BoardFileError, ConfigError, DeadlineExceeded, NotOnBoard, SafetyRefused, Unsupported
from cc613hal.interfaces import (
    Contactor,
    ContactorState,
    EnergyMeter,
    ImmediateOff,
    PlugLock,
    PresenceSensor,
    SignedMeter,
    TemperatureSensor,
)
from cc613hal.sync import SyncBoard, SyncContactor, SyncDigitalInput, SyncRelay, open_board
from cc613hal.testing.fakes import FakeDigitalInput, FakeRelay


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    thread = LoopThread("test")
    yield thread
    thread.stop()


@pytest.fixture(scope="module")
def board() -> Iterator[SyncBoard]:
    with open_board("bender.cc613", sim=True) as opened:
        yield opened


def test_commands_and_properties_reach_the_device(loop: LoopThread) -> None:
    device = FakeRelay()
    relay = SyncRelay(device, "fan", loop)
    relay.switch_on()
    assert relay.is_on
    assert device.calls == ["on"]
    assert repr(relay) == "<SyncRelay fan>"


def test_errors_of_the_device_are_raised_here(loop: LoopThread) -> None:
    relay = SyncRelay(FakeRelay(fails=SafetyRefused("not now", device="fan")), "fan", loop)
    with pytest.raises(SafetyRefused, match="fan: not now"):
        relay.switch_on()
    relay.switch_off()


def test_events_arrive_in_this_thread_and_in_listeners(loop: LoopThread) -> None:
    device = FakeDigitalInput(name="door")
    door = SyncDigitalInput(device, "door", loop)
    heard: list[bool] = []

    async def move() -> None:
        device.become(True)

    with door.changes.stream() as stream, door.changes.on(lambda reading: heard.append(reading.active)):
        loop.wait(move)
        reading = stream.get(1.0)
        assert reading is not None
        assert reading.active
        assert stream.get(0.01) is None
    assert heard == [True]
    assert door.changes.wait(0.01) is None


def test_a_blocking_call_from_a_listener_is_refused_instead_of_waiting_for_ever(loop: LoopThread) -> None:
    device = FakeDigitalInput()
    door = SyncDigitalInput(device, "door", loop)
    caught: list[BaseException] = []

    def listener(_: object) -> None:
        try:
            door.read_input()
        except ConfigError as error:
            caught.append(error)

    async def move() -> None:
        device.become(True)

    with door.changes.on(listener):
        loop.wait(move)
    assert "wait for itself" in str(caught[0])


def test_after_the_end_a_call_says_so_instead_of_hanging() -> None:
    thread = LoopThread("ended")
    thread.stop()
    with pytest.raises(ConfigError, match="closed"):
        SyncRelay(FakeRelay(), "fan", thread).switch_on()


def test_interrupted_call_is_cancelled_and_has_ended_before_the_interrupt_is_raised(loop: LoopThread) -> None:
    events: list[str] = []

    async def transfer() -> None:
        try:
            await asyncio.sleep(30.0)
        except asyncio.CancelledError:
            await asyncio.sleep(0.05)  # the rest of the transfer on the wire
            events.append("transfer ended")
            raise

    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.1, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT])  # as a terminal does
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            loop.wait(transfer)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, previous)
    assert events == ["transfer ended"]


def test_what_must_finish_has_a_deadline(loop: LoopThread) -> None:
    async def hang() -> None:
        await asyncio.sleep(30.0)

    with pytest.raises(DeadlineExceeded):
        loop.wait_through(hang, deadline_s=0.05)


def test_a_board_hands_out_facades_by_capability_name_and_connector(board: SyncBoard) -> None:
    assert board.get(EnergyMeter, "meter1").read_energy().imported.wh >= 0
    assert isinstance(board.get(Contactor, connector=1), SyncContactor)
    assert set(board.all(TemperatureSensor)) == {"temp-internal", "temp-relay"}
    assert board.optional(SignedMeter) is None
    assert board.health()["meter1"].usable
    with pytest.raises(NotOnBoard):
        board.get(SignedMeter)
    with pytest.raises(NotOnBoard):
        board.get(TemperatureSensor)


def test_commands_give_evidence_and_the_plain_call_is_plain(board: SyncBoard) -> None:
    contactor = board.get(Contactor)
    assert contactor.switch_on().state is ContactorState.ON
    board.get(ImmediateOff).off_now()
    assert contactor.switch_off().state is ContactorState.OFF
    assert contactor.counter.operations >= 1
    assert board.get(PlugLock).lock().verified
    assert board.get(PlugLock).unlock().verified


def test_the_simulated_world_can_be_changed(board: SyncBoard) -> None:
    changes = board.get(PresenceSensor).changes
    with changes.stream() as stream:
        board.change(lambda plant: plant.cabinet.bay_distance_mm.set(400.0))
        reading = stream.get(5.0)
    assert reading is not None
    assert reading.occupied


def test_leaving_through_an_error_reaches_the_safe_state() -> None:
    levels: list[bool] = []

    def drive_and_fail() -> None:
        with open_board("bender.cc613", sim=True) as opened:
            opened.change(lambda plant: plant.outlet(1).coil.on(levels.append))
            opened.get(Contactor).switch_on()
            raise RuntimeError("the script is wrong")

    with pytest.raises(RuntimeError, match="the script is wrong"):
        drive_and_fail()
    assert levels[0] is True
    assert levels[-1] is False


def test_closing_twice_is_allowed_and_simulation_excludes_hardware() -> None:
    opened = open_board("bender.cc613", sim=True)
    opened.close()
    opened.close()
    with pytest.raises(ConfigError):
        opened.make_safe()


def test_a_wrong_board_is_told_before_a_thread_is_left_behind() -> None:
    before = threading.active_count()
    with pytest.raises(BoardFileError):
        open_board("no.such-board", sim=True)
    assert threading.active_count() == before


def test_the_world_around_real_hardware_is_out_of_reach(board: SyncBoard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "_simulation", None)
    with pytest.raises(Unsupported, match="sim=True"):
        board.change(lambda plant: None)


def test_ctrl_c_in_a_program_reaches_the_safe_state() -> None:
    program = """
from cc613hal.interfaces import Contactor, PresenceSensor
from cc613hal.sync import open_board
with open_board("bender.cc613", sim=True) as board:
    board.change(lambda plant: plant.outlet(1).coil.on(lambda level: print("coil", level, flush=True)))
    board.get(Contactor).switch_on()
    board.get(PresenceSensor).changes.wait(60.0)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "coil True"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=20)
    assert rest.split("\n")[0] == "coil False"
    assert "KeyboardInterrupt" in errors
