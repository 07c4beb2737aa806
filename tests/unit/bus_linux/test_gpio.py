"""GPIO lines over stand-ins for opened lines; the real ones are tested on a real kernel in ``tests/kernel``."""

from __future__ import annotations

import asyncio
import errno
import os

import pytest

from cc613hal.bus.gpio import Edge, LineInfo, LineRequest
from cc613hal.bus.linux.gpio_periphery import LinuxGpio
from cc613hal.bus.options import GpioOptions
from cc613hal.clock import Clock
from cc613hal.errors import BusBusy, BusClosed, BusMissing

CHIPS = {
    "/dev/gpiochip0": ("K1_COIL", "", "RCD_TRIP", "LED"),
    "/dev/gpiochip1": ("K1_MIRROR", "LED"),
}


class Handle:
    """An opened line whose edges come through a pipe, as they do from the kernel."""

    kernel_clock = "realtime"

    def __init__(self, path: str, offset: int, request: LineRequest, initial: bool | None) -> None:
        if (path, offset) == ("/dev/gpiochip0", 3):
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self.place = (path, offset, initial)
        self.level = bool(initial)
        self.fails = 0
        self.pending: list[tuple[bool, float]] = []
        self.descriptor, self._in = os.pipe()
        self.closed = False

    def change(self, active: bool, at_s: float = 1.0) -> None:
        self.level = active
        self.pending.append((active, at_s))
        os.write(self._in, b"e")

    def read(self) -> bool:
        self._check()
        return self.level

    def write(self, active: bool) -> None:
        self._check()
        self.level = active

    def edge(self) -> tuple[bool, float]:
        self._check()
        if not self.pending:
            raise OSError(errno.EAGAIN, "no more")
        os.read(self.descriptor, 1)
        return self.pending.pop(0)

    def close(self) -> None:
        self.closed = True
        os.close(self.descriptor)
        os.close(self._in)

    def _check(self) -> None:
        if self.fails:
            raise OSError(self.fails, os.strerror(self.fails))


class Bench:
    def __init__(self, **options: object) -> None:
        self.handles: dict[str, Handle] = {}
        self.gpio = LinuxGpio("gpio", GpioOptions(**{"chips": tuple(CHIPS), **options}), Clock(), opener=self._open, lister=self._list)

    def _open(self, path: str, offset: int, request: LineRequest, initial: bool | None) -> Handle:
        handle = self.handles[request.name] = Handle(path, offset, request, initial)
        return handle

    def _list(self, path: str) -> tuple[LineInfo, ...]:
        if path not in CHIPS:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        owner = {"LED": "kernel-led"}
        return tuple(LineInfo(chip=path[5:], offset=n, name=name, consumer=owner.get(name, "")) for n, name in enumerate(CHIPS[path]))


async def test_lines_are_found_by_name_on_whichever_chip_has_them() -> None:
    bench = Bench()
    bench.gpio.output(LineRequest(name="K1_COIL"), initial=False)
    bench.gpio.input(LineRequest(name="K1_MIRROR"))
    assert bench.handles["K1_COIL"].place == ("/dev/gpiochip0", 0, False)
    assert bench.handles["K1_MIRROR"].place == ("/dev/gpiochip1", 0, None)
    await bench.gpio.aclose()


async def test_a_nameless_line_gets_its_name_from_the_board_file() -> None:
    bench = Bench(lines={"DOOR": "gpiochip0:1"})
    bench.gpio.input(LineRequest(name="DOOR"))
    assert bench.handles["DOOR"].place == ("/dev/gpiochip0", 1, None)
    assert "DOOR" in {line.name for line in bench.gpio.lines()}
    await bench.gpio.aclose()


async def test_a_misspelt_line_suggests_the_right_one() -> None:
    with pytest.raises(BusMissing, match=r"no GPIO line is called K1_COL.*did you mean K1_COIL"):
        Bench().gpio.output(LineRequest(name="K1_COL"), initial=False)


async def test_a_place_that_is_none_says_how_to_write_one() -> None:
    with pytest.raises(BusMissing, match="gpiochip0:17"):
        Bench(lines={"DOOR": "17"})


async def test_a_missing_chip_is_said_when_the_bus_is_opened() -> None:
    with pytest.raises(BusMissing, match="/dev/gpiochip7"):
        Bench(chips=("/dev/gpiochip7",))


