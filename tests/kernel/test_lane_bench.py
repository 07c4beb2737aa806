"""The bench's own parts that need no kernel: the chip server's language, the finders, the Modbus peer."""

from __future__ import annotations

import errno
import struct
from pathlib import Path

import pytest

from tests.kernel.bench.bridge import I2cMessage, I2cTransfer, InvertingChip, RegisterChip, SpiFrame, Wiring, answer, decode
from tests.kernel.bench.ports import SerialPair, i2c_bus, serial_pair, spi_devices
from tests.kernel.bench.serial_peer import RtuLine, crc16, request_length


def i2c_request(*messages: tuple[int, int, bytes | int], serial: int = 9) -> bytes:
    """A request as the kernel module lays it out: bytes are written, a number is how many are read."""
    body = b""
    for address, flags, what in messages:
        reads = isinstance(what, int)
        body += struct.pack("=HHH", address, flags | (1 if reads else 0), what if isinstance(what, int) else len(what))
        body += b"" if isinstance(what, int) else what
    return struct.pack("=IHHIHBBI", serial, 1, len(messages), 0, 0, 0, 0, len(body)) + body


def spi_request(data: bytes, chip_select: int = 0) -> bytes:
    return struct.pack("=IHHIHBBI", 9, 2, 0, 500_000, 3, chip_select, 8, len(data)) + data


def test_requests_are_understood() -> None:
    assert decode(i2c_request((0x48, 0, b"\x01"), (0x48, 0, 2))) == I2cTransfer(
        9, (I2cMessage(0x48, False, 1, b"\x01"), I2cMessage(0x48, True, 2))
    )
    assert decode(spi_request(b"ab", 1)) == SpiFrame(9, 1, 500_000, 3, 8, b"ab")


@pytest.mark.parametrize("broken", [b"", b"\0" * 20, spi_request(b"ab")[:-1], i2c_request((1, 0, 2)).replace(b"\1\0\1\0", b"\1\0\2\0", 1)])
def test_what_is_no_request_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="request"):
        decode(broken)


def test_chips_answer_and_are_remembered() -> None:
    wiring = Wiring(i2c={0x48: RegisterChip.holding({1: 0xAB})}, spi={0: InvertingChip()})
    assert wiring.respond(i2c_request((0x48, 0, b"\x01"), (0x48, 0, 1))) == answer(9, 0, b"\xab")
    assert wiring.respond(spi_request(b"\x0f")) == answer(9, 0, b"\xf0")
    assert wiring.respond(spi_request(b"\x0f", 1)) == answer(9, 0, b"\xff")
    assert [frame.select for frame in wiring.frames] == [0, 1]
    assert len(wiring.messages) == 2


def test_no_chip_is_a_nack() -> None:
    wiring = Wiring()
    assert wiring.respond(i2c_request((0x33, 0, 1))) == answer(9, -errno.ENXIO)
    wiring.nack_errno = errno.EREMOTEIO
    assert wiring.respond(i2c_request((0x33, 0, 1))) == answer(9, -errno.EREMOTEIO)


class Wrong:
    """A chip model with a mistake."""

    def write(self, data: bytes) -> None:
        raise OSError(errno.EAGAIN, "arbitration lost")

    def read(self, count: int) -> bytes:
        return bytes(count + 1)


def test_an_error_of_a_chip_is_told_apart_from_an_error_it_plays() -> None:
    wiring = Wiring(i2c={1: Wrong()})
    assert wiring.respond(i2c_request((1, 0, b"x"))) == answer(9, -errno.EAGAIN)
    assert not wiring.mishaps
    assert wiring.respond(i2c_request((1, 0, 1))) == answer(9, -errno.EIO)
    assert "answered 2 bytes where 1 were asked for" in str(wiring.mishaps[0])


def test_devices_are_found_by_what_they_are(tmp_path: Path) -> None:
    for name, vendor in {"ttyS0": None, "ttyS10": "0x1b36", "ttyS2": "0x1b36", "ttyS3": "0x8086"}.items():
        (tmp_path / "class" / "tty" / name / "device").mkdir(parents=True)
        if vendor:
            (tmp_path / "class" / "tty" / name / "device" / "vendor").write_text(vendor + "\n")
    for name, adapter in {"i2c-0": "SMBus stub driver", "i2c-7": "cc613-bridge"}.items():
        (tmp_path / "class" / "i2c-dev" / name).mkdir(parents=True)
        (tmp_path / "class" / "i2c-dev" / name / "name").write_text(adapter + "\n")
    (tmp_path / "class" / "spidev" / "spidev0.1").mkdir(parents=True)
    (tmp_path / "class" / "spidev" / "spidev0.0").mkdir()
    assert serial_pair(tmp_path) == SerialPair("/dev/ttyS2", "/dev/ttyS10")
    assert i2c_bus("cc613-bridge", tmp_path) == "/dev/i2c-7"
    assert spi_devices(tmp_path) == ["/dev/spidev0.0", "/dev/spidev0.1"]
    with pytest.raises(LookupError, match="nothing like it"):
        i2c_bus("nothing like it", tmp_path)


def rtu(*parts: int) -> bytes:
    return bytes(parts) + crc16(bytes(parts))


def test_the_check_sum_is_that_of_the_specification() -> None:
    assert crc16(bytes.fromhex("0207")) == bytes.fromhex("4112")  # MODBUS over serial line V1.02, 6.2.2


def test_the_peer_reads_writes_and_refuses() -> None:
    line = RtuLine({3: {0: 0x1234, 1: 5}})
    assert line.feed(rtu(3, 3, 0, 0, 0, 2)) == rtu(3, 3, 4, 0x12, 0x34, 0, 5)
    assert line.feed(rtu(3, 16, 0, 0, 0, 1, 2, 0, 9)) == rtu(3, 16, 0, 0, 0, 1)
    assert line.units[3][0] == 9
    assert line.feed(rtu(3, 6, 0, 1, 0, 7)) == rtu(3, 6, 0, 1, 0, 7)
    assert line.feed(rtu(3, 4, 0, 9, 0, 1)) == rtu(3, 0x84, 2)
    assert line.feed(rtu(3, 1, 0, 0, 0, 1)) == rtu(3, 0x81, 1)


def test_the_peer_waits_for_the_whole_frame_and_is_silent_for_others() -> None:
    line = RtuLine({3: {0: 1}})
    request = rtu(3, 3, 0, 0, 0, 1)
    assert line.feed(request[:5]) == b""
    assert line.feed(request[5:]) == rtu(3, 3, 2, 0, 1)
    assert line.feed(rtu(4, 3, 0, 0, 0, 1)) == b""
    assert line.feed(request[:-1] + b"\xff") == b""
    assert request_length(b"\x03") is None
    assert line.feed(b"\x03\x63") == b""


def test_the_peer_can_spoil_its_answers() -> None:
    line = RtuLine({3: {0: 1}}, before=b"\xff", spoil=lambda frame: frame[:-1])
    assert line.feed(rtu(3, 3, 0, 0, 0, 1)) == b"\xff" + rtu(3, 3, 2, 0, 1)[:-1]
