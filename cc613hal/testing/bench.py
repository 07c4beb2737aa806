"""A board with one driver on it: what conformance suites, ``cc613hal sim --driver`` and tests of driver packages stand on.

::

    description = board_for("meters.sdm630")
    async with Simulation(description) as simulation, open_board(description, simulation.buses) as board:
        meter = board.get(EnergyMeter, PART)

or, with the board opened and the world around the part at hand (in pytest through the fixture ``open_part``)::

    async with open_part("bender.contactor", "coil", "mirror") as bench:
        bench.outlet.welded.set(True)
        assert (await bench.device.check_weld()).state is WeldState.WELDED
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from attrs import frozen

from cc613hal.errors import NotOnBoard, Unsupported
from cc613hal.plugins.spec import BusKind, Direction, DriverSpec

if TYPE_CHECKING:
    from pathlib import Path

    from cc613hal.board import Board, BoardDescription
    from cc613hal.bus.sim.gpio import Wire
    from cc613hal.plant import Outlet, Plant, Signal, Simulation
    from cc613hal.plugins.manager import Plugins

__all__ = ["PART", "Bench", "board_for", "board_text_for", "open_part", "spec_named"]

PART = "part"
"""Name of the device on such a board."""

_BUSES = {
    BusKind.I2C: 'type = "i2c"\npath = "/dev/i2c-bench"',
    BusKind.SPI: 'type = "spi"\npath = "/dev/spidev-bench"',
    BusKind.SERIAL: 'type = "serial"\npath = "/dev/ttyBENCH"',
    BusKind.MODBUS: 'type = "modbus-rtu"\npath = "/dev/ttyBENCH"',
    BusKind.HTTP: 'type = "http"\nhost = "bench.invalid"',
    BusKind.MULTICAST: 'type = "multicast"\ngroup = "239.12.255.254"\nport = 9522',
}


@frozen
class Bench:
    """The part under test, connected, and the world around it.

    Attributes:
        device: the driver object.
        board: the open board.
        simulation: the simulated buses, with their faults and, where it is virtual, the clock.
        name: the part's name on the board.
    """

    device: Any
    board: Board
    simulation: Simulation
    name: str = PART

    @property
    def plant(self) -> Plant:
        """The simulated world."""
        return self.simulation.plant

    @property
    def outlet(self) -> Outlet:
        """What stands at connector 1, where :func:`board_for` puts the part."""
        return self.plant.outlet(1)

    @property
    def emulated(self) -> Any:
        """The emulated part, which can be told to misbehave.

        Raises:
            KeyError: the driver brings no emulated part.
        """
        return self.plant.parts[self.name]

    @property
    def health(self) -> str:
        """State of the part's health as the board sees it: ``ok``, ``fault``, …"""
        return self.board.health()[self.name].state.value

    def wire(self, role: str) -> Wire:
        """The wire on one of the part's GPIO lines; its level is the electrical one, whatever ``active_low`` says.

        Raises:
            NotOnBoard: nothing is connected to that role.
        """
        return self.simulation.line(_label(self.name, role))

    def channel(self, role: str) -> Signal[tuple[float, float]]:
        """What one of the part's PWM lines puts out: frequency in Hz and share of the period at the electrical high level.

        Raises:
            NotOnBoard: nothing is connected to that role.
        """
        return self.simulation.channel(_label(self.name, role))


@asynccontextmanager
async def open_part(
    driver: str,
    *roles: str,
    options: Mapping[str, object] | None = None,
    low: tuple[str, ...] = (),
    before: Callable[[Simulation], None] | None = None,
    state_dir: Path | None = None,
) -> AsyncGenerator[Bench]:
    """One simulated part on an open board, as :func:`board_for` describes it; afterwards it is in its safe state.

    Args:
        driver: the driver's name.
        roles: the optional lines to connect besides the ones it needs; all its lines if omitted.
        options: the driver's options.
        low: roles whose lines are active low.
        before: changes the world before the board opens (a welded contact, a broken wire).
        state_dir: where parts keep what outlives them (wear counters); nothing is kept if omitted.

    Raises:
        NotOnBoard: no installed package has this driver.
        Unsupported: the driver has no line of that role.
        BoardFileError: the options are wrong, or do not go with the connected lines.
    """
    from cc613hal.board import open_board  # noqa: PLC0415  # the pytest plug-in imports this module's package at start-up
    from cc613hal.plant import Simulation  # noqa: PLC0415  # see above
    from cc613hal.plugins.manager import Plugins  # noqa: PLC0415  # see above

    known = Plugins.discover()
    there = [line.role for line in spec_named(driver, known).lines]
    if unknown := sorted({*roles, *low}.difference(there)):
        raise Unsupported(f"{driver} has no line {', '.join(unknown)}", hint=f"it has: {', '.join(there) or 'none'}")
    lines = {role: None if roles and role not in roles else {"active_low": True} if role in low else {} for role in there}
    description = board_for(driver, options=options, lines=lines, plugins=known)
    async with Simulation(description) as simulation:
        if before is not None:
            before(simulation)
        async with open_board(description, simulation.buses, clock=simulation.clock, state_dir=state_dir) as board:
            yield Bench(board.devices[PART], board, simulation)


