"""Which reads fetch a set of values best: exactly, by dynamic programming.

A read is a range of registers. It is allowed if it is no longer than the device bears, crosses no barrier, touches no register that
cannot be read, and contains no range the device has refused before. Every part of an allowed range is allowed too, and a longer
range never costs less, so some best solution takes neighbouring values together (two reads that overlap can hand values to each
other without becoming longer). That is what makes the search over cuts of the ordered values complete; the property tests compare
it with trying every partition.

A scale register may change between two reads, so it stays in one read with its values wherever the device allows that read.

Bus time is modelled as in MODBUS over Serial Line V1.02, 2.5: a request of 8 characters, an answer of 5 characters and two per
register, the device's reply time, and the silence of 3.5 characters after both frames.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

from attrs import field, frozen

from cc613hal.bus.modbus import Table
from cc613hal.modbus_map.model import Register, RegisterMap
from cc613hal.units import rtu_character_s

__all__ = ["LinkTiming", "Objective", "Plan", "PlannedRead", "Refusals", "greedy_plan", "make_plan", "single_plan"]

REQUEST_CHARACTERS = 8
ANSWER_CHARACTERS = 5
"""Unit, function, byte count and check sum; each register adds two (MODBUS over Serial Line V1.02, 2.5.1)."""


class Objective(enum.Enum):
    """What a plan saves."""

    FEWEST_READS = "fewest-reads"
    """Transactions, then registers: for TCP and gateways, where a transaction costs the same whatever it carries."""
    LEAST_TIME = "least-time"
    """Time on a serial line, then transactions."""


@frozen(kw_only=True)
class LinkTiming:
    """What a read costs on a serial line.

    Attributes:
        character_s: one character with start, parity and stop bits, s.
        turnaround_s: from the end of the request to the start of the answer, s.
        silence_s: after each frame, s.
    """

    character_s: float
    turnaround_s: float
    silence_s: float

    @classmethod
    def serial(cls, baud: int = 9600, *, parity: bool = False, stop_bits: int = 1, turnaround_s: float = 0.01) -> LinkTiming:
        """The timing of a line; silence is 3.5 of its characters, 1.75 ms above 19200 Bd (MODBUS over Serial Line V1.02, 2.5.1.1)."""
        character_s = rtu_character_s(baud, parity=parity, stop_bits=stop_bits)
        return cls(character_s=character_s, turnaround_s=turnaround_s, silence_s=3.5 * character_s if baud <= 19200 else 0.00175)

    @property
    def overhead_s(self) -> float:
        """What every read costs, whatever it carries, s."""
        return (REQUEST_CHARACTERS + ANSWER_CHARACTERS) * self.character_s + self.turnaround_s + 2 * self.silence_s

    @property
    def register_s(self) -> float:
        """What each register adds, s."""
        return 2 * self.character_s

    def read_s(self, registers: int) -> float:
        """Time of one read, s."""
        return self.overhead_s + registers * self.register_s


@frozen(kw_only=True)
class Refusals:
    """What a device has taught us about itself.

    Attributes:
        max_registers: longest read it answered where it refused a longer one; ``None`` if it never did.
        ranges: ranges (table, address, count) it refused; nothing that contains one is tried again.
        quantities: optional quantities it does not have.
    """

    max_registers: int | None = None
    ranges: tuple[tuple[Table, int, int], ...] = ()
    quantities: frozenset[str] = frozenset()


@frozen(kw_only=True)
class PlannedRead:
    """One transaction.

    Attributes:
        table: which table.
        address: zero-based wire address of the first register.
        count: how many registers.
        registers: the values wanted from it, by address.
    """

    table: Table
    address: int
    count: int
    registers: tuple[Register, ...] = field(repr=lambda registers: ", ".join(register.quantity for register in registers))

    @property
    def end(self) -> int:
        """The address after the last register."""
        return self.address + self.count


@frozen(kw_only=True)
class Plan:
    """The reads for a set of values, by table and address.

    Attributes:
        reads: the transactions.
        objective: what was saved.
        timing: the line they were planned for.
    """

    reads: tuple[PlannedRead, ...]
    objective: Objective
    timing: LinkTiming

    @property
    def registers(self) -> int:
        """Registers transferred."""
        return sum(read.count for read in self.reads)

    @property
    def time_s(self) -> float:
        """Modelled time on a serial line, s."""
        return len(self.reads) * self.timing.overhead_s + self.registers * self.timing.register_s


_Cost: TypeAlias = tuple[int, int]
_Cut: TypeAlias = tuple[int, int]


def make_plan(
    meter: RegisterMap,
    quantities: Iterable[str],
    objective: Objective = Objective.FEWEST_READS,
    timing: LinkTiming | None = None,
    refusals: Refusals | None = None,
) -> Plan:
    """The best reads for these quantities; those the meter does not have are left out.

    Args:
        meter: the register map.
        quantities: what is wanted; derived values and scale registers bring what they need.
        objective: what to save.
        timing: the line; the map's factory settings if omitted.
        refusals: what the device refused so far.

    Raises:
        ValueError: one value alone cannot be read under these limits.
    """
    refusals = refusals or Refusals()
    timing = timing or default_timing(meter)
    gone = refusals.quantities
    wanted = [register for register in meter.needed(quantities) if register.quantity not in gone and register.scale_by not in gone]
    reads: list[PlannedRead] = []
    for table in sorted({register.table for register in wanted}, key=lambda item: item.value):
        atoms = [register for register in wanted if register.table is table]
        allowed = _allowed(meter, table, refusals)
        weights = _weights(objective, timing)
        cuts = _best_cuts(atoms, allowed, weights, _inseparable(atoms, allowed)) or _best_cuts(atoms, allowed, weights, frozenset())
        if cuts is None:
            alone = next(atom for atom in atoms if not allowed(atom.address, atom.end))
            raise ValueError(f"{alone.quantity} alone cannot be read under these limits")
        reads.extend(_read(table, atoms[first:last]) for first, last in cuts)
    return Plan(reads=tuple(reads), objective=objective, timing=timing)


def greedy_plan(meter: RegisterMap, quantities: Iterable[str], timing: LinkTiming | None = None, *, most_gap: int | None = None) -> Plan:
    """What most software does: take the next value along while the read stays allowed (and the gap small); for comparison.

    Args:
        meter: the register map.
        quantities: what is wanted.
        timing: the line.
        most_gap: largest gap to read over; any if omitted.
    """
    reads: list[PlannedRead] = []
    allowed_by_table = {table: _allowed(meter, table, Refusals()) for table in Table}
    pending: list[Register] = []
    for register in meter.needed(quantities):
        if pending:
            same = register.table is pending[0].table and (most_gap is None or register.address - pending[-1].end <= most_gap)
            if not (same and allowed_by_table[register.table](pending[0].address, register.end)):
                reads.append(_read(pending[0].table, pending))
                pending = []
        pending.append(register)
    if pending:
        reads.append(_read(pending[0].table, pending))
    return Plan(reads=tuple(reads), objective=Objective.FEWEST_READS, timing=timing or default_timing(meter))


def single_plan(meter: RegisterMap, quantities: Iterable[str], timing: LinkTiming | None = None) -> Plan:
    """One read per value; for comparison."""
    reads = tuple(_read(register.table, [register]) for register in meter.needed(quantities))
    return Plan(reads=reads, objective=Objective.FEWEST_READS, timing=timing or default_timing(meter))


def default_timing(meter: RegisterMap) -> LinkTiming:
    """The line as the meter leaves the factory."""
    link = meter.link
    return LinkTiming.serial(link.baud, parity=link.parity != "N", stop_bits=link.stop_bits, turnaround_s=meter.limits.reply_s)


def _weights(objective: Objective, timing: LinkTiming) -> Callable[[int, int], _Cost]:
    """The cost of a number of reads and registers; in whole picoseconds, so that equal plans compare equal."""
    if objective is Objective.FEWEST_READS:
        return lambda reads, registers: (reads, registers)
    overhead, register = round(timing.overhead_s * 1e12), round(timing.register_s * 1e12)
    return lambda reads, registers: (reads * overhead + registers * register, reads)


def _inseparable(atoms: Sequence[Register], allowed: Callable[[int, int], bool]) -> frozenset[int]:
    """Indices before which no read may begin: a value and its scale register, if one read may hold both, are on both sides of them."""
    index = {atom.quantity: position for position, atom in enumerate(atoms)}
    found: set[int] = set()
    for position, atom in enumerate(atoms):
        scale = index.get(atom.scale_by)
        if scale is not None:
            first, last = min(position, scale), max(position, scale)
            if allowed(atoms[first].address, atoms[last].end):
                found.update(range(first + 1, last + 1))
    return frozenset(found)


def _best_cuts(
    atoms: Sequence[Register], allowed: Callable[[int, int], bool], cost: Callable[[int, int], _Cost], whole: frozenset[int]
) -> list[_Cut] | None:
    """The cheapest cut of the ordered atoms into allowed ranges, as index pairs; ``None`` if there is none.

    No cut is made before the indices in ``whole``. ``best[i]`` is the cheapest way to read the first ``i`` atoms: (cost, reads,
    registers, start of the last read). Costs are linear in reads and registers, so totals compare as sums.
    """
    best: list[tuple[_Cost, int, int, int] | None] = [((0, 0), 0, 0, 0)]
    for last in range(1, len(atoms) + 1):
        end = atoms[last - 1].end
        choices: list[tuple[_Cost, int, int, int]] = []
        for first in range(last - 1, -1, -1):
            start = atoms[first].address
            if not allowed(start, end):
                break  # a longer range is not allowed either
            before = best[first]
            if before is not None and first not in whole:
                reads, registers = before[1] + 1, before[2] + end - start
                choices.append((cost(reads, registers), reads, registers, first))
        best.append(min(choices, default=None))
    cuts: list[_Cut] = []
    last = len(atoms)
    while last:
        chosen = best[last]
        if chosen is None:
            return None
        first = chosen[3]
        cuts.append((first, last))
        last = first
    return cuts[::-1]


def _allowed(meter: RegisterMap, table: Table, refusals: Refusals) -> Callable[[int, int], bool]:
    """Whether a range from ``start`` to before ``end`` may be read at once."""
    limits = meter.limits
    longest = min(limits.max_registers, refusals.max_registers or limits.max_registers)
    barriers = [address for where, address in limits.barriers if where is table]
    refused = [(address, address + count) for where, address, count in refusals.ranges if where is table]
    holes = [] if limits.gaps_readable else _holes([register for register in meter.registers if register.table is table])

    def allowed(start: int, end: int) -> bool:
        return (
            end - start <= longest
            and not any(start < barrier < end for barrier in barriers)
            and not any(start <= first and last <= end for first, last in refused)
            and not any(start < last and first < end for first, last in holes)
        )

    return allowed


def _holes(registers: Sequence[Register]) -> list[tuple[int, int]]:
    """Ranges between known registers that nobody knows."""
    holes: list[tuple[int, int]] = []
    for before, after in pairwise(registers):
        if before.end < after.address:
            holes.append((before.end, after.address))
    return holes


def _read(table: Table, registers: Sequence[Register]) -> PlannedRead:
    start = registers[0].address
    return PlannedRead(table=table, address=start, count=registers[-1].end - start, registers=tuple(registers))
