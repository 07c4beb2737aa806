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

from attrs import define, evolve, field, frozen

from cc613hal.board.model import BUS_KINDS
from cc613hal.board.problems import as_table
from cc613hal.bus.actor import BreakerPolicy, BusActor
from cc613hal.bus.factory import BusFactory
from cc613hal.bus.gpio import GpioAdapter
from cc613hal.bus.i2c import I2cAdapter, I2cCapabilities, I2cPort, I2cRead, I2cWrite
from cc613hal.bus.modbus import ModbusAdapter, ModbusPort, ModbusRequest
from cc613hal.bus.options import BusOptions, GpioOptions, I2cOptions, ModbusRtuOptions, ModbusTcpOptions, SerialOptions
from cc613hal.bus.serial import SerialAdapter, SerialPort, SerialSettings
from cc613hal.clock import Clock
from cc613hal.errors import BusError, DeviceError, HalError, PluginError, SafetyRefused
from cc613hal.plugins.evidence import Certainty, Evidence
from cc613hal.plugins.manager import Plugins
from cc613hal.plugins.spec import BusKind, DriverSpec

__all__ = ["Candidate", "Discovery", "Finding", "discover", "system_buses"]

_PROBE_S = 2.0
_LISTEN_S = 5.0
"""On a serial line a device may speak of its own accord, every few seconds."""
_POINTER_BYTES = 2
_TIMES = 4.0
"""A device that is there answers within so many times what the slowest one took so far."""
_QUICKEST_S = 0.05
"""No device gets less time than this, s."""
_ASKED_AGAIN = 16
"""Units that stayed silent within a shortened time-out get the whole one at the end, at most so many."""
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
        candidates: drivers that could be right, the most certain first; empty if no installed driver knows it.
        settings: speed and format at which it answered; ``None`` where a bus has none.
        reply_s: how long its first answer took, s; ``None`` where that was not measured.
    """

    bus: str
    address: int | None
    candidates: tuple[Candidate, ...] = field(default=(), converter=tuple[Candidate, ...])
    settings: SerialSettings | None = None
    reply_s: float | None = None

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
    buses: Mapping[str, BusOptions],
    factory: BusFactory,
    plugins: Plugins,
    *,
    clock: Clock | None = None,
    units: Sequence[int] = (),
    settings: Sequence[SerialSettings] = (),
) -> Discovery:
    """Look at buses.

    Args:
        buses: which, by name; serial lines only if their probes may speak on them.
        factory: opens them.
        plugins: the installed drivers.
        clock: for silences on the wire; the system's if omitted.
        units: Modbus units to ask in addition to those that drivers name as usual.
        settings: speeds and formats to try on Modbus RTU lines, in this order; each line's own if omitted.
    """
    search = _Search(factory, plugins, clock or Clock(), tuple(units), tuple(settings))
    for name, options in buses.items():
        await search.bus(name, options)
    seen = {name: _as_found(name, options, search.findings) for name, options in buses.items()}
    return Discovery(buses=seen, findings=tuple(search.findings), lines=search.lines, notes=tuple(search.notes))


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
class _Patience:
    """How long to wait for a unit that may not be there: the bus's time-out, or a few times what the slowest device on it took so far.

    Attributes:
        longest_s: the bus's time-out, s.
    """

    longest_s: float
    shortest_s: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self.shortest_s = self.longest_s

    @property
    def timeout_s(self) -> float:
        """The time-out for the next unit, s."""
        return self.shortest_s

    @property
    def shortened(self) -> bool:
        """Whether that is less than the bus's."""
        return self.shortest_s < self.longest_s

    def answered(self, reply_s: float) -> None:
        """A device took so long."""
        needed_s = max(_QUICKEST_S, _TIMES * reply_s)
        known_s = needed_s if not self.shortened else max(needed_s, self.shortest_s)
        self.shortest_s = min(self.longest_s, known_s)

    def reset(self) -> None:
        """Wait as long as the bus allows again."""
        self.shortest_s = self.longest_s


