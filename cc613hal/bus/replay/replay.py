"""Playing a recording back: the buses answer a program as they did then, and complain when it asks something else.

Transactions are expected in the recorded order, bus by bus. Timing of answers is not replayed: an answer comes at once, a recorded
failure is raised at once. GPIO edges come as long after the last thing on their bus as they did in the recording, on the loop's clock, so
that a virtual clock plays them instantly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from typing_extensions import TypeForm

from cc613hal.bus.actor import BusActor
from cc613hal.bus.factory import AnyAdapter, BusFactory, StandIns
from cc613hal.bus.options import (
    BusOptions,
    GpioOptions,
    HttpOptions,
    I2cOptions,
    ModbusRtuOptions,
    ModbusTcpOptions,
    MulticastOptions,
    PwmOptions,
    SerialOptions,
    SpiOptions,
)
from cc613hal.bus.replay.hosts import ReplayHttp, ReplayMulticast
from cc613hal.bus.replay.lines import ReplayGpio, ReplayPwm
from cc613hal.bus.replay.script import ReplayMismatchError, Script, read_recording, transactions
from cc613hal.bus.replay.wires import ReplayI2c, ReplayModbus, ReplaySerial, ReplaySpi
from cc613hal.bus.trace import Frame
from cc613hal.errors import BusMissing, Unsupported

__all__ = ["ReplayBuses"]

T = TypeVar("T")


class ReplayBuses(BusFactory, StandIns):
    """Opens buses that play a recording.

    ::

        async with ReplayBuses.from_file(path) as buses, open_board(description, buses) as board:
            ...                                   # leaving without an error also checks that everything recorded happened

    Args:
        frames: the recording.
        order: ``bus`` expects the recorded order on each bus; ``unit`` only for each unit of a bus, for programs whose tasks take turns
            by chance.
    """

    def __init__(self, frames: Iterable[Frame], *, order: str = "bus") -> None:
        self._frames: dict[str, list[Frame]] = {}
        for frame in frames:
            self._frames.setdefault(frame.bus, []).append(frame)
        self._by_unit = order == "unit"
        self._open: dict[str, AnyAdapter] = {}
        self._scripts: dict[str, Script] = {}
        self.complaints: list[str] = []
        """Everything that was asked and not recorded, in words."""

    @classmethod
    def from_file(cls, path: Path, *, order: str = "bus") -> Self:
        """Play a recording, or a dump of traces.

        Raises:
            ConfigError: it cannot be read; the message names file and line.
        """
        return cls(read_recording(path), order=order)

    def stand_in(self, device: str, kind: TypeForm[T]) -> T:
        """Recordings hold what goes over buses only.

        Raises:
            BusMissing: always.
        """
        raise BusMissing(f"a recording has no {getattr(kind, '__name__', kind)}", device=device, hint="replay it in the driver's own tests")

    async def open(self, name: str, options: BusOptions, actor: BusActor) -> AnyAdapter:
        """Open a bus; opened again, it goes on where the recording is.

        Raises:
            Unsupported: a kind of bus that recordings do not know.
        """
        if name not in self._open:
            self._open[name] = self._made(name, options, actor)
        return self._open[name]

    def leftovers(self) -> list[str]:
        """What was recorded and has not happened, one line for each bus."""
        lines: list[str] = []
        for name in self._frames:
            adapter = self._open.get(name)
            if isinstance(adapter, ReplaySerial | ReplayGpio | ReplayPwm):
                lines += adapter.leftovers()
            elif name in self._scripts:
                lines += self._scripts[name].leftovers()
            elif any(frame.direction == ">" for frame in self._frames[name]):
                lines.append(f"{name}: was never opened, and the recording has {len(self._frames[name])} frames for it")
        return lines

    def assert_finished(self) -> None:
        """Check that everything recorded happened, and nothing else.

        Raises:
            ReplayMismatchError: it lists what was asked without being recorded, and what was recorded and not asked.
        """
        wrong = [*self.complaints, *self.leftovers()]
        if wrong:
            raise ReplayMismatchError("\n".join(wrong))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self.assert_finished()

    def _made(self, name: str, options: BusOptions, actor: BusActor) -> AnyAdapter:
        frames = self._frames.get(name, [])
        match options:
            case I2cOptions():
                return ReplayI2c(self._script(name))
            case SpiOptions():
                return ReplaySpi(self._script(name))
            case ModbusRtuOptions() | ModbusTcpOptions():
                return ReplayModbus(self._script(name))
            case SerialOptions():
                return ReplaySerial(name, frames, options.settings, actor.clock, self.complaints)
            case HttpOptions():
                return ReplayHttp(self._script(name))
            case MulticastOptions():
                return ReplayMulticast(name, frames, actor.clock)
            case GpioOptions():
                return ReplayGpio(name, frames, actor.clock, self.complaints)
            case PwmOptions():
                return ReplayPwm(name, frames, self.complaints)
            case _:
                raise Unsupported(f"a bus of type {options.kind} cannot be replayed", device=name)

    def _script(self, name: str) -> Script:
        waiting = deque(transactions(self._frames.get(name, [])))
        self._scripts[name] = Script(name, waiting, self.complaints, self._by_unit)
        return self._scripts[name]
