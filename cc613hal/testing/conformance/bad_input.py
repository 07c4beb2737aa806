"""What must happen when a part is absent, another one, out of its mind, stuck, forbidden, or comes and goes: one table for every driver.

::

    class TestTh1WhenThingsGoWrong(BadInputSuite):
        driver = "acme.th1"
        options = {"stuck_s": 60.0}                       # switches on the watch for frozen values
        cannot = {"wrong_identity": "the chip has no identity register"}

        @contextmanager
        def out_of_range(self, simulation):
            chip = simulation.plant.parts[PART]
            chip.stuck_raw = 0x7FFF
            yield
            chip.stuck_raw = None

        @contextmanager
        def frozen(self, simulation): ...

Each row of the table asks for the same three things: the right kind of error with a hint, the right health, and *one* line in the log when
it goes wrong and one when it is right again, however often the part is polled in between. A part with a safe state is in it when its lines
come back. What a driver cannot notice is said in
``cannot`` with its reason; a row that is neither shown nor explained fails.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import ClassVar

import attrs
import pytest

from cc613hal.board import open_board
from cc613hal.clock import run_virtual
from cc613hal.errors import BusError, BusPermission, ConnectFailed, HalError, ImplausibleReading, WrongIdentity
from cc613hal.health import HealthState
from cc613hal.plant import Simulation
from cc613hal.plugins.spec import BusKind, Direction
from cc613hal.readings import Quality, Reading
from cc613hal.testing.bench import PART
from cc613hal.testing.conformance.base import Bench, Suite, eventually
from cc613hal.testing.gate import Gate

__all__ = ["BadInputSuite"]

_SHOWN = ("wrong_identity", "out_of_range", "frozen")
"""Rows that need the driver's help: only its author knows how its emulated part lies."""


