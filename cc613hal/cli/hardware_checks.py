"""What ``cc613hal test`` checks on a device: that it is there, that what it tells makes sense and, if asked, that it moves."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from attrs import frozen

from cc613hal.cli.plain import flat, short
from cc613hal.cli.readers import questions, read_one
from cc613hal.cli.session import Session, capabilities
from cc613hal.errors import HalError
from cc613hal.interfaces import BLACK, Colour, Pattern
from cc613hal.readings import Reading

__all__ = ["Check", "check_device"]


@frozen(kw_only=True)
class Check:
    """One check and its outcome.

    Attributes:
        device: what was checked.
        name: the check.
        outcome: ``passed``, ``failed`` or ``skipped``.
        detail: what was seen, or why it failed or was skipped.
        took_s: how long it took, s.
    """

    device: str
    name: str
    outcome: str
    detail: str = ""
    took_s: float = 0.0


async def check_device(session: Session, device: str, *, active: bool, energise: bool) -> AsyncIterator[Check]:
    """Every check of one device.

    Args:
        session: the open board.
        device: name on the board.
        active: also move things.
        energise: active checks may switch contactors and relays.

    Raises:
        NotOnBoard: the board has no such device.
    """
    announced = dict(capabilities(session.description, device))
    yield _health(session, device)
    for question in questions(session, [device]):
        answer = await read_one(session, *question)
        problem = str(answer.error) if answer.error else _implausible(device, answer.value)
        yield Check(
            device=device,
            name=f"{answer.capability}.{answer.question}",
            outcome="failed" if problem else "passed",
            detail=problem or short(answer.value),
            took_s=answer.took_s,
        )
    for capability, (name, action, energises) in _ACTIVE.items():
        if capability in announced:
            if not active:
                yield Check(device=device, name=name, outcome="skipped", detail="needs --active")
            elif energises and not energise:
                yield Check(device=device, name=name, outcome="skipped", detail="needs --energise-real-hardware")
            else:
                yield await _act(session, device, name, session.board.all(announced[capability]).get(device), action)


def _health(session: Session, device: str) -> Check:
    health = session.board.health().get(device)
    usable = health is not None and health.usable
    return Check(
        device=device, name="health", outcome="passed" if usable else "failed", detail=health.reason if health else "not connected"
    )


def _implausible(device: str, value: Any) -> str:
    """Why a value cannot be; empty if it can."""
    if isinstance(value, Reading) and value.source != device:
        return f"the reading names {value.source!r} as its source"
    for name, item in flat(value):
        if isinstance(item, float) and not math.isfinite(item):
            return f"{name} is {item}"
    return ""


async def _act(session: Session, device: str, name: str, driver: Any, action: Callable[[Any], Awaitable[str]]) -> Check:
    begin_s = session.board.clock.monotonic_s()
    outcome = "passed"
    try:
        if driver is None:
            outcome, detail = "failed", "not connected"
        else:
            detail = await action(driver)
    except (HalError, _Disappointed) as error:
        outcome, detail = "failed", str(error)
    return Check(device=device, name=name, outcome=outcome, detail=detail, took_s=session.board.clock.monotonic_s() - begin_s)


class _Disappointed(Exception):  # noqa: N818  # an outcome of a check, not an error of anybody
    """A check ended otherwise than it must."""


async def _cycle_contactor(driver: Any) -> str:
    """On and off again; off whatever happens in between."""
    try:
        on = await driver.switch_on()
    finally:
        off = await driver.switch_off()
    return f"on in {on.elapsed_s:.3f} s, off in {off.elapsed_s:.3f} s, {'verified by feedback' if off.verified else 'without feedback'}"


async def _cycle_relay(driver: Any) -> str:
    before = driver.is_on
    try:
        await driver.switch_on()
        if not driver.is_on:
            raise _Disappointed("did not switch on")
    finally:
        if not before:
            await driver.switch_off()
    return "switched on and back"


async def _cycle_lock(driver: Any) -> str:
    try:
        locked = await driver.lock()
    finally:
        unlocked = await driver.unlock()
    return f"locked in {locked.elapsed_s:.3f} s ({locked.attempts} strokes), unlocked in {unlocked.elapsed_s:.3f} s"


async def _self_test(driver: Any) -> str:
    result = await driver.self_test()
    steps = "; ".join(f"{step.what}: {'met' if step.passed else 'not met'} after {step.elapsed_s:.3f} s" for step in result.steps)
    if not result.passed:
        raise _Disappointed(steps)
    return steps


async def _lights(driver: Any) -> str:
    before = driver.shown
    for colour in (Colour(1.0, 0.0, 0.0), Colour(0.0, 1.0, 0.0), Colour(0.0, 0.0, 1.0)):
        await driver.show(Pattern(colours=(colour,)))
    await driver.show(before or Pattern(colours=(BLACK,)))
    return f"{driver.lights} lights, each colour"


_ACTIVE: dict[str, tuple[str, Callable[[Any], Awaitable[str]], bool]] = {
    "ResidualCurrentMonitor": ("self-test", _self_test, False),
    "PlugLock": ("lock and unlock", _cycle_lock, False),
    "Contactor": ("on and off", _cycle_contactor, True),
    "Relay": ("on and off", _cycle_relay, True),
    "Indicator": ("colours", _lights, False),
}
"""Active checks by capability: name, what is done, whether it energises something."""
