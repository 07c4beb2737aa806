"""Our RTU client believes only the answer to its own question."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.bus.actor import BusActor
from cc613hal.bus.linux.modbus_rtu import RtuClient
from cc613hal.bus.modbus import ModbusPort, Table
from cc613hal.bus.serial import SerialSettings
from cc613hal.bus.sim.modbus_units import ModbusUnits, RegisterUnit, crc16
from cc613hal.bus.sim.rtu_server import RtuServer
from cc613hal.bus.sim.serial import SimulatedSerial
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusClosed, BusError, BusTimeout, DeviceRefused, FrameError, Unsupported


class Scripted:
    """A unit that answers each request with what the script says: ``(after seconds, bytes)`` pieces."""

    def __init__(self, *answers: list[tuple[float, bytes]]) -> None:
        self.answers = list(answers)
        self.heard: list[tuple[float, bytes]] = []

    def attach(self, send: Callable[[bytes], None]) -> None:
        self.send = send

    def receive(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        self.heard.append((loop.time(), data))
        for after_s, piece in self.answers.pop(0) if self.answers else []:
            loop.call_later(after_s, self.send, piece)


def framed(hexadecimal: str) -> bytes:
    frame = bytes.fromhex(hexadecimal)
    return frame + crc16(frame)


def registers(*values: int, unit: int = 1) -> bytes:
    body = b"".join(value.to_bytes(2, "big") for value in values)
    frame = bytes([unit, 3, len(body)]) + body
    return frame + crc16(frame)


class Line:
    def __init__(self, peer: object, drain_s: float = 0.2) -> None:
        self.actor = BusActor("meter", Clock())
        self.link = SimulatedSerial(peer, settings=SerialSettings(baud=9600), name="meter")
        self.client = RtuClient(self.actor, self.link, drain_s=drain_s)

    def port(self, unit: int = 1, timeout_s: float = 0.3) -> ModbusPort:
        return ModbusPort(self.actor, self.client, unit, timeout_s=timeout_s)

    @property
    def discarded(self) -> int:
        return self.actor.statistics.discarded_frames


def virtually(main: Callable[[], Coroutine[object, object, object]]) -> object:
    return run_virtual(main())


def test_an_answer_may_come_in_pieces() -> None:
    async def main() -> object:
        answer = registers(1, 2, 3)
        line = Line(Scripted([(0.01 * index, answer[index : index + 1]) for index in range(len(answer))]))
        return await line.port().read_registers(0, 3)

    assert virtually(main) == (1, 2, 3)


def test_an_answer_that_has_begun_in_time_may_end_after_the_time_out() -> None:
    async def main() -> object:
        answer = registers(*range(50))
        pieces = [(0.28 + 0.02 * index, answer[8 * index : 8 * index + 8]) for index in range(14)]
        return await Line(Scripted(pieces)).port().read_registers(0, 50)

    assert virtually(main) == tuple(range(50))


def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    async def main() -> None:
        late = [(0.4, registers(0xBAD, 0xBAD))]
        line = Line(Scripted(late, [(0.05, registers(7, 8))]))
        with pytest.raises(BusTimeout):
            await line.port().read_registers(0, 2)
        assert await line.port().read_registers(10, 2) == (7, 8)
        assert line.discarded == 1
        assert any("late" in frame.note for frame in line.actor.trace)

    virtually(main)


def test_the_line_is_silent_until_a_late_answer_can_no_longer_come() -> None:
    async def main() -> float:
        peer = Scripted([], [(0.0, registers(7))])
        line = Line(peer, drain_s=0.25)
        with pytest.raises(BusTimeout):
            await line.port().read_registers(0, 1)
        assert await line.port().read_registers(0, 1) == (7,)
        return peer.heard[1][0] - peer.heard[0][0]

    assert virtually(main) == pytest.approx(0.3 + 8 * 10 / 9600 + 0.25, abs=0.001)


def test_the_silence_ends_with_the_late_answer() -> None:
    async def main() -> float:
        peer = Scripted([(0.35, registers(1))], [(0.0, registers(7))])
        line = Line(peer, drain_s=5.0)
        with pytest.raises(BusTimeout):
            await line.port().read_registers(0, 1)
        assert await line.port().read_registers(0, 1) == (7,)
        return peer.heard[1][0]

    assert virtually(main) == pytest.approx(0.35, abs=0.001)


def test_a_late_answer_that_outlives_the_drain_is_recognised_by_its_count() -> None:
    async def main() -> None:
        late = [(1.05, registers(*[0xBAD] * 10))]
        line = Line(Scripted(late, [(0.2, registers(7, 8))]))
        with pytest.raises(BusTimeout):
            await line.port().read_registers(0, 10)
        await asyncio.sleep(0.6)
        assert await line.port().read_registers(10, 2) == (7, 8)
        assert line.discarded == 1

    virtually(main)


def test_a_cancelled_request_leaves_no_answer_behind() -> None:
    async def main() -> None:
        line = Line(Scripted([(0.1, registers(0xBAD))], [(0.05, registers(7))]))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await line.port().read_registers(0, 1)
        assert await line.port().read_registers(10, 1) == (7,)

    virtually(main)


@pytest.mark.parametrize(
    "foreign",
    [registers(1, 2, unit=2), registers(1, 2, 3), framed("0104040001000A"), framed("010600000001")],
    ids=["unit", "count", "function", "a write's echo"],
)
def test_answers_to_other_questions_are_passed_over(foreign: bytes) -> None:
    async def main() -> object:
        line = Line(Scripted([(0.01, foreign), (0.1, registers(7, 8))]))
        answer = await line.port().read_registers(0, 2)
        assert line.discarded == 1
        return answer

    assert virtually(main) == (7, 8)


def test_a_write_is_confirmed_only_by_its_own_echo() -> None:
    async def main() -> None:
        line = Line(Scripted([(0.01, framed("010600050001"))], [(0.01, framed("010600050002"))], [(0.01, framed("011000050002"))]))
        with pytest.raises(BusTimeout):
            await line.port().write_registers(5, [2])
        await line.port().write_registers(5, [2])
        await line.port().write_registers(5, [2, 3])
        assert line.discarded == 1

    virtually(main)


def test_input_that_nobody_asked_for_is_thrown_away_and_noted() -> None:
    async def main() -> None:
        peer = Scripted([(0.01, registers(7))])
        line = Line(peer)
        peer.send(registers(0xBAD))
        assert await line.port().read_registers(0, 1) == (7,)
        assert "7 bytes that nobody asked for" in next(iter(line.actor.trace)).note

    virtually(main)


def test_a_damaged_answer_costs_a_moment_and_not_the_time_out() -> None:
    async def main() -> float:
        damaged = bytearray(registers(1, 2))
        damaged[4] ^= 4
        line = Line(Scripted([(0.01, bytes(damaged))], [(0.01, registers(1, 2))]))
        begun = asyncio.get_running_loop().time()
        with pytest.raises(FrameError, match="damaged"):
            await line.port(timeout_s=2.0).read_registers(0, 2)
        cost = asyncio.get_running_loop().time() - begun
        assert await line.port(timeout_s=2.0).read_registers(0, 2) == (1, 2)
        assert asyncio.get_running_loop().time() < 0.2, "the answer was there, so nothing is waited for"
        return cost

    assert virtually(main) < 0.1


def test_an_answer_that_breaks_off_costs_a_moment() -> None:
    async def main() -> float:
        line = Line(Scripted([(0.01, registers(1, 2, 3)[:6])]))
        with pytest.raises(FrameError):
            await line.port(timeout_s=2.0).read_registers(0, 3)
        return asyncio.get_running_loop().time()

    assert virtually(main) < 0.1


@pytest.mark.parametrize(("before", "after"), [(b"\0", b""), (b"\xff\x01", b""), (b"\1\3", b""), (b"", b"\0"), (b"\x80\1", b"\xff\xff")])
def test_stray_bytes_around_a_good_answer_do_not_hide_it(before: bytes, after: bytes) -> None:
    async def main() -> object:
        return await Line(Scripted([(0.01, before + registers(5, 6) + after)])).port().read_registers(0, 2)

    assert virtually(main) == (5, 6)


def test_two_answers_at_once_are_not_believed() -> None:
    async def main() -> None:
        line = Line(Scripted([(0.01, registers(5) + registers(6))], [(0.01, registers(7))]))
        with pytest.raises(FrameError, match="twice"):
            await line.port().read_registers(0, 1)
        assert await line.port().read_registers(0, 1) == (7,)

    virtually(main)


def test_a_chattering_line_is_told_from_a_silent_one() -> None:
    async def main() -> None:
        line = Line(Scripted([(0.001 * index, b"\xaa" * 16) for index in range(500)]))
        with pytest.raises(FrameError, match="does not become silent"):
            await line.port(timeout_s=0.3).read_registers(0, 1)
        assert asyncio.get_running_loop().time() < 1.0

    virtually(main)


def test_noise_alone_is_a_time_out_so_that_a_dead_unit_on_a_bad_line_is_suspended() -> None:
    async def main() -> None:
        with pytest.raises(BusTimeout, match="did not answer"):
            await Line(Scripted([(0.01, b"\xff")])).port().read_registers(0, 2)

    virtually(main)


def test_a_refusal_says_its_code_in_words() -> None:
    async def main() -> None:
        line = Line(Scripted([(0.01, framed("018306"))]))
        with pytest.raises(DeviceRefused, match=r"unit 1 refuses function 3 at 9: device busy \(6\)") as refused:
            await line.port().read_registers(9, 2)
        assert refused.value.code == 6

    virtually(main)


def test_a_broadcast_expects_no_answer_and_gives_the_units_time() -> None:
    async def main() -> None:
        peer = Scripted([], [(0.0, registers(1))])
        line = Line(peer)
        await line.port(0).write_registers(3, [9])
        assert await line.port().read_registers(0, 1) == (1,)
        assert peer.heard[0][1][:2] == b"\x00\x06"
        assert peer.heard[1][0] >= 0.1
        with pytest.raises(Unsupported):
            await line.port(0).read_registers(0, 1)

    virtually(main)


def test_an_unplugged_line_is_closed_and_not_silent() -> None:
    async def main() -> None:
        line = Line(Scripted())
        asyncio.get_running_loop().call_later(0.1, line.link._faults.unplug)
        with pytest.raises(BusClosed):
            await line.port().read_registers(0, 1)
        assert asyncio.get_running_loop().time() == pytest.approx(0.1)

    virtually(main)


@given(seed=st.integers(0, 10_000), noise=st.binary(max_size=12), unit=st.integers(1, 247), count=st.integers(1, 20))
@settings(max_examples=150, deadline=None)
def test_whatever_the_noise_a_wrong_value_is_never_believed(seed: int, noise: bytes, unit: int, count: int) -> None:
    """Random bytes before, inside and after an answer: the right values, or an error."""
    dice = random.Random(seed)
    values = [dice.randrange(0x10000) for _ in range(count)]
    answer = bytearray(registers(*values, unit=unit))
    for _ in range(dice.randrange(4)):
        answer[dice.randrange(len(answer))] = dice.randrange(256)
    split = dice.randrange(len(answer) + 1)
    pieces = [(0.0, noise), (0.01, bytes(answer[:split])), (0.02, bytes(answer[split:])), (0.03, noise)]

    async def main() -> None:
        try:
            assert await Line(Scripted(pieces)).port(unit).read_registers(0, count) == tuple(values)
        except BusError:
            pass

    run_virtual(main())


def test_thirty_two_meters_with_noise_late_and_lost_answers_give_no_wrong_value() -> None:
    """Every register of every meter holds another value, so an answer that belongs to another question shows."""

    def value(unit: int, address: int) -> int:
        return (unit * 2003 + address * 31) & 0xFFFF

    async def main() -> tuple[int, int, int]:
        units = ModbusUnits()
        for number in range(1, 33):
            units.attach(number, RegisterUnit({Table.HOLDING: {address: value(number, address) for address in range(100)}}))
            faults = units.faults_of(number)
            faults.loss, faults.noise, faults.late_s, faults.late = 0.02, 0.05, 0.35, 0.02
        server = RtuServer(units, pace=SerialSettings(baud=9600), turnaround_s=0.02)
        line = Line(server, drain_s=0.3)
        dice, good, bad, wrong = random.Random(3), 0, 0, 0
        for _ in range(1500):
            unit, address, count = dice.randint(1, 32), dice.randrange(90), dice.choice((2, 2, 6, 10))
            try:
                read = await line.port(unit).read_registers(address, count)
            except BusError:
                bad += 1
                continue
            good += 1
            wrong += read != tuple(value(unit, address + index) for index in range(count))
        return good, bad, wrong

    good, bad, wrong = run_virtual(main())
    assert wrong == 0
    assert good > 1300
    assert bad > 30, "the faults did not happen"


def test_a_line_that_was_unplugged_answers_again_without_a_wait_once_it_is_back() -> None:
    async def main() -> None:
        line = Line(Scripted([(0.01, registers(7))]))
        line.link._faults.unplug()
        for _ in range(3):
            with pytest.raises(BusClosed):
                await line.port().read_registers(0, 1)
        line.link._faults.plug()
        assert await line.port().read_registers(0, 1) == (7,)
        assert asyncio.get_running_loop().time() < 0.1

    virtually(main)
