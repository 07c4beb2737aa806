"""The library's GPIO adapter on real lines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import pytest

from cc613hal.bus.gpio import Edge, GpioAdapter, JointGpio, JointOutput, LineRequest
from cc613hal.errors import BusBusy, BusMissing
from tests.kernel.bench.gpio_sim import GpioSim
from tests.kernel.guest.conftest import LINES, Opener


@pytest.fixture
async def adapter(gpio: GpioSim, open_bus: Opener) -> GpioAdapter:
    return await open_bus.gpio(gpio.path, lines={"relay-2": f"{gpio.path.removeprefix('/dev/')}:2"})


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that must come soon."""
    deadline = time.monotonic() + 5.0
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        await asyncio.sleep(0.005)


async def test_outputs_are_driven_from_the_first_moment(gpio: GpioSim, adapter: GpioAdapter) -> None:
    coil = adapter.output(LineRequest(name="contactor-k1"), initial=True)
    assert gpio.value("contactor-k1") is True
    coil.write(False)
    assert gpio.value("contactor-k1") is False
    assert coil.written is False


@pytest.mark.parametrize("initial", [False, True])
async def test_an_active_low_output_starts_at_its_logical_level(gpio: GpioSim, adapter: GpioAdapter, initial: bool) -> None:
    led = adapter.output(LineRequest(name="led-green", active_low=True), initial=initial)
    assert gpio.value("led-green") is not initial
    led.write(not initial)
    assert gpio.value("led-green") is initial


async def test_inputs_are_read_with_their_polarity(gpio: GpioSim, adapter: GpioAdapter) -> None:
    plain, inverted = adapter.input(LineRequest(name="rcd-fault")), adapter.input(LineRequest(name="button", active_low=True))
    gpio.pull("rcd-fault", high=True)
    gpio.pull("button", high=True)
    assert (plain.read(), inverted.read()) == (True, False)
    gpio.pull("rcd-fault", high=False)
    gpio.pull("button", high=False)
    assert (plain.read(), inverted.read()) == (False, True)


async def test_every_edge_reaches_the_listener_in_order(gpio: GpioSim, adapter: GpioAdapter) -> None:
    line = adapter.input(LineRequest(name="rcd-fault"))
    seen: list[Edge] = []
    line.edges.on(seen.append)
    started, wall = time.monotonic(), time.time()
    for number in range(10):
        gpio.pull("rcd-fault", high=number % 2 == 0)
    await until(lambda: len(seen) == 10)
    assert [edge.active for edge in seen] == [True, False] * 5
    stamps = [edge.stamp.monotonic_s for edge in seen]
    assert started <= stamps[0]
    assert stamps == sorted(stamps)
    assert seen[0].kernel_clock == "realtime"
    assert seen[0].kernel_s == pytest.approx(wall, abs=5.0)


async def test_an_active_low_edge_is_logical(gpio: GpioSim, adapter: GpioAdapter) -> None:
    gpio.pull("button", high=True)
    line = adapter.input(LineRequest(name="button", active_low=True))
    seen: list[Edge] = []
    line.edges.on(seen.append)
    gpio.pull("button", high=False)
    await until(lambda: bool(seen))
    assert [edge.active for edge in seen] == [True]


async def test_a_bouncing_contact_is_one_edge(gpio: GpioSim, adapter: GpioAdapter) -> None:
    line = adapter.input(LineRequest(name="button", debounce_s=0.15))
    seen: list[Edge] = []
    line.edges.on(seen.append)
    for number in range(7):
        gpio.pull("button", high=number % 2 == 0)
    await until(lambda: bool(seen))
    await asyncio.sleep(0.3)
    assert [edge.active for edge in seen] == [True]


async def test_a_burst_ends_with_the_level_the_line_has(gpio: GpioSim, adapter: GpioAdapter) -> None:
    line = adapter.input(LineRequest(name="button"))
    seen: list[Edge] = []
    line.edges.on(seen.append)
    for number in range(41):
        gpio.pull("button", high=number % 2 == 0)
    await until(lambda: bool(seen))
    await asyncio.sleep(0.1)
    assert seen[-1].active is True
    assert line.read() is True


