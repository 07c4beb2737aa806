"""How the parts of a board fit together: roles, capabilities, cycles, and things that two devices cannot both have."""

from __future__ import annotations

from collections import defaultdict

import attrs

from cc613hal.board.devices import Tables
from cc613hal.board.graph import order
from cc613hal.board.model import BUS_KINDS, DeviceDescription
from cc613hal.board.problems import Problems, listed, near
from cc613hal.board.toml_lines import KeyPath
from cc613hal.bus.gpio import LineRequest
from cc613hal.bus.options import BusOptions, GpioOptions, HttpOptions, ModbusTcpOptions, MulticastOptions, PwmOptions
from cc613hal.plugins.spec import BusKind, Direction, DriverSpec, UseSpec

__all__ = ["check_together"]


def check_together(tables: Tables, problems: Problems) -> None:
    """Note everything that is wrong between buses and devices that are right by themselves."""
    _check_wires(tables, problems)
    _check_addresses(tables, problems)
    _check_lines(tables, problems)
    _check_claims(tables, problems)
    _check_uses(tables, problems)
    _check_cycles(tables, problems)


def _check_wires(tables: Tables, problems: Problems) -> None:
    """Two bus tables for one wire would be two owners. Several connections to one TCP server are fine if they agree."""
    seen: dict[str, tuple[str, BusOptions]] = {}
    for name, options in tables.buses.items():
        if isinstance(options, GpioOptions):
            continue  # its lines are what can be claimed twice; see _check_claims
        first, other = seen.setdefault(options.physical, (name, options))
        if first == name:
            continue
        if type(other) is not type(options) or other != options:
            differing = _difference(other, options)
            problems.add(("bus", name), f"{options.physical} is also bus {first}, with {differing}", "one wire has one setting")
        elif not isinstance(options, ModbusTcpOptions):
            problems.add(("bus", name), f"{options.physical} is also bus {first}", f'write bus = "{first}" in its devices')


def _share(one: DriverSpec, other: DriverSpec) -> bool:
    """Whether two devices may have one address: channels of one part (the nodes of a radio gateway)."""
    return one.shared and one.name == other.name


def _difference(one: BusOptions, other: BusOptions) -> str:
    if type(one) is not type(other):
        return f"type {one.kind} instead of {other.kind}"
    names = [attribute.name for attribute in attrs.fields(type(one)) if getattr(one, attribute.name) != getattr(other, attribute.name)]
    return " and ".join(f"{name} {getattr(one, name)} instead of {getattr(other, name)}" for name in names)


def _check_addresses(tables: Tables, problems: Problems) -> None:
    taken: dict[tuple[str, int | None], str] = {}
    shared = {name for name, options in tables.buses.items() if isinstance(options, HttpOptions | MulticastOptions)}
    for name, device in tables.devices.items():
        if device.bus is None or device.bus not in tables.buses or device.bus in shared:
            continue
        first = taken.setdefault((device.bus, device.address), name)
        if first == name or _share(device.driver, tables.devices[first].driver):
            continue
        kind = BUS_KINDS[tables.buses[device.bus].kind]
        if kind is BusKind.SERIAL:
            problems.add(("device", name, "bus"), f"the serial bus {device.bus} belongs to {first}", "a serial line has one device")
        else:
            shown = f"0x{device.address:02X}" if kind is BusKind.I2C else str(device.address)
            problems.add(_address_path(name, problems), f"{shown} on bus {device.bus} belongs to {first}", "each device needs its own")


def _address_path(name: str, problems: Problems) -> KeyPath:
    for key in ("address", "unit", "select"):
        if ("device", name, key) in problems.places:
            return ("device", name, key)
    return ("device", name)


