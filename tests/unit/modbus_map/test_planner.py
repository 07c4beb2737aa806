"""The planner against trying everything, and against what most software does."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from cc613hal.bus.modbus import Table
from cc613hal.modbus_map import (
    CORE,
    Derived,
    Limits,
    LinkTiming,
    Objective,
    Plan,
    Refusals,
    Register,
    RegisterMap,
    ValueType,
    greedy_plan,
    make_plan,
    single_plan,
)
from cc613hal.modbus_map.quantities import QUANTITIES

NAMES = [name for name, quantity in QUANTITIES.items() if quantity.unit]
LINE = LinkTiming.serial(9600)
TYPES = [ValueType.U16, ValueType.F32, ValueType.U64]


def meter(registers: list[Register], **limits: Any) -> RegisterMap:
    ordered = sorted(registers, key=lambda register: (register.table.value, register.address))
    return RegisterMap(name="m", vendor="v", model="m", phases=3, registers=tuple(ordered), limits=Limits(**limits), sources=("here",))


def at(address: int, quantity: str = "voltage_l1", kind: ValueType = ValueType.F32, **more: Any) -> Register:
    return Register(quantity=quantity, address=address, type=kind, count=kind.registers, **more)


def row(*addresses: int, kind: ValueType = ValueType.F32) -> list[Register]:
    return [at(address, name, kind) for name, address in zip(NAMES, addresses, strict=False)]


@st.composite
def meters(draw: st.DrawFn) -> RegisterMap:
    """Up to eight values in two tables, with holes, barriers and tight limits."""
    registers: list[Register] = []
    names = iter(NAMES)
    for table in (Table.HOLDING, Table.INPUT):
        address = draw(st.integers(0, 3))
        for _ in range(draw(st.integers(0, 5))):
            if len(registers) == 8:
                break
            kind = draw(st.sampled_from(TYPES))
            registers.append(at(address, next(names), kind, table=table))
            address += kind.registers + draw(st.sampled_from([0, 0, 1, 3, 12, 16, 40]))
    barriers = tuple((register.table, register.address) for register in registers if draw(st.integers(0, 5)) == 0)
    return meter(registers, max_registers=draw(st.sampled_from([4, 6, 11, 40, 125])), gaps_readable=draw(st.booleans()), barriers=barriers)


def legal(device: RegisterMap, table: Table, start: int, end: int, refused: tuple[tuple[Table, int, int], ...] = ()) -> bool:
    """The rules once more, written register by register."""
    known = {place for register in device.registers if register.table is table for place in range(register.address, register.end)}
    if end - start > device.limits.max_registers:
        return False
    if any(where is table and start < barrier < end for where, barrier in device.limits.barriers):
        return False
    if any(where is table and start <= first and first + count <= end for where, first, count in refused):
        return False
    return device.limits.gaps_readable or all(place in known for place in range(start, end))


def partitions(items: list[Register]) -> Iterator[list[list[Register]]]:
    """Every way to share items out into groups, neighbours or not."""
    if not items:
        yield []
        return
    head, *tail = items
    for partition in partitions(tail):
        yield [[head], *partition]
        for index in range(len(partition)):
            yield [*partition[:index], [head, *partition[index]], *partition[index + 1 :]]


def cost(objective: Objective, reads: int, registers: int) -> tuple[float, int]:
    if objective is Objective.FEWEST_READS:
        return reads, registers
    return round(reads * LINE.overhead_s + registers * LINE.register_s, 12), reads


def cheapest(
    device: RegisterMap, objective: Objective, refused: tuple[tuple[Table, int, int], ...] = (), together: set[str] | None = None
) -> tuple[float, int]:
    best = None
    for partition in partitions(list(device.registers)):
        total = 0
        if together and not any(together <= {register.quantity for register in group} for group in partition):
            continue
        for group in partition:
            tables = {register.table for register in group}
            start, end = min(r.address for r in group), max(r.end for r in group)
            if len(tables) > 1 or not legal(device, tables.pop(), start, end, refused):
                break
            total += end - start
        else:
            found = cost(objective, len(partition), total)
            best = found if best is None else min(best, found)
    assert best is not None
    return best


def check_covers(device: RegisterMap, plan: Plan) -> None:
    """Every value lies wholly in exactly one read, and every read is legal."""
    seen = [register.quantity for read in plan.reads for register in read.registers]
    assert sorted(seen) == sorted(register.quantity for register in device.registers)
    for read in plan.reads:
        assert legal(device, read.table, read.address, read.end)
        assert all(read.address <= register.address and register.end <= read.end for register in read.registers)


@settings(max_examples=120, deadline=None)
@given(meters(), st.sampled_from(Objective))
def test_no_partition_whatsoever_is_cheaper(device: RegisterMap, objective: Objective) -> None:
    plan = make_plan(device, [register.quantity for register in device.registers], objective, LINE)
    check_covers(device, plan)
    assert cost(objective, len(plan.reads), plan.registers) == cheapest(device, objective)


@settings(max_examples=120, deadline=None)
@given(meters().filter(lambda device: len(device.registers) > 1), st.sampled_from(Objective), st.data())
def test_the_best_plan_that_keeps_scale_registers_with_their_values(device: RegisterMap, objective: Objective, data: st.DataObject) -> None:
    value, scale = data.draw(st.permutations(device.registers).map(lambda mixed: mixed[:2]))
    registers = tuple(evolve(item, scale_by=scale.quantity) if item is value else item for item in device.registers)
    start, end = min(value.address, scale.address), max(value.end, scale.end)
    one_read = value.table is scale.table and legal(device, value.table, start, end)
    device = evolve(device, registers=registers)
    plan = make_plan(device, device.quantities, objective, LINE)
    check_covers(device, plan)
    together = {value.quantity, scale.quantity} if one_read else set[str]()
    assert any(together <= {register.quantity for register in read.registers} for read in plan.reads)
    assert cost(objective, len(plan.reads), plan.registers) == cheapest(device, objective, together=together)


@settings(max_examples=60, deadline=None)
@given(meters().filter(lambda device: len(device.registers) > 1), st.sampled_from(Objective), st.data())
def test_it_stays_optimal_after_a_refusal(device: RegisterMap, objective: Objective, data: st.DataObject) -> None:
    names = [register.quantity for register in device.registers]
    first = make_plan(device, names, objective, LINE)
    long = [read for read in first.reads if len(read.registers) > 1]
    if not long:
        return
    read = data.draw(st.sampled_from(long))
    refused = ((read.table, read.address, read.count),)
    second = make_plan(device, names, objective, LINE, Refusals(ranges=refused))
    assert all(not (again.address <= read.address and read.end <= again.end and again.table is read.table) for again in second.reads)
    assert cost(objective, len(second.reads), second.registers) == cheapest(device, objective, refused)


@settings(max_examples=150, deadline=None)
@given(meters(), st.sampled_from([None, 0, 2, 8, 14, 20]))
def test_it_is_never_worse_than_a_greedy_merge(device: RegisterMap, gap: int | None) -> None:
    names = [register.quantity for register in device.registers]
    greedy = greedy_plan(device, names, LINE, most_gap=gap)
    check_covers(device, greedy)
    assert len(make_plan(device, names, Objective.FEWEST_READS, LINE).reads) <= len(greedy.reads)
    assert make_plan(device, names, Objective.LEAST_TIME, LINE).time_s <= greedy.time_s + 1e-12
    assert make_plan(device, names, Objective.LEAST_TIME, LINE).time_s <= single_plan(device, names, LINE).time_s + 1e-12


def test_a_greedy_merge_can_lose() -> None:
    """Greedy fills the first read over a hole that is dearer than a read, and has to start again for a value it could have had."""
    device = meter(row(0, 30, 32, 34), max_registers=34, gaps_readable=True)
    names = [register.quantity for register in device.registers]
    assert [(read.address, read.count) for read in greedy_plan(device, names, LINE).reads] == [(0, 34), (34, 2)]
    assert [(read.address, read.count) for read in make_plan(device, names, Objective.FEWEST_READS, LINE).reads] == [(0, 2), (30, 6)]


def test_fewest_reads_breaks_ties_by_registers() -> None:
    device = meter(row(0, 50, 60), max_registers=55, gaps_readable=True)
    plan = make_plan(device, [register.quantity for register in device.registers], Objective.FEWEST_READS, LINE)
    assert [(read.address, read.count) for read in plan.reads] == [(0, 2), (50, 12)]


def test_a_barrier_is_not_crossed() -> None:
    device = meter(row(0, 2, 4), gaps_readable=True, barriers=((Table.INPUT, 4),))
    plan = make_plan(device, [register.quantity for register in device.registers])
    assert [(read.address, read.count) for read in plan.reads] == [(0, 4), (4, 2)]


def test_unwanted_but_known_registers_are_no_hole() -> None:
    device = meter(row(0, 2, 4, 8), gaps_readable=False)
    names = [register.quantity for register in device.registers]
    plan = make_plan(device, [names[0], names[2], names[3]])
    assert [(read.address, read.count) for read in plan.reads] == [(0, 6), (8, 2)]
    assert [register.quantity for register in plan.reads[0].registers] == [names[0], names[2]]


def test_scale_registers_travel_with_their_values() -> None:
    device = meter(
        [
            at(0, "exponent_power", ValueType.I16),
            at(10, "power", ValueType.I16, scale_by="exponent_power"),
            at(12, "frequency", ValueType.U16, scale=Decimal("0.1")),
        ],
        gaps_readable=True,
    )
    [read] = make_plan(device, ["power"]).reads
    assert (read.address, read.count) == (0, 11)
    assert not make_plan(device, ["power"], refusals=Refusals(quantities=frozenset({"exponent_power"}))).reads


def test_a_device_that_refuses_value_and_scale_at_once_is_still_read() -> None:
    device = meter([at(0, "power", scale_by="exponent_power"), at(8, "exponent_power", ValueType.I16)], gaps_readable=True)
    together, apart = (make_plan(device, ["power"], Objective.LEAST_TIME, LINE, refusals) for refusals in (None, Refusals(max_registers=4)))
    assert [(read.address, read.count) for read in together.reads] == [(0, 9)]
    assert [(read.address, read.count) for read in apart.reads] == [(0, 2), (8, 1)]


def test_derived_values_bring_their_inputs() -> None:
    device = meter(row(0, 2, 4), gaps_readable=True)
    first, _, third = (register.quantity for register in device.registers)
    derived = RegisterMap(
        name="m", vendor="v", model="m", phases=3, registers=device.registers, derived=(Derived(quantity="power", plus=(first, third)),)
    )
    read = make_plan(derived, ["power"], refusals=Refusals(max_registers=2))
    assert [register.quantity for item in read.reads for register in item.registers] == [first, third]


def test_quantities_the_meter_does_not_have_cost_nothing() -> None:
    assert make_plan(meter(row(0)), ["temperature"]).reads == ()
    assert make_plan(meter(row(0)), []).time_s == 0.0


def test_a_value_that_no_read_can_hold_is_an_error() -> None:
    with pytest.raises(ValueError, match="voltage_l1 alone cannot be read"):
        make_plan(meter(row(0)), ["voltage_l1"], refusals=Refusals(max_registers=1))


def test_learnt_limits_are_kept() -> None:
    device = meter(row(*range(0, 40, 2)), gaps_readable=True)
    plan = make_plan(device, CORE + tuple(NAMES[:20]), refusals=Refusals(max_registers=10))
    assert all(read.count <= 10 for read in plan.reads)
    assert all(before.end <= after.address for before, after in pairwise(plan.reads))


def test_serial_timing_is_that_of_the_standard() -> None:
    """8 + 5 + 2 characters of 10 bits at 9600 Bd, 10 ms turnaround, twice 3.5 characters."""
    assert LINE.read_s(1) == pytest.approx((15 + 7) * 10 / 9600 + 0.010)
    assert LinkTiming.serial(115200).silence_s == 0.00175
    assert LinkTiming.serial(9600, parity=True).character_s == pytest.approx(11 / 9600)
