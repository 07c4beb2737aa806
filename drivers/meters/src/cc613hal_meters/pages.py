"""A page of documentation per meter, made from its register map."""

from __future__ import annotations

from decimal import Decimal

from attrs import fields

from cc613hal.bus.modbus import Table
from cc613hal.modbus_map import (
    CORE,
    QUANTITIES,
    Group,
    LinkTiming,
    Objective,
    Plan,
    Register,
    RegisterMap,
    Shape,
    WordOrder,
    greedy_plan,
    make_plan,
    single_plan,
)
from cc613hal_meters.catalogue import map_named, model_names
from cc613hal_meters.options import MeterOptions

__all__ = ["comparison", "meter_page"]

_CONFIDENCE = {
    "cross-checked": "more than one source agrees",
    "one-source": "one source, nothing to compare it with",
    "inferred": "concluded from similar meters",
}
_DOUBTFUL = {
    "link.baud": "speed from the factory",
    "link.parity": "parity from the factory",
    "link.unit": "unit number from the factory",
    "limits.max_registers": "the longest read",
    "limits.gaps_readable": "whether gaps between registers can be read",
    "limits.resolution_wh": "the smallest step of the counters",
    "fingerprint": "how it is recognised",
}


def meter_page(meter: RegisterMap, driver: str = "") -> str:
    """The page of a meter: wiring, options, quantities, reads, bus time, sources.

    Args:
        meter: its register map.
        driver: name of its driver; ``meters.`` and the map's name if omitted.

    Returns:
        Markdown, without a line break at its end.
    """
    driver = driver or f"meters.{meter.name}"
    parts = [
        [f"# {meter.vendor} {meter.model}", "", f"Driver `{driver}`, {'three phases' if meter.phases > 1 else 'one phase'}."],
        [f"The same meter under other names: {', '.join(meter.rebadges)}."] if meter.rebadges else [],
        _wiring(meter, driver),
        _options(meter),
        _quantities(meter),
        _reads(meter),
        _evidence(meter),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def comparison() -> list[str]:
    """A table of all meters: reads and modelled bus time for the core set, planned against what simpler ways need."""
    lines = ["| meter | fewest reads (greedy, one per value) | least time (greedy, one per value) |", "|---|---|---|"]
    for model in model_names():
        meter = map_named(model)
        fewest, least = make_plan(meter, CORE, Objective.FEWEST_READS), make_plan(meter, CORE, Objective.LEAST_TIME, LinkTiming.serial())
        greedy, single = greedy_plan(meter, CORE, timing=LinkTiming.serial()), single_plan(meter, CORE, timing=LinkTiming.serial())
        times = f"{least.time_s * 1000:.0f} ms in {_count(least)} ({greedy.time_s * 1000:.0f}, {single.time_s * 1000:.0f} ms)"
        reads = f"{len(fewest.reads)} ({len(greedy.reads)}, {len(single.reads)})"
        lines.append(f"| [{meter.vendor} {meter.model}](meters/{model}.md) | {reads} | {times} |")
    return lines


def _wiring(meter: RegisterMap, driver: str) -> list[str]:
    link = meter.link
    lines = ["## Wiring", ""]
    if "rtu" in link.transports:
        lines += [
            "- RS-485, two wires: A to A and B to B, 120 Ω at both ends of the line and only there. If it stays silent with the right",
            "  settings, A and B are often exchanged.",
            f"- From the factory: {link.baud} Bd, {link.data_bits}{link.parity}{link.stop_bits}, unit {link.unit}.",
        ]
    if "tcp" in link.transports:
        lines.append(f"- Network: Modbus TCP, port {link.port}, unit {link.unit}.")
    lines += ["", "```toml", "[bus.meter]"]
    if link.transports[0] == "rtu":
        settings = f'settings = {{ baud = {link.baud}, parity = "{link.parity}", stop_bits = {link.stop_bits} }}'
        lines += ['type = "modbus-rtu"', 'path = "/dev/ttyS1"', settings]
    else:
        lines += ['type = "modbus-tcp"', 'host = "192.0.2.10"', f"port = {link.port}"]
    return [*lines, "", "[device.meter1]", f'driver = "{driver}"', 'bus = "meter"', f"address = {link.unit}", "```"]


def _options(meter: RegisterMap) -> list[str]:
    lines = ["## Options", "", f"Those of all meters: {', '.join(f'`{item.name}`' for item in fields(MeterOptions))}."]
    if meter.discovery is not None:
        bases = ", ".join(map(str, meter.discovery.bases))
        lines.append(f"`base`: where the text `SunS` is; without it {bases} are tried.")
    if meter.variants:
        lines += ["", "| `variant` | when |", "|---|---|", *(f"| `{item.name}` | {_cell(item.help)} |" for item in meter.variants)]
    return lines


def _quantities(meter: RegisterMap) -> list[str]:
    lines = ["## What it tells", "", "| quantity | unit | register | type | step | read |", "|---|---|---|---|---|---|"]
    lines += [_row(register) for register in meter.registers if not register.quantity.startswith("exponent_")]
    for item in meter.derived:
        made = " + ".join(item.plus) + "".join(f" − {name}" for name in item.minus)
        lines.append(f"| {item.quantity} | {QUANTITIES[item.quantity].unit} | {made} | calculated | | |")
    missing = [name for name in CORE if name not in meter.quantities and not _of_absent_phase(name, meter)]
    if missing:
        lines += ["", f"It does not tell, or nobody documents: {', '.join(missing)}."]
    return lines


def _row(register: Register) -> str:
    kind = register.type.word + (f" × {register.count}" if not register.type.registers else "")
    if register.word_order is WordOrder.LSW_FIRST and register.count > 1 and register.type.registers:
        kind += ", low word first"
    table = "holding" if register.table is Table.HOLDING else "input"
    often = {Group.FAST: "fast", Group.SLOW: "slowly", Group.ONCE: "once"}[register.group] + (", if it has it" if register.optional else "")
    unit = QUANTITIES[register.quantity].unit
    return f"| {register.quantity} | {unit} | {table} {register.address:#06x} | {kind} | {_step(register)} | {often} |"


def _step(register: Register) -> str:
    if register.scale_by:
        return "by its scale register"
    if register.type.is_float or QUANTITIES[register.quantity].shape in {Shape.TEXT, Shape.INTEGER} or register.type.word in {"t5", "t6"}:
        return ""
    return f"{register.scale.normalize():f}" if register.scale != Decimal(1) else "1"


def _of_absent_phase(name: str, meter: RegisterMap) -> bool:
    return meter.phases == 1 and name.endswith(("_l2", "_l3"))


def _reads(meter: RegisterMap) -> list[str]:
    fewest = make_plan(meter, CORE, Objective.FEWEST_READS)
    lines = ["## Reads", "", "What a charging session needs (voltage, current, power, frequency and both counters) takes", ""]
    plan = fewest
    if "rtu" in meter.link.transports:
        plan = least = make_plan(meter, CORE, Objective.LEAST_TIME)
        line = f"{meter.link.baud} Bd and {meter.limits.reply_s * 1000:.0f} ms reply time"
        lines.append(f"- on a serial line {_count(least)}, {least.registers} registers, {least.time_s * 1000:.0f} ms modelled at {line};")
    lines.append(f"- over TCP or a gateway {_count(fewest)}, {fewest.registers} registers.")
    lines += ["", "| address | registers | values |", "|---|---|---|"]
    lines += [f"| {read.address:#06x} | {read.count} | {', '.join(item.quantity for item in read.registers)} |" for read in plan.reads]
    if meter.discovery is not None:
        lines += ["", "The addresses are those of the first layout; this driver looks for the blocks when it connects."]
    limits = meter.limits
    lines += ["", f"The longest read is {limits.max_registers} registers. It measures anew {_refresh(limits.refresh_s)}."]
    return lines


def _count(plan: Plan) -> str:
    return f"{len(plan.reads)} read{'s' if len(plan.reads) != 1 else ''}"


def _refresh(seconds: float) -> str:
    return f"every {seconds:g} s" if seconds else "at a pace nobody documents"


def _evidence(meter: RegisterMap) -> list[str]:
    lines = ["## What is known about it", "", f"Confidence: {meter.confidence} ({_CONFIDENCE[meter.confidence]})."]
    if meter.doubtful:
        doubts = "; ".join(_DOUBTFUL.get(key, key.removeprefix("register.").replace("_", " ")) for key in meter.doubtful)
        lines.append(f"Weaker than the rest: {doubts}.")
    if meter.fingerprint is not None:
        kind = "an identification register" if meter.fingerprint.values else "a plausible value, which a sister model has too"
        lines.append(f"Recognised by {kind} at {meter.fingerprint.register.address:#06x}.")
    elif meter.discovery is not None:
        lines.append("Recognised by the text `SunS` and the number of its model.")
    else:
        lines.append("Nothing in it tells it from other meters.")
    if meter.notes:
        lines += ["", *(f"- {note}" for note in meter.notes)]
    return [*lines, "", "Sources:", "", *(f"- {source}" for source in meter.sources)]


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