class BadInputSuite(Suite):
    """The table of bad input.

    Attributes:
        cannot: rows that do not apply, with the reason: ``wrong_identity``, ``out_of_range``, ``frozen``, ``absent``, ``lost_answer``.
        identity_error: raised by ``connect`` where something else answers.
        range_error: raised by reading where the part claims what cannot be.
        range_state: the health then.
        range_quality: of a part with many values, which gives them all the same: the quality it gives instead of raising.
        frozen_state: the health of a part that stopped moving.
        frozen_quality: the quality of its readings then.
        frozen_s: after this time of polling a frozen part must have been noticed, s.
        poll_s: how often the part is polled meanwhile, s.
        back_s: within this time a part that is right again must answer, s; the board's retries get slower up to half a minute.
    """

    cannot: ClassVar[Mapping[str, str]] = {}
    identity_error: ClassVar[type[HalError]] = WrongIdentity
    range_error: ClassVar[type[HalError]] = ImplausibleReading
    range_state: ClassVar[HealthState] = HealthState.FAULT
    range_quality: ClassVar[Quality | None] = None
    frozen_state: ClassVar[HealthState] = HealthState.DEGRADED
    frozen_quality: ClassVar[Quality] = Quality.SUSPECT
    frozen_s: ClassVar[float] = 300.0
    poll_s: ClassVar[float] = 0.5
    back_s: ClassVar[float] = 120.0

    # -- what the driver's author shows ---------------------------------------------------------------------------------------------

    def wrong_identity(self, simulation: Simulation) -> AbstractContextManager[None]:
        """While it lasts, another part answers in this one's place."""
        raise NotImplementedError

    def out_of_range(self, simulation: Simulation) -> AbstractContextManager[None]:
        """While it lasts, the part reports what it cannot measure."""
        raise NotImplementedError

    def frozen(self, simulation: Simulation) -> AbstractContextManager[None]:
        """While it lasts, the part repeats itself to the bit."""
        raise NotImplementedError

    @contextmanager
    def absent(self, simulation: Simulation) -> Generator[None]:
        """While it lasts, the part is not there. By default its bus finds nobody; a part that has lines only loses their chip."""
        places = self._places(simulation)
        for place in places:
            simulation.faults(place).unplug()
        yield
        for place in places:
            simulation.faults(place).plug()

    @contextmanager
    def forbidden(self, simulation: Simulation, gate: Gate) -> Generator[None]:
        """While it lasts, the user may not use the part. By default its buses may not be opened."""
        del simulation
        gate.refusal = BusPermission("opening the bus: Permission denied", device="bench", hint="give the user access by a udev rule")
        yield
        gate.refusal = None

    async def use(self, bench: Bench) -> tuple[object, ...]:
        """Ask the part for something, as an application does all the time. By default everything it can read; else it is set up again."""
        values = await self.read_everything(bench)
        if not values:
            await bench.device.connect()
        return values

    async def excite(self, bench: Bench) -> None:
        """Bring the part out of its safe state, as far as it goes on a bench. By default by the first verb it has of those that do."""
        for verb, arguments in _EXCITING.items():
            if hasattr(bench.device, verb):
                await getattr(bench.device, verb)(*arguments)
                return

    # -- the table ------------------------------------------------------------------------------------------------------------------

    def test_every_row_of_the_table_is_shown_or_explained(self) -> None:
        silent = [row for row in _SHOWN if not self._shows(row) and not self.cannot.get(row)]
        assert not silent, f"override these, or say in cannot why they do not apply: {', '.join(silent)}"
        both = [row for row in _SHOWN if self._shows(row) and row in self.cannot]
        assert not both, f"shown and explained away: {', '.join(both)}"

    def test_an_absent_part_is_reported_with_a_hint(self) -> None:
        self._needs("absent")
        error = self._refused(lambda simulation, _: self.absent(simulation))
        assert isinstance(error, BusError), f"an absent part must fail to connect with a BusError, not with {error!r}"

    def test_a_part_that_is_not_required_may_be_absent_and_come_later(self) -> None:
        self._needs("absent")
        self._absent_then_back(lambda simulation, _: self.absent(simulation))

    def test_another_part_in_its_place_is_refused_with_a_hint(self) -> None:
        self._needs("wrong_identity")
        error = self._refused(lambda simulation, _: self.wrong_identity(simulation))
        assert isinstance(error, self.identity_error), f"another part must be refused with {self.identity_error.__name__}, not {error!r}"

    def test_the_right_part_may_come_after_a_wrong_one(self) -> None:
        self._needs("wrong_identity")
        self._absent_then_back(lambda simulation, _: self.wrong_identity(simulation))

    def test_permission_denied_is_told_with_a_hint(self) -> None:
        error = self._refused(self.forbidden)
        assert isinstance(error, BusPermission), f"it must be BusPermission, not {error!r}"

    def test_permission_may_be_given_later(self) -> None:
        self._absent_then_back(self.forbidden)

    def test_an_answer_lost_in_the_middle_costs_one_read_and_no_health(self) -> None:
        self._needs("lost_answer")

        async def play() -> None:
            async with self._opened() as (bench, log, gate):
                before = gate.answers
                await self.use(bench)
                for number in range(1, min(gate.answers - before, _MOST_ANSWERS) + 1):
                    gate.lose_answer(number)
                    try:
                        await self.use(bench)
                    except HalError as error:
                        assert isinstance(error, BusError), f"answer {number} was lost: a BusError, not {error!r}"  # noqa: PT017
                    assert gate.lost
                    assert bench.board.health()[PART].usable, f"one lost answer (number {number}) takes nothing offline: {bench.health}"
                    await self.use(bench)
                log.expect()

        run_virtual(play())

    def test_what_cannot_be_is_refused_and_told_once(self) -> None:
        self._needs("out_of_range")

        async def play() -> None:
            async with self._opened() as (bench, log, _):
                with self.out_of_range(bench.simulation):
                    assert await eventually(lambda: self._doubts(bench), bench, within_s=60.0, every_s=self.poll_s)
                    for _ in range(5):
                        await bench.board.clock.sleep(self.poll_s)
                        assert await self._doubts(bench), "it was told once, and then believed"
                    assert bench.board.health()[PART].state is self.range_state
                    log.expect(warnings=1)
                await self._well_again(bench)
                log.expect(warnings=1, infos=1)

        run_virtual(play())

    def test_a_frozen_value_becomes_suspect_and_is_told_once(self) -> None:
        self._needs("frozen")

        async def play() -> None:
            async with self._opened() as (bench, log, _):
                await self.use(bench)
                with self.frozen(bench.simulation):
                    values = await self._polled(bench, self.frozen_s)
                    doubted = [value for value in values if isinstance(value, Reading) and value.quality is self.frozen_quality]
                    assert doubted, f"a frozen value must be {self.frozen_quality.name}"
                    assert bench.board.health()[PART].state is self.frozen_state
                    log.expect(warnings=1)
                await self._well_again(bench)
                log.expect(warnings=1, infos=1)

        run_virtual(play())

    def test_unplugged_and_back_it_is_the_same_object_and_told_once(self) -> None:
        self._needs("absent")

        async def play() -> None:
            async with self._opened() as (bench, log, _):
                error, states = self._gone_looks_like(bench)
                await self.use(bench)  # what it remembers from now on is no reading
                with self.absent(bench.simulation):
                    assert await eventually(lambda: self._gone(bench, error), bench, within_s=60.0, every_s=self.poll_s), "nobody noticed"
                    assert bench.board.health()[PART].state in states
                    for _ in range(5):
                        await bench.board.clock.sleep(self.poll_s)
                        assert await self._raises(bench, error), "it is gone, and still reads"
                    log.expect(warnings=1)
                await self._well_again(bench)
                assert self.pick(bench.board, bench.name) is bench.device
                log.expect(warnings=1, infos=1)

        run_virtual(play())

    def test_a_part_whose_lines_were_gone_is_in_its_safe_state_when_they_are_back(self) -> None:
        self._skip_without_emulator()
        spec = self.spec()
        safe = {line.role: line.safe for line in spec.lines if line.direction is Direction.OUTPUT}
        if "SafeState" not in spec.capabilities or not safe:
            pytest.skip(f"{self.driver} drives no lines, or has no safe state")

        async def play() -> None:
            async with self._opened() as (bench, _, _):
                await self.excite(bench)
                chips = [bench.simulation.faults(name) for name in self._line_buses(bench.simulation)]
                for chip in chips:
                    chip.unplug()
                await bench.board.clock.sleep(5.0)
                for chip in chips:
                    chip.plug()
                await bench.board.clock.sleep(self.back_s)
                requests = bench.board.description.devices[PART].lines
                driven = {role: bench.wire(role).level.value is not requests[role].active_low for role in safe if role in requests}
                assert driven == {role: safe[role] for role in driven}, "it goes on where it stopped, and nobody has asked for that"
                await self._well_again(bench)

        run_virtual(play())

    # -- the bench ------------------------------------------------------------------------------------------------------------------

    def _shows(self, row: str) -> bool:
        return getattr(type(self), row) is not getattr(BadInputSuite, row)

    def _needs(self, row: str) -> None:
        self._skip_without_emulator()
        if reason := self.cannot.get(row):
            pytest.skip(f"{row}: {reason}")
        spec = self.spec()
        if row == "absent" and not self._shows(row) and not spec.buses and not spec.lines:
            pytest.skip("absent: it has neither bus nor lines; how it goes is shown in the driver's own tests")
        if row in _SHOWN and not self._shows(row):
            pytest.skip(f"{row}: shown in the driver's own tests")

    def _places(self, simulation: Simulation) -> list[str]:
        """What to pull so that the part is gone: its own place on its bus or port, else every bus that has one of its lines."""
        device = simulation.description.devices[PART]
        if device.bus is not None or simulation.buses.port_faults(PART) is not None:
            return [PART]
        return self._line_buses(simulation)

    def _line_buses(self, simulation: Simulation) -> list[str]:
        return [name for name, options in simulation.description.buses.items() if options.kind in {"gpio", "pwm"}]

    @asynccontextmanager
    async def _opened(self, wrong: _Wrong | None = None, *, required: bool = True) -> AsyncGenerator[tuple[Bench, _Log, Gate]]:
        """The part on a board whose log is watched; ``wrong`` holds from before the board opens until :meth:`_Log.mend` is called."""
        self._skip_without_emulator()
        description = self.describe()
        devices = {  # only the part itself is judged: what it builds on may sit on the same chip and be gone with it
            name: attrs.evolve(device, required=required and name == PART) for name, device in description.devices.items()
        }
        async with Simulation(attrs.evolve(description, devices=devices)) as simulation:
            self.prepare(simulation)
            gate = Gate(simulation.buses)
            with _watched(wrong(simulation, gate) if wrong is not None else None) as log:
                async with open_board(simulation.description, gate, clock=simulation.clock) as board:
                    device = self.pick(board) if wrong is None else None
                    log.clear_infos()
                    yield Bench(device, board, simulation), log, gate

    def _refused(self, wrong: _Wrong) -> BaseException | None:
        """What the board says of the part when it has to be there and is not right."""
        failures: dict[str, BaseException] = {}

        async def play() -> None:
            try:
                async with self._opened(wrong):
                    pass
            except ConnectFailed as error:
                failures.update(error.failures)

        run_virtual(play())
        error = failures.get(PART)
        assert error is not None, "the board opened as if nothing were wrong"
        assert isinstance(error, HalError), f"a HalError, not {error!r}"
        assert error.hint, f"the error needs a hint what to do next: {error}"
        return error

    def _absent_then_back(self, wrong: _Wrong) -> None:
        async def play() -> None:
            async with self._opened(wrong, required=False) as (bench, log, _):
                await bench.board.clock.sleep(10.0)  # several attempts, all in vain
                assert bench.board.health()[PART].state is HealthState.OFFLINE
                log.expect(warnings=1)
                log.mend()
                there = attrs.evolve(bench, device=None)
                assert await eventually(lambda: _usable(there), there, within_s=self.back_s, every_s=1.0), "did not come back"
                await self.use(attrs.evolve(bench, device=self.pick(bench.board)))
                log.expect(warnings=1, infos=1)

        run_virtual(play())

    async def _polled(self, bench: Bench, seconds: float) -> tuple[object, ...]:
        """Poll for a while; what the last poll brought."""
        until_s = bench.board.clock.monotonic_s() + seconds
        values: tuple[object, ...] = ()
        while bench.board.clock.monotonic_s() < until_s:
            await bench.board.clock.sleep(self.poll_s)
            values = await self.use(bench)
        return values

    async def _well_again(self, bench: Bench) -> None:
        async def well() -> bool:
            try:
                await self.use(bench)
            except HalError:
                return False
            return bench.board.health()[PART].state is HealthState.OK

        assert await eventually(well, bench, within_s=self.back_s, every_s=self.poll_s), f"did not come back: {bench.health}"

    async def _doubts(self, bench: Bench) -> bool:
        """Whether the part is not believed now: it raises, or its readings carry the quality that says so."""
        if self.range_quality is None:
            return await self._raises(bench, self.range_error)
        return any(isinstance(value, Reading) and value.quality is self.range_quality for value in await self.use(bench))

    async def _raises(self, bench: Bench, kind: type[HalError]) -> bool:
        """Whether using it fails now; it must not fail in another way."""
        try:
            await self.use(bench)
        except HalError as error:
            assert isinstance(error, kind), f"{kind.__name__}, not {error!r}"  # noqa: PT017
            return True
        return False

    def _gone_looks_like(self, bench: Bench) -> tuple[type[HalError], set[HealthState]]:
        """On a bus that acknowledges, nobody answers. SPI never fails: what is not there shows as nonsense."""
        if bench.board.description.bus_kind(PART) is BusKind.SPI:
            return HalError, {HealthState.OFFLINE, HealthState.FAULT}
        return BusError, {HealthState.OFFLINE}

    async def _gone(self, bench: Bench, error: type[HalError]) -> bool:
        """Ask until the board has noticed: a part that is never asked cannot be missed."""
        await self._raises(bench, error)
        return not bench.board.health()[bench.name].usable


