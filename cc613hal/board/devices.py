"""Reading the ``[bus.…]`` and ``[device.…]`` tables: types, drivers, lines, options. How they fit together is checked in ``checks``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import define, field

from cc613hal.board.model import BUS_KINDS, DeviceDescription
from cc613hal.board.problems import Problems, as_table, listed, near, plain
from cc613hal.board.structure import INVALID, Invalid, read_class, read_value
from cc613hal.board.toml_lines import KeyPath
from cc613hal.bus.gpio import LineRequest
from cc613hal.bus.options import BUS_TYPES, BusOptions
from cc613hal.errors import PluginError
from cc613hal.plugins.manager import Plugins
from cc613hal.plugins.spec import BusKind, DriverSpec

__all__ = ["ADDRESS_KEYS", "DEVICE_KEYS", "Tables", "read_tables"]

DEVICE_KEYS = ("driver", "connector", "required", "bus", "address", "unit", "select", "lines", "uses", "options")
"""Keys of a device table."""
ADDRESS_KEYS = {BusKind.I2C: ("address", 0x03, 0x77), BusKind.MODBUS: ("unit", 1, 247), BusKind.SPI: ("select", 0, 255)}
"""The key of a device's place on each kind of bus, with its range. ``address`` is accepted on all of them.

I2C: 0x00-0x02 and 0x78-0x7F are reserved (UM10204, table 4; i2cdetect scans 0x03-0x77). Modbus: MODBUS over Serial Line V1.02, section 2.2;
over TCP 0 and 255 are in use too (MODBUS Messaging on TCP/IP V1.0b, section 4.4.1.2).
"""
_TCP_UNITS = (0, 255)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]*")


@define
class Tables:
    """What could be read.

    Attributes:
        buses: by name; only those without mistakes.
        devices: by name; only those without mistakes.
        bus_names: every bus that is written down, with or without mistakes, so that one mistake is not reported twice.
        device_names: likewise every device, with its driver if that is known.
    """

    buses: dict[str, BusOptions] = field(factory=dict)
    devices: dict[str, DeviceDescription] = field(factory=dict)
    bus_names: dict[str, str] = field(factory=dict)
    device_names: dict[str, DriverSpec | None] = field(factory=dict)


def read_tables(values: Mapping[str, Any], plugins: Plugins, problems: Problems) -> Tables:
    """All bus and device tables of a board."""
    tables = Tables()
    for name, value in _tables(values, "bus", problems).items():
        tables.bus_names[name] = str(value.get("type", ""))
        read = _bus(name, value, problems)
        if read is not INVALID:
            tables.buses[name] = read
    devices = _tables(values, "device", problems)
    for name, value in devices.items():
        tables.device_names[name] = plugins.drivers.get(str(value.get("driver", "")))
    for name, value in devices.items():
        device = _Reader(name, value, tables, plugins, problems).read()
        if device is not None:
            tables.devices[name] = device
    return tables


def _tables(values: Mapping[str, Any], key: str, problems: Problems) -> dict[str, Mapping[str, Any]]:
    whole = as_table(values.get(key, {}))
    if whole is None:
        problems.add((key,), f"must be a table of tables ([{key}.NAME]), not {plain(values[key])}")
        return {}
    found: dict[str, Mapping[str, Any]] = {}
    for name, value in whole.items():
        table = as_table(value)
        if table is None:
            problems.add((key, name), f"must be a table, not {plain(value)}", "false removes it in an overlay" if value is False else "")
        elif not _NAME.fullmatch(name):
            problems.add((key, name), f'"{name}" is no usable name', "letters, digits, - and _ only, beginning with a letter or digit")
        else:
            found[name] = table
    return found


def _bus(name: str, value: Mapping[str, Any], problems: Problems) -> BusOptions | Invalid:
    path = ("bus", name)
    kind = value.get("type")
    if kind is None:
        problems.add(path, "the key type is missing", f"one of {listed(BUS_TYPES)}")
        return INVALID
    if not isinstance(kind, str) or kind not in BUS_TYPES:
        problems.add((*path, "type"), f"there is no bus type {plain(kind)}", near(str(kind), BUS_TYPES, f"known are {listed(BUS_TYPES)}"))
        return INVALID
    read: BusOptions | Invalid = read_class({key: entry for key, entry in value.items() if key != "type"}, BUS_TYPES[kind], path, problems)
    return read


@define
class _Reader:
    """Reads one device table; every method notes its mistakes and returns what can be used."""

    name: str
    value: Mapping[str, Any]
    tables: Tables
    plugins: Plugins
    problems: Problems

    @property
    def path(self) -> KeyPath:
        """Where the table stands, for problems."""
        return ("device", self.name)

    def read(self) -> DeviceDescription | None:
        """The whole table; ``None`` if anything in it is wrong, after every mistake has been noted."""
        before = len(self.problems.found)
        for key in self.value:
            if key not in DEVICE_KEYS:
                self.add(key, "unknown key", near(key, DEVICE_KEYS, f"known are {listed(DEVICE_KEYS)}"))
        spec = self._driver()
        connector = self._optional("connector", int, None)
        if isinstance(connector, int) and connector < 1:
            self.add("connector", f"must be 1 or more, not {connector}")
        required = self._optional("required", bool, default=True)
        lines, uses = self._lines(), self._uses()
        if spec is None:
            return None
        bus, address = self._bus(spec), self._address()
        options = self._options(spec)
        if len(self.problems.found) > before:
            return None
        return DeviceDescription(
            id=self.name,
            driver=spec,
            connector=connector,
            required=bool(required),
            bus=bus,
            address=address,
            lines=lines,
            uses=uses,
            options=options,
        )

    def add(self, key: str | KeyPath, reason: str, hint: str = "") -> None:
        """Note a mistake at a key of this table."""
        self.problems.add((*self.path, *((key,) if isinstance(key, str) else key)), reason, hint)

    def _optional(self, key: str, kind: type, default: Any) -> Any:
        return default if key not in self.value else read_value(self.value[key], kind, (*self.path, key), self.problems)

    def _driver(self) -> DriverSpec | None:
        name = self.value.get("driver")
        if name is None:
            self.problems.add(self.path, "the key driver is missing", 'for instance driver = "bender.contactor"')
            return None
        if not isinstance(name, str):
            self.add("driver", f"must be a text, not {plain(name)}")
            return None
        spec = self.plugins.drivers.get(name)
        if spec is None:
            self.add("driver", f'there is no driver "{name}" installed', self._driver_hint(name))
        return spec

    def _driver_hint(self, name: str) -> str:
        family, dot, _ = name.partition(".")
        for problem in self.plugins.problems:
            if problem.plugin.replace("_", "-") == family.replace("_", "-"):
                return f"its package cannot be used: {problem.message}"
        guess = near(name, self.plugins.drivers)
        known = {other.partition(".")[0] for other in self.plugins.drivers}
        install = (
            f"pip install cc613hal-{family.replace('_', '-')}" if dot and family not in known else "cc613hal list shows what is installed"
        )
        return f"{guess} {install}" if guess else install

    def _bus(self, spec: DriverSpec) -> str | None:
        kinds = [kind.value for kind in spec.buses]
        if "bus" not in self.value:
            if spec.buses:
                self.problems.add(self.path, "the key bus is missing", f"{spec.name} sits on {' or '.join(kinds)}")
            return None
        name = read_value(self.value["bus"], str, (*self.path, "bus"), self.problems)
        if name is INVALID:
            return None
        if name not in self.tables.bus_names:
            known = self.tables.bus_names
            self.add("bus", f'the board has no bus "{name}"', near(name, known, f"it has {listed(known)}"))
            return None
        kind = BUS_KINDS.get(self.tables.bus_names[name])
        if not spec.buses:
            self.add("bus", f"{spec.name} sits on no bus", "it uses lines only; leave the key out")
        elif self.tables.bus_names[name] in BUS_TYPES and kind not in spec.buses:
            fitting = [other for other, word in self.tables.bus_names.items() if BUS_KINDS.get(word) in spec.buses]
            hint = f"fitting here: {listed(fitting)}" if fitting else f"add a bus of type {' or '.join(kinds)}"
            self.add("bus", f"{spec.name} cannot sit on a bus of type {self.tables.bus_names[name]}, only on {' or '.join(kinds)}", hint)
        return str(name)

    def _address(self) -> int | None:
        written = [key for key in ("address", "unit", "select") if key in self.value]
        bus = self.value.get("bus")
        bus_type = self.tables.bus_names.get(bus, "") if isinstance(bus, str) else ""
        kind = BUS_KINDS.get(bus_type)
        if kind not in ADDRESS_KEYS:
            if written and (kind is BusKind.SERIAL or bus is None):
                where = f"on the serial bus {bus}" if kind is BusKind.SERIAL else "without a bus"
                self.add(written[0], f"a device {where} has no {written[0]}", "leave the key out")
            return None
        key, low, high = ADDRESS_KEYS[kind]
        if not written:
            spec = self.plugins.drivers.get(str(self.value.get("driver")))
            usual = listed([_shown(address, kind) for address in spec.addresses], "") if spec is not None else ""
            self.problems.add(
                self.path, f"the key {key} is missing", f"usual are {usual}" if usual else f"{_shown(low, kind)} to {_shown(high, kind)}"
            )
            return None
        if len(written) > 1:
            self.add(written[1], f"stands beside {written[0]}; they mean the same", f"keep {key}")
            return None
        if written[0] not in {key, "address"}:
            self.add(written[0], f"means nothing on a bus of type {bus_type}", f"did you mean {key}?")
            return None
        value = read_value(self.value[written[0]], int, (*self.path, written[0]), self.problems)
        if value is INVALID:
            return None
        extra = _TCP_UNITS if bus_type.endswith("-tcp") else ()
        if not low <= value <= high and value not in extra:
            self.add(written[0], f"must be {_shown(low, kind)} to {_shown(high, kind)}, not {_shown(value, kind)}")
        return int(value)

    def _lines(self) -> dict[str, LineRequest]:
        lines: dict[str, LineRequest] = {}
        for role, entry in self._roles("lines").items():
            path = (*self.path, "lines", role)
            read = read_class({"name": entry} if isinstance(entry, str) else entry, LineRequest, path, self.problems)
            if isinstance(read, LineRequest):
                lines[role] = read
                if read.debounce_s < 0:
                    self.problems.add((*path, "debounce_s"), f"must be 0 or more, not {read.debounce_s:g}")
        return lines

    def _uses(self) -> dict[str, str]:
        uses: dict[str, str] = {}
        for role, entry in self._roles("uses").items():
            read = read_value(entry, str, (*self.path, "uses", role), self.problems)
            if isinstance(read, str):
                uses[role] = read
        return uses

    def _roles(self, key: str) -> Mapping[str, Any]:
        roles = as_table(self.value.get(key, {}))
        if roles is not None:
            return roles
        self.add(key, f"must be a table of roles, not {plain(self.value[key])}")
        return {}

    def _options(self, spec: DriverSpec) -> object:
        value = self.value.get("options", {})
        try:
            cls = self.plugins.options_class(spec)
        except PluginError as error:
            self.add("driver", error.message, error.hint or "")
            return None
        if cls is None:
            if value:
                self.add("options", f"{spec.name} has no options", "leave the key out")
            return None
        return read_class(value, cls, (*self.path, "options"), self.problems)


def _shown(address: int, kind: BusKind) -> str:
    return f"0x{address:02X}" if kind is BusKind.I2C and address >= 0 else str(address)
