"""pyserial on real 16550 ports joined with each other; pymodbus on top."""

from __future__ import annotations

import errno
import termios
import time

import pytest
import serial
import serial.rs485
from pymodbus.client import ModbusSerialClient

from tests.kernel.bench.ports import SerialPair
from tests.kernel.guest.conftest import ModbusBench


def test_even_parity_is_accepted_by_the_port(serial_ports: SerialPair) -> None:
    with serial.Serial(serial_ports.device, 19200, parity="E") as port:
        control = termios.tcgetattr(port.fileno())[2]
    assert control & termios.PARENB
    assert not control & termios.PARODD
    assert control & termios.CSIZE == termios.CS8


@pytest.mark.parametrize("baudrate", [9600, 19200, 115200])
def test_bytes_come_back_unchanged(echo: str, baudrate: int) -> None:
    sent = bytes(range(256))
    with serial.Serial(echo, baudrate, parity="E", timeout=5) as port:
        port.write(sent)
        assert port.read(len(sent)) == sent


def test_a_read_ends_with_its_time_limit(serial_ports: SerialPair) -> None:
    with serial.Serial(serial_ports.device, 19200, timeout=0.2) as port:
        started = time.monotonic()
        assert port.read(1) == b""
    assert 0.15 < time.monotonic() - started < 2.0


def test_modem_lines_can_be_set_and_read(serial_ports: SerialPair) -> None:
    with serial.Serial(serial_ports.device, 19200) as port:
        port.rts = False
        port.rts = True
        assert isinstance(port.cts, bool)


def test_rs485_mode_is_refused_and_the_port_stays_usable(serial_ports: SerialPair, echo: str) -> None:
    with serial.Serial(echo, 19200, parity="E", timeout=5) as port:
        with pytest.raises((OSError, ValueError)) as failure:
            port.rs485_mode = serial.rs485.RS485Settings()
        assert getattr(failure.value, "errno", errno.ENOTTY) in (errno.ENOTTY, errno.EINVAL, None)
        port.write(b"still here")
        assert port.read(10) == b"still here"


def test_a_port_taken_exclusively_refuses_a_second_user(serial_ports: SerialPair) -> None:
    with serial.Serial(serial_ports.device, 19200, exclusive=True), pytest.raises(serial.SerialException):
        serial.Serial(serial_ports.device, 19200, exclusive=True)


def test_pymodbus_reads_and_writes_registers(modbus: ModbusBench) -> None:
    modbus.line.units[3] = {100 + number: number * 7 for number in range(10)}
    client = ModbusSerialClient(modbus.path, baudrate=19200, parity="E", timeout=2, retries=0)
    assert client.connect()
    assert client.read_holding_registers(100, count=10, device_id=3).registers == [number * 7 for number in range(10)]
    assert not client.write_registers(100, [1, 2], device_id=3).isError()
    assert modbus.line.units[3][101] == 2
    assert client.read_holding_registers(500, count=1, device_id=3).exception_code == 2
    client.close()  # type: ignore[no-untyped-call]  # pymodbus leaves it open
