"""Opening a board: outputs to their safe level first, buses, drivers, connections; and the way back out, whatever happens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from cc613hal.board.board import Board
from cc613hal.board.device import OpenDevice
from cc613hal.board.line_slots import GpioSlot, PwmSlot
from cc613hal.board.model import BoardDescription
from cc613hal.board.problems import listed
from cc613hal.board.reconnect import BackOff, Supervisor
from cc613hal.board.safety import SafetyReport, SigintHeld, SigtermGuard, shielded
from cc613hal.board.wires import OpenBus
from cc613hal.bus.factory import BusFactory
from cc613hal.bus.hotplug import HotPlug
from cc613hal.clock import Clock
from cc613hal.errors import BusError, CommandFailed, ConnectFailed, DeviceError
from cc613hal.plugins.spec import SafeRank

__all__ = ["open_board"]

_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_board(
    description: BoardDescription,
    buses: BusFactory | None = None,
    *,
    clock: Clock | None = None,
    state_dir: Path | None = None,
    connect_timeout_s: float = 10.0,
    back_off: BackOff | None = None,
    sigterm: bool = True,
) -> AsyncGenerator[Board]:
    """Open a board; on leaving it, for whatever reason, every device has been brought to its safe state.

    Outputs are requested at their safe level before any other bus is opened. Devices connect in parallel, each after those it uses.
    Devices with ``required = false`` that fail are offline, and the board keeps trying to bring them back, as it does with every device
    and bus that goes later.

    Args:
        description: from :func:`cc613hal.board.load_board`.
        buses: who opens buses; Linux if omitted.
        clock: the board's clock; the system's if omitted.
        state_dir: folder for what devices remember across restarts; nothing is kept if omitted.
        connect_timeout_s: longest time for one device to connect, s.
        back_off: pauses between attempts to bring something back (0.5 s doubling to 30 s if omitted).
        sigterm: leave the board properly on SIGTERM if the program has no handler of its own for it.

    Raises:
        ConnectFailed: required devices failed; ``failures`` has each with its cause. What was open is closed again, in the safe state.
        CommandFailed: on leaving, a device that was there did not reach its safe state; ``evidence`` is the
            :class:`~cc613hal.board.safety.SafetyReport`. Only if nothing else was raised.
    """
    board = Board(
        description,
        buses if buses is not None else _linux_buses(),
        clock=clock or Clock(),
        state_dir=state_dir,
        connect_timeout_s=connect_timeout_s,
    )
    plugs = board.factory if isinstance(board.factory, HotPlug) else None
    supervisor = Supervisor(board.wires.buses, board.parts, board.clock, back_off or BackOff(), plugs)
    with SigtermGuard(enabled=sigterm):
        try:
            await _open_everything(board)
            supervisor.start()
            yield board
        except BaseException as error:
            with SigintHeld(error):
                await shielded(_leave(board, supervisor))
            raise
        with SigintHeld():
            unsafe = await shielded(_leave(board, supervisor))
        if unsafe is not None:
            raise unsafe


def _linux_buses() -> BusFactory:
    from cc613hal.bus.linux.factory import LinuxBuses  # noqa: PLC0415  # nobody who simulates needs the Linux adapters

    return LinuxBuses()


async def _open_everything(board: Board) -> None:
    failures: dict[str, Exception] = {}
    lines = [bus for bus in board.wires.buses.values() if isinstance(bus.slot, GpioSlot | PwmSlot)]
    others = [bus for bus in board.wires.buses.values() if bus not in lines]
    await _open_buses(lines)
    for device in board.parts.values():
        _guarded(device, _claim_outputs, failures)
        if device.name in failures:
            _blame_bus(board, device, failures)
    await _open_buses(others)
    for device in board.parts.values():
        if device.name not in failures:
            _guarded(device, OpenDevice.construct, failures)
    await _connect(board, failures)
    fatal = {name: failures[name] for name, device in board.parts.items() if name in failures and device.description.required}
    if fatal:
        count = "one device" if len(fatal) == 1 else f"{len(fatal)} devices"
        hint = "required = false in the board file lets the board open without a device"
        raise ConnectFailed(f"{count} of {board.description.name} did not connect:", failures=fatal, hint=hint)


async def _open_buses(buses: list[OpenBus]) -> None:
    """All at once. What cannot be opened shows in its devices; a bus that nobody sits on only costs a line of log."""

    async def attempt(bus: OpenBus) -> None:
        try:
            await bus.open()
        except BusError as error:
            _log.warning("bus %s cannot be opened: %s", bus.name, error)

    async with asyncio.TaskGroup() as group:
        for bus in buses:
            group.create_task(attempt(bus))


def _claim_outputs(device: OpenDevice) -> None:
    device.context.prepare_lines()
    device.context.claim_outputs()


def _guarded(device: OpenDevice, step: Callable[[OpenDevice], None], failures: dict[str, Exception]) -> None:
    """One step of one device; what it raises belongs to that device and hurts no other."""
    try:
        step(device)
    except Exception as error:  # noqa: BLE001  # a driver's constructor may raise anything
        failures[device.name] = error
        device.gone(error)


async def _connect(board: Board, failures: dict[str, Exception]) -> None:
    """Connect in parallel, each device after those it uses."""
    done = {name: asyncio.Event() for name in board.parts}

    async def attempt(device: OpenDevice) -> None:
        try:
            if device.name not in failures:
                for other in device.description.uses.values():
                    await done[other].wait()
                _check_neighbours(device, failures)
                _check_buses(board, device)
                await device.bring_up()
        except Exception as error:  # noqa: BLE001  # as above: it belongs to this device
            failures[device.name] = error
            device.gone(error)
        finally:
            done[device.name].set()

    async with asyncio.TaskGroup() as group:
        for device in board.parts.values():
            group.create_task(attempt(device), name=f"connect {device.name}")


def _check_neighbours(device: OpenDevice, failures: dict[str, Exception]) -> None:
    needed = {use.role for use in device.description.driver.uses if use.required}
    missing = [target for role, target in device.description.uses.items() if role in needed and target in failures]
    if missing:
        raise DeviceError(f"builds on {listed(missing)}, which did not connect", device=device.name, hint="see there", transient=True)


def _check_buses(board: Board, device: OpenDevice) -> None:
    """A bus that could not be opened is the cause, better told than that a port on it is closed."""
    for name in device.buses:
        error = board.wires.buses[name].error
        if error is not None:
            raise error


def _blame_bus(board: Board, device: OpenDevice, failures: dict[str, Exception]) -> None:
    """That a line is not there has a cause if its chip could not be opened, and the cause is what somebody can mend."""
    try:
        _check_buses(board, device)
    except BusError as cause:
        failures[device.name] = cause
        device.gone(cause)


async def _leave(board: Board, supervisor: Supervisor) -> CommandFailed | None:
    await supervisor.aclose()
    was_there = {name for name, device in board.parts.items() if not device.observer.away}
    report = await board.make_safe()
    await board.close_devices()
    await board.close_buses()
    return _complaint(board, report, was_there)


def _complaint(board: Board, report: SafetyReport, was_there: set[str]) -> CommandFailed | None:
    """A power-path device that was there and did not reach its safe state is worth an exception; a dark light is not."""
    unsafe = [name for name in report.failed if name in was_there and board.parts[name].description.driver.rank <= SafeRank.RELAY]
    if not unsafe:
        return None
    reasons = "; ".join(f"{name}: {report.failed[name]}" for name in unsafe)
    return CommandFailed(f"the safe state was not reached: {reasons}", evidence=report, hint="assume that the outlet is live and check it")
