"""How a bus is written down in a board file: one frozen class per ``type``.

``physical`` names the wire: two bus tables with the same ``physical`` and different settings contradict each other and are refused
when the board file is checked.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import ClassVar

from attrs import Attribute, field, frozen, validators

from cc613hal.bus.actor import BreakerPolicy
from cc613hal.bus.serial import SerialSettings

__all__ = [
    "BUS_TYPES",
    "BusOptions",
    "GpioOptions",
    "HttpOptions",
    "I2cOptions",
    "ModbusRtuOptions",
    "ModbusRtuOverTcpOptions",
    "ModbusTcpOptions",
    "MulticastOptions",
    "PwmOptions",
    "SerialOptions",
    "SpiOptions",
]

_positive = validators.gt(0.0)


def _plain_hex(text: str) -> str:
    """Fingerprints as programs print them, with colons or blanks, in any case."""
    return text.replace(":", "").replace(" ", "").lower()


def _is_address(instance: object, attribute: Attribute[str], value: str) -> None:
    del instance
    if value:
        try:
            IPv4Address(value)
        except ValueError as error:
            raise ValueError(f"{attribute.name} must be an IPv4 address, not {value!r}") from error


def _is_group(instance: object, attribute: Attribute[str], value: str) -> None:
    _is_address(instance, attribute, value)
    if not value or not IPv4Address(value).is_multicast:
        raise ValueError(f"{attribute.name} must be a multicast address (224.0.0.0 to 239.255.255.255), not {value!r}")


@frozen(kw_only=True)
class BusOptions:
    """What all buses have in common.

    Attributes:
        trace: frames kept in the ring buffer; 0 for none.
        breaker: when a silent unit is left alone.
    """

    kind: ClassVar[str] = ""
    trace: int = field(default=512, validator=validators.ge(0))
    breaker: BreakerPolicy = field(factory=BreakerPolicy)

    @property
    def physical(self) -> str:
        """The wire this bus runs on."""
        raise NotImplementedError(type(self).__name__)


@frozen(kw_only=True)
class I2cOptions(BusOptions):
    """An I2C bus: ``path`` is its character device."""

    kind: ClassVar[str] = "i2c"
    path: str

    @property
    def physical(self) -> str:
        """The character device."""
        return self.path


@frozen(kw_only=True)
class SpiOptions(BusOptions):
    """An SPI bus: ``path`` is its character device without the chip select (``/dev/spidev0``)."""

    kind: ClassVar[str] = "spi"
    path: str

    @property
    def physical(self) -> str:
        """The character device without the chip select."""
        return self.path


@frozen(kw_only=True)
class GpioOptions(BusOptions):
    """GPIO lines.

    Attributes:
        chips: character devices whose lines are looked up by their kernel names.
        lines: names for lines that have none: ``NAME = "gpiochip0:17"``.
    """

    kind: ClassVar[str] = "gpio"
    chips: tuple[str, ...] = field(converter=tuple[str, ...])
    lines: dict[str, str] = field(factory=dict)

    @property
    def physical(self) -> str:
        """The chips together."""
        return "+".join(self.chips)


@frozen(kw_only=True)
class PwmOptions(BusOptions):
    """PWM channels of one chip.

    Attributes:
        path: sysfs folder of the chip (``/sys/class/pwm/pwmchip0``).
        channels: ``NAME = number``.
    """

    kind: ClassVar[str] = "pwm"
    path: str
    channels: dict[str, int]

    @property
    def physical(self) -> str:
        """The chip's sysfs folder."""
        return self.path


@frozen(kw_only=True)
class SerialOptions(BusOptions):
    """A serial line with one device.

    Attributes:
        path: device node.
        settings: speed and format.
    """

    kind: ClassVar[str] = "serial"
    path: str
    settings: SerialSettings = field(factory=SerialSettings)

    @property
    def physical(self) -> str:
        """The device node."""
        return self.path


