"""Jobs of a connector: named, replaced, ended, and never in the way of whoever ends them."""

from __future__ import annotations

import asyncio
import gc

import pytest

from cc613_chargepoint.evse.jobs import Jobs
from cc613hal.clock import run_virtual


async def _sleep(log: list[str], name: str, seconds: float = 10.0) -> None:
    try:
        await asyncio.sleep(seconds)
        log.append(f"{name} done")
    finally:
        log.append(f"{name} over")


def test_a_new_job_replaces_the_one_of_the_same_name() -> None:
    async def main() -> list[str]:
        log: list[str] = []
        jobs = Jobs("here", lambda error: log.append(str(error)))
        jobs.start("wait", _sleep(log, "first"))
        await asyncio.sleep(1.0)
        jobs.start("wait", _sleep(log, "second"))
        await asyncio.sleep(20.0)
        return log

    assert run_virtual(main()) == ["first over", "second done", "second over"]


def test_ending_waits_until_the_jobs_are_gone() -> None:
    async def main() -> list[str]:
        log: list[str] = []
        jobs = Jobs("here", lambda error: log.append(str(error)))
        for name in ("a", "b", "c"):
            jobs.start(name, _sleep(log, name))
        await asyncio.sleep(1.0)
        await jobs.end("a", "unknown")
        log.append("ended a")
        await jobs.end()
        log.append("ended all")
        assert not any(map(jobs.running, "abc"))
        return log

    assert run_virtual(main()) == ["a over", "ended a", "b over", "c over", "ended all"]


def test_who_is_cancelled_while_ending_a_slow_job_stays_cancelled() -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(100.0)
        except asyncio.CancelledError:
            await asyncio.sleep(5.0)  # a transfer that has begun is finished
            raise

    async def main() -> bool:
        jobs = Jobs("here", lambda _: None)
        jobs.start("slow", stubborn())
        await asyncio.sleep(1.0)
        owner = asyncio.create_task(jobs.end())
        await asyncio.sleep(1.0)
        owner.cancel()
        await asyncio.wait([owner])
        await asyncio.sleep(10.0)
        return owner.cancelled()

    assert run_virtual(main())


def test_a_job_that_was_replaced_before_its_first_step_leaves_no_trace() -> None:
    async def main() -> list[str]:
        log: list[str] = []
        jobs = Jobs("here", lambda error: log.append(str(error)))
        jobs.start("wait", _sleep(log, "never"))
        jobs.start("wait", _sleep(log, "second", 1.0))
        await asyncio.sleep(2.0)
        gc.collect()  # a coroutine nobody awaited would complain now
        return log

    assert run_virtual(main()) == ["second done", "second over"]


@pytest.mark.parametrize("error", [ValueError("a driver's defect"), OSError("the wire")])
def test_what_a_job_raises_is_told(error: Exception) -> None:
    async def broken() -> None:
        raise error

    async def main() -> list[Exception]:
        told: list[Exception] = []
        jobs = Jobs("here", told.append)
        jobs.start("broken", broken())
        await asyncio.sleep(0.1)
        return told

    assert run_virtual(main()) == [error]


def test_a_job_may_end_all_others_and_itself_goes_on() -> None:
    async def main() -> list[str]:
        log: list[str] = []
        jobs = Jobs("here", lambda error: log.append(str(error)))

        async def last() -> None:
            await jobs.end()
            log.append("still here")

        jobs.start("other", _sleep(log, "other"))
        jobs.start("last", last())
        await asyncio.sleep(1.0)
        return log

    assert run_virtual(main()) == ["other over", "still here"]