_Wrong = Callable[[Simulation, Gate], AbstractContextManager[None]]
_MOST_ANSWERS = 12
"""So many answers of one use are lost in turn; a meter's whole table would say nothing new."""


_EXCITING: Mapping[str, tuple[object, ...]] = {"switch_on": (), "lock": (), "offer": (50.0,), "self_test": ()}


class _Log(logging.Handler):
    """What the part's logger says, and nothing else's."""

    def __init__(self, wrong: AbstractContextManager[None] | None) -> None:
        super().__init__(logging.INFO)
        self._records: list[logging.LogRecord] = []
        self._wrong = wrong
        if wrong is not None:
            wrong.__enter__()

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)

    def clear_infos(self) -> None:
        """Forget that the part connected."""
        self._records = [record for record in self._records if record.levelno > logging.INFO]

    def mend(self) -> None:
        """What was wrong from the start is right from now on."""
        if self._wrong is not None:
            wrong, self._wrong = self._wrong, None
            wrong.__exit__(None, None, None)

    def expect(self, *, warnings: int = 0, infos: int = 0) -> None:
        """The lines so far, no more and no fewer."""
        lines = [f"{record.levelname} {record.getMessage()}" for record in self._records]
        told = sum(record.levelno > logging.INFO for record in self._records)
        wanted = f"wanted {warnings} warnings and {infos} infos in the log:"
        assert (told, len(lines) - told) == (warnings, infos), "\n".join([wanted, *lines])


@contextmanager
def _watched(wrong: AbstractContextManager[None] | None) -> Generator[_Log]:
    logger = logging.getLogger(f"cc613hal.device.{PART}")
    before = logger.level
    log = _Log(wrong)
    logger.addHandler(log)
    logger.setLevel(logging.INFO)
    try:
        yield log
    finally:
        logger.removeHandler(log)
        logger.setLevel(before)
        log.mend()


async def _usable(bench: Bench) -> bool:
    return bench.board.health()[bench.name].usable
