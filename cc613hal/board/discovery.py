"""What is there? Looks at buses without changing anything, and proposes the text for a board file.

On I2C every address is asked for one byte; probes of installed drivers look closer.
Their ports refuse writing: an I2C transaction may send a
register pointer of at most two bytes if it reads afterwards, Modbus may only read. On serial lines a probe has to say something to be
answered, so only lines that the caller names are tried. What several drivers could be is said to be ambiguous, never guessed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from attrs import define, field, frozen

from cc613hal.board.model import BUS_KINDS
from cc613hal.board.problems import as_table
from cc613hal.bus.actor import BreakerPolicy, BusActor
from cc613hal.bus.factory import BusFactory
from cc613hal.bus.gpio import GpioAdapter
from cc613hal.bus.i2c import I2cAdapter, I2cCapabilities, I2cPort, I2cRead, I2cWrite
from cc613hal.bus.modbus import ModbusAdapter, ModbusPort, ModbusRequest
from cc613hal.bus.options import BusOptions, GpioOptions, I2cOptions, ModbusRtuOptions, ModbusTcpOptions, SerialOptions
from cc613hal.bus.serial import SerialAdapter, SerialPort
from cc613hal.clock import Clock
from cc613hal.errors import BusError, HalError, PluginError, SafetyRefused
from cc613hal.plugins.evidence import Certainty, Evidence
from cc613hal.plugins.manager import Plugins
from cc613hal.plugins.spec import BusKind, DriverSpec

__all__ = ["Candidate", "Discovery", "Finding", "discover", "system_buses"]

_PROBE_S = 2.0
_POINTER_BYTES = 2
_I2C_ADDRESSES = range(0x08, 0x78)
"""Addresses that are not reserved (UM10204, table 4)."""


@frozen(kw_only=True)
class Candidate:
    """A driver that could be right, and why."""

    driver: str
    evidence: Evidence


@frozen(kw_only=True)
class Finding:
    """Somebody on a bus.

    Attributes:
        bus: which bus.
        address: I2C address or Modbus unit; ``None`` on a serial line.
        candidates: drivers that could be right, the most certain first; empty if no installed driver knows the address.
    """

    bus: str
    address: int | None
    candidates: tuple[Candidate, ...] = field(default=(), converter=tuple[Candidate, ...])

    @property
    def ambiguous(self) -> bool:
        """Whether several drivers are equally likely."""
        return len(self.candidates) > 1 and self.candidates[0].evidence.certainty is self.candidates[1].evidence.certainty


@frozen(kw_only=True)
class Discovery:
    """What was found.

    Attributes:
        buses: the buses that were looked at.
        findings: who answered.
        lines: named GPIO lines by bus.
        notes: what could not be looked at, and why.
    """

    buses: dict[str, BusOptions]
    findings: tuple[Finding, ...]
    lines: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]

    def toml(self) -> str:
        """Text to paste into a board file, with the evidence as comments; what is ambiguous or unknown is commented out."""
        return "\n".join(_toml(self)) + "\n"


async def discover(
    buses: Mapping[str, BusOptions], factory: BusFactory, plugins: Plugins, *, clock: Clock | None = None, units: Sequence[int] = ()
) -> Discovery:
    """Look at buses.

    Args:
        buses: which, by name; serial lines only if their probes may speak on them.
        factory: opens them.
        plugins: the installed drivers.
        clock: for silences on the wire; the system's if omitted.
        units: Modbus units to ask in addition to those that drivers name as usual.
    """
    search = _Search(factory, plugins, clock or Clock(), tuple(units))
    for name, options in buses.items():
        await search.bus(name, options)
    return Discovery(buses=dict(buses), findings=tuple(search.findings), lines=search.lines, notes=tuple(search.notes))


def system_buses(root: Path = Path("/dev")) -> dict[str, BusOptions]:
    """The I2C buses and GPIO chips this computer has. Serial ports are left out: speaking on one disturbs whoever is at its other end.

    Args:
        root: where the device nodes are.
    """
    buses: dict[str, BusOptions] = {}
    for path in sorted(root.glob("i2c-*"), key=_number):
        buses[path.name.replace("-", "")] = I2cOptions(path=str(path))
    chips = [str(path) for path in sorted(root.glob("gpiochip*"), key=_number)]
    if chips:
        buses["gpio"] = GpioOptions(chips=tuple(chips))
    return buses


def _number(path: Path) -> tuple[int, str]:
    digits = "".join(sign for sign in path.name.removeprefix("i2c") if sign.isdigit())
    return int(digits or 0), path.name


@define
class _Search:
    factory: BusFactory
    plugins: Plugins
    clock: Clock
    units: tuple[int, ...]
    findings: list[Finding] = field(factory=list)
    lines: dict[str, tuple[str, ...]] = field(factory=dict)
    notes: list[str] = field(factory=list)

    async def bus(self, name: str, options: BusOptions) -> None:
        """Look at one bus; a bus or a probe that fails becomes a note and does not end the search."""
        actor = BusActor(name, self.clock, breaker=BreakerPolicy(failures=0))
        try:
            adapter = await self.factory.open(name, options, actor)
        except HalError as error:
            self.notes.append(f"bus {name} could not be looked at: {error}")
            return
        try:
            if isinstance(adapter, GpioAdapter):
                self.lines[name] = tuple(info.name for info in adapter.lines() if info.name)
            elif isinstance(options, I2cOptions):
                await self._i2c(name, actor, _ReadOnlyI2c(cast("I2cAdapter", adapter)))
            elif isinstance(adapter, ModbusAdapter) and isinstance(options, ModbusRtuOptions | ModbusTcpOptions):
                await self._modbus(name, actor, _ReadOnlyModbus(adapter), options.timeout_s)
            elif isinstance(adapter, SerialAdapter):
                await self._serial(name, actor, adapter)
        finally:
            await adapter.aclose()

    async def _i2c(self, name: str, actor: BusActor, adapter: I2cAdapter) -> None:
        for address in _I2C_ADDRESSES:
            port = I2cPort(actor, adapter, address)
            try:
                await port.read(1)
            except BusError:
                continue
            candidates: list[Candidate] = []
            for spec in self._drivers(BusKind.I2C):
                if address not in spec.addresses:
                    continue
                if spec.probe:
                    candidates.extend(await self._probed(spec, port))
                else:
                    evidence = Evidence(text="somebody answers at an address it uses", certainty=Certainty.POSSIBLE)
                    candidates.append(Candidate(driver=spec.name, evidence=evidence))
            self._found(name, address, candidates)

    async def _modbus(self, name: str, actor: BusActor, adapter: ModbusAdapter, timeout_s: float) -> None:
        drivers = [spec for spec in self._drivers(BusKind.MODBUS) if spec.probe]
        for unit in sorted({*self.units, *(address for spec in drivers for address in spec.addresses)}):
            port = ModbusPort(actor, adapter, unit, timeout_s=timeout_s)
            candidates = [found for spec in drivers for found in await self._probed(spec, port)]
            if candidates:
                self._found(name, unit, candidates)

    async def _serial(self, name: str, actor: BusActor, adapter: SerialAdapter) -> None:
        candidates: list[Candidate] = []
        for spec in self._drivers(BusKind.SERIAL):
            if spec.probe:
                adapter.discard_input()
                candidates.extend(await self._probed(spec, SerialPort(actor, adapter)))
        if candidates:
            self._found(name, None, candidates)

    def _found(self, bus: str, address: int | None, candidates: list[Candidate]) -> None:
        order = list(Certainty)
        ranked = sorted(candidates, key=lambda candidate: order.index(candidate.evidence.certainty))
        self.findings.append(Finding(bus=bus, address=address, candidates=ranked))

    def _drivers(self, kind: BusKind) -> Iterator[DriverSpec]:
        return (self.plugins.drivers[name] for name in sorted(self.plugins.drivers) if kind in self.plugins.drivers[name].buses)

    async def _probed(self, spec: DriverSpec, port: I2cPort | ModbusPort | SerialPort) -> list[Candidate]:
        """The evidence of one probe. A probe that fails has not found its part; one that tries to write is reported."""
        try:
            probe: Callable[[Any], Any] | None = self.plugins.probe(spec)
            if probe is None:
                return []
            async with asyncio.timeout(_PROBE_S):
                evidence = await probe(port)
        except (BusError, TimeoutError):
            return []
        except PluginError as error:
            self.notes.append(str(error))
            return []
        except SafetyRefused as error:
            self.notes.append(f"the probe of {spec.name} was stopped: {error}")
            return []
        except Exception as error:  # noqa: BLE001  # one driver's probe must not end the search
            self.notes.append(f"the probe of {spec.name} failed: {type(error).__name__}: {error}")
            return []
        return [Candidate(driver=spec.name, evidence=evidence)] if isinstance(evidence, Evidence) else []


class _ReadOnlyI2c(I2cAdapter):
    def __init__(self, inner: I2cAdapter) -> None:
        self._inner = inner

    @property
    def capabilities(self) -> I2cCapabilities:
        """The real adapter's."""
        return self._inner.capabilities

    async def transfer(self, address: int, messages: Sequence[I2cWrite | I2cRead]) -> bytes:
        """A read after at most a register pointer.

        Raises:
            SafetyRefused: the messages would write more than that.
            BusError: nobody answers.
        """
        written = sum(len(message.data) for message in messages if isinstance(message, I2cWrite))
        if written > _POINTER_BYTES or not messages or not isinstance(messages[-1], I2cRead):
            raise SafetyRefused(
                f"discovery does not write {written} bytes to 0x{address:02X}", hint="a probe may only send a register pointer and read"
            )
        return await self._inner.transfer(address, messages)

    async def aclose(self) -> None:
        """Release the real adapter."""
        await self._inner.aclose()


