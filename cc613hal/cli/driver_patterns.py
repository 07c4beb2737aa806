"""What ``cc613hal new-driver`` can write: interfaces and the wires they sit on, and what the templates need to know of them."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

__all__ = ["LINES", "LINE_PARTS", "REGISTERS", "REGISTER_PARTS", "LinePart", "RegisterBus", "RegisterPart", "buses_for", "interfaces"]

LINES = "lines"
"""The word for a part that sits on GPIO lines alone."""


@frozen(kw_only=True)
class RegisterPart:
    """An interface whose value stands in a register.

    Attributes:
        place: the plant signal that the emulated part follows, as an expression of ``site``.
        method: the reading method of the interface.
        reading: its value class.
        result: the value made from the raw register ``raw``, as keyword arguments.
        raw: the register content for the plant's value ``value``, as an expression.
        vary: statements that change the world in the test.
        expect: what the reading must then be.
        tells: changes of the value are news that the interface publishes.
    """

    place: str
    method: str
    reading: str
    result: str
    raw: str
    vary: str
    expect: str
    tells: bool = False


REGISTER_PARTS: Mapping[str, RegisterPart] = {
    "TemperatureSensor": RegisterPart(
        place='site.plant.cabinet.temperature("internal")',
        method="read",
        reading="TemperatureReading",
        result='temperature_c=finite(raw / 100 + self._options.offset, what="temperature in °C", device=device, low=-55.0, high=125.0)',
        raw="round(value * 100)",
        vary='simulation.plant.cabinet.temperature("internal").set(41.5)',
        expect="reading.temperature_c == pytest.approx(41.5, abs=0.01)",
    ),
    "PowerMeter": RegisterPart(
        place="site.outlet.current_a",
        method="read_power",
        reading="PowerReading",
        result='power_w=finite(raw + self._options.offset, what="power in W", device=device, low=-32768.0, high=32767.0)',
        raw="round(sum(value) * 230)",
        vary="simulation.plant.outlet(1).current_a.set((10.0, 0.0, 0.0))",
        expect="reading.power_w == pytest.approx(2300.0, abs=1.0)",
    ),
    "DigitalInput": RegisterPart(
        place="site.plant.cabinet.supply_v",
        method="read_input",
        reading="DigitalReading",
        result="active=raw > self._options.offset",
        raw="int(value > 9.0)",
        vary="simulation.plant.cabinet.supply_v.set(0.0)",
        expect="reading.active is False",
        tells=True,
    ),
}


@frozen(kw_only=True)
class RegisterBus:
    """A bus for parts with registers.

    Attributes:
        kind: member of :class:`cc613hal.plugins.BusKind`.
        type: the bus's type in a board file.
        path: its device node in the example.
        where: the device's place on it, as a board file says it.
        addresses: what the package announces as usual, as an argument; empty where discovery cannot use it.
        identity: the emulated part can be another one.
    """

    kind: str
    type: str
    path: str
    where: str
    addresses: str = ""
    identity: bool = False


REGISTERS: Mapping[str, RegisterBus] = {
    "i2c": RegisterBus(kind="I2C", type="i2c", path="/dev/i2c-1", where="address = 0x48", addresses="addresses=(0x48,),"),
    "modbus": RegisterBus(kind="MODBUS", type="modbus-rtu", path="/dev/ttyS1", where="address = 1", addresses="addresses=(1,),"),
    "spi": RegisterBus(kind="SPI", type="spi", path="/dev/spidev0", where="select = 0", identity=True),
}


@frozen(kw_only=True)
class LinePart:
    """An interface on GPIO lines.

    Attributes:
        lines: role, direction (member of :class:`cc613hal.plugins.Direction`) and help of each line.
        also: further capabilities of the class.
        rank: member of :class:`cc613hal.plugins.SafeRank`; empty for a part that needs no safe state.
        story: the test that the record names.
        options: name, type, default and meaning of each option, as the README has them.
        assumed: what the template made up.
    """

    lines: tuple[tuple[str, str, str], ...]
    also: tuple[str, ...] = ()
    rank: str = ""
    story: str
    options: tuple[tuple[str, str, str, str], ...] = ()
    assumed: str


LINE_PARTS: Mapping[str, LinePart] = {
    "Contactor": LinePart(
        lines=(
            ("coil", "OUTPUT", "Coil; true energises."),
            ("feedback", "INPUT", "Feedback contact; true = main contacts closed."),
        ),
        also=("ImmediateOff", "SafeState"),
        rank="CONTACTOR",
        story="test_contacts_that_fall_off_by_themselves_are_told",
        options=(
            (
                "confirm_s",
                "number",
                "0.2",
                "how long the feedback may take to follow the coil, s (the template's invention: cite the data sheet here)",
            ),
            ("phases", "whole number", "3", "phase conductors that the contactor switches: 1 or 3"),
        ),
        assumed="the feedback follows the coil within 200 ms",
    ),
    "DigitalInput": LinePart(
        lines=(("contact", "INPUT", "The contact; true = closed."),),
        story="test_every_change_is_told",
        assumed="true means closed",
    ),
    "Relay": LinePart(
        lines=(("coil", "OUTPUT", "Coil; true energises."),),
        also=("SafeState",),
        rank="RELAY",
        story="test_the_contact_follows_the_command_and_opens_when_the_board_is_left",
        assumed="true energises",
    ),
}


def interfaces() -> list[str]:
    """Every interface there is a template for."""
    return sorted({*REGISTER_PARTS, *LINE_PARTS})


def buses_for(interface: str) -> list[str]:
    """The wires an interface can be written for, the usual one first."""
    return [*(REGISTERS if interface in REGISTER_PARTS else ()), *([LINES] if interface in LINE_PARTS else ())]