def _check_lines(tables: Tables, problems: Problems) -> None:
    """Every role a driver needs is connected, every connected role exists, and there is a bus that can have the line."""
    pwm_channels = {channel for options in tables.buses.values() if isinstance(options, PwmOptions) for channel in options.channels}
    whole = len(tables.buses) == len(tables.bus_names)  # else a missing line may be on the bus that could not be read
    has_gpio = any(isinstance(options, GpioOptions) for options in tables.buses.values())
    for name, device in tables.devices.items():
        specs = {line.role: line for line in device.driver.lines}
        path: KeyPath = ("device", name)
        for role, request in device.lines.items():
            here = (*path, "lines", role)
            if role not in specs:
                problems.add(here, f"{device.driver.name} has no line {role}", near(role, specs, f"it has {listed(specs)}"))
            elif specs[role].direction is Direction.PWM:
                if whole and request.name not in pwm_channels:
                    problems.add(
                        here,
                        f'no pwm bus has a channel "{request.name}"',
                        near(request.name, pwm_channels, f"there are {listed(pwm_channels)}"),
                    )
            elif whole and not has_gpio:
                problems.add(here, "the board has no bus of type gpio", 'add one: type = "gpio", chips = ["/dev/gpiochip0"]')
        for role, line in specs.items():
            if line.required and role not in device.lines:
                hint = near(role, [written for written in device.lines if written not in specs])
                problems.add(path, f"the line {role} is missing: {line.help}", hint)


def _check_claims(tables: Tables, problems: Problems) -> None:
    """An output has one owner. Inputs may be shared by devices that ask for them in the same way."""
    claims: dict[str, list[tuple[str, str, LineRequest, Direction]]] = defaultdict(list)
    for name, device in tables.devices.items():
        for line in device.driver.lines:
            request = device.lines.get(line.role)
            if request is not None:
                claims[request.name].append((name, line.role, request, line.direction))
    for line_name, owners in claims.items():
        first_name, first_role, first_request, first_direction = owners[0]
        for name, role, request, direction in owners[1:]:
            path = ("device", name, "lines", role)
            if direction is Direction.INPUT and first_direction is Direction.INPUT:
                if request != first_request:
                    reason = f"{line_name} is also {first_role} of {first_name}, with other settings"
                    problems.add(path, reason, "one line has one polarity, bias and debounce time")
            else:
                problems.add(path, f"{line_name} is also {first_role} of {first_name}", "an output has one owner")


def _check_uses(tables: Tables, problems: Problems) -> None:
    for name, device in tables.devices.items():
        specs = {use.role: use for use in device.driver.uses}
        for role, target in device.uses.items():
            path = ("device", name, "uses", role)
            if role not in specs:
                problems.add(path, f"{device.driver.name} uses no {role}", near(role, specs, f"it uses {listed(specs, 'nothing')}"))
            elif target not in tables.device_names:
                known = [other for other in tables.device_names if other != name]
                problems.add(path, f'the board has no device "{target}"', near(target, known, _offering(tables, specs[role])))
            else:
                driver = tables.device_names[target]
                if driver is not None and specs[role].capability not in driver.capabilities:
                    reason = f"{target} ({driver.name}) is no {specs[role].capability}"
                    problems.add(path, reason, _offering(tables, specs[role]))
        _check_missing_uses(name, device, specs, problems)


def _check_missing_uses(name: str, device: DeviceDescription, specs: dict[str, UseSpec], problems: Problems) -> None:
    for role, use in specs.items():
        if use.required and role not in device.uses:
            problems.add(("device", name), f"uses.{role} is missing: {use.help}", f"name a device that is a {use.capability}")


def _offering(tables: Tables, use: UseSpec) -> str:
    offering = [name for name, driver in tables.device_names.items() if _offers(driver, use.capability)]
    return f"{listed(offering)} {'is' if len(offering) == 1 else 'are'}" if offering else f"no device of the board is a {use.capability}"


def _offers(driver: DriverSpec | None, capability: str) -> bool:
    return driver is not None and capability in driver.capabilities


def _check_cycles(tables: Tables, problems: Problems) -> None:
    _, cycles = order({name: device.uses.values() for name, device in tables.devices.items()})
    for cycle in cycles:
        first = cycle[0]
        role = next(role for role, target in tables.devices[first].uses.items() if target == cycle[1])
        problems.add(
            ("device", first, "uses", role), f"the devices use each other in a circle: {' → '.join(cycle)}", "one of them must come first"
        )