class _ReadOnlyModbus(ModbusAdapter):
    def __init__(self, inner: ModbusAdapter) -> None:
        self._inner = inner

    async def execute(self, request: ModbusRequest, timeout_s: float) -> tuple[int, ...]:
        """A reading request.

        Raises:
            SafetyRefused: the request writes.
            BusError: nobody answers, or with an exception.
        """
        if request.values:
            raise SafetyRefused(f"discovery does not write to unit {request.unit}", hint="a probe may only read")
        return await self._inner.execute(request, timeout_s)

    async def aclose(self) -> None:
        """Release the real adapter."""
        await self._inner.aclose()


def _toml(found: Discovery) -> Iterator[str]:
    for note in found.notes:
        yield f"# {note}"
    for name, options in found.buses.items():
        yield f"[bus.{name}]"
        yield f"type = {_value(options.kind)}"
        if isinstance(options, GpioOptions):
            yield f"chips = {_value(list(options.chips))}"
            yield f"# lines: {', '.join(found.lines.get(name, ())) or 'none has a name'}"
        elif isinstance(options, ModbusTcpOptions):
            yield f"host = {_value(options.host)}"
            yield f"port = {options.port}"
        else:
            yield f"path = {_value(options.physical)}"
        if isinstance(options, SerialOptions | ModbusRtuOptions):
            settings = options.settings
            yield f"settings = {{ baud = {settings.baud}, parity = {_value(settings.parity.value)}, stop_bits = {settings.stop_bits} }}"
        yield ""
    taken: set[str] = set()
    for finding in found.findings:
        yield from _device(finding, found.buses[finding.bus], taken)
        yield ""