def board_for(
    driver: str,
    *,
    bus: BusKind | None = None,
    address: int | None = None,
    options: Mapping[str, object] | None = None,
    lines: Mapping[str, Mapping[str, object] | None] | None = None,
    plugins: Plugins | None = None,
) -> BoardDescription:
    """A description of a board with this driver, on a bus of its own, with every line it can use and the devices it builds on.

    Args:
        driver: the driver's name.
        bus: the kind of bus; the driver's first if omitted.
        address: I2C address, Modbus unit or SPI chip select; the driver's usual one if omitted.
        options: the driver's options.
        lines: what a role's line needs beyond its name (``{"irq": {"active_low": True}}``); ``None`` leaves an optional line unconnected.
        plugins: the installed drivers; discovered if omitted.

    Raises:
        NotOnBoard: no installed package has this driver, or one that offers what it builds on.
        Unsupported: the driver cannot sit on that bus.
        BoardFileError: the options are wrong.
    """
    from cc613hal.board import parse_board  # noqa: PLC0415  # the pytest plug-in imports this module at start-up
    from cc613hal.plugins.manager import Plugins  # noqa: PLC0415  # see above

    known = plugins or Plugins.discover()
    text = board_text_for(spec_named(driver, known), known, bus=bus, address=address, options=options, lines=lines)
    return parse_board(text, file=f"bench of {driver}", plugins=known)


def spec_named(driver: str, plugins: Plugins) -> DriverSpec:
    """A driver's announcement.

    Raises:
        NotOnBoard: no installed package has it.
    """
    if driver not in plugins.drivers:
        raise NotOnBoard(f"no installed package has a driver {driver}", hint=f"there are: {', '.join(sorted(plugins.drivers)) or 'none'}")
    return plugins.drivers[driver]


def board_text_for(
    spec: DriverSpec,
    plugins: Plugins,
    *,
    bus: BusKind | None = None,
    address: int | None = None,
    options: Mapping[str, object] | None = None,
    lines: Mapping[str, Mapping[str, object] | None] | None = None,
) -> str:
    """The board file that :func:`board_for` reads; arguments and errors as there."""
    text = _Text(plugins, lines or {})
    text.device(PART, spec, bus=bus, address=address, options=options or {})
    return text.finish(spec.name)


class _Text:
    def __init__(self, plugins: Plugins, wiring: Mapping[str, Mapping[str, object] | None]) -> None:
        self._plugins = plugins
        self._wiring = wiring
        self._buses: dict[str, str] = {}
        self._gpio: dict[str, str] = {}
        self._pwm: dict[str, int] = {}
        self._devices: list[str] = []

    def device(self, name: str, spec: DriverSpec, *, bus: BusKind | None, address: int | None, options: Mapping[str, object]) -> None:
        """Add a device, and before it the ones it builds on.

        Raises:
            Unsupported: it cannot sit on that bus.
            NotOnBoard: nobody offers what it builds on.
        """
        lines = [f"[device.{name}]", f"driver = {json.dumps(spec.name)}", "connector = 1"]
        kind = bus or (spec.buses[0] if spec.buses else None)
        if kind is not None:
            if kind not in spec.buses:
                raise Unsupported(
                    f"{spec.name} cannot sit on {kind.value}", hint=f"it can on {', '.join(item.value for item in spec.buses)}"
                )
            self._buses[f"{name}-bus"] = _BUSES[kind].replace("bench", name).replace("BENCH", name)
            lines.append(f'bus = "{name}-bus"')
            if kind in {BusKind.I2C, BusKind.SPI, BusKind.MODBUS}:
                usual = spec.addresses[0] if spec.addresses else 1
                lines.append(f"address = {(0 if kind is BusKind.SPI else usual) if address is None else address}")
        lines.extend(self._lines(name, spec))
        if options:
            lines.append(f"options = {_inline(options)}")
        used: dict[str, str] = {}
        for use in spec.uses:
            helper = next((item for item in self._plugins.drivers.values() if use.capability in item.capabilities and not item.uses), None)
            if helper is None and use.required:
                raise NotOnBoard(f"{spec.name} builds on a {use.capability}, and no installed driver offers one")
            if helper is not None:
                used[use.role] = f"{name}-{use.role}"
                self.device(used[use.role], helper, bus=None, address=None, options={})
        if used:
            lines.append(f"uses = {_inline(used)}")
        self._devices.append("\n".join(lines))

    def _lines(self, name: str, spec: DriverSpec) -> Iterator[str]:
        wired: dict[str, object] = {}
        for line in spec.lines:
            wiring: Mapping[str, object] | None = self._wiring.get(line.role, {}) if name == PART else {}
            if wiring is None and not line.required:
                continue
            label = _label(name, line.role)
            wired[line.role] = {"name": label, **wiring} if wiring else label
            if line.direction is Direction.PWM:
                self._pwm[label] = len(self._pwm)
            else:
                self._gpio[label] = f"gpiochip0:{len(self._gpio)}"
        if wired:
            yield f"lines = {_inline(wired)}"

    def finish(self, name: str) -> str:
        """The whole board file."""
        tables = [f'schema = 1\nname = "bench.{name}"\nsummary = "one {name}"']
        tables.extend(f"[bus.{bus}]\n{text}" for bus, text in self._buses.items())
        if self._gpio:
            tables.append(f'[bus.bench-gpio]\ntype = "gpio"\nchips = ["/dev/gpiochip0"]\nlines = {_inline(self._gpio)}')
        if self._pwm:
            tables.append(f'[bus.bench-pwm]\ntype = "pwm"\npath = "/sys/class/pwm/pwmchip0"\nchannels = {_inline(self._pwm)}')
        return "\n\n".join([*tables, *self._devices]) + "\n"


def _label(name: str, role: str) -> str:
    """The board's name for the line that has this role for that device."""
    return f"{name}-{role}".upper().replace("-", "_")


def _inline(values: Mapping[str, object]) -> str:
    """A TOML inline table."""
    return "{ " + ", ".join(f"{json.dumps(str(key))} = {_value(value)}" for key, value in values.items()) + " }"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return _inline(cast("Mapping[str, object]", value))
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, cast("Iterable[object]", value))) + "]"
    return json.dumps(str(value), ensure_ascii=False)
