"""What this package announces. Imports no driver and no I/O."""

from __future__ import annotations

from cc613hal.plugins import BusKind, Direction, DriverSpec, LineSpec, QualityLevel, SafeRank, hookimpl

_LEDS = "Bender documentation of the HMI and RFID modules (LED meanings)"

_PCA9685 = DriverSpec(
    name="hmi.pca9685",
    summary="up to five RGB lights on an NXP PCA9685, with Bender's light language",
    implementation="cc613hal_hmi.pca9685:Pca9685",
    options="cc613hal_hmi.pca9685:Pca9685Options",
    capabilities=("Indicator", "SafeState", "Identified"),
    buses=(BusKind.I2C,),
    emulator="cc613hal_hmi.emulation:emulate_pca9685",
    addresses=tuple(address for address in range(0x40, 0x78) if address != 0x70),  # 0x70 is the all-call address after power-on
    probe="cc613hal_hmi.probe:probe_pca9685",
    rank=SafeRank.INDICATOR,
    quality=QualityLevel.SIMULATED,
    sources=("NXP PCA9685 data sheet", "Adafruit_CircuitPython_PCA9685", _LEDS),
)

_PCA9633 = DriverSpec(
    name="hmi.pca9633",
    summary="one RGB or RGBW light on an NXP PCA9633, which blinks by itself",
    implementation="cc613hal_hmi.pca9633:Pca9633",
    options="cc613hal_hmi.pca9633:Pca9633Options",
    capabilities=("Indicator", "SafeState", "Identified"),
    buses=(BusKind.I2C,),
    emulator="cc613hal_hmi.emulated_blinkers:emulate_pca9633",
    addresses=(0x62, 0x60, 0x61, *range(0x63, 0x68)),  # the 8-pin part is always 0x62; larger ones have pins
    rank=SafeRank.INDICATOR,
    quality=QualityLevel.SIMULATED,
    sources=("NXP PCA9633 data sheet", "Linux kernel leds-pca963x"),
)

_PCA9552 = DriverSpec(
    name="hmi.pca9552",
    summary="up to five RGB lights on an NXP PCA9552, switched, with two blink rates of its own",
    implementation="cc613hal_hmi.pca9552:Pca9552",
    options="cc613hal_hmi.pca9552:Pca9552Options",
    capabilities=("Indicator", "SafeState", "Identified"),
    buses=(BusKind.I2C,),
    emulator="cc613hal_hmi.emulated_blinkers:emulate_pca9552",
    addresses=tuple(range(0x60, 0x68)),
    rank=SafeRank.INDICATOR,
    quality=QualityLevel.SIMULATED,
    sources=("NXP PCA9552 data sheet", "Linux kernel leds-pca955x"),
)

_IS31FL32XX = DriverSpec(
    name="hmi.is31fl32xx",
    summary="six to twelve RGB lights on a Lumissil IS31FL3218, IS31FL3235 or IS31FL3236",
    implementation="cc613hal_hmi.is31fl32xx:Is31fl32xx",
    options="cc613hal_hmi.is31fl32xx:Is31fl32xxOptions",
    capabilities=("Indicator", "SafeState", "Identified"),
    buses=(BusKind.I2C,),
    emulator="cc613hal_hmi.emulated_dimmers:emulate_is31fl32xx",
    addresses=(0x3C, 0x3D, 0x3E, 0x3F, 0x54),  # IS31FL3218: always 0x54; the others have a pin. 0x3C and 0x3D are an OLED's, too
    rank=SafeRank.INDICATOR,
    quality=QualityLevel.SIMULATED,
    sources=("Lumissil IS31FL3218, IS31FL3235 and IS31FL3236 data sheets", "Linux kernel leds-is31fl32xx"),
)

_LP5562 = DriverSpec(
    name="hmi.lp5562",
    summary="one RGB or RGBW light on a TI LP5562, whose engines make it blink",
    implementation="cc613hal_hmi.lp5562:Lp5562",
    options="cc613hal_hmi.lp5562:Lp5562Options",
    capabilities=("Indicator", "SafeState", "Identified"),
    buses=(BusKind.I2C,),
    emulator="cc613hal_hmi.emulated_dimmers:emulate_lp5562",
    addresses=(0x30, 0x31, 0x32, 0x33),
    rank=SafeRank.INDICATOR,
    quality=QualityLevel.SIMULATED,
    sources=("TI LP5562 data sheet SNVS820", "Linux kernel leds-lp5562"),
)