def _device(finding: Finding, bus: BusOptions, taken: set[str]) -> Iterator[str]:
    kind = BUS_KINDS[bus.kind]
    shown = f"0x{finding.address:02X}" if kind is BusKind.I2C else str(finding.address)
    where = f"{shown} on {finding.bus}" if finding.address is not None else finding.bus
    if not finding.candidates:
        yield f"# {where}: somebody answers; no installed driver uses this address"
        return
    for candidate in finding.candidates:
        yield f"# {where}: {candidate.driver}, {candidate.evidence.certainty.value}: {candidate.evidence.text}"
    if finding.ambiguous:
        yield "# ambiguous: uncomment one of the drivers"
    best = finding.candidates[0]
    name = _free(best.driver.rpartition(".")[2], taken)
    comment = "# " if finding.ambiguous else ""
    yield f"{comment}[device.{name}]"
    for candidate in finding.candidates if finding.ambiguous else (best,):
        yield f"{comment}driver = {_value(candidate.driver)}"
    yield f"{comment}bus = {_value(finding.bus)}"
    if finding.address is not None:
        yield f"{comment}{'unit' if kind is BusKind.MODBUS else 'address'} = {shown}"
    if best.evidence.options and not finding.ambiguous:
        yield f"options = {_value(best.evidence.options)}"


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free)
    return free


def _value(value: object) -> str:
    """A value as TOML writes it; JSON's strings, numbers and arrays are TOML's too."""
    table = as_table(value)
    if table is not None:
        return f"{{ {', '.join(f'{key} = {_value(entry)}' for key, entry in table.items())} }}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