@frozen(kw_only=True)
class ModbusRtuOptions(BusOptions):
    """A Modbus RTU line.

    Attributes:
        path: device node.
        settings: speed and format.
        timeout_s: longest wait for an answer, s.
        settle_s: extra silence when the unit changes, s.
        silence_s: silence between frames, s; ``None`` for the 3.5 characters of the standard.
        drain_s: how long after a time-out a late answer may still come, s.
    """

    kind: ClassVar[str] = "modbus-rtu"
    path: str
    settings: SerialSettings = field(factory=SerialSettings)
    timeout_s: float = field(default=0.3, validator=_positive)
    settle_s: float = field(default=0.0, validator=validators.ge(0))
    silence_s: float | None = None
    drain_s: float = field(default=0.2, validator=validators.ge(0))

    @property
    def physical(self) -> str:
        """The device node."""
        return self.path


@frozen(kw_only=True)
class ModbusTcpOptions(BusOptions):
    """A Modbus TCP connection.

    Attributes:
        host: name or address.
        port: TCP port.
        timeout_s: longest wait for an answer, s.
        connect_timeout_s: longest wait for the connection, s.
    """

    kind: ClassVar[str] = "modbus-tcp"
    host: str
    port: int = field(default=502, validator=[validators.gt(0), validators.lt(65536)])
    timeout_s: float = field(default=1.0, validator=_positive)
    connect_timeout_s: float = field(default=3.0, validator=_positive)

    @property
    def physical(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


@frozen(kw_only=True)
class ModbusRtuOverTcpOptions(ModbusTcpOptions):
    """Modbus RTU frames through a transparent TCP gateway.

    Attributes:
        drain_s: how long after a time-out a late answer may still come, s.
    """

    kind: ClassVar[str] = "modbus-rtu-over-tcp"
    drain_s: float = field(default=0.5, validator=validators.ge(0))


@frozen(kw_only=True)
class HttpOptions(BusOptions):
    """A device that answers HTTP.

    Attributes:
        host: name or address.
        port: TCP port; ``None`` for 80, or 443 with TLS.
        tls: speak TLS. Its certificate is checked by the system's authorities unless one of the next two says otherwise.
        ca_file: certificates (PEM) that vouch for the host, a self-signed one included; its names must fit ``host``.
        fingerprint: SHA-256 of the host's certificate (DER) in hexadecimal digits; this one and no other is accepted, whatever its
            names, dates and key length.
        timeout_s: longest wait for a whole answer, connection included, s.
        connect_timeout_s: longest wait for the connection, s.
        longest: longest answer, bytes; it bounds the memory a broken device can take.
    """

    kind: ClassVar[str] = "http"
    host: str
    port: int | None = field(default=None, validator=validators.optional([validators.gt(0), validators.lt(65536)]))
    tls: bool = False
    ca_file: str = ""
    fingerprint: str = field(default="", converter=_plain_hex, validator=validators.matches_re(r"(?:[0-9a-f]{64})?"))
    timeout_s: float = field(default=3.0, validator=_positive)
    connect_timeout_s: float = field(default=2.0, validator=_positive)
    longest: int = field(default=262144, validator=validators.gt(0))

    @property
    def port_number(self) -> int:
        """The TCP port."""
        return self.port if self.port is not None else 443 if self.tls else 80

    @property
    def authority(self) -> str:
        """Host and, where it is not the usual one, port: what the ``Host`` header says."""
        return self.host if self.port in {None, 443 if self.tls else 80} else f"{self.host}:{self.port}"

    @property
    def physical(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port_number}"


@frozen(kw_only=True)
class MulticastOptions(BusOptions):
    """A UDP multicast group that devices send to (IPv4).

    Attributes:
        group: address of the group; 224.0.0.0 to 239.255.255.255.
        port: UDP port.
        interface: address of the network card the devices are on; empty for the system's choice, which is a guess where there are several.
    """

    kind: ClassVar[str] = "multicast"
    group: str = field(validator=_is_group)
    port: int = field(validator=[validators.gt(0), validators.lt(65536)])
    interface: str = field(default="", validator=_is_address)

    @property
    def physical(self) -> str:
        """Group, port and interface."""
        return f"{self.group}:{self.port}" + (f"@{self.interface}" if self.interface else "")


BUS_TYPES: dict[str, type[BusOptions]] = {
    options.kind: options
    for options in (
        I2cOptions,
        SpiOptions,
        GpioOptions,
        PwmOptions,
        SerialOptions,
        ModbusRtuOptions,
        ModbusTcpOptions,
        ModbusRtuOverTcpOptions,
        HttpOptions,
        MulticastOptions,
    )
}
"""Bus classes by the word used for ``type`` in a board file."""