async def test_a_line_that_somebody_owns_names_the_owner() -> None:
    bench = Bench()
    with pytest.raises(BusBusy, match="belongs to 'kernel-led'"):
        bench.gpio.output(LineRequest(name="LED"), initial=False)
    bench.gpio.input(LineRequest(name="RCD_TRIP"))
    with pytest.raises(BusBusy, match="already in use on this board"):
        bench.gpio.input(LineRequest(name="RCD_TRIP"))
    await bench.gpio.aclose()


async def test_an_output_has_its_level_from_the_first_moment_and_remembers_the_last() -> None:
    bench = Bench()
    line = bench.gpio.output(LineRequest(name="K1_COIL"), initial=True)
    assert bench.handles["K1_COIL"].level is True
    assert line.written is True
    line.write(False)
    assert (bench.handles["K1_COIL"].level, line.written) == (False, False)
    await bench.gpio.aclose()
    assert bench.handles["K1_COIL"].closed
    with pytest.raises(BusClosed, match="released"):
        line.write(True)
    assert line.written is False


async def test_an_edge_is_told_with_the_kernel_s_stamp_and_ours() -> None:
    bench = Bench()
    line = bench.gpio.input(LineRequest(name="RCD_TRIP"))
    seen: list[Edge] = []
    line.edges.on(seen.append)
    bench.handles["RCD_TRIP"].change(True, 12.5)
    bench.handles["RCD_TRIP"].change(False, 12.6)
    await asyncio.sleep(0.01)
    assert [(edge.active, edge.kernel_s, edge.kernel_clock) for edge in seen] == [(True, 12.5, "realtime"), (False, 12.6, "realtime")]
    assert line.read() is False
    await bench.gpio.aclose()


async def test_bounces_are_not_told_and_the_settled_level_is() -> None:
    bench = Bench()
    line = bench.gpio.input(LineRequest(name="K1_MIRROR", debounce_s=0.02))
    seen: list[bool] = []
    line.edges.on(lambda edge: seen.append(edge.active))
    handle = bench.handles["K1_MIRROR"]
    for level in (True, False, True, False, True):
        handle.change(level)
        await asyncio.sleep(0.003)
    assert seen == []
    await asyncio.sleep(0.03)
    assert seen == [True]
    handle.change(False)
    handle.change(True)
    await asyncio.sleep(0.03)
    assert seen == [True], "a glitch that ends where it began is nothing"
    await bench.gpio.aclose()


async def test_a_line_whose_chip_vanished_says_so_and_does_not_spin() -> None:
    bench = Bench()
    line = bench.gpio.input(LineRequest(name="RCD_TRIP"))
    handle = bench.handles["RCD_TRIP"]
    complaints: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    handle.fails = errno.ENODEV
    handle.change(True)
    await asyncio.sleep(0.01)
    assert len(complaints) == 1
    with pytest.raises(BusClosed, match="RCD_TRIP"):
        line.read()
    await bench.gpio.aclose()


async def test_closing_stops_the_debouncing() -> None:
    bench = Bench()
    line = bench.gpio.input(LineRequest(name="K1_MIRROR", debounce_s=0.01))
    seen: list[Edge] = []
    line.edges.on(seen.append)
    bench.handles["K1_MIRROR"].change(True)
    await asyncio.sleep(0.001)
    await bench.gpio.aclose()
    await asyncio.sleep(0.02)
    assert seen == []


@pytest.mark.parametrize(
    ("initial", "active_low", "electrical"), [(True, False, "high"), (True, True, "low"), (False, False, "low"), (False, True, "high")]
)
def test_the_first_level_of_an_inverted_output_is_the_logical_one(
    initial: bool, active_low: bool, electrical: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """python-periphery's ``high`` and ``low`` are electrical: a contactor that is active low must not pull in when it is requested."""
    from cc613hal.bus.linux import periphery_parts

    asked: list[str] = []
    monkeypatch.setattr(periphery_parts, "CdevGPIO", lambda path, line, direction, **_: asked.append(direction))
    periphery_parts.GpioHandle("/dev/gpiochip0", 1, LineRequest(name="K1_COIL", active_low=active_low), initial)
    assert asked == [electrical]
