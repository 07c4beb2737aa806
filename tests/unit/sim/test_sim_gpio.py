"""Simulated lines: copper with pulls and sources below, logical levels and edges above."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cc613hal.bus.gpio import Edge, LineRequest, Pull, write_together
from cc613hal.bus.sim.gpio import SimGpio
from cc613hal.bus.sim.pwm import SimPwm
from cc613hal.clock import run_virtual
from cc613hal.errors import BusBusy, BusClosed, BusMissing, ConfigError


@pytest.fixture
def gpio() -> SimGpio:
    return SimGpio(["K1_COIL", "K1_MIRROR", "RCD_TRIP"], name="gpio")


def test_an_input_follows_what_the_part_drives(gpio: SimGpio) -> None:
    line = gpio.input(LineRequest(name="K1_MIRROR"))
    mirror = gpio.wire("K1_MIRROR").drive()
    assert line.read() is False
    mirror.set(True)
    assert line.read() is True


def test_polarity_is_logical_only(gpio: SimGpio) -> None:
    trip = gpio.input(LineRequest(name="RCD_TRIP", active_low=True))
    source = gpio.wire("RCD_TRIP").drive()
    source.set(False)
    assert trip.read() is True
    coil = gpio.output(LineRequest(name="K1_COIL", active_low=True), initial=False)
    assert gpio.wire("K1_COIL").level.value is True
    coil.write(True)
    assert gpio.wire("K1_COIL").level.value is False


@pytest.mark.parametrize(("pull", "level"), [(Pull.UP, True), (Pull.DOWN, False)])
@pytest.mark.parametrize("active_low", [False, True])
def test_an_open_input_takes_its_pull(gpio: SimGpio, pull: Pull, level: bool, active_low: bool) -> None:
    line = gpio.input(LineRequest(name="K1_MIRROR", pull=pull, active_low=active_low))
    assert gpio.wire("K1_MIRROR").level.value is level
    assert line.read() is (level != active_low)


@pytest.mark.parametrize("active_low", [False, True])
def test_a_line_nobody_drives_rests_inactive(gpio: SimGpio, active_low: bool) -> None:
    assert gpio.input(LineRequest(name="K1_MIRROR", active_low=active_low)).read() is False


def test_a_part_that_drives_beats_the_pull(gpio: SimGpio) -> None:
    source = gpio.wire("K1_MIRROR").drive()
    source.set(False)
    assert gpio.input(LineRequest(name="K1_MIRROR", pull=Pull.UP)).read() is False


def test_open_drain_lets_the_other_side_pull_low(gpio: SimGpio) -> None:
    line = gpio.output(LineRequest(name="K1_COIL", open_drain=True), initial=True)
    wire = gpio.wire("K1_COIL")
    levels: list[bool] = []
    wire.level.on(levels.append, now=True)  # high: the board's resistor
    source = wire.drive()
    source.set(False)
    source.set(True)
    line.write(False)
    assert levels == [True, False, True, False]


def test_an_output_has_its_initial_level_from_the_first_moment(gpio: SimGpio) -> None:
    levels: list[bool] = []
    gpio.wire("K1_COIL").level.on(levels.append)
    line = gpio.output(LineRequest(name="K1_COIL"), initial=True)
    assert levels == [True]
    assert line.written is True


def test_edges_arrive_in_the_call_that_makes_them_with_stamps(gpio: SimGpio) -> None:
    async def main() -> list[Edge]:
        line = gpio.input(LineRequest(name="RCD_TRIP", active_low=True, pull=Pull.UP))
        edges: list[Edge] = []
        line.edges.on(edges.append)
        source = gpio.wire("RCD_TRIP").drive()
        await asyncio.sleep(1.5)
        source.set(False)
        assert len(edges) == 1  # at once, no loop iteration in between
        source.set(False)  # no change, no edge
        source.set(True)
        return edges

    edges = run_virtual(main())
    assert [edge.active for edge in edges] == [True, False]
    assert edges[0].stamp.monotonic_s == edges[0].kernel_s == pytest.approx(1.5)


def test_bounces_shorter_than_the_debounce_time_are_ignored(gpio: SimGpio) -> None:
    async def main() -> tuple[list[tuple[float, bool]], bool]:
        line = gpio.input(LineRequest(name="K1_MIRROR", debounce_s=0.005))
        edges: list[tuple[float, bool]] = []
        line.edges.on(lambda edge: edges.append((round(edge.stamp.monotonic_s, 4), edge.active)))
        source = gpio.wire("K1_MIRROR").drive()
        for level in (True, False, True, False, True):
            source.set(level)
            await asyncio.sleep(0.001)
        early = line.read()
        await asyncio.sleep(1.0)
        return edges, early

    edges, early = run_virtual(main())
    assert edges == [(0.009, True)]  # the last bounce was at 4 ms
    assert early is False  # the kernel, too, reports the debounced level


@given(st.lists(st.tuples(st.booleans(), st.floats(min_value=0.0, max_value=0.02)), max_size=30))
def test_debounced_edges_alternate_and_end_at_the_true_level(changes: list[tuple[bool, float]]) -> None:
    async def main() -> None:
        gpio = SimGpio(["X"])
        line = gpio.input(LineRequest(name="X", debounce_s=0.005))
        edges: list[bool] = []
        line.edges.on(lambda edge: edges.append(edge.active))
        source = gpio.wire("X").drive()
        for level, pause in changes:
            source.set(level)
            await asyncio.sleep(pause)
        await asyncio.sleep(0.1)
        assert edges == [index % 2 == 0 for index in range(len(edges))]
        assert line.read() is source.value is (edges[-1] if edges else False)

    run_virtual(main())


def test_a_mistyped_line_is_answered_with_near_names(gpio: SimGpio) -> None:
    with pytest.raises(BusMissing, match=r"gpio: no GPIO line K1_MIROR \(did you mean K1_MIRROR"):
        gpio.input(LineRequest(name="K1_MIROR"))
    with pytest.raises(BusMissing, match="there are: K1_COIL, K1_MIRROR, RCD_TRIP"):
        gpio.output(LineRequest(name="zzz"), initial=False)


def test_a_line_has_one_user(gpio: SimGpio) -> None:
    gpio.input(LineRequest(name="K1_MIRROR"))
    with pytest.raises(BusBusy, match="line K1_MIRROR is in use"):
        gpio.input(LineRequest(name="K1_MIRROR"))


def test_discovery_sees_what_is_in_use(gpio: SimGpio) -> None:
    gpio.output(LineRequest(name="K1_COIL"), initial=False)
    lines = {line.name: line for line in gpio.lines()}
    assert lines["K1_COIL"].output
    assert lines["K1_COIL"].consumer == "cc613hal"
    assert lines["K1_MIRROR"].consumer == ""


@pytest.mark.parametrize("active_low", [False, True])
def test_closing_lets_go_of_outputs_which_then_rest_inactive(gpio: SimGpio, active_low: bool) -> None:
    coil = gpio.output(LineRequest(name="K1_COIL", active_low=active_low), initial=True)
    run_virtual(gpio.aclose())
    assert gpio.wire("K1_COIL").level.value is active_low
    with pytest.raises(BusClosed):
        coil.write(True)
    gpio.reopen()
    with pytest.raises(BusClosed, match="released"):
        coil.write(True)
    gpio.output(LineRequest(name="K1_COIL", active_low=active_low), initial=False)


def test_an_unplugged_chip_drives_nothing_and_hears_nothing(gpio: SimGpio) -> None:
    coil = gpio.output(LineRequest(name="K1_COIL"), initial=True)
    trip = gpio.input(LineRequest(name="RCD_TRIP"))
    edges: list[Edge] = []
    trip.edges.on(edges.append)
    gpio.faults.unplug()
    assert gpio.wire("K1_COIL").level.value is False
    gpio.wire("RCD_TRIP").drive().set(True)
    assert edges == []
    for use in (trip.read, lambda: coil.write(True), gpio.reopen):
        with pytest.raises(BusClosed, match="unplugged"):
            use()
    gpio.faults.plug()
    assert gpio.wire("K1_COIL").level.value is False  # nothing switches on by itself
    coil.write(True)
    assert gpio.wire("K1_COIL").level.value is True
    assert trip.read() is True


def test_pwm_channels_put_out_what_was_set() -> None:
    chip = SimPwm({"CP1_PWM": 0})
    line = chip.pwm("CP1_PWM")
    assert line.duty == 0.0
    line.set(1000.0, 0.267)
    assert chip.output("CP1_PWM").value == (1000.0, 0.267)
    assert (line.name, line.duty) == ("CP1_PWM", 0.267)
    run_virtual(chip.aclose())
    assert chip.output("CP1_PWM").value == (0.0, 0.0)


def test_an_inverted_channel_is_inverted_on_the_wire_only() -> None:
    chip = SimPwm({"CP1_PWM": 0})
    line = chip.pwm("CP1_PWM", inverted=True)
    line.set(1000.0, 0.25)
    assert chip.output("CP1_PWM").value == (1000.0, 0.75)
    assert line.duty == 0.25


@pytest.mark.parametrize(
    ("frequency_hz", "duty"), [(0.0, 0.5), (-1.0, 0.5), (1000.0, 1.01), (1000.0, -0.1), (float("nan"), 0.5), (1.0, float("nan"))]
)
def test_what_is_no_pwm_is_refused_and_changes_nothing(frequency_hz: float, duty: float) -> None:
    chip = SimPwm({"CP1_PWM": 0})
    line = chip.pwm("CP1_PWM")
    line.set(1000.0, 0.5)
    with pytest.raises(ConfigError):
        line.set(frequency_hz, duty)
    assert chip.output("CP1_PWM").value == (1000.0, 0.5)


def test_pwm_channels_have_one_user_and_near_names() -> None:
    chip = SimPwm({"CP1_PWM": 0}, name="pwm")
    chip.pwm("CP1_PWM")
    with pytest.raises(BusBusy):
        chip.pwm("CP1_PWM")
    with pytest.raises(BusMissing, match=r"did you mean CP1_PWM\?"):
        chip.pwm("CP_PWM")


def test_an_unplugged_pwm_chip_is_off_until_set_again() -> None:
    chip = SimPwm({"CP1_PWM": 0})
    line = chip.pwm("CP1_PWM")
    line.set(1000.0, 0.5)
    chip.faults.unplug()
    assert chip.output("CP1_PWM").value == (0.0, 0.0)
    with pytest.raises(BusClosed):
        line.set(1000.0, 0.5)
    chip.faults.plug()
    line.set(1000.0, 0.5)
    assert chip.output("CP1_PWM").value == (1000.0, 0.5)


def test_lines_that_were_requested_together_change_at_the_same_moment(gpio: SimGpio) -> None:
    one, two = gpio.outputs([LineRequest(name="K1_COIL"), LineRequest(name="RCD_TRIP", active_low=True)], initial=[True, True])
    wires = gpio.wire("K1_COIL").level, gpio.wire("RCD_TRIP").level
    seen: list[tuple[bool, bool]] = []
    for wire in wires:
        wire.on(lambda _: seen.append((wires[0].value, wires[1].value)))
    write_together([(one, False), (two, False)])
    assert seen == [(False, True), (False, True)]
    assert (one.written, two.written) == (False, False)
    write_together([(two, True)])
    assert (one.written, two.written) == (False, True)


def test_lines_of_different_requests_are_written_one_after_the_other_in_the_order_given(gpio: SimGpio) -> None:
    one = gpio.output(LineRequest(name="K1_COIL"), initial=False)
    two = gpio.output(LineRequest(name="RCD_TRIP"), initial=False)
    wires = gpio.wire("K1_COIL").level, gpio.wire("RCD_TRIP").level
    seen: list[tuple[bool, bool]] = []
    for wire in wires:
        wire.on(lambda _: seen.append((wires[0].value, wires[1].value)))
    write_together([(two, True), (one, True)])
    assert seen == [(False, True), (True, True)]


def test_a_taken_line_takes_none_of_its_group(gpio: SimGpio) -> None:
    gpio.input(LineRequest(name="RCD_TRIP"))
    with pytest.raises(BusBusy):
        gpio.outputs([LineRequest(name="K1_COIL"), LineRequest(name="RCD_TRIP")], initial=[False, False])
    gpio.output(LineRequest(name="K1_COIL"), initial=False)


def test_a_chip_that_is_gone_fails_every_line_of_the_group_and_the_first_reason_is_told(gpio: SimGpio) -> None:
    lines = gpio.outputs([LineRequest(name="K1_COIL"), LineRequest(name="K1_MIRROR")], initial=[False, False])
    gpio.faults.unplug()
    with pytest.raises(BusClosed):
        write_together([(line, True) for line in lines])
