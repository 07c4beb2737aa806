"""The clocks, and the loop on which hours pass in seconds."""

from __future__ import annotations

import asyncio
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