_LED_CLASS = DriverSpec(
    name="hmi.led-class",
    summary="lights that a kernel driver offers in /sys/class/leds: WS281x, GPIO, PWM and any LED chip Linux knows",
    implementation="cc613hal_hmi.led_class:LedClassLights",
    options="cc613hal_hmi.led_class:LedClassOptions",
    capabilities=("Indicator", "SafeState", "Identified"),
    emulator="cc613hal_hmi.emulated_dimmers:emulate_led_class",
    rank=SafeRank.INDICATOR,
    quality=QualityLevel.SIMULATED,
    sources=(
        "Linux Documentation/leds/leds-class.rst",
        "Linux Documentation/leds/leds-class-multicolor.rst",
        "Linux Documentation/ABI/testing/sysfs-class-led and sysfs-class-led-multicolor",
    ),
)

_USB = DriverSpec(
    name="hmi.usb",
    summary="HMI on a USB cable with lights, text, sounds and buttons, by a documented protocol of ours",
    implementation="cc613hal_hmi.usb_hmi:UsbHmi",
    options="cc613hal_hmi.usb_hmi:UsbHmiOptions",
    capabilities=("Indicator", "Display", "Sounder", "DigitalInput", "SafeState", "Identified"),
    buses=(BusKind.SERIAL,),
    emulator="cc613hal_hmi.emulated_usb:emulate_usb_hmi",
    rank=SafeRank.INDICATOR,
    quality=QualityLevel.SIMULATED,
    sources=(
        "docs/reference/usb-hmi.md (the protocol is ours)",
        "Cheshire and Baker, Consistent Overhead Byte Stuffing (COBS)",
        "CRC-16/IBM-3740",
    ),
)

_HD44780 = DriverSpec(
    name="hmi.hd44780",
    summary="text display of 8 to 40 columns and up to four rows with an HD44780 on a PCF8574 or PCF8574A backpack",
    implementation="cc613hal_hmi.hd44780:Hd44780",
    options="cc613hal_hmi.hd44780:Hd44780Options",
    capabilities=("Display", "SafeState"),
    buses=(BusKind.I2C,),
    emulator="cc613hal_hmi.emulated_displays:emulate_hd44780",
    addresses=(0x27, *range(0x20, 0x27), 0x3F, *range(0x38, 0x3F)),
    rank=SafeRank.INDICATOR,
    quality=QualityLevel.SIMULATED,
    sources=("Hitachi HD44780U data sheet", "NXP PCF8574; PCF8574A data sheet", "RPLCD and LiquidCrystal_I2C (wiring of backpacks)"),
)

_SSD1306 = DriverSpec(
    name="hmi.ssd1306",
    summary="OLED with an SSD1306 or SH1106, 128 x 64 or 128 x 32 dots, as text display of 21 columns",
    implementation="cc613hal_hmi.ssd1306:Ssd1306",
    options="cc613hal_hmi.ssd1306:Ssd1306Options",
    capabilities=("Display", "SafeState"),
    buses=(BusKind.I2C,),
    emulator="cc613hal_hmi.emulated_displays:emulate_ssd1306",
    addresses=(0x3C, 0x3D),
    rank=SafeRank.INDICATOR,
    quality=QualityLevel.SIMULATED,
    sources=("Solomon Systech SSD1306 data sheet", "Sino Wealth SH1106 data sheet", "luma.oled"),
)

_BUZZER = DriverSpec(
    name="hmi.buzzer",
    summary="buzzer on a PWM line",
    implementation="cc613hal_hmi.buzzer:Buzzer",
    options="cc613hal_hmi.buzzer:BuzzerOptions",
    capabilities=("Sounder", "SafeState"),
    lines=(LineSpec(role="tone", direction=Direction.PWM, help="drives the buzzer, through a transistor if it is magnetic"),),
    emulator="cc613hal_hmi.emulated_panel:emulate_buzzer",
    rank=SafeRank.INDICATOR,
    quality=QualityLevel.SIMULATED,
    sources=("data sheets of piezo buzzers without oscillator (square wave of 2 to 4 kHz)",),
)

_BUTTON = DriverSpec(
    name="hmi.button",
    summary="push button on a GPIO line, debounced",
    implementation="cc613hal_hmi.button:Button",
    options="cc613hal_hmi.button:ButtonOptions",
    capabilities=("DigitalInput",),
    lines=(LineSpec(role="button", direction=Direction.INPUT, help="active while the button is pressed"),),
    emulator="cc613hal_hmi.emulated_panel:emulate_button",
    quality=QualityLevel.SIMULATED,
    sources=("common practice: contacts bounce for some milliseconds, 30 ms is on the safe side",),
)


@hookimpl
def cc613hal_drivers() -> tuple[DriverSpec, ...]:
    """The drivers of this package."""
    return (_PCA9685, _PCA9633, _PCA9552, _IS31FL32XX, _LP5562, _LED_CLASS, _USB, _HD44780, _BUZZER, _BUTTON, _SSD1306)
