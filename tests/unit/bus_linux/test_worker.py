"""The thread of one bus."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from cc613hal.bus.linux.worker import Worker
from cc613hal.errors import BusClosed, BusTimeout


async def test_calls_run_one_after_the_other_on_one_thread_of_their_own() -> None:
    worker = Worker("i2c0")
    seen: list[tuple[int, str]] = []

    def call(number: int) -> int:
        seen.append((number, threading.current_thread().name))
        return number * 2

    assert await asyncio.gather(*(worker.run(call, number) for number in range(5))) == [0, 2, 4, 6, 8]
    assert seen == [(number, "cc613hal-i2c0") for number in range(5)]
    await worker.aclose(lambda: None)


async def test_what_a_call_raises_reaches_its_caller_only() -> None:
    worker = Worker("i2c0")
    with pytest.raises(OSError, match="nack"):
        await worker.run(lambda: (_ for _ in ()).throw(OSError(6, "nack")))
    assert await worker.run(lambda: 5) == 5
    await worker.aclose(lambda: None)


async def test_a_cancelled_transfer_ends_before_the_cancellation_is_passed_on() -> None:
    worker = Worker("i2c0")
    ended = threading.Event()

    def transfer() -> None:
        time.sleep(0.05)
        ended.set()

    task = asyncio.create_task(worker.run(transfer))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    await worker.aclose(lambda: None)


async def test_a_bus_that_hangs_is_a_time_out_and_stops_neither_loop_nor_process() -> None:
    worker = Worker("i2c0", deadline_s=0.05)
    release = threading.Event()
    begun = time.monotonic()
    with pytest.raises(BusTimeout, match="kernel did not finish"):
        await worker.run(release.wait, 10)
    assert time.monotonic() - begun < 1.0
    assert worker._thread.daemon
    release.set()
    await asyncio.sleep(0.01)
    assert await worker.run(lambda: "back") == "back"
    await worker.aclose(lambda: None)


async def test_two_buses_do_not_wait_for_each_other() -> None:
    slow, fast = Worker("slow"), Worker("fast")
    hanging = asyncio.create_task(slow.run(time.sleep, 0.1))
    await asyncio.sleep(0)
    begun = time.monotonic()
    await fast.run(lambda: None)
    assert time.monotonic() - begun < 0.08
    await hanging
    for worker in (slow, fast):
        await worker.aclose(lambda: None)


async def test_closing_calls_the_last_function_once_and_refuses_the_rest() -> None:
    worker, closed = Worker("i2c0"), []
    await worker.aclose(lambda: closed.append(threading.current_thread().name))
    await worker.aclose(lambda: closed.append("again"))
    assert closed == ["cc613hal-i2c0"]
    with pytest.raises(BusClosed):
        await worker.run(lambda: None)
