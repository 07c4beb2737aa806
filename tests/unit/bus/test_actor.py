"""Whose turn it is on a shared wire, how long it stays silent, and whom it leaves alone."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.bus.actor import BreakerPolicy, BusActor, Priority, Timing
from cc613hal.clock import Clock, run_virtual
from cc613hal.errors import BusClosed, BusSuspended, BusTimeout, DeviceRefused, FrameError, NoAnswer


class Wire:
    """A wire on which every transfer takes 10 ms; remembers who used it when."""

    def __init__(self, **actor: object) -> None:
        self.actor = BusActor("wire", Clock(), **actor)
        self.used: list[tuple[object, float, float]] = []
        self.busy = 0

    async def transfer(
        self, who: object, *, unit: object = 1, priority: Priority = Priority.TELEMETRY, fails: Exception | None = None
    ) -> object:
        async def operation() -> object:
            assert not self.busy, "two transfers at once"
            self.busy += 1
            begun = asyncio.get_running_loop().time()
            try:
                await asyncio.sleep(0.01)
            finally:
                self.busy -= 1
                self.used.append((who, begun, asyncio.get_running_loop().time()))
            if fails is not None:
                raise fails
            return who

        return await self.actor.run(unit, operation, priority=priority)

    @property
    def order(self) -> list[object]:
        return [who for who, *_ in self.used]


def test_safety_overtakes_everything_that_waits() -> None:
    async def main() -> list[object]:
        wire = Wire()
        async with asyncio.TaskGroup() as group:
            for who, priority in (
                ("first", Priority.DIAGNOSTICS),
                ("scan", Priority.DIAGNOSTICS),
                ("poll", Priority.TELEMETRY),
                ("limit", Priority.CONTROL),
                ("off", Priority.SAFETY),
            ):
                group.create_task(wire.transfer(who, priority=priority))
        return wire.order

    assert run_virtual(main()) == ["first", "off", "limit", "poll", "scan"]


@given(st.lists(st.sampled_from(list(Priority)), min_size=1, max_size=25))
@settings(max_examples=40, deadline=None)
def test_served_by_priority_and_first_come_first_served_within_it(priorities: list[Priority]) -> None:
    async def main() -> list[object]:
        wire = Wire()
        async with asyncio.TaskGroup() as group:
            group.create_task(wire.transfer("holder"))
            await asyncio.sleep(0)
            for number, priority in enumerate(priorities):
                group.create_task(wire.transfer((priority, number), priority=priority))
        return wire.order[1:]

    assert run_virtual(main()) == sorted((priority, number) for number, priority in enumerate(priorities))


@given(st.lists(st.tuples(st.sampled_from(list(Priority)), st.booleans()), min_size=1, max_size=20), st.floats(0, 0.1))
@settings(max_examples=40, deadline=None)
def test_cancelled_waiters_cost_nobody_the_turn(callers: list[tuple[Priority, bool]], when: float) -> None:
    async def main() -> None:
        wire = Wire()
        tasks = [asyncio.create_task(wire.transfer(number, priority=priority)) for number, (priority, _) in enumerate(callers)]
        await asyncio.sleep(when)
        for task, (_, cancel) in zip(tasks, callers, strict=True):
            if cancel:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        kept = {number for number, (_, cancel) in enumerate(callers) if not cancel}
        assert kept <= set(wire.order), "somebody who was not cancelled was never served"
        assert await wire.transfer("afterwards") == "afterwards"

    run_virtual(main())


def test_a_cancelled_transfer_frees_the_wire() -> None:
    async def main() -> object:
        wire = Wire()
        running = asyncio.create_task(wire.transfer("running"))
        waiting = asyncio.create_task(wire.transfer("waiting"))
        await asyncio.sleep(0.005)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return await waiting

    assert run_virtual(main()) == "waiting"


def test_the_wire_stays_silent_between_frames_and_longer_when_the_unit_changes() -> None:
    async def main() -> list[float]:
        wire = Wire(timing=Timing(silence_s=0.004, settle_s=0.05))
        for unit in (1, 1, 2):
            await wire.transfer(unit, unit=unit)
        return [later[1] - earlier[2] for earlier, later in zip(wire.used, wire.used[1:], strict=False)]

    assert run_virtual(main()) == pytest.approx([0.004, 0.054])


def test_no_silence_is_waited_for_that_has_passed_already() -> None:
    async def main() -> float:
        wire = Wire(timing=Timing(silence_s=0.5))
        await wire.transfer("one")
        await asyncio.sleep(2.0)
        asked = asyncio.get_running_loop().time()
        await wire.transfer("two")
        return wire.used[1][1] - asked

    assert run_virtual(main()) == 0.0


def test_a_transfer_cancelled_in_the_silence_before_it_does_not_count_as_frame() -> None:
    async def main() -> None:
        wire = Wire(timing=Timing(silence_s=0.1, settle_s=0.1))
        await wire.transfer("one", unit=1)
        impatient = asyncio.create_task(wire.transfer("two", unit=2))
        await asyncio.sleep(0.05)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        await wire.transfer("three", unit=2)
        assert wire.used[1][1] - wire.used[0][2] == pytest.approx(0.2), "unit 2 was never spoken to, so its settle time is still due"
        assert wire.actor.statistics.transfers == 2

    run_virtual(main())


SILENT = BusTimeout("silent", device="wire")


async def _fail(wire: Wire, times: int, error: Exception = SILENT, unit: object = 7) -> None:
    for _ in range(times):
        with pytest.raises(type(error)):
            await wire.transfer("dead", unit=unit, fails=error)


def test_a_silent_unit_is_left_alone_and_the_others_are_not() -> None:
    async def main() -> None:
        wire = Wire(breaker=BreakerPolicy(failures=3, pause_s=1.0))
        await _fail(wire, 3)
        with pytest.raises(BusSuspended, match=r"left alone for 1\.0 s.*check its supply"):
            await wire.transfer("again", unit=7)
        assert await wire.transfer("other", unit=8) == "other"
        assert wire.actor.statistics.suspended == 1

    run_virtual(main())


def test_the_pause_doubles_up_to_its_limit_and_ends_with_the_first_answer() -> None:
    async def main() -> list[float]:
        wire = Wire(breaker=BreakerPolicy(failures=2, pause_s=1.0, max_pause_s=3.0))
        await _fail(wire, 2)
        pauses = []
        for _ in range(4):
            begun = asyncio.get_running_loop().time()
            while True:
                try:
                    await wire.transfer("trial", unit=7, fails=SILENT)
                except BusSuspended:
                    await asyncio.sleep(0.01)
                except BusTimeout:
                    break
            pauses.append(asyncio.get_running_loop().time() - begun)
        await asyncio.sleep(3.0)
        assert await wire.transfer("back", unit=7) == "back"
        await _fail(wire, 1)
        assert await wire.transfer("one failure is no reason", unit=7)
        return pauses

    assert run_virtual(main()) == pytest.approx([1.0, 2.0, 3.0, 3.0], abs=0.03)


def test_those_already_waiting_for_a_unit_that_falls_silent_do_not_hold_up_the_wire() -> None:
    async def main() -> float:
        wire = Wire(breaker=BreakerPolicy(failures=3, pause_s=1.0))
        dead = [asyncio.create_task(wire.transfer("dead", unit=7, fails=SILENT)) for _ in range(50)]
        await wire.transfer("alive", unit=8)
        await asyncio.gather(*dead, return_exceptions=True)
        assert wire.order.count("dead") == 3
        return wire.used[-1][2]

    assert run_virtual(main()) == pytest.approx(0.04)


def test_safety_reaches_a_suspended_unit() -> None:
    async def main() -> object:
        wire = Wire(breaker=BreakerPolicy(failures=1, pause_s=10.0))
        await _fail(wire, 1)
        return await wire.transfer("off", unit=7, priority=Priority.SAFETY)

    assert run_virtual(main()) == "off"


@pytest.mark.parametrize("error", [FrameError("noise"), DeviceRefused("no", code=2)])
def test_noise_and_refusals_suspend_nobody(error: Exception) -> None:
    async def main() -> object:
        wire = Wire(breaker=BreakerPolicy(failures=1))
        await _fail(wire, 5, error)
        return await wire.transfer("fine", unit=7)

    assert run_virtual(main()) == "fine"


def test_a_refusal_proves_the_unit_alive() -> None:
    async def main() -> None:
        wire = Wire(breaker=BreakerPolicy(failures=3, pause_s=9.0))
        await _fail(wire, 2, NoAnswer("nack"))
        await _fail(wire, 1, DeviceRefused("busy", code=6))
        await _fail(wire, 2, NoAnswer("nack"))
        assert await wire.transfer("still served", unit=7)

    run_virtual(main())


def test_a_breaker_without_failures_never_suspends() -> None:
    async def main() -> object:
        wire = Wire(breaker=BreakerPolicy(failures=0))
        await _fail(wire, 20)
        return await wire.transfer("tried again", unit=7)

    assert run_virtual(main()) == "tried again"


def test_a_closed_bus_refuses_those_who_wait_and_serves_again_after_reopening() -> None:
    async def main() -> None:
        wire = Wire()
        running = asyncio.create_task(wire.transfer("running"))
        waiting = asyncio.create_task(wire.transfer("waiting"))
        await asyncio.sleep(0.001)
        wire.actor.close(RuntimeError("unplugged"))
        assert await running == "running"
        with pytest.raises(BusClosed) as refused:
            await waiting
        assert str(refused.value.__cause__) == "unplugged"
        wire.actor.reopen()
        assert await wire.transfer("again") == "again"

    run_virtual(main())


def test_the_observer_hears_success_failure_and_refusal() -> None:
    class Ear:
        def __init__(self) -> None:
            self.heard: list[str] = []

        def succeeded(self) -> None:
            self.heard.append("ok")

        def failed(self, error: Exception) -> None:
            self.heard.append(type(error).__name__)

    async def main() -> list[str]:
        actor, ear = BusActor("wire", Clock()), Ear()

        async def outcome(error: Exception | None) -> None:
            if error is not None:
                raise error

        for error in (None, BusTimeout("t"), DeviceRefused("r")):
            try:
                await actor.run(1, lambda error=error: outcome(error), observer=ear)
            except (BusTimeout, DeviceRefused):
                pass
        return ear.heard

    assert run_virtual(main()) == ["ok", "BusTimeout", "ok"]


def test_statistics_tell_how_busy_the_wire_was_and_how_long_callers_waited() -> None:
    async def main() -> BusActor:
        wire = Wire()
        await asyncio.gather(*(wire.transfer(number) for number in range(3)))
        await _fail(wire, 1, FrameError("noise"))
        return wire.actor

    told = run_virtual(main()).statistics
    assert told.transfers == 4
    assert told.busy_s == pytest.approx(0.04)
    assert told.waited_s == pytest.approx(0.01 + 0.02)
    assert told.errors == {"frame": 1}


def test_an_idle_bus_ends_a_transfer_in_the_same_loop_iteration() -> None:
    async def main() -> None:
        actor = BusActor("wire", Clock())
        passed = []
        asyncio.get_running_loop().call_soon(passed.append, "the loop went round")

        async def operation() -> int:
            return 5

        assert await actor.run(1, operation) == 5
        assert not passed

    asyncio.run(main())