@define
class _Search:
    factory: BusFactory
    plugins: Plugins
    clock: Clock
    units: tuple[int, ...]
    settings: tuple[SerialSettings, ...] = ()
    findings: list[Finding] = field(factory=list)
    lines: dict[str, tuple[str, ...]] = field(factory=dict)
    notes: list[str] = field(factory=list)

    async def bus(self, name: str, options: BusOptions) -> None:
        """Look at one bus, with every speed it is to be tried with; one that fails becomes a note and does not end the search."""
        if isinstance(options, ModbusRtuOptions) and self.settings:
            for settings in self.settings:
                await self._bus(name, evolve(options, settings=settings))
        else:
            await self._bus(name, options)

    async def _bus(self, name: str, options: BusOptions) -> None:
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
                await self._modbus(name, actor, _ReadOnlyModbus(adapter), options)
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

    async def _modbus(self, name: str, actor: BusActor, adapter: ModbusAdapter, options: ModbusRtuOptions | ModbusTcpOptions) -> None:
        """Ask every unit whether it is there before any probe does: most are not, and silence then costs one time-out."""
        drivers = [spec for spec in self._drivers(BusKind.MODBUS) if spec.probe]
        settings = options.settings if isinstance(options, ModbusRtuOptions) else None
        known = {finding.address for finding in self.findings if finding.bus == name}
        wanted = sorted({*self.units, *(address for spec in drivers for address in spec.addresses)} - known)
        patience = _Patience(options.timeout_s)
        silent = [
            unit
            for unit in wanted
            if not await self._modbus_unit(name, actor, adapter, unit, drivers, patience, settings) and patience.shortened
        ]
        late, waited_s = silent[:_ASKED_AGAIN], patience.timeout_s
        patience.reset()  # a slow device behind a quick one
        for unit in late:
            await self._modbus_unit(name, actor, adapter, unit, drivers, patience, settings)
        if len(silent) > len(late):
            self.notes.append(
                f"bus {name}: units from {silent[_ASKED_AGAIN]} on were given {waited_s:g} s to answer; name fewer for more time"
            )

    async def _modbus_unit(  # noqa: PLR0917  # one unit of one line under one setting
        self,
        name: str,
        actor: BusActor,
        adapter: ModbusAdapter,
        unit: int,
        drivers: list[DriverSpec],
        patience: _Patience,
        settings: SerialSettings | None,
    ) -> bool:
        """Whether the unit answers; it is then probed with all the time the bus allows."""
        reply_s = await self._knock(ModbusPort(actor, adapter, unit, timeout_s=patience.timeout_s))
        if reply_s is None:
            return False
        patience.answered(reply_s)
        port = ModbusPort(actor, adapter, unit, timeout_s=patience.longest_s)
        candidates = [found for spec in drivers for found in await self._probed(spec, port)]
        self._found(name, unit, candidates, settings=settings, reply_s=reply_s)
        return True

    async def _knock(self, port: ModbusPort) -> float | None:
        """How long a unit takes to answer anything at all, an exception included; ``None`` for silence and noise."""
        began_s = self.clock.monotonic_s()
        try:
            await port.read_registers(0, 1)
        except BusError:
            return None
        except DeviceError:
            pass  # who refuses is there
        return self.clock.monotonic_s() - began_s

    async def _serial(self, name: str, actor: BusActor, adapter: SerialAdapter) -> None:
        candidates: list[Candidate] = []
        for spec in self._drivers(BusKind.SERIAL):
            if spec.probe:
                adapter.discard_input()
                candidates.extend(await self._probed(spec, SerialPort(actor, adapter)))
        if candidates:
            self._found(name, None, candidates)

    def _found(
        self,
        bus: str,
        address: int | None,
        candidates: list[Candidate],
        *,
        settings: SerialSettings | None = None,
        reply_s: float | None = None,
    ) -> None:
        order = list(Certainty)
        ranked = sorted(candidates, key=lambda candidate: order.index(candidate.evidence.certainty))
        self.findings.append(Finding(bus=bus, address=address, candidates=ranked, settings=settings, reply_s=reply_s))

    def _drivers(self, kind: BusKind) -> Iterator[DriverSpec]:
        return (self.plugins.drivers[name] for name in sorted(self.plugins.drivers) if kind in self.plugins.drivers[name].buses)

    async def _probed(self, spec: DriverSpec, port: I2cPort | ModbusPort | SerialPort) -> list[Candidate]:
        """The evidence of one probe. A probe that fails has not found its part; one that tries to write is reported."""
        try:
            probe: Callable[[Any], Any] | None = self.plugins.probe(spec)
            if probe is None:
                return []
            async with asyncio.timeout(_LISTEN_S if isinstance(port, SerialPort) else _PROBE_S):
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


def _as_found(name: str, options: BusOptions, findings: Sequence[Finding]) -> BusOptions:
    """The bus with the settings at which most devices answered."""
    heard = [finding.settings for finding in findings if finding.bus == name and finding.settings is not None]
    if not heard or not isinstance(options, ModbusRtuOptions):
        return options
    return evolve(options, settings=max(heard, key=heard.count))


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
    at = f" at {finding.settings}" if finding.settings is not None else ""
    took = f" after {finding.reply_s * 1000:.0f} ms" if finding.reply_s is not None else ""
    if not finding.candidates:
        why = "knows its registers" if kind is BusKind.MODBUS else "uses this address"
        yield f"# {where}: somebody answers{at}{took}; no installed driver {why}"
        return
    if at:
        yield f"# {where} answers{at}{took}"
    for candidate in finding.candidates:
        yield f"# {where}: {candidate.driver}, {candidate.evidence.certainty.value}: {candidate.evidence.text}"
    if finding.ambiguous:
        yield "# ambiguous: uncomment one of the drivers"
    best = finding.candidates[0]
    name = _free(best.driver.rpartition(".")[2], taken)
    apart = isinstance(bus, ModbusRtuOptions) and finding.settings not in {None, bus.settings}
    if apart:
        yield f"# one line has one speed: set it to {getattr(bus, 'settings', None)}, or give it a line of its own"
    comment = "# " if finding.ambiguous or apart else ""
    yield f"{comment}[device.{name}]"
    for candidate in finding.candidates if finding.ambiguous else (best,):
        yield f"{comment}driver = {_value(candidate.driver)}"
    yield f"{comment}bus = {_value(finding.bus)}"
    if finding.address is not None:
        yield f"{comment}{'unit' if kind is BusKind.MODBUS else 'address'} = {shown}"
    if best.evidence.options and not finding.ambiguous:
        yield f"{comment}options = {_value(best.evidence.options)}"


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