async def test_a_line_of_another_program_is_named_with_its_owner(adapter: GpioAdapter, gpio: GpioSim, open_bus: Opener) -> None:
    adapter.output(LineRequest(name="contactor-k1"), initial=False)
    other = await open_bus.gpio(gpio.path)
    with pytest.raises(BusBusy) as failure:
        other.output(LineRequest(name="contactor-k1"), initial=False)
    assert "cc613hal contactor-k1" in str(failure.value.hint)


async def test_a_line_that_is_not_there_is_told_with_near_ones(adapter: GpioAdapter) -> None:
    with pytest.raises(BusMissing) as failure:
        adapter.input(LineRequest(name="contactor-k2"))
    assert "contactor-k1" in str(failure.value.hint)


async def test_lines_are_listed_with_the_names_of_the_board(gpio: GpioSim, adapter: GpioAdapter) -> None:
    adapter.output(LineRequest(name="relay-2"), initial=True)
    assert gpio.value(2) is True
    listed = adapter.lines()
    assert [info.name for info in listed] == [name or "relay-2" for name in LINES]
    assert [info.output for info in listed] == [name == "" for name in LINES]
    assert listed[2].consumer == "cc613hal relay-2"


async def test_lines_are_found_on_any_of_the_chips(gpio: GpioSim, make_gpio: Callable[[Sequence[str]], GpioSim], open_bus: Opener) -> None:
    second = make_gpio(["spare", "heater"])
    adapter = await open_bus.gpio(gpio.path, second.path)
    adapter.output(LineRequest(name="heater"), initial=True)
    assert second.value("heater") is True


async def test_released_lines_are_free_again(gpio: GpioSim, open_bus: Opener) -> None:
    for _ in range(2):
        adapter = await open_bus.gpio(gpio.path)
        adapter.output(LineRequest(name="contactor-k1"), initial=True)
        adapter.input(LineRequest(name="button"))
        await adapter.aclose()
    assert gpio.value("contactor-k1") is False


async def test_switching_off_takes_no_time(gpio: GpioSim, adapter: GpioAdapter) -> None:
    coil = adapter.output(LineRequest(name="contactor-k1"), initial=True)
    started = time.perf_counter()
    coil.write(False)
    assert time.perf_counter() - started < 0.02  # an ioctl, ten times slower in emulation
    assert gpio.value("contactor-k1") is False


async def test_outputs_requested_together_change_with_one_call(gpio: GpioSim, adapter: GpioAdapter) -> None:
    assert isinstance(adapter, JointGpio)
    requests = [LineRequest(name="contactor-k1"), LineRequest(name="led-green", active_low=True)]
    one, two = adapter.outputs(requests, initial=[True, True])
    assert isinstance(one, JointOutput)
    assert (gpio.value("contactor-k1"), gpio.value("led-green")) == (True, False)
    assert one.write_jointly({"contactor-k1": False, "led-green": False})
    assert (gpio.value("contactor-k1"), gpio.value("led-green")) == (False, True)
    two.write(True)
    assert (gpio.value("contactor-k1"), gpio.value("led-green")) == (False, False)


async def test_a_joint_request_for_a_taken_line_leaves_the_others_free(gpio: GpioSim, adapter: GpioAdapter, open_bus: Opener) -> None:
    other = await open_bus.gpio(gpio.path)
    other.output(LineRequest(name="led-green"), initial=False)
    assert isinstance(adapter, JointGpio)
    with pytest.raises(BusBusy):
        adapter.outputs([LineRequest(name="contactor-k1"), LineRequest(name="led-green")], initial=[False, False])
    adapter.output(LineRequest(name="contactor-k1"), initial=True)
    assert gpio.value("contactor-k1") is True
