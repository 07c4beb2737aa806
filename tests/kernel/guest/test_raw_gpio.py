"""python-periphery on the GPIO character device."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
from periphery import GPIO, GPIOError

from tests.kernel.bench.gpio_sim import GpioSim

Request = Callable[..., Any]


@pytest.fixture
def request_line(gpio: GpioSim) -> Iterator[Request]:
    """Request lines of the ready-made chip; they are released after the test."""
    with ExitStack() as lines:

        def request(name: str, direction: str, *, path: str = gpio.path, **options: Any) -> Any:
            line = GPIO(path, name, direction, **options)
            lines.callback(line.close)
            return line

        yield request


def burst(gpio: GpioSim, count: int) -> None:
    """So many edges on the button, the first one rising, before anybody can look."""
    for number in range(count):
        gpio.pull("button", high=number % 2 == 0)


def waiting(line: Any) -> list[Any]:
    """The events that the kernel has kept."""
    seen = []
    while line.poll(0.3):
        seen.append(line.read_event())
    return seen


def test_an_output_drives_the_line_and_is_found_by_name(gpio: GpioSim, request_line: Request) -> None:
    line = request_line("contactor-k1", "out")
    line.write(True)
    assert gpio.value("contactor-k1") is True
    line.write(False)
    assert gpio.value("contactor-k1") is False


def test_an_input_follows_the_pull(gpio: GpioSim, request_line: Request) -> None:
    line = request_line("rcd-fault", "in")
    gpio.pull("rcd-fault", high=True)
    assert line.read() is True
    gpio.pull("rcd-fault", high=False)
    assert line.read() is False


def test_a_line_has_one_user(request_line: Request) -> None:
    request_line("contactor-k1", "out")
    with pytest.raises(GPIOError, match=r"[Bb]usy"):
        request_line("contactor-k1", "in")


def test_the_level_of_an_output_ends_with_its_request(gpio: GpioSim, request_line: Request) -> None:
    line = request_line("contactor-k1", "out")
    line.write(True)
    line.close()
    assert gpio.value("contactor-k1") is False  # why contactor lines stay requested for the life of the program


def test_edges_arrive_in_order_with_a_stamp(gpio: GpioSim, request_line: Request) -> None:
    line = request_line("button", "in", edge="both")
    before = time.time_ns()
    burst(gpio, 16)
    seen = waiting(line)
    assert [event.edge for event in seen] == ["rising", "falling"] * 8
    stamps = [event.timestamp for event in seen]
    assert stamps == sorted(stamps)
    assert before <= stamps[0] <= stamps[-1] <= time.time_ns()


def test_the_kernel_keeps_the_newest_sixteen_edges(gpio: GpioSim, request_line: Request) -> None:
    line = request_line("button", "in", edge="both")
    burst(gpio, 21)
    seen = waiting(line)
    assert len(seen) == 16
    assert seen[-1].edge == "rising"  # the last edge and the level agree, whatever was lost before
    assert line.read() is True


def test_polling_wakes_on_an_edge_and_not_without(gpio: GpioSim, request_line: Request) -> None:
    line = request_line("button", "in", edge="rising")
    assert line.poll(0.05) is False
    started = time.monotonic()
    timer = threading.Timer(0.2, gpio.pull, ("button", True))
    timer.start()
    assert line.poll(5.0) is True
    assert 0.15 < time.monotonic() - started < 2.0
    timer.join()


def test_active_low_turns_the_level_over(gpio: GpioSim, request_line: Request) -> None:
    line = request_line("led-green", "out", inverted=True)
    line.write(True)
    assert gpio.value("led-green") is False
    line.write(False)
    assert gpio.value("led-green") is True


def test_chips_are_told_apart(make_gpio: Callable[[Sequence[str]], GpioSim], request_line: Request) -> None:
    first, second = make_gpio(["a"]), make_gpio(["a"])
    request_line("a", "out", path=second.path).write(True)
    assert (first.value("a"), second.value("a")) == (False, True)
