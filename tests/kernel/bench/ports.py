"""Find the devices that the lane put into the guest."""

from __future__ import annotations

from pathlib import Path

import attrs

NULL_MODEM_VENDOR = "0x1b36"
"""PCI vendor of the emulator's own devices; the two-port serial card is one of them."""


@attrs.frozen
class SerialPair:
    """Two 16550 ports joined by a null-modem cable: `device` for the code under test, `peer` for the test."""

    device: str
    peer: str


def serial_pair(sysfs: Path = Path("/sys")) -> SerialPair:
    """The two ports of the serial card."""
    found: list[str] = []
    for tty in (sysfs / "class" / "tty").glob("ttyS*"):
        vendor = tty / "device" / "vendor"
        if vendor.exists() and vendor.read_text().strip() == NULL_MODEM_VENDOR:
            found.append(f"/dev/{tty.name}")
    found.sort(key=lambda path: (len(path), path))
    if len(found) != 2:
        raise LookupError(f"expected two ports of the serial card, found {found}")
    return SerialPair(*found)


def i2c_bus(adapter: str, sysfs: Path = Path("/sys")) -> str:
    """The character device of the I2C bus whose adapter has a name beginning like this."""
    for bus in sorted((sysfs / "class" / "i2c-dev").glob("i2c-*")):
        if (bus / "name").read_text().startswith(adapter):
            return f"/dev/{bus.name}"
    raise LookupError(f"no I2C adapter named {adapter!r}")


def spi_devices(sysfs: Path = Path("/sys")) -> list[str]:
    """The character devices of the SPI chip selects, in order."""
    return sorted(f"/dev/{node.name}" for node in (sysfs / "class" / "spidev").glob("spidev*"))
