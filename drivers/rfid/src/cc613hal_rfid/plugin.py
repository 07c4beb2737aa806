"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.plugins import BusKind, Direction, DriverSpec, LineSpec, QualityLevel, hookimpl

_CHIPS = (
    DriverSpec(
        name="rfid.pn532",
        summary="NXP PN532 card reader (ISO 14443 A) on a serial line, I2C or SPI",
        implementation="cc613hal_rfid.pn532:Pn532",
        options="cc613hal_rfid.pn532:Pn532Options",
        capabilities=("CardReader", "CardRefusals", "SecureCardReader", "Identified"),
        buses=(BusKind.SERIAL, BusKind.I2C, BusKind.SPI),
        lines=(
            LineSpec(
                role="irq",
                direction=Direction.INPUT,
                help="P70_IRQ, active low: a frame waits (I2C and SPI; saves looking at the status byte)",
                required=False,
            ),
            LineSpec(
                role="reset", direction=Direction.OUTPUT, help="RSTPDN, active low: resets the chip when it is set up", required=False
            ),
        ),
        emulator="cc613hal_rfid.emulation:emulate_pn532",
        addresses=(0x24,),
        probe="cc613hal_rfid.probe:probe_pn532",
        quality=QualityLevel.SIMULATED,
        sources=(
            "NXP UM0701-02, PN532 User Manual",
            "NXP PN532/C1 data sheet",
            "NXP AN10833, MIFARE type identification",
            "nfcpy, nfc/clf/pn53x.py",
            "Adafruit_CircuitPython_PN532",
        ),
    ),
    DriverSpec(
        name="rfid.mfrc522",
        summary="NXP MFRC522 card reader (RC522 modules, ISO 14443 A) on SPI or I2C",
        implementation="cc613hal_rfid.mfrc522:Mfrc522",
        options="cc613hal_rfid.mfrc522:Mfrc522Options",
        capabilities=("CardReader", "CardRefusals", "SecureCardReader", "Identified"),
        buses=(BusKind.SPI, BusKind.I2C),
        lines=(
            LineSpec(
                role="reset", direction=Direction.OUTPUT, help="NRSTPD, active low: resets the chip when it is set up", required=False
            ),
        ),
        emulator="cc613hal_rfid.mfrc522_emulation:emulate_mfrc522",
        addresses=(0x28,),
        quality=QualityLevel.SIMULATED,
        sources=(
            "NXP MFRC522 data sheet rev. 3.9",
            "ISO/IEC 14443-3 and 14443-4",
            "NXP AN10833, MIFARE type identification",
            "miguelbalboa/rfid, MFRC522 library for Arduino",
        ),
    ),
)

_SERVICES_OF_THE_SYSTEM = (
    DriverSpec(
        name="rfid.keyboard",
        summary="card reader that pretends to be a keyboard (evdev)",
        implementation="cc613hal_rfid.keyboard:Keyboard",
        options="cc613hal_rfid.keyboard:KeyboardOptions",
        capabilities=("CardReader", "CardRefusals", "Identified"),
        emulator="cc613hal_rfid.keyboard_emulation:emulate_keyboard",
        quality=QualityLevel.SIMULATED,
        sources=(
            "Linux Documentation/input/input.rst, include/uapi/linux/input.h and input-event-codes.h",
            "X keyboard configuration, symbols us, de and fr",
        ),
    ),
    DriverSpec(
        name="rfid.pcsc",
        summary="PC/SC card terminal (ACR122U class), through the system's PC/SC service",
        implementation="cc613hal_rfid.pcsc:Pcsc",
        options="cc613hal_rfid.pcsc:PcscOptions",
        capabilities=("CardReader", "CardRefusals", "SecureCardReader", "Identified"),
        emulator="cc613hal_rfid.pcsc_emulation:emulate_pcsc",
        quality=QualityLevel.SIMULATED,
        sources=(
            "PC/SC workgroup specification, parts 3 and 5, with the supplement of part 3",
            "ACS ACR122U API manual 2.04",
            "pcsc-lite, winscard.h; libccid, README",
        ),
    ),
)


@hookimpl
def cc613hal_drivers() -> tuple[DriverSpec, ...]:
    """The drivers of this package."""
    return (*_CHIPS, *_SERVICES_OF_THE_SYSTEM)
