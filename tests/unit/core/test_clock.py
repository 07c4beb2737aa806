"""The clocks, and the loop on which hours pass in seconds."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.clock import Clock, ClockState, Stamp, VirtualTimeLoop, run_virtual

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_a_day_passes_in_a_moment() -> None:
    async def main() -> float:
        await asyncio.sleep(24 * 3600)
        return asyncio.get_running_loop().time()

    began = time.perf_counter()
    assert run_virtual(main()) == pytest.approx(86400.0)
    assert time.perf_counter() - began < 1.0


def test_both_clocks_advance_together() -> None:
    async def main() -> tuple[Stamp, Stamp]:
        clock = Clock(ClockState.SYNCHRONISED)
        before = clock.stamp()
        await clock.sleep(90.0)
        return before, clock.stamp()

    before, after = run_virtual(main(), start=NOON)
    assert before.age_s(after) == pytest.approx(90.0)
    assert (before.wall, after.wall) == (NOON, NOON + timedelta(seconds=90))
    assert after.state is ClockState.SYNCHRONISED


@pytest.mark.parametrize("virtual", [True, False])
def test_a_clock_may_be_set_right_by_somebody_who_knows_better(virtual: bool) -> None:
    """The offset moves the calendar and never a duration."""

    async def main() -> tuple[float, timedelta]:
        clock = Clock()
        before = clock.stamp()
        clock.offset = timedelta(hours=-3)
        after = clock.stamp()
        return before.age_s(after), after.wall - before.wall

    age_s, moved = run_virtual(main()) if virtual else asyncio.run(main())
    assert 0.0 <= age_s < 10.0
    assert moved.total_seconds() == pytest.approx(-3 * 3600, abs=10.0)


def test_timeouts_run_on_virtual_time() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30.0):
                await asyncio.Event().wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(100.0), 12.0)
        return loop.time()

    assert run_virtual(main()) == pytest.approx(42.0)


def test_a_timeout_that_is_not_needed_costs_no_time() -> None:
    async def main() -> float:
        async with asyncio.timeout(30.0):
            await asyncio.sleep(1.0)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == pytest.approx(1.0)


@given(st.lists(st.floats(min_value=0.0, max_value=1e6), min_size=1, max_size=20))
def test_sleepers_wake_in_order_and_never_early(delays: list[float]) -> None:
    woken: list[tuple[float, float]] = []

    async def sleeper(delay: float) -> None:
        await asyncio.sleep(delay)
        woken.append((delay, asyncio.get_running_loop().time()))

    async def main() -> None:
        await asyncio.gather(*map(sleeper, delays))

    run_virtual(main())
    assert [delay for delay, _ in woken] == sorted(delays)
    assert all(at == pytest.approx(delay, abs=1e-6) for delay, at in woken)


def test_ready_work_goes_before_time() -> None:
    async def main() -> list[str]:
        order: list[str] = []
        loop = asyncio.get_running_loop()
        loop.call_later(0.001, order.append, "timer")
        for number in range(100):
            loop.call_soon(order.append, f"ready {number}")
        await asyncio.sleep(0.002)
        return order

    assert run_virtual(main())[-1] == "timer"


def test_the_runner_cancels_what_is_left_and_passes_errors_on() -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.sleep(1e9)
        finally:
            ended.append("cleaned up")

    async def main() -> None:
        task = asyncio.create_task(forever())
        await asyncio.sleep(1.0)
        assert not task.done()
        raise LookupError("from main")

    with pytest.raises(LookupError, match="from main"):
        run_virtual(main())
    assert ended == ["cleaned up"]


def test_every_run_starts_at_zero() -> None:
    async def main() -> tuple[float, datetime]:
        clock = Clock()
        return clock.monotonic_s(), clock.wall()

    assert run_virtual(main()) == run_virtual(main()) == (0.0, datetime(2026, 1, 1, tzinfo=UTC))


def test_outside_a_loop_the_system_clocks_are_used() -> None:
    clock = Clock()
    stamp = clock.stamp()
    assert abs(stamp.monotonic_s - time.monotonic()) < 1.0
    assert abs((datetime.now(UTC) - stamp.wall).total_seconds()) < 1.0
    assert stamp.state is ClockState.UNKNOWN


async def test_on_an_ordinary_loop_time_is_real() -> None:
    clock = Clock()
    before = clock.stamp()
    await clock.sleep(0.02)
    assert 0.015 < before.age_s(clock.stamp()) < 1.0


def test_work_from_a_file_descriptor_is_served_without_skipping_time() -> None:
    async def main() -> float:
        reader, writer = await asyncio.open_connection(sock=None, host="127.0.0.1", port=server_port)
        writer.write(b"x")
        await reader.readexactly(1)
        writer.close()
        await writer.wait_closed()
        return asyncio.get_running_loop().time()

    loop = VirtualTimeLoop()

    async def serve() -> asyncio.Server:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.read(1))
            await writer.drain()
            writer.close()

        return await asyncio.start_server(echo, "127.0.0.1", 0)

    try:
        server = loop.run_until_complete(serve())
        server_port = server.sockets[0].getsockname()[1]
        assert loop.run_until_complete(main()) == 0.0  # no timer was armed: the loop really waited
        server.close()
        loop.run_until_complete(server.wait_closed())
    finally:
        loop.close()


def test_the_boards_clock_and_the_loops_timers_share_one_time() -> None:
    async def main() -> list[tuple[str, float]]:
        clock, loop, seen = Clock(), asyncio.get_running_loop(), []

        async def sleeper(name: str, seconds: float) -> None:
            await clock.sleep(seconds)
            seen.append((name, clock.monotonic_s()))

        for at_s in (1.0, 3.0):
            loop.call_at(at_s, lambda at_s=at_s: seen.append((f"timer {at_s:g}", clock.monotonic_s())))
        await asyncio.gather(sleeper("late", 4.0), sleeper("early", 2.0), sleeper("at once", 0.0))
        return seen

    assert run_virtual(main()) == [("at once", 0.0), ("timer 1", 1.0), ("early", 2.0), ("timer 3", 3.0), ("late", 4.0)]


@given(st.lists(st.tuples(st.sampled_from((1.0, 2.0, 2.5, 7.0)), st.booleans()), min_size=1, max_size=200))
def test_who_sleeps_on_the_boards_clock_wakes_in_order_unless_called_off(naps: list[tuple[float, bool]]) -> None:
    woken: list[int] = []

    async def main() -> None:
        clock = Clock()

        async def sleeper(number: int, seconds: float) -> None:
            await clock.sleep(seconds)
            assert clock.monotonic_s() == seconds
            woken.append(number)

        tasks = [asyncio.create_task(sleeper(number, seconds)) for number, (seconds, _) in enumerate(naps)]
        await clock.sleep(0.5)
        for task, (_, called_off) in zip(tasks, naps, strict=True):
            if called_off:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run_virtual(main())
    kept = [number for number, (_, called_off) in enumerate(naps) if not called_off]
    assert woken == sorted(kept, key=lambda number: naps[number][0])


def test_time_does_not_pass_for_a_sleep_that_was_called_off() -> None:
    async def main() -> float:
        clock = Clock()
        task = asyncio.create_task(clock.sleep(1000.0))
        await clock.sleep(1.0)
        task.cancel()
        await clock.sleep(1.0)
        return clock.monotonic_s()

    assert run_virtual(main()) == 2.0


def test_a_time_limit_cuts_a_sleep_on_the_boards_clock_short() -> None:
    async def main() -> float:
        clock = Clock()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.0):
                await clock.sleep(3.0)
        return clock.monotonic_s()

    assert run_virtual(main()) == 2.0


def test_the_board_does_not_sleep_for_a_time_that_is_not_a_number() -> None:
    async def main() -> None:
        await Clock().sleep(float("nan"))

    with pytest.raises(ValueError, match="not a number"):
        run_virtual(main())


def test_with_everybody_called_off_the_loop_waits_for_the_world() -> None:
    async def main() -> tuple[str, float]:
        clock, loop = Clock(), asyncio.get_running_loop()
        task = asyncio.create_task(clock.sleep(50.0))
        await clock.sleep(1.0)
        task.cancel()
        heard: asyncio.Future[str] = loop.create_future()
        thread = threading.Timer(0.02, lambda: loop.call_soon_threadsafe(heard.set_result, "outside"))
        thread.start()
        try:
            return await heard, clock.monotonic_s()
        finally:
            thread.join()

    assert run_virtual(main()) == ("outside", 1.0)


def test_a_clock_goes_from_one_loop_to_the_next_and_stands_on_its_own_between_them() -> None:
    clock = Clock()

    async def main() -> float:
        await clock.sleep(5.0)
        return clock.monotonic_s()

    assert run_virtual(main()) == 5.0
    assert abs(clock.monotonic_s() - time.monotonic()) < 1.0
    assert abs((clock.wall() - datetime.now(UTC)).total_seconds()) < 1.0
    assert run_virtual(main()) == 5.0
