"""Opens the buses of a board file on Linux. Each I/O package is loaded when the first bus that needs it is opened, not before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cc613hal.bus.actor import BusActor, Timing
from cc613hal.bus.factory import AnyAdapter, BusFactory
from cc613hal.bus.hotplug import HotPlug, PlugChanged
from cc613hal.bus.linux.nodes import device_node
from cc613hal.bus.options import (
    BusOptions,
    GpioOptions,
    HttpOptions,
    I2cOptions,
    ModbusRtuOptions,
    ModbusRtuOverTcpOptions,
    ModbusTcpOptions,
    MulticastOptions,
    PwmOptions,
    SerialOptions,
    SpiOptions,
)
from cc613hal.errors import Unsupported
from cc613hal.events import Subscription
from cc613hal.units import rtu_silence_s

__all__ = ["LinuxBuses"]

_GATEWAY_GAP_S = 0.1
"""An answer through a TCP gateway may arrive in packets this far apart, s."""


class LinuxBuses(BusFactory, HotPlug):
    """Buses of the running Linux system."""

    async def open(self, name: str, options: BusOptions, actor: BusActor) -> AnyAdapter:
        """Open a bus.

        Raises:
            BusError: it cannot be opened; the message says why and the hint what to do.
            Unsupported: no adapter for this type of bus.
        """
        opener = _OPENERS.get(type(options))
        if opener is None:
            raise Unsupported(f"there is no Linux adapter for a bus of type {options.kind!r}", device=name)
        return await opener(name, options, actor)

    def watch(self, buses: Mapping[str, BusOptions], changed: PlugChanged) -> Subscription:
        """Tell when the device nodes of serial lines and I2C buses come and go."""
        from cc613hal.bus.linux.hotplug import watch_nodes, watched_nodes

        return watch_nodes(watched_nodes(buses), changed)


async def _i2c(name: str, options: I2cOptions, actor: BusActor) -> AnyAdapter:
    from cc613hal.bus.linux.i2c_smbus2 import LinuxI2c

    del actor
    return await LinuxI2c.open(name, device_node(options.path, "i2c-dev", device=name))


async def _spi(name: str, options: SpiOptions, actor: BusActor) -> AnyAdapter:
    from cc613hal.bus.linux.spi_spidev import LinuxSpi

    del actor
    return LinuxSpi(name, options.path)


async def _gpio(name: str, options: GpioOptions, actor: BusActor) -> AnyAdapter:
    from cc613hal.bus.linux.gpio_periphery import LinuxGpio

    return LinuxGpio(name, options, actor.clock)


async def _pwm(name: str, options: PwmOptions, actor: BusActor) -> AnyAdapter:
    from cc613hal.bus.linux.pwm_sysfs import LinuxPwm

    del actor
    return await LinuxPwm.open(name, options)


async def _serial(name: str, options: SerialOptions, actor: BusActor) -> AnyAdapter:
    from cc613hal.bus.linux.serial_pyserial import LinuxSerial

    del actor
    return LinuxSerial.open(name, device_node(options.path, "tty", device=name), options.settings)


async def _modbus_rtu(name: str, options: ModbusRtuOptions, actor: BusActor) -> AnyAdapter:
    from cc613hal.bus.linux.modbus_rtu import RtuClient
    from cc613hal.bus.linux.serial_pyserial import LinuxSerial

    silence_s = rtu_silence_s(options.settings.baud) if options.silence_s is None else options.silence_s
    actor.timing = Timing(silence_s=silence_s, settle_s=options.settle_s)
    line = LinuxSerial.open(name, device_node(options.path, "tty", device=name), options.settings)
    return RtuClient(actor, line, drain_s=options.drain_s)


async def _modbus_tcp(name: str, options: ModbusTcpOptions, actor: BusActor) -> AnyAdapter:
    from cc613hal.bus.linux.modbus_tcp import TcpClient

    del name
    client = TcpClient(actor, options)
    await client.connect()
    return client


async def _modbus_rtu_over_tcp(name: str, options: ModbusRtuOverTcpOptions, actor: BusActor) -> AnyAdapter:
    from cc613hal.bus.linux.modbus_rtu import RtuClient
    from cc613hal.bus.linux.modbus_tcp import TcpLink

    link = TcpLink(name, options)
    await link.connect()
    return RtuClient(actor, link, drain_s=options.drain_s, gap_s=_GATEWAY_GAP_S)


async def _http(name: str, options: HttpOptions, actor: BusActor) -> AnyAdapter:
    from cc613hal.bus.linux.http_h11 import HttpClient

    del name
    return HttpClient(actor, options)


async def _multicast(name: str, options: MulticastOptions, actor: BusActor) -> AnyAdapter:
    from cc613hal.bus.linux.multicast_udp import UdpMulticast

    del name
    return await UdpMulticast.open(actor, options)


_OPENERS: dict[type[BusOptions], Callable[[str, Any, BusActor], Awaitable[AnyAdapter]]] = {
    I2cOptions: _i2c,
    SpiOptions: _spi,
    GpioOptions: _gpio,
    PwmOptions: _pwm,
    SerialOptions: _serial,
    ModbusRtuOptions: _modbus_rtu,
    ModbusTcpOptions: _modbus_tcp,
    ModbusRtuOverTcpOptions: _modbus_rtu_over_tcp,
    HttpOptions: _http,
    MulticastOptions: _multicast,
}
