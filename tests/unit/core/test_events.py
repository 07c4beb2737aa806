"""Event channels: at once for what must not wait, queued for everything else."""

from __future__ import annotations

import asyncio
import logging

import pytest

from cc613hal.clock import run_virtual
from cc613hal.events import EventSource, Subscription


def test_listeners_are_called_at_once_and_in_order() -> None:
    source: EventSource[int] = EventSource("rcd1.trips")
    heard: list[str] = []
    source.on(lambda event: heard.append(f"first {event}"))
    source.on(lambda event: heard.append(f"second {event}"))
    source.publish(7)
    assert heard == ["first 7", "second 7"]


def test_a_broken_listener_hurts_nobody_else_and_is_named(caplog: pytest.LogCaptureFixture) -> None:
    source: EventSource[int] = EventSource("rcd1.trips")
    heard: list[int] = []

    def broken(event: int) -> None:
        raise ZeroDivisionError(event)

    source.on(broken)
    source.on(heard.append)
    with caplog.at_level(logging.ERROR):
        source.publish(0)
    assert heard == [0]
    assert "rcd1.trips: a listener failed on 0" in caplog.text


def test_a_cancelled_subscription_is_over() -> None:
    source: EventSource[int] = EventSource()
    heard: list[int] = []
    with source.on(heard.append) as subscription:
        source.publish(1)
    source.publish(2)
    subscription.cancel()  # again: no harm
    assert heard == [1]


def test_a_listener_that_another_one_cancels_is_not_called_any_more() -> None:
    source: EventSource[int] = EventSource()
    heard: list[int] = []
    later: list[Subscription] = []
    source.on(lambda _: later[0].cancel())
    later.append(source.on(heard.append))
    source.publish(1)
    assert heard == []


def test_a_listener_may_subscribe_others_while_it_is_called() -> None:
    source: EventSource[int] = EventSource()
    heard: list[int] = []

    def subscribe_another(event: int) -> None:
        if event == 1:
            source.on(heard.append)

    source.on(subscribe_another)
    source.publish(1)
    source.publish(2)
    assert heard == [2]


def test_a_stream_delivers_everything_since_it_began() -> None:
    async def main() -> list[int]:
        source: EventSource[int] = EventSource()
        source.publish(0)
        with source.stream() as stream:
            for event in (1, 2, 3):
                source.publish(event)
            return [await anext(stream) for _ in range(3)]

    assert run_virtual(main()) == [1, 2, 3]


def test_a_stream_wakes_a_waiting_reader() -> None:
    async def main() -> int:
        source: EventSource[int] = EventSource()
        with source.stream() as stream:
            asyncio.get_running_loop().call_later(3600.0, source.publish, 5)
            async with asyncio.timeout(3601.0):
                return await anext(stream)

    assert run_virtual(main()) == 5


def test_a_slow_reader_loses_the_oldest_and_can_tell_how_many() -> None:
    async def main() -> tuple[int, int, int]:
        source: EventSource[int] = EventSource()
        with source.stream(size=2) as stream:
            for event in range(5):
                source.publish(event)
            return await anext(stream), await anext(stream), stream.dropped

    assert run_virtual(main()) == (3, 4, 3)


def test_cancelling_a_stream_releases_its_reader_after_what_was_queued() -> None:
    async def main() -> list[int]:
        source: EventSource[int] = EventSource()
        stream = source.stream()
        source.publish(1)
        asyncio.get_running_loop().call_later(1.0, stream.cancel)
        async with asyncio.timeout(10.0):
            events = [event async for event in stream]
        source.publish(2)
        return events

    assert run_virtual(main()) == [1]


def test_a_stream_without_room_is_refused() -> None:
    source: EventSource[int] = EventSource()
    with pytest.raises(ValueError, match="at least one event"):
        source.stream(size=0)
