"""A conversation: one call outstanding each way, answers meanwhile, and what is late belongs to nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from attrs import define, field

from cc613_chargepoint.ocpp.rpc import (
    OCPP16,
    OCPP201,
    Call,
    CallFailed,
    Dialect,
    ErrorCode,
    Link,
    LinkClosed,
    NoAnswerInTime,
    Priority,
    Reply,
    Wire,
)
from cc613hal.clock import run_virtual


class Rope(Wire):
    """A wire of which the test holds the other end."""

    def __init__(self) -> None:
        self.out: asyncio.Queue[str] = asyncio.Queue()
        self.back: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self.gone = False

    async def send(self, text: str) -> None:
        if self.gone:
            raise LinkClosed("gone")
        self.out.put_nowait(text)

    async def receive(self) -> str | bytes:
        text = await self.back.get()
        if text is None:
            self.gone = True
            raise LinkClosed("gone")
        return text


@define
class Scene:
    rope: Rope
    link: Link
    handled: list[Call] = field(factory=list)
    invalid: list[str] = field(factory=list)

    async def sent(self) -> list:
        return json.loads(await asyncio.wait_for(self.rope.out.get(), 100.0))

    def say(self, *frame: object) -> None:
        self.rope.back.put_nowait(json.dumps(frame))


@asynccontextmanager
async def conversation(handler=None, timeout_s: float = 30.0, dialect: Dialect = OCPP16) -> AsyncIterator[Scene]:
    handled: list[Call] = []
    invalid: list[str] = []

    async def take(call: Call) -> Reply:
        handled.append(call)
        return Reply({"n": len(handled)}) if handler is None else await handler(call)

    rope = Rope()
    link = Link(rope, take, timeout_s=lambda: timeout_s, invalid=invalid.append, dialect=dialect)
    running = asyncio.create_task(link.run())
    try:
        yield Scene(rope, link, handled, invalid)
    finally:
        rope.back.put_nowait(None)
        with pytest.raises(LinkClosed):
            await running


def test_an_answer_reaches_who_asked() -> None:
    async def scene() -> None:
        async with conversation() as it:
            call = asyncio.create_task(it.link.call("Heartbeat", {}))
            kind, identifier, action, payload = await it.sent()
            assert (kind, action, payload) == (2, "Heartbeat", {})
            assert len(identifier) == 36
            it.say(3, identifier, {"currentTime": "now"})
            assert await call == {"currentTime": "now"}

    run_virtual(scene())


def test_one_call_is_outstanding_and_the_urgent_one_is_next() -> None:
    async def scene() -> None:
        async with conversation() as it:
            calls = [
                asyncio.create_task(it.link.call(name, {}, priority=priority))
                for name, priority in (
                    ("first", Priority.STORED),
                    ("stored", Priority.STORED),
                    ("normal", Priority.NORMAL),
                    ("card", Priority.URGENT),
                )
            ]
            order = []
            for _ in calls:
                _, identifier, action, _ = await it.sent()
                assert it.rope.out.empty(), "a second call was sent before the first was answered"
                order.append(action)
                it.say(3, identifier, {})
            await asyncio.gather(*calls)
            assert order == ["first", "card", "normal", "stored"]

    run_virtual(scene())


def test_a_waiting_call_that_is_given_up_lets_the_next_one_go() -> None:
    async def scene() -> None:
        async with conversation() as it:
            calls = [asyncio.create_task(it.link.call(name, {})) for name in ("a", "b", "c")]
            _, identifier, _, _ = await it.sent()
            calls[1].cancel()
            it.say(3, identifier, {})
            _, identifier, action, _ = await it.sent()
            assert action == "c"
            it.say(3, identifier, {})
            await asyncio.gather(calls[0], calls[2])

    run_virtual(scene())


def test_while_a_call_waits_the_other_side_is_answered() -> None:
    async def scene() -> None:
        async with conversation() as it:
            call = asyncio.create_task(it.link.call("StatusNotification", {}))
            _, mine, _, _ = await it.sent()
            it.say(2, "theirs", "GetConfiguration", {})
            assert await it.sent() == [3, "theirs", {"n": 1}]
            it.say(3, mine, {})
            await call

    run_virtual(scene())


def test_a_handler_may_call_out_itself() -> None:
    async def scene() -> None:
        async def authorising(call: Call) -> Reply:
            return Reply(await link.call("Authorize", {"idTag": "A"}))

        async with conversation(authorising) as it:
            link = it.link
            it.say(2, "theirs", "RemoteStartTransaction", {})
            _, mine, action, _ = await it.sent()
            assert action == "Authorize"
            it.say(3, mine, {"ok": True})
            assert await it.sent() == [3, "theirs", {"ok": True}]

    run_virtual(scene())


def test_what_was_promised_comes_after_the_answer_and_blocks_nobody() -> None:
    async def scene() -> None:
        async def triggered(call: Call) -> Reply:
            async def then() -> None:
                await link.call("Heartbeat", {})

            return Reply({"status": "Accepted"}, then if call.action == "TriggerMessage" else None)

        async with conversation(triggered) as it:
            link = it.link
            it.say(2, "1", "TriggerMessage", {})
            assert await it.sent() == [3, "1", {"status": "Accepted"}]
            _, mine, action, _ = await it.sent()
            assert action == "Heartbeat"
            it.say(2, "2", "Reset", {})
            assert (await it.sent())[:2] == [3, "2"]
            it.say(3, mine, {})

    run_virtual(scene())


def test_no_answer_in_time_and_the_late_one_is_not_taken_for_the_next() -> None:
    async def scene() -> None:
        async with conversation(timeout_s=10.0) as it:
            before_s = asyncio.get_running_loop().time()
            first = asyncio.create_task(it.link.call("Authorize", {"idTag": "A"}))
            _, late, _, _ = await it.sent()
            with pytest.raises(NoAnswerInTime, match="10 s"):
                await first
            assert asyncio.get_running_loop().time() - before_s == pytest.approx(10.0)
            second = asyncio.create_task(it.link.call("Authorize", {"idTag": "B"}))
            _, mine, _, _ = await it.sent()
            it.say(3, late, {"of": "A"})
            it.say(4, late, "GenericError", "", {})
            it.say(3, mine, {"of": "B"})
            assert await second == {"of": "B"}

    run_virtual(scene())


def test_a_refusal_says_why() -> None:
    async def scene() -> None:
        async with conversation() as it:
            call = asyncio.create_task(it.link.call("SecurityEventNotification", {}))
            _, identifier, _, _ = await it.sent()
            it.say(4, identifier, "NotSupported", "never heard of it", {"x": 1})
            with pytest.raises(CallFailed, match="never heard of it") as caught:
                await call
            assert caught.value.code is ErrorCode.NOT_SUPPORTED
            assert caught.value.details == {"x": 1}

    run_virtual(scene())


def test_what_handlers_raise_becomes_a_refusal_and_the_link_stays() -> None:
    async def scene() -> None:
        async def failing(call: Call) -> Reply:
            if call.action == "Unknown":
                raise CallFailed(ErrorCode.NOT_IMPLEMENTED, "no such action")
            raise ZeroDivisionError

        async with conversation(failing) as it:
            it.say(2, "1", "Unknown", {})
            assert (await it.sent())[:4] == [4, "1", "NotImplemented", "no such action"]
            it.say(2, "2", "Reset", {})
            assert (await it.sent())[:3] == [4, "2", "InternalError"]

    run_virtual(scene())


def test_rubbish_does_not_end_the_link() -> None:
    async def scene() -> None:
        async with conversation() as it:
            for rubbish in ("", "[", "hello", b"\x00\x01", '[2,7,"Reset",{}]', '[9,"1",{}]'):
                it.rope.back.put_nowait(rubbish)
            it.say(2, "1", "Reset", [])
            assert (await it.sent())[:3] == [4, "1", "FormationViolation"]
            it.say(2, "x" * 40, "Reset", {})
            assert (await it.sent())[:2] == [4, "x" * 40]
            it.say(2, "2", "Reset", {})
            assert await it.sent() == [3, "2", {"n": 1}]
            assert len(it.invalid) == 7, "the message type that nobody knows is no mistake"

    run_virtual(scene())


def test_in_2_0_1_rubbish_is_answered_under_a_name_of_its_own() -> None:
    async def scene() -> None:
        async with conversation(dialect=OCPP201) as it:
            for rubbish in ("", "[", "hello", b"\x00\x01", '[2,7,"Reset",{}]', f'[2,"{"x" * 40}","Reset",{{}}]'):
                it.rope.back.put_nowait(rubbish)
                assert (await it.sent())[:3] == [4, "-1", "RpcFrameworkError"]
            it.say(2, "1", "Reset", [])
            assert (await it.sent())[:3] == [4, "1", "RpcFrameworkError"]
            it.say(9, "2", {})
            assert (await it.sent())[:3] == [4, "2", "MessageTypeNotSupported"]
            for answer in ('[3,"7"]', '[4,"7"]', '[3,"7",5]', "[9]"):  # a refusal of an answer, or of nothing, could go on for ever
                it.rope.back.put_nowait(answer)
            it.say(2, "3", "Reset", {})
            assert await it.sent() == [3, "3", {"n": 1}]

    run_virtual(scene())


def test_in_2_0_1_refusals_are_spelt_as_there() -> None:
    async def scene() -> None:
        async def failing(call: Call) -> Reply:
            raise CallFailed(ErrorCode(call.action), "no")

        async with conversation(failing, dialect=OCPP201) as it:
            for number, (code, spelt) in enumerate(
                {
                    "FormationViolation": "FormatViolation",
                    "OccurenceConstraintViolation": "OccurrenceConstraintViolation",
                    "TypeConstraintViolation": "TypeConstraintViolation",
                }.items()
            ):
                it.say(2, str(number), code, {})
                assert (await it.sent())[:3] == [4, str(number), spelt]

    run_virtual(scene())


def test_an_id_that_comes_twice_is_carried_out_once() -> None:
    async def scene() -> None:
        async with conversation() as it:
            it.say(2, "1", "Reset", {"type": "Soft"})
            first = await it.sent()
            it.say(2, "1", "Reset", {"type": "Soft"})
            assert await it.sent() == first
            it.say(2, "1", "Reset", {"type": "Hard"})
            assert (await it.sent())[:3] == [4, "1", "ProtocolError"]
            assert len(it.handled) == 1

    run_virtual(scene())


def test_a_side_that_does_not_wait_for_answers_is_refused_in_the_end() -> None:
    async def scene() -> None:
        block = asyncio.Event()

        async def slow(call: Call) -> Reply:
            await block.wait()
            return Reply()

        async with conversation(slow) as it:
            for number in range(40):
                it.say(2, str(number), "Reset", {})
            refused = [await it.sent() for _ in range(7)]
            assert {each[2] for each in refused} == {"GenericError"}
            block.set()

    run_virtual(scene())


def test_a_connection_that_goes_releases_who_waits() -> None:
    async def scene() -> None:
        async with conversation() as it:
            calls = [asyncio.create_task(it.link.call(name, {})) for name in ("a", "b")]
            await it.sent()
            it.rope.back.put_nowait(None)
            for call in calls:
                with pytest.raises(LinkClosed):
                    await call

    run_virtual(scene())
