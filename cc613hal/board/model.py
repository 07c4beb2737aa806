"""What a board file says, checked and typed: the input of :func:`cc613hal.board.open_board` and of a simulation."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen

from cc613hal.bus.gpio import LineRequest
from cc613hal.bus.options import BusOptions
from cc613hal.plugins.spec import BusKind, Direction, DriverSpec

__all__ = ["BUS_KINDS", "SCHEMA_VERSION", "BoardDescription", "DeviceDescription"]

SCHEMA_VERSION = 1
"""Version of the board file format; the value of the key ``schema``."""

BUS_KINDS: dict[str, BusKind] = {
    "i2c": BusKind.I2C,
    "spi": BusKind.SPI,
    "serial": BusKind.SERIAL,
    "modbus-rtu": BusKind.MODBUS,
    "modbus-tcp": BusKind.MODBUS,
    "modbus-rtu-over-tcp": BusKind.MODBUS,
    "http": BusKind.HTTP,
    "multicast": BusKind.MULTICAST,
}
"""What a device on a bus of this ``type`` sees. ``gpio`` and ``pwm`` are missing: devices ask for their lines by name."""


@frozen(kw_only=True)
class DeviceDescription:
    """One device of a board.

    Attributes:
        id: its name on the board.
        driver: what its package announces.
        connector: the connector it belongs to; ``None`` for the whole station.
        required: the board does not open without it.
        bus: name of the bus it sits on; ``None`` if it uses lines only.
        address: I2C address, Modbus unit or SPI chip select; ``None`` where there is none.
        lines: GPIO and PWM lines by role.
        uses: other devices by role.
        options: an instance of the driver's options class; ``None`` for a driver without options.
    """

    id: str
    driver: DriverSpec
    connector: int | None = None
    required: bool = True
    bus: str | None = None
    address: int | None = None
    lines: dict[str, LineRequest] = field(factory=dict[str, LineRequest])
    uses: dict[str, str] = field(factory=dict[str, str])
    options: object = None

    def lines_of(self, direction: Direction) -> Iterator[tuple[str, LineRequest]]:
        """The connected lines of one direction, as (role, request)."""
        for line in self.driver.lines:
            if line.direction is direction and line.role in self.lines:
                yield line.role, self.lines[line.role]


@frozen(kw_only=True)
class BoardDescription:
    """A checked board file, with everything its bases and overlays contributed.

    Attributes:
        name: the board's name.
        summary: one sentence.
        buses: bus descriptions by name.
        devices: devices by name, in an order in which each comes after those it uses.
        sources: the files it was made from, the base first.
    """

    name: str
    summary: str = ""
    buses: dict[str, BusOptions] = field(factory=dict[str, BusOptions])
    devices: dict[str, DeviceDescription] = field(factory=dict[str, DeviceDescription])
    sources: tuple[str, ...] = ()

    def bus_kind(self, device: str) -> BusKind | None:
        """The kind of bus a device sits on; ``None`` if it uses lines only."""
        bus = self.devices[device].bus
        return None if bus is None else BUS_KINDS[self.buses[bus].kind]

    @property
    def connectors(self) -> tuple[int, ...]:
        """The connectors that devices belong to, ascending."""
        return tuple(sorted({device.connector for device in self.devices.values() if device.connector is not None}))
